"""What a claim says as a quantity: its own value, or one worked out from other claims by its formula."""

from __future__ import annotations

import datetime
import functools
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import cast

import numpy as np
import numpy.typing as npt

from materiel import portable, units
from materiel.evidence import promises
from materiel.evidence.formula import parse
from materiel.evidence.grades import Grade, Rule
from materiel.evidence.ledger import Ledger
from materiel.evidence.records import Claim
from materiel.quantities import Distribution, QuantityError, constant, read
from materiel.units import Quantity

Array = npt.NDArray[np.float64]

POINTS = 4096
LEVELS = 20
"""Levels of conversions on conversions that a claim may have."""
_KEPT = 500
Leaf = tuple[Distribution, str, Grade]
"""What a claim says, its unit and its grade."""
PERCENTS = (1, 5, 25, 50, 75, 95, 99)
_STEPS = tuple(math.sqrt(prime) % 1.0 for prime in (2, 3, 5, 7, 11, 19, 23, 31, 37, 43, 73, 97))
"""Steps of a Weyl sequence: points that fill the unit cube evenly, the same on every machine; of these primes no two give coordinates that go together."""


@dataclass(frozen=True)
class Foretold:
    """An announced target and what it is held against: target and level in the target's unit, the growth that is promised as a logarithm, months ahead, the discount."""

    target: Distribution
    level: Distribution
    unit: str
    growth: float
    months: float
    discount: promises.Discount


def value(ledger: Ledger, rule: Rule, claim: str, *, share: bool = False) -> tuple[Distribution, str]:
    """Return what a claim says and the unit it says it in. Raises QuantityError.

    A conversion is worked out on the distributions of its terms, each spread by its own grade; it keeps the percentiles 1, 5, 25, 50, 75, 95 and 99. A claim
    that stands in it twice, directly or through another conversion, has one value at each point. An announced target is discounted by what became of promises, unless
    the rule takes it at its word.
    """
    if ledger.claims[claim].promised and rule.promises == "discounted":
        return _discounted(ledger, rule, claim, share=share)
    if not ledger.claims[claim].formula:
        return _once(ledger, (claim, share), lambda: read(ledger.claims[claim].value, share=share))
    order = _order(ledger, claim)
    leaves = {name: _leaf(ledger, rule, name) for name in order if not ledger.claims[name].formula}
    if len(leaves) > len(_STEPS):
        raise QuantityError(f"a conversion of {len(leaves)} claims", f"at most {len(_STEPS)}")
    return _once(ledger, (rule, claim, share, *leaves.values()), lambda: _converted(ledger, rule, order, leaves, share=share))


def foretold(ledger: Ledger, rule: Rule, claim: str) -> Foretold:
    """Return what is made of an announced target: what it promises from what level, and the discount as of the ledger's day.

    Raises QuantityError, with `value` or `level` as its key where one of them is not above nought, and UnitError where they do not measure the same.
    """
    one = ledger.claims[claim]
    target, unit = read(one.value)
    level, written = value(ledger, rule, one.terms["level"]) if "level" in one.terms else read(one.level)
    level = rule.widen(level, ledger.grade(one.terms["level"]), share=False) if "level" in one.terms else level
    level = level.scaled(units.factor(written, unit))
    for key, said in (("value", target), ("level", level)):
        if said.bounds()[0] < 0 or said.values[0] <= 0 or said.named == "chance":
            raise QuantityError(f"{key} can be nought or less", "more than nought throughout: of nothing no growth can be told", key)
    growth = promises.logarithm(_median(target) / _median(level))
    return Foretold(target, level, unit, growth, promises.horizon(one.known, cast("tuple[datetime.date, datetime.date]", one.due)), promises.as_of(ledger.day))


def _discounted(ledger: Ledger, rule: Rule, claim: str, *, share: bool) -> tuple[Distribution, str]:
    """Return an announced target as heard: the level and the growth that comes of what is promised. What promises no growth is taken at its word.

    Doubts of the level, of the target, of a bare value by its credibility and of what comes are independent, and added as such around the median.
    """
    found = foretold(ledger, rule, claim)
    if found.growth <= 0:
        return read(ledger.claims[claim].value, share=share)
    part = found.discount.share(found.growth, found.months)
    comes = found.discount.comes(found.growth, found.months, portable.normal_quantile(np.array(PERCENTS) / 100))
    grade = replace(ledger.grade(claim), approximation="")  # to promise at least, or up to, is to promise
    bare = rule.widen(found.target, grade, share=False) if found.target.constant else constant(1.0)
    doubts = [(1.0, comes - found.growth * part), (part, _around(found.target)), (1.0 - part, _around(found.level)), (1.0, _around(bare))]
    points = _median(found.level) * portable.exp(found.growth * part + promises.added(doubts))
    return read({f"p{percent}": float(point) for percent, point in zip(PERCENTS, points, strict=True)}, share=share)[0], found.unit


def _median(said: Distribution) -> float:
    return float(said.quantile(np.array([0.5]))[0])


def _around(said: Distribution) -> Array:
    """Return how far the percentiles lie from the median, as logarithms."""
    return portable.log(said.quantile(np.array(PERCENTS) / 100) / _median(said))


def _once(ledger: Ledger, key: tuple[object, ...], work: Callable[[], tuple[Distribution, str]]) -> tuple[Distribution, str]:
    if key not in ledger.worked_out:
        ledger.worked_out[key] = work()
    return ledger.worked_out[key]


def _converted(ledger: Ledger, rule: Rule, order: Sequence[str], leaves: Mapping[str, Leaf], *, share: bool) -> tuple[Distribution, str]:
    made = _same_draws(ledger, rule, leaves)
    for name in order:
        if name not in made:
            made[name] = _worked_out(ledger.claims[name], made)
    found = made[order[-1]]
    return _through(found.magnitude, share=share), units.shown(found.unit)


def _order(ledger: Ledger, claim: str) -> list[str]:
    """Return everything that a conversion rests on, and itself, each once and after what it is worked out from, its terms from left to right."""
    order: dict[str, None] = {}
    open_ = [claim]
    while open_:
        name = open_[-1]
        waiting = [term for term in ledger.claims[name].terms.values() if term not in order]
        if waiting and ledger.claims[name].formula:
            open_.append(waiting[0])
        else:
            order[open_.pop()] = None
    return list(order)


def _same_draws(ledger: Ledger, rule: Rule, leaves: Mapping[str, Leaf]) -> dict[str, Quantity]:
    """Return the points of claims that nothing is below, and of the last conversions of just these: a chain of conversions is worked out once."""
    key = rule, *leaves.items()
    last, made = ledger.worked_out.get("last", (None, {}))
    if last != key or len(made) > _KEPT:
        made = {name: _drawn(rule, name, leaf, step) for (name, leaf), step in zip(leaves.items(), _STEPS, strict=False)}
        ledger.worked_out["last"] = key, made
    return made


def _leaf(ledger: Ledger, rule: Rule, name: str) -> Leaf:
    """Return what a claim that stands at the bottom of a conversion says, with its grade."""
    return *value(ledger, rule, name), ledger.grade(name)


def _drawn(rule: Rule, name: str, leaf: Leaf, step: float) -> Quantity:
    said, unit, grade = leaf
    share = unit == "percent" and said.constant and 0 < said.values[0] < 100  # a share stays one, however doubtful
    said, unit = (said.scaled(0.01), "") if share else (said, unit)
    said = rule.widen(said, grade, share=share)
    try:
        base = units.base(unit)
        return Quantity(_points(said, step) * units.factor(unit, units.shown(base)), base)
    except units.UnitError as error:
        raise QuantityError(f"{name}: {error}", "a known unit", near=error.nearest) from None


@functools.lru_cache(maxsize=1024)
def _points(said: Distribution, step: float) -> Array:
    """Return a distribution at the points of one coordinate; a claim that stands in many conversions is drawn once."""
    return said.at(_scores(step)) if said.bent else said.quantile(_coordinate(step))


@functools.cache  # for the few steps that there are
def _scores(step: float) -> Array:
    return portable.normal_quantile(_coordinate(step))


def _coordinate(step: float) -> Array:
    return np.clip((np.arange(1, POINTS + 1, dtype=np.float64) * step) % 1.0, 1e-9, 1 - 1e-9)


def _worked_out(one: Claim, made: Mapping[str, Quantity]) -> Quantity:
    terms = {name: made[term] for name, term in one.terms.items()}
    with np.errstate(all="ignore"):
        try:
            found = parse(one.formula).evaluate(terms)
        except (units.UnitError, ZeroDivisionError, OverflowError) as error:
            raise QuantityError(
                f"{one.formula!r} does not work out: {error}", "terms that can be added where they are added, and no division by nought"
            ) from None
    return found if isinstance(found, Quantity) else Quantity(np.asarray(found, dtype=np.float64), ())


def _through(values: Array, *, share: bool) -> Distribution:
    if not np.isfinite(values).all():
        raise QuantityError("the formula divides by nought or overflows", "terms that stay away from it")
    points = portable.quantiles(np.sort(values), np.array(PERCENTS) / 100)
    if points[0] == points[-1]:
        return constant(float(points[0]))
    return read({f"p{percent}": float(point) for percent, point in zip(PERCENTS, points, strict=True)}, share=share)[0]
