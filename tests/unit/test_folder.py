"""The folder of a run is absent, or to be resumed, or complete; whatever happens to the disk."""

from __future__ import annotations

import contextlib
import errno
import json
import os
from collections.abc import Generator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

import materiel
from materiel import disk, folder, manifest, reproduction
from materiel.cli import app
from materiel.engine.store import Store
from materiel.errors import RunError
from materiel.study import Study
from runs import examples, same_bits

LINE = examples()["lines"]
DRAWS = 4100  # two blocks
NAMES = ["manifest.json", "report.html", "results.nc"]


@pytest.fixture
def study(tmp_path: Path) -> Study:
    (tmp_path / "line.yaml").write_text(LINE, encoding="utf-8")
    return materiel.load(tmp_path / "line.yaml")


def names(path: Path) -> list[str]:
    return sorted(entry.relative_to(path).as_posix() for entry in path.rglob("*") if entry.is_file())


def of_run(output: Path) -> Path:
    (found,) = output.iterdir()
    return found


class Stop:
    """Stops a run once some runs are done."""

    def __init__(self, after: int) -> None:
        self.after = after

    def __call__(self, done: int, whole: int) -> None:
        assert whole == DRAWS
        if done > self.after:
            raise KeyboardInterrupt


def stopped(study: Study, output: Path, after: int = 4096) -> str:
    """Stop a run and return what was told."""
    with pytest.raises(KeyboardInterrupt) as stop:
        study.run(DRAWS, output=output, report=Stop(after))
    (told,) = stop.value.__notes__
    return told


def test_a_run_told_in_french_is_resumed_in_french(study: Study, tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        study.run(DRAWS, output=tmp_path / "runs", report=Stop(4096), language="fr")
    path = of_run(tmp_path / "runs")
    run = reproduction.resume(path)
    assert '<html lang="fr">' in (path / "report.html").read_text(encoding="utf-8")
    assert run.identity == study.run(DRAWS).identity, "the language is no part of what identifies a run"
    assert reproduction.reproduce(path).identical


def test_a_run_that_ends_leaves_results_report_and_manifest(study: Study, tmp_path: Path) -> None:
    run = study.run(DRAWS, output=tmp_path / "runs")
    assert run.folder == of_run(tmp_path / "runs") == tmp_path / "runs" / f"line-{run.identity}"
    assert names(run.folder) == NAMES
    kept = manifest.read(run.folder)
    assert (kept.complete, kept.sealed, kept.run, kept.name, kept.more) == (True, True, run.identity, str(study.name), {})
    assert kept.options == replace(run.options, reading=replace(run.options.reading, as_of=run.case.as_of, step=run.case.step))
    assert kept.said["laws"] == run.laws
    assert study.run(DRAWS).folder is None


def test_a_run_that_is_stopped_keeps_whole_blocks_and_says_how_to_go_on(study: Study, tmp_path: Path) -> None:
    told = stopped(study, tmp_path / "runs")
    path = of_run(tmp_path / "runs")
    assert told == f"1 of 2 blocks of draws are kept, and `materiel resume {path}` continues"
    assert [name.split(".")[0] for name in names(path)] == ["blocks/0000000000", "blocks/lock", "manifest"]
    assert not manifest.read(path).complete


def test_the_same_run_goes_on_where_it_was_stopped_and_others_have_folders_of_their_own(study: Study, tmp_path: Path) -> None:
    stopped(study, tmp_path / "runs")
    other = study.run(DRAWS, seed=2, output=tmp_path / "runs")
    told: list[int] = []
    run = study.run(DRAWS, chunk=999, output=tmp_path / "runs", report=lambda done, _: told.append(done))
    assert told[0] == 4096, "the block that was kept counts as done"
    assert run.folder is not None
    assert names(run.folder) == names(other.folder or tmp_path) == NAMES
    assert same_bits(run.questions["made"].values, study.run(DRAWS).questions["made"].values)


def test_the_folder_of_a_run_can_itself_be_given(study: Study, tmp_path: Path) -> None:
    stopped(study, tmp_path / "runs")
    path = of_run(tmp_path / "runs").rename(tmp_path / "mine")
    run = study.run(DRAWS, output=path)
    assert run.folder == path
    assert names(path) == NAMES


def test_a_whole_run_is_not_touched_until_it_has_been_made_again(study: Study, tmp_path: Path) -> None:
    path = study.run(DRAWS, output=tmp_path / "runs").folder
    assert path is not None
    before = {name: (path / name).read_bytes() for name in NAMES}
    assert stopped(study, tmp_path / "runs") == f"{path} holds this run as it was"
    assert {name: (path / name).read_bytes() for name in NAMES} == before
    (path / "report.html").write_text(before["report.html"].decode() + " ", encoding="utf-8")
    study.run(DRAWS, output=tmp_path / "runs")
    assert names(path) == NAMES
    assert {name: (path / name).read_bytes() for name in NAMES} == before


def test_blocks_of_another_program_are_not_used(study: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as other:
        other.setattr("materiel.engine.machine.program", lambda: "another")
        stopped(study, tmp_path / "runs")
    told: list[int] = []
    study.run(DRAWS, output=tmp_path / "runs", report=lambda done, _: told.append(done))
    assert told[0] < 4096


def test_the_same_case_by_another_path_goes_on_as_well(study: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stopped(study, tmp_path / "runs")
    monkeypatch.chdir(tmp_path)
    told: list[int] = []
    run = materiel.load("line.yaml").run(DRAWS, output="runs", report=lambda done, _: told.append(done))
    assert told[0] == 4096
    assert run.manifest()["path"] == "line.yaml"
    assert manifest.read(tmp_path / (run.folder or "")).name == "line.yaml"


@pytest.mark.parametrize("held", [{"notes.txt": "mine"}, {"manifest.json": "{"}, {"manifest.json": json.dumps({"run": "another"})}], ids=str)
def test_a_folder_that_holds_something_else_is_not_touched(study: Study, tmp_path: Path, held: dict[str, str]) -> None:
    path = tmp_path / "runs" / f"line-{study.run(DRAWS).identity}"
    path.mkdir(parents=True)
    for name, text in held.items():
        (path / name).write_text(text)
    with pytest.raises(RunError, match="holds something else; give another folder"):
        study.run(DRAWS, output=tmp_path / "runs")
    assert {name: (path / name).read_text() for name in names(path)} == held


def test_a_folder_of_a_run_that_was_killed_before_its_manifest_is_taken(study: Study, tmp_path: Path) -> None:
    path = tmp_path / "runs" / f"line-{study.run(DRAWS).identity}"
    (path / "blocks").mkdir(parents=True)
    (path / "blocks" / "lock").touch()
    (path / ".manifest.json.17.part").write_text("{")
    assert study.run(DRAWS, output=tmp_path / "runs").folder == path
    assert names(path) == NAMES


def test_two_runs_do_not_write_into_one_folder_at_once(study: Study, tmp_path: Path) -> None:
    second: list[str] = []

    def report(_done: int, _whole: int) -> None:
        if not second:
            with pytest.raises(RunError) as error:
                study.run(DRAWS, output=tmp_path / "runs")
            second.append(str(error.value))

    path = study.run(DRAWS, output=tmp_path / "runs", report=report).folder
    assert second == [f"{path} is being written by another run; wait until that has ended, or give another folder"]
    assert path is not None
    assert names(path) == NAMES
    study.run(DRAWS, output=tmp_path / "runs")


# Disks that are full, folders that cannot be written


@pytest.fixture
def nowhere(tmp_path: Path) -> Generator[Path]:
    """Yield a folder in which nobody can write, nor root."""
    (tmp_path / "file").write_text("")
    yield tmp_path / "file" / "runs"
    assert (tmp_path / "file").read_text() == ""


def test_a_folder_that_cannot_be_made_is_told_before_anything_is_run(study: Study, nowhere: Path) -> None:
    with pytest.raises(RunError, match=r"cannot be written: Not a directory$"):
        study.run(DRAWS, output=nowhere, report=Stop(-1))
    done = CliRunner().invoke(app, ["run", str(study.name), "--draws", "50", "-o", str(nowhere)])
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr.endswith(" cannot be written: Not a directory\n")
    assert done.stderr.count("\n") == 1


@pytest.mark.skipif(os.geteuid() == 0, reason="root writes everywhere")
def test_a_folder_without_leave_to_write_is_told(study: Study, tmp_path: Path) -> None:
    path = tmp_path / "runs"
    path.mkdir()
    path.chmod(0o500)
    with pytest.raises(RunError, match=r"cannot be written: Permission denied$"):
        study.run(DRAWS, output=path, report=Stop(-1))
    assert list(path.iterdir()) == []


@contextlib.contextmanager
def full(monkeypatch: pytest.MonkeyPatch, part: str) -> Generator[None]:
    """Let the disk be full when a file whose name holds `part` is written."""
    real = disk.replace

    def replace(path: Path, write: Any) -> None:
        def half(made: Path) -> None:
            write(made)
            made.write_bytes(made.read_bytes()[:10])
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        real(path, half if part in path.name else write)

    with monkeypatch.context() as patched:
        patched.setattr(disk, "replace", replace)
        yield


@pytest.mark.parametrize(
    ("part", "kept"),
    [("manifest", None), ("0000000000", 0), ("0000004096", 1), ("report", 2), ("results", 2)],
)  # fmt: skip
def test_a_full_disk_leaves_a_folder_that_can_be_resumed_or_none(
    study: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, part: str, kept: int | None
) -> None:
    with full(monkeypatch, part), pytest.raises(RunError) as error:
        study.run(DRAWS, output=tmp_path / "runs")
    told = str(error.value)
    assert "cannot be written: No space left on device" in told
    assert "\n" not in told
    if kept is None:
        assert list((tmp_path / "runs").iterdir()) == []
    else:
        path = of_run(tmp_path / "runs")
        assert told.endswith(f"; {kept} of 2 blocks of draws are kept, and `materiel resume {path}` continues")
        assert [name for name in names(path) if name.endswith(".part") or name in ("results.nc", *(["report.html"] if part == "report" else []))] == []
    run = study.run(DRAWS, output=tmp_path / "runs")
    assert run.folder is not None
    assert names(run.folder) == NAMES
    assert same_bits(run.questions["made"].values, study.run(DRAWS).questions["made"].values)


def test_a_disk_that_is_full_at_the_end_of_a_run_leaves_the_whole_one_as_it_was(study: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = study.run(DRAWS, output=tmp_path / "runs").folder
    assert path is not None
    before = {name: (path / name).read_bytes() for name in NAMES}
    with full(monkeypatch, "results"), pytest.raises(RunError, match=r"No space left on device; .* holds this run as it was"):
        study.run(DRAWS, output=tmp_path / "runs")
    assert {name: (path / name).read_bytes() for name in NAMES} == before


def test_a_run_that_is_saved_is_whole(study: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = study.run(100)
    with full(monkeypatch, "results"), pytest.raises(RunError, match="cannot be written: No space left on device"):
        run.save(tmp_path / "mine")
    assert names(tmp_path / "mine") == []
    run.save(tmp_path / "mine")
    assert names(tmp_path / "mine") == ["manifest.json", "results.nc"]
    assert manifest.read(tmp_path / "mine").complete


def test_what_lies_on_disk_of_a_run_is_named_in_one_place() -> None:
    assert {folder.RESULTS, folder.REPORT, manifest.NAME} == set(NAMES)
    assert Store(Path("runs")).folder == Path("runs/blocks")
