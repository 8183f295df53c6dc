"""What is printed of how forecasts came out, beside naive ones."""

from __future__ import annotations

from rich.table import Table

from materiel.analysis import words
from materiel.analysis.scoring import MODEL, Ledger, Scored, Total
from materiel.printing.output import plain, show, titled
from materiel.printing.phrases import counted, ranged


def scored(found: Ledger) -> None:
    """Print how forecasts came out, how they did beside naive ones, and what is open."""
    when = [f"{name}, as of {said.as_of}" + (f", a hindcast made on {said.made}" if said.hindcast else "") for name, said in found.forecasts.items()]
    show(plain(f"{found.case} on {found.day}: {counted(len(found.scored), 'question')} came out, {len(found.open)} open. Forecasts: {'; '.join(when)}."))
    if found.scored:
        show(plain(found.caution))
        table = titled("question", "forecast: median (90 %)", "came out", "percentile", "CRPS", "naive: CRPS")
        table.show_lines = True
        for one in found.scored:
            own, others = one.marks[MODEL], sorted((marks.crps, who) for who, marks in one.marks.items() if who != MODEL)
            rivals = "\n".join(f"{who} {words.number(crps, crps, crps, '')}" for crps, who in others)
            table.add_row(*map(plain, (f"{one.text} ({one.day})", ranged(own.median, own.ranges[90], one.unit), _outcome(one), f"{100 * own.percentile:.0f}", words.number(own.crps, own.crps, own.crps, one.unit), rivals)))  # fmt: skip
        for one in (table, _forecasters(found), _groups(found)):
            show(one)
    for waiting in found.open:
        show(plain(f"open: {waiting.text} ({waiting.forecast}): {waiting.reason}"))


def _forecasters(found: Ledger) -> Table:
    """Return how the forecast and every naive one did over all questions."""
    table = titled(
        "forecast", "forecaster", "n", "CRPS of logarithms", "the forecast's, same n", "log score", "Brier", "in 50 %", "in 90 %", "forecast nearer in"
    )
    for one in found.totals:
        if one.by == "all":
            own = "" if one.forecast_crps_log is None else f"{one.forecast_crps_log:.3g}"
            cells = _scores(one)
            table.add_row(*map(plain, (one.group, one.who, str(one.n), cells[0], own, *cells[1:], "" if one.who == MODEL else f"{one.won} of {one.n}")))
    return table


def _groups(found: Ledger) -> Table:
    """Return how the forecast did by item, horizon and grade, and which naive one was nearest there on every question."""
    table = titled("by", "group", "n", "CRPS of logarithms", "log score", "Brier", "in 50 %", "in 90 %", "nearest naive")
    for own in (one for one in found.totals if one.who == MODEL and one.by != "all"):
        near = found.nearest(own)
        table.add_row(*map(plain, (own.by, own.group, str(own.n), *_scores(own), f"{near.who} {near.crps_log:.3g}" if near else "")))
    return table


def _scores(one: Total) -> tuple[str, ...]:
    means = ("" if score is None else f"{score:.3g}" for score in (one.crps_log, one.log_score))
    brier = "" if one.brier is None else f"{one.brier:.3g} (n {one.thresholds})"
    return (*means, brier, f"{one.inside50} of {one.n}", f"{one.inside90} of {one.n}")


def _outcome(one: Scored) -> str:
    low, high = one.spread
    told = f"{words.number(one.outcome.value, low, high, one.unit)} by {one.outcome.by.who} ({one.outcome.by.grade})"
    if low < high:
        told += f"; from {words.number(low, low, high, '')} to {words.number(high, low, high, '')} by {counted(len(one.outcome.figures), 'figure')}, CRPS {words.number(one.crps_spread[0], *one.crps_spread, '')} to {words.number(one.crps_spread[1], *one.crps_spread, '')}"
    return told
