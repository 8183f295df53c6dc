"""Are stated probabilities right? Simulation-based calibration of all samplers, twins of both cases, and two methods side by side on both."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

import materiel
from materiel import portable
from materiel.analysis.aiming import Aim
from materiel.analysis.tempering import temper
from materiel.analysis.walking import walk
from materiel.engine.draws import uniforms

CASES = ("dprk-2023", "britain-1915")


def uniform(places, most):
    """Return the probability that whole numbers from 0 to `most` that are equally probable fall as unevenly as these."""
    counts = np.bincount(np.minimum(np.asarray(places) * 10 // (most + 1), 9), minlength=10)
    return stats.chisquare(counts).pvalue


def aimed(logs, coordinates, seed, draws):
    """Return draws of standard normal scores, and those that were aimed at a likelihood."""
    scores = np.random.default_rng([seed, 99]).standard_normal((coordinates, draws))
    aim = Aim(scores, np.zeros((1, draws)), {"": logs(scores)})
    aim.take(lambda at: (np.zeros((1, at.shape[1])), {"": logs(at)}), seed)
    return aim


@pytest.mark.proof
@pytest.mark.parametrize("method", ["aiming", "tempering", "walking"])
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

        if method == "aiming":
            aim = aimed(logs, 3, seed=i, draws=500)
            weights = np.exp(aim.weights("") - aim.evidence("").log)
            left = aim.scores[:, rng.choice(len(weights), 2000, p=weights / weights.sum())]
        elif method == "tempering":
            left = temper(logs, 3, seed=i, particles=200).scores
        else:
            left = walk(lambda at, logs=logs: {"only": logs(at)}, {"only": 1.0}, 3, seed=i, walkers=60, steps=600).scores
        chosen = left[:, rng.choice(left.shape[1], 99, replace=False)]
        places.append((chosen < true[:, None]).sum(axis=1))
    assert [uniform(column, 99) > 1e-3 for column in np.array(places).T] == [True] * 3


@pytest.mark.proof
def test_aiming_among_a_hundred_scores_is_off_by_less_than_it_says():
    """Draws that taught a law count among those that it brings; what that does to the evidence stays well below its stated error."""

    def logs(at):
        return stats.norm.logpdf(np.exp(0.5 * at[0] + 0.3 * at[1]), 3.2, 0.1) + stats.norm.logpdf(at[1] * at[2] + 0.5 * at[3], 1.5, 0.15)

    many = np.array([np.exp(logs(np.random.default_rng(seed).standard_normal((4, 10**6)))).mean() for seed in range(40)])
    found = [aimed(logs, 100, seed, draws=10_000).evidence("") for seed in range(60)]
    off = np.array([(math.exp(one.log) / many.mean() - 1) / one.error for one in found])
    assert all(one.sound and one.method == "aiming" for one in found)
    assert many.std() / math.sqrt(40) / many.mean() < 0.2 * np.mean([one.error for one in found])  # what is held against it is known better
    assert abs(off.mean()) < 0.75
    assert off.std() < 1.25


@pytest.mark.proof
@pytest.mark.parametrize(("name", "draws"), [("dprk-2023", 4000), ("britain-1915", 20_000)])
def test_twins_are_given_the_probabilities_that_they_have(name, draws):
    """What is given a probability is true as often; the true value of every number takes any place among the draws left."""
    found = materiel.load(name).weigh(draws=4000).twins(400, draws)
    for one in found.reliability((0, 0.2, 0.4, 0.6, 0.8, 1)):
        if one.count >= 20:
            assert one.held == pytest.approx(one.stated, abs=3.5 * math.sqrt(one.stated * (1 - one.stated) / one.count))
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


@pytest.fixture(scope="module")
def many():
    """A case in which few draws come near what was seen, with so many of them that enough do."""
    return materiel.load("britain-1915").weigh(draws=160_000)


@pytest.mark.proof
@pytest.mark.parametrize("name", ["fuzes", "filling"])
def test_draws_that_are_moved_stand_where_many_draws_put_them(name, many):
    """103 scores of a shipped case: the same evidence, and the same mean of every score."""
    ready, weighed = many.rivals, many.found[name].evidence
    moved = temper(ready.likelihood(name, seed=1), len(ready.coordinates), seed=1)
    assert weighed.method == "reweighting"
    assert moved.reached
    error = math.hypot(moved.error, weighed.error)
    assert error < 0.1
    assert moved.log_evidence == pytest.approx(weighed.log, abs=4 * error)
    scores = np.stack([portable.normal_quantile(uniforms(1, stream, 0, many.options.draws)) for stream in ready.coordinates])
    left = scores @ weighed.relative / many.options.draws
    spread = math.sqrt(1 / weighed.effective + 1 / 1000)  # 4,000 particles that have moved until they forgot four fifths of where they were
    assert np.abs(moved.scores.mean(axis=1) - left).max() < 4.5 * spread
    assert np.abs(left).max() > 10 * spread  # what was seen moved them far
