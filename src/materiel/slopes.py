"""How fast an answer moves with every number of a case: its slopes, from one reverse pass of the JAX reading."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from materiel import units
from materiel.engine.draws import Sampler
from materiel.errors import RunError
from materiel.options import Options, Reading
from materiel.preparation import prepare

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Slopes:
    """An answer in `unit` and its slopes, draw by draw.

    `values` is the answer, shape (draws,). By path, `numbers` are the numbers it was computed from, `units` their units (a day is counted from the start of the
    case) and `by` its slopes: by how much it grows, in `unit`, when a number grows by one; each of shape (draws,).
    """

    unit: str
    values: Array
    numbers: dict[str, Array]
    units: dict[str, str]
    by: dict[str, Array]


def slopes(name: str | Path, question: str, draws: int = 16, seed: int = 1, reading: Reading | None = None) -> Slopes:
    """Return the slopes of an answer at each of some draws, those that a run of the same seed begins with.

    What a question, a unit or a branch defines is held. Raises CaseError, RunError: also for a ratio, whose parts have slopes, for the day of a first crossing,
    which jumps, and when JAX is not installed.
    """
    made = prepare(name, {}, Options(reading or Reading(), draws, seed, only=(question,)))
    asked = made.asked[question]
    if asked.gauge is None or asked.form == "first":
        what = "a ratio" if asked.gauge is None else "the day of a first crossing"
        raise RunError(f"question {question!r} asks for {what}; slopes are those of a value, a total, or the largest or smallest of something")
    (one,) = made.passes.values()
    priors = [prior for _, prior in one.program.priors]
    numbers = Sampler(priors).draw(seed, 0, draws)
    for row, prior in zip(numbers, priors, strict=True):
        row[:] = one.fixed.get(prior.path, row)

    from materiel.engine.traced import slopes as of  # JAX takes a second to import

    values, found = of(one.program, one.steps, one.kept[0], made.settings.step, numbers)
    result = Slopes(asked.unit, values, {}, {}, {})
    for prior, number, slope in zip(priors, numbers, found, strict=True):
        if prior.kind != "definition" and prior.path not in one.fixed:
            result.numbers[prior.path], result.units[prior.path] = number, units.plain(prior.unit)
            result.by[prior.path] = result.by.get(prior.path, 0.0) + slope  # a number that stands in several places is one number
    return result
