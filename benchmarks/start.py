"""How long one waits for a first judgement: `python benchmarks/start.py [CASE] [--times N]`.

Each figure is that of whole processes, one after the other: of all commands in turn, several times over. They find their modules compiled, as after an installation.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence

Seconds = dict[str, list[float]]


def main() -> None:
    """Print the median and the least of each time."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("case", nargs="?", default="dprk-2023")
    asked.add_argument("--times", type=int, default=7)
    given = asked.parse_args()
    found: Seconds = {}
    with tempfile.TemporaryDirectory() as compiled:
        for i in range(given.times + 1):
            measured = once(given.case, compiled)
            if i:  # the first time compiles the modules
                for what, seconds in measured.items():
                    found.setdefault(what, []).append(seconds)
    sys.stdout.write("| seconds | median | least |\n|---|---:|---:|\n")
    sys.stdout.writelines(f"| {what} | {statistics.median(times):.3f} | {min(times):.3f} |\n" for what, times in found.items())


def once(case: str, compiled: str) -> dict[str, float]:
    """Return the wall seconds of every command, and of the stages of a run."""
    made = {"python": waited(["-c", "pass"], compiled)[0], "import materiel": waited(["-c", "import materiel"], compiled)[0]}
    made["materiel --help"] = command(["--help"], compiled)[0]
    made[f"materiel check {case}"] = command(["check", case], compiled)[0]
    made[f"materiel run {case}"], said = command(["run", case, "--json"], compiled)
    stages: dict[str, float] = json.loads(said)["seconds"]
    made["… starting, printing, ending"] = made[f"materiel run {case}"] - sum(stages.values())
    return made | {f"… {stage}": seconds for stage, seconds in stages.items()}


def command(words: Sequence[str], compiled: str) -> tuple[float, str]:
    """Return how long a command took and what it printed."""
    return waited(["-c", "from materiel.cli import app; app()", *words], compiled)


def waited(words: Sequence[str], compiled: str) -> tuple[float, str]:
    """Return how long Python took with some arguments, and what it printed."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"} | {"PYTHONPYCACHEPREFIX": compiled}
    begun = time.perf_counter()
    done = subprocess.run([sys.executable, *words], capture_output=True, text=True, check=True, env=environment)  # noqa: S603
    return time.perf_counter() - begun, done.stdout


if __name__ == "__main__":
    main()
