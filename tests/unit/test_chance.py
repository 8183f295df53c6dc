"""What a number of draws leaves open, beside SciPy."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from materiel.analysis import chance


@given(st.integers(1, 5000).flatmap(lambda draws: st.tuples(st.integers(0, draws), st.just(draws))))
def test_the_interval_of_a_probability_is_that_of_wilson(counted):
    count, draws = counted
    found = chance.counted(count, draws)
    judge = stats.binomtest(count, draws).proportion_ci(chance.COVER, method="wilson")
    assert (found.low, found.high) == pytest.approx((judge.low, judge.high), abs=1e-9)
    assert found.low <= found.probability <= found.high


@given(st.integers(1, 3000), st.floats(0.001, 0.999))
def test_plausible_counts_are_those_that_the_binomial_test_does_not_refuse(draws, probability):
    fewest, most = chance.plausible(probability, draws)
    law = stats.binom(draws, probability)
    assert law.cdf(fewest) > 0.05 - 1e-9
    assert law.cdf(fewest - 1) <= 0.05 + 1e-9
    assert law.sf(most - 1) > 0.05 - 1e-9
    assert law.sf(most) <= 0.05 + 1e-9
