"""Many draws of one program: chunk by chunk, on all cores, with the same numbers however the chunks fall.

What grows with the draws is what was asked to be kept, eight bytes a number and draw. Fans are counts, laws are maxima: neither depends on the order in which
chunks come. Draws are kept on disk, and given to other machines, in blocks that depend on the number of draws alone.
"""

from __future__ import annotations

import copy
import itertools
import os
import platform
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import numpy as np
import numpy.typing as npt

from materiel.engine import laws, machine, reference
from materiel.engine.draws import Sampler, Uniform
from materiel.engine.fans import Fan
from materiel.network import Program

if TYPE_CHECKING:
    from materiel.engine.kernel import Kernel

Array = npt.NDArray[np.float64]
Item = TypeVar("Item")

BITS = {"native": 64, "native32": 32}
"""Bits of the numbers of the native engines."""

MEMORY = 2**29
"""Bytes that all chunks at work together may take: with many cores, or a large network, chunks are smaller than was asked for."""


FEW = 250
"""Draws that are not cut further to keep more threads busy: what a chunk costs whatever its draws would outweigh them."""


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
    """How to run: which draws, in chunks of at most how many, on which engine (`native`, `native32`, `numpy` or `jax`), with how many threads; `step` is in days."""

    seed: int = 1
    draws: int = 2000
    step: float = 1.0
    every: int = 1
    chunk: int = 1024
    engine: str = "native"
    workers: int = os.cpu_count() or 1

    @property
    def block(self) -> int:
        """Draws that are kept on disk, or given to another machine, together: up to 64 blocks, whatever the chunk, the workers and the machine."""
        return min(max(1 << (self.draws // 64).bit_length(), 4096), 16384)

    def blocks(self) -> list[range]:
        """Return the draws of every block, in order."""
        return [range(first, min(first + self.block, self.draws)) for first in range(0, self.draws, self.block)]


@dataclass
class Ensemble:
    """What many draws of a pass leave: `kept` values at the last boundary, shape (slots, draws), fans by slot, and the worst error of each law.

    `times` are the days at which the fans were recorded, `machines` the kinds of machine that ran.
    """

    kept: Array
    fans: dict[int, Fan]
    times: Array
    laws: dict[str, float] = field(default_factory=dict[str, float])
    machines: set[str] = field(default_factory=set[str])
    lock: threading.Lock = field(default_factory=threading.Lock, init=False, repr=False, compare=False)

    def take(self, one: Pass, first: int, outcome: reference.Outcome) -> None:
        """Add what a run of some draws of a pass, which begin at column `first`, left. Threads may do so at once."""
        found = laws.worst(one.program, outcome)
        with self.lock:
            self.kept[:, first : first + len(outcome.lowest)] = outcome.last[list(one.kept)]
            for slot, fan in self.fans.items():
                if len(outcome.records):
                    fan.add(outcome.series(one.recorded.index(slot)))
            self._worst(found)

    def join(self, first: int, part: Ensemble) -> None:
        """Add what a block of draws, which begins at column `first`, left."""
        self.kept[:, first : first + part.kept.shape[1]] = part.kept
        for slot, fan in part.fans.items():
            self.fans[slot].join(fan)
        self._worst(part.laws)
        self.machines |= part.machines

    def _worst(self, found: Mapping[str, float]) -> None:
        for name, error in found.items():
            self.laws[name] = float(np.maximum(error, self.laws.get(name, 0.0)))


Work = Callable[[Sequence[range], Callable[[int], None]], Generator[tuple[range, list[Ensemble]]]]
"""What runs blocks of draws: yields each with what it left, in any order, and tells how many runs are done."""


class Shelf(Protocol):
    """Where blocks are kept while a run goes on."""

    def get(self, block: range, like: Sequence[Ensemble]) -> list[Ensemble] | None:
        """Return what a block left, or None when it is not kept."""
        ...

    def put(self, block: range, left: Sequence[Ensemble]) -> None:
        """Keep what a block left."""
        ...


class Simulator:
    """Runs any draws of some passes: samples, fills in, steps, and leaves what is asked for."""

    def __init__(self, passes: Sequence[Pass], settings: Settings) -> None:
        """Compile what the engine needs."""
        self.passes, self.settings = passes, settings
        self.samplers: dict[tuple[int, ...], Sampler] = {}
        self.sampler = self.sampler_of(range(len(passes)))
        start = {"numpy": _reference, "jax": _traced}.get(settings.engine, _native)
        self.groups, self.step, self.machine = start(passes, settings)
        largest = max(sum(3 * passes[i].program.size + len(passes[i].recorded) * (passes[i].steps // settings.every) for i in group) for group in self.groups)
        most = MEMORY // (settings.workers * 8 * (len(self.sampler.priors) + largest))
        self.size = min(settings.chunk, max(most, 64))

    def fixing(self, passes: Sequence[Pass]) -> Simulator:
        """Return what runs passes that differ from mine, one by one from the first, only in the constants that they fix, in how long they run and when they leave their stem.

        Nothing is compiled again; what mine fix alike must stay as it is.
        """
        made = copy.copy(self)
        made.passes = passes
        made.groups = [group for group in self.groups if group[-1] < len(passes)]
        return made

    def empty(self, draws: int) -> list[Ensemble]:
        """Return what no draws leave of every pass, with room for some."""
        return [replace(empty(one, self.settings, draws), machines={self.machine}) for one in self.passes]

    def sampler_of(self, only: Sequence[int]) -> Sampler:
        """Return what draws the numbers of some passes."""
        key = tuple(only)
        if key not in self.samplers:
            self.samplers[key] = Sampler([prior for i in key for _, prior in self.passes[i].program.priors])
        return self.samplers[key]

    def chunk(self, draws: range, made: Sequence[Ensemble], first: int) -> None:
        """Run some draws and add what they leave, pass by pass, to ensembles in which they begin at column `first`."""
        drawn = self.sampler.distinct(self.settings.seed, draws.start, len(draws))
        for i, outcome in self.outcomes(self.sampler, drawn, range(len(self.passes))):
            made[i].take(self.passes[i], first, outcome)

    def outcomes(self, sampler: Sampler, drawn: Array, only: Sequence[int]) -> Generator[tuple[int, reference.Outcome]]:
        """Yield what draws leave of some passes, a stem with all that leave it, from the distinct numbers that the sampler of these passes has drawn.

        Passes that have no stem in common are run one after the other, so that few are in memory.
        """
        ends = np.cumsum([0, *(len(self.passes[i].program.priors) for i in only)])
        rows = {i: sampler.rows[start:end] for i, (start, end) in zip(only, itertools.pairwise(ends), strict=True)}
        for group in self.groups:
            if group[0] not in rows:
                continue
            passes = [self.passes[i] for i in group]
            memories = [reference.fill(one.program, drawn[rows[i]], self.settings.step, one.fixed) for i, one in zip(group, passes, strict=True)]
            yield from zip(group, self.step(group, passes, memories), strict=True)

    def kept(self, uniform: Uniform, count: int, only: Sequence[int]) -> dict[int, Array]:
        """Return what so many draws leave in the kept slots of some passes, shape (slots, count) each, where `uniform` gives the numbers of every stream.

        Raises RunError when a law is broken.
        """
        sampler = self.sampler_of(only)
        held = {stream: uniform(stream) for stream in sampler.coordinates}
        made = {i: np.empty((len(self.passes[i].kept), count)) for i in only}

        def drawn(draws: range) -> Array:
            return sampler.at(lambda stream: held[stream][draws.start : draws.stop], len(draws))

        def take(i: int, draws: range, outcome: reference.Outcome) -> None:
            made[i][:, draws.start : draws.stop] = outcome.last[list(self.passes[i].kept)]

        self.each(count, only, drawn, take)
        return made

    def each(self, count: int, only: Sequence[int], drawn: Callable[[range], Array], take: Callable[[int, range, reference.Outcome], None]) -> None:
        """Run so many draws of some passes in chunks on threads: `drawn` gives the distinct numbers that the sampler of these passes has for a chunk, `take` is given what is left.

        Raises RunError when a law is broken.
        """
        sampler = self.sampler_of(only)

        def work(draws: range) -> None:
            for i, outcome in self.outcomes(sampler, drawn(draws), only):
                take(i, draws, outcome)
                laws.check(laws.worst(self.passes[i].program, outcome), self.settings.engine)

        deque(_spread(work, _cut(range(count), self.size, self.settings.workers), self.settings.workers), maxlen=0)

    def block(self, draws: range) -> list[Ensemble]:
        """Return what a block of draws leaves, worked on by one thread."""
        (found,) = self.work([draws], lambda _: None, workers=1)
        return found[1]

    def work(self, blocks: Sequence[range], report: Callable[[int], None], workers: int | None = None) -> Generator[tuple[range, list[Ensemble]]]:
        """Run blocks of draws chunk by chunk on threads, and yield each with what it left, in order."""
        workers = workers or self.settings.workers
        chunks = ((block, draws, made) for block in blocks for made in [self.empty(len(block))] for draws in _cut(block, self.size, workers))
        done = _spread(lambda chunk: self.chunk(chunk[1], chunk[2], chunk[1].start - chunk[0].start), chunks, workers)
        for block, draws, made in done:
            report(len(draws) * len(self.passes))
            if draws.stop == block.stop:
                yield block, made


def run(
    passes: Sequence[Pass],
    settings: Settings,
    report: Callable[[int], None],
    shelf: Shelf | None = None,
    work: Work | None = None,
    beside: Callable[[], None] = lambda: None,
) -> list[Ensemble]:
    """Run passes on the same draws and return what was asked to be kept of each.

    `report` is told the number of runs done. With a `shelf`, blocks are kept there as they are done, and those that are there are not run again; with `work`,
    they are run elsewhere. `beside` is called when code has been written and begins to be compiled, which leaves Python and other cores free. Raises RunError when
    a law is broken.
    """
    here = work or Simulator(passes, settings).work
    beside()
    if shelf is None and work is None:
        ((_, made),) = here([range(settings.draws)], report)
    else:
        made = [empty(one, settings, settings.draws) for one in passes]
        _gather(made, settings, report, shelf, here)
    for ensemble in made:
        laws.check(ensemble.laws, settings.engine)
    return made


def _gather(made: list[Ensemble], settings: Settings, report: Callable[[int], None], shelf: Shelf | None, work: Work) -> None:
    """Fill in every block: from the shelf, or else by work."""
    missing: list[range] = []
    for block in settings.blocks():
        left = shelf.get(block, made) if shelf else None
        if left is None:
            missing.append(block)
        else:
            _join(made, block, left)
            report(len(block) * len(made))
    for block, left in work(missing, report):
        if shelf:
            shelf.put(block, left)
        _join(made, block, left)


def _join(made: list[Ensemble], block: range, left: list[Ensemble]) -> None:
    for ensemble, part in zip(made, left, strict=True):
        ensemble.join(block.start, part)


def _cut(draws: range, size: int, workers: int) -> list[range]:
    """Return draws in parts of at most `size`, about equal, and one for every thread if they are not too few for that."""
    count = max(-(-len(draws) // size), min(workers, len(draws) // FEW))
    even = -(-len(draws) // count)
    size = min(size, even + -even % 8)  # most registers hold eight
    return [draws[first : first + size] for first in range(0, len(draws), size)]


def _spread(work: Callable[[Item], None], items: Iterable[Item], workers: int) -> Generator[Item]:
    """Yield items when work on them is done, in order; threads are at most two items each ahead, so that results do not pile up.

    Whoever stops waits for no thread.
    """
    pool = ThreadPoolExecutor(workers)
    ahead: deque[tuple[Item, Future[None]]] = deque()
    try:
        for item in items:
            ahead.append((item, pool.submit(work, item)))
            if len(ahead) > 2 * workers:
                done, future = ahead.popleft()
                future.result()
                yield done
        for done, future in ahead:
            future.result()
            yield done
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def empty(one: Pass, settings: Settings, draws: int) -> Ensemble:
    """Return what no draws leave of a pass, with room for some."""
    count = one.steps // settings.every
    times = (np.arange(1, count + 1, dtype=np.float64) * settings.every - 1.0) * settings.step
    return Ensemble(np.empty((len(one.kept), draws)), {slot: Fan(count) for slot in one.fans}, times)


Step = Callable[[Sequence[int], Sequence[Pass], list[Array]], list[reference.Outcome]]
"""What runs the passes of one group, given by their positions and as they are now, from their prepared memories."""


def _reference(passes: Sequence[Pass], settings: Settings) -> tuple[list[list[int]], Step, str]:
    """Return the groups of passes that the reference engine runs together, each alone, what runs them, and on what."""

    def step(_group: Sequence[int], passes: Sequence[Pass], memories: list[Array]) -> list[reference.Outcome]:
        return [reference.run(one.program, memory, one.steps, settings.every, one.recorded) for one, memory in zip(passes, memories, strict=True)]

    return [[i] for i in range(len(passes))], step, f"{platform.machine()}, NumPy"


def _traced(passes: Sequence[Pass], settings: Settings) -> tuple[list[list[int]], Step, str]:
    """Return the groups of passes that JAX runs together, each alone, what runs them, and on what; passes of one program share what is compiled."""
    from materiel.engine.traced import Runner, device

    keys = [(id(one.program), tuple(one.recorded)) for one in passes]
    runners = {key: Runner(one.program, one.recorded) for key, one in dict(zip(keys, passes, strict=True)).items()}

    def step(group: Sequence[int], passes: Sequence[Pass], memories: list[Array]) -> list[reference.Outcome]:
        return [runners[keys[i]].run(memory, one.steps, settings.every) for i, one, memory in zip(group, passes, memories, strict=True)]

    return [[i] for i in range(len(passes))], step, f"{platform.machine()}, {device()}"


def _native(passes: Sequence[Pass], settings: Settings) -> tuple[list[list[int]], Step, str]:
    """Return the groups of passes that the native engine runs together, a stem and all that leave it, what runs them, and on what."""
    from materiel.engine.kernel import Branch

    groups = [[i, *(k for k, leaving in enumerate(passes) if leaving.stem == i)] for i, one in enumerate(passes) if one.stem is None]
    kernels = _kernels(passes, settings)

    def step(group: Sequence[int], passes: Sequence[Pass], memories: list[Array]) -> list[reference.Outcome]:
        stem, *leaving = passes
        branches = [Branch(memory, min(one.leaves, one.steps, stem.steps), one.steps) for one, memory in zip(leaving, memories[1:], strict=True)]
        counted = any(one.fans for one in passes)
        every = settings.every if counted else max(one.steps for one in passes) + 1
        return kernels[group[0]].run_branches(memories[0], stem.steps, every, branches)

    return groups, step, f"{platform.machine()}, {machine.instructions()}, {kernels[0].width} draws wide"


def _kernels(passes: Sequence[Pass], settings: Settings) -> list[Kernel]:
    """Return the kernel of every pass: programs of one structure share it, written for what is constant in all of them."""
    from materiel.engine.kernel import compile_program
    from materiel.engine.knowledge import common, constants, structure

    alike: dict[tuple[Any, ...], list[int]] = {}
    for i, one in enumerate(passes):
        alike.setdefault((structure(one.program), tuple(one.recorded)), []).append(i)
    made: dict[int, Kernel] = {}
    for members in alike.values():
        sharing = [passes[i] for i in members]
        kept = {slot: None for one in sharing for slot in (*one.kept, *(account.slot for account in one.program.laws))}
        constant = common([constants(one.program, one.fixed, settings.step) for one in sharing])
        made |= dict.fromkeys(members, compile_program(sharing[0].program, sharing[0].recorded, list(kept), constant, BITS[settings.engine]))
    return [made[i] for i in range(len(passes))]
