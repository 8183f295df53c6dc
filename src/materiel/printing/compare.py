"""What is printed of runs side by side: answers, differences draw by draw, what happened between them."""

from __future__ import annotations

from rich.table import Table
from rich.tree import Tree

from materiel.analysis import comparison, pairing
from materiel.analysis.comparison import Account, Change, Comparison
from materiel.analysis.pairing import Paired
from materiel.printing.output import plain, show, titled
from materiel.printing.phrases import counted, few


def side_by_side(found: Comparison, everything: bool) -> None:
    """Print runs side by side, key questions only unless `everything`, and what happened between them."""
    shown = [row for row in found.rows if row.key or everything] or found.rows
    table = Table(show_lines=True)
    table.add_column("question")
    for label in found.labels:
        table.add_column(label)
    for row in shown:
        table.add_row(plain(row.text), *(plain(comparison.said(cell, row.unit) if cell else "") for cell in row.cells))
    show(table)
    for one in found.paired:
        _paired(one, everything)
    units = {row.id: (row.text, row.unit) for row in found.rows}
    for change in found.changes:
        _changed(change, units)


def _paired(one: Paired, everything: bool) -> None:
    """Print two runs draw by draw."""
    if one.apart:
        show(plain(f"{one.second} against {one.first}: {one.apart}"))
        return
    table = titled(f"{one.second} against {one.first}, draw by draw", "difference, or ratio", "higher", "lower", "equal")
    table.show_lines = True
    for pair in [pair for pair in one.pairs if pair.key or everything] or one.pairs:
        told = pairing.said(pair.difference, pair.unit) if pair.ratio is None else f"ratio {pairing.said(pair.ratio, '1')}"
        table.add_row(*map(plain, (pair.text, told, *(pairing.likely(chance, pair.draws) for chance in (pair.higher, pair.lower, pair.equal)))))
    show(table)
    reasons = {why: [name for name, other in one.unlike.items() if other == why] for why in one.unlike.values()}
    for why, names in reasons.items():
        show(plain(f"not compared, {why}: {few(names)}"))


def _changed(change: Change, units: dict[str, tuple[str, str]]) -> None:
    if change.differ:
        told = f"{change.before} → {change.after}: not accounted for, since these runs differ in {', '.join(change.differ)}"
        show(plain(told))
        return
    arrived = len(change.used) + len(change.unused)
    tree = Tree(plain(f"{change.before} → {change.after}: {counted(arrived, 'claim')} arrived, {len(change.used)} of which speak of a number; {counted(change.observations, 'observation')}"))  # fmt: skip
    if change.revised:
        tree.add(plain(f"revised assumptions and decisions: {few(change.revised)}"))
    if change.regraded:
        tree.add(plain(f"judged anew: {few(change.regraded)}"))
    if change.used:
        tree.add(plain(f"claims that arrived: {few(change.used, 20)}"))
    for account in change.accounts:
        _account(tree, account, *units[account.question])
    show(tree)


def _account(tree: Tree, account: Account, text: str, unit: str) -> None:
    steps = [("before", account.before), ("with revised assumptions", account.revised), ("with the claims that arrived", account.after)]
    steps = [step for i, step in enumerate(steps) if i == 0 or step[1] != steps[i - 1][1]]
    node = tree.add(plain(f"{text}: " + "; ".join(f"{name} {comparison.said(cell, unit)}" for name, cell in steps)))
    for one in account.arrivals:
        node.add(plain(f"without {one.origin} ({few(one.claims)}; on {few(one.numbers, 3)}): {comparison.said_without(one, unit)}"))
