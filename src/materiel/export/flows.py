"""Levels as stocks: what moves them, term by term, as flows per day between them.

Where the next value of a level is written as the level and things added and taken away (through other variables, if need be: what a store has left after its claims),
each of these becomes a flow. What one level loses and another gains is one flow between the two. Anything else is one flow that may run either way.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

from materiel.engine.symbols import Symbol
from materiel.export import measures
from materiel.export.flat import Flat, Names, Variable
from materiel.network import DT


@dataclass(frozen=True)
class Flow:
    """A flow per day: its number (past those of all variables), name, unit and formula, and the levels it leaves and enters by their numbers, where there are any.

    `moves` is the variable of which it is the rate, if it has a name.
    """

    number: int
    name: str
    unit: str
    formula: Symbol
    leaves: int | None
    enters: int | None
    moves: int | None = None


@dataclass(frozen=True)
class _Term:
    """What moves a level in a period: an amount, on which side it stands, and whether it is all that moves it and may be of either sign."""

    level: int
    gain: bool
    amount: Symbol
    net: bool = False


def flows(flat: Flat) -> list[Flow]:
    """Return the flows of a flat model: the level at the next boundary is the level plus `dt` times what enters less what leaves."""
    return _Flows(flat).all()


class _Flows:
    """Flows on their way, with names that the variables leave free."""

    def __init__(self, flat: Flat) -> None:
        self.flat = flat
        self.names = Names({one.name for one in flat.variables.values()})
        self.free = itertools.count(max(flat.variables) + 1)
        self.units = {one.number: one.unit for one in flat.variables.values()}

    def all(self) -> list[Flow]:
        """Return every flow, the terms of one amount together."""
        together: dict[int, list[_Term]] = {}
        for level in self.flat.of("level"):
            for term in self._terms(level):
                together.setdefault(id(term.amount), []).append(term)
        return [flow for terms in together.values() for flow in self._of(terms)]

    def _of(self, terms: list[_Term]) -> Iterator[Flow]:
        """Yield one flow for an amount, and one that repeats it for every further level that it moves: a flow has two ends at most."""
        terms = sorted(terms, key=lambda term: term.level not in self.flat.holds)
        first = [next((term for term in terms if term.gain == gain), None) for gain in (False, True)]
        leaves, enters = (term.level if term else None for term in first)
        amount = terms[0].amount
        moves = int(amount.number) if amount.op == "variable" else None
        rate = Symbol("div", (amount, Symbol("variable", (), float(DT))))
        number = self._new(rate)
        label = f"{self.flat.variables[terms[0].level].name}_change" if terms[0].net else self._label(moves, leaves, enters)
        yield Flow(number, self.names.new(label), self.units[number], rate, leaves, enters, moves)
        for term in terms:
            if term not in first:
                again = Symbol("variable", (), float(number))
                ends = (None, term.level) if term.gain else (term.level, None)
                yield Flow(self._new(again), self.names.new(self._label(None, *ends)), self.units[number], again, *ends, moves)

    def _new(self, rate: Symbol) -> int:
        number = next(self.free)
        self.units[number] = measures.words(measures.exponents(rate, self.units))
        return number

    def _label(self, moves: int | None, leaves: int | None, enters: int | None) -> str:
        variables = self.flat.variables
        if moves is not None:
            return f"{variables[moves].name}_per_day"
        if leaves is not None and enters is not None:
            a, b = variables[leaves].path.split("."), variables[enters].path.split(".")
            common = next((n for n, (one, other) in enumerate(zip(a, b, strict=False)) if one != other), 0)
            return f"{'.'.join(a)}_to_{'.'.join(b[common:])}"
        level = variables[leaves if leaves is not None else enters or 0]
        return f"{level.name}_{'out' if leaves is not None else 'in'}"

    def _terms(self, level: Variable) -> list[_Term]:
        """Return what moves a level, in the order of its formula."""
        split = self._split(level.formula, level.number)
        if split is None:
            return [_Term(level.number, True, self._change(level.formula, level.number), net=True)]
        return [_Term(level.number, gain, amount) for gain, amount in split if not (amount.op == "literal" and amount.number == 0.0)]

    def _split(self, formula: Symbol, level: int) -> list[tuple[bool, Symbol]] | None:
        """Return what is added to a level and taken from it in a formula, or None where the formula is not a sum that begins with it."""
        if _is(formula, level):
            return []
        if formula.op == "variable":
            behind = self.flat.variables[int(formula.number)]
            return self._split(behind.formula, level) if behind.kind == "auxiliary" and behind.formula.op in ("add", "sub", "variable") else None
        if formula.op not in ("add", "sub"):
            return None
        a, b = formula.args
        before = self._split(a, level)
        if before is not None:
            return [*before, (formula.op == "add", b)]
        after = self._split(b, level) if formula.op == "add" else None
        return None if after is None else [(True, a), *after]

    def _change(self, formula: Symbol, level: int) -> Symbol:
        """Return by how much a formula differs from a level; of a choice, choice by choice, so that what stays as it is changes by nought."""
        if _is(formula, level):
            return Symbol("literal", (), 0.0)
        if formula.op == "where":
            condition, a, b = formula.args
            return Symbol("where", (condition, self._change(a, level), self._change(b, level)))
        split = self._split(formula, level)
        if split is None:
            return Symbol("sub", (formula, Symbol("variable", (), float(level))))
        (gain, whole), *others = split
        whole = whole if gain else Symbol("neg", (whole,))
        for more, amount in others:
            whole = Symbol("add" if more else "sub", (whole, amount))
        return whole


def _is(formula: Symbol, number: int) -> bool:
    return formula.op == "variable" and int(formula.number) == number
