"""Pools against closed forms and against scipy: what grades, hedges, origins and several claims make of a base."""

from __future__ import annotations

import datetime
import math
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import stats

from materiel.engine.draws import sample
from materiel.evidence.grades import Grade, Rule, rule, rules
from materiel.evidence.pooling import Part, Pool, Prior, Statement, in_order
from materiel.quantities import Distribution, constant, read

PLAIN, ERRORS = rule("plain"), rule("measurement-error")
RULES = [rule(name) for name in rules()]
START = datetime.date(2023, 1, 1)
REACH = stats.norm.ppf(0.95)
DRAWS = 20_000

shipped = st.sampled_from(RULES)
grades = st.builds(Grade, st.sampled_from("ABCDEF"), st.sampled_from([1, 2, 3, 4, 5, 6]))


def uniform(low: float, high: float) -> Distribution:
    return read({"dist": "uniform", "low": low, "high": high})[0]


def between(low: float, high: float, *, share: bool = False) -> Distribution:
    return read(f"{low!r} to {high!r}", share=share)[0]


def said(claim: str, value: Distribution | float, origin: str = "", grade: Grade | None = None, day: int = 0, **more: Any) -> Statement:
    """Return what a claim says, an origin of its own unless one is named, fairly reliable and possibly true unless it has a grade."""
    value = value if isinstance(value, Distribution) else constant(value)
    return Statement(claim, origin or f"origin of {claim}", value, grade or Grade("C", 3), START + datetime.timedelta(days=day), **more)


def pooled(base: Distribution | Pool, *statements: Statement, by: Rule = PLAIN, share: bool = False) -> tuple[Part, ...]:
    return Pool(base, statements, by, share=share).parts()


def drawn(parts: tuple[Part, ...], count: int = DRAWS) -> npt.NDArray[np.float64]:
    return sample(Prior("x", "x", "1", "base", "", parts), 1, 0, count)


@st.composite
def distributions(draw: st.DrawFn, kinds: tuple[str, ...] = ("log", "linear", "logit", "constant")) -> tuple[Distribution, Any]:
    """What a claim may say as a range, and the same in scipy."""
    kind, middle, spread = draw(st.sampled_from(kinds)), draw(st.floats(-2.0, 2.0)), draw(st.floats(0.05, 0.4))
    if kind == "constant":
        return constant(middle), middle
    low, high = middle - REACH * spread, middle + REACH * spread
    normal = stats.norm(middle, spread)
    if kind == "linear":
        return Distribution("linear", (0.05, 0.95), (low, high)), normal
    if kind == "log":
        return between(math.exp(low), math.exp(high)), stats.lognorm(spread, scale=math.exp(middle))
    return between(1 / (1 + math.exp(-low)), 1 / (1 + math.exp(-high)), share=True), _Logit(normal)


class _Logit:
    """A share whose log-odds are normal, of which scipy has no name."""

    def __init__(self, normal: Any) -> None:
        self.normal = normal

    def cdf(self, x: float) -> float:
        return float(self.normal.cdf(math.log(x / (1 - x)))) if 0 < x < 1 else float(x >= 1)


def below(one: Any, x: float) -> float:
    """Return the chance that what scipy describes lies at or below a point."""
    return float(one <= x) if isinstance(one, float) else float(one.cdf(x))


def moments_of(one: Any) -> list[float]:
    """Return the first four moments of a normal or a log-normal of scipy, whose own lose digits near nought."""
    if one.dist.name == "lognorm":
        return [one.kwds["scale"] ** n * math.exp((n * one.args[0]) ** 2 / 2) for n in (1, 2, 3, 4)]
    m, v = one.args[0], one.args[1] ** 2
    return [m, m**2 + v, m**3 + 3 * m * v, m**4 + 6 * m**2 * v + 3 * v**2]


# ---------------------------------------------------------------------------- weights


def test_weights_are_strengths_over_their_sum():
    parts = pooled(uniform(0, 1), said("a", uniform(1, 2)), said("b", uniform(2, 3), grade=Grade("D", 1)), said("c", uniform(2, 3), grade=Grade("A", 1)))
    assert [(part.claims, part.origins, part.weight) for part in parts] == [
        ((), (), 1 / 6), (("a",), ("origin of a",), 1 / 6), (("b",), ("origin of b",), 1 / 6), (("c",), ("origin of c",), 3 / 6),
    ]  # fmt: skip


def test_without_claims_the_base_is_all():
    assert pooled(uniform(0, 1)) == (Part(1.0, uniform(0, 1)),)


@settings(max_examples=50)
@given(shipped, st.lists(st.tuples(grades, st.sampled_from(["", "mnd", "nis"]), distributions()), max_size=6), st.booleans(), st.booleans())
def test_weights_add_up_to_one_and_the_base_keeps_its_strength(by, claims, nested, share):
    statements = [said(str(i), value, origin, grade, day=i) for i, (grade, origin, (value, _)) in enumerate(claims)]
    base: Distribution | Pool = Pool(between(1, 9), tuple(statements[::2]), by, share) if nested else between(1, 9)
    heard = statements[1::2] if nested else statements
    parts = pooled(base, *heard, by=by, share=share)
    assert math.fsum(part.weight for part in parts) == pytest.approx(1.0, abs=1e-15)
    assert all(part.weight > 0 for part in parts)
    if not nested:
        firsts = {one.origin: one.grade for one in reversed(heard)}
        strength = sum(by.reliability[grade.reliability] * by.credibility[grade.credibility] for grade in firsts.values())
        assert parts[0].weight == pytest.approx(1 / (1 + strength), rel=1e-12)
        assert parts[0].claims == ()


@settings(max_examples=50)
@given(shipped, st.lists(st.tuples(grades, distributions()), min_size=2, max_size=5), st.randoms())
def test_the_order_in_which_claims_are_named_changes_nothing(by, claims, random):
    statements = [said(str(i), value, "one" if i % 2 else "", grade, day=i) for i, (grade, (value, _)) in enumerate(claims)]
    turned = random.sample(statements, len(statements))
    assert pooled(between(1, 9), *statements, by=by) == pooled(between(1, 9), *turned, by=by)


def test_a_class_counts_as_the_base_of_what_is_named_with_it():
    inner = Pool(uniform(0, 1), (said("a", uniform(1, 2)),), PLAIN)
    parts = pooled(inner, said("b", uniform(2, 3)))
    assert [(part.claims, part.weight) for part in parts] == [((), 0.25), (("a",), 0.25), (("b",), 0.5)]


def test_a_hedged_claim_counts_by_the_middle_of_its_band():
    likely = Grade("C", 3, likelihood=(0.55, 0.8))
    base, voice = pooled(uniform(0, 1), said("a", 5.0, grade=likely))
    assert voice.weight / base.weight == pytest.approx((0.55 + 0.8) / 2)
    base, voice = pooled(uniform(0, 1), said("a", 5.0, grade=likely), by=rule("equal"))
    assert voice.weight == base.weight


def test_under_every_rule_better_grades_never_count_less_and_unknown_is_not_worst():
    for by in RULES:
        assert [by.reliability[letter] for letter in "ABCDE"] == sorted((by.reliability[letter] for letter in "ABCDE"), reverse=True)
        assert [by.credibility[i] for i in (1, 2, 3, 4, 5)] == sorted((by.credibility[i] for i in (1, 2, 3, 4, 5)), reverse=True)
        assert [by.spread[i] for i in (1, 2, 3, 4, 5)] == sorted(by.spread[i] for i in (1, 2, 3, 4, 5))
        assert min(by.spread.values()) > 1
        if by.name != "strict":
            assert by.strength(Grade("E", 5)) <= by.strength(Grade("F", 6)) <= by.strength(Grade("C", 3))


# ---------------------------------------------------------------------------- what a value becomes

values = st.floats(0.01, 1e9)


@given(shipped, values, grades)
def test_a_bare_value_is_spread_either_way_by_its_credibility(by, value, grade):
    ends = by.widen(constant(value), grade, share=False).quantile(np.array([0.05, 0.5, 0.95]))
    k = by.spread[grade.credibility]
    assert ends == pytest.approx([value / k, value, value * k], rel=1e-9)
    about = by.widen(constant(value), replace(grade, approximation="about"), share=False)
    assert about == by.widen(constant(value), grade, share=False)


@given(shipped, values, grades)
def test_at_least_and_at_most_change_the_side_and_not_the_width(by, value, grade):
    ends = {
        word: by.widen(constant(value), replace(grade, approximation=word), share=False).quantile(np.array([0.05, 0.95])) for word in ("at least", "at most")
    }
    k = by.spread[grade.credibility]
    assert ends["at least"] == pytest.approx([value, value * k**2], rel=1e-9)
    assert ends["at most"] == pytest.approx([value / k**2, value], rel=1e-9)


@given(shipped, st.floats(0.01, 0.99), grades, st.sampled_from(["", "at least", "at most"]))
def test_a_share_is_spread_in_odds_and_stays_a_share(by, value, grade, word):
    low, high = by.widen(constant(value), replace(grade, approximation=word), share=True).quantile(np.array([0.05, 0.95]))
    k = by.spread[grade.credibility]
    below, above = {"": (k, k), "at least": (1, k**2), "at most": (k**2, 1)}[word]
    assert 0 < low < high < 1
    assert [end / (1 - end) for end in (low, high)] == pytest.approx([value / (1 - value) / below, value / (1 - value) * above], rel=1e-9)


@given(shipped, distributions(("log", "linear", "logit")), grades)
def test_a_range_is_kept_as_it_was_given(by, given_range, grade):
    assert by.widen(given_range[0], grade, share=False) is given_range[0]


@pytest.mark.parametrize("share", [False, True])
def test_no_factor_spreads_nought_nor_a_whole_share(share):
    assert PLAIN.widen(constant(0.0), Grade("C", 3), share=share) == constant(0.0)
    assert PLAIN.widen(constant(1.0), Grade("C", 3), share=True) == constant(1.0)


def test_a_day_is_not_spread():
    """A factor of the days since the start of a case would mean something else in a case that starts a year earlier."""
    _, voice = Pool(between(10, 20), (said("a", 40.0),), PLAIN, date=True).parts()
    assert voice.distribution == constant(40.0)


# ---------------------------------------------------------------------------- closed forms


@settings(max_examples=40)
@given(shipped, st.lists(st.tuples(grades, distributions()), max_size=5), distributions(), st.lists(st.floats(0.02, 0.98), min_size=3, max_size=3))
def test_a_pool_has_the_distribution_of_the_mixture(by, claims, base, at):
    """Against scipy, at random points, within five standard errors of a share of this many draws; the weights are worked out here from the tables of the rule."""
    strengths = [1.0] + [by.reliability[grade.reliability] * by.credibility[grade.credibility] for grade, _ in claims]
    exact = [base[1]]
    for grade, (value, one) in claims:
        k = by.spread[grade.credibility]
        bare = value.constant and value.values[0] > 0
        exact.append(stats.lognorm(math.log(k) / REACH, scale=value.values[0]) if bare else one)
    parts = pooled(base[0], *(said(str(i), value, grade=grade, day=i) for i, (grade, (value, _)) in enumerate(claims)), by=by)
    values = drawn(parts)
    for probability in at:
        x = float(np.quantile(values, probability)) + 1e-7
        wanted = sum(strength * below(one, x) for strength, one in zip(strengths, exact, strict=True)) / sum(strengths)
        assert (values <= x).mean() == pytest.approx(wanted, abs=5 * math.sqrt(0.25 / DRAWS) + 1e-4)


@settings(max_examples=40)
@given(st.lists(st.tuples(grades, distributions(("log", "linear"))), min_size=1, max_size=5), distributions(("log", "linear")))
def test_mean_and_variance_of_a_pool_are_those_of_the_mixture(claims, base):
    """Within five standard errors: of the mean from the exact variance, of the variance from the exact fourth moment."""
    strengths = np.array([1.0] + [PLAIN.strength(grade) for grade, _ in claims])
    weights, exact = strengths / strengths.sum(), [base[1], *(one for _, (_, one) in claims)]
    moments = weights @ np.array([moments_of(one) for one in exact])
    mean, variance = moments[0], moments[1] - moments[0] ** 2
    fourth = moments[3] - 4 * mean * moments[2] + 6 * mean**2 * moments[1] - 3 * mean**4
    values = drawn(pooled(base[0], *(said(str(i), value, grade=grade, day=i) for i, (grade, (value, _)) in enumerate(claims))))
    assert values.mean() == pytest.approx(mean, abs=5 * math.sqrt(variance / DRAWS))
    assert values.var() == pytest.approx(variance, abs=5 * math.sqrt(max(fourth - variance**2, 0.0) / DRAWS) + 1e-9)


PERCENTS = (5, 25, 50, 75, 95)


def prior(*parts: Part) -> Prior:
    return Prior("x", "x", "1", "base", "", parts)


@given(st.floats(-3.0, 6.0), st.floats(0.01, 2.0))
def test_percentiles_of_a_single_log_normal_are_exact_to_three_digits(middle, spread):
    low, high = math.exp(middle - REACH * spread), math.exp(middle + REACH * spread)
    exact = stats.lognorm(spread, scale=math.exp(middle)).ppf(np.array(PERCENTS) / 100)
    assert prior(Part(1.0, between(low, high))).percentiles(PERCENTS) == pytest.approx(exact, rel=5e-4)


@settings(max_examples=50)
@given(st.lists(st.tuples(grades, distributions(("log", "linear", "logit"))), min_size=1, max_size=4), distributions(("log",)))
def test_percentiles_of_a_pool_are_those_of_the_mixture(claims, base):
    """As much of the mixture lies below each of them as it says, to a thousandth."""
    parts = pooled(base[0], *(said(str(i), value, grade=grade) for i, (grade, (value, _)) in enumerate(claims)))
    described = [base[1], *(other for grade, (_, other) in claims if PLAIN.strength(grade) > 0)]
    for percent, value in zip(PERCENTS, prior(*parts).percentiles(PERCENTS), strict=True):
        assert sum(part.weight * below(one, value) for part, one in zip(parts, described, strict=True)) == pytest.approx(percent / 100, abs=1e-3)


def test_percentiles_of_what_is_one_thing_or_another_lie_at_neither_place_between():
    either = prior(Part(0.3, constant(0.0)), Part(0.7, constant(1.0)))
    assert either.percentiles((5, 29, 31, 50, 95)).tolist() == [0, 0, 1, 1, 1]
    assert prior(Part(1.0, constant(7.0))).percentiles(PERCENTS).tolist() == [7.0] * 5
    assert prior(Part(1.0, read({"dist": "chance", "probability": 0.3})[0])).percentiles((5, 65, 75)).tolist() == [0, 0, 1]


def test_a_stretch_of_draws_is_part_of_the_whole():
    mixed = Prior("x", "x", "1", "base", "", (Part(0.25, uniform(0, 1)), Part(0.75, uniform(10, 12), ("a",))))
    assert np.array_equal(sample(mixed, 1, 37, 50), sample(mixed, 1, 0, 100)[37:87])
    assert (sample(mixed, 1, 0, 100_000) > 5).mean() == pytest.approx(0.75, abs=0.007)


def test_a_single_voice_is_monotone_in_its_uniform():
    alone = Prior("x", "x", "1", "base", "", pooled(read("2 to 8")[0]))
    u = np.linspace(0, 1, 1001)[1:-1]
    assert np.all(np.diff(alone.sample(np.zeros(999), u)) > 0)


# ---------------------------------------------------------------------------- one origin, one voice


@given(shipped, st.lists(st.tuples(grades, st.floats(0.1, 0.9)), min_size=2, max_size=5), st.booleans())
def test_an_origin_is_spread_evenly_over_what_it_says_and_graded_by_its_first_claim(by, claims, share):
    assume(by.strength(claims[0][0]) > 0)
    parts = pooled(uniform(0, 1), *(said(str(i), value, "mnd", grade, day=i) for i, (grade, value) in enumerate(claims)), by=by, share=share)
    first, distinct = claims[0][0], {float(f"{value:.11g}") for _, value in claims}
    assert len(parts) == 1 + len(distinct)
    for part in parts[1:]:
        assert part.weight == pytest.approx(by.strength(first) / (1 + by.strength(first)) / len(distinct))
    wanted = {by.widen(constant(value), first, share=share) for value in distinct}
    assert {part.distribution for part in parts[1:]} == wanted


def test_the_first_claim_of_an_origin_is_the_one_that_the_others_repeat_then_the_one_known_first_then_the_first_in_the_ledger():
    good, bad = Grade("A", 1), Grade("E", 5)
    half = pooled(uniform(0, 1), said("late", 5.0, "mnd", good, day=9), said("early", 7.0, "mnd", bad, day=1, repeats=("late",)))
    assert sum(part.weight for part in half[1:]) == pytest.approx(3 / 4)
    half = pooled(uniform(0, 1), said("late", 5.0, "mnd", bad, day=9), said("early", 7.0, "mnd", good, day=1))
    assert sum(part.weight for part in half[1:]) == pytest.approx(3 / 4)
    half = pooled(uniform(0, 1), said("b", 5.0, "mnd", bad, place=2), said("a", 7.0, "mnd", good, place=1))
    assert sum(part.weight for part in half[1:]) == pytest.approx(3 / 4)


def test_statements_are_in_order_when_what_is_repeated_comes_first_then_what_was_known_first_then_what_stands_first():
    by_day = [said("early", 1.0, day=1, place=9), said("also", 1.0, day=2, place=3), said("late", 1.0, day=2, place=4)]
    echoes = [said("echo", 1.0, day=0, repeats=("late", "elsewhere")), said("echo of an echo", 1.0, day=0, repeats=("echo", "late"))]
    assert in_order([*reversed(echoes), *reversed(by_day)]) == [*by_day, *echoes]
    assert in_order([]) == []


def test_what_repeats_a_claim_that_is_not_named_is_no_further_away_than_others():
    """A root that the number does not name cannot put one of its repetitions behind another."""
    first = said("first", 5.0, "mnd", Grade("A", 1), day=1, repeats=("root",))
    again = said("again", 5.0, "mnd", Grade("E", 5), day=2)
    assert [part.weight for part in pooled(uniform(0, 1), first, again)] == [part.weight for part in pooled(uniform(0, 1), first)]


@given(shipped, st.integers(1, 999_999), st.sampled_from([1e-3, 1e3, 1e6, 30.4375, 1 / 365.25]))
def test_the_same_value_in_another_unit_is_the_same_value(by, figures, factor):
    """Although it differs in its last bits: 0.07 of a thousand are not quite 70."""
    first, again = said("a", figures * factor, "mnd"), said("b", figures / (1 / factor), "mnd", day=1)
    once, twice = (pooled(uniform(0, 1), *heard, by=by) for heard in ((first,), (first, again)))
    assert [(part.weight, part.distribution) for part in once] == [(part.weight, part.distribution) for part in twice]


def test_what_a_class_has_heard_is_not_heard_again_below_it():
    inner = Pool(uniform(0, 1), (said("a", 5.0, "mnd"), said("b", 7.0, "nis")), PLAIN)
    outer = (said("c", 2.0, "press"),)
    once = pooled(inner, *outer)
    twice = pooled(inner, *outer, said("again", 5.0, "mnd", Grade("A", 1), day=4))
    assert [(part.weight, part.distribution) for part in once] == [(part.weight, part.distribution) for part in twice]
    assert [part.claims for part in twice] == [(), ("a", "again"), ("b",), ("c",)]
    further = pooled(Pool(inner, outer, PLAIN), said("again", 5.0, "mnd", day=4))
    assert [part.claims for part in further] == [(), ("a", "again"), ("b",), ("c",)]
    other = pooled(inner, *outer, said("other", 6.0, "mnd", day=4))
    assert [part.claims for part in other] == [(), ("a",), ("b",), ("c",), ("other",)], "another value of the same origin speaks of this number alone"


@given(shipped, st.lists(st.tuples(grades, st.sampled_from(["mnd", "nis", "times"]), values), min_size=1, max_size=5), st.sets(st.integers(0, 4)))
def test_without_claims_a_pool_is_as_if_they_had_never_been_made(by, claims, dropped):
    statements = [said(str(i), value, origin, grade, day=i) for i, (grade, origin, value) in enumerate(claims)]
    kept = tuple(one for one in statements if int(one.claim) not in dropped)
    gone = {str(i) for i in dropped}
    assert Pool(between(1, 9), tuple(statements), by).without(gone).parts() == pooled(between(1, 9), *kept, by=by)
    inner = Pool(between(1, 9), tuple(statements), by)
    assert Pool(inner, (), by).without(gone).parts() == pooled(between(1, 9), *kept, by=by)


@given(shipped, st.lists(st.tuples(grades, values), min_size=1, max_size=4), st.floats(1e-6, 1e6))
def test_another_unit_changes_nothing_but_the_unit(by, claims, factor):
    """To the last bit: what is left when a claim is dropped is compared with what was said before."""
    pool = Pool(between(1, 9), tuple(said(str(i), value, grade=grade, day=i) for i, (grade, value) in enumerate(claims)), by)
    prior = Prior("x", "x", "t", "base", "", pool.parts(), pool=pool).scaled(factor, "kg")
    assert prior.pool is not None
    assert prior.pool.parts() == prior.parts
    assert {part.distribution for part in prior.pool.without({"0"}).parts()} <= {part.distribution for part in prior.parts} or by.errors


# ---------------------------------------------------------------------------- measurements

counts = st.lists(st.tuples(st.floats(-1.0, 1.0), st.floats(0.05, 0.5)), min_size=2, max_size=5)


def counted(scale: str, pairs: list[tuple[float, float]], **more: Any) -> list[Statement]:
    """Return counts by different people: each a centre and a standard error on a scale."""
    made: list[Statement] = []
    for i, (centre, error) in enumerate(pairs):
        ends = [centre - REACH * error, centre + REACH * error]
        if scale != "linear":
            ends = [math.exp(end) if scale == "log" else 1 / (1 + math.exp(-end)) for end in ends]
        made.append(said(str(i), Distribution(scale, (0.05, 0.95), tuple(ends)), observed=True, day=i, **more))  # type: ignore[arg-type]
    return made


def scores(scale: str, one: Distribution) -> npt.NDArray[np.float64]:
    """Return the 5th and 95th percentile of a distribution on its scale."""
    ends = one.quantile(np.array([0.05, 0.95]))
    return {"log": np.log, "linear": np.asarray, "logit": lambda x: np.log(x / (1 - x))}[scale](ends)


@pytest.mark.parametrize("scale", ["log", "linear", "logit"])
@settings(max_examples=50)
@given(pairs=counts, grade=grades)
def test_measurements_are_combined_by_precision_and_widened_where_they_disagree(scale, pairs, grade):
    """Weighted mean, inverse of the summed precision, and the ratio of Birge, as in the closed form of textbooks."""
    base, whole = pooled(between(0.1, 0.9), *counted(scale, pairs, grade=grade), by=ERRORS, share=scale == "logit")
    centre, error = np.array(pairs).T
    middle = np.average(centre, weights=error**-2.0)
    birge = math.sqrt(max(1.0, float((((centre - middle) / error) ** 2).sum()) / (len(pairs) - 1)))
    wide = birge / math.sqrt(float((error**-2.0).sum()))
    assert scores(scale, whole.distribution) == pytest.approx([middle - REACH * wide, middle + REACH * wide], rel=1e-6, abs=1e-6)
    assert whole.weight / base.weight == pytest.approx(len(pairs) * ERRORS.strength(grade))
    assert whole.claims == tuple(str(i) for i in range(len(pairs)))


@given(st.floats(-1.0, 1.0), st.floats(0.05, 0.5), st.integers(2, 6))
def test_agreement_of_counts_narrows_by_the_root_of_their_number(centre, error, count):
    _, whole = pooled(between(0.1, 9), *counted("log", [(centre, error)] * count), by=ERRORS)
    low, high = scores("log", whole.distribution)
    assert high - low == pytest.approx(2 * REACH * error / math.sqrt(count), rel=1e-6)


@given(st.floats(2.0, 9.0), st.floats(0.05, 0.3))
def test_counts_that_disagree_by_much_are_wider_than_each(apart, error):
    _, whole = pooled(between(0.1, 9), *counted("log", [(0.0, error), (apart * error, error)]), by=ERRORS)
    low, high = scores("log", whole.distribution)
    assert (high - low) / (2 * REACH) == pytest.approx(max(error / math.sqrt(2), apart * error / 2), rel=1e-6)


@pytest.mark.parametrize("by", [by for by in RULES if not by.errors], ids=lambda by: by.name)
def test_under_no_other_rule_are_counts_combined(by):
    parts = pooled(between(0.1, 9), *counted("log", [(0.0, 0.2), (0.1, 0.2)]), by=by)
    assert len(parts) == 3


def test_what_was_reported_stays_in_the_linear_pool_even_then():
    heard = [replace(one, observed=one.claim == "0") for one in counted("log", [(0.0, 0.2), (0.0, 0.2), (0.3, 0.2)])]
    assert pooled(between(0.1, 9), *heard, by=ERRORS) == pooled(between(0.1, 9), *heard, by=ERRORS.model_copy(update={"errors": False}))


def test_two_values_of_one_counter_are_one_measurement_as_wide_as_both():
    """Their mean, and the root of the mean square of their errors and of their distance from it."""
    mine = [replace(one, origin="mine") for one in counted("log", [(0.0, 0.2), (0.6, 0.2)])]
    _, whole = pooled(between(0.1, 9), *mine, said("other", between(math.exp(-REACH), math.exp(REACH)), observed=True, day=9), by=ERRORS)
    precision = np.array([1 / (0.2**2 + 0.3**2), 1.0])
    middle, error = precision @ [0.3, 0.0] / precision.sum(), 1 / math.sqrt(precision.sum())
    assert scores("log", whole.distribution) == pytest.approx([middle - REACH * error, middle + REACH * error], rel=1e-6)


def test_a_measurement_without_error_and_one_on_another_scale_stay_apart():
    base, *voices = pooled(
        between(0.1, 9), said("exact", 0.0, observed=True), said("a", between(1, 2), observed=True), said("b", uniform(0, 1), observed=True),
        said("c", Distribution("linear", (0.05, 0.95), (-1.0, 2.0)), observed=True), by=ERRORS,
    )  # fmt: skip
    assert base.weight == pytest.approx(1 / 5)
    assert sorted(part.claims for part in voices) == [("a",), ("b",), ("c",), ("exact",)]
