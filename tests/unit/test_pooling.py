from __future__ import annotations

import datetime
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from materiel.case.loading import load
from materiel.engine.draws import sample
from materiel.evidence.grades import PLAIN
from materiel.evidence.pooling import Part, Prior, pool
from materiel.quantities import constant, read

CASE = """
format: 1
title: A store with claims
start: 2023-01-01
end: 2023-12-31
as_of: {as_of}
items: {{shell: {{unit: round}}}}
actors:
  north:
    stockpiles:
      shell: {{item: shell, initial: {{base: 4 to 20 Mround, because: two estimates, claims: [early, late]}}}}
sources:
  ministry: {{publisher: Ministry, title: Reports, published: 2022-12-01, reliability: B}}
claims:
  early: {{source: ministry, statement: Six million, known: 2022-12-01, published: 2022-12-01, kind: reported, credibility: 3, value: 6 Mround}}
  late: {{source: ministry, statement: Nine million, known: 2023-06-01, published: 2023-05-01, kind: reported, credibility: 1, value: 8 to 10 Mround}}
"""


def prior(tmp_path: Path, as_of: str) -> Prior:
    path = tmp_path / "case.yaml"
    path.write_text(CASE.format(as_of=as_of))
    found = load(path).components["north.stockpiles.shell"].numbers["initial"]
    assert found is not None
    return found


def uniform(low: float, high: float):
    return read({"dist": "uniform", "low": low, "high": high})[0]


def test_weights_are_strengths_over_their_sum():
    parts = pool(uniform(0, 1), [("a", 1.0, uniform(1, 2)), ("b", 2.0, uniform(2, 3))])
    assert [(part.claim, part.weight) for part in parts] == [("", 0.25), ("a", 0.25), ("b", 0.5)]


def test_more_claims_take_more_weight_from_the_base():
    shares = [pool(constant(0.0), [(str(i), 1.0, constant(1.0)) for i in range(n)])[0].weight for n in range(5)]
    assert shares == pytest.approx([1, 1 / 2, 1 / 3, 1 / 4, 1 / 5])


def test_without_claims_the_base_is_all():
    (part,) = pool(uniform(0, 1), [])
    assert (part.claim, part.weight) == ("", 1.0)


@given(st.lists(st.tuples(st.floats(0.1, 3.0), st.floats(-5.0, 5.0), st.floats(0.1, 5.0)), min_size=1, max_size=4))
def test_moments_of_a_pool_are_those_of_the_mixture(voices):
    parts = pool(uniform(0.0, 1.0), [(str(i), w, uniform(low, low + width)) for i, (w, low, width) in enumerate(voices)])
    mixed = Prior("x", "x", "1", "base", "", parts)
    u = (np.arange(4000) + 0.5) / 4000
    choice, value = (grid.ravel() for grid in np.meshgrid((np.arange(400) + 0.5) / 400, u[::10]))
    drawn = mixed.sample(choice, value)
    ends = [(0.0, 1.0)] + [(low, low + width) for _, low, width in voices]
    weights = np.array([part.weight for part in parts])
    means = np.array([(a + b) / 2 for a, b in ends])
    squares = np.array([(b - a) ** 2 / 12 + ((a + b) / 2) ** 2 for a, b in ends])
    mean, variance = weights @ means, weights @ squares - (weights @ means) ** 2
    assert drawn.mean() == pytest.approx(mean, abs=0.05)
    assert drawn.var() == pytest.approx(variance, rel=0.05, abs=0.05)


def test_draws_of_a_pool_have_the_mean_of_the_mixture():
    mixed = Prior("x", "x", "1", "base", "", (Part(0.25, uniform(0, 1)), Part(0.75, uniform(10, 12), "a")))
    drawn = sample(mixed, 1, 0, 100_000)
    assert drawn.mean() == pytest.approx(0.25 * 0.5 + 0.75 * 11, abs=0.05)
    assert (drawn > 5).mean() == pytest.approx(0.75, abs=0.005)


def test_a_stretch_of_draws_is_part_of_the_whole():
    mixed = Prior("x", "x", "1", "base", "", (Part(0.25, uniform(0, 1)), Part(0.75, uniform(10, 12), "a")))
    assert np.array_equal(sample(mixed, 1, 37, 50), sample(mixed, 1, 0, 100)[37:87])


def test_a_single_voice_is_monotone_in_its_uniform():
    alone = Prior("x", "x", "1", "base", "", pool(read("2 to 8")[0], []))
    u = np.linspace(0, 1, 1001)[1:-1]
    assert np.all(np.diff(alone.sample(np.zeros(999), u)) > 0)


def test_claims_known_by_the_day_take_weight_by_their_grades(tmp_path):
    weights = {part.claim: part.weight for part in prior(tmp_path, "2023-12-31").parts}
    early, late = PLAIN.strength("B", 3), PLAIN.strength("B", 1)
    whole = 1.0 + early + late
    assert weights == pytest.approx({"": 1 / whole, "early": early / whole, "late": late / whole})


@pytest.mark.parametrize(
    ("as_of", "voices"), [("2022-11-30", [""]), ("2022-12-01", ["", "early"]), ("2023-05-31", ["", "early"]), ("2023-06-01", ["", "early", "late"])]
)
def test_claims_known_later_are_hidden(tmp_path, as_of, voices):
    found = prior(tmp_path, as_of)
    assert [part.claim for part in found.parts] == voices
    assert sum(part.weight for part in found.parts) == pytest.approx(1.0)


def test_the_day_given_to_the_loader_goes_before_the_cases_own(tmp_path):
    path = tmp_path / "case.yaml"
    path.write_text(CASE.format(as_of="2023-12-31"))
    case = load(path, as_of=datetime.date(2022, 12, 31))
    assert [part.claim for part in case.components["north.stockpiles.shell"].numbers["initial"].parts] == ["", "early"]


def test_a_bare_value_is_spread_by_its_credibility_and_a_range_is_kept(tmp_path):
    _, early, late = prior(tmp_path, "2023-12-31").parts
    spread = PLAIN.spread[3]
    assert early.distribution.values == pytest.approx((6e6 / spread, 6e6 * spread))
    assert late.distribution.values == pytest.approx((8e6, 10e6))


@given(st.floats(0.01, 0.99), st.sampled_from([1, 2, 3, 4, 5, 6]))
def test_a_share_is_spread_in_odds_and_stays_a_share(value, credibility):
    made = PLAIN.widen(constant(value), credibility, share=True)
    low, high = made.values
    assert 0 < low < value < high < 1
    k = PLAIN.spread[credibility]
    assert (high / (1 - high)) / (value / (1 - value)) == pytest.approx(k, rel=1e-9)


def test_better_grades_never_count_less():
    for letters in ("ABCDE",):
        strengths = [PLAIN.reliability[letter] for letter in letters]
        assert strengths == sorted(strengths, reverse=True)
    assert [PLAIN.credibility[i] for i in range(1, 6)] == sorted((PLAIN.credibility[i] for i in range(1, 6)), reverse=True)
    assert [PLAIN.spread[i] for i in range(1, 6)] == sorted(PLAIN.spread[i] for i in range(1, 6))
    assert PLAIN.strength("F", 6) < PLAIN.strength("C", 3)
