"""Formulas of conversions: containers * per_container. Read, never executed; evaluated on quantities, so that the units are worked out as well."""

from __future__ import annotations

import ast
import functools
import keyword
import operator
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from materiel.quantities import QuantityError

MOST = 200
"""Characters that a formula may have."""

_ALLOWED = "names of terms and plain numbers joined by + - * / ^ and parentheses"


@dataclass(frozen=True)
class Formula:
    """A formula as written, its tree, and the names in it in order of appearance."""

    text: str
    tree: ast.expr
    names: tuple[str, ...]

    def evaluate(self, values: Mapping[str, Any]) -> Any:
        """Return the value of the formula for values of its names: anything that can be added, multiplied and divided, such as `units.Quantity`."""
        return _value(self.tree, values)


def parse(text: str) -> Formula:
    """Return the formula of a text. Raises QuantityError."""
    if len(text) > MOST:
        raise QuantityError(f"a formula of {len(text)} characters", f"at most {MOST}")
    if set(text) & {"#", "\\"}:  # what stands behind them would be dropped unsaid
        raise QuantityError(f"{text!r} is no formula", _ALLOWED)
    reserved = next((word for word in re.findall(r"\w+", text) if keyword.iskeyword(word)), "")
    if reserved:
        raise QuantityError(f"{text!r} is no formula: the name {reserved!r} is reserved", "another name for the term")
    try:
        tree = ast.parse(text.strip().replace("^", "**"), mode="eval").body
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        raise QuantityError(f"{text!r} is no formula", _ALLOWED) from None
    names: dict[str, None] = {}
    _check(tree, names, text)
    return Formula(text, tree, tuple(names))


def _check(node: ast.expr, names: dict[str, None], text: str) -> None:
    match node:
        case ast.BinOp(left, ast.Pow(), ast.Constant(int() as power)) if not isinstance(power, bool) and 1 <= power <= 9:
            _check(left, names, text)
        case ast.BinOp(left, ast.Add() | ast.Sub() | ast.Mult() | ast.Div(), right):
            _check(left, names, text)
            _check(right, names, text)
        case ast.UnaryOp(ast.USub(), operand):
            _check(operand, names, text)
        case ast.Name(name):
            names[name] = None
        case ast.Constant(int() | float() as number) if not isinstance(number, bool) and abs(number) < 1e100:
            pass
        case _:
            raise QuantityError(f"{text!r} is no formula", _ALLOWED)


def _value(node: ast.expr, values: Mapping[str, Any]) -> Any:
    match node:
        case ast.Name(name):
            return values[name]
        case ast.Constant(int() | float() as number):
            return float(number)  # whole numbers of Python grow without bound
        case ast.UnaryOp(_, operand):
            return -_value(operand, values)
        case ast.BinOp(left, ast.Pow(), ast.Constant(int() as power)):  # by products, which are the same on every machine
            return functools.reduce(operator.mul, [_value(left, values)] * power)
        case ast.BinOp(left, sign, right):
            a, b = _value(left, values), _value(right, values)
            match sign:
                case ast.Add():
                    return a + b
                case ast.Sub():
                    return a - b
                case ast.Mult():
                    return a * b
                case _:
                    return a / b
        case _:
            raise AssertionError(node)  # refused when it was parsed
