from __future__ import annotations

import json
import random
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from materiel import component, weighing
from materiel.analysis import questions
from materiel.case.loading import load
from materiel.cli import app
from materiel.errors import CaseError
from materiel.options import Reading

FOLDER = Path(__file__).parents[1] / "bad_cases"
CASES = sorted(path for path in FOLDER.iterdir() if path.suffix == ".yaml" or path.is_dir())


def problems_of(path: Path) -> list[str]:
    """Return what is wrong with a case: in itself, or else in its scenarios."""
    try:
        case = load(path)
        questions.prepare(case)
    except CaseError as error:
        return [str(problem) for problem in error.problems]
    found = []
    for name in case.scenarios:
        try:
            questions.prepare(load(path, scenario=name))
        except CaseError as error:
            found += [str(problem) for problem in error.problems]
    try:
        weighing.read(path, {}, case, Reading())
    except CaseError as error:
        found += [str(problem) for problem in error.problems]
    return found


def written(tmp_path: Path, content: str | bytes) -> Path:
    path = tmp_path / "case.yaml"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def test_there_are_many_wrong_cases():
    assert len(CASES) > 100


def test_every_expected_file_belongs_to_a_wrong_case_and_back():
    expected = {path.stem for path in FOLDER.iterdir() if path.suffix == ".expected"}
    assert expected == {path.stem for path in CASES}


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_a_wrong_case_is_told_in_these_words(path):
    assert problems_of(path) == path.with_suffix(".expected").read_text().splitlines()


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_every_problem_has_a_place_in_a_file_of_the_case(path):
    for line in path.with_suffix(".expected").read_text().splitlines():
        file, row, column = re.match(r"([^:]+):(\d+):(\d+): \S", line).groups()
        text = (path / file if path.is_dir() else FOLDER / file).read_text().splitlines()
        assert 1 <= int(row) <= len(text)
        assert 1 <= int(column) <= len(text[int(row) - 1]) + 1


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_the_command_line_prints_the_same_and_exits_with_one(path):
    expected = path.with_suffix(".expected").read_text()
    done = CliRunner().invoke(app, ["check", str(path)])
    count = len(expected.splitlines())
    assert done.exit_code == 1
    assert done.stdout == ""
    assert done.stderr == f"{expected}{count} problem{'s' if count > 1 else ''}\n"


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_plain_data_carry_the_same_problems(path):
    done = CliRunner().invoke(app, ["check", str(path), "--json"])
    assert done.exit_code == 1
    lines = []
    for problem in json.loads(done.stdout)["problems"]:
        near = f"did you mean {problem['nearest']!r}?" if problem["nearest"] else ""
        said = "; ".join(part for part in (problem["found"], problem["allowed"], near) if part)
        lines.append(f"{problem['file']}:{problem['line']}:{problem['column']}: {said}")
    assert lines == path.with_suffix(".expected").read_text().splitlines()


def test_a_file_of_a_hundred_megabytes_is_refused_unread(tmp_path):
    path = tmp_path / "case.yaml"
    with path.open("wb") as file:
        file.truncate(100_000_000)
    assert problems_of(path) == ["case.yaml:1:1: file of 100 MB; at most 5 MB"]


def test_anchors_that_explode_are_refused(tmp_path):
    levels = ["l0: &l0 [x, x, x, x, x, x, x, x, x, x]"]
    levels += [f"l{i}: &l{i} [{', '.join([f'*l{i - 1}'] * 10)}]" for i in range(1, 9)]
    (problem,) = problems_of(written(tmp_path, "\n".join(levels)))
    assert problem.endswith("more values than a case can have (aliases count each time); at most 200000")


def test_an_anchor_inside_itself_is_refused(tmp_path):
    assert problems_of(written(tmp_path, "a: &x [*x]\n")) == ["case.yaml:1:4: nested too deeply; at most 40 levels"]


@pytest.mark.parametrize("text", ["a: " + "[" * 2_000_000, "- " * 2_000_000, "{a: " * 900_000], ids=["lists", "dashes", "mappings"])
def test_deep_nesting_is_refused_and_brings_nothing_down(tmp_path, text):
    (problem,) = problems_of(written(tmp_path, text))
    assert problem.endswith("nested too deeply; at most 40 levels")


def test_a_binary_file_is_refused(tmp_path):
    assert problems_of(written(tmp_path, b"\x89PNG\r\n\x1a\n\x00")) == ["case.yaml:1:1: not text: byte 0 is not UTF-8; UTF-8 text"]


@pytest.mark.parametrize("content", ["", " \n\n"])
def test_an_empty_file_is_refused(tmp_path, content):
    assert problems_of(written(tmp_path, content)) == ["case.yaml:1:1: the file is empty; at least one key"]


def test_a_file_of_nothing_but_comments_is_refused(tmp_path):
    assert problems_of(written(tmp_path, "# nothing yet\n")) == ["case.yaml:1:1: the file is empty; at least one key"]


def test_a_folder_without_case_and_a_case_that_is_not_there_are_told(tmp_path):
    (problem,) = problems_of(tmp_path)
    assert problem.endswith(": no case.yaml in this folder; a folder with a case.yaml")
    (problem,) = problems_of(tmp_path / "absent")
    assert ": no such case" in problem


@pytest.mark.parametrize("name", ["a" * 5000, "a\0b", "", "."])
def test_odd_names_of_cases_are_told(name):
    assert len(problems_of(name)) == 1


@pytest.mark.parametrize("part", ["observations.csv", "claims.yaml"])
def test_a_folder_in_the_place_of_a_file_is_told(tmp_path, part):
    written(tmp_path, component.types()["items"].example)
    (tmp_path / part).mkdir()
    (problem,) = problems_of(tmp_path)
    assert problem.startswith(f"{part}:1:1: cannot be read")


@pytest.mark.parametrize("table", [",,\n,,\n", "series\rperiod", '"' + "x" * 200_000 + '"', "series,series\n1,2,3\n"])
def test_odd_tables_are_told(tmp_path, table):
    written(tmp_path, component.types()["items"].example)
    (tmp_path / "observations.csv").write_text(table, newline="")
    assert all(problem.startswith("observations.csv:") for problem in problems_of(tmp_path))
    assert problems_of(tmp_path)


EXAMPLES = [kind.example for kind in component.types().values()] + [(FOLDER / f"{name}.yaml").read_text() for name in ("claim_unknown", "scenario_value_wrong")]
WORDS = sorted({word for text in EXAMPLES for word in re.findall(r"[\w.-]+", text)})
ODD = ["", "''", "[]", "{}", "null", "-1", "0", "1e400", "true", "nan", "never", "2023-02-30", "[1, 2]", "{a: 1}", "4,000", "1e-320 round", "9" * 400]


def mutated(text: str, rng: random.Random) -> str:
    for _ in range(rng.choice((1, 1, 2, 4))):
        lines = text.split("\n")
        i, j, at = rng.randrange(len(lines)), rng.randrange(len(lines)), rng.randrange(len(text) + 1)
        words = list(re.finditer(r"[\w.-]+", text)) or [re.match("", text)]
        blocks = list(re.finditer(r"\{[^{}]*\}", text)) or words
        word, block, other = rng.choice(words), rng.choice(blocks), rng.choice(blocks)
        text = rng.choice((
            "\n".join(lines[:i] + lines[i + 1 :]),
            "\n".join([*lines[:i], lines[j], *lines[i:]]),
            "\n".join([*lines[:i], "  " + lines[i], *lines[i + 1 :]]),
            text[:at] + text[at + 1 :],
            text[:at] + rng.choice("{}[]:,.#&*!|>'\"%@-0 aE~\n\t\\\0é∞") + text[at:],
            text[: word.start()] + rng.choice(WORDS) + text[word.end() :],
            text[: word.start()] + rng.choice(ODD) + text[word.end() :],
            text[: block.start()] + other[0] + text[block.end() :],
        ))  # fmt: skip
    return text


@settings(max_examples=400)
@given(text=st.sampled_from(EXAMPLES), seed=st.integers(0, 2**32))
def test_a_case_spoilt_at_random_is_a_case_or_told(tmp_path_factory, text, seed):
    path = tmp_path_factory.getbasetemp() / "spoilt.yaml"
    path.write_text(mutated(text, random.Random(seed)), encoding="utf-8")  # noqa: S311
    for problem in problems_of(path):
        assert re.match(r"spoilt\.yaml:\d+:\d+: \S", problem)


@settings(max_examples=150)
@given(st.text(alphabet="series,period\n2023-01.4\"'\r\0é", max_size=60))
def test_an_odd_table_is_a_table_or_told(tmp_path_factory, text):
    folder = tmp_path_factory.getbasetemp() / "odd-table"
    folder.mkdir(exist_ok=True)
    written(folder, component.types()["items"].example)
    (folder / "observations.csv").write_text("series,period,quantity,unit,source,known\n" + text, newline="")
    problems_of(folder)
