"""The reference engine: a program run on NumPy arrays, one draw per column; slow, and right by being simple."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from materiel.engine.draws import sample
from materiel.network import DT, Program, Stage, T

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Outcome:
    """What one run of some draws leaves.

    `first` and `last` hold every slot at the first and last boundary, shape (slots, draws). `recorded` holds the recorded slots after every
    `every`-th period, shape (records, slots recorded, draws). `lowest` is the lowest value any level took, shape (draws,).
    """

    first: Array
    last: Array
    recorded: Array
    lowest: Array


def prepare(program: Program, seed: int, first: int, count: int, dt: float, fixed: Mapping[str, float]) -> Array:
    """Return all slots at the first boundary for draws first .. first + count - 1, shape (slots, count).

    `fixed` replaces priors by constants, by path. Numbers, constants of the run and first levels are filled in; the rest is nought.
    """
    memory = np.zeros((program.size, count))
    memory[DT] = dt
    for slot, prior in program.priors:
        memory[slot] = fixed[prior.path] if prior.path in fixed else sample(prior, seed, first, count)
    with np.errstate(all="ignore"):
        for stage in program.once:
            apply(stage, memory)
    return memory


def apply(stage: Stage, memory: Array) -> None:
    """Run one stage on all draws: for each instance, read everything, then write."""
    for arguments, results in zip(stage.arguments, stage.results, strict=True):
        values = stage.function(*(memory[slot] for slot in arguments))
        for slot, value in zip(results, [np.array(value) for value in values], strict=True):
            memory[slot] = value


def run(program: Program, memory: Array, steps: int, every: int, recorded: Sequence[int]) -> Outcome:
    """Run a prepared memory for `steps` periods, recording slots after every `every`-th; `memory` is left as it was."""
    start, memory = memory, memory.copy()
    dt = memory[DT, 0]
    bound = [slot for slot in program.levels if slot not in program.free]
    lowest = memory[bound].min(axis=0) if bound else np.zeros(memory.shape[1])
    records = np.empty((steps // every, len(recorded), memory.shape[1]))
    with np.errstate(all="ignore"):
        for n in range(steps):
            memory[T] = n * dt
            for stage in program.step:
                apply(stage, memory)
            if bound:
                lowest = np.minimum(lowest, memory[bound].min(axis=0))
            if (n + 1) % every == 0:
                records[(n + 1) // every - 1] = memory[list(recorded)]
    return Outcome(start, memory, records, lowest)
