"""Pages of cases that stand beside documented surges say what the findings made from runs say."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"
RANGE = re.compile(r"(?P<middle>[\d.,]+(?: million)?)(?: [a-z/]+)? \((?P<low>[\d.,]+(?: million)?) to (?P<high>[\d.,]+(?: million)?)\)")


def ranges(text: str, unit: float = 1.0) -> set[tuple[float, ...]]:
    """Return every median with its range that stands in a text, to two figures; numbers without a word are so many units."""
    return {tuple(_value(found[end], unit) for end in ("middle", "low", "high")) for found in RANGE.finditer(text)}


def _value(text: str, unit: float) -> float:
    number, _, word = text.partition(" ")
    return float(f"{float(number.replace(',', '')) * (1e6 if word else unit):.2g}")


@pytest.mark.parametrize(("case", "title", "unit", "fewest"), [("us-155mm-2022", "documented surges", 1.0, 18), ("britain-1915", "documented surges", 1e6, 16)])
def test_tables_of_a_case_beside_documented_surges_are_those_of_the_findings(case, title, unit, fewest):
    page = (DOCS / "cases" / f"{case}.md").read_text(encoding="utf-8")
    section = next(part for part in page.split("\n## ") if title in part.splitlines()[0])
    answers = section[section.index("| projectiles a month" if unit == 1.0 else "| filled rounds") :]
    told, found = ranges(answers, unit), ranges((DOCS / "findings" / f"{case}-surges.md").read_text(encoding="utf-8"))
    assert len(told) >= fewest
    assert told <= found, told - found
