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

TOLERANCES = {"native32": 1e-3}
"""The same for engines of fewer digits: half a ten-millionth a sum, over thousands of sums."""


def errors(program: Program, outcome: Outcome) -> dict[str, Array]:
    """Return the relative error of every law by name, each of shape (draws,); an item's law is named by its path."""
    made: dict[str, Array] = {}
    for key, slots in sorted(_slots(program).items()):
        held_first = _sum(outcome.first[slots["holds"]])
        held_last = _sum(outcome.last[slots["holds"]])
        came = _sum(outcome.last[slots["source"]] - outcome.first[slots["source"]])
        went = _sum(outcome.last[slots["sink"]])
        throughput = np.maximum(np.abs(held_first) + np.abs(came), 1e-12)
        made[key] = np.abs((held_first + came) - (held_last + went)) / throughput
    made["no negative level"] = np.maximum(-outcome.lowest, 0.0)
    return made


def _slots(program: Program) -> dict[str, dict[str, list[int]]]:
    """Return the slots of every law by role."""
    made: dict[str, dict[str, list[int]]] = {}
    for account in program.laws:
        made.setdefault(account.key, {"holds": [], "source": [], "sink": []})[account.role].append(account.slot)
    return made


def _sum(rows: Array) -> Array:
    """Return the sum of rows in their order: NumPy's own takes another where there is one draw only, and its bits would hang on the chunk."""
    made = np.zeros(rows.shape[1])
    for row in rows:
        made += row
    return made


def check(found: dict[str, float], engine: str = "native") -> None:
    """Raise RunError when a law is broken, naming it and its error."""
    allowed = TOLERANCES.get(engine, TOLERANCE)
    broken = {name: error for name, error in found.items() if not error <= allowed}
    if broken:
        worst = max(broken, key=lambda name: np.nan_to_num(broken[name], nan=np.inf))
        raise RunError(f"law broken: {worst} by {broken[worst]:.3g} of throughput (allowed {allowed:g}); this is a fault of the program")
