"""Charts, answers and differences of runs with decisions set, as plain data in a language."""

from __future__ import annotations

import math
import shlex
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from materiel import units
from materiel.analysis import pairing, questions, words
from materiel.analysis.pairing import Pair
from materiel.analysis.questions import Answer
from materiel.language import Language
from materiel.language.phrase import Said, joined
from materiel.report import charts, data, judgements
from materiel.report.telling import Telling
from materiel.results import Curve
from materiel.web.believing import Believed
from materiel.web.playing import Drawn

PERCENTS = (5, 50, 95)


def chart(telling: Telling, question: str, ghost: Said, axis: Sequence[float] | None = None, *, narrow: bool = False) -> dict[str, Any]:
    """Return the fan chart of a question with its data; `ghost` says what the other median is, `axis` has the ends of its axis if they are given."""
    case, language, shown = telling.case, telling.language, telling.run.curves[question]
    drawn = replace(judgements.fan(telling, question), axis=(axis[0], axis[1]) if axis else None)
    columns, rows = data.fan(case, shown, drawn.observed)
    width = charts.NARROW if narrow else charts.WIDE
    return {
        "id": question, "title": str(judgements.finding(telling, question)), "measure": str(judgements.measure(telling, question)),
        "foot": str(judgements.foot(telling)), "key": str(judgements.key(telling, drawn, ghost)),
        "svg": charts.fan(case, drawn, language, width), "axis": list(charts.ends(case, drawn, language)), "plane": list(charts.plane(case, drawn, language, width)),
        "unit": charts.axis(charts.bare(shown).unit, 0.0, language), "threshold": threshold(telling.run.questions[question], shown),
        "columns": list(columns), "rows": rows, "about": data.about(telling, question, drawn.curve.text, shown.unit, drawn.observed),
    }  # fmt: skip


def axis(telling: Telling, question: str) -> tuple[float, float]:
    """Return the ends of the axis that suits the fan chart of a question."""
    return charts.ends(telling.case, judgements.fan(telling, question), telling.language)


def threshold(answer: Answer, shown: Curve) -> float | None:
    """Return the threshold of a question in the unit of the axis of its chart, if it is one of what the chart shows."""
    asked = answer.asked
    if asked.threshold is None or asked.form not in ("value", "largest", "smallest"):
        return None
    try:
        return asked.threshold[1] * units.factor(asked.unit or "1", charts.bare(shown).unit or "1")
    except units.UnitError:
        return None


def difference(telling: Telling, question: str, first: Drawn, second: Drawn, axis: Sequence[float] | None = None, *, narrow: bool = False) -> dict[str, Any]:
    """Return the chart of how far one run lies above another, draw by draw, on the days that both have; `axis` has the ends of its axis if they are given."""
    case, language = telling.case, telling.language
    _, mine, other = np.intersect1d(second.days, first.days, return_indices=True)
    apart = Drawn(second.text, second.unit, second.on, second.days[mine], second.values[mine] - first.values[other])
    text = telling.word("difference over time", text=telling.texts.fan(question, second.text))
    shown = replace(apart.curve, text=text)
    drawn = charts.Fan(shown, axis=(axis[0], axis[1]) if axis else None)
    columns, rows = data.fan(case, shown, [])
    unit = charts.axis(shown.unit, 0.0, language) or telling.word("pure number")
    return {
        "id": question, "title": text, "measure": telling.word("measure", text=text, unit=unit), "foot": str(judgements.foot(telling)),
        "key": str(joined([telling.say("fan key", n=int(telling.run.manifest()["draws"])), telling.say("difference key")], " ")),
        "svg": charts.fan(case, drawn, language, charts.NARROW if narrow else charts.WIDE), "axis": list(charts.ends(case, drawn, language)),
        "columns": list(columns), "rows": rows, "about": data.about(telling, question, text, shown.unit),
    }  # fmt: skip


def answer(telling: Telling, found: Answer, before: Answer | None) -> dict[str, Any]:
    """Return an answer with its sentence, what it was before, and the difference draw by draw."""
    was = None if before is None else figures(telling.language, before)
    apart = None if before is None or len(before.values) != len(found.values) else _apart(telling.language, pairing.pair(before, found))
    return {
        "id": found.asked.id, "text": str(telling.asked(found.asked.id)), "sentence": str(judgements.sentence(telling, found)), "unit": found.asked.unit,
        **figures(telling.language, found), "was": was, "difference": apart,
    }  # fmt: skip


def believed(telling: Telling, now: Believed, before: Believed) -> dict[str, Any]:
    """Return an answer as somebody believes it, and what it was before; nothing of it where too few draws agree with that."""
    language, asked = telling.language, now.answer.asked
    made = figures(language, now.answer, round(now.effective))
    judgement = telling.texts.judgement(asked.id, asked.judgement)
    said = str(questions.sentence(now.answer, telling.scale, language, telling.asked(asked.id), judgement, now.weights))
    if not now.enough:
        few = language.word("too few draws")
        said = f"{telling.asked(asked.id)}{language.word('colon')}{few}."
        made = dict.fromkeys(made) | {"shown": dict.fromkeys(made["shown"], few)}
    return {
        "id": asked.id, "text": str(telling.asked(asked.id)), "sentence": said, "unit": asked.unit, **made, "was": figures(language, before.answer, round(before.effective)),
        "difference": None, "effective": round(now.effective), "enough": now.enough,
    }  # fmt: skip


def figures(language: Language, found: Answer, draws: int | None = None) -> dict[str, Any]:
    """Return the quantiles and the probability of an answer, as numbers and as they are shown; a quantile that falls past the horizon is None. `draws` are those that count, if not all do."""
    given = [value for value in found.quantiles.values() if value is not None]
    none = language.word("no day" if found.asked.form == "first" else "no bound")

    def said(value: float | None) -> str:
        return none if value is None else words.number(value, min(given), max(given), found.asked.unit, language)

    likely = None if found.probability is None else words.percent(found.probability, draws or len(found.values), language)
    return {
        **{f"p{percent}": found.quantiles[percent] for percent in PERCENTS}, "probability": found.probability,
        "shown": {**{f"p{percent}": said(found.quantiles[percent]) for percent in PERCENTS}, "probability": likely},
    }  # fmt: skip


def _apart(language: Language, pair: Pair) -> dict[str, Any]:
    """Return how far one answer lies above another, draw by draw."""
    ends = [pair.difference[percent] for percent in PERCENTS]
    given = [value for value in ends if value is not None]

    def said(value: float | None, unit: str = "1") -> str:
        shown = language.word("no bound") if value is None else words.number(value, min(given), max(given), unit, language)
        return f"+{shown}" if value is not None and value > 0 else shown

    if pair.equal.probability == 1.0:
        shown = language.word("no difference")
    else:
        higher, lower = (words.percent(one.probability, pair.draws, language) for one in (pair.higher, pair.lower))
        shown = language.word("difference", middle=said(ends[1], pair.unit), low=said(ends[0]), high=said(ends[2], pair.unit), higher=higher, lower=lower)
    return {**{f"p{percent}": value for percent, value in zip(PERCENTS, ends, strict=True)}, "shown": shown, "higher": pair.higher.probability}


def copies(
    name: str, changes: Mapping[str, str], numbers: Collection[str], draws: int, seed: int, beliefs: Sequence[str], *, elsewhere: bool
) -> dict[str, str]:
    """Return what repeats a run elsewhere: a scenario of the case (which can set `numbers` alone), Python, and the command line.

    Comments say what is missing: days of contingencies in the scenario, `beliefs` everywhere, and where the case is if it is kept `elsewhere` than here.
    """
    days = [f"# not in it: {path} = {day}; a scenario cannot say it, --set can" for path, day in changes.items() if path not in numbers]
    sets = [f'      {path}: {{constant: {changes[path]}, because: "set by hand"}}' for path in changes if path in numbers]
    scenario = ["scenarios:", "  tried:", "    text: Decisions set by hand", *(["    set:", *sets] if sets else ["    set: {}"])]
    given = "" if not changes else f", set={dict(changes)!r}"
    options = "".join(f" --set {shlex.quote(f'{path}={value}')}" for path, value in changes.items())
    believed = [f"# not in it: {one}, for which the draws of this run are weighed anew" for one in beliefs]
    kept = [f"# {name}: the folder in which you keep this case"] if elsewhere else []
    return {
        "yaml": "\n".join([*days, *believed, *scenario]) + "\n",
        "python": "\n".join([*kept, *believed, "import materiel", "", f"run = materiel.load({name!r}).run(draws={draws}, seed={seed}{given})"]) + "\n",
        "command": "\n".join([*kept, *believed, f"materiel run {shlex.quote(name)} --draws {draws} --seed {seed}{options}"]),
    }


def finite(plain: Any) -> Any:
    """Return plain data in which what is no finite number is None, as JSON has it."""
    if isinstance(plain, dict):
        return {key: finite(value) for key, value in plain.items()}  # pyright: ignore[reportUnknownVariableType]
    if isinstance(plain, list | tuple):
        return [finite(value) for value in plain]  # pyright: ignore[reportUnknownVariableType]
    return None if isinstance(plain, float) and not math.isfinite(plain) else plain
