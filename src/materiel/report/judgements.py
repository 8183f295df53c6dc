"""What stands first: key judgements, the figure that bears them, every other figure over time, and the table of all questions."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace

from materiel.analysis import questions, words
from materiel.analysis.questions import Answer
from materiel.case.checks import anachronisms, unheard
from materiel.case.translation import WRITTEN_IN
from materiel.equations import NEVER
from materiel.language.phrase import Phrase, Piece, Said, identifier, joined, phrase
from materiel.report import chain, charts, data
from materiel.report.blocks import Block, Bullets, Figure, Fold, Paragraph, Row, Section, Table
from materiel.report.telling import Telling

EVENTS = 4
"""Decisions that are named on the axis of a chart at most, those nearest to the day of the case."""


def section(telling: Telling) -> Section:
    """Return the key judgements, what they rest on, and the bottom-line figure."""
    entries: list[list[Block]] = [[Paragraph(sentence(telling, telling.run.questions[key])), chain.about(telling, key)] for key in telling.keys]
    legend: Said = words.legend(telling.scale, telling.language)
    if telling.language.name != WRITTEN_IN:
        legend = joined([legend, telling.say("in its own words")], " ")
    blocks: list[Block] = [Bullets(entries, ordered=True), Paragraph(legend, "soft")]
    leading, key = bottom_line(telling)
    if leading:
        blocks.append(figure(telling, leading, key))
    return Section("judgements", telling.say("key judgements"), [*blocks, Paragraph(rests(telling), "lead")])


def sentence(telling: Telling, answer: Answer) -> Phrase:
    """Return an answer as a sentence of the report."""
    asked = answer.asked
    judgement = telling.texts.judgement(asked.id, asked.judgement)
    return questions.sentence(answer, telling.scale, telling.language, telling.asked(asked.id), judgement)


def rests(telling: Telling) -> Said:
    """Return what a reader must know of the ground on which all of it stands: assumptions, what is hidden, how evidence was read."""
    case, said, day = telling.case, telling.run.manifest(), telling.language.date(telling.case.as_of)
    shares = {name: one.base_share for name, one in telling.run.questions.items() if not math.isnan(one.base_share)}
    told: list[Said] = []
    if shares:
        low, high = (_base(telling, pick(shares, key=lambda name: shares[name])) for pick in (min, max))
        told.append(telling.say("rests on", title=Piece(telling.word("what this rests on"), "strong"), low=low, high=high, day=day))
    told.append(telling.say("defaults", n=sum(prior.kind == "default" for _, prior in telling.run.program.priors)))
    if case.as_of < case.written:
        late = anachronisms(case)
        told.append(telling.say("hidden", day=day))
        told += [telling.say("late reasons", n=len(late), numbers=joined(map(identifier, late)))] if late else []
    if said["rules"] != "plain":
        told.append(telling.say("rules", rules=identifier(str(said["rules"]))))
    if said["drop"]:
        told.append(telling.say("left out", names=joined(map(identifier, said["drop"]))))
    if said["set"]:
        told.append(telling.say("set by hand", numbers=joined(map(identifier, said["set"]))))
    if said["independent"]:
        told.append(telling.say("independent"))
    if cited := unheard(case):
        told.append(telling.say("unheard", numbers=joined(map(identifier, cited))))
    if case.undeclared:
        told.append(telling.say("draft", n=len(case.undeclared)))
    return joined(told, " ")


def _base(telling: Telling, question: str) -> Piece:
    share = telling.run.questions[question].base_share
    return Piece(words.share(share, telling.language), "number", f"{question}.base_share", round(share, 4))


def bottom_line(telling: Telling) -> tuple[str, str]:
    """Return the question whose figure stands first, and the key question that it bears: of the first key one that has a figure, or of which another that reads the same has one."""
    asked, drawn = telling.case.questions, list(telling.run.curves)
    for key in telling.keys:
        read = asked[key].value or asked[key].total
        alike = [name for name in drawn if read and (asked[name].value or asked[name].total) == read]
        if key in drawn or alike:
            return (key if key in drawn else alike[0]), key
    return next(iter(drawn), ""), ""


def over_time(telling: Telling) -> Section:
    """Return every figure but the one that stands first."""
    first, _ = bottom_line(telling)
    return Section("over-time", telling.say("over time"), [figure(telling, name) for name in telling.run.curves if name != first])


def figure(telling: Telling, question: str, key_question: str = "") -> Figure:
    """Return the fan chart of a question with its data; its title is what it shows of that question or, where it bears one on another day, of a key question."""
    case, language, curve = telling.case, telling.language, telling.run.curves[question]
    drawn = fan(telling, question)
    table = Table(
        [telling.say("day"), "5 %", "25 %", telling.say("median"), "75 %", "95 %"],
        [Row(cells) for cells in charts.rows(case, curve, language)],
        frozenset(range(1, 6)),
    )
    before = telling.before.label if telling.before else ""
    ghost = telling.say("ghost key", label=before) if before else telling.say("ghost of case" if telling.run.manifest()["set"] else "ghost of baseline")
    columns, rows = data.fan(case, curve, drawn.observed)
    return Figure(
        question, finding(telling, question, key_question), measure(telling, question), charts.fan(case, drawn, language), charts.fan(case, drawn, language, charts.NARROW),
        key(telling, drawn, ghost), foot(telling), columns, rows,
        data.about(telling, question, drawn.curve.text, curve.unit, drawn.observed), [Fold(telling.say("as a table"), [table], paper="never")],
    )  # fmt: skip


def fan(telling: Telling, question: str) -> charts.Fan:
    """Return what the fan chart of a question shows."""
    curve, answer = telling.run.curves[question], telling.run.questions[question]
    seen = answer.asked.observed
    observed = [one for one in telling.case.observations if one.series == seen] if seen else []
    ghost = telling.before.curves.get(question) if telling.before else None
    ghost = ghost if ghost is not None and ghost.unit == curve.unit else None
    text = str(telling.texts.fan(question, curve.text))
    return charts.Fan(replace(curve, text=text), observed, {str(event): day for event, day in _events(telling, answer).items()}, ghost)


def measure(telling: Telling, question: str) -> Phrase:
    """Return what a chart measures."""
    curve = telling.run.curves[question]
    unit = charts.axis(curve.unit, 0.0, telling.language)
    return telling.say("measure", text=telling.texts.fan(question, curve.text), unit=unit or telling.word("pure number"))


def key(telling: Telling, drawn: charts.Fan, ghost: Said) -> Phrase:
    """Return what the lines, bands and marks of a chart mean; `ghost` says what it is held against."""
    said: list[Said] = [telling.say("fan key", n=int(telling.run.manifest()["draws"]))]
    said += [ghost] if drawn.ghost is not None else []
    said += [telling.say("marks key", day=telling.language.date(telling.case.as_of))] if drawn.observed else []
    return joined([*said, telling.say("no adding")], " ")


def finding(telling: Telling, question: str, key_question: str = "") -> Said:
    """Return what a chart shows as a phrase: where the answer lies on its day; that of a key question which it bears, if there is one and it measures the same."""
    own, bears = (telling.run.questions[name] for name in (question, key_question or question))
    answer = bears if (bears.asked.form, bears.asked.unit) == (own.asked.form, own.asked.unit) else own
    text = telling.texts.fan(question, telling.run.curves[question].text)
    low, high = answer.quantiles[5], answer.quantiles[95]
    if answer.asked.form == "first" or low is None or high is None:
        return text
    asked, language = answer.asked, telling.language
    ends = [words.figure(value, low, high, unit, language, f"{asked.id}.p{percent}") for value, unit, percent in ((low, "1", 5), (high, asked.unit, 95))]
    day = telling.case.date(asked.last_day) if asked.form == "value" else telling.case.questions[asked.id].end
    if low == high:
        return telling.say("finding alike", text=text, value=words.figure(low, low, high, asked.unit, language, f"{asked.id}.p50"))
    if asked.form != "value" or day is None:
        return telling.say("finding", text=telling.asked(asked.id), low=ends[0], high=ends[1])
    return telling.say("finding by day", text=text, low=ends[0], high=ends[1], day=language.date(day))


def foot(telling: Telling) -> Said:
    """Return where a figure comes from: case, version, day."""
    said = telling.run.manifest()
    return telling.say("figure foot", case=telling.case.name, version=str(said["version"]), day=telling.language.date(telling.case.as_of), run=str(said["run"]))


def _events(telling: Telling, answer: Answer) -> Mapping[str, float]:
    """Return what stands on the axis: the day of the case, the beginning of a contingency, and the decisions whose day is certain that lie nearest."""
    case, branch = telling.case, answer.asked.branch
    day, made = case.day(case.as_of), dict[str, float]()
    known = {path: when for path, when in case.decided.items() if 0 <= when < min(NEVER, day + 1)}
    if not branch.contingency:
        for path in sorted(known, key=lambda path: (abs(known[path] - day), path not in telling.texts.given.names))[:EVENTS]:
            if known[path] not in made.values():  # of decisions of one day, the first is named
                made[str(telling.texts.component(path))] = known[path]
        made[telling.word("as of")] = day
        return made
    return made | {telling.word("begins", name=str(telling.texts.component(branch.contingency))): branch.day}


def questions_asked(telling: Telling) -> Section:
    """Return the table of all questions."""
    head = [telling.say(key) for key in ("question", "unit")] + ["5 %", "25 %", telling.say("median"), "75 %", "95 %"]
    head += [telling.say("probability"), telling.say("on bases")]
    rows = [_row(telling, answer) for answer in telling.run.questions.values()]
    return Section("questions", telling.say("all questions"), [Table(head, rows, frozenset((2, 3, 4, 5, 6, 8)))])


def _row(telling: Telling, answer: Answer) -> Row:
    """Return the cells of one answer: text, unit, quantiles, probability, share of doubt that rests on bases."""
    asked, language = answer.asked, telling.language
    found = [value for value in answer.quantiles.values() if value is not None]
    low, high = (min(found), max(found)) if found else (0.0, 0.0)
    missing = telling.word("no day" if asked.form == "first" else "no bound")
    cells: list[Said] = [
        missing if value is None else words.figure(value, low, high, "", language, f"{asked.id}.p{percent}", words.IN_TABLES)
        for percent, value in answer.quantiles.items()
    ]
    probability: Said = ""
    if answer.probability is not None and asked.threshold is not None:
        side, bound = asked.threshold
        likely = words.likely(answer.probability, len(answer.values), telling.scale, language, f"{asked.id}.probability")
        said = Piece(words.number(bound, bound, bound, "", language), "number", f"{asked.id}.threshold", bound)
        probability = phrase(likely, " ", telling.say(f"side {side}"), " ", said)
    share: Said = "" if math.isnan(answer.base_share) else _base(telling, asked.id)
    about = None if asked.id in telling.keys else chain.about(telling, asked.id, paper="never")
    return Row([telling.asked(asked.id), language.unit(asked.unit), *cells, probability, share], f"question-{asked.id}", about)
