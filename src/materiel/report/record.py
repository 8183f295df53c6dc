"""Forecasts put on record by the day of the report, and how they came out by then."""

from __future__ import annotations

import datetime

from materiel.analysis import frozen, scoring, words
from materiel.analysis.frozen import Frozen, Prediction
from materiel.analysis.scoring import MODEL, Ledger, Scored
from materiel.case.model import Case
from materiel.language.phrase import Said, phrase
from materiel.report import data, outcomes
from materiel.report.blocks import Block, Figure, Fold, Paragraph, Row, Section, Table
from materiel.report.judgements import foot
from materiel.report.telling import Telling


def section(telling: Telling) -> Section:
    """Return the forecasts of the case as they stand on its day; nothing if none had been put on record by then."""
    title = telling.say("forecasts on record")
    found = recorded(telling.case)
    if found is None:
        return Section("forecasts", title, [])
    blocks: list[Block] = [Paragraph(_recorded(telling, one, said)) for one, said in found.forecasts.items()]
    if found.scored:
        blocks.append(_figure(telling, found.scored))
    for forecast, said in found.forecasts.items():
        waiting = [one for one in found.open if one.forecast == forecast]
        if waiting:
            rows = [_open(telling, said.questions[one.question], one.question, one.day) for one in waiting]
            head = [telling.say(key) for key in ("question", "day", "median", "range 90", "probability")]
            summary = telling.say("still open", n=len(rows), forecast=forecast)
            blocks.append(Fold(summary, [Table(head, rows, frozenset((2, 3)))]))
    return Section("forecasts", title, blocks)


def recorded(case: Case) -> Ledger | None:
    """Return the forecasts that speak as of the day of a case or before, as they stand on that day; None if there is none."""
    if not any(said.as_of <= case.as_of for said, _ in (frozen.held(case) if frozen.files(case) else {}).values()):
        return None
    return scoring.settled(case, before=case.as_of)


def _recorded(telling: Telling, forecast: str, said: Frozen) -> Said:
    language = telling.language
    basis = telling.word(f"basis {said.basis}")
    made = telling.say("made later", day=language.date(said.made)) if said.hindcast else telling.say("made on", day=language.date(said.made))
    told = telling.say("on record", forecast=forecast, day=language.date(said.as_of), n=len(said.questions), basis=basis, made=made, seal=said.seal[:16])
    return phrase(told, " ", telling.texts.note(forecast, said.note)) if said.note else told


def _open(telling: Telling, one: Prediction, question: str, day: datetime.date) -> Row:
    low, middle, high = (one.at(part) for part in (0.05, 0.5, 0.95))
    language = telling.language

    def shown(value: float, unit: str = "1") -> str:
        return words.number(value, low, high, unit, language)

    chance = "" if one.probability is None else phrase(words.percent(one.probability, 10**4, language), *_side(telling, one))
    return Row(
        [
            telling.texts.question(question, one.text),
            language.date(day, short=True),
            shown(middle, one.unit),
            telling.say("from to", low=shown(low), high=shown(high)),
            chance,
        ]
    )


def _side(telling: Telling, one: Prediction) -> list[Said]:
    bounds = list(one.threshold.items())
    if not bounds:
        return []
    side, bound = bounds[0]
    return [" ", telling.say(f"side {side}"), " ", words.number(bound, bound, bound, one.unit, telling.language)]


def _figure(telling: Telling, scored: list[Scored]) -> Figure:
    inside = sum(one.marks[MODEL].inside[90] for one in scored)
    rows: list[list[str | float | None]] = [
        [
            one.forecast,
            one.question,
            one.unit,
            *one.marks[MODEL].ranges[90],
            *one.marks[MODEL].ranges[50],
            one.marks[MODEL].median,
            one.outcome.value,
            one.outcome.by.grade,
        ]
        for one in scored
    ]
    columns = ("forecast", "question", "unit", "p5", "p95", "p25", "p75", "p50", "outcome", "grade")
    return Figure(
        "outcomes", telling.say("outcomes title", n=len(scored), inside=inside), telling.say("outcomes measure"), outcomes.chart(scored, telling.language), "",
        telling.say("outcomes key"), foot(telling), columns, rows, data.about(telling, "outcomes", telling.word("forecasts on record"), ""),
    )  # fmt: skip
