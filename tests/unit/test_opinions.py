"""What several people think: laws of pools and repairs."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as shapes

from materiel.analysis import odds, opinions
from materiel.analysis.opinions import POOLS, SLOPES

METHODS, REPAIRS = st.sampled_from(sorted(POOLS)), st.sampled_from(sorted(SLOPES))


@st.composite
def panels(draw, least=2, most=5):
    """Draw opinions, shape (persons, hypotheses), and weights."""
    size = draw(st.integers(1, 5)), draw(st.integers(least, most))
    parts = draw(shapes.arrays(float, size, elements=st.floats(0.01, 1)))
    return parts / parts.sum(axis=1, keepdims=True), draw(shapes.arrays(float, size[0], elements=st.floats(0.1, 3)))


@st.composite
def statements(draw):
    """Draw what somebody states of sets of hypotheses, and the sets; nothing is left open."""
    count = draw(st.integers(2, 5))
    subsets = draw(st.lists(st.integers(1, 2**count - 2), min_size=1, max_size=8, unique=True))
    sets = np.array([[float(one >> i & 1) for i in range(count)] for one in subsets])
    assume(not opinions.undecided(sets).any())
    return sets, np.array([draw(st.floats(0.02, 0.98)) for _ in subsets])


def updated(opinion, logs):
    names = [str(i) for i in range(len(logs))]
    found = odds.posteriors(dict(zip(names, opinion, strict=True)), dict(zip(names, logs, strict=True)))
    return np.array(list(found.values()))


def likelihoods(opinion):
    return shapes.arrays(float, opinion.shape[1], elements=st.floats(-5, 5))


@given(panels(), METHODS)
def test_a_pool_is_an_opinion(panel, method):
    pooled = POOLS[method](*panel)
    assert pooled.sum() == pytest.approx(1)
    assert (pooled > 0).all()


@given(panels(), METHODS)
def test_who_agree_are_agreed_with(panel, method):
    one, weights = panel[0][0], panel[1]
    assert POOLS[method](np.tile(one, (len(weights), 1)), weights) == pytest.approx(one)


@given(st.data(), panels(), METHODS)
def test_a_pool_has_no_order_of_persons_or_hypotheses(data, panel, method):
    pooled = POOLS[method](*panel)
    persons, hypotheses = (np.array(data.draw(st.permutations(range(size)))) for size in panel[0].shape)
    assert POOLS[method](panel[0][persons], panel[1][persons]) == pytest.approx(pooled)
    assert POOLS[method](panel[0][:, hypotheses], panel[1]) == pytest.approx(pooled[hypotheses])


@given(panels(), METHODS, st.floats(0.1, 10))
def test_weights_are_relative(panel, method, factor):
    assert POOLS[method](panel[0], panel[1] * factor) == pytest.approx(POOLS[method](*panel))


@given(panels(), METHODS)
def test_a_weight_of_two_is_two_voices_and_one_of_nought_is_none(panel, method):
    ones = np.ones(len(panel[0]))
    twice = POOLS[method](panel[0][[0, *range(len(ones))]], np.append(ones, 1.0))
    assert POOLS[method](panel[0], ones + (np.arange(len(ones)) == 0)) == pytest.approx(twice)
    silent = np.vstack([panel[0], panel[0][::-1][:1]])
    assert POOLS[method](silent, np.append(panel[1], 0.0)) == pytest.approx(POOLS[method](*panel))


@given(panels(), METHODS)
def test_what_is_impossible_for_all_is_impossible_for_the_pool(panel, method):
    opinion = np.hstack([panel[0], np.zeros((len(panel[0]), 1))])
    assert POOLS[method](opinion, panel[1])[-1] == 0


def test_one_veto_is_enough_for_the_logarithmic_pool_and_not_for_the_linear_one():
    opinion, weights = np.array([[0.0, 0.5, 0.5], [0.6, 0.2, 0.2]]), np.array([0.1, 0.9])
    assert opinions.logarithmic(opinion, weights)[0] == 0
    assert opinions.linear(opinion, weights)[0] == pytest.approx(0.54)


@pytest.mark.parametrize("method", ["logarithmic", "median"])
def test_vetoes_that_leave_nothing_are_told(method):
    with pytest.raises(ValueError, match="no hypothesis is possible for all"):
        POOLS[method](np.eye(3), np.ones(3))


@given(st.data(), panels())
def test_the_logarithmic_pool_is_externally_bayesian(data, panel):
    """To pool and then weigh is to weigh and then pool."""
    logs = data.draw(likelihoods(panel[0]))
    late = opinions.logarithmic(np.array([updated(one, logs) for one in panel[0]]), panel[1])
    assert updated(opinions.logarithmic(*panel), logs) == pytest.approx(late)


@given(st.data(), panels())
def test_weighing_the_linear_pool_gives_weight_to_who_expected_what_was_seen(data, panel):
    logs = data.draw(likelihoods(panel[0]))
    weights = panel[1] * (panel[0] @ np.exp(logs))
    late = opinions.linear(np.array([updated(one, logs) for one in panel[0]]), weights)
    assert updated(opinions.linear(*panel), logs) == pytest.approx(late)


def test_the_linear_and_the_median_pool_are_not_externally_bayesian():
    panel, logs = (np.array([[0.7, 0.2, 0.1], [0.3, 0.3, 0.4], [0.1, 0.6, 0.3]]), np.ones(3)), np.log([1, 4, 9])
    late = np.array([updated(one, logs) for one in panel[0]])
    for pool in (opinions.linear, opinions.median):
        assert np.abs(updated(pool(*panel), logs) - pool(late, panel[1])).max() > 0.01


@given(st.data(), panels(most=2))
def test_of_two_hypotheses_the_median_of_an_odd_number_is_externally_bayesian(data, panel):
    opinion = panel[0][: len(panel[0]) - 1 + len(panel[0]) % 2]
    logs, ones = data.draw(likelihoods(panel[0])), np.ones(len(opinion))
    late = opinions.median(np.array([updated(one, logs) for one in opinion]), ones)
    assert updated(opinions.median(opinion, ones), logs) == pytest.approx(late)


@given(panels(least=3))
def test_the_linear_pool_may_merge_hypotheses_before_or_after(panel):
    def merged(one):
        return np.concatenate([one[..., :1] + one[..., 1:2], one[..., 2:]], axis=-1)

    assert opinions.linear(merged(panel[0]), panel[1]) == pytest.approx(merged(opinions.linear(*panel)))


def test_the_logarithmic_pool_may_not():
    panel = np.array([[0.6, 0.2, 0.2], [0.1, 0.2, 0.7]]), np.ones(2)
    merged = np.array([[0.8, 0.2], [0.3, 0.7]])
    assert opinions.logarithmic(merged, panel[1])[0] - opinions.logarithmic(*panel)[:2].sum() > 0.01


@given(panels(most=2), st.floats(0.001, 0.999))
def test_one_voice_of_three_cannot_carry_the_median_beyond_the_others(panel, wild):
    assume(len(panel[0]) >= 3)
    opinion = np.vstack([panel[0][:2], [wild, 1 - wild]])
    low, high = sorted(opinion[:2, 0])
    assert low - 1e-9 <= opinions.median(opinion, np.ones(3))[0] <= high + 1e-9


@given(st.data(), panels())
def test_evidence_leaves_the_quarrel_about_odds_as_it_was(data, panel):
    assume(len(panel[0]) >= 2)
    logs = data.draw(likelihoods(panel[0]))

    def quarrel(one, other):
        return np.diff(np.log(one)) - np.diff(np.log(other))

    one, other = panel[0][:2]
    assert quarrel(updated(one, logs), updated(other, logs)) == pytest.approx(quarrel(one, other), abs=1e-9)


# ----------------------------------------------------------------------------------------------------- repairs


@given(statements(), REPAIRS)
def test_what_is_repaired_is_coherent(said, repair):
    found = opinions.coherent(*said, repair)
    assert found.sum() == pytest.approx(1)
    assert (found > 0).all()


@given(panels(), REPAIRS)
def test_what_is_coherent_is_not_moved(panel, repair):
    one = panel[0][0]
    sets = np.vstack([np.eye(len(one)), np.eye(len(one))[:-1] + np.eye(len(one))[1:]])
    sets = sets[sets.sum(axis=1) < len(one)]
    assert opinions.coherent(sets, sets @ one, repair) == pytest.approx(one, abs=1e-8)


@given(shapes.arrays(float, 4, elements=st.floats(0.02, 0.98)))
def test_repairs_of_single_hypotheses_are_known(stated):
    """In proportion they are divided by their sum; by least squares all are moved alike, which holds while none falls below nought."""
    assert opinions.coherent(np.eye(4), stated, "proportional") == pytest.approx(stated / stated.sum(), abs=1e-8)
    alike = stated + (1 - stated.sum()) / 4
    assume(alike.min() > 0.001)
    assert opinions.coherent(np.eye(4), stated, "least-squares") == pytest.approx(alike, abs=1e-7)


def divergence(repair, x, stated):
    if repair == "least-squares":
        return ((x - stated) ** 2).sum()
    with np.errstate(divide="ignore", invalid="ignore"):
        return (np.where(x > 0, x * np.log(x / stated), 0.0) - x + stated).sum()


@given(statements(), REPAIRS)
def test_what_is_repaired_scores_better_whichever_hypothesis_holds(said, repair):
    """The inequality of Pythagoras of Bregman projections: each outcome is nearer to what is repaired, by as much at least as that was moved (Predd and others, 2009)."""
    sets, stated = said
    repaired = sets @ opinions.coherent(sets, stated, repair)
    moved = divergence(repair, repaired, stated)
    for outcome in sets.T:
        assert divergence(repair, outcome, repaired) <= divergence(repair, outcome, stated) - moved + 1e-6


@given(st.data(), statements(), REPAIRS)
def test_a_repair_has_no_order_of_statements(data, said, repair):
    order = np.array(data.draw(st.permutations(range(len(said[1])))))
    assert opinions.coherent(said[0][order], said[1][order], repair) == pytest.approx(opinions.coherent(*said, repair), abs=1e-7)


def test_what_statements_leave_open_is_named():
    assert list(opinions.undecided(np.array([[1.0, 0, 0], [0, 1, 1]]))) == [False, True, True]
    assert list(opinions.undecided(np.array([[1.0, 0, 0], [0, 1, 0]]))) == [False, False, False]  # the third is the rest
    assert list(opinions.undecided(np.zeros((0, 2)))) == [True, True]


@given(panels())
def test_the_distance_is_how_far_two_differ_about_the_worst_set(panel):
    one, other = panel[0][0], panel[0][-1]
    worst = max(abs(sum(one[i] - other[i] for i in range(len(one)) if chosen >> i & 1)) for chosen in range(2 ** len(one)))
    assert opinions.distance(one, other) == pytest.approx(worst)
    assert math.isclose(opinions.distance(one, other), opinions.distance(other, one))
