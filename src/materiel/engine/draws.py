"""Named random streams: a draw of a number depends on the seed, the number's name and the draw's index, and on nothing else."""

from __future__ import annotations

import hashlib

import numpy as np
import numpy.typing as npt

from materiel.evidence.pooling import Prior

Array = npt.NDArray[np.float64]


def uniforms(seed: int, stream: str, first: int, count: int) -> Array:
    """Return uniform numbers strictly between 0 and 1 for draws first .. first + count - 1 of a stream, shape (count,).

    Philox is counter-based: any stretch of a stream can be had without what comes before it.
    """
    key = int.from_bytes(hashlib.blake2b(f"{seed}/{stream}".encode(), digest_size=16).digest(), "little")
    block, skip = divmod(first, 4)
    raw = np.random.Philox(key=key, counter=block).random_raw(skip + count)[skip:]
    return ((raw >> np.uint64(12)).astype(np.float64) + 0.5) * 2.0**-52


def sample(prior: Prior, seed: int, first: int, count: int) -> Array:
    """Return draws first .. first + count - 1 of a prior in its canonical unit, shape (count,)."""
    if prior.mix:
        weights = [sample(weight, seed, first, count) for weight in prior.mix]
        whole = weights[0]
        for weight in weights[1:]:
            whole = whole + weight
        return weights[prior.index] / whole
    if prior.constant:
        return np.full(count, prior.parts[0].distribution.values[0])
    choice = voices(prior, seed, first, count)
    return prior.sample(choice, uniforms(seed, prior.stream, first, count))


def voices(prior: Prior, seed: int, first: int, count: int) -> Array:
    """Return the uniform numbers that pick a voice of the pool, shape (count,)."""
    if len(prior.parts) == 1:
        return np.zeros(count)
    return uniforms(seed, f"{prior.stream}#voice", first, count)
