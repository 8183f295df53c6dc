"""Laws of observations against closed forms and against SciPy."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from scipy import integrate, special, stats

from materiel.analysis import likelihood
from materiel.analysis.likelihood import WRONG, Term, groups, log_likelihood

EXPECTED = np.array([[0.03, 0.7, 4.0, 30.0, 400.0]])


def said(probability):
    return np.log(WRONG + (1 - WRONG) * probability)


@pytest.mark.parametrize("seen", [0, 1, 7, 300])
def test_a_count_is_poisson(seen):
    assert log_likelihood([Term("count", seen)], EXPECTED) == pytest.approx(stats.poisson.logpmf(seen, EXPECTED[0]), rel=1e-12)


@pytest.mark.parametrize("seen", [0, 1, 7, 300])
@pytest.mark.parametrize("own", [0.05, 0.4, 1.2])
def test_a_count_with_an_error_of_its_own_is_negative_binomial(seen, own):
    size = 1 / math.expm1(own**2)
    assert log_likelihood([Term("count", seen, own)], EXPECTED) == pytest.approx(stats.nbinom.logpmf(seen, size, size / (size + EXPECTED[0])), rel=1e-9)


@pytest.mark.parametrize("seen", [1, 4, 50])
@pytest.mark.parametrize("own", [0.0, 0.3])
def test_bounds_on_small_counts_are_tails(seen, own):
    if own:
        size = 1 / math.expm1(own**2)
        least, most = stats.nbinom.sf(seen - 1, size, size / (size + EXPECTED[0])), stats.nbinom.cdf(seen, size, size / (size + EXPECTED[0]))
    else:
        least, most = stats.poisson.sf(seen - 1, EXPECTED[0]), stats.poisson.cdf(seen, EXPECTED[0])
    assert log_likelihood([Term("count", seen, own, bound="at least")], EXPECTED) == pytest.approx(said(least), abs=1e-9)
    assert log_likelihood([Term("count", seen, own, bound="at most")], EXPECTED) == pytest.approx(said(most), abs=1e-9)


@pytest.mark.parametrize("seen", [60, 400])
@pytest.mark.parametrize("own", [0.0, 0.3])
def test_bounds_on_large_counts_are_tails_within_a_hundredth(seen, own):
    expected = np.linspace(0.4, 2.5, 40)[None] * seen
    size = 1 / math.expm1(own**2) if own else 1e12
    law = stats.nbinom(size, size / (size + expected[0]))
    for bound, tail in (("at least", law.sf(seen - 1)), ("at most", law.cdf(seen))):
        found = (np.exp(log_likelihood([Term("count", seen, own, bound=bound)], expected)) - WRONG) / (1 - WRONG)
        assert np.abs(found - tail).max() < 0.01


def test_an_amount_is_lognormal_and_its_errors_add_up():
    term = Term("amount", 25.0, 0.3, {"model": 0.4, "origin": 0.2}, shift=0.1)
    wanted = stats.norm.logpdf(math.log(25.0), np.log(EXPECTED[0]) + 0.1, math.sqrt(0.09 + 0.16 + 0.04))
    assert log_likelihood([term], EXPECTED) == pytest.approx(wanted, rel=1e-12)


def test_amounts_with_common_errors_are_multivariate_normal():
    shared = [{"model": 0.4, "a": 0.2}, {"model": 0.4, "a": 0.2}, {"model": 0.4, "b": 0.3}, {"other": 0.5, "b": 0.1}]
    terms = [Term("amount", seen, own, load) for seen, own, load in zip((20.0, 25.0, 60.0, 3.0), (0.1, 0.2, 0.3, 0.4), shared, strict=True)]
    expected = np.random.default_rng(1).lognormal(3, 0.5, (4, 50))
    names = ("model", "other", "a", "b")
    loads = np.array([[load.get(name, 0) for name in names] for load in shared])
    covariance = loads @ loads.T + np.diag([0.01, 0.04, 0.09, 0.16])
    wanted = [stats.multivariate_normal.logpdf(np.log([20, 25, 60, 3]), np.log(draw), covariance) for draw in expected.T]
    assert log_likelihood(terms, expected) == pytest.approx(wanted, rel=1e-10)


@pytest.mark.parametrize("bound", ["at least", "at most"])
def test_a_bound_on_an_amount_is_a_normal_tail_with_a_floor(bound):
    side = 1 if bound == "at least" else -1
    wanted = said(stats.norm.cdf(side * (np.log(EXPECTED[0]) - math.log(10)) / 0.5))
    assert log_likelihood([Term("amount", 10.0, 0.3, {"model": 0.4}, bound=bound)], EXPECTED) == pytest.approx(wanted, rel=1e-9)
    assert np.exp(log_likelihood([Term("amount", 1e9, 0.3, bound="at least")], EXPECTED)) == pytest.approx(np.full(5, WRONG))


def test_a_bound_among_amounts_is_told_given_the_others():
    terms = [Term("amount", 12.0, 0.2, {"model": 0.5}), Term("amount", 15.0, 0.3, {"model": 0.5}, bound="at least")]
    draws = np.array([[8.0, 10.0, 20.0], [9.0, 14.0, 30.0]])

    def joint(error, a, b):
        return (
            stats.norm.pdf(error, 0, 0.5)
            * stats.norm.pdf(math.log(12), math.log(a) + error, 0.2)
            * (WRONG + (1 - WRONG) * stats.norm.cdf((math.log(b) + error - math.log(15)) / 0.3))
        )

    wanted = [math.log(integrate.quad(joint, -4, 4, args=(a, b), epsabs=1e-14)[0]) for a, b in draws.T]
    assert log_likelihood(terms, draws) == pytest.approx(wanted, rel=1e-8)


@pytest.mark.parametrize("counts", [(0,), (3,), (3, 0), (40, 55, 2), (900,)])
@pytest.mark.parametrize("error", [0.1, 0.5, 1.0])
def test_counts_with_a_common_error_are_integrated(counts, error):
    terms = [Term("count", seen, shared={"model": error}) for seen in counts]
    expected = np.array([[0.05, 0.8, 5.0, 60.0, 900.0]] * len(counts)) * np.arange(1, len(counts) + 1)[:, None]
    grid, wanted = np.linspace(-100, 100, 200001), []
    for draw in expected.T:
        values = np.array(stats.norm.logpdf(grid)) + sum(
            stats.poisson.logpmf(seen, mean * np.exp(error * grid)) for seen, mean in zip(counts, draw, strict=True)
        )
        wanted.append(special.logsumexp(values) + math.log(grid[1] - grid[0]))
    assert log_likelihood(terms, expected) == pytest.approx(wanted, abs=1e-4)


def test_several_common_errors_are_integrated_together():
    loads = [{"model": 0.4, "a": 0.3}, {"model": 0.4, "b": 0.5}, {"other": 0.6, "b": 0.5}]
    seen, expected = (6, 14, 3), np.array([[2.0, 8.0], [10.0, 5.0], [9.0, 2.0]])
    terms = [Term("count", n, shared=load) for n, load in zip(seen, loads, strict=True)]
    x, w = np.polynomial.hermite_e.hermegauss(22)
    nodes = np.array(list(itertools.product(x, repeat=4)))
    weights = np.array([math.prod(one) for one in itertools.product(w / math.sqrt(2 * math.pi), repeat=4)])
    wanted = []
    for draw in expected.T:
        errors = nodes @ np.array([[load.get(name, 0.0) for load in loads] for name in ("model", "other", "a", "b")])
        logs = sum(stats.poisson.logpmf(n, mean * np.exp(error)) for n, mean, error in zip(seen, draw, errors.T, strict=True))
        wanted.append(math.log((np.exp(logs) * weights).sum()))
    assert log_likelihood(terms, expected) == pytest.approx(wanted, abs=1e-3)


def test_bounds_on_amounts_with_a_common_error_are_within_a_hundredth():
    terms = [Term("amount", seen, 0.05, {"model": 0.4}, bound="at least") for seen in (10.0, 12.0, 14.0)]
    expected = np.array([[5.0, 10.0, 13.0, 40.0]] * 3)
    grid = np.linspace(-8, 8, 400001)
    wanted = []
    for mean in expected[0]:
        values = stats.norm.logpdf(grid) + sum(said(stats.norm.cdf((math.log(mean / seen) + 0.4 * grid) / 0.05)) for seen in (10, 12, 14))
        wanted.append(special.logsumexp(values) + math.log(grid[1] - grid[0]))
    assert log_likelihood(terms, expected) == pytest.approx(wanted, abs=0.01)


def test_groups_are_terms_linked_by_common_errors():
    terms = [Term("count", 1, shared=dict.fromkeys(names, 0.1)) for names in ("ab", "c", "bd", "", "ec", "f")]
    assert groups(terms) == [[0, 2], [1, 4], [3], [5]]


def test_what_cannot_be_seen_has_no_likelihood():
    expected = np.array([[0.0, 1.0]])
    assert log_likelihood([Term("count", 2, shared={"model": 0.3})], expected)[0] == -math.inf
    assert log_likelihood([Term("amount", 2.0, 0.3)], expected)[0] == -math.inf
    assert log_likelihood([Term("count", 0, shared={"model": 0.3})], expected)[0] == pytest.approx(0.0, abs=1e-12)
    assert np.isfinite(log_likelihood([Term("amount", 2.0, 0.3, {"model": 0.3}, bound="at least")], expected)).all()


def test_draws_are_integrated_alike_in_any_chunk(monkeypatch):
    terms = [Term("count", n, 0.2, {"model": 0.4, origin: 0.3}) for n, origin in ((6, "a"), (14, "b"))]
    expected = np.random.default_rng(2).lognormal(2, 1, (2, 300))
    whole = log_likelihood(terms, expected)
    monkeypatch.setattr(likelihood, "_CHUNK", 7)
    assert log_likelihood(terms, expected) == pytest.approx(whole, abs=1e-5)
