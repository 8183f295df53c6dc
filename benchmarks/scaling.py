"""How cost grows with draws and with variables, and compiling with instances: `python benchmarks/scaling.py`."""

from __future__ import annotations

import sys
import time

import networks
import numpy as np

from materiel import network
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
    sys.stdout.write("variables   planned and compiled, s   of it code, operations   ns a draw and period   ns a variable\n")
    for actors in (1, 2, 4, 12, 40, 128):
        made = networks.program(actors)
        kernel, seconds = compiled(made)
        count, each = networks.dynamic(made), period(kernel, 256 if actors < 40 else 64)
        written = sum(sum(bool(node.args) for node in loop.graph.nodes) for loop in kernel.plan.loops)
        sys.stdout.write(f"{count:9,}{seconds:26.2f}{written:26,}{each:23.1f}{each / count:16.3f}\n")
    kernel, _ = compiled(networks.program(1))
    sys.stdout.write("\ndraws   ns a draw and period\n")
    for draws in (64, 256, 1024, 4096, 16384):
        sys.stdout.write(f"{draws:6,}{period(kernel, draws):15.1f}\n")
    smallest = network.build(networks.tiny())
    kernel, seconds = compiled(smallest)
    sys.stdout.write(f"\nsmallest: {networks.dynamic(smallest)} variables, {seconds:.2f} s, {period(kernel, 1024):.2f} ns a draw and period\n")


if __name__ == "__main__":
    main()
