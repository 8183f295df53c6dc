"""About a number: what drives it, whose word that is, and what the answer would be without it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from materiel.analysis import words
from materiel.analysis.lineage import Cited, Driver, Saying, Voice, Why, instead, promised, spread
from materiel.language.phrase import Phrase, Piece, Said, identifier, joined, link, phrase
from materiel.report.blocks import Block, Bullets, Fold, Paragraph, Quote
from materiel.report.telling import Telling


def about(telling: Telling, question: str, paper: Literal["after", "never"] = "after") -> Fold:
    """Return what opens under an answer, and stands at the end of a PDF if it does."""
    why = telling.whys[question]
    blocks: list[Block] = [Paragraph(telling.say("about number"), "soft")] if why.drivers else []
    blocks += [_driver(telling, one, why) for one in why.drivers] or [Paragraph(telling.say("no driver"))]
    explained = _share(telling, why.explained)
    blocks.append(Paragraph(telling.say("explained together" if why.explained > 1 else "explained", share=explained, n=why.others), "soft"))
    return Fold(telling.say("about this number"), blocks, f"about-{question}", paper=paper, heading=telling.asked(question))


def _share(telling: Telling, part: float, of: str = "") -> Piece:
    return Piece(words.share(part, telling.language), "number", of, part)


def _driver(telling: Telling, driver: Driver, why: Why) -> Fold:
    said = spread(telling.case, driver.pooled, driver.unit, telling.language)
    share = _share(telling, driver.share, f"{why.id}.drivers.{driver.number}")
    moving = telling.say("correlated with", numbers=joined(map(identifier, driver.correlated))) if driver.correlated else ""
    summary = telling.say("driver", share=share, number=named(telling, driver.number), said=said, moving=moving)
    return Fold(summary, [Bullets([_voice(telling, voice, driver, why) for voice in driver.voices])])


def named(telling: Telling, number: str) -> Phrase:
    """Return a number by its name for people, if it has one, and its identifier."""
    found = telling.texts.number(number)
    return phrase(found) if isinstance(found, Piece) else telling.say("named", name=found, number=identifier(number))


def _voice(telling: Telling, voice: Voice, driver: Driver, why: Why) -> list[Block]:
    weight = _share(telling, voice.weight)
    if not voice.origins:
        kind, base = telling.word(f"kind {driver.kind}"), driver.base or _heard_as(telling, voice.says[0], driver)
        because = phrase(" ", telling.texts.own(driver.because)) if driver.because else ""
        return [Paragraph(telling.say("voice of base", weight=weight, kind=kind, base=identifier(base), because=because))]
    speakers = joined((telling.texts.speaker(one) for one in voice.origins), telling.word("and"))
    graded = telling.say("graded by", claim=_to(voice.graded_by)) if voice.graded_by and sum(len(one.claims) for one in voice.says) > 1 else ""
    blocks: list[Block] = [Paragraph(telling.say("voice", weight=weight, speakers=speakers, graded=graded))]
    for saying in voice.says:
        for cited in saying.claims:
            blocks += claim(telling, cited, _heard_as(telling, saying, driver))
        if saying.without:
            ids = joined(one.id for one in saying.claims)
            blocks.append(Paragraph(telling.say("without these", claims=ids, answer=instead(saying.without, why, telling.language))))
    without = instead(voice.without, why, telling.language) if voice.without else telling.say("cannot tell")
    return [*blocks, Paragraph(telling.say("without voice", answer=without))]


def _heard_as(telling: Telling, saying: Saying, driver: Driver) -> str:
    return spread(telling.case, saying.says, driver.unit, telling.language)


def _to(claim_id: str) -> Piece:
    return link(claim_id, f"#claim-{claim_id}")


def claim(telling: Telling, cited: Cited, heard: str = "") -> Sequence[Block]:
    """Return a claim as a chain shows it: who said what and when, its words, what it was worked out from."""
    blocks: list[Block] = [Paragraph(_cited(telling, cited, heard))]
    if cited.quote:
        source = telling.case.ledger.sources[cited.source].language
        blocks.append(Quote(telling.quote(cited.quote, source), telling.quote(cited.translation, "en")))
    if cited.promise:
        promise = promised(telling.case.ledger, telling.case.rule, cited.id, telling.language)
        blocks.append(Paragraph(telling.say("promised", promise=promise), "soft"))
    if cited.terms:
        worked_out = telling.say("worked out", formula=identifier(cited.formula)) if cited.formula else telling.say("rests on these")
        blocks.append(Paragraph(worked_out, "soft"))
        blocks.append(
            Bullets([[Paragraph(phrase(identifier(term), telling.colon, _cited(telling, one))), *_terms(telling, one)] for term, one in cited.terms.items()])
        )
    return blocks


def _terms(telling: Telling, cited: Cited) -> list[Block]:
    if not cited.terms:
        return []
    return [Bullets([[Paragraph(phrase(identifier(term), telling.colon, _cited(telling, one))), *_terms(telling, one)] for term, one in cited.terms.items()])]


def _cited(telling: Telling, cited: Cited, heard: str = "") -> Phrase:
    again = not cited.title  # it was told in full before
    statement: Said = telling.say("as above") if again else telling.texts.own(cited.statement)
    parts: list[Said] = [_to(cited.id), " ", Piece(cited.grade, "strong"), " ", telling.texts.publisher(cited.source)]
    parts += [] if cited.seen else [" ", telling.say("page not seen")]
    parts += [", ", telling.language.date(cited.known), telling.colon, statement]
    parts += [" ", identifier(cited.value)] if cited.value else []
    parts += [", ", telling.word(f"kind {cited.kind}")]
    parts += [telling.colon, telling.texts.own(cited.note)] if cited.note and cited.kind in ("assumed", "derived") else []
    parts += [telling.semicolon, hedge(telling, cited.id)] if cited.hedge and not again else []
    parts += [] if str(parts[-1]).endswith(".") else ["."]
    return phrase(*parts, *((" ", telling.say("heard as", said=heard)) if heard else ()))


def hedge(telling: Telling, claim_id: str) -> Phrase:
    """Return the hedging word of a claim, as written, with what it is read as."""
    ledger = telling.case.ledger
    one, grade, language = ledger.claims[claim_id], ledger.grade(claim_id), telling.language
    word = telling.quote(one.hedge, ledger.sources[one.source].language)
    low, high = grade.likelihood
    if (low, high) != (1.0, 1.0):
        return telling.say("hedged between", hedge=word, low=f"{100 * low:.0f}", high=words.share(high, language))
    if grade.approximation not in ("", one.hedge):
        return telling.say("hedged as", hedge=word, read=telling.word(f"read {grade.approximation}"))
    return telling.say("hedged", hedge=word)
