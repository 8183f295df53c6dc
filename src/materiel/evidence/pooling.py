"""From a base and the claims known by a day to one prior: the linear pool."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from materiel.quantities import Distribution

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Part:
    """One voice in a pool: its weight, what it says, and the claim it comes from (empty for the base)."""

    weight: float
    distribution: Distribution
    claim: str = ""


@dataclass(frozen=True)
class Prior:
    """What is believed about one number before the run: a linear pool of voices, in the canonical unit `unit`.

    `path` names the number, `stream` the random stream that draws it (the same for numbers that share a driver). `because` gives the base's reason.
    `said` is the base or constant as the case wrote it. A `mix` makes the number the share of weight `index` among weights drawn on their own streams.
    `kind` says where the number comes from: a `base` (with or without claims), a stated `constant`, a `definition`, the type's own `default`, or `undeclared` in a draft.
    """

    path: str
    stream: str
    unit: str
    kind: str
    because: str
    parts: tuple[Part, ...]
    mix: tuple[Prior, ...] = ()
    index: int = 0
    said: str = ""

    @property
    def constant(self) -> bool:
        """Whether every draw is the same."""
        return not self.mix and len(self.parts) == 1 and self.parts[0].distribution.constant

    def sample(self, choice: Array, u: Array) -> Array:
        """Return draws, shape of `u`: `choice` picks the voice, `u` the value within it, both between 0 and 1.

        A draw is the quantile of one voice, so that with a single voice the prior is monotone in `u`.
        """
        if len(self.parts) == 1:
            return self.parts[0].distribution.quantile(u)
        picked = self.pick(choice)
        drawn = [part.distribution.quantile(u) for part in self.parts]
        return np.choose(picked, drawn) if len(drawn) <= 30 else np.take_along_axis(np.array(drawn), picked[None], 0)[0]

    def pick(self, choice: Array) -> npt.NDArray[np.int64]:
        """Return the index of the voice that each draw listens to."""
        edges = np.cumsum([part.weight for part in self.parts])[:-1]
        return np.searchsorted(edges, choice, side="right")


def pool(base: Distribution | tuple[Part, ...], claims: list[tuple[str, float, Distribution]]) -> tuple[Part, ...]:
    """Return the linear pool of a base of strength 1 and of claims (id, strength, distribution).

    Weights are strengths over their sum: with no claims left the base is all. A base may itself be a pool, such as a reference class with claims of its own.
    """
    inner = (Part(1.0, base),) if isinstance(base, Distribution) else base
    whole = 1.0 + sum(strength for _, strength, _ in claims)
    own = tuple(Part(part.weight / whole, part.distribution, part.claim) for part in inner)
    return own + tuple(Part(strength / whole, distribution, claim) for claim, strength, distribution in claims)
