"""How far a decision can go, beside answers that are known: a stock that is drawn, an export that is decided."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

import materiel
from materiel.cli import app
from materiel.errors import CaseError, RunError
from materiel.options import Reading
from stock import CASE, written

EXACT = 5.0 * math.exp(-1.2815515655446004 * math.log(1.5)) - 1.0
"""Of a lognormal stock, nine draws in ten exceed this and a million more."""

QUANTITY = "north.contracts.export.quantity"
CHANGE, KEEP = f"{QUANTITY}=0..8 Mround", "left above 1 Mround with 90 %"


@pytest.fixture
def case(tmp_path) -> Path:
    return written(tmp_path, CASE)


def test_the_largest_export_is_the_quantile_of_the_stock_less_what_must_be_left(case):
    found = materiel.load(case).solve(CHANGE, KEEP, draws=1000)
    stocks = np.sort(materiel.load(case).run(draws=1000).questions["left"].values) / 1e6 + 1.0  # with an export of a million
    order = stocks[100] - 1.0  # the 101st: 900 draws exceed anything below
    assert (found.end, found.course) == ("largest", "falls")
    assert found.answer == pytest.approx(order, abs=1 / 128)
    low, high = found.interval
    assert low < EXACT < high
    assert found.interval[0] < found.answer < found.interval[1]


def test_the_interval_holds_the_exact_answer_about_as_often_as_it_says(case):
    study, held = materiel.load(case), 0
    for seed in range(1, 41):
        low, high = study.solve(CHANGE, KEEP, draws=100, seed=seed).interval
        held += low <= EXACT <= high
    assert held >= 31  # of 40, each with nine chances in ten or more: fewer have a chance of one in two hundred


def test_the_same_seed_gives_the_same_and_another_seed_another(case):
    study = materiel.load(case)
    first, again, other = (study.solve(CHANGE, KEEP, draws=100, seed=seed).json() for seed in (1, 1, 2))
    assert first == again
    assert first["answer"] != other["answer"]


def test_what_is_found_is_what_a_run_with_that_value_says(case, tmp_path):
    found = materiel.load(case).solve(CHANGE, KEEP, draws=200)
    for one in found.tried[:: len(found.tried) // 3]:
        there = written(tmp_path / "there", CASE.replace("constant: 1 Mround", f"constant: {one.value!r} Mround"))
        assert float(np.mean(materiel.load(there).run(draws=200).questions["left"].values > 1e6)) == one.kept.probability


def test_no_value_does_is_said_with_the_nearest(case):
    found = materiel.load(case).solve(CHANGE, "left above 100 Mround with 90 %", draws=100)
    assert (found.answer, found.interval, found.stretches) == (None, (None, None), [])
    assert found.sentence.startswith(
        f"No value of {QUANTITY} from 0 million rounds to 8 million rounds keeps “Shells left” above 100 million rounds with 90 %: the best"
    )


def test_every_value_does_is_said_with_the_worst(case):
    found = materiel.load(case).solve(CHANGE, "left below 100 Mround with 90 %", draws=100)
    assert found.stretches == [(0.0, 8.0)]
    assert found.sentence.startswith(f"Every value of {QUANTITY}")


def test_a_day_that_may_be_too_early_or_too_late_gives_a_set(tmp_path):
    text = CASE.replace("duration: {constant: 100 day", "duration: {constant: 1 day")
    text += "  spring: {text: Shipped in spring, total: north.contracts.export.ships, start: 2023-03-01, end: 2023-06-01}\n"
    study = materiel.load(written(tmp_path, text))
    keep = "spring above 500 kround with 90 %"
    found = study.solve("north.contracts.export.first_day=2023-01-01..2023-12-01", keep, draws=50, points=12)
    assert found.course == "turns"
    # what is due in a day that begins on the last of February is due in a period that ends on 1 March: whole days, so both ends are exact
    assert found.json()["stretches"] == [["2023-03-01", "2023-05-31"]]
    assert found.end == "largest"
    assert study.solve("north.contracts.export.first_day=2023-01-01..2023-12-01", keep, draws=50, points=12, end="smallest").json()["answer"] == "2023-03-01"


def test_a_shared_number_is_changed_wherever_it_stands_and_a_scenario_of_the_question_comes_after(tmp_path):
    more = "  rest: {text: Rest, value: north.stockpiles.shell.held, at: 2023-12-01, with: none}\n  both: {text: Both, ratio: [left, rest]}\n"
    scenario = "scenarios: {none: {text: none, set: {shared.share: {constant: 0, because: for the test}}}}\n"
    study = materiel.load(written(tmp_path, CASE + more + scenario))
    found = study.solve("shared.share=0..1", "both above 0.9 with 50 %", draws=1000)
    assert found.answer == pytest.approx(0.1 * 5.0, abs=0.03)  # a tenth of the median stock, in millions
    with pytest.raises(RunError, match="no number of the model follows it"):
        study.solve("shared.share=0..1", "rest above 1 round with 50 %", draws=10)


def test_an_uncertain_number_is_tried_over_its_own_range(case):
    found = materiel.load(case).solve("north.stockpiles.shell.initial", "left above 3 Mround with 50 %", draws=100)
    assert (found.low, found.high) == pytest.approx((5e6 / 1.5**1.645, 5e6 * 1.5**1.645), rel=0.1)
    assert found.end == "smallest"
    assert found.answer == pytest.approx(4e6, rel=0.01)
    assert found.interval[0] == pytest.approx(found.interval[1], rel=0.01)  # nothing is left to chance


WRONG = [
    ("north.contracts.export.quanity=0..8 Mround", KEEP, "--change:1:32: unknown key 'quanity'", "did you mean 'quantity'?"),
    ("north.contracts.exprt.quantity=0..8 Mround", KEEP, "--change:1:32: unknown path", "did you mean 'north.contracts.export.quantity'?"),
    (f"{QUANTITY}=-1..8 Mround", KEEP, "--change:1:33: quantity: '-1.0 Mround' can fall below 0", "at least 0"),
    (f"{QUANTITY}=0..8 t", KEEP, "--change:1:33: quantity: unit 't' does not measure", "round"),
    (f"{QUANTITY}=0..8", KEEP, "--change:1:33: quantity: '0.0' has no unit", "a unit that measures round"),
    (f"{QUANTITY}=8..0 Mround", KEEP, "--change:1:33: '8..0 Mround' does not rise", "the lower end first"),
    (f"{QUANTITY}=1..1e999 Mround", KEEP, "--change:1:33: '1..1e999 Mround' does not rise", ""),
    (f"{QUANTITY}=2023-01-01..8 Mround", KEEP, "--change:1:33: ", "NUMBER=LOW..HIGH UNIT"),
    (f"{QUANTITY}=2023-01-01..2023-02-30", KEEP, "--change:1:33: ", "days of the calendar"),
    (f"{QUANTITY}=2023-01-01..2023-02-20", KEEP, "--change:1:33: quantity: ", ""),
    (QUANTITY, KEEP, f"--change:1:1: {QUANTITY}: a constant has no range of its own", "NUMBER=LOW..HIGH UNIT"),
    ("", KEEP, "--change:1:1: '' is no number with a range", "NUMBER=LOW..HIGH UNIT"),
    ("questions.left.at=2023-01-05..2023-02-20", KEEP, "--change:1:19: ", ""),
    (CHANGE, "lft above 1 Mround with 90 %", "--keep:1:1: unknown question 'lft'", "did you mean 'left'?"),
    (CHANGE, "left above 1 t with 90 %", "--keep:1:12: '1 t': unit 't' does not measure", "a value in round"),
    (CHANGE, "left above 1 with 90 %", "--keep:1:12: '1' has no unit", "a value in round"),
    (CHANGE, "left above 1 Mround with 100 %", "--keep:1:26: a probability of 100 %", "above 0 and below 100 %"),
    (CHANGE, "left over 1 Mround with 90 %", "--keep:1:1: 'left over 1 Mround with 90 %' is nothing that can be kept", "`QUESTION above VALUE with P %`"),
]  # fmt: skip


@pytest.mark.parametrize(("change", "keep", "found", "allowed"), WRONG)
def test_what_is_asked_wrongly_is_told_at_its_place(case, change, keep, found, allowed):
    with pytest.raises(CaseError) as told:
        materiel.load(case).solve(change, keep, draws=10)
    (problem,) = map(str, told.value.problems)
    assert problem.startswith(found)
    assert allowed in problem


def test_all_that_is_wrong_is_told_at_once(case):
    with pytest.raises(CaseError) as told:
        materiel.load(case).solve(f"{QUANTITY}=-1..8 Mround", "lft above 1 with 190 %", draws=10)
    assert [problem.place.file for problem in told.value.problems] == ["--change", "--keep", "--keep"]


def test_what_is_not_in_the_case_cannot_be_changed(case):
    with pytest.raises(RunError, match="is not given in"):
        materiel.load(case).solve("north.contracts.export.price=1..8 USD/round", KEEP, draws=10)
    with pytest.raises(RunError, match="at least 3 values"):
        materiel.load(case).solve(CHANGE, KEEP, draws=10, points=2)


def test_the_command_prints_the_answer_and_gives_plain_data(case):
    command = ["solve", str(case), "--change", CHANGE, "--keep", KEEP, "--draws", "100"]
    done = CliRunner().invoke(app, command)
    assert done.exit_code == 0, done.output
    assert done.stdout.startswith(
        f"The largest {QUANTITY} from 0 million rounds to 8 million rounds that keeps “Shells left” above 1 million rounds with 90 % is "
    )
    plain = json.loads(CliRunner().invoke(app, [*command, "--json"]).stdout)
    assert plain["answer"] == materiel.load(case).solve(CHANGE, KEEP, draws=100, reading=Reading()).answer
    assert (plain["above"], plain["bound_unit"], plain["unit"]) == (1e6, "round", "Mround")
    wrong = CliRunner().invoke(app, [*command[:5], "nothing", *command[6:]])
    assert wrong.exit_code == 1
    assert "Traceback" not in wrong.output
