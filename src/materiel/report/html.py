"""The report as one HTML file that opens from disk, without a network: its data and its few lines of script are inside."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from materiel import disk, language
from materiel.analysis.reliability import Bin
from materiel.analysis.scoring import Scored
from materiel.case import translation
from materiel.errors import RunError
from materiel.report import outcomes, priors, reliability, sections
from materiel.report.blocks import Block, Document
from materiel.report.grounds import uncertain
from materiel.report.judgements import figure
from materiel.report.telling import Before, Finished, Telling

if TYPE_CHECKING:
    from jinja2 import Environment

MARK = '<meta name="generator" content="materiel">'


def write(document: Document, path: Path) -> Path:
    """Write a report as one HTML file. Raises RunError when it cannot be written, or would overwrite what is no report."""
    return disk.write_own(path, page(document).encode(), lambda held: MARK.encode() in held, "report of materiel")


def tell(run: Finished, in_language: str = language.DEFAULT, before: Before | None = None) -> Telling:
    """Return what a report of a run is told from. Raises CaseError for a translation with problems, RunError for a language that there is not."""
    return Telling(run, language.load(in_language), translation.texts(run.case, in_language), before)


def render(run: Finished, in_language: str = language.DEFAULT) -> str:
    """Return the report of a run as HTML."""
    return page(sections.document(tell(run, in_language)))


def page(document: Document) -> str:
    """Return a document as a page: one HTML file."""
    said = language.load(document.language)
    figures = {one.id: {"columns": one.columns, "rows": one.rows, "about": one.about} for one in document.figures()}
    words = {key: said.word(f"download {key}") for key in ("svg", "png", "csv", "metadata")}
    panels = {one.id: one.data for one in document.panels()}
    held = json.dumps({"figures": figures, "words": words, "panels": panels}, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")
    return _environment().get_template("page.html.j2").render(document=document, held=held, say=said.word, kind=_kind)


def fragment(blocks: Sequence[Block]) -> str:
    """Return blocks of a report as a piece of a page, without styles and scripts."""
    given = _environment().from_string('{% from "blocks.html.j2" import entry with context %}{{ entry(blocks) }}')
    return given.render(blocks=blocks, kind=_kind)


def _kind(block: object) -> str:
    return type(block).__name__


def picture(run: Finished, question: str, in_language: str = language.DEFAULT) -> str:
    """Return the fan chart of one question as an SVG file that stands alone. Raises RunError when the question has none."""
    if question not in run.curves:
        raise RunError(f"question {question!r} has no fan; one of {', '.join(run.curves)}")
    return alone(figure(tell(run, in_language), question).wide)


def assumed(run: Finished) -> str:
    """Return every uncertain number of a run as it is assumed, as an SVG file that stands alone."""
    return alone(priors.chart(run.case, uncertain(run.program)))


def came_out(scored: Sequence[Scored]) -> str:
    """Return how forecasts came out as an SVG file that stands alone."""
    return alone(outcomes.chart(scored))


def reliable(bins: Sequence[Bin], what: str) -> str:
    """Return how often stated probabilities came true as an SVG file that stands alone."""
    return alone(reliability.chart(bins, what))


def alone(svg: str) -> str:
    """Return an SVG element as the text of a file that stands alone, with its styles and a background."""
    style = "".join(styles().values())
    start = svg.index(">") + 1
    background = '<rect width="100%" height="100%" style="fill:var(--paper)"/>'
    return f"{svg[:start]}<style>{style}</style>{background}{svg[start:]}\n"


def styles() -> dict[str, str]:
    """Return the styles of charts, by the names of their files."""
    return {name: _environment().get_template(name).render() for name in ("palette.css", "dark.css", "charts.css")}


def scripts() -> dict[str, str]:
    """Return the script that makes files of charts, by the name of its file."""
    return {name: _environment().get_template(name).render() for name in ("figures.js",)}


def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    return Environment(loader=PackageLoader("materiel.report"), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
