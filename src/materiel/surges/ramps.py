"""The component `line` as the curve of a surge: output after the order, as a multiple of output before it.

The equations are not written again here. A case of one line whose inputs suffice is compiled into a program as any case is; its target, ramp time and lead time are
the numbers that differ from surge to surge. Steps are of ten days, and delays are handed over so that they are as long on average as in steps of a day.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from materiel import network
from materiel.case.loading import load
from materiel.engine import reference
from materiel.network import Program

Array = npt.NDArray[np.float64]

CASE = Path(__file__).parent / "ramp.yaml"
NUMBERS = ("target", "ramp_time", "lead_time")
"""Numbers of the line that differ from surge to surge: a multiple, and two delays in days."""
STEP = 10.0
"""Days of a step."""
STEPS = 300
"""Steps that are run: eight years, longer than any war of the library; beyond them output stays as it was."""

_STAGES = 3
"""Stages of both delays."""
_SHORTEST = 1.02 * _STAGES * STEP
"""Days of the shortest delay that such steps can show."""
_LINE = ".line."
"""What stands before the names of its numbers and variables, below whatever is the section of its type."""


@functools.cache
def program() -> tuple[Program, int]:
    """Return the program of the line, with the slot of what it makes in a step."""
    built = network.build(load(CASE))
    (made,) = next(slots for path, slots in built.variables.items() if path.endswith(f"{_LINE}good"))
    return built, made


def numbers(given: Mapping[str, Any], xp: Any = np) -> Any:
    """Return the numbers of the program, shape (priors, draws), from NUMBERS of shape (draws,) each; `xp` is NumPy or what speaks like it."""
    handed = {name: given[name] if name == "target" else _handed(given[name], xp) for name in NUMBERS}
    one = xp.ones_like(given["target"])
    return xp.stack([handed.get(prior.path.partition(_LINE)[2], one * prior.parts[0].distribution.values[0]) for _, prior in program()[0].priors])


def _handed(delay: Any, xp: Any) -> Any:
    """Return the delay that has the wanted mean in such steps: a stage lets go `1 - exp(-stages step / delay)` of what it holds, which should be its mean share."""
    return -_STAGES * STEP / xp.log1p(-_STAGES * STEP / xp.maximum(delay, _SHORTEST))


def response(given: Mapping[str, Array]) -> Array:
    """Return what a line makes in each step after the order, by the reference engine, in days of output before it; shape (steps, draws)."""
    built, made = program()
    memory = reference.fill(built, numbers(given), STEP, {})
    return reference.run(built, memory, STEPS, 1, [made]).series(0)


def so_far(made: Any, xp: Any = np) -> Any:
    """Return what was made by the end of each step, from what `response` gives, nought first; shape (steps + 1, draws)."""
    return xp.concatenate([xp.zeros_like(made[:1]), xp.cumsum(made, axis=0)])


def means(whole: Any, first: Any, last: Any, xp: Any = np) -> Any:
    """Return mean output over periods, as a multiple of output before the order.

    `whole` is as `so_far` gives it. Periods run from `first` to `last`, in days since the order, negative before it; both and the result have the shape (periods, draws).
    """
    return (_by(whole, last, xp) - _by(whole, first, xp)) / (last - first)


def _by(whole: Any, days: Any, xp: Any) -> Any:
    """Return what was made by some days: as before the order up to it, as at the end beyond what was run."""
    steps = xp.clip(days / STEP, 0.0, STEPS)
    below = xp.minimum(xp.floor(steps), STEPS - 1).astype("int32")
    low, high = xp.take_along_axis(whole, below, axis=0), xp.take_along_axis(whole, below + 1, axis=0)
    return low + (steps - below) * (high - low) + xp.minimum(days, 0.0) + xp.maximum(days / STEP - STEPS, 0.0) * (whole[-1:] - whole[-2:-1])
