"""Distributions over time kept as integer counts on fixed logarithmic bins.

Counts add up exactly in any order, so that a fan does not depend on chunks or workers. A bin is at most 1/1024 of its value wide, taken from the bits of
the number itself: a quantile read off the counts is within 0.1 % of the exact one, and nought is exact. Only bins that hold anything are kept.
"""

from __future__ import annotations

import itertools
from typing import cast

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Whole = npt.NDArray[np.int64]

_SHIFT, _OCTAVE = 42, 10  # leaves the exponent and ten bits of the mantissa
_SMALLEST = 1e-9  # anything nearer to nought counts as nought
_OFFSET = int(np.array(_SMALLEST).view(np.int64)) >> _SHIFT
_WAITING = 2**21
"""Values that wait to be sorted and counted together."""


class Fan:
    """Counts of one variable at `times` moments.

    A bin's place is its number within its doubling of the value, after the moment, after the doubling: so neighbours at one moment are neighbours.
    """

    def __init__(self, times: int) -> None:
        """Begin with no counts."""
        self.times = times
        self._places, self._counts = np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64)
        self._waiting: list[Whole] = []

    def add(self, values: Array) -> None:
        """Count values of shape (times, draws)."""
        values = np.ascontiguousarray(values, dtype=np.float64)
        size = np.abs(values)
        places = size.view(np.int64) >> _SHIFT
        places -= _OFFSET - 1
        places *= size > _SMALLEST
        np.negative(places, out=places, where=values < 0)
        within = places & ((1 << _OCTAVE) - 1)
        places >>= _OCTAVE
        places *= self.times
        places += np.arange(self.times)[:, None]
        places <<= _OCTAVE
        places += within
        self._waiting.append(places.ravel())
        if sum(map(len, self._waiting)) > _WAITING:
            self.filled()

    def join(self, other: Fan) -> None:
        """Add the counts of a fan of the same times."""
        self._join(*other.filled())

    def _join(self, places: Whole, counts: Whole) -> None:
        """Add the counts of bins whose places rise."""
        if not len(self._places):
            self._places, self._counts = places, counts
            return
        both, of_both = np.concatenate([self._places, places]), np.concatenate([self._counts, counts])
        order = np.argsort(both, kind="stable")
        both = both[order]
        last = np.flatnonzero(np.append(both[1:] != both[:-1], True))
        self._places, self._counts = both[last], np.diff(np.cumsum(of_both[order])[last], prepend=0)

    def filled(self) -> tuple[Whole, Whole]:
        """Return the places of all bins that hold anything, rising, and their counts; `of` makes the same fan of them."""
        if self._waiting:
            waiting, self._waiting = np.concatenate(self._waiting), []
            self._join(*np.unique(waiting, return_counts=True))
        return self._places, self._counts

    @classmethod
    def of(cls, times: int, places: Whole, counts: Whole) -> Fan:
        """Return the fan of which `filled` gives these places and counts."""
        made = cls(times)
        made._join(places, counts)
        return made

    def quantiles(self, probabilities: Array) -> Array:
        """Return quantiles of shape (probabilities, times)."""
        places, counts = self.filled()
        octaves, times = np.divmod(places >> _OCTAVE, self.times)
        order = np.argsort(times, kind="stable")
        bins, counts = ((octaves << _OCTAVE) + (places & ((1 << _OCTAVE) - 1)))[order], counts[order]
        found, inside = np.empty((len(probabilities), self.times), dtype=np.int64), np.empty((len(probabilities), self.times))
        ends = np.cumsum(np.bincount(times, minlength=self.times)).tolist()
        for time, (start, end) in enumerate(itertools.pairwise([0, *ends])):
            cumulative = np.cumsum(counts[start:end])
            ranks = np.maximum(probabilities * cumulative[-1], 0.5)
            index = cast("npt.NDArray[np.int64]", np.searchsorted(cumulative, ranks))
            here = counts[start + index]
            found[:, time], inside[:, time] = bins[start + index], (ranks - (cumulative[index] - here)) / here
        lower, upper = _edge(found - (found < 0)), _edge(found + (found > 0))
        return lower + inside * (upper - lower)


def _edge(bins: Whole) -> Array:
    """Return the value nearest to nought of each bin."""
    size = ((np.abs(bins) - 1 + _OFFSET) << _SHIFT).astype(np.int64).view(np.float64)
    return np.where(bins == 0, 0.0, np.sign(bins) * size)
