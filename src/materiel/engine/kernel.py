"""The engine: a program compiled to native code from the symbolic reading of its equations.

A plan says what a step computes, loop by loop; here every loop becomes native code whose body works on one or two SIMD registers of draws. Only + - * /, comparisons
and selections are emitted, without reassociation or contraction: the bits are those of the reference engine.
"""

from __future__ import annotations

import contextlib
import ctypes
import functools
import importlib
import itertools
import struct
import threading
from collections.abc import Generator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from materiel.engine import reference
from materiel.engine.plan import Area, Column, Loop, Plan, plan
from materiel.engine.reference import Outcome
from materiel.network import DT, Program

Array = npt.NDArray[np.float64]
binding: Any = importlib.import_module("llvmlite.binding")  # it has no types

ACCUMULATORS = 8
"""Rows in which signs of levels are gathered in turn, so that no cell waits for the one before."""

UNROLLED, REMEMBERED = 4, 6
"""Most cells of a form that are written one after the other; most values that are kept in registers from one such cell to the next."""

FITTING = 2**14
"""Bytes of a block that fit the first cache: a plan that needs no more is worked on two registers at a time, so that one waits less for the other."""

_lock = threading.Lock()


@functools.cache
def machine() -> tuple[Any, int]:
    """Return the target machine and how many bytes its widest register holds."""
    binding.initialize_native_target()
    binding.initialize_native_asmprinter()
    features = binding.get_host_cpu_features()
    wide = bool(features.get("avx512f"))
    flags = features.flatten() + (",-prefer-256-bit" if wide else "")
    target = binding.Target.from_default_triple()
    return target.create_target_machine(cpu=binding.get_host_cpu_name(), features=flags, opt=2, jit=True), 64 if wide else 32


@dataclass(frozen=True)
class Branch:
    """A run that is its stem's until period `leaves`: its own prepared memory, and how many periods it takes in all."""

    memory: Array
    leaves: int
    steps: int


@dataclass(frozen=True)
class Kernel:
    """A program and its code, which may still be compiling.

    It works on `width` draws at a time, in floats of `bits`; `recorded` are the slots it records, `kept` those that can be read at the last boundary.
    """

    program: Program
    plan: Plan
    recorded: tuple[int, ...]
    kept: tuple[int, ...]
    bits: int
    width: int
    code: Future[tuple[Any, int]]

    @property
    def address(self) -> int:
        """Where the code begins; waits until it is there."""
        return self.code.result()[1]

    def run(self, memory: Array, steps: int, every: int) -> Outcome:
        """Run a prepared memory of shape (slots, draws) for `steps` periods, as the reference engine does; releases the GIL.

        Of the last boundary only what is kept or recorded is filled in; the rest is nought.
        """
        return self.run_branches(memory, steps, every, ())[0]

    def run_branches(self, memory: Array, steps: int, every: int, branches: Sequence[Branch]) -> list[Outcome]:
        """Run a prepared memory and, from the period in which each leaves it, its branches; return the outcomes, the stem's first.

        Block after block of draws is worked on in one place, which stays in the cache.
        """
        stem = _Leg(self, memory, steps, every)
        legs = [_Leg(self, branch.memory, branch.steps, every) for branch in branches]
        order = sorted(range(len(branches)), key=lambda i: branches[i].leaves)
        for block in range(stem.blocks):
            stem.take(block)
            for i in order:
                stem.go(branches[i].leaves)
                legs[i].take(block)
                legs[i].follow(stem)
                legs[i].go(branches[i].steps)
            stem.go(steps)
        return [leg.outcome() for leg in (stem, *legs)]

    def kept_in(self, area: Area) -> tuple[list[int], list[int]]:
        """Return the slots kept that lie in an area, and their places."""
        found = {slot: self.plan.places[slot][1] for slot in self.kept if self.plan.places[slot][0] == area}
        return list(found), list(found.values())


class _Leg:
    """One run of all draws, block by block: `take` a block, `go` to a period; in the end the `outcome`."""

    def __init__(self, kernel: Kernel, memory: Array, steps: int, every: int) -> None:
        self.kernel, self.memory, self.steps, self.every = kernel, memory, steps, every
        made, width, draws = kernel.plan, kernel.width, int(memory.shape[1])
        self.blocks = -(-draws // width)
        kind: Any = np.dtype(f"f{kernel.bits // 8}")
        self.known: dict[Area, Array] = made.work_out(memory, np.arange(steps) * memory[DT, 0])
        for area in ("shared", "clock"):
            self.known[area] = self.known[area].astype(kind, copy=False)
        full = np.minimum(np.arange(self.blocks * width), draws - 1) if draws < self.blocks * width else slice(None)  # the last block is filled up with copies
        self.state = _aligned((self.blocks, made.size, width), kind)
        levels = len(made.levels)
        for first, rows in ((0, memory[made.levels]), (levels, self.known["draws"])):
            self.state[:, first : first + len(rows)] = rows[:, full].reshape(len(rows), self.blocks, width).transpose(1, 0, 2)
        self.below: npt.NDArray[np.int64] = _aligned((self.blocks, ACCUMULATORS, width), np.dtype(f"i{kernel.bits // 8}"))
        self.below[:] = 0
        self.records = _aligned((self.blocks, steps // every, len(kernel.recorded), width), kind)
        self.call = ctypes.CFUNCTYPE(None, *[ctypes.c_void_p] * 5, *[ctypes.c_int64] * 3)(kernel.address)
        self.block, self.period = 0, 0

    def take(self, block: int) -> None:
        """Begin with a block of draws."""
        self.block, self.period = block, 0

    def follow(self, stem: _Leg) -> None:
        """Stand where the stem stands."""
        levels, rows, block = len(self.kernel.plan.levels), stem.period // self.every, self.block
        self.state[block, :levels] = stem.state[block, :levels]
        self.records[block, :rows] = stem.records[block, :rows]
        self.below[block] = stem.below[block]
        self.period = stem.period

    def go(self, period: int) -> None:
        """Run up to a period."""
        block = self.block
        if period > self.period:
            self.call(
                self.state[block].ctypes.data, self.known["shared"].ctypes.data, self.known["clock"].ctypes.data,
                self.records[block].ctypes.data, self.below[block].ctypes.data, self.period, period, self.every,
            )  # fmt: skip
        self.period = max(period, self.period)

    def outcome(self) -> Outcome:
        """Return what the run left, draw by draw."""
        kernel, draws = self.kernel, int(self.memory.shape[1])
        last: Array = np.zeros(self.memory.shape)
        full = self.blocks * kernel.width
        slots, places = kernel.kept_in("draws")
        last[slots] = self.state[:, places].transpose(1, 0, 2).reshape(-1, full)[:, :draws]
        slots, places = kernel.kept_in("shared")
        last[slots] = self.known["shared"][places, None]
        slots, places = kernel.kept_in("clock")
        if self.steps:
            last[slots] = self.known["clock"][-1, places, None]
        records = self.records.transpose(1, 2, 0, 3).astype(np.float64, copy=False)
        below = (self.below < 0).any(axis=1).reshape(-1)[:draws]
        made = Outcome(self.memory, last, records, np.zeros(draws))
        return _again(kernel, made, below, self.steps, self.every) if below.any() else made


def _again(kernel: Kernel, made: Outcome, below: npt.NDArray[np.bool_], steps: int, every: int) -> Outcome:
    """Return an outcome in which draws that went below nought, which code is not written for, are those of the reference engine."""
    right = reference.run(kernel.program, made.first[:, below], steps, every, kernel.recorded)
    for slot in kernel.kept:
        made.last[slot, below] = right.last[slot]
    made.records[(slice(None), slice(None), *np.divmod(np.flatnonzero(below), kernel.width))] = right.recorded
    made.lowest[below] = right.lowest
    return made


def _aligned(shape: tuple[int, ...], kind: Any) -> Any:
    """Return an array that begins where a register can be loaded from."""
    size = int(np.prod(shape)) * kind.itemsize
    raw = np.empty(size + 64, dtype=np.uint8)
    skip = -raw.ctypes.data % 64
    return raw[skip : skip + size].view(kind).reshape(shape)


_compiled: dict[str, Future[tuple[Any, int]]] = {}


def compile_program(
    program: Program, recorded: Sequence[int], kept: Sequence[int] | None = None, constant: Mapping[int, float | None] | None = None, bits: int = 64
) -> Kernel:
    """Return the kernel of a program, in floats of 64 or 32 bits; programs of one structure share one compilation, which goes on beside what the caller does next.

    `kept` are the slots that can be read at the last boundary (all levels if None), `constant` the numbers that all draws of its runs share (`plan.constants`; none if None).
    """
    target, register = machine()
    roots = tuple(dict.fromkeys([*recorded, *(program.levels if kept is None else kept)]))
    made = plan(program, roots, constant or {})
    width = (2 if 2 * made.size * register <= FITTING else 1) * 8 * register // bits
    text = _Writer(made, [made.places[slot] for slot in recorded], bits, width).text()
    with _lock:
        if text not in _compiled:
            compiler = ThreadPoolExecutor(1)
            _compiled[text] = compiler.submit(_code, text, target)
            compiler.shutdown(wait=False)
        code = _compiled[text]
    return Kernel(program, made, tuple(recorded), roots, bits, width, code)


def _code(text: str, target: Any) -> tuple[Any, int]:
    """Return the compiled code of a text, which lives as long as its engine does, and where it begins; LLVM works without holding up Python."""
    engine = binding.create_mcjit_compiler(binding.parse_assembly(text), target)
    engine.finalize_object()
    return engine, engine.get_function_address("run")


_OPERATIONS = {
    "add": "fadd {type} {0}, {1}", "sub": "fsub {type} {0}, {1}", "mul": "fmul {type} {0}, {1}", "div": "fdiv {type} {0}, {1}",
    "neg": "fneg {type} {0}", "lt": "fcmp olt {type} {0}, {1}", "le": "fcmp ole {type} {0}, {1}", "gt": "fcmp ogt {type} {0}, {1}",
    "ge": "fcmp oge {type} {0}, {1}", "and": "and {truth} {0}, {1}", "or": "or {truth} {0}, {1}",
    "where": "select {truth} {0}, {type} {1}, {type} {2}",
}  # fmt: skip


class _Writer:
    """Writes the LLVM text of one plan: a loop over periods around the loops over cells."""

    def __init__(self, made: Plan, recorded: Sequence[tuple[str, int]], bits: int, width: int) -> None:
        self.plan, self.recorded, self.width = made, recorded, width
        self.number = {64: "double", 32: "float"}[bits]
        self.type, self.truth, self.bits = f"<{width} x {self.number}>", f"<{width} x i1>", f"<{width} x i{bits}>"
        self.align = 64
        self.names, self.turns = itertools.count(), itertools.count()
        self.lines: list[str] = []
        self.recent: dict[tuple[str, int], str] = {}
        self.tables: list[str] = []

    def text(self) -> str:
        """Return the module: one function `run(draws, shared, times, records, below, begin, end, every)`."""
        periods = self.value("sub i64 %end, %begin")
        with self._loop(periods, "period") as passed:
            n = self.value(f"add i64 {passed}, %begin")
            row = self.value(f"mul i64 {n}, {len(self.plan.nodes['clock'])}")
            self.line(f"%clock = getelementptr inbounds {self.number}, ptr %times, i64 {row}")
            self.recent.clear()
            for loop in self.plan.loops:
                self._cells(loop)
            self._record(n)
        body = "\n".join(self.lines)
        return (
            "\n".join(self.tables)
            + "\ndefine void @run(ptr noalias %draws, ptr noalias %shared, ptr noalias %times, ptr noalias %records, ptr noalias %below, i64 %begin, i64 %end, i64 %every) nounwind {\nentry:\n"
            + f"{body}\n  ret void\n}}\n!0 = !{{i32 1}}\n"
        )

    def line(self, text: str) -> None:
        """Write an instruction that has no value."""
        self.lines.append(f"  {text}")

    def value(self, text: str) -> str:
        """Write an instruction and return the name of its value."""
        name = f"%v{next(self.names)}"
        self.lines.append(f"  {name} = {text}")
        return name

    def place(self, area: str, index: str | int, base: str = "") -> str:
        """Write the address of a number and return its name."""
        kind = self.number if area in ("shared", "clock") else self.type
        return self.value(f"getelementptr inbounds {kind}, ptr {base or f'%{area}'}, i64 {index}")

    def load(self, area: str, place: str) -> str:
        """Write the load of a number, into every lane if all draws share it, and return its name."""
        if area == "draws":
            return self.value(f"load {self.type}, ptr {place}, align {self.align}")
        one = self.value(f"load {self.number}, ptr {place}")
        one = self.value(f"insertelement {self.type} poison, {self.number} {one}, i32 0")
        return self.value(f"shufflevector {self.type} {one}, {self.type} poison, <{self.width} x i32> zeroinitializer")

    def literal(self, number: float) -> str:
        """Return a number in every lane, as the bits of a double, which LLVM takes for narrower kinds too."""
        number = float(np.float32(number)) if self.number == "float" else number
        bits = f"{self.number} 0x{struct.unpack('<Q', struct.pack('<d', number))[0]:016X}"
        return f"<{', '.join([bits] * self.width)}>"

    @contextlib.contextmanager
    def _loop(self, count: str | int, label: str) -> Generator[str]:
        """Write `for i in range(count)` around what is written inside, for a count of at least one, and yield the name of i."""
        name = f"{label}{next(self.names)}"
        index = f"%i.{name}"
        self.lines += [
            f"  br label %{name}.before", f"{name}.before:", f"  br label %{name}", f"{name}:",
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
        for i, (area, place) in enumerate(self.recorded):
            value = self.load(area, self.place(area, place))
            self.line(f"store {self.type} {value}, ptr {self.place('records', self.value(f'add i64 {row}, {i}'))}, align {self.align}, !nontemporal !0")
        self.lines += ["  br label %recorded", "recorded:"]

    def _cells(self, loop: Loop) -> None:
        """Write the cells of a loop: a few one after the other, many as a loop."""
        if loop.count <= UNROLLED:
            for cell in range(loop.count):
                name = f"cell{next(self.names)}"
                self.lines += [f"  br label %{name}", f"{name}:"]  # blocks of their own: instructions are ordered block by block
                _Body(self, loop, cell).write()
            return
        self.recent.clear()
        with self._loop(loop.count, "cells") as i:
            _Body(self, loop, i).write()

    def remember(self, place: tuple[str, int], value: str) -> None:
        """Keep a value that has just been read or written for the cells that come next; of many the one longest unused goes."""
        self.recent.pop(place, None)
        self.recent[place] = value
        if len(self.recent) > REMEMBERED:
            self.recent.pop(next(iter(self.recent)))


class _Body:
    """Writes one cell of a loop, for cell i: everything is read and computed before anything is stored."""

    def __init__(self, writer: _Writer, loop: Loop, i: str | int) -> None:
        self.writer, self.loop, self.i = writer, loop, i
        self.values: dict[int, str] = {}
        self.bases: dict[tuple[str, int], str] = {}

    def write(self) -> None:
        """Write the body."""
        writer = self.writer
        for n in self.loop.graph.behind([store.node for store in self.loop.stores]):
            self.values[n] = self._compute(n)
        below: list[str] = []
        for store in self.loop.stores:
            value = self.values[store.node]
            writer.line(f"store {writer.type} {value}, ptr {self._place(store.column)}, align {writer.align}")
            if isinstance(self.i, int):
                writer.remember((store.column.area, int(store.column.places[self.i])), value)
            if store.bound:
                below.append(writer.value(f"bitcast {writer.type} {value} to {writer.bits}"))
        if below:
            place = writer.value(f"getelementptr inbounds {writer.bits}, ptr %below, i64 {next(writer.turns) % ACCUMULATORS}")
            known = writer.value(f"load {writer.bits}, ptr {place}, align {writer.align}")
            for bits in below:
                known = writer.value(f"or {writer.bits} {known}, {bits}")
            writer.line(f"store {writer.bits} {known}, ptr {place}, align {writer.align}")

    def _compute(self, n: int) -> str:
        """Write a node and return the name of its value."""
        writer, node = self.writer, self.loop.graph.nodes[n]
        if node.op == "literal":
            return writer.literal(node.fact.number or 0.0)
        if node.op == "operand":
            column = self.loop.operands[int(node.key)]
            if isinstance(self.i, str):
                return writer.load(column.area, self._place(column))
            place = column.area, int(column.places[self.i])
            value = writer.recent.get(place) or writer.load(column.area, self._place(column))
            writer.remember(place, value)
            return value
        return writer.value(_OPERATIONS[node.op].format(*(self.values[m] for m in node.args), type=writer.type, truth=writer.truth))

    def _place(self, column: Column) -> str:
        """Return the address of a column in cell i: a constant, a straight line in i, or an entry of a table.

        Straight lines of one slope share their base, so that an operand costs no arithmetic of its own.
        """
        writer, places = self.writer, column.places
        if isinstance(self.i, int):
            return writer.place(column.area, int(places[self.i]))
        steps = np.diff(places)
        if (steps == steps[0]).all():
            slope = int(steps[0])
            if (column.area, slope) not in self.bases:
                self.bases[column.area, slope] = writer.place(column.area, writer.value(f"mul i64 {self.i}, {slope}"))
            return writer.place(column.area, int(places[0]), self.bases[column.area, slope])
        name = f"@table{len(writer.tables)}"
        writer.tables.append(f"{name} = internal constant [{len(places)} x i64] [{', '.join(f'i64 {place}' for place in places.tolist())}]")
        entry = writer.value(f"getelementptr inbounds i64, ptr {name}, i64 {self.i}")
        return writer.place(column.area, writer.value(f"load i64, ptr {entry}"))
