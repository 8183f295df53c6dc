"""The JAX reading on whatever JAX runs on here: `python benchmarks/accelerator.py [CASE …] [--draws N …] [--precision float32] [--slopes N]`.

For each number of draws: runs per second of a year, and what share that is of what the device can do. The ceilings are measured by JAX too: bytes moved by adding to a large
array, operations by chains of products and sums. Bytes and operations of a period are XLA's own count of the compiled period; more bytes than memory can give came from
caches. Beside it stands the native kernel on one core of this machine, with the same numbers and the same eight series stored. `--slopes N` times a reverse pass over N draws.

On an accelerator (`pip install materiel[jax]` and the plug-in of JAX for it) give more draws, as `--draws 1024 8192 65536`, and write down the date and the device.
"""

from __future__ import annotations

import argparse
import datetime
import functools
import math
import sys
import time
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import numpy.typing as npt

from materiel import network
from materiel.case.loading import load
from materiel.engine import reference, traced
from materiel.engine.kernel import compile_program
from materiel.network import Program

Array = npt.NDArray[np.float64]
STEPS, SERIES, ROUNDS = 365, 8, 5


def say(text: str) -> None:
    """Print a line at once."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def least(work: Callable[[], Any], rounds: int = ROUNDS) -> float:
    """Return the least wall seconds of some work."""
    found: list[float] = []
    for _ in range(rounds):
        begun = time.perf_counter()
        jax.block_until_ready(work())
        found.append(time.perf_counter() - begun)
    return min(found)


def ceilings(precision: str) -> tuple[float, float]:
    """Return bytes and operations per second that this device reaches."""
    large, many, passes, links, chains = jnp.ones(2**27, precision), jnp.ones(2**22, precision), 8, 128, 8
    add = jax.jit(lambda x: jax.lax.fori_loop(0, passes, lambda _, y: y + 1.0, x))
    chain = jax.jit(lambda x: sum(functools.reduce(lambda y, _: y * x + x, range(links), x * n) for n in range(chains)))  # one loop, side by side
    add(large), chain(many)  # compile
    return 2 * large.nbytes * passes / least(lambda: add(large)), 2 * links * chains * many.size / least(lambda: chain(many))


def measured(program: Program, dt: float, draws: int, precision: str) -> tuple[float, float, float, float, Array]:
    """Return seconds to compile and to run, bytes and operations of a period, and what was recorded."""
    series = program.levels[:: math.ceil(len(program.levels) / SERIES)]
    numbers = jnp.asarray(reference.prepare(program, 1, 0, draws, dt, {})[[slot for slot, _ in program.priors]], precision)
    begun = time.perf_counter()
    run = jax.jit(traced.simulate(program, STEPS, 1, series, dt, precision)).lower(numbers).compile()
    compiled = time.perf_counter() - begun
    tracing = traced._Tracing(program, series)  # noqa: SLF001 — what a period costs is nobody else's business
    start = jax.eval_shape(lambda x: tracing.fill(x, dt), numbers)
    cost = jax.jit(tracing.period).lower(*start, jnp.zeros((), precision)).compile().cost_analysis()
    return compiled, least(lambda: run(numbers)), cost["bytes accessed"], cost["flops"], np.asarray(run(numbers))


def native(program: Program, dt: float, draws: int) -> tuple[float, Array]:
    """Return seconds of the native kernel on one core, and what it recorded."""
    series = program.levels[:: math.ceil(len(program.levels) / SERIES)]
    memory, kernel = reference.prepare(program, 1, 0, draws, dt, {}), compile_program(program, series)
    return least(lambda: kernel.run(memory, STEPS, 1), 2), kernel.run(memory, STEPS, 1).recorded


def slopes(program: Program, dt: float, draws: int, precision: str) -> tuple[float, float]:
    """Return seconds to compile and to run a reverse pass from a level to all numbers."""
    numbers = jnp.asarray(reference.prepare(program, 1, 0, draws, dt, {})[[slot for slot, _ in program.priors]], precision)
    run = traced.simulate(program, STEPS, STEPS, program.levels[:1], dt, precision)
    begun = time.perf_counter()
    back = jax.jit(jax.grad(lambda x: run(x).sum())).lower(numbers).compile()
    compiled = time.perf_counter() - begun
    return compiled, least(lambda: back(numbers), 3)


def main() -> None:
    """Print the device, its ceilings, and what each case makes of them."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("cases", nargs="*", default=["dprk-2023", "britain-1915"])
    asked.add_argument("--draws", nargs="+", type=int, default=[traced.BLOCK, 1000])
    asked.add_argument("--precision", choices=traced.PRECISIONS, default="float64")
    asked.add_argument("--slopes", type=int, default=0)
    given = asked.parse_args()
    with jax.enable_x64(True):
        bandwidth, arithmetic = ceilings(given.precision)
        say(f"{datetime.datetime.now(tz=datetime.UTC):%Y-%m-%d}, {jax.devices()[0].device_kind}, JAX {jax.__version__}, {given.precision}")
        say(f"ceilings: {bandwidth / 1e9:.0f} GB/s, {arithmetic / 1e9:.0f} Gop/s; {STEPS} periods, {SERIES} series stored in each")
        for name in given.cases:
            case = load(name)
            program = network.build(case)
            for draws in given.draws:
                compiled, seconds, moved, done, made = measured(program, case.step, draws, given.precision)
                alone, true = native(program, case.step, draws)
                rate, bytes_moved, operations = draws / seconds, STEPS * moved / seconds, STEPS * done / seconds
                off = np.max(np.abs(made - true) / np.maximum(np.abs(true).max(axis=(0, 2)), 1e-300)[:, None])
                say(
                    f"{name}, {draws} draws: {rate:,.0f} runs/s, compiled in {compiled:.0f} s; {bytes_moved / 1e9:.0f} GB/s, {bytes_moved / bandwidth:.0%} of what memory gives, "
                    f"{operations / 1e9:.0f} Gop/s, {operations / arithmetic:.0%}; "
                    f"{rate / (draws / alone):.2f} of a core of the kernel ({draws / alone:,.0f} runs/s); off by {off:.0e} of a series"
                )
            if given.slopes:
                compiled, seconds = slopes(program, case.step, given.slopes, given.precision)
                say(f"{name}, slopes by {len(program.priors)} numbers: {given.slopes / seconds:,.0f} draws/s, compiled in {compiled:.0f} s")


if __name__ == "__main__":
    main()
