"""What a report is made of, before it becomes a page or a PDF: sections of paragraphs, lists, tables, figures and folds, whose every text is in pieces."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from materiel.language.phrase import Said


@dataclass(frozen=True)
class Paragraph:
    """A paragraph: plain, `soft` (beside the point), `lead` (what a reader must know first) or `head` (a heading inside a section)."""

    said: Said
    tone: Literal["plain", "soft", "lead", "head"] = "plain"


@dataclass(frozen=True)
class Quote:
    """The words of a source, in their language if it is known, and their translation."""

    words: Said
    translation: Said = ""


@dataclass(frozen=True)
class Bullets:
    """A list, of entries of one block or more; `ordered` ones are numbered."""

    entries: Sequence[Sequence[Block]]
    ordered: bool = False


@dataclass(frozen=True)
class Row:
    """A row of a table; `about` is what opens below it, `id` its anchor."""

    cells: Sequence[Said | Sequence[Block]]
    id: str = ""
    about: Fold | None = None


@dataclass(frozen=True)
class Table:
    """A table: the titles of its columns, which of them hold numbers, and its rows."""

    head: Sequence[Said]
    rows: Sequence[Row]
    numeric: frozenset[int] = frozenset()


@dataclass(frozen=True)
class Fold:
    """What is closed until a reader opens it; printed, it is open. `id` is its anchor."""

    summary: Said
    blocks: Sequence[Block]
    id: str = ""
    open: bool = False
    paper: Literal["here", "after", "never"] = "here"
    """Where the PDF has it: where it stands, at the end, or not at all."""
    heading: Said = ""
    """What stands above it at the end of a PDF, if that is not its summary."""


@dataclass(frozen=True)
class Figure:
    """A figure: what it shows (`title`), of what in which unit (`measure`), drawn for wide and for narrow pages, how to read it (`key`), where it comes from (`foot`).

    `columns` and `rows` are its data, for downloads; `about` describes them: units, definitions, grades, licence.
    """

    id: str
    title: Said
    measure: Said
    wide: str
    narrow: str
    key: Said
    foot: Said
    columns: Sequence[str] = ()
    rows: Sequence[Sequence[str | float | None]] = ()
    about: Mapping[str, object] = field(default_factory=dict[str, object])
    more: Sequence[Block] = ()


@dataclass(frozen=True)
class Panel:
    """What a reader moves in the page, and sees answer: its `data` are for the script. On paper it is left out."""

    id: str
    title: Said
    data: Mapping[str, object]


Block = Paragraph | Quote | Bullets | Table | Fold | Figure | Panel


@dataclass(frozen=True)
class Section:
    """A section of the report: its anchor, its title, what it says."""

    id: str
    title: Said
    blocks: Sequence[Block]


@dataclass(frozen=True)
class Document:
    """A report as it will be printed: `title`, `stamp` (as of when, made how), what stands first, sections, and the language that it is in."""

    language: str
    title: Said
    stamp: Said
    first: Sequence[Block]
    sections: Sequence[Section]
    appendix: Said
    """The title of what a PDF has at its end, out of folds of the page."""

    def texts(self) -> Iterator[Said]:
        """Yield every text of the report, headings and cells included."""
        yield self.title
        yield self.stamp
        for block in self.first:
            yield from texts(block)
        for section in self.sections:
            yield section.title
            for block in section.blocks:
                yield from texts(block)

    def panels(self) -> Iterator[Panel]:
        """Yield every panel."""
        yield from (block for section in self.sections for block in section.blocks if isinstance(block, Panel))

    def figures(self) -> Iterator[Figure]:
        """Yield every figure."""
        for block in [*self.first, *(block for section in self.sections for block in section.blocks)]:
            yield from figures(block)


def inside(block: Block) -> Iterator[Block]:
    """Yield the blocks that a block holds itself."""
    match block:
        case Bullets():
            yield from (one for entry in block.entries for one in entry)
        case Table():
            for row in block.rows:
                yield from (one for cell in row.cells if isinstance(cell, Sequence) and not isinstance(cell, str) for one in cell)
                yield from (row.about,) if row.about else ()
        case Fold():
            yield from block.blocks
        case Figure():
            yield from block.more
        case Paragraph() | Quote() | Panel():
            pass


def texts(block: Block) -> Iterator[Said]:
    """Yield every text of a block."""
    match block:
        case Paragraph():
            yield block.said
        case Quote():
            yield from (block.words, block.translation)
        case Table():
            yield from block.head
            yield from (cell for row in block.rows for cell in row.cells if isinstance(cell, str) or not isinstance(cell, Sequence))
        case Fold():
            yield block.summary
        case Panel():
            yield block.title
        case Figure():
            yield from (block.title, block.measure, block.key, block.foot)
        case Bullets():
            pass
    for one in inside(block):
        yield from texts(one)


def figures(block: Block) -> Iterator[Figure]:
    """Yield every figure in a block."""
    if isinstance(block, Figure):
        yield block
    for one in inside(block):
        yield from figures(one)
