"""What a backtest says: as plain data, as text, as the table of the library."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Any

from materiel.surges import library
from materiel.surges.backtest import Mark, Marked, mean
from materiel.surges.folds import HORIZONS, MONTHS, Scored, Skill, ahead, best, skill, within
from materiel.surges.library import Surge
from materiel.surges.methods import DISCOUNTED
from materiel.surges.series import Series

SCALE = "log(1 + rate / mean rate up to the origin)"
"""What scores are taken on."""
OURS = ("analogues", "growth paths", "line", "line and paths")
"""Our methods that speak everywhere, in the order of their rows."""
SHOWN = ("growth paths", "line")
"""Those of which it is shown where they do well."""

_MONTHLY = 2.0
"""Months between points below which a series is one of months."""

Chosen = Callable[[Mark], bool]


def rivals(there: Collection[str]) -> dict[int, str]:
    """Return the best of the baselines that are there at each number of periods ahead, by its scores on the library, and so without any point of whoever asks."""
    made: dict[int, tuple[float, str]] = {}
    for row in library.rows("baselines"):
        if row["baseline"] in there:
            periods, found = int(row["horizon"]), (float(row["crps"]), row["baseline"])
            made[periods] = min(made.get(periods, found), found)
    return {periods: name for periods, (_, name) in made.items()}


def data(series: Series, marked: Marked, horizon: int) -> dict[str, Any]:
    """Return how the methods did at a series: by horizon and method, with the skill against the best baseline at the same points."""
    known, made = rivals(marked.skipped), dict[str, Any]()
    for periods in range(1, horizon + 1):
        rival = known[min(periods, max(known))]
        marks = [one for one in marked.marks if one.horizon == periods]
        theirs = {one.seen: one.crps for one in marks if one.method == rival}
        found = {name: [one for one in marks if one.method == name] for name in marked.skipped}
        if any(found.values()):
            made[str(periods)] = {"best_baseline": rival, "methods": {name: _said(ours, theirs) for name, ours in found.items() if ours}}
    return {"unit": series.unit, "points": len(series.points), "horizons": made, "skipped": marked.skipped}


def _said(marks: Sequence[Mark], rival: dict[int, float]) -> dict[str, float | int | None]:
    paired = [(one.crps, rival[one.seen]) for one in marks if one.seen in rival]
    below = sum(theirs for _, theirs in paired)
    return {
        "crps": mean(one.crps for one in marks), "coverage50": mean(one.in50 for one in marks), "coverage90": mean(one.in90 for one in marks),
        "mae": mean(one.error for one in marks), "months": mean(one.months for one in marks), "n": len(marks), "fell_back": sum(one.fell_back for one in marks),
        "skill": 1 - sum(ours for ours, _ in paired) / below if below > 0 else None,
    }  # fmt: skip


def table(scored: Scored) -> list[str]:
    """Return the table of the library in one kind of fold as lines of Markdown: scores by periods and by months ahead, then what our methods gain."""
    columns: list[tuple[str, Chosen]] = [(str(periods), ahead(periods)) for periods in HORIZONS]
    lines = ["Periods ahead:", "", *_scores(scored, columns), "", *_gains(scored, columns)]
    months = [(_months(span), within(span)) for span in MONTHS]
    return [*lines, "", "Months ahead, whatever the periods:", "", *_scores(scored, months), "", *_gains(scored, months)]


def _months(span: tuple[float, float]) -> str:
    low, high = span
    return f"to {high:g}" if not low else f"{low:g} to {high:g}" if high != MONTHS[-1][1] else f"over {low:g}"


def _scores(scored: Scored, columns: Sequence[tuple[str, Chosen]]) -> list[str]:
    lines = [f"| CRPS (share within 90 %) | {' | '.join(name for name, _ in columns)} |", f"|---|{'---:|' * len(columns)}"]
    for method in (*scored.baselines, DISCOUNTED, *OURS):
        cells = [_cell(scored.at(method, chosen)) for _, chosen in columns]
        lines.append(f"| {method} | {' | '.join(cells)} |")
    counts = [str(len(scored.at(scored.baselines[0], chosen))) for _, chosen in columns]
    promised = [str(len(scored.at(DISCOUNTED, chosen))) for _, chosen in columns]
    return [*lines, f"| *points* | {' | '.join(counts)} |", f"| *of these with a promise of growth* | {' | '.join(promised)} |"]


def _cell(marks: Sequence[Mark]) -> str:
    return f"{mean(one.crps for one in marks):.3f} ({100 * mean(one.in90 for one in marks):.0f} %)" if marks else ""


def _gains(scored: Scored, columns: Sequence[tuple[str, Chosen]]) -> list[str]:
    lines = [f"| below the best baseline by | {' | '.join(name for name, _ in columns)} |", f"|---|{'---:|' * len(columns)}"]
    lines += [_line(method, (_gain(skill(scored, method, chosen)) for _, chosen in columns)) for method in OURS]
    lines.append(_line("*best of all, in hindsight*", (best(scored, chosen, "") for _, chosen in columns)))
    hard = [(chosen, best(scored, chosen, "")) for _, chosen in columns]
    return lines + [_line(f"{method} against that one", (_gain(skill(scored, method, chosen, rival)) for chosen, rival in hard)) for method in OURS]


def _line(first: str, cells: Iterable[str]) -> str:
    return f"| {first} | {' | '.join(cells)} |"


def _gain(found: Skill) -> str:
    return f"{100 * found.share:+.0f} % ({100 * found.low:+.0f} to {100 * found.high:+.0f})"


def where(scored: Scored, surges: Sequence[Surge]) -> list[str]:
    """Return where growth paths and lines do well and where not, over all horizons, as lines of Markdown: by class of item, plant and length of periods, and where demand had ended.

    The rival is the baseline that is best of all at everything, in hindsight; a part that only one group has gets no interval.
    """
    rival = best(scored, lambda _: True, "")
    of = {one.series.name: one for one in surges}
    parts: dict[str, Chosen] = {}
    for item in sorted({one.item for one in surges}):
        parts[f"class: {item}"] = lambda mark, item=item: of[mark.series].item == item
    for plant in sorted({one.plant for one in surges}):
        parts[f"plant: {plant}"] = lambda mark, plant=plant: of[mark.series].plant == plant
    parts["by months or shorter"] = lambda mark: of[mark.series].series.past(mark.seen).spacing < _MONTHLY
    parts["by quarters or longer"] = lambda mark: of[mark.series].series.past(mark.seen).spacing >= _MONTHLY
    parts["the period reaches past the end of demand"] = lambda mark: _after(of[mark.series], mark)
    parts["it does not"] = lambda mark: not _after(of[mark.series], mark)
    columns = " | ".join(f"{method} | below {rival} by" for method in SHOWN)
    lines = [f"| | points | {rival} | {columns} |", f"|---|---:|---:|{'---:|---:|' * len(SHOWN)}"]
    for name, chosen in parts.items():
        cells = [str(len(scored.at(rival, chosen))), _cell(scored.at(rival, chosen))]
        for method in SHOWN:
            found = skill(scored, method, chosen, rival)
            cells += [_cell(scored.at(method, chosen)), _gain(found) if found.groups > 1 else f"{100 * found.share:+.0f} %"]
        lines.append(_line(name, cells))
    return lines


def _after(surge: Surge, mark: Mark) -> bool:
    """Whether a marked period ends after demand did."""
    return surge.ended is not None and surge.series.points[mark.seen + mark.horizon - 1].period.end > surge.ended


def baselines(scored: Scored) -> str:
    """Return the table from which `rivals` reads: scores of the baselines that speak everywhere, over the whole library, by periods ahead, as CSV."""
    lines = ["horizon,baseline,crps,points"]
    for periods in range(1, max(one.horizon for one in scored.marked.marks) + 1):
        found = {name: scored.at(name, ahead(periods)) for name in scored.baselines}
        most = max(map(len, found.values()))
        lines += [f"{periods},{name},{mean(one.crps for one in marks):.4f},{most}" for name, marks in found.items() if len(marks) == most]
    return "\n".join(lines) + "\n"
