"""Repairs against a general optimiser."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import minimize

from materiel.analysis import opinions


@pytest.mark.parametrize("repair", ["least-squares", "proportional"])
@pytest.mark.parametrize("seed", range(12))
def test_no_other_point_is_nearer(repair, seed):
    rng = np.random.default_rng(seed)
    count = int(rng.integers(3, 7))
    sets = np.vstack([np.eye(count)[:-1], (rng.random((4, count)) < 0.5)])
    sets = sets[(sets.sum(axis=1) > 0) & (sets.sum(axis=1) < count)]
    stated = rng.uniform(0.05, 0.95, len(sets))

    def apart(point):
        x = sets @ np.maximum(point, 1e-300)
        return float(((x - stated) ** 2).sum() if repair == "least-squares" else (x * np.log(x / stated) - x + stated).sum())

    whole = {"type": "eq", "fun": lambda point: point.sum() - 1}
    peer = minimize(apart, np.full(count, 1 / count), bounds=[(1e-12, 1)] * count, constraints=whole, method="SLSQP", options={"ftol": 1e-14, "maxiter": 1000})
    found = opinions.coherent(sets, stated, repair)
    assert apart(found) <= peer.fun + 1e-8
    assert found == pytest.approx(peer.x, abs=1e-4)
