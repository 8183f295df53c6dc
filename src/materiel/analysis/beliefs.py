"""Other beliefs about who is to be listened to, from the same draws: to trust a voice more or less is to weigh draws by what their numbers would be likely to be then over what they are now."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from materiel.engine.draws import Sampler, voices
from materiel.evidence.pooling import Prior

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Heard:
    """A number that voices speak of: how likely each draw of it comes from each of its parts, shape (parts, draws), and the weights, levels (of pools in pools) and origins of these."""

    stream: str
    shares: Array
    weights: Array
    levels: npt.NDArray[np.int64]
    origins: tuple[tuple[str, ...], ...]

    def trusted(self, trust: Mapping[str, float]) -> Array:
        """Return the weights of its parts with each origin's strength times its `trust` (1 if it is not named); a part of several origins has their mean."""
        factors = np.array([np.mean([trust.get(one, 1.0) for one in origins]) if origins else 1.0 for origins in self.origins])
        strengths, made = self.weights * factors, np.zeros_like(self.weights)
        for level in range(int(self.levels.max()) + 1):
            here, below = self.levels == level, self.levels < level
            inner = float(self.weights[below].sum())
            whole = inner + float(strengths[here].sum())
            made[below] *= inner / whole
            made[here] = strengths[here] / whole
        return made


def heard(priors: Collection[Prior], seed: int, count: int) -> list[Heard]:
    """Return the numbers among `priors` that voices speak of, at the first `count` draws. A stream on which scenarios say different things is left out.

    Of a number that is correlated with others each draw knows whom it listened to: its value alone does not tell, for those of the others tell too.
    """
    by_stream: dict[str, list[Prior]] = {}
    for prior in priors:
        by_stream.setdefault(prior.stream, []).append(prior)
    chosen = [one for one, *others in by_stream.values() if one.pool is not None and all(other.parts == one.parts for other in others)]
    sampler = Sampler(chosen)
    drawn = sampler.draw(seed, 0, count)
    tied = {stream for prior in priors if len(prior.mixing) > 1 for stream, _ in prior.mixing}
    return [
        Heard(one.stream, _shares(one, one.pick(voices(one, seed, 0, count)), values, apart=one.stream not in tied), one.weights, np.array(one.pool.levels), tuple(part.origins for part in one.parts))
        for one, values in zip(chosen, drawn, strict=True)
        if one.pool is not None
    ]  # fmt: skip


def _shares(prior: Prior, picks: npt.NDArray[np.int64], values: Array, *, apart: bool) -> Array:
    """Return how likely each draw comes from each part, given its value: for curves by their densities; single values and named laws know whom a draw listened to."""
    bent = np.array([part.distribution.bent and apart for part in prior.parts])
    made = (np.arange(len(prior.parts))[:, None] == picks).astype(np.float64)
    drawn = bent[picks]
    density = np.array([part.weight * part.distribution.density(values) if bent[i] else np.zeros_like(values) for i, part in enumerate(prior.parts)])
    whole = density.sum(axis=0)
    drawn &= whole > 0  # farther out than any density has digits
    made[:, drawn] = (density / np.where(whole > 0, whole, 1.0))[:, drawn]
    return made


def weights(numbers: Sequence[Heard], trust: Mapping[str, float], draws: int) -> Array:
    """Return the weight of every draw with each origin trusted so many times as much as its grade says, shape (draws,)."""
    made = np.ones(draws)
    for one in numbers:
        made *= (one.trusted(trust) / one.weights) @ one.shares
    return made
