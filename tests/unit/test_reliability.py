"""Stated probabilities against how often they came true: bins, the ranges that chance gives them, the picture."""

from __future__ import annotations

from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from materiel.analysis.reliability import bins
from materiel.report import reliability
from materiel.twins import TENTHS


def stated(rng, forecasts, outcomes=4, sharp=1.0):
    return rng.dirichlet(np.full(outcomes, sharp), forecasts)


def drawn(rng, probabilities):
    return np.array([rng.choice(len(row), p=row) for row in probabilities])


@given(st.integers(0, 2**32), st.integers(1, 40), st.integers(2, 5))
def test_every_stated_probability_is_in_one_bin(seed, forecasts, outcomes):
    rng = np.random.default_rng(seed)
    given_ = stated(rng, forecasts, outcomes)
    true = rng.integers(outcomes, size=forecasts)
    found = bins(given_, true, TENTHS, 1)
    assert sum(one.count for one in found) == given_.size
    assert sum(one.count * one.stated for one in found) == pytest.approx(forecasts)
    assert sum(one.count * one.held for one in found) == pytest.approx(forecasts)
    assert all(one.edges[0] <= one.stated <= one.edges[1] and one.range[0] <= one.range[1] for one in found)


def test_probabilities_that_are_right_lie_in_their_ranges_nine_times_in_ten():
    rng = np.random.default_rng(2)
    inside = []
    for seed in range(60):
        probabilities = stated(rng, 200)
        inside += [one.inside for one in bins(probabilities, drawn(rng, probabilities), TENTHS, seed) if one.count >= 50]
    assert np.mean(inside) == pytest.approx(0.92, abs=0.035)  # whole numbers: both ends belong to a range


def test_probabilities_that_are_too_sure_are_found_out():
    rng = np.random.default_rng(3)
    probabilities = stated(rng, 400)
    surer = probabilities**2 / (probabilities**2).sum(axis=1, keepdims=True)
    found = bins(surer, drawn(rng, probabilities), TENTHS, 1)
    assert [one.inside for one in (found[0], found[-2], found[-1])] == [False] * 3
    assert found[0].held > found[0].range[1]
    assert found[-1].held < found[-1].range[0]


def test_a_certainty_is_a_stated_probability():
    sure = bins(np.array([[1.0, 0.0]] * 3), np.array([0, 0, 1]), TENTHS, 1)
    assert [(one.count, one.stated, one.range) for one in sure] == [(3, 0.0, (0.0, 0.0)), (3, 1.0, (1.0, 1.0))]
    assert [one.held for one in sure] == pytest.approx([1 / 3, 2 / 3])


def test_the_picture_has_a_dot_for_every_bin():
    rng = np.random.default_rng(4)
    probabilities = stated(rng, 100)
    found = bins(probabilities, drawn(rng, probabilities), TENTHS, 1)
    svg = ElementTree.fromstring(reliability.chart(found, "how often"))  # noqa: S314 (we have just written it)
    dots = [one for one in svg.iter() if one.tag.endswith("circle")]
    assert len(dots) == len(found)
    for dot, one in zip(dots, found, strict=True):
        assert (float(dot.get("cx")) - reliability.LEFT) / (reliability.RIGHT - reliability.LEFT) == pytest.approx(one.stated, abs=1e-3)
        assert (reliability.BOTTOM - float(dot.get("cy"))) / (reliability.BOTTOM - reliability.TOP) == pytest.approx(one.held, abs=1e-3)
