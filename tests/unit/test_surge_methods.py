"""Closed forms of the baselines, what they fall back to, and growth paths of other surges."""

from __future__ import annotations

import dataclasses
import datetime
import math

import numpy as np
import pytest
from scipy import stats

from materiel.analysis.scores import COUNT, PROBABILITIES, crps, of
from materiel.surges import analogues, curves, library, methods, naive, smoothing
from materiel.surges.periods import read
from materiel.surges.series import Past, Target

MIDDLE = COUNT // 2
NORMAL = stats.norm.ppf(PROBABILITIES)


def past(logs, times=None, targets=()):
    """A past with these values on the scale of the scores, up to a constant factor inside the logarithm: rates are what those values say at a level of their own mean."""
    rates = np.expm1(np.asarray(logs, dtype=float))
    return Past(rates, np.arange(len(rates), dtype=float) if times is None else np.asarray(times, dtype=float), targets)


def test_the_last_value_spreads_as_a_random_walk():
    known = past([0.5, 0.7, 0.4, 0.8])
    made = naive.last_value(known, np.array([1.0, 4.0]))
    deviation = math.sqrt(np.mean(np.diff(known.logs) ** 2))
    assert made[0] == pytest.approx(known.logs[-1] + deviation * NORMAL)
    assert made[1] == pytest.approx(known.logs[-1] + 2 * deviation * NORMAL)


def test_a_gap_is_a_longer_step():
    """Twice the change over four times the time is as unsteady."""
    rates = np.array([1.0, 2.0, 1.0, 2.0, 1.0])
    even = Past(rates, np.array([0.0, 1, 2, 3, 4]))
    gap = Past(rates, np.array([0.0, 1, 2, 3, 7]))
    spread = [np.ptp(naive.last_value(one, np.array([1.0]))[0]) for one in (even, gap)]
    change = math.log1p(2 / even.level) - math.log1p(1 / even.level)
    assert spread[1] / spread[0] == pytest.approx(math.sqrt((3 + 1 / 4) / 4))
    assert spread[0] == pytest.approx(change * np.ptp(NORMAL))


def test_one_value_is_carried_as_it_is():
    assert np.all(naive.last_value(Past(np.array([7.0]), np.array([0.0])), np.array([1.0, 2.0])) == math.log(2))


def test_the_drift_goes_on_by_the_mean_step():
    known = past([0.2, 0.5, 0.6, 1.1])
    made = naive.drift(known, np.array([2.0]))[0]
    changes = np.diff(known.logs)
    assert made[MIDDLE] == pytest.approx(known.logs[-1] + 2 * changes.mean())
    assert made - made[MIDDLE] == pytest.approx(math.sqrt(changes.var(ddof=1) * 2 * (1 + 2 / 3)) * NORMAL)


def test_a_damped_trend_on_a_straight_line():
    """Slopes are exact on a line, so that each step so far missed what damping took away: a fifth of the slope."""
    logs = np.log1p(np.expm1([0.2, 0.4, 0.6, 0.8, 1.0]) / np.mean(np.expm1([0.2, 0.4, 0.6, 0.8, 1.0])))
    known = past([0.2, 0.4, 0.6, 0.8, 1.0])
    assert known.logs == pytest.approx(logs)
    made = naive.damped_trend(known, np.array([1.0, 2.0, 3.0]))
    slope = np.polyfit(np.arange(5.0), logs, 1)[0]
    assert made[:, MIDDLE] == pytest.approx(logs[-1] + slope * np.array([0.8, 0.8 + 0.64, 0.8 + 0.64 + 0.512]))
    errors = [logs[k] - logs[k - 1] - 0.8 * np.polyfit(np.arange(k), logs[:k], 1)[0] for k in (2, 3, 4)]
    assert np.ptp(made[0]) == pytest.approx(math.sqrt(np.mean(np.square(errors))) * np.ptp(NORMAL))


def test_a_promise_is_taken_at_its_word():
    period = read("1970-06")
    made_on = datetime.date(1970, 1, 1)
    known = Past(np.array([10.0, 10.0, 10.0]), period.middle - np.array([5.0, 4.0, 3.0]), (Target(made_on, period, 40.0),))
    made = naive.announced(known, np.array([3.0, 6.0, 1.5]))
    assert made is not None
    assert known.unscaled(made[:2]) == pytest.approx(40)
    assert made[2] == pytest.approx((math.log(2) + math.log(5)) / 2)


def test_a_promise_that_came_due_or_none_says_nothing():
    period = read("1970-06")
    late = Past(np.array([10.0, 10.0]), period.middle + np.array([1.0, 2.0]), (Target(datetime.date(1970, 1, 1), period, 40.0),))
    assert naive.announced(late, np.array([1.0])) is None
    assert naive.announced(past([1.0, 2.0]), np.array([1.0])) is None


@pytest.mark.parametrize(
    ("fit", "curve"), [(curves.logistic, lambda t: 1 / (1 + np.exp(-(t - 3)))), (curves.gompertz, lambda t: np.exp(-np.exp(-0.6 * (t - 3))))]
)
def test_curves_find_the_curve_that_made_the_data(fit, curve):
    times = np.arange(12.0)
    known = Past(100 * curve(times[:7]), times[:7])
    made = known.unscaled(fit(known, known.ahead(times[7:])))
    assert made[:, MIDDLE] == pytest.approx(100 * curve(times[7:]), rel=0.02)
    assert np.ptp(made[0]) < 5


def test_smoothing_of_a_steady_series_is_steady():
    pytest.importorskip("statsmodels")
    rng = np.random.default_rng(5)
    known = Past(100 + rng.normal(0, 5, 40), np.arange(40.0))
    made = smoothing.smoothed(known, np.array([1.0, 2.5, 6.0]))
    assert made is not None
    assert known.unscaled(made[:, MIDDLE]) == pytest.approx(100, rel=0.04)
    assert np.all(np.diff(made, axis=1) > 0)


def test_smoothing_says_nothing_where_the_library_finds_no_form():
    pytest.importorskip("statsmodels")
    assert smoothing.smoothed(Past(np.array([1.0, 2.0, 4.0]), np.arange(3.0)), np.array([1.0])) is None


def test_who_has_too_few_points_falls_back_and_who_has_nothing_is_skipped():
    known, ahead = past([0.5, 0.7, 0.9]), np.array([1.0])
    by = {one.name: methods.forecast(one, methods.BASELINES, known, ahead) for one in methods.BASELINES}
    assert {name: found[1] for name, found in by.items() if found is not None} == {
        "last value": "last value", "drift": "drift", "damped trend": "damped trend", "logistic": "damped trend", "Gompertz": "damped trend", "ETS": "damped trend",
    }  # fmt: skip
    assert by["announced target"] is None
    one = Past(np.array([3.0]), np.array([0.0]))
    assert {methods.forecast(other, methods.BASELINES, one, ahead)[1] for other in methods.BASELINES[:-1]} == {"last value"}


def test_every_method_that_is_fallen_back_to_is_there():
    names = {one.name for one in methods.BASELINES}
    assert all(one.falls_back in names | {""} for one in methods.BASELINES)


def surge(name, rates, country="A", war="w"):
    """A surge by months with these rates."""
    base = library.surges()[0]
    points = tuple(
        dataclasses.replace(base.series.points[0], period=read(f"{2000 + i // 12}-{i % 12 + 1:02}"), quantity=float(rate)) for i, rate in enumerate(rates)
    )
    return dataclasses.replace(base, series=dataclasses.replace(base.series, name=name, unit="guns/month", points=points, targets=()), country=country, war=war)


def test_growth_paths_repeat_what_like_surges_did():
    """Surges that all double thrice and then stay: one that has doubled twice is told to stay after one more doubling."""
    like = [surge(f"s{i}", np.array([1, 2, 4, 8, 8, 8, 8, 8, 8]) * scale, country=f"C{i % 3}") for i, scale in enumerate((1, 10, 100, 7, 50, 3))]
    learned = analogues.Analogues(like)
    known = surge("x", [5, 10, 20, 40]).series.past(3)
    made = known.unscaled(learned.forecast(known, np.array([1.0, 3.0])))
    assert made[:, MIDDLE] == pytest.approx([40, 40], rel=0.1)


def test_growth_paths_are_free_of_scale():
    """The same surge in other units gets the same forecast in those units."""
    learned = analogues.Analogues(library.surges()[:12])
    one, other = (surge("x", np.array([3.0, 5.0, 4.0, 9.0]) * scale).series.past(4) for scale in (1, 1000))
    assert other.unscaled(learned.forecast(other, np.array([2.0]))) == pytest.approx(1000 * one.unscaled(learned.forecast(one, np.array([2.0]))))


def test_the_mixture_is_half_of_each():
    learned = analogues.Analogues(library.surges()[:12])
    known = surge("x", [3.0, 5.0, 4.0, 9.0]).series.past(4)
    both = np.concatenate([learned.forecast(known, np.array([2.0]))[0], naive.damped_trend(known, np.array([2.0]))[0]])
    assert learned.mixed(known, np.array([2.0]))[0] == pytest.approx(of(both))


def test_the_score_by_which_likeness_is_chosen_is_the_crps():
    rng = np.random.default_rng(3)
    values = np.sort(rng.normal(size=COUNT))
    assert analogues._crps(values, np.full(COUNT, 1 / COUNT), 0.3) == pytest.approx(crps(values, 0.3), abs=2e-3)
    weights = np.array([0.5, 0.25, 0.25])
    expected = 0.5 * 1 + 0.25 * 0 + 0.25 * 2 - 0.5 * 2 * (0.5 * 0.25 * 1 + 0.5 * 0.25 * 3 + 0.25 * 0.25 * 2)
    assert analogues._crps(np.array([0.0, 1.0, 3.0]), weights, 1.0) == pytest.approx(expected)
