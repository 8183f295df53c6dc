"""The whole way from a case's name to a run with answers: what the command line and Python users call."""

from __future__ import annotations

import contextlib
import datetime
import functools
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from materiel import language as languages
from materiel import manifest, network, preparation
from materiel.analysis import courses, drivers, questions
from materiel.analysis.questions import Answer, Asked, Branch
from materiel.case.files import find
from materiel.case.model import Case, Instance
from materiel.case.schema import Question
from materiel.engine import ensemble
from materiel.errors import CaseError, RunError, nearest
from materiel.evidence.grades import DEFAULT
from materiel.folder import Folder, opened, save
from materiel.language import ENGLISH, Language
from materiel.options import Options, Reading
from materiel.preparation import Prepared, Recipe
from materiel.results import FAN, Curve, dataset

if TYPE_CHECKING:  # what only some commands need is imported where they begin
    import xarray
    from distributed import Client

    from materiel.analysis import lineage
    from materiel.analysis.examination import Examined
    from materiel.analysis.lineage import Shift, Why
    from materiel.analysis.observing import Candidate, Watch, Worth
    from materiel.analysis.tornado import Tornado
    from materiel.export.model import Model
    from materiel.mixture import Mixture
    from materiel.report.telling import Before
    from materiel.solving import Solution
    from materiel.weighed import Weighed

Array = npt.NDArray[np.float64]

WEIGHED = 10_000
"""Draws of each hypothesis on which a report weighs them."""


@dataclass
class Study:
    """A case that can be run; `materiel.load` makes one. `more` are questions asked besides those of the case."""

    name: str | Path
    more: dict[str, Question] = field(default_factory=dict[str, "Question"])

    def case(self, reading: Reading | None = None) -> Case:
        """Return the checked case. Raises CaseError, RunError."""
        return preparation.read(self.name, self.more, reading or Reading())

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
        output: str | Path | None = None,
        client: Client | None = None,
        language: str = "en",
        set: Mapping[str, str] | None = None,  # noqa: A002  # as the command line calls it
    ) -> Run:
        """Run the case and return its answers.

        `draws` runs with the random streams of `seed`; whatever was known after `as_of` (the case's own day if None) is hidden; `step` is in days. `rules` names
        what grades do to numbers, `drop` the sources, publishers, origins or claims left out, `independent` takes every claim for an origin of its own. `only` names
        the questions asked (all if empty). `report` is told how many runs of how many are done. With `output`, the run gets a folder of its own there, in which
        draws are kept as they are done, and what was kept of the same run is not run again; with `client`, draws are run on a Dask cluster. `language` is that of the report in
        the folder. `set` gives numbers by hand, by path, as a case would write them. Raises CaseError, RunError.
        """
        reading = Reading(_day(as_of), scenario, step, rules, tuple(drop), independent, set=_set(set))
        return self.again(Options(reading, draws, seed, engine, chunk, tuple(only)), report, output, client, language)

    def again(
        self, options: Options, report: Callable[[int, int], None] | None = None, output: str | Path | None = None, client: Client | None = None, language: str = "en"
    ) -> Run:  # fmt: skip
        """Run the case with the options of another run; `output`, `client` and `language` are those of `run`. Raises CaseError, RunError."""
        options.check()
        languages.load(language)
        prepared = preparation.prepare(self.name, self.more, options)
        said = manifest.manifest(self.name, prepared.case, self.more, options, language)
        with opened(Path(output), said, prepared.settings) if output is not None else contextlib.nullcontext() as shelf:
            run = _Runner(self, options, prepared, said, report or (lambda _done, _all: None)).run(shelf, client)
            if shelf is not None:
                shelf.complete(run.data, run.manifest(), functools.partial(run.report, language=language))
        return run

    def weigh(
        self,
        draws: int = 10000,
        seed: int = 1,
        as_of: datetime.date | str | None = None,
        odds: Mapping[str, float] | None = None,
        rules: str = DEFAULT,
        drop: Sequence[str] = (),
        only: Sequence[str] = (),
    ) -> Weighed:
        """Weigh the rival hypotheses of the case by what was observed of it.

        `odds` replaces prior probabilities, those not named sharing what is left; `only` names the questions answered before and after (the key ones if empty); the
        rest is as in `run`, with `draws` for each hypothesis. Raises CaseError, RunError: also where too few draws come near what was seen.
        """
        return self.weighed(Options(Reading(_day(as_of), rules=rules, drop=tuple(drop)), draws, seed, only=tuple(only)), odds or {})

    def weighed(self, options: Options, odds: Mapping[str, float], report: Callable[[int, int], None] | None = None) -> Weighed:
        """Weigh the hypotheses of the case with the options of a run. Raises CaseError, RunError."""
        from materiel import weighing

        found = weighing.weigh(self.name, self.more, options, report or (lambda _done, _all: None)).with_priors(odds)
        if found.refusal:
            raise RunError(found.refusal)
        return found

    def mixture(self, options: Options) -> Mixture | None:
        """Answer what options ask over all hypotheses of the case, by their prior odds; None if it has none. Raises CaseError, RunError."""
        from materiel import mixture

        return mixture.mix(self.name, self.more, options, self.case(options.reading))

    def model(self, draw: int | None = None, seed: int = 1, reading: Reading | None = None, question: str = "") -> Model:
        """Return the case as a flat model for other tools: with the numbers of one draw of a run, counted from 0, or all medians if None.

        It is the baseline, or the branch (scenario and contingency) that answers a question. Raises CaseError, RunError.
        """
        from materiel.export.model import model

        how = reading or Reading()
        case = self.case(how)
        branch = _branch(case, question) if question else Branch()
        if branch.scenario:
            case = self.case(how.under(branch.scenario))
        return model(case, draw, seed, branch)

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

    def solve(
        self, change: str, keep: str, draws: int = 2000, seed: int = 1, reading: Reading | None = None, *, end: str = "", points: int | None = None,
        report: Callable[[int, int], None] | None = None,
    ) -> Solution:  # fmt: skip
        """Return how far a number can go and keep a question's probability above a bound.

        `change` is `NUMBER=LOW..HIGH UNIT`, the path of a number and the values to try; `keep` is `QUESTION above VALUE with P %`, or below. `end` is `largest` or
        `smallest`, `points` how many values the grid has; without them, the end at which values cease to do, and nine. Raises CaseError, RunError.
        """
        from materiel import solving

        options = Options(reading or Reading(), draws, seed)
        return solving.solve(self.name, self.more, change, keep, options, end=end, points=points or solving.POINTS, report=report)

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
        from materiel.analysis import examination

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
    """A finished run of a `study`: `case`, `questions` (answers by id), `laws` (largest relative errors), `seconds` by stage, `curves` over time.

    `said` is its manifest, `folder` where it is kept, if it is.
    """

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
    said: dict[str, Any] = field(repr=False)
    folder: Path | None = None

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
        return dataset(answers, self.curves, self.case.start.isoformat(), {"title": self.case.title, **manifest.attributes(self.said)})

    @property
    def identity(self) -> str:
        """Return what identifies the run: the same case, options and version give the same."""
        return str(self.said["run"])

    def manifest(self) -> dict[str, Any]:
        """Return everything needed to run it again, and what it was made on."""
        return self.said

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
        from materiel.analysis import lineage

        return lineage.why(
            self.case,
            self.questions[self._known(question)],
            self.inputs[question],
            self.drivers[question],
            self.options.seed,
            without(self, (question,)) if exact else None,
        )

    @cached_property
    def _fine(self) -> drivers.Inputs:
        """The uncertain numbers of all questions, from more draws than their shares are read from."""
        from materiel.analysis import tornado

        priors = [prior for given in self.inputs.values() for prior in given.priors]
        return drivers.inputs(priors, self.options.seed, self.options.draws, tornado.MOST_DRAWS)

    def tornado(self, question: str, categories: Sequence[drivers.Category] = (), *, language: Language = ENGLISH) -> Tornado:
        """Return what moves an answer: numbers, days, whose word was listened to, and `categories` of the draws besides. Raises RunError for an unknown question."""
        from materiel.analysis import tornado

        given = self._fine.of(self.inputs[self._known(question)].priors)
        listened = drivers.voiced(given, self.options.seed, self.case.ledger, language)
        return tornado.tornado(self.case, self.questions[question], given, [*listened, *categories], language)

    def worth(self, question: str, watch: Watch, candidates: Sequence[Candidate] = (), *, language: Language = ENGLISH) -> list[Worth]:
        """Return the observations worth having next for an answer: of `candidates`, of what other questions ask about and of uncertain numbers. Raises RunError."""
        from materiel.analysis import observing, tornado

        given = self._fine.of(self.inputs[self._known(question)].priors)
        answer, draws, seed = self.questions[question], given.classes.shape[1], self.options.seed
        others = observing.questions({name: one for name, one in self.questions.items() if name not in self.study.more}, self.case, watch.until)
        numbers = observing.numbers(given, tornado.Reader(answer, draws), seed)
        return observing.worth(self.case, answer, draws, [*candidates, *others, *numbers], seed, watch, language)

    def _known(self, question: str) -> str:
        if question not in self.questions:
            raise RunError(f"unknown question {question!r}; one of {', '.join(self.questions)}")
        return question

    def without(self, question: str, claims: Sequence[str]) -> Shift | None:
        """Return an answer as it would be had claims never been made; None where these runs cannot tell."""
        from materiel.analysis import lineage

        return lineage.without(self.case.ledger, self.questions[question], self.inputs[question].heard, claims, self.options.seed)

    def rivals(self) -> Weighed | str:
        """Return the rival hypotheses of the case weighed by what was seen, or why nothing can be said of them.

        They are weighed on the first ten thousand draws, as `materiel weigh` does, however many this run has: of fewer, more would have to be aimed at what was
        seen, which takes longer, and more would move no digit that is shown.
        """
        try:
            return self.study.weighed(replace(self.options, draws=WEIGHED, only=()), {})
        except RunError as error:
            return str(error)

    def report(self, path: str | Path, language: str = "en", before: Before | None = None, pdf: str | Path | None = None) -> Path:
        """Write the report as one HTML file and return its path; with `pdf`, the same as a PDF beside it.

        `language` is en or fr; `before` is an earlier edition (`materiel.editions`), which it is held against. Raises RunError when it cannot be written.
        """
        from materiel.report import html, paper, sections

        document = sections.document(html.tell(self, language, before))
        if pdf is not None:
            paper.write(document, Path(pdf))
        return html.write(document, Path(path))

    def save(self, folder: str | Path) -> Path:
        """Write results.nc and manifest.json into a folder and return it. Raises RunError."""
        save(self.data, self.said, Path(folder))
        return Path(folder)


class _Runner:
    """One run on its way: runs a pass per branch on the same draws, and answers."""

    def __init__(self, study: Study, options: Options, prepared: Prepared, said: dict[str, Any], report: Callable[[int, int], None]) -> None:
        self.study, self.options, self.prepared, self.said, self.report = study, options, prepared, said, report
        self.done = 0

    def run(self, shelf: Folder | None, client: Client | None) -> Run:
        prepared = self.prepared
        case, asked, passes = prepared.case, prepared.asked, prepared.passes
        kept: dict[str, Array] = {}
        drawn: dict[str, Future[Curve]] = {}
        laws: dict[str, float] = {}
        numbers: list[Future[dict[str, drivers.Inputs]]] = []
        with ThreadPoolExecutor(prepared.settings.workers) as threads:
            with prepared.timed("run"):
                elsewhere = self._elsewhere(client) if client else None
                ensembles = ensemble.run(
                    list(passes.values()), prepared.settings, self._tell, shelf, elsewhere, lambda: numbers.append(threads.submit(self._inputs))
                )
            with prepared.timed("answers"):
                for names, one, found in zip(prepared.branches.values(), passes.values(), ensembles, strict=True):
                    kept |= dict(zip(names, found.kept, strict=True))
                    slots = zip([name for name in names if asked[name].fan], one.fans, strict=True)
                    drawn |= {name: threads.submit(_curve, one, asked[name], found, slot, case.step) for name, slot in slots}
                    laws = {name: max(error, laws.get(name, 0.0)) for name, error in found.laws.items()}
                values, inputs = questions.values(asked, kept), numbers[0].result()
                answers = threads.map(self._answer, asked.values(), [values[name] for name in asked], [inputs[name] for name in asked])
                told = dict(zip(asked, answers, strict=True))
                curves = {name: drawn[name].result() for name in asked if name in drawn}
        program = next(iter(passes.values())).program
        seconds = {name: round(value, 3) for name, value in prepared.seconds.items()}
        said = self.said | {"laws": laws, "machines": sorted(set[str]().union(*(found.machines for found in ensembles)))}
        answers, leading = {name: answer for name, (answer, _) in told.items()}, {name: found for name, (_, found) in told.items()}
        return Run(self.study, case, self.options, answers, curves, leading, inputs, laws, seconds, program, said, shelf.path if shelf else None)

    def _elsewhere(self, client: Client) -> ensemble.Work:
        """Return what runs blocks of draws on the workers of a cluster."""
        from materiel.engine import cluster

        like = [ensemble.empty(one, self.prepared.settings, 0) for one in self.prepared.passes.values()]
        return cluster.work(client, Recipe.of(self.prepared.case, self.study.more, self.options), like)

    def _tell(self, count: int) -> None:
        self.done += count
        self.report(self.done, len(self.prepared.passes) * self.options.draws)

    def _inputs(self) -> dict[str, drivers.Inputs]:
        """Return what drives the answer to each question: the numbers of the branches it is read in."""
        prepared = self.prepared
        everything = drivers.inputs(prepared.numbers(prepared.passes), self.options.seed, self.options.draws)
        made = {branches: everything.of(prepared.numbers(branches)) for branches in dict.fromkeys(map(prepared.read_in, prepared.asked))}
        return {name: made[prepared.read_in(name)] for name in prepared.asked}

    def _answer(self, asked: Asked, values: Array, inputs: drivers.Inputs) -> tuple[Answer, dict[str, float]]:
        """Return the answer to a question from its values per draw, and the numbers that drive it."""
        found = drivers.shares(inputs, values)
        answer = questions.answer(asked, values, drivers.base_share(inputs, found), self.prepared.case.ledger.scales[0])
        return answer, dict(drivers.leading(inputs, found))


def _set(given: Mapping[str, str] | None) -> tuple[str, ...]:
    return tuple(f"{number}={value}" for number, value in (given or {}).items())


def _day(as_of: datetime.date | str | None) -> datetime.date | None:
    try:
        return datetime.date.fromisoformat(as_of) if isinstance(as_of, str) else as_of
    except ValueError:
        raise RunError(f"as_of {as_of!r}; a day as YYYY-MM-DD") from None


def _branch(case: Case, question: str) -> Branch:
    """Return the branch that answers a question. Raises RunError when no single one does."""
    asked = questions.prepare(case)
    if question not in asked:
        near = nearest(question, list(asked))
        raise RunError(f"unknown question {question!r}" + (f"; did you mean {near!r}?" if near else ""))
    if asked[question].parts:
        raise RunError(f"question {question!r} is a ratio; name one of {' and '.join(asked[question].parts)}")
    return asked[question].branch


def _variables(one: Instance) -> list[str]:
    return [f"{one.path}.{name}" for name in one.type.variables]


def _curve(one: ensemble.Pass, asked: Asked, found: ensemble.Ensemble, slot: int, step: float) -> Curve:
    """Return what a gauge read over time."""
    seen = courses.course(asked, one.program.kinds, found.times, step)
    return Curve(asked.fan, seen.unit, seen.on, found.times[seen.shown], seen.of(found.fans[slot].quantiles(np.array(FAN))))


def without(run: Run, only: tuple[str, ...]) -> lineage.Again:
    """Return what repeats a run without some claims, each set of them once, for those of the questions that it asks."""
    asked = tuple(name for name in only if name in run.questions)

    @functools.cache
    def again(claims: tuple[str, ...]) -> dict[str, Answer]:
        reading = run.options.reading
        return run.study.again(replace(run.options, reading=replace(reading, silent=(*reading.silent, *claims)), only=asked)).questions

    return again


def load(name: str | Path) -> Study:
    """Return the study of a case given by folder, file or the name of a shipped one. Raises CaseError when there is none."""
    find(name)
    return Study(name)
