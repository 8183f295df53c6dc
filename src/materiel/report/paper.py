"""The report as a PDF, set by Typst from the same document as the page."""

from __future__ import annotations

import importlib.util
import json
import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from materiel import disk
from materiel.errors import RunError
from materiel.language.phrase import Piece, Said, phrase
from materiel.report.blocks import Block, Bullets, Document, Figure, Fold, Panel, Paragraph, Quote, Row, Section, Table, inside

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

TEMPLATES = Path(__file__).parent / "templates"
FONT = "Libertinus Serif"
"""The letters of charts; Typst brings them along."""
SHORT = 20
"""Letters of a cell that is not broken."""
_NOT_SET = re.compile(
    "[\u0590-\u08ff\u1100-\u11ff\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\uff00-\uffef]+(?:[ ·]?[\u0590-\u08ff\u1100-\u11ff\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\uff00-\uffef]+)*"
)
"""Words in scripts that these letters do not have: a quote in one of them is printed in translation, a title as its address, the same on every machine."""


def write(document: Document, path: Path) -> Path:
    """Write a document as a PDF. Raises RunError where Typst is not installed, the file is there and no PDF, or it cannot be written."""
    if importlib.util.find_spec("typst") is None:
        raise RunError("a PDF needs Typst; `pip install 'materiel[pdf]'` brings it")
    return disk.write_own(path, typeset(document), lambda held: held.startswith(b"%PDF"), "PDF")


def typeset(document: Document) -> bytes:
    """Return a document as the bytes of a PDF."""
    typst: Any = importlib.import_module("typst")
    return typst.compile((TEMPLATES / "report.typ").read_bytes(), sys_inputs={"held": json.dumps(plain(document), ensure_ascii=False)})


def plain(document: Document) -> dict[str, Any]:
    """Return a document as plain data: what is printed of it, in pieces, and at the end what the page has in folds for later."""
    kept = [section for section in document.sections if not any(isinstance(block, Panel) for block in section.blocks)]  # nothing moves on paper
    after = list[Block]()
    for fold in [one for section in kept for block in section.blocks for one in _folds(block)]:
        if fold.paper == "after":
            after += [Paragraph(fold.heading or fold.summary, "head"), replace(fold, summary="", paper="here")]
    kept.insert(-1, Section("appendix", document.appendix, after))
    sections: list[dict[str, Any]] = [{"id": one.id, "title": _said(one.title), "blocks": blocks} for one in kept if (blocks := _blocks(one.blocks))]
    anchors = {str(one["id"]) for one in sections}
    for one in sections:
        _anchors(one["blocks"], anchors)
    return {
        "language": document.language, "title": str(document.title), "headline": _said(document.title), "stamp": _said(document.stamp),
        "first": _blocks(document.first), "sections": sections, "anchors": sorted(anchors),
    }  # fmt: skip


def _folds(block: Block) -> Iterator[Fold]:
    if isinstance(block, Fold):
        yield block
    for one in inside(block):
        yield from _folds(one)


def _said(said: Said) -> list[str | dict[str, str]]:
    return [_NOT_SET.sub("[…]", piece) if isinstance(piece, str) else _piece(piece) for piece in phrase(said).pieces]


def _piece(piece: Piece) -> dict[str, str]:
    text = piece.of if piece.kind == "link" and _NOT_SET.search(piece.text) else _NOT_SET.sub("[…]", piece.text)
    return {"text": text, "kind": piece.kind, "of": piece.of}


def _blocks(blocks: Sequence[Block]) -> list[dict[str, Any]]:
    return [_block(one) for one in blocks if not isinstance(one, Fold) or one.paper == "here"]


def _block(block: Block) -> dict[str, Any]:
    match block:
        case Panel():
            raise TypeError("a panel is for the page")
        case Paragraph():
            made = {"tone": block.tone, "said": _said(block.said)}
        case Quote():
            made = {"words": _said(block.words), "translation": _said(block.translation)}
            if block.translation and _NOT_SET.search(str(block.words)):
                made = {"words": _said(block.translation), "translation": []}
        case Bullets():
            made = {"ordered": block.ordered, "entries": [_blocks(entry) for entry in block.entries]}
        case Table():
            made = {
                "head": [_said(one) for one in block.head], "rows": [_row(row) for row in block.rows], "numeric": sorted(block.numeric), "widths": _widths(block),
            }  # fmt: skip
        case Fold():
            made = {"id": block.id, "summary": _said(block.summary), "blocks": _blocks(block.blocks)}
        case Figure():
            made = {
                "title": _said(block.title), "measure": _said(block.measure), "svg": drawing(block.wide), "key": _said(block.key), "foot": _said(block.foot),
                "more": _blocks(block.more),
            }  # fmt: skip
    return {"is": type(block).__name__, **made}


def _row(row: Row) -> dict[str, Any]:
    cells = [
        {"blocks": True, "held": _blocks(cell)} if isinstance(cell, list | tuple) else {"blocks": False, "held": _said(cell)}  # pyright: ignore[reportArgumentType]
        for cell in row.cells
    ]
    return {"id": row.id, "cells": cells, "about": _block(row.about) if row.about and row.about.paper == "here" else None}


def _widths(table: Table) -> list[int]:
    """Return the shares of the width that columns take, by how much their cells hold, empty ones aside; nought for those whose every cell is short, which take what they need."""
    columns = [[len(str(title))] for title in table.head]
    for row in table.rows:
        for held, cell in zip(columns, row.cells, strict=True):
            held.append(sum(len(str(one.said)) for one in cell if isinstance(one, Paragraph)) if isinstance(cell, list | tuple) else len(str(cell)))
    means = [sum(held) / max(sum(map(bool, held)), 1) for held in columns]
    whole = max(sum(means), 1.0)
    return [0 if max(held) <= SHORT else max(2, round(12 * (mean / whole) ** 0.6)) for held, mean in zip(columns, means, strict=True)]


def _anchors(blocks: list[dict[str, Any]], found: set[str]) -> None:
    """Note what can be linked to in what is printed."""
    for block in blocks:
        rows = block.get("rows", [])
        found |= {str(one["id"]) for one in [block, *rows] if one.get("id")}
        inner = [*block.get("blocks", []), *block.get("more", []), *(one for entry in block.get("entries", []) for one in entry)]
        inner += [one for row in rows for cell in row["cells"] if cell["blocks"] for one in cell["held"]] + [row["about"] for row in rows if row.get("about")]
        _anchors(inner, found)


def drawing(svg: str) -> str:
    """Return a chart as Typst draws it: with its style inside, in light colours, which are written out, and in letters that Typst has."""
    palette = dict(re.findall(r"--(\w+): ([^;]+);", (TEMPLATES / "palette.css").read_text(encoding="utf-8")))
    style = (TEMPLATES / "charts.css").read_text(encoding="utf-8").replace("system-ui, sans-serif", f'"{FONT}"')
    style = re.sub(r"var\(--(\w+)\)", lambda found: palette[found[1]], style)
    start = svg.index(">") + 1
    return f"{svg[:start]}<style>{style}</style>{svg[start:]}"
