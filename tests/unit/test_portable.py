from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import special

from materiel import portable

EPS = np.finfo(float).eps


def test_exponential_agrees_with_the_library_to_the_last_bits():
    x = np.linspace(-708.0, 709.7, 200_001)
    assert np.max(np.abs(portable.exp(x) / np.exp(x) - 1.0)) <= 4 * EPS


def test_exponential_at_its_ends():
    assert portable.exp(0.0) == 1.0
    assert portable.exp(-800.0) == 0.0
    assert np.isinf(portable.exp(710.0))
    assert np.isfinite(portable.exp(709.7))


def test_logarithm_agrees_with_the_library_to_the_last_bits():
    x = np.concatenate([np.geomspace(1e-300, 1e300, 100_001), np.linspace(0.5, 2.0, 100_001)])
    error = np.abs(portable.log(x) - np.log(x))
    assert np.max(error / np.maximum(np.abs(np.log(x)), EPS)) <= 4 * EPS


def test_logarithm_of_one_is_nought():
    assert portable.log(1.0) == 0.0


@given(st.floats(-700.0, 700.0))
def test_logarithm_undoes_the_exponential(x):
    assert portable.log(portable.exp(x)) == pytest.approx(x, rel=1e-14, abs=1e-15)


def test_normal_quantile_agrees_with_scipy():
    p = np.concatenate([np.geomspace(1e-300, 0.5, 20_001), np.linspace(0.001, 0.999, 20_001)])
    exact = special.ndtri(p)
    assert np.max(np.abs(portable.normal_quantile(p) - exact) / np.maximum(np.abs(exact), 1.0)) <= 1e-14


def test_normal_quantile_agrees_with_scipy_in_the_upper_tail():
    p = 1.0 - np.geomspace(1e-15, 0.5, 5_001)
    assert np.allclose(portable.normal_quantile(p), special.ndtri(p), rtol=1e-13, atol=1e-15)


def test_normal_quantile_rises():
    p = np.linspace(0.0, 1.0, 100_003)[1:-1]
    assert np.all(np.diff(portable.normal_quantile(p)) > 0)


@given(st.floats(1e-12, 0.5))
def test_normal_quantile_is_odd_about_the_middle(p):
    assert portable.normal_quantile(1.0 - p) == pytest.approx(-portable.normal_quantile(p), rel=1e-3, abs=1e-12)


def test_functions_keep_the_shape():
    x = np.full((2, 3), 0.3)
    assert portable.exp(x).shape == portable.log(x).shape == portable.normal_quantile(x).shape == (2, 3)
