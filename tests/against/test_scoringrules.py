"""Our scores beside those of scoringrules, an independent library: its quantile, ensemble, interval and closed-form scores."""

from __future__ import annotations

import math

import numpy as np
import pytest
import scoringrules as judge
from scipy import stats

from materiel.analysis import scores
from materiel.analysis.scores import PROBABILITIES, brier, crps, interval_score, log_score, weighted_interval_score

FORECASTS = {
    "normal": stats.norm(3, 2).ppf(PROBABILITIES),
    "lognormal": stats.lognorm(0.8, scale=50).ppf(PROBABILITIES),
    "mostly nought": np.maximum(stats.norm(-1, 2).ppf(PROBABILITIES), 0.0),
}
OUTCOMES = (-3.0, 0.0, 1.0, 3.0, 40.0, 250.0)
each = pytest.mark.parametrize(("quantiles", "outcome"), [(q, y) for q in FORECASTS.values() for y in OUTCOMES])


@each
def test_the_weighted_interval_score(quantiles, outcome):
    """The intervals are the library's; the median is added here, since version 0.10.0 adds the median itself where its documentation has the distance from it."""
    alphas = np.array([1 - share for share in scores.WEIGHTED])
    ends = np.array([scores.interval(quantiles, share) for share in scores.WEIGHTED])
    median = quantiles[scores.COUNT // 2]
    intervals = float(judge.weighted_interval_score(outcome, median, ends[:, 0], ends[:, 1], alphas, w_median=0.0))
    assert weighted_interval_score(quantiles, outcome) == pytest.approx(intervals + 0.5 * abs(outcome - median) / (len(alphas) + 0.5), rel=1e-12)


@each
def test_an_interval_score(quantiles, outcome):
    low, high = scores.interval(quantiles, 0.9)
    assert interval_score(quantiles, 0.9, outcome) == pytest.approx(float(judge.interval_score(outcome, low, high, 0.1)), rel=1e-9)


@each
def test_crps_by_quantiles_and_by_an_ensemble_from_the_same_curve(quantiles, outcome):
    """The library's quantile score is the CRPS but for the coarseness of the grid; an ensemble drawn along our straight lines is the same forecast."""
    members = np.interp((np.arange(20_000) + 0.5) / 20_000, PROBABILITIES, quantiles)
    assert crps(quantiles, outcome) == pytest.approx(float(judge.crps_ensemble(outcome, members)), rel=1e-4, abs=1e-6)
    assert crps(quantiles, outcome) == pytest.approx(float(judge.crps_quantile(outcome, quantiles, PROBABILITIES)), rel=1e-2)


@pytest.mark.parametrize("outcome", [-3.0, 1.0, 3.0, 9.0])
def test_closed_forms_of_a_normal_forecast(outcome):
    assert crps(FORECASTS["normal"], outcome) == pytest.approx(float(judge.crps_normal(outcome, 3, 2)), rel=2e-3)
    narrow = stats.norm(3, 1).ppf(PROBABILITIES)
    if abs(outcome - 3) <= 2:
        assert log_score(narrow, outcome) == pytest.approx(float(judge.logs_normal(outcome, 3, 1)), abs=2e-2)


@pytest.mark.parametrize("outcome", [1.0, 30.0, 250.0])
def test_closed_forms_of_a_lognormal_forecast(outcome):
    assert crps(FORECASTS["lognormal"], outcome) == pytest.approx(float(judge.crps_lognormal(outcome, math.log(50), 0.8)), rel=5e-3)


@pytest.mark.parametrize("came", [True, False])
def test_brier(came):
    assert brier(0.3, came) == pytest.approx(float(judge.brier_score(int(came), 0.3)))
