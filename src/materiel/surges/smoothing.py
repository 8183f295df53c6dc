"""Exponential smoothing whose form is chosen by information criterion (ETS), by statsmodels, which the extra `backtest` brings."""

from __future__ import annotations

import importlib
import math
import warnings
from typing import Any

import numpy as np

from materiel.surges.naive import fan
from materiel.surges.series import Array, Past

FORMS = ((None, False), ("add", False), ("add", True))
"""Trends that are tried, each with whether it is damped: none, a straight one, a damped one; errors are additive on the scale of logarithms."""


def smoothed(past: Past, ahead: Array) -> Array | None:
    """Smooth the logarithms in the form with the lowest corrected criterion of Akaike and carry them on. Shape (ahead, quantiles), or None where no form can be fitted.

    Points are taken as evenly spaced, since ETS knows no gaps.
    """
    pandas: Any = importlib.import_module("pandas")  # untyped, and there only with the extra
    ets: Any = importlib.import_module("statsmodels.tsa.exponential_smoothing.ets")
    series, count, most = pandas.Series(past.logs), len(past.logs), max(math.ceil(float(np.max(ahead))), 1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of fits that did not converge: their forecasts are scored as they are
        fits = [
            ets.ETSModel(series, error="add", trend=trend, damped_trend=damped, initialization_method="estimated").fit(disp=False) for trend, damped in FORMS
        ]
        fitted = [one for one in fits if one.aicc < math.inf]  # which not-a-number is not, either
        if not fitted:
            return None
        made = min(fitted, key=lambda one: float(one.aicc)).get_prediction(start=count, end=count + most - 1)
    means, deviations = np.asarray(made.predicted_mean, dtype=np.float64), np.sqrt(np.asarray(made.forecast_variance, dtype=np.float64))
    if not (np.all(np.isfinite(means)) and np.all(np.isfinite(deviations))):
        return None
    steps = np.arange(most + 1.0)
    return fan(np.interp(ahead, steps, np.concatenate([past.logs[-1:], means])), np.interp(ahead, steps, np.concatenate([[0.0], deviations])))
