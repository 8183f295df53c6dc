"""What would change our mind: the drivers of each key answer as a picture, and the observations worth having next."""

from __future__ import annotations

from dataclasses import replace

from materiel.analysis import observing, words
from materiel.analysis.observing import Watch, Worth
from materiel.analysis.tornado import Bar, Tornado, answered
from materiel.language.phrase import Said, identifier, joined, phrase
from materiel.report import charts, data, tornado
from materiel.report.blocks import Block, Figure, Fold, Paragraph, Row, Section, Table
from materiel.report.judgements import foot
from materiel.report.telling import Telling


def section(telling: Telling) -> Section:
    """Return what would change each key answer."""
    watch = observing.watch(telling.case)
    blocks: list[Block] = [Paragraph(telling.say("about bars"), "soft")]
    for key in telling.keys:
        about = telling.run.tornado(key, language=telling.language)
        if about.bars:
            worth = telling.run.worth(key, watch, language=telling.language)
            blocks.append(_figure(telling, _for_people(telling, about), worth, watch))
    return Section("mind", telling.say("what would change our mind"), blocks if len(blocks) > 1 else [])


def _for_people(telling: Telling, about: Tornado) -> Tornado:
    """Return drivers with their names for people: of numbers, of whose word is listened to, of those who speak."""
    streams = {prior.stream for _, whole in telling.run.program.priors for prior in (whole.mix or (whole,))}
    voices = {telling.word("whose word", number=stream): stream for stream in streams}

    def called(bar: Bar) -> Bar:
        if bar.kind != "voice":
            return replace(bar, name=str(telling.texts.number(bar.name)))
        name = telling.word("whose word", number=telling.texts.number(voices[bar.name])) if bar.name in voices else bar.name
        return replace(bar, name=name, ends=[replace(end, known=str(telling.texts.speaker(end.known))) for end in bar.ends])

    return replace(about, text=str(telling.asked(about.id)), bars=[called(bar) for bar in about.bars])


def _figure(telling: Telling, about: Tornado, worth: list[Worth], watch: Watch) -> Figure:
    first = about.bars[0]
    swing = joined(
        (telling.say("at end", answer=answered(about, end, telling.language), known=end.known) for end in (first.ends[0], first.ends[-1])), telling.semicolon
    )
    unit = telling.language.unit(about.unit)
    judgement = telling.texts.judgement(about.id, telling.run.questions[about.id].asked.judgement)
    if about.shown == "median":
        measure = telling.say("tornado median", unit=unit or telling.word("pure number"))
    else:
        measure = telling.say("tornado probability", judgement=judgement) if judgement else telling.say("tornado threshold")
    rows: list[list[str | float | None]] = [
        [bar.name, bar.kind, end.known, end.median, end.probability, end.draws, bar.variance.share, bar.variance.error, bar.distribution.share]
        for bar in about.bars
        for end in bar.ends
    ]
    columns = ("driver", "kind", "known", "median", "probability", "draws", "variance_share", "variance_error", "distribution_share")
    more: list[Block] = [Fold(telling.say("as a table"), [_table(telling, about)], paper="never")]
    if worth:
        more.append(Fold(telling.say("worth having", day=telling.language.date(watch.until)), _worth(telling, about, worth, watch)))
    return Figure(
        f"mind-{about.id}", telling.say("mind title", text=telling.asked(about.id), number=first.name, swing=swing), measure,
        tornado.chart(about, telling.language), tornado.chart(about, telling.language, charts.NARROW),
        telling.say("tornado key", n=about.others), foot(telling), columns, rows, data.about(telling, f"mind-{about.id}", about.text, about.unit), more,
    )  # fmt: skip


def _table(telling: Telling, about: Tornado) -> Table:
    def index(share: float, error: float) -> Said:
        return telling.say("with error", share=words.share(share, telling.language), error=words.share(error, telling.language))

    rows = [
        Row([
            bar.name, joined((phrase(end.known, telling.colon, answered(about, end, telling.language)) for end in bar.ends), telling.semicolon),
            index(bar.variance.share, bar.variance.error), index(bar.distribution.share, bar.distribution.error),
        ])
        for bar in about.bars
    ]  # fmt: skip
    return Table([telling.say(key) for key in ("driver name", "answer there", "of variance", "of distribution")], rows, frozenset((2, 3)))


def _worth(telling: Telling, about: Tornado, worth: list[Worth], watch: Watch) -> list[Block]:
    language, rows = telling.language, list[Row]()
    for seen in worth:
        what: Said = telling.asked(seen.name) if seen.kind == "question" else telling.texts.number(seen.text)
        known = phrase(what, " ", telling.say("known already", n=seen.known)) if seen.known else what
        ends = joined((phrase(end.known, telling.colon, answered(about, end, language)) for end in seen.ends), telling.semicolon)
        reported = telling.say("with error", share=words.share(seen.reported.answer.share, language), error=words.share(seen.reported.answer.error, language))
        rows.append(Row([known, reported, words.share(seen.exact.answer.share, language), ends]))
    head = [telling.say(key) for key in ("observation", "doubt shrinks by", "seen exactly", "answer by report")]
    factor = language.decimals(f"{watch.factor:g}")
    return [
        Paragraph(telling.say("as reported", credibility=str(watch.credibility), factor=factor, command=identifier("materiel drivers")), "soft"),
        Table(head, rows, frozenset((1, 2))),
    ]
