from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from materiel import units
from materiel.units import UnitError, factor


@pytest.mark.parametrize(
    ("text", "to", "expected"),
    [
        ("Mround", "round", 1e6),
        ("kt", "kg", 1e6),
        ("t", "kg", 1e3),
        ("year", "day", 365.25),
        ("month", "day", 30.4375),
        ("quarter", "day", 91.3125),
        ("week", "day", 7.0),
        ("hour", "day", 1 / 24),
        ("kround/month", "round/day", 1000 / 30.4375),
        ("MWh", "kWh", 1000.0),
        ("GUSD", "USD", 1e9),
        ("percent", "", 0.01),
        ("", "1", 1.0),
        ("1", "", 1.0),
        ("kg*round/round", "kg", 1.0),
        ("1/year", "1/day", 1 / 365.25),
        ("rounds", "round", 1.0),
    ],
)
def test_units_convert(text, to, expected):
    assert factor(text, to) == pytest.approx(expected, rel=1e-15)


def test_kt_is_a_thousand_tonnes_and_no_knot():
    assert factor("kt", "t") == pytest.approx(1000.0)


@pytest.mark.parametrize(
    ("word", "near"), [("ton", "tonne"), ("knot", "kt"), ("tons", "tonne"), ("rouns", "round"), ("Mrouns", "Mround"), ("mround", "Mround")]
)
def test_unknown_words_are_refused_with_the_nearest(word, near):
    with pytest.raises(UnitError, match=f"unknown unit '{word}'") as error:
        factor(word, "round")
    assert error.value.nearest == near


@pytest.mark.parametrize(("word", "near"), [("M", "Mround"), ("k", "kround"), ("kilo", "kround"), ("million", "Mround"), ("thousand", "kround")])
def test_a_prefix_alone_is_no_unit_and_suggests_the_one_it_lacks(word, near):
    with pytest.raises(UnitError) as error:
        factor(word, "(round)/day")
    assert error.value.nearest == near


@pytest.mark.parametrize("word", ["m", "K", "degC", "metre", "gram", "mol", "c", "pi", "nan", "inf", "_", "__class__", "define"])
def test_what_is_not_defined_here_is_unknown(word):
    with pytest.raises(UnitError, match="unknown unit"):
        factor(word, "day")


@pytest.mark.parametrize(
    "text",
    [
        "round+day",
        "20 %",
        "€",
        "day^day",
        "1/0",
        "(",
        "2 round",
        "round" * 40,
        "kround^400*round/round^400",
        "1day",
        "day.round",
        "(round)round",
        "round2",
        "kkround",
    ],
)
def test_what_is_no_unit_is_refused(text):
    with pytest.raises(UnitError):
        factor(text, "round")


def test_counts_of_different_things_do_not_convert():
    for one in units.COUNTS:
        for other in units.COUNTS:
            if one != other:
                with pytest.raises(UnitError, match=f"unit '{one}' does not measure what '{other}' measures"):
                    factor(one, other)


def test_messages_name_units_without_needless_brackets():
    with pytest.raises(UnitError, match=r"^unit 't' does not measure what 'round/day' measures$"):
        factor("(t)", "(round)/day")
    assert units.plain("(kg)/(round/day)") == "kg/(round/day)"


def test_every_name_is_a_unit_of_its_own_right():
    for name in units.names():
        assert factor(f"k{name}", name) == pytest.approx(1000.0)


@given(st.text(alphabet="kMroundaytg /*^()0123456789.-_é", max_size=20))
def test_any_text_is_a_factor_or_a_unit_error(text):
    try:
        made = factor(text, "round")
    except UnitError:
        return
    assert 0 < made < float("inf")


@pytest.mark.parametrize(
    ("unit", "bare"),
    [
        ("kround/day", "round/day"), ("Mround/month", "round/day"), ("round", "round"), ("kt", "tonne"), ("t", "tonne"), ("kg", "kilogram"), ("MUSD/year", "dollar/day"),
        ("percent", "percent"), ("kWh", "kilowatt_hour"), ("week", "day"), ("round/(gun*week)", "round/(gun*day)"), ("", ""), ("1", "1"),
    ],
)  # fmt: skip
def test_a_bare_unit_has_no_prefixes_and_its_times_in_days(unit, bare):
    assert units.bare(unit) == bare


def test_what_is_no_unit_is_no_bare_one():
    with pytest.raises(units.UnitError, match="unknown unit 'kruond'"):
        units.bare("kruond/day")


@pytest.mark.parametrize(("text", "near"), [("million round", "Mround"), ("k round/day", "kround"), ("billion", ""), ("million/day", "")])
def test_a_prefix_that_stands_alone_is_told_with_its_unit(text, near):
    with pytest.raises(UnitError) as error:
        units.base(text)
    assert error.value.nearest == near


@pytest.mark.parametrize(
    ("text", "plain"),
    [("(round)/(rocket)", "round/rocket"), ("(round)/((rocket))", "round/rocket"), ("((kg))", "kg"), ("(round/day)", "round/day"), ("t/(round/day)", "t/(round/day)"), ("", "")],
)  # fmt: skip
def test_a_plain_unit_has_no_brackets_that_it_does_not_need(text, plain):
    assert units.plain(text) == plain
