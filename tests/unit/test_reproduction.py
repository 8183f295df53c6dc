"""A run that a folder keeps is made again: identical to the last bit, or whatever differs is named."""

from __future__ import annotations

import json
import re
import shutil
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import xarray
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

import materiel
from materiel import manifest, reproduction
from materiel.case.schema import Question
from materiel.cli import app
from materiel.errors import RunError
from materiel.evidence import grades
from materiel.study import Run, Study
from runs import examples

LINE = examples()["lines"]
DRAWS = 300


def written(folder: Path) -> Path:
    """Return a folder with a case."""
    folder.mkdir()
    (folder / "case.yaml").write_text(LINE, encoding="utf-8")
    (folder / "questions.more.yaml").write_text("left: {text: Fuzes, total: north.supplies.fuzes.comes, end: 2023-06-30}\n", encoding="utf-8")
    return folder


@pytest.fixture
def where(tmp_path: Path) -> Path:
    return written(tmp_path / "line")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return kept(written(tmp_path_factory.mktemp("made") / "line"))


@pytest.fixture
def folder(made: Path, tmp_path: Path) -> Path:
    """Return the folder of a run whose case nobody changes."""
    return shutil.copytree(made, tmp_path / "run")


def kept(where: Path, **options: Any) -> Path:
    """Return the folder of a run of a case."""
    run = materiel.load(where).run(**{"draws": DRAWS, "output": where.parent / "runs"} | options)
    assert run.folder is not None
    return run.folder


def invoke(*arguments: str | Path):
    return CliRunner().invoke(app, list(map(str, arguments)))


def rewrite(folder: Path, reseal: bool, **changes: Any) -> None:
    """Change a manifest by hand, or as whoever knows how it is sealed."""
    path = folder / "manifest.json"
    said = json.loads(path.read_text()) | changes
    path.write_text(manifest.sealed(said) if reseal else json.dumps(said), encoding="utf-8")


def test_a_run_made_again_is_identical(where: Path) -> None:
    folder = kept(where)
    done = invoke("reproduce", folder)
    assert (done.exit_code, done.stderr) == (0, "")
    assert done.stdout == f"identical: run {materiel.load(where).run(DRAWS).identity}, compared bit by bit: 2 answers, 1 curve, 2 coordinates, 3 laws\n"
    found = json.loads(invoke("reproduce", folder, "--json").stdout)
    assert (found["identical"], found["changed"], found["differ"], found["made_on"]) == (True, [], [], {})
    assert found["compared"] == {"answer": 2, "curve": 1, "coordinate": 2, "law": 3}


OPTIONS: list[dict[str, Any]] = [
    {"seed": 7, "engine": "numpy", "step": 2.0}, {"chunk": 7}, {"only": ["left"]}, {"as_of": "2023-03-01", "rules": "equal", "independent": True},
]  # fmt: skip


@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_every_option_is_in_the_manifest(where: Path, options: dict[str, Any]) -> None:
    folder = kept(where, **options)
    assert reproduction.reproduce(folder).identical
    assert reproduction.repeat(folder).identity == manifest.read(folder).run


def test_questions_asked_besides_those_of_the_case_are_in_the_manifest(where: Path) -> None:
    asked = Question.model_validate({"text": "Shells", "value": "north.stockpiles.shell.held", "at": "2023-05-01", "if": ""})
    run = Study(where, {"shells": asked}).run(DRAWS, output=where.parent / "runs")
    assert run.identity != materiel.load(where).run(DRAWS).identity
    assert run.folder is not None
    assert reproduction.reproduce(run.folder).identical
    assert "shells" in reproduction.repeat(run.folder).questions


def test_the_chunk_is_no_part_of_what_a_run_is(where: Path) -> None:
    assert kept(where, chunk=7) == kept(where, chunk=1000)


# What differs is named


def tamper(folder: Path, name: str, change: Callable[[Any], Any]) -> None:
    path = folder / "results.nc"
    data = xarray.load_dataset(path, engine="h5netcdf")
    data[name].values[...] = change(data[name].values)
    data.to_netcdf(path, engine="h5netcdf")


def next_float(value: float, steps: int = 1) -> float:
    (bits,) = struct.unpack("<q", struct.pack("<d", value))
    return struct.unpack("<d", struct.pack("<q", bits + steps))[0]


def differs(folder: Path) -> reproduction.Reproduction:
    """Return what `reproduce` says of a run that is not what it was."""
    done = invoke("reproduce", folder, "--json")
    assert (done.exit_code, done.stderr) == (1, "")
    said = json.loads(done.stdout)
    found = reproduction.Reproduction(**said | {"differ": [reproduction.Part(**part) for part in said["differ"]]})
    assert not found.identical
    return found


def test_what_differs_is_printed(folder: Path) -> None:
    tamper(folder, "made", lambda values: np.where(np.arange(DRAWS) == 41, np.nextafter(values, np.inf), values))
    laws = json.loads((folder / "manifest.json").read_text())["laws"]
    rewrite(folder, reseal=False, laws=laws | {"items.shell": 0.25, "items.tank": 0.0})
    done = invoke("reproduce", folder)
    assert (done.exit_code, done.stderr) == (1, "")
    first, changed, answer, shell, tank = done.stdout.splitlines()
    assert first.startswith("differs: run ")
    assert changed == "  manifest.json: changed by hand since the run"
    assert re.fullmatch(r"  answer made: 1 of 300 numbers, by at most 1 unit of the last place \([12]e-16 of the value\), first the one at 41", answer)
    assert re.fullmatch(r"  law items\.shell: 1 of 1 number, by at most \S+ units of the last place \(1 of the value\)", shell)
    assert tank == "  law items.tank: only in the run that was kept"


@pytest.mark.parametrize("steps", [1, -3, 4096])
def test_one_bit_of_one_draw_is_found(folder: Path, steps: int) -> None:

    def change(values: Any) -> Any:
        values[41] = next_float(values[41], steps)
        return values

    tamper(folder, "made", change)
    found = differs(folder)
    (part,) = found.differ
    assert (part.name, part.kind, part.count, part.differ, part.units, part.first) == ("made", "answer", DRAWS, 1, abs(steps), 41)
    assert part.relative == pytest.approx(abs(steps) * 2.0**-52, rel=1.0)
    assert found.changed == []


@pytest.mark.parametrize(("value", "units"), [(np.inf, 2.0**50), (np.nan, 2.0**50), (-1.0, 2.0**62), (0.0, 2.0**61)])
def test_numbers_that_are_far_apart_are_measured_without_overflow(folder: Path, value: float, units: float) -> None:
    tamper(folder, "made_over_time", lambda values: np.where(values == values.max(), value, values))
    (part,) = differs(folder).differ
    assert (part.name, part.kind) == ("made_over_time", "curve")
    assert part.units > units
    assert part.relative > 0.9


def test_a_nought_below_nought_is_found(folder: Path) -> None:
    laws = json.loads((folder / "manifest.json").read_text())["laws"]
    assert laws["no negative level"] == 0.0
    rewrite(folder, reseal=True, laws=laws | {"no negative level": -0.0})
    (part,) = differs(folder).differ
    assert (part.name, part.differ, part.units, part.relative) == ("no negative level", 1, 0.0, 0.0)


def test_dates_units_and_whole_series_are_compared(folder: Path) -> None:
    path = folder / "results.nc"
    data = xarray.load_dataset(path, engine="h5netcdf")
    data["made"].attrs["units"] = "round"
    data["extra"] = ("draw", np.zeros(DRAWS))
    data = data.drop_vars("left").assign_coords(boundary=data["boundary"] + np.timedelta64(1, "D"))
    data.to_netcdf(path, engine="h5netcdf")
    found = {part.name: part for part in differs(folder).differ}
    assert set(found) == {"made", "extra", "left", "boundary"}
    assert found["made"].what == "units 'round' before, 'kround' now"
    assert found["extra"].what == "only in the run that was kept"
    assert found["left"].what == "only in the run made now"
    assert found["boundary"].differ == found["boundary"].count


def test_fewer_draws_are_found(folder: Path) -> None:
    xarray.load_dataset(folder / "results.nc", engine="h5netcdf").isel(draw=slice(100)).to_netcdf(folder / "results.nc", engine="h5netcdf")
    assert {part.name: part.what for part in differs(folder).differ}["made"] == "(100,) numbers float64 before, (300,) float64 now"


def test_attributes_of_results_are_those_of_the_manifest(folder: Path) -> None:
    with h5py.File(folder / "results.nc", "a") as file:
        file.attrs["seed"] = "2"
        file.attrs["title"] = "Another"
    found = differs(folder)
    assert found.changed == ["results.nc: says seed '2', not '1'", "results.nc: says title 'Another', not 'A line whose fuzes are scarce'"]


CHANGES: list[dict[str, Any]] = [
    {"seed": 2}, {"draws": 200}, {"engine": "numpy"}, {"laws": {}}, {"rules": "equal"}, {"step": 2.0}, {"as_of": "2023-02-01"}, {"numpy": "1.0"}, {"more": {"early": {"text": "Early", "total": "north.supplies.fuzes.comes", "end": "2023-03-01"}}},
    {"run": "0123456789abcdef"}, {"case_sha256": "0" * 64}, {"files": {}}, {"version": "9"}, {"only": ["made"]}, {"note": "added"}, {"rules_sha256": "0" * 64},
]  # fmt: skip


@pytest.mark.parametrize("changes", CHANGES, ids=str)
def test_a_manifest_that_was_changed_by_hand_is_found(folder: Path, changes: dict[str, Any]) -> None:
    rewrite(folder, reseal=False, **changes)
    assert differs(folder).changed[0] == "manifest.json: changed by hand since the run"


RESEALED = [one for one in CHANGES if not {"numpy", "version", "note"} & one.keys()]


@pytest.mark.parametrize("changes", RESEALED, ids=str)
def test_what_a_manifest_says_of_the_numbers_is_held_to_them(folder: Path, changes: dict[str, Any]) -> None:
    """Whoever forges the seal as well is found out by the numbers, or by what results.nc says."""
    rewrite(folder, reseal=True, **changes)
    found = differs(folder)
    assert "manifest.json: changed by hand since the run" not in found.changed
    assert found.changed or found.differ


def test_one_law_that_differs_is_found(folder: Path) -> None:
    laws = json.loads((folder / "manifest.json").read_text())["laws"]
    rewrite(folder, reseal=True, laws=laws | {"items.shell": next_float(laws["items.shell"])})
    (part,) = differs(folder).differ
    assert (part.name, part.kind, part.units) == ("items.shell", "law", 1.0)


def test_files_of_the_case_that_changed_are_named_and_the_run_is_made_all_the_same(where: Path) -> None:
    folder = kept(where)
    with (where / "case.yaml").open("a", encoding="utf-8") as file:
        file.write("\nsummary: nothing that matters\n")
    (where / "questions.more.yaml").rename(where / "questions.yaml")
    found = differs(folder)
    assert found.changed == ["case.yaml: changed", "questions.more.yaml: gone", "questions.yaml: new"]
    assert found.differ == []


def test_a_case_that_moved_can_be_named(where: Path) -> None:
    folder = kept(where)
    moved = where.rename(where.parent / "moved")
    assert invoke("reproduce", folder).exit_code == 1
    assert "no such case" in invoke("reproduce", folder).stderr
    assert invoke("reproduce", folder, "--case", moved).exit_code == 0


def test_rules_of_a_file_that_changed_are_named(where: Path, tmp_path: Path) -> None:
    mine = tmp_path / "mine.yaml"
    rules = grades.rule().model_dump() | {"name": "mine"}
    mine.write_text(yaml.safe_dump(rules), encoding="utf-8")
    folder = kept(where, rules=str(mine))
    assert reproduction.reproduce(folder).identical
    mine.write_text(yaml.safe_dump(rules | {"title": "Other rules"}), encoding="utf-8")
    assert differs(folder).changed == [f"rules {mine}: changed"]
    with pytest.raises(RunError, match="the rules or the program have changed"):
        reproduction.repeat(folder)


def test_what_it_was_made_on_is_told_and_condemns_nothing(folder: Path) -> None:
    said = json.loads((folder / "manifest.json").read_text())
    before = {"numpy": "1.26.0", "python": "3.9.1", "machines": ["aarch64, NEON, 4 draws wide"], "program_sha256": "0" * 64}
    (folder / "manifest.json").write_text(manifest.sealed(said | before), encoding="utf-8")
    data = xarray.load_dataset(folder / "results.nc", engine="h5netcdf")
    data.attrs |= {"numpy": "1.26.0", "python": "3.9.1", "machines": json.dumps(before["machines"]), "program_sha256": "0" * 64}
    data.to_netcdf(folder / "results.nc", engine="h5netcdf")
    found = reproduction.reproduce(folder)
    assert found.identical
    assert {name: old for name, (old, _) in found.made_on.items()} == {
        "numpy": "1.26.0", "python": "3.9.1", "machines": "aarch64, NEON, 4 draws wide", "program_sha256": "0" * 40,
    }  # fmt: skip
    assert f"made on numpy 1.26.0, now {np.__version__}" in invoke("reproduce", folder).stdout


@pytest.mark.parametrize("damage", [lambda path: path.unlink(), lambda path: path.write_bytes(b"no"), lambda path: path.write_bytes(path.read_bytes()[:2000])])
def test_results_that_cannot_be_read_are_told(folder: Path, damage: Callable[[Path], object]) -> None:
    damage(folder / "results.nc")
    done = invoke("reproduce", folder)
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr.startswith(f"{folder}/results.nc cannot be read: ")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("command", ["reproduce", "resume"])
@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"as_of": 3}', "\x00", None])
def test_a_folder_that_keeps_no_run_is_told(tmp_path: Path, command: str, text: str | None) -> None:
    if text is not None:
        (tmp_path / "manifest.json").write_text(text, encoding="utf-8")
    done = invoke(command, tmp_path)
    assert (done.exit_code, done.stdout, done.stderr) == (1, "", f"{tmp_path} keeps no run of this version\n")


WRONG = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-2, 3),
    st.text(max_size=3),
    st.lists(st.integers(), max_size=2),
    st.dictionaries(st.text(max_size=2), st.none(), max_size=1),
)


@settings(max_examples=25)
@given(key=st.sampled_from(["as_of", "draws", "seed", "engine", "only", "scenario", "rules", "drop", "independent", "silent", "path", "more", "files", "status", "run", "step"]), value=WRONG)  # fmt: skip
def test_whatever_a_manifest_says_ends_in_a_sentence(tmp_path_factory: pytest.TempPathFactory, key: str, value: Any) -> None:
    base = tmp_path_factory.getbasetemp() / "said"
    if not base.exists():
        base.mkdir()
        (base / "line.yaml").write_text(LINE, encoding="utf-8")
        materiel.load(base / "line.yaml").run(20, engine="numpy").save(base / "run")
    text = (base / "run" / "manifest.json").read_text()
    try:
        for command in ("reproduce", "resume"):
            rewrite(base / "run", reseal=True, **{"status": "complete" if command == "reproduce" else "running", key: value})
            done = invoke(command, base / "run")
            assert done.exit_code in (0, 1), done.output
            assert "internal error" not in done.output
    finally:
        (base / "run" / "manifest.json").write_text(text)
        for left in base.glob("run/*"):
            if left.name not in ("manifest.json", "results.nc"):
                (left.unlink if left.is_file() else left.rmdir)()


# Going on with a run


def stopped(where: Path) -> Path:
    def stop(done: int, _whole: int) -> None:
        if done > 4096:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        materiel.load(where).run(4100, output=where.parent / "runs", report=stop)
    (folder,) = (where.parent / "runs").iterdir()
    return folder


def test_a_run_that_was_stopped_is_finished_as_if_it_had_not_been(where: Path) -> None:
    folder = stopped(where)
    done = invoke("resume", folder, "--chunk", "777")
    assert (done.exit_code, done.stderr) == (0, "")
    assert done.stdout.endswith(f"report: {folder}/report.html\n")
    whole: Run = materiel.load(where).run(4100, output=where.parent / "others")
    assert whole.folder is not None
    for name in ("results.nc", "manifest.json", "report.html"):
        assert (folder / name).read_bytes() == (whole.folder / name).read_bytes(), name
    again = invoke("resume", folder)
    assert (again.exit_code, again.stderr) == (1, f"{folder} keeps a whole run; there is nothing to resume\n")


def test_a_run_that_has_not_ended_is_not_reproduced(where: Path) -> None:
    folder = stopped(where)
    done = invoke("reproduce", folder)
    assert (done.exit_code, done.stderr) == (1, f"{folder} keeps a run that has not ended; `materiel resume {folder}` ends it\n")


def test_nothing_is_mixed_from_two_cases_rules_or_programs(where: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = stopped(where)

    def told() -> str:
        done = invoke("resume", folder)
        assert (done.exit_code, done.stdout) == (1, "")
        return done.stderr.removeprefix(f"{folder}: ").removesuffix(", so that it cannot be resumed\n")

    with monkeypatch.context() as other:
        other.setattr("materiel.engine.machine.program", lambda: "another" * 8)
        assert told().startswith("the program has changed since this run began (program_sha256 ")
    with monkeypatch.context() as other:
        other.setattr("materiel.engine.machine.versions", lambda: {"python": "3.9.0", "numpy": "1.0", "llvmlite": "0.1"})
        assert "numpy" in told()
    text = (folder / "manifest.json").read_text()
    rewrite(folder, reseal=False, seed=2)
    assert told() == "its manifest has been changed by hand, so that the run cannot be resumed\n"
    rewrite(folder, reseal=True, seed=2)
    assert told() == "the rules have changed since this run began"
    (folder / "manifest.json").write_text(text)
    with (where / "case.yaml").open("a", encoding="utf-8") as file:
        file.write("\n")
    assert told() == f"the files of {where} have changed since this run (case.yaml)"
