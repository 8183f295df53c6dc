"""How cost grows with draws and with variables, and compiling with instances: `python benchmarks/scaling.py`."""

from __future__ import annotations

import sys
import time

import networks
import numpy as np

from materiel.engine import reference
from materiel.engine.kernel import Kernel, compile_program
from materiel.engine.knowledge import constants
from materiel.network import Program

STEPS = 200


def compiled(made: Program) -> tuple[Kernel, float]:
    """Return the kernel of a program that records nothing, and the CPU seconds that planning and compiling took."""
    begun = time.process_time()
    kernel = compile_program(made, [], constant=constants(made, {}, 1.0))
    _ = kernel.address  # waits until it is compiled
    return kernel, time.process_time() - begun


def period(kernel: Kernel, draws: int) -> float:
    """Return the least CPU time of a draw and period, in nanoseconds."""
    memory = reference.prepare(kernel.program, 1, 0, draws, 1.0, {})
    best = np.inf
    for _ in range(5):
        begun = time.thread_time()
        kernel.run(memory, STEPS, 1)
        best = min(best, time.thread_time() - begun)
    return best / draws / STEPS * 1e9


def main() -> None:
    """Print both tables."""
    sys.stdout.write("| variables | planned and compiled, s | of it code, operations | a draw and period, ns | a variable, ns |\n|---:|---:|---:|---:|---:|\n")
    for variables in (10, 77, 154, 308, 1000, 3000, 10_000):
        made = networks.program(variables)
        kernel, seconds = compiled(made)
        count, each = networks.dynamic(made), period(kernel, 256 if variables < 3000 else 64)
        code = sum(sum(bool(node.args) for node in loop.graph.nodes) for loop in kernel.plan.loops)
        sys.stdout.write(f"| {count:,} | {seconds:.2f} | {code:,} | {each:.1f} | {each / count:.3f} |\n")
    kernel, _ = compiled(networks.program(networks.INDUSTRY))
    sys.stdout.write("\n| draws | a draw and period, ns |\n|---:|---:|\n")
    for draws in (64, 256, 1024, 4096, 16384):
        sys.stdout.write(f"| {draws:,} | {period(kernel, draws):.1f} |\n")


if __name__ == "__main__":
    main()
