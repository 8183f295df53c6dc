"""Runs compared draw by draw."""

from __future__ import annotations

import json

import numpy as np
import pytest
from typer.testing import CliRunner

import materiel
from materiel import editions
from materiel.analysis import pairing
from materiel.cli import app
from stock import CASE, written

QUESTIONS = """
  empty: {text: Days until few are left, first: north.stockpiles.shell.held, below: 1 Mround}
  share: {text: Share left, ratio: [left, start]}
  start: {text: Shells at first, value: north.stockpiles.shell.held, at: 2023-01-02}
scenarios:
  twice: {text: twice the stock, set: {north.stockpiles.shell.initial: {base: {dist: lognormal, median: 10, gsd: 1.5, unit: Mround}, because: for the test}}}
  none: {text: no export, set: {north.contracts.export.quantity: {constant: 0 round, because: for the test}}}
"""


@pytest.fixture
def case(tmp_path):
    return written(tmp_path / "one", CASE + QUESTIONS).parent


def test_a_run_beside_itself_differs_by_nought_in_every_draw(case):
    one, other = (materiel.load(case).run(draws=300) for _ in range(2))
    (found,) = editions.compare([one, other], ["a", "b"]).paired
    assert {pair.id for pair in found.pairs} == {"left", "empty", "share", "start"}
    for pair in found.pairs:
        assert set(pair.difference.values()) == {0.0}
        assert pair.ratio is None or set(pair.ratio.values()) == {1.0}
        assert (pair.equal.probability, pair.higher.probability, pair.lower.probability) == (1.0, 0.0, 0.0)
        assert np.array_equal(one.questions[pair.id].values, other.questions[pair.id].values)


def test_the_same_numbers_in_another_case_give_the_same_draws(case, tmp_path):
    other = written(tmp_path / "other", (CASE + QUESTIONS).replace("A stock that", "Another stock that"))
    (found,) = editions.compare([materiel.load(case).run(draws=50), materiel.load(other).run(draws=50)], ["a", "b"]).paired
    assert all(pair.equal.probability == 1.0 for pair in found.pairs)


def test_twice_the_stock_is_twice_as_much_in_every_draw(case):
    one, other = (materiel.load(case).run(draws=300, scenario=name) for name in ("none", "none,twice"))
    pairs = {pair.id: pair for pair in editions.compare([one, other], ["a", "b"]).paired[0].pairs}
    assert pairs["left"].difference[50] == pytest.approx(float(np.median(one.questions["left"].values)), rel=1e-12)
    assert pairs["left"].higher.probability == 1.0


def test_where_neither_day_comes_is_a_tie_and_where_one_does_not_has_no_bound(case):
    one, other = (materiel.load(case).run(draws=500, scenario=name) for name in ("", "none"))
    (found,) = editions.compare([one, other], ["a", "b"]).paired
    pair = {pair.id: pair for pair in found.pairs}["empty"]
    a, b = one.questions["empty"].values, other.questions["empty"].values
    assert np.isinf(a).any()
    assert pair.equal.probability == float(np.mean(a == b))
    assert pair.higher.probability == float(np.mean(b > a))


def test_amounts_over_orders_of_magnitude_are_compared_by_their_ratio(tmp_path):
    wide = written(tmp_path, (CASE + QUESTIONS).replace("gsd: 1.5", "gsd: 3"))
    runs = [materiel.load(wide).run(draws=300, scenario=name) for name in ("none", "none,twice")]
    pairs = {pair.id: pair for pair in editions.compare(runs, ["a", "b"]).paired[0].pairs}
    assert list(pairs["left"].ratio.values()) == pytest.approx([2.0] * 5)


def test_what_is_defined_otherwise_or_asked_of_one_is_listed_and_not_compared(case, tmp_path):
    other = written(tmp_path / "other", (CASE + QUESTIONS).replace("below: 1 Mround", "below: 2 Mround").replace("at: 2023-01-02", "at: 2023-01-03").replace("left: {", "rest: {").replace("[left,", "[rest,"))  # fmt: skip
    (found,) = editions.compare([materiel.load(case).run(draws=20), materiel.load(other).run(draws=20)], ["a", "b"]).paired
    assert found.pairs == []
    assert found.unlike["left"] == "asked only of a"
    assert found.unlike["rest"] == "asked only of b"
    assert found.unlike["empty"] == "defined otherwise: below"
    assert found.unlike["start"] == "defined otherwise: last day"
    assert found.unlike["share"] == "defined otherwise: last day of part 2"


def test_other_draws_are_not_paired(case):
    (found,) = editions.compare([materiel.load(case).run(draws=20, seed=seed) for seed in (1, 2)], ["a", "b"]).paired
    assert (found.pairs, found.apart) == ([], "not on the same draws: the runs differ in seed")


def test_scenarios_are_named_with_a_plus(case):
    done = CliRunner().invoke(app, ["compare", str(case), f"{case}+none", f"{case}+twice@2023-06-01", "--draws", "50", "--json"])
    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout)
    assert found["labels"] == ["one@2023-12-31", "one+none@2023-12-31", "one+twice@2023-06-01"]
    assert [(one["first"], one["second"]) for one in found["paired"]] == [(found["labels"][0], other) for other in found["labels"][1:]]
    assert CliRunner().invoke(app, ["compare", str(case), f"{case}+none", "--draws", "50", "--all"]).exit_code == 0
    wrong = CliRunner().invoke(app, ["compare", str(case), f"{case}+nnone", "--draws", "50"])
    assert wrong.exit_code == 1
    assert "did you mean 'none'?" in wrong.stderr


def test_phrases_are_as_fine_as_what_they_tell():
    assert pairing.said(dict.fromkeys((5, 25, 50, 75, 95), 0.0), "round") == "0 rounds"
    assert pairing.said({5: -100.0, 25: -50.0, 50: 0.0, 75: 50.0, 95: None}, "day") == "0 days (50 %: -50 to 50; 90 %: -100 to without bound)"
