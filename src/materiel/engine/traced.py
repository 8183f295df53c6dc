"""The JAX reading: a program as one function of its numbers, which JAX differentiates, batches and compiles for whatever it runs on.

The stages are those of every engine, called on JAX values: each for all its instances and all draws at once, arrays of shape (instances, draws). Numbers and
constants of the run enter a period as one array, levels as one block for each column of a stage that moves them; nothing else is carried from period to period.
Here alone JAX is imported; `import materiel` does without.

Against the reference engine: XLA contracts a product and a sum into one rounding, so that bits differ; times are handed in, not computed, so that days compare
as they do there. Decision 8 says how far the two are apart, and how slopes are kept finite where an equation divides by nought.
"""

from __future__ import annotations

import functools
import importlib
import sys
import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from materiel.engine.reference import Outcome
from materiel.errors import RunError
from materiel.network import DT, Program, Slots, Stage, T

try:
    jax: Any = importlib.import_module("jax")  # it has types in parts only
except ModuleNotFoundError:
    raise RunError("this needs JAX, which is not installed; `pip install materiel[jax]` installs it") from None
jnp: Any = jax.numpy

Array = npt.NDArray[np.float64]
Tensor: TypeAlias = Any
"""An array of JAX, or what stands for one while a function is traced."""

PRECISIONS = ("float64", "float32")
BLOCK = 120
"""Draws that a processor works on at once: a network of thousands of slots stays in its cache. Rows of 128 would lie on the same lines of the cache."""


# ------------------------------------------------------------------ values


@jax.custom_jvp
def quotient(a: Any, b: Any) -> Any:
    """Return a / b; where a slope of it is not a finite number, as at b = 0, that slope is nought."""
    return a / b


@quotient.defjvp
def _slopes_of_quotient(operands: tuple[Any, Any], tangents: tuple[Any, Any]) -> tuple[Any, Any]:
    """Return the quotient and its tangent; `where` passes a slope of nought to what it does not choose, and nought times infinity would be no number."""
    a, b = operands
    value, inverse = quotient(a, b), quotient(1.0, b)
    return value, _finite(inverse) * tangents[0] - _finite(value * inverse) * tangents[1]


def _finite(slope: Any) -> Any:
    return jnp.where(jnp.isfinite(slope), slope, 0.0)


class Traced:
    """A number in the JAX reading: an array over instances and draws, with the operators that equations are written with."""

    __slots__ = ("array",)

    def __init__(self, array: Any) -> None:
        self.array = array

    @staticmethod
    def __where__(condition: Any, a: Any, b: Any) -> Traced:
        """Choose entry by entry."""
        return Traced(jnp.where(_array(condition), _array(a), _array(b)))

    def __exp__(self) -> Traced:
        """Return the exponential."""
        return Traced(jnp.exp(self.array))

    def __add__(self, other: Any) -> Traced:
        return Traced(self.array + _array(other))

    def __radd__(self, other: Any) -> Traced:
        return Traced(other + self.array)

    def __sub__(self, other: Any) -> Traced:
        return Traced(self.array - _array(other))

    def __rsub__(self, other: Any) -> Traced:
        return Traced(other - self.array)

    def __mul__(self, other: Any) -> Traced:
        return Traced(self.array * _array(other))

    def __rmul__(self, other: Any) -> Traced:
        return Traced(other * self.array)

    def __truediv__(self, other: Any) -> Traced:
        return Traced(quotient(self.array, _array(other)))

    def __rtruediv__(self, other: Any) -> Traced:
        return Traced(quotient(other, self.array))

    def __neg__(self) -> Traced:
        return Traced(-self.array)

    def __lt__(self, other: Any) -> Traced:
        return Traced(self.array < _array(other))

    def __gt__(self, other: Any) -> Traced:
        return Traced(self.array > _array(other))

    def __le__(self, other: Any) -> Traced:
        return Traced(self.array <= _array(other))

    def __ge__(self, other: Any) -> Traced:
        return Traced(self.array >= _array(other))

    def __and__(self, other: Any) -> Traced:
        return Traced(self.array & _array(other))

    def __or__(self, other: Any) -> Traced:
        return Traced(self.array | _array(other))


def _array(value: Any) -> Any:
    return value.array if isinstance(value, Traced) else value


# ------------------------------------------------------------------ stages


@dataclass(frozen=True)
class _Piece:
    """Rows `first` to before `last` of a block."""

    block: int
    first: int
    last: int


class _Plan:
    """Stages in order, and where each finds what it reads: every column written, or handed in, is a block of shape (instances, draws).

    A column that reads a whole block takes it as it is; any other is joined from pieces. Blocks are split where somebody reads a part of them: splitting and
    joining undo each other in a reverse pass, where cutting slices out would leave sums of arrays that are mostly nought.

    `known` are the columns handed in that the stages read and do not write, after which come those `entering`, which they do; `wanted` slots can be read afterwards.
    """

    def __init__(self, size: int, stages: Sequence[Stage], entering: Sequence[Slots], wanted: Slots) -> None:
        self.at = np.full((size, 2), -1)
        self.cuts: list[set[int]] = []
        self.blocks: dict[bytes, int] = {}
        written = np.zeros(size, dtype=bool)
        for slots in (*entering, *(stage.results for stage in stages)):
            written[slots] = True
        read = [column for stage in stages for column in stage.arguments.T] + [wanted[i : i + 1] for i in range(len(wanted))]
        read += [column[i : i + 1] for column in read if written[column].any() for i in range(len(column))]
        self.known = list({column.tobytes(): column for column in read if not written[column].any()}.values())
        for column in (*self.known, *entering):
            self.write(column)
        self.stages = [(stage.function, [self.read(c) for c in stage.arguments.T], [self.write(c) for c in stage.results.T]) for stage in stages]

    def write(self, column: Slots) -> int:
        """Return the new block of a column."""
        block = self.blocks[column.tobytes()] = len(self.cuts)
        self.at[column, 0], self.at[column, 1] = block, np.arange(len(column))
        self.cuts.append({0, len(column)})
        return block

    def read(self, column: Slots) -> list[_Piece]:
        """Return the pieces that a column is joined from; one row, if all instances read one slot that is written.

        A slot that is known is repeated: by what XLA knows to be shared it does not divide, but multiplies by the inverse, which has other bits.
        """
        if column.tobytes() not in self.blocks and (column == column[0]).all():
            column = column[:1]
        if column.tobytes() in self.blocks:
            return [_Piece(self.blocks[column.tobytes()], 0, len(column))]
        at = self.at[column]
        edges = np.flatnonzero((np.diff(at[:, 0]) != 0) | (np.diff(at[:, 1]) != 1)) + 1
        pieces = [_Piece(int(part[0, 0]), int(part[0, 1]), int(part[-1, 1]) + 1) for part in np.split(at, edges)]
        for piece in pieces:
            self.cuts[piece.block] |= {piece.first, piece.last}
        return pieces


class _Blocks:
    """The blocks of a plan while its stages are traced, each of shape (instances, draws)."""

    def __init__(self, plan: _Plan, given: Iterable[Any], like: Tensor) -> None:
        """Begin with the blocks handed in, of draws and precision as those of an array of shape (…, draws)."""
        self.plan, self.like = plan, like
        self.whole: list[Tensor] = []
        self.split: dict[int, list[Tensor]] = {}
        for value in given:
            self.put(value)
        for function, reads, writes in plan.stages:
            made = function(*(Traced(self.get(pieces)) for pieces in reads))
            for value, _ in zip(made, writes, strict=True):
                self.put(_array(value))

    def put(self, value: Any) -> None:
        """Add the next block."""
        shape = max(self.plan.cuts[len(self.whole)]), self.like.shape[-1]
        self.whole.append(jnp.broadcast_to(jnp.asarray(value, self.like.dtype), shape))

    def get(self, pieces: Sequence[_Piece]) -> Tensor:
        """Return pieces as one array."""
        found: list[Tensor] = []
        for piece in pieces:
            edges = sorted(self.plan.cuts[piece.block])
            if (piece.first, piece.last) == (0, edges[-1]):
                found.append(self.whole[piece.block])
                continue
            if piece.block not in self.split:
                self.split[piece.block] = jax.lax.split(self.whole[piece.block], np.diff(edges).tolist())
            found += self.split[piece.block][edges.index(piece.first) : edges.index(piece.last)]
        return found[0] if len(found) == 1 else jnp.concatenate(found)


# ------------------------------------------------------------------ a program


class _Tracing:
    """A program as functions of arrays: `fill` once, then `period` by period. What stays in a run is one array of shape (rows, draws), of the slots `fixed`."""

    def __init__(self, program: Program, recorded: Sequence[int]) -> None:
        """Plan the stages; `recorded` are the slots that a period reports."""
        wanted = np.array(recorded, dtype=np.int32)
        moved = [column for stage in program.step if stage.levels for column in stage.results.T]
        self.once = _Plan(program.size, program.once, [], wanted[:0])
        self.step = _Plan(program.size, program.step, [np.array([T], dtype=np.int32), *moved], wanted)
        self.after = [self.step.read(column) for column in moved]
        self.seen = [piece for i in range(len(wanted)) for piece in self.step.read(wanted[i : i + 1])]
        self.fixed, self.levels, self.sizes = _joined(self.step.known), _joined(moved), [len(column) for column in moved]
        priors = np.array([slot for slot, _ in program.priors], dtype=np.int32)
        self.rows = np.full(program.size, len(priors) + 1)
        made = _joined([column for stage in program.once for column in stage.results.T])
        self.rows[[*priors, DT]], self.rows[made] = np.arange(len(priors) + 1), len(priors) + 2 + np.arange(len(made))

    def fill(self, numbers: Tensor, dt: float) -> tuple[Tensor, list[Tensor]]:
        """Return what a run begins with, from its numbers of shape (priors, draws): what stays in it, and the blocks of its levels."""
        source = jnp.concatenate([numbers, jnp.full_like(numbers[:1], dt), jnp.zeros_like(numbers[:1])])
        given = _split(_rows(source, self.rows[_joined(self.once.known)]), [len(column) for column in self.once.known])
        made = _Blocks(self.once, given, numbers).whole[len(given) :]
        start = _rows(jnp.concatenate([source, *made]), self.rows[np.concatenate([self.fixed, self.levels])])
        return start[: len(self.fixed)], _split(start[len(self.fixed) :], self.sizes)

    def period(self, fixed: Tensor, levels: Sequence[Tensor], t: Tensor) -> tuple[list[Tensor], Tensor]:
        """Return the levels after the period that starts at t, and the recorded slots of that period, shape (slots recorded, draws)."""
        fixed, t = jax.lax.optimization_barrier((fixed, t))  # keeps XLA from taking `fixed` apart outside of the loop, into hundreds of copies
        given = _split(fixed, [len(column) for column in self.step.known])
        blocks = _Blocks(self.step, [*given, t, *levels], fixed)
        return [blocks.get(pieces) for pieces in self.after], blocks.get(self.seen) if self.seen else fixed[:0]


def _joined(columns: Sequence[Slots]) -> Slots:
    return np.concatenate(columns) if columns else np.empty(0, dtype=np.int32)


def _rows(array: Tensor, rows: npt.NDArray[np.int64]) -> Tensor:
    return array.at[rows].get(mode="promise_in_bounds")


def _split(array: Tensor, sizes: Sequence[int]) -> list[Tensor]:
    return list(jax.lax.split(array, sizes)) if sizes else []


def simulate(program: Program, steps: int, every: int, recorded: Sequence[int], dt: float = 1.0, precision: str = "float64") -> Callable[[Tensor], Tensor]:
    """Return a run of a program as a function of its numbers, which `jax.jit`, `jax.grad`, `jax.jvp` and `jax.vmap` take.

    The function takes numbers of shape (priors, draws), in the order of `program.priors` and in their canonical units, and returns the slots `recorded` after
    every `every`-th period of `dt` days, shape (steps // every, slots recorded, draws). It raises RunError when the numbers are not of the `precision` asked
    for: JAX makes float32 of everything outside of `jax.enable_x64`. A reverse pass keeps the levels of every period and computes the rest again.
    """
    if precision not in PRECISIONS:
        raise RunError(f"unknown precision {precision!r}; {' or '.join(PRECISIONS)}")
    tracing = _Tracing(program, recorded)
    times = (np.arange(steps // every * every) * dt).reshape(-1, every)

    def function(numbers: Tensor) -> Tensor:
        numbers = jnp.asarray(numbers)
        if numbers.dtype != precision:
            raise RunError(f"numbers in {numbers.dtype} for a run in {precision}; call it within `jax.enable_x64(True)`, or ask for precision='float32'")
        if numbers.ndim != 2 or len(numbers) != len(program.priors):
            raise RunError(f"numbers of shape {numbers.shape}; ({len(program.priors)}, draws)")
        fixed, levels = tracing.fill(numbers, dt)

        def period(state: Any, t: Tensor) -> tuple[Any, None]:
            return tracing.period(fixed, state[0], t), None

        def stretch(state: Any, times: Tensor) -> tuple[Any, Tensor]:
            after = jax.lax.scan(jax.checkpoint(period, prevent_cse=False), state, times)[0]
            return after, after[1]

        nothing = jnp.zeros((len(recorded), numbers.shape[1]), precision)
        return jax.lax.scan(stretch, (levels, nothing), jnp.asarray(times, precision))[1]

    return function


def slopes(program: Program, steps: int, slot: int, dt: float, numbers: Array) -> tuple[Array, Array]:
    """Return a slot after `steps` periods, shape (draws,), and its slope by every number, shape (priors, draws), from one reverse pass; numbers as in `simulate`."""
    run = simulate(program, steps, steps, [slot], dt)

    def last(numbers: Tensor) -> tuple[Tensor, Tensor]:
        values = run(numbers)[0, 0]
        return values.sum(), values  # no draw depends on the numbers of another

    with jax.enable_x64(True):
        (_, values), found = jax.jit(jax.value_and_grad(last, has_aux=True))(jnp.asarray(numbers))
        return np.asarray(values), np.asarray(found)


# ------------------------------------------------------------------ an engine


def device() -> str:
    """Return what JAX runs on here."""
    return f"JAX {jax.__version__} on {jax.devices()[0].device_kind}"


class Runner:
    """A program as an engine runs it, compiled when first needed: runs of any length and any number of draws share what was compiled."""

    def __init__(self, program: Program, recorded: Sequence[int], precision: str = "float64") -> None:
        """Plan the stages; `recorded` are the slots it records."""
        self.program, self.recorded, self.precision = program, list(recorded), precision
        self.tracing = _Tracing(program, recorded)
        self.bound = np.array([slot not in program.free for slot in self.tracing.levels], dtype=bool)[:, None]
        self.width = BLOCK if jax.default_backend() == "cpu" else sys.maxsize
        self.lock = threading.Lock()
        self.ready: dict[tuple[int, ...], Any] = {}

    def run(self, memory: Array, steps: int, every: int) -> Outcome:
        """Run a prepared memory of shape (slots, draws) for `steps` periods, as the reference engine does.

        Of the last boundary only levels and recorded slots are kept; the others are as in the first.
        """
        draws = memory.shape[1]
        width = min(self.width, draws)
        last, records = memory.copy(), np.empty((steps // every, len(self.recorded), -(-draws // width), width))
        lowest = memory[[slot for slot in self.program.levels if slot not in self.program.free]].min(axis=0, initial=0.0)
        for block, first in enumerate(range(0, draws, width) if steps else ()):
            here, count = slice(first, first + width), min(width, draws - first)
            levels, seen, least = self._block(np.pad(memory[:, here], ((0, 0), (0, width - count)), mode="edge"), steps, every)
            last[self.tracing.levels, here], last[self.recorded, here] = levels[:, :count], seen[(steps - 1) // every, :, :count]
            records[:, :, block] = seen[: len(records)]
            lowest[here] = np.minimum(lowest[here], least[:count])
        return Outcome(memory, last, records, lowest)

    def _block(self, memory: Array, steps: int, every: int) -> list[Array]:
        """Run a block of draws; return its levels, what was recorded and how low levels fell.

        There is room for more records and periods than asked for, so that runs of other lengths share what was compiled.
        """
        room, periods = -(-(steps // every + 1) // 64) * 64, -(-steps // 1024) * 1024
        with jax.enable_x64(True):
            given = (
                jnp.asarray(memory[self.tracing.fixed], self.precision),
                _split(jnp.asarray(memory[self.tracing.levels], self.precision), self.tracing.sizes),
                jnp.asarray(np.arange(periods) * memory[DT, 0], self.precision), steps, every,
            )  # fmt: skip
            key = room, periods, memory.shape[1]
            with self.lock:
                if key not in self.ready:
                    self.ready[key] = jax.jit(functools.partial(self._steps, room)).lower(*given).compile()
            return [np.asarray(made, dtype=np.float64) for made in self.ready[key](*given)]

    def _steps(self, room: int, fixed: Tensor, levels: list[Tensor], times: Tensor, steps: Any, every: Any) -> tuple[Tensor, Tensor, Tensor]:
        def period(n: Any, state: Any) -> Any:
            levels, seen = self.tracing.period(fixed, state[0], times[n])
            least = jnp.where(self.bound, jnp.concatenate([fixed[:0], *levels]), 0.0).min(axis=0, initial=0.0)
            return levels, jax.lax.dynamic_update_index_in_dim(state[1], seen, n // every, 0), jnp.minimum(state[2], least)

        draws = fixed.shape[1]
        start = levels, jnp.zeros((room, len(self.recorded), draws), self.precision), jnp.zeros(draws, self.precision)
        levels, records, lowest = jax.lax.fori_loop(0, steps, period, start)
        return jnp.concatenate([fixed[:0], *levels]), records, lowest
