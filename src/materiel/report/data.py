"""The data of a figure as whoever downloads them gets them: columns and rows, and what describes them in the words of CSV on the Web (W3C)."""

from __future__ import annotations

from collections.abc import Sequence

from materiel.case.model import Case
from materiel.evidence.records import Observation
from materiel.report.telling import Telling
from materiel.results import FAN, Curve

FAN_COLUMNS = ("kind", "start", "end", *(f"p{round(100 * part)}" for part in FAN), "value", "lower", "upper", "unit", "source", "grade")


def fan(case: Case, curve: Curve, observed: Sequence[Observation]) -> tuple[Sequence[str], list[list[str | float | None]]]:
    """Return the columns and rows of a fan chart: one row a week of the runs, and one for every observation; values as they are, to six digits."""
    rows: list[list[str | float | None]] = []
    every = max(1, round(7 / max(float(curve.days[1] - curve.days[0]), 1e-9))) if len(curve.days) > 1 else 1
    for i in sorted({*range(0, len(curve.days), every), len(curve.days) - 1}):
        day = case.date(float(curve.days[i])).isoformat()
        rows.append(["run", day, day, *(float(f"{value:.6g}") for value in curve.quantiles[:, i]), None, None, None, curve.unit, "", ""])
    for one in observed:
        grade = f"{case.ledger.reliability(one.source)}{one.credibility}"
        none = [None] * len(FAN)
        rows.append(["observation", one.start.isoformat(), one.end.isoformat(), *none, one.quantity, one.lower, one.upper, one.unit, one.source, grade])
    return FAN_COLUMNS, rows


def about(telling: Telling, figure: str, title: str, unit: str, observed: Sequence[Observation] = ()) -> dict[str, object]:
    """Return what describes the table of a figure: title, unit, definitions of columns, sources with their grades and licences, and how it was made."""
    ledger, said = telling.case.ledger, telling.run.manifest()
    sources = [
        {
            "id": name, "title": ledger.sources[name].title, "publisher": ledger.publisher(name), "url": ledger.sources[name].url,
            "reliability": ledger.reliability(name), "licence": ledger.sources[name].licence or telling.word("licence unstated"),
        }
        for name in dict.fromkeys(one.source for one in observed)
    ]  # fmt: skip
    return {
        "@context": "http://www.w3.org/ns/csvw", "url": f"{figure}.csv", "dc:title": title, "dc:language": telling.language.name,
        "dc:license": telling.word("licence"), "unit": unit or "1", "asOf": telling.case.as_of.isoformat(), "sources": sources,
        "run": {key: said[key] for key in ("run", "case", "case_sha256", "seed", "draws", "version", "rules")},
    }  # fmt: skip
