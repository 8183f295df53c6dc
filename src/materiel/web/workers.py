"""Cases of strangers: kept in a folder that nobody else reads, each read and run in a process of its own with limits, and gone an hour after their last use.

A case is known by an identifier that nobody can guess and that is listed nowhere; whoever has it can use the case, and so can whoever is given its link.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from materiel.errors import CaseError, Place, Problem, RunError
from materiel.web.guard import Refused
from materiel.web.uploads import Upload

MOST_ANSWER = 8_000_000
"""Bytes of an answer: the page of the largest case that is shipped has a third."""

PREFIX = "materiel-"
"""How the name of the folder of all cases begins."""

_PASSED_ON = ("PATH", "LANG", "LC_ALL", "SYSTEMROOT", "OPENBLAS_NUM_THREADS")
"""What a process is told of the server's environment: nothing that could be a secret."""


class Mistake(Exception):  # noqa: N818  # ours
    """A mistake of ours in a process of a stranger's case; its text is for the log."""


@dataclass(frozen=True)
class Limits:
    """What strangers' cases may take.

    `cases` are kept at a time, `processes` of them run; a process has `memory` bytes of addresses and `processor` seconds for a question, which must be answered in `seconds`; a
    case is kept for `kept` seconds after its last use, and `longest` in all. One of which nothing was asked for `unasked` seconds makes room for another when there is none.
    """

    cases: int = 50
    processes: int = 4
    memory: int = 2_000_000_000
    processor: int = 60
    seconds: float = 30.0
    kept: float = 3600.0
    longest: float = 12 * 3600.0
    unasked: float = 600.0


@dataclass
class _Kept:
    """A case that is kept: its folder, what is read first, when it came, when something was last asked of it if ever, its process, and the title and digest that it told."""

    folder: Path
    main: str
    came: float
    asked: float | None = None
    lock: threading.Lock = field(default_factory=threading.Lock)
    process: _Process | None = None
    said: dict[str, Any] = field(default_factory=dict[str, Any])

    @property
    def used(self) -> float:
        """When it was last used."""
        return self.came if self.asked is None else self.asked

    def rest(self) -> bool:
        """End the process, unless it is answering, and say whether it was ended; the next question starts another."""
        if not self.process or not self.lock.acquire(blocking=False):
            return False
        self.process.end()
        self.process = None
        self.lock.release()
        return True


class Workers:
    """The cases of strangers. Every method may be called from any thread; `clock` tells seconds."""

    def __init__(self, limits: Limits, clock: Callable[[], float] = time.monotonic) -> None:
        self.limits, self._clock = limits, clock
        self._temporary = tempfile.TemporaryDirectory(prefix=PREFIX, ignore_cleanup_errors=True)
        self._folder = Path(self._temporary.name)
        self._cases: dict[str, _Kept] = {}
        self._lock = threading.Lock()

    def add(self, upload: Upload) -> str:
        """Keep a case and return its identifier. Raises CaseError with its problems, Refused when no more are kept or when it takes more than it may."""
        self.sweep()
        if len(self._cases) >= self.limits.cases:
            self._displace()
        case = secrets.token_urlsafe(16)
        with self._lock:
            if len(self._cases) >= self.limits.cases:
                raise Refused(503, f"this server keeps {self.limits.cases} cases of visitors, and has no room for another at the moment", again=600, key="busy")
            kept = self._cases[case] = _Kept(self._folder / case, upload.main, self._clock())
        try:
            kept.folder.mkdir(mode=0o700)
            (kept.folder / "case").mkdir()
            for name, held in upload.files.items():
                (kept.folder / "case" / name).write_bytes(held)
            with kept.lock:
                self._started(kept)
        except OSError as error:  # no space left, too many files open
            self._forget(case)
            raise Refused(503, f"this server cannot keep a case at the moment: {error.strerror}", again=60, key="busy") from None
        except BaseException:
            self._forget(case)
            raise
        return case

    def about(self, case: str) -> dict[str, Any]:
        """Return the title and the digest that a case told when it was read. Raises KeyError when there is no such case."""
        return self._cases[case].said

    def ask(self, case: str, what: str, asked: dict[str, Any]) -> dict[str, Any]:
        """Return what the table of a case answers. Raises KeyError when there is no such case, CaseError, RunError, Refused, Mistake."""
        kept = self._cases[case]
        with kept.lock:
            if self._cases.get(case) is not kept:  # it was forgotten while the question waited
                raise KeyError(case)
            kept.asked = self._clock()
            process = kept.process if kept.process and kept.process.alive() else self._started(kept)
            try:
                return process.ask((what, asked))
            finally:
                kept.asked = self._clock()

    def sweep(self) -> None:
        """Forget the cases that nobody has used for long, and those that have been here for very long."""
        now = self._clock()
        for case, kept in list(self._cases.items()):
            if now - kept.used > self.limits.kept or now - kept.came > self.limits.longest:
                self._leave(case, kept)

    def _displace(self) -> None:
        """Forget the case that has waited longest for a first question, if that is long."""
        now = self._clock()
        for case, kept in list(self._cases.items()):  # in the order in which they came
            if kept.asked is None and now - kept.came > self.limits.unasked and self._leave(case, kept):
                return

    def _leave(self, case: str, kept: _Kept) -> bool:
        """Forget a case unless it is answering, and say whether it was forgotten."""
        if not kept.lock.acquire(blocking=False):
            return False
        self._forget(case)
        kept.lock.release()
        return True

    def close(self) -> None:
        """End all processes and remove all files."""
        for case in list(self._cases):
            self._forget(case)
        self._temporary.cleanup()

    def _started(self, kept: _Kept) -> _Process:
        """Start the process of a case whose lock is held, after ending the one that was used least lately if there are too many."""
        with self._lock:
            running = sorted((one for one in self._cases.values() if one.process and one is not kept), key=lambda one: one.used)
            excess = len(running) + 1 - self.limits.processes
            for one in running:
                excess -= excess > 0 and one.rest()
            kept.process = _Process(kept.folder, kept.main, self.limits)
        kept.said = {name: told for name, told in kept.process.hear().items() if name in ("title", "digest")}
        return kept.process

    def _forget(self, case: str) -> None:
        with self._lock:
            kept = self._cases.pop(case, None)
        if kept is not None:
            if kept.process is not None:
                kept.process.end()
            shutil.rmtree(kept.folder, ignore_errors=True)


class _Process:
    """A process that answers questions about one case."""

    def __init__(self, folder: Path, main: str, limits: Limits) -> None:
        self.limits = limits
        told = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
        told |= {"PYTHONPATH": os.pathsep.join(str(Path(entry).resolve()) for entry in sys.path if entry), "PYTHONDONTWRITEBYTECODE": "1"}
        told |= {"HOME": str(folder), "TMPDIR": str(folder)}
        case = "case" if main == "case.yaml" else f"case/{main}"
        self._process = subprocess.Popen(  # noqa: S603  # our own program, in a folder of ours
            [sys.executable, "-P", "-m", "materiel.web.confined", case, str(limits.memory), str(limits.processor)],
            cwd=folder, env=told, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip

    def alive(self) -> bool:
        """Say whether the process still answers."""
        return self._process.poll() is None

    def ask(self, question: tuple[str, dict[str, Any]]) -> dict[str, Any]:
        """Return what is answered to a question. Raises CaseError, RunError, Refused, Mistake."""
        assert self._process.stdin
        try:
            self._process.stdin.write(f"{json.dumps(question)}\n".encode())
            self._process.stdin.flush()
        except OSError:
            raise self._ended() from None
        return self.hear()

    def hear(self) -> dict[str, Any]:
        """Return the next answer. Raises like `ask`, and ends the process when it does not come in time."""
        assert self._process.stdout
        clock = threading.Timer(self.limits.seconds, self._process.kill)
        clock.daemon = True
        clock.start()
        try:
            line = self._process.stdout.readline(MOST_ANSWER)
        finally:
            clock.cancel()
        if len(line) >= MOST_ANSWER:
            self.end()
            raise Refused(422, f"the answer has more than {MOST_ANSWER / 1e6:g} MB, which is what a visitor's case may say")
        if not line.endswith(b"\n"):
            raise self._ended()
        return _answer(json.loads(line))

    def end(self) -> None:
        """End the process, whatever it is doing."""
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe:
                pipe.close()

    def _ended(self) -> Refused | Mistake:
        """Return why there is no answer: a process that was ended, by its limits or by the clock, took too much; one that ended itself has a mistake of ours."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(1)
        self.end()
        code = self._process.returncode
        return _too_much(self.limits) if code < 0 or sys.platform == "win32" else Mistake(f"the process ended with exit code {code}")


def _too_much(limits: Limits) -> Refused:
    took = f"{limits.memory / 1e9:.0f} GB of memory or {limits.seconds:.0f} seconds"
    return Refused(422, f"ended: this case takes more than {took}, which is what a visitor's case may take; run it on your own machine with `materiel run`")


def _answer(said: dict[str, Any]) -> dict[str, Any]:
    if "done" in said:
        return cast("dict[str, Any]", said["done"])
    if "problems" in said:
        raise CaseError(_problems(said["problems"]))
    if "error" in said:
        raise RunError(said["error"])
    if "memory" in said:
        raise Refused(422, "this case takes more memory than a visitor's case may take; run it on your own machine with `materiel run`")
    raise Mistake(str(said.get("mistake", "")))


def _problems(rows: Iterable[dict[str, Any]]) -> list[Problem]:
    return [Problem(Place(row["file"], row["line"], row["column"]), row["found"], row["allowed"], row["nearest"]) for row in rows]
