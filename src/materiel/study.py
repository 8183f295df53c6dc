"""The whole way from a case's name to a run with answers: what the command line and Python users call."""

from __future__ import annotations

import contextlib
import datetime
import hashlib
import json
import time
from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from materiel import network, proof
from materiel.analysis import drivers, questions
from materiel.analysis.questions import Answer, Asked, Branch
from materiel.case.loading import find
from materiel.case.loading import load as load_case
from materiel.case.model import Case
from materiel.engine import ensemble
from materiel.errors import RunError
from materiel.results import FAN, Curve, dataset, save

if TYPE_CHECKING:
    import xarray

Array = npt.NDArray[np.float64]

FAN_POINTS = 120


@dataclass(frozen=True)
class Options:
    """How a study is run. `step` is in days, the case's own if None; `engine` is `native` or `numpy`."""

    draws: int = 2000
    seed: int = 1
    as_of: datetime.date | None = None
    scenario: str = ""
    step: float | None = None
    engine: str = "native"
    chunk: int = 1024


@dataclass
class Study:
    """A case that can be run; `materiel.load` makes one."""

    name: str | Path

    def case(self, as_of: datetime.date | None = None, scenario: str = "", step: float | None = None) -> Case:
        """Return the checked case as of a day, in a scenario. Raises CaseError."""
        return load_case(self.name, as_of=as_of, scenario=scenario, step=step)

    def run(
        self,
        draws: int = 2000,
        seed: int = 1,
        as_of: datetime.date | str | None = None,
        scenario: str = "",
        step: float | None = None,
        engine: str = "native",
        chunk: int = 1024,
        report: Callable[[int, int], None] | None = None,
    ) -> Run:
        """Run the case and return its answers.

        `draws` runs with the random streams of `seed`; claims and observations known after `as_of` (the case's own day if None) are
        hidden; `step` is in days. `report` is told how many draws of how many are done. Raises CaseError, RunError.
        """
        try:
            day = datetime.date.fromisoformat(as_of) if isinstance(as_of, str) else as_of
        except ValueError:
            raise RunError(f"as_of {as_of!r}; a day as YYYY-MM-DD") from None
        for name, value, least in (("draws", draws, 1), ("seed", seed, 0), ("chunk", chunk, 1)):
            if not isinstance(value, int) or value < least:  # pyright: ignore[reportUnnecessaryIsInstance]
                raise RunError(f"{name} {value!r}; a whole number of at least {least}")
        if step is not None and not (isinstance(step, int | float) and 0.01 <= step <= 366):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise RunError(f"step of {step} days; from 0.01 to 366 days")
        if engine not in ("native", "numpy"):
            raise RunError(f"unknown engine {engine!r}; native or numpy")
        return _Runner(self, Options(draws, seed, day, scenario, step, engine, chunk), report or (lambda _done, _all: None)).run()


@dataclass
class Run:
    """A finished run: `case`, `questions` (answers by id), `laws` (largest relative errors), `seconds` by stage, `curves` over time."""

    case: Case
    options: Options
    questions: dict[str, Answer]
    curves: dict[str, Curve]
    drivers: dict[str, dict[str, float]]
    laws: dict[str, float]
    seconds: dict[str, float]
    program: network.Program = field(repr=False)

    @property
    def judgements(self) -> list[str]:
        """Return the sentences of the key questions, in the order of the case."""
        keys = [answer.sentence for answer in self.questions.values() if answer.asked.key]
        return keys or [answer.sentence for answer in self.questions.values()][:5]

    @cached_property
    def data(self) -> xarray.Dataset:
        """Return answers per draw and curves over time as an xarray Dataset with units."""
        answers = {name: (a.asked.text, a.asked.unit, a.values) for name, a in self.questions.items()}
        attributes = {name: str(value) for name, value in self.manifest().items() if name != "laws"}
        return dataset(answers, self.curves, self.case.start.isoformat(), {"title": self.case.title, **attributes})

    @property
    def identity(self) -> str:
        """Return what identifies the run: the same case, options and version give the same."""
        from materiel import __version__

        said = json.dumps([self.case.digest, self.case.as_of, self.options, __version__], default=str)
        return hashlib.sha256(said.encode()).hexdigest()[:16]

    def manifest(self) -> dict[str, Any]:
        """Return everything needed to run it again."""
        from materiel import __version__

        return {
            "run": self.identity, "case": self.case.name, "case_sha256": self.case.digest, "as_of": self.case.as_of, "seed": self.options.seed,
            "draws": self.options.draws, "step": self.case.step, "scenario": self.options.scenario, "engine": self.options.engine,
            "version": __version__, "numpy": np.__version__, "laws": self.laws,
        }  # fmt: skip

    def json(self) -> dict[str, Any]:
        """Return the answers as plain data; a quantile that falls past the horizon is None."""
        return {
            "case": self.case.name, "as_of": self.case.as_of.isoformat(), "seed": self.options.seed, "draws": self.options.draws,
            "step": self.case.step, "seconds": self.seconds, "questions": [self._plain(a) for a in self.questions.values()], "laws": self.laws,
        }  # fmt: skip

    def _plain(self, answer: Answer) -> dict[str, Any]:
        asked = answer.asked
        made: dict[str, Any] = {"id": asked.id, "text": asked.text, "unit": asked.unit}
        made |= {f"p{percent}": value for percent, value in answer.quantiles.items()}
        if asked.threshold is not None:
            made |= {"threshold": {asked.threshold[0]: asked.threshold[1]}, "probability": answer.probability}
        if asked.form == "first":
            made["dates"] = {
                f"p{percent}": None if value is None else self.case.date(asked.since + value).isoformat() for percent, value in answer.quantiles.items()
            }
            made["never"] = answer.never
        made["base_share"] = None if np.isnan(answer.base_share) else round(answer.base_share, 4)
        return made | {"drivers": self.drivers[asked.id], "key": asked.key, "sentence": answer.sentence}

    def report(self, path: str | Path) -> Path:
        """Write the report as one HTML file and return its path. Raises RunError when it cannot be written."""
        from materiel.report.html import write

        return write(self, Path(path))

    def save(self, folder: str | Path) -> Path:
        """Write results.nc and manifest.json into a folder and return it. Raises RunError."""
        save(self.data, self.manifest(), Path(folder))
        return Path(folder)


class _Runner:
    """One run on its way: loads, builds a pass per branch, runs them on the same draws, answers."""

    def __init__(self, study: Study, options: Options, report: Callable[[int, int], None]) -> None:
        self.study, self.options, self.report = study, options, report
        self.seconds: dict[str, float] = {}
        self.programs: dict[str, tuple[network.Program, dict[str, str], list[str]]] = {}
        self.done = 0

    def run(self) -> Run:
        options = self.options
        with self._timed("load"):
            case = self.study.case(options.as_of, options.scenario, options.step)
            asked = questions.prepare(case)
            branches = _branches(asked)
        if not branches:
            raise RunError(f"{case.name} asks no questions; nothing to run for")
        every = max(1, round(_steps(case, case.day(case.end)) / FAN_POINTS))
        with self._timed("build"):
            passes: dict[Branch, ensemble.Pass] = {}
            for branch, names in branches.items():
                passes[branch] = self._pass(case, branch, [asked[name] for name in names], list(passes))
        with self._timed("run"):
            settings = ensemble.Settings(options.seed, options.draws, case.step, every, options.chunk, options.engine)
            ensembles = ensemble.run(list(passes.values()), settings, lambda count: self._tell(count, len(passes)))
        kept: dict[str, Array] = {}
        curves: dict[str, Curve] = {}
        laws: dict[str, float] = {}
        for names, one, found in zip(branches.values(), passes.values(), ensembles, strict=True):
            kept |= dict(zip(names, found.kept, strict=True))
            slots = zip([name for name in names if asked[name].fan], one.fans, strict=True)
            curves |= {name: _curve(one, asked[name], found, slot, case.step) for name, slot in slots}
            laws = {name: max(error, laws.get(name, 0.0)) for name, error in found.laws.items()}
        with self._timed("answers"):
            answers, leading = self._answers(asked, kept, passes)
        program = next(iter(passes.values())).program
        seconds = {name: round(value, 3) for name, value in self.seconds.items()}
        return Run(case, options, answers, {name: curves[name] for name in asked if name in curves}, leading, laws, seconds, program)

    @contextlib.contextmanager
    def _timed(self, name: str) -> Generator[None]:
        began = time.perf_counter()
        yield
        self.seconds[name] = time.perf_counter() - began

    def _pass(self, case: Case, branch: Branch, asked: list[Asked], before: list[Branch]) -> ensemble.Pass:
        """Return the pass of one branch; it leaves the same scenario without a contingency, if that runs `before`, when its contingency begins."""
        if branch.scenario not in self.programs:
            self.programs[branch.scenario] = self._program(case, branch.scenario)
        program, gauges, fans = self.programs[branch.scenario]
        kept = [program.variables[f"{gauges[one.id]}.{'crossed' if one.form == 'first' else 'kept'}"][0] for one in asked]
        seen = {name: program.variables[f"{gauges[name]}.now"][0] for name in fans}
        counted = [seen[one.id] for one in asked if one.fan]
        steps = _steps(case, max(one.last_day for one in asked))
        peace = Branch(branch.scenario)
        stem = before.index(peace) if branch.contingency and peace in before else None
        leaves = max(int(branch.day // case.step), 0) if stem is not None else 0
        return ensemble.Pass(program, steps, kept, list(seen.values()), counted, branch.fixed, stem, leaves)

    def _program(self, case: Case, scenario: str) -> tuple[network.Program, dict[str, str], list[str]]:
        """Return the program of a scenario with the gauges of all questions, so that passes of one structure share a kernel.

        With it come the path of every question's gauge and the questions shown over time.
        """
        if scenario:
            both = ",".join(filter(None, (self.options.scenario, scenario)))
            case = self.study.case(self.options.as_of, both, self.options.step)
        everything = questions.prepare(case)
        gauges = [one.gauge for one in everything.values() if one.gauge is not None]
        program = network.build(case, gauges)
        proof.prove(program)
        paths = {one.id: one.gauge.path for one in everything.values() if one.gauge is not None}
        return program, paths, [one.id for one in everything.values() if one.fan]

    def _tell(self, count: int, passes: int) -> None:
        self.done += count
        self.report(self.done, passes * self.options.draws)

    def _answers(
        self, asked: dict[str, Asked], kept: dict[str, Array], passes: dict[Branch, ensemble.Pass]
    ) -> tuple[dict[str, Answer], dict[str, dict[str, float]]]:
        """Return answers and their drivers; each is driven by the numbers of the branches it was read in."""
        drawn = questions.values(asked, kept)
        priors = {branch: [prior for _, prior in one.program.priors if prior.path not in branch.fixed] for branch, one in passes.items()}
        everything = drivers.inputs([prior for of_pass in priors.values() for prior in of_pass], self.options.seed, self.options.draws)
        inputs: dict[tuple[Branch, ...], drivers.Inputs] = {}
        answers: dict[str, Answer] = {}
        leading: dict[str, dict[str, float]] = {}
        for name, one in asked.items():
            read_in = tuple(dict.fromkeys(asked[part].branch for part in (one.parts or (name,))))
            if read_in not in inputs:
                inputs[read_in] = everything.of([prior for branch in read_in for prior in priors[branch]])
            found = drivers.shares(inputs[read_in], drawn[name])
            answers[name] = questions.answer(one, drawn[name], drivers.base_share(inputs[read_in], found))
            leading[name] = dict(drivers.leading(inputs[read_in], found))
        return answers, leading


def _branches(asked: dict[str, Asked]) -> dict[Branch, list[str]]:
    """Return the names of the questions of every branch, the baseline first."""
    made: dict[Branch, list[str]] = {}
    for name, one in asked.items():
        if one.gauge is not None:
            made.setdefault(one.branch, []).append(name)
    return dict(sorted(made.items(), key=lambda entry: (bool(entry[0].scenario), bool(entry[0].contingency))))


def _steps(case: Case, last: float) -> int:
    """Return how many periods reach past a day, at most to the end of the case."""
    return min(int(np.ceil(last / case.step - 1e-9)) + 1, int(np.ceil(case.day(case.end) / case.step - 1e-9)))


def _curve(one: ensemble.Pass, asked: Asked, found: ensemble.Ensemble, slot: int, step: float) -> Curve:
    """Return what a gauge read over time; amounts per period, which totals add up, become rates per day."""
    gauge = asked.gauge
    assert gauge is not None
    target = gauge.links["of"][0]
    on = "boundary" if one.program.kinds[f"{target.path}.{target.variable}"] == "level" else "period"
    unit, quantiles = str(gauge.options["unit"]), found.fans[slot].quantiles(np.array(FAN))
    if asked.form == "total":
        unit, quantiles = f"{unit}/day", quantiles / step
    shown = found.times >= (asked.since if asked.form == "value" and not asked.branch.contingency else 0.0)
    return Curve(asked.fan, unit, on, found.times[shown], quantiles[:, shown])


def load(name: str | Path) -> Study:
    """Return the study of a case given by folder, file or the name of a shipped one. Raises CaseError when there is none."""
    find(name)
    return Study(name)
