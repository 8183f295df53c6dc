"""Workbooks as people keep them: the first sheet of an XLSX file as rows of words, with the place of every cell."""

from __future__ import annotations

import datetime
import io
import lzma
import re
import struct
import warnings
import zipfile
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from materiel.case.reading import MAX_BYTES, MAX_NODES, Row, printed, read_bytes, table
from materiel.errors import CaseError, Place, Problem

if TYPE_CHECKING:
    from openpyxl.workbook import Workbook

MAX_UNPACKED = 4 * MAX_BYTES
"""A workbook is a packed file: this is what it may hold, in bytes."""

Lines = list[tuple[int, list[str]]]


def read_sheet(path: Path, shown: str, required: tuple[str, ...], allowed: tuple[str, ...]) -> list[Row]:
    """Return the rows of a workbook's first sheet; what was computed is read as it was saved. Raises CaseError."""
    raw = read_bytes(path, shown)
    _look_over(raw, shown)
    problems: list[Problem] = []
    try:
        lines = _walk(raw, shown, required, problems)
    except Exception as error:  # noqa: BLE001  # the library tells broken files by errors of every kind
        raise _broken(shown, f"{type(error).__name__} {error}") from None
    if problems:
        raise CaseError(problems)
    width = max((len(cells) for _, cells in lines), default=0)
    return table([(line, cells + [""] * (width - len(cells))) for line, cells in lines], shown, required, allowed)


def _walk(raw: bytes, shown: str, required: tuple[str, ...], problems: list[Problem]) -> Lines:
    book, written = _open(raw, computed=True), _open(raw, computed=False)
    try:
        lines = _lines(book.worksheets[0], written.worksheets[0], shown, problems)
        problems += [Problem(Place(shown, row, column), "merged cells", "each cell on its own") for row, column in _merged(raw, book.worksheets[0])]
        problems += _others(book, shown, required)
    finally:
        book.close()
        written.close()
    return lines


def _look_over(raw: bytes, shown: str) -> None:
    """Refuse what is no workbook, and what unpacks to more than a case can have, before anything of it is parsed."""
    if raw.startswith(b"\xd0\xcf\x11\xe0"):  # the container of old and of encrypted workbooks
        raise CaseError([Problem(Place(shown), "an encrypted or an old (.xls) workbook", "an XLSX file without a password")])
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as packed:
            if "xl/workbook.xml" not in packed.namelist():
                raise _broken(shown, "no workbook in it")
            left = MAX_UNPACKED
            for part in packed.infolist():
                with packed.open(part) as stream:  # sizes in the directory are only claimed: the bytes are counted
                    content = stream.read(left + 1)
                left -= len(content)
                if left < 0:
                    raise CaseError([Problem(Place(shown), f"unpacks to more than {MAX_UNPACKED / 1e6:.0f} MB", "a smaller workbook")])
                if part.filename.endswith((".xml", ".rels")) and b"<!DOCTYPE" in content:
                    raise _broken(shown, f"{part.filename} declares its own entities")
    except (
        zipfile.BadZipFile,
        zlib.error,
        lzma.LZMAError,
        struct.error,
        NotImplementedError,
        RuntimeError,
        EOFError,
        OSError,
        OverflowError,
        ValueError,
    ) as error:
        raise _broken(shown, str(error)) from None


def _broken(shown: str, why: str) -> CaseError:
    return CaseError([Problem(Place(shown), f"not a workbook: {printed(' '.join(why.split()))[:80].rstrip('.')}", "an XLSX file")])


def _open(raw: bytes, *, computed: bool) -> Workbook:
    import openpyxl

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of styles and extensions that reading drops
        return openpyxl.load_workbook(io.BytesIO(raw), read_only=True, data_only=computed)


def _lines(sheet: Any, formulas: Any, shown: str, problems: list[Problem]) -> Lines:
    made: Lines = []
    walked = 0
    for one in (sheet, formulas):
        one.reset_dimensions()  # what a file says of its own size is often wrong
    for number, (cells, sources) in enumerate(zip(sheet.iter_rows(), formulas.iter_rows(), strict=True), 1):
        row = [_word(cell, source, Place(shown, number, i + 1), problems) for i, (cell, source) in enumerate(zip(cells, sources, strict=True))]
        while row and not row[-1].strip():
            row.pop()
        if row:
            made.append((number, row))
        walked += len(cells) + 1  # a row whose number leaves a gap is given as many empty ones
        if walked > 10 * MAX_NODES:
            problems.append(
                Problem(Place(shown, number), "more cells than a case can have", f"at most {10 * MAX_NODES}, empty ones within rows and empty rows included")
            )
            break
    return made


def _word(cell: Any, source: Any, place: Place, problems: list[Problem]) -> str:
    """Return what a cell says, as one would have typed it; a cell that says nothing that can be used is a problem."""
    value: object = cell.value
    if value is None:
        if source.value is not None:
            problems.append(Problem(place, f"formula {str(source.value)[:40]!r} without a saved value", "a value, or a workbook saved after computing it"))
        return ""
    if cell.data_type == "e":
        problems.append(Problem(place, f"{printed(str(value))} in a cell", "a value"))
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    if isinstance(value, datetime.datetime) and value.time() == datetime.time():
        return value.date().isoformat()
    if isinstance(value, (datetime.datetime, datetime.time, datetime.timedelta)):
        problems.append(Problem(place, f"{value} is a time of day", "a day, or words"))
    return str(value)


def _merged(raw: bytes, sheet: Any) -> list[tuple[int, int]]:
    """Return where cells are merged, which a sheet that is read row by row does not tell."""
    from openpyxl.utils import cell

    with zipfile.ZipFile(io.BytesIO(raw)) as packed:
        found = re.findall(rb'<(?:\w+:)?mergeCell\s[^<>]*?ref="([A-Z]+)(\d+)', packed.read(getattr(sheet, "_worksheet_path", "")))
    return [(int(row), cell.column_index_from_string(column.decode())) for column, row in found]


def _others(book: Workbook, shown: str, required: tuple[str, ...]) -> list[Problem]:
    """Tell of further sheets that look like such a table: notes may stand there, rows may not, because they would be dropped unsaid."""
    found: list[str] = []
    for sheet in book.worksheets[1:]:
        top = next((row for row in sheet.iter_rows(max_row=20, values_only=True) if any(cell is not None for cell in row)), ())
        if len(set(required) & {str(cell).strip() for cell in top}) > 1:
            found.append(str(sheet.title))
    return [Problem(Place(shown), f"rows in a further sheet, {name!r}", "one sheet of rows, the first; or further files") for name in found]
