"""How the web app bears a class: `python benchmarks/visitors.py [CASE] [--visitors N] [--seconds S]`.

A server on loopback, and visitors in this process that do what a browser does. Each drags one slider after the other: a preview is asked for as soon as the one before is there, a full run when the slider is let go,
now and then beliefs are weighed; then they look at what they see. Printed: how long each kind of reply took, what was refused, and how much memory the server held before and after.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import datetime
import random
import statistics
import subprocess
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

DRAG = 2.0
"""Seconds for which a slider is dragged."""
LOOK = (0.5, 3.0)
"""Seconds, at least and at most, for which a visitor looks at a chart before the next slider."""
PARTS = 4
"""Parts of the time, after each of which memory is looked at: the first fills what the server keeps of the last runs."""


@dataclass
class Seen:
    """What visitors met with: seconds of every reply by kind, and how many had each status that is not 200."""

    seconds: dict[str, list[float]] = field(default_factory=dict[str, list[float]])
    refused: Counter[str] = field(default_factory=Counter[str])


def main() -> None:
    """Print a table of what visitors waited for."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("case", nargs="?", default="dprk-2023")
    asked.add_argument("--visitors", type=int, default=20)
    asked.add_argument("--seconds", type=float, default=60.0)
    given = asked.parse_args()
    with served(given.case) as (process, address):
        asyncio.run(visit(address, given.case, 2, 8.0, Seen()))  # what is compiled or kept at the first request is there
        held, used, began, seen = [memory(process.pid)], processor(process.pid), time.perf_counter(), Seen()
        for _ in range(PARTS):
            asyncio.run(visit(address, given.case, given.visitors, given.seconds / PARTS, seen))
            held.append(memory(process.pid))
        took = time.perf_counter() - began
        busy = (processor(process.pid) - used) / took
    sys.stdout.write(f"{given.visitors} visitors for {took:.0f} s kept {busy:.1f} cores of the server busy.\n")
    sys.stdout.write(f"It held {' → '.join(f'{one:.0f}' for one in held)} MB, the first before they came.\n\n")
    sys.stdout.write("| reply | count | median, s | 95 %, s | longest, s |\n|---|---:|---:|---:|---:|\n")
    for what, times in sorted(seen.seconds.items()):
        ranked = sorted(times)
        sys.stdout.write(f"| {what} | {len(times)} | {statistics.median(times):.3f} | {ranked[int(0.95 * (len(ranked) - 1))]:.3f} | {ranked[-1]:.3f} |\n")
    sys.stdout.write(f"\nnot answered: {dict(seen.refused) or 'none'}\n")


@contextlib.contextmanager
def served(case: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Start a server of a case and yield it with its address."""
    program = [sys.executable, "-c", "from materiel.cli import app; app()", "serve", case, "--port", "0"]
    with subprocess.Popen(program, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603
        assert process.stdout
        try:
            yield process, process.stdout.readline().split()[0]
        finally:
            process.terminate()


async def visit(address: str, case: str, visitors: int, seconds: float, seen: Seen) -> None:
    """Have visitors play with a case for some seconds."""
    ends = time.perf_counter() + seconds
    async with contextlib.AsyncExitStack() as stack:
        clients = [await stack.enter_async_context(httpx.AsyncClient(base_url=address, timeout=60, trust_env=False)) for _ in range(visitors)]
        await asyncio.gather(*(play(client, case, ends, seen, random.Random(i)) for i, client in enumerate(clients)))  # noqa: S311  # no secrets


async def play(client: httpx.AsyncClient, case: str, ends: float, seen: Seen, chance: random.Random) -> None:
    """Do what one visitor does until the end."""
    about = (await client.get(f"api/cases/{case}")).raise_for_status().json()
    changes: dict[str, str] = {}
    where = f"api/cases/{case}"
    while time.perf_counter() < ends:
        lever = chance.choice(about["levers"])
        async for position in dragged(min(ends, time.perf_counter() + DRAG), chance):
            changes[lever["id"]] = written(lever, position)
            await ask(client, f"{where}/run", {"draws": "preview", "changes": changes}, "preview, 500 draws", seen)
        await ask(client, f"{where}/run", {"draws": "full", "changes": changes}, "full, 2000 draws", seen)
        if about["voices"] and chance.random() < 0.25:
            trust = {chance.choice(about["voices"])["id"]: chance.uniform(0.0, 2.0)}
            await ask(client, f"{where}/weigh", {"changes": changes, "trust": trust}, "beliefs weighed", seen)
        await asyncio.sleep(chance.uniform(*LOOK))


async def dragged(until: float, chance: random.Random) -> AsyncIterator[float]:
    """Yield positions of a slider from 0 to 1 as it moves on, one for every reply that comes."""
    at, speed = chance.random(), chance.choice((-0.4, 0.4))
    began = time.perf_counter()
    while (now := time.perf_counter()) < until:
        yield abs((at + speed * (now - began)) % 2.0 - 1.0)


def written(lever: dict[str, Any], position: float) -> str:
    """Return what the page sends for a position of a slider."""
    if lever["kind"] == "day":
        first, last = (datetime.date.fromisoformat(lever[end]) for end in ("low", "high"))
        return (first + (last - first) * position).isoformat()
    low, high = lever["low"], lever["high"]
    value = low * (high / low) ** position if lever["scale"] == "log" else low + (high - low) * position
    return f"{value:.4g} {lever['writes']}".strip()


async def ask(client: httpx.AsyncClient, path: str, asked: dict[str, Any], what: str, seen: Seen) -> None:
    """Ask once, as long as it takes, and note how long that was."""
    began = time.perf_counter()
    reply = await client.post(path, json=asked)
    if reply.status_code == 200:
        seen.seconds.setdefault(what, []).append(time.perf_counter() - began)
    else:
        seen.refused[f"{what}: {reply.status_code} {reply.text[:200]}"] += 1


def memory(process: int) -> float:
    """Return the megabytes that a process holds (Linux)."""
    return next(int(line.split()[1]) / 1000 for line in Path(f"/proc/{process}/status").read_text(encoding="utf-8").splitlines() if line.startswith("VmRSS"))


def processor(process: int) -> float:
    """Return the seconds of a processor that a process has used (Linux)."""
    user, system = Path(f"/proc/{process}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) / 100


if __name__ == "__main__":
    main()
