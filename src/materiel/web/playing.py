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
from materiel.case.changes import BY_HAND
from materiel.case.levers import Value, follow
from materiel.case.model import Case, Instance
from materiel.case.schema import Question
from materiel.engine import ensemble
from materiel.engine.reference import Outcome
from materiel.errors import RunError, nearest
from materiel.evidence.pooling import Part, Prior
from materiel.options import Options, Reading
from materiel.preparation import Prepared
from materiel.quantities import constant
from materiel.results import FAN, Curve
from materiel.web import levers
from materiel.web.levers import Lever

Array = npt.NDArray[np.float64]

PREVIEW, FULL = 500, 2000
"""Draws while a lever is dragged, and once it is let go."""

SEED = 1
"""The seed of what readers see unless they ask for another."""

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

    @classmethod
    def of(cls, asked: Asked, one: ensemble.Pass, settings: ensemble.Settings, record: Array) -> Drawn:
        """Return a question over time, from what its pass recorded every so many steps: `record` of shape (times, draws)."""
        times = (np.arange(1, len(record) + 1, dtype=np.float64) * settings.every - 1.0) * settings.step
        seen = courses.course(asked, one.program.kinds, times, settings.step)
        return cls(asked.fan, seen.unit, seen.on, times[seen.shown], record[seen.shown] / seen.per)

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
    """Questions as they are run: what is asked, by branch, and the passes, each with the numbers that every lever sets in it."""

    asked: Mapping[str, Asked]
    branches: Mapping[Branch, Sequence[str]]
    passes: Sequence[ensemble.Pass]
    follow: Sequence[Mapping[str, Sequence[Prior]]]

    def chosen(self, wanted: Collection[str]) -> list[int]:
        """Return the passes that questions are read in, with whatever runs together with them."""
        found = {i for i, names in enumerate(self.branches.values()) if any(name in wanted for name in names)}
        stems = {i if (stem := self.passes[i].stem) is None else stem for i in found}
        return [i for i, one in enumerate(self.passes) if i in stems or one.stem in stems]

    def with_parts(self, only: Collection[str]) -> list[str]:
        """Return questions with those that a ratio among them is taken of, in the order of the case. Raises RunError for one that there is not."""
        for name in only:
            if name not in self.asked:
                near = nearest(name, list(self.asked))
                raise RunError(f"unknown question {name!r}" + (f"; did you mean {near!r}?" if near else ""))
        wanted = {part for name in only for part in (name, *self.asked[name].parts)}
        return [name for name in self.asked if name in wanted]


@dataclass(frozen=True)
class _Compiled:
    """Some questions, and what runs them."""

    names: frozenset[str]
    plan: _Plan
    simulator: ensemble.Simulator


class Player:
    """One case, compiled once, that can be run with its levers set; several threads may run it at once.

    What readers see most, questions that have a chart and key ones, has code of its own, which computes nothing else; all questions are compiled when somebody asks for more.
    """

    def __init__(self, name: str | Path, reading: Reading | None = None) -> None:
        """Read, build and compile. Raises CaseError, RunError."""
        options = Options(reading or Reading(), draws=FULL)
        self.case: Case = preparation.read(name, {}, options.reading)
        self.prepared: Prepared = preparation.prepare(name, {}, options, self.case)
        behind = set[str]()
        for one in self.prepared.passes.values():
            behind |= {prior.path for _, prior in one.program.behind(one.kept).priors}
        self.levers: dict[str, Lever] = {lever.id: lever for lever in levers.of(self.case, self.prepared.asked, behind)}
        self._lock = threading.Lock()
        self._draws: dict[tuple[object, ...], Array] = {}
        self._plan = self._planned(self.prepared.asked, self.prepared.branches, list(self.prepared.passes.values()))
        often = self._plan.with_parts([name for name, one in self.prepared.asked.items() if one.fan or one.key])
        self._often = self._compiled(self._narrowed(often), often) if often else self._all

    def play(self, changes: Mapping[str, str], draws: int, seed: int = 1, only: Collection[str] = ()) -> Played:
        """Return what some draws leave with levers set, for the questions named, or all. Raises RunError for what cannot be set, CaseError for what makes no case."""
        if not 1 <= draws <= FULL:
            raise RunError(f"{draws} draws; from 1 to {FULL}")
        set_to = self.read(changes)
        wanted = self._plan.with_parts(only or self._plan.asked)
        ready = self._often if self._often.names.issuperset(wanted) else self._all
        plan = self._moved(ready.plan, set_to)
        passes = [
            replace(one, fixed={**one.fixed, **self._fixed(branch, follow, set_to)})
            for branch, one, follow in zip(plan.branches, plan.passes, plan.follow, strict=True)
        ]
        return self._run(dict(changes), ready, replace(plan, passes=passes), wanted, draws, seed)

    @property
    def often(self) -> list[str]:
        """The questions that have code of their own: those that have a chart, key ones, and the parts of ratios among them."""
        return [name for name in self._plan.asked if name in self._often.names]

    def along(self, only: Collection[str]) -> list[str]:
        """Return questions, and the key ones that cost nothing besides: those that are read in the same runs. Raises RunError for a question that there is not."""
        plan = self._often.plan if self._often.names.issuperset(self._plan.with_parts(only)) else self._plan
        chosen = plan.chosen(plan.with_parts(only))
        there = {name for i, names in enumerate(plan.branches.values()) if i in chosen for name in names}
        return [name for name, one in plan.asked.items() if name in only or (one.key and there.issuperset(one.parts or (name,)))]

    def told(self, changes: Mapping[str, str]) -> Case:
        """Return the case as pages tell of it where levers are set: questions where they were moved, components with the numbers that they are given. Raises RunError for what cannot be set."""
        set_to = self.read(changes)
        if not set_to:
            return self.case
        given = {
            prior.path: value.within(prior.unit) for name, value in set_to.items() for prior in self._plan.follow[0][name] if not self.levers[name].contingency
        }
        components = {
            path: _with(one, given) for path, one in self.case.components.items() if not given.keys().isdisjoint(prior.path for prior in one.priors())
        }
        return replace(self.case, components=self.case.components | components, questions=self._asked(set_to))

    def uncertain(self, question: str, changes: Mapping[str, str]) -> list[Prior]:
        """Return the numbers of the runs that answer a question, but for those that are set and those that only other questions use. Raises RunError for what cannot be set."""
        set_to, made, asked = self.read(changes), list[Prior](), self.prepared.asked
        gauges = {name: {prior.path for prior in one.gauge.priors()} for name, one in asked.items() if one.gauge is not None}
        foreign = set[str]().union(*gauges.values()).difference(*(gauges[part] for part in asked[question].parts or (question,)))
        for branch in self.prepared.read_in(question):
            i = list(self._plan.branches).index(branch)
            fixed = {**branch.fixed, **self._fixed(branch, self._plan.follow[i], set_to)}
            made += [prior for _, prior in self._plan.passes[i].program.priors if prior.path not in fixed and prior.path not in foreign]
        return made

    def read(self, changes: Mapping[str, str]) -> dict[str, Value]:
        """Return what levers are set to, shared numbers first, so that a number of one's own comes after the shared one that it takes. Raises RunError for what cannot be set."""
        ordered = sorted(changes, key=lambda name: not name.startswith("shared."))
        return {name: self._lever(name).read(changes[name], self.case) for name in ordered}

    def _lever(self, name: str) -> Lever:
        if name not in self.levers:
            near = nearest(name, list(self.levers))
            raise RunError(f"{name!r} is no lever; one of {', '.join(self.levers) or 'none'}" + (f"; did you mean {near!r}?" if near else ""))
        return self.levers[name]

    @functools.cached_property
    def _all(self) -> _Compiled:
        """What runs every question."""
        return self._compiled(self._plan, self._plan.asked)

    def _planned(self, asked: Mapping[str, Asked], branches: Mapping[Branch, Sequence[str]], passes: Sequence[ensemble.Pass]) -> _Plan:
        programs = {id(one.program): [prior for _, prior in one.program.priors] for one in passes}
        found = {key: {name: list(follow(name, priors)) for name in self.levers} for key, priors in programs.items()}
        return _Plan(asked, branches, passes, [found[id(one.program)] for one in passes])

    def _narrowed(self, often: Collection[str]) -> _Plan:
        """Return the plan of some questions, of nothing but what they rest on; a branch without any of them is left out unless another leaves it."""
        branches = list(self._plan.branches.items())
        kept = [dict(zip(names, one.kept, strict=True)) for (_, names), one in zip(branches, self._plan.passes, strict=True)]
        fans = [
            dict(zip([name for name in names if self._plan.asked[name].fan], one.fans, strict=True))
            for (_, names), one in zip(branches, self._plan.passes, strict=True)
        ]
        mine = [[name for name in names if name in often] for _, names in branches]
        left = [i for i in range(len(branches)) if mine[i] or any(mine[k] for k, one in enumerate(self._plan.passes) if one.stem == i)]
        recorded = list(dict.fromkeys(fans[i][name] for i in left for name in mine[i] if name in fans[i]))
        roots = [*recorded, *(kept[i][name] for i in left for name in mine[i])]
        programs = {id(one.program): one.program.behind(roots) for one in self._plan.passes}
        passes: list[ensemble.Pass] = []
        for i in left:
            one = self._plan.passes[i]
            stem = None if one.stem is None else left.index(one.stem)
            slots = [fans[i][name] for name in mine[i] if name in fans[i]]
            passes.append(replace(one, program=programs[id(one.program)], kept=[kept[i][name] for name in mine[i]], recorded=recorded, fans=slots, stem=stem))
        return self._planned(self._plan.asked, {branches[i][0]: mine[i] for i in left}, passes)

    def _compiled(self, plan: _Plan, names: Collection[str]) -> _Compiled:
        """Compile a plan so that no number that levers set is taken for given: as if each run set it to something else."""
        gauges = {prior.path for asked in plan.asked.values() if asked.branch.contingency for prior in _days(asked)}
        loose: list[ensemble.Pass] = []
        for one, found in zip(plan.passes, plan.follow, strict=True):
            movable = gauges | {prior.path for priors in found.values() for prior in priors}
            loose.append(replace(one, fixed=dict.fromkeys(movable, np.nan), stem=None, leaves=0))
        return _Compiled(frozenset(names), plan, ensemble.Simulator([*plan.passes, *loose], self.prepared.settings))

    def _fixed(self, branch: Branch, found: Mapping[str, Sequence[Prior]], set_to: Mapping[str, Value]) -> dict[str, float]:
        """Return what a pass fixes where levers are set. The scenario that a question is asked in comes after them."""
        sets: Collection[str] = self.case.scenarios[branch.scenario].set if branch.scenario else ()
        made: dict[str, float] = {}
        for name, value in set_to.items():
            if name not in sets and not self.levers[name].contingency:
                made |= {prior.path: value.within(prior.unit) for prior in found[name]}
        return made

    def _asked(self, set_to: Mapping[str, Value]) -> dict[str, Question]:
        """Return the questions of the case, those of contingencies moved to the days on which they begin."""
        moved = dict[str, Question](self.case.questions)
        for name, value in set_to.items():
            if contingency := self.levers[name].contingency:
                moved = postponing.postponed(moved, contingency, self.case.date(value.number))
        return moved

    def _moved(self, plan: _Plan, set_to: Mapping[str, Value]) -> _Plan:
        """Return a plan with what is asked of contingencies moved to the days on which they begin."""
        if not any(self.levers[name].contingency for name in set_to):
            return plan
        case = self.case
        asked = questions.prepare(replace(case, questions=self._asked(set_to)))
        gauges = {prior.path: prior.parts[0].distribution.values[0] for one in asked.values() if one.branch.contingency for prior in _days(one)}
        branches: dict[Branch, Sequence[str]] = {}
        passes: list[ensemble.Pass] = []
        for (branch, names), one in zip(plan.branches.items(), plan.passes, strict=True):
            later = asked[names[0]].branch if names else branch
            branches[later] = names
            steps = preparation.periods(case, max(asked[name].last_day for name in names)) if names else one.steps
            leaves = max(int(later.day // case.step), 0) if one.stem is not None else 0
            passes.append(replace(one, steps=steps, leaves=leaves, fixed=later.fixed | gauges))
        return _Plan(asked, branches, passes, plan.follow)

    def _run(self, changes: Mapping[str, str], ready: _Compiled, plan: _Plan, wanted: Sequence[str], draws: int, seed: int) -> Played:
        simulator, settings, chosen = ready.simulator.fixing(plan.passes), self.prepared.settings, plan.chosen(wanted)
        names = list(plan.branches.values())
        kept = {i: np.empty((len(plan.passes[i].kept), draws)) for i in chosen}
        shown = {name: (i, slot) for i in chosen for name, slot in zip(_with_chart(plan, names[i]), plan.passes[i].fans, strict=True) if name in wanted}
        records = {name: np.empty((plan.passes[i].steps // settings.every, draws)) for name, (i, _) in shown.items()}

        def take(i: int, part: range, outcome: Outcome) -> None:
            kept[i][:, part.start : part.stop] = outcome.last[list(plan.passes[i].kept)]
            for name, (of, slot) in shown.items():
                if of == i:
                    records[name][:, part.start : part.stop] = outcome.series(plan.passes[i].recorded.index(slot))

        drawn = self._numbers(ready, seed, chosen)
        simulator.each(draws, chosen, lambda part: drawn[:, part.start : part.stop], take)
        values = {name: row for i in chosen for name, row in zip(names[i], kept[i], strict=True) if name in wanted}
        found = questions.values({name: plan.asked[name] for name in wanted}, values)
        scale = self.case.ledger.scales[0]
        answers = {name: questions.answer(plan.asked[name], found[name], float("nan"), scale) for name in wanted}
        curves = {name: Drawn.of(plan.asked[name], plan.passes[i], settings, records[name]) for name, (i, _) in shown.items()}
        return Played(changes, draws, answers, curves)

    def _numbers(self, ready: _Compiled, seed: int, chosen: Sequence[int]) -> Array:
        """Return the draws of the numbers of some passes, shape (distinct numbers, most draws): the same for every run of a seed."""
        key = id(ready), seed, tuple(chosen)
        with self._lock:
            if key not in self._draws:
                self._draws[key] = ready.simulator.sampler_of(chosen).distinct(seed, 0, FULL)
                while len(self._draws) > KEPT:
                    self._draws.pop(next(iter(self._draws)))
            return self._draws[key]


def _with_chart(plan: _Plan, names: Collection[str]) -> list[str]:
    """Return those of some questions that have a chart."""
    return [name for name in names if plan.asked[name].fan]


def _with(one: Instance, given: Mapping[str, float]) -> Instance:
    """Return a component with some numbers given by hand, be they its own, of its links or of its entries."""
    numbers = {name: None if prior is None else _constant(prior, given) for name, prior in one.numbers.items()}
    links = {
        name: [replace(end, numbers={key: _constant(prior, given) for key, prior in end.numbers.items()}) for end in ends] for name, ends in one.links.items()
    }
    entries = {name: [{key: _constant(prior, given) for key, prior in entry.items()} for entry in entries] for name, entries in one.entries.items()}
    return replace(one, numbers=numbers, links=links, entries=entries)


def _constant(prior: Prior, given: Mapping[str, float]) -> Prior:
    """Return a number as it is given by hand, if it is."""
    if prior.path not in given:
        return prior
    return replace(prior, kind="constant", because=BY_HAND, parts=(Part(1.0, constant(given[prior.path])),), pool=None)


def _days(asked: Asked) -> list[Prior]:
    """Return the days of a question's gauge."""
    numbers = asked.gauge.numbers if asked.gauge else {}
    return [prior for name in ("first_day", "until") if (prior := numbers.get(name)) is not None]
