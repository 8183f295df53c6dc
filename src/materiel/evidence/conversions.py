"""What a claim says as a quantity: its own value, or one worked out from other claims by its formula."""

from __future__ import annotations

import functools
import math
from typing import Any

import numpy as np
import numpy.typing as npt

from materiel import units
from materiel.evidence.formula import parse
from materiel.evidence.grades import Rule
from materiel.evidence.ledger import Ledger
from materiel.evidence.records import Claim
from materiel.quantities import Distribution, QuantityError, constant, read

Array = npt.NDArray[np.float64]

POINTS = 4096
LEVELS = 20
"""Levels of conversions on conversions that a claim may have."""
_KEPT = 500
PERCENTS = (1, 5, 25, 50, 75, 95, 99)
_STEPS = tuple(math.sqrt(prime) % 1.0 for prime in (2, 3, 5, 7, 11, 19, 23, 31, 37, 43, 73, 97))
"""Steps of a Weyl sequence: points that fill the unit cube evenly, the same on every machine; of these primes no two give coordinates that go together."""


def value(ledger: Ledger, rule: Rule, claim: str, *, share: bool = False) -> tuple[Distribution, str]:
    """Return what a claim says and the unit it says it in. Raises QuantityError.

    A conversion is worked out on the distributions of its terms, each spread by its own grade; it keeps the percentiles 1, 5, 25, 50, 75, 95 and 99. A claim
    that stands in it twice, directly or through another conversion, has one value at each point.
    """
    key = (rule, claim, share)
    if key not in ledger.worked_out:
        one = ledger.claims[claim]
        ledger.worked_out[key] = _converted(ledger, rule, claim, share=share) if one.formula else read(one.value, share=share)
    return ledger.worked_out[key]


def _converted(ledger: Ledger, rule: Rule, claim: str, *, share: bool) -> tuple[Distribution, str]:
    order = _order(ledger, claim)
    leaves = [name for name in order if not ledger.claims[name].formula]
    if len(leaves) > len(_STEPS):
        raise QuantityError(f"a conversion of {len(leaves)} claims", f"at most {len(_STEPS)}")
    made = _same_draws(ledger, rule, leaves)
    for name in order:
        if name not in made:
            made[name] = _worked_out(ledger.claims[name], made)
    found = made[claim]
    unit = "" if found.unitless else str(found.units)
    return _through(np.asarray(found.magnitude, dtype=np.float64), share=share), unit


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


def _same_draws(ledger: Ledger, rule: Rule, leaves: list[str]) -> dict[str, Any]:
    """Return the points of claims that nothing is below, and of the last conversions of just these: a chain of conversions is worked out once."""
    last, made = ledger.worked_out.get("last", (None, {}))
    if last != (rule, *leaves) or len(made) > _KEPT:
        made = {leaf: _drawn(ledger, rule, leaf, step) for leaf, step in zip(leaves, _STEPS, strict=False)}
        ledger.worked_out["last"] = (rule, *leaves), made
    return made


def _drawn(ledger: Ledger, rule: Rule, claim: str, step: float) -> Any:
    said, unit = read(ledger.claims[claim].value)
    share = unit == "percent" and said.constant and 0 < said.values[0] < 100  # a share stays one, however doubtful
    said, unit = (said.scaled(0.01), "") if share else (said, unit)
    said = rule.widen(said, ledger.grade(claim), share=share)
    try:
        return _points(said, step) * units.quantity(unit).to_base_units()
    except units.UnitError as error:
        raise QuantityError(f"{claim}: {error}", "a known unit", near=error.nearest) from None


@functools.lru_cache(maxsize=1024)
def _points(said: Distribution, step: float) -> Array:
    """Return a distribution at the points of one coordinate; a claim that stands in many conversions is drawn once."""
    return said.quantile(np.clip((np.arange(1, POINTS + 1, dtype=np.float64) * step) % 1.0, 1e-9, 1 - 1e-9))


def _worked_out(one: Claim, made: dict[str, Any]) -> Any:
    terms = {name: made[term] for name, term in one.terms.items()}
    with np.errstate(all="ignore"):
        try:
            found = parse(one.formula).evaluate(terms)
        except Exception as error:
            from pint import PintError

            if not isinstance(error, (PintError, ZeroDivisionError, OverflowError)):
                raise
            raise QuantityError(
                f"{one.formula!r} does not work out: {error}", "terms that can be added where they are added, and no division by nought"
            ) from None
    return found if hasattr(found, "magnitude") else np.asarray(found) * units.quantity("")


def _through(values: Array, *, share: bool) -> Distribution:
    if not np.isfinite(values).all():
        raise QuantityError("the formula divides by nought or overflows", "terms that stay away from it")
    points = np.quantile(values, [percent / 100 for percent in PERCENTS])
    if points[0] == points[-1]:
        return constant(float(points[0]))
    return read({f"p{percent}": float(point) for percent, point in zip(PERCENTS, points, strict=True)}, share=share)[0]
