"""The page on the rival readings of `dprk-2023` says what weighing finds."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import materiel

PAGE = Path(__file__).parents[2] / "docs" / "cases" / "dprk-2023-readings.md"


@pytest.mark.proof
def test_the_page_says_what_even_odds_would_be():
    """What the result hangs on must not be left out."""
    even = materiel.load("dprk-2023").weigh(as_of="2024-02-27").even
    text = PAGE.read_text(encoding="utf-8")
    for name in ("theatre", "both"):
        said = re.search(rf'"{name}" with (\d+) %', text)
        assert said is not None
        assert float(said[1]) / 100 == pytest.approx(even[name], abs=0.03)


def column(number: int) -> dict[str, float]:
    """Return a column of the first table of the page, by reading."""
    rows = re.findall(r"^\| (\w+): .*$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    lines = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if re.match(r"\| \w+: ", line)]
    return {name: float(line.split("|")[2 + number].strip(" %")) / 100 for name, line in zip(rows, lines, strict=True)}


@pytest.mark.proof
@pytest.mark.parametrize(("day", "number"), [("2023-08-15", 1), ("2024-02-27", 2)])
def test_the_page_on_readings_is_what_weighing_finds(day, number):
    found = materiel.load("dprk-2023").weigh(as_of=day)
    assert column(0) == pytest.approx(found.priors)
    for name, one in found.standings.items():
        assert column(number)[name] == pytest.approx(one.posterior, abs=0.005 + 3 * one.error)
