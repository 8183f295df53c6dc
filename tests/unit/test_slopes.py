"""Slopes of answers of a case, by number."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import materiel
from materiel.errors import RunError
from materiel.slopes import slopes
from strategies import between, constant

CASE = {
    "format": 1, "title": "A store", "start": "2023-01-01", "end": "2023-03-01", "items": {"shell": {"unit": "round"}},
    "contingencies": {"war": {}},
    "actors": {"north": {
        "stockpiles": {"shell": {"item": "shell", "initial": between(1000.0, 2000.0, "round")}},
        "demands": {"front": {
            "item": "shell", "source": "shell", "rate": between(1.0, 5.0, "round/day"), "contingency": "war", "war_rate": constant(10.0, "round/day"),
        }},
    }},
    "questions": {
        "left": {"text": "what is left", "value": "north.stockpiles.shell.held", "at": "2023-01-31"},
        "in-thousands": {"text": "the same", "value": "north.stockpiles.shell.held", "at": "2023-01-31", "unit": "kround"},
        "left-in-war": {"text": "what a war leaves", "value": "north.stockpiles.shell.held", "at": "2023-01-31", "if": "war on 2023-01-11"},
        "used": {"text": "what is used", "total": "north.demands.front.uses"},
        "gone": {"text": "the day it is gone", "first": "north.stockpiles.shell.held", "below": "100 round"},
        "share": {"text": "what is used of what is left", "ratio": ["used", "left"]},
    },
}  # fmt: skip
INITIAL, RATE, WAR = "north.stockpiles.shell.initial", "north.demands.front.rate", "north.demands.front.war_rate"


@pytest.fixture
def case(tmp_path: Path) -> Path:
    (tmp_path / "case.yaml").write_text(json.dumps(CASE), encoding="utf-8")
    return tmp_path


def test_slopes_of_an_answer_that_can_be_worked_out_by_hand(case: Path) -> None:
    found = slopes(case, "left", draws=5)
    assert found.values == pytest.approx(materiel.load(case).run(draws=5, only=["left"]).questions["left"].values)
    assert found.by[INITIAL] == pytest.approx(np.ones(5))
    assert found.by[RATE] == pytest.approx(np.full(5, -30.0))
    assert found.by[WAR] == pytest.approx(np.zeros(5))
    assert found.values == pytest.approx(found.numbers[INITIAL] - 30.0 * found.numbers[RATE])
    assert (found.unit, found.units[INITIAL], found.units[RATE]) == ("round", "round", "round/day")
    assert not any("left" in path for path in found.by), "what the question defines is no number of the case"


def test_slopes_are_in_the_unit_of_the_answer_and_of_its_branch(case: Path) -> None:
    assert slopes(case, "in-thousands", draws=2).by[RATE] == pytest.approx(np.full(2, -0.03))
    war = slopes(case, "left-in-war", draws=2)
    assert war.by[RATE] == pytest.approx(np.full(2, -30.0))
    assert war.by[WAR] == pytest.approx(np.full(2, -20.0))
    assert "contingencies.war.begins" not in war.by


@pytest.mark.parametrize(
    ("question", "told"),
    [
        ("gone", "question 'gone' asks for the day of a first crossing; slopes are those of a value, a total, or the largest or smallest of something"),
        ("share", "question 'share' asks for a ratio; slopes are those of a value, a total, or the largest or smallest of something"),
        ("lef", "unknown question 'lef'; did you mean 'left'?"),
    ],
)
def test_questions_without_slopes_are_refused(case: Path, question: str, told: str) -> None:
    with pytest.raises(RunError, match="^" + told.replace("?", r"\?") + "$"):
        slopes(case, question)
