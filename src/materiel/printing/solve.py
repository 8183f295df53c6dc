"""What is printed of how far a decision can go."""

from __future__ import annotations

from materiel.printing.output import plain, show, titled
from materiel.solving import Solution


def solved(found: Solution) -> None:
    """Print how far a number can go, and the values that show it."""
    show(plain(found.sentence))
    table = titled(found.number, "probability", "90 % interval", "")
    for one in found.shown:
        low, high = (f"{100 * end:.1f}" for end in (one.kept.low, one.kept.high))
        cells = (
            found.change.said(one.value, (one.value, one.value)),
            f"{100 * one.kept.probability:.1f} %",
            f"{low} to {high} %",
            "kept" if one.kept.probability >= found.wanted else "",
        )
        table.add_row(*map(plain, cells))
    show(table)
    told = "Intervals say what the number of draws leaves open, not what the case does not know: that is in the probability itself."
    show(plain(f"{found.draws} draws, seed {found.seed}, the same for every value. {told}"))
