"""What comes after an origin, and whoever is in the fold that is scored, changes no forecast."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from materiel.surges import analogues, folds, groups, library, methods
from materiel.surges.backtest import Mark, Marked, origins, score
from materiel.surges.series import Series

SURGES = library.surges()
LEARNED = methods.ours(SURGES[::4])
PLAIN = tuple(one for one in methods.BASELINES if one.needs != "statsmodels")
"""Without the one that takes seconds to import; its past is the same object."""


def changed(series: Series, after: int, factors: list[float]) -> Series:
    """The same series with everything after so many points multiplied."""
    points = [dataclasses.replace(one, quantity=one.quantity * factors[i % len(factors)] + 1) if i >= after else one for i, one in enumerate(series.points)]
    return dataclasses.replace(series, points=tuple(points))


@settings(deadline=None, max_examples=40)
@given(st.sampled_from(SURGES), st.data())
def test_a_later_point_changes_no_earlier_forecast(surge, data):
    series = surge.series
    seen = data.draw(st.integers(3, len(series.points) - 1))
    other = changed(series, seen, data.draw(st.lists(st.floats(0, 1e3), min_size=1, max_size=4)))
    ahead = np.array([1.0, 2.0])
    for method in (*PLAIN, *LEARNED):
        made = [methods.forecast(method, PLAIN, one.past(seen), ahead) if one.past(seen).level > 0 else None for one in (series, other)]
        assert (made[0] is None) == (made[1] is None)
        if made[0] is not None:
            assert np.array_equal(made[0][0], made[1][0]), method.name


def test_a_past_cannot_be_written_through():
    series = SURGES[0].series
    past = series.past(3)
    past.rates[:] = 0
    assert series.rates[0] > 0


@pytest.mark.parametrize("fold", [groups.country_and_war, groups.whole_war])
def test_what_is_learned_is_never_of_the_fold_that_is_scored(fold, monkeypatch):
    """Every surge is scored exactly once, by methods made from all surges of other folds and from no other."""
    scored: list[tuple[str, frozenset[str]]] = []
    monkeypatch.setattr(folds, "ours", lambda surges: frozenset(one.series.name for one in surges))
    monkeypatch.setattr(folds, "score", lambda series, learned, *_: scored.append((series.name, learned)) or Marked())
    folds.run(SURGES, fold, Marked())
    of = {one.series.name: fold(one) for one in SURGES}
    assert sorted(name for name, _ in scored) == sorted(of)
    for name, learned in scored:
        assert learned == {other for other in of if of[other] != of[name]}


def test_a_surge_of_another_fold_that_is_changed_changes_the_forecast():
    """The test above would pass if nothing were learned at all."""
    held = SURGES[0]
    others = [one for one in SURGES if one.group != held.group][::4]
    moved = [dataclasses.replace(one, series=changed(one.series, 4, [3.0])) for one in others]
    past = held.series.past(4)
    one, other = (analogues.Analogues(surges).forecast(past, np.array([2.0])) for surges in (others, moved))
    assert not np.allclose(one, other)


def test_who_tests_a_series_of_the_library_learns_nothing_from_its_war():
    surge = next(one for one in SURGES if one.series.name == "us-2022-shell-155mm")
    assert surge.group not in {one.group for one in library.apart_from(surge.series)}
    renamed = dataclasses.replace(surge.series, name="mine")
    assert surge.group not in {one.group for one in library.apart_from(renamed)}
    own = dataclasses.replace(renamed, points=tuple(dataclasses.replace(one, quantity=one.quantity + 1) for one in renamed.points))
    assert library.apart_from(own) == SURGES


def told(series: Series, unit: str, factor: float, quantities: Sequence[float] | None = None) -> Series:
    """Return a series as somebody else has it: under another name, in another unit, or with figures of their own."""
    given = quantities or [one.quantity * factor for one in series.points]
    return Series("mine", unit, tuple(dataclasses.replace(one, quantity=quantity) for one, quantity in zip(series.points, given, strict=False)))


@given(factor=st.floats(1e-6, 1e6), surge=st.sampled_from([one for one in SURGES if len(one.series.points) > 4]))
def test_nor_from_it_in_another_unit(factor, surge):
    """Thousands, dozens, barrels: figures in one ratio are the same figures. Those that say too little, and there is one series of them, are told from no others."""
    learned = {one.group for one in library.apart_from(told(surge.series, surge.series.unit, factor))}
    assert (surge.group in learned) == (surge.series.name == "de-1914-cartridges-1915")


def test_a_rate_by_the_day_is_the_same_as_an_amount_of_the_month():
    surge = next(one for one in SURGES if one.series.name == "us-2022-shell-155mm")
    daily = told(surge.series, "thousand rounds/day", 12 / 365.25 / 1000)
    assert surge.group not in {one.group for one in library.apart_from(daily)}


@pytest.mark.parametrize(
    "figures", [[7.0] * 9, [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0], [10.0, 20.0, 40.0, 80.0, 160.0, 320.0, 640.0, 1280.0, 2560.0], [0.0] * 8 + [1.0]]
)
def test_round_figures_are_nobodys(figures):
    """In the months of any series of the library."""
    for surge in library.everything():
        assert library.apart_from(told(surge.series, surge.series.unit, 1.0, figures)) == SURGES, surge.series.name


def test_no_series_of_the_library_passes_for_another():
    for one in library.everything():
        renamed = dataclasses.replace(one.series, name="mine")
        assert {other.group for other in SURGES} - {other.group for other in library.apart_from(renamed)} <= {one.group}


def mark(series: str, method: str, seen: int, crps: float) -> Mark:
    return Mark(series, method, seen, 1, 1.0, crps, 0.0, True, True, False)


def test_the_best_baseline_is_chosen_without_the_fold_that_is_scored():
    """In A the first baseline is perfect, in B and C the second is: A is scored against the second, which is best outside it."""
    marks = [mark(s, m, 3, c) for s, m, c in [
        ("a", "x", 0.0), ("a", "y", 1.0), ("b", "x", 1.0), ("b", "y", 0.0), ("c", "x", 1.0), ("c", "y", 0.5), ("a", "ours", 0.5), ("b", "ours", 0.5), ("c", "ours", 0.5),
    ]]  # fmt: skip
    scored = folds.Scored(Marked(marks), {"a": "A", "b": "B", "c": "C"}, ("x", "y"))
    assert folds.best(scored, folds.ahead(1), "A") == "y"
    found = folds.skill(scored, "ours", folds.ahead(1))
    theirs = {"A": 1.0, "B": {"x": 1.0, "y": 0.0}[folds.best(scored, folds.ahead(1), "B")], "C": {"x": 1.0, "y": 0.5}[folds.best(scored, folds.ahead(1), "C")]}
    assert found.share == pytest.approx(1 - 1.5 / sum(theirs.values()))
    assert (found.points, found.groups) == (3, 3)


def test_a_baseline_that_is_silent_somewhere_is_never_the_best():
    marks = [mark("a", "x", 3, 1.0), mark("a", "x", 4, 1.0), mark("a", "y", 3, 0.0)]
    scored = folds.Scored(Marked(marks), {"a": "A"}, ("x", "y"))
    assert folds.best(scored, folds.ahead(1), "") == "x"


def test_an_interval_of_groups_that_agree_is_narrow_and_one_of_groups_that_do_not_is_wide():
    def scored(ours: list[float]) -> folds.Scored:
        names = [f"s{i}" for i in range(len(ours))]
        marks = [mark(name, "x", 3, 1.0) for name in names] + [mark(name, "ours", 3, value) for name, value in zip(names, ours, strict=True)]
        return folds.Scored(Marked(marks), {name: name for name in names}, ("x",))

    same, apart = (folds.skill(scored(values), "ours", folds.ahead(1)) for values in ([0.8] * 10, [0.3, 1.3] * 5))
    assert (same.share, same.low, same.high) == pytest.approx((0.2, 0.2, 0.2))
    assert apart.share == pytest.approx(0.2)
    assert apart.low < 0 < apart.high


@settings(deadline=None, max_examples=20)
@given(st.sampled_from(SURGES))
def test_every_origin_is_scored_by_every_method_or_counted_as_skipped(surge):
    found = score(surge.series, PLAIN, origins(surge.series), 6)
    for method in PLAIN:
        scored = {one.seen for one in found.marks if one.method == method.name}
        assert len(scored) + found.skipped[method.name] == len(origins(surge.series))
        assert all(one.seen + one.horizon <= len(surge.series.points) for one in found.marks)
