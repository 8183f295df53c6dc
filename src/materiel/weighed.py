"""What weighing finds: how hypotheses stand, what moved them, what the result hangs on, answers before and after."""

from __future__ import annotations

import functools
import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from materiel import disk
from materiel.analysis import analysts, odds, questions, words
from materiel.analysis.analysts import Panel
from materiel.analysis.comparison import Cell
from materiel.analysis.grid import Line, line
from materiel.analysis.likelihood import log_likelihood
from materiel.analysis.lineage import spread
from materiel.analysis.odds import Evidence, Hinge, Standing, Thirds
from materiel.analysis.questions import Answer
from materiel.analysis.tempering import temper
from materiel.case.model import Case
from materiel.engine.draws import Uniform
from materiel.errors import RunError, nearest
from materiel.language import ENGLISH, Language
from materiel.language.phrase import Phrase, Said, identifier
from materiel.options import Options
from materiel.results import encoded
from materiel.rivals import Rivals

if TYPE_CHECKING:
    import xarray

    from materiel.analysis.walking import Walked
    from materiel.twins import Twins

Array = npt.NDArray[np.float64]

WEAK = 0.5
"""Bits by which an assumption must move the odds for a result to be said to hang on it."""


@dataclass(frozen=True)
class Rival:
    """One hypothesis as it was run: what it expects of each sighting by draw, shape (sightings, draws), its evidence, of everything and without each origin, and its answers.

    `after` are those of draws that stand for what is left of it after what was seen, with `weights` that add up to 1; `left` is what these draws expect of each sighting.
    They come from its prior draws by weight or, where too few of those come near what was seen, from these and so many that were `aimed` there, or from draws that were moved there in so many `steps`.
    """

    name: str
    expected: Array = field(repr=False)
    logs: Array = field(repr=False)
    left: Array = field(repr=False)
    evidence: Evidence
    without: dict[str, Evidence]
    before: dict[str, Array] = field(repr=False)
    after: dict[str, Array] = field(repr=False)
    weights: Array = field(repr=False)
    thirds: dict[str, Thirds] = field(repr=False)
    aimed: int
    steps: int
    drawn: Uniform = field(repr=False)
    """What gives the uniform numbers of the draws of `after`."""

    def span(self, sighting: int) -> str:
        """Return what it expects of one sighting in a phrase: the middle, and the 90 % range."""
        low, middle, high = (words.number(value, value, value, "1") for value in _three(self.expected[sighting]))
        return f"{middle} ({low} to {high})"


@dataclass
class Weighed:
    """Hypotheses weighed: `priors` are their probabilities before anything was seen, `stated` those of the case, `found` how each was run.

    `hidden` observations of its series are known only later, `unheard` ones have a grade that the rules do not hear; `doubled` are the numbers that bear on what was seen and
    whose reason cites what is weighed.
    """

    case: Case
    options: Options
    rivals: Rivals = field(repr=False)
    priors: dict[str, float]
    stated: dict[str, float]
    found: dict[str, Rival]
    hidden: int
    unheard: int
    doubled: dict[str, list[str]]
    seconds: dict[str, float]

    def with_priors(self, wanted: Mapping[str, float]) -> Weighed:
        """Return the same runs weighed with other prior probabilities; hypotheses that are not named share what is left in their own proportions. Raises RunError."""
        for name in wanted:
            if name not in self.found:
                near = nearest(name, list(self.found))
                raise RunError(f"unknown hypothesis {name!r}; one of {', '.join(self.found)}" + (f"; did you mean {near!r}?" if near else ""))
        try:
            return replace(self, priors=odds.reweighed(self.stated, wanted))
        except ValueError as error:
            raise RunError(f"prior probabilities {', '.join(f'{name}={p:g}' for name, p in wanted.items())} {error}; each above 0, and 1 together") from None

    @functools.cached_property
    def standings(self) -> dict[str, Standing]:
        """How each hypothesis stands."""
        return odds.standings(self.priors, {name: one.evidence for name, one in self.found.items()})

    @property
    def lead(self) -> str:
        """The hypothesis that is most probable after what was seen."""
        return max(self.standings, key=lambda name: self.standings[name].posterior)

    @property
    def refusal(self) -> str:
        """Why nothing can be said, or an empty string."""
        for name, one in self.found.items():
            for what, evidence in {
                "what was seen": one.evidence,
                **{f"it without {self.speaker(origin)}": left for origin, left in one.without.items()},
            }.items():
                if not evidence.sound:
                    return (
                        f"nothing can be said of how the hypotheses stand: too few runs of {name!r} come near {what} ({evidence.effective:.0f} of {evidence.draws} count, "
                        f"{odds.FEWEST} are needed; its evidence is known to a factor of {math.exp(min(evidence.error, 99)):.2g}); is it possible at all?"
                    )
        return ""

    def speaker(self, origin: str) -> str:
        """Return the name of an origin for people."""
        return self.case.ledger.speaker(origin)

    @functools.cached_property
    def without(self) -> dict[str, dict[str, float]]:
        """The probability of each hypothesis had an origin reported nothing, by origin."""
        origins = next(iter(self.found.values())).without
        return {origin: odds.posteriors(self.priors, {name: one.without[origin].log for name, one in self.found.items()}) for origin in origins}

    @functools.cached_property
    def evidence(self) -> dict[str, dict[str, float]]:
        """What each origin does to each hypothesis, in bits: above nought for it, below against it; the strongest for it first."""
        found = {name: {origin: odds.bits(one.posterior, left[name]) for origin, left in self.without.items()} for name, one in self.standings.items()}
        return {name: dict(sorted(by_origin.items(), key=lambda entry: -entry[1])) for name, by_origin in found.items()}

    @functools.cached_property
    def answers(self) -> dict[str, tuple[Answer, Answer]]:
        """The answers before and after what was seen, by question."""
        scale, before, after = self.case.ledger.scales[0], self.weights_before, self.weights_after
        made: dict[str, tuple[Answer, Answer]] = {}
        for name in self.options.only:
            asked, values = self.rivals.asked[name], [np.concatenate([getattr(one, when)[name] for one in self.found.values()]) for when in ("before", "after")]
            made[name] = (questions.answer(asked, values[0], float("nan"), scale, before), questions.answer(asked, values[1], float("nan"), scale, after))
        return made

    @property
    def left(self) -> dict[str, tuple[dict[str, Array], Array]]:
        """The answers of each hypothesis by question, shape (draws,), after what was seen, and how much each draw counts; the weights of one add up to 1."""
        return {name: (one.after, one.weights) for name, one in self.found.items()}

    @property
    def weights_before(self) -> Array:
        """The weight of every draw that answers before what was seen, hypothesis after hypothesis; they add up to 1."""
        sizes = {name: len(next(iter(one.before.values()))) for name, one in self.found.items()}
        return np.concatenate([np.full(size, self.priors[name] / size) for name, size in sizes.items()])

    @property
    def weights_after(self) -> Array:
        """The weight of every draw that answers after it."""
        return np.concatenate([self.standings[name].posterior * one.weights for name, one in self.found.items()])

    @property
    def counting(self) -> float:
        """How many draws count after what was seen, all hypotheses together."""
        return 1 / sum(one.posterior**2 / max(one.evidence.effective, 1e-300) for one in self.standings.values())

    @functools.cached_property
    def hinges(self) -> list[Hinge]:
        """The uncertain numbers on which the odds of the leading hypothesis hang, the most first."""
        return odds.hinges({name: one.posterior for name, one in self.standings.items()}, {name: one.thirds for name, one in self.found.items()}, self.lead)

    @property
    def hangs_on(self) -> str:
        """What the result hangs on first, as a sentence: the prior odds, or the uncertain number that moves the leading hypothesis most."""
        return str(self.hangs(ENGLISH, {name: repr(name) for name in self.found}))

    def hangs(self, language: Language, called: Mapping[str, Said]) -> Phrase:
        """Return the same in a language, with hypotheses and numbers as they are called there."""
        lead, now = self.lead, self.standings[self.lead].posterior
        by_odds, number = odds.bits(now, self.even[lead]), next(iter(self.hinges), None)
        if max(abs(by_odds), abs(number.swing) if number else 0.0) < WEAK:
            return language.say("hangs on nothing", lead=called[lead], factor=language.decimals(f"{2**WEAK:.2g}"))
        if number is None or abs(by_odds) >= abs(number.swing):
            return language.say("hangs on odds", lead=called[lead], even=words.share(self.even[lead], language), now=words.share(now, language))
        prior = self.rivals.numbers(lead)[number.stream]
        least, middle, most = map(float, prior.percentiles((5, 50, 95)))
        low, high = (spread(self.case, (end, end, end), prior.unit, language) for end in number.ends)
        assumed = language.word("assumed" if not (prior.pool and prior.pool.heard()) else "partly assumed")
        return language.say(
            "hangs on number", number=called.get(number.stream) or identifier(number.stream), assumed=assumed,
            said=spread(self.case, (least, middle, most), prior.unit, language), lead=called[lead], low=low, high=high,
            lowest=words.share(number.posterior[0], language), highest=words.share(number.posterior[1], language),
        )  # fmt: skip

    @property
    def moved(self) -> list[str]:
        """The hypotheses of which draws were aimed at or moved to what was seen."""
        return [name for name, one in self.found.items() if one.aimed or one.steps]

    @property
    def counted(self) -> int:
        """How many observations were weighed."""
        return len({id(row) for one in self.rivals.sightings for row in one.rows})

    @property
    def draws(self) -> int:
        """Draws of each hypothesis."""
        return self.options.draws

    @functools.cached_property
    def panel(self) -> Panel:
        """What the same runs make of the prior probabilities of each analyst, and of all of them pooled. Raises RunError where the case names none."""
        analysts.needed(self.case)
        return Panel(analysts.prepare(self.case), {name: one.evidence for name, one in self.found.items()})

    @functools.cached_property
    def grid(self) -> list[Line]:
        """The view in marks: a row for each sighting taken alone, the one that tells most first, and one for all of them together."""
        rows = [line(", ".join(self.seen(i)), {name: self._alone(name, i) for name in self.found}) for i in range(len(self.rivals.sightings))]
        whole = line("everything together", {name: one.evidence for name, one in self.found.items()})
        return [*sorted(rows, key=lambda row: (not row.sound, -row.diagnosticity)), whole]

    def _alone(self, name: str, sighting: int) -> Evidence:
        """Return the evidence of a hypothesis had nothing been seen but one sighting."""
        term, expected = self.rivals.sightings[sighting].term, self.found[name].expected[sighting : sighting + 1]
        found = odds.reweighted(log_likelihood([term], expected))
        if found.sound:
            return found
        return temper(self.rivals.likelihood(name, self.options.seed, [sighting]), len(self.rivals.coordinates), self.options.seed).evidence

    def seen(self, sighting: int) -> tuple[str, str, str]:
        """Return what was seen for people: of what and by whom, on which days, and how much."""
        one = self.rivals.sightings[sighting]
        alike = one.first.replace(day=1) == one.last.replace(day=1)
        days = str(one.first) if one.first == one.last else f"{one.first}..{one.last.day:02}" if alike else f"{one.first}..{one.last}"
        count = f"1 {one.unit}" if one.term.seen == 1 else words.number(one.term.seen, one.term.seen, one.term.seen, one.unit)
        what = f"{one.observable}{'' if one.rows else ', other days of the watch'} ({self.speaker(one.origin)})"
        return what, days, f"{one.term.bound} {count}".strip()

    @property
    def notes(self) -> list[str]:
        """What a reader must know of how it was weighed, a line each."""
        made = [f"{one!r} and {other!r} expect the same of everything that was seen: nothing here can tell them apart." for one, other in self.alike]
        made += [
            f"{one.aimed} more draws of {name!r} were aimed at what was seen, for too few came near it by themselves."
            for name, one in self.found.items()
            if one.aimed
        ]
        made += [
            f"Draws of {name!r} were moved to what was seen by tempering, in {one.steps} steps, for too few came near it by themselves."
            for name, one in self.found.items()
            if one.steps
        ]
        made.append(
            f"{self.counted} observations were weighed"
            + (f"; {self.hidden} more are known only after {self.case.as_of} and hidden" if self.hidden else "")
            + "."
        )
        if self.unheard:
            made.append(f"{self.unheard} have a grade that the rules do not hear.")
        if self.doubled:
            few = list(self.doubled)
            what = f"Reasons of {len(few)} assumptions cite" if len(few) > 1 else "The reason of one assumption cites"
            made.append(f"{what} what is weighed, so that it may count twice: {', '.join(few[:4])}{' and others' if len(few) > 4 else ''}.")
        took = ", ".join(f"{stage} {seconds:.2f} s" for stage, seconds in self.seconds.items())
        made.append(f"{self.options.draws} draws of each hypothesis, seed {self.options.seed}; {took}")
        return made

    def cell(self, answer: Answer, *, after: bool) -> Cell:
        """Return an answer as a table shows it, with the number of draws that it was counted from."""
        return Cell(answer.quantiles, answer.probability, round(self.counting if after else 1 / float((self.weights_before**2).sum())))

    @property
    def even(self) -> dict[str, float]:
        """The probability of each hypothesis had all been alike probable before."""
        return odds.posteriors(dict.fromkeys(self.found, 1 / len(self.found)), {name: one.evidence.log for name, one in self.found.items()})

    @property
    def alike(self) -> list[tuple[str, str]]:
        """Pairs of hypotheses that expect the same of everything seen."""
        return odds.alike({name: one.logs for name, one in self.found.items()})

    def json(self, *, panel: bool = False, grid: bool = False) -> dict[str, Any]:
        """Return what was found as plain data, with what is asked for besides. Raises RunError for analysts of a case that names none."""
        return {
            "case": self.case.name, "as_of": self.case.as_of.isoformat(), "rules": self.case.rule.name, "seed": self.options.seed, "draws": self.options.draws,
            "hangs_on": self.hangs_on,
            "hypotheses": [self._told(name) for name in self.found],
            "origins": {one.origin: self.speaker(one.origin) for one in self.rivals.sightings},
            "without": self.without, "even": self.even, "alike": self.alike,
            "hinges": [{"number": one.stream, "thirds": one.ends, self.lead: one.posterior} for one in self.hinges[:5]],
            "answers": [
                {"id": name, "text": before.asked.text, "unit": before.asked.unit, "prior": _plain(before), "posterior": _plain(after)}
                for name, (before, after) in self.answers.items()
            ],
            "sightings": [
                {"observable": one.observable, "origin": one.origin, "first": one.first.isoformat(), "last": one.last.isoformat(), "seen": one.term.seen,
                 "bound": one.term.bound, "unit": one.unit, "expected": {name: _three(rival.expected[i]) for name, rival in self.found.items()}}
                for i, one in enumerate(self.rivals.sightings)
            ],
            "hidden": self.hidden, "unheard": self.unheard, "doubled": self.doubled, "seconds": self.seconds,
            **({"analysts": self.panel.json()} if panel else {}), **({"grid": [row.json() for row in self.grid]} if grid else {}),
        }  # fmt: skip

    def second_opinion(self, walkers: int = 200, steps: int = 1000) -> Walked:
        """Return the odds by a second method that shares no sampler code with the first, from walkers that go so many steps."""
        from materiel.analysis.walking import walk

        terms = [one.term for one in self.rivals.sightings]

        def logs(scores: Array) -> dict[str, Array]:
            return {name: log_likelihood(terms, one) for name, one in self.rivals.at(scores, self.options.seed).items()}

        return walk(logs, self.priors, len(self.rivals.coordinates), self.options.seed, walkers, steps)

    def twins(self, count: int = 200, draws: int = 4000) -> Twins:
        """Return so many twins of the case weighed: are the stated probabilities right?"""
        from materiel import twins

        return twins.weigh(self.rivals, self.priors, draws, self.options.seed, count)

    def data(self) -> xarray.DataTree:
        """Return draws before and after what was seen, and what was seen, in the groups of ArviZ."""
        from materiel.groups import tree

        everybody = list(self.found.values())
        sides = {
            "prior": (self.weights_before, [(one.before, one.expected[:, : len(next(iter(one.before.values())))]) for one in everybody]),
            "posterior": (self.weights_after, [(one.after, one.left) for one in everybody]),
        }
        said = {
            "case": self.case.name, "case_sha256": self.case.digest, "as_of": self.case.as_of.isoformat(), "rules": self.case.rule.name, "seed": self.options.seed,
            "draws": self.options.draws,
        }  # fmt: skip
        return tree(self.rivals, sides, self.priors, [one.logs for one in everybody], self.options.only, said)

    def save(self, path: str | Path) -> Path:
        """Write these groups into a netCDF file and return its path. Raises RunError when it cannot be written."""
        held = encoded(self.data())
        try:
            Path(path).parent.mkdir(parents=True, exist_ok=True)
            disk.replace(Path(path), lambda made: made.write_bytes(held))
        except OSError as error:
            raise RunError(f"{path} cannot be written: {error.strerror}") from None
        return Path(path)

    def _told(self, name: str) -> dict[str, Any]:
        one, evidence = self.standings[name], self.found[name].evidence
        return {
            "id": name, "text": self.case.hypotheses[name].text, "prior": one.prior, "posterior": one.posterior, "error": one.error, "log_evidence": evidence.log,
            "method": evidence.method, "effective": evidence.effective, "k": evidence.k if np.isfinite(evidence.k) else None, "bits": self.evidence[name],
        }  # fmt: skip


def _plain(answer: Answer) -> dict[str, float | None]:
    return {f"p{percent}": value for percent, value in answer.quantiles.items()} | ({} if answer.probability is None else {"probability": answer.probability})


def _three(values: Array) -> list[float]:
    return [float(value) for value in np.quantile(values, (0.05, 0.5, 0.95))]
