from __future__ import annotations

import contextlib
import csv
import datetime
import io
import json
import re
import zipfile

import openpyxl
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from materiel.case import sheets
from materiel.case.entries import CLAIM_COLUMNS, OBSERVATION_COLUMNS, read_claims, read_csl, read_observations
from materiel.case.files import read_files
from materiel.case.reading import MAX_BYTES
from materiel.commands import compare
from materiel.errors import CaseError, Place
from materiel.evidence.citations import to_bibtex, to_csl
from materiel.evidence.formula import parse
from materiel.quantities import QuantityError

CLAIM = {"source": "s", "statement": "A thing", "known": "2023-01-01", "published": "2023-01-01", "kind": "reported", "credibility": 3}
CELLS = ["a", "s", "A thing", "2023-01-01", "2023-01-01", "reported", "3"]
NEEDED = list(CLAIM_COLUMNS[:7])


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "case.yaml").write_text("format: 1\n")
    return tmp_path


def told(folder) -> list[str]:
    with pytest.raises(CaseError) as error:
        read_files(folder)
    return [str(problem) for problem in error.value.problems]


def put_csv(path, rows) -> None:
    with path.open("w", newline="", encoding="utf-8") as stream:
        csv.writer(stream).writerows(rows)


def book(rows) -> openpyxl.Workbook:
    made = openpyxl.Workbook()
    for row in rows:
        made.active.append(row)
    return made


def put_sheet(path, rows) -> None:
    book(rows).save(path)


# Which files make a case


def test_sections_may_stand_in_several_files_of_several_formats(folder):
    (folder / "case.yaml").write_text("claims: {a: {b: 1}}\nquestions: {q: {}}\n")
    (folder / "claims.yaml").write_text("b: {c: [x]}\n")
    (folder / "claims.more.yaml").write_text("c: {}\n")
    put_csv(folder / "claims.csv", [NEEDED, ["d", *CELLS[1:]]])
    put_sheet(folder / "claims.north.2023.xlsx", [NEEDED, ["e", *CELLS[1:]]])
    (folder / "origins.yaml").write_text("o: {title: O}\n")
    (folder / "publishers.yaml").write_text("p: {name: P}\n")
    (folder / "sources.yaml").write_text("s: {title: S}\n")
    (folder / "sources.bib").write_text("@misc{t, title = {T}}\n")
    (folder / "sources.zotero.json").write_text('[{"id": "u", "title": "U"}]')
    put_csv(folder / "observations.csv", [OBSERVATION_COLUMNS, ["x"] * 12])
    put_sheet(folder / "observations.more.xlsx", [OBSERVATION_COLUMNS, ["y"] * 12])
    (folder / "claims.md").write_text("Notes.")
    text, rows, _ = read_files(folder)
    assert text.data == {
        "claims": {"a": {"b": 1}, "b": {"c": ["x"]}, "c": {}, "d": CLAIM, "e": CLAIM}, "questions": {"q": {}}, "origins": {"o": {"title": "O"}},
        "publishers": {"p": {"name": "P"}}, "sources": {"s": {"title": "S"}, "t": {"title": "T", "type": "document"}, "u": {"title": "U", "type": "webpage"}},
    }  # fmt: skip
    assert [row.cells["origin"] for row in rows] == ["x", "y"]
    assert text.place(("claims", "b", "c", 0)) == Place("claims.yaml", 1, 9)
    assert text.place(("claims", "d", "kind")) == Place("claims.csv", 2, 6)
    assert text.place(("claims", "e", "missing")) == Place("claims.north.2023.xlsx", 2, 1)
    assert text.place(("sources", "u", "title")) == Place("sources.zotero.json", 1, 14)
    assert text.place(("sources", "t"), key=True) == Place("sources.bib", 1, 1)
    assert text.place(("origins",), key=True) == Place("origins.yaml", 1, 1)


def test_an_id_that_stands_twice_is_told_with_both_places(folder):
    (folder / "case.yaml").write_text("sources:\n  a: {}\n")
    (folder / "sources.yaml").write_text("b: {}\na: {}\n")
    (folder / "sources.bib").write_text("@misc{b, title = {B}}\n@misc{c, title = {C}}\n@misc{c, title = {C}}\n")
    (folder / "sources.json").write_text('[{"id": "b"}, {"id": "d"}]')
    put_csv(folder / "claims.csv", [NEEDED, CELLS, CELLS])
    assert told(folder) == [
        "claims.csv:3:1: 'a' stands twice; one 'a'; the first is at claims.csv:2:1",
        "sources.bib:3:1: 'c' stands twice; one 'c'; the first is at sources.bib:2:1",
        "sources.json:1:2: 'b' stands twice in sources; one 'b'; the first is at sources.yaml:1:1",
        "sources.yaml:2:1: 'a' stands twice in sources; one 'a'; the first is at case.yaml:2:3",
    ]


def test_problems_of_all_files_are_told_at_once(folder):
    (folder / "case.yaml").write_text("a: 1\na: 2\n")
    (folder / "claims.csv").write_text("id;source\n")
    (folder / "sources.bib").write_text("nothing\n")
    (folder / "sources.json").write_text("{}")
    (folder / "claims.xlsx").write_text("nothing")
    (folder / "origins.yaml").write_text("- a\n")
    assert [line.split(":")[0] for line in told(folder)] == ["case.yaml", "claims.csv", "claims.xlsx", "origins.yaml", "sources.bib", "sources.json"]


def test_what_was_meant_to_be_read_and_is_not_is_told(folder):
    for name in ("claims.yml", "claims.old.xls", "questions.csv", "observations.yaml", "notes.yml", "claims"):
        (folder / name).write_text("a: 1\n")
    assert told(folder) == [
        "claims.old.xls:1:1: claims are not read from such a file; claims.yaml or claims.csv or claims.xlsx",
        "claims.yml:1:1: claims are not read from such a file; claims.yaml or claims.csv or claims.xlsx",
        "observations.yaml:1:1: observations are not read from such a file; observations.csv or observations.xlsx",
        "questions.csv:1:1: questions are not read from such a file; questions.yaml",
    ]


def test_a_section_that_is_no_mapping_takes_no_more(folder):
    (folder / "case.yaml").write_text("claims: [a]\n")
    (folder / "claims.yaml").write_text("b: {}\n")
    assert told(folder) == ["case.yaml:1:9: claims is not a mapping, and claims.yaml has more; entries by id"]


def test_the_digest_is_of_every_file_by_name_and_content(folder):
    seen = [read_files(folder)[2]]
    assert seen == [read_files(folder)[2]]
    for name, content in (("claims.yaml", "a: {}\n"), ("claims.x.yaml", "b: {}\n"), ("claims.x.yaml", "c: {}\n"), ("sources.json", '[{"id": "a"}]')):
        (folder / name).write_text(content)
        seen.append(read_files(folder)[2])
    put_csv(folder / "observations.csv", [OBSERVATION_COLUMNS])
    seen.append(read_files(folder)[2])
    (folder / "observations.csv").rename(folder / "observations.more.csv")
    seen.append(read_files(folder)[2])
    assert len(set(seen)) == 7


def test_what_is_too_large_or_no_file_is_not_read(folder, monkeypatch):
    with (folder / "claims.yaml").open("wb") as stream:
        stream.truncate(10 * MAX_BYTES)
    (folder / "claims.link.yaml").symlink_to("/dev/zero")
    (folder / "claims.csv").mkdir()
    read = []
    whole = type(folder).read_bytes
    monkeypatch.setattr(type(folder), "read_bytes", lambda path: read.append(path.name) or whole(path))
    assert told(folder) == [
        "claims.csv:1:1: cannot be read: not a file; a readable file",
        "claims.link.yaml:1:1: cannot be read: not a file; a readable file",
        "claims.yaml:1:1: file of 50 MB; at most 5 MB",
    ]
    assert set(read) == {"case.yaml"}


def test_no_text_is_obeyed_by_a_terminal(folder):
    (folder / "case.yaml").write_text('a: "\\e]0;title\\a"\n"b\\x9b": c\nlines: "one\\n\\ttwo"\n')
    (folder / "claims.yaml").write_text("a: {note: the \u202e end}\n", encoding="utf-8")
    put_csv(folder / "claims.csv", [NEEDED, [*CELLS[:2], "\x1b[2J", *CELLS[3:]]])
    put_sheet(folder / "claims.xlsx", [NEEDED, [*CELLS[:2], "\u2066x", *CELLS[3:]]])
    (folder / "sources.bib").write_text("@misc{b,\n title = {\x1b[2J}}\n")
    (folder / "sources.json").write_text('[{"id": "c",\n"title": "\\u001b", "custom": {"revisions": [{"\\ud800": 1}]}},\n{"id": "\\u0007"}]')
    (folder / "origins.\x1b.yaml").write_text("")
    (folder / "questions.\x1b.csv").write_text("")
    assert told(folder) == [
        "case.yaml:1:4: a control character, U+001B; text that prints",
        "case.yaml:2:1: a control character, U+009B; text that prints",
        "claims.csv:2:3: a control character, U+001B; text that prints",
        "claims.xlsx:2:3: a control character, U+2066; text that prints",
        "claims.yaml:1:11: a control character, U+202E; text that prints",
        "origins.\N{REPLACEMENT CHARACTER}.yaml:1:1: a control character, U+001B; text that prints",
        "questions.\N{REPLACEMENT CHARACTER}.csv:1:1: a control character, U+001B; text that prints",
        "sources.bib:2:1: a control character, U+001B; text that prints",
        "sources.json:2:1: a control character, U+001B; text that prints",
        "sources.json:2:20: a control character, U+D800; text that prints",
        "sources.json:3:1: a control character, U+0007; text that prints",
    ]


def test_lines_in_a_cell_may_end_as_on_any_machine(folder):
    (folder / "claims.csv").write_text(f'{",".join(NEEDED)}\r\na,s,"two\r\nlines",{",".join(CELLS[3:])}\r\n', newline="")
    assert read_files(folder)[0].data["claims"]["a"]["statement"] == "two\nlines"


def test_a_name_too_long_for_a_file_is_no_case():
    with pytest.raises(CaseError, match="no such case: File name too long"):
        compare._as_named("A" * 300, 1, 1, "", "plain", None)


@pytest.mark.parametrize(("text", "name"), [("in * 2", "in"), ("a + None", "None"), ("not a", "not"), ("a if b else c", "if")])
def test_a_formula_says_which_name_is_reserved(text, name):
    with pytest.raises(QuantityError, match=f"{text!r} is no formula: the name {name!r} is reserved".replace("*", r"\*").replace("+", r"\+")):
        parse(text)
    assert parse("inside * notes").names == ("inside", "notes")


# Claims as a table


words = st.text(st.characters(exclude_categories=["Cc", "Cf", "Cs", "Zl", "Zp"]), min_size=1, max_size=12).map(str.strip).filter(bool)
ids = st.from_regex(r"[a-z][a-z0-9-]{0,6}", fullmatch=True)
days = st.dates(min_value=datetime.date(1900, 3, 1)).map(str)
values = st.one_of(st.sampled_from(["6 Mround", "4 to 20 kt", "1,5 t", "2023-01-01 to 2023-02-01", "never"]), st.integers(-10**6, 10**6), st.floats(-1e9, 1e9).map(lambda x: round(x, 3)), days)  # fmt: skip
claims = st.dictionaries(
    ids,
    st.fixed_dictionaries(
        {"source": ids, "statement": words, "known": days, "published": days, "kind": st.sampled_from(["reported", "observed"]), "credibility": st.integers(1, 6)},
        optional={
            "value": values, "meant": days, "quote": words, "translation": words, "hedge": words, "origin": ids, "agrees": st.lists(ids, min_size=1, max_size=3),
            "contradicts": st.lists(ids, min_size=1, max_size=3), "about": words, "doubt": words, "note": words, "formula": words,
            "terms": st.dictionaries(ids, ids, min_size=1, max_size=3),
        },
    ),
    min_size=1, max_size=4,
)  # fmt: skip


def cells(name: str, claim: dict, *, native: bool) -> list:
    made = []
    for column in CLAIM_COLUMNS:
        value = name if column == "id" else claim.get(column)
        if isinstance(value, list):
            value = "; ".join(value)
        elif isinstance(value, dict):
            value = "; ".join(f"{key}={claim}" for key, claim in value.items())
        elif native and column in ("known", "published", "value") and re.fullmatch(r"\d{4}-\d\d-\d\d", str(value)):
            value = datetime.date.fromisoformat(value)
        made.append(value)
    return made


@given(claims)
def test_claims_in_yaml_csv_and_xlsx_are_the_same(tmp_path_factory, ledger):
    folder = tmp_path_factory.mktemp("case")
    (folder / "claims.yaml").write_text(yaml.safe_dump(ledger, allow_unicode=True, sort_keys=False), encoding="utf-8")
    put_csv(folder / "claims.csv", [CLAIM_COLUMNS, *(cells(name, claim, native=False) for name, claim in ledger.items())])
    made = openpyxl.Workbook()
    made.active.append(CLAIM_COLUMNS)
    for line, (name, claim) in enumerate(ledger.items(), 2):
        for column, value in enumerate(cells(name, claim, native=True), 1):
            cell = made.active.cell(line, column)
            cell.value = value
            if isinstance(value, str):
                cell.data_type = "s"  # words that look like a formula or an error are words
    made.save(folder / "claims.xlsx")
    (folder / "case.yaml").write_text(f"claims: {json.dumps(ledger)}")
    inline = json.loads(json.dumps(ledger))
    for ending in ("csv", "xlsx"):
        assert read_claims(folder / f"claims.{ending}", "claims").data == inline


def test_an_empty_cell_is_no_key_and_lists_and_terms_are_spelt_out(tmp_path):
    path = tmp_path / "claims.csv"
    columns = [*NEEDED, "value", "agrees", "terms", "note"]
    put_csv(path, [columns, [*CELLS, " 1000 ", "b; c ;", "x=b; y = c", ""], ["b", *CELLS[1:], "", "", "", "0"]])
    text = read_claims(path, "claims.csv")
    assert text.data == {"a": CLAIM | {"value": 1000, "agrees": ["b", "c"], "terms": {"x": "b", "y": "c"}}, "b": CLAIM | {"note": "0"}}
    assert text.place(("a", "agrees", 1)) == Place("claims.csv", 2, 9)
    assert text.place(("a", "terms", "y"), key=True) == Place("claims.csv", 2, 10)


def test_a_row_stands_where_it_starts(tmp_path):
    path = tmp_path / "claims.csv"
    put_csv(path, [NEEDED, ["a", "s", "two\nlines", *CELLS[3:]], [], ["b", *CELLS[1:]]])
    text = read_claims(path, "claims.csv")
    assert [text.place((name,)).line for name in ("a", "b")] == [2, 5]


CASES = [
    ([NEEDED, ["a", "", *CELLS[2:]]], ["2:2: source is blank; a value in every row"]),
    ([NEEDED, ["", *CELLS[1:6], " "]], ["2:1: id is blank; a value in every row", "2:7: credibility is blank; a value in every row"]),
    ([[*NEEDED, "hege"]], [f"1:8: unknown column 'hege'; {', '.join(CLAIM_COLUMNS)}; did you mean 'hedge'?"]),
    ([NEEDED[:-1]], [f"1:1: column 'credibility' is missing; all of {', '.join(NEEDED)}"]),
    ([[*NEEDED, "kind"]], ["1:8: column 'kind' stands twice; one 'kind'"]),
    ([[*NEEDED, ""], [*CELLS, "x"]], [f"2:8: a cell in a column without a name; {', '.join(CLAIM_COLUMNS)}"]),
    ([[*NEEDED, "terms"], [*CELLS, "x=b; y; =c"]], ["2:8: terms: '=c'; `name=claim`, separated by semicolons", "2:8: terms: 'y'; `name=claim`, separated by semicolons"]),
    ([[*NEEDED, "terms"], [*CELLS, "x=b; x=c"]], ["2:8: terms: 'x' stands twice; one 'x'"]),
]  # fmt: skip


@pytest.mark.parametrize("ending", ["csv", "xlsx"])
@pytest.mark.parametrize(("rows", "lines"), CASES)
def test_odd_tables_of_claims_are_told_by_cell(folder, rows, lines, ending):
    name = f"claims.{ending}"
    (put_csv if ending == "csv" else put_sheet)(folder / name, rows)
    assert told(folder) == [f"{name}:{line}" for line in lines]


def test_a_column_with_neither_name_nor_cells_is_none(folder):
    put_csv(folder / "claims.csv", [[*NEEDED, "", ""], [*CELLS, "", " "]])
    assert read_files(folder)[0].data["claims"] == {"a": CLAIM}


@pytest.mark.parametrize("comma", [";", "\t"])
def test_other_signs_than_commas_are_told(folder, comma):
    (folder / "claims.csv").write_text(f"{comma.join(NEEDED)}\n{comma.join(CELLS)}\n")
    assert told(folder) == ["claims.csv:1:1: no commas between the names of the columns; commas between cells"]


# Workbooks


def test_cells_are_what_one_would_have_typed(tmp_path):
    path = tmp_path / "observations.xlsx"
    row = ["s", datetime.date(2023, 1, 1), 1000.0, "round", 0.1, "1,5", "x", 3, datetime.datetime(2023, 2, 1), "2023-02-01", True, None]  # noqa: DTZ001
    put_sheet(path, [OBSERVATION_COLUMNS, [None], row, ["t", "u", "1000", *[None] * 8, 1e22]])
    first, second = read_observations(path, "observations.xlsx")
    assert list(first.cells.values()) == ["s", "2023-01-01", "1000", "round", "0.1", "1,5", "x", "3", "2023-02-01", "2023-02-01", "true", ""]
    assert (first.line, second.line) == (3, 4)
    assert first.place("quantity") == Place("observations.xlsx", 3, 3)
    assert second.cells["quantity"] == "1000", "a number kept as text is that number"
    assert second.cells["origin"] == "1e+22"


def refused(path) -> list[str]:
    with pytest.raises(CaseError) as error:
        read_claims(path, "claims.xlsx")
    return [str(problem) for problem in error.value.problems]


def test_merged_cells_are_refused(tmp_path):
    made = book([NEEDED, CELLS, ["b", None, *CELLS[2:]]])
    made.active.merge_cells("B2:B3")
    made.save(tmp_path / "claims.xlsx")
    assert refused(tmp_path / "claims.xlsx") == ["claims.xlsx:2:2: merged cells; each cell on its own"]


def test_what_says_nothing_that_can_be_used_is_refused(tmp_path):
    made = book([NEEDED, CELLS])
    made.active["C2"] = "=A1&B1"
    made.active["D2"] = datetime.datetime(2023, 1, 1, 12, 30)  # noqa: DTZ001
    made.active["E2"] = datetime.time(12, 30)
    made.active["F2"] = "#N/A"
    made.active["F2"].data_type = "e"
    made.save(tmp_path / "claims.xlsx")
    assert refused(tmp_path / "claims.xlsx") == [
        "claims.xlsx:2:3: formula '=A1&B1' without a saved value; a value, or a workbook saved after computing it",
        "claims.xlsx:2:4: 2023-01-01 12:30:00 is a time of day; a day, or words",
        "claims.xlsx:2:5: 12:30:00 is a time of day; a day, or words",
        "claims.xlsx:2:6: #N/A in a cell; a value",
    ]


def test_a_formula_with_a_saved_value_is_that_value(tmp_path):
    path = tmp_path / "claims.xlsx"
    made = book([[*NEEDED, "value"], [*CELLS, "=2*500"]])
    made.save(path)
    repack(path, "xl/worksheets/sheet1.xml", lambda text: text.replace(b"<f>2*500</f><v></v>", b"<f>2*500</f><v>1000</v>").replace(b"<f>2*500</f><v />", b"<f>2*500</f><v>1000</v>"))  # fmt: skip
    assert read_claims(path, "claims.xlsx").data["a"]["value"] == 1000


def test_notes_may_stand_in_a_further_sheet_and_rows_may_not(tmp_path):
    path = tmp_path / "claims.xlsx"
    made = book([NEEDED, CELLS])
    made.create_sheet("Notes").append(["id", "what it means"])
    made.save(path)
    assert read_claims(path, "claims.xlsx").data == {"a": CLAIM}
    made.create_sheet("More").append(NEEDED)
    made.save(path)
    assert refused(path) == ["claims.xlsx:1:1: rows in a further sheet, 'More'; one sheet of rows, the first; or further files"]


def test_a_table_may_start_anywhere(tmp_path):
    path = tmp_path / "claims.xlsx"
    put_sheet(path, [[], [None, *NEEDED], [], [None, *CELLS]])
    text = read_claims(path, "claims.xlsx")
    assert text.data == {"a": CLAIM}
    assert text.place(("a", "source")) == Place("claims.xlsx", 4, 3)


def repack(path, name: str, change) -> None:
    with zipfile.ZipFile(path) as packed:
        parts = {part: packed.read(part) for part in packed.namelist()}
    parts[name] = change(parts.get(name, b""))
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        for part, content in parts.items():
            packed.writestr(part, content)


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (b"", "not a workbook: File is not a zip file; an XLSX file"),
        (b"id,source\n", "not a workbook: File is not a zip file; an XLSX file"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "an encrypted or an old (.xls) workbook; an XLSX file without a password"),
        (bytes(MAX_BYTES + 1), "file of 5 MB; at most 5 MB"),
    ],
)
def test_what_is_no_workbook_is_told(tmp_path, content, line):
    (tmp_path / "claims.xlsx").write_bytes(content)
    assert refused(tmp_path / "claims.xlsx") == [f"claims.xlsx:1:1: {line}"]


@pytest.mark.parametrize(
    ("part", "content", "start"),
    [
        ("xl/media/bomb.bin", bytes(sheets.MAX_UNPACKED + 1), "unpacks to more than 20 MB"),
        ("xl/worksheets/sheet1.xml", b'<!DOCTYPE x [<!ENTITY a "b">]><worksheet/>', "not a workbook: xl/worksheets/sheet1.xml declares its own entities"),
        ("xl/worksheets/sheet1.xml", b"<worksheet", "not a workbook: "),
        ("xl/workbook.xml", b"<workbook/>", "not a workbook: "),
        ("xl/worksheets/sheet1.xml", b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
         + b"".join(b'<row r="%d"><c r="XFD%d"><v>1</v></c></row>' % (i, i) for i in range(1, 500)) + b"</sheetData></worksheet>", "more cells than a case can have"),
    ],
)  # fmt: skip
def test_broken_and_exploding_workbooks_are_told(tmp_path, part, content, start):
    path = tmp_path / "claims.xlsx"
    put_sheet(path, [NEEDED, CELLS])
    repack(path, part, lambda _: content)
    (line,) = refused(path)
    assert start in line


def test_rows_that_a_number_leaves_out_are_counted(tmp_path, monkeypatch):
    monkeypatch.setattr(sheets, "MAX_NODES", 20)
    path = tmp_path / "claims.xlsx"
    put_sheet(path, [NEEDED, CELLS])
    assert read_claims(path, "claims.xlsx").data == {"a": CLAIM}
    repack(path, "xl/worksheets/sheet1.xml", lambda text: re.sub(rb'<row r="2".*</row>', b'<row r="1000000000"><c><v>1</v></c></row>', text))
    assert refused(path) == ["claims.xlsx:194:1: more cells than a case can have; at most 200, empty ones within rows and empty rows included"]


def test_merged_cells_are_found_behind_tags_that_do_not_end(tmp_path):
    path = tmp_path / "claims.xlsx"
    made = book([NEEDED, CELLS, ["b", None, *CELLS[2:]]])
    made.active.merge_cells("B2:B3")
    made.save(path)
    repack(path, "xl/worksheets/sheet1.xml", lambda text: text.replace(b"<mergeCells", b"<!--" + b"<mergeCell " * 9 + b"--><mergeCells"))
    assert refused(path) == ["claims.xlsx:2:2: merged cells; each cell on its own"]


def test_damaged_workbooks_never_show_a_trace(tmp_path):
    path = tmp_path / "claims.xlsx"
    put_sheet(path, [NEEDED, CELLS])
    whole = path.read_bytes()
    for at in range(0, len(whole), 61):
        for damaged in (whole[:at], whole[:at] + bytes([whole[at] ^ 255]) + whole[at + 1 :]):
            path.write_bytes(damaged)
            with contextlib.suppress(CaseError):
                read_claims(path, "claims.xlsx")


@given(
    st.binary(max_size=40),
    st.sampled_from(["xl/worksheets/sheet1.xml", "xl/workbook.xml", "[Content_Types].xml", "xl/styles.xml", "xl/_rels/workbook.xml.rels"]),
)
def test_workbooks_with_anything_in_a_part_are_read_or_refused(tmp_path_factory, content, part):
    path = tmp_path_factory.mktemp("case") / "claims.xlsx"
    put_sheet(path, [NEEDED, CELLS])
    repack(path, part, lambda whole: whole[: 3 * len(content)] + content + whole[4 * len(content) :])
    with contextlib.suppress(CaseError):
        read_claims(path, "claims.xlsx")


# Sources in other formats


SOURCE = {"publisher": "P", "title": "T", "published": "2023-01-01", "type": "report", "reliability": "B", "archive": "https://a.example"}


def test_sources_in_yaml_bibtex_and_csl_are_the_same(folder):
    for name, content in (
        ("sources.yaml", yaml.safe_dump({"a": SOURCE})),
        ("sources.bib", to_bibtex({"a": SOURCE})),
        ("sources.json", json.dumps([to_csl("a", SOURCE)], indent="\t")),
    ):
        (folder / name).write_text(content)
        assert read_files(folder)[0].data["sources"] == {"a": SOURCE}
        (folder / name).unlink()


def test_items_of_csl_have_places(tmp_path):
    path = tmp_path / "sources.json"
    path.write_text('[\n\t{"id": "a",\n\t "issued": {"raw": "soon"}, "custom": {"reliability": "X"}},\n\t{}, 5, {"id": "b", "id": "c"}\n]')
    with pytest.raises(CaseError) as error:
        read_csl(path, "sources.json")
    assert [str(problem) for problem in error.value.problems] == [
        "sources.json:4:2: an entry without an id; an id that claims can name",
        "sources.json:4:6: not an item; {...} with the keys of CSL",
        "sources.json:4:21: 'id' stands twice; one 'id'; the first is at sources.json:4:10",
    ]
    path.write_text('[\n\t{"id": "a",\n\t "issued": {"raw": "soon"}, "custom": {"reliability": "X"}}]')
    text = read_csl(path, "sources.json")
    assert text.data == {"a": {"published": "soon", "reliability": "X", "type": "webpage"}}
    assert text.place(("a", "published")) == Place("sources.json", 3, 3)
    assert text.place(("a", "reliability")) == Place("sources.json", 3, 30)
    assert text.place(("a", "type")) == Place("sources.json", 2, 2)


def test_places_of_items_are_found_without_going_over_the_file_again(tmp_path):
    path = tmp_path / "sources.json"
    path.write_text("[" + ",\n".join(f' {{"id": "s{i}", "title":\n "T"}}' for i in range(100)) + "]")
    text = read_csl(path, "sources.json")
    assert [text.place((f"s{i}", "title")) for i in range(100)] == [
        Place("sources.json", 2 * i + 1, len(f' {{"id": "s{i}", ') + (2 if i == 0 else 1)) for i in range(100)
    ]


@pytest.mark.parametrize(
    ("content", "line"),
    [
        ("{}", "1:1: not a list of items; CSL-JSON: [{...}, ...]"),
        (" []", "1:2: not a list of items; CSL-JSON: [{...}, ...]"),
        ('[{"id": "a",}]', "1:13: not JSON: Expecting property name enclosed in double quotes; CSL-JSON"),
        ('[{"id": NaN}]', "1:1: not JSON: NaN is no number; CSL-JSON"),
        ("[" * 100_000, "1:1: not JSON: nested too deeply; CSL-JSON"),
    ],
)
def test_what_is_no_csl_is_told(tmp_path, content, line):
    (tmp_path / "sources.json").write_text(content)
    with pytest.raises(CaseError) as error:
        read_csl(tmp_path / "sources.json", "sources.json")
    assert str(error.value).startswith(f"sources.json:{line.split(' Expecting')[0]}")


@given(st.lists(st.dictionaries(st.text(max_size=5), st.recursive(st.none() | st.text(max_size=5) | st.integers(), st.lists, max_leaves=4), max_size=4), min_size=1), st.sampled_from([None, 1, "\t"]), st.booleans())  # fmt: skip
def test_any_list_of_items_is_walked_to_its_end(tmp_path_factory, items, indent, ascii_only):
    path = tmp_path_factory.mktemp("case") / "sources.json"
    named = [{**item, "id": f"n{i}", "citation-key": None} for i, item in enumerate(items)]
    path.write_text(json.dumps(named, indent=indent, ensure_ascii=ascii_only), encoding="utf-8")
    text = read_csl(path, "sources.json")
    assert list(text.data) == [item["id"] for item in named]
    lines = io.StringIO(path.read_text(encoding="utf-8"), newline="\n").readlines()
    for name in text.data:
        place = text.place((name,))
        assert lines[place.line - 1][place.column - 1] == "{"
