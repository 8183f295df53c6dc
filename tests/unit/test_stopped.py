"""Runs that are killed, stopped, or run out of disk, as real processes."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

import materiel
from materiel import reproduction
from runs import examples

LINE = examples()["lines"]
DRAWS = 60_000  # fifteen blocks
ENTRY = [sys.executable, "-c", "from materiel.cli import app; app()"]
PATIENCE = 120
"""Seconds after which a process is given up."""

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals of Unix")


def start(*arguments: str | Path, before: str = "", **options: object) -> subprocess.Popen[str]:
    """Start the command line, after some statements."""
    entry = [*ENTRY[:2], f"{before}\n{ENTRY[2]}"]
    return subprocess.Popen([*entry, *map(str, arguments)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options)  # type: ignore[call-overload]  # noqa: S603


def blocks(runs: Path) -> list[Path]:
    return sorted(runs.glob("*/blocks/*.npz"))


def stop(process: subprocess.Popen[str], number: signal.Signals, when: Callable[[], bool]) -> tuple[int, str, str]:
    """Send a signal to a process once something holds; return its exit code and what it printed."""
    until = time.monotonic() + PATIENCE
    while not when():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < until, "nothing happened"
        time.sleep(0.005)
    process.send_signal(number)
    began = time.monotonic()
    printed = process.communicate(timeout=PATIENCE)
    assert time.monotonic() - began < 5, "threads were waited for"
    return process.returncode, *printed


def finished(*arguments: str | Path, before: str = "") -> tuple[int, str, str]:
    with start(*arguments, before=before) as process:
        printed = process.communicate(timeout=PATIENCE)
        return process.returncode, *printed


def held(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


@pytest.fixture
def case(tmp_path: Path) -> Path:
    path = tmp_path / "line.yaml"
    path.write_text(LINE, encoding="utf-8")
    return path


def killed_and_resumed(case: Path | str, draws: int, runs: Path, kills: int) -> None:
    """Kill a run again and again, each time when more is kept; finish it; and hold it to one that nobody touched."""
    for _ in range(kills):
        before = len(blocks(runs))
        arguments = ["resume", *runs.iterdir()] if before else ["run", case, "--draws", draws, "-o", runs]
        with start(*arguments) as process:
            code, _, _ = stop(process, signal.SIGKILL, lambda: len(blocks(runs)) > before)  # noqa: B023
        assert code == -signal.SIGKILL
    (folder,) = runs.iterdir()
    assert "results.nc" not in held(folder)
    kept = {path: path.stat().st_mtime_ns for path in blocks(runs)}
    assert kept
    code, printed, told = finished("resume", folder)
    assert (code, told) == (0, "")
    assert printed.endswith(f"report: {folder}/report.html\n")
    whole = materiel.load(case).run(draws, output=runs.parent / "whole").folder
    assert whole is not None
    assert held(folder) == held(whole)
    assert sorted(held(folder)) == ["manifest.json", "report.html", "results.nc"]


def test_a_run_that_is_killed_is_resumed_to_the_same_bytes(case: Path, tmp_path: Path) -> None:
    killed_and_resumed(case, DRAWS, tmp_path / "runs", kills=1)


@pytest.mark.proof
@pytest.mark.parametrize(("case", "draws"), [("dprk-2023", 30_000), ("britain-1915", 30_000)])
def test_a_shipped_case_that_is_killed_is_resumed_to_the_same_bytes(case: str, draws: int, tmp_path: Path) -> None:
    killed_and_resumed(case, draws, tmp_path / "runs", kills=4)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_run_that_is_stopped_says_in_one_line_how_to_go_on(case: Path, tmp_path: Path, number: signal.Signals, code: int) -> None:
    runs = tmp_path / "runs"
    with start("run", case, "--draws", DRAWS, "-o", runs) as process:
        found, printed, told = stop(process, number, lambda: len(blocks(runs)) > 0)
    (folder,) = runs.iterdir()
    assert (found, printed) == (code, "")
    assert told == f"stopped; {len(blocks(runs))} of 15 blocks of draws are kept, and `materiel resume {folder}` continues\n"
    assert sorted(held(folder)) == ["manifest.json"]


def test_a_run_without_a_folder_that_is_stopped_leaves_nothing(case: Path, tmp_path: Path) -> None:
    begun = time.monotonic()
    with start("run", case, "--draws", 10 * DRAWS, cwd=tmp_path) as process:
        assert stop(process, signal.SIGINT, lambda: time.monotonic() > begun + 2.5) == (130, "", "stopped\n")
    assert list(tmp_path.iterdir()) == [case]


FULL = "import resource, signal\nsignal.signal(signal.SIGXFSZ, signal.SIG_IGN)\nresource.setrlimit(resource.RLIMIT_FSIZE, ({0}, {0}))"
"""Lets the system refuse to write more than some bytes of a file, as on a disk that is full."""


@pytest.mark.parametrize(("most", "kept"), [(500, None), (3000, "0 of 1"), (15_000, "1 of 1")], ids=["manifest", "block", "report"])
def test_a_disk_that_is_full_is_told_in_one_line_and_the_run_can_go_on(case: Path, tmp_path: Path, most: int, kept: str | None) -> None:
    runs, draws = tmp_path / "runs", 50
    whole = materiel.load(case).run(draws, output=tmp_path / "whole").folder
    assert whole is not None
    code, printed, told = finished("run", case, "--draws", draws, "-o", runs, before=FULL.format(most))
    assert (code, printed) == (1, "")
    assert "cannot be written: File too large" in told
    assert told.count("\n") == 1
    if kept is None:
        assert list(runs.iterdir()) == []
        return
    (folder,) = runs.iterdir()
    assert told.endswith(f"{kept} blocks of draws are kept, and `materiel resume {folder}` continues\n")
    assert not list(folder.rglob("*.part"))
    assert list(held(folder)) == ["manifest.json"]
    reproduction.resume(folder)
    assert held(folder) == held(whole)


def test_progress_rate_and_time_left_are_shown_on_a_terminal(case: Path) -> None:
    """Elsewhere nothing is shown: see what the runs above told."""
    import pty

    master, slave = pty.openpty()
    with subprocess.Popen(  # noqa: S603
        [*ENTRY, "run", str(case), "--draws", str(DRAWS)], stdout=subprocess.PIPE, stderr=slave, env=os.environ | {"TERM": "xterm", "COLUMNS": "100"}
    ) as process:
        os.close(slave)
        shown = b""
        with contextlib.suppress(OSError):  # the other end is closed
            while part := os.read(master, 4096):
                shown += part
        os.close(master)
        printed = process.communicate(timeout=PATIENCE)[0]
    assert process.returncode == 0
    assert b"runs/s" not in printed
    for word in ("running", " runs/s", "%", "0:00:0"):
        assert word in shown.decode()
