"""The engine: a program compiled to native code from the symbolic reading of its equations.

Each stage is traced once on symbols and becomes one loop over the instances it serves, whose body works on two SIMD registers of draws at
once. Slots lie side by side, a block of draws each, so that a whole network stays in the cache. Only + - * /, comparisons and selections are
emitted, without reassociation or contraction: the bits are those of the reference engine.
"""

from __future__ import annotations

import contextlib
import ctypes
import functools
import importlib
import itertools
import struct
import threading
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from materiel.engine.reference import Outcome
from materiel.engine.symbols import Symbol, trace
from materiel.network import DT, Program, Slots, Stage, T

Array = npt.NDArray[np.float64]
binding: Any = importlib.import_module("llvmlite.binding")  # it has no types

_lock = threading.Lock()


@functools.cache
def _machine() -> tuple[Any, int]:
    """Return the target machine and how many draws a kernel works on at once: two registers of doubles.

    Two are as fast as one on a quiet machine and faster where the other core is busy; four are slower (decision 6).
    """
    binding.initialize_native_target()
    binding.initialize_native_asmprinter()
    features = binding.get_host_cpu_features()
    wide = bool(features.get("avx512f"))
    flags = features.flatten() + (",-prefer-256-bit" if wide else "")
    target = binding.Target.from_default_triple()
    return target.create_target_machine(cpu=binding.get_host_cpu_name(), features=flags, opt=2, jit=True), 16 if wide else 8


@dataclass(frozen=True)
class Kernel:
    """A compiled program: `width` draws at a time; `recorded` are the slots it records."""

    program: Program
    recorded: tuple[int, ...]
    width: int
    engine: Any
    address: int

    def run(self, memory: Array, steps: int, every: int) -> Outcome:
        """Run a prepared memory of shape (slots, draws) for `steps` periods, as the reference engine does; releases the GIL.

        Of the last boundary only levels and recorded slots are kept; the others are nought.
        """
        return self.run_branches(memory, steps, every, ())[0]

    def run_branches(self, memory: Array, steps: int, every: int, branches: Sequence[Branch]) -> list[Outcome]:
        """Run a prepared memory and, from the period in which each leaves it, its branches; return the outcomes, the stem's first.

        Block after block of draws is worked on in one place, which stays in the cache.
        """
        stem = _Leg(self, memory, steps, every)
        legs = [_Leg(self, branch.memory, branch.steps, every) for branch in branches]
        order = sorted(range(len(branches)), key=lambda i: branches[i].leaves)
        for first in range(0, memory.shape[1], self.width):
            stem.take(first)
            for i in order:
                stem.go(branches[i].leaves)
                legs[i].take(first)
                legs[i].follow(stem)
                legs[i].go(branches[i].steps)
                legs[i].keep()
            stem.go(steps)
            stem.keep()
        return [leg.outcome for leg in (stem, *legs)]


@dataclass(frozen=True)
class Branch:
    """A run that is its stem's until period `leaves`: its own prepared memory, and how many periods it takes in all."""

    memory: Array
    leaves: int
    steps: int


class _Leg:
    """One run of all draws, block by block: `take` a block, `go` to a period, `keep` what is asked for."""

    def __init__(self, kernel: Kernel, memory: Array, steps: int, every: int) -> None:
        self.kernel, self.memory, self.every = kernel, memory, every
        program, slots, draws = kernel.program, memory.shape[0], int(memory.shape[1])
        self.levels = np.array(program.levels, dtype=np.int64)
        self.kept = np.array(sorted({*program.levels, *kernel.recorded}), dtype=np.int64)
        self.bound = [slot for slot in program.levels if slot not in program.free]
        self.work, self.least = _aligned((slots, kernel.width)), _aligned((1, kernel.width))
        self.records = _aligned((max(steps // every, 1), max(len(kernel.recorded), 1), kernel.width))
        self.call = ctypes.CFUNCTYPE(None, *[ctypes.c_void_p] * 3, *[ctypes.c_int64] * 3)(kernel.address)
        seen: Array = np.empty((steps // every, len(kernel.recorded), draws))
        last: Array = np.zeros((slots, draws))
        lowest: Array = np.zeros(draws)
        self.outcome = Outcome(memory, last, seen, lowest)
        self.here, self.count, self.period = slice(0), 0, 0

    def take(self, first: int) -> None:
        """Begin with the block of draws from `first` on, filled up with copies of its first draw."""
        self.count, self.period = min(self.kernel.width, self.memory.shape[1] - first), 0
        self.here = slice(first, first + self.count)
        self.work[:, : self.count] = self.memory[:, self.here]
        self.work[:, self.count :] = self.memory[:, first : first + 1]
        self.least[0] = self.work[self.bound].min(axis=0) if self.bound else 0.0

    def follow(self, stem: _Leg) -> None:
        """Stand where the stem stands."""
        self.work[self.levels] = stem.work[self.levels]
        rows = min(stem.period // self.every, len(self.records))
        self.records[:rows] = stem.records[:rows]
        self.least[:] = stem.least
        self.period = stem.period

    def go(self, period: int) -> None:
        """Run up to a period."""
        self.call(self.work.ctypes.data, self.records.ctypes.data, self.least.ctypes.data, self.period, period, self.every)
        self.period = max(period, self.period)

    def keep(self) -> None:
        """Put the block's results in their place."""
        made = self.outcome
        made.last[self.kept, self.here] = self.work[self.kept, : self.count]
        made.recorded[:, :, self.here] = self.records[: len(made.recorded), : made.recorded.shape[1], : self.count]
        made.lowest[self.here] = self.least[0, : self.count]


def _aligned(shape: tuple[int, ...]) -> Array:
    count = int(np.prod(shape))
    raw = np.empty(count + 8)
    skip = (-raw.ctypes.data % 64) // 8
    return raw[skip : skip + count].reshape(shape)


_compiled: dict[str, tuple[Any, int]] = {}


def compile_program(program: Program, recorded: Sequence[int]) -> Kernel:
    """Return the kernel of a program; programs that differ only in their numbers share one compilation.

    The text is compiled as it stands: it is written in single assignments with every operation once, and LLVM's own passes gain nothing more (measured).
    """
    machine, width = _machine()
    text = _Writer(program, tuple(recorded), width).text()
    with _lock:
        if text not in _compiled:
            engine = binding.create_mcjit_compiler(binding.parse_assembly(text), machine)
            engine.finalize_object()
            _compiled[text] = engine, engine.get_function_address("run")
        engine, address = _compiled[text]
    return Kernel(program, tuple(recorded), width, engine, address)


_OPERATIONS = {
    "add": "fadd {type} {0}, {1}", "sub": "fsub {type} {0}, {1}", "mul": "fmul {type} {0}, {1}", "div": "fdiv {type} {0}, {1}",
    "neg": "fneg {type} {0}", "lt": "fcmp olt {type} {0}, {1}", "le": "fcmp ole {type} {0}, {1}", "gt": "fcmp ogt {type} {0}, {1}",
    "ge": "fcmp oge {type} {0}, {1}", "and": "and {truth} {0}, {1}", "or": "or {truth} {0}, {1}",
    "where": "select {truth} {0}, {type} {1}, {type} {2}",
}  # fmt: skip


class _Writer:
    """Writes the LLVM text of one program: a loop over periods around one loop per stage."""

    def __init__(self, program: Program, recorded: tuple[int, ...], width: int) -> None:
        self.program, self.recorded, self.width = program, recorded, width
        self.type, self.truth = f"<{width} x double>", f"<{width} x i1>"
        self.names = itertools.count()
        self.lines: list[str] = []
        self.tables: list[str] = []
        self.bases: dict[tuple[str, int], str] = {}
        self.formulas = {stage: trace(stage.function, stage.arguments.shape[1])[1] for stage in program.step}
        self.needed = self._needed()

    def _needed(self) -> set[int]:
        """Return the slots that count: levels, what is recorded, and whatever these are computed from; nothing else is computed."""
        needed, before = {*self.program.levels, *self.recorded}, 0
        while len(needed) > before:
            before = len(needed)
            for stage in reversed(self.program.step):
                for k in self._wanted(stage, needed):
                    for argument in _arguments(self.formulas[stage][k]):
                        needed.update(int(slot) for slot in stage.arguments[:, argument])
        return needed

    def _wanted(self, stage: Stage, needed: set[int]) -> list[int]:
        """Return which results of a stage are needed."""
        return [k for k in range(stage.results.shape[1]) if any(int(slot) in needed for slot in stage.results[:, k])]

    def text(self) -> str:
        """Return the module: one function `run(memory, records, lowest, begin, end, every)`."""
        dt = self.load("%memory", DT)
        periods = self.value("sub i64 %end, %begin")
        with self._loop(periods, "period") as passed:
            n = self.value(f"add i64 {passed}, %begin")
            t = self.value(f"sitofp i64 {n} to double")
            t = self.value(f"insertelement {self.type} poison, double {t}, i32 0")
            t = self.value(f"shufflevector {self.type} {t}, {self.type} poison, <{self.width} x i32> zeroinitializer")
            self.store(self.value(f"fmul {self.type} {t}, {dt}"), "%memory", T)
            for stage in self.program.step:
                self._stage(stage)
            self._record(n)
        body = "\n".join(self.lines)
        return (
            "\n".join(self.tables)
            + "\ndefine void @run(ptr noalias %memory, ptr noalias %records, ptr noalias %lowest, i64 %begin, i64 %end, i64 %every) nounwind {\nentry:\n"
            + f"{body}\n  ret void\n}}\n"
        )

    def line(self, text: str) -> None:
        """Write an instruction that has no value."""
        self.lines.append(f"  {text}")

    def value(self, text: str) -> str:
        """Write an instruction and return the name of its value."""
        name = f"%v{next(self.names)}"
        self.lines.append(f"  {name} = {text}")
        return name

    def load(self, base: str, index: str | int) -> str:
        """Write a load of the block of draws at an index and return its name."""
        place = self.value(f"getelementptr inbounds {self.type}, ptr {base}, i64 {index}")
        return self.value(f"load {self.type}, ptr {place}, align 64")

    def store(self, value: str, base: str, index: str | int) -> None:
        """Write a store of a block of draws at an index."""
        place = self.value(f"getelementptr inbounds {self.type}, ptr {base}, i64 {index}")
        self.line(f"store {self.type} {value}, ptr {place}, align 64")

    @contextlib.contextmanager
    def _loop(self, count: str | int, label: str) -> Generator[str]:
        """Write `for i in range(count)` around what is written inside, and yield the name of i; `count` may be nought."""
        name = f"{label}{next(self.names)}"
        index = f"%i.{name}"
        self.lines += [
            f"  br label %{name}.before", f"{name}.before:",
            f"  %any.{name} = icmp sgt i64 {count}, 0",
            f"  br i1 %any.{name}, label %{name}, label %{name}.after", f"{name}:",
            f"  {index} = phi i64 [ 0, %{name}.before ], [ %next.{name}, %{name}.end ]",
        ]  # fmt: skip
        yield index
        self.lines += [
            f"  br label %{name}.end", f"{name}.end:",
            f"  %next.{name} = add i64 {index}, 1",
            f"  %more.{name} = icmp slt i64 %next.{name}, {count}",
            f"  br i1 %more.{name}, label %{name}, label %{name}.after", f"{name}.after:",
        ]  # fmt: skip

    def _record(self, n: str) -> None:
        """Write out the recorded slots after every `every`-th period."""
        if not self.recorded:
            return
        passed = self.value(f"add i64 {n}, 1")
        rest = self.value(f"srem i64 {passed}, %every")
        due = self.value(f"icmp eq i64 {rest}, 0")
        self.lines += [f"  br i1 {due}, label %record, label %recorded", "record:"]
        row = self.value(f"sdiv i64 {n}, %every")
        row = self.value(f"mul i64 {row}, {len(self.recorded)}")
        for i, slot in enumerate(self.recorded):
            self.store(self.load("%memory", slot), "%records", self.value(f"add i64 {row}, {i}"))
        self.lines += ["  br label %recorded", "recorded:"]

    def _stage(self, stage: Stage) -> None:
        formulas, wanted = self.formulas[stage], self._wanted(stage, self.needed)
        if not wanted:
            return
        if len(stage.arguments) == 1:
            self._instance(stage, formulas, wanted, None)
            return
        with self._loop(len(stage.arguments), "stage") as i:
            self._instance(stage, formulas, wanted, i)

    def _instance(self, stage: Stage, formulas: list[Symbol], wanted: list[int], i: str | None) -> None:
        """Write the body of a stage for instance i: everything is read and computed before anything is stored."""
        values = _Values(self, stage.arguments, i)
        made = [(k, values.of(formulas[k])) for k in wanted]
        for k, value in made:
            self.store(value, *self.place(stage.results[:, k], i))
        bound = [value for k, value in made if stage.levels and int(stage.results[0, k]) not in self.program.free]
        if bound:
            least = self.load("%lowest", 0)
            for value in bound:
                lower = self.value(f"fcmp olt {self.type} {value}, {least}")
                least = self.value(f"select {self.truth} {lower}, {self.type} {value}, {self.type} {least}")
            self.store(least, "%lowest", 0)

    def place(self, column: npt.NDArray[np.int32], i: str | None) -> tuple[str, str | int]:
        """Return base and index of the slot of instance i: a constant, a straight line in i, or an entry of a table.

        Straight lines of one slope share their base, so that an operand costs no arithmetic of its own.
        """
        if i is None:
            return "%memory", int(column[0])
        steps = np.diff(column)
        if (steps == steps[0]).all():
            slope = int(steps[0])
            if (i, slope) not in self.bases:
                scaled = self.value(f"mul i64 {i}, {slope}")
                self.bases[i, slope] = self.value(f"getelementptr inbounds {self.type}, ptr %memory, i64 {scaled}")
            return self.bases[i, slope], int(column[0])
        name = f"@table{len(self.tables)}"
        entries = ", ".join(f"i64 {int(slot)}" for slot in column)
        self.tables.append(f"{name} = internal constant [{len(column)} x i64] [{entries}]")
        entry = self.value(f"getelementptr inbounds i64, ptr {name}, i64 {i}")
        return "%memory", self.value(f"load i64, ptr {entry}")

    def literal(self, number: float) -> str:
        """Return a number in every lane."""
        bits = f"double 0x{struct.unpack('<Q', struct.pack('<d', number))[0]:016X}"
        return f"<{', '.join([bits] * self.width)}>"


def _arguments(formula: Symbol) -> set[int]:
    """Return which arguments of its stage a formula reads."""
    seen: set[Symbol] = set()
    waiting, found = [formula], set[int]()
    while waiting:
        symbol = waiting.pop()
        if symbol not in seen:
            seen.add(symbol)
            waiting += symbol.args
            if symbol.op == "argument":
                found.add(int(symbol.number))
    return found


class _Values:
    """Writes the formulas of one instance, each distinct operation once."""

    def __init__(self, writer: _Writer, arguments: Slots, i: str | None) -> None:
        self.writer, self.arguments, self.i = writer, arguments, i
        self.known: dict[tuple[object, ...], str] = {}
        self.done: dict[Symbol, str] = {}

    def of(self, symbol: Symbol) -> str:
        """Return the name of a symbol's value, after writing it if it is new."""
        if symbol not in self.done:
            operands = [self.of(part) for part in symbol.args]
            key = (symbol.op, symbol.number, *operands)
            if key not in self.known:
                self.known[key] = self._write(symbol, operands)
            self.done[symbol] = self.known[key]
        return self.done[symbol]

    def _write(self, symbol: Symbol, operands: list[str]) -> str:
        writer = self.writer
        if symbol.op == "literal":
            return writer.literal(symbol.number)
        if symbol.op == "argument":
            return writer.load(*writer.place(self.arguments[:, int(symbol.number)], self.i))
        return writer.value(_OPERATIONS[symbol.op].format(*operands, type=writer.type, truth=writer.truth))
