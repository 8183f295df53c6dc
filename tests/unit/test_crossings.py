"""Where a probability reaches a bound: on curves that are known."""

from __future__ import annotations

import math

import numpy as np
import pytest

from materiel.analysis import crossings
from materiel.analysis.crossings import Axis, Crossed

DRAWS = 400


def find(thresholds, probability=0.9, axis=None, points=9) -> Crossed:
    """Return what is found where a draw is kept as long as the value is below its own threshold."""
    return crossings.find(
        lambda values: [int(np.count_nonzero(thresholds > value)) for value in values], axis or Axis(0.0, 8.0), points, probability, len(thresholds)
    )


def test_a_crossing_is_narrowed_down_to_the_order_statistic():
    thresholds = np.exp(np.random.default_rng(3).normal(1.0, 0.5, DRAWS))
    found = find(thresholds)
    exact = np.sort(thresholds)[DRAWS // 10]  # the largest value below which nine draws in ten still have their threshold
    ((_, answer),) = found.kept
    assert exact - 1 / 128 <= answer < exact
    assert found.course == "falls"
    assert found.largest


def test_what_rises_is_kept_from_a_smallest_value_on():
    thresholds = np.linspace(0.0, 4.0, DRAWS)
    found = crossings.find(lambda values: [int(np.count_nonzero(thresholds < value)) for value in values], Axis(0.0, 8.0), 9, 0.5, DRAWS)
    assert found.course == "rises"
    assert not found.largest
    assert found.kept[0][0] == pytest.approx(2.0, abs=0.02)
    assert found.kept[0][1] == 8.0


def test_the_interval_holds_the_exact_answer_about_as_often_as_it_says():
    exact, seen, trials = math.exp(1.0 - 0.5 * 1.2815515655446004), 0, 600
    random = np.random.default_rng(1)
    for _ in range(trials):
        found = find(np.exp(random.normal(1.0, 0.5, DRAWS)))
        seen += found.surely[-1][1] <= exact <= found.perhaps[-1][1]
    # exactly: the chance that a binomial number of 400 and a tenth lies between its 5th and 95th percentile, both included, is 0.9207
    assert 0.9207 - 3 * 0.0110 < seen / trials < 0.9207 + 3 * 0.0110


def test_what_turns_gives_a_set():
    def counts(values):
        return [round(DRAWS * (0.5 + 0.45 * math.sin(value))) for value in values]

    found = crossings.find(counts, Axis(0.0, 8.0), 17, 0.8, DRAWS)
    low = math.asin(0.3 / 0.45)
    assert found.course == "turns"
    assert np.array(found.kept) == pytest.approx(np.array([[low, math.pi - low], [low + 2 * math.pi, 8.0]]), abs=0.01)


def test_nothing_is_kept_where_nothing_does():
    found = find(np.full(DRAWS, 5.0) * (np.arange(DRAWS) < DRAWS // 2))
    assert (found.kept, found.surely, found.perhaps) == ([], [], [])


def test_so_few_draws_may_leave_open_whether_anything_does():
    found = find(np.full(20, 5.0) * (np.arange(20) < 17))
    assert found.kept == []
    assert found.perhaps != []


def test_days_are_tried_whole_and_wide_ranges_by_even_factors():
    days = find(np.linspace(0.0, 8.0, DRAWS), axis=Axis(0.0, 8.0, whole=True), points=3)
    assert all(value == round(value) for value in days.counts)
    assert days.kept[-1][1] == 0.0
    assert Axis(1.0, 100.0, log=True).grid(3) == pytest.approx([1.0, 10.0, 100.0])
    assert Axis(1.0, 100.0, log=True).between(1.0, 100.0) == pytest.approx(10.0)
