"""What it all rests on: assumptions, gaps, claims examined, the flow of materiel, and source notes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from materiel.analysis import words
from materiel.analysis.lineage import cite, promised
from materiel.evidence.pooling import Prior
from materiel.evidence.records import Claim
from materiel.language.phrase import Phrase, Piece, Said, identifier, joined, link, phrase
from materiel.network import Program
from materiel.report import chain, data, diagram, priors
from materiel.report.blocks import Block, Bullets, Figure, Fold, Paragraph, Quote, Row, Section, Table
from materiel.report.judgements import foot
from materiel.report.telling import Telling


@dataclass(frozen=True)
class Assumption:
    """One number of the case as the report lists it: as it is written, why, of what kind, and the claims that speak of it with their weights."""

    path: str
    span: str
    because: str
    kind: str
    claims: Sequence[tuple[str, float]]


def assumptions(program: Program) -> dict[str, Assumption]:
    """Return what the case assumes, by stream: a shared number once, a mix by its weights."""
    whole = [one for _, prior in program.priors for one in (prior.mix or (prior,))]
    return {prior.stream: _assumption(prior) for prior in whole if prior.kind not in ("definition", "default")}


def _assumption(prior: Prior) -> Assumption:
    said = {claim: part.weight for part in prior.parts for claim in part.claims}
    return Assumption(prior.stream, prior.said, prior.because, prior.kind, sorted(said.items()))


def uncertain(program: Program) -> list[Prior]:
    """Return the numbers that differ from draw to draw, each stream once, by its name."""
    whole = {one.stream: one for _, prior in program.priors for one in (prior.mix or (prior,)) if not one.constant}
    return [whole[stream] for stream in sorted(whole)]


def assumed(telling: Telling) -> Section:
    """Return what is assumed: every uncertain number as a picture, and every number with its base, its reason and its claims."""
    drawn, found = uncertain(telling.run.program), assumptions(telling.run.program)
    picture = priors.chart(telling.case, drawn, telling.language, {one.stream: str(telling.texts.number(one.stream)) for one in drawn})
    rows: list[list[str | float | None]] = [[one.stream, one.unit, *map(float, one.percentiles((5, 25, 50, 75, 95)))] for one in drawn]
    columns = ("number", "unit", "p5", "p25", "p50", "p75", "p95")
    shown = Figure(
        "assumed", telling.say("assumed title", n=len(drawn)), telling.say("assumed measure"), picture, "", telling.say("assumed key"), foot(telling),
        columns, rows, data.about(telling, "assumed", telling.word("assumed title", n=len(drawn)), ""),
    )  # fmt: skip
    table = Table([telling.say(key) for key in ("number", "as written", "reason and claims")], [_row(telling, one) for one in found.values()])
    folds: list[Block] = [
        Fold(telling.say("assumed title", n=len(drawn)), [shown], paper="never"),
        Fold(telling.say("numbers with bases", n=len(found)), [table], paper="after"),
    ]
    return Section("assumptions", telling.say("assumptions"), folds)


def _row(telling: Telling, one: Assumption) -> Row:
    cited = [phrase(link(claim, f"#claim-{claim}"), " (", words.share(weight, telling.language), ")") for claim, weight in one.claims]
    because: list[Said] = [telling.texts.own(one.because)] if one.because else []
    return Row([chain.named(telling, one.path), identifier(one.span), joined([*because, *cited], " ")])


def gaps(telling: Telling) -> Section:
    """Return the numbers that drive a key judgement and of which nobody has said anything: where one more source would count most."""
    told: dict[str, list[Said]] = {}
    silent = {one.path for one in assumptions(telling.run.program).values() if not one.claims}
    for key in telling.keys:
        for driver in telling.whys[key].drivers:
            if driver.number in silent:
                share = Piece(words.share(driver.share, telling.language), "number", f"{key}.drivers.{driver.number}", driver.share)
                told.setdefault(driver.number, []).append(telling.say("share of", share=share, text=telling.asked(key)))
    entries: list[list[Block]] = [
        [Paragraph(phrase(chain.named(telling, number), telling.colon, joined(shares, telling.semicolon)))] for number, shares in told.items()
    ]
    return Section("gaps", telling.say("gaps"), [Paragraph(telling.say("about gaps"), "soft"), Bullets(entries)] if entries else [])


def doubted(telling: Telling) -> Section:
    """Return the claims that were found doubtful, and why."""
    rows: list[Row] = []
    for one, claim in telling.case.ledger.claims.items():
        if claim.doubt:
            rows.append(
                Row([_to(one), [Paragraph(telling.texts.own(claim.statement)), *_quote(telling, claim)], telling.texts.own(claim.doubt)], f"doubt-{one}")
            )
    head = [telling.say(key) for key in ("claim", "statement", "why doubtful")]
    return Section(
        "examined",
        telling.say("claims examined"),
        [Paragraph(telling.say("about examined", command=identifier("materiel examine")), "soft"), Table(head, rows)] if rows else [],
    )


def flow(telling: Telling) -> Section:
    """Return who feeds whom."""
    picture = diagram.flow(telling.case, telling.texts, telling.language)
    shown = Figure("flow", telling.say("flow title"), telling.say("flow measure"), picture, "", telling.say("flow key"), foot(telling))
    return Section("flow", telling.say("flow of materiel"), [shown])


def sources(telling: Telling) -> Section:
    """Return every claim known by the day with its source, those that a number uses first."""
    ledger = telling.case.ledger
    used = {claim for one in assumptions(telling.run.program).values() for claim, _ in one.claims}
    order = sorted(ledger.claims, key=lambda claim: (claim not in used, ledger.claims[claim].known))
    rows = [_note(telling, claim, used=claim in used) for claim in order]
    if not rows:
        return Section("sources", telling.say("source notes"), [])
    table = Table([telling.say(key) for key in ("claim", "grade", "statement", "source")], rows)
    return Section("sources", telling.say("source notes"), [Paragraph(telling.say("about grades"), "soft"), Fold(telling.say("claims known", n=len(rows), day=telling.language.date(telling.case.as_of)), [table], open=True)])  # fmt: skip


def _note(telling: Telling, one: str, *, used: bool) -> Row:
    ledger = telling.case.ledger
    claim, cited, source = ledger.claims[one], cite(ledger, telling.case.rule, one), ledger.sources[ledger.claims[one].source]
    grade: list[Block] = [Paragraph(Piece(cited.grade, "strong")), Paragraph(telling.word(f"kind {claim.kind}"), "soft")]
    grade += [Paragraph(telling.say("axes disagree"), "soft")] if ledger.grade(one).at_odds else []
    said: list[Block] = [Paragraph(phrase(telling.texts.own(claim.statement), *((" ", identifier(cited.value)) if cited.value else ())))]
    said += _quote(telling, claim)
    said += [Paragraph(phrase(chain.hedge(telling, one), "."), "soft")] if claim.hedge else []
    if cited.promise:
        said.append(Paragraph(telling.say("promised", promise=promised(ledger, telling.case.rule, one, telling.language)), "soft"))
    if claim.formula:
        terms = joined((phrase(identifier(term), telling.colon, _to(other)) for term, other in claim.terms.items()), telling.semicolon)
        said.append(Paragraph(phrase(telling.say("worked out", formula=identifier(claim.formula)), " ", terms), "soft"))
    title = link(source.title, source.url)
    document = phrase(
        telling.texts.publisher(claim.source), ", ", title, *((" (", link(telling.word("archived copy"), source.archive), ")") if source.archive else ())
    )
    ids: list[Block] = [Paragraph(one), *([] if used else [Paragraph(telling.say("not used"), "soft")])]
    return Row([ids, grade, said, [Paragraph(document), Paragraph(_traced(telling, one), "soft")]], f"claim-{one}")


def _traced(telling: Telling, one: str) -> Phrase:
    """Return when a claim was made and known, whose word it is, who else says the same, and what else a reader must know."""
    ledger, language = telling.case.ledger, telling.language
    claim, cited = ledger.claims[one], cite(ledger, telling.case.rule, one)
    told: list[Said] = [language.date(claim.published)]
    told += [telling.say("known on", day=language.date(claim.known))] if claim.known != claim.published else []
    told.append(telling.say("origin", speaker=telling.texts.origin(ledger.voice(one))))
    told += [telling.say("same thing", claims=joined(_to(other) for other in cited.repeats))] if cited.repeats else []
    told += [telling.say("contradicts", claims=joined(_to(other) for other in cited.contradicts))] if cited.contradicts else []
    return phrase(joined(told, telling.semicolon), ". ", telling.texts.own(claim.note)) if claim.note else phrase(joined(told, telling.semicolon), ".")


def _quote(telling: Telling, claim: Claim) -> list[Block]:
    language = telling.case.ledger.sources[claim.source].language
    return [Quote(telling.quote(claim.quote, language), telling.quote(claim.translation, "en"))] if claim.quote else []


def _to(claim: str) -> Piece:
    return link(claim, f"#claim-{claim}")
