"""From the text of a case to a checked Case."""
