from __future__ import annotations

import itertools
import math
import statistics

import numpy as np
import pytest
from scipy import integrate, stats

from materiel.analysis import scores
from materiel.analysis.scores import COUNT, PROBABILITIES, below, brier, crps, interval, interval_score, log_score, marks, weighted_interval_score

NORMAL = stats.norm(3, 2).ppf(PROBABILITIES)
LOGNORMAL = stats.lognorm(0.8, scale=50).ppf(PROBABILITIES)
UNIFORM = 10 * PROBABILITIES
HALF_NOUGHT = np.maximum(10 * (2 * PROBABILITIES - 1), 0.0)
"""A forecast that is nought with one half, and anything up to ten alike otherwise."""
POINT = np.full(COUNT, 7.0)
OUTCOMES = (-4.0, 0.0, 0.3, 3.0, 5.0, 7.0, 9.99, 60.0)


def drawn(quantiles: np.ndarray, x: float) -> float:
    """The distribution function that quantiles draw, written another way: the share of a great many points on the curve that are at most x."""
    inner = np.interp(np.linspace(0.005, 0.995, 99_001), PROBABILITIES, quantiles)
    return 0.005 * (x >= quantiles[0]) + 0.99 * float(np.mean(inner <= x)) + 0.005 * (x >= quantiles[-1])


@pytest.mark.parametrize("quantiles", [NORMAL, LOGNORMAL, UNIFORM, HALF_NOUGHT, POINT], ids=["normal", "lognormal", "uniform", "half nought", "point"])
def test_the_distribution_function_is_what_the_quantiles_draw(quantiles):
    for x in (*OUTCOMES, 12.3):
        assert below(quantiles, x) == pytest.approx(drawn(quantiles, x), abs=2e-5)
    assert (below(HALF_NOUGHT, 0.0), below(HALF_NOUGHT, 0.0, strictly=True)) == (0.5, 0.0)
    assert (below(POINT, 7.0), below(POINT, 7.0, strictly=True)) == (1.0, 0.0)


@pytest.mark.parametrize("outcome", OUTCOMES)
@pytest.mark.parametrize("quantiles", [NORMAL, LOGNORMAL, UNIFORM, HALF_NOUGHT, POINT], ids=["normal", "lognormal", "uniform", "half nought", "point"])
def test_crps_is_the_area_that_defines_it(quantiles, outcome):
    ends = sorted({float(quantiles[0]), float(quantiles[-1]), outcome})
    if len(ends) == 1:
        assert crps(quantiles, outcome) == 0
        return
    breaks = np.unique(np.append(quantiles, outcome))
    pieces = (integrate.quad(lambda x: float(below(quantiles, x) - (x >= outcome)) ** 2, a, b)[0] for a, b in itertools.pairwise(breaks))
    assert crps(quantiles, outcome) == pytest.approx(math.fsum(pieces), rel=1e-9)


@pytest.mark.parametrize("outcome", [-5.0, -1.0, 2.0, 3.0, 4.5, 12.0])
def test_crps_of_a_normal_forecast_is_its_closed_form_but_for_the_tails(outcome):
    z = (outcome - 3) / 2
    exact = 2 * (z * (2 * stats.norm.cdf(z) - 1) + 2 * stats.norm.pdf(z) - 1 / math.sqrt(math.pi))
    assert crps(NORMAL, outcome) == pytest.approx(exact, rel=2e-3)


@pytest.mark.parametrize("outcome", [1.0, 20.0, 50.0, 90.0, 700.0])
def test_crps_of_a_lognormal_forecast_is_its_closed_form_but_for_the_tails(outcome):
    mu, sigma = math.log(50), 0.8
    omega = (math.log(outcome) - mu) / sigma
    mean = math.exp(mu + sigma**2 / 2)
    cdf = stats.norm.cdf
    exact = outcome * (2 * cdf(omega) - 1) - 2 * mean * (cdf(omega - sigma) + cdf(sigma / math.sqrt(2)) - 1)
    assert crps(LOGNORMAL, outcome) == pytest.approx(exact, rel=5e-3)


@pytest.mark.parametrize("outcome", [-2.0, 0.0, 2.0, 5.0, 10.0, 13.0])
def test_crps_of_a_uniform_forecast_is_its_closed_form(outcome):
    y = min(max(outcome / 10, 0.0), 1.0)
    assert crps(UNIFORM, outcome) == pytest.approx(10 * (y**3 / 3 + (1 - y) ** 3 / 3) + max(-outcome, 0) + max(outcome - 10, 0), abs=2e-3)


def test_crps_of_a_point_is_its_distance():
    assert [crps(POINT, outcome) for outcome in (2.0, 7.0, 11.5)] == [5.0, 0.0, 4.5]


def test_the_weighted_interval_score_is_the_mean_loss_of_its_quantiles():
    levels = sorted({0.5, *((1 + sign * share) / 2 for share in scores.WEIGHTED for sign in (-1, 1))})
    quantiles = np.interp(levels, PROBABILITIES, LOGNORMAL)
    for outcome in (1.0, 40.0, 50.0, 300.0):
        losses = [2 * (level - (outcome < q)) * (outcome - q) for level, q in zip(levels, quantiles, strict=True)]
        assert weighted_interval_score(LOGNORMAL, outcome) == pytest.approx(statistics.mean(losses), rel=1e-12)
    assert len(levels) == 23


def test_an_interval_score_is_its_width_and_what_it_misses_by():
    low, high = interval(UNIFORM, 0.9)
    assert (low, high) == (pytest.approx(0.5), pytest.approx(9.5))
    assert interval_score(UNIFORM, 0.9, 3.0) == pytest.approx(9.0)
    assert interval_score(UNIFORM, 0.9, 10.0) == pytest.approx(9.0 + 20 * 0.5)
    assert interval_score(UNIFORM, 0.5, 0.0) == pytest.approx(5.0 + 4 * 2.5)


@pytest.mark.parametrize("outcome", [2.0, 3.0, 3.7, 5.0])
def test_the_log_score_is_minus_the_logarithm_of_the_density(outcome):
    quantiles = stats.norm(3, 1).ppf(PROBABILITIES)
    assert log_score(quantiles, outcome) == pytest.approx(-stats.norm(3, 1).logpdf(outcome), abs=2e-2)
    assert log_score(UNIFORM, 4.0) == pytest.approx(math.log(10), rel=1e-9)


def test_the_log_score_of_what_was_not_said_ends_at_its_floor():
    floor = -math.log(scores.LEAST / (2 * scores.BLUR))
    assert log_score(NORMAL, 1e6) == log_score(POINT, 8.0) == floor
    assert log_score(POINT, 7.0) == pytest.approx(-math.log(1 / (2 * scores.BLUR)))
    assert log_score(POINT, 7.0) < log_score(HALF_NOUGHT, 0.0) < log_score(UNIFORM, 7.0) < floor


def test_brier_is_a_squared_distance():
    assert [brier(0.25, came) for came in (True, False)] == [0.5625, 0.0625]


@pytest.mark.parametrize("score", [crps, weighted_interval_score, log_score])
@pytest.mark.parametrize(("shift", "width"), [(0.5, 1.0), (-0.5, 1.0), (0.0, 0.7), (0.0, 1.4), (0.8, 1.3)])
def test_whoever_says_what_he_believes_expects_the_best_score(score, shift, width):
    """Proper scores: the mean over outcomes from the forecast itself is worse for any other forecast."""
    outcomes = stats.norm.ppf((np.arange(1000) + 0.5) / 1000)
    honest, other = stats.norm.ppf(PROBABILITIES), shift + width * stats.norm.ppf(PROBABILITIES)
    assert np.mean([score(honest, y) for y in outcomes]) < np.mean([score(other, y) for y in outcomes])


def test_outcomes_from_the_forecast_itself_fall_into_its_ranges_as_often_as_they_say():
    rng = np.random.default_rng(1)
    found = [marks(LOGNORMAL, float(y), 1.0, None) for y in rng.lognormal(math.log(50), 0.8, 4000)]
    for percent in (50, 90):
        share = np.mean([one.inside[percent] for one in found])
        assert share == pytest.approx(percent / 100, abs=4 * math.sqrt(percent / 100 * (1 - percent / 100) / 4000))
    assert stats.kstest([one.percentile for one in found], "uniform").pvalue > 0.01


def test_logarithms_are_taken_of_units_without_prefix_and_not_of_debts():
    thousands, units = marks(LOGNORMAL, 80.0, 1000.0, None), marks(1000 * LOGNORMAL, 80_000.0, 1.0, None)
    assert thousands.crps_log == pytest.approx(units.crps_log)
    assert units.crps == pytest.approx(1000 * thousands.crps)
    assert thousands.crps_log == pytest.approx(crps(np.log1p(1000 * LOGNORMAL), math.log1p(80_000)))
    debt = marks(NORMAL, 2.0, 1.0, None)
    assert (debt.crps_log, debt.log_score) == (None, None)


def test_a_threshold_is_scored_by_the_probability_that_was_stated_or_read_off():
    stated, read_off = (marks(UNIFORM, 6.0, 1.0, ("above", 5.0, given)) for given in (0.4, None))
    assert (stated.probability, stated.brier) == (0.4, pytest.approx(0.36))
    assert (read_off.probability, read_off.brier) == (pytest.approx(0.5), pytest.approx(0.25))
    under = marks(HALF_NOUGHT, 0.0, 1.0, ("below", 0.0, None))
    assert (under.probability, under.brier) == (0.0, 0.0)
    assert marks(UNIFORM, 6.0, 1.0, None).brier is None


def test_nearer_is_by_logarithms_or_else_by_values():
    low, high = marks(np.full(COUNT, 20.0), 100.0, 1.0, None), marks(np.full(COUNT, 300.0), 100.0, 1.0, None)
    assert (low.crps < high.crps, high.nearer(low), low.nearer(high), low.nearer(low)) == (True, True, False, False)
    debt = marks(np.full(COUNT, -1.0), 100.0, 1.0, None)
    assert (low.nearer(debt), debt.nearer(low)) == (True, False)


def test_quantiles_are_those_of_the_draws():
    values = np.random.default_rng(2).permutation(np.arange(1001.0))
    assert scores.of(values) == pytest.approx(1000 * PROBABILITIES)
