"""Analysts: prior probabilities that several people state of the hypotheses, made coherent, and what the same evidence makes of each and of all together.

The evidence of a hypothesis does not hang on its prior. So one weighing serves every analyst and every pool, and whatever analysts disagree about after it they disagreed about
before: the evidence multiplies the odds of all of them by the same factors.
"""

from __future__ import annotations

import functools
import itertools
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from materiel.analysis import odds, opinions
from materiel.analysis.odds import Evidence, Standing
from materiel.case.model import Case
from materiel.case.schema import Analyst
from materiel.errors import CaseError, Problem, RunError, nearest

Array = npt.NDArray[np.float64]

MOST_MOVED = 0.1
"""Distance from a stated probability to the repaired one beyond which a repair is flagged: that much is no rounding, and the analyst had better be asked again."""
LEAST = 1e-6
"""Probability below which a hypothesis has nothing left once statements are repaired."""


@dataclass(frozen=True)
class Opinion:
    """What an analyst states, by set, and what it becomes once it is coherent; `prior` is the latter by hypothesis."""

    text: str
    weight: float
    repair: str
    stated: dict[str, float]
    repaired: dict[str, float]
    prior: dict[str, float]

    @property
    def moved(self) -> dict[str, float]:
        """How far each statement was moved, the farthest first; of those that are alike within rounding, the one stated first."""
        return dict(sorted(((what, self.repaired[what] - said) for what, said in self.stated.items()), key=lambda entry: -round(abs(entry[1]), 6)))

    @property
    def most(self) -> float:
        """The farthest that a statement was moved."""
        return max(map(abs, self.moved.values()))


class Pooled(NamedTuple):
    """A pool of all opinions: before the evidence, weighed by it, and the same pool of what each opinion became."""

    prior: dict[str, float]
    posterior: dict[str, float]
    late: dict[str, float]


class Apart(NamedTuple):
    """The two analysts that differ most, and by how much: the total variation between them."""

    distance: float
    between: tuple[str, str]


@dataclass(frozen=True)
class Panel:
    """Analysts and what the evidence of the hypotheses makes of their opinions."""

    opinions: dict[str, Opinion]
    evidence: Mapping[str, Evidence]

    @functools.cached_property
    def standings(self) -> dict[str, dict[str, Standing]]:
        """How the hypotheses stand, by analyst."""
        return {name: odds.standings(one.prior, self.evidence) for name, one in self.opinions.items()}

    @functools.cached_property
    def pools(self) -> dict[str, Pooled]:
        """Every pool, by its method."""
        priors, late = ([{name: getattr(one, when) for name, one in found.items()} for found in self.standings.values()] for when in ("prior", "posterior"))
        logs = {name: one.log for name, one in self.evidence.items()}
        made: dict[str, Pooled] = {}
        for method in opinions.POOLS:
            prior = self._pool(method, priors)
            made[method] = Pooled(prior, odds.posteriors(prior, logs), self._pool(method, late))
        return made

    def _pool(self, method: str, priors: list[dict[str, float]]) -> dict[str, float]:
        weights = np.array([one.weight for one in self.opinions.values()])
        pooled = opinions.POOLS[method](np.array([list(one.values()) for one in priors]), weights)
        return dict(zip(self.evidence, map(float, pooled), strict=True))

    def apart(self, *, after: bool) -> Apart:
        """Return the two analysts that differ most, before the evidence or after it; nobody differs from nobody where there is one alone."""
        held = {name: np.array([one.posterior if after else one.prior for one in found.values()]) for name, found in self.standings.items()}
        pairs = [Apart(opinions.distance(held[one], held[other]), (one, other)) for one, other in itertools.combinations(held, 2)]
        return max(pairs, default=Apart(0.0, ("", "")), key=lambda pair: pair.distance)

    def json(self) -> dict[str, Any]:
        """Return what was found as plain data."""
        told = [
            {
                "id": name, "text": one.text, "weight": one.weight, "repair": one.repair, "stated": one.stated, "repaired": one.repaired, "flagged": one.most > MOST_MOVED,
                "hypotheses": {which: {"prior": at.prior, "posterior": at.posterior, "error": at.error} for which, at in self.standings[name].items()},
            }
            for name, one in self.opinions.items()
        ]  # fmt: skip
        apart = {when: self.apart(after=when == "after")._asdict() for when in ("before", "after")}
        pools = [{"method": method, "prior": one.prior, "posterior": one.posterior, "pooled_after": one.late} for method, one in self.pools.items()]
        return {"opinions": told, "pools": pools, "apart": apart}


def needed(case: Case) -> None:
    """Refuse a case that names no analysts. Raises RunError."""
    if not case.analysts:
        raise RunError(f"{case.name} has no analysts; it would name them in analysts.yaml")


def lead(probabilities: Mapping[str, float]) -> str:
    """Return the hypothesis that is most probable."""
    return max(probabilities, key=lambda name: probabilities[name])


def prepare(case: Case) -> dict[str, Opinion]:
    """Return what the analysts of a case say, coherent. Raises CaseError with every problem."""
    found: list[Problem] = []
    made: dict[str, Opinion] = {}
    if case.analysts and not case.hypotheses:
        raise CaseError([Problem(case.place(("analysts",), key=True), "analysts of no hypotheses", "hypotheses in hypotheses.yaml")])
    for name, one in case.analysts.items():
        weight = one.weight.constant if one.weight is not None else 1.0
        if not 0 <= weight < math.inf:
            found.append(Problem(case.place(("analysts", name, "weight", "constant")), f"weight: {weight:g}", "a number of at least 0"))
        wrong = [*_statements(case, name, one)]
        opinion = None if wrong else _opinion(case, name, one, weight)
        if isinstance(opinion, Problem):
            wrong.append(opinion)
        elif opinion is not None:
            made[name] = opinion
        found += wrong
    if case.analysts and not any(one.weight is None or one.weight.constant for one in case.analysts.values()):
        found.append(Problem(case.place(("analysts",), key=True), "the weights of all analysts are 0", "one above 0, or more"))
    if found:
        raise CaseError(found)
    return made


def remarks(case: Case) -> Iterator[Problem]:
    """Yield the analysts of a sound case whose statements had to be moved far."""
    for name, one in prepare(case).items():
        if one.most > MOST_MOVED:
            what = next(iter(one.moved))
            told = f"{name} states {one.stated[what]:g} of {what!r}, and the nearest coherent statement ({one.repair}) is {one.repaired[what]:.2g}"
            yield Problem(case.place(("analysts", name, "says", what, "probability")), told, f"better asked again than moved by more than {MOST_MOVED:g}")


def _members(what: str, hypotheses: Mapping[str, object]) -> list[str]:
    """Return the names that a statement joins with `or`."""
    return [what] if what in hypotheses else re.split(r"\s+or\s+", what.strip())


def _statements(case: Case, name: str, one: Analyst) -> Iterator[Problem]:
    """Yield the problems that statements have one by one."""
    told: dict[frozenset[str], str] = {}
    for what, statement in one.says.items():
        at = ("analysts", name, "says", what)
        place, members = case.place(at, key=True), _members(what, case.hypotheses)
        unknown = [member for member in members if member not in case.hypotheses]
        for member in unknown:
            yield Problem(place, f"unknown hypothesis {member!r}", ", ".join(case.hypotheses), nearest(member, list(case.hypotheses)))
        if not 0 < statement.probability < 1:
            yield Problem(case.place((*at, "probability")), f"probability: {statement.probability:g}", "above 0 and below 1, so that evidence can move it")
        kept = frozenset(members)
        if kept in told or len(kept) < len(members):
            yield Problem(place, f"{what!r} names " + (f"the same as {told[kept]!r}" if kept in told else "a hypothesis twice"), "each once")
        elif not unknown and len(kept) == len(case.hypotheses):
            yield Problem(place, f"{what!r} is every hypothesis", "some of them; all together are certain")
        told.setdefault(kept, what)


def _opinion(case: Case, name: str, one: Analyst, weight: float) -> Opinion | Problem:
    """Return what an analyst says, coherent, or why it cannot be made so."""
    place, names = case.place(("analysts", name, "says"), key=True), list(case.hypotheses)
    members = [_members(what, case.hypotheses) for what in one.says]
    sets = np.array([[float(which in row) for which in names] for row in members]).reshape(-1, len(names))
    if (unsaid := opinions.undecided(sets)).any():
        left = " and ".join(repr(which) for which, open_ in zip(names, unsaid, strict=True) if open_)
        return Problem(place, f"{name} leaves open how probable {left} are", "statements from which the probability of each follows")
    stated = {what: statement.probability for what, statement in one.says.items()}
    found = opinions.coherent(sets, np.array(list(stated.values())), one.repair)
    if nothing := [which for which, probability in zip(names, found, strict=True) if probability < LEAST]:
        return Problem(
            place, f"what {name} says leaves nothing for {nothing[0]!r} ({one.repair})", "something for each hypothesis, so that evidence can move it"
        )
    return Opinion(
        one.text, weight, one.repair, stated, dict(zip(stated, map(float, sets @ found), strict=True)), dict(zip(names, map(float, found), strict=True))
    )
