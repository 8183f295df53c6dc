r"""A formula as LaTeX: symbols in, mathematics out, as a text book would write it.

What equations are written with is recognised by its shape, and the shapes come from the functions themselves: `minimum` and `maximum` become `\min` and
`\max`, `overlap` becomes `\sigma`; any other choice becomes `cases`. Terms that differ only by the entry of a list become a sum over `j`.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from materiel import equations
from materiel.engine.symbols import Symbol, trace

TIME, STEP = "t", r"\Delta t"
"""The start of a period as a day, and its length."""

CASES, OR, AND, RELATION, SUM, PRODUCT, ATOM = range(7)
"""How tightly an expression binds."""

_RELATIONS = {"lt": "<", "le": r"\le", "gt": ">", "ge": r"\ge"}
_WORDS = {"and": AND, "or": OR}


@dataclass(frozen=True)
class Name:
    """What stands for an argument: its symbol, its place in a list (from 1; 0 for none) of so many entries, and its time in the index."""

    symbol: str
    place: int = 0
    entries: int = 0
    time: str = ""

    def written(self, place: str = "") -> str:
        """Return the symbol with its indices, with another place if one is given."""
        below = ([place or str(self.place)] if self.place else []) + ([self.time] if self.time else [])
        return decorated(self.symbol, below=below)


def decorated(symbol: str, below: Sequence[str] = (), above: Sequence[str] = (), hat: bool = False) -> str:
    """Return a symbol with further indices below and above, and a hat over its letter if asked."""
    body, low, high = _parts(symbol)
    low, high = ",".join([*filter(None, [low]), *below]), ",".join([*filter(None, [high]), *above])
    return (rf"\hat{{{body}}}" if hat else body) + (f"^{{{high}}}" if high else "") + (f"_{{{low}}}" if low else "")


_SCRIPT = re.compile(r"([_^])(?:\{((?:[^{}]|\{[^{}]*\})*)\}|(\\[A-Za-z]+|[^{}]))")


def _parts(symbol: str) -> tuple[str, str, str]:
    """Return the letter of a symbol, what stands below it and what stands above."""
    scripts = {sign: braced or bare for sign, braced, bare in _SCRIPT.findall(symbol)}
    return _SCRIPT.sub("", symbol), scripts.get("_", ""), scripts.get("^", "")


def _pattern(function: Callable[..., Any], count: int) -> Symbol:
    """Return the shape that a function of `count` arguments gives to a formula."""
    return trace(lambda *values: [function(*values)], count)[1][0]


_MINIMUM, _MAXIMUM, _OVERLAP = _pattern(equations.minimum, 2), _pattern(equations.maximum, 2), _pattern(equations.overlap, 4)


def same(a: Symbol, b: Symbol) -> bool:
    """Whether two formulas are written alike."""
    return a is b or (a.op == b.op and a.number == b.number and len(a.args) == len(b.args) and all(map(same, a.args, b.args)))


def _match(pattern: Symbol, found: Symbol, bound: dict[int, Symbol]) -> bool:
    """Whether a formula has the shape of a pattern; fills in what its arguments are."""
    if pattern.op == "argument":
        return same(bound.setdefault(int(pattern.number), found), found)
    alike = pattern.op == found.op and pattern.number == found.number and len(pattern.args) == len(found.args)
    return alike and all(_match(a, b, bound) for a, b in zip(pattern.args, found.args, strict=True))


@dataclass(frozen=True)
class Writer:
    r"""Writes formulas over arguments with names.

    `known` are formulas that have a name of their own, by identity; `places` says what stands for the place of an argument; `shortened` is false where
    what `\sigma` stands for is to be written out.
    """

    names: Sequence[Name]
    known: Mapping[int, str] = field(default_factory=dict[int, str])
    places: Mapping[int, str] = field(default_factory=dict[int, str])
    shortened: bool = True

    def define(self, formula: Symbol) -> str:
        """Return a formula written out, even if it has a name."""
        return self._made(formula, slanted=False)[0]

    def write(self, formula: Symbol, binding: int = CASES, *, slanted: bool = False) -> str:
        """Return a formula, in brackets if it binds less tightly than it must; fractions are slanted inside exponents."""
        if id(formula) in self.known:
            return self.known[id(formula)]
        text, binds = self._made(formula, slanted)
        return text if binds >= binding else rf"\left({text}\right)"

    def folded(self, run: Sequence[Symbol], letter: str, first: int) -> str | None:
        """Return what a run of formulas, the first for place `first`, has in common, written with a letter for the place; None if they differ in more than that."""
        moving: set[int] = set()
        for one, following in itertools.pairwise(run):
            moved = self._moved(one, following)
            if moved is None:
                return None
            moving |= moved if one is run[0] else set()
        fixed = {leaf: place for leaf, place in self.places.items() if leaf not in moving}
        for shift, one in enumerate(run):  # the common form must give every one back
            places = {leaf: str(self.names[leaf].place + shift) for leaf in moving}
            if replace(self, places={**fixed, **places}).define(run[0]) != replace(self, places=fixed).define(one):
                return None
        lettered = {leaf: _offset(letter, self.names[leaf].place - first) for leaf in moving}
        return replace(self, places={**fixed, **lettered}).define(run[0])

    def _made(self, formula: Symbol, slanted: bool) -> tuple[str, int]:
        """Return a formula and how tightly it binds."""
        op, args = formula.op, formula.args
        if op == "literal":
            return _number(formula.number), ATOM if formula.number >= 0 else SUM
        if op == "argument":
            return self.names[int(formula.number)].written(self.places.get(int(formula.number), "")), ATOM
        if op in ("add", "sub", "neg"):
            return self._sum(formula, slanted)
        if op == "mul":
            return self._product(formula, slanted)
        if op == "div" and slanted:
            return f"{self.write(args[0], PRODUCT, slanted=True)} / {self.write(args[1], ATOM, slanted=True)}", PRODUCT
        if op == "div":
            return rf"\frac{{{self.write(args[0])}}}{{{self.write(args[1])}}}", PRODUCT
        if op == "exp":
            return f"e^{{{self.write(args[0], slanted=True)}}}", ATOM
        if op in _RELATIONS:
            return f"{self.write(args[0], SUM)} {_RELATIONS[op]} {self.write(args[1], SUM)}", RELATION
        if op in _WORDS:
            return rf"{self.write(args[0], _WORDS[op])} \text{{ {op} }} {self.write(args[1], _WORDS[op])}", _WORDS[op]
        assert op == "where", f"no notation for {op}"
        return self._choice(formula)

    # ------------------------------------------------------------------ sums and products

    def _sum(self, formula: Symbol, slanted: bool) -> tuple[str, int]:
        terms = [(sign, term) for sign, term in self._terms(formula, root=True) if not (term.op == "literal" and term.number == 0.0)]
        if not terms:
            return "0", ATOM
        if len(terms) == 1 and terms[0][0] == "+":
            only = terms[0][1]
            return (self.known[id(only)], ATOM) if id(only) in self.known else self._made(only, slanted)
        pieces: list[str] = []
        while terms:
            run = self._run(terms)
            sign, first = terms[0]
            written = run or self.write(first, PRODUCT, slanted=slanted)
            pieces += [sign, written]
            terms = terms[self._entries(first) if run else 1 :]
        alone = len(pieces) == 2 and pieces[1].startswith(r"\sum")
        return " ".join(pieces[1:] if pieces[0] == "+" else [f"-{pieces[1]}", *pieces[2:]]), PRODUCT if alone else SUM

    def _terms(self, formula: Symbol, *, root: bool = False) -> list[tuple[str, Symbol]]:
        """Return the terms of a sum with their signs."""
        if id(formula) in self.known and not root:
            return [("+", formula)]
        if formula.op == "add":
            return self._terms(formula.args[0]) + self._terms(formula.args[1])
        if formula.op == "sub":
            return [*self._terms(formula.args[0]), ("-", formula.args[1])]
        if formula.op == "neg":
            return [("-", formula.args[0])]
        return [("+", formula)]

    def _run(self, terms: list[tuple[str, Symbol]]) -> str | None:
        r"""Return the `\sum` that the first terms are, if there is one term for every entry of a list."""
        count = self._entries(terms[0][1])
        run = [term for sign, term in terms[:count] if sign == "+"]
        if count < 2 or len(run) < count:
            return None
        term = self.folded(run, "j", 1)
        if term is None:
            return None
        return rf"\sum_{{j}} {self._bracketed(run[0], term)}"

    def _bracketed(self, formula: Symbol, text: str) -> str:
        return rf"\left({text}\right)" if self._made(formula, slanted=False)[1] < PRODUCT else text

    def _entries(self, formula: Symbol) -> int:
        """Return the number of entries of the list that a formula reads the first of; nought if it reads none."""
        return max((self.names[leaf].entries for leaf in _leaves(formula) if self.names[leaf].place == 1), default=0)

    def _moved(self, one: Symbol, following: Symbol) -> set[int] | None:
        """Return the arguments in which a formula reads the entry before that of the one that follows; None if they differ in more."""
        if same(one, following):
            return set()
        if one.op == following.op == "argument":
            a, b = self.names[int(one.number)], self.names[int(following.number)]
            return {int(one.number)} if a.place and (a.symbol, a.time, a.place + 1) == (b.symbol, b.time, b.place) else None
        if one.op != following.op or one.number != following.number or len(one.args) != len(following.args):
            return None
        parts = [self._moved(a, b) for a, b in zip(one.args, following.args, strict=True)]
        return None if None in parts else {leaf for part in parts if part is not None for leaf in part}

    def _product(self, formula: Symbol, slanted: bool) -> tuple[str, int]:
        factors = sorted(self._factors(formula, root=True), key=lambda factor: factor.op != "literal")
        kept = [factor for factor in factors if not (factor.op == "literal" and factor.number == 1.0)] or factors[:1]
        if len(kept) == 1:
            return (self.known[id(kept[0])], ATOM) if id(kept[0]) in self.known else self._made(kept[0], slanted)
        written = [self.write(factor, PRODUCT, slanted=slanted) for factor in kept]
        closed = [rf"\left({text}\right)" if text.startswith(r"\sum") else text for text in written[:-1]]  # a sum reaches as far right as it can
        return r" \, ".join([*closed, written[-1]]), PRODUCT

    def _factors(self, formula: Symbol, *, root: bool = False) -> list[Symbol]:
        if formula.op != "mul" or (id(formula) in self.known and not root):
            return [formula]
        return self._factors(formula.args[0]) + self._factors(formula.args[1])

    # ------------------------------------------------------------------ choices

    def _choice(self, formula: Symbol) -> tuple[str, int]:
        spell: dict[int, Symbol] = {}
        if self.shortened and _match(_OVERLAP, formula, spell) and [self.write(spell[i]) for i in (0, 1)] == [TIME, STEP]:
            return rf"\sigma\left({self.write(spell[2])}, {self.write(spell[3])}\right)", ATOM
        for pattern, sign in ((_MINIMUM, r"\min"), (_MAXIMUM, r"\max")):
            if _match(pattern, formula, {}):
                return rf"{sign}\left({', '.join(map(self.write, self._alike(pattern, formula, root=True)))}\right)", ATOM
        condition, a, b = formula.args
        rows = rf"{self.write(a)} & \text{{if }} {self.write(condition)} \\ {self.write(b)} & \text{{otherwise}}"
        return rf"\begin{{cases}} {rows} \end{{cases}}", CASES

    def _alike(self, pattern: Symbol, formula: Symbol, *, root: bool = False) -> list[Symbol]:
        r"""Return what the least (or the largest) is taken of: `\min(\min(a, b), c)` is `\min(a, b, c)`."""
        bound: dict[int, Symbol] = {}
        if (id(formula) in self.known and not root) or not _match(pattern, formula, bound):
            return [formula]
        return [one for i in sorted(bound) for one in self._alike(pattern, bound[i])]


def _leaves(formula: Symbol) -> set[int]:
    if formula.op == "argument":
        return {int(formula.number)}
    return {leaf for part in formula.args for leaf in _leaves(part)}


def _offset(letter: str, by: int) -> str:
    return letter if by == 0 else f"{letter}{by:+d}"


def _number(value: float) -> str:
    if abs(value) == equations.NEVER:
        return f"{'-' if value < 0 else ''}10^{{6}}"
    return f"{value:g}"
