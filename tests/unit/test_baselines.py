from __future__ import annotations

import datetime
import math

import numpy as np
import pytest
from scipy import stats

from materiel.analysis.baselines import FEWEST_FOR_A_TREND, Seen, naive, points
from materiel.analysis.scores import COUNT, PROBABILITIES, interval

START = datetime.date(2020, 1, 1)
MIDDLE = COUNT // 2


def day(n: float) -> datetime.date:
    return START + datetime.timedelta(days=round(n))


def levels(values: list[float], every: int = 30) -> list[Seen]:
    """Levels, one every so many days."""
    return [Seen(day(i * every), day(i * every), value) for i, value in enumerate(values)]


def months(values: list[float]) -> list[Seen]:
    """Amounts of periods of thirty days."""
    return [Seen(day(30 * i), day(30 * i + 29), value) for i, value in enumerate(values)]


def test_with_nothing_observed_there_is_only_nothing():
    found = naive([], None, day(10))
    assert np.all(found.pop("nothing") == 0)
    assert found == {"last value": "0 of 1 observations", "drift": "0 of 2 observations", "base rate": "0 of 2 observations", "trend": "0 of 5 observations"}


def test_one_value_is_carried_forward_as_it_is():
    found = naive(levels([70.0]), None, day(100))
    assert found["last value"] == pytest.approx(70)
    assert found["drift"] == "1 of 2 observations"


def test_amounts_are_carried_forward_as_rates():
    found = naive(months([300.0]), day(60), day(60 + 89))
    assert found["last value"] == pytest.approx(900.0)
    seen = points(months([300.0, 600.0]), day(60), day(149))
    assert (list(seen.values), seen.scale, seen.ahead) == ([10.0, 20.0], 90.0, 60.0)
    assert seen.days[1] - seen.days[0] == 30


def test_a_drift_goes_on_as_before_and_is_certain_where_nothing_ever_differed():
    assert naive(levels([10.0, 20.0, 30.0, 40.0]), None, day(90 + 60))["drift"] == pytest.approx(60.0)
    assert naive(levels([40.0, 20.0]), None, day(30 + 90))["drift"] == pytest.approx(0.0)  # what was never negative stays so


def test_a_base_rate_gives_every_value_the_same_chance():
    found = naive(levels([4.0, 1.0, 3.0, 2.0]), None, day(500))["base rate"]
    assert [np.sum(found == value) for value in (1, 2, 3, 4)] == [50, 50, 50, 49]


def test_a_trend_follows_growth_and_is_the_regression_of_another_library():
    grown = naive(levels([2.0**i for i in range(6)]), None, day(8 * 30))["trend"]
    assert grown == pytest.approx(2.0**8)
    values = [10.0, 14.0, 19.0, 33.0, 36.0, 55.0, 80.0]
    found = naive(levels(values), None, day(10 * 30))["trend"]
    x, y = np.arange(7) * 30.0, np.log(values)
    line = stats.linregress(x, y)
    assert found[MIDDLE] == pytest.approx(math.exp(line.intercept + line.slope * 300), rel=1e-9)
    residual = np.sum((y - line.intercept - line.slope * x) ** 2) / 5
    wide = math.sqrt(residual * (1 + 1 / 7 + (300 - x.mean()) ** 2 / np.sum((x - x.mean()) ** 2)) * 5 / 3)
    assert np.log(found) == pytest.approx(math.log(found[MIDDLE]) + wide * stats.norm.ppf(PROBABILITIES), rel=1e-9)


def test_a_trend_needs_points_and_logarithms():
    assert naive(levels([1.0] * 4), None, day(200))["trend"] == f"4 of {FEWEST_FOR_A_TREND} observations"
    assert naive(levels([1.0, 0.0, 2.0, 3.0, 4.0]), None, day(200))["trend"] == "a value that has no logarithm"


def test_two_values_of_one_day_are_no_course():
    assert naive([*levels([1.0, 2.0]), Seen(day(30), day(30), 3.0)], None, day(60))["drift"] == "two observations of one day"


def simulated(kind: str, rng: np.random.Generator, n: int, ahead: int) -> tuple[list[float], float]:
    """A past of n values and the value `ahead` steps later, of a process that one of the naive forecasts is made for."""
    steps = rng.normal(size=n + ahead)
    if kind == "last value":
        course = np.exp(np.cumsum(0.2 * steps))
    elif kind == "drift":
        course = 1000 + np.cumsum(5 + 2 * steps)
    elif kind == "trend":
        course = np.exp(0.1 * np.arange(n + ahead) + 0.3 * steps)
    else:
        course = 100 + steps
    return list(course[:n]), float(course[-1])


@pytest.mark.parametrize("kind", ["last value", "drift", "trend", "base rate"])
def test_each_has_a_fair_chance_its_range_holds_what_it_was_made_for(kind):
    rng = np.random.default_rng(5)
    inside = []
    for _ in range(1500):
        past, outcome = simulated(kind, rng, 40, 6)
        made = naive(levels(past), None, day(30 * 45))[kind]
        low, high = interval(made, 0.9)
        inside.append(low <= outcome <= high)
    assert np.mean(inside) == pytest.approx(0.9, abs=0.04)
