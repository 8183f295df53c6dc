"""Exponential smoothing whose form is chosen by information criterion (ETS), by statsforecast, which the extra `backtest` brings."""

from __future__ import annotations

import importlib
import warnings
from typing import Any

import numpy as np

from materiel.surges.naive import fan
from materiel.surges.series import Array, Past

_SHARE = 68.26894921370859
"""Percent of a normal forecast within one deviation."""


def smoothed(past: Past, ahead: Array) -> Array | None:
    """Smooth the logarithms and carry them on; points are taken as evenly spaced, as ETS knows no gaps. Shape (ahead, quantiles), or None where the library finds no form that fits."""
    models: Any = importlib.import_module("statsforecast.models")  # untyped, and there only with the extra
    most = max(int(np.ceil(np.max(ahead))), 1)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of fits that did not converge: their forecasts are scored as they are
            made = models.AutoETS(season_length=1).forecast(y=past.logs, h=most, level=[_SHARE])
    except (NotImplementedError, IndexError, ValueError, ZeroDivisionError):  # too few distinct points for any form
        return None
    means, highs = np.asarray(made["mean"], dtype=np.float64), np.asarray(made[f"hi-{_SHARE}"], dtype=np.float64)
    if not (np.all(np.isfinite(means)) and np.all(np.isfinite(highs))):
        return None
    steps = np.arange(most + 1.0)
    deviations = np.interp(ahead, steps, np.concatenate([[0.0], np.maximum(highs - means, 0.0)]))
    return fan(np.interp(ahead, steps, np.concatenate([[past.logs[-1]], means])), deviations)
