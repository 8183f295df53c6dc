from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy import stats

from materiel.quantities import NAMED, Distribution, QuantityError, constant, read

U = np.linspace(0.0, 1.0, 4001)[1:-1]

positive = st.floats(1e-6, 1e9)
shares = st.floats(0.001, 0.999)


def rising(values: list[float]) -> bool:
    return all(b > a * (1 + 1e-9) + 1e-300 for a, b in itertools.pairwise(values))


@pytest.mark.parametrize("text", ["3", "3 round", " 3   round ", "+3 round", "3.0 round", ".3e1 round"])
def test_a_single_number_is_a_constant(text):
    made, unit = read(text)
    assert made.constant
    assert made.values == (3.0,)
    assert unit in ("", "round")


def test_a_range_is_a_ninety_percent_interval_on_the_log_scale():
    made, unit = read("2 to 8 kround/day")
    assert (made.scale, unit) == ("log", "kround/day")
    assert made.quantile(np.array([0.05, 0.5, 0.95])) == pytest.approx([2.0, 4.0, 8.0], rel=1e-12)


def test_a_range_agrees_with_scipys_lognormal():
    made, _ = read("2 to 8")
    sigma = np.log(2.0) / stats.norm.ppf(0.95)
    assert np.allclose(made.quantile(U), stats.lognorm.ppf(U, sigma, scale=4.0), rtol=1e-10)


def test_a_range_of_shares_is_on_the_logit_scale_and_stays_a_share():
    made, _ = read("0.2 to 0.8", share=True)
    assert made.scale == "logit"
    assert made.quantile(np.array([0.5]))[0] == pytest.approx(0.5)
    assert made.bounds() == (0.0, 1.0)
    drawn = made.quantile(U)
    assert drawn.min() > 0
    assert drawn.max() < 1


def test_a_range_that_reaches_nought_is_linear():
    made, _ = read("-2 to 2")
    assert made.scale == "linear"
    assert made.bounds() == (-np.inf, np.inf)


@given(st.lists(positive, min_size=3, max_size=3).map(sorted))
def test_quantiles_of_rising_triples_hit_their_knots_and_rise(values):
    assume(rising(values))
    made, unit = read({"p5": values[0], "p50": values[1], "p95": values[2], "unit": "t"})
    assert unit == "t"
    assert made.quantile(np.array([0.05, 0.5, 0.95])) == pytest.approx(values, rel=1e-9)
    drawn = made.quantile(U)
    assert np.all(np.diff(drawn) >= 0)
    assert drawn.min() > 0


@given(st.lists(shares, min_size=3, max_size=3).map(sorted))
def test_quantiles_of_rising_shares_hit_their_knots_and_stay_shares(values):
    assume(rising(values))
    made, _ = read({"p10": values[0], "p50": values[1], "p90": values[2]}, share=True)
    assert made.quantile(np.array([0.1, 0.5, 0.9])) == pytest.approx(values, rel=1e-9)
    drawn = made.quantile(U)
    assert np.all(np.diff(drawn) >= 0)
    assert np.all((drawn > 0) & (drawn < 1))


@given(st.lists(st.floats(-1e6, 1e6), min_size=3, max_size=3).map(sorted))
def test_quantiles_of_any_rising_triple_rise(values):
    assume(values[1] - values[0] > 1e-3 and values[2] - values[1] > 1e-3 and values[0] <= 0)
    made, _ = read({"p5": values[0], "p50": values[1], "p95": values[2]})
    assert made.quantile(np.array([0.05, 0.5, 0.95])) == pytest.approx(values, rel=1e-9, abs=1e-6)
    assert np.all(np.diff(made.quantile(U)) >= 0)


@pytest.mark.parametrize(
    ("raw", "law"),
    [
        ({"dist": "normal", "mean": 3, "sd": 2}, stats.norm(3, 2)),
        ({"dist": "lognormal", "median": 3, "gsd": 2}, stats.lognorm(np.log(2), scale=3)),
        ({"dist": "uniform", "low": 3, "high": 7}, stats.uniform(3, 4)),
        ({"dist": "loguniform", "low": 3, "high": 70}, stats.loguniform(3, 70)),
        ({"dist": "triangular", "low": 3, "mode": 4, "high": 8}, stats.triang(0.2, 3, 5)),
        ({"dist": "triangular", "low": 3, "mode": 3, "high": 8}, stats.triang(0.0, 3, 5)),
        ({"dist": "exponential", "mean": 3}, stats.expon(scale=3)),
    ],
    ids=lambda value: value["dist"] if isinstance(value, dict) else "",
)
def test_named_distributions_agree_with_scipy(raw, law):
    made, unit = read({**raw, "unit": "round"})
    assert unit == "round"
    assert np.allclose(made.quantile(U), law.ppf(U), rtol=1e-10, atol=1e-10)
    low, high = made.bounds()
    assert low <= made.quantile(U).min()
    assert made.quantile(U).max() <= high


def test_the_logitnormal_has_its_median_and_spread():
    made, _ = read({"dist": "logitnormal", "median": 0.2, "sd": 0.5})
    drawn = made.quantile(np.array([0.5, stats.norm.cdf(1.0)]))
    assert drawn[0] == pytest.approx(0.2)
    assert np.log(drawn[1] / (1 - drawn[1])) - np.log(0.2 / 0.8) == pytest.approx(0.5)


def test_every_named_distribution_needs_each_of_its_parameters():
    for name, wanted in NAMED.items():
        for key in wanted:
            with pytest.raises(QuantityError, match=f"{name} lacks its parameter '{key}'"):
                read({"dist": name, **{other: 0.5 for other in wanted if other != key}})


def test_scaling_scales_every_quantile():
    made, _ = read("2 to 8 kround")
    assert np.allclose(made.scaled(1000.0).quantile(U), 1000.0 * made.quantile(U), rtol=1e-12)


def test_a_constant_has_one_value_and_itself_as_bounds():
    made = constant(7.0)
    assert made.bounds() == (7.0, 7.0)
    assert np.all(made.quantile(U) == 7.0)


def test_soundness_sees_what_overflow_and_underflow_leave():
    assert Distribution("log", (0.05, 0.95), (1.0, 2.0)).sound
    assert not Distribution("log", (0.05, 0.95), (0.0, 2.0)).sound
    assert not Distribution("log", (0.05, 0.95), (1.0, np.inf)).sound
    assert not Distribution("logit", (0.05, 0.95), (0.5, 1.0)).sound


@pytest.mark.parametrize(
    ("raw", "found"),
    [
        (None, "blank"),
        (True, "True is not a number"),
        ("", "'' is not a number"),
        ("many", "'many' is not a number"),
        ("8 to 2 t", "'8 to 2 t' does not rise"),
        ("2 to 2", "'2 to 2' does not rise"),
        ("1,5 t", "'1,5 t' has a comma in a number"),
        ("2 t to 8 t", "'2 t to 8 t' has a unit in its middle"),
        ("2-8 t", "'2-8 t' is not a range"),
        ("1e999 t", "1e999 is no finite number"),
        ([1, 2], "a list is not a number: [1, 2]"),
        ({}, "fewer than two percentiles"),
        ({"p50": 3}, "fewer than two percentiles"),
        ({"p5": 3, "p05": 3}, "one percentile stands twice"),
        ({"p5": 3, "p95": 2}, "p95 2 is not above p5 3"),
        ({"p0": 3, "p95": 9}, "'p0' is not a percentile"),
        ({"p5": "3 t", "p95": 9}, "p5: '3 t' is not a plain number"),
        ({"p5": 3, "p95": 9, "unit": 5}, "5 is not a unit"),
        ({"dist": "gamma", "mean": 3}, "unknown distribution 'gamma'"),
        ({"dist": ["normal"]}, "unknown distribution ['normal']"),
        ({"dist": "uniform", "low": 4, "high": 3}, "uniform parameters do not rise: (4.0, 3.0)"),
        ({"dist": "lognormal", "median": 3, "gsd": 1}, "gsd 1"),
        ({"dist": "lognormal", "median": 0, "gsd": 2}, "lognormal of 0"),
        ({"dist": "logitnormal", "median": 1.5, "sd": 1}, "median 1.5"),
        ({"dist": "normal", "mean": 1, "sd": 0}, "sd 0"),
    ],
)
def test_what_is_no_number_is_refused_in_these_words(raw, found):
    with pytest.raises(QuantityError) as error:
        read(raw)
    assert error.value.found == found


def test_a_range_with_a_dash_suggests_the_right_spelling():
    with pytest.raises(QuantityError) as error:
        read("2–8 t")  # noqa: RUF001
    assert error.value.nearest == "2 to 8 t"


@given(
    st.one_of(
        st.text(max_size=20),
        st.dictionaries(
            st.sampled_from(["p5", "p95", "dist", "unit", "mean", "sd"]),
            st.one_of(st.integers(), st.floats(), st.text(max_size=3), st.none(), st.lists(st.integers())),
        ),
    )
)
def test_anything_is_a_distribution_or_a_quantity_error(raw):
    try:
        made, unit = read(raw)
    except QuantityError:
        return
    assert isinstance(unit, str)
    assert made.values
