"""All samplers on problems whose answers are known: conjugate normal scores, narrow, correlated and two-peaked likelihoods, two hypotheses with known odds."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from materiel.analysis.aiming import Aim
from materiel.analysis.tempering import temper
from materiel.analysis.walking import r_hat, walk


def normal(precision, centre):
    """Return a normal log-likelihood of every score about a centre, its log-evidence, and the posterior mean and deviation of each score."""
    precision, centre = np.array(precision), np.array(centre)

    def logs(at):
        return -0.5 * (precision[:, None] * (at - centre[:, None]) ** 2).sum(axis=0)

    variance = 1 / precision
    evidence = sum(stats.norm.logpdf(c, 0, math.sqrt(1 + v)) + 0.5 * math.log(2 * math.pi * v) for c, v in zip(centre, variance, strict=True))
    return logs, evidence, centre / (1 + variance), np.sqrt(variance / (1 + variance))


@pytest.mark.parametrize(
    ("precision", "centre"),
    [((4.0,), (1.0,)), ((400.0, 25.0), (2.5, -1.0)), ((1e4, 1e4, 1.0), (3.0, 2.0, 0.0)), ((1e-9,) * 20 + (2500.0,), (0.0,) * 20 + (4.0,))],
)
def test_tempering_recovers_a_conjugate_normal(precision, centre):
    logs, evidence, mean, spread = normal(precision, centre)
    found = temper(logs, len(precision), seed=1)
    assert found.reached
    assert found.log_evidence == pytest.approx(evidence, abs=max(4 * found.error, 0.1))
    assert found.error < 0.3
    assert found.scores.mean(axis=1) == pytest.approx(mean, abs=0.15)
    assert found.scores.std(axis=1) == pytest.approx(spread, rel=0.15)


def aimed(logs, coordinates, seed, draws=4000):
    """Return draws of standard normal scores, and those that were aimed at a likelihood."""
    scores = np.random.default_rng([seed, 99]).standard_normal((coordinates, draws))
    aim = Aim(scores, np.zeros((1, draws)), {"": logs(scores)})
    aim.take(lambda at: (np.zeros((1, at.shape[1])), {"": logs(at)}), seed)
    return aim


@pytest.mark.parametrize(
    ("precision", "centre"),
    [((400.0, 25.0), (2.5, -1.0)), ((1e4, 1e4, 1.0), (3.0, 2.0, 0.0)), ((1e-9,) * 20 + (2500.0,), (0.0,) * 20 + (4.0,)), ((1e-9,) * 150 + (100.0,) * 5, (0.0,) * 150 + (1.0, -1.0, 1.5, 2.0, 0.5))],
)  # fmt: skip
def test_aiming_recovers_a_conjugate_normal(precision, centre):
    logs, evidence, mean, spread = normal(precision, centre)
    aim = aimed(logs, len(precision), seed=1)
    found = aim.evidence("")
    assert found.sound
    assert len(aim.laws) >= 1  # its draws alone would not do
    assert found.log == pytest.approx(evidence, abs=4 * found.error)
    weights = np.exp(aim.weights("") - aim.weights("").max())
    weights /= weights.sum()
    error = 4 / math.sqrt(found.effective)
    assert aim.scores @ weights == pytest.approx(mean, abs=error)
    assert np.sqrt((aim.scores - mean[:, None]) ** 2 @ weights) == pytest.approx(spread, rel=error)


def test_aiming_follows_scores_that_hang_together():
    """Only the sum of six scores is seen: they are correlated afterwards."""
    aim = aimed(lambda at: stats.norm.logpdf(at.sum(axis=0), 9.0, 0.02), 6, seed=2)
    found = aim.evidence("")
    assert found.sound
    assert found.log == pytest.approx(stats.norm.logpdf(9.0, 0, math.hypot(math.sqrt(6), 0.02)), abs=4 * found.error)


def test_aiming_says_how_far_its_evidence_scatters():
    logs, evidence, _, _ = normal((100.0, 100.0, 100.0), (2.0, -2.0, 1.0))
    found = [aimed(logs, 3, seed, draws=1000).evidence("") for seed in range(40)]
    relative = np.exp([one.log - evidence for one in found])
    assert relative.mean() == pytest.approx(1, abs=4 * relative.std() / math.sqrt(40))
    assert np.mean([one.error for one in found]) == pytest.approx(relative.std(), rel=0.35)


def test_aiming_covers_two_peaks():
    logs = lambda at: np.logaddexp(-0.5 * 100 * ((at - 1.5) ** 2).sum(axis=0), -0.5 * 100 * ((at + 1.5) ** 2).sum(axis=0))  # noqa: E731
    aim = aimed(logs, 2, seed=3)
    weights = np.exp(aim.weights("") - aim.weights("").max())
    assert weights[aim.scores[0] > 0].sum() / weights.sum() == pytest.approx(0.5, abs=4 * 0.5 / math.sqrt(aim.evidence("").effective))


def test_aiming_stops_where_nothing_can_be_learnt():
    assert not aimed(lambda at: np.full(at.shape[1], -np.inf), 2, seed=3).laws


def test_aiming_learns_nothing_from_a_handful():
    """Behind hard bounds no power of the likelihood leaves more draws: what a few of them teach would look sound and be off."""
    corner = lambda at: np.where((at[0] > 2.2) & (at[1] > 1.8), 0.0, -np.inf)  # noqa: E731
    for seed in range(10):
        found = aimed(corner, 3, seed, draws=10_000)
        assert not found.laws
        assert not found.evidence("").sound


def test_aiming_again_gives_the_same_bits():
    logs = normal((400.0, 25.0), (2.5, -1.0))[0]
    one, other = aimed(logs, 2, seed=4), aimed(logs, 2, seed=4)
    assert np.array_equal(one.scores, other.scores)
    assert np.array_equal(one.weights(""), other.weights(""))


def test_the_error_of_the_evidence_is_how_far_it_scatters():
    logs, evidence, _, _ = normal((100.0, 100.0), (2.0, -2.0))
    runs = [temper(logs, 2, seed, particles=300) for seed in range(30)]
    relative = np.exp([run.log_evidence - evidence for run in runs])
    assert relative.mean() == pytest.approx(1, abs=4 * relative.std() / math.sqrt(30))
    assert np.mean([run.error for run in runs]) == pytest.approx(relative.std(), rel=0.35)


def test_tempering_finds_both_peaks():
    def logs(at):
        return np.logaddexp(-0.5 * 100 * ((at - 1.5) ** 2).sum(axis=0), -0.5 * 100 * ((at + 1.5) ** 2).sum(axis=0))

    found = temper(logs, 2, seed=2)
    assert (found.scores[0] > 0).mean() == pytest.approx(0.5, abs=0.12)


def test_impossible_draws_are_left_behind():
    found = temper(lambda at: np.where(at[0] > 1.5, 0.0, -np.inf), 2, seed=3)
    assert found.log_evidence == pytest.approx(stats.norm.logsf(1.5), abs=0.3)
    assert found.scores[0].min() > 1.5
    assert temper(lambda at: np.full(at.shape[1], -np.inf), 2, seed=3, particles=100).log_evidence == -math.inf


def test_the_same_seed_moves_the_same_way():
    logs, *_ = normal((9.0,), (1.0,))
    one, other = temper(logs, 1, seed=4, particles=100), temper(logs, 1, seed=4, particles=100)
    assert one.log_evidence == other.log_evidence
    assert np.array_equal(one.scores, other.scores)


@pytest.mark.parametrize(("precision", "centre"), [((4.0,), (1.0,)), ((400.0, 25.0), (2.5, -1.0)), ((1e-9,) * 10 + (100.0,), (0.0,) * 10 + (2.0,))])
def test_walkers_recover_a_conjugate_normal(precision, centre):
    logs, _, mean, spread = normal(precision, centre)
    found = walk(lambda at: {"only": logs(at)}, {"only": 1.0}, len(precision), seed=1, steps=2000)
    assert found.r_hat < 1.1
    assert found.scores.mean(axis=1) == pytest.approx(mean, abs=0.1)
    assert found.scores.std(axis=1) == pytest.approx(spread, rel=0.1)


def test_walkers_and_tempering_agree_on_known_odds():
    cases = {"a": normal((100.0, 4.0), (1.5, 0.5)), "b": normal((50.0, 9.0), (1.2, -0.8))}
    priors = {"a": 0.3, "b": 0.7}
    wanted = priors["a"] * math.exp(cases["a"][1] - cases["b"][1])
    wanted = wanted / (wanted + priors["b"])
    found = walk(lambda at: {name: case[0](at) for name, case in cases.items()}, priors, 2, seed=5, steps=3000)
    assert found.posterior["a"] == pytest.approx(wanted, abs=4 * found.errors["a"])
    assert found.errors["a"] < 0.03
    moved = {name: temper(case[0], 2, seed=5) for name, case in cases.items()}
    odds = priors["a"] * math.exp(moved["a"].log_evidence - moved["b"].log_evidence)
    error = math.hypot(moved["a"].error, moved["b"].error) * wanted * (1 - wanted)
    assert odds / (odds + priors["b"]) == pytest.approx(found.posterior["a"], abs=4 * math.hypot(error, found.errors["a"]))


def test_r_hat_is_one_where_chains_are_alike_and_more_where_they_are_not():
    rng = np.random.default_rng(1)
    alike = rng.standard_normal((1000, 8))
    assert r_hat(alike) == pytest.approx(1, abs=0.02)
    assert r_hat(alike + np.arange(8)) > 2
