"""What is printed of rival hypotheses: how they stand, the evidence, what hangs on each source; what it makes of several analysts' odds, and the grid."""

from __future__ import annotations

from collections.abc import Mapping

from rich.table import Table

from materiel.analysis import words
from materiel.analysis.analysts import MOST_MOVED, Apart, Panel, lead
from materiel.analysis.comparison import said
from materiel.printing.output import plain, show, titled
from materiel.weighed import Weighed

ROUNDED = 0.0015
"""How far a statement is moved by a repair that is no more than rounding, and not told."""


def weighed(found: Weighed, *, panel: bool = False, grid: bool = False) -> None:
    """Print how hypotheses stand: what it hangs on first, then each, the evidence, the odds without each source, answers before and after; then what is asked for besides.

    Raises RunError for the analysts of a case that names none.
    """
    case, scale = found.case, found.case.ledger.scales[0]
    lines = [f"{case.title}, as of {case.as_of}", found.hangs_on, ""]
    for i, (name, one) in enumerate(sorted(found.standings.items(), key=lambda entry: -entry[1].posterior), 1):
        lines.append(
            f"{i}. {words.said(one.posterior, round(one.evidence.effective), scale)} that {case.hypotheses[name].text}; before: {words.percent(one.prior, 10**6)}."
        )
    show(plain("\n".join(lines)))
    _standings(found)
    _left_out(found)
    _expected(found)
    _before_and_after(found)
    show(plain("\n".join(found.notes)))
    if panel:
        _panel(found)
    if grid:
        _grid(found)


def _standings(found: Weighed) -> None:
    table = titled("hypothesis", "before", "after", "Monte-Carlo error", "strongest evidence for", "strongest evidence against", "draws that count", "k")
    for name, one in found.standings.items():
        best, worst = (_evidence(found, name, side) for side in (1, -1))
        k = "moved" if one.evidence.method == "tempering" else f"{one.evidence.k:.2f}"
        cells = name, f"{one.prior:.1%}", f"{one.posterior:.1%}", f"{one.error:.1%}", best, worst, f"{one.evidence.effective:,.0f}", k
        table.add_row(*map(plain, cells))
    show(table)


def _evidence(found: Weighed, name: str, side: int) -> str:
    """Return the origin that speaks loudest for a hypothesis, or against it, with its weight in bits."""
    told = [(side * weight, origin) for origin, weight in found.evidence[name].items() if side * weight > 0.01]
    return f"{found.speaker(max(told)[1])}: {max(told)[0]:.1f} bits" if told else "none"


def _left_out(found: Weighed) -> None:
    table = titled("probability", *found.found)
    rows = {"with everything": {name: one.posterior for name, one in found.standings.items()}}
    rows |= {f"without {found.speaker(origin)}": one for origin, one in found.without.items()}
    rows |= {"with everything, all alike probable before": found.even}
    for label, one in rows.items():
        table.add_row(plain(label), *(plain(f"{one[name]:.1%}") for name in found.found))
    show(table)


def _expected(found: Weighed) -> None:
    table = titled("seen", "days", "counted", *found.found)
    table.title = "What was seen, and what each hypothesis expected of it: the middle, and nine runs in ten"
    for i in range(len(found.rivals.sightings)):
        table.add_row(*map(plain, (*found.seen(i), *(rival.span(i) for rival in found.found.values()))))
    show(table)


def _before_and_after(found: Weighed) -> None:
    table = titled("question", "before", "after")
    for before, after in found.answers.values():
        table.add_row(plain(before.asked.text), *(plain(said(found.cell(answer, after=answer is after), before.asked.unit)) for answer in (before, after)))
    show(table)


def _panel(found: Weighed) -> None:
    """Print what the same evidence makes of each analyst's odds, of all pooled, and how far they differ."""
    panel = found.panel
    table = titled("whose odds, before → after", *found.found, "leads")
    table.title = "Analysts: the same evidence, other prior odds"
    _moved(table, "the case", {name: (one.prior, one.posterior) for name, one in found.standings.items()})
    for name, one in panel.opinions.items():
        weight = "" if one.weight == 1 else f", weight {one.weight:g}"
        _moved(table, f"{name}: {one.text}{weight}", {which: (at.prior, at.posterior) for which, at in panel.standings[name].items()})
    table.add_section()
    for method, one in panel.pools.items():
        _moved(table, f"{method} pool", {name: (prior, one.posterior[name]) for name, prior in one.prior.items()})
        if any(f"{one.late[name]:.1%}" != f"{after:.1%}" for name, after in one.posterior.items()):
            table.add_row(*map(plain, ("  of what each came to, instead", *(f"→ {late:.1%}" for late in one.late.values()), f"→ {lead(one.late)}")))
    show(table)
    show(plain("\n".join([*_repairs(panel), *_differences(panel)])))


def _moved(table: Table, label: str, odds: Mapping[str, tuple[float, float]]) -> None:
    before, after = (lead({name: one[side] for name, one in odds.items()}) for side in (0, 1))
    leads = after if before == after else f"{before} → {after}"
    table.add_row(*map(plain, (label, *(f"{one:.1%} → {other:.1%}" for one, other in odds.values()), leads)))


def _repairs(panel: Panel) -> list[str]:
    """Return how far each analyst's statements were moved to be coherent, a line each; those that were moved too far say so."""
    lines: list[str] = []
    for name, one in panel.opinions.items():
        moved = [f"{what} {one.stated[what]:.1%} → {one.repaired[what]:.1%}" for what in one.moved if abs(one.moved[what]) > ROUNDED]
        if moved:
            flag = f" Moved by {100 * one.most:.0f} points, more than {100 * MOST_MOVED:.0f}: ask again." if one.most > MOST_MOVED else ""
            lines.append(f"What {name} states is not coherent; the nearest that is ({one.repair}): {', '.join(moved)}.{flag}")
    return lines


def _differences(panel: Panel) -> list[str]:
    """Return how far analysts differ before and after, and whom each leads with."""
    if len(panel.opinions) == 1:
        return []
    leads = {name: lead({which: at.posterior for which, at in one.items()}) for name, one in panel.standings.items()}
    by_lead = {which: [name for name, one in leads.items() if one == which] for which in dict.fromkeys(leads.values())}
    told = (
        f"all lead with {next(iter(by_lead))!r}" if len(by_lead) == 1 else "; ".join(f"{', '.join(who)} lead with {which!r}" for which, who in by_lead.items())
    )
    return [f"They differ most by {_apart(panel.apart(after=False))} before, and by {_apart(panel.apart(after=True))} after. After the evidence {told}."]


def _apart(one: Apart) -> str:
    return f"{100 * one.distance:.0f} points ({' and '.join(one.between)})"


def _grid(found: Weighed) -> None:
    """Print the view in marks, with the bits that marks drop."""
    table = titled("seen, each taken alone", *found.found, "tells apart")
    table.title = "A view, not an input: CC, C consistent, N neither, I, II inconsistent; beside it bits for or against, all alike probable before"
    for row in found.grid:
        if row is found.grid[-1]:
            table.add_section()
        cells = (f"{mark:2} {row.bits[name]:+.1f}" if row.sound else mark for name, mark in row.marks.items())
        table.add_row(*map(plain, (row.text, *cells, f"{row.diagnosticity:.1f} bits" if row.sound else "?")))
    show(table)
    show(
        plain(
            "Marks are not to be counted, nor rows added up: rows of one origin share its errors, and a model that is off is off in all of them. The last row is what they are worth."
        )
    )
