"""The few operations that equations are written with, on whatever a value is.

An equation is plain Python on values, for one component, one draw, one period. The same code is read
on NumPy arrays (the reference), on symbols (the native kernel, XMILE, LaTeX), on arrays of JAX (slopes,
accelerators) and on units (the proof at load). Arithmetic comes from the operators of the values; what operators cannot say stands here.
A reading takes part by giving its value class a method `__where__(condition, a, b)` and, if it can, `__exp__`.

`minimum` and `maximum` are comparisons and selections in every reading, so that ties and bits agree.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol, cast

import numpy as np

from materiel import portable


class Value(Protocol):
    """A number in some reading: a float, an array over draws, a symbol, a unit."""

    def __add__(self, other: Value | float, /) -> Value: ...
    def __radd__(self, other: float, /) -> Value: ...
    def __sub__(self, other: Value | float, /) -> Value: ...
    def __rsub__(self, other: float, /) -> Value: ...
    def __mul__(self, other: Value | float, /) -> Value: ...
    def __rmul__(self, other: float, /) -> Value: ...
    def __truediv__(self, other: Value | float, /) -> Value: ...
    def __rtruediv__(self, other: float, /) -> Value: ...
    def __neg__(self) -> Value: ...
    def __lt__(self, other: Value | float, /) -> Value: ...
    def __gt__(self, other: Value | float, /) -> Value: ...
    def __le__(self, other: Value | float, /) -> Value: ...
    def __ge__(self, other: Value | float, /) -> Value: ...
    def __and__(self, other: Value, /) -> Value: ...
    def __or__(self, other: Value, /) -> Value: ...


Values = dict[str, "Value | float | Sequence[Value | float]"]
"""What an equation returns: variables by name; a variable with several entries as a sequence."""

NEVER = 1.0e6
"""A day that no horizon reaches (some 2,700 years), used for dates that have not been set."""


def where(condition: Value, a: Value | float, b: Value | float) -> Value:
    """Return `a` where the condition holds and `b` elsewhere; both are evaluated."""
    for operand in (condition, a, b):
        reading = getattr(type(operand), "__where__", None)
        if reading is not None:
            return cast("Value", reading(condition, a, b))
    return cast("Value", np.where(cast("Any", condition), cast("Any", a), cast("Any", b)))


def minimum(a: Value | float, b: Value | float) -> Value:
    """Return the smaller of two values; the second where they are equal."""
    first = cast("Value", a)
    return where(first < b, a, b)


def maximum(a: Value | float, b: Value | float) -> Value:
    """Return the larger of two values; the second where they are equal."""
    first = cast("Value", a)
    return where(first > b, a, b)


def ratio(a: Value, b: Value) -> Value:
    """Return a / b where b is positive, and nought elsewhere."""
    return where(b > 0.0, a / b, 0.0)


def exp(x: Value) -> Value:
    """Return the exponential; only for what is constant in a run, so that a step needs no library function."""
    reading = getattr(type(x), "__exp__", None)
    if reading is not None:
        return cast("Value", reading(x))
    return cast("Value", portable.exp(cast("Any", x)))


def total(values: Sequence[Value], start: Value | float = 0.0) -> Value:
    """Return the sum in link order, never reassociated."""
    result = cast("Value", start)
    for value in values:
        result = result + value
    return result


def clamp(x: Value) -> Value:
    """Return x held between nought and one."""
    return maximum(minimum(x, 1.0), 0.0)


def overlap(t: Value, dt: Value, start: Value | float, end: Value | float) -> Value:
    """Return the time, in days, for which the period from t to t + dt lies between two days."""
    return maximum(minimum(t + dt, end) - maximum(t, start), 0.0)


def covered(t: Value, dt: Value, start: Value | float, end: Value | float) -> Value:
    """Return the share of the period from t to t + dt that lies between two days."""
    return overlap(t, dt, start, end) / dt


def release(dt: Value, delay: Value, stages: int) -> Value:
    """Return the fraction of its content that each stage of a delay lets go in one period.

    `1 - exp(-stages dt / delay)` stays between nought and one for every positive delay, so that no stage can be
    overdrawn however short the delay is against the step.
    """
    return 1.0 - exp(-(stages * dt / delay))


def pass_on(stages: Sequence[Value], entering: Value, fraction: Value) -> list[Value]:
    """Return the stages of a delay after one period: each keeps the rest of what it held and takes what came."""
    after: list[Value] = []
    for content in stages:
        leaving = content * fraction
        after.append((content - leaving) + entering)
        entering = leaving
    return after
