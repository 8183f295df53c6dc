"""How ramps went elsewhere: quantiles of multiple, ramp time and lead time over documented surges, by class of item and kind of plant.

The table `ramps.csv` is made by `make surges` from the surge model; a row is a set of surges, a class and a kind of plant. A set has a day on which its last surge was over.
"""

from __future__ import annotations

import csv
import datetime
import functools
from dataclasses import dataclass
from pathlib import Path

FILE = Path(__file__).parent / "ramps.csv"

PREFIX = "surges/"
"""What names of these priors begin with; a class follows."""
NUMBERS = {"target": "", "ramp_time": "day", "lead_time": "day"}
"""Numbers of a line that are told, with their units."""
PERCENTS = (5, 25, 50, 75, 95)
"""Percentiles that are told of each."""
PAIRS = (("target", "ramp_time"), ("target", "lead_time"), ("ramp_time", "lead_time"))
"""Numbers whose rank correlations are told."""
PLANTS = ("any", "new", "mixed", "converted")
"""Kinds of plant."""


@dataclass(frozen=True)
class Ramp:
    """What one set of surges says of one class and kind of plant: percentiles of each number, rank correlations of each pair.

    `left` names what the set leaves out ("" for nothing), `surges` is how many it holds, `known` the day on which the last was over.
    """

    left: str
    surges: int
    known: datetime.date
    item: str
    plant: str
    percentiles: dict[str, dict[int, float]]
    ranks: dict[tuple[str, str], float]

    @property
    def name(self) -> str:
        """Its name in a case."""
        return PREFIX + self.item


@functools.cache
def ramps() -> tuple[Ramp, ...]:
    """Return all rows of the table."""
    with FILE.open(encoding="utf-8", newline="") as file:
        return tuple(_ramp(row) for row in csv.DictReader(file))


def _ramp(row: dict[str, str]) -> Ramp:
    percentiles = {name: {percent: float(row[f"{name}_p{percent}"]) for percent in PERCENTS} for name in NUMBERS}
    ranks = {(one, other): float(row[f"{one}_{other}"]) for one, other in PAIRS}
    return Ramp(row["left"], int(row["surges"]), datetime.date.fromisoformat(row["known"]), row["item"], row["plant"], percentiles, ranks)
