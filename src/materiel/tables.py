"""What everything printed is made of: text in which nothing is markup, tables, and where they go."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.table import Table
    from rich.text import Text

WIDTH = 160
"""Columns of what is printed elsewhere than to a terminal."""


def plain(text: str) -> Text:
    """Return text in which nothing is markup: what a case says is never more than words."""
    from rich.text import Text

    return Text(text)


def show(what: object) -> None:
    """Print something to standard output."""
    from rich.console import Console

    Console(width=None if sys.stdout.isatty() else WIDTH, highlight=False).print(what)


def table(*titles: str) -> Table:
    """Return an empty table with these columns."""
    from rich.table import Table

    made = Table()
    for title in titles:
        made.add_column(title)
    return made
