"""Are stated probabilities right? Simulation-based calibration of both samplers, twins of both cases, and two methods side by side on both."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

import materiel
from materiel.analysis.tempering import temper
from materiel.analysis.walking import walk

CASES = ("dprk-2023", "britain-1915")


def uniform(places, most):
    """Return the probability that whole numbers from 0 to `most` that are equally probable fall as unevenly as these."""
    counts = np.bincount(np.minimum(np.asarray(places) * 10 // (most + 1), 9), minlength=10)
    return stats.chisquare(counts).pvalue


@pytest.mark.proof
@pytest.mark.parametrize("method", ["tempering", "walking"])
def test_samplers_put_true_values_in_any_place(method):
    """Three scores of which two are seen, one through a curve and sharply, one as a count."""
    rng = np.random.default_rng(1)
    places = []
    for i in range(300):
        true = rng.standard_normal(3)
        seen, count = math.exp(0.5 * true[0] + 0.3 * true[1]) + 0.05 * rng.standard_normal(), rng.poisson(math.exp(1 + true[1]))

        def logs(at, seen=seen, count=count):
            curve = np.exp(np.minimum(0.5 * at[0] + 0.3 * at[1], 50))
            return stats.norm.logpdf(seen, curve, 0.05) + count * (1 + at[1]) - np.exp(np.minimum(1 + at[1], 50))

        if method == "tempering":
            left = temper(logs, 3, seed=i, particles=200).scores
        else:
            left = walk(lambda at, logs=logs: {"only": logs(at)}, {"only": 1.0}, 3, seed=i, walkers=60, steps=600).scores
        chosen = left[:, rng.choice(left.shape[1], 99, replace=False)]
        places.append((chosen < true[:, None]).sum(axis=1))
    assert [uniform(column, 99) > 1e-3 for column in np.array(places).T] == [True] * 3


@pytest.mark.proof
def test_twins_are_given_the_probabilities_that_they_have():
    """What is given a probability is true as often; the true value of every number takes any place among the draws left."""
    found = materiel.load("dprk-2023").weigh(draws=4000).twins(400)
    for stated, held, count in found.reliability(np.linspace(0, 1, 6)):
        if count >= 20:
            assert held == pytest.approx(stated, abs=3.5 * math.sqrt(stated * (1 - stated) / count))
    found_uniform = {stream: uniform(places, 99) for stream, places in found.places.items()}
    assert len(found_uniform) > 8
    assert {stream: p for stream, p in found_uniform.items() if p < 1e-3} == {}


@pytest.mark.proof
@pytest.mark.parametrize("name", CASES)
def test_two_methods_agree_on_the_cases(name):
    found = materiel.load(name).weigh(draws=10_000)
    other = found.second_opinion(steps=1500)
    assert other.r_hat < 1.2
    for hypothesis, standing in found.standings.items():
        error = math.hypot(standing.error, other.errors[hypothesis])
        assert other.posterior[hypothesis] == pytest.approx(standing.posterior, abs=4 * error)
        assert error < 0.03
