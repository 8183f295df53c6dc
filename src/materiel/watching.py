"""What would change our mind: an answer's drivers and the observation worth having next, with a gauge on every open indicator; what `materiel drivers` calls."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from dataclasses import dataclass, replace

from materiel import mixture, units
from materiel.analysis import observing, questions
from materiel.analysis.observing import Candidate, Watch, Worth
from materiel.analysis.questions import Branch
from materiel.analysis.tornado import Tornado
from materiel.case.model import Case
from materiel.case.schema import Question
from materiel.components.indicator import Indicator
from materiel.mixture import Mixture
from materiel.options import Options
from materiel.study import Run, Study


@dataclass(frozen=True)
class Driven:
    """One answer: what moves it, and what an observation would be worth; observations count until a day, and are reported within `factor` nine times in ten.

    `mixture` is what moves it over all hypotheses, which of them is true among the rest, if the case has any. `since` is the day from which indicators are watched, the case's own.
    """

    tornado: Tornado
    mixture: Tornado | None
    worth: list[Worth]
    since: datetime.date
    until: datetime.date
    credibility: int
    factor: float
    bar: float | None


def drivers(
    study: Study, names: tuple[str, ...], options: Options, until: datetime.date | None = None, credibility: int = observing.CREDIBILITY,
    bar: float | None = None, report: Callable[[int, int], None] | None = None,
) -> list[Driven]:  # fmt: skip
    """Return what moves the answers to some questions (the key ones if none is named) and which observation each would gain most from, from one run. Raises CaseError, RunError."""
    case = study.case(options.reading)
    how = observing.watch(case, until, credibility, bar)
    asked = questions.prepare(case)
    names = names or tuple(name for name, one in asked.items() if one.key) or tuple(asked)[:5]
    seen = [name for name, one in asked.items() if one.branch == Branch() and one.last_day <= case.day(how.until)]
    gauges = _gauges(case, how.until)
    only = tuple(dict.fromkeys((*names, *seen, *gauges)))
    run = Study(study.name, study.more | gauges).again(replace(options, only=only), report)
    mixed = mixture.mix(study.name, study.more, replace(options, only=names), case)
    return [driven(run, name, how, mixed) for name in names]


def driven(run: Run, question: str, how: Watch, mixed: Mixture | None = None) -> Driven:
    """Return what moves one answer of a run, and of its hypotheses `mixed`, and what would be worth seeing; indicators count if the run has gauges on them."""
    since, over_all = max(run.case.as_of, run.case.start), mixed.tornado(question) if mixed else None
    return Driven(run.tornado(question), over_all, run.worth(question, how, _watched(run, how.until)), since, how.until, how.credibility, how.factor, how.bar)


def _gauges(case: Case, until: datetime.date) -> dict[str, Question]:
    """Return what asks how much of every indicator is known on the day of a case, and on a later one."""
    since = max(case.as_of, case.start)
    if until <= since:
        return {}
    days = {path: (_gauge(path, since), _gauge(path, until)) for path in _indicators(case)}
    return {name: _value(path, day) for path, names in days.items() for name, day in zip(names, (since, until), strict=True)}


def _watched(run: Run, until: datetime.date) -> list[Candidate]:
    """Return what becomes known of every indicator until a day, draw by draw."""
    case, since = run.case, max(run.case.as_of, run.case.start)
    made: list[Candidate] = []
    for path in _indicators(case):
        before, after = _gauge(path, since), _gauge(path, until)
        if before in run.questions and after in run.questions:
            known = run.questions[after].values - run.questions[before].values
            unit = str(case.components[path].options["unit"])
            what = f"{path.split('.')[-1]}: what becomes known from {since} to {until}"
            made.append(Candidate(path, what, "indicator", unit, known, counted=units.bare(unit) in units.COUNTS))
    return made


def _indicators(case: Case) -> list[str]:
    return [path for path, one in case.components.items() if one.type.section == Indicator.section]


def _gauge(path: str, day: datetime.date) -> str:
    return f"{path}@{day}"


def _value(path: str, day: datetime.date) -> Question:
    return Question.model_validate({"text": f"{path} known on {day}", "value": f"{path}.seen", "at": day})
