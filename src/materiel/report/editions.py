"""What changed since an earlier edition, judgement by judgement, and why: assumptions that were revised, claims that arrived."""

from __future__ import annotations

from materiel.analysis import comparison
from materiel.analysis.comparison import Account, Cell, Change, Comparison
from materiel.language.phrase import Piece, Said, identifier, joined, link
from materiel.report.blocks import Block, Bullets, Fold, Paragraph, Row, Section, Table
from materiel.report.telling import Telling

MANY = 12
"""Names that stand in a sentence at most; more are folded away."""


def section(telling: Telling) -> Section:
    """Return what changed since the earlier edition; nothing without one."""
    before = telling.before
    since = before.since if before is not None else None
    blocks = [] if before is None or since is None else [block for change in since.changes for block in _changed(telling, before.label, since, change)]
    return Section("changed", telling.say("what changed", label=before.label if before else ""), blocks)


def _changed(telling: Telling, label: str, since: Comparison, change: Change) -> list[Block]:
    if change.differ:
        shown = [row for row in since.rows if row.key and all(row.cells)]
        rows = [Row([telling.asked(row.id), *(_said(telling, cell, row.unit) for cell in row.cells if cell)]) for row in shown]
        told = telling.say("not accounted for", what=joined(telling.word(f"differs in {one}") for one in change.differ))
        return [Paragraph(told), Table([telling.say(key) for key in ("question", "before", "after")], rows)]
    arrived = len(change.used) + len(change.unused)
    blocks: list[Block] = [Paragraph(telling.say("arrived", n=arrived, used=len(change.used), observations=change.observations, label=label))]
    blocks += [_names(telling, "revised", [identifier(one) for one in change.revised])] if change.revised else []
    blocks += [_names(telling, "judged anew", [identifier(one) for one in change.regraded])] if change.regraded else []
    blocks += [_names(telling, "claims that arrived", [link(one, f"#claim-{one}") for one in change.used])] if change.used else []
    head = [telling.say(key) for key in ("question", "before", "with revised assumptions", "with claims that arrived")]
    rows = {row.id: row.unit for row in since.rows}
    table = Table(head, [_row(telling, account, rows[account.question]) for account in change.accounts])
    causes = [_causes(telling, account, rows[account.question]) for account in change.accounts if account.arrivals]
    return [*blocks, table, *([Paragraph(telling.say("without arrivals"), "head"), Bullets(causes)] if causes else [])]


def _names(telling: Telling, key: str, names: list[Piece]) -> Block:
    if len(names) <= MANY:
        return Paragraph(telling.say(key, n=len(names), names=joined(names)))
    return Fold(telling.say(f"{key} folded", n=len(names)), [Paragraph(joined(names))], paper="never")


def _row(telling: Telling, account: Account, unit: str) -> Row:
    return Row([telling.asked(account.question), *(_said(telling, cell, unit) for cell in (account.before, account.revised, account.after))])


def _said(telling: Telling, cell: Cell, unit: str) -> str:
    return comparison.said(cell, unit, telling.language)


def _causes(telling: Telling, account: Account, unit: str) -> list[Block]:
    told: list[Said] = [
        telling.say(
            "without arrival", origin=telling.texts.speaker(one.origin), claims=joined(link(claim, f"#claim-{claim}") for claim in one.claims),
            answer=comparison.said_without(one, unit, telling.language),
        )
        for one in account.arrivals
    ]  # fmt: skip
    return [Paragraph(telling.asked(account.question)), Bullets([[Paragraph(one)] for one in told])]
