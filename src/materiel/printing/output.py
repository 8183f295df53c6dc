"""Text and tables, and how they get to standard output."""

from __future__ import annotations

import sys

from rich.console import Console
from rich.table import Table
from rich.text import Text

WIDTH = 160
"""Columns of what is printed elsewhere than to a terminal."""


def plain(text: str) -> Text:
    """Return text in which nothing is markup: what a case says is never more than words."""
    return Text(text)


def titled(*titles: str) -> Table:
    """Return an empty table with columns of these titles."""
    made = Table()
    for title in titles:
        made.add_column(title)
    return made


def show(what: object) -> None:
    """Print text, a table or a tree."""
    Console(width=None if sys.stdout.isatty() else WIDTH, highlight=False).print(what)
