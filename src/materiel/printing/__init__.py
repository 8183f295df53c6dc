"""What commands print: for each command a file of its name, beside `output`, `phrases` and `progress`, which they share.

Files here are read when there is something to print; those that draw with rich are never read for plain data.
"""
