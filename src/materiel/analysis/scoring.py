"""The forecast ledger: frozen forecasts settled by what was observed later, and scored beside naive ones."""

from __future__ import annotations

import dataclasses
import datetime
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from materiel import units
from materiel.analysis import baselines, frozen, resolution, scores
from materiel.analysis.baselines import Seen
from materiel.analysis.frozen import Frozen
from materiel.analysis.resolution import Outcome, Subject
from materiel.analysis.scores import Marks
from materiel.case.loading import load
from materiel.case.model import Case

MODEL = "forecast"
"""What was frozen, beside its naive rivals."""
HORIZONS = ((183, "half a year or less"), (366, "half a year to a year"), (10**9, "more than a year"))
"""Spans of days for which scores are shown apart."""


@dataclass(frozen=True)
class Scored:
    """A question that came out: what was forecast, what was observed, and the scores of the forecast and of every naive one; `absent` says why others are missing."""

    forecast: str
    question: str
    text: str
    unit: str
    items: tuple[str, ...]
    as_of: datetime.date
    day: datetime.date
    horizon: int
    rule: str
    threshold: tuple[str, float] | None
    outcome: Outcome
    spread: tuple[float, float]
    crps_spread: tuple[float, float]
    marks: dict[str, Marks]
    absent: dict[str, str]


@dataclass(frozen=True)
class Open:
    """A question that cannot be scored, and why."""

    forecast: str
    question: str
    text: str
    day: datetime.date
    reason: str


@dataclass(frozen=True)
class Total:
    """Mean scores of one forecaster over `n` questions, `thresholds` of which had one, and those of the forecast over the same ones.

    `won` says in how many the forecast had the lower CRPS of logarithms, or the lower CRPS where there are none. What is in units is not averaged over questions.
    """

    by: str
    group: str
    who: str
    n: int
    thresholds: int
    crps_log: float | None
    forecast_crps_log: float | None
    log_score: float | None
    brier: float | None
    inside50: int
    inside90: int
    won: int


@dataclass(frozen=True)
class Ledger:
    """The forecasts of a case as they stand on a day."""

    case: str
    day: datetime.date
    forecasts: dict[str, Frozen]
    scored: list[Scored]
    open: list[Open]
    totals: list[Total]

    @property
    def caution(self) -> str:
        """What a reader must know of so few scores."""
        runs = len({one.forecast for one in self.scored})
        asked = len({one.question for one in self.scored})
        told = f"{asked} question{'s' if asked > 1 else ''} from {runs} forecast{'s' if runs > 1 else ''} of one case: what is wrong for one is likely wrong for others"
        return f"{told}, so that nothing follows from how many fell inside a range."

    def nearest(self, own: Total) -> Total | None:
        """Return the naive forecaster with the best CRPS of logarithms over every question of a group, of which `own` is the forecast's total."""
        rivals = [one for one in self.totals if (one.by, one.group, one.n) == (own.by, own.group, own.n) and one.who != MODEL and one.crps_log is not None]
        return min(rivals, key=lambda one: one.crps_log or 0.0, default=None)

    def plain(self) -> dict[str, Any]:
        """Return it as plain data."""
        told = {name: said.model_dump(mode="json", exclude={"questions"}) for name, said in self.forecasts.items()}
        return json.loads(json.dumps(dataclasses.asdict(dataclasses.replace(self, forecasts={})) | {"forecasts": told}, default=str))


def score(name: str | Path, day: datetime.date | None = None, only: str = "") -> Ledger:
    """Return the forecasts of a case as they stand on a day (today if None): what has come out, scored, and what is open, with the reason.

    `only` names one forecast of its folder, or a file. Raises CaseError for a forecast that has been edited, RunError when there is none.
    """
    return settled(load(name, as_of=day or datetime.datetime.now(tz=datetime.UTC).date()), only)


def settled(case: Case, only: str = "", before: datetime.date | None = None) -> Ledger:
    """Return the forecasts of a case as they stand on its day; with `before`, only those that speak as of that day or an earlier one. Raises as `score` does."""
    scored: list[Scored] = []
    waiting: list[Open] = []
    held = {path.stem: said for path, (said, _) in frozen.held(case, only).items() if before is None or said.as_of <= before}
    for forecast, said in held.items():
        for question, one in said.questions.items():
            about = Subject(question, "total" if one.first else "value", one.unit, one.first, one.day)
            found = resolution.settle(case, about, one.resolves, said.as_of)
            if isinstance(found, str):
                waiting.append(Open(forecast, question, one.text, one.day, found))
            else:
                scored.append(_scored(forecast, said, question, found))
    return Ledger(case.name, case.as_of, held, scored, waiting, list(_totals(scored)))


def _scored(forecast: str, said: Frozen, question: str, outcome: Outcome) -> Scored:
    one = said.questions[question]
    size = units.factor(one.unit, units.bare(one.unit))
    threshold = next(iter(one.threshold.items()), None)
    rivals = baselines.naive([Seen(past.start, past.end, past.quantity) for past in one.seen], one.first, one.day)
    compared = resolution.comparison(one.resolves, one.unit)
    if compared is not None:
        rivals["comparison"] = compared.quantile(scores.PROBABILITIES)
    own = np.array(one.quantiles)
    marks = {MODEL: scores.marks(own, outcome.value, size, None if threshold is None else (*threshold, one.probability))}
    marks |= {
        who: scores.marks(made, outcome.value, size, None if threshold is None else (*threshold, None))
        for who, made in rivals.items()
        if not isinstance(made, str)
    }
    ends = sorted(scores.crps(own, value) for value in (outcome.low, outcome.value, outcome.high))
    return Scored(
        forecast, question, one.text, one.unit, tuple(one.items), said.as_of, one.day, one.horizon, one.resolves.rule, threshold, outcome,
        (outcome.low, outcome.high), (ends[0], ends[-1]), marks, {who: made for who, made in rivals.items() if isinstance(made, str)},
    )  # fmt: skip


def _totals(scored: Sequence[Scored]) -> Iterator[Total]:
    """Yield mean scores over all questions, then by item, horizon and grade of the source that settled them; forecasts apart, for they answer the same questions."""
    keys: dict[str, Callable[[Scored], str]] = {
        "all": lambda one: one.forecast,
        "item": lambda one: " and ".join(one.items),
        "horizon": lambda one: next(name for most, name in HORIZONS if one.horizon <= most),
        "source": lambda one: one.outcome.by.grade,
    }
    forecasts = dict.fromkeys(one.forecast for one in scored)
    for by, key in keys.items():
        for forecast, group in dict.fromkeys((one.forecast, key(one)) for one in scored):
            inside = [one for one in scored if (one.forecast, key(one)) == (forecast, group)]
            named = group if by == "all" or len(forecasts) == 1 else f"{group} ({forecast})"
            for who in dict.fromkeys(name for one in inside for name in one.marks):
                yield _total(by, named, who, [one for one in inside if who in one.marks])


def _total(by: str, group: str, who: str, rows: Sequence[Scored]) -> Total:
    def mean(name: str, of: str = who) -> float | None:
        found = [value for one in rows if (value := getattr(one.marks[of], name)) is not None]
        return float(np.mean(found)) if found else None

    inside = {percent: sum(one.marks[who].inside[percent] for one in rows) for percent in (50, 90)}
    won = sum(one.marks[MODEL].nearer(one.marks[who]) for one in rows)
    return Total(
        by,
        group,
        who,
        len(rows),
        sum(one.threshold is not None for one in rows),
        mean("crps_log"),
        mean("crps_log", MODEL),
        mean("log_score"),
        mean("brier"),
        inside[50],
        inside[90],
        won,
    )
