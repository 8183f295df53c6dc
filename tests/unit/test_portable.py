from __future__ import annotations

import decimal

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


def upper_tail(z: float) -> decimal.Decimal:
    """Return the probability above z >= 1 to thirty digits: the density over Laplace's continued fraction."""
    with decimal.localcontext() as context:
        context.prec = 40
        exact = decimal.Decimal(z)
        fraction = exact
        for k in range(int(4000 / z**2) + 60, 0, -1):
            fraction = exact + k / fraction
        twice_pi = decimal.Decimal("6.283185307179586476925286766559005768394")
        return (-exact * exact / 2).exp() / twice_pi.sqrt() / fraction


def test_normal_probability_is_right_to_fifteen_digits_in_the_lower_tail():
    for z in [*np.linspace(1.0, 37.5, 400), 5.656854249492380, 5.656854249492381, 37.5]:
        assert abs(decimal.Decimal(float(portable.normal_cdf(-z))) / upper_tail(float(z)) - 1) < decimal.Decimal("1e-15"), z


def test_normal_probability_agrees_with_scipy():
    """SciPy squares without keeping the rest, so that its own error grows with the square."""
    z = np.concatenate([np.linspace(-37.0, 9.0, 100_001), np.linspace(-0.7, 0.7, 20_001), [0.67448975, -0.67448975]])
    assert np.max(np.abs(portable.normal_cdf(z) / special.ndtr(z) - 1.0) / np.maximum(1.0, z * z)) <= 4 * EPS


def test_normal_probability_at_its_ends():
    assert portable.normal_cdf(0.0) == 0.5
    assert portable.normal_cdf([-np.inf, -40.0, 9.0, 40.0, np.inf]).tolist() == [0.0, 0.0, 1.0, 1.0, 1.0]
    assert portable.normal_cdf(-37.0) == pytest.approx(5.725571222524577e-300, rel=1e-15)


def test_normal_probability_rises():
    assert np.all(np.diff(portable.normal_cdf(np.linspace(-38.0, 5.0, 200_001))) > 0)


@pytest.mark.parametrize("p", [np.geomspace(1e-300, 0.5, 20_001), np.linspace(0.001, 0.999, 20_001), 1.0 - np.geomspace(2.0**-53, 0.5, 5_001)])
def test_normal_probability_undoes_the_quantile(p):
    """A last bit of the score z changes the probability by z squared times as much."""
    z = portable.normal_quantile(p)
    assert np.max(np.abs(portable.normal_cdf(z) / p - 1.0) / np.maximum(1.0, z * z)) <= 4 * EPS


@given(st.floats(-5.0, 5.0))
def test_the_quantile_undoes_the_normal_probability(z):
    """In the upper tail the probability is near 1 and has few digits of what is left."""
    assert portable.normal_quantile(portable.normal_cdf(-abs(z))) == pytest.approx(-abs(z), rel=1e-14, abs=1e-15)
    assert portable.normal_quantile(portable.normal_cdf(z)) == pytest.approx(z, abs=EPS / float(portable.normal_cdf(-abs(z))))


def test_functions_keep_the_shape():
    x = np.full((2, 3), 0.3)
    assert portable.exp(x).shape == portable.log(x).shape == portable.normal_quantile(x).shape == portable.normal_cdf(x).shape == (2, 3)


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=40), st.lists(st.floats(0.0, 1.0), min_size=1, max_size=9))
def test_quantiles_are_those_of_the_library(values, probabilities):
    ordered = np.sort(values)
    assert portable.quantiles(ordered, probabilities) == pytest.approx(np.quantile(ordered, probabilities), rel=1e-12, abs=1e-9)
    assert np.array_equal(portable.quantiles(ordered, probabilities, observed=True), np.quantile(ordered, probabilities, method="inverted_cdf"))


def test_an_observed_quantile_may_be_infinite():
    assert portable.quantiles(np.array([1.0, 2.0, np.inf, np.inf]), [0.25, 0.5, 0.75], observed=True).tolist() == [1.0, 2.0, np.inf]
