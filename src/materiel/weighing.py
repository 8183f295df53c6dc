"""Rival hypotheses of a case, run on the same draws and weighed by what was seen: what `materiel weigh` and Python users call."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from materiel import preparation, units
from materiel.analysis import hypotheses, observables, odds, pareto, questions, words
from materiel.analysis.comparison import Cell
from materiel.analysis.likelihood import log_likelihood
from materiel.analysis.observables import Sighting
from materiel.analysis.odds import Hinge, Standing
from materiel.analysis.questions import Answer, Asked, Branch
from materiel.case.model import Case
from materiel.case.schema import Question
from materiel.engine import ensemble
from materiel.engine.draws import Sampler
from materiel.errors import CaseError, Problem, RunError, nearest
from materiel.evidence.pooling import Prior
from materiel.options import Options, Reading
from materiel.preparation import Prepared

Array = npt.NDArray[np.float64]

WEAK = 0.5
"""Bits by which an assumption must move the odds for a result to be said to hang on it."""


@dataclass(frozen=True)
class Rival:
    """One hypothesis as it was run: what it says and why it had its prior; by draw its answers, what it expects of each sighting, shape (sightings, draws), and the
    log-likelihood of all that was seen, and of that without each origin.
    """  # noqa: D205

    id: str
    text: str
    because: str
    answers: dict[str, Array] = field(repr=False)
    expected: Array = field(repr=False)
    logs: Array = field(repr=False)
    without: dict[str, Array] = field(repr=False)

    def span(self, sighting: int) -> str:
        """Return what it expects of one sighting in a phrase: the middle, and the 90 % range."""
        low, middle, high = (words.number(value, value, value, "1") for value in _three(self.expected[sighting]))
        return f"{middle} ({low} to {high})"


@dataclass
class Weighed:
    """Hypotheses weighed. `priors` are their probabilities before anything was seen, `stated` those of the case; `rivals` how each was run, `numbers` what is uncertain
    in the case, `hidden` how many observations of its series are known only later, `doubled` the numbers whose reason cites what is weighed.
    """  # noqa: D205

    case: Case
    options: Options
    priors: dict[str, float]
    stated: dict[str, float]
    rivals: dict[str, Rival]
    sightings: list[Sighting]
    asked: dict[str, Asked]
    numbers: dict[str, dict[str, Prior]] = field(repr=False)
    hidden: int
    unheard: int
    doubled: dict[str, list[str]]
    seconds: dict[str, float]

    def with_priors(self, wanted: Mapping[str, float]) -> Weighed:
        """Return the same runs weighed with other prior probabilities; hypotheses that are not named share what is left in their own proportions. Raises RunError."""
        for name in wanted:
            if name not in self.rivals:
                near = nearest(name, list(self.rivals))
                raise RunError(f"unknown hypothesis {name!r}; one of {', '.join(self.rivals)}" + (f"; did you mean {near!r}?" if near else ""))
        try:
            return replace(self, priors=odds.reweighed(self.stated, wanted))
        except ValueError as error:
            raise RunError(f"prior probabilities {', '.join(f'{name}={p:g}' for name, p in wanted.items())} {error}; each above 0, and 1 together") from None

    @functools.cached_property
    def standings(self) -> dict[str, Standing]:
        """How each hypothesis stands."""
        return odds.standings(self.priors, self._logs)

    @property
    def lead(self) -> str:
        """The hypothesis that is most probable after what was seen."""
        return max(self.standings, key=lambda name: self.standings[name].posterior)

    @property
    def refusal(self) -> str:
        """Why nothing can be said, or an empty string."""
        for name, one in self.standings.items():
            if not one.sound:
                return (
                    f"too few runs of {name!r} come near what was seen to say how the hypotheses stand: {one.effective:.0f} of {one.draws} count "
                    f"({odds.FEWEST} are needed) and the largest weights have shape {one.k:.2f} (at most {pareto.highest(one.draws):.2f}); try more draws"
                )
        return ""

    @functools.cached_property
    def without(self) -> dict[str, dict[str, float]]:
        """The probability of each hypothesis had an origin reported nothing, by origin."""
        origins = next(iter(self.rivals.values())).without
        evidence = {origin: {name: odds.log_mean(rival.without[origin]) for name, rival in self.rivals.items()} for origin in origins}
        return {origin: odds.posteriors(self.priors, one) for origin, one in evidence.items()}

    @functools.cached_property
    def evidence(self) -> dict[str, dict[str, float]]:
        """What each origin does to each hypothesis, in bits: above nought for it, below against it; the strongest for it first."""
        found = {name: {origin: odds.bits(one.posterior, without[name]) for origin, without in self.without.items()} for name, one in self.standings.items()}
        return {name: dict(sorted(by_origin.items(), key=lambda entry: -entry[1])) for name, by_origin in found.items()}

    @functools.cached_property
    def answers(self) -> dict[str, tuple[Answer, Answer]]:
        """The answers before and after what was seen, by question."""
        scale = self.case.ledger.scales[0]
        before = odds.draw_weights(self.priors, self._even).ravel()
        after = odds.draw_weights(self.priors, self._logs).ravel()
        made: dict[str, tuple[Answer, Answer]] = {}
        for name, asked in self.asked.items():
            values = np.concatenate([rival.answers[name] for rival in self.rivals.values()])
            made[name] = (questions.answer(asked, values, float("nan"), scale, before), questions.answer(asked, values, float("nan"), scale, after))
        return made

    @functools.cached_property
    def hinges(self) -> list[Hinge]:
        """The uncertain numbers on which the odds of the leading hypothesis hang, the most first."""
        priors = list(self.numbers[self.lead].values())
        values = Sampler(priors).draw(self.options.seed, 0, self.options.draws)
        drawn = {prior.stream: (units.plain(prior.unit), row) for prior, row in zip(priors, values, strict=True)}
        return odds.hinges(self.priors, self._logs, self.lead, drawn)

    @property
    def hangs_on(self) -> str:
        """What the result hangs on first, as a sentence: the prior odds, or the uncertain number that moves the leading hypothesis most."""
        lead, now = self.lead, self.standings[self.lead].posterior
        by_odds, number = odds.bits(now, self.even[lead]), next(iter(self.hinges), None)
        if max(abs(by_odds), abs(number.swing) if number else 0.0) < WEAK:
            return f"It hangs on no single assumption: none moves {lead!r} by a factor of {2**WEAK:.2g} of its odds."
        if number is None or abs(by_odds) >= abs(number.swing):
            return (
                f"It hangs first on the prior odds: had all hypotheses been alike probable before, {lead!r} would have {self.even[lead]:.0%} and not {now:.0%}."
            )
        prior = self.numbers[lead][number.stream]
        low, high = (words.number(end, end, end, number.unit) if prior.unit != "date" else str(self.case.date(end)) for end in number.ends)
        assumed = "assumed" if not (prior.pool and prior.pool.heard()) else "partly assumed"
        return (
            f"It hangs first on {number.stream} ({prior.said}, {assumed}): in its lowest third, about {low}, {lead!r} would have {number.posterior[0]:.0%}, "
            f"in its highest, about {high}, {number.posterior[1]:.0%}."
        )

    @property
    def notes(self) -> list[str]:
        """What a reader must know of how it was weighed, a line each."""
        made = [f"{one!r} and {other!r} expect the same of everything that was seen: nothing here can tell them apart." for one, other in self.alike]
        counted = len({id(row) for one in self.sightings for row in one.rows})
        made.append(
            f"{counted} observations were weighed" + (f"; {self.hidden} more are known only after {self.case.as_of} and hidden" if self.hidden else "") + "."
        )
        if self.unheard:
            made.append(f"{self.unheard} have a grade that the rules do not hear.")
        if self.doubled:
            few = list(self.doubled)
            made.append(
                f"Reasons of {len(few)} assumptions cite what is weighed, so that it may count twice: {', '.join(few[:4])}{' and others' if len(few) > 4 else ''}."
            )
        took = ", ".join(f"{stage} {seconds:.2f} s" for stage, seconds in self.seconds.items())
        made.append(f"{self.options.draws} draws of each hypothesis, seed {self.options.seed}; {took}")
        return made

    def cell(self, answer: Answer, *, after: bool) -> Cell:
        """Return an answer as a table shows it, with the draws that it was counted from."""
        effective = 1 / float((odds.draw_weights(self.priors, self._logs if after else self._even) ** 2).sum())
        return Cell(answer.quantiles, answer.probability, round(effective))

    @property
    def even(self) -> dict[str, float]:
        """The probability of each hypothesis had all been alike probable before."""
        return odds.posteriors(dict.fromkeys(self.rivals, 1 / len(self.rivals)), {name: one.log_evidence for name, one in self.standings.items()})

    @property
    def alike(self) -> list[tuple[str, str]]:
        """Pairs of hypotheses that expect the same of everything seen."""
        return odds.alike(self._logs)

    @property
    def _logs(self) -> dict[str, Array]:
        return {name: rival.logs for name, rival in self.rivals.items()}

    @property
    def _even(self) -> dict[str, Array]:
        return {name: np.zeros_like(logs) for name, logs in self._logs.items()}

    def json(self) -> dict[str, Any]:
        """Return what was found as plain data."""
        names = {one.origin: self.case.ledger.speaker(one.origin) for one in self.sightings}
        return {
            "case": self.case.name, "as_of": self.case.as_of.isoformat(), "rules": self.case.rule.name, "seed": self.options.seed, "draws": self.options.draws,
            "hypotheses": [
                {"id": name, "text": self.rivals[name].text, "prior": one.prior, "posterior": one.posterior, "error": one.error, "log_evidence": one.log_evidence,
                 "effective": one.effective, "k": one.k if np.isfinite(one.k) else None, "bits": self.evidence[name]} for name, one in self.standings.items()
            ],
            "origins": names, "without": self.without, "even": self.even, "alike": self.alike,
            "hangs_on": [{"number": one.stream, "unit": one.unit, "thirds": one.ends, self.lead: one.posterior} for one in self.hinges[:5]],
            "answers": [
                {"id": name, "text": before.asked.text, "unit": before.asked.unit, "prior": _plain(before), "posterior": _plain(after)}
                for name, (before, after) in self.answers.items()
            ],
            "sightings": [
                {"observable": one.observable, "origin": one.origin, "first": one.first.isoformat(), "last": one.last.isoformat(), "seen": one.term.seen,
                 "bound": one.term.bound, "unit": one.unit, "expected": {name: _three(rival.expected[i]) for name, rival in self.rivals.items()}}
                for i, one in enumerate(self.sightings)
            ],
            "hidden": self.hidden, "unheard": self.unheard, "doubled": self.doubled, "seconds": self.seconds,
        }  # fmt: skip


def _plain(answer: Answer) -> dict[str, float | None]:
    return {f"p{percent}": value for percent, value in answer.quantiles.items()} | ({} if answer.probability is None else {"probability": answer.probability})


def _three(values: Array) -> list[float]:
    return [float(value) for value in np.quantile(values, (0.05, 0.5, 0.95))]


def problems(name: str | Path, case: Case, reading: Reading) -> list[Problem]:
    """Return what is wrong with the hypotheses and observables of a case that is sound in itself, read as it was."""
    found: list[Problem] = []
    readings: dict[str, Case] = {}
    for hypothesis in case.hypotheses:
        try:
            readings[hypothesis] = preparation.read(name, {}, _under(reading, hypothesis), case)
            questions.prepare(readings[hypothesis])
        except CaseError as error:
            found += error.problems
    for one in readings.values() or [case]:
        try:
            observables.prepare(one)
        except CaseError as error:
            found += error.problems
    return found or hypotheses.problems(case, readings)


def weigh(name: str | Path, more: Mapping[str, Question], options: Options, report: Callable[[int, int], None]) -> Weighed:
    """Return the hypotheses of a case weighed by what was seen; `report` is told how many runs of how many are done. Raises CaseError, RunError."""
    options.check()
    case = preparation.read(name, more, options.reading)
    if not case.hypotheses:
        raise RunError(f"{case.name} has no hypotheses to weigh; it would name them in hypotheses.yaml")
    if found := problems(name, case, options.reading):
        raise CaseError(found)
    keys = tuple(question for question, one in case.questions.items() if one.key)
    options = replace(options, only=options.only or keys or tuple(case.questions)[:1])
    prepared = {
        one: preparation.prepare(name, more, replace(options, reading=_under(options.reading, one)), observed=True, like=case) for one in case.hypotheses
    }
    first = next(iter(prepared.values()))
    with first.timed("run"):
        kept = _run(prepared, report)
    sightings, rivals = (first.watched.sightings if first.watched else []), dict[str, Rival]()
    if not sightings:
        raise RunError(f"nothing known of {case.name} by {case.as_of} is held against its runs, so that nothing can be weighed")
    with first.timed("weigh"):
        for one, made in prepared.items():
            rivals[one] = _rival(case, one, made, kept[one])
    priors = {one: stated.prior for one, stated in case.hypotheses.items()}
    stated = {one: prior / sum(priors.values()) for one, prior in priors.items()}
    tied = {one.series for one in case.observables.values()}
    doubled = {number: cited for made in prepared.values() for number, cited in observables.doubled(made.case, sightings).items()}
    numbers = {one: _uncertain(made) for one, made in prepared.items()}
    asked = {one: asks for one, asks in first.asked.items() if one in case.questions}
    seconds = {stage: round(sum(made.seconds.get(stage, 0.0) for made in prepared.values()), 3) for stage in ("load", "build", "run", "weigh")}
    return Weighed(
        case, options, stated, stated, rivals, sightings, asked, numbers, sum(case.series.get(series, 0) for series in tied),
        first.watched.unheard if first.watched else 0, doubled, seconds,
    )  # fmt: skip


def _under(reading: Reading, hypothesis: str) -> Reading:
    return replace(reading, scenario=",".join(filter(None, (reading.scenario, hypothesis))))


def _run(prepared: Mapping[str, Prepared], report: Callable[[int, int], None]) -> dict[str, dict[str, Array]]:
    """Run all passes of all hypotheses on the same draws and return what gauges kept, by hypothesis and gauge."""
    passes: list[ensemble.Pass] = []
    for made in prepared.values():
        stems = len(passes)
        passes += [replace(one, stem=None if one.stem is None else one.stem + stems) for one in made.passes.values()]
    settings = next(iter(prepared.values())).settings
    done = 0

    def tell(count: int) -> None:
        nonlocal done
        done += count
        report(done, len(passes) * settings.draws)

    found = iter(ensemble.run(passes, settings, tell))
    return {one: {name: row for names in made.branches.values() for name, row in zip(names, next(found).kept, strict=True)} for one, made in prepared.items()}


def _rival(case: Case, name: str, prepared: Prepared, kept: Mapping[str, Array]) -> Rival:
    """Return a hypothesis with its answers and likelihoods. Raises RunError when no run of it can bring forth something that was seen."""
    assert prepared.watched is not None
    sightings = prepared.watched.sightings
    asked = {one: asks for one, asks in prepared.asked.items() if one in case.questions}
    answers = questions.values(asked, {one: row for one, row in kept.items() if one in asked})
    expected = np.stack([kept[one.asked.id] for one in sightings])
    for one, row in zip(sightings, expected, strict=True):
        if one.term.seen > 0 and not one.term.bound and not (row > 0).any():
            place = one.rows[0].places.get("quantity", "") if one.rows else ""
            raise RunError(
                f"{place}: no run of {name!r} expects any of this, so that one observation would decide all; a background in its indicator would not rule it out"
            )
    logs = log_likelihood([one.term for one in sightings], expected)
    without: dict[str, Array] = {}
    for origin in dict.fromkeys(one.origin for one in sightings):
        rest = [i for i, one in enumerate(sightings) if one.origin != origin]
        without[origin] = log_likelihood([sightings[i].term for i in rest], expected[rest])
    declared = case.hypotheses[name]
    return Rival(name, declared.text, declared.because, answers, expected, logs, without)


def _uncertain(prepared: Prepared) -> dict[str, Prior]:
    """Return the uncertain numbers of the baseline of a hypothesis by stream."""
    program = prepared.passes[Branch()].program
    return {one.stream: one for _, prior in program.priors for one in (prior.mix or (prior,)) if not one.constant}
