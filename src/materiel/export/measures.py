"""Units of formulas, word by word: `Mround` and `round` are different words here, for the equations convert between them by numbers that have units."""

from __future__ import annotations

import functools
from collections.abc import Mapping

from materiel import units
from materiel.engine.symbols import Symbol

Exponents = dict[str, float]


def plain(unit: str) -> str:
    """Return a unit of a program in its shortest form: `round/day` for `(round)/day`, `1` for `(round)/((round))`."""
    return words(dict(_read(unit)))


def words(exponents: Mapping[str, float]) -> str:
    """Return exponents of units as text, `1` for a pure number."""
    above = [_power(word, e) for word, e in exponents.items() if e > 0]
    below = [_power(word, -e) for word, e in exponents.items() if e < 0]
    return "/".join(("*".join(above) or "1", *below))


def exponents(formula: Symbol, of: Mapping[int, str]) -> Exponents:
    """Return the exponents of the unit of a formula, with the unit of every variable that it reads; a number alone fits anything, and is pure where nothing says otherwise."""
    return _exponents(formula, of) or {}


def _exponents(formula: Symbol, of: Mapping[int, str]) -> Exponents | None:
    match formula.op:
        case "literal":
            return None
        case "variable":
            return dict(_read(of[int(formula.number)]))
        case "time":
            return {"day": 1.0}
        case "mul":
            return _product(formula, of, 1.0)
        case "div":
            return _product(formula, of, -1.0)
        case "exp":
            return {}
        case _:
            choices = formula.args[1:] if formula.op == "where" else formula.args
            return next((found for part in choices if (found := _exponents(part, of)) is not None), None)


def _product(formula: Symbol, of: Mapping[int, str], power: float) -> Exponents:
    made = exponents(formula.args[0], of)
    for word, e in exponents(formula.args[1], of).items():
        made[word] = made.get(word, 0.0) + power * e
    return {word: e for word, e in made.items() if e}


def _power(word: str, exponent: float) -> str:
    return word if exponent == 1.0 else f"{word}^{exponent:g}"


@functools.lru_cache(maxsize=4096)
def _read(unit: str) -> tuple[tuple[str, float], ...]:
    """Return the exponents of a unit; a `date` is a number of days."""
    return tuple(units.written("day" if unit == "date" else unit).items())
