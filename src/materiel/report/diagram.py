"""The flow of materiel as a diagram: who feeds whom, one lane per actor, from left to right, or from the top down where there is little room."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape

from materiel.case.model import Case, Instance
from materiel.case.translation import Texts
from materiel.language import Language
from materiel.report.charts import svg

LINE = 13
"""Height of a line in a box."""
HEAD, GAP = 24, 6
"""Height of the name of a lane, and space between lanes."""
SWEEPS = 4
"""How often boxes are put beside those that they are linked to."""


@dataclass(frozen=True)
class Look:
    """How a diagram is laid out, in pixels: the pitch of columns and rows, the size of a box, and how many boxes stand `abreast` where it runs down (nought where it runs across)."""

    column: int = 188
    row: int = 27
    box: int = 152
    height: int = 20
    abreast: int = 0
    lines: int = 1
    """Lines that a name may take; what a box says besides stands below them."""

    @property
    def signs(self) -> int:
        """How many letters a line has room for."""
        return (self.box - 2) // 7


PAGE = Look()


@dataclass
class Box:
    """A box: its identifier, the actor in whose lane it stands, the heading of its components, its name, what else is written in it, and what it says to those who ask."""

    id: str
    actor: str
    section: str
    name: str
    title: str
    said: str | None = None
    column: int = 0
    x: float = 0.0
    y: float = 0.0


@dataclass(frozen=True)
class Arrow:
    """What passes between two boxes, by their identifiers, and what it says to those who ask; `weak` is what only feeds the main flow."""

    id: str
    leaves: str
    enters: str
    title: str = ""
    weak: bool = False


def flow(case: Case, texts: Texts, language: Language) -> str:
    """Return the diagram of a case as an SVG element: boxes are components through which items pass, lines what passes."""
    arrows = [Arrow("", *pair) for pair in _pairs(case)]
    boxes = {path: _of(case.components[path], texts) for arrow in arrows for path in (arrow.leaves, arrow.enters)}
    arrange(boxes, arrows)
    return drawn(boxes, arrows, texts, language.word("flow", boxes=len(boxes), arrows=len(arrows)), PAGE)


def drawn(boxes: Mapping[str, Box], arrows: Sequence[Arrow], texts: Texts, title: str, look: Look) -> str:
    """Return boxes that have their columns, and what passes between them, as an SVG element."""
    place = _down if look.abreast else _across
    width, height, lanes = place(texts, boxes, look)
    parts = [f'<g class="lane"><rect x="0" y="{y}" width="{width}" height="{h}"/></g>' for _, y, h in lanes]
    parts += [_arrow(one, boxes[one.leaves], boxes[one.enters], look) for one in arrows]
    parts += [f'<g class="lane"><text x="8" y="{y + 16}">{escape(name)}</text></g>' for name, y, _ in lanes]
    parts += [_box(box, look) for box in boxes.values()]
    return svg(width, height, title, parts, "flow").replace("<svg ", f'<svg width="{width:.0f}" height="{height:.0f}" ', 1)


def _of(one: Instance, texts: Texts) -> Box:
    return Box("", one.actor, one.type.section, str(texts.component(one.path)), one.path)


def _pairs(case: Case) -> list[tuple[str, str]]:
    """Return who passes an item to whom; claims on capacity, credit and the like carry nothing and are left out."""
    made: list[tuple[str, str]] = []
    for one in case.components.values():
        for name, link in one.type.links.items():
            if link.draws == "stock":
                made += [(end.path, one.path) for end in one.drawn(name)]
            if any(port == "goods" for _, port in link.sends):
                made += [(one.path, end.path) for end in one.links[name]]
    return list(dict.fromkeys(made))


def arrange(boxes: Mapping[str, Box], arrows: Sequence[Arrow]) -> None:
    """Put every box to the right of all that feed it, as far as there is no circle."""
    feeds: dict[str, list[str]] = {path: [] for path in boxes}
    for arrow in arrows:
        feeds[arrow.enters].append(arrow.leaves)
    open_now: set[str] = set()
    known: dict[str, int] = {}

    def column(path: str) -> int:
        if path in known:
            return known[path]
        if path in open_now:
            return -1
        open_now.add(path)
        known[path] = max((column(before) + 1 for before in feeds[path]), default=0)
        open_now.discard(path)
        return known[path]

    for path, box in boxes.items():
        box.column = column(path)


def untangled(boxes: Mapping[str, Box], arrows: Sequence[Arrow]) -> dict[str, Box]:
    """Return boxes in an order in which those that are linked stand near each other: each by the mean place of its neighbours, again and again."""
    near: dict[str, list[str]] = {path: [] for path in boxes}
    for arrow in arrows:
        near[arrow.enters].append(arrow.leaves)
        near[arrow.leaves].append(arrow.enters)
    places = {path: float(i) for i, path in enumerate(boxes)}
    for _ in range(SWEEPS):
        wanted = {path: sum(places[one] for one in ends) / len(ends) if ends else places[path] for path, ends in near.items()}
        for column in {box.column for box in boxes.values()}:
            mine = sorted((path for path, box in boxes.items() if box.column == column), key=lambda path: wanted[path])
            places |= {path: i * len(boxes) / len(mine) for i, path in enumerate(mine)}
    return {path: boxes[path] for path in sorted(boxes, key=lambda path: places[path])}


def _across(texts: Texts, boxes: Mapping[str, Box], look: Look) -> tuple[float, float, list[tuple[str, float, float]]]:
    """Place boxes column by column from left to right; return width, height, and the name, place and height of every lane."""
    lanes: list[tuple[str, float, float]] = []
    y = 0.0
    for actor, own in _by_actor(texts, boxes):
        filled: dict[int, int] = {}
        for box in sorted(own, key=lambda box: box.column):
            row = filled.get(box.column, 0)
            filled[box.column] = row + 1
            box.x, box.y = 10 + box.column * look.column, y + HEAD + row * look.row
        height = HEAD + max(filled.values()) * look.row + 8
        lanes.append((_named(texts, actor), y, height))
        y += height + GAP
    columns = max((box.column for box in boxes.values()), default=0) + 1
    return columns * look.column + 20, max(y, HEAD), lanes


def _down(texts: Texts, boxes: Mapping[str, Box], look: Look) -> tuple[float, float, list[tuple[str, float, float]]]:
    """Place boxes row by row from the top down, some abreast; return width, height, and the name, place and height of every lane."""
    lanes: list[tuple[str, float, float]] = []
    y = 0.0
    for actor, own in _by_actor(texts, boxes):
        top, at = y, y + HEAD
        for column in sorted({box.column for box in own}):
            row = [box for box in own if box.column == column]
            for i, box in enumerate(row):
                box.x, box.y = 8 + i % look.abreast * look.column, at + i // look.abreast * look.row
            at += -(-len(row) // look.abreast) * look.row
        lanes.append((_named(texts, actor), top, at + 4 - top))
        y = at + 4 + GAP
    return look.abreast * look.column + 8, max(y, HEAD), lanes


def _by_actor(texts: Texts, boxes: Mapping[str, Box]) -> Iterator[tuple[str, list[Box]]]:
    """Yield every actor that has boxes with these; last, under no name, what stands between actors."""
    for actor in (*texts.case.actors, ""):
        if own := [box for box in boxes.values() if box.actor == actor]:
            yield actor, own


def _named(texts: Texts, actor: str) -> str:
    """Return the name of a lane; what stands between actors has none."""
    return str(texts.actor(actor)) if actor else ""


def _arrow(arrow: Arrow, a: Box, b: Box, look: Look) -> str:
    path = _downward(a, b, look) if look.abreast else _rightward(a, b, look)
    kind = f"link{' abroad' if a.actor != b.actor else ''}{' weak' if arrow.weak else ''}"
    if not arrow.id:
        return f'<path class="{kind}" d="{path}"/>'
    return f'<path class="{kind}" data-arrow="{escape(arrow.id)}" d="{path}"><title>{escape(arrow.title)}</title></path>'


def _rightward(a: Box, b: Box, look: Look) -> str:
    """Return a line from the right of one box to the left of another."""
    x1, y1, x2, y2 = a.x + look.box, a.y + look.height / 2, b.x, b.y + look.height / 2
    bend = max(abs(x2 - x1) / 2, 24)
    return f"M{x1:.0f},{y1:.0f}C{x1 + bend:.0f},{y1:.0f} {x2 - bend:.0f},{y2:.0f} {x2:.0f},{y2:.0f}"


def _downward(a: Box, b: Box, look: Look) -> str:
    """Return a line from the bottom of one box to the top of another, or up from its top where that lies above; past rows between the two it runs beside their boxes."""
    up = b.y < a.y
    x1, y1, x2, y2 = a.x + look.box / 2, a.y + (0 if up else look.height), b.x + look.box / 2, b.y + (look.height if up else 0)
    aside, gap = look.column - look.box, look.row - look.height
    if abs(y2 - y1) <= gap:
        return f"M{x1:.0f},{y1:.0f}C{x1:.0f},{y2:.0f} {x2:.0f},{y1:.0f} {x2:.0f},{y2:.0f}"
    x = b.x - aside / 2 if b.x > a.x else b.x + look.box + aside / 2
    first, last = (y1 - gap, y2 + gap) if up else (y1 + gap, y2 - gap)
    return f"M{x1:.0f},{y1:.0f}C{x1:.0f},{first:.0f} {x:.0f},{y1:.0f} {x:.0f},{first:.0f}L{x:.0f},{last:.0f}C{x:.0f},{y2:.0f} {x2:.0f},{last:.0f} {x2:.0f},{y2:.0f}"


def _box(box: Box, look: Look) -> str:
    known = f' data-box="{escape(box.id)}"' if box.id else ""
    whole = re.sub(r"(?<=\d) (?=\w)", "\N{NO-BREAK SPACE}", box.name)  # a number stays with its unit
    name = textwrap.wrap(whole, look.signs, max_lines=look.lines, placeholder="…") or [""]
    said = [(line, "") for line in name] + ([] if box.said is None else [(box.said, ' class="level"')])
    lines = [f'<text{kind} x="{box.x + 6:.0f}" y="{box.y + 14 + LINE * i:.0f}">{escape(line)}</text>' for i, (line, kind) in enumerate(said)]
    return (
        f'<g class="box {escape(box.section)}"{known}><title>{escape(box.title)}</title>'
        f'<rect x="{box.x:.0f}" y="{box.y:.0f}" width="{look.box}" height="{look.height}" rx="3"/>{"".join(lines)}</g>'
    )
