"""What knowing one thing would tell of another, from draws at hand: two indices, each less what chance alone would give, and their standard errors.

Draws fall into classes of an input: classes of equal size by the rank of a number, or the kinds of a category. The *first-order index* is the part of an output's
variance that lies between classes (given-data estimation: Plischke et al., European Journal of Operational Research, 2013), which is the share by which the variance is expected to shrink once
the input is known. The *distributional index* is the same for the indicators of "at most t", for t at even steps of probability: the Cramér-von Mises index (Gamboa,
Klein and Lagnoux, SIAM/ASA Journal on Uncertainty Quantification, 2018). It is nought only if the input tells nothing at all, 1 if it tells all, and is the same on every increasing scale of the output; infinite values are the
last step.

An index of classes holds for inputs of any kind, dependent ones included. Then it says what knowing the input would tell, by itself and by whatever moves with it: indices overlap, and may add up to more than 1.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int64]

STEPS = 20
"""Even steps of an output's probability at which distributions are compared."""
SURE = 4.5
"""Standard errors from which an index stands out: of some hundreds of inputs that tell nothing, hardly one does by chance."""


def ranks(values: Array) -> Array:
    """Return ranks between 0 and 1; ties share their mean rank, so that a constant explains nothing."""
    order = np.argsort(values)
    ordered, made = values[order], np.empty(len(values))
    ends = np.append(np.flatnonzero(ordered[1:] != ordered[:-1]) + 1, len(values))
    counts = np.diff(ends, prepend=0)
    made[order] = np.repeat((ends - counts / 2) / len(values), counts) - 1e-12
    return made


def classes(draws: int) -> int:
    """Return into how many classes a number's draws are cut: twenty, from 6000 draws on more, at most fifty. A class as wide as 1/n hides about 1/n² of what a straight line explains."""
    return 10 * min(max(draws // 2000, 2), 5)


def coded(ranked: Array, count: int) -> Codes:
    """Return the class of every draw, counted from 0, from ranks; equal values share a class."""
    return np.maximum((ranked * count).astype(np.int64), 0)


def sizes(codes: Codes, count: int) -> Codes:
    """Return how many draws each class has: from shape (inputs, draws) to (inputs, count)."""
    return np.array([np.bincount(row, minlength=count) for row in codes], dtype=np.int64).reshape(-1, count)


def first_order(codes: Codes, held: Codes, values: Array) -> Array:
    """Return the first-order index of each input; `codes` (inputs, draws) and `held` (inputs, classes) are its classes and their sizes, `values` finite."""
    centred = _centred(values)
    sums = np.array([np.bincount(row, weights=centred, minlength=held.shape[1]) for row in codes], dtype=np.float64)
    return _index(sums.reshape(*held.shape, 1), held, float(centred @ centred))


def distributional(codes: Codes, held: Codes, values: Array) -> Array:
    """Return the distributional index of each input; `values` may be infinite."""
    steps = coded(ranks(values), STEPS)
    below: Array = np.bincount(steps, minlength=STEPS).cumsum() / len(values)
    shape = (*held.shape, STEPS)
    counts = np.array([np.bincount(row * STEPS + steps, minlength=held.shape[1] * STEPS) for row in codes], dtype=np.float64).reshape(shape)
    return _index(counts.cumsum(axis=2) - held[..., None] * below, held, float(len(values) * (below * (1 - below)).sum()))


def _centred(values: Array) -> Array:
    """Return values less their mean; nought of a constant, whose mean may differ from it in the last bit."""
    return values - values.mean() if values.min() < values.max() else np.zeros_like(values)


def _index(sums: Array, held: Codes, total: float) -> Array:
    """Return the part of a total sum of squares that lies between classes, less what chance alone would give (Kelley, PNAS, 1935); sums are of centred outputs, the last axis."""
    if total <= 0:
        return np.zeros(len(held))
    draws, filled = held.sum(axis=1), (held > 0).sum(axis=1)
    explained = (sums**2 / np.maximum(held, 1)[..., None]).sum(axis=(1, 2)) / total
    return np.where(filled > 1, explained - (filled - 1) / np.maximum(draws - filled, 1) * (1 - explained), 0.0)


def chance(held: Codes) -> Array:
    """Return the standard error that an index has where the input tells nothing: exact for the first-order index of many draws, an upper bound for the distributional one."""
    return np.sqrt(2 * np.maximum((held > 0).sum(axis=1) - 1, 0)) / held.sum(axis=1)


def outputs(values: Array, *, whole: bool) -> Array:
    """Return what an index explains, centred, shape (outputs, draws): the values themselves, or, of a `whole` distribution, the indicators of its steps."""
    if not whole:
        return _centred(values)[None]
    made = (coded(ranks(values), STEPS)[None] <= np.arange(STEPS - 1)[:, None]).astype(np.float64)
    return made - made.mean(axis=1, keepdims=True)


def error(codes: Codes, held: Codes, explained: Array, index: float) -> float:
    """Return the standard error of one input's index of `outputs`, by its influence function (Da Veiga and Gamboa, Journal of Nonparametric Statistics, 2013).

    The noise of the classes' means is in it, so that it stays above nought, by up to a factor of 1.4 too wide, where the input tells nothing.
    """
    draws, total = explained.shape[1], float((explained**2).sum())
    if total <= 0:
        return 0.0
    means = np.array([np.bincount(codes, weights=row, minlength=len(held)) for row in explained]) / np.maximum(held, 1)
    told = means[:, codes]
    influence = ((2 * explained - told) * told - index * explained**2).sum(axis=0) * (draws / total)
    return float(influence.std() / np.sqrt(draws))


def decision(codes: Codes, held: Codes, event: npt.NDArray[np.bool_], bar: float) -> tuple[float, float]:
    """Return what an input is worth to whoever acts once an event's probability is above `bar`, as a share of what certainty would be worth, and its standard error.

    Acting costs `bar` of what the event costs where nobody acted. Half of the draws decide class by class, the other half say what that costs: so that what tells nothing is
    worth nought, or a little less, but never more.
    """
    half = np.arange(len(event)) % 2
    saved = np.full(len(event), bar) if event.mean() > bar else event.astype(np.float64)
    for side in (0, 1):
        taught = half != side
        sums, seen = (np.bincount(codes[taught], weights=weights, minlength=len(held)) for weights in (event[taught].astype(np.float64), None))
        acts = (sums / np.maximum(seen, 1) > bar)[codes[~taught]]
        saved[~taught] -= np.where(acts, bar, event[~taught])
    most = min(bar, float(event.mean())) - bar * float(event.mean())
    return (float(saved.mean()) / most, float(saved.std()) / most / np.sqrt(len(event))) if most > 0 else (0.0, 0.0)


def ends(codes: Codes, held: Codes) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]] | None:
    """Return which draws have the lowest and which the highest values of a number: a tenth of all or more, ties included; of a number with few values, the first and the last; None of a constant."""
    filled = np.flatnonzero(held)
    if len(filled) < 2:
        return None
    reached = held.cumsum() / held.sum()
    low, high = int(np.searchsorted(reached, 0.1 - 1e-9)), int(np.searchsorted(reached, 0.9 + 1e-9, side="left"))
    if low >= high:
        low, high = int(filled[0]), int(filled[-1])
    return codes <= low, codes >= high
