from __future__ import annotations

import datetime
import json
import re
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

import materiel
from materiel import component
from materiel.case.checks import unheard
from materiel.case.files import shelf
from materiel.case.loading import load
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


@pytest.mark.parametrize(
    "command",
    [
        "",
        "run",
        "resume",
        "reproduce",
        "why",
        "examine",
        "compare",
        "solve",
        "forecast",
        "score",
        "sources",
        "check",
        "report",
        "serve",
        "schema",
        "cases",
        "order",
    ],
)
def test_help_explains_and_exits_with_nought(command):
    done = call(*command.split(), "--help")
    assert done.exit_code == 0
    assert "Usage" in done.stdout


def test_what_is_shown_of_the_first_year_of_a_long_case_has_a_chart(tmp_path):
    path = tmp_path / "line.yaml"
    path.write_text(LINE.replace("end: 2023-12-31", "end: 2323-12-31"))
    done = call("run", str(path), "--draws", "20", "--output", str(tmp_path / "runs"))
    assert (done.exit_code, done.stderr) == (0, "")
    assert "<svg" in next((tmp_path / "runs").rglob("report.html")).read_text()


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


EVIDENCE = """
format: 1
title: A store of which some speak
start: 2023-01-01
end: 2023-12-31
as_of: 2023-08-15
items: {shell: {unit: round}}
actors:
  north:
    stockpiles:
      shell: {item: shell, initial: {base: 1 to 2 Mround, because: a guess, claims: [paper, echo, odd, odder]}}
publishers:
  press: {name: The Press, reliability: C}
sources:
  times: {publisher: press, title: "An article: {50 %} & more", published: 2023-02-01, author: ["Doe, Jane"], url: "https://example.org/a_b"}
  white: {publisher: The Ministry, title: White paper, published: 2023-02-01, reliability: A, type: report}
  gossip: {publisher: The Market, title: Gossip, published: 2023-02-01, reliability: E}
origins:
  agency: {title: An agency}
claims:
  paper: {source: times, statement: many, known: 2023-02-01, published: 2023-02-01, kind: reported, credibility: 3, value: 100 to 200 Mround, origin: agency}
  echo: {source: white, statement: many, known: 2023-02-02, published: 2023-02-02, kind: reported, credibility: 3, value: 100 to 200 Mround, origin: agency}
  odd: {source: white, statement: few, known: 2023-02-01, published: 2023-02-01, kind: reported, credibility: 5, value: 10 to 20 round}
  odder: {source: gossip, statement: few, known: 2023-02-01, published: 2023-02-01, kind: reported, credibility: 1, value: 10 to 20 round}
  later: {source: times, statement: none, known: 2023-09-01, published: 2023-09-01, kind: reported, credibility: 3}
questions:
  held: {text: Rounds held, value: north.stockpiles.shell.held, at: 2023-08-31, threshold: {above: 50 Mround}, judgement: more than fifty million are held, key: true}
"""


@pytest.fixture
def evidence(tmp_path: Path) -> str:
    path = tmp_path / "evidence.yaml"
    path.write_text(EVIDENCE, encoding="utf-8")
    return str(path)


def test_the_default_rules_are_those_of_the_grades():
    from materiel.commands import arguments
    from materiel.evidence import grades

    assert grades.DEFAULT == arguments.DEFAULT
    assert arguments.DEFAULT in grades.rules()


def probabilities(*arguments: str) -> tuple[float, float]:
    """Return the probability under the default reading and under the one asked for."""
    done = call("run", *arguments, "--draws", "2000", "--json")
    assert done.exit_code == 0, done.output
    after = json.loads(done.stdout)
    return after["before"]["questions"][0]["probability"], after["questions"][0]["probability"]


@pytest.mark.parametrize(
    ("arguments", "evidence_line", "before", "after"),
    [
        (["--drop", "agency"], "without agency", 1 / 2.7, 0),  # base 1, agency 1.0 (C3), white 1.5 * 0.2, gossip 0.2 * 2
        (["--drop", "times"], "without times", 1 / 2.7, 1.5 / 3.2),  # what is left of the agency is graded as the white paper
        (["--drop", "press"], "without press", 1 / 2.7, 1.5 / 3.2),
        (["--drop", "white", "--drop", "gossip"], "without white, gossip", 1 / 2.7, 1 / 2),
        (["--drop", "paper"], "without paper", 1 / 2.7, 1.5 / 3.2),
        (["--rules", "equal"], "rules equal", 1 / 2.7, 1 / 4),
        (["--rules", "strict"], "rules strict", 1 / 2.7, 1 / 2),
        (["--treat-as-independent"], "every claim taken for independent", 1 / 2.7, 2.5 / 4.2),
        (["--rules", "equal", "--drop", "odd"], "rules equal; without odd", 1 / 2.7, 1 / 3),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_other_evidence_is_shown_before_and_after(evidence, arguments, evidence_line, before, after):
    assert probabilities(evidence, *arguments) == pytest.approx((before, after), abs=0.04)
    done = call("run", evidence, *arguments, "--draws", "200")
    assert done.exit_code == 0
    assert f"Evidence: {evidence_line}." in done.stdout
    first, second = (line for line in done.stdout.splitlines() if "more than fifty million are held" in line)
    assert first.startswith("1. before: ")
    assert second.startswith("   after:  ")


@pytest.mark.parametrize(
    ("reasons", "drop", "told"),
    [
        (("a guess", "none"), "white", ""),
        (("below echo", "none"), "gossip", ""),
        (("below echo", "none"), "", ""),
        (("below echo", "none"), "white", "1 assumption gives what was dropped as a reason and stays as it is (north.stockpiles.shell.initial)."),
        (("below echo", "half of paper"), "agency", "2 assumptions give what was dropped as a reason and stay as they are (north.demands.use.rate, north.stockpiles.shell.initial)."),
        (("below echo and paper", "none"), "paper", "1 assumption gives what was dropped as a reason"),
    ],
    ids=str,
)  # fmt: skip
def test_an_assumption_whose_reason_was_dropped_is_told(evidence, reasons, drop, told):
    uses = f"\n    demands: {{use: {{item: shell, source: shell, rate: {{base: 1 to 2 kround/day, because: {reasons[1]}}}}}}}\npublishers:"
    text = EVIDENCE.replace("because: a guess", f"because: {reasons[0]}").replace("\npublishers:", uses)
    Path(evidence).write_text(text, encoding="utf-8")
    done = call("run", evidence, "--draws", "50", *(["--drop", drop] if drop else []))
    assert done.exit_code == 0, done.output
    assert told in done.stdout
    assert ("dropped as a reason" in done.stdout) == bool(told)
    assert bool(unheard(load(evidence, drop=[drop] if drop else []))) == bool(told)


def test_what_is_unheard_is_what_was_dropped_and_not_what_was_not_yet_known(evidence):
    Path(evidence).write_text(EVIDENCE.replace("because: a guess", "because: between paper and odd and echo"), encoding="utf-8")
    number = "north.stockpiles.shell.initial"
    assert unheard(load(evidence)) == {}
    assert unheard(load(evidence, drop=["white"])) == {number: ["odd", "echo"]}
    assert unheard(load(evidence, drop=["paper"])) == {number: ["paper"]}, "echo traces to the agency and stays"
    day = datetime.date(2023, 2, 1)
    assert unheard(load(evidence, as_of=day)) == {}
    assert unheard(load(evidence, as_of=day, drop=["white"])) == {number: ["odd"]}, "echo was not known yet"


def test_all_evidence_under_the_default_rules_is_shown_once(evidence):
    done = call("run", evidence, "--rules", "plain", "--draws", "200")
    assert "before:" not in done.stdout
    assert "Evidence:" not in done.stdout
    assert "before" not in json.loads(call("run", evidence, "--draws", "200", "--json").stdout)


def test_rules_can_be_a_file(evidence, tmp_path):
    from materiel.evidence import grades

    mine = grades.rule().model_dump() | {"name": "mine", "reliability": dict.fromkeys("ABCDEF", 0.0)}
    path = tmp_path / "mine.yaml"
    path.write_text(yaml.safe_dump(mine), encoding="utf-8")
    done = call("run", evidence, "--rules", str(path), "--draws", "200")
    assert done.exit_code == 0, done.output
    assert "rules mine" in done.stdout
    assert probabilities(evidence, "--rules", str(path))[1] == 0, "nobody is heard"


@pytest.mark.parametrize("text", ["", "name: mine", "- a list", "{", "\x00", "name: mine\ntitle: t\nreasoning: r\nreliability: {A: 1}\ncredibility: {1: 1}\nspread: {1: 1}\n"])  # fmt: skip
def test_a_file_that_holds_no_rules_is_told(evidence, tmp_path, text):
    path = tmp_path / "mine.yaml"
    path.write_text(text, encoding="utf-8")
    done = call("run", evidence, "--rules", str(path))
    assert done.exit_code == 1
    assert "mine.yaml holds no rules" in done.stderr
    assert "Traceback" not in done.output


@pytest.mark.parametrize(
    "command", [["run", "CASE"], ["why", "CASE", "held"], ["examine", "CASE", "paper"], ["compare", "CASE", "CASE"]], ids=lambda value: value[0]
)
def test_unknown_rules_are_told_with_the_nearest(evidence, command):
    done = call(*[evidence if word == "CASE" else word for word in command], "--rules", "mesurement-error")
    assert done.exit_code == 1
    assert "no rules 'mesurement-error'" in done.stderr
    assert "did you mean 'measurement-error'?" in done.stderr


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("tims", "did you mean 'times'?"),
        ("agenc", "did you mean 'agency'?"),
        ("zzz", "unknown name 'zzz'"),
        ("later", "'later'"),
        ("", ""),
    ],
)
def test_unknown_evidence_to_drop_is_told_with_the_nearest(evidence, name, told):
    for command in (["run", evidence], ["why", evidence, "held"]):
        done = call(*command, "--drop", name)
        assert done.exit_code == 1
        assert told in done.stderr
        assert "Traceback" not in done.output


def test_check_notes_grades_whose_axes_disagree(evidence):
    done = call("check", evidence)
    assert done.exit_code == 0
    notes = [line for line in done.stdout.splitlines() if line.startswith("note: ")]
    assert [re.search(r"grade (..)", note)[1] for note in notes] == ["A5", "E1"]
    assert all(re.match(r"note: evidence\.yaml:\d+:\d+: ", note) for note in notes)
    rows = [line for line in EVIDENCE.splitlines() if "odd" in line and "statement" in line]
    for note, row in zip(notes, rows, strict=True):
        line, column = map(int, re.search(r":(\d+):(\d+):", note).groups())
        assert EVIDENCE.splitlines()[line - 1] == row
        assert row[column - 1] == re.search(r"grade .(.)", note)[1]
    assert [one["found"][:8] for one in json.loads(call("check", evidence, "--json").stdout)["remarks"]] == ["grade A5", "grade E1"]


def test_check_notes_a_value_that_its_formula_does_not_give(tmp_path):
    claims = """
  tons: {source: white, statement: tons, known: 2023-02-01, published: 2023-02-01, kind: reported, credibility: 3, value: 900 t}
  said: {source: white, statement: many, known: 2023-02-01, published: 2023-02-01, kind: converted, credibility: 3, value: 1 Mround, formula: tons / each, terms: {tons: tons, each: each}}
  each: {source: white, statement: each, known: 2023-02-01, published: 2023-02-01, kind: assumed, credibility: 2, value: 45 kg/round}
"""
    path = tmp_path / "case.yaml"
    path.write_text(EVIDENCE.replace("\nclaims:", f"\nclaims:{claims.rstrip()}"), encoding="utf-8")
    done = call("check", str(path))
    assert done.exit_code == 0, done.output
    assert "value 1 Mround lies outside what 'tons / each' gives" in done.stdout


def test_sources_are_read_again_from_both_forms(evidence, tmp_path):
    data = {key: value for key, value in yaml.safe_load(EVIDENCE).items() if key != "sources"}
    whole = load(evidence).ledger
    for form, name in (("bibtex", "sources.bib"), ("csl-json", "sources.json")):
        done = call("sources", evidence, "--form", form)
        assert (done.exit_code, done.stderr) == (0, "")
        folder = tmp_path / form
        folder.mkdir()
        (folder / "case.yaml").write_text(json.dumps(data, default=str), encoding="utf-8")
        (folder / name).write_text(done.stdout, encoding="utf-8")
        again = load(folder).ledger
        assert {name: whole.reliability(name) for name in whole.sources} == {name: again.reliability(name) for name in again.sources}
        for one in whole.sources:
            assert again.sources[one] == whole.sources[one]


def test_sources_are_those_known_by_the_day(evidence):
    assert [one["id"] for one in json.loads(call("sources", evidence, "--form", "csl-json").stdout)] == ["times", "white", "gossip"]
    assert json.loads(call("sources", evidence, "--form", "csl-json", "--as-of", "2023-01-15").stdout) == []
    assert call("sources", evidence, "--form", "ris").exit_code == 2


@pytest.mark.parametrize("command", [["run"], ["why", "held"], ["examine", "paper"], ["check"], ["order"]], ids=lambda value: value[0])
def test_plain_data_are_json_that_everybody_reads(evidence, command):
    done = call(command[0], evidence, *command[1:], "--json", *(["--draws", "300"] if command[0] in ("run", "why", "examine") else []))
    assert done.exit_code == 0, done.output
    json.loads(done.stdout, parse_constant=lambda word: pytest.fail(f"{word} is no JSON"))


def test_a_variable_of_the_last_day_is_told_as_outside_and_not_as_misspelt(evidence):
    done = call("why", evidence, "north.stockpiles.shell.held", "--at", "2024-06-01")
    assert done.exit_code == 1
    assert "2024-06-01 lies outside the run" in done.stderr


COMMANDS = ["run", "resume", "reproduce", "why", "examine", "compare", "check", "sources", "order", "report", "schema", "cases"]
WORDS = [
    "CASE", "CASE@2023-08-01", "held", "paper", "times", "agency", "north.stockpiles.shell.held", "", " ", "é", "@", "--", "-", "--drop", "--rules", "equal",
    "--treat-as-independent", "--as-of", "2023-02-01", "0001-01-01", "9999-12-31", "2023-02-30", "--at", "--json", "--draws", "5", "0", "-1", "1e3", "--seed",
    "--scenario", "--form", "csl-json", "--all", "x" * 300, "../..", "nan",
]  # fmt: skip


@settings(max_examples=150)
@given(command=st.sampled_from(COMMANDS), words=st.lists(st.sampled_from(WORDS), max_size=6))
def test_whatever_is_typed_ends_with_an_exit_code_and_no_trace(tmp_path_factory, command, words):
    folder = tmp_path_factory.getbasetemp() / "typed"
    folder.mkdir(exist_ok=True)
    path = folder / "evidence.yaml"
    path.write_text(EVIDENCE, encoding="utf-8")
    fixed = ["--output", str(folder / "report.html")] if command == "report" else []
    few = ["--draws", "5"] if command in ("run", "why", "examine", "compare", "report") and "--" not in words else []
    done = call(command, *[word.replace("CASE", str(path)) for word in words], *fixed, *few)
    assert done.exit_code in (0, 1, 2), done.output
    assert "Traceback" not in done.output
    assert "internal error" not in done.output
