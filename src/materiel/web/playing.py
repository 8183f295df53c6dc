"""Runs with decisions set, fast enough to follow a slider: a case is compiled once, and levers are moved without compiling anew.

Every run has the same draws. What is set is a constant in all of them, as if the case had it so; the rest keeps its own numbers, so that what differs between two runs is
what was decided.
"""

from __future__ import annotations

import functools
import threading
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from materiel import preparation
from materiel.analysis import courses, questions
from materiel.analysis.questions import Answer, Asked, Branch
from materiel.case import postponing
from materiel.case.levers import Value, follow
from materiel.case.model import Case
from materiel.case.schema import Question
from materiel.engine import ensemble
from materiel.engine.reference import Outcome
from materiel.errors import RunError, nearest
from materiel.evidence.pooling import Prior
from materiel.options import Options, Reading
from materiel.preparation import Prepared
from materiel.results import FAN, Curve
from materiel.web import levers
from materiel.web.levers import Lever

Array = npt.NDArray[np.float64]

PREVIEW, FULL = 500, 2000
"""Draws while a lever is dragged, and once it is let go."""

KEPT = 4
"""Draws of so many choices of questions are kept, so that they need not be drawn again."""


@dataclass(frozen=True)
class Drawn:
    """A question over time, draw by draw: `values` of shape (times, draws) in `unit`, on boundaries (levels) or periods (flows), by day."""

    text: str
    unit: str
    on: str
    days: Array
    values: Array

    @functools.cached_property
    def curve(self) -> Curve:
        """Quantiles of all draws."""
        return Curve(self.text, self.unit, self.on, self.days, np.quantile(self.values, FAN, axis=1))


@dataclass(frozen=True)
class Played:
    """What some draws leave with decisions set: `changes` by lever as written, answers by question, and curves of those questions that have a chart."""

    changes: Mapping[str, str]
    draws: int
    answers: Mapping[str, Answer]
    curves: Mapping[str, Drawn]


@dataclass(frozen=True)
class _Plan:
    """A case as it is run with a contingency moved: what is asked, by branch, and the passes."""

    asked: Mapping[str, Asked]
    branches: Mapping[Branch, Sequence[str]]
    passes: Sequence[ensemble.Pass]


class Player:
    """One case, compiled once, that can be run with its levers set; several threads may run it at once."""

    def __init__(self, name: str | Path, reading: Reading | None = None) -> None:
        """Read, build and compile. Raises CaseError, RunError."""
        options = Options(reading or Reading(), draws=FULL)
        self.case: Case = preparation.read(name, {}, options.reading)
        self.prepared: Prepared = preparation.prepare(name, {}, options, self.case)
        passes = list(self.prepared.passes.values())
        behind = set[str]()
        for one in passes:
            behind |= {prior.path for _, prior in one.program.behind(one.kept).priors}
        self.levers: dict[str, Lever] = {lever.id: lever for lever in levers.of(self.case, self.prepared.asked, behind)}
        self._plan = _Plan(self.prepared.asked, self.prepared.branches, passes)
        loose = [replace(one, fixed=dict.fromkeys(self._movable(one), np.nan), stem=None, leaves=0) for one in passes]
        self._simulator = ensemble.Simulator([*passes, *loose], self.prepared.settings)
        self._lock = threading.Lock()
        self._draws: dict[tuple[int, tuple[int, ...]], Array] = {}

    def play(self, changes: Mapping[str, str], draws: int, seed: int = 1, only: Collection[str] = ()) -> Played:
        """Return what some draws leave with levers set, for the questions named, or all. Raises RunError for what cannot be set, CaseError for what makes no case."""
        set_to = self.read(changes)
        plan = self._moved(set_to)
        wanted = self._wanted(plan, only)
        chosen = [i for i, branch in enumerate(plan.branches) if any(name in wanted for name in plan.branches[branch])]
        chosen = sorted({*chosen, *(stem for i in chosen if (stem := plan.passes[i].stem) is not None)})
        chosen = sorted({*chosen, *(i for i, one in enumerate(plan.passes) if one.stem in chosen)})
        passes = [replace(one, fixed={**one.fixed, **self._fixed(branch, one, set_to)}) for branch, one in zip(plan.branches, plan.passes, strict=True)]
        return self._play(dict(changes), replace(plan, passes=passes), chosen, wanted, draws, seed)

    def read(self, changes: Mapping[str, str]) -> dict[str, Value]:
        """Return what levers are set to, shared numbers first, so that a number of one's own comes after the shared one that it takes. Raises RunError for what cannot be set."""
        ordered = sorted(changes, key=lambda name: not name.startswith("shared."))
        return {name: self._lever(name).read(changes[name], self.case) for name in ordered}

    def _lever(self, name: str) -> Lever:
        if name not in self.levers:
            near = nearest(name, list(self.levers))
            raise RunError(f"{name!r} is no lever; one of {', '.join(self.levers) or 'none'}" + (f"; did you mean {near!r}?" if near else ""))
        return self.levers[name]

    def _wanted(self, plan: _Plan, only: Collection[str]) -> list[str]:
        """Return the questions asked for, with those that a ratio among them is taken of."""
        for name in only:
            if name not in plan.asked:
                near = nearest(name, list(plan.asked))
                raise RunError(f"unknown question {name!r}" + (f"; did you mean {near!r}?" if near else ""))
        wanted = {part for name in only or plan.asked for part in (name, *plan.asked[name].parts)}
        return [name for name in plan.asked if name in wanted]

    def _movable(self, one: ensemble.Pass) -> set[str]:
        """Return the numbers of a pass that levers set."""
        priors = [prior for _, prior in one.program.priors]
        made = {prior.path for lever in self.levers.values() for prior in follow(lever.id, priors)}
        gauges = {prior.path for asked in self._plan.asked.values() if asked.branch.contingency for prior in _days(asked)}
        return made | gauges

    def _fixed(self, branch: Branch, one: ensemble.Pass, set_to: Mapping[str, Value]) -> dict[str, float]:
        """Return what a pass fixes where levers are set. The scenario that a question is asked in comes after them; the number itself after the shared one that it takes."""
        sets = self.case.scenarios[branch.scenario].set if branch.scenario else {}
        made: dict[str, float] = {}
        for name in set_to:
            if name not in sets and not self.levers[name].contingency:
                made |= {prior.path: set_to[name].within(prior.unit) for prior in self._followers(name, id(one.program))}
        return made

    def _followers(self, name: str, program: int) -> Sequence[Prior]:
        return self._following[program][name]

    @functools.cached_property
    def _following(self) -> dict[int, dict[str, list[Prior]]]:
        """The numbers that every lever sets, by program."""
        programs = {id(one.program): [prior for _, prior in one.program.priors] for one in self._plan.passes}
        return {key: {lever.id: list(follow(lever.id, priors)) for lever in self.levers.values()} for key, priors in programs.items()}

    def _moved(self, set_to: Mapping[str, Value]) -> _Plan:
        """Return the plan with what is asked of contingencies moved to the days on which they begin."""
        days = {lever.contingency: set_to[lever.id].number for lever in self.levers.values() if lever.contingency and lever.id in set_to}
        if not days:
            return self._plan
        case, moved = self.case, dict[str, Question](self.case.questions)
        for contingency, day in days.items():
            moved = postponing.postponed(moved, contingency, case.date(day))
        asked = questions.prepare(replace(case, questions=moved))
        branches = preparation.branches(asked)
        gauges = {prior.path: prior.parts[0].distribution.values[0] for one in asked.values() if one.branch.contingency for prior in _days(one)}
        passes: list[ensemble.Pass] = []
        for (branch, names), one in zip(branches.items(), self._plan.passes, strict=True):
            steps = preparation.periods(case, max(asked[name].last_day for name in names))
            leaves = max(int(branch.day // case.step), 0) if one.stem is not None else 0
            passes.append(replace(one, steps=steps, leaves=leaves, fixed=branch.fixed | gauges))
        return _Plan(asked, branches, passes)

    def _play(self, changes: Mapping[str, str], plan: _Plan, chosen: Sequence[int], wanted: Sequence[str], draws: int, seed: int) -> Played:
        simulator, settings = self._simulator.fixing(plan.passes), self.prepared.settings
        names = list(plan.branches.values())
        kept = {i: np.empty((len(plan.passes[i].kept), draws)) for i in chosen}
        shown = {name: (i, plan.passes[i].fans[row]) for i in chosen for row, name in enumerate(n for n in names[i] if plan.asked[n].fan) if name in wanted}
        records = {name: np.empty((plan.passes[i].steps // settings.every, draws)) for name, (i, _) in shown.items()}

        def take(i: int, part: range, outcome: Outcome) -> None:
            kept[i][:, part.start : part.stop] = outcome.last[list(plan.passes[i].kept)]
            for name, (of, slot) in shown.items():
                if of == i:
                    records[name][:, part.start : part.stop] = outcome.series(plan.passes[i].recorded.index(slot))

        drawn = self._drawn(seed, chosen)
        simulator.each(draws, chosen, lambda part: drawn[:, part.start : part.stop], take)
        values = {name: row for i in chosen for name, row in zip(names[i], kept[i], strict=True) if name in wanted}
        found = questions.values({name: plan.asked[name] for name in wanted}, values)
        scale = self.case.ledger.scales[0]
        answers = {name: questions.answer(plan.asked[name], found[name], float("nan"), scale) for name in wanted}
        return Played(changes, draws, answers, {name: self._curve(plan, name, i, records[name]) for name, (i, _) in shown.items()})

    def _curve(self, plan: _Plan, name: str, i: int, record: Array) -> Drawn:
        settings, one, asked = self.prepared.settings, plan.passes[i], plan.asked[name]
        times = (np.arange(1, len(record) + 1, dtype=np.float64) * settings.every - 1.0) * settings.step
        seen = courses.course(asked, one.program.kinds, times, self.case.step)
        return Drawn(asked.fan, seen.unit, seen.on, times[seen.shown], seen.of(record.T).T)

    def _drawn(self, seed: int, chosen: Sequence[int]) -> Array:
        """Return the draws of the numbers of some passes, shape (distinct numbers, most draws): the same for every run of a seed."""
        key = seed, tuple(chosen)
        with self._lock:
            if key not in self._draws:
                self._draws[key] = self._simulator.sampler_of(chosen).distinct(seed, 0, FULL)
                while len(self._draws) > KEPT:
                    self._draws.pop(next(iter(self._draws)))
            return self._draws[key]


def _days(asked: Asked) -> list[Prior]:
    """Return the days of a question's gauge."""
    numbers = asked.gauge.numbers if asked.gauge else {}
    return [prior for name in ("first_day", "until") if (prior := numbers.get(name)) is not None]
