"""Engines in processes of their own, so that memory and the time to a first result are each engine's alone; between its turns an engine waits and costs nothing."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import resource
import signal
import sys
import time
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from engines import KINDS, Array, Subject


class NotRunError(Exception):
    """An engine that gave no first result, and why."""


class Worker:
    """An engine in a process of its own. `first` are the wall seconds from starting Python to the series of one run: imports, parsing and compiling are among them."""

    def __init__(self, kind: str, subject: Subject, limit: float) -> None:
        """Start an engine and wait for its first result. Raises NotRunError."""
        self.kind = KINDS[kind]
        self.connection, there = multiprocessing.Pipe()
        begun = time.perf_counter()
        self.process = multiprocessing.get_context("spawn").Process(target=_serve, args=(there, kind, subject), daemon=True)
        self.process.start()
        there.close()
        failed = self._heard(limit)
        self.first = time.perf_counter() - begun
        self.spent = 0.0
        self.rates: list[float] = []
        if failed:
            self.end()
            raise NotRunError(failed)

    def _heard(self, limit: float) -> str:
        """Return what went wrong before the first result."""
        if not self.connection.poll(limit):
            return f"no first result within {limit:.0f} s"
        try:
            return self.connection.recv()
        except EOFError:
            return "its process ended"

    def turn(self, seconds: float) -> None:
        """Run for so many CPU seconds, one call at least, and note the runs per second: of CPU time on one core, of the clock on several."""
        runs, worked, passed = self.ask("turn", seconds)
        self.spent += worked
        self.rates.append(runs / (worked if self.kind.cores == 1 else passed))

    def memory(self) -> float:
        """Return the largest memory so far of the process or of one that it started, in MB."""
        return self.ask("memory")

    def series(self) -> Array:
        """Return the series of the last call, shape (draws, periods, series)."""
        return self.ask("series")

    def ask(self, *what: Any) -> Any:
        """Return what the engine's process answers."""
        self.connection.send(what)
        return self.connection.recv()

    def end(self) -> None:
        """End the process and all that it started."""
        assert self.process.pid
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.kill()
        self.process.join()


def _serve(connection: Connection, kind: str, subject: Subject) -> None:
    """Make an engine, run it once, then do what is asked."""
    os.setsid()
    sys.dont_write_bytecode = False  # so that modules are found compiled from the second time on, as after an installation
    try:
        engine = KINDS[kind].make(subject)
        engine.run(1)
    except Exception as error:  # noqa: BLE001 (whatever a peer may raise, the table says it)
        connection.send((str(error) or type(error).__name__).splitlines()[0])
        return
    connection.send("")
    while True:
        match connection.recv():
            case "turn", seconds:
                connection.send(_turn(engine, seconds))
            case ("memory",):
                connection.send(_memory())
            case _:
                connection.send(engine.series())


def _turn(engine: Any, seconds: float) -> tuple[int, float, float]:
    """Return how many runs were made in about so many CPU seconds, the CPU seconds of all threads, and the seconds that passed."""
    runs, passed, worked = 0, time.perf_counter(), time.process_time()
    while not runs or time.process_time() - worked < seconds:
        engine.run(engine.draws)
        runs += engine.draws
    return runs, time.process_time() - worked, time.perf_counter() - passed


def _memory() -> float:
    """Return the largest memory so far in MB. Where Linux tells, of this program alone: what `getrusage` gives begins with what the parent held when it started this one."""
    started, status = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, Path("/proc/self/status")
    if status.exists():
        own = int(next(line for line in status.read_text(encoding="utf-8").splitlines() if line.startswith("VmHWM")).split()[1])
    else:
        own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return max(own, started) / 1024
