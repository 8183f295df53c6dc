"""What readers take away: the same numbers as on the table, described, and nothing that a spreadsheet would compute."""

from __future__ import annotations

import base64
import csv
import io
import json
import re
import zipfile

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import materiel
from materiel.errors import RunError
from materiel.report import html
from materiel.web import exports
from materiel.web.exports import Sheet
from materiel.web.table import Table

CHANGES = {"shared.order-mass": "20 kt"}


@pytest.fixture(scope="module")
def korea():
    return Table("dprk-2023")


def file(table, **asked):
    made = table.export(asked)
    return made["name"], made["type"], base64.b64decode(made["base64"])


def unzipped(held):
    with zipfile.ZipFile(io.BytesIO(held)) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name).decode() for name in archive.namelist()}


def rows(text):
    return list(csv.DictReader(io.StringIO(text)))


def test_tables_hold_what_the_table_says(korea):
    name, kind, held = file(korea, kind="csv", changes=CHANGES, shown=["shipped-2023", "barter"])
    assert (name, kind) == ("dprk-2023.zip", "application/zip")
    files = unzipped(held)
    assert set(files) == {
        "README.txt", "answers.csv", "shipped-2023.csv", "shipped-2023.csv-metadata.json", "barter.csv", "barter.csv-metadata.json", "levers.csv", "sources.csv",
    }  # fmt: skip
    run, plain = korea.run({"changes": CHANGES, "shown": ["shipped-2023", "barter"], "every": True}), korea.run({"every": True})
    told = {one["id"]: one for one in rows(files["answers.csv"])}
    assert list(told) == [one["id"] for one in run["answers"]]
    for one, was in zip(run["answers"], plain["answers"], strict=True):
        for percent in (5, 50, 95):
            for column, value in ((f"p{percent}", one[f"p{percent}"]), (f"p{percent}_before", was[f"p{percent}"])):
                assert told[one["id"]][column] == ("" if value is None else str(value))
        assert told[one["id"]]["probability"] == ("" if one["probability"] is None else str(one["probability"]))
    for chart in run["charts"]:
        found = rows(files[f"{chart['id']}.csv"])
        assert list(found[0]) == chart["columns"]
        assert [[one[name] for name in chart["columns"]] for one in found] == [["" if cell is None else str(cell) for cell in row] for row in chart["rows"]]
        about = json.loads(files[f"{chart['id']}.csv-metadata.json"])
        assert about["url"] == f"{chart['id']}.csv"
        assert about["unit"]
        assert about["dc:license"]
        assert about["run"]["case_sha256"] == korea.case.digest
    assert {one["id"]: one["set_to"] for one in rows(files["levers.csv"]) if one["set_to"]} == CHANGES
    assert {one["id"]: one["reliability"] for one in rows(files["sources.csv"])} == {
        name: korea.case.ledger.reliability(name) for name in korea.case.ledger.sources
    }


@pytest.mark.parametrize("language", ["en", "fr"])
def test_it_says_what_was_set_and_how_to_make_it_again(korea, language):
    held = unzipped(file(korea, kind="csv", changes=CHANGES, seed=3, language=language)[2])["README.txt"]
    for said in (korea.case.digest, "shared.order-mass = 20 kt", "--set 'shared.order-mass=20 kt'", "--seed 3", materiel.__version__):
        assert said in held
    assert ("under the terms of their sources" in held) == (language == "en")


def test_the_same_run_makes_the_same_archive(korea):
    assert file(korea, kind="csv")[2] == file(korea, kind="csv")[2]


def test_a_workbook_holds_the_same_tables(korea):
    name, _, held = file(korea, kind="xlsx", changes=CHANGES)
    assert name == "dprk-2023.xlsx"
    book = openpyxl.load_workbook(io.BytesIO(held))
    files = unzipped(file(korea, kind="csv", changes=CHANGES)[2])
    assert book.sheetnames == ["README", *(one.removesuffix(".csv") for one in files if one.endswith(".csv"))]
    for sheet in book.worksheets[1:]:
        table = list(csv.reader(io.StringIO(files[f"{sheet.title}.csv"])))
        found = [["" if cell is None else cell for cell in row] for row in sheet.iter_rows(values_only=True)]
        assert len(found) == len(table)
        for row, other in zip(found, table, strict=True):
            assert len(row) == len(other)
            for cell, text in zip(row, other, strict=True):
                assert cell == text if isinstance(cell, str) else cell == pytest.approx(float(text), rel=1e-12)  # workbooks keep 16 digits
    assert not any(cell.data_type == "f" for sheet in book.worksheets for row in sheet.iter_rows() for cell in row)


@given(st.lists(st.text(st.characters(codec="utf-8"), min_size=1, max_size=20), min_size=1, max_size=4))
def test_nothing_begins_as_a_formula(texts):
    tables = [Sheet("one", ["=first"] * len(texts), [[prefix + text for text in texts] for prefix in ("", *exports.FORMULA)])]
    found = list(csv.reader(io.StringIO(unzipped(exports.archive(tables, "=1"))["one.csv"], newline="")))
    assert not any(cell.startswith(exports.FORMULA) for row in found for cell in row)
    assert found[0] == ["'=first"] * len(texts)
    book = openpyxl.load_workbook(io.BytesIO(exports.workbook(tables, "=1+1")))
    assert {cell.data_type for sheet in book.worksheets for row in sheet.iter_rows() for cell in row} <= {"s", "n"}
    assert book["README"]["A1"].value == "=1+1"


def test_pages_take_the_same_texts_for_formulas():
    written = re.search(r"/\^\[(.*?)\]/\.test\(said\)", html.scripts()["figures.js"])
    assert written
    assert {chr(code) for code in range(0x3000) if re.fullmatch(f"[{written[1]}]", chr(code))} == set(exports.FORMULA)


def test_numbers_stay_numbers():
    tables = [Sheet("one", ["a", "b"], [[-1.5, None], [2.0, "x"]])]
    assert unzipped(exports.archive(tables, ""))["one.csv"] == "a,b\r\n-1.5,\r\n2.0,x\r\n"
    sheet = openpyxl.load_workbook(io.BytesIO(exports.workbook(tables, "about")))["one"]
    assert [[cell.value for cell in row] for row in sheet.iter_rows()] == [["a", "b"], [-1.5, None], [2, "x"]]


def test_sheets_have_names_that_there_may_be():
    tables = [Sheet(name, ["a"], [["b"]]) for name in ("x" * 40, "x" * 41, "X" * 42, "README")]
    titles = openpyxl.load_workbook(io.BytesIO(exports.workbook(tables, "about"))).sheetnames
    assert len({one.lower() for one in titles}) == 5
    assert all(len(one) <= exports.LONGEST_TITLE for one in titles)


NAMES = [
    "answers",
    "Answers",
    "../../evil",
    "/etc/x",
    "..",
    ".hidden",
    "a[1]:*?/\\b",
    "'quoted'",
    "",
    "x" * 300,
    "x" * 301,
    "\u00e9t\u00e9",
    "README",
    "con\x00\n",
]


@given(st.lists(st.sampled_from(NAMES) | st.text(max_size=40), max_size=12))
def test_no_name_of_a_question_leads_out_of_an_archive_or_takes_the_place_of_another(names):
    tables = [Sheet("answers", ["a"], [[0]]), *(Sheet(name, ["a"], [[i]], {"url": f"{name}.csv"}) for i, name in enumerate(names, 1))]
    files = unzipped(exports.archive(tables, "about"))
    assert files["answers.csv"] == "a\r\n0\r\n"
    found = {name: text for name, text in files.items() if name.endswith(".csv")}
    assert sorted(found.values()) == sorted(f"a\r\n{i}\r\n" for i in range(len(tables)))
    assert len({name.casefold() for name in files}) == len(files) == 2 + 2 * len(names)
    for name in files:
        assert re.fullmatch(r"[\w~-][\w.~-]{0,120}", name)
    assert all(json.loads(files[f"{name}-metadata.json"])["url"] == name for name in found if name != "answers.csv")
    book = openpyxl.load_workbook(io.BytesIO(exports.workbook(tables, "about")))
    assert [sheet["A2"].value for sheet in book.worksheets[1:]] == [*range(len(tables))]


def test_the_page_is_the_report_of_what_was_set(tmp_path):
    (tmp_path / "case.yaml").write_text(
        """
format: 1
title: A store
start: 2023-01-01
end: 2023-12-31
as_of: 2023-06-30
items: {shell: {unit: round}}
actors:
  north:
    stockpiles: {shell: {item: shell, initial: {base: 5 to 80 kround, because: for the test}, floor: {base: 1 to 4 kround, because: for the test}}}
    contracts: {export: {item: shell, quantity: {base: 1 to 4 kround, because: for the test}, first_day: {constant: 2023-02-01, because: for the test}, duration: {constant: 120 day, because: for the test}, to: south.shell}}
  south: {stockpiles: {shell: {item: shell, initial: {constant: 0 round, because: for the test}}}}
questions: {held: {text: Rounds shipped, value: north.contracts.export.shipped, at: 2023-12-01, key: true, fan: Rounds shipped}}
""",
        encoding="utf-8",
    )
    table = Table(tmp_path)
    changes = {"north.contracts.export.quantity": "2 kround"}
    name, kind, held = file(table, kind="page", changes=changes)
    assert (name, kind) == (f"{tmp_path.name}.html", "text/html; charset=utf-8")
    assert b'<meta name="generator" content="materiel">' in held
    assert f'data-of="held.p50" value="{table.run({"changes": changes})["answers"][0]["p50"]:.17g}"'.encode() in held


@pytest.mark.parametrize(
    ("asked", "said"), [({"kind": "pdf"}, "kind: input should be 'csv', 'xlsx' or 'page'"), ({}, "kind"), ({"kind": "csv", "shown": ["x"]}, "no chart")]
)  # fmt: skip
def test_what_cannot_be_taken_away_is_refused(korea, asked, said):
    with pytest.raises(RunError, match=said):
        korea.export(asked)
