"""Honest folds over the library: whole groups are left out, what is compared is paired, and groups are what is resampled."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from materiel.surges.backtest import Mark, Marked, mean, origins, score
from materiel.surges.groups import Fold
from materiel.surges.library import Surge
from materiel.surges.methods import Method, ours

FARTHEST = 6
"""Periods ahead that are scored."""
HORIZONS = (1, 2, 3, 4, 6)
"""Periods ahead that are shown."""
MONTHS = ((0.0, 3.0), (3.0, 6.0), (6.0, 12.0), (12.0, 24.0), (24.0, 120.0))
"""Months ahead that are shown together: from more than the first to the second of each."""
RESAMPLES = 2000
"""Times that groups are drawn anew."""


@dataclass(frozen=True)
class Scored:
    """Marks over a library, the group that each series is of, and the names of the baselines."""

    marked: Marked
    groups: dict[str, str]
    baselines: tuple[str, ...]

    def at(self, method: str, chosen: Callable[[Mark], bool]) -> list[Mark]:
        """Return the marks of a method that are chosen."""
        return [one for one in self.marked.marks if one.method == method and chosen(one)]


class Skill(NamedTuple):
    """How far a method is below the best baseline, as a share, with the middle 90 % over resampled groups; how many points, and how many groups they are of."""

    share: float
    low: float
    high: float
    points: int
    groups: int


def score_baselines(surges: Sequence[Surge], baselines: Sequence[Method]) -> Marked:
    """Return the scores of the baselines on all surges. They learn from nothing but the series itself, so that one reading serves every kind of fold."""
    made = Marked()
    for surge in surges:
        made.add(score(surge.series, baselines, origins(surge.series), FARTHEST))
    return made


def run(surges: Sequence[Surge], fold: Fold, baselines: Marked, told: Callable[[int, int], None] | None = None) -> Scored:
    """Return the scores of the baselines, as `score_baselines` gives them, and of our methods on all surges; ours learn from surges of other folds only.

    `told` hears how many folds are done of how many.
    """
    made = Marked(list(baselines.marks), dict(baselines.skipped))
    names = sorted({fold(one) for one in surges})
    for done, name in enumerate(names):
        learned = ours([one for one in surges if fold(one) != name])
        for surge in surges:
            if fold(surge) == name:
                made.add(score(surge.series, learned, origins(surge.series), FARTHEST))
        if told:
            told(done + 1, len(names))
    return Scored(made, {one.series.name: fold(one) for one in surges}, tuple(baselines.skipped))


def best(scored: Scored, chosen: Callable[[Mark], bool], without: str) -> str:
    """Return the baseline with the lowest mean score at the chosen marks of all groups but one. Only baselines that speak everywhere can be it."""
    found = {name: [one.crps for one in scored.at(name, chosen) if scored.groups[one.series] != without] for name in scored.baselines}
    most = max(len(values) for values in found.values())
    return min((name for name, values in found.items() if len(values) == most), key=lambda name: mean(found[name]))


def skill(scored: Scored, method: str, chosen: Callable[[Mark], bool], rival: str = "") -> Skill:
    """Return the skill of a method against a baseline, by default the best one, chosen for each group without that group; the interval is that of groups drawn anew, pairs kept."""
    ours, theirs = list[float](), list[float]()
    marks = scored.at(method, chosen)
    names = sorted({scored.groups[one.series] for one in marks})
    for name in names:
        mine = {(one.series, one.seen, one.horizon): one.crps for one in marks if scored.groups[one.series] == name}
        other = {(one.series, one.seen, one.horizon): one.crps for one in scored.at(rival or best(scored, chosen, name), chosen)}
        ours.append(sum(mine.values()))
        theirs.append(sum(other[key] for key in mine))
    above, below = np.array(ours), np.array(theirs)
    drawn = np.random.default_rng(1).integers(0, len(names), (RESAMPLES, len(names)))
    shares = 1 - np.sum(above[drawn], axis=1) / np.sum(below[drawn], axis=1)
    low, high = np.quantile(shares, [0.05, 0.95])
    return Skill(float(1 - np.sum(above) / np.sum(below)), float(low), float(high), len(marks), len(names))


def ahead(horizon: int) -> Callable[[Mark], bool]:
    """Choose marks so many periods ahead."""
    return lambda one: one.horizon == horizon


def within(months: tuple[float, float]) -> Callable[[Mark], bool]:
    """Choose marks so many months ahead."""
    return lambda one: months[0] < one.months <= months[1]
