"""Formulas made smaller by what is known before a run, without moving a bit of any result.

A case states hundreds of numbers that are nought, one or never in every draw; a formula need not compute with them. What is left is a graph in which
every operation stands once. Only steps that are exact in floating point are taken: `x * 1`, `x / 1` and `x - 0` are x; `x + 0` is x unless x is a negative nought,
`0 * x` is nought if x is finite and not negative, and `x - x` if x is finite. So operands carry their sign with them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, Literal, NamedTuple

import numpy as np

from materiel.engine.symbols import Symbol, in_order

Sign = Literal["positive", "plain", "any"]
"""What is known of a number: at least (positive) nought; never a negative nought; nothing."""

OPERATIONS: dict[str, Callable[..., Any]] = {
    "add": np.add, "sub": np.subtract, "mul": np.multiply, "div": np.divide, "neg": np.negative, "lt": np.less, "le": np.less_equal, "gt": np.greater,
    "ge": np.greater_equal, "and": np.logical_and, "or": np.logical_or, "where": np.where,
}  # fmt: skip
"""Every operation of a graph, on numbers or arrays."""

TRUTHS = frozenset({"lt", "le", "gt", "ge", "and", "or"})
"""Operations whose result is true or false."""


class Fact(NamedTuple):
    """What is known of a number before a run: its value if that is a literal, whether all draws have the same, whether it changes with time, its sign."""

    number: float | None = None
    uniform: bool = False
    timed: bool = False
    sign: Sign = "any"

    @property
    def inner(self) -> bool:
        """Whether only the steps of each draw can tell the number."""
        return self.timed and not self.uniform


def literal(number: float) -> Fact:
    """Return what is known of a literal number."""
    negative = math.copysign(1.0, number) < 0.0
    return Fact(number, uniform=True, sign="positive" if not negative else ("any" if number == 0.0 else "plain"))


NAUGHT = literal(0.0)


class Node(NamedTuple):
    """An operation on earlier nodes, a literal, or an operand read from memory by its `key`; `fact` is what is known of it."""

    op: str
    args: tuple[int, ...]
    key: Any
    fact: Fact


class Graph:
    """Formulas over shared operands; equal operations are one node, and nodes come after what they read."""

    def __init__(self) -> None:
        """Begin with no node."""
        self.nodes: list[Node] = []
        self._known: dict[tuple[Any, ...], int] = {}

    def operand(self, key: Any, fact: Fact) -> int:
        """Return the node that reads an operand, or its literal."""
        return self._add("operand", (), key, fact) if fact.number is None else self.number(fact.number)

    def number(self, value: float) -> int:
        """Return the node of a literal number."""
        return self._add("literal", (), (value, math.copysign(1.0, value)), literal(value))

    def add(self, formulas: Sequence[Symbol], operands: Sequence[int]) -> list[int]:
        """Return the nodes of formulas whose n-th argument is the n-th of `operands`."""
        done: dict[Symbol, int] = {}
        for symbol in in_order(formulas):
            if symbol.op == "argument":
                done[symbol] = operands[int(symbol.number)]
            elif symbol.op == "literal":
                done[symbol] = self.number(symbol.number)
            else:
                done[symbol] = self.operation(symbol.op, *(done[part] for part in symbol.args))
        return [done[formula] for formula in formulas]

    def operation(self, op: str, *args: int) -> int:
        """Return the node of an operation, after making it smaller."""
        facts = [self.nodes[i].fact for i in args]
        numbers = [fact.number for fact in facts]
        if op in OPERATIONS and None not in numbers and not (op == "div" and numbers[1] == 0.0):
            return self.number(float(OPERATIONS[op](*numbers)))
        same = self._same(op, args, facts)
        if same is not None:
            return same
        uniform, timed = all(fact.uniform for fact in facts), any(fact.timed for fact in facts)
        return self._add(op, args, None, Fact(uniform=uniform, timed=timed, sign=self._sign(op, args, facts)))

    def behind(self, nodes: Sequence[int]) -> list[int]:
        """Return nodes and all that they are computed from, in order."""
        found, waiting = set[int](), list(nodes)
        while waiting:
            n = waiting.pop()
            if n not in found:
                found.add(n)
                waiting += self.nodes[n].args
        return sorted(found)

    def _add(self, op: str, args: tuple[int, ...], key: Any, fact: Fact) -> int:
        identity = (op, args, key)
        if identity not in self._known:
            self._known[identity] = len(self.nodes)
            self.nodes.append(Node(op, args, key, fact))
        return self._known[identity]

    def _same(self, op: str, args: tuple[int, ...], facts: list[Fact]) -> int | None:
        """Return an earlier node that is the same number as an operation, if there is one."""
        if op == "where":
            return self._chosen(args, facts)
        if op in ("and", "or"):
            return self._decided(op, args, facts)
        if op not in ("add", "sub", "mul", "div"):
            return None
        a, b = facts
        neutral = 0.0 if op in ("add", "sub") else 1.0
        if b.number == neutral and (op != "add" or a.sign != "any") and (op != "sub" or b.sign == "positive"):
            return args[0]
        if a.number == neutral and (op == "mul" or (op == "add" and b.sign != "any")):
            return args[1]
        if (op == "mul" and 0.0 in (a.number, b.number) and a.sign == b.sign == "positive") or (op == "sub" and args[0] == args[1]):
            return self.number(0.0)
        return None

    def _chosen(self, args: tuple[int, ...], facts: list[Fact]) -> int | None:
        condition, a, b = args
        if facts[0].number is not None:
            return a if facts[0].number else b
        if a == b:
            return a
        asked = self.nodes[condition]
        never_below = asked.op == "gt" and asked.args == (a, b) and facts[2].number == 0.0 and facts[1].sign == "positive"
        return a if never_below else None  # the greater of x and nought

    def _decided(self, op: str, args: tuple[int, ...], facts: list[Fact]) -> int | None:
        for (one, fact), other in zip(zip(args, facts, strict=True), reversed(args), strict=True):
            if fact.number is not None:
                return other if bool(fact.number) == (op == "and") else one
        return None

    def _sign(self, op: str, args: tuple[int, ...], facts: list[Fact]) -> Sign:
        signs = [fact.sign for fact in facts]
        if op == "add":
            return "positive" if signs == ["positive", "positive"] else ("any" if signs == ["any", "any"] else "plain")
        if op == "sub":
            return "any" if signs[0] == "any" else "plain"
        if op in ("mul", "div"):
            return "positive" if signs == ["positive", "positive"] else "any"
        if op == "where":
            asked = self.nodes[args[0]]
            if asked.op == "gt" and asked.args == args[1:] and signs[2] == "positive":
                return "positive"  # the greater of anything and what is not negative
            return "positive" if signs[1:] == ["positive", "positive"] else ("any" if "any" in signs[1:] else "plain")
        return "any"
