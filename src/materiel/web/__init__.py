"""The web app: cases that visitors change and see answer, served on loopback by `materiel serve`."""
