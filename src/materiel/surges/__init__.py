"""Surges: how arms output rises once it is ordered, learned from history and tested on history."""
