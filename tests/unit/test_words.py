from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from materiel.analysis import words
from materiel.evidence import vocabulary


@pytest.mark.parametrize(
    ("probability", "draws", "scale", "phrase"),
    [
        (0.86, 2000, "icd-203", "Very likely (86 %)"),
        (0.86, 2000, "phia", "Highly likely (86 %)"),
        (0.86, 2000, "kent-1964", "Probable (86 %)"),
        (0.0, 2000, "icd-203", "Almost no chance (below 1 %)"),
        (0.86, 99, "phia", "Too few runs to say how likely (85 of 99) it is"),
    ],
)
def test_a_probability_is_said_in_the_words_of_its_scale_with_its_number(probability, draws, scale, phrase):
    assert words.said(probability, draws, vocabulary.load(scale)) == phrase


def test_words_are_those_of_icd_203_where_no_scale_is_given():
    assert words.said(0.86, 2000) == words.said(0.86, 2000, vocabulary.load("icd-203"))
    assert words.legend() == words.legend(vocabulary.load("icd-203"))


def test_the_legend_is_made_from_the_scale():
    assert words.legend() == (
        "Words of probability follow ICD 203: almost no chance to 5 %, very unlikely to 20 %, unlikely to 45 %, roughly even chance to 55 %, "
        "likely to 80 %, very likely to 95 %, almost certain above."
    )
    assert words.legend(vocabulary.load("phia")) == (
        "Words of probability follow the PHIA probability yardstick: remote chance 0 to 5 %, highly unlikely 10 to 20 %, unlikely 25 to 35 %, "
        "realistic possibility 40 to 50 %, likely 55 to 75 %, highly likely 80 to 90 %, almost certain 95 to 100 %; between two bands, the word of the nearer."
    )
    assert "impossible" not in words.legend(vocabulary.load("kent-1964"))


def test_words_that_are_written_are_never_of_confidence():
    for name in vocabulary.names():
        assert not any("confiden" in form for term in vocabulary.load(name).terms for form in term.words)


@given(st.floats(0.0, 1.0), st.integers(1, 100_000))
def test_percent_is_never_nought_nor_a_hundred(probability, draws):
    said = words.percent(probability, draws)
    number = int(said.removeprefix("below ").removeprefix("above ").removesuffix(" %"))
    assert 1 <= number <= 99


@pytest.mark.parametrize(
    ("probability", "draws", "said"),
    [
        (0.0, 2000, "below 1 %"),
        (1.0, 2000, "above 99 %"),
        (2 / 2000, 2000, "below 1 %"),
        (0.0049, 2000, "below 1 %"),
        (0.0051, 2000, "1 %"),
        (0.014, 2000, "1 %"),
        (0.994, 2000, "99 %"),
        (0.9949, 2000, "99 %"),
        (0.9951, 2000, "above 99 %"),
        (0.996, 2000, "above 99 %"),
        (0.634, 2000, "63 %"),
        (0.5, 4, "below 75 %"),
        (0.004, 200, "below 2 %"),
        (0.004, 100_000, "below 1 %"),
        (0.996, 100_000, "above 99 %"),
        (0.02, 100, "below 3 %"),
        (0.98, 100, "above 97 %"),
        (0.10, 100, "10 %"),
    ],
)
def test_percent_is_no_finer_than_the_draws_can_tell(probability, draws, said):
    assert words.percent(probability, draws) == said


@pytest.mark.parametrize(
    ("value", "low", "high", "shown"),
    [
        (1234567.0, 1000000.0, 2000000.0, 1200000.0),
        (1234567.0, 1234560.0, 1234570.0, 1230000.0),
        (0.0, -5.0, 5.0, 0.0),
        (0.01, 0.0, 100.0, 0.0),
        (43.7, 10.0, 90.0, 44.0),
        (7.0, 7.0, 7.0, 7.0),
    ],
)
def test_values_are_rounded_to_what_their_interval_supports(value, low, high, shown):
    assert words.rounded(value, low, high) == shown


@given(st.floats(1e-3, 1e12), st.floats(1.01, 50.0))
def test_rounding_moves_a_value_by_little_against_its_interval(value, spread):
    low, high = value / spread, value * spread
    assert abs(words.rounded(value, low, high) - value) <= max(0.05 * (high - low), 0.05 * value)


@pytest.mark.parametrize(
    ("value", "low", "high", "unit", "text"),
    [
        (2.4e6, 1e6, 5e6, "round", "2.4 million rounds"),
        (2.4e9, 1e9, 5e9, "USD", "2.4 billion USD"),
        (24_000.0, 10_000.0, 50_000.0, "t", "24,000 t"),
        (240.0, 100.0, 500.0, "round/day", "240 rounds/day"),
        (12.0, 4.0, 20.0, "percent", "12 %"),
        (3.0, 1.0, 5.0, "body", "3 bodies"),
        (0.5, 0.1, 0.9, "1", "0.5"),
        (999_999.999, 999_999.999, 999_999.999, "round", "1 million rounds"),
        (999_999_999.9, 999_999_999.9, 999_999_999.9, "1", "1 billion"),
        (999_999.9, 1e5, 5e6, "1", "1 million"),
        (999_700.0, 9e5, 3e7, "round", "1 million rounds"),
    ],
)
def test_numbers_are_written_as_people_write_them(value, low, high, unit, text):
    assert words.number(value, low, high, unit) == text


@pytest.mark.parametrize(
    ("unit", "size", "said"),
    [
        ("kg", 9999.0, (1.0, "kg")),
        ("kg", 1e4, (1e-3, "t")),
        ("kg", 9.9e6, (1e-3, "t")),
        ("kg", 1e7, (1e-6, "kt")),
        ("kg", -2e4, (1e-3, "t")),
        ("kg/day", 2e4, (1e-3, "t/day")),
        ("kg/round", 45.0, (1.0, "kg/round")),
        ("round/kg", 1e9, (1.0, "round/kg")),
        ("day", 999.0, (1.0, "day")),
        ("day", 1461.0, (1 / 365.25, "year")),
        ("round", 1e9, (1.0, "round")),
        ("", 1e9, (1.0, "")),
        ("1", 1e9, (1.0, "1")),
    ],
)
def test_masses_and_times_are_given_in_the_unit_in_which_people_say_them(unit, size, said):
    assert words.handy(unit, size) == said


@given(st.floats(0.0, 1.0), st.floats(0.0, 1.0), st.integers(1, 100_000))
def test_a_greater_probability_is_never_said_to_be_less(one, other, draws):
    def place(probability: float) -> int:
        said = words.percent(probability, draws)
        number = int(said.split()[-2])
        return -number if said.startswith("below") else 100 + number if said.startswith("above") else number

    low, high = sorted((one, other))
    assert place(low) <= place(high)
