"""The hypotheses of a case as functions of a draw: what each expects of everything seen, and what each answers.

A draw is a uniform number for every random stream. The same draw is the same for all hypotheses, so that what they share stays paired. Runs that are held against what was
seen end on the day as of which the case is read, and compute nothing that no observation needs; answers are run to their horizon, for the draws that count.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from materiel import portable, preparation
from materiel.analysis import questions
from materiel.analysis.likelihood import log_likelihood
from materiel.analysis.observables import Sighting
from materiel.analysis.questions import Asked
from materiel.case.model import Case
from materiel.case.schema import Question
from materiel.engine import ensemble
from materiel.engine.draws import Uniform, uniforms
from materiel.errors import RunError
from materiel.evidence.pooling import Prior
from materiel.options import Options
from materiel.preparation import Prepared

Array = npt.NDArray[np.float64]

TOGETHER = 2**14
"""Scores worked on together: what is made of them on the way stays in the cache."""


@dataclass
class Readings:
    """The hypotheses of a case, prepared to answer what is asked."""

    case: Case
    prepared: dict[str, Prepared]
    answering: ensemble.Simulator

    @property
    def names(self) -> list[str]:
        """The hypotheses, in the order of the case."""
        return list(self.prepared)

    @property
    def asked(self) -> dict[str, Asked]:
        """What each answers."""
        return next(iter(self.prepared.values())).asked

    def answers(self, name: str, uniform: Uniform, count: int) -> dict[str, Array]:
        """Return the answers of so many draws of a hypothesis, by question. Raises RunError when a law is broken."""
        first = sum(len(self.prepared[one].passes) for one in self.names[: self.names.index(name)])
        branches = self.prepared[name].branches
        found = self.answering.kept(uniform, count, range(first, first + len(branches)))
        kept = {one: row for i, names in enumerate(branches.values(), first) for one, row in zip(names, found[i], strict=True)}
        return questions.values(self.prepared[name].asked, kept)


@dataclass
class Rivals(Readings):
    """The same, prepared to be held against what was seen as well: `sightings`."""

    sightings: list[Sighting]
    evidence: ensemble.Simulator

    @property
    def coordinates(self) -> list[str]:
        """The random streams that decide what a run expects of what was seen."""
        return self.evidence.sampler.coordinates

    def expected(self, uniform: Uniform, count: int, names: Sequence[str] = ()) -> dict[str, Array]:
        """Return what so many draws of some hypotheses (all if none is named) expect of everything seen, shape (sightings, draws) each."""
        wanted = {self.names.index(name): name for name in names or self.names}
        return {wanted[i]: kept for i, kept in self.evidence.kept(uniform, count, list(wanted)).items()}

    def at(self, scores: Array, seed: int, names: Sequence[str] = ()) -> dict[str, Array]:
        """Return the same of draws at given normal scores, shape (coordinates, draws)."""
        return self.expected(placed(self.coordinates, scores, seed), scores.shape[1], names)

    def likelihood(self, name: str, seed: int, kept: Sequence[int] = ()) -> Callable[[Array], Array]:
        """Return the log-likelihood, under a hypothesis, of some sightings (all if none is named) as a function of the normal scores of draws."""
        rows = list(kept) or list(range(len(self.sightings)))
        terms = [self.sightings[i].term for i in rows]

        def logs(scores: Array) -> Array:
            return log_likelihood(terms, self.at(scores, seed, [name])[name][rows])

        return logs

    def numbers(self, name: str) -> dict[str, Prior]:
        """Return the numbers, by stream, on which hangs what a hypothesis expects of what was seen."""
        program = self.evidence.passes[self.names.index(name)].program
        return {one.stream: one for _, prior in program.priors for one in (prior.mix or (prior,))}


def readings(name: str | Path, more: Mapping[str, Question], options: Options, case: Case) -> Readings:
    """Return the hypotheses of a sound case, ready to answer, whatever was seen. Raises CaseError, RunError."""
    cases = {one: preparation.read(name, more, options.reading.under(one), case) for one in case.hypotheses}
    prepared = _prepared(name, more, options, cases, observed=False)
    return Readings(case, prepared, _answering(prepared))


def prepare(name: str | Path, more: Mapping[str, Question], options: Options, case: Case, readings: Mapping[str, Case]) -> Rivals:
    """Return the hypotheses of a sound case, ready to run; `readings` are the case under each. Raises CaseError, RunError."""
    prepared = _prepared(name, more, options, readings, observed=True)
    first = next(iter(prepared.values()))
    if first.watched is None or not first.watched.sightings:
        raise RunError(f"nothing known of {case.name} by {case.as_of} is held against its runs, so that nothing can be weighed")
    sighted = [made.sighted for made in prepared.values() if made.sighted is not None]
    return Rivals(case, prepared, _answering(prepared), first.watched.sightings, ensemble.Simulator(sighted, first.settings))


def _prepared(name: str | Path, more: Mapping[str, Question], options: Options, cases: Mapping[str, Case], *, observed: bool) -> dict[str, Prepared]:
    built: list[preparation.Built] = []
    readings = {one: replace(options, reading=options.reading.under(one)) for one in cases}
    return {one: preparation.prepare(name, more, readings[one], case, observed=observed, built=built) for one, case in cases.items()}


def _answering(prepared: Mapping[str, Prepared]) -> ensemble.Simulator:
    """Return what runs the passes of every hypothesis, one after the other, without their fans."""
    passes, _ = in_a_row(prepared)
    return ensemble.Simulator([replace(one, recorded=(), fans=()) for one in passes], next(iter(prepared.values())).settings)


def in_a_row(prepared: Mapping[str, Prepared]) -> tuple[list[ensemble.Pass], list[int]]:
    """Return the passes of every hypothesis, one after the other, and the place of the first of each."""
    passes, firsts = list[ensemble.Pass](), list[int]()
    for made in prepared.values():
        firsts.append(len(passes))
        passes += [replace(one, stem=None if one.stem is None else one.stem + firsts[-1]) for one in made.passes.values()]
    return passes, firsts


def drawn(seed: int, chosen: npt.NDArray[np.int64]) -> Uniform:
    """Return what gives the uniform numbers of chosen draws of a seed, as a run would draw them."""
    last = int(chosen.max()) + 1
    return lambda stream: uniforms(seed, stream, 0, last)[chosen]


def placed(coordinates: Sequence[str], scores: Array, seed: int) -> Uniform:
    """Return what gives the uniform numbers of draws at given normal scores, shape (coordinates, draws); streams that are no coordinates are those of the seed."""
    tiny = 2.0**-53
    parts = np.array_split(scores, max(1, scores.size // TOGETHER))
    rows = dict(zip(coordinates, (row for part in parts for row in np.clip(portable.normal_cdf(part), tiny, 1 - tiny)), strict=True))
    return lambda stream: rows[stream] if stream in rows else uniforms(seed, stream, 0, scores.shape[1])
