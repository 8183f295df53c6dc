"""What this machine can do on one core, and how near the kernel comes: `python benchmarks/ceilings.py [CASE …]`.

Loops of nothing but additions, multiplications, both, loads, stores, and updates in place are compiled as the kernel is and timed. Then the operations, loads and stores that a period
of a case needs are counted in its plan, and the time that each kind would take alone at its ceiling stands beside the time measured.
"""

from __future__ import annotations

import ctypes
import importlib
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import subjects
from engines import STEPS, Native

from materiel.engine import kernel
from materiel.engine.plan import Plan

binding: Any = importlib.import_module("llvmlite.binding")

LANES, DRAWS = 8, 1024
TYPE = f"<{LANES} x double>"
SIZES = {"first cache": 16, "second cache": 256}
"""Sizes of memory in KiB that lie well within a cache."""


_engines: list[Any] = []


def arithmetic(*operations: str) -> str:
    """Return a loop of sixteen independent chains of operations, `%end` times over."""
    chains = range(16)
    lines = [f"%c = load {TYPE}, ptr %memory, align 64", "br label %loop", "loop:", "%i = phi i64 [0, %entry], [%j, %loop]"]
    lines += [f"%y{n} = phi {TYPE} [zeroinitializer, %entry], [%z{n}, %loop]" for n in chains]
    lines += [f"%z{n} = {operations[n % len(operations)]} {TYPE} %y{n}, %c" for n in chains]
    lines += ["%j = add i64 %i, 1", "%more = icmp slt i64 %j, %end", "br i1 %more, label %loop, label %out", "out:"]
    lines += [f"%p{n} = getelementptr {TYPE}, ptr %memory, i64 {n}\n store {TYPE} %z{n}, ptr %p{n}, align 64" for n in chains]
    return _function(lines)


def memory(kind: str, rows: int) -> str:
    """Return a loop that loads, stores or updates all rows of a memory, `%end` times over."""
    lines = ["br label %pass", "pass:", "%n = phi i64 [0, %entry], [%m, %passed]", "br label %loop", "loop:", "%i = phi i64 [0, %pass], [%j, %loop]"]
    sums = range(16) if kind == "load" else ()  # one for each load, so that none waits for another
    lines += [f"%s{k}.0 = phi {TYPE} [zeroinitializer, %pass], [%s{k}.1, %loop]" for k in sums]
    for u in range(16):
        lines += [f"%k{u} = add i64 %i, {u}", f"%p{u} = getelementptr {TYPE}, ptr %memory, i64 %k{u}"]
        if kind != "store":
            lines.append(f"%v{u} = load {TYPE}, ptr %p{u}, align 64")
        if kind == "load":
            lines.append(f"%s{u}.1 = fadd {TYPE} %s{u}.0, %v{u}")
        elif kind == "store":
            lines.append(f"store {TYPE} zeroinitializer, ptr %p{u}, align 64")
        else:
            lines += [f"%w{u} = fadd {TYPE} %v{u}, %v{u}", f"store {TYPE} %w{u}, ptr %p{u}, align 64"]
    lines += ["%j = add i64 %i, 16", f"%more = icmp slt i64 %j, {rows}", "br i1 %more, label %loop, label %passed", "passed:"]
    lines += [f"%q{k} = getelementptr {TYPE}, ptr %memory, i64 {rows + k}\n store {TYPE} %s{k}.1, ptr %q{k}, align 64" for k in sums]
    return _function([*lines, "%m = add i64 %n, 1", "%again = icmp slt i64 %m, %end", "br i1 %again, label %pass, label %out", "out:"])


def _function(lines: list[str]) -> str:
    return "define void @run(ptr noalias %memory, i64 %end) nounwind {\nentry:\n" + "\n".join(lines) + "\nret void\n}\n"


def nanoseconds(text: str, rows: int, times: int) -> float:
    """Return the least time of one pass of a loop."""
    machine, _ = kernel.machine()
    engine = binding.create_mcjit_compiler(binding.parse_assembly(text), machine)
    _engines.append(engine)  # the first to go takes the machine with it
    engine.finalize_object()
    function = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_int64)(engine.get_function_address("run"))
    raw = np.zeros((rows + 32) * LANES)
    start = raw.ctypes.data + -raw.ctypes.data % 64
    best = np.inf
    for _ in range(9):
        begun = time.thread_time()
        function(start, times)
        best = min(best, time.thread_time() - begun)
    return best / times * 1e9


def ceilings() -> dict[str, float]:
    """Return the least time of each kind of instruction on one register of eight numbers, in nanoseconds."""
    kinds = {"addition": ["fadd"], "multiplication": ["fmul"], "addition and multiplication in turn": ["fadd", "fmul"], "division": ["fdiv"]}
    made = {kind: nanoseconds(arithmetic(*operations), 32, 200_000) / 16 for kind, operations in kinds.items()}
    for kind in ("load", "store", "update"):
        for cache, size in SIZES.items():
            rows = size * 1024 // (LANES * 8)
            made[f"{kind}, {cache}"] = nanoseconds(memory(kind, rows), rows, 40_000 // size) / rows
    return made


def counted(plan: Plan) -> dict[str, int]:
    """Return how much of each kind a period of one register of draws needs; a minimum or maximum is one operation."""
    made = dict.fromkeys(("additions", "multiplications", "divisions", "minima, maxima", "loads", "stores", "rows"), 0)
    made["rows"] = plan.size
    for loop in plan.loops:
        nodes, extrema = loop.graph.nodes, 0
        for node in nodes:
            if node.op == "where":
                asked = nodes[node.args[0]]
                extrema += asked.op in ("lt", "gt") and set(asked.args) == set(node.args[1:])
        of = [node.op for node in nodes]
        made["additions"] += loop.count * (of.count("add") + of.count("sub"))
        made["multiplications"] += loop.count * of.count("mul")
        made["divisions"] += loop.count * of.count("div")
        others = sum(op in ("lt", "gt", "le", "ge", "and", "or", "where", "neg") for op in of)
        made["minima, maxima"] += loop.count * (others - extrema)
        made["loads"] += loop.count * sum(one.area != "register" for one in loop.operands)
        made["stores"] += loop.count * sum(one.column.area != "register" for one in loop.stores)
    return made


def measured(one: Native) -> float:
    """Return the least time of a period of eight draws, in nanoseconds."""
    best = np.inf
    for _ in range(7):
        begun = time.thread_time()
        one.run(one.draws)
        best = min(best, time.thread_time() - begun)
    return best / STEPS / one.draws * LANES * 1e9


def needed(name: str, least: Mapping[str, float]) -> dict[str, str]:
    """Return what a period of eight draws of a subject needs and takes, by what it is called."""
    with tempfile.TemporaryDirectory() as folder:
        one = Native(subjects.export(name, Path(folder), DRAWS), bits=64, cores=1)
    found = counted(one.kernel.plan)
    work = (
        least["addition and multiplication in turn"] * (found["additions"] + found["multiplications"] + found["minima, maxima"])
        + least["division"] * found["divisions"]
    )
    alone = {
        "arithmetic alone": work,
        "loads and stores alone, all in the first cache": max(least["load, first cache"] * found["loads"], least["store, first cache"] * found["stores"]),
        "every row once through the second cache": least["load, second cache"] * found["rows"],
    }
    taken = measured(one)
    made = {what: f"{count:,}" for what, count in found.items()} | {f"{what}, ns": f"{time:,.0f}" for what, time in alone.items()}
    return made | {
        "measured, ns": f"{taken:,.0f}",
        "a draw, ns": f"{taken / LANES:.1f}",
        "share of the machine's ceiling": f"{max(alone.values()) / taken:.0%}",
    }


def main(names: Sequence[str]) -> None:
    """Print the ceilings and the share of them that each subject reaches."""
    least = ceilings()
    sys.stdout.write("| least time on eight numbers, ns | |\n|---|---:|\n")
    sys.stdout.writelines(f"| {kind} | {time_of_one:.2f} |\n" for kind, time_of_one in least.items())
    found = [needed(name, least) for name in names]
    sys.stdout.write(f"\n| a period of eight draws | {' | '.join(names)} |\n|---|{'---:|' * len(names)}\n")
    sys.stdout.writelines(f"| {what} | {' | '.join(one[what] for one in found)} |\n" for what in found[0])


if __name__ == "__main__":
    main(sys.argv[1:] or ["industry", "britain-1915", "dprk-2023"])
