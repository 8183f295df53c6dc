"""What readers believe of a run: its draws are weighed anew, without any more, for answers and for their curves over time.

Whom readers trust, and what they leave out, weighs the draws of the run itself: how likely its numbers would be then, over how likely they are now. How likely they hold each
rival hypothesis weighs draws that each hypothesis has of its own, those that stand for what is left of it after what was seen.
"""

from __future__ import annotations

import functools
import threading
from collections import OrderedDict
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from materiel import rivals
from materiel.analysis import beliefs, drivers, lineage, odds, questions, words
from materiel.analysis.beliefs import Heard
from materiel.analysis.drivers import Inputs
from materiel.analysis.questions import Answer
from materiel.case.model import Case
from materiel.engine import ensemble
from materiel.engine.draws import Uniform
from materiel.engine.reference import Outcome
from materiel.errors import RunError, nearest
from materiel.evidence.pooling import Prior
from materiel.evidence.vocabulary import Scale
from materiel.language import Language
from materiel.options import Options
from materiel.preparation import Prepared
from materiel.report.rivalry import CERTAIN
from materiel.results import FAN, Curve
from materiel.study import WEIGHED, Study
from materiel.web.playing import SEED, Drawn, Played, Player
from materiel.weighed import Weighed

Array = npt.NDArray[np.float64]

MOST_TRUST = 4.0
"""How many times as much as its grade says a voice may be trusted."""
KEPT = 3
"""Runs that are kept ready to be weighed."""


@dataclass(frozen=True)
class Believed:
    """An answer as somebody believes it, with the weights of its draws (None where they are as they were), how many of them count, and its curve over time, if it has one.

    `untold` where what is left out changes what others say, so that these draws cannot tell.
    """

    answer: Answer
    weights: Array | None = field(repr=False)
    effective: float
    curve: Curve | None
    untold: bool = False

    @property
    def enough(self) -> bool:
        """Whether enough draws agree with what is believed for anything to be said."""
        return not self.untold and self.effective >= lineage.FEWEST

    def differs(self, other: Believed) -> bool:
        """Whether its draws count otherwise than in another."""
        if self.weights is None or other.weights is None:
            return self.weights is not other.weights
        return not np.array_equal(self.weights, other.weights)


class Ordered:
    """A question draw by draw, over time if it has a chart, sorted once, so that quantiles under any weights are sums."""

    def __init__(self, answer: Answer, drawn: Drawn | None, scale: Scale) -> None:
        """Sort the draws of every moment."""
        self.answer, self.drawn, self.scale = answer, drawn, scale
        if drawn is not None:
            self.order = np.argsort(drawn.values, axis=1).astype(np.int32)
            self.values = np.take_along_axis(drawn.values, self.order, axis=1)

    @functools.cached_property
    def plain(self) -> Curve | None:
        """The curve of draws that all count alike, as a run has it."""
        return None if self.drawn is None else self.drawn.curve

    def weighed(self, weights: Array, *, untold: bool = False) -> Believed:
        """Return the answer and its curve where draws count by some weights, shape (draws,), whatever these add up to."""
        whole = float(weights.sum())
        if whole == 0.0:  # no draw agrees at all
            return Believed(self.answer, None, 0.0, self.plain, untold)
        weights = weights / whole
        found = questions.answer(self.answer.asked, self.answer.values, float("nan"), self.scale, weights)
        return Believed(found, weights, 1 / float((weights**2).sum()), self._curve(weights), untold)

    def _curve(self, weights: Array) -> Curve | None:
        """Return quantiles over time: at each moment the least value that such a share of the weight does not exceed."""
        if self.drawn is None:
            return None
        reached = np.cumsum(weights[self.order], axis=1)
        at = np.array([(reached < part * reached[:, -1:]).sum(axis=1) for part in FAN])
        made = self.values[np.arange(len(self.values)), np.minimum(at, len(weights) - 1)]
        return Curve(self.drawn.text, self.drawn.unit, self.drawn.on, self.drawn.days, made.astype(np.float64))


class Voices:
    """One run, whose draws are weighed by whom its readers trust. `fixed` are numbers that were set, by path or stream: nobody's word counts there."""

    def __init__(self, prepared: Prepared, played: Played, seed: int, fixed: Collection[str] = ()) -> None:
        """Draw the uncertain numbers of the run again."""
        self.prepared, self.played, self.seed, self.fixed = prepared, played, seed, frozenset(fixed)
        self.case: Case = prepared.case
        self.count = played.draws
        self.inputs: Inputs = drivers.inputs(self._loose(prepared.numbers(prepared.passes)), seed, played.draws)
        self._ordered: dict[str, Ordered] = {}
        self._numbers: dict[str, list[Heard]] = {}
        self._led: dict[str, tuple[Inputs, set[str]]] = {}

    def believe(self, question: str, trust: Mapping[str, float], dropped: Collection[str] = ()) -> Believed:
        """Return an answer where each origin in `trust` is trusted so many times as much as its grade says, and sources and origins are left out. Raises RunError for unknown ones."""
        self.check(trust)
        gone = self.case.ledger.resting_on({claim for name in dropped for claim in self.case.ledger.named(name)})
        answer, weights = self.played.answers[question], np.ones(self.count)
        moved = untold = False
        for one in self.numbers(question):
            prior = self._prior(question, one)
            silent = lineage.unheard(prior, gone) if prior.pool is not None and not gone.isdisjoint(prior.pool.origins) else np.ones(len(one.weights))
            untold |= silent is None
            now = one if silent is None else replace(one, weights=one.weights * silent)
            factors = {origin: trust[origin] for origins in one.origins for origin in origins if trust.get(origin, 1.0) != 1.0}
            if factors or (silent is not None and not (silent == 1.0).all()):
                moved = True
                weights *= (now.trusted(factors) / one.weights) @ one.shares
        if not moved:
            return Believed(answer, None, float(self.count), self.ordered(question).plain, untold)
        return self.ordered(question).weighed(weights, untold=untold)

    def check(self, trust: Mapping[str, float]) -> None:
        """Refuse trust that nobody can have. Raises RunError."""
        for origin, factor in trust.items():
            if origin not in self.origins:
                near = nearest(origin, list(self.origins))
                raise RunError(f"unknown voice {origin!r}" + (f"; did you mean {near!r}?" if near else f"; one of {', '.join(self.origins)}"))
            if not 0.0 <= factor <= MOST_TRUST:
                raise RunError(f"trust of {factor:g} in {origin!r}; from 0 to {MOST_TRUST:g} times as graded")

    @functools.cached_property
    def origins(self) -> dict[str, None]:
        """Whoever speaks of a number of the case, set or not."""
        numbers = [one for prior in self.prepared.numbers(self.prepared.passes) for one in (prior.mix or (prior,))]
        return {origin: None for one in numbers for part in one.parts for origin in part.origins}

    def ordered(self, question: str) -> Ordered:
        """Return a question with its draws sorted."""
        if question not in self._ordered:
            self._ordered[question] = Ordered(self.played.answers[question], self.played.curves.get(question), self.case.ledger.scales[0])
        return self._ordered[question]

    def numbers(self, question: str) -> list[Heard]:
        """Return the numbers that voices speak of and an answer visibly hangs on; as in the report, what is correlated with numbers behind a key answer knows whom it listened to."""
        if question not in self._numbers:
            leading = {name: self._leading(name) for name in dict.fromkeys([*self._keys, question])}
            priors = [prior for given, streams in leading.values() for prior in given.heard if prior.stream in streams]
            mine = leading[question][1]
            self._numbers[question] = [one for one in beliefs.heard(priors, self.seed, self.count) if one.stream in mine]
        return self._numbers[question]

    @functools.cached_property
    def _keys(self) -> list[str]:
        """The key questions that have an answer in every draw, as the report takes them."""
        asked = self.prepared.asked
        keys = [name for name, one in asked.items() if one.key] or list(asked)[:5]
        return [name for name in keys if name in self.played.answers and np.isfinite(self.played.answers[name].values).all()]

    def _leading(self, question: str) -> tuple[Inputs, set[str]]:
        """Return the numbers of a question, and which of them it visibly hangs on."""
        if question not in self._led:
            given = self.inputs.of(self._loose(self.prepared.numbers(self.prepared.read_in(question))))
            self._led[question] = given, drivers.visible(given, self.played.answers[question].values)
        return self._led[question]

    def _prior(self, question: str, one: Heard) -> Prior:
        return next(prior for prior in self._leading(question)[0].heard if prior.stream == one.stream)

    def _loose(self, priors: list[Prior]) -> list[Prior]:
        return [prior for prior in priors if prior.path not in self.fixed and prior.stream not in self.fixed]


class Readings:
    """The rival hypotheses of a case, weighed by what was seen: their draws, and, for some questions, curves of these."""

    def __init__(self, name: str, found: Weighed) -> None:
        """Run the draws that stand for each hypothesis once more, for curves. Raises CaseError, RunError."""
        self.found = found
        self.stated = found.stated
        self.weights = np.concatenate([one.weights for one in found.found.values()])
        self.sizes = [len(one.weights) for one in found.found.values()]
        asked = found.rivals.asked
        values = {key: np.concatenate([one.after[key] for one in found.found.values()]) for key in found.options.only}
        over_time = _courses(name, found)
        scale = found.case.ledger.scales[0]
        self.ordered = {key: Ordered(questions.answer(asked[key], one, float("nan"), scale), over_time.get(key), scale) for key, one in values.items()}

    def priors(self, wanted: Mapping[str, float]) -> dict[str, float]:
        """Return prior probabilities that add up to 1, in the order of the case. Raises RunError.

        Hypotheses that are not named share what is left in their own proportions. Where all are named, what counts is how they stand to each other; where all are nought, the case's own stand.
        """
        for name, prior in wanted.items():
            if name not in self.stated:
                near = nearest(name, list(self.stated))
                raise RunError(f"unknown hypothesis {name!r}; one of {', '.join(self.stated)}" + (f"; did you mean {near!r}?" if near else ""))
            if not 0.0 <= prior <= 1.0:
                raise RunError(f"prior probability {prior:g} of {name!r}; from 0 to 1")
        whole, rest = sum(wanted.values()), sum(prior for name, prior in self.stated.items() if name not in wanted)
        if len(wanted) == len(self.stated):
            return {name: wanted[name] / whole for name in self.stated} if whole > 0 else dict(self.stated)
        if whole > 1.0:
            raise RunError(f"prior probabilities of {', '.join(wanted)} add up to {whole:g}; 1 at most, the others sharing what is left")
        return {name: wanted[name] if name in wanted else prior / rest * (1.0 - whole) for name, prior in self.stated.items()}

    def posteriors(self, priors: Mapping[str, float]) -> dict[str, float]:
        """Return how likely each hypothesis is after what was seen."""
        possible = {name: prior for name, prior in priors.items() if prior > 0}
        left = odds.posteriors(possible, {name: self.found.standings[name].evidence.log for name in possible})
        return {name: left.get(name, 0.0) for name in priors}

    def believe(self, question: str, priors: Mapping[str, float]) -> Believed:
        """Return an answer over all hypotheses where they have some prior probabilities."""
        if question not in self.ordered:
            raise RunError(f"question {question!r} is not answered over all hypotheses; one of {', '.join(self.ordered)}")
        return self.ordered[question].weighed(np.repeat(list(self.posteriors(priors).values()), self.sizes) * self.weights)


def _courses(name: str, found: Weighed) -> dict[str, Drawn]:
    """Return the courses over time of the draws that stand for each hypothesis, hypothesis after hypothesis."""
    ready = rivals.readings(name, {}, found.options, found.case)
    passes, firsts = rivals.in_a_row(ready.prepared)
    simulator = ensemble.Simulator(passes, next(iter(ready.prepared.values())).settings)
    made: dict[str, list[Drawn]] = {}
    for (one, prepared), first in zip(ready.prepared.items(), firsts, strict=True):
        for key, drawn in _courses_of(simulator, first, prepared, found.found[one].drawn, len(found.found[one].weights)).items():
            made.setdefault(key, []).append(drawn)
    return {key: replace(drawn[0], values=np.concatenate([one.values for one in drawn], axis=1)) for key, drawn in made.items()}


def _courses_of(simulator: ensemble.Simulator, first: int, prepared: Prepared, uniform: Uniform, count: int) -> dict[str, Drawn]:
    """Return the courses over time of some draws of a run, by question; its passes are those of the simulator from the `first` on."""
    only, settings = range(first, first + len(prepared.passes)), prepared.settings
    drawn = simulator.sampler_of(only).at(uniform, count)
    fans = {i: [prepared.asked[name] for name in names if prepared.asked[name].fan] for i, names in enumerate(prepared.branches.values(), first)}
    records = {one.id: np.empty((simulator.passes[i].steps // settings.every, count)) for i, asked in fans.items() for one in asked}

    def take(i: int, part: range, outcome: Outcome) -> None:
        ran = simulator.passes[i]
        for one, slot in zip(fans[i], ran.fans, strict=True):
            records[one.id][:, part.start : part.stop] = outcome.series(ran.recorded.index(slot))

    simulator.each(count, only, lambda part: drawn[:, part.start : part.stop], take)
    return {one.id: Drawn.of(one, simulator.passes[i], settings, records[one.id]) for i, asked in fans.items() for one in asked}


def without_seen(case: Case, dropped: Collection[str]) -> Case:
    """Return a case without what sources and origins that are left out observed, as it is read without them."""
    left = [one for one in case.observations if {one.source, one.origin, case.ledger.sources[one.source].publisher}.isdisjoint(dropped)]
    return case if len(left) == len(case.observations) else replace(case, observations=left)


def answers(side: Mapping[str, Believed]) -> dict[str, Answer]:
    """Return the answers by question."""
    return {name: one.answer for name, one in side.items()}


def curves(side: Mapping[str, Believed]) -> dict[str, Curve]:
    """Return the curves of those questions that have one."""
    return {name: one.curve for name, one in side.items() if one.curve is not None}


@dataclass(frozen=True)
class Found:
    """Answers as they are believed `now` and as they were `before`, by question, of how many draws, and each hypothesis with its prior and posterior probability, where these were weighed."""

    now: Mapping[str, Believed]
    before: Mapping[str, Believed]
    draws: int
    standings: Mapping[str, tuple[float, float]] | None = None

    @property
    def effective(self) -> float:
        """How many draws count where they are fewest."""
        return min(one.effective for one in self.now.values())

    @property
    def enough(self) -> bool:
        """Whether something can be said of every answer."""
        return all(one.enough for one in self.now.values())

    def said(self, language: Language) -> str:
        """Return how far the draws bear what is believed, as a sentence."""
        if any(one.untold for one in self.now.values()):
            return language.word("belief untold")
        count = language.count(round(self.effective))
        if not self.enough:
            return language.word("belief too far", effective=count, fewest=language.count(lineage.FEWEST))
        moved = any(one.differs(self.before[name]) for name, one in self.now.items())
        return language.word("belief weighed", effective=count, draws=language.count(self.draws)) if moved else language.word("belief as it was")

    def readings(self, language: Language) -> list[dict[str, Any]] | None:
        """Return how the hypotheses stand as plain data, None where they were not weighed."""
        if self.standings is None:
            return None
        return [
            {"id": name, "prior": prior, "posterior": posterior, "shown": words.percent(posterior, CERTAIN, language)}
            for name, (prior, posterior) in self.standings.items()
        ]


class Beliefs:
    """What readers of one case believe of its runs; `play` gives the full run with some levers set. Threads may share it."""

    def __init__(self, name: str, player: Player, play: Callable[[Mapping[str, str], int], Played]) -> None:
        """Weigh nothing yet."""
        self.name, self.player, self.play = name, player, play
        self._voices: OrderedDict[tuple[object, ...], Voices] = OrderedDict()
        self._readings: Readings | None = None
        self._running, self._weighing = threading.Lock(), threading.Lock()

    def believe(
        self,
        names: Collection[str],
        changes: Mapping[str, str],
        seed: int,
        trust: Mapping[str, float],
        dropped: Collection[str],
        odds: Mapping[str, float] | None,
    ) -> Found:
        """Return some answers as they are believed. Raises RunError for what nobody can believe, and for voices and hypotheses weighed at once: each has draws of its own."""
        if odds is None:
            voices = self.voices(changes, seed)
            before = {name: voices.believe(name, {}) for name in names}
            return Found({name: voices.believe(name, trust, dropped) for name in names}, before, voices.count)
        if any(factor != 1.0 for factor in trust.values()) or dropped:
            raise RunError("either voices are trusted otherwise or hypotheses are held likelier, not both at once: each is weighed on draws of its own")
        if changes:
            raise RunError("hypotheses are weighed for the case as it stands: take back what was set first")
        if seed != SEED:
            raise RunError(f"hypotheses are weighed on the draws of seed {SEED} alone, which are made once for all who ask; not on those of seed {seed}")
        readings = self.readings
        priors, stated = readings.priors(odds), readings.stated
        now, before = ({name: readings.believe(name, one) for name in names} for one in (priors, stated))
        posteriors = readings.posteriors(priors)
        return Found(now, before, len(readings.weights), {name: (priors[name], posteriors[name]) for name in priors})

    def ready(self, changes: Mapping[str, str], seed: int, odds: Mapping[str, float] | None) -> bool:
        """Say whether what is believed can be weighed without running anything first."""
        return _key(changes, seed) in self._voices if odds is None else self._readings is not None

    def voices(self, changes: Mapping[str, str], seed: int) -> Voices:
        """Return a run ready to be weighed by whom readers trust, kept from before if it is."""
        key = _key(changes, seed)
        with self._running:
            if key not in self._voices:
                self._voices[key] = Voices(self.player.prepared, self.play(changes, seed), seed, changes)
                while len(self._voices) > KEPT:
                    self._voices.popitem(last=False)
            self._voices.move_to_end(key)
            return self._voices[key]

    @property
    def readings(self) -> Readings:
        """Return the hypotheses of the case weighed as its report weighs them: for the key questions and all that have a chart. Raises RunError where there are none."""
        asked = self.player.prepared.asked
        with self._weighing:
            if self._readings is None:
                only = tuple(name for name, one in asked.items() if one.key or one.fan)
                found = Study(self.name).weighed(Options(draws=WEIGHED, seed=SEED, only=only), {})
                self._readings = Readings(self.name, found)
            return self._readings


def _key(changes: Mapping[str, str], seed: int) -> tuple[object, ...]:
    """Return what tells one run from another."""
    return tuple(sorted(changes.items())), seed
