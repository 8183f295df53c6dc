"""Forecasting: a case is run as of a day, and what it says of days to come is frozen in a file."""

from __future__ import annotations

import datetime
import math
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from materiel import units
from materiel.analysis import frozen, questions, scores
from materiel.analysis.frozen import Frozen, Past, Prediction
from materiel.analysis.questions import Answer, Asked
from materiel.analysis.resolution import Subject
from materiel.case.files import find
from materiel.case.model import Case
from materiel.errors import RunError, nearest
from materiel.options import Options, Reading
from materiel.study import Study

Array = npt.NDArray[np.float64]


def freeze(
    study: Study, as_of: datetime.date | None = None, draws: int = 10_000, seed: int = 1, only: Sequence[str] = (), output: Path | None = None, note: str = "",
    report: Callable[[int, int], None] | None = None, today: datetime.date | None = None, *, weighed: bool = False,
) -> tuple[Path, Frozen]:  # fmt: skip
    """Run a case, freeze what it says of every question that resolves, and return the file and what it holds.

    `only` names the questions (all that resolve if empty), `output` the file (one named by the day in the folder of the case if None). With `weighed`, the forecast is that of
    the case's rival hypotheses together, each with the odds that what was seen by then leaves it. Raises CaseError, and RunError when there is nothing to forecast, when a
    question cannot be, or when the file is there already.
    """
    day, reading = today or datetime.datetime.now(tz=datetime.UTC).date(), Reading(as_of)
    case = study.case(reading)
    names = _forecastable(case, only)
    path = output or frozen.folder(find(study.name)) / f"{case.as_of}{'-weighed' if weighed else ''}{frozen.ENDING}"
    if path.exists():
        raise RunError(f"{path} is there already, and what is frozen is never written over; give another name with --output")
    if case.as_of > day + datetime.timedelta(days=1):  # somewhere it is tomorrow already
        raise RunError(f"as of {case.as_of}, a day that has not come: nobody knows what will be known by then")
    options = Options(reading, draws, seed, only=tuple(names))
    run = study.again(options, report)
    answers, weights, odds = run.questions, None, dict[str, float]()
    if weighed:
        found = study.weighed(options, {}, report)
        answers, weights = {name: after for name, (_, after) in found.answers.items()}, found.weights_after
        odds = {name: one.posterior for name, one in found.standings.items()}
    made = {name: _prediction(run.case, answers[name], weights) for name in names}
    said = Frozen(
        format=frozen.FORMAT, case=case.name, title=case.title, as_of=case.as_of, made=day, hindcast=(day - case.as_of).days > 1, note=note,
        basis="posterior" if weighed else "prior", odds=odds, rules=case.rule.name, draws=draws, seed=seed, step=case.step, version=run.said["version"],
        program_sha256=run.said["program_sha256"], case_sha256=case.digest, run=run.identity, questions=made, seal="",
    )  # fmt: skip
    return path, said.model_copy(update={"seal": frozen.write(said, path)})


def _forecastable(case: Case, only: Sequence[str]) -> list[str]:
    """Return the questions that can be forecast, as of the day of the case. Raises RunError."""
    asked = questions.prepare(case)
    for name in only:
        if name not in asked:
            near = nearest(name, list(asked))
            raise RunError(f"unknown question {name!r}" + (f"; did you mean {near!r}?" if near else ""))
        if case.questions[name].resolves is None:
            raise RunError(f"question {name!r} has no `resolves`: nobody could say later how it came out")
        if questions.subject(case, asked[name]).day <= case.as_of:
            raise RunError(f"question {name!r} asks of {questions.subject(case, asked[name]).day}, which has come by {case.as_of}")
    found = [name for name, one in asked.items() if case.questions[name].resolves and questions.subject(case, one).day > case.as_of]
    if not found:
        raise RunError(f"{case.name} has no question after {case.as_of} that says how it `resolves`")
    return [name for name in found if not only or name in only]


def _prediction(case: Case, answer: Answer, weights: Array | None) -> Prediction:
    asked = answer.asked
    about, rule = questions.subject(case, asked), case.questions[asked.id].resolves
    bound = asked.threshold
    return Prediction(
        text=asked.text, items=_items(case, asked), unit=asked.unit, first=about.first, day=about.day, horizon=(about.day - case.as_of).days, resolves=rule,
        threshold={} if bound is None else {"above" if bound[0] == "above" else "below": bound[1]}, probability=answer.probability, assumed=None if math.isnan(answer.base_share) else round(answer.base_share, 4),
        seen=list(_seen(case, about, rule.baseline or rule.series)), quantiles=scores.of(answer.values, weights).tolist(),
    )  # fmt: skip


def _items(case: Case, asked: Asked) -> list[str]:
    """Return the items that a question reads, or the names of what it reads where that has none."""
    assert asked.gauge is not None
    read = [case.components[target.path] for target in asked.gauge.links["of"]]
    return sorted({one.links["item"][0].path.split(".")[-1] if one.links.get("item") else one.name for one in read})


def _seen(case: Case, about: Subject, series: str) -> Iterator[Past]:
    """Yield what was observed of a series by the day of the case; of several figures for the same days the one known last."""
    rows = {(one.start, one.end): one for one in sorted(case.observations, key=lambda one: one.known) if one.series == series}
    for one in rows.values():
        yield Past(start=one.start, end=one.end, quantity=one.quantity * units.factor(one.unit, about.unit), source=one.source)
