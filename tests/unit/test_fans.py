from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from materiel.engine.fans import Fan

P = np.array([0.05, 0.25, 0.5, 0.75, 0.95])


def fan(values: np.ndarray, cuts: list[int] | None = None) -> Fan:
    made = Fan(len(values))
    for part in np.split(values, cuts or [], axis=1):
        if part.shape[1]:
            made.add(part)
    return made


@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e7])
def test_quantiles_are_within_a_thousandth_of_the_exact_ones(scale):
    values = scale * np.exp(np.random.default_rng(1).normal(size=(3, 40_000)))
    exact = np.quantile(values, P, axis=1, method="inverted_cdf")
    assert np.max(np.abs(fan(values).quantiles(P) / exact - 1)) < 1e-3


def test_quantiles_of_values_below_nought_are_within_a_thousandth_of_the_exact_ones():
    values = -np.exp(np.random.default_rng(2).normal(size=(2, 40_000)))
    exact = np.quantile(values, P, axis=1, method="inverted_cdf")
    assert np.max(np.abs(fan(values).quantiles(P) / exact - 1)) < 1e-3


def test_quantiles_on_both_sides_of_nought_are_near_the_exact_ones():
    values = np.random.default_rng(3).normal(size=(2, 40_000))
    exact = np.quantile(values, [0.05, 0.25, 0.75, 0.95], axis=1, method="inverted_cdf")
    assert np.max(np.abs(fan(values).quantiles(np.array([0.05, 0.25, 0.75, 0.95])) - exact)) < 2e-3


def test_nought_stays_nought():
    assert np.all(fan(np.zeros((2, 100))).quantiles(P) == 0)


def test_a_single_value_is_within_a_thousandth():
    assert np.all(np.abs(fan(np.full((1, 100), 7.0)).quantiles(P) / 7.0 - 1) < 1e-3)


@given(st.lists(st.integers(0, 1000), max_size=5).map(sorted), st.permutations(range(4)))
def test_chunks_and_their_order_change_nothing(cuts, order):
    values = np.random.default_rng(4).lognormal(size=(4, 1000)) * np.array([[1e-3], [1.0], [-5.0], [1e9]])
    whole, parts = fan(values), fan(values, cuts)
    assert np.array_equal(whole.quantiles(P), parts.quantiles(P))
    shuffled = Fan(4)
    for i in order:
        shuffled.add(values[:, 250 * i : 250 * (i + 1)])
    assert np.array_equal(whole.quantiles(P), shuffled.quantiles(P))


@given(st.lists(st.floats(-1e12, 1e12), min_size=1, max_size=40))
def test_quantiles_rise_with_their_probability(values):
    found = fan(np.array([values])).quantiles(np.linspace(0.01, 0.99, 50))
    assert np.all(np.diff(found[:, 0]) >= 0)


def test_every_draw_is_counted_once():
    values = np.random.default_rng(5).normal(size=(3, 777))
    assert fan(values, [100, 500]).filled()[1].sum() == 3 * 777


@given(st.lists(st.floats(-1e12, 1e12), min_size=1, max_size=40), st.lists(st.floats(-1e12, 1e12), min_size=1, max_size=40))
def test_a_fan_is_what_is_filled_of_it_and_joins_others(some, more):
    a, b, both = fan(np.array([some])), fan(np.array([more])), fan(np.array([[*some, *more]]))
    a.join(Fan.of(1, *b.filled()))
    for found, expected in zip(a.filled(), both.filled(), strict=True):
        assert np.array_equal(found, expected)
    assert np.array_equal(a.quantiles(P), both.quantiles(P))
