from __future__ import annotations

import pytest

from materiel.case.reading import Text, read_table, read_yaml
from materiel.errors import CaseError, Place


def read(tmp_path, content: str) -> Text:
    path = tmp_path / "some.yaml"
    path.write_text(content)
    return read_yaml(path, "some.yaml")


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("NO", "NO"),
        ("no", "no"),
        ("yes", "yes"),
        ("on", "on"),
        ("12:30", "12:30"),
        ("2023-01-01", "2023-01-01"),
        ("0x1F", "0x1F"),
        ("0o17", "0o17"),
        ("017", 17),
        ("1_000", "1_000"),
        ("1,5", "1,5"),
        ("1e3", 1000.0),
        ("1.5", 1.5),
        (".5", 0.5),
        ("5.", 5.0),
        ("-3", -3),
        ("+3", 3),
        (".inf", ".inf"),
        (".nan", ".nan"),
        ("true", True),
        ("False", False),
        ("'true'", "true"),
        ('"5"', "5"),
        ("null", None),
        ("~", None),
        ("", None),
        ("[1, a]", [1, "a"]),
    ],
)
def test_scalars_are_read_as_yaml_1_2_says(tmp_path, written, value):
    found = read(tmp_path, f"key: {written}\n").data["key"]
    assert found == value
    assert type(found) is type(value)


def test_keys_are_words_whatever_they_look_like(tmp_path):
    assert list(read(tmp_path, "NO: 1\n5: 2\ntrue: 3\n1.5: 4\n").data) == ["NO", "5", "true", "1.5"]


def test_everything_read_has_its_place(tmp_path):
    text = read(tmp_path, "a:\n  b: {c: 1, d: [x, y]}\n  e:\n    - f: 2\n")
    assert text.place(("a", "b", "c")) == Place("some.yaml", 2, 10)
    assert text.place(("a", "b", "c"), key=True) == Place("some.yaml", 2, 7)
    assert text.place(("a", "b", "d", 1)) == Place("some.yaml", 2, 20)
    assert text.place(("a", "e", 0, "f")) == Place("some.yaml", 4, 10)


def test_what_was_not_written_stands_where_its_parent_does(tmp_path):
    text = read(tmp_path, "a:\n  b: {c: 1}\n")
    assert text.place(("a", "b", "missing", "deeper")) == text.place(("a", "b"), key=True) == Place("some.yaml", 2, 3)
    assert text.place(("missing",)) == Place("some.yaml", 1, 1)


def test_aliases_repeat_what_they_name(tmp_path):
    assert read(tmp_path, "a: &x {b: 1}\nc: *x\n").data == {"a": {"b": 1}, "c": {"b": 1}}


def test_a_byte_order_mark_and_foreign_line_ends_change_nothing(tmp_path):
    path = tmp_path / "some.yaml"
    path.write_bytes(b"\xef\xbb\xbfa: 1\r\nb: x\r\n")
    assert read_yaml(path, "some.yaml").data == {"a": 1, "b": "x"}


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("a: 1\nb: 2\na: 3\n", "some.yaml:3:1: key 'a' stands twice; one 'a'; the first is in line 1"),
        ("a: {b: 1, b: 2}\n", "some.yaml:1:11: key 'b' stands twice; one 'b'; the first is in line 1"),
        ("a: !!int 5\n", "some.yaml:1:4: tag 'tag:yaml.org,2002:int'; no tags"),
        ("a: !!python/name:os.system ''\n", "some.yaml:1:4: tag 'tag:yaml.org,2002:python/name:os.system'; no tags"),
        ("a: !!set {x, y}\n", "some.yaml:1:4: tag 'tag:yaml.org,2002:set'; no tags"),
        ("? [a]\n: 1\n", "some.yaml:1:3: a key that is not a word; plain words as keys"),
        ("- a\n", "some.yaml:1:1: not a mapping; `key: value` lines"),
        ("a: *x\n", "some.yaml:1:4: not YAML: found undefined alias; YAML 1.2"),
        ("a: 1\n---\nb: 2\n", "some.yaml:2:1: not YAML: found another document; YAML 1.2"),
        ("a: x\nb: \x07\n", "some.yaml:2:4: not YAML: unacceptable character #x0007: control characters are not allowed; YAML 1.2"),
    ],
)
def test_what_is_refused_is_told_with_its_place(tmp_path, content, told):
    with pytest.raises(CaseError) as error:
        read(tmp_path, content)
    assert [str(problem) for problem in error.value.problems] == [told]


def test_forty_levels_are_read_and_one_more_is_refused(tmp_path):
    assert read(tmp_path, "{a: " * 40 + "1" + "}" * 40).data
    with pytest.raises(CaseError, match=r"some\.yaml:1:161: nested too deeply"):
        read(tmp_path, "{a: " * 41 + "1" + "}" * 41)


def table(tmp_path, content: str) -> list[dict[str, str]]:
    path = tmp_path / "some.csv"
    path.write_text(content)
    return [row.cells for row in read_table(path, "some.csv", ("day", "count"), ("day", "count", "note"))]


def test_tables_are_read_by_column_and_blank_rows_skipped(tmp_path):
    assert table(tmp_path, 'count,day,note\n3,mon,"a, b"\n\n4,tue,\n') == [
        {"count": "3", "day": "mon", "note": "a, b"},
        {"count": "4", "day": "tue", "note": ""},
    ]


def test_cells_have_places(tmp_path):
    path = tmp_path / "some.csv"
    path.write_text("count,day\n\n3,mon\n")
    (row,) = read_table(path, "some.csv", ("day", "count"), ("day", "count", "note"))
    assert row.place("day") == Place("some.csv", 3, 2)
    assert row.place() == Place("some.csv", 3, 1)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("day,count,nota\n", ["some.csv:1:3: unknown column 'nota'; day, count, note; did you mean 'note'?"]),
        ("day\n", ["some.csv:1:1: column 'count' is missing; all of day, count"]),
        ("day,cuont\n", ["some.csv:1:2: unknown column 'cuont'; day, count, note; did you mean 'count'?"]),
        ("day,count,day\n", ["some.csv:1:3: column 'day' stands twice; one 'day'"]),
        ("day,count\nmon\n", ["some.csv:2:1: 1 cells; 2, as in the header"]),
        (",\n", ["some.csv:1:1: no row has anything in it; a row of column names"]),
    ],
)
def test_odd_tables_are_refused_with_their_places(tmp_path, content, told):
    with pytest.raises(CaseError) as error:
        table(tmp_path, content)
    assert [str(problem) for problem in error.value.problems] == told


def test_a_cell_that_is_too_long_is_told_at_its_place(tmp_path):
    (tmp_path / "t.csv").write_text(f"id,text\na,{'x' * 20_001}\nb,{'x' * 20_000}\n", encoding="utf-8")
    with pytest.raises(CaseError) as error:
        read_table(tmp_path / "t.csv", "t.csv", ("id", "text"), ("id", "text"))
    assert str(error.value) == "t.csv:2:2: a text of 20001 letters; at most 20000"
