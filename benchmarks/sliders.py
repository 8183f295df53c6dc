"""How long a slider takes to be followed: `python benchmarks/sliders.py [CASE …] [--rounds N]`.

For each case: seconds to get ready, then the time of a preview (while a lever is dragged) and of a full run (once it is let go), each with four charts and what the case was beside it, from what is
asked to what is answered as JSON. Every round sets the lever to another value. Wall time is what a reader waits; the time of all processors says what it costs a server, and what it would
be on a machine that others use.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time

from materiel.web.levers import Lever
from materiel.web.table import Table

CASES = ("dprk-2023", "britain-1915", "us-155mm-2022")


def say(text: str) -> None:
    """Print a line at once."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def measured(table: Table, lever: Lever, draws: str, rounds: int) -> tuple[float, float, int]:
    """Return the median wall time and the least time of all processors of a run with a lever set, in milliseconds, after a first one that does not count; and the bytes of an answer."""
    walls, costs, size = list[float](), list[float](), 0
    for k in range(rounds + 1):
        wall, cost = time.perf_counter(), time.process_time()
        size = len(json.dumps(table.run({"changes": setting(table, lever, k, rounds), "draws": draws})))
        walls.append(time.perf_counter() - wall)
        costs.append(time.process_time() - cost)
    return 1e3 * statistics.median(walls[1:]), 1e3 * min(costs[1:]), size


def setting(table: Table, lever: Lever, k: int, rounds: int) -> dict[str, str]:
    """Return what sets a lever at the k-th of so many places between its ends."""
    share = (k + 1) / (rounds + 2)
    return {lever.id: lever.written(lever.low + share * (lever.high - lever.low), table.case)}


def main(names: list[str], rounds: int) -> None:
    """Print the table."""
    say("| case | ready, s | lever | draws | wall, ms | all processors, ms | answer, kB |\n|---|---|---|---|---|---|---|")
    for name in names:
        begun = time.perf_counter()
        table = Table(name)
        table.run({"draws": "preview"})
        ready = time.perf_counter() - begun
        kinds = {"number": "a number", "day": "a day"}
        levers = {kinds[kind]: next((one for one in table.player.levers.values() if one.kind == kind and not one.contingency), None) for kind in kinds}
        levers["a war"] = next((one for one in table.player.levers.values() if one.contingency), None)
        for what, lever in levers.items():
            for draws in ("preview", "full") if lever is not None else ():
                table.run({"draws": draws})  # what it is held against
                wall, cost, size = measured(table, lever, draws, rounds)
                say(f"| {name} | {ready:.1f} | {what} | {draws} | {wall:.0f} | {cost:.0f} | {size / 1e3:.0f} |")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cases", nargs="*", default=list(CASES))
    parser.add_argument("--rounds", type=int, default=9)
    given = parser.parse_args()
    main(given.cases, given.rounds)
