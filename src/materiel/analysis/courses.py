"""How a question looks over time: which stretch of what its gauge reads is shown, and in which unit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from materiel.analysis.questions import Asked

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Course:
    """What of a record is shown: the moments `shown`, on boundaries (levels) or periods (flows), in `unit`, of which one is `per` of what was recorded."""

    unit: str
    on: str
    shown: npt.NDArray[np.bool_]
    per: float

    def of(self, recorded: Array) -> Array:
        """Return what is shown of records whose last axis is time."""
        return recorded[..., self.shown] / self.per


def course(asked: Asked, kinds: Mapping[str, str], times: Array, step: float) -> Course:
    """Return how a question with a gauge looks over time; amounts per period, which totals add up, become rates per day. `kinds` is that of the program, `times` the days recorded."""
    assert asked.gauge is not None
    target, unit = asked.gauge.links["of"][0], str(asked.gauge.options["unit"])
    on = "boundary" if kinds[f"{target.path}.{target.variable}"] == "level" else "period"
    shown = times >= (asked.since if asked.form == "value" and not asked.branch.contingency else 0.0)
    return Course(f"{unit}/day", on, shown, step) if asked.form == "total" else Course(unit, on, shown, 1.0)
