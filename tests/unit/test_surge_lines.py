"""The surge model: the line as a curve, deviations from it, which surges a set learns from, forecasts."""

import dataclasses
import datetime
import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from materiel.surges import common, library, lines, methods, ramps
from materiel.surges.deviations import LEVEL, Figure, Noise, ahead, followed, start
from materiel.surges.series import Past, Series

SURGES = library.surges()


def _erlang_sum(days: np.ndarray, one: float, other: float) -> np.ndarray:
    """Probability that the sum of two Erlang times of three stages, of these means, is at most `days`, by numerical convolution."""
    middles = (np.arange(40_000) + 0.5) * 0.1
    density = stats.gamma(3, scale=one / 3).pdf(middles) * 0.1
    return np.array([density @ stats.gamma(3, scale=other / 3).cdf(day - middles) for day in days])


@pytest.mark.parametrize(("target", "ramp_time", "lead_time"), [(5.0, 365.0, 90.0), (0.3, 700.0, 150.0), (40.0, 250.0, 60.0)])
def test_the_line_answers_an_order_as_two_delays_do(target: float, ramp_time: float, lead_time: float) -> None:
    numbers = {name: np.array([value]) for name, value in zip(ramps.NUMBERS, (target, ramp_time, lead_time), strict=True)}
    whole = ramps.so_far(ramps.response(numbers))
    days = np.array([100.0, 300.0, 500.0, 900.0, 1500.0])
    found = ramps.means(whole, (days - 5)[:, None], (days + 5)[:, None])[:, 0]
    gone = (found - 1) / (target - 1)
    assert np.abs(gone - _erlang_sum(days, ramp_time, lead_time)).max() < 0.02


def test_output_before_the_order_and_long_after_is_level() -> None:
    numbers = {"target": np.array([3.0]), "ramp_time": np.array([200.0]), "lead_time": np.array([60.0])}
    whole = ramps.so_far(ramps.response(numbers))
    assert ramps.means(whole, np.array([[-90.0]]), np.array([[-1.0]]))[0, 0] == pytest.approx(1.0)
    assert ramps.means(whole, np.array([[4000.0]]), np.array([[5000.0]]))[0, 0] == pytest.approx(3.0, rel=1e-3)


@settings(max_examples=25, deadline=None)
@given(
    figures=st.lists(st.tuples(st.floats(-2, 2), st.floats(-2, 2), st.floats(0.3, 9)), min_size=1, max_size=6),
    noise=st.tuples(st.floats(0.05, 1), st.floats(1, 40), st.floats(0.05, 1)), gap=st.floats(0.5, 20),
)  # fmt: skip
def test_the_filter_is_the_normal_law_it_stands_for(figures: list[tuple[float, float, float]], noise: tuple[float, float, float], gap: float) -> None:
    made = Noise(*noise)
    state = start(made, 0.0)
    for log, curve, step in figures:
        state = followed(state, Figure(log, curve, step), made)
    times = np.cumsum([step for _, _, step in figures])
    errors = np.array([log - curve for log, curve, _ in figures])
    covariance = LEVEL**2 + made.deviation**2 * np.exp(-np.abs(times[:, None] - times) / made.fading) + made.figure**2 * np.eye(len(times))
    assert state.log_likelihood == pytest.approx(stats.multivariate_normal(np.zeros(len(times)), covariance).logpdf(errors), rel=1e-6, abs=1e-6)
    with_later = LEVEL**2 + made.deviation**2 * np.exp(-(times[-1] + gap - times) / made.fading)
    mean, variance = ahead(state, gap, made)
    assert mean == pytest.approx(with_later @ np.linalg.solve(covariance, errors), rel=1e-5, abs=1e-7)
    assert variance == pytest.approx(LEVEL**2 + made.deviation**2 + made.figure**2 - with_later @ np.linalg.solve(covariance, with_later), rel=1e-5, abs=1e-8)


def test_every_group_and_war_has_a_set_without_it_and_the_war_that_goes_on_is_in_one_alone() -> None:
    sets = common.sets(SURGES)
    groups, wars = {one.group for one in SURGES}, {one.war: {each.group for each in SURGES if each.war == one.war} for one in SURGES}
    for group in groups - {"United States 2022-"}:
        assert any(group not in one.groups for one in sets)
    for mine in wars.values():
        assert any(not mine & one.groups for one in sets)
    assert [one.name for one in sets if "United States 2022-" in one.groups] == [common.ALL]


def test_the_best_set_learns_from_nothing_that_is_left_out() -> None:
    sets = common.shipped()
    groups = sorted({one.group for one in SURGES})
    for left in [*itertools.combinations(groups, 1), *itertools.combinations(groups, 2)]:
        allowed = [one for one in SURGES if one.group not in left]
        chosen = common.best(allowed, sets)
        assert chosen is None or not chosen.groups & set(left)
    assert common.best(SURGES, sets).name == common.ALL
    assert common.best(SURGES[:1], sets) is None
    assert "line" not in [one.name for one in methods.ours(SURGES[:3])]


def test_what_is_shipped_holds_all_sets() -> None:
    for one in common.shipped():
        found = common.learned(one.name)
        assert {value.shape[1:] for value in found.values()} == {(7,), (3,), (2,), (len(common.classes()), 3), ()}
        assert all(np.isfinite(value).all() for value in found.values())


@settings(max_examples=25, deadline=None)
@given(of_surge=st.lists(st.floats(0.01, 2), min_size=7, max_size=7), of_new=st.floats(0.01, 3), plant=st.floats(0, 1))
def test_only_the_multiple_of_a_new_plant_differs_by_more(of_surge: list[float], of_new: float, plant: float) -> None:
    found = common.spread(np.array(of_surge), of_new, np.array([0.0, plant]))
    assert (found[:, 0] == of_surge).all()
    assert (found[1:, 1] == of_surge[1:]).all()
    assert found[0, 1] ** 2 == pytest.approx(of_surge[0] ** 2 + (plant * of_new) ** 2)


def test_new_plants_begin_with_less_than_others() -> None:
    """The share of its target that a new plant begins with is smaller, and known less well."""
    rng = np.random.default_rng(1)
    classes = np.full(20_000, common.classes().index("shell"))
    new, converted = (np.log(common.drawn(common.ALL, classes, np.full(20_000, plant), rng)["target"]) for plant in (1.0, 0.0))
    assert np.median(new) > np.median(converted)
    assert new.std() > converted.std()


def test_the_forecast_hears_no_later_figure() -> None:
    surge = next(one for one in SURGES if one.series.name == "uk-1939-aircraft-quarterly")
    learned = lines.fitted([one for one in SURGES if one.group != surge.group])
    past = surge.series.past(8)
    ahead_of = past.ahead(surge.series.middles[8:12])
    found = learned.forecast(past, ahead_of)
    assert found.shape == (4, 199)
    assert (np.diff(found, axis=1) >= 0).all()
    again = learned.forecast(Past(surge.series.rates[:8], surge.series.middles[:8]), ahead_of)
    assert (again == found).all()


def test_a_ramp_of_known_numbers_is_forecast() -> None:
    """Output that follows a line of known numbers without noise lies within the range at all horizons, and the median is nearer than the last value."""
    numbers = {"target": np.array([8.0]), "ramp_time": np.array([400.0]), "lead_time": np.array([90.0])}
    whole = ramps.so_far(ramps.response(numbers))
    middles = np.arange(20.0)
    days = (middles[:, None] + 2.0) * 30.4375
    rates = 100 * ramps.means(whole, days - 15.2, days + 15.2)[:, 0]
    past = Past(rates[:10], middles[:10])
    found = lines.fitted(SURGES).forecast(past, past.ahead(middles[10:16]))
    came = past.scaled(rates[10:16])
    assert (found[:, 9] < came).all()
    assert (came < found[:, 189]).all()
    assert np.abs(found[:, 99] - came).sum() < np.abs(past.logs[-1] - came).sum() / 2


def test_ends_are_counted_by_country_at_war() -> None:
    britain = [one for one in SURGES if one.group == "Britain 1914-18"]
    ended, months = lines.endings(britain)
    assert ended == 1
    assert months == pytest.approx((datetime.date(1918, 11, 11) - datetime.date(1914, 8, 4)).days / 30.4375)


def test_numbers_of_a_line_are_recovered_from_its_output() -> None:
    """Output of eight known lines, with noise of known size: nine tenths of what is believed afterwards holds most of the numbers, and is far narrower than what was believed before."""
    rng = np.random.default_rng(3)
    spread = np.array([1.2, 0.6, 0.3, 0.5, 0.3, 0.3, 0.3])
    middle = np.log([5.0, 365.0, 90.0, 0.1, 0.3, 12.0, 0.3])
    logs = middle[:, None] + spread[:, None] * rng.standard_normal((7, 8000))
    numbers = dict(zip(common.NAMES, np.exp(logs), strict=True))
    whole = ramps.so_far(ramps.response({name: numbers[name] for name in ramps.NUMBERS}))
    like = next(one for one in SURGES if one.series.name == "us-1917-aircraft-primary-trainers")
    held = []
    for truth in range(8):
        series = like.series
        days = np.array([[(point.period.start - like.begun).days, (point.period.end - like.begun).days] for point in series.points], dtype=float)
        curve = ramps.means(whole[:, truth : truth + 1], days[:, :1], days[:, 1:])[:, 0]
        noisy = curve * np.exp(0.05 * rng.standard_normal(len(curve)))
        points = tuple(dataclasses.replace(point, quantity=float(value) * point.period.months) for point, value in zip(series.points, noisy, strict=True))
        surge = dataclasses.replace(like, series=Series("made", "pieces", points), ended=None)
        log_likelihood = lines.log_likelihood(surge, numbers, whole)
        weights = np.exp(log_likelihood - log_likelihood.max())
        order = np.argsort(logs[0])
        reached = np.cumsum(weights[order]) / weights.sum()
        low, high = (logs[0][order][np.searchsorted(reached, share)] for share in (0.05, 0.95))
        held.append(low <= logs[0, truth] <= high)
        assert high - low < 2 * 1.645 * spread[0]
    assert sum(held) >= 6
