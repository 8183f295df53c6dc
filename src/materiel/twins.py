"""Twins of a case: what might have been seen instead, made by a run of a known hypothesis and weighed like what was; are the stated probabilities right?

Each hypothesis has as many twins as its prior asks for, made by other draws than those that weigh. If all is computed as declared, hypotheses that are given 30 % are true three times in
ten, and the true value of any number falls with equal chance between any two of the draws that are left (simulation-based calibration: Talts and others, 2018).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from materiel import rivals
from materiel.analysis import odds
from materiel.analysis.likelihood import log_likelihood, simulated
from materiel.analysis.reliability import Bin, bins
from materiel.engine.draws import Sampler
from materiel.rivals import Rivals

Array = npt.NDArray[np.float64]

LEFT = 99
"""Draws of the posterior among which a true value takes one of a hundred places."""
LEAST = 0.01
"""Probability below which it does not matter how well the evidence of a hypothesis is known."""
TENTHS = tuple(i / 10 for i in range(11))


@dataclass(frozen=True)
class Twins:
    """Twins weighed: the position of the true hypothesis of each, shape (twins,), the probability of every hypothesis, shape (twins, hypotheses), the smallest number of draws
    that counted of any hypothesis that is left `LEAST` or more, and the place of the true value of each number, by stream, among draws of its posterior: whole numbers from 0 to `LEFT`, each equally probable.
    """  # noqa: D205

    names: list[str]
    true: npt.NDArray[np.int64]
    posterior: Array
    effective: Array
    places: dict[str, npt.NDArray[np.int64]]
    seed: int

    def reliability(self, edges: Sequence[float] = TENTHS) -> list[Bin]:
        """Return how often hypotheses that were given probabilities between two edges were true."""
        return bins(self.posterior, self.true, edges, self.seed)

    @property
    def given(self) -> float:
        """The probability that was given to the true hypothesis, on average."""
        return float(self.posterior[np.arange(len(self.true)), self.true].mean())

    def inside(self, percent: int) -> dict[str, float]:
        """Return, by stream, how often the true value of a number lay within the middle such share of the draws that were left."""
        middle = (LEFT + 1) * np.array([50 - percent / 2, 50 + percent / 2]) / 100
        return {stream: float(((found >= middle[0]) & (found < middle[1])).mean()) for stream, found in self.places.items()}


def weigh(ready: Rivals, priors: Mapping[str, float], draws: int, seed: int, count: int) -> Twins:
    """Return so many twins of a case weighed, each by so many draws of every hypothesis."""
    rng = np.random.default_rng([seed, count])
    everything = np.arange(draws)
    expected = ready.expected(rivals.drawn(seed, everything), draws)
    true = rng.permutation(odds.systematic(np.array(list(priors.values())), count))
    fresh = ready.expected(rivals.drawn(seed + 1, np.arange(count)), count)
    values = {name: _values(ready, name, seed, everything) for name in priors}
    own = {name: _values(ready, name, seed + 1, np.arange(count)) for name in priors}
    terms, names = [one.term for one in ready.sightings], list(priors)
    posterior, effective = np.empty((count, len(names))), np.empty(count)
    places: dict[str, list[int]] = {}
    for i, mine in enumerate(map(int, true)):
        name = names[mine]
        seen = simulated(terms, fresh[name][:, i], rng)
        logs = {other: log_likelihood(seen, expected[other]) for other in names}
        standing = odds.standings(priors, {other: odds.reweighted(one) for other, one in logs.items()})
        posterior[i] = [one.posterior for one in standing.values()]
        effective[i] = min(one.evidence.effective for one in standing.values() if one.posterior >= LEAST)
        weights = np.exp(logs[name] - logs[name].max())
        left = rng.choice(draws, size=LEFT, p=weights / weights.sum())
        for stream, drawn in values[name].items():
            places.setdefault(stream, []).append(int((drawn[left] < own[name][stream][i]).sum()))
    return Twins(names, true, posterior, effective, {stream: np.array(found) for stream, found in places.items()}, seed)


def _values(ready: Rivals, name: str, seed: int, chosen: npt.NDArray[np.int64]) -> dict[str, Array]:
    """Return chosen draws of the uncertain numbers of a hypothesis, by stream; those that are the same in many draws are left out, for they have no place."""
    numbers = {stream: prior for stream, prior in ready.numbers(name).items() if not prior.constant}
    sampler = Sampler(list(numbers.values()))
    drawn = sampler.at(rivals.drawn(seed, chosen), len(chosen))[sampler.rows]
    return {stream: row for stream, row in zip(numbers, drawn, strict=True) if len(np.unique(row)) > 0.9 * len(row)}
