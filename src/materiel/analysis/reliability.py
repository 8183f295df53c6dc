"""Whether stated probabilities are right: of all that was given 30 %, three in ten should be true."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]

SIMULATED = 4000
"""Times that what is true is drawn anew from the stated probabilities."""


@dataclass(frozen=True)
class Bin:
    """Stated probabilities between two `edges`: how many, their mean, and the share of them that were true.

    `range` holds nine in ten of the shares that would be found were the stated probabilities right.
    """

    edges: tuple[float, float]
    count: int
    stated: float
    held: float
    range: tuple[float, float]

    @property
    def inside(self) -> bool:
        """Whether the share lies in its range."""
        return self.range[0] <= self.held <= self.range[1]


def bins(stated: Array, true: npt.NDArray[np.int64], edges: Sequence[float], seed: int) -> list[Bin]:
    """Return the bins, between rising edges, that hold any of the stated probabilities, shape (forecasts, outcomes), of which one outcome of each forecast was `true`.

    Ranges come from outcomes that are drawn from the stated probabilities (Bröcker and Smith, Weather and Forecasting, 2007): so it counts that only one outcome of a forecast can be true.
    """
    rng = np.random.default_rng([seed, len(stated)])
    which = np.clip(np.digitize(stated, edges) - 1, 0, len(edges) - 2)
    found = np.eye(stated.shape[1], dtype=bool)
    drawn: npt.NDArray[np.int64] = (rng.random((SIMULATED, len(stated), 1)) * stated.sum(axis=1)[:, None] > stated.cumsum(axis=1)).sum(axis=2)
    made: list[Bin] = []
    for i, between in enumerate(pairwise(edges)):
        inside = which == i
        if not (count := int(inside.sum())):
            continue
        shares = (found[np.minimum(drawn, stated.shape[1] - 1)] & inside).sum(axis=(1, 2)) / count
        low, high = np.quantile(shares, (0.05, 0.95), method="inverted_cdf")
        made.append(Bin(between, count, float(stated[inside].mean()), float(found[true][inside].mean()), (float(low), float(high))))
    return made
