"""Indices of given draws against closed forms, and against SALib and SciPy, which share no code with them."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import pytest
from SALib.analyze import pawn, rbd_fast
from scipy import stats

from materiel.analysis import sensitivity
from materiel.analysis.observing import Candidate, reported

Array = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int64]

DRAWS = 10_000
WIDTH = 0.0025
"""What classes of a fiftieth may hide of the most winding function here."""


def cut(inputs: Array) -> tuple[Codes, Codes]:
    count = sensitivity.classes(inputs.shape[1])
    codes = np.array([sensitivity.coded(sensitivity.ranks(row), count) for row in inputs])
    return codes, sensitivity.sizes(codes, count)


def kinds(codes: Codes) -> tuple[Codes, Codes]:
    return codes[None], sensitivity.sizes(codes[None], int(codes.max()) + 1)


def first_order(codes: Codes, held: Codes, values: Array) -> tuple[Array, Array]:
    """Return first-order indices and their errors."""
    found = sensitivity.first_order(codes, held, values)
    explained = sensitivity.outputs(values, whole=False)
    return found, np.array([sensitivity.error(*one, explained, float(index)) for *one, index in zip(codes, held, found, strict=True)])


def distributional(codes: Codes, held: Codes, values: Array) -> tuple[Array, Array]:
    """Return distributional indices and their errors."""
    found = sensitivity.distributional(codes, held, values)
    explained = sensitivity.outputs(values, whole=True)
    return found, np.array([sensitivity.error(*one, explained, float(index)) for *one, index in zip(codes, held, found, strict=True)])


def within(found: tuple[Array, Array], wanted: object, bias: float = 0.0) -> None:
    """Hold indices to what they should be: within four of their own errors."""
    values, errors = found
    assert (errors < 0.02).all(), "an error so wide would pass anything"
    assert (np.abs(values - np.array(wanted)) < 4 * errors + bias).all(), (values, errors, wanted)


def ishigami(seed: int, draws: int = DRAWS) -> tuple[Array, Array]:
    x = np.random.default_rng(seed).uniform(-math.pi, math.pi, (4, draws))
    return x, np.sin(x[0]) + 7 * np.sin(x[1]) ** 2 + 0.1 * x[2] ** 4 * np.sin(x[0])


def ishigami_shares() -> list[float]:
    """Return the first-order indices with a = 7 and b = 0.1; the fourth input is none of the function's."""
    a, b = 7.0, 0.1
    first, second = 0.5 * (1 + b * math.pi**4 / 5) ** 2, a**2 / 8
    whole = a**2 / 8 + b * math.pi**4 / 5 + b**2 * math.pi**8 / 18 + 0.5
    return [first / whole, second / whole, 0.0, 0.0]


def on_ranks(r: Array) -> Array:
    """Return the first-order index of a normal output's ranks by its correlation with a normal input."""
    return 6 / math.pi * np.arcsin(r**2 / 2)


def of_distribution(r: Array) -> Array:
    """Return the distributional index of a normal output by its correlation with a normal input (Chatterjee, JASA, 2021)."""
    return 3 / math.pi * np.arcsin((1 + r**2) / 2) - 0.5


@pytest.mark.parametrize("seed", range(5))
def test_ishigami(seed: int) -> None:
    x, y = ishigami(seed)
    within(first_order(*cut(x), y), ishigami_shares(), WIDTH)


def test_what_only_acts_with_another_shows_in_the_distribution_alone() -> None:
    x, y = ishigami(1)
    codes, held = cut(x)
    third = first_order(codes, held, y)[0][2], distributional(codes, held, y)[0][2]
    noise = sensitivity.SURE * sensitivity.chance(held)[2]
    assert third[0] < noise < third[1]


@pytest.mark.parametrize("seed", range(5))
def test_a_sum_of_unequal_terms(seed: int) -> None:
    x = np.random.default_rng(seed).uniform(0, 1, (4, DRAWS))
    weights = np.array([4.0, 2.0, 1.0, 0.0])
    within(first_order(*cut(x), weights @ x), weights**2 / 21, 1 / 50**2)


@pytest.mark.parametrize("seed", range(5))
def test_dependent_normal_inputs(seed: int) -> None:
    """An index holds all that moves with an input: that of x is the squared correlation of x and y, though x's own weight be nought."""
    rho, weights = 0.6, np.array([2.0, 0.0, 1.0])
    z = np.random.default_rng(seed).standard_normal((3, DRAWS))
    x = np.array([z[0], rho * z[0] + math.sqrt(1 - rho**2) * z[1], z[2]])
    y = weights @ x
    r = np.array([2.0, 2 * rho, 1.0]) / math.sqrt(5)
    codes, held = cut(x)
    within(first_order(codes, held, y), r**2, 0.005)  # the outermost classes of a normal number are wide
    within(first_order(codes, held, sensitivity.ranks(y)), on_ranks(r), WIDTH)
    within(distributional(codes, held, y), of_distribution(r), WIDTH)
    with np.errstate(over="ignore"):
        heavy = np.exp(400 * y)  # infinite in some draws, nought in others
    assert np.isinf(heavy).any()
    within(distributional(codes, held, heavy), of_distribution(r), 0.03)  # half of the draws lie on one side of all they could tell


@pytest.mark.parametrize("draws", [200, 1000, 3000, 9999])
@pytest.mark.parametrize("value", [0.1, 1 / 3, 3340.000001])
def test_of_a_constant_nothing_is_explained(draws: int, value: float) -> None:
    """The mean of many equal numbers may be another number, in the last bit: that is no variance."""
    codes, held = cut(np.random.default_rng(1).uniform(size=(2, draws)))
    for values in (np.full(draws, value), sensitivity.ranks(np.full(draws, value))):
        found, errors = first_order(codes, held, values)
        assert (found == 0).all()
        assert (errors == 0).all()


def test_a_heavy_tail_changes_no_index_of_ranks() -> None:
    x, y = ishigami(2)
    codes, held = cut(x)
    assert (sensitivity.distributional(codes, held, y) == sensitivity.distributional(codes, held, np.exp(y))).all()
    assert (sensitivity.first_order(codes, held, sensitivity.ranks(y)) == sensitivity.first_order(codes, held, sensitivity.ranks(np.exp(y)))).all()


@pytest.mark.parametrize("seed", range(5))
def test_a_category(seed: int) -> None:
    generator = np.random.default_rng(seed)
    weights, means, chances = np.array([0.5, 0.3, 0.2]), np.array([0.0, 1.0, 3.0]), np.array([0.1, 0.5, 0.7])
    kind = generator.choice(3, DRAWS, p=weights).astype(np.int64)
    between = weights @ means**2 - (weights @ means) ** 2
    within(first_order(*kinds(kind), means[kind] + 2 * generator.standard_normal(DRAWS)), between / (between + 4))
    event = np.where(generator.uniform(size=DRAWS) < chances[kind], np.inf, 0.0)
    p = weights @ chances
    share = (weights @ chances**2 - p**2) / (p * (1 - p))
    within(distributional(*kinds(kind), event), share)
    within(first_order(*kinds(kind), np.isinf(event).astype(np.float64)), share)


def test_errors_are_as_wide_as_indices_scatter() -> None:
    for estimate in (first_order, distributional):
        runs = [estimate(*cut(x), y) for x, y in (ishigami(seed, 4000) for seed in range(60))]
        found, errors = (np.array(one) for one in zip(*runs, strict=True))
        assert found.std(axis=0)[:2] == pytest.approx(errors.mean(axis=0)[:2], rel=0.3)
        assert (found.std(axis=0) < 1.1 * errors.mean(axis=0)).all(), "never too narrow"
        assert abs(found[:, 3].mean()) < 4 * found[:, 3].std() / math.sqrt(60), "what tells nothing has an index of nought, on average"


def test_nothing_stands_out_of_a_thousand_inputs_that_tell_nothing() -> None:
    x, y = ishigami(3, 4000)
    generator = np.random.default_rng(3)
    codes, held = cut(np.array([generator.permutation(x[1]) for _ in range(1000)]))
    for estimate in (sensitivity.first_order, sensitivity.distributional):
        found = estimate(codes, held, y)
        assert (found < sensitivity.SURE * sensitivity.chance(held)).all()
        assert abs(found.mean()) < 4 * found.std() / math.sqrt(1000)
    assert sensitivity.first_order(codes, held, y).std() == pytest.approx(sensitivity.chance(held)[0], rel=0.15)


def test_salib_finds_the_same_first_order_indices() -> None:
    """RBD-FAST reads them off the spectrum of the output, sorted by each input: no classes at all."""
    x, y = ishigami(4)
    problem = {"num_vars": 4, "names": list("abcd"), "bounds": [[-math.pi, math.pi]] * 4}
    theirs = rbd_fast.analyze(problem, x.T, y, M=10, num_resamples=20, seed=1)
    ours, errors = first_order(*cut(x), y)
    assert (np.abs(ours - theirs["S1"]) < 2 * errors + np.array(theirs["S1_conf"]) + WIDTH).all(), (ours, theirs["S1"])


def test_salib_orders_inputs_alike() -> None:
    """PAWN compares distributions as well, by the largest distance of their functions; its numbers are others, and it has no bias correction: the idle input shows."""
    x, y = ishigami(5)
    problem = {"num_vars": 4, "names": list("abcd"), "bounds": [[-math.pi, math.pi]] * 4}
    theirs = pawn.analyze(problem, x.T, y, S=20, seed=1)["median"]
    ours = sensitivity.distributional(*cut(x), y)
    assert list(np.argsort(theirs)) == list(np.argsort(ours))
    assert theirs[3] > 0.02 > abs(ours[3])


def test_scipy_finds_the_same_distributional_indices() -> None:
    x, y = ishigami(6)
    ours, errors = distributional(*cut(x), y)
    for i in range(4):
        theirs = float(stats.chatterjeexi(x[i], y).statistic)
        assert abs(ours[i] - theirs) < 4 * math.hypot(errors[i], math.sqrt(0.4 / DRAWS)) + WIDTH


def test_a_count_tells_of_its_mean_what_the_theory_of_gamma_and_poisson_says() -> None:
    """A gamma mean of scale s, seen as a Poisson count, loses s / (1 + s) of its variance."""
    generator = np.random.default_rng(7)
    for scale in (0.2, 1.0, 5.0):
        mean = generator.gamma(3.0, scale, 40_000)
        count = reported(Candidate("x", "x", "indicator", "container", mean, counted=True), 40_000, 1, factor=1.0)
        found = first_order(*cut(count[None]), mean)
        within(found, scale / (1 + scale), 0.01)


def test_a_report_with_an_error_tells_what_the_correlation_of_logarithms_says() -> None:
    z = np.random.default_rng(8).standard_normal(DRAWS)
    spread = 0.5
    for factor in (1.1, 2.0, 5.0):
        seen = reported(Candidate("x", "x", "question", "round", np.exp(spread * z)), DRAWS, 1, factor)
        error = math.log(factor) / 1.6448536269514722
        r = np.array([spread / math.hypot(spread, error)])
        within(first_order(*cut(seen[None]), sensitivity.ranks(z)), on_ranks(r), WIDTH)


def test_what_information_is_worth_to_a_decision() -> None:
    """Three kinds, an event of another probability in each, a decision above a bar: by hand."""
    weights, chances, bar = np.array([0.5, 0.3, 0.2]), np.array([0.1, 0.5, 0.7]), 0.4
    p = weights @ chances
    worth = (min(bar, p) - weights @ np.minimum(chances, bar)) / (min(bar, p) - bar * p)
    found, alone = list[float](), list[float]()
    for seed in range(40):
        generator = np.random.default_rng(seed)
        kind = generator.choice(3, 4000, p=weights).astype(np.int64)
        event = generator.uniform(size=4000) < chances[kind]
        codes, held = kinds(kind)
        value, error = sensitivity.decision(codes[0], held[0], event, bar)
        assert abs(value - worth) < 4.5 * error
        found.append(value)
        (many,), (sizes,) = cut(generator.uniform(size=(1, 4000)))
        value, error = sensitivity.decision(many, sizes, event, bar)
        assert value <= 4 * error
        alone.append(value)
    assert np.mean(found) == pytest.approx(worth, abs=4 * np.std(found) / math.sqrt(40))
    assert np.mean(alone) <= 2 * np.std(alone) / math.sqrt(40), "what tells nothing is never worth anything"
