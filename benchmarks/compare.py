"""This engine beside its peers, in one table: `python benchmarks/compare.py [SUBJECT …] [--quick]`.

Subjects are shipped cases, `industry` (some eighty variables, everything rationed) and numbers of variables of generated networks. Every engine runs the same exported model with the same numbers for
1,000 periods and stores eight series in each. Engines take turns, round by round; ratios are medians over rounds. What runs on one core counts its CPU time, what runs on two the clock.
All must agree: NumPy and scalar C with the kernel bit for bit, others within 1e-9 of the largest value of a series. An engine that has had its share of CPU seconds sits out the rounds that are left.
"""

from __future__ import annotations

import argparse
import dataclasses
import datetime
import importlib.metadata
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
from engines import KINDS, OURS, OURS_ON_TWO, SERIES, STEPS, Array, Subject
from workers import NotRunError, Worker

SUBJECTS = ("industry", "britain-1915", "dprk-2023", "10", "100", "1000", "10000")

COLUMNS = (
    "subject", "engine", "runs/s", "million variable-steps/s", "as fast as best peer, times", "materiel on one core as fast as this, times", "on two cores",
    "memory, MB", "as small as best peer, times", "first result, s", "as soon as best peer, times", "numbers",
)  # fmt: skip


@dataclasses.dataclass(frozen=True)
class Effort:
    """How much is measured: runs of a call at most, rounds, CPU seconds of a turn and of all turns of an engine, seconds to wait for a first result."""

    draws: int = 1024
    rounds: int = 7
    turn: float = 0.4
    share: float = 8.0
    limit: float = 180.0


QUICK = Effort(draws=256, rounds=2, turn=0.1, share=1.0, limit=45.0)


@dataclasses.dataclass
class Result:
    """What was found of an engine: runs per second by rounds, memory in MB, seconds to a first result, what is said of its numbers and whether they are right; or why it did not run."""

    rates: list[float] = dataclasses.field(default_factory=list)
    memory: float = np.nan
    first: float = np.nan
    numbers: str = ""
    right: bool = True

    @property
    def rate(self) -> float:
        """Median of runs per second."""
        return statistics.median(self.rates) if self.rates else np.nan

    def times(self, other: Result) -> float:
        """Return how many times as fast as another this one is: the median over the rounds that both ran."""
        pairs = list(zip(self.rates, other.rates, strict=False))
        return statistics.median(a / b for a, b in pairs) if pairs else np.nan


def measured(subject: Subject, kinds: Sequence[str], effort: Effort) -> dict[str, Result]:
    """Return what was found of every engine: first results one after the other, then rounds in turn, then the comparison of what was stored."""
    results = {kind: Result() for kind in kinds}
    workers: dict[str, Worker] = {}
    try:
        for kind, result in results.items():
            try:
                workers[kind] = Worker(kind, subject, effort.limit)
                result.first = workers[kind].first
            except NotRunError as error:
                result.numbers, result.right = f"not run: {error}", KINDS[kind].peer
        for _ in range(effort.rounds):
            for worker in workers.values():
                if worker.spent < effort.share:
                    worker.turn(effort.turn)
        for kind, worker in workers.items():
            results[kind].rates, results[kind].memory = worker.rates, worker.memory()
        ours = workers[OURS].series() if OURS in workers else np.empty((0, STEPS, SERIES))
        for kind, worker in workers.items():
            result = results[kind]
            result.numbers, result.right = agreement(worker.series(), ours, KINDS[kind].tolerance)
    finally:
        for worker in workers.values():
            worker.end()
    return results


def agreement(series: Array, ours: Array, tolerance: float | None) -> tuple[str, bool]:
    """Return how the series of an engine compare with ours, and whether that is right; of fewer draws, the first."""
    both = min(len(series), len(ours))
    if not both:
        return "not compared", True
    series, ours, runs = series[:both], ours[:both], f"{both:,} run{'s' if both > 1 else ''}"
    if np.array_equal(series, ours):
        return f"same bits, {runs}", True
    largest = np.maximum(np.abs(ours).max(axis=1, keepdims=True), 1e-300)
    off = float(np.max(np.abs(series - ours) / largest))
    right = tolerance is not None and off < tolerance
    return f"{'within' if right else 'DIFFER by'} {off:.0e}, {runs}", right


def rows(subject: Subject, results: Mapping[str, Result]) -> Iterator[list[str]]:
    """Yield the rows of a subject: figures, and how many times as good as those of the best peer they are."""
    none = Result()
    ran = [result for kind, result in results.items() if KINDS[kind].peer and result.rates]
    fastest = max(ran, key=lambda one: one.rate, default=none)
    smallest, soonest = min((one.memory for one in ran), default=np.nan), min((one.first for one in ran), default=np.nan)
    title = f"**{subject.name if not subject.name.isdecimal() else 'network'}**, {subject.variables:,} variables, {subject.operations:,} operations a period"
    for kind, result in results.items():
        against = [figure(results.get(engine, none).times(result)) for engine in (OURS, OURS_ON_TWO)]
        yield [
            title, kind, figure(result.rate), figure(result.rate * subject.variables * STEPS / 1e6), figure(result.times(fastest)), *against,
            figure(result.memory), figure(smallest / result.memory), figure(result.first), figure(soonest / result.first), result.numbers,
        ]  # fmt: skip
        title = ""


def figure(value: float) -> str:
    """Return a number in three digits, and nothing for none."""
    if not np.isfinite(value):
        return ""
    digits = max(0, 2 - int(np.floor(np.log10(value))))
    return f"{float(f'{value:.3g}'):,.{digits}f}" if digits < 6 else f"{value:.1e}"


def machine() -> str:
    """Return what this was measured on and with."""
    told = Path("/proc/cpuinfo")
    names = [line.split(": ", 1)[1] for line in told.read_text(encoding="utf-8").splitlines() if line.startswith("model name")] if told.exists() else []
    gcc = subprocess.run(["gcc", "-dumpfullversion"], capture_output=True, text=True, check=False).stdout.strip() if shutil.which("gcc") else "not installed"  # noqa: S607
    packages = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in ("numpy", "llvmlite", "pysd", "pysimlin"))
    return f"{datetime.datetime.now(tz=datetime.UTC):%d %B %Y}; {len(names)} cores, {names[0] if names else platform.machine()}; Python {platform.python_version()}, {packages}, gcc {gcc}"


def say(cells: Iterable[str]) -> None:
    """Print a row of the table at once."""
    sys.stdout.write(f"| {' | '.join(cells)} |\n")
    sys.stdout.flush()


def main() -> None:
    """Print the table, subject by subject; end with an error if numbers differ or an engine of ours did not run."""
    import sdeverywhere
    import subjects

    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("subjects", nargs="*", default=SUBJECTS)
    asked.add_argument("--engines", nargs="+", choices=KINDS, default=list(KINDS), metavar="ENGINE", help=f"one or more of: {'; '.join(KINDS)}")
    asked.add_argument("--quick", action="store_true", help="a few minutes instead of half an hour, for a look")
    given = asked.parse_args()
    effort = QUICK if given.quick else Effort()
    sys.stdout.write(f"{machine()}; SDEverywhere {sdeverywhere.install()}\n\n")
    say(COLUMNS)
    say(["---", "---", *["---:"] * (len(COLUMNS) - 3), "---"])
    with tempfile.TemporaryDirectory() as folder:  # the first time, modules are compiled and files are read from disk
        measured(subjects.export("10", Path(folder), 1), given.engines, dataclasses.replace(QUICK, rounds=0))
    right = True
    for name in given.subjects:
        with tempfile.TemporaryDirectory() as folder:
            subject = subjects.export(name, Path(folder), effort.draws)
            results = measured(subject, given.engines, effort)
        for row in rows(subject, results):
            say(row)
        right = right and all(result.right for result in results.values())
    sys.exit(0 if right else 1)


if __name__ == "__main__":
    main()
