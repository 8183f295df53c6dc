"""The yardstick: an exported model as straight-line C, one run at a time, as generators of scalar C write it."""

from __future__ import annotations

import ctypes
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from materiel.engine.symbols import Symbol
from materiel.export.flat import Flat, leaves

BUILDS = {"-O2": ["-O2"], "-O3 -march=native": ["-O3", "-march=native", "-ffp-contract=off"]}
"""The builds that are measured: as the peer builds its C, and what a compiler can make of it at best without moving a bit."""

WHOLE, PART = 2000, 300
"""Statements of the largest function that is left whole, and of the parts of a larger one: gcc took seven minutes of CPU time over ten thousand variables as a whole. The peer cuts at thirty."""

_WORDS = {
    "add": "({} + {})", "sub": "({} - {})", "mul": "({} * {})", "div": "({} / {})", "neg": "(-{})", "lt": "({} < {})", "le": "({} <= {})", "gt": "({} > {})",
    "ge": "({} >= {})", "and": "({} && {})", "or": "({} || {})", "where": "({} ? {} : {})", "min": "least({}, {})", "max": "most({}, {})", "time": "_time",
}  # fmt: skip


class Yardstick:
    """The C of a flat model: every variable a static number, one statement each, parameters in an array; only what the series and the levels need.

    `given` are the numbers of the variables that a run is given, in the order of its arrays: parameters, constants and first levels, so that both
    engines start from the same bits.
    """

    def __init__(self, flat: Flat, series: Sequence[int]) -> None:
        """Write the C that stores some variables, by number, after every period."""
        self.flat, self.series = flat, list(series)
        levels = flat.of("level")
        self.moved = [one for one in levels if not (one.formula.op == "variable" and int(one.formula.number) == one.number)]
        wanted, waiting = set[int](), [*(one.number for one in levels), *series]
        while waiting:
            one = flat.variables[waiting.pop()]
            if one.number not in wanted:
                wanted.add(one.number)
                waiting += leaves(one.formula) if one.kind in ("level", "auxiliary") else ()
        self.auxiliaries = [one for one in flat.of("auxiliary") if one.number in wanted]
        self.given = [one.number for kind in ("parameter", "constant", "level") for one in flat.of(kind) if one.number in wanted]

    def text(self) -> str:
        """Return the C: `runs(given, out, draws, steps)` fills `out`, shape (draws, steps, series)."""
        names = {number: f"_{one.name}" for number, one in self.flat.variables.items()}
        used = [*self.given, *(one.number for one in self.auxiliaries)]
        kept = range(len(self.moved)) if 2 * len(self.moved) > WHOLE else ()  # next values that must outlive the function that computes them
        lines = ["static inline double least(double a, double b) { return a < b ? a : b; }"]
        lines += ["static inline double most(double a, double b) { return a > b ? a : b; }", "static const double *row;", "static double _time;"]
        lines += [*(f"static double {names[number]};" for number in used), *(f"static double next{i};" for i in kept), ""]
        lines += _function("setGiven", [f"{names[number]} = row[{i}];" for i, number in enumerate(self.given)])
        lines += _function("evalAux", [f"{names[one.number]} = {written(one.formula, names, _WORDS)};" for one in self.auxiliaries])
        levels = [f"{'' if kept else 'double '}next{i} = {written(one.formula, names, _WORDS)};" for i, one in enumerate(self.moved)]
        lines += _function("evalLevels", [*levels, *(f"{names[one.number]} = next{i};" for i, one in enumerate(self.moved))])
        lines += ["void runs(const double *given, double *out, long draws, long steps) {", "  for (long draw = 0; draw < draws; draw++) {"]
        lines += [f"    row = given + draw * {len(self.given)};", "    setGiven();"]
        lines += ["    for (long n = 0; n < steps; n++) {", f"      _time = n * {self.flat.dt!r};", "      evalAux();", "      evalLevels();"]
        lines += [f"      out[(draw * steps + n) * {len(self.series)} + {i}] = {names[number]};" for i, number in enumerate(self.series)]
        return "\n".join([*lines, "    }", "  }", "}", ""])

    def operations(self) -> int:
        """Return how many operations a period is; a minimum or maximum is one."""

        def count(formula: Symbol) -> int:
            return bool(formula.args) + sum(map(count, formula.args))

        return sum(count(one.formula) for one in (*self.auxiliaries, *self.moved))


def _function(name: str, statements: Sequence[str]) -> list[str]:
    """Return a function of some statements; of very many, functions that are called in turn."""
    if len(statements) <= WHOLE:
        return [f"static void {name}(void) {{", *(f"  {one}" for one in statements), "}", ""]
    starts, lines = range(0, len(statements), PART), list[str]()
    for n in starts:
        lines += [f"static __attribute__((noinline)) void {name}{n}(void) {{", *(f"  {one}" for one in statements[n : n + PART]), "}"]
    return [*lines, f"static void {name}(void) {{", *(f"  {name}{n}();" for n in starts), "}", ""]


def written(formula: Symbol, names: Mapping[int, str], words: Mapping[str, str]) -> str:
    """Return a formula as text: the names of what it reads by number, and a pattern for every operation."""
    if formula.op == "variable":
        return names[int(formula.number)]
    if formula.op == "literal":
        return repr(formula.number)
    return words[formula.op].format(*(written(part, names, words) for part in formula.args))


def built(library: Path, compiler: str, flags: Sequence[str], sources: Sequence[Path]) -> Any:
    """Compile C into a library and return its function `runs`."""
    if not shutil.which(compiler):
        raise RuntimeError(f"{compiler} is not installed")
    subprocess.run([compiler, "-shared", "-fPIC", *flags, "-o", library, *sources, "-lm"], check=True)  # noqa: S603
    function = ctypes.CDLL(str(library)).runs
    function.argtypes, function.restype = [ctypes.c_void_p] * 2 + [ctypes.c_long] * 2, None
    return function
