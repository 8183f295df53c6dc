"""The whole way from a case's name to a run with answers: what the command line and Python users call."""

from __future__ import annotations

import datetime
import hashlib
import json
import time
from collections.abc import Callable
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
    chunk: int = 512


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
        chunk: int = 512,
        report: Callable[[int, int], None] | None = None,
    ) -> Run:
        """Run the case and return its answers.

        `draws` runs with the random streams of `seed`; claims and observations known after `as_of` (the case's own day if None) are
        hidden; `step` is in days. `report` is told how many draws of how many are done. Raises CaseError, RunError.
        """
        day = datetime.date.fromisoformat(as_of) if isinstance(as_of, str) else as_of
        if draws < 1:
            raise RunError(f"{draws} draws; at least 1")
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
        return dataset(answers, self.curves, self.case.start.isoformat(), {"title": self.case.title, "run": self.identity})

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
    def __init__(self, study: Study, options: Options, report: Callable[[int, int], None]) -> None:
        self.study, self.options, self.report = study, options, report
        self.seconds: dict[str, float] = {}
        self.kept: dict[str, Array] = {}
        self.curves: dict[str, Curve] = {}
        self.laws: dict[str, float] = {}
        self.priors: dict[Branch, list[Any]] = {}
        self.done = 0

    def run(self) -> Run:
        began = time.perf_counter()
        options = self.options
        case = self.study.case(options.as_of, options.scenario, options.step)
        asked = questions.prepare(case)
        branches = self._branches(asked)
        self._lap("load", began)
        program = network.Program()
        for branch, names in branches.items():
            made = self._pass(case, branch, {name: asked[name] for name in names}, len(branches))
            program = made if branch == next(iter(branches)) else program
        if not branches:
            raise RunError(f"{case.name} asks no questions; nothing to run for")
        began = time.perf_counter()
        answers, leading = self._answers(asked)
        self._lap("answers", began)
        self.seconds = {name: round(value, 3) for name, value in self.seconds.items()}
        return Run(case, options, answers, self.curves, leading, self.laws, self.seconds, program)

    def _lap(self, name: str, began: float) -> None:
        self.seconds[name] = self.seconds.get(name, 0.0) + time.perf_counter() - began

    def _branches(self, asked: dict[str, Asked]) -> dict[Branch, list[str]]:
        """Return the questions of every branch; a run in a scenario answers questions that name none in that scenario."""
        made: dict[Branch, list[str]] = {}
        for name, one in asked.items():
            if one.gauge is not None:
                made.setdefault(one.branch, []).append(name)
        return made

    def _pass(self, case: Case, branch: Branch, asked: dict[str, Asked], passes: int) -> network.Program:
        began = time.perf_counter()
        options = self.options
        if branch.scenario and branch.scenario != options.scenario:
            case = self.study.case(options.as_of, branch.scenario, options.step)
            asked = {name: one for name, one in questions.prepare(case).items() if name in asked}
        gauges = [one.gauge for one in asked.values() if one.gauge is not None]
        program = network.build(case, gauges)
        proof.prove(program)
        self._lap("build", began)
        began = time.perf_counter()
        horizon = int(np.ceil(case.day(case.end) / case.step - 1e-9))
        last = max(one.last_day for one in asked.values())
        steps = min(int(np.ceil(last / case.step - 1e-9)) + 1, horizon)
        kept = {name: program.variables[f"{one.gauge.path}.{_slot(one)}"][0] for name, one in asked.items() if one.gauge}
        fans = {name: program.variables[f"{one.gauge.path}.now"][0] for name, one in asked.items() if one.gauge and one.fan}
        settings = ensemble.Settings(options.seed, options.draws, case.step, steps, max(1, round(horizon / FAN_POINTS)), options.chunk, options.engine)
        found = ensemble.run(program, settings, list(kept.values()), list(fans.values()), branch.fixed, lambda n: self._tell(n, passes))
        self.kept |= dict(zip(kept, found.kept, strict=True))
        for name, slot in fans.items():
            self.curves[name] = _curve(program, asked[name], found, slot)
        self.laws = {name: max(error, self.laws.get(name, 0.0)) for name, error in {**self.laws, **found.laws}.items()}
        self.priors[branch] = [prior for _, prior in program.priors if prior.path not in branch.fixed]
        self._lap("run", began)
        return program

    def _tell(self, count: int, passes: int) -> None:
        self.done += count
        self.report(self.done, passes * self.options.draws)

    def _answers(self, asked: dict[str, Asked]) -> tuple[dict[str, Answer], dict[str, dict[str, float]]]:
        drawn = questions.values(asked, self.kept)
        everything = [prior for priors in self.priors.values() for prior in priors]
        given = drivers.inputs(everything, self.options.seed, self.options.draws)
        answers: dict[str, Answer] = {}
        leading: dict[str, dict[str, float]] = {}
        for name, one in asked.items():
            found = drivers.shares(given, drawn[name])
            answers[name] = questions.answer(one, drawn[name], drivers.base_share(given, found))
            leading[name] = dict(drivers.leading(given, found))
        return answers, leading


def _slot(one: Asked) -> str:
    return "crossed" if one.form == "first" else "kept"


def _curve(program: network.Program, one: Asked, found: ensemble.Ensemble, slot: int) -> Curve:
    target = one.gauge.links["of"][0] if one.gauge else None
    kind = program.kinds[f"{target.path}.{target.variable}"] if target else "flow"
    unit = str(one.gauge.options["unit"]) if one.gauge else one.unit
    on = "boundary" if kind == "level" else "period"
    return Curve(one.text, unit, on, found.times, found.fans[slot].quantiles(np.array(FAN)))


def load(name: str | Path) -> Study:
    """Return the study of a case given by folder, file or the name of a shipped one. Raises CaseError when there is none."""
    find(name)
    return Study(name)
