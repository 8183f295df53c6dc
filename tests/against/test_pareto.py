"""The shape of the tail of weights, against samples of known shape."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from materiel.analysis import pareto


@pytest.mark.parametrize("shape", [-0.3, 0.0, 0.3, 0.6, 1.0])
def test_the_shape_of_a_generalised_pareto_law_is_found(shape):
    rng = np.random.default_rng(1)
    found = [pareto.fitted(np.sort(stats.genpareto.rvs(shape, size=2000, random_state=rng))) for _ in range(20)]
    assert np.mean(found) == pytest.approx(shape, abs=0.02)


def test_heavier_weights_have_a_larger_shape():
    rng = np.random.default_rng(2)
    found = [pareto.shape(rng.normal(0, spread, 10_000)) for spread in (0.5, 1, 2, 3)]
    assert found == sorted(found)
    assert found[0] < 0.3
    assert found[-1] > 0.7


@pytest.mark.parametrize("shape", [0.4, 0.9])
def test_weights_with_a_pareto_tail_have_its_shape(shape):
    logs = np.log(stats.pareto.rvs(1 / shape, size=50_000, random_state=np.random.default_rng(3)))
    assert pareto.shape(logs) == pytest.approx(shape, abs=0.1)


def test_too_few_weights_have_no_shape_and_equal_ones_no_tail():
    assert pareto.shape(np.r_[np.zeros(5), np.full(995, -np.inf)]) == math.inf
    assert pareto.shape(np.zeros(3)) == math.inf
    assert pareto.shape(np.zeros(1000)) == -math.inf


def test_fewer_draws_must_have_a_lighter_tail():
    assert pareto.highest(10_000) == 0.7
    assert pareto.highest(100) == pytest.approx(0.5)
