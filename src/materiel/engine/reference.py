"""The reference engine: a program run on NumPy arrays, one draw per column; slow, and right by being simple."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from materiel.engine.draws import Sampler
from materiel.network import DT, Program, Stage, T

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Rows:
    """Numbers of some slots, shape (rows, draws), asked for by slots like an array of all; `places` is the row of every slot, one beyond the last if it has none."""

    places: npt.NDArray[np.intp]
    values: Array

    def __getitem__(self, slots: int | Sequence[int]) -> Array:
        """Return the numbers of a slot, or of several."""
        return self.values[self.places[slots]]


@dataclass(frozen=True)
class Outcome:
    """What one run of some draws leaves.

    `first` and `last` hold slots at the first and last boundary, shape (slots, draws); of the last an engine may hold some only. `records` holds the recorded slots after every `every`-th
    period as the engine left them, shape (records, slots recorded, blocks, draws of a block), the last block filled up. `lowest` is how far any level fell
    below nought, nought if none did, shape (draws,).
    """

    first: Array
    last: Array | Rows
    records: Array
    lowest: Array

    @cached_property
    def recorded(self) -> Array:
        """The recorded slots, shape (records, slots recorded, draws)."""
        return self.records.reshape(*self.records.shape[:2], math.prod(self.records.shape[2:]))[:, :, : len(self.lowest)]

    def series(self, position: int) -> Array:
        """Return one of the recorded slots, shape (records, draws)."""
        return self.records[:, position].reshape(len(self.records), math.prod(self.records.shape[2:]))[:, : len(self.lowest)]


def prepare(program: Program, seed: int, first: int, count: int, dt: float, fixed: Mapping[str, float]) -> Array:
    """Return all slots at the first boundary for draws first .. first + count - 1, shape (slots, count).

    `fixed` replaces priors by constants, by path.
    """
    drawn = Sampler([prior for _, prior in program.priors]).draw(seed, first, count)
    return fill(program, drawn, dt, fixed)


def fill(program: Program, drawn: Array, dt: float, fixed: Mapping[str, float]) -> Array:
    """Return all slots at the first boundary, shape (slots, draws), from draws of the program's priors, shape (priors, draws).

    Numbers, constants of the run and first levels are filled in; the rest is nought.
    """
    memory = np.zeros((program.size, drawn.shape[1]))
    memory[DT] = dt
    memory[[slot for slot, _ in program.priors]] = drawn
    for slot, prior in program.priors:
        if prior.path in fixed:
            memory[slot] = fixed[prior.path]
    with np.errstate(all="ignore"):
        for stage in program.once:
            apply(stage, memory)
    return memory


def apply(stage: Stage, memory: Array) -> None:
    """Run one stage for all its instances and all draws: read everything, then write."""
    values = stage.function(*(memory[column] for column in stage.arguments.T))
    for column, value in zip(stage.results.T, values, strict=True):
        memory[column] = value


def run(program: Program, memory: Array, steps: int, every: int, recorded: Sequence[int]) -> Outcome:
    """Run a prepared memory for `steps` periods, recording slots after every `every`-th; `memory` is left as it was."""
    start, memory = memory, memory.copy()
    dt = memory[DT, 0]
    bound = [slot for slot in program.levels if slot not in program.free]
    lowest = memory[bound].min(axis=0, initial=0.0)
    records = np.empty((steps // every, len(recorded), 1, memory.shape[1]))
    with np.errstate(all="ignore"):
        for n in range(steps):
            memory[T] = n * dt
            for stage in program.step:
                apply(stage, memory)
            lowest = np.minimum(lowest, memory[bound].min(axis=0, initial=0.0))
            if (n + 1) % every == 0:
                records[(n + 1) // every - 1, :, 0] = memory[list(recorded)]
    return Outcome(start, memory, records, lowest)
