"""Distributions over time kept as integer counts on fixed logarithmic bins.

Counts add up exactly in any order, so that a fan does not depend on chunks or workers. A bin is at most 1/1024 of its value wide, taken from the bits of
the number itself: a quantile read off the counts is within 0.1 % of the exact one, and nought is exact. Bins are kept in pages, one for each doubling of the value that occurs.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int32]

_SHIFT = 42  # leaves the exponent and ten bits of the mantissa
_OCTAVE = 10
PAGE, SPARE = 1 << _OCTAVE, 2  # bins of a page; pages to which there is room to grow
_SMALLEST = 1e-9  # anything nearer to nought counts as nought
_OFFSET = int(np.array(_SMALLEST).view(np.int64)) >> _SHIFT


class Fan:
    """Counts of one variable at `times` moments."""

    def __init__(self, times: int) -> None:
        """Begin with no counts."""
        self.times = times
        self.pages: dict[int, int] = {}
        self._counts: Counts = np.zeros((0, times, PAGE), dtype=np.int32)

    def add(self, values: Array) -> None:
        """Count values of shape (times, draws)."""
        values = np.ascontiguousarray(values, dtype=np.float64)
        size = np.abs(values)
        bins = np.where(size > _SMALLEST, (size.view(np.int64) >> _SHIFT) - _OFFSET + 1, 0)
        bins = np.where(values < 0, -bins, bins)
        pages = bins >> _OCTAVE
        low = int(pages.min())
        present = np.flatnonzero(np.bincount((pages - low).ravel())) + low
        rows = np.zeros(int(present[-1]) - low + 1, dtype=np.int64)
        rows[present - low] = self._rows(present.tolist())
        at = (rows[pages - low] * self.times + np.arange(self.times)[:, None]) * PAGE + (bins & (PAGE - 1))
        np.add.at(self._counts.reshape(-1), at.ravel(), np.int32(1))

    def _rows(self, pages: Sequence[int]) -> list[int]:
        """Return where pages of bins lie, after making room for those that are new."""
        for page in pages:
            self.pages.setdefault(page, len(self.pages))
        missing = len(self.pages) - len(self._counts)
        if missing > 0:
            self._counts = np.concatenate([self._counts, np.zeros((missing + SPARE, self.times, PAGE), dtype=np.int32)])
        return [self.pages[page] for page in pages]

    def join(self, other: Fan) -> None:
        """Add the counts of a fan of the same times."""
        for here, row in zip(self._rows(list(other.pages)), other.pages.values(), strict=True):
            self._counts[here] += other._counts[row]

    def filled(self) -> tuple[npt.NDArray[np.int64], Counts]:
        """Return the places of all bins that hold anything, rising, and their counts; `of` makes the same fan of them."""
        pages = sorted(self.pages)
        counts = self._counts[[self.pages[page] for page in pages]]
        hit = np.flatnonzero(counts)
        size = self.times * PAGE
        first = np.array(pages, dtype=np.int64) * size
        return first[hit // size] + hit % size, counts.reshape(-1)[hit]

    @classmethod
    def of(cls, times: int, places: npt.NDArray[np.int64], counts: Counts) -> Fan:
        """Return the fan of which `filled` gives these places and counts."""
        made = cls(times)
        pages, within = np.divmod(places, times * PAGE)
        present = np.unique(pages)
        for page, row in zip(present, made._rows(present.tolist()), strict=True):
            made._counts[row].reshape(-1)[within[pages == page]] = counts[pages == page]
        return made

    def quantiles(self, probabilities: Array) -> Array:
        """Return quantiles of shape (probabilities, times)."""
        bins = np.empty((len(probabilities), self.times), dtype=np.int64)
        inside = np.empty(bins.shape)
        pages = sorted(self.pages)
        rows = [self.pages[page] for page in pages]
        numbers = (np.array(pages, dtype=np.int64)[:, None] * PAGE + np.arange(PAGE)).reshape(-1)
        for time in range(self.times):
            counts = self._counts[rows, time].reshape(-1)
            filled = np.flatnonzero(counts != 0)  # which NumPy finds faster among truths than among numbers
            cumulative = np.cumsum(counts[filled], dtype=np.int64)
            ranks = np.maximum(probabilities * cumulative[-1], 0.5)
            index = cast("npt.NDArray[np.int64]", np.searchsorted(cumulative, ranks))
            found = filled[index]
            bins[:, time], inside[:, time] = numbers[found], (ranks - (cumulative[index] - counts[found])) / counts[found]
        lower, upper = _edge(bins - (bins < 0)), _edge(bins + (bins > 0))
        return lower + inside * (upper - lower)


def _edge(bins: npt.NDArray[np.int64]) -> Array:
    """Return the value nearest to nought of each bin."""
    size = ((np.abs(bins) - 1 + _OFFSET) << _SHIFT).astype(np.int64).view(np.float64)
    return np.where(bins == 0, 0.0, np.sign(bins) * size)
