"""How output strays from the curve of its line: a Kalman filter over the points of a series, for many series or draws at once.

On the scale of the scores, output is the curve plus a level, plus a deviation that fades with time (an Ornstein-Uhlenbeck process), plus what a single figure is off
by. Everything works on arrays of any shape.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

LEVEL = 0.5
"""Standard deviation of the level: the mean so far tells it, but for how single figures stray."""


class Noise(NamedTuple):
    """Standard deviation of the fading deviation, months over which it fades to a third, standard deviation of a single figure."""

    deviation: Any
    fading: Any
    figure: Any

    @classmethod
    def of(cls, line: Mapping[str, Any]) -> Noise:
        """Return the noise of a line by its numbers: how unsteady it is, what share of that is of a single figure, and months of fading."""
        return cls(line["unsteady"], line["fading"], line["unsteady"] * line["figure"])


class State(NamedTuple):
    """What is known after some points: means of level and deviation, their variances and covariance, and the log-likelihood of the points."""

    level: Any
    deviation: Any
    of_level: Any
    of_both: Any
    of_deviation: Any
    log_likelihood: Any


class Figure(NamedTuple):
    """A point of a series and its curve, both on the scale of the scores, and months since the point before."""

    log: Any
    curve: Any
    gap: Any


def start(noise: Noise, like: Any) -> State:
    """Return what is known before any point, in arrays of the shape of noise and of `like` together."""
    nought = 0.0 * (noise.deviation + like)
    return State(nought, nought, LEVEL**2 + nought, nought, noise.deviation**2 + nought, nought)


def followed(state: State, figure: Figure, noise: Noise) -> State:
    """Return what is known after one more point."""
    before = _later(state, figure.gap, noise)
    with_level, with_deviation = before.of_level + before.of_both, before.of_both + before.of_deviation
    variance = with_level + with_deviation + noise.figure**2
    error = figure.log - figure.curve - before.level - before.deviation
    return State(
        before.level + with_level / variance * error, before.deviation + with_deviation / variance * error,
        before.of_level - with_level**2 / variance, before.of_both - with_level * with_deviation / variance, before.of_deviation - with_deviation**2 / variance,
        before.log_likelihood - 0.5 * (error**2 / variance + np.log(2 * np.pi * variance)),
    )  # fmt: skip


def ahead(state: State, gap: Any, noise: Noise) -> tuple[Any, Any]:
    """Return mean and variance of a further figure beside the curve, so many months after the last point."""
    later = _later(state, gap, noise)
    return later.level + later.deviation, later.of_level + 2 * later.of_both + later.of_deviation + noise.figure**2


def _later(state: State, gap: Any, noise: Noise) -> State:
    left = np.exp(-gap / noise.fading)
    spread = left**2 * state.of_deviation + noise.deviation**2 * (1 - left**2)
    return state._replace(deviation=left * state.deviation, of_both=left * state.of_both, of_deviation=spread)
