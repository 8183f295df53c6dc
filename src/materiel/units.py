"""Units: read at load, converted once, proved by the equations, gone before the first step.

The only units are those defined here. What general libraries add (`kt` for knot, `M` for molar, `k` for Boltzmann's constant, `ton` for the US ton) are
therefore unknown words, refused with the nearest known one; and two factors are multiplied in the order in which they are written, so that they have the same
bits everywhere. Days, kilograms, dollars and counts are the canonical units inside a run; a month is 365.25 / 12 = 30.4375 days.
"""

from __future__ import annotations

import ast
import functools
import itertools
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from materiel.errors import nearest

COUNTS = (
    "aircraft", "barrel", "body", "car", "charge", "container", "event", "fuze", "gun", "kit", "launcher", "missile",
    "person", "piece", "plant", "projectile", "rocket", "round", "sortie", "vehicle",
)  # fmt: skip
"""Things that are counted; each is a dimension of its own, so that rounds are never added to fuzes."""

_DIMENSIONS = {"day": "time", "kilogram": "mass", "megawatt_hour": "energy", "dollar": "money", **{name: name for name in COUNTS}}
"""What each base unit measures."""
_MADE_OF = {
    "hour": (1 / 24, "day"), "week": (7.0, "day"), "year": (365.25, "day"), "month": (1 / 12, "year"), "quarter": (1 / 4, "year"),
    "tonne": (1000.0, "kilogram"), "kilowatt_hour": (1 / 1000, "megawatt_hour"), "percent": (0.01, ""),
}  # fmt: skip
"""How many of another unit the other units are; percent are pure numbers."""
_SYMBOLS = {"d": "day", "h": "hour", "kg": "kilogram", "t": "tonne", "MWh": "megawatt_hour", "kWh": "kilowatt_hour", "USD": "dollar"}
_PREFIXES = {"": 1.0, "k": 1e3, "M": 1e6, "G": 1e9}
_SPELT_OUT = {"kilo": "k", "mega": "M"}
_BARE = {"k": "k", "M": "M", "G": "G", "kilo": "k", "mega": "M", "thousand": "k", "million": "M", "billion": "G"}
"""Words that are prefixes and no units, in their short form."""

Powers = tuple[tuple[str, float], ...]
"""Names with their exponents, sorted; none is nought."""
_Words = dict[tuple[str, str], float]
"""Exponents of units by prefix and name, in the order in which they are written."""


class UnitError(ValueError):
    """A unit that is not known; `nearest` holds the most similar known one, or an empty string."""

    def __init__(self, message: str, near: str = "") -> None:
        """Keep the suggestion beside the message."""
        self.nearest = near
        super().__init__(message)


@dataclass(frozen=True, eq=False)
class Quantity:
    """Numbers of any shape in base units, whose arithmetic works out the unit as well. Raises UnitError where different things are added."""

    magnitude: npt.NDArray[np.float64]
    unit: Powers

    def __add__(self, other: Quantity | float) -> Quantity:
        return Quantity(self.magnitude + self._alike(other), self.unit)

    __radd__ = __add__

    def __sub__(self, other: Quantity | float) -> Quantity:
        return Quantity(self.magnitude - self._alike(other), self.unit)

    def __rsub__(self, other: float) -> Quantity:
        return Quantity(self._alike(other) - self.magnitude, self.unit)

    def __neg__(self) -> Quantity:
        return Quantity(-self.magnitude, self.unit)

    def __mul__(self, other: Quantity | float) -> Quantity:
        if isinstance(other, Quantity):
            return Quantity(self.magnitude * other.magnitude, times(self.unit, other.unit))
        return Quantity(self.magnitude * other, self.unit)

    __rmul__ = __mul__

    def __truediv__(self, other: Quantity | float) -> Quantity:
        if isinstance(other, Quantity):
            return Quantity(self.magnitude / other.magnitude, times(self.unit, other.unit, -1.0))
        return Quantity(self.magnitude / other, self.unit)

    def __rtruediv__(self, other: float) -> Quantity:
        return Quantity(other / self.magnitude, times((), self.unit, -1.0))

    def _alike(self, other: Quantity | float) -> Any:
        """Return the magnitude of what is added to this; nought fits anything."""
        if not isinstance(other, Quantity):
            if self.unit and other != 0:
                raise UnitError(f"Cannot convert from '{shown(self.unit)}' to 'dimensionless'")
            return other
        if self.unit != other.unit:
            one, two = (f"'{shown(unit) or 'dimensionless'}' ({shown(_measured(unit)) or 'dimensionless'})" for unit in (self.unit, other.unit))
            raise UnitError(f"Cannot convert from {one} to {two}")
        return other.magnitude


def times(one: Powers, other: Powers, power: float = 1.0) -> Powers:
    """Return the product of powers and other powers, these raised to a power."""
    made = dict(one)
    for name, exponent in other:
        made[name] = made.get(name, 0.0) + power * exponent
    return tuple(sorted((name, exponent) for name, exponent in made.items() if exponent))


def shown(powers: Powers) -> str:
    """Return powers as an expression such as `kilogram ** 2 / round`; empty for a pure number."""

    def joined(found: Iterable[tuple[str, float]], sign: str) -> str:
        return sign.join(name if exponent == 1 else f"{name} ** {exponent:g}" for name, exponent in found)

    above, below = joined((one for one in powers if one[1] > 0), " * "), joined(((name, -e) for name, e in powers if e < 0), " / ")
    return f"{above or '1'} / {below}" if below else above


def names() -> list[str]:
    """Return every unit that may be written, without prefixes, sorted."""
    return sorted({*_DIMENSIONS, *_MADE_OF, *_SYMBOLS})


@functools.lru_cache(maxsize=4096)
def factor(text: str, to: str) -> float:
    """Return how many `to` make one `text`; both are unit expressions such as `Mround/year`, "" or "1" for pure numbers.

    Raises UnitError when a word is unknown or the two measure different things.
    """
    try:
        source, target = _parse(text), _parse(to)
    except UnitError as error:
        word = re.match(r"[A-Za-z_]+", plain(to))
        if error.nearest in _BARE:  # a prefix alone lacks its unit
            error.nearest = _BARE[error.nearest] + word[0] if word else ""
        raise
    quotient = _product(source, target, -1)
    if _base(quotient):
        raise UnitError(f"unit {plain(text) or '1'!r} does not measure what {plain(to) or '1'!r} measures")
    try:
        made = _scale(quotient)
    except (OverflowError, ZeroDivisionError):
        made = 0.0
    if not 0.0 < made < float("inf"):
        raise UnitError(f"unit {text!r} is too large or too small")
    return made


def plain(text: str) -> str:
    """Return a unit for people: without brackets that it does not need."""
    shorter = re.sub(r"\((\w*)\)", r"\1", re.sub(r"^\(([^()]*)\)$", r"\1", text))
    return shorter if shorter == text else plain(shorter)


def base(text: str) -> Powers:
    """Return the base units that a unit is made of. Raises UnitError."""
    try:
        return _base(_parse(text))
    except UnitError as error:
        if error.nearest in _BARE:  # a prefix is written on its unit
            word = re.search(rf"\b{error.nearest}\s+([A-Za-z_]+)", text)
            error.nearest = _BARE[error.nearest] + word[1] if word else ""
        raise


def written(text: str) -> dict[str, float]:
    """Return the exponents of a unit's words in their order, `kround` and `round` being different ones. Raises UnitError."""
    return {prefix + name: float(exponent) for (prefix, name), exponent in _parse(text).items()}


@functools.lru_cache(maxsize=4096)
def dimension(text: str) -> Powers:
    """Return what a unit measures, as powers of [time], [round] and the like. Raises UnitError."""
    return _measured(base(text))


def bare(text: str) -> str:
    """Return a unit without prefixes and with times in days: round/day for kround/month, t for kt. Raises UnitError."""
    _parse(text)

    def word(found: re.Match[str]) -> str:
        _, name = _read(found[0]) or ("", "")
        return "day" if _base({("", name): 1}) == (("day", 1.0),) else name

    return re.sub(r"[A-Za-z_]+", word, text)


def _measured(unit: Powers) -> Powers:
    return tuple(sorted((f"[{_DIMENSIONS[name]}]", exponent) for name, exponent in unit))


@functools.lru_cache(maxsize=4096)
def _parse(text: str) -> _Words:
    if len(text) > 80:
        raise UnitError(f"unit of {len(text)} characters")
    for word in sorted(set(re.findall(r"[A-Za-z_]+", text))):
        if _read(word) is None:
            raise UnitError(f"unknown unit {word!r}", _near(word))
    if not re.fullmatch(r"[A-Za-z_0-9/*^() .]*", text):
        raise UnitError(f"unit {text!r} is not an expression of unit names, '*', '/' and '^'", "percent" if "%" in text else "")
    spelt = re.sub(r"(?<=[\w.)])\s+(?=[\w(])", "*", text.strip()).replace("^", "**")
    try:
        return _words(ast.parse(spelt or "1", mode="eval").body)
    except (SyntaxError, ValueError):
        raise UnitError(f"unit {text!r} cannot be read") from None


def _words(node: ast.expr) -> _Words:
    """Return the units of a tree. Raises ValueError for anything but products, quotients and powers of units."""
    match node:
        case ast.Name(word) if found := _read(word):
            return {found: 1}
        case ast.Constant(1 | 1.0):
            return {}
        case ast.BinOp(left, ast.Mult(), right):
            return _product(_words(left), _words(right), 1)
        case ast.BinOp(left, ast.Div(), right):
            return _product(_words(left), _words(right), -1)
        case ast.BinOp(left, ast.Pow(), ast.Constant(int() | float() as power)):
            return _product({}, _words(left), power)
        case _:
            raise ValueError(ast.unparse(node))


def _product(one: _Words, other: _Words, power: float) -> _Words:
    made = dict(one)
    for word, exponent in other.items():
        made[word] = made.get(word, 0) + power * exponent
    return {word: exponent for word, exponent in made.items() if exponent}


def _walk(words: _Words, take: Callable[[float, float], None]) -> Powers:
    """Return base units of words; `take` is given every scale on the way with its exponent."""
    found: dict[str, float] = {}
    for (prefix, unit), exponent in words.items():
        name = unit
        if prefix:
            take(_PREFIXES[prefix], exponent)
        while name in _MADE_OF:
            scale, name = _MADE_OF[name]
            take(scale, exponent)
        if name:
            found[name] = found.get(name, 0.0) + exponent
    return tuple(sorted((name, float(exponent)) for name, exponent in found.items() if exponent))


def _base(words: _Words) -> Powers:
    return _walk(words, lambda _scale, _exponent: None)


def _scale(words: _Words) -> float:
    """Return the product of all scales: what cancels does so exactly, and what multiplies comes before what divides."""
    above, below = dict[float, float](), dict[float, float]()

    def take(scale: float, exponent: float) -> None:
        side = above if exponent > 0 else below
        side[scale] = side.get(scale, 0) + abs(exponent)

    _walk(words, take)
    made = 1.0
    for side, other, sign in ((above, below, 1), (below, above, -1)):
        for scale, exponent in side.items():
            if (left := exponent - other.get(scale, 0)) > 0:
                made *= scale ** (sign * left)
    return made


def _near(word: str) -> str:
    if word in _BARE:
        return word
    spellings = [prefix + name for name in names() for prefix in ("", "k", "M")]
    return next((known for known in spellings if known.lower() == word.lower()), "") or nearest(word, spellings)


@functools.lru_cache(maxsize=4096)
def _read(word: str) -> tuple[str, str] | None:
    """Return the prefix of a word, in its short form, and the unit that it names, in the singular or the plural; None if it names none."""
    if word in _BARE:
        return None
    for suffix, prefix in itertools.product(("", "s"), (*_PREFIXES, *_SPELT_OUT)):
        name = word[len(prefix) : len(word) - len(suffix)]
        if word.startswith(prefix) and word.endswith(suffix) and not (suffix and len(name) == 1):
            name = _SYMBOLS.get(name, name)
            if name in _DIMENSIONS or name in _MADE_OF:
                return _SPELT_OUT.get(prefix, prefix), name
    return None
