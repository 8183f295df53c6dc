"""Distributions over time kept as integer counts on fixed logarithmic bins.

Counts add up exactly in any order, so that a fan does not depend on chunks or workers. A bin is at most 1/1024 of its value wide, taken from the bits of
the number itself: a quantile read off the counts is within 0.1 % of the exact one, and nought is exact.
"""

from __future__ import annotations

from typing import cast

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]

_SHIFT = 42  # leaves the exponent and ten bits of the mantissa
_SMALLEST = 1e-9  # anything nearer to nought counts as nought
_OFFSET = int(np.array(_SMALLEST).view(np.int64)) >> _SHIFT


class Fan:
    """Counts of one variable at `times` moments."""

    def __init__(self, times: int) -> None:
        """Begin with no counts."""
        self.low = 0
        self.counts = np.zeros((times, 1), dtype=np.int32)

    def add(self, values: Array) -> None:
        """Count values of shape (times, draws)."""
        values = np.ascontiguousarray(values, dtype=np.float64)
        size = np.abs(values)
        bins = np.where(size > _SMALLEST, (size.view(np.int64) >> _SHIFT) - _OFFSET + 1, 0)
        bins = np.where(values < 0, -bins, bins)
        self._reach(int(bins.min()), int(bins.max()))
        times, span = self.counts.shape
        flat = (bins - self.low) + np.arange(times)[:, None] * span
        np.add.at(self.counts.reshape(-1), flat.ravel(), np.int32(1))

    def _reach(self, low: int, high: int) -> None:
        before = max(self.low - low, 0)
        after = max(high - (self.low + self.counts.shape[1] - 1), 0)
        if before or after:
            self.counts = np.pad(self.counts, ((0, 0), (before, after)))
            self.low -= before

    def quantiles(self, probabilities: Array) -> Array:
        """Return quantiles of shape (probabilities, times)."""
        made = np.empty((len(probabilities), len(self.counts)))
        for time, counts in enumerate(self.counts):
            filled = np.flatnonzero(counts)
            cumulative = np.cumsum(counts[filled], dtype=np.int64)
            ranks = np.maximum(probabilities * cumulative[-1], 0.5)
            index = cast("npt.NDArray[np.int64]", np.searchsorted(cumulative, ranks))
            inside = (ranks - (cumulative[index] - counts[filled[index]])) / counts[filled[index]]
            bins = filled[index] + self.low
            lower, upper = _edge(bins - (bins < 0)), _edge(bins + (bins > 0))
            made[:, time] = lower + inside * (upper - lower)
        return made


def _edge(bins: npt.NDArray[np.int64]) -> Array:
    """Return the value nearest to nought of each bin."""
    size = ((np.abs(bins) - 1 + _OFFSET) << _SHIFT).astype(np.int64).view(np.float64)
    return np.where(bins == 0, 0.0, np.sign(bins) * size)
