"""Our units against Pint: the same words, dimensions and factors, whatever is multiplied and divided."""

from __future__ import annotations

from typing import Any

import pint
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from materiel import units

PREFIXES = ("", "k", "M", "G", "kilo", "mega")
MEASURES = (
    "day = [time] = d", "hour = day / 24 = h", "week = 7 day", "year = 365.25 day", "month = year / 12", "quarter = year / 4", "kilogram = [mass] = kg",
    "tonne = 1000 kilogram = t", "megawatt_hour = [energy] = MWh", "kilowatt_hour = megawatt_hour / 1000 = kWh", "dollar = [money] = USD", "percent = 0.01",
    "k- = 1e3", "M- = 1e6", "G- = 1e9", "kilo- = 1e3", "mega- = 1e6",
)  # fmt: skip


def defined() -> Any:
    made = pint.UnitRegistry(None, cache_folder=None)
    for line in (*MEASURES, *(f"{name} = [{name}]" for name in units.COUNTS)):
        made.define(line)
    return made


@pytest.fixture(scope="module")
def registry() -> Any:
    return defined()


@pytest.fixture(scope="module")
def untouched() -> Any:
    return defined()


def joined(parts: list[tuple[str, str]]) -> str:
    return "".join(f"{sign}{part}" for sign, part in parts)[1:].strip("*/ ")


words = (
    st.tuples(st.sampled_from(PREFIXES), st.sampled_from(units.names()), st.sampled_from(("", "", "s")))
    .map("".join)
    .filter(lambda word: word not in ("ds", "hs", "ts"))
)
powers = st.tuples(words, st.sampled_from(("", "", "^2", "**3", " ** 0.5"))).map("".join)
expressions = st.recursive(
    powers | st.just("1"),
    lambda inner: st.lists(st.tuples(st.sampled_from("*/ "), inner), min_size=1, max_size=3).map(lambda parts: f"({joined(parts)})"),
    max_leaves=5,
)  # fmt: skip


@given(expressions, expressions)
def test_factors_and_dimensions_are_those_of_pint(registry: Any, text: str, other: str) -> None:
    try:
        ours = units.dimension(text)
    except units.UnitError:
        assume(False)
    theirs = 1.0 * registry.parse_units(text)
    assert dict(ours) == {str(name): float(exponent) for name, exponent in theirs.dimensionality.items()}
    for to in (other, units.shown(units.base(text)), text):
        try:
            factor = units.factor(text, to)
        except units.UnitError:
            assert not theirs.is_compatible_with(registry.parse_units(to)) or not 1e-300 < abs(theirs.m_as(to)) < 1e300
            continue
        assert factor == pytest.approx(theirs.m_as(to or "dimensionless"), rel=1e-14)


@given(st.text(alphabet="kMGdhtsroundaywekmthqrUSDgWp_", min_size=1, max_size=9) | words)
def test_a_word_is_a_unit_here_where_it_is_one_there(untouched: Any, word: str) -> None:
    """With a registry that has read nothing yet: one that has read `kround` takes `kkround` for a unit."""
    try:
        here = units.factor(word, word) == 1.0
    except units.UnitError:
        here = False
    assert here == (bool(untouched.parse_unit_name(word)) and word not in PREFIXES)
