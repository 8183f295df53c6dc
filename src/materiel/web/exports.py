"""What readers take away: tables with what describes them, as files of text in one archive or as one workbook.

Both hold the same tables. Nothing in them begins as a formula does: what strangers wrote into a case must not be computed by the program that opens it.
"""

from __future__ import annotations

import csv
import io
import itertools
import json
import re
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from materiel.analysis.questions import PERCENTS, Answer
from materiel.report.telling import Telling

if TYPE_CHECKING:
    from openpyxl.worksheet.worksheet import Worksheet

Cell = str | float | None

FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What a text begins with that a spreadsheet would compute."""
LONGEST_TITLE = 31
"""Letters of the name of a sheet, at most."""
LONGEST_FILE = 100
"""Letters of the name of a file in an archive without its ending, at most."""
WIDEST = 60
"""Letters for which a column is made wide, at most."""


@dataclass(frozen=True)
class Sheet:
    """A table by name: the names of its columns, its rows, and what describes it in the words of CSV on the Web, if it says more of itself than its columns do."""

    name: str
    columns: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    about: Mapping[str, Any] = field(default_factory=dict[str, Any])


def sheets(
    telling: Telling, before: Mapping[str, Answer], charts: Sequence[Mapping[str, Any]], levers: Sequence[Mapping[str, Any]], changes: Mapping[str, str]
) -> list[Sheet]:
    """Return the tables of a run: its answers (beside those `before` anything was set), every chart, its levers, and the sources of the case."""
    drawn = [Sheet(one["id"], one["columns"], one["rows"], one["about"]) for one in charts]
    return [_answers(telling, before), *drawn, _levers(levers, changes), _sources(telling)]


def _answers(telling: Telling, before: Mapping[str, Answer]) -> Sheet:
    columns = [
        "id",
        "question",
        "unit",
        *(f"p{percent}" for percent in PERCENTS),
        "threshold",
        "probability",
        "never",
        *(f"p{percent}_before" for percent in PERCENTS),
        "probability_before",
    ]
    rows: list[list[Cell]] = []
    for name, one in telling.run.questions.items():
        was, asked = before[name], one.asked
        threshold = "" if asked.threshold is None else f"{telling.word(f'side {asked.threshold[0]}')} {asked.threshold[1]:.10g}"
        rows.append(
            [
                name,
                str(telling.asked(name)),
                asked.unit,
                *one.quantiles.values(),
                threshold,
                one.probability,
                one.never,
                *was.quantiles.values(),
                was.probability,
            ]
        )
    return Sheet("answers", columns, rows)


def _levers(levers: Sequence[Mapping[str, Any]], changes: Mapping[str, str]) -> Sheet:
    rows = [[one["id"], one["name"], one["unit"], *(one["own"][end] for end in ("p5", "p50", "p95")), changes.get(one["id"], "")] for one in levers]
    return Sheet("levers", ["id", "name", "unit", "own_p5", "own_p50", "own_p95", "set_to"], rows)


def _sources(telling: Telling) -> Sheet:
    ledger = telling.case.ledger
    rows: list[list[Cell]] = [
        [name, one.title, ledger.publisher(name), one.url, str(one.published), ledger.reliability(name), one.licence or telling.word("licence unstated")]
        for name, one in ledger.sources.items()
    ]
    return Sheet("sources", ["id", "title", "publisher", "url", "published", "reliability", "licence"], rows)


def readme(telling: Telling, changes: Mapping[str, str], command: str) -> str:
    """Return what a reader must know of the tables: of which case and version, what was set, how to make them again, on which terms."""
    said, language = telling.run.manifest(), telling.language
    stamp = telling.word("stamp", day=language.date(telling.case.as_of), n=int(said["draws"]), seed=str(said["seed"]), version=str(said["version"]))
    told = [f"- {name} = {value}" for name, value in changes.items()] or [telling.word("nothing set")]
    parts = [
        str(telling.texts.title), stamp, f"{said['case']} {said['case_sha256']}", telling.word("what was set"), "\n".join(told), telling.word("to make it again"), command,
        telling.word("about tables"), telling.word("licence"),
    ]  # fmt: skip
    return "\n\n".join(parts) + "\n"


def archive(tables: Sequence[Sheet], about: str) -> bytes:
    """Return tables as files of comma-separated values in one archive, each with its description beside it, and what is said of them in README.txt. The same tables make the same bytes."""
    held, taken = {"README.txt": about}, list[str]()
    for one in tables:
        taken.append(_unused(one.name, taken, LONGEST_FILE))
        file = f"{taken[-1]}.csv"
        held[file] = _text(one)
        if one.about:
            held[f"{file}-metadata.json"] = json.dumps({**one.about, "url": file}, ensure_ascii=False, indent=2) + "\n"
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in held.items():
            archive.writestr(zipfile.ZipInfo(name), text.encode(), zipfile.ZIP_DEFLATED)
    return made.getvalue()


def _text(one: Sheet) -> str:
    made = io.StringIO()
    writer = csv.writer(made)
    writer.writerows([[_plain(cell) for cell in row] for row in (one.columns, *one.rows)])
    return made.getvalue()


def _plain(cell: Cell) -> Cell:
    """Return a cell that no spreadsheet computes: a text that would be a formula has an apostrophe before it."""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(FORMULA) else cell


def workbook(tables: Sequence[Sheet], about: str) -> bytes:
    """Return tables as sheets of one workbook, after one that says what a reader must know of them."""
    from openpyxl import Workbook

    book = Workbook()
    first = book.active
    assert first is not None
    _fill(first, "README", [[line] for line in about.split("\n") if line])
    for one in tables:
        sheet = book.create_sheet()
        _fill(sheet, _unused(one.name, book.sheetnames, LONGEST_TITLE), [list(one.columns), *one.rows])
        sheet.freeze_panes = "A2"
    made = io.BytesIO()
    book.save(made)
    return made.getvalue()


def _unused(name: str, taken: Sequence[str], longest: int) -> str:
    """Return a name of plain letters, at most so many, that none has yet, capital or small: a stranger's question may be called `../x` or `answers`."""
    short = re.sub(r"[^\w.-]+", "-", name).lstrip(".")[:longest] or "table"
    others = {one.casefold() for one in taken}
    return next(one for one in itertools.chain([short], (f"{short[: longest - 6]}~{n}" for n in itertools.count(2))) if one.casefold() not in others)


def _fill(sheet: Worksheet, title: str, rows: Sequence[Sequence[Cell]]) -> None:
    from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
    from openpyxl.utils import get_column_letter

    sheet.title = title
    widths: dict[int, int] = {}
    for at, row in enumerate(rows, 1):
        for column, value in enumerate(row, 1):
            if value is None or value == "":
                continue
            cell = sheet.cell(at, column, ILLEGAL_CHARACTERS_RE.sub("", value) if isinstance(value, str) else value)
            if isinstance(value, str):
                cell.data_type = "s"  # a text stays one, whatever it begins with
            widths[column] = min(max(widths.get(column, 0), len(str(value)) + 2), WIDEST)
    for column, width in widths.items():
        sheet.column_dimensions[get_column_letter(column)].width = width
