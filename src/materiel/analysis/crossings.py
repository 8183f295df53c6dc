"""Where a probability reaches a bound as one number of a case is changed: a coarse grid, then halving wherever it crosses.

Every value is tried on the same draws, so that their counts differ by what the value does and by nothing else. What the number of draws leaves open is found the same way: the
bound is crossed at some value by chance alone as long as the count there is one that the exact binomial test would not be surprised by. Where every draw fails from a value of its
own on, that is the order-statistic interval of a quantile (David and Nagaraja, Order Statistics, 2003, section 7.1), which holds for any distribution.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from materiel.analysis import chance

Counts = Callable[[Sequence[float]], Sequence[int]]
"""What says in how many draws a question is kept, value by value."""

FINENESS = 128
"""Into how many parts of a step of the grid a crossing is narrowed down."""

Stretch = tuple[float, float]


@dataclass(frozen=True)
class Axis:
    """The values that are tried: from `low` to `high`, evenly or, `log`, by even factors; `whole` ones only, such as days."""

    low: float
    high: float
    log: bool = False
    whole: bool = False

    def grid(self, points: int) -> list[float]:
        """Return values from end to end, each once."""
        return list(dict.fromkeys(self._at(i / (points - 1)) for i in range(points)))

    def between(self, a: float, b: float) -> float:
        """Return the value half-way."""
        return self._rounded(math.sqrt(a * b) if self.log else (a + b) / 2.0)

    def share(self, value: float) -> float:
        """Return how far along a value lies, from 0 to 1."""
        return math.log(value / self.low) / math.log(self.high / self.low) if self.log else (value - self.low) / (self.high - self.low)

    def _at(self, share: float) -> float:
        if share in (0.0, 1.0):
            return self.high if share else self.low
        return self._rounded(self.low * (self.high / self.low) ** share if self.log else self.low + (self.high - self.low) * share)

    def _rounded(self, value: float) -> float:
        return float(round(value)) if self.whole else value


@dataclass(frozen=True)
class Crossed:
    """What was found: the `grid`, and `counts` of kept draws by value in rising order.

    `kept` are the stretches of values that satisfy, `surely` those of which the number of draws leaves no doubt, `perhaps` those that it leaves possible.
    """

    grid: list[float]
    counts: dict[float, int]
    kept: list[Stretch]
    surely: list[Stretch]
    perhaps: list[Stretch]
    course: str
    """How the count goes with the value over all that were tried: `rises`, `falls`, `stays` or `turns`."""

    @property
    def largest(self) -> bool:
        """Whether the largest value kept is the one that matters: not where all that is kept lies at the upper end, so that the smallest does."""
        last = max(self.counts)
        return not (len(self.kept) == 1 and self.kept[0][1] == last and self.kept[0][0] > min(self.counts))


def find(counts: Counts, axis: Axis, points: int, probability: float, draws: int) -> Crossed:
    """Return where at least that probability is kept, from counts over a grid of so many points and over values between that they call for."""
    fewest, most = chance.plausible(probability, draws)
    levels = (math.ceil(probability * draws - 1e-9), most + 1, fewest)
    grid = axis.grid(points)
    found = dict(zip(grid, counts(grid), strict=True))
    close = 1.0 / ((points - 1) * FINENESS)
    while wanted := _halves(found, axis, levels, close):
        found |= zip(wanted, counts(wanted), strict=True)
    found = dict(sorted(found.items()))
    kept, surely, perhaps = (_stretches(found, level) for level in levels)
    return Crossed(grid, found, kept, surely, perhaps, _course(list(found.values())))


def _halves(found: Mapping[float, int], axis: Axis, levels: Sequence[int], close: float) -> list[float]:
    """Return the middle of every two neighbours between which a level is crossed and that are not close together."""
    made: list[float] = []
    for a, b in itertools.pairwise(sorted(found)):
        middle = axis.between(a, b)
        if any((found[a] >= level) != (found[b] >= level) for level in levels) and axis.share(b) - axis.share(a) > close and a < middle < b:
            made.append(middle)
    return made


def _stretches(found: Mapping[float, int], level: int) -> list[Stretch]:
    """Return the stretches of neighbouring values that reach a level; each end was tried and reaches it."""
    made: list[Stretch] = []
    for reaches, group in itertools.groupby(found, lambda value: found[value] >= level):
        values = list(group)
        if reaches:
            made.append((values[0], values[-1]))
    return made


def _course(counts: Sequence[int]) -> str:
    steps = {b > a for a, b in itertools.pairwise(counts) if a != b}
    return "turns" if len(steps) == 2 else "rises" if steps == {True} else "falls" if steps else "stays"
