"""Equations read on units: the proof, at load, that nothing in a program adds rounds to days."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from materiel import units
from materiel.equations import NEVER
from materiel.network import DT, ZERO, Program, T

Exponents = tuple[tuple[str, float], ...]


class DimensionError(TypeError):
    """Two things of different dimension were added, compared or chosen between."""


@dataclass(frozen=True)
class Dimension:
    """The dimension of a value as exponents of base dimensions; `free` for literals nought and NEVER, which fit anything."""

    exponents: Exponents = ()
    free: bool = False

    @staticmethod
    def __where__(condition: Any, a: Any, b: Any) -> Dimension:
        """Require both choices to agree."""
        del condition
        return _same(a, b)

    @staticmethod
    def __exp__(x: Any) -> Dimension:
        """Require a pure number."""
        return _same(x, 1.0)

    def __add__(self, other: Any) -> Dimension:
        return _same(self, other)

    __radd__ = __sub__ = __rsub__ = __and__ = __or__ = __add__

    def __neg__(self) -> Dimension:
        return self

    def __mul__(self, other: Any) -> Dimension:
        return _product(self, _dimension(other), 1.0)

    __rmul__ = __mul__

    def __truediv__(self, other: Any) -> Dimension:
        return _product(self, _dimension(other), -1.0)

    def __rtruediv__(self, other: Any) -> Dimension:
        return _product(_dimension(other), self, -1.0)

    def __lt__(self, other: Any) -> Dimension:
        _same(self, other)
        return Dimension()

    __gt__ = __le__ = __ge__ = __lt__


def _dimension(value: Any) -> Dimension:
    if isinstance(value, Dimension):
        return value
    return Dimension((), free=value == 0.0 or abs(value) == NEVER)


def _same(a: Any, b: Any) -> Dimension:
    first, second = _dimension(a), _dimension(b)
    if first.free or second.free:
        return second if first.free else first
    if first.exponents != second.exponents:
        raise DimensionError(f"{_shown(first)} against {_shown(second)}")
    return first


def _product(a: Dimension, b: Dimension, power: float) -> Dimension:
    whole = dict(a.exponents)
    for name, exponent in b.exponents:
        whole[name] = whole.get(name, 0.0) + power * exponent
    return Dimension(tuple(sorted((name, e) for name, e in whole.items() if e)), a.free)


def _shown(dimension: Dimension) -> str:
    return " ".join(f"{name}^{e:g}" if e != 1 else name for name, e in dimension.exponents) or "a pure number"


@functools.lru_cache(maxsize=4096)
def dimension_of(unit: str) -> Dimension:
    """Return the dimension of a canonical unit; a `date` is a number of days."""
    text = "day" if unit == "date" else unit
    parsed = units.quantity(text).dimensionality
    return Dimension(tuple(sorted((str(k), float(v)) for k, v in cast("Mapping[Any, Any]", parsed).items())))


def prove(program: Program) -> int:
    """Check every stage of a program, for each combination of units that its instances have; return how many were checked.

    Raises DimensionError naming the stage and the result whose unit is not what was declared.
    """
    checked = 0
    fixed = {T: "day", DT: "day"}
    for stage in (*program.once, *program.step):
        seen: set[tuple[Any, ...]] = set()
        for arguments, results in zip(stage.arguments, stage.results, strict=True):
            have = [Dimension((), free=True) if slot == ZERO else dimension_of(fixed.get(int(slot)) or program.slot_units[int(slot)]) for slot in arguments]
            want = [dimension_of(program.slot_units[int(slot)]) for slot in results]
            key = (tuple(have), tuple(want))
            if key in seen:
                continue
            seen.add(key)
            checked += 1
            try:
                for made, declared in zip(stage.function(*have), want, strict=True):
                    _same(made, declared)
            except DimensionError as error:
                raise DimensionError(f"{stage.phase} of {stage.title}: {error}") from None
    return checked
