"""The commands, each in the file of its name; what it prints stands in the file of the same name in `printing/`.

Files here are read whenever the program starts, so that a command imports what it needs when it is called.
"""
