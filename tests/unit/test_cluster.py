"""Draws that are run by a Dask cluster have the numbers of those run at home, whatever dies on the way."""

from __future__ import annotations

import os
import shutil
import signal
import sys
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cloudpickle
import pytest
import yaml
from distributed import Client
from typer.testing import CliRunner

import materiel
from materiel.case.files import shelf
from materiel.case.schema import Question
from materiel.cli import app
from materiel.engine import cluster
from materiel.engine.ensemble import Pass, Settings
from materiel.errors import RunError
from materiel.evidence import grades
from materiel.study import Study
from runs import examples

LINE = examples()["lines"]
DRAWS = 9000  # three blocks


@pytest.fixture(scope="module")
def client() -> Generator[Client]:
    with cluster.connected("local:2") as made:
        yield made


@pytest.fixture
def where(tmp_path: Path) -> Path:
    """Return a case of several files, with a scenario, an observed day and rules of its own."""
    folder = tmp_path / "line"
    folder.mkdir()
    (folder / "case.yaml").write_text(f"{LINE}\nscenarios: {{few: {{text: Few fuzes, set: {{north.supplies.fuzes.rate: {{base: 80 to 120 fuze/day, because: a test}}}}}}}}\n", encoding="utf-8")  # fmt: skip
    (folder / "questions.more.yaml").write_text("few: {text: Fuzes, total: north.supplies.fuzes.comes, end: 2023-06-30, with: few}\n", encoding="utf-8")
    return folder


def held(folder: Path | None) -> dict[str, bytes]:
    assert folder is not None
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


def test_a_cluster_gives_the_bytes_of_a_run_at_home(client: Client, where: Path, tmp_path: Path) -> None:
    mine = tmp_path / "mine.yaml"
    mine.write_text(yaml.safe_dump(grades.rule().model_dump() | {"name": "mine"}), encoding="utf-8")
    asked = Question.model_validate({"text": "Shells", "value": "north.stockpiles.shell.held", "at": "2023-05-01"})
    study, told = Study(where, {"shells": asked}), list[int]()
    options: dict[str, Any] = {"draws": DRAWS, "seed": 3, "rules": str(mine), "step": 2.0}
    home = study.run(**options, output=tmp_path / "home")
    away = study.run(**options, output=tmp_path / "away", chunk=700, client=client, report=lambda done, _: told.append(done))
    assert list(held(home.folder)) == list(held(away.folder))
    assert held(home.folder) == held(away.folder)
    assert told[-1] == 2 * DRAWS
    assert len(told) == 3


def test_what_a_cluster_left_undone_is_finished_at_home_and_the_other_way_round(client: Client, where: Path, tmp_path: Path) -> None:
    def stop(done: int, _whole: int) -> None:
        if done > 2 * 4096:
            raise KeyboardInterrupt

    study = materiel.load(where)
    home = study.run(DRAWS, output=tmp_path / "home")
    for first, second in ((client, None), (None, client)):
        with pytest.raises(KeyboardInterrupt):
            study.run(DRAWS, output=tmp_path / "runs", client=first, report=stop)
        assert held(study.run(DRAWS, output=tmp_path / "runs", client=second).folder) == held(home.folder)
        shutil.rmtree(tmp_path / "runs")


def test_a_cluster_that_has_nothing_left_to_do_ends(client: Client) -> None:
    assert list(cluster.work(client, Poison(), [])([], lambda _: None)) == []


def test_workers_with_another_program_are_refused(client: Client, where: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("materiel.engine.machine.program", lambda: "another")
    with pytest.raises(RunError, match="a worker of the cluster has another version of materiel than this one"):
        materiel.load(where).run(100, client=client)


def test_a_case_that_changes_while_it_is_run_is_refused(client: Client, where: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("materiel.preparation.contents", lambda _: {"case.yaml": LINE.replace("800 to 1200", "900 to 1200").encode()})
    with pytest.raises(RunError, match="the files of line have changed since this run began"):
        materiel.load(where).run(100, client=client)


def test_a_cluster_without_materiel_is_told_before_anything_of_it_is_sent(client: Client, where: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker that cannot read its task would die of it, and another after it."""
    monkeypatch.setattr(client, "run", lambda *asked: dict.fromkeys(["tcp://there"], None if asked[1] == "materiel" else b""))
    with pytest.raises(RunError, match="the cluster has no materiel; its scheduler and its workers need the packages that this machine has"):
        materiel.load(where).run(100, client=client)


def call(*arguments: str):
    return CliRunner().invoke(app, list(arguments))


def test_the_command_line_runs_on_a_cluster_by_its_address(client: Client, where: Path) -> None:
    home, away = (call("run", str(where), "--draws", "5000", *more) for more in ([], ["--cluster", client.scheduler.address]))
    assert (away.exit_code, away.stderr) == (0, "")
    assert away.stdout.splitlines()[:-1] == home.stdout.splitlines()[:-1]


@pytest.mark.parametrize("address", ["local:", "local:0", "local:two", "local"])
def test_a_wrong_number_of_processes_is_told(where: Path, address: str) -> None:
    done = call("run", str(where), "--cluster", address)
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr == f"cluster {address!r}; local:N with the number of processes, or the address of a scheduler\n"


@pytest.mark.parametrize("address", ["127.0.0.1:1", "nonsense://here", "no-such-host.invalid:8786"])
def test_a_cluster_that_does_not_answer_is_told(where: Path, address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster, "WAIT", 1)
    done = call("run", str(where), "--cluster", address)
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr.startswith(f"no cluster answers at {address}: ")
    assert done.stderr.count("\n") == 1


def test_without_the_extra_one_sentence_says_what_is_missing(where: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    done = call("run", str(where), "--cluster", "local:2")
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr == "a cluster needs the extra `cluster`: pip install 'materiel[cluster]'\n"


# Workers that die


def killed(case: str | Path, draws: int, kills: int, tmp_path: Path) -> None:
    """Run a case on processes of which one after the other is killed."""
    with cluster.connected("local:2") as client:
        left = [kills]

        def kill(_done: int, _whole: int) -> None:
            if left[0]:
                left[0] -= 1
                pids: dict[str, int] = client.run(os.getpid)
                os.kill(min(pids.values()), signal.SIGKILL)

        away = materiel.load(case).run(draws, output=tmp_path / "away", client=client, report=kill)
    assert left == [0]
    assert held(away.folder) == held(materiel.load(case).run(draws, output=tmp_path / "home").folder)


@pytest.mark.proof
def test_workers_that_are_killed_cost_nothing_but_time(where: Path, tmp_path: Path) -> None:
    killed(where, 60_000, 3, tmp_path)


@pytest.mark.proof
@pytest.mark.parametrize("case", sorted(folder.name for folder in shelf().iterdir()))
def test_workers_that_are_killed_cost_a_shipped_case_nothing_but_time(case: str, tmp_path: Path) -> None:
    killed(case, 20_000, 2, tmp_path)


@dataclass(frozen=True)
class Poison:
    """What kills every worker that touches it."""

    key: str = "poison"

    def make(self) -> tuple[list[Pass], Settings]:
        os.kill(os.getpid(), signal.SIGKILL)
        raise AssertionError


@pytest.mark.proof
def test_draws_on_which_every_worker_dies_are_given_up() -> None:
    cloudpickle.register_pickle_by_value(sys.modules[__name__])
    with cluster.connected("local:2") as client:
        work = cluster.work(client, Poison(), [])
        with pytest.raises(RunError, match="died one after the other on the same draws"):
            list(work([range(4096)], lambda _: None))
    cloudpickle.unregister_pickle_by_value(sys.modules[__name__])
