"""The whole way from a case's name to a run with answers: what the command line and Python users call."""

from __future__ import annotations

import contextlib
import datetime
import functools
import hashlib
import itertools
import json
import time
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from materiel import network, proof
from materiel.analysis import comparison, drivers, examination, lineage, questions
from materiel.analysis.comparison import Change, Comparison, Edition
from materiel.analysis.examination import Examined
from materiel.analysis.lineage import Shift, Why
from materiel.analysis.questions import Answer, Asked, Branch
from materiel.case.files import find, read_files
from materiel.case.loading import load as load_case
from materiel.case.model import Case, Instance
from materiel.case.schema import Question
from materiel.engine import ensemble
from materiel.errors import CaseError, RunError, nearest
from materiel.evidence.grades import DEFAULT
from materiel.evidence.vocabulary import Scale
from materiel.options import Options, Reading
from materiel.results import FAN, Curve, dataset, save

if TYPE_CHECKING:
    import xarray

Array = npt.NDArray[np.float64]

FAN_POINTS = 120


@dataclass
class Study:
    """A case that can be run; `materiel.load` makes one. `more` are questions asked besides those of the case."""

    name: str | Path
    more: dict[str, Question] = field(default_factory=dict[str, "Question"])

    def case(self, reading: Reading | None = None) -> Case:
        """Return the checked case. Raises CaseError, RunError."""
        how = reading or Reading()
        case = load_case(
            self.name, as_of=how.as_of, scenario=how.scenario, step=how.step, rules=how.rules, drop=how.drop, silent=how.silent, independent=how.independent
        )  # fmt: skip
        case.questions.update(self.more)
        return case

    def run(
        self,
        draws: int = 2000,
        seed: int = 1,
        as_of: datetime.date | str | None = None,
        scenario: str = "",
        step: float | None = None,
        engine: str = "native",
        chunk: int = 1024,
        rules: str = DEFAULT,
        drop: Sequence[str] = (),
        independent: bool = False,
        only: Sequence[str] = (),
        report: Callable[[int, int], None] | None = None,
    ) -> Run:
        """Run the case and return its answers.

        `draws` runs with the random streams of `seed`; whatever was known after `as_of` (the case's own day if None) is hidden; `step` is in days. `rules` names
        what grades do to numbers, `drop` the sources, publishers, origins or claims left out, `independent` takes every claim for an origin of its own. `only` names
        the questions asked (all if empty). `report` is told how many draws of how many are done. Raises CaseError, RunError.
        """
        try:
            day = datetime.date.fromisoformat(as_of) if isinstance(as_of, str) else as_of
        except ValueError:
            raise RunError(f"as_of {as_of!r}; a day as YYYY-MM-DD") from None
        reading = Reading(day, scenario, step, rules, tuple(drop), independent)
        return self.again(Options(reading, draws, seed, engine, chunk, tuple(only)), report)

    def again(self, options: Options, report: Callable[[int, int], None] | None = None) -> Run:
        """Run the case with the options of another run. Raises CaseError, RunError."""
        options.check()
        return _Runner(self, options, report or (lambda _done, _all: None)).run()

    def ask(self, output: str, at: datetime.date | None = None, reading: Reading | None = None) -> tuple[Study, str]:
        """Return a study that asks for an output, and the name of the question: one of the case (`at` another day if given), or a variable by its path on the day `at`.

        Raises RunError when the case has no such question or variable.
        """
        case = self.case(reading)
        asked = case.questions.get(output)
        if asked is None:
            day = at or min(max(case.as_of, case.start), case.end - datetime.timedelta(days=1))
            asked = Question.model_validate({"text": f"{output} on {day}", "value": output, "at": day})
        elif at is not None and asked.value is None:
            raise RunError(f"question {output!r} does not ask for a value on a day, so that --at does not apply")
        elif at is not None:
            asked = asked.model_copy(update={"at": at, "text": f"{asked.text}, on {at} instead", "fan": False})
        else:
            return self, output
        study = Study(self.name, self.more | {output: asked})
        try:
            questions.prepare(study.case(reading))
        except CaseError as error:
            names = [*case.questions, *(path for one in case.components.values() for path in _variables(one))]
            near = nearest(output, names)
            raise RunError("; ".join(problem.found for problem in error.problems) + (f"; did you mean {near!r}?" if near not in ("", output) else "")) from None
        return study, output

    def claims(self, name: str, reading: Reading | None = None) -> list[str]:
        """Return the claims that a name stands for: one claim, or all those of a source, publisher or origin. Raises CaseError, RunError."""
        case = self.case(reading)
        if name in case.whole.claims:
            return [name]
        if name not in {*case.whole.sources, *case.whole.publishers, *case.whole.origins}:
            near = nearest(name, list(case.whole.claims))
            raise RunError(f"unknown claim {name!r}" + (f"; did you mean {near!r}?" if near else ""))
        found = case.ledger.named(name)
        return [claim for claim in case.ledger.claims if claim in found]

    def examine(
        self, claims: Sequence[str], draws: int = 4000, seed: int = 1, reading: Reading | None = None, report: Callable[[int, int], None] | None = None
    ) -> list[Examined]:
        """Leave each claim out with all of its origin, predict its quantity from everything else, and say where it falls. Raises CaseError, RunError."""
        how = reading or Reading()
        case = self.case(how)
        runs: dict[tuple[str, ...], Run] = {}
        targets = {claim: examination.target(case, claim) for claim in claims}
        silent = {claim: tuple(sorted(examination.left_out(case, claim))) for claim in claims}
        for gone in dict.fromkeys(silent[claim] for claim, target in targets.items() if target.question):
            asked = tuple(dict.fromkeys(targets[claim].question for claim in claims if silent[claim] == gone and targets[claim].question))
            runs[gone] = self.again(Options(replace(how, silent=(*how.silent, *gone)), draws, seed, only=asked), report)

        @functools.cache
        def left(gone: tuple[str, ...]) -> Case:
            return runs[gone].case if gone in runs else self.case(replace(how, silent=(*how.silent, *gone)))

        found: list[Examined] = []
        for claim, target in targets.items():
            prediction = None
            if target.question:
                answer = runs[silent[claim]].questions[target.question]
                prediction = examination.Prediction(answer.asked.text, answer.asked.unit, answer.values, answer.base_share)
            elif target.number:
                prediction = examination.predicted(left(silent[claim]), target.number, seed, draws)
            found.append(examination.examine(case, claim, prediction))
        return found


@dataclass
class Run:
    """A finished run of a `study`: `case`, `questions` (answers by id), `laws` (largest relative errors), `seconds` by stage, `curves` over time."""

    study: Study
    case: Case
    options: Options
    questions: dict[str, Answer]
    curves: dict[str, Curve]
    drivers: dict[str, dict[str, float]]
    inputs: dict[str, drivers.Inputs] = field(repr=False)
    laws: dict[str, float]
    seconds: dict[str, float]
    program: network.Program = field(repr=False)

    @property
    def judgements(self) -> list[str]:
        """Return the sentences of the key questions, in the order of the case."""
        return [answer.sentence for answer in self.keys.values()]

    @property
    def keys(self) -> dict[str, Answer]:
        """Return the answers to the key questions by id, in the order of the case; to the first five if none is key."""
        found = {name: answer for name, answer in self.questions.items() if answer.asked.key}
        return found or dict(list(self.questions.items())[:5])

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

        options = replace(self.options, reading=replace(self.options.reading, as_of=self.case.as_of, step=self.case.step))
        said = json.dumps([self.case.digest, options, self.case.rule.model_dump(mode="json"), __version__], default=str)
        return hashlib.sha256(said.encode()).hexdigest()[:16]

    def manifest(self) -> dict[str, Any]:
        """Return everything needed to run it again."""
        from materiel import __version__

        return {
            "run": self.identity, "case": self.case.name, "path": str(self.study.name), "case_sha256": self.case.digest, "as_of": self.case.as_of, "seed": self.options.seed,
            "draws": self.options.draws, "step": self.case.step, "scenario": self.case.scenario, "engine": self.options.engine, "rules": self.options.reading.rules,
            "drop": list(self.options.reading.drop), "independent": str(self.options.reading.independent).lower(),
            "version": __version__, "numpy": np.__version__, "laws": self.laws,
        }  # fmt: skip

    def json(self) -> dict[str, Any]:
        """Return the answers as plain data; a quantile that falls past the horizon is None."""
        return {
            "case": self.case.name, "as_of": self.case.as_of.isoformat(), "rules": self.case.rule.name, "seed": self.options.seed, "draws": self.options.draws,
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

    def why(self, question: str, *, exact: bool = False) -> Why:
        """Return the chain of an answer: what drives it, whose word that is, and what the answer would be without it. Raises RunError for an unknown question.

        Where these runs cannot tell what the answer would be without a voice, `exact` repeats them without it.
        """
        if question not in self.questions:
            raise RunError(f"unknown question {question!r}; one of {', '.join(self.questions)}")
        return lineage.why(
            self.case,
            self.questions[question],
            self.inputs[question],
            self.drivers[question],
            self.options.seed,
            _without(self, (question,)) if exact else None,
        )

    def without(self, question: str, claims: Sequence[str]) -> Shift | None:
        """Return an answer as it would be had claims never been made; None where these runs cannot tell."""
        return lineage.without(self.case.ledger, self.questions[question], self.inputs[question].heard, claims, self.options.seed)

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
            case = self.study.case(options.reading)
            asked = _chosen(questions.prepare(case), options.only)
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
            answers, leading, inputs = self._answers(asked, kept, passes, case.ledger.scales[0])
        program = next(iter(passes.values())).program
        seconds = {name: round(value, 3) for name, value in self.seconds.items()}
        return Run(self.study, case, options, answers, {name: curves[name] for name in asked if name in curves}, leading, inputs, laws, seconds, program)

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
            reading = self.options.reading
            case = self.study.case(replace(reading, scenario=",".join(filter(None, (reading.scenario, scenario)))))
        everything = _chosen(questions.prepare(case), self.options.only)
        gauges = [one.gauge for one in everything.values() if one.gauge is not None]
        program = network.build(case, gauges)
        proof.prove(program)
        paths = {one.id: one.gauge.path for one in everything.values() if one.gauge is not None}
        return program, paths, [one.id for one in everything.values() if one.fan]

    def _tell(self, count: int, passes: int) -> None:
        self.done += count
        self.report(self.done, passes * self.options.draws)

    def _answers(
        self, asked: dict[str, Asked], kept: dict[str, Array], passes: dict[Branch, ensemble.Pass], scale: Scale
    ) -> tuple[dict[str, Answer], dict[str, dict[str, float]], dict[str, drivers.Inputs]]:
        """Return answers, their drivers and their inputs; each is driven by the numbers of the branches it was read in."""
        drawn = questions.values(asked, kept)
        priors = {branch: [prior for _, prior in one.program.priors if prior.path not in branch.fixed] for branch, one in passes.items()}
        everything = drivers.inputs([prior for of_pass in priors.values() for prior in of_pass], self.options.seed, self.options.draws)
        by_branches: dict[tuple[Branch, ...], drivers.Inputs] = {}
        inputs: dict[str, drivers.Inputs] = {}
        answers: dict[str, Answer] = {}
        leading: dict[str, dict[str, float]] = {}
        for name, one in asked.items():
            read_in = tuple(dict.fromkeys(asked[part].branch for part in (one.parts or (name,))))
            if read_in not in by_branches:
                by_branches[read_in] = everything.of([prior for branch in read_in for prior in priors[branch]])
            inputs[name] = by_branches[read_in]
            found = drivers.shares(inputs[name], drawn[name])
            answers[name] = questions.answer(one, drawn[name], drivers.base_share(inputs[name], found), scale)
            leading[name] = dict(drivers.leading(inputs[name], found))
        return answers, leading, inputs


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


def _variables(one: Instance) -> list[str]:
    return [f"{one.path}.{name}" for name in one.type.variables]


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


def compare(runs: Sequence[Run], labels: Sequence[str], only: Sequence[str] = ()) -> Comparison:
    """Return runs side by side, and why each differs from the one before: what was revised, and what each claim that arrived does to its answers.

    The later of two runs is repeated without the claims that arrived, so that the effect of revised assumptions stands apart. `only` names the questions
    accounted for (the key ones if empty).
    """
    editions = [Edition(label, run.case, run.questions, run.inputs, run.options.seed) for label, run in zip(labels, runs, strict=True)]
    wanted = list(only) or [name for name, answer in runs[-1].questions.items() if answer.asked.key]
    changes: list[Change] = []
    for (before, after), (first, run) in zip(itertools.pairwise(editions), itertools.pairwise(runs), strict=True):
        differ = _differences(first, run)
        changes.append(comparison.change(before, after, _without(run, tuple(wanted)), [] if differ else wanted, differ))
    return Comparison(list(labels), comparison.rows(editions), changes)


def _differences(before: Run, after: Run) -> list[str]:
    """Return in what two runs differ besides the day: then neither claims nor revisions explain their answers."""
    a, b = before.options, after.options
    pairs = {
        "case": (before.case.digest, after.case.digest), "scenario": (a.reading.scenario, b.reading.scenario), "step": (before.case.step, after.case.step),
        "rules": (before.case.rule, after.case.rule), "claims left out": (a.reading.drop, b.reading.drop), "independence": (a.reading.independent, b.reading.independent),
        "draws": (a.draws, b.draws), "seed": (a.seed, b.seed),
    }  # fmt: skip
    return [name for name, (one, other) in pairs.items() if one != other] + (["days that go back"] if after.case.as_of < before.case.as_of else [])


def _without(run: Run, only: tuple[str, ...]) -> lineage.Again:
    """Return what repeats a run without some claims, each set of them once, for those of the questions that it asks."""
    asked = tuple(name for name in only if name in run.questions)

    @functools.cache
    def again(claims: tuple[str, ...]) -> dict[str, Answer]:
        reading = run.options.reading
        return run.study.again(replace(run.options, reading=replace(reading, silent=(*reading.silent, *claims)), only=asked)).questions

    return again


def repeat(folder: Path) -> Run:
    """Return the run that a folder keeps, made again from its manifest. Raises RunError when the folder keeps none, or when the case or anything else has changed since."""
    try:
        kept: dict[str, Any] = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
        day = datetime.date.fromisoformat(kept["as_of"])
        drop = tuple(map(str, kept["drop"]))
        reading = Reading(day, kept["scenario"], kept["step"], kept["rules"], drop, kept["independent"] == "true")
        options = Options(reading, kept["draws"], kept["seed"], kept["engine"])
        path, digest, identity = str(kept["path"]), str(kept["case_sha256"]), str(kept["run"])
    except (OSError, ValueError, KeyError, TypeError):
        raise RunError(f"{folder} keeps no run of this version") from None
    if read_files(find(path))[2] != digest:
        raise RunError(f"{folder}: the files of {path} have changed since this run, so that it cannot be repeated")
    run = Study(path).again(options)
    if run.identity != identity:
        raise RunError(f"{folder}: the rules or the program have changed since this run, so that it cannot be repeated")
    return run


def load(name: str | Path) -> Study:
    """Return the study of a case given by folder, file or the name of a shipped one. Raises CaseError when there is none."""
    find(name)
    return Study(name)
