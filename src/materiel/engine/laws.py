"""The laws, computed from the first and last boundary of a run, independently of the code that stepped between them.

For each item: held at first + brought into the world = held at last + taken out of it, where "held" counts stores, work in progress and what is
on the way, and the other two are the components' own counts. For each side of each account: booked = sum of what its contracts shipped. No level may
ever have been negative. Errors are relative to throughput.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from materiel.engine.reference import Outcome
from materiel.errors import RunError
from materiel.network import Program

Array = npt.NDArray[np.float64]

TOLERANCE = 1e-9
"""Largest error of a law, relative to throughput, that rounding can explain."""


def errors(program: Program, outcome: Outcome) -> dict[str, Array]:
    """Return the relative error of every law by name, each of shape (draws,); an item's law is named by its path."""
    made: dict[str, Array] = {}
    for key in sorted({account.key for account in program.laws}):
        slots = {role: [a.slot for a in program.laws if a.key == key and a.role == role] for role in ("holds", "source", "sink")}
        held_first = outcome.first[slots["holds"]].sum(axis=0)
        held_last = outcome.last[slots["holds"]].sum(axis=0)
        came = (outcome.last[slots["source"]] - outcome.first[slots["source"]]).sum(axis=0)
        went = outcome.last[slots["sink"]].sum(axis=0)
        throughput = np.maximum(np.abs(held_first) + np.abs(came), 1e-12)
        made[key] = np.abs((held_first + came) - (held_last + went)) / throughput
    made["no negative level"] = np.maximum(-outcome.lowest, 0.0)
    return made


def check(found: dict[str, float]) -> None:
    """Raise RunError when a law is broken, naming it and its error."""
    broken = {name: error for name, error in found.items() if not error <= TOLERANCE}
    if broken:
        worst = max(broken, key=lambda name: np.nan_to_num(broken[name], nan=np.inf))
        raise RunError(f"law broken: {worst} by {broken[worst]:.3g} of throughput (allowed {TOLERANCE:g}); this is a fault of the program")
