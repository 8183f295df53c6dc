"""What strangers send: every hostile zip gets a problem, no name leads anywhere, and what is sound comes through byte for byte."""

from __future__ import annotations

import io
import json
import stat
import struct
import zipfile
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from materiel.case import sheets
from materiel.errors import CaseError
from materiel.web import uploads
from materiel.web.uploads import Upload, unpack, written

CASE = b"title: a case\n"


def packed(files: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", method) as zipped:
        for name, held in files.items():
            zipped.writestr(name, held)
    return made.getvalue()


def renamed(name: bytes) -> bytes:
    """Return a zip of which a file has another name than a library would write."""
    return packed({"case.yaml": CASE, "x" * len(name): b"a"}).replace(b"x" * len(name), name)


def found(sent: bytes, read=unpack) -> str:
    with pytest.raises(CaseError) as error:
        read(sent)
    return str(error.value)


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
@pytest.mark.parametrize("folder", ["", "mine/", "a/b/c/"])
def test_a_case_comes_out_as_it_was_packed(method, folder):
    sent = packed({f"{folder}case.yaml": CASE, f"{folder}claims.csv": b"\xef\xbb\xbfid\r\n"}, method)
    assert unpack(sent) == Upload({"case.yaml": CASE, "claims.csv": b"\xef\xbb\xbfid\r\n"}, "case.yaml")


def test_what_lies_in_other_folders_stays_packed():
    sent = packed({"mine/case.yaml": CASE, "mine/forecasts/1.yaml": b"a", "__MACOSX/mine/._case.yaml": b"b", "README.md": b"c"})
    assert unpack(sent).files == {"case.yaml": CASE}


def test_a_file_alone_is_a_case_by_its_own_name():
    assert unpack(packed({"line.yaml": CASE})) == Upload({"line.yaml": CASE}, "line.yaml")
    assert written(json.dumps({"files": {"line.yaml": "title: a case\n"}}).encode()) == Upload({"line.yaml": CASE}, "line.yaml")


def test_workbooks_come_as_bytes_among_texts():
    sent = json.dumps({"files": {"case.yaml": "title: a case\n", "claims.xlsx": {"base64": "UEsDBP8="}}}).encode()
    assert written(sent).files == {"case.yaml": CASE, "claims.xlsx": b"PK\x03\x04\xff"}


@pytest.mark.parametrize("given", [1, None, [], {}, {"base64": 1}, {"base64": "!"}, {"base64": "UEs"}, {"base64": "\u00e9"}, {"text": "x"}])
def test_what_is_neither_text_nor_bytes_is_told(given):
    assert "case.yaml:1:1: not a text" in found(json.dumps({"files": {"case.yaml": given}}).encode(), written)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        (b"../x.yaml", "leads out of the folder"),
        (b"a/../../x.yaml", "leads out of the folder"),
        (b"/etc/passwd", "leads out of the folder"),
        (b"//x/y.yaml", "leads out of the folder"),
        (b"..\\x.yaml", "leads out of the folder"),
        (b"a\\x.yaml", "leads out of the folder"),
        (b"C:x.yaml", "leads out of the folder"),
        (b"./x.yaml", "leads out of the folder"),
        (b"a//x.yaml", "leads out of the folder"),
        (b"..", "leads out of the folder"),
        (b"case.yaml:ads", "leads out of the folder"),
        (b"NUL", "a device on some systems"),
        (b"a/com1.yaml", "a device on some systems"),
        (b"CASE.yaml", "a file stands twice"),
        (b"x\x00.yaml", "a control character"),
        (b"x\x1b[2J.yaml", "a control character"),
        (b"x\ny.yaml", "a control character"),
        (b"a/b/c/d/e/x.yaml", "too long or too deep"),
        (b"n" * 201, "too long or too deep"),
        (b"more.zip", "an archive"),
        (b"more.TAR.GZ", "an archive"),
    ],
)
def test_names_that_lead_elsewhere_are_refused(name, said):
    message = found(renamed(name))
    assert said in message
    assert "\x1b" not in message
    assert "\x00" not in message


@pytest.mark.parametrize("name", ["../case.yaml", "/case.yaml", "a\\case.yaml", "case\u202e.yaml", "a\x00b", "", "a/../case.yaml", "C:case.yaml"])
def test_names_of_texts_are_looked_at_as_well(name):
    assert "name of a file" in found(json.dumps({"files": {name: "title: x"}}).encode(), written)


@given(st.text(min_size=1, max_size=40))
def test_no_name_leads_out_of_a_folder(name):
    """Whatever a file is called, it is refused or kept under a name that is a plain one."""
    sent = json.dumps({"files": {"case.yaml": "title: x", name: "y"}}).encode()
    try:
        kept = written(sent).files
    except CaseError:
        return
    assert all(one not in ("", ".", "..") and not set(one) & set("/\\\x00\r\n\x1b") for one in kept)


@given(st.lists(st.sampled_from(["..", ".", "", "a", "b", "case.yaml", "\\", "C:", "\x00"]), min_size=1, max_size=6).map("/".join))
def test_no_path_in_a_zip_leads_out_of_a_folder(name):
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as zipped:
        about = zipfile.ZipInfo("x")
        about.filename = name
        zipped.writestr(about, b"y")
        zipped.writestr("z/case.yaml", CASE)
    try:
        kept = unpack(made.getvalue()).files
    except CaseError:
        return
    assert set(kept) <= {"a", "b", "case.yaml"}


@given(st.binary(max_size=400))
def test_bytes_that_are_no_zip_are_told(sent):
    with pytest.raises(CaseError):
        unpack(sent)


@given(st.integers(0, 200), st.integers(1, 255))
def test_a_damaged_zip_is_told_or_holds_what_it_held(at, change):
    sent = bytearray(packed({"case.yaml": CASE, "claims.yaml": b"a: 1\n"}))
    sent[at % len(sent)] ^= change
    try:
        kept = unpack(bytes(sent)).files
    except CaseError:
        return
    assert set(kept.values()) <= {CASE, b"a: 1\n"}


def test_a_link_is_refused():
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as zipped:
        about = zipfile.ZipInfo("case.yaml")
        about.external_attr = (stat.S_IFLNK | 0o777) << 16
        zipped.writestr(about, "/etc/passwd")
    assert "a link or a device" in found(made.getvalue())


def test_an_encrypted_file_is_refused():
    sent = bytearray(packed({"case.yaml": CASE}))
    for mark, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        sent[sent.index(mark) + at] |= 1
    assert "an encrypted file" in found(bytes(sent))


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_other_ways_of_packing_are_refused(method):
    assert "packed by method" in found(packed({"case.yaml": CASE}, method))


def test_a_file_that_stands_twice_is_refused():
    sent = packed({"case.yaml": CASE, "cast.yaml": CASE}).replace(b"cast.yaml", b"case.yaml")
    assert "stands twice" in found(sent)


def test_two_cases_are_refused():
    assert "one of several folders" in found(packed({"a/case.yaml": CASE, "b/case.yaml": CASE}))


def test_no_case_is_told():
    assert "case.yaml:1:1: no such file" in found(packed({"a.yaml": CASE, "b.yaml": CASE}))


def test_bombs_are_refused_before_they_are_unpacked(monkeypatch):
    monkeypatch.setattr(uploads, "_contents", lambda *_: pytest.fail("unpacked"))
    large = b"0" * (uploads.MAX_BYTES + 1)
    assert "file of 5 MB; at most 5 MB" in found(packed({"case.yaml": large}))
    assert "unpacks to more than 100 times its size" in found(packed({"case.yaml": large[:-2]}))
    many = {f"claims.{i}.yaml": zlib.compress(b"", 0) + bytes(range(256)) * 19_000 for i in range(5)}
    assert "unpacks to 24 MB; at most 20 MB" in found(packed({"case.yaml": CASE} | many))
    assert "101 files; at most 100" in found(packed({f"{i}.yaml": b"" for i in range(101)}))


def lying(sent: bytes, size: int) -> bytes:
    """Return a zip of one file whose directory tells another size."""
    made = bytearray(sent)
    for mark, at in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        start = made.index(mark) + at
        made[start : start + 4] = struct.pack("<I", size)
    return bytes(made)


@pytest.mark.parametrize("size", [1, 100, 4_000_000])
def test_sizes_are_counted_not_believed(size):
    """A file that claims to be small and unpacks to much, or the other way round, is told; no more than was claimed is unpacked."""
    message = found(lying(packed({"case.yaml": b"0" * 9_000_000}), size))
    assert "cannot be unpacked" in message or "another size" in message or "100 times its size" in message


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"[]",
        b'"x"',
        b"{}",
        b'{"files": {}}',
        b'{"files": []}',
        b'{"files": {"case.yaml": "x"}, "more": 1}',
        b"[" * 100_000,
        b'{"files": {"case.yaml": 1}}',
        b"\xff",
    ],
)
def test_other_bodies_than_texts_by_name_are_told(sent):
    assert found(sent, written)


def test_a_folder_among_texts_is_refused():
    assert "a/:1:1: a folder among the files" in found(b'{"files": {"a/case.yaml": "title: x", "a/": "x"}}', written)


def test_texts_that_differ_in_capitals_alone_are_refused():
    assert "a file stands twice" in found(b'{"files": {"case.yaml": "title: x", "Case.YAML": "x"}}', written)


@pytest.mark.parametrize("comment", [b"", b"a comment"])
@pytest.mark.parametrize("claimed", [2000, 3])
def test_a_directory_of_too_many_entries_is_not_even_read(monkeypatch, comment, claimed):
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as zipped:
        for i in range(2000):
            zipped.writestr(f"{i}.yaml", b"")
        zipped.comment = comment
    sent = bytearray(made.getvalue())
    at = sent.rindex(b"PK\x05\x06") + 8
    sent[at : at + 4] = struct.pack("<HH", claimed, claimed)
    monkeypatch.setattr(uploads.zipfile, "ZipFile", lambda *_: pytest.fail("read"))
    assert "2000 files; at most 100" in found(bytes(sent))


def test_a_workbook_in_a_case_counts_as_one_file():
    workbook = packed({f"{i}.xml": b"x" for i in range(90)}, zipfile.ZIP_STORED)
    assert set(unpack(packed({"case.yaml": CASE, "a.xlsx": workbook, "b.xlsx": workbook}, zipfile.ZIP_STORED)).files) == {"case.yaml", "a.xlsx", "b.xlsx"}


def zip64(sent: bytes, offset: int) -> bytes:
    """Return a zip of one file whose directory says, in the way of large zips, that the file begins at an offset."""
    start, end = sent.index(b"PK\x01\x02"), sent.index(b"PK\x05\x06")
    entry = bytearray(sent[start:end])
    extra = struct.pack("<HHQ", 1, 8, offset)
    entry[30:32], entry[42:46] = struct.pack("<H", len(extra)), b"\xff" * 4
    entry += extra
    return sent[:start] + entry + sent[end : end + 12] + struct.pack("<II", len(entry), start) + sent[end + 20 :]


def test_a_file_that_begins_beyond_all_numbers_is_told():
    assert unpack(zip64(packed({"case.yaml": CASE}), 0)).files == {"case.yaml": CASE}
    assert "cannot be unpacked" in found(zip64(packed({"case.yaml": CASE}), 1 << 63))


def test_a_workbook_whose_part_begins_beyond_all_numbers_is_told():
    with pytest.raises(CaseError, match="not a workbook"):
        sheets._look_over(zip64(packed({"xl/workbook.xml": b"<x/>"}), 1 << 63), "claims.xlsx")


def test_too_many_texts_are_told_before_anything_of_them_is_looked_at(monkeypatch):
    monkeypatch.setattr(uploads, "_held", lambda _: pytest.fail("looked at"))
    assert "the request:1:1: 101 files" in found(json.dumps({"files": {f"{i}.yaml": "" for i in range(101)}}).encode(), written)


def test_half_a_sign_is_left_to_whoever_reads_the_text():
    assert written(b'{"files": {"case.yaml": "\\ud800"}}').files["case.yaml"] == b"\xed\xa0\x80"
