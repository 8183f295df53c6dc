"""Rival hypotheses: how each stands after what was seen, what speaks for and against it, and the odds without each source."""

from __future__ import annotations

from collections.abc import Mapping

from materiel.analysis import words
from materiel.analysis.odds import Standing
from materiel.language.phrase import Phrase, Piece, Said, capital, joined
from materiel.report import chain
from materiel.report.blocks import Block, Bullets, Paragraph, Row, Section, Table
from materiel.report.telling import Rivalry, Telling

CERTAIN = 10**6
"""Draws that a number counts for that was not counted from draws: a prior probability."""
FEW = 0.01
"""Bits below which a source is said to speak neither for nor against."""


def section(telling: Telling) -> Section:
    """Return how rival hypotheses stand; why nothing can be said of them, where that is so."""
    title = telling.say("rival hypotheses")
    if not telling.case.hypotheses:
        return Section("rivals", title, [])
    found = telling.rivals
    if isinstance(found, str):
        return Section("rivals", title, [Paragraph(telling.texts.own(found))])
    called: dict[str, Said] = {name: chain.named(telling, name) for name in telling.texts.given.names}
    called |= {one: telling.say("reading", text=telling.texts.hypothesis(one)) for one in found.standings}
    order = sorted(found.standings.items(), key=lambda entry: -entry[1].posterior)
    entries: list[list[Block]] = [[Paragraph(_sentence(telling, one, standing))] for one, standing in order]
    blocks: list[Block] = [Bullets(entries, ordered=True), Paragraph(found.hangs(telling.language, called)), _standings(telling, found, dict(order))]
    blocks += [Paragraph(telling.say("odds without"), "head"), _without(telling, found, dict(order)), Paragraph(_notes(telling, found), "soft")]
    return Section("rivals", title, blocks)


def _sentence(telling: Telling, one: str, standing: Standing) -> Phrase:
    likely = words.likely(standing.posterior, round(standing.evidence.effective), telling.scale, telling.language, f"hypotheses.{one}.posterior")
    before = words.chance(standing.prior, CERTAIN, telling.language, f"hypotheses.{one}.prior")
    return capital(telling.say("hypothesis", likely=likely, text=telling.texts.hypothesis(one), before=before))


def _standings(telling: Telling, found: Rivalry, order: Mapping[str, Standing]) -> Table:
    rows: list[Row] = []
    for one, standing in order.items():
        after = _odds(telling, standing.posterior, f"hypotheses.{one}.posterior")
        error = telling.language.decimals(f"{100 * standing.error:.1f}")
        sides = [_speaks(telling, found, one, side) for side in (1, -1)]
        cells: list[Said] = [
            telling.texts.hypothesis(one),
            _odds(telling, standing.prior, f"hypotheses.{one}.prior"),
            after,
            telling.say("plus or minus", error=error),
        ]
        rows.append(Row([*cells, *sides], f"hypothesis-{one}"))
    head = [telling.say(key) for key in ("hypothesis name", "before", "after", "sampling error", "strongest for", "strongest against")]
    return Table(head, rows, frozenset((1, 2, 3)))


def _odds(telling: Telling, probability: float, of: str = "") -> Piece:
    return Piece(words.percent(probability, CERTAIN, telling.language), "number", of, probability)


def _speaks(telling: Telling, found: Rivalry, one: str, side: int) -> Said:
    """Return the origin that speaks loudest for a hypothesis, or against it, with its weight in bits."""
    told = [(side * weight, origin) for origin, weight in found.evidence[one].items() if side * weight > FEW]
    if not told:
        return telling.word("nobody")
    bits, origin = max(told)
    return telling.say("bits", speaker=telling.texts.origin(origin), bits=telling.language.decimals(f"{bits:.1f}"))


def _without(telling: Telling, found: Rivalry, order: Mapping[str, Standing]) -> Table:
    lines: list[tuple[Said, str, Mapping[str, float]]] = [(telling.say("with everything"), "", {one: standing.posterior for one, standing in order.items()})]
    lines += [(telling.say("without source", speaker=telling.texts.origin(origin)), f"without.{origin}", left) for origin, left in found.without.items()]
    lines.append((telling.say("all alike before"), "even", found.even))
    rows = [Row([label, *(_odds(telling, odds[one], f"{of}.{one}" if of else f"hypotheses.{one}.posterior") for one in order)]) for label, of, odds in lines]
    return Table([telling.say("probability"), *(telling.texts.hypothesis(one) for one in order)], rows, frozenset(range(1, len(order) + 1)))


def _notes(telling: Telling, found: Rivalry) -> Said:
    told: list[Said] = [telling.say("weighed", n=found.counted)]
    told += [telling.say("hidden observations", n=found.hidden, day=telling.language.date(telling.case.as_of))] if found.hidden else []
    told += [telling.say("alike", one=telling.texts.hypothesis(one), other=telling.texts.hypothesis(other)) for one, other in found.alike]
    told += [telling.say("moved", text=telling.texts.hypothesis(one)) for one in found.moved]
    told += [telling.say("doubled", n=len(found.doubled), numbers=joined(chain.named(telling, one) for one in found.doubled))] if found.doubled else []
    told.append(telling.say("draws of each", n=found.draws))
    return joined(told, " ")
