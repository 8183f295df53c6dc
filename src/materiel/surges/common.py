"""What surges have in common: the hierarchical model of a line's numbers, and what was learned of it from each set of surges.

The fit itself is `docs/fit_surges.py`; what it found is shipped as draws. A set leaves out a country and war, or whole wars, so that nobody is forecast by a model that
has seen the outcome.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from materiel.surges.library import Surge, everything

Array = npt.NDArray[np.float64]

FILE = Path(__file__).parent / "library" / "common.npz"
"""Draws of what surges have in common, by set."""

NAMES = ("target", "ramp_time", "lead_time", "unsteady", "figure", "fading", "fall")
"""Numbers of a surge: those of its line; how far output strays, how much of that is of a single figure, over how many months the rest fades; its fall by month without demand."""
NEW = {"new": 1.0, "mixed": 0.5, "converted": 0.0, "existing": 0.0}
"""How much of a plant is new, by its tag."""
RECENT = "2022-"
"""The war that is not over: only the set of all surges learns from it, so that no case set before it is told of it."""
ALL = "all"


@dataclass(frozen=True)
class Chosen:
    """A set of surges to learn from: its name, the countries at war it may look at, and the names of its surges."""

    name: str
    groups: frozenset[str]
    series: frozenset[str]

    def learns_from(self, surge: Surge) -> bool:
        """Whether a surge is in the set."""
        return surge.series.name in self.series


def sets(surges: Sequence[Surge]) -> tuple[Chosen, ...]:
    """Return the sets to fit: all surges; those up to 1945; those without each country and war; those without each war."""
    every = {one.group: one.war for one in surges}
    past = {group: war for group, war in every.items() if war != RECENT}
    made = {ALL: frozenset(every), f"without {RECENT}": frozenset(past)}
    made |= {f"without {left}": frozenset(past) - {left} for left in sorted(past)}
    made |= {f"without {left}": frozenset(group for group, war in past.items() if war != left) for left in sorted({*past.values()})}
    return tuple(Chosen(name, groups, frozenset(one.series.name for one in surges if one.group in groups)) for name, groups in made.items())


@functools.cache
def shipped() -> tuple[Chosen, ...]:
    """Return the sets that were fitted. The library may have grown since: what a set learned from is what its file says."""
    group = {one.series.name: one.group for one in everything()}
    with np.load(FILE) as file:
        found = {key.partition("/")[0]: frozenset(map(str, file[key])) for key in file.files if key.endswith("/series")}
    return tuple(Chosen(name, frozenset(group[one] for one in series), series) for name, series in found.items())


@functools.cache
def weak() -> frozenset[str]:
    """Return the sets whose chains did not agree well enough to make a prior of."""
    with np.load(FILE) as file:
        return frozenset(map(str, file["weak"]))


@functools.cache
def classes() -> tuple[str, ...]:
    """Return the classes of items that were learned of, in the order of their effects."""
    with np.load(FILE) as file:
        return tuple(map(str, file["classes"]))


def best(surges: Sequence[Surge], among: Sequence[Chosen]) -> Chosen | None:
    """Return the set that learned from most countries at war of those that may be learned from, and from no other; None where there is none."""
    allowed = {one.group for one in surges}
    fitting = [one for one in among if one.groups <= allowed]
    return max(fitting, key=lambda one: len(one.groups)) if fitting else None


def scaled(multiples: Array, seen: int) -> Array:
    """Return the curves of lines, multiples of output before the order of shape (points, draws), on the scale of the scores: each makes as much by the points seen as was made."""
    return np.log1p(multiples / np.mean(multiples[:seen], axis=0))


def expected(middle: Any, new: Any, by_class: Any, by_group: Any, plant: Any, xp: Any = np) -> Any:
    """Return what is expected of the logarithms of a line's numbers, shape (numbers, surges), before what is of one surge alone.

    `middle` has the shape (numbers,) or (numbers, surges), `new` and `by_group` the first two numbers, `by_class` the first three; `plant` is how much of each is new.
    """
    each = plant * 0.0
    moved = [new[0] * plant + by_class[0] + by_group[0], new[1] * plant + by_class[1] + by_group[1], by_class[2], *(each for _ in NAMES[3:])]
    return xp.stack([one + each + effect for one, effect in zip(middle, moved, strict=True)])


def spread(of_surge: Any, of_new: Any, plant: Any, xp: Any = np) -> Any:
    """Return how far the logarithms of a line's numbers differ between surges that have all else in common, shape (numbers, surges).

    A new plant begins with next to nothing, so that its multiple, `of_new` of an entirely new one, differs by more; `of_surge` has the shape (numbers,) or (numbers, surges).
    """
    each = plant * 0.0
    return xp.stack([xp.hypot(of_surge[0], of_new * plant), *(one + each for one in of_surge[1:])])


def drawn(name: str, classes: npt.NDArray[np.intp], plant: Array, rng: np.random.Generator) -> dict[str, Array]:
    """Return numbers of further surges of given classes and plants, of another country at war, by what a set has learned; by name, shape (surges,) each.

    A class is a position among `classes`, a plant how much of it is new; both of shape (surges,). Delays are in days, fading in months, the fall by month.
    """
    count, found = len(classes), learned(name)
    rows = rng.integers(0, len(found["middle"]), count)
    at = {key: value[rows].T for key, value in found.items()}
    by_class = at["by_class"][:, classes, np.arange(count)]
    logs: Array = expected(at["middle"], at["new"], by_class, at["of_group"] * rng.standard_normal((2, count)), plant)
    scores, share = rng.standard_normal(logs.shape), np.tanh(at["together"])
    scores[1] = share * scores[0] + np.sqrt(1 - share**2) * scores[1]
    return dict(zip(NAMES, np.exp(logs + spread(at["of_surge"], at["of_new"], plant) * scores), strict=True))


@functools.cache
def learned(name: str) -> Mapping[str, Array]:
    """Return the draws of a set by what they are of, shape (draws, ...) each."""
    with np.load(FILE) as file:
        return {key.partition("/")[2]: file[key].astype(np.float64) for key in file.files if key.startswith(f"{name}/") and not key.endswith("/series")}
