"""Conversions against exact log-normals and against Monte Carlo; formulas that are read, and those that are refused."""

from __future__ import annotations

import datetime
import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from materiel.errors import CaseError
from materiel.evidence import checks, conversions
from materiel.evidence.conversions import PERCENTS, POINTS, value
from materiel.evidence.formula import MOST, parse
from materiel.evidence.grades import rule, rules
from materiel.evidence.ledger import Ledger
from materiel.evidence.records import Claim, Source
from materiel.quantities import Distribution, QuantityError, constant
from runs import read
from strategies import between, day

REACH = float(stats.norm.ppf(0.95))
SCORES = stats.norm.ppf(np.array(PERCENTS) / 100)
DATES = {"known": "2023-01-01", "published": "2023-01-01"}


def claim(given_value: Any = None, formula: str = "", credibility: int = 3, **terms: str) -> dict[str, Any]:
    """Return a claim as written: of a value, or worked out by a formula of other claims."""
    said = {"formula": formula, "terms": terms, "kind": "converted"} if formula else {"value": given_value, "kind": "reported"}
    return {"source": "paper", "statement": "So much", "credibility": credibility, **DATES} | said


def ledger(**claims: dict[str, Any]) -> Ledger:
    paper = Source.model_validate({"publisher": "Press", "title": "A paper", "published": "2023-01-01", "reliability": "B"})
    return Ledger.of({}, {"paper": paper}, {}, {name: Claim.model_validate(one) for name, one in claims.items()}, ())


def made(formula: str, *, share: bool = False, **values: Any) -> tuple[Distribution, str]:
    """Return what a formula makes of claims by the names that it has for them."""
    return value(ledger(result=claim(formula=formula, **{name: name for name in values}), **{name: claim(one) for name, one in values.items()}), rule(), "result", share=share)  # fmt: skip


def lognormal(middle: float, spread: float, unit: str = "") -> str:
    return f"{math.exp(middle - REACH * spread)!r} to {math.exp(middle + REACH * spread)!r} {unit}".strip()


middles, spreads = st.floats(-3.0, 3.0), st.floats(0.05, 1.0)


# ---------------------------------------------------------------------------- against what is exact


@pytest.mark.parametrize("formula", ["a * b", "a / b", "b * a / 2"])
@given(a=st.tuples(middles, spreads), b=st.tuples(middles, spreads))
def test_product_and_quotient_of_log_normals_are_log_normal(formula, a, b):
    """With 4096 points: within 0.06 standard deviations at the percentiles 1 and 99, 0.03 at the others, and within half a percent of probability anywhere."""
    found, unit = made(formula, a=lognormal(*a), b=lognormal(*b))
    middle = {"a * b": a[0] + b[0], "a / b": a[0] - b[0], "b * a / 2": a[0] + b[0] - math.log(2)}[formula]
    spread = math.hypot(a[1], b[1])
    error = np.abs((np.log(found.values) - middle) / spread - SCORES)
    assert unit == ""
    assert found.scale == "log"
    assert error[[0, -1]].max() < 0.06
    assert error[1:-1].max() < 0.03
    u = (np.arange(1000) + 0.5) / 1000
    assert np.abs(stats.norm.cdf((np.log(found.quantile(u)) - middle) / spread) - u).max() < 0.005


@pytest.mark.parametrize("count", [3, 6, 12])
def test_many_terms_are_drawn_apart(count):
    """Products of up to twelve claims are as wide as they should be: the points of no two terms go together."""
    names = [f"x{i}" for i in range(count)]
    found, _ = made("*".join(names), **{name: lognormal(0.0, 0.3) for name in names})
    assert np.log(found.values) / (0.3 * math.sqrt(count)) == pytest.approx(SCORES, abs=0.1)
    points = stats.norm.ppf((np.arange(1, POINTS + 1)[:, None] * np.array(conversions._STEPS)) % 1.0)
    together = np.corrcoef(points.T) - np.eye(len(conversions._STEPS))
    assert np.abs(together).max() < 0.015


@settings(max_examples=30)
@given(st.lists(st.tuples(middles, st.floats(0.05, 0.6)), min_size=2, max_size=4), st.sampled_from(["+", "-"]))
def test_a_sum_is_that_of_independent_draws(terms, sign):
    """Against Monte Carlo with 40000 draws: every percentile kept lies within 1.5 percent of probability."""
    names = "abcd"[: len(terms)]
    found, _ = made(f" {sign} ".join(names), **{name: lognormal(*term) for name, term in zip(names, terms, strict=True)})
    random = np.random.default_rng(1)
    drawn = [np.exp(middle + spread * random.standard_normal(40_000)) for middle, spread in terms]
    whole = np.sort(drawn[0] + (1 if sign == "+" else -1) * np.sum(drawn[1:], axis=0))
    assert np.searchsorted(whole, found.values) / len(whole) == pytest.approx(np.array(PERCENTS) / 100, abs=0.015)
    assert found.scale == ("log" if found.values[0] > 0 else "linear")


@given(middles, spreads, st.integers(1, 9))
def test_a_power_is_the_claim_times_itself(middle, spread, power):
    found, unit = made(f"x^{power}", x=lognormal(middle, spread, "round"))
    assert np.log(found.values) == pytest.approx(power * (middle + spread * SCORES), abs=0.06 * power * spread)
    assert found == made("*".join(["x"] * power), x=lognormal(middle, spread, "round"))[0]
    assert unit == ("round" if power == 1 else f"round ** {power}")


@pytest.mark.parametrize("name", rules())
@pytest.mark.parametrize("credibility", [1, 3, 6])
def test_a_bare_term_is_spread_by_its_own_grade(name, credibility):
    by = rule(name)
    found, _ = value(ledger(x=claim(8.0, credibility=credibility), y=claim(formula="x * 2", credibility=1, x="x")), by, "y")
    k = by.spread[credibility]  # type: ignore[index]
    assert (found.values[1], found.values[3], found.values[5]) == pytest.approx((16 / k, 16, 16 * k), rel=0.01)


def test_hedged_terms_lean_to_their_side():
    """At least a million tonnes, at fifty kilograms each, are at least twenty million rounds: one in twenty lies below."""
    at_least = claim("1 Mt") | {"hedge": "at least"}
    found, _ = value(ledger(t=at_least, m=claim({"p5": 49.99, "p95": 50.01, "unit": "kg/round"}), n=claim(formula="t / m", t="t", m="m")), rule(), "n")
    assert found.values[1] == pytest.approx(20e6, rel=0.005)


# ---------------------------------------------------------------------------- claims that stand twice


@pytest.mark.parametrize(("formula", "exact"), [("x / x", 1.0), ("x - x", 0.0), ("x * x / (x ^ 2)", 1.0), ("(x + x) / x", 2.0)])
def test_a_claim_that_stands_twice_has_one_value(formula, exact):
    found, unit = made(formula, x="2 to 9 round")
    assert found == constant(exact)
    assert unit == ("round" if formula == "x - x" else "")


def test_nested_conversions_share_what_they_rest_on():
    claims = {"a": claim(lognormal(0, 0.5)), "b": claim(lognormal(0, 0.1)), "c": claim(lognormal(0, 0.1))}
    nested = ledger(
        **claims, ab=claim(formula="a * b", a="a", b="b"), ac=claim(formula="x * y", x="a", y="c"), whole=claim(formula="ab + ac", ab="ab", ac="ac"),
        flat=claim(formula="a*b + a*c", a="a", b="b", c="c"), apart=claim(formula="a*b + a2*c", a="a", b="b", a2="a2", c="c"), a2=claims["a"],
    )  # fmt: skip
    assert value(nested, rule(), "whole") == value(nested, rule(), "flat")
    shared, apart = (np.log(value(nested, rule(), name)[0].values) for name in ("whole", "apart"))
    assert shared[5] - shared[1] > 1.3 * (apart[5] - apart[1])
    random = np.random.default_rng(1)
    a, b, c = (np.exp(spread * random.standard_normal(100_000)) for spread in (0.5, 0.1, 0.1))
    assert shared == pytest.approx(np.log(np.quantile(a * b + a * c, np.array(PERCENTS) / 100)), abs=0.03)


def test_a_conversion_of_a_conversion_is_worked_out_from_what_was_said():
    """Not from the percentiles that the inner one keeps."""
    both = ledger(x=claim("2 to 9 kt"), y=claim(formula="x * 3", x="x"), z=claim(formula="y / 3", y="y"), same=claim(formula="x", x="x"))
    assert value(both, rule(), "z")[0].values == pytest.approx(value(both, rule(), "same")[0].values, rel=1e-12)


def test_long_chains_and_doublings_are_worked_out_once_each():
    chain = {"x0": claim("2 to 9")} | {f"x{i}": claim(formula="a / 2 + b / 2", a=f"x{i - 1}", b=f"x{i - 1}") for i in range(1, 1100)}
    found, _ = value(ledger(**chain), rule(), "x1099")
    assert found.values == pytest.approx(value(ledger(**chain), rule(), "x1")[0].values)


def test_more_than_twelve_claims_are_too_many():
    names = [f"x{i}" for i in range(13)]
    with pytest.raises(QuantityError, match="conversion of 13 claims"):
        made("+".join(names), **dict.fromkeys(names, "1 to 2"))


# ---------------------------------------------------------------------------- units


def prior(formula: str, terms: dict[str, Any], number: str = "initial", **more: Any):
    """Return the prior of a number of a case of which a conversion is a claim."""
    claims = {name: claim(one) for name, one in terms.items()} | {"result": claim(formula=formula, **{name: name for name in terms}) | more}
    claims |= {name: one | {"known": day(-9), "published": day(-9)} for name, one in claims.items()}
    numbers = {"initial": between(2.0, 50.0, "Mround"), "unserviceable": between(0.1, 0.4)}
    numbers[number]["claims"] = ["result"]
    case = read({
        "format": 1, "title": "A store", "start": day(0), "end": day(60), "items": {"shell": {"unit": "round"}},
        "actors": {"north": {"stockpiles": {"shell": {"item": "shell"} | numbers}}},
        "sources": {"paper": {"publisher": "Press", "title": "A paper", "published": day(-99), "reliability": "B"}}, "claims": claims,
    })  # fmt: skip
    found = case.components["north.stockpiles.shell"].numbers[number]
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("formula", "terms"),
    [
        ("stock / mass", {"stock": "1 Mt", "mass": "50 kg/round"}), ("stock / mass", {"stock": "1000 kt", "mass": "0.05 t/round"}),
        ("a + b", {"a": "19.5 Mround", "b": "500 kround"}), ("(a + b) / m", {"a": "999 kt", "b": "1000 t", "m": "50 kg/round"}),
        ("rate * time", {"rate": "10 Mround/year", "time": "24 month"}), ("boxes * each", {"boxes": "4 container", "each": "5 Mround/container"}),
        ("share * all", {"share": "20 percent", "all": "100 Mround"}), ("2 * (a - b) / 1e0", {"a": "15 Mround", "b": "5 Mround"}), ("-a * -1", {"a": "20 Mround"}),
        ("a^2 / a", {"a": "20 Mround"}), ("a**2 / b", {"a": "20 Mround", "b": "20 Mround"}),
    ],
)  # fmt: skip
def test_units_are_worked_out_and_brought_to_the_number(formula, terms):
    sharp = {name: dict(zip(("p5", "p95", "unit"), (0.9999 * float(one.split()[0]), 1.0001 * float(one.split()[0]), one.split()[1]), strict=True)) for name, one in terms.items()}  # fmt: skip
    part = prior(formula, sharp).parts[1]
    assert part.distribution.values[3] == pytest.approx(20e6, rel=1e-3)
    assert part.claims == ("result",)


@pytest.mark.parametrize(
    ("formula", "terms", "told"),
    [
        ("a + b", {"a": "1 kt", "b": "1 round"}, "does not work out"), ("a + 1", {"a": "1 kt"}, "does not work out"),
        ("a / b", {"a": "1 kt", "b": "1 kg"}, "has no unit"), ("a / b", {"a": "1 kt", "b": "0 kg/round"}, "divides by nought"),
        ("1 / 0 * a", {"a": "1 Mround"}, "does not work out"), ("a / (b - b)", {"a": "1 Mround", "b": "1 kt"}, "divides by nought"),
        ("a * b", {"a": "1 Mround", "b": "1 kt"}, "does not measure"), ("a - b", {"a": "1 to 9 Mround", "b": "1 to 9 Mround"}, "can fall below 0"),
        ("((((9^9)^9)^9)^9) * a", {"a": "1 Mround"}, "overflows"), ("a * 1e99 * 1e99 * 1e99 * 1e99", {"a": "1 Mround"}, "overflows"), ("2", {}, "names no claim"),
        ("a * mass", {"a": "1 Mround"}, "unknown name 'mass'"),
    ],
)  # fmt: skip
def test_what_does_not_work_out_is_told_where_it_stands(formula, terms, told):
    with pytest.raises(CaseError) as caught:
        prior(formula, terms)
    assert any(told in str(problem) for problem in caught.value.problems), caught.value


def test_a_value_beside_a_formula_is_what_the_source_made_of_it_and_is_not_used():
    plain, beside = (prior("s / m", {"s": "1 Mt", "m": "50 kg/round"}, **more) for more in ({}, {"value": "90 Mround"}))
    assert plain.parts == beside.parts
    with pytest.raises(CaseError, match="does not measure"):
        prior("s / m", {"s": "1 Mt", "m": "50 kg/round"}, value="90 kt")


@pytest.mark.parametrize(
    ("formula", "terms"), [("bad / all", {"bad": "1 to 3 Mround", "all": "9 to 10 Mround"}), ("a / (a + b)", {"a": "1 to 9 kt", "b": "1 to 9 kt"})]
)
def test_a_share_that_is_worked_out_stays_a_share(formula, terms):
    part = prior(formula, terms, "unserviceable").parts[1]
    assert part.distribution.scale == "logit"
    assert part.distribution.bounds() == (0.0, 1.0)
    drawn = part.distribution.quantile(np.linspace(0.0005, 0.9995, 999))
    assert 0 < drawn.min() < drawn.max() < 1


def test_a_share_above_one_is_refused():
    with pytest.raises(CaseError, match="can exceed 1"):
        prior("bad / all", {"bad": "1 to 30 Mround", "all": "9 to 10 Mround"}, "unserviceable")


@pytest.mark.parametrize(("of", "told"), [("later", "known only on"), ("event", "has no value"), ("result", "itself"), ("nobody", "unknown claim")])
def test_terms_are_claims_with_a_value_that_were_known_by_then(of, told):
    dates = {"known": day(-9), "published": day(-9)}
    claims = {
        "later": claim("1 Mround") | {"known": day(3), "published": day(3)}, "event": {key: one for key, one in (claim() | dates).items() if key != "value"},
        "result": claim(formula="x", x=of) | dates,
    }  # fmt: skip
    with pytest.raises(CaseError, match=told):
        read({
            "format": 1, "title": "Nothing", "start": day(0), "end": day(60), "items": {"shell": {"unit": "round"}}, "claims": claims,
            "sources": {"paper": {"publisher": "Press", "title": "A paper", "published": day(-99), "reliability": "B"}},
        })  # fmt: skip


# ---------------------------------------------------------------------------- formulas

Made = tuple[str, Callable[[Mapping[str, float]], float]]


def joined(sides: tuple[Made, Made], sign: str) -> Made:
    (left, a), (right, b) = sides
    work: dict[str, Callable[[float, float], float]] = {"+": lambda x, y: x + y, "-": lambda x, y: x - y, "*": lambda x, y: x * y, "/": lambda x, y: x / y}
    return f"({left}) {sign} ({right})", lambda values: work[sign](a(values), b(values))


def raised(side: Made, power: int) -> Made:
    text, one = side
    return f"({text})^{power}", lambda values: one(values) ** power


def negated(side: Made) -> Made:
    text, one = side
    return f"-({text})", lambda values: -one(values)


leaves: st.SearchStrategy[Made] = st.one_of(
    st.sampled_from("abc").map(lambda name: (name, lambda values: values[name])),
    st.sampled_from(["2", "0.5", "1e3", ".25"]).map(lambda text: (text, lambda _values: float(text))),
)
expressions = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.builds(joined, st.tuples(inner, inner), st.sampled_from("+-*/")), st.builds(raised, inner, st.integers(1, 3)), st.builds(negated, inner)
    ),
    max_leaves=6,
)


@given(expressions, st.fixed_dictionaries({name: st.floats(0.5, 2.0) for name in "abc"}))
def test_a_formula_means_what_it_says(made_of, values):
    text, meaning = made_of
    try:
        wanted = meaning(values)
    except ZeroDivisionError:
        return
    found = parse(text).evaluate(values)
    assert found == pytest.approx(wanted, rel=1e-9, abs=1e-9 * max(1.0, abs(wanted)))


@pytest.mark.parametrize(
    ("text", "exact"), [("a + b * c", 7), ("a - b - c", -4), ("a / b / c", 1 / 6), ("2 * a ^ 3", 2), ("-b^2", -4), (" a ", 1), ("8 / b^2", 2)]
)
def test_signs_bind_as_they_do_on_paper(text, exact):
    assert parse(text).evaluate({"a": 1.0, "b": 2.0, "c": 3.0}) == pytest.approx(exact)


def test_names_are_those_of_the_formula_in_its_order():
    assert parse("b * a + b / 칸").names == ("b", "a", "칸")


REFUSED = [
    "", " ", "a +", "a b", "a(b)", "abs(a)", "a.b", "a[0]", "'a'", '"a"', "f'{a}'", "a, b", "[a]", "{a}", "a if a else b", "a < b", "a and b", "not a", "~a", "a % b",
    "a // b", "a @ b", "a << 2", "a | b", "lambda: a", "a := b", "a = b", "a; b", "a\nb", "import os", "__import__('os')", "().__class__", "(x for x in a)", "*a", "...",
    "None", "True * a", "1j * a", "a^b", "a^0", "a^10", "a^-1", "a^0.5", "a^2.0", "a^2^9", "2^(9^9)", "1e999", "1e100", "a\x00", "a # b", "a \\\n b", "await a", "yield a",
    "(" * 90 + "a" + ")" * 90 + ")", "[" * 199, "a" * (MOST + 1), "1" * 150,
]  # fmt: skip


@pytest.mark.parametrize("text", REFUSED)
def test_what_is_no_formula_is_refused(text):
    with pytest.raises(QuantityError):
        parse(text)


def test_a_name_that_looks_like_an_order_is_a_name():
    """It is looked up among the terms, and never anywhere else."""
    assert parse("__import__").names == ("__import__",)
    with pytest.raises(KeyError):
        parse("__import__").evaluate({})


@settings(max_examples=300)
@given(st.one_of(st.text(max_size=30), st.text("ab()+-*/^ .0129e_", max_size=60)))
def test_any_text_is_read_or_refused_and_never_run(text):
    try:
        found = parse(text)
    except QuantityError:
        return
    assert set(text) & set("[]{}'\"<>=!@%&|~,;:#\\") == set()
    assert all(name.isidentifier() for name in found.names)


@pytest.mark.parametrize("text", ["(" * 60 + "a" + ")" * 60, "-" * 199 + "a", "+".join(["a"] * 99), "(" * 40 + "a" + ")^9" * 40])
def test_deep_but_lawful_formulas_are_read(text):
    assert parse(text).names == ("a",)


@pytest.mark.parametrize("levels", [conversions.LEVELS, conversions.LEVELS + 1, 3000])
def test_conversions_on_conversions_have_a_limit(levels):
    chain = {f"c{i}": claim(formula="a + a / 2", a=f"c{i - 1}") for i in range(1, levels + 1)}
    whole = ledger(**chain, c0=claim("2 to 4 Mround"))
    found = [one for one in checks.problems(whole, datetime.date(2030, 1, 1)) if "levels" in one.found]
    assert [one.at for one in found] == ([] if levels == conversions.LEVELS else [("claims", f"c{conversions.LEVELS + 1}", "terms")])


def test_what_was_worked_out_before_changes_nothing():
    """Each claim alone, and all on one ledger in either order, with other conversions of the same claims between."""
    claims = {"x": claim("2 to 4"), "y": claim("3 to 9"), "a": claim(formula="x * y", x="x", y="y"), "b": claim(formula="y / a + x", y="y", a="a", x="x")}
    claims["c"] = claim(formula="a * 2 - x", a="a", x="x")
    alone = {name: value(ledger(**claims), rule(), name) for name in claims}
    for order in (list(claims), list(reversed(claims))):
        whole = ledger(**claims)
        assert {name: value(whole, rule(), name) for name in order} == alone


def test_a_percentage_stays_a_share_however_doubtful():
    doubtful = ledger(
        whole=claim("10 Mround", credibility=1), part=claim("90 percent", credibility=5), made=claim(formula="whole * part", whole="whole", part="part")
    )
    found, unit = value(doubtful, rule(), "made")
    alone, _ = value(doubtful, rule(), "whole")
    assert unit == "round"
    assert found.values[-1] < 1.2 * 10e6
    assert found.quantile(np.array([0.5]))[0] == pytest.approx(0.9 * alone.values[0] * 1e6, rel=0.02)
