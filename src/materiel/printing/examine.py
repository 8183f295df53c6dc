"""What is printed of a claim that was examined."""

from __future__ import annotations

from rich.tree import Tree

from materiel.analysis.examination import Examined
from materiel.printing.output import plain, show


def examined(one: Examined) -> None:
    """Print how a claim stands."""
    tree = Tree(plain(f"{one.claim} [{one.grade}]: {one.statement}" + (f" “{one.quote}”" if one.quote else "")))
    tree.add(plain(one.sentence))
    if one.doubt:
        tree.add(plain(f"doubt: {one.doubt}"))
    tree.add(plain(f"left out: {', '.join(one.left_out)}"))
    show(tree)
