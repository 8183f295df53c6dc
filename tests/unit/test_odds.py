from __future__ import annotations

import math

import numpy as np
import pytest

from materiel.analysis import odds
from materiel.analysis.odds import Thirds


def test_posterior_odds_are_prior_odds_times_the_ratio_of_evidence():
    found = odds.posteriors({"a": 0.25, "b": 0.75}, {"a": math.log(6.0), "b": math.log(2.0)})
    assert found == pytest.approx({"a": 0.5, "b": 0.5})


def test_evidence_of_nothing_at_all_leaves_the_priors():
    assert odds.posteriors({"a": 0.3, "b": 0.7}, {"a": -math.inf, "b": -math.inf}) == {"a": 0.3, "b": 0.7}


def test_evidence_is_the_mean_likelihood_with_its_error():
    rng = np.random.default_rng(1)
    logs = rng.normal(-700, 0.8, 20_000)
    found = odds.reweighted(logs)
    assert found.log == pytest.approx(-700 + 0.32, abs=4 * found.error)
    assert found.error == pytest.approx(math.sqrt(math.expm1(0.64) / 20_000), rel=0.05)
    assert found.effective == pytest.approx(20_000 / math.exp(0.64), rel=0.05)
    assert found.sound


def test_few_draws_that_count_are_not_sound():
    logs = np.full(10_000, -1e3)
    logs[:5] = 0.0
    assert odds.reweighted(logs).effective == pytest.approx(5)
    assert not odds.reweighted(logs).sound
    assert not odds.reweighted(np.full(10, -np.inf)).sound


@pytest.mark.parametrize("paired", [True, False])
def test_the_error_of_a_probability_is_how_far_it_scatters(paired):
    """Two hypotheses of which one likelihood is the other's plus a little: paired draws make the odds nearly exact."""
    found, errors = [], []
    for seed in range(60):
        rng = np.random.default_rng(seed)
        one = rng.normal(0, 0.7, 500)
        other = one + rng.normal(0, 0.2, 500) if paired else rng.normal(0, 0.7, 500)
        evidence = {"a": odds.reweighted(one), "b": odds.reweighted(other)}
        if not paired:
            evidence = {name: odds.Evidence(e.log, e.error, e.effective, e.k, e.draws, "tempering") for name, e in evidence.items()}
        standing = odds.standings({"a": 0.4, "b": 0.6}, evidence)["a"]
        found.append(standing.posterior)
        errors.append(standing.error)
    assert np.mean(errors) == pytest.approx(np.std(found), rel=0.25)


def test_other_priors_share_what_is_left_in_their_proportions():
    assert odds.reweighed({"a": 0.2, "b": 0.3, "c": 0.5}, {"a": 0.6}) == pytest.approx({"a": 0.6, "b": 0.15, "c": 0.25})
    assert odds.reweighed({"a": 0.2, "b": 0.8}, {"a": 0.6, "b": 0.4}) == {"a": 0.6, "b": 0.4}


@pytest.mark.parametrize("wanted", [{"a": 0.7, "b": 0.4}, {"a": 1.0}, {"a": 0.0}, {"a": 0.3, "b": 0.3, "c": 0.3}, {"a": -0.2}])
def test_odds_that_do_not_add_up_are_refused(wanted):
    with pytest.raises(ValueError, match="add up to"):
        odds.reweighed({"a": 0.2, "b": 0.3, "c": 0.5}, wanted)


def test_bits_are_binary_logarithms_of_ratios_of_odds():
    assert odds.bits(0.8, 0.5) == pytest.approx(2.0)
    assert odds.bits(0.2, 0.5) == pytest.approx(-2.0)
    assert odds.bits(1.0, 0.5) == 50.0


def test_hypotheses_that_expect_the_same_are_told():
    logs = {"a": np.array([0.0, -1.0, -np.inf]), "b": np.array([0.0, -1.0, -np.inf]), "c": np.array([0.0, -1.1, -np.inf])}
    assert odds.alike(logs) == [("a", "b")]


def test_a_systematic_sample_has_each_draw_as_often_as_its_weight_asks():
    weights = np.random.default_rng(3).dirichlet(np.ones(50))
    counts = np.bincount(odds.systematic(weights, 1000), minlength=50)
    assert np.abs(counts - 1000 * weights).max() < 1


def test_a_number_that_the_evidence_for_one_hypothesis_hangs_on_is_found():
    rng = np.random.default_rng(2)
    before = {name: rng.random(6000) for name in ("moves", "idle")}
    likelihood = {"a": np.where(before["moves"] > 0.5, 1.0, 0.1), "b": np.full(6000, 0.55)}
    numbers = {}
    for name, one in likelihood.items():
        found = {stream: odds.thirds(values, values, one / one.sum()) for stream, values in before.items()}
        numbers[name] = {stream: third for stream, third in found.items() if third}
    (hinge,) = odds.hinges({"a": 0.5, "b": 0.5}, numbers, "a")
    assert hinge.stream == "moves"
    assert hinge.ends == pytest.approx((1 / 6, 5 / 6), abs=0.02)
    assert hinge.posterior == pytest.approx((0.1 / 0.65, 1 / 1.55), abs=0.02)


def test_a_switch_has_no_thirds():
    values = np.r_[np.zeros(900), np.ones(100)]
    assert odds.thirds(values, values, np.full(1000, 1e-3)) is None
    assert isinstance(odds.thirds(np.arange(9.0), np.arange(9.0), np.full(9, 1 / 9)), Thirds)
