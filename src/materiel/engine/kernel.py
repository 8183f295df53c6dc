"""The engine: a program compiled to native code from the symbolic reading of its equations.

A plan says what a step computes, loop by loop; here every loop becomes native code whose body works on one SIMD register of draws. Only + - * /, comparisons
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
from materiel.engine.reference import Outcome, Rows
from materiel.network import DT, Program

Array = npt.NDArray[np.float64]
binding: Any = importlib.import_module("llvmlite.binding")  # it has no types

ACCUMULATORS = 8
"""Rows in which signs of levels are gathered in turn, so that no cell waits for the one before."""

REMEMBERED = 6
"""Most values of memory that are kept in registers from one cell to the next."""

TAKEN = 8
"""Blocks that are taken from memory together: several registers of a row lie side by side there."""

SPAN, WHOLE = 16, 2**40
"""Periods that a part runs ahead of the next; all of them, where there is one part."""

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

    def run(self, memory: Array, steps: int, every: int, room: Array | None = None) -> Outcome:
        """Run a prepared memory of shape (slots, draws) for `steps` periods, as the reference engine does; releases the GIL.

        Of the last boundary it holds what is kept or recorded. `room` is where records are written, if it is to be used again.
        """
        return self.run_branches(memory, steps, every, (), room)[0]

    def room(self, draws: int, steps: int, every: int) -> Array:
        """Return room for the records of a run, shape (blocks, records, slots recorded, draws of a block)."""
        return _aligned((-(-draws // self.width), steps // every, len(self.recorded), self.width), np.dtype(f"f{self.bits // 8}"))

    def run_branches(self, memory: Array, steps: int, every: int, branches: Sequence[Branch], room: Array | None = None) -> list[Outcome]:
        """Run a prepared memory and, from the period in which each leaves it, its branches; return the outcomes, the stem's first.

        Block after block of draws is worked on in a place that stays in the cache.
        """
        stem = _Leg(self, memory, steps, every, self.room(memory.shape[1], steps, every) if room is None else room)
        legs = [_Leg(self, one.memory, one.steps, every, self.room(memory.shape[1], one.steps, every)) for one in branches]
        order = sorted(range(len(branches)), key=lambda i: branches[i].leaves)
        for first in range(0, stem.blocks, TAKEN):
            for leg in (stem, *legs):
                leg.take(first)
            for block in range(first, min(first + TAKEN, stem.blocks)):
                stem.begin(block)
                for i in order:
                    stem.go(branches[i].leaves)
                    legs[i].begin(block)
                    legs[i].follow(stem)
                    legs[i].go(branches[i].steps)
                stem.go(steps)
            for leg in (stem, *legs):
                leg.leave()
        return [leg.outcome() for leg in (stem, *legs)]

    def kept_in(self, area: Area) -> npt.NDArray[np.intp]:
        """Return which of the slots kept lie in an area, by their rows, and where, shape (2, slots)."""
        places = [self.plan.places[slot] for slot in self.kept]
        return np.array([(row, place) for row, (one, place) in enumerate(places) if one == area], dtype=np.intp).reshape(-1, 2).T

    @functools.cached_property
    def rows(self) -> npt.NDArray[np.intp]:
        """The row of every slot among those kept, one beyond the last if it is not."""
        made = np.full(self.program.size, len(self.kept), dtype=np.intp)
        made[list(self.kept)] = np.arange(len(self.kept))
        return made


class _Leg:
    """One run of all draws: `take` some blocks, `begin` one after the other and `go` to a period, `leave` them; in the end the `outcome`."""

    def __init__(self, kernel: Kernel, memory: Array, steps: int, every: int, room: Array) -> None:
        self.kernel, self.memory, self.steps, self.every, self.records = kernel, memory, steps, every, room
        made, width, self.draws, self.blocks = kernel.plan, kernel.width, int(memory.shape[1]), len(room)
        kind: Any = np.dtype(f"f{kernel.bits // 8}")
        self.known: dict[Area, Array] = made.work_out(memory, np.arange(steps) * memory[DT, 0])
        for area in ("shared", "clock"):
            self.known[area] = self.known[area].astype(kind, copy=False)
        self.state: Array = _aligned((TAKEN, made.size, width), kind)
        self.handed: Array = _aligned((SPAN, made.handed, width), kind)
        self.below: npt.NDArray[np.int64] = _aligned((TAKEN, ACCUMULATORS, width), np.dtype(f"i{kernel.bits // 8}"))
        self.last: Array = np.empty((len(kernel.kept), self.blocks, width))
        self.fell: npt.NDArray[np.bool_] = np.zeros(self.draws, dtype=np.bool_)
        self.rows, self.kept = kernel.kept_in("draws")
        self.call = ctypes.CFUNCTYPE(None, *[ctypes.c_void_p] * 6, *[ctypes.c_int64] * 3)(kernel.address)
        self.places = [(array.ctypes.data, array.strides[0]) for array in (self.state, self.records, self.below)]
        self.areas = [array.ctypes.data for array in (self.handed, self.known["shared"], self.known["clock"])]
        self.first = self.block = self.period = 0

    def take(self, first: int) -> None:
        """Take some blocks from `first` on from memory; the last of all is filled up with copies of the last draw."""
        self.first, width, levels = first, self.kernel.width, self.kernel.plan.levels
        count = min(TAKEN, self.blocks - first)
        draws = slice(first * width, (first + count) * width)
        if draws.stop > self.draws:
            draws = np.minimum(np.arange(draws.start, draws.stop), self.draws - 1)
        for row, rows in ((0, self.memory[:, draws][levels]), (len(levels), self.known["draws"][:, draws])):
            self.state[:count, row : row + len(rows)] = rows.reshape(len(rows), count, width).transpose(1, 0, 2)
        self.below[:] = 0

    def begin(self, block: int) -> None:
        """Begin with one of the blocks taken."""
        self.block, self.period = block - self.first, 0

    def follow(self, stem: _Leg) -> None:
        """Stand where the stem stands."""
        levels, rows, block = len(self.kernel.plan.levels), stem.period // self.every, self.block
        self.state[block, :levels] = stem.state[block, :levels]
        self.records[self.first + block, :rows] = stem.records[self.first + block, :rows]
        self.below[block] = stem.below[block]
        self.period = stem.period

    def go(self, period: int) -> None:
        """Run up to a period."""
        if period > self.period:
            (state, a), (records, b), (below, c) = self.places
            block = self.block
            self.call(state + block * a, *self.areas, records + (self.first + block) * b, below + block * c, self.period, period, self.every)
        self.period = max(period, self.period)

    def leave(self) -> None:
        """Keep what the blocks taken leave, draw by draw."""
        width, count = self.kernel.width, min(TAKEN, self.blocks - self.first)
        start, stop = self.first * width, min((self.first + count) * width, self.draws)
        self.last[self.rows, self.first : self.first + count] = self.state[:count, self.kept].transpose(1, 0, 2)
        self.fell[start:stop] = (self.below < 0).any(axis=1).reshape(-1)[: stop - start]

    def outcome(self) -> Outcome:
        """Return what the run left."""
        rows, places = self.kernel.kept_in("shared")
        self.last[rows] = self.known["shared"][places, None, None]
        rows, places = self.kernel.kept_in("clock")
        if self.steps:
            self.last[rows] = self.known["clock"][-1, places, None, None]
        last = Rows(self.kernel.rows, self.last.reshape(len(self.last), self.blocks * self.kernel.width)[:, : self.draws])
        records = self.records.transpose(1, 2, 0, 3).astype(np.float64, copy=False)
        made = Outcome(self.memory, last, records, np.zeros(self.draws))
        return _again(self.kernel, made, last, self.fell, self.steps, self.every) if self.fell.any() else made


def _again(kernel: Kernel, made: Outcome, last: Rows, below: npt.NDArray[np.bool_], steps: int, every: int) -> Outcome:
    """Return an outcome in which draws that went below nought, which code is not written for, are those of the reference engine."""
    right = reference.run(kernel.program, made.first[:, below], steps, every, kernel.recorded)
    last.values[:, below] = right.last[list(kernel.kept)]
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
    width = 8 * register // bits
    text = _Writer(made, recorded, bits, width).text()
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
    """Writes the LLVM text of one plan: for a span of periods after the other, part by part, a loop over its periods around the loops over cells."""

    def __init__(self, made: Plan, recorded: Sequence[int], bits: int, width: int) -> None:
        self.plan, self.recorded, self.width = made, recorded, width
        self.number = {64: "double", 32: "float"}[bits]
        self.type, self.truth, self.bits = f"<{width} x {self.number}>", f"<{width} x i1>", f"<{width} x i{bits}>"
        self.align = 64
        self.names, self.turns = itertools.count(), itertools.count()
        self.lines: list[str] = []
        self.recent: dict[tuple[str, int], str] = {}
        self.registers: dict[int, str] = {}
        self.tables: list[str] = []
        self.below = ""
        self.bases: dict[str, str] = {area: f"%{area}" for area in ("draws", "shared", "records")}

    def text(self) -> str:
        """Return the module: one function `run(draws, handed, shared, times, records, below, begin, end, every)`."""
        plan, span = self.plan, SPAN if self.plan.handed else WHOLE
        periods = self.value("sub i64 %end, %begin")
        spans = self.value(f"sdiv i64 {self.value(f'add i64 {periods}, {span - 1}')}, {span}")
        with self._loop(spans, "span") as count:
            first = self.value(f"add i64 %begin, {self.value(f'mul i64 {count}, {span}')}")
            left = self.value(f"sub i64 %end, {first}")
            length = self.value(f"select i1 {self.value(f'icmp slt i64 {left}, {span}')}, i64 {left}, i64 {span}")
            for part in range(len(plan.parts)):
                with self._loop(length, "period") as passed:
                    self._period(part, passed, self.value(f"add i64 {passed}, {first}"))
        body = "\n".join(self.lines)
        areas = ", ".join(f"ptr noalias %{area}" for area in ("draws", "handed", "shared", "times", "records", "below"))
        return (
            "\n".join(self.tables)
            + f'\ndefine void @run({areas}, i64 %begin, i64 %end, i64 %every) nounwind "stackrealign" {{\nentry:\n{body}\n  ret void\n}}\n!0 = !{{i32 1}}\n'
        )

    def _period(self, part: int, passed: str, n: str) -> None:
        """Write a part's share of period `n`, the how manieth of a span is `passed`."""
        row = self.value(f"mul i64 {n}, {len(self.plan.nodes['clock'])}")
        self.bases["clock"] = self.value(f"getelementptr inbounds {self.number}, ptr %times, i64 {row}")
        row = self.value(f"mul i64 {passed}, {self.plan.handed}")
        self.bases["handed"] = self.value(f"getelementptr inbounds {self.type}, ptr %handed, i64 {row}")
        self.recent.clear()
        self.below = self.value(f"load {self.bits}, ptr {self.signs(0)}, align {self.align}")
        for loop in self.plan.parts[part]:
            self._cells(loop)
        self.line(f"store {self.bits} {self.below}, ptr {self.signs(0)}, align {self.align}")
        self._record(part, n)

    def signs(self, row: int) -> str:
        """Write the address of a row of gathered signs and return its name."""
        return self.value(f"getelementptr inbounds {self.bits}, ptr %below, i64 {row}")

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
        return self.value(f"getelementptr inbounds {kind}, ptr {base or self.bases[area]}, i64 {index}")

    def load(self, area: str, place: str) -> str:
        """Write the load of a number, into every lane if all draws share it, and return its name."""
        if area in ("draws", "handed"):
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

    def _record(self, part: int, n: str) -> None:
        """Write out the recorded slots that a part makes, after every `every`-th period."""
        made = [i for i, slot in enumerate(self.recorded) if self.plan.made_in[slot] == part]
        if not made:
            return
        row = f"%row{part}"
        single = self.value("icmp eq i64 %every, 1")  # a division takes as long as forty additions
        self.lines += [f"  br label %recording{part}", f"recording{part}:", f"  br i1 {single}, label %record{part}, label %divide{part}", f"divide{part}:"]
        passed = self.value(f"add i64 {n}, 1")
        rest, quotient = self.value(f"srem i64 {passed}, %every"), self.value(f"sdiv i64 {n}, %every")
        due = self.value(f"icmp eq i64 {rest}, 0")
        self.lines += [f"  br i1 {due}, label %record{part}, label %recorded{part}", f"record{part}:"]
        self.line(f"{row} = phi i64 [ {n}, %recording{part} ], [ {quotient}, %divide{part} ]")
        row = self.value(f"mul i64 {row}, {len(self.recorded)}")
        for i in made:
            area, place = self.plan.places[self.recorded[i]]
            value = self.load(area, self.place(area, place))
            self.line(f"store {self.type} {value}, ptr {self.place('records', self.value(f'add i64 {row}, {i}'))}, align {self.align}, !nontemporal !0")
        self.lines += [f"  br label %recorded{part}", f"recorded{part}:"]

    def _cells(self, loop: Loop) -> None:
        """Write one cell, or the loop over many."""
        if loop.count == 1:
            _Body(self, loop, 0).write()
            return
        self.recent.clear()
        with self._loop(loop.count, "cells") as i:
            _Body(self, loop, i).write()

    def remember(self, place: tuple[str, int], value: str) -> None:
        """Keep a value that has just been read or written for the cells that come next; of many in memory the one longest unused goes."""
        if place[0] == "register":
            self.registers[place[1]] = value
            return
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
            if store.column.area != "register":
                writer.line(f"store {writer.type} {value}, ptr {self._place(store.column)}, align {writer.align}")
            if isinstance(self.i, int):
                writer.remember((store.column.area, int(store.column.places[self.i])), value)
            if store.bound:
                below.append(writer.value(f"bitcast {writer.type} {value} to {writer.bits}"))
        if below and isinstance(self.i, int):
            for bits in below:
                writer.below = writer.value(f"or {writer.bits} {writer.below}, {bits}")
        elif below:
            row = 1 + next(writer.turns) % (ACCUMULATORS - 1)
            known = writer.value(f"load {writer.bits}, ptr {writer.signs(row)}, align {writer.align}")
            for bits in below:
                known = writer.value(f"or {writer.bits} {known}, {bits}")
            writer.line(f"store {writer.bits} {known}, ptr {writer.signs(row)}, align {writer.align}")

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
            if column.area == "register":
                return writer.registers[place[1]]
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
