"""Runs per second of this engine and its peers, side by side in one process: `python benchmarks/engines.py [--peers]`.

Every engine runs the same exported model with the same numbers for 1,000 periods and stores eight series in each. Sampling and quantiles are left out on
both sides. C and kernel are timed in turn, round by round, on one core, in CPU time of the thread; what is quoted is the median of the ratios. All must agree: kernel and C bit for bit.
"""

from __future__ import annotations

import argparse
import dataclasses
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import networks
import numpy as np
import numpy.typing as npt
from yardstick import BUILDS, Yardstick, operations

from materiel.case.loading import load
from materiel.engine import reference
from materiel.engine.kernel import Kernel, compile_program
from materiel.engine.knowledge import constants
from materiel.engine.reference import Outcome
from materiel.export import xmile
from materiel.export.model import Model, model

Array = npt.NDArray[np.float64]

STEPS, SERIES, DRAWS, ROUNDS = 1000, 8, 1024, 5


@dataclasses.dataclass
class Bench:
    """One exported model ready to be run by every engine."""

    name: str
    model: Model
    series: list[int]
    memory: Array
    kernel: Kernel

    def ours(self, memory: Array) -> Outcome:
        """Run the kernel, which stores the series."""
        return self.kernel.run(memory, STEPS, 1)


def bench(name: str, draws: int = DRAWS) -> Bench:
    """Prepare a shipped case, or the generated industry of some eighty variables."""
    made = dataclasses.replace(model(networks.case(1) if name == "industry" else load(name), draw=0), steps=STEPS)
    levels = [one.number for one in made.flat.of("level") if one.number in made.flat.holds]
    series = levels[:: max(len(levels) // SERIES, 1)][:SERIES]
    memory = reference.prepare(made.program, 1, 0, draws, made.flat.dt, made.branch.fixed)
    kernel = compile_program(made.program, series, constant=constants(made.program, made.branch.fixed, made.flat.dt))
    return Bench(name, made, series, memory, kernel)


def seconds(work: Callable[[], object]) -> float:
    """Return the CPU time of this thread that some work takes."""
    begun = time.thread_time()
    work()
    return time.thread_time() - begun


def against_c(one: Bench, folder: Path) -> dict[str, float]:
    """Print and return how many times as fast as each build of the scalar C the kernel is, core for core."""
    yard = Yardstick(one.model.flat, one.series)
    given = np.ascontiguousarray(one.memory[yard.given].T)
    functions = {flags: yard.build(options, folder, f"{one.name}{n}".replace("-", "_")) for n, (flags, options) in enumerate(BUILDS.items())}

    def scalar(flags: str) -> Array:
        out = np.empty((DRAWS, STEPS, SERIES))  # whoever runs makes room for what it stores
        functions[flags](given.ctypes.data, out.ctypes.data, DRAWS, STEPS)
        return out

    times: dict[str, list[float]] = {flags: [] for flags in (*functions, "ours")}
    for _ in range(ROUNDS):
        times["ours"].append(seconds(lambda: one.ours(one.memory)))
        for flags in functions:
            times[flags].append(seconds(lambda flags=flags: scalar(flags)))
    for flags in functions:
        if not np.array_equal(scalar(flags).transpose(1, 2, 0), one.ours(one.memory).recorded):
            raise SystemExit(f"{one.name}: {flags} and the kernel differ")
    counted = operations(one.model.flat, [v.number for v in (*yard.auxiliaries, *yard.moved)])
    sys.stdout.write(f"\n{one.name}: {networks.dynamic(one.model.program)} variables that change, {counted} operations a period in C\n")
    ratios: dict[str, float] = {}
    for engine, found in times.items():
        each = statistics.median(found) / DRAWS
        ratios[engine] = statistics.median(theirs / ours for theirs, ours in zip(found, times["ours"], strict=True))
        sys.stdout.write(f"  {engine:24}{1 / each:10,.0f} runs/s{each / STEPS * 1e9:9.1f} ns a period   kernel {ratios[engine]:.1f} x\n")
    return ratios


def against_peers(one: Bench, folder: Path) -> None:
    """Print how many times as fast as PySD and simlin the kernel is on two cores."""
    import simlin

    path = xmile.write(one.model, folder / f"{one.name}.xmile")
    names = {number: v.name for number, v in one.model.flat.variables.items()}
    halves = np.array_split(np.tile(one.memory, (1, 4)), 2, axis=1)
    begun = time.perf_counter()
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(one.ours, halves))
    ours = 4 * DRAWS / (time.perf_counter() - begun)
    sim = simlin.load(path).get_model().simulate() if hasattr(simlin.load(path), "get_model") else simlin.load(path).simulate()
    begun = time.perf_counter()
    count = 0
    while time.perf_counter() - begun < 3.0:
        sim.reset()
        sim.run_to_end()
        found = [sim.get_series(names[number]) for number in one.series]
        count += 1
    theirs = count / (time.perf_counter() - begun)
    _agree(one, "simlin", np.array(found)[:, 1 : STEPS + 1])
    sys.stdout.write(f"  {'simlin, one core':24}{theirs:10,.1f} runs/s   kernel on two cores ({ours:,.0f} runs/s) {ours / theirs:,.0f} x\n")
    import pysd

    peer = pysd.read_xmile(str(path))
    columns = [names[number] for number in one.series]
    begun = time.perf_counter()
    frame = peer.run(return_columns=columns)
    theirs = 1 / (time.perf_counter() - begun)
    _agree(one, "PySD", frame[columns].to_numpy().T[:, 1 : STEPS + 1])
    sys.stdout.write(f"  {'PySD, one core':24}{theirs:10,.3f} runs/s   kernel on two cores {ours / theirs:,.0f} x\n")


def _agree(one: Bench, peer: str, series: Array) -> None:
    ours = one.ours(one.memory[:, :1]).recorded[:, :, 0].T
    worst = np.abs(series - ours).max(axis=1) / np.maximum(np.abs(ours).max(axis=1), 1e-300)
    if not worst.max() < 1e-9:
        raise SystemExit(f"{one.name}: {peer} and the kernel differ by {worst.max():.3g}")


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", default=["industry", "britain-1915", "dprk-2023"])
    parser.add_argument("--peers", action="store_true", help="run simlin and PySD too (minutes)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        for name in options.names:
            one = bench(name)
            against_c(one, Path(folder))
            if options.peers:
                against_peers(one, Path(folder))


if __name__ == "__main__":
    main()
