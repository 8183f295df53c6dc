"""Phrases that are the same wherever they are printed."""

from __future__ import annotations

from collections.abc import Sequence

from materiel.analysis import words


def counted(number: int, what: str) -> str:
    """Return a number of things, such as "1 draw" or "2 draws"."""
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def few(names: Sequence[str], most: int = 8) -> str:
    """Return names in a row, the first ones if there are many."""
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")


def ranged(middle: float, ends: tuple[float, float], unit: str) -> str:
    """Return a value with the ends of its range, in the digits that the range leaves."""
    low, high = ends
    return f"{words.number(middle, low, high, '')} ({words.number(low, low, high, '')} to {words.number(high, low, high, unit)})"
