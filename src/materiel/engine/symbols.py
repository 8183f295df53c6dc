"""Equations read on symbols: what an engine compiles, and what other tools and the pages are told."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, eq=False)
class Symbol:
    """A node of a formula: an operation on other nodes, a literal number, or the n-th argument of a stage."""

    op: str
    args: tuple[Symbol, ...] = ()
    number: float = 0.0

    @staticmethod
    def __where__(condition: Any, a: Any, b: Any) -> Any:
        """Select between two formulas; a condition on plain numbers is decided at once."""
        if not isinstance(condition, Symbol):
            return a if condition else b
        return Symbol("where", (condition, _symbol(a), _symbol(b)))

    def __exp__(self) -> Symbol:
        """Return the exponential; only constants of a run have one."""
        return Symbol("exp", (self,))

    def __add__(self, other: Any) -> Symbol:
        return Symbol("add", (self, _symbol(other)))

    def __radd__(self, other: Any) -> Symbol:
        return Symbol("add", (_symbol(other), self))

    def __sub__(self, other: Any) -> Symbol:
        return Symbol("sub", (self, _symbol(other)))

    def __rsub__(self, other: Any) -> Symbol:
        return Symbol("sub", (_symbol(other), self))

    def __mul__(self, other: Any) -> Symbol:
        return Symbol("mul", (self, _symbol(other)))

    def __rmul__(self, other: Any) -> Symbol:
        return Symbol("mul", (_symbol(other), self))

    def __truediv__(self, other: Any) -> Symbol:
        return Symbol("div", (self, _symbol(other)))

    def __rtruediv__(self, other: Any) -> Symbol:
        return Symbol("div", (_symbol(other), self))

    def __neg__(self) -> Symbol:
        return Symbol("neg", (self,))

    def __lt__(self, other: Any) -> Symbol:
        return Symbol("lt", (self, _symbol(other)))

    def __le__(self, other: Any) -> Symbol:
        return Symbol("le", (self, _symbol(other)))

    def __gt__(self, other: Any) -> Symbol:
        return Symbol("gt", (self, _symbol(other)))

    def __ge__(self, other: Any) -> Symbol:
        return Symbol("ge", (self, _symbol(other)))

    def __and__(self, other: Any) -> Symbol:
        return Symbol("and", (self, other))

    def __or__(self, other: Any) -> Symbol:
        return Symbol("or", (self, other))


def _symbol(value: Any) -> Symbol:
    return value if isinstance(value, Symbol) else Symbol("literal", (), float(value))


def in_order(formulas: Sequence[Symbol]) -> list[Symbol]:
    """Return every symbol of some formulas once, each after those that it is made of."""
    made: dict[Symbol, None] = {}
    for formula in formulas:
        waiting = [formula]
        while waiting:
            missing = [part for part in waiting[-1].args if part not in made]
            if missing:
                waiting += missing
            else:
                made[waiting.pop()] = None
    return list(made)


def trace(function: Callable[..., Sequence[Any]], count: int) -> tuple[list[Symbol], list[Symbol]]:
    """Return the arguments and the results of a stage function as symbols; `count` is its number of arguments."""
    arguments = [Symbol("argument", (), float(i)) for i in range(count)]
    return arguments, [_symbol(value) for value in function(*arguments)]
