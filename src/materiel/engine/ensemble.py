"""Many draws of one program: chunk by chunk, on all cores, with the same numbers however the chunks fall."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from materiel.engine import laws, reference
from materiel.engine.fans import Fan
from materiel.network import Program

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Ensemble:
    """What many draws leave: `kept` values at the last boundary, shape (slots, draws), fans by slot, and the worst error of each law.

    `times` are the days at which the fans were recorded.
    """

    kept: Array
    fans: dict[int, Fan]
    times: Array
    laws: dict[str, float]


@dataclass(frozen=True)
class Settings:
    """How to run: which draws, how long, in which chunks, on which engine (`native` or `numpy`), with how many threads."""

    seed: int = 1
    draws: int = 2000
    step: float = 1.0
    steps: int = 1
    every: int = 1
    chunk: int = 512
    engine: str = "native"
    workers: int = os.cpu_count() or 1


def run(program: Program, settings: Settings, kept: Sequence[int], fans: Sequence[int], fixed: Mapping[str, float], report: Callable[[int], None]) -> Ensemble:
    """Run a program for all draws and return what was asked to be kept.

    `kept` are slots read at the last boundary, `fans` slots counted after every `every`-th period, `fixed` constants that replace priors by path; `report` is
    told the number of draws done. Raises RunError when a law is broken.
    """
    runner = _runner(program, settings, fans)
    values = np.empty((len(kept), settings.draws))
    counted = {slot: Fan(settings.steps // settings.every) for slot in fans}
    worst: dict[str, float] = {}

    def one(first: int) -> tuple[int, reference.Outcome, dict[str, float]]:
        count = min(settings.chunk, settings.draws - first)
        memory = reference.prepare(program, settings.seed, first, count, settings.step, fixed)
        outcome = runner(memory)
        found = {name: float(np.max(error)) for name, error in laws.errors(program, outcome).items()}
        return first, outcome, found

    with ThreadPoolExecutor(settings.workers) as pool:
        for first, outcome, found in pool.map(one, range(0, settings.draws, settings.chunk)):
            values[:, first : first + outcome.last.shape[1]] = outcome.last[list(kept)]
            for i, slot in enumerate(fans):
                if settings.steps >= settings.every:
                    counted[slot].add(outcome.recorded[:, i])
            worst = {name: float(np.maximum(error, worst.get(name, 0.0))) for name, error in found.items()}
            report(outcome.last.shape[1])
    laws.check(worst)
    times = np.arange(1, settings.steps // settings.every + 1, dtype=np.float64)
    times = (times * settings.every - 1.0) * settings.step
    return Ensemble(values, counted, times, worst)


def _runner(program: Program, settings: Settings, fans: Sequence[int]) -> Callable[[Array], reference.Outcome]:
    if settings.engine == "numpy":
        return lambda memory: reference.run(program, memory, settings.steps, settings.every, fans)
    from materiel.engine.kernel import compile_program

    kernel = compile_program(program, fans)
    return lambda memory: kernel.run(memory, settings.steps, settings.every)
