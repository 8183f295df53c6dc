"""Equations read on units: the proof, at load, that nothing in a program adds rounds to days."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from materiel import units
from materiel.equations import NEVER
from materiel.network import ZERO, Program


class DimensionError(TypeError):
    """Two things of different dimension were added, compared or chosen between."""


@dataclass(frozen=True)
class Dimension:
    """The dimension of a value as exponents of base dimensions; `free` for literals nought and NEVER, which fit anything."""

    exponents: units.Powers = ()
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
    return Dimension(units.times(a.exponents, b.exponents, power), a.free)


def _shown(dimension: Dimension) -> str:
    return " ".join(f"{name}^{e:g}" if e != 1 else name for name, e in dimension.exponents) or "a pure number"


def prove(program: Program) -> int:
    """Check every stage of a program, for each combination of units that its instances have; return how many were checked.

    Raises DimensionError naming the stage and the result whose unit is not what was declared.
    """
    checked = 0
    dimensions, of_slot = _dimensions(program)
    for stage in (*program.once, *program.step):
        width = stage.arguments.shape[1]
        rows: list[list[int]] = of_slot[np.hstack((stage.arguments, stage.results))].tolist()
        for row in dict.fromkeys(map(tuple, rows)):
            have, want = ([dimensions[i] for i in part] for part in (row[:width], row[width:]))
            checked += 1
            try:
                for made, declared in zip(stage.function(*have), want, strict=True):
                    _same(made, declared)
            except DimensionError as error:
                raise DimensionError(f"{stage.phase} of {stage.title}: {error}") from None
    return checked


def _dimensions(program: Program) -> tuple[list[Dimension], npt.NDArray[np.int64]]:
    """Return the dimensions that a program has, each once, and the position of every slot's among them; a `date` is a number of days."""
    known = {Dimension((), free=True): 0, Dimension(units.dimension("day")): 1}
    of_slot = np.ones(program.size, dtype=np.int64)  # the start of a period and its length are days
    of_slot[ZERO] = 0
    by_unit: dict[str, int] = {"date": 1}
    for slot, unit in program.slot_units.items():
        if unit not in by_unit:
            by_unit[unit] = known.setdefault(Dimension(units.dimension(unit)), len(known))
        of_slot[slot] = by_unit[unit]
    return list(known), of_slot
