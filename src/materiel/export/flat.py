"""A program as a flat model: named scalars, each with one formula, read on symbols from the equations that the engines run.

Nothing is written a second time here. Every stage is traced once (`engine.symbols.trace`), its arguments replaced by the scalars that stand in the slots
of each instance. Then three things are done that change no value: a selection that is a minimum or a maximum is called so; what a formula uses
more than once gets a name; a slot that only repeats another is left out, unless a case knows it by a path.

A formula is a tree of `Symbol`. Leaves are `variable` (its `number` is that of a `Variable`), `time` (start of the period, in days) and `literal`; `min` and `max`
stand for `where(a < b, a, b)` and `where(a > b, a, b)`; all other operations are those of `Symbol`.
"""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from materiel.engine.symbols import Symbol, trace
from materiel.export import measures
from materiel.network import DT, ZERO, Program, Stage, T

Kind = Literal["parameter", "constant", "level", "auxiliary"]

PERIOD = "period"
"""Name of the length of a period, which is a parameter like any other."""

_WORDS = {
    "add": "sum", "sub": "difference", "mul": "product", "div": "quotient", "neg": "negative", "exp": "exponential",
    "min": "least", "max": "most", "where": "choice",
}  # fmt: skip
"""What a part of a formula is called by its operation."""

_SHARING = {
    ("grant", "add"): "wanted", ("grant", "where"): "fraction", ("grant", "min"): "granted_to_{first}", ("grant", "sub"): "ungranted_after_{last}",
    ("grant", "max"): "spare",
    ("settle", "min"): "taken_by_{first}", ("settle", "sub"): "left_after_{last}",
}  # fmt: skip
"""What a part of the equations of sharing is called, by phase and operation; `first` and `last` are the claimants of whom its first and last operand speak."""

_CONDITIONS = ("lt", "le", "gt", "ge", "and", "or")


@dataclass(frozen=True, eq=False)
class Variable:
    """One scalar: its number (the slot that it stands in, or one past all slots for a part of a formula), a name of small letters, digits and `_` that no other has, its path in the case.

    A parameter's formula is a literal, a constant's is computed once per run, an auxiliary's in every period. A level has `start`, its value at the first
    boundary, and as formula its value at the next boundary, from what holds in the period. `path` is empty for a part of a formula. `unit` is in words, such as `round/day`.
    """

    number: int
    name: str
    kind: Kind
    unit: str
    path: str
    formula: Symbol
    start: Symbol | None = None

    @property
    def value(self) -> float:
        """The number of a parameter."""
        return self.formula.number


@dataclass(frozen=True)
class Flat:
    """A flat model: its variables by number, in an order in which each comes after what it reads: parameters, constants, levels, auxiliaries.

    A level's start reads parameters and constants, its formula anything. `numbers` gives, for every slot that somebody reads or that a case knows, the number of the variable that holds it;
    `holds` are the levels that hold matter or value and not a count; `dt` is the length of a period in days.
    """

    variables: dict[int, Variable]
    numbers: dict[int, int]
    holds: frozenset[int]
    dt: float

    def of(self, kind: Kind) -> list[Variable]:
        """Return the variables of one kind, in order."""
        return [one for one in self.variables.values() if one.kind == kind]


def flatten(program: Program, values: Sequence[float], dt: float) -> Flat:
    """Return the flat model of a program for one draw: `values` holds one number per prior, in the order of `program.priors`, in canonical units."""
    return _Flattening(program, dt).run(values)


def leaves(formula: Symbol) -> Iterator[int]:
    """Yield the numbers of the variables that a formula reads, left to right, each as often as it is read."""
    if formula.op == "variable":
        yield int(formula.number)
    for part in formula.args:
        yield from leaves(part)


class Formulas:
    """Makes formulas of which equal ones are one object."""

    def __init__(self) -> None:
        self.known: dict[tuple[object, ...], Symbol] = {}

    def make(self, op: str, args: tuple[Symbol, ...] = (), number: float = 0.0) -> Symbol:
        """Return the formula of an operation; a selection that is a minimum or a maximum becomes one."""
        if op == "where":
            op, args = _extremum(*args)
            if len(args) == 1:
                return args[0]
        key = (op, number, *map(id, args))
        if key not in self.known:
            self.known[key] = Symbol(op, args, number)
        return self.known[key]

    def variable(self, number: int) -> Symbol:
        """Return the leaf that reads a variable."""
        return self.make("variable", (), float(number))

    def literal(self, number: float) -> Symbol:
        """Return a number."""
        return self.make("literal", (), number)


def _extremum(condition: Symbol, a: Symbol, b: Symbol) -> tuple[str, tuple[Symbol, ...]]:
    """Return the operation and arguments of a selection, or its only value where both choices are one."""
    if a is b:
        return "", (a,)
    if condition.op in ("lt", "gt") and {a, b} == set(condition.args):
        smaller = (condition.op == "lt") == (a is condition.args[0])
        return ("min" if smaller else "max"), (a, b)
    return "where", (condition, a, b)


class _Flattening:
    """One program on its way: formulas by slot as the stages are read, then parts of them, then variables in order."""

    def __init__(self, program: Program, dt: float) -> None:
        self.program, self.dt = program, dt
        self.formulas = Formulas()
        self.given: dict[int, float] = {}
        self.once: dict[int, Symbol] = {}
        self.step: dict[int, Symbol] = {}
        self.labels, self.units = {**program.labels, DT: PERIOD}, {**program.slot_units, DT: "day"}
        self.free = itertools.count(program.size)
        self.levels = set(program.levels)

    def run(self, values: Sequence[float]) -> Flat:
        for stage in self.program.once:
            self._read(stage, self.once)
        for stage in self.program.step:
            self._read(stage, self.step)
        self.given = {DT: self.dt} | {slot: value for (slot, _), value in zip(self.program.priors, values, strict=True)}
        numbers = self._numbers()
        return _Assembly(self, numbers).flat()

    def _read(self, stage: Stage, into: dict[int, Symbol]) -> None:
        """Read a stage for all its instances. A slot is written by one stage only, or a formula would not say what holds in a period."""
        arguments, results = trace(stage.function, stage.arguments.shape[1])
        for slots, targets in zip(stage.arguments.tolist(), stage.results.tolist(), strict=True):
            known = {id(argument): self._leaf(slot) for argument, slot in zip(arguments, slots, strict=True)}
            made = {target: self._rewritten(result, known) for target, result in zip(targets, results, strict=True)}
            assert not made.keys() & into.keys(), f"{self.labels[min(made.keys() & into.keys())]} is written twice"
            into |= _Parts(self, stage.phase, slots[0] if slots else targets[0], made).named()

    def _leaf(self, slot: int) -> Symbol:
        if slot == T:
            return self.formulas.make("time")
        return self.formulas.literal(0.0) if slot == ZERO else self.formulas.variable(slot)

    def _rewritten(self, symbol: Symbol, known: dict[int, Symbol]) -> Symbol:
        if id(symbol) not in known:
            known[id(symbol)] = self.formulas.make(symbol.op, tuple(self._rewritten(part, known) for part in symbol.args), symbol.number)
        return known[id(symbol)]

    def _numbers(self) -> dict[int, int]:
        """Return the slot in whose place each slot is read: itself, the one that it repeats, or the first that holds the same number of the case."""
        known = {slot for slots in self.program.variables.values() for slot in slots}
        first: dict[tuple[str, str, float], int] = {}
        made = {slot: first.setdefault((self.labels[slot], self.units[slot], value), slot) for slot, value in self.given.items()}
        for slot, formula in (*self.once.items(), *self.step.items()):
            repeats = formula.op == "variable" and slot not in known and slot not in self.levels
            made[slot] = made.get(int(formula.number), int(formula.number)) if repeats else slot
        return {slot: slot for slot in (*known, *self.levels)} | made


class _Parts:
    """The formulas of one instance of a stage: what they use more than once becomes a variable of its own, unless it is small."""

    def __init__(self, whole: _Flattening, phase: str, about: int, made: dict[int, Symbol]) -> None:
        self.whole, self.phase, self.about, self.made = whole, phase, about, made
        self.uses = Counter[int](id(formula) for formula in made.values())
        self.owner = {id(formula): slot for slot, formula in reversed(made.items()) if formula.args and slot not in whole.levels}
        self.done: dict[int, Symbol] = {}
        self.parts: dict[int, Symbol] = {}
        seen: set[int] = set()
        for formula in made.values():
            self._count(formula, seen)

    def _count(self, formula: Symbol, seen: set[int]) -> None:
        if id(formula) not in seen:
            seen.add(id(formula))
            for part in formula.args:
                self.uses[id(part)] += 1
                self._count(part, seen)

    def named(self) -> dict[int, Symbol]:
        """Return the formulas by slot, those of parts among them."""
        made: dict[int, Symbol] = {}
        for slot, formula in self.made.items():
            own = self.owner.get(id(formula)) == slot or self.uses[id(formula)] == 1
            made[slot] = self._with_parts(formula, slot) if own else self._read(formula, slot)
        return self.parts | made

    def _with_parts(self, formula: Symbol, slot: int) -> Symbol:
        """Return a formula of a slot in which what has a name is read by it."""
        args = tuple(self._read(part, slot) for part in formula.args)
        return self.whole.formulas.make(formula.op, args, formula.number)

    def _read(self, formula: Symbol, slot: int) -> Symbol:
        if id(formula) in self.owner:
            return self.whole.formulas.variable(self.owner[id(formula)])
        if id(formula) not in self.done:
            made = self._with_parts(formula, slot)
            large = made.op in ("min", "max", "where") or (self.phase, made.op) in _SHARING or any(part.args for part in made.args)
            often = self.uses[id(formula)] > 1 or (self.phase, made.op) == ("grant", "where")
            named = large and often and made.op not in _CONDITIONS
            self.done[id(formula)] = self._part(made, slot) if named else made
        return self.done[id(formula)]

    def _part(self, formula: Symbol, slot: int) -> Symbol:
        whole, number = self.whole, next(self.whole.free)
        whole.labels[number] = self._label(formula, slot)
        whole.units[number] = measures.words(measures.exponents(formula, whole.units))
        self.parts[number] = formula
        return whole.formulas.variable(number)

    def _label(self, formula: Symbol, slot: int) -> str:
        """Return what a part is called: after the resource that is shared, or after the slot in whose formula it is met."""
        labels = self.whole.labels
        sharing = _SHARING.get((self.phase, formula.op), "")
        if not sharing:
            return f"{labels[slot]}_{_WORDS[formula.op]}"
        read = [re.split("_taken_by_|_granted_to_|_limit$", labels[number]) for number in leaves(formula)]
        first, last = (next(part for part in reversed(parts) if part) for parts in (read[0], read[-1]))
        return f"{labels[self.about]}_{sharing.format(first=first, last=last)}"


class _Assembly:
    """The last step: variables with names, in order, without what nobody reads."""

    def __init__(self, whole: _Flattening, numbers: dict[int, int]) -> None:
        self.whole, self.numbers = whole, numbers
        self.names = Names(set())
        self.made: dict[int, Variable] = {}
        self.waiting: list[int] = []

    def flat(self) -> Flat:
        whole = self.whole
        known = [self.numbers[slot] for slots in whole.program.variables.values() for slot in slots]
        for slot in (DT, *(self.numbers[slot] for slot in whole.given), *known, *whole.program.levels):
            self._add(slot)
        while self.waiting:
            slot = self.waiting.pop(0)
            self.made[slot] = replace(self.made[slot], formula=self._read(whole.step[slot]))
        order = ("parameter", "constant", "level", "auxiliary")
        variables = {one.number: one for kind in order for one in self.made.values() if one.kind == kind}
        numbers = {slot: number for slot, number in self.numbers.items() if number in variables}
        return Flat(variables, numbers, frozenset(term.slot for term in whole.program.laws if term.role == "holds"), whole.dt)

    def _add(self, slot: int) -> None:
        """Add a variable after all that it reads; the next value of a level waits, for it may read what reads the level."""
        if slot in self.made:
            return
        whole = self.whole
        if slot in whole.levels:
            start = self._read(whole.once.get(slot, whole.formulas.literal(0.0)))
            self.made[slot] = self._variable(slot, "level", whole.formulas.variable(slot), start)
            self.waiting += [slot] if slot in whole.step else []
        elif slot in whole.given:
            self.made[slot] = self._variable(slot, "parameter", whole.formulas.literal(whole.given[slot]))
        else:
            kind = "auxiliary" if slot in whole.step else "constant"
            formula = self._read(whole.step.get(slot) or whole.once.get(slot) or whole.formulas.literal(0.0))
            self.made[slot] = self._variable(slot, kind, formula)

    def _read(self, formula: Symbol) -> Symbol:
        """Return a formula with every leaf read from where its value stands, after adding all that it reads."""
        if formula.op == "variable":
            number = self.numbers.get(int(formula.number), int(formula.number))
            self._add(number)
            return self.whole.formulas.variable(number)
        return self.whole.formulas.make(formula.op, tuple(map(self._read, formula.args)), formula.number)

    def _variable(self, slot: int, kind: Kind, formula: Symbol, start: Symbol | None = None) -> Variable:
        whole = self.whole
        label = whole.labels[slot]
        path = "" if slot >= whole.program.size else label
        return Variable(slot, self.names.new(label), kind, measures.plain(whole.units[slot]), path, formula, start)


class Names:
    """Gives names of small letters, digits and `_`, each once and none that is `taken` already."""

    def __init__(self, taken: set[str]) -> None:
        self.taken = taken

    def new(self, label: str) -> str:
        """Return a name for a label; a number follows where the name is taken."""
        stem = re.sub("[^a-z0-9]+", "_", label.lower()).strip("_")
        stem = stem if stem[:1].isalpha() else f"n_{stem}"
        name = stem if stem not in self.taken else next(name for n in itertools.count(2) if (name := f"{stem}_{n}") not in self.taken)
        self.taken.add(name)
        return name
