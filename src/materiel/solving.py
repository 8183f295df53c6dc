"""Solving: how far a decision can go and still keep a question's probability above a bound.

The number that is decided is set to one value after another; all are run on the same draws by one kernel, since nothing but that number differs.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from materiel import preparation, units
from materiel.analysis import chance, crossings, questions, words
from materiel.analysis.chance import Chance
from materiel.analysis.crossings import Axis, Crossed
from materiel.case.changes import Change as Changed
from materiel.case.model import Case
from materiel.case.schema import Question
from materiel.engine import ensemble, laws
from materiel.engine.draws import sample
from materiel.equations import NEVER
from materiel.errors import CaseError, Place, Problem, RunError, nearest
from materiel.evidence.pooling import Prior
from materiel.options import Options
from materiel.preparation import Prepared
from materiel.quantities import NUMBER

Array = npt.NDArray[np.float64]

CHANGE, KEEP = "--change", "--keep"
"""Where what is asked was read: as the command line calls it."""

POINTS = 9
"""Values of the grid, if nothing else is said."""

DECADES = 100.0
"""From this ratio of the ends on, values rise by even factors rather than by even steps."""

_DAY = r"\d{4}-\d{2}-\d{2}"
_ENDS = re.compile(rf"\s*({_DAY}|{NUMBER})\s*\.\.\s*({_DAY}|{NUMBER})(?:\s+(.*\S))?\s*$")
_KEPT = re.compile(r"\s*(\S+)\s+(above|below)\s+(.*\S)\s+with\s+(\d+(?:\.\d+)?)\s*%\s*$")
_HOW_TO_CHANGE = "NUMBER=LOW..HIGH UNIT, or NUMBER=DAY..DAY"
_HOW_TO_KEEP = "`QUESTION above VALUE with P %`, or below"


@dataclass(frozen=True)
class Change:
    """A number of a case and the values to try, in the unit in which they were written; days are counted as `date.toordinal` does."""

    number: str
    axis: Axis
    unit: str
    date: bool
    column: int

    def raw(self, value: float) -> str:
        """Return a value as a case would write it."""
        return datetime.date.fromordinal(round(value)).isoformat() if self.date else f"{value!r} {self.unit}".strip()

    def shown(self, value: float) -> str:
        """Return a value for a table, so that neighbours differ."""
        return self.raw(value) if self.date else f"{value:.4g}{words.plural(self.unit)}"

    def said(self, value: float, among: tuple[float, float] | None = None) -> str:
        """Return a value in words, rounded as one of a few between two others, or of any."""
        if self.date:
            return self.raw(value)
        low, high = among or (self.axis.low, self.axis.high)
        return words.number(value, low, high, self.unit)


@dataclass(frozen=True)
class Tried:
    """A value that was tried, and how likely it keeps what is asked."""

    value: float
    kept: Chance
    draws: int


@dataclass(frozen=True)
class Solution:
    """How far a number can go.

    `wanted` is the probability to keep, of a question to come out `side` (above or below) `bound` in its unit. `tried` holds the grid and all that was tried between, in
    rising order; `stretches` what satisfies, each end tried; `course` how the probability goes along: it `rises`, `falls`, `stays` or `turns`. `answer` is the `end` of it
    all (largest or smallest), None where no value does, and `interval` its 90 % Monte-Carlo interval: an end is None where it may be that no value does at all.
    `best` is the value with the highest probability.
    """

    case: str
    number: str
    unit: str
    low: float
    high: float
    question: str
    text: str
    side: str
    bound: float
    bound_unit: str
    wanted: float
    course: str
    end: str
    answer: float | None
    interval: tuple[float | None, float | None]
    stretches: list[tuple[float, float]]
    best: Tried
    tried: list[Tried]
    draws: int
    seed: int
    sentence: str
    grid: list[float]
    change: Change

    @property
    def shown(self) -> list[Tried]:
        """What tells the story: the grid, and the ends of what satisfies."""
        ends = {end for stretch in self.stretches for end in stretch}
        return [one for one in self.tried if one.value in ends or one.value in self.grid]

    def json(self) -> dict[str, Any]:
        """Return all of it as plain data; days as dates."""

        def plain(value: float | None) -> float | str | None:
            return self.change.raw(value) if self.change.date and value is not None else value

        def row(one: Tried) -> dict[str, Any]:
            return {"value": plain(one.value), "probability": one.kept.probability, "low": one.kept.low, "high": one.kept.high}

        return {
            "case": self.case, "number": self.number, "unit": self.unit, "from": plain(self.low), "to": plain(self.high), "question": self.question, "text": self.text,
            self.side: self.bound, "bound_unit": self.bound_unit, "wanted": self.wanted, "course": self.course, "end": self.end, "answer": plain(self.answer),
            "interval": [plain(value) for value in self.interval], "interval_covers": chance.COVER, "stretches": [[plain(a), plain(b)] for a, b in self.stretches],
            "best": row(self.best), "tried": [row(one) for one in self.tried], "draws": self.draws, "seed": self.seed, "sentence": self.sentence,
        }  # fmt: skip


def solve(
    name: str | Path, more: Mapping[str, Question], change: str, keep: str, options: Options, *, end: str = "", points: int = POINTS,
    report: Callable[[int, int], None] | None = None,
) -> Solution:  # fmt: skip
    """Return how far a number can go and keep a question's probability above a bound; `change` and `keep` are written as on the command line.

    `end` is `largest` or `smallest`; if empty, the smallest where all that do lie at the upper end, else the largest. `points` values make the grid. Raises CaseError with everything that is
    wrong with what is asked or becomes of the case, RunError when there is nothing to solve.
    """
    options.check()
    if points < 3:
        raise RunError(f"a grid of {points}; at least 3 values")
    problem = _Problem(name, more, options, change, keep)
    counter = _Counter(problem, report or (lambda _done, _all: None), points)
    found = crossings.find(counter.counts, problem.change.axis, points, problem.wanted, options.draws)
    return _solution(problem, found, end)


class _Problem:
    """What is asked, read and checked: the number and its range, the question and its bound, and what runs them. All problems are told together."""

    def __init__(self, name: str | Path, more: Mapping[str, Question], options: Options, change: str, keep: str) -> None:
        self.name, self.more, self.options = name, dict(more), options
        self.case = preparation.read(name, self.more, options.reading)
        asked = questions.prepare(self.case)
        problems: list[Problem] = []
        found = self._change(change, problems)
        kept = self._keep(keep, list(asked), problems)
        self.ends: dict[str, Mapping[str, tuple[float, float]]] = {}
        scenarios = {""} if kept is None else {asked[part].branch.scenario for part in (asked[kept[0]].parts or kept[:1])}
        if found is not None:
            self.change = found
            try:
                self.ends = {scenario: self._ends(scenario) for scenario in sorted(scenarios)}
            except CaseError as error:
                problems += error.problems
        if problems or kept is None:
            raise CaseError(problems)
        self.question, self.wanted = kept
        if not any(self.ends.values()):
            raise RunError(f"{self.change.number}: no number of the model follows it in this question")
        self.prepared: Prepared = preparation.prepare(name, self.more, replace(options, only=(self.question,)))
        self._given()

    def _given(self) -> None:
        """Raise RunError where what is changed is not in the model as it stands."""
        for branch, one in self.prepared.passes.items():
            known = {prior.path for _, prior in one.program.priors}
            for path in self.ends[branch.scenario]:
                if path not in known:
                    raise RunError(f"{path} is not given in {self.case.name}, so that it cannot be changed; give it a value there")

    def _change(self, text: str, problems: list[Problem]) -> Change | None:
        number, equals, written = text.partition("=")
        number, column = number.strip(), len(number) + 2
        prior = self._prior(number)
        found = _ENDS.match(written)
        if not equals and prior is not None and not prior.constant and not prior.mix:
            return self._own_range(number, prior)
        if not number or not found or bool(re.fullmatch(_DAY, found[1])) != bool(re.fullmatch(_DAY, found[2])):
            what = f"{number}: a constant has no range of its own" if number and not equals else f"{text!r} is no number with a range"
            problems.append(Problem(Place(CHANGE, 1, column if equals else 1), what, _HOW_TO_CHANGE))
            return None
        dated = bool(re.fullmatch(_DAY, found[1]))
        try:
            low, high = (float(datetime.date.fromisoformat(one).toordinal()) if dated else float(one) for one in (found[1], found[2]))
        except ValueError:
            problems.append(Problem(Place(CHANGE, 1, column), f"{written.strip()!r} is not a range of days", "days of the calendar as YYYY-MM-DD"))
            return None
        if not low < high < np.inf:
            problems.append(Problem(Place(CHANGE, 1, column), f"{written.strip()!r} does not rise", "the lower end first"))
            return None
        return Change(number, Axis(low, high, low > 0 and high >= DECADES * low, dated), (found[3] or "").strip(), dated, column)

    def _prior(self, number: str) -> Prior | None:
        """Return the number of the case by its path, or by that of the shared number it takes."""
        everything = [prior for one in self.case.components.values() for prior in one.priors()]
        return next((prior for prior in everything if number in (prior.path, prior.stream)), None)

    def _own_range(self, number: str, prior: Prior) -> Change:
        """Return an uncertain number with its own 90 % range."""
        low, high = (float(value) for value in np.quantile(sample(prior, self.options.seed, 0, 4096), (0.05, 0.95)))
        if prior.unit == "date":
            first, last = (float(self.case.date(min(value, NEVER)).toordinal()) for value in (low, high))
            return Change(number, Axis(first, last, whole=True), "", date=True, column=1)
        factor, unit = words.handy(units.plain(prior.unit), high)
        low, high = (float(f"{value * factor:.3g}") for value in (low, high))
        return Change(number, Axis(low, high, low > 0 and high >= DECADES * low), "" if unit == "1" else unit, date=False, column=1)

    def _keep(self, text: str, known: Sequence[str], problems: list[Problem]) -> tuple[str, float] | None:
        """Return the question and the probability to keep, having asked the question with its new bound."""
        found, place = _KEPT.match(text), Place(KEEP)
        if not found:
            problems.append(Problem(place, f"{text!r} is nothing that can be kept", _HOW_TO_KEEP))
            return None
        name, side, bound, percent = found.groups()
        wrong: list[Problem] = []
        if name not in known:
            wrong.append(Problem(place, f"unknown question {name!r}", ", ".join(known) or "none is asked", nearest(name, known)))
        if not 0 < float(percent) < 100:
            wrong.append(Problem(Place(KEEP, 1, found.start(4) + 1), f"a probability of {percent} %", "above 0 and below 100 %"))
        if name in known:
            self.more[name] = self.case.questions[name].model_copy(update={"threshold": {side: bound}})
            self.case.questions[name] = self.more[name]
            try:
                questions.prepare(self.case)
            except CaseError as error:
                wrong += [replace(problem, place=Place(KEEP, 1, found.start(3) + 1)) for problem in error.problems]
        problems += wrong
        return None if wrong else (name, float(percent) / 100.0)

    def _ends(self, scenario: str) -> dict[str, tuple[float, float]]:
        """Return the numbers that follow the change, by path, at its low and at its high end, in their canonical units; a scenario that a question is asked in comes after it.

        Both ends are checked as parts of the case. Raises CaseError, and RunError where a number does not simply become what is set.
        """
        low, high = (self._changed(scenario, value) for value in (self.change.axis.low, self.change.axis.high))
        made: dict[str, tuple[float, float]] = {}
        for path, one in low.components.items():
            for a, b in zip(one.priors(), high.components[path].priors(), strict=True):
                if a.parts == b.parts and a.mix == b.mix:
                    continue
                if not (a.constant and b.constant):
                    raise RunError(f"{self.change.number} is a part of {a.path}, not a number of its own; change {a.path} itself")
                made[a.path] = a.parts[0].distribution.values[0], b.parts[0].distribution.values[0]
        return made

    def _changed(self, scenario: str, value: float) -> Case:
        change = Changed(self.change.number, self.change.raw(value), "tried", Place(CHANGE, 1, self.change.column))
        return preparation.read(self.name, {}, self.options.reading.under(CHANGE).under(scenario), self.case, [change])


class _Counter:
    """Counts the draws in which a question is kept, value by value, on the same draws and by one kernel."""

    def __init__(self, problem: _Problem, report: Callable[[int, int], None], points: int) -> None:
        self.problem, self.report = problem, report
        self.passes = {branch: replace(one, recorded=(), fans=(), stem=None, leaves=0) for branch, one in problem.prepared.passes.items()}
        self.width = points
        self.settings = problem.prepared.settings
        axis = problem.change.axis
        self.simulator = ensemble.Simulator([one for i in range(points) for one in self._at(axis.high if i else axis.low)], self.settings)
        self.done = 0

    def counts(self, values: Sequence[float]) -> list[int]:
        """Return in how many draws the question is kept at each value. Raises RunError when a law is broken."""
        made: list[int] = []
        for first in range(0, len(values), self.width):
            made += self._batch(values[first : first + self.width])
        return made

    def _at(self, value: float) -> list[ensemble.Pass]:
        """Return the passes of the question with the number at a value."""
        share = (value - self.problem.change.axis.low) / (self.problem.change.axis.high - self.problem.change.axis.low)
        return [
            replace(one, fixed={**one.fixed, **{path: low * (1.0 - share) + high * share for path, (low, high) in self.problem.ends[branch.scenario].items()}})
            for branch, one in self.passes.items()
        ]

    def _batch(self, values: Sequence[float]) -> list[int]:
        whole = self.done + len(values) * len(self.passes) * self.settings.draws

        def tell(count: int) -> None:
            self.done += count
            self.report(self.done, whole)

        one_by_one = [self._at(value) for value in values]
        ((_, left),) = self.simulator.fixing([one for passes in one_by_one for one in passes]).work([range(self.settings.draws)], tell)
        for found in left:
            laws.check(found.laws, self.settings.engine)
        each = len(self.passes)
        return [self._kept(left[first : first + each]) for first in range(0, len(left), each)]

    def _kept(self, left: Sequence[ensemble.Ensemble]) -> int:
        prepared, kept = self.problem.prepared, dict[str, Array]()
        for names, found in zip(prepared.branches.values(), left, strict=True):
            kept |= dict(zip(names, found.kept, strict=True))
        one = prepared.asked[self.problem.question]
        drawn = questions.values(prepared.asked, kept)[one.id]
        assert one.threshold is not None
        side, bound = one.threshold
        return int(np.count_nonzero(drawn > bound if side == "above" else drawn < bound))


def _solution(problem: _Problem, found: Crossed, end: str) -> Solution:
    change, draws = problem.change, problem.options.draws
    asked = problem.prepared.asked[problem.question]
    assert asked.threshold is not None
    tried = [Tried(value, chance.counted(count, draws), draws) for value, count in found.counts.items()]
    largest = end == "largest" if end else found.largest
    answer, surely, perhaps = (_end(stretches, largest=largest) for stretches in (found.kept, found.surely, found.perhaps))
    interval = (surely, perhaps) if surely is None or perhaps is None or surely < perhaps else (perhaps, surely)
    best = max(tried, key=lambda one: one.kept.probability)
    made = Solution(
        problem.case.name, change.number, change.unit, change.axis.low, change.axis.high, problem.question, asked.text, *asked.threshold, asked.unit, problem.wanted,
        found.course, "largest" if largest else "smallest", answer, interval, found.kept, best, tried, draws, problem.options.seed, "", found.grid, change,
    )  # fmt: skip
    return replace(made, sentence=_sentence(made))


def _end(stretches: Sequence[tuple[float, float]], *, largest: bool) -> float | None:
    if not stretches:
        return None
    return stretches[-1][1] if largest else stretches[0][0]


def _sentence(one: Solution) -> str:
    change, said, percent = one.change, one.change.said, f"{100 * one.wanted:g} %"
    kept = f"“{one.text}” {one.side} {words.number(one.bound, one.bound, one.bound, one.bound_unit)} with {percent}"
    between = f"from {said(one.low)} to {said(one.high)}"
    best = f"the best of those tried, {said(one.best.value)}, comes to {words.percent(one.best.kept.probability, one.draws)}"
    if one.answer is None:
        doubt = "" if one.interval[1] is None else "; so few draws leave it open whether one does"
        return f"No value of {one.number} {between} keeps {kept}: {best}{doubt}."
    if one.stretches == [(one.low, one.high)]:
        worst = min(one.tried, key=lambda tried: tried.kept.probability)
        return f"Every value of {one.number} {between} keeps {kept}: the worst of those tried, {said(worst.value)}, still comes to {words.percent(worst.kept.probability, one.draws)}."
    low, high = one.interval
    narrow = (one.answer, one.answer) if low is None or high is None else (low, high)
    answer, *ends = (change.said(value, narrow) for value in (one.answer, *narrow))
    spread = "so few draws leave it open whether any does" if None in (low, high) else f"90 % Monte-Carlo interval {' to '.join(ends)}"
    turns = " The probability turns on the way: values between those tried may do, or fail, unseen." if one.course == "turns" else ""
    if len(one.stretches) == 1 and {one.low, one.high} & {*one.stretches[0]}:
        return f"The {one.end} {one.number} {between} that keeps {kept} is {answer} ({spread}).{turns}"
    whole = " and ".join(f"from {said(a)} to {said(b)}" for a, b in one.stretches)
    return f"The values of {one.number} {between} that keep {kept} lie {whole}; the {one.end} is {answer} ({spread}).{turns}"
