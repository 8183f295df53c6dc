"""The yardstick: an exported model as straight-line C, one run at a time, as generators of scalar C write it."""

from __future__ import annotations

import ctypes
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from materiel.engine.symbols import Symbol
from materiel.export.flat import Flat, leaves

Array = npt.NDArray[np.float64]

BUILDS = {"gcc -O2": ["-O2"], "gcc -O3 -march=native": ["-O3", "-march=native", "-ffp-contract=off"]}
"""The builds that are measured: as the peer builds its C, and what a compiler can make of it at best without moving a bit."""

_WRITTEN = {
    "add": "({} + {})", "sub": "({} - {})", "mul": "({} * {})", "div": "({} / {})", "neg": "(-{})", "lt": "({} < {})", "le": "({} <= {})", "gt": "({} > {})",
    "ge": "({} >= {})", "and": "({} && {})", "or": "({} || {})", "where": "({} ? {} : {})", "min": "least({}, {})", "max": "most({}, {})",
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
        lines = ["static inline double least(double a, double b) { return a < b ? a : b; }"]
        lines += ["static inline double most(double a, double b) { return a > b ? a : b; }"]
        lines += ["static double _time;", *(f"static double {names[number]};" for number in used), "", "static void evalAux(void) {"]
        lines += [f"  {names[one.number]} = {_written(one.formula, names)};" for one in self.auxiliaries]
        lines += ["}", "", "static void evalLevels(void) {"]
        lines += [f"  double next{i} = {_written(one.formula, names)};" for i, one in enumerate(self.moved)]
        lines += [f"  {names[one.number]} = next{i};" for i, one in enumerate(self.moved)]
        lines += ["}", "", "void runs(const double *given, double *out, long draws, long steps) {", "  for (long draw = 0; draw < draws; draw++) {"]
        lines += [f"    {names[number]} = given[draw * {len(self.given)} + {i}];" for i, number in enumerate(self.given)]
        lines += ["    for (long n = 0; n < steps; n++) {", f"      _time = n * {self.flat.dt!r};", "      evalAux();", "      evalLevels();"]
        lines += [f"      out[(draw * steps + n) * {len(self.series)} + {i}] = {names[number]};" for i, number in enumerate(self.series)]
        return "\n".join([*lines, "    }", "  }", "}", ""])

    def build(self, flags: Sequence[str], folder: Path, name: str) -> Any:
        """Compile the C and return its function."""
        source, library = folder / f"{name}.c", folder / f"{name}.so"
        source.write_text(self.text(), encoding="utf-8")
        subprocess.run(["gcc", "-shared", "-fPIC", *flags, "-o", str(library), str(source)], check=True)  # noqa: S603, S607
        function = ctypes.CDLL(str(library)).runs
        function.argtypes, function.restype = [ctypes.c_void_p] * 2 + [ctypes.c_long] * 2, None
        return function


def _written(formula: Symbol, names: dict[int, str]) -> str:
    if formula.op == "variable":
        return names[int(formula.number)]
    if formula.op == "time":
        return "_time"
    if formula.op == "literal":
        return repr(formula.number)
    return _WRITTEN[formula.op].format(*(_written(part, names) for part in formula.args))


def operations(flat: Flat, wanted: Sequence[int]) -> int:
    """Return how many operations the formulas of some variables hold; a minimum or maximum is one."""

    def count(formula: Symbol) -> int:
        return bool(formula.args) + sum(map(count, formula.args))

    return sum(count(flat.variables[number].formula) for number in wanted)
