"""From a case and options to what an engine runs: questions, the branches they are read in, and a pass for each."""

from __future__ import annotations

import contextlib
import tempfile
import time
from collections.abc import Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from materiel import network, proof
from materiel.analysis import observables, questions
from materiel.analysis.observables import Watched
from materiel.analysis.questions import Asked, Branch
from materiel.case import changes
from materiel.case.changes import Change
from materiel.case.files import contents
from materiel.case.loading import load
from materiel.case.model import Case, Instance
from materiel.case.schema import Question
from materiel.engine import ensemble
from materiel.errors import RunError, nearest
from materiel.evidence.grades import rules
from materiel.evidence.pooling import Prior
from materiel.manifest import identity
from materiel.options import Options, Reading

FAN_POINTS = 120

Built = tuple[network.Program, list[Instance]]
"""A network, and the instances that it was built of."""


def read(name: str | Path, more: Mapping[str, Question], reading: Reading, like: Case | None = None, changed: Sequence[Change] = ()) -> Case:
    """Return the checked case of a name, with questions asked besides its own; `like` is one read before, and `changed` what is tried besides, as in `load`. Raises CaseError, RunError."""
    case = load(
        name, as_of=reading.as_of, scenario=reading.order, step=reading.step, rules=reading.rules, drop=reading.drop, silent=reading.silent,
        independent=reading.independent, like=like, changes=[*changes.read(reading.set), *changed],
    )  # fmt: skip
    case.questions.update(more)
    return case


@dataclass
class Prepared:
    """A run that can begin: the case, what is asked of it, the names of the questions of every branch, a pass per branch, and how passes are run.

    Where runs are held against what was seen, `watched` is that, and `sighted` the pass that keeps what a run expects of it and computes nothing else. `seconds` says how long each stage took.
    """

    case: Case
    watched: Watched | None
    asked: dict[str, Asked]
    branches: dict[Branch, list[str]]
    passes: dict[Branch, ensemble.Pass]
    settings: ensemble.Settings
    sighted: ensemble.Pass | None = None
    seconds: dict[str, float] = field(default_factory=dict[str, float])

    def read_in(self, question: str) -> tuple[Branch, ...]:
        """Return the branches that a question is read in."""
        return tuple(dict.fromkeys(self.asked[part].branch for part in self.asked[question].parts or (question,)))

    def numbers(self, branches: Iterable[Branch]) -> list[Prior]:
        """Return the numbers of some branches, but for those that a branch fixes."""
        return [prior for branch in branches for _, prior in self.passes[branch].program.priors if prior.path not in branch.fixed]

    @contextlib.contextmanager
    def timed(self, stage: str) -> Generator[None]:
        """Add what is done inside to the seconds of a stage."""
        began = time.perf_counter()
        yield
        self.seconds[stage] = self.seconds.get(stage, 0.0) + time.perf_counter() - began


def prepare(
    name: str | Path, more: Mapping[str, Question], options: Options, case: Case | None = None, *, observed: bool = False, built: list[Built] | None = None
) -> Prepared:
    """Return what an engine runs for a case: the same for the same files, questions and options. Raises CaseError, RunError.

    `case` is what the options read, if it has been read. If `observed`, runs keep what they expect of whatever was seen. `built` are networks that were built of like cases:
    what differs from them in numbers only is not built again, and what is built is added.
    """
    began = time.perf_counter()
    case = case or read(name, more, options.reading)
    builder = _Builder(name, more, options, case, observed=observed, built=[] if built is None else built)
    watched = builder.watched(case)
    asked = builder.chosen(case)
    found = branches(asked)
    if not found:
        raise RunError(f"{case.name} asks no questions; nothing to run for")
    soonest = min(
        (periods(case, one.last_day) for one in asked.values() if one.fan), default=1
    )  # what is shown of a few days in a century has a point at least
    every = max(1, min(round(periods(case, case.day(case.end)) / FAN_POINTS), soonest))
    settings = ensemble.Settings(options.seed, options.draws, case.step, every, options.chunk, options.engine)
    made = Prepared(case, watched, asked, found, {}, settings, seconds={"load": time.perf_counter() - began})
    with made.timed("build"):
        for branch, names in found.items():
            made.passes[branch] = builder.of(branch, [asked[one] for one in names], list(made.passes))
        made.sighted = builder.sighted(watched) if watched and watched.sightings else None
    return made


@dataclass(frozen=True)
class Recipe:
    """What another machine needs to make the same passes: the files of a case and of its rules, questions asked besides its own, options; `key` tells recipes apart."""

    name: str
    files: Mapping[str, bytes]
    rules: bytes
    more: Mapping[str, Question]
    options: Options
    key: str

    @classmethod
    def of(cls, case: Case, more: Mapping[str, Question], options: Options) -> Recipe:
        """Return the recipe of a run. Raises CaseError when the files of its case can no longer be read."""
        mine = options.reading.rules
        held = b"" if mine in rules() else Path(mine).read_bytes()
        return cls(case.folder.name, contents(case.folder), held, more, options, identity(case, more, options))

    def make(self) -> tuple[list[ensemble.Pass], ensemble.Settings]:
        """Return the passes of the run and how they are run. Raises RunError when they are not those of this recipe."""
        with tempfile.TemporaryDirectory() as folder:
            place, mine, options = Path(folder) / "case" / self.name, Path(folder) / "rules", self.options
            alone = list(self.files) == [self.name]
            (place.parent if alone else place).mkdir(parents=True)
            for name, held in self.files.items():
                (place if alone else place / name).write_bytes(held)
            if self.rules:
                mine.write_bytes(self.rules)
                options = replace(options, reading=replace(options.reading, rules=str(mine)))
            made = prepare(place, self.more, options)
        if identity(made.case, self.more, self.options) != self.key:
            raise RunError(f"the files of {made.case.name} have changed since this run began")
        return list(made.passes.values()), made.settings


class _Builder:
    """Makes the passes of one run; passes of one scenario share a program."""

    def __init__(self, name: str | Path, more: Mapping[str, Question], options: Options, case: Case, *, observed: bool, built: list[Built]) -> None:
        self.name, self.more, self.options, self.case, self.observed, self.built = name, more, options, case, observed, built
        self.programs: dict[str, tuple[network.Program, dict[str, str], list[str]]] = {}

    def chosen(self, case: Case) -> dict[str, Asked]:
        """Return what is asked of a case."""
        chosen = _chosen(questions.prepare(case), self.options.only)
        return {name: replace(one, fan="") for name, one in chosen.items()} if self.observed else chosen

    def watched(self, case: Case) -> Watched | None:
        """Return what was seen of a case, if runs are held against it."""
        return observables.prepare(case) if self.observed else None

    def of(self, branch: Branch, asked: list[Asked], before: list[Branch]) -> ensemble.Pass:
        """Return the pass of one branch; it leaves the same scenario without a contingency, if that runs `before`, when its contingency begins."""
        program, gauges, fans = self._program(branch.scenario)
        kept = [program.variables[f"{gauges[one.id]}.{'crossed' if one.form == 'first' else 'kept'}"][0] for one in asked]
        seen = {name: program.variables[f"{gauges[name]}.now"][0] for name in fans}
        counted = [seen[one.id] for one in asked if one.fan]
        steps = periods(self.case, max(one.last_day for one in asked))
        peace = Branch(branch.scenario)
        stem = before.index(peace) if branch.contingency and peace in before else None
        leaves = max(int(branch.day // self.case.step), 0) if stem is not None else 0
        return ensemble.Pass(program, steps, kept, list(seen.values()), counted, branch.fixed, stem, leaves)

    def sighted(self, watched: Watched) -> ensemble.Pass:
        """Return the pass that keeps what a run of the baseline expects of everything seen."""
        program, gauges, _ = self._program("")
        kept = [program.variables[f"{gauges[one.asked.id]}.kept"][0] for one in watched.sightings]
        return ensemble.Pass(program.behind(kept), periods(self.case, max(one.asked.last_day for one in watched.sightings)), kept)

    def _program(self, scenario: str) -> tuple[network.Program, dict[str, str], list[str]]:
        if scenario not in self.programs:
            self.programs[scenario] = self._built(scenario)
        return self.programs[scenario]

    def _built(self, scenario: str) -> tuple[network.Program, dict[str, str], list[str]]:
        """Return the program of a scenario with the gauges of all questions, so that passes of one structure share a kernel.

        With it come the path of every question's gauge and the questions shown over time.
        """
        case = self.case
        if scenario:
            case = read(self.name, self.more, self.options.reading.under(scenario), case)
        watched, everything = self.watched(case), self.chosen(case)
        everything |= {one.asked.id: one.asked for one in watched.sightings} if watched else {}
        gauges = [one.gauge for one in everything.values() if one.gauge is not None]
        program = self._network(watched.case if watched else case, gauges)
        paths = {one.id: one.gauge.path for one in everything.values() if one.gauge is not None}
        return program, paths, [one.id for one in everything.values() if one.fan]

    def _network(self, case: Case, gauges: list[Instance]) -> network.Program:
        """Return the program of a case; of one that differs in numbers only from another, the same with its own numbers."""
        instances = [*case.components.values(), *gauges]
        for program, before in self.built:
            if found := network.renumbered(program, before, instances):
                return found
        program = network.build(case, gauges)
        proof.prove(program)
        self.built.append((program, instances))
        return program


def _chosen(asked: dict[str, Asked], only: tuple[str, ...]) -> dict[str, Asked]:
    """Return the questions named, with those that a ratio among them is taken of; all if none is named."""
    if not only:
        return asked
    for name in only:
        if name not in asked:
            near = nearest(name, list(asked))
            raise RunError(f"unknown question {name!r}" + (f"; did you mean {near!r}?" if near else ""))
    wanted = {part for name in only for part in (name, *asked[name].parts)}
    return {name: one for name, one in asked.items() if name in wanted}


def branches(asked: dict[str, Asked]) -> dict[Branch, list[str]]:
    """Return the names of the questions of every branch, the baseline first."""
    made: dict[Branch, list[str]] = {}
    for name, one in asked.items():
        if one.gauge is not None:
            made.setdefault(one.branch, []).append(name)
    return dict(sorted(made.items(), key=lambda entry: (bool(entry[0].scenario), bool(entry[0].contingency))))


def periods(case: Case, last: float) -> int:
    """Return how many periods reach past a day, at most to the end of the case."""
    return min(int(np.ceil(last / case.step - 1e-9)) + 1, int(np.ceil(case.day(case.end) / case.step - 1e-9)))
