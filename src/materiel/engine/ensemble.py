"""Many draws of one program: chunk by chunk, on all cores, with the same numbers however the chunks fall."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from materiel.engine import laws, reference
from materiel.engine.draws import Sampler
from materiel.engine.fans import Fan
from materiel.network import Program

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Pass:
    """One program to run on all draws.

    `kept` are slots read at the last boundary, `recorded` slots read after every `every`-th period, `fans` those of them that are counted. Passes
    that record the same slots share a kernel. `fixed` are constants that replace priors by path. A pass that is the same as another of the same
    program (its `stem`, by position) until the period `leaves` is run from there.
    """

    program: Program
    steps: int
    kept: Sequence[int] = ()
    recorded: Sequence[int] = ()
    fans: Sequence[int] = ()
    fixed: Mapping[str, float] = field(default_factory=dict[str, float])
    stem: int | None = None
    leaves: int = 0


@dataclass(frozen=True)
class Settings:
    """How to run: which draws, in which chunks, on which engine (`native` or `numpy`), with how many threads; `step` is in days."""

    seed: int = 1
    draws: int = 2000
    step: float = 1.0
    every: int = 1
    chunk: int = 1024
    engine: str = "native"
    workers: int = os.cpu_count() or 1


@dataclass
class Ensemble:
    """What many draws of a pass leave: `kept` values at the last boundary, shape (slots, draws), fans by slot, and the worst error of each law.

    `times` are the days at which the fans were recorded.
    """

    kept: Array
    fans: dict[int, Fan]
    times: Array
    laws: dict[str, float] = field(default_factory=dict[str, float])

    def take(self, first: int, kept: Array, recorded: Mapping[int, Array], found: Mapping[str, float]) -> None:
        """Add what one chunk of draws, beginning with draw `first`, left."""
        self.kept[:, first : first + kept.shape[1]] = kept
        for slot, values in recorded.items():
            self.fans[slot].add(values)
        for name, error in found.items():
            self.laws[name] = float(np.maximum(error, self.laws.get(name, 0.0)))


def run(passes: Sequence[Pass], settings: Settings, report: Callable[[int], None]) -> list[Ensemble]:
    """Run passes on the same draws and return what was asked to be kept of each.

    `report` is told the number of runs done. Raises RunError when a law is broken.
    """
    sampler = Sampler([prior for one in passes for _, prior in one.program.priors])
    ends = np.cumsum([0, *(len(one.program.priors) for one in passes)])
    runner = _native(passes, settings.every) if settings.engine == "native" else _reference(passes, settings.every)
    made = [_empty(one, settings) for one in passes]

    def chunk(first: int) -> tuple[int, list[tuple[Array, dict[int, Array], dict[str, float]]]]:
        drawn = sampler.draw(settings.seed, first, min(settings.chunk, settings.draws - first))
        memories = [reference.fill(one.program, drawn[a:b], settings.step, one.fixed) for one, a, b in zip(passes, ends[:-1], ends[1:], strict=True)]
        left: list[tuple[Array, dict[int, Array], dict[str, float]]] = []
        for one, outcome in zip(passes, runner(memories), strict=True):
            found = {name: float(np.max(error)) for name, error in laws.errors(one.program, outcome).items()}
            seen = {slot: outcome.recorded[:, one.recorded.index(slot)] for slot in one.fans if len(outcome.recorded)}
            left.append((outcome.last[list(one.kept)], seen, found))
            report(drawn.shape[1])
        return first, left

    with ThreadPoolExecutor(settings.workers) as pool:
        for first, left in pool.map(chunk, range(0, settings.draws, settings.chunk)):
            for ensemble, (kept, recorded, found) in zip(made, left, strict=True):
                ensemble.take(first, kept, recorded, found)
    for ensemble in made:
        laws.check(ensemble.laws)
    return made


def _empty(one: Pass, settings: Settings) -> Ensemble:
    count = one.steps // settings.every
    times = (np.arange(1, count + 1, dtype=np.float64) * settings.every - 1.0) * settings.step
    return Ensemble(np.empty((len(one.kept), settings.draws)), {slot: Fan(count) for slot in one.fans}, times)


def _reference(passes: Sequence[Pass], every: int) -> Callable[[list[Array]], list[reference.Outcome]]:
    return lambda memories: [reference.run(one.program, memory, one.steps, every, one.recorded) for one, memory in zip(passes, memories, strict=True)]


def _native(passes: Sequence[Pass], every: int) -> Callable[[list[Array]], list[reference.Outcome]]:
    """Return the runner of the native engine; passes that leave another are run from where they leave it."""
    from materiel.engine.kernel import Branch, compile_program

    kernels = [compile_program(one.program, one.recorded) for one in passes]
    stems = {i: [k for k, one in enumerate(passes) if one.stem == i] for i, one in enumerate(passes) if one.stem is None}

    def run_all(memories: list[Array]) -> list[reference.Outcome]:
        made: dict[int, reference.Outcome] = {}
        for stem, leaving in stems.items():
            branches = [Branch(memories[k], min(passes[k].leaves, passes[k].steps, passes[stem].steps), passes[k].steps) for k in leaving]
            outcomes = kernels[stem].run_branches(memories[stem], passes[stem].steps, every, branches)
            made |= dict(zip((stem, *leaving), outcomes, strict=True))
        return [made[i] for i in range(len(passes))]

    return run_all
