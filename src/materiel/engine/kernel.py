"""The engine: a program compiled to native code from the symbolic reading of its equations.

Each stage is traced once on symbols and becomes one loop over the instances it serves, whose body works on as many draws at once as a SIMD register
holds. Slots lie side by side, one register of draws each, so that a whole network stays in the cache. Only + - * /, comparisons and selections are
emitted, without reassociation or contraction: the bits are those of the reference engine.
"""

from __future__ import annotations

import ctypes
import functools
import importlib
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from materiel.engine.reference import Outcome
from materiel.engine.symbols import Symbol, trace
from materiel.network import DT, Program, Slots, Stage, T

Array = npt.NDArray[np.float64]
Builder = Any  # llvmlite has no types
binding: Any = importlib.import_module("llvmlite.binding")
ir: Any = importlib.import_module("llvmlite.ir")

_INT, _LONG, _DOUBLE = ir.IntType(32), ir.IntType(64), ir.DoubleType()
_COMPARE = {"lt": "<", "le": "<=", "gt": ">", "ge": ">="}
_lock = threading.Lock()


@functools.cache
def _machine() -> tuple[Any, int]:
    """Return the target machine and how many doubles one of its registers holds."""
    binding.initialize_native_target()
    binding.initialize_native_asmprinter()
    features = binding.get_host_cpu_features()
    width = 8 if features.get("avx512f") else 4
    flags = features.flatten() + (",-prefer-256-bit" if width == 8 else "")
    target = binding.Target.from_default_triple()
    return target.create_target_machine(cpu=binding.get_host_cpu_name(), features=flags, opt=2, jit=True), width


@dataclass(frozen=True)
class Kernel:
    """A compiled program: `width` draws at a time; `recorded` are the slots it records."""

    program: Program
    recorded: tuple[int, ...]
    width: int
    engine: Any
    address: int

    def run(self, memory: Array, steps: int, every: int) -> Outcome:
        """Run a prepared memory of shape (slots, draws) for `steps` periods, as the reference engine does; releases the GIL."""
        slots, draws = memory.shape
        blocks = -(-draws // self.width)
        work = _aligned((blocks, slots, self.width))
        padded = np.empty((slots, blocks * self.width))
        padded[:, :draws] = memory
        padded[:, draws:] = memory[:, :1]
        work[:] = padded.reshape(slots, blocks, self.width).swapaxes(0, 1)
        records = _aligned((blocks, max(steps // every, 1), max(len(self.recorded), 1), self.width))
        lowest = _aligned((blocks, self.width))
        bound = [slot for slot in self.program.levels if slot not in self.program.free]
        lowest[:] = work[:, bound].min(axis=1) if bound else 0.0
        call = ctypes.CFUNCTYPE(None, *[ctypes.c_void_p] * 3, ctypes.c_int64, ctypes.c_int64)(self.address)
        for b in range(blocks):
            call(work[b].ctypes.data, records[b].ctypes.data, lowest[b].ctypes.data, steps, every)
        last = work.swapaxes(0, 1).reshape(slots, -1)[:, :draws]
        seen = records.transpose(1, 2, 0, 3).reshape(records.shape[1], records.shape[2], -1)
        return Outcome(memory, last, seen[: steps // every, : len(self.recorded), :draws], lowest.reshape(-1)[:draws])


def _aligned(shape: tuple[int, ...]) -> Array:
    count = int(np.prod(shape))
    raw = np.empty(count + 8)
    skip = (-raw.ctypes.data % 64) // 8
    return raw[skip : skip + count].reshape(shape)


_compiled: dict[tuple[str, int], tuple[Any, int]] = {}


def compile_program(program: Program, recorded: Sequence[int]) -> Kernel:
    """Return the kernel of a program; programs that differ only in their numbers share one compilation."""
    machine, width = _machine()
    text = str(_Emitter(program, tuple(recorded), width).module)
    with _lock:
        if (text, width) not in _compiled:
            module = binding.parse_assembly(text)
            tuning = binding.create_pipeline_tuning_options(speed_level=1)
            tuning.loop_unrolling = tuning.loop_vectorization = tuning.slp_vectorization = False
            binding.create_pass_builder(machine, tuning).getModulePassManager().run(module, binding.create_pass_builder(machine, tuning))
            engine = binding.create_mcjit_compiler(module, machine)
            engine.finalize_object()
            _compiled[text, width] = engine, engine.get_function_address("run")
        engine, address = _compiled[text, width]
    return Kernel(program, tuple(recorded), width, engine, address)


class _Emitter:
    """Writes the LLVM module of one program."""

    def __init__(self, program: Program, recorded: tuple[int, ...], width: int) -> None:
        self.program, self.recorded, self.width = program, recorded, width
        self.vector = ir.VectorType(_DOUBLE, width)
        self.module = ir.Module(name="materiel")
        self.needed = self._needed()
        pointer = self.vector.as_pointer()
        kind = ir.FunctionType(ir.VoidType(), [pointer, pointer, pointer, _LONG, _LONG])
        self.function = ir.Function(self.module, kind, name="run")
        self.function.attributes.add("nounwind")
        self.memory, self.records, self.lowest, self.steps, self.every = self.function.args
        for argument in (self.memory, self.records, self.lowest):
            argument.add_attribute("noalias")
        self.tables = 0
        self._emit()

    def _needed(self) -> set[int]:
        """Return the slots that anybody reads: what a stage writes elsewhere is not written at all."""
        read = {int(slot) for stage in self.program.step for slot in stage.arguments.ravel()}
        return read | set(self.program.levels) | set(self.recorded)

    def _emit(self) -> None:
        entry = self.function.append_basic_block("entry")
        done = self.function.append_basic_block("done")
        builder = ir.IRBuilder(entry)
        dt = self.load(builder, self.memory, _LONG(DT))

        def body(inside: Builder, n: Any) -> Builder:
            return self._period(inside, n, dt)

        self._loop(builder, self.steps, done, body)
        ir.IRBuilder(done).ret_void()

    def _loop(self, builder: Builder, count: Any, after: Any, body: Any) -> Builder:
        """Emit `for i in range(count): body(builder, i)` and return a builder placed in `after`."""
        before = builder.block
        head = self.function.append_basic_block("loop")
        builder.cbranch(builder.icmp_signed(">", count, _LONG(0)), head, after)
        inside = ir.IRBuilder(head)
        index = inside.phi(_LONG)
        index.add_incoming(_LONG(0), before)
        inside = body(inside, index) or inside
        following = inside.add(index, _LONG(1))
        index.add_incoming(following, inside.block)
        inside.cbranch(inside.icmp_signed("<", following, count), head, after)
        return ir.IRBuilder(after)

    def _period(self, builder: Builder, n: Any, dt: Any) -> Builder:
        t = builder.fmul(self._splat(builder, builder.sitofp(n, _DOUBLE)), dt)
        self._store(builder, t, self.memory, _LONG(T))
        for stage in self.program.step:
            builder = self._stage(builder, stage)
        if not self.recorded:
            return builder
        passed = builder.add(n, _LONG(1))
        due = builder.icmp_signed("==", builder.srem(passed, self.every), _LONG(0))
        record, after = self.function.append_basic_block("record"), self.function.append_basic_block("after")
        builder.cbranch(due, record, after)
        writer = ir.IRBuilder(record)
        row = writer.mul(writer.sub(writer.sdiv(passed, self.every), _LONG(1)), _LONG(len(self.recorded)))
        for i, slot in enumerate(self.recorded):
            self._store(writer, self.load(writer, self.memory, _LONG(slot)), self.records, writer.add(row, _LONG(i)))
        writer.branch(after)
        return ir.IRBuilder(after)

    def _stage(self, builder: Builder, stage: Stage) -> Builder:
        _, formulas = trace(stage.function, stage.arguments.shape[1])
        wanted = [k for k in range(len(formulas)) if any(int(slot) in self.needed for slot in stage.results[:, k])]
        if not wanted:
            return builder
        count = len(stage.arguments)

        def body(inside: Builder, i: Any) -> Builder:
            values = _Values(self, inside, stage.arguments, i)
            made = [(k, values.of(formulas[k])) for k in wanted]
            for k, value in made:
                self._store(inside, value, self.memory, self.slot(inside, stage.results[:, k], i))
            if stage.levels:
                self._keep_lowest(inside, [value for k, value in made if int(stage.results[0, k]) not in self.program.free])
            return inside

        if count == 1:
            return body(builder, None)
        return self._loop(builder, _LONG(count), self.function.append_basic_block("next"), body)

    def _keep_lowest(self, builder: Builder, values: list[Any]) -> None:
        if not values:
            return
        least = self.load(builder, self.lowest, _LONG(0))
        for value in values:
            least = builder.select(builder.fcmp_ordered("<", value, least), value, least)
        self._store(builder, least, self.lowest, _LONG(0))

    def slot(self, builder: Builder, column: npt.NDArray[np.int32], i: Any) -> Any:
        """Return the slot of instance i: a constant, a straight line in i, or an entry of a table."""
        if i is None:
            return _LONG(int(column[0]))
        steps = np.diff(column)
        if (steps == steps[0]).all():
            return builder.add(builder.mul(i, _LONG(int(steps[0]))), _LONG(int(column[0])))
        kind = ir.ArrayType(_INT, len(column))
        table = ir.GlobalVariable(self.module, kind, name=f"table{self.tables}")
        self.tables += 1
        table.global_constant = True
        table.linkage = "internal"
        table.initializer = ir.Constant(kind, [int(slot) for slot in column])
        return builder.sext(builder.load(builder.gep(table, [_LONG(0), i], source_etype=kind), typ=_INT), _LONG)

    def load(self, builder: Builder, base: Any, index: Any) -> Any:
        """Return the register at an index of memory."""
        return builder.load(builder.gep(base, [index], inbounds=True, source_etype=self.vector), align=8 * self.width, typ=self.vector)

    def _store(self, builder: Builder, value: Any, base: Any, index: Any) -> None:
        builder.store(value, builder.gep(base, [index], inbounds=True, source_etype=self.vector), align=8 * self.width)

    def _splat(self, builder: Builder, scalar: Any) -> Any:
        single = builder.insert_element(ir.Constant(self.vector, ir.Undefined), scalar, _INT(0))
        mask = ir.Constant(ir.VectorType(_INT, self.width), [0] * self.width)
        return builder.shuffle_vector(single, ir.Constant(self.vector, ir.Undefined), mask)

    def literal(self, number: float) -> Any:
        """Return a number in every lane."""
        return ir.Constant(self.vector, [number] * self.width)


class _Values:
    """Emits formulas for one instance, each distinct operation once."""

    def __init__(self, emitter: _Emitter, builder: Builder, arguments: Slots, i: Any) -> None:
        self.emitter, self.builder, self.arguments, self.i = emitter, builder, arguments, i
        self.known: dict[tuple[Any, ...], Any] = {}
        self.keys: dict[int, tuple[Any, ...]] = {}

    def of(self, symbol: Symbol) -> Any:
        return self.known[self._key(symbol)]

    def _key(self, symbol: Symbol) -> tuple[Any, ...]:
        """Return what identifies the value of a symbol, after emitting it if it is new."""
        found = self.keys.get(id(symbol))
        if found is not None:
            return found
        operands = [self._key(part) for part in symbol.args]
        key = (symbol.op, symbol.number, *(self.known[operand].name if hasattr(self.known[operand], "name") else operand for operand in operands))
        if key not in self.known:
            self.known[key] = self._emit(symbol, [self.known[operand] for operand in operands])
        self.keys[id(symbol)] = key
        return key

    def _emit(self, symbol: Symbol, values: list[Any]) -> Any:
        builder, op = self.builder, symbol.op
        if op == "literal":
            return self.emitter.literal(symbol.number)
        if op == "argument":
            column = self.arguments[:, int(symbol.number)]
            return self.emitter.load(builder, self.emitter.memory, self.emitter.slot(builder, column, self.i))
        if op in _COMPARE:
            return builder.fcmp_ordered(_COMPARE[op], *values)
        emit = {
            "add": builder.fadd, "sub": builder.fsub, "mul": builder.fmul, "div": builder.fdiv, "neg": builder.fneg,
            "where": builder.select, "and": builder.and_, "or": builder.or_,
        }  # fmt: skip
        return emit[op](*values)
