"""Forecasts by the surge model: the component `line` with numbers like those of every documented surge, weighed by how well it follows what was seen so far.

Nothing is known of a series but its figures: of what class it is, how new its plant, how long ago demand began. Each draw takes these from one of the surges that are
learned from. Draws end as well: demand is switched off some day, at a rate learned from how long wars lasted, and output falls.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from materiel import portable
from materiel.analysis.scores import PROBABILITIES
from materiel.surges import common, library, ramps
from materiel.surges.common import Chosen
from materiel.surges.deviations import Figure, Noise, ahead, followed, start
from materiel.surges.library import Surge
from materiel.surges.periods import DAYS_OF_A_MONTH
from materiel.surges.series import Array, Past

FIRST = 3
"""Points after which it speaks."""
COUNT = 6000
"""Draws."""

_JITTER = 3.0
"""Months of uncertainty about how long ago demand began, beside how that differs between surges."""
_ENDS, _MONTHS = 1.0, 48.0
"""What the rate of ends is drawn to: one in four years."""
_LEAST = 1e-5
"""Share of the largest weight below which a draw is passed over."""
_NODES: Array = portable.normal_quantile((np.arange(9) + 0.5) / 9)
"""Normal scores that stand for the spread of one draw."""


class Draws(NamedTuple):
    """Draws of surges, shape (draws,) each: months since demand began at the first point, what the line made so far (steps + 1, draws), noise, months until demand ends, and the fall after it, by month."""

    age: Array
    whole: Array
    noise: Noise
    end: Array
    fall: Array


class Lines:
    """Forecasts by the surge model, as fitted to one set of surges."""

    def __init__(self, surges: Sequence[Surge], chosen: Chosen) -> None:
        """Take draws; nothing is looked at but the surges of the set and what was learned from them."""
        self.draws = drawn([one for one in surges if chosen.learns_from(one)], chosen.name)

    def forecast(self, past: Past, ahead_of: Array) -> Array:
        """Return quantiles on the scale of the scores, shape (ahead, quantiles)."""
        draws, count = self.draws, len(past.rates)
        months = np.concatenate([past.middles, past.middles[-1] + ahead_of * past.spacing]) - past.middles[0]
        curve = common.scaled(self._multiples(months, past.spacing), count)
        state = start(draws.noise, 0.0)
        for log, expected, gap in zip(past.logs, curve[:count], np.diff(past.middles, prepend=past.middles[0]), strict=True):
            state = followed(state, Figure(log, expected, gap), draws.noise)
        weights = np.exp(state.log_likelihood - np.max(state.log_likelihood))
        kept = weights > _LEAST
        made: list[Array] = []
        for gap, expected in zip(ahead_of * past.spacing, curve[count:], strict=True):
            mean, variance = ahead(state, gap, draws.noise)
            values = (expected + mean)[kept, None] + np.sqrt(variance[kept, None]) * _NODES
            made.append(portable.weighted_quantiles(values.ravel(), np.repeat(weights[kept] / len(_NODES), len(_NODES)), PROBABILITIES))
        return np.stack(made)

    def _multiples(self, months: Array, length: float) -> Array:
        """Return output over periods around months since the first point, as multiples of output before the order; shape (periods, draws)."""
        draws = self.draws
        age = draws.age + months[:, None]
        first, last = (age - length / 2) * DAYS_OF_A_MONTH, (age + length / 2) * DAYS_OF_A_MONTH
        return ramps.means(draws.whole, first, last) * np.exp(-draws.fall * np.maximum(age - draws.end, 0.0))


def drawn(surges: Sequence[Surge], name: str) -> Draws:
    """Return draws of surges like those given, by what the set of that name has learned."""
    rng = np.random.default_rng(1)
    like = rng.integers(0, len(surges), COUNT)
    classes = np.array([common.classes().index(one.item) for one in surges])[like]
    line = common.drawn(name, classes, np.array([common.NEW[one.plant] for one in surges])[like], rng)
    ages = np.array([one.series.middles[0] - one.begun.toordinal() / DAYS_OF_A_MONTH for one in surges])[like]
    ends, months = endings(surges)
    end = rng.exponential(1 / rng.gamma(_ENDS + ends, 1 / (_MONTHS + months), COUNT))
    whole = ramps.so_far(ramps.response({number: line[number] for number in ramps.NUMBERS}))
    return Draws(ages + _JITTER * rng.standard_normal(COUNT), whole, Noise.of(line), end, line["fall"])


def endings(surges: Sequence[Surge]) -> tuple[int, float]:
    """Return how often demand ended among the countries at war of these surges, and over how many months it might have."""
    ended, months = 0, 0.0
    for group in {one.group for one in surges}:
        mine = [one for one in surges if one.group == group]
        ends = [one.ended for one in mine if one.ended is not None]
        until = max(ends) if ends else max(one.series.points[-1].period.end for one in mine)
        ended += bool(ends)
        months += (until - min(one.begun for one in mine)).days / DAYS_OF_A_MONTH
    return ended, months


def fitted(surges: Sequence[Surge]) -> Lines | None:
    """Return forecasts by the best set among these surges; None where there is none."""
    chosen = common.best(surges, common.shipped())
    return Lines(library.everything(), chosen) if chosen else None


def log_likelihood(surge: Surge, line: Mapping[str, Array], whole: Array) -> Array:
    """Return the log-likelihood of lines by the figures of a surge, shape (lines,); after demand ended, output falls from the curve."""
    points, series = surge.series.points, surge.series
    before = sum(surge.ended is None or one.period.end <= surge.ended for one in points)
    logs = np.log1p(series.rates / np.mean(series.rates[:before]))
    first, last = (np.array([(getattr(one.period, side) - surge.begun).days for one in points], dtype=np.float64)[:, None] for side in ("start", "end"))
    ended = np.inf if surge.ended is None else surge.ended.toordinal() / DAYS_OF_A_MONTH
    falling = np.exp(-line["fall"] * np.maximum(series.middles - ended, 0.0)[:, None])
    curve = common.scaled(ramps.means(whole, first, last) * falling, before)
    noise = Noise.of(line)
    state = start(noise, 0.0)
    for log, expected, gap in zip(logs, curve, np.diff(series.middles, prepend=series.middles[0]), strict=True):
        state = followed(state, Figure(log, expected, gap), noise)
    return state.log_likelihood
