"""The equations of component types, and those of sharing, as LaTeX: read off the functions that run, so that no formula is typed twice.

A type is shown in its fullest form: every optional number and link given, delays with three stages, lists with all their entries. What
an absent number or another choice changes is shown beside it.
"""

from __future__ import annotations

import inspect
import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from materiel import allocation, component, equations
from materiel.component import Inlet, Link, Parameter, Resource, Type, Variable
from materiel.engine.symbols import Symbol
from materiel.export.typeset import STEP, TIME, Name, Writer, decorated

STAGES, ENTRIES = 3, 2
"""Stages of a delay and entries of a list as equations are traced; entries are then written with a letter."""

_AFTER = {"start": "0", "move": "t+1"}
"""The index of levels that an equation returns."""


@dataclass(frozen=True)
class Formula:
    """One result of an equation: the declared name, and `symbol = expression` in LaTeX."""

    result: str
    tex: str


@dataclass(frozen=True)
class Block:
    """One equation of a type: its phase, what it says of itself, its results."""

    phase: str
    says: str
    formulas: list[Formula]


@dataclass(frozen=True)
class Otherwise:
    """What reads differently without something optional or with another choice; `still` are levels that then do not move."""

    condition: str
    formulas: list[Formula]
    still: list[str]


@dataclass(frozen=True)
class Read:
    """What an equation reads at the other end of a link: its symbol, the link, the name there, unit and meaning."""

    symbol: str
    link: str
    name: str
    unit: str
    meaning: str


@dataclass(frozen=True)
class Equations:
    """All equations of a type: in the fullest form (with these choices among options), what differs otherwise, and what is read at the other ends of links."""

    choices: dict[str, Any]
    blocks: list[Block]
    otherwise: list[Otherwise]
    reads: list[Read]

    @property
    def text(self) -> str:
        """Return all formulas as one text, for those who ask what is in it."""
        everything = [*self.blocks, *self.otherwise]
        return "\n".join(formula.tex for one in everything for formula in one.formulas)


@dataclass(frozen=True)
class Shape:
    """What a component has: the optional parameters and links that are given, and choices among options."""

    present: frozenset[str]
    choices: dict[str, Any] = field(default_factory=dict[str, Any])


def of(kind: Type) -> Equations:
    """Return the equations of a component type. Raises TypeError for an argument that is not declared."""
    full, *others = _shapes(kind)
    reader = _Reader(kind, full)
    blocks = [Block(phase, _says(kind.equations[phase]), reader.formulas(phase)) for phase in kind.equations]
    otherwise: dict[str, Otherwise] = {}
    reads = reader.reads
    for shape in others:
        other = _Reader(kind, shape)
        formulas = {phase: other.formulas(phase) for phase in kind.equations}
        changed = [formula for block in blocks for formula in formulas[block.phase] if formula not in block.formulas]
        moved = [formula.result for block in blocks if block.phase == "move" for formula in block.formulas]
        still = [_symbol(name, kind.variables[name]) for name in dict.fromkeys(moved) if name not in {one.result for one in formulas["move"]}]
        if (changed or still) and not any((one.formulas, one.still) == (changed, still) for one in otherwise.values()):
            otherwise[_condition(full, shape)] = Otherwise(_condition(full, shape), changed, still)
        reads = other.reads | reads
    return Equations(full.choices, blocks, list(otherwise.values()), [reads[name] for name in sorted(reads)])


def overlap() -> str:
    r"""Return the definition of $\sigma$, the time of a period that lies between two days."""
    names: list[Name] = []
    formula = equations.overlap(*(_symbols(symbol, names) for symbol in (TIME, STEP, "a", "b")))
    return rf"\sigma\left(a, b\right) = {Writer(names, shortened=False).define(cast('Symbol', formula))}"


def sharing() -> list[Block]:
    """Return the equations of sharing: for a want that claims two resources, and for a resource that three claims share, one of which must spare a reserve."""
    return [
        _shown(allocation.needed, ["x"], ["q", "a"]),
        _shown(allocation.limited, ["L"], ["w", ["A_1", "A_2"], ["F_1", None], [None, "e_2"]]),
        _shown(allocation.granted, ["g_1", "g_2", "g_3"], ["A", "F", [(False, ["x_1", "x_2"]), (True, ["x_3"])]]),
        _shown(allocation.flowing, ["q"], ["L", ["g_1", "g_2"], [None, "e_2"]]),
        _shown(allocation.settled, [r"A^{\text{left}}", r"A^{\text{taken}}"], ["A", ["x_1", "x_2"]]),
        _shown(allocation.levered, [r"p'"], ["p", [r"\varphi_2"], [r"\mu_2"], [(r"\varphi_1", "v_1")], 1.0]),
    ]


# ---------------------------------------------------------------------- shapes


def _shapes(kind: Type) -> Iterator[Shape]:
    """Yield what a component of a type may be: the fullest shape, every other member of groups that exclude each other, every other choice, each option absent."""
    optional = [name for name, one in {**kind.parameters, **kind.links}.items() if one.optional and not (isinstance(one, Link) and one.many)]
    groups = [[*group] for group in kind.exactly_one] + [[*group, ""] for group in kind.at_most_one]
    grouped = {name for group in groups for name in group}
    free = frozenset(name for name in optional if name not in grouped)
    first_choices = {name: option.choices[0] for name, option in kind.options.items() if option.choices}
    picked = [shape for picks in itertools.product(*groups) if _allowed(kind, shape := free | frozenset(picks) - {""})]
    full = Shape(picked[0], first_choices)
    yield full
    yield from (Shape(present, first_choices) for present in picked[1:])
    for name, first in first_choices.items():
        yield from (Shape(full.present, {**first_choices, name: choice}) for choice in kind.options[name].choices if choice != first)
    for name in sorted(free & full.present, key=optional.index):
        yield Shape(_without(kind, full.present - {name}), first_choices)


def _allowed(kind: Type, present: frozenset[str]) -> bool:
    return all(name not in present or any(other in present or "." in other for other in others) for name, others in kind.needs)


def _without(kind: Type, present: frozenset[str]) -> frozenset[str]:
    """Return what may stay when something is taken away: what needs it goes as well."""
    while not _allowed(kind, present):
        present -= {name for name, others in kind.needs if not any(other in present or "." in other for other in others)}
    return present


def _condition(full: Shape, shape: Shape) -> str:
    """Return in words how a shape differs from the fullest."""
    chosen = [f"with `{name}: {choice}`" for name, choice in shape.choices.items() if full.choices[name] != choice]
    added = [f"`{name}`" for name in sorted(shape.present - full.present)]
    gone = [f"`{name}`" for name in sorted(full.present - shape.present)]
    given = f"with {' and '.join(added)}" + (f" in place of {' and '.join(gone)}" if gone else "")
    return " ".join([*chosen, *([given] if added else [f"without {' and '.join(gone)}"] if gone else [])])


# ---------------------------------------------------------------------- reading a type


class _Reader:
    """Reads the equations of a type in one shape on symbols."""

    def __init__(self, kind: Type, shape: Shape) -> None:
        self.kind, self.shape = kind, shape
        self.names: list[Name] = []
        self.reads: dict[str, Read] = {}
        self.far_links: dict[str, set[str]] = {}
        for equation in kind.equations.values():
            for name in inspect.signature(equation).parameters:
                if (far := self._far_name(name)) is not None:
                    self.far_links.setdefault(far[1], set()).add(far[0])

    def formulas(self, phase: str) -> list[Formula]:
        """Return the results of the equation of a phase."""
        equation = self.kind.equations[phase]
        given = {name: self._argument(name) for name in inspect.signature(equation).parameters}
        results = [(name, _entries(value)) for name, value in cast("dict[str, Any]", equation(**given)).items()]
        left = {(name, i): self._left(phase, name, i + 1 if many else 0) for name, (many, entries) in results for i in range(len(entries))}
        known: dict[int, tuple[str, int]] = {}
        for name, (_, entries) in results:
            for i, entry in enumerate(entries):
                if entry.op not in ("argument", "literal"):
                    known.setdefault(id(entry), (name, i))
        made: list[Formula] = []
        for name, (many, entries) in results:
            others = {node: left[owner].written() for node, owner in known.items() if owner[0] != name or not many}
            writer = Writer(self.names, others)
            runs = _runs(writer, entries) if many else [(0, 1, _one(writer, entries[0], known.get(id(entries[0])) == (name, 0)))]
            for at, count, text in runs:
                place = "i" if count > 1 else ""
                which = rf" \qquad i = {', '.join(str(at + k + 1) for k in range(count))}" if 1 < count < len(entries) else ""
                made.append(Formula(name, f"{left[name, at].written(place)} = {text}{which}"))
        return made

    def _left(self, phase: str, name: str, place: int) -> Name:
        """Return what a result is called: levels at the end of the period, wants with a hat."""
        kind = self.kind
        if name in kind.resources:
            return Name(_symbol(name, kind.resources[name]), time="t")
        if name not in kind.variables:
            return Name(_reserve(kind, name), time="t")
        variable = kind.variables[name]
        time = _AFTER.get(phase, "t") if variable.kind == "level" else _time(variable)
        wanted = phase == "want" and variable.kind == "activity"
        return Name(decorated(_symbol(name, variable), hat=wanted), place, time=time)

    # ------------------------------------------------------------------ arguments

    def _argument(self, name: str) -> Any:
        """Return the symbols that an argument stands for, as `Members.argument` finds its slots."""
        kind, shape = self.kind, self.shape
        if name in ("t", "dt"):
            return self._one(TIME if name == "t" else STEP)
        if name in kind.options:
            return shape.choices.get(name, STAGES)
        if name in kind.parameters:
            return self._if_given(name, kind.parameters[name])
        if name in kind.variables:
            variable = kind.variables[name]
            count = self._length(variable)
            symbol = _symbol(name, variable)
            return self._many(symbol, count, _time(variable)) if count else self._one(symbol, _time(variable))
        if name in kind.links:
            link = kind.links[name]
            return self._many(_symbol(name, link), ENTRIES, "t") if link.many else self._if_given(name, link, "t")
        for owner, entries in {**kind.links, **kind.entries}.items():
            if name.removeprefix(f"{owner}_") in entries.each and name.startswith(f"{owner}_"):
                return self._many(_symbol(name, entries.each[name.removeprefix(f"{owner}_")]), ENTRIES)
        if name.endswith("_in"):
            return self._one(_symbol(name, kind.inlets[name.removesuffix("_in")]), "t")
        if name.endswith(("_left", "_taken")):
            stem, _, what = name.rpartition("_")
            resource = kind.resources[stem]
            return None if resource.unless in shape.present else self._one(decorated(_symbol(stem, resource), above=[rf"\text{{{what}}}"]), "t")
        return self._far(name)

    def _far(self, name: str) -> Any:
        found = self._far_name(name)
        if found is None:
            raise TypeError(f"{self.kind.section}: nothing is called {name!r}")
        link_name, far = found
        link = self.kind.links[link_name]
        if link.optional and not link.many and link_name not in self.shape.present:
            return None
        declared = _declared(far)
        own = {one.symbol for group in (self.kind.parameters, self.kind.variables, self.kind.resources, self.kind.inlets) for one in group.values()}
        symbol = _symbol(far, declared[0])
        if symbol in own or len(self.far_links[far]) > 1:
            symbol = decorated(symbol, above=[rf"\text{{{link_name}}}"])
        time = _time(declared[0]) if isinstance(declared[0], Variable) else ""
        self.reads[name] = Read(symbol, link_name, far, declared[0].unit, " or ".join(dict.fromkeys(one.meaning for one in declared)))
        return self._many(symbol, ENTRIES, time) if link.many else self._one(symbol, time)

    def _far_name(self, name: str) -> tuple[str, str] | None:
        """Return the link and the name at its other end that an argument means, if it means any."""
        kind = self.kind
        own = {*kind.options, *kind.parameters, *kind.variables, *kind.links, *(f"{one}_in" for one in kind.inlets)}
        own |= {f"{one}_{end}" for one in kind.resources for end in ("left", "taken")}
        own |= {f"{owner}_{key}" for owner, entries in {**kind.links, **kind.entries}.items() for key in entries.each}
        if name in own or name in ("t", "dt"):
            return None
        links = sorted((link for link in kind.links if name.startswith(f"{link}_")), key=len)
        return (links[-1], name.removeprefix(f"{links[-1]}_")) if links else None

    def _if_given(self, name: str, declared: Parameter | Link, time: str = "") -> Symbol | None:
        return None if declared.optional and name not in self.shape.present else self._one(_symbol(name, declared), time)

    def _length(self, variable: Variable) -> int:
        """Return how many entries a variable has; nought for one that is no list."""
        if variable.many in self.kind.links or variable.many in self.kind.entries:
            return ENTRIES
        if variable.many.isdigit():
            return int(variable.many)
        return STAGES if variable.many else 0

    def _one(self, symbol: str, time: str = "") -> Symbol:
        return self._new(Name(symbol, time=time))

    def _many(self, symbol: str, count: int, time: str = "") -> list[Symbol]:
        return [self._new(Name(symbol, place, count, time)) for place in range(1, count + 1)]

    def _new(self, name: Name) -> Symbol:
        self.names.append(name)
        return Symbol("argument", (), float(len(self.names) - 1))


def _entries(value: Any) -> tuple[bool, list[Symbol]]:
    """Return whether a result is a list, and its entries as symbols."""
    entries = cast("list[Any]", value) if isinstance(value, list) else [value]
    return isinstance(value, list), [one if isinstance(one, Symbol) else Symbol("literal", (), float(one)) for one in entries]


def _one(writer: Writer, entry: Symbol, its_own: bool) -> str:
    """Return a result written out; one that another result has the name of is written by that name."""
    return writer.define(entry) if its_own or id(entry) not in writer.known else writer.write(entry)


def _runs(writer: Writer, entries: list[Symbol]) -> Iterator[tuple[int, int, str]]:
    """Yield the entries of a result as (index of the first, how many, text), as many together as differ by their place only."""
    at = 0
    while at < len(entries):
        longest = next(
            (count, text) for count in range(len(entries) - at, 0, -1) if (text := writer.folded(entries[at : at + count], "i" if count > 1 else str(at + 1), at + 1))
        )  # fmt: skip
        yield at, *longest
        at += longest[0]


def _time(variable: Variable) -> str:
    return "" if variable.kind == "constant" else "t"


def _reserve(kind: Type, name: str) -> str:
    stem = name.removesuffix("_reserve")
    return decorated(_symbol(stem, kind.resources[stem]), above=[r"\text{reserve}"])


def _declared(name: str) -> list[Parameter | Variable]:
    """Return the declarations that a name at the other end of a link has; types that are read alike give it one symbol."""
    found = [{**kind.parameters, **kind.variables}.get(name) for kind in component.types().values()]
    declared = [one for one in found if one is not None]
    if not declared:
        raise TypeError(f"no component type declares {name!r}")
    return declared


def _symbol(name: str, declared: Parameter | Variable | Inlet | Resource | Link) -> str:
    """Return the symbol of a declaration, or its name where it has none."""
    return declared.symbol or rf"\text{{{name.replace('_', ' ')}}}"


def _says(function: Callable[..., Any]) -> str:
    return (inspect.getdoc(function) or "").split("\n\n")[0].replace("\n", " ")


# ---------------------------------------------------------------------- reading other functions


def _shown(function: Callable[..., Any], results: Sequence[str], arguments: Sequence[Any]) -> Block:
    """Return the equations of a function whose arguments are given as symbols in LaTeX, lists of them, or None."""
    names: list[Name] = []
    value = function(*(_symbols(argument, names) for argument in arguments))
    entries = [cast("Symbol", one) for one in (cast("Sequence[Any]", value) if isinstance(value, list | tuple) else [value])]
    known = {id(entry): name for entry, name in zip(entries, results, strict=True)}
    formulas = [Formula(name, f"{name} = {Writer(names, known).define(entry)}") for name, entry in zip(results, entries, strict=True)]
    return Block(function.__name__, _says(function), formulas)


def _symbols(argument: Any, names: list[Name]) -> Any:
    if isinstance(argument, str):
        names.append(Name(argument))
        return Symbol("argument", (), float(len(names) - 1))
    if isinstance(argument, list):
        return [_symbols(one, names) for one in cast("list[Any]", argument)]
    if isinstance(argument, tuple):
        return tuple(_symbols(one, names) for one in cast("tuple[Any, ...]", argument))
    return argument
