"""What the surge model says of a further ramp, by class of item and kind of plant: the table that cases take priors from."""

from __future__ import annotations

import datetime
from collections.abc import Sequence

import numpy as np

from materiel.evidence.ramps import FILE, NUMBERS, PAIRS, PERCENTS, PLANTS
from materiel.surges import common
from materiel.surges.common import Chosen
from materiel.surges.library import Surge
from materiel.surges.series import Array

__all__ = ["FILE", "rows"]

COUNT = 10_000
"""Draws that percentiles are taken of."""
ANY = "any"
"""Any class, or any kind of plant, of those that were learned from."""


def rows(surges: Sequence[Surge]) -> list[dict[str, str]]:
    """Return the table, row by row, of all sets but the weak."""
    made: list[dict[str, str]] = []
    for chosen in (one for one in common.shipped() if one.name not in common.weak()):
        mine = [one for one in surges if chosen.learns_from(one)]
        about = {"left": _slug(chosen), "surges": str(len(mine)), "known": _over(mine).isoformat()}
        for item in (ANY, *common.classes()):
            made += [about | {"item": item.replace(" ", "-"), "plant": plant} | _row(chosen, mine, item, plant) for plant in PLANTS]
    return made


def _slug(chosen: Chosen) -> str:
    return "" if chosen.name == common.ALL else chosen.name.removeprefix("without ").lower().replace(" ", "-")


def _over(surges: Sequence[Surge]) -> datetime.date:
    """Return the day on which the last of some surges was over: demand had ended, and no figure is of a later day."""
    return max(max(one.series.points[-1].period.end, one.ended or one.begun) for one in surges)


def _row(chosen: Chosen, surges: Sequence[Surge], item: str, plant: str) -> dict[str, str]:
    rng = np.random.default_rng(1)
    like = rng.integers(0, len(surges), COUNT)
    classes = np.array([common.classes().index(one.item if item == ANY else item) for one in surges])[like]
    new = np.array([common.NEW[one.plant if plant == ANY else plant] for one in surges])[like]
    line = common.drawn(chosen.name, classes, new, rng)
    found = {f"{name}_p{percent}": f"{value:.4g}" for name in NUMBERS for percent, value in zip(PERCENTS, np.percentile(line[name], PERCENTS), strict=True)}
    return found | {f"{one}_{other}": f"{_rank(line[one], line[other]):.2f}" for one, other in PAIRS}


def _rank(one: Array, other: Array) -> float:
    """Return the rank correlation of draws."""
    return float(np.corrcoef(np.argsort(np.argsort(one)), np.argsort(np.argsort(other)))[0, 1])
