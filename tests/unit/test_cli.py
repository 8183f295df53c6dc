from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

import materiel
from materiel import component
from materiel.case.files import shelf
from materiel.cli import app

LINE = component.types()["lines"].example


@pytest.fixture
def case(tmp_path: Path) -> str:
    path = tmp_path / "line.yaml"
    path.write_text(LINE)
    return str(path)


def call(*arguments: str):
    return CliRunner().invoke(app, list(arguments))


def test_the_version_is_printed():
    done = call("--version")
    assert (done.exit_code, done.stdout) == (0, f"{materiel.__version__}\n")


@pytest.mark.parametrize("command", ["", "run", "check", "report", "schema", "cases", "order"])
def test_help_explains_and_exits_with_nought(command):
    done = call(*command.split(), "--help")
    assert done.exit_code == 0
    assert "Usage" in done.stdout


def test_check_says_that_there_are_no_problems(case):
    done = call("check", case)
    assert done.exit_code == 0
    assert done.stdout.startswith("line: no problems (")
    assert done.stderr == ""


def test_check_gives_plain_data(case):
    done = call("check", case, "--json")
    assert done.exit_code == 0
    found = json.loads(done.stdout)
    assert (found["case"], found["problems"], found["questions"], found["undeclared"]) == ("line", [], 1, 0)
    assert found["unit_proofs"] > 0


def test_run_prints_its_judgements(case):
    done = call("run", case, "--draws", "40", "--engine", "numpy")
    assert done.exit_code == 0
    assert "1. Shells made in the year" in done.stdout
    assert "40 draws, seed 1" in done.stdout


def test_run_gives_plain_data_and_nothing_else(case):
    done = call("run", case, "--draws", "40", "--seed", "3", "--engine", "numpy", "--json")
    assert done.exit_code == 0
    found = json.loads(done.stdout)
    assert (found["case"], found["draws"], found["seed"]) == ("line", 40, 3)
    (question,) = found["questions"]
    assert question["id"] == "made"
    assert question["p5"] < question["p50"] < question["p95"]


def test_the_same_seed_gives_the_same_answers_and_another_gives_others(case):
    def answers(seed: str) -> list[dict]:
        return json.loads(call("run", case, "--draws", "40", "--seed", seed, "--engine", "numpy", "--json").stdout)["questions"]

    assert answers("1") == answers("1")
    assert answers("1") != answers("2")


def test_order_lists_the_stages_of_a_period(case):
    done = call("order", case)
    assert done.exit_code == 0
    rows = done.stdout.splitlines()
    assert [int(row.split()[0]) for row in rows] == list(range(1, len(rows) + 1))
    plain = json.loads(call("order", case, "--json").stdout)
    assert [row["phase"] for row in plain] == [row.split()[1] for row in rows]


def test_cases_lists_what_the_shelf_holds():
    names = sorted(folder.name for folder in shelf().iterdir() if (folder / "case.yaml").is_file())
    assert call("cases").stdout.split() == names
    assert json.loads(call("cases", "--json").stdout) == names


def test_schema_is_json_schema_of_draft_seven():
    done = call("schema")
    assert done.exit_code == 0
    found = json.loads(done.stdout)
    assert found["$schema"] == "http://json-schema.org/draft-07/schema#"
    assert found["type"] == "object"


@pytest.mark.parametrize(
    "arguments",
    [
        ["run", "CASE", "--engine", "abacus"],
        ["frobnicate"],
        ["check"],
        ["run", "CASE", "--draws", "0"],
        ["run", "CASE", "--draws", "many"],
        ["run", "CASE", "--seed", "-1"],
        ["run", "CASE", "--as-of", "yesterday"],
        ["check", "CASE", "--as-of", "2023-02-30"],
        ["check", "CASE", "--frobnicate"],
    ],
    ids=" ".join,
)
def test_wrong_usage_exits_with_two(case, arguments):
    done = call(*[case if word == "CASE" else word for word in arguments])
    assert done.exit_code == 2
    assert "Traceback" not in done.output


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["check", "no-such-case"], "no-such-case:1:1: no such case"),
        (["run", "no-such-case"], "no such case"),
        (["order", "no-such-case"], "no such case"),
        (["check", "CASE", "--scenario", "peace"], "unknown scenario 'peace'"),
        (["run", "CASE", "--scenario", "peace"], "unknown scenario 'peace'"),
        (["run", "CASE", "--step", "0"], "step of 0.0 days; from 0.01 to 366 days"),
        (["run", "CASE", "--step", "nan"], "step of nan days"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_problems_exit_with_one_and_are_told(case, arguments, told):
    done = call(*[case if word == "CASE" else word for word in arguments])
    assert done.exit_code == 1
    assert told in done.stderr
    assert "Traceback" not in done.output
    assert "internal error" not in done.output


def test_run_gives_problems_as_plain_data_too(case):
    done = call("run", case, "--scenario", "peace", "--json")
    assert done.exit_code == 1
    (problem,) = json.loads(done.stdout)["problems"]
    assert problem["found"] == "unknown scenario 'peace'"


def test_units_that_do_not_fit_are_told_as_a_problem_and_not_as_a_fault(tmp_path):
    path = tmp_path / "fleet.yaml"
    path.write_text(component.types()["upgrades"].example.replace("fighter: {unit: aircraft}", "fighter: {unit: vehicle}").replace("18 aircraft", "18 vehicle"))
    done = call("check", str(path))
    assert done.exit_code == 1
    assert done.stderr.startswith("units do not fit in ")


def test_an_internal_error_exits_with_three_without_a_trace(case, monkeypatch):
    def fail(*_: object) -> None:
        raise ZeroDivisionError("for the test")

    monkeypatch.setattr("materiel.network.build", fail)
    monkeypatch.delenv("MATERIEL_DEBUG", raising=False)
    done = call("check", case)
    assert done.exit_code == 3
    assert done.stderr == "internal error: ZeroDivisionError: for the test (set MATERIEL_DEBUG=1 for the trace)\n"
