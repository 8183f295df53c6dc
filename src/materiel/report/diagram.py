"""The flow of materiel as a diagram: who feeds whom, one lane per actor, from left to right."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape

from materiel.case.model import Case, Instance
from materiel.case.translation import Texts
from materiel.language import Language
from materiel.report.charts import svg

COLUMN, ROW, BOX = 188, 27, 152
HEAD = 24
LETTERS = 21
"""Letters that a box holds."""


@dataclass
class _Box:
    instance: Instance
    column: int = 0
    x: float = 0.0
    y: float = 0.0


def flow(case: Case, texts: Texts, language: Language) -> str:
    """Return the diagram of a case as an SVG element: boxes are components through which items pass, lines what passes."""
    arrows = _arrows(case)
    boxes = {path: _Box(case.components[path]) for pair in arrows for path in pair}
    _columns(boxes, arrows)
    width, height, lanes = _place(texts, boxes)
    parts = [f'<g class="lane"><rect x="0" y="{y}" width="{width}" height="{h}"/><text x="8" y="{y + 16}">{escape(n)}</text></g>' for n, y, h in lanes]
    parts += [_arrow(boxes[a], boxes[b]) for a, b in arrows]
    parts += [_box(box, str(texts.component(path))) for path, box in boxes.items()]
    return svg(width, height, language.word("flow", boxes=len(boxes), arrows=len(arrows)), parts, "flow").replace(
        "<svg ", f'<svg width="{width:.0f}" height="{height:.0f}" ', 1
    )


def _arrows(case: Case) -> list[tuple[str, str]]:
    """Return who passes an item to whom; claims on capacity, credit and the like carry nothing and are left out."""
    made: list[tuple[str, str]] = []
    for one in case.components.values():
        for name, link in one.type.links.items():
            for end in one.links[name]:
                if link.draws == "stock" and not link.draws_if:
                    made.append((end.path, one.path))
                if any(port == "goods" for _, port in link.sends):
                    made.append((one.path, end.path))
    return list(dict.fromkeys(made))


def _columns(boxes: dict[str, _Box], arrows: list[tuple[str, str]]) -> None:
    """Put every box to the right of all that feed it, as far as there is no circle."""
    feeds: dict[str, list[str]] = {path: [] for path in boxes}
    for a, b in arrows:
        feeds[b].append(a)
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


def _place(texts: Texts, boxes: dict[str, _Box]) -> tuple[float, float, list[tuple[str, float, float]]]:
    lanes: list[tuple[str, float, float]] = []
    y = 0.0
    for actor in texts.case.actors:
        own = [box for box in boxes.values() if box.instance.actor == actor]
        if not own:
            continue
        filled: dict[int, int] = {}
        for box in sorted(own, key=lambda box: box.column):
            row = filled.get(box.column, 0)
            filled[box.column] = row + 1
            box.x, box.y = 10 + box.column * COLUMN, y + HEAD + row * ROW
        height = HEAD + max(filled.values()) * ROW + 8
        lanes.append((str(texts.actor(actor)), y, height))
        y += height + 6
    columns = max((box.column for box in boxes.values()), default=0) + 1
    return columns * COLUMN + 20, max(y, HEAD), lanes


def _arrow(a: _Box, b: _Box) -> str:
    x1, y1, x2, y2 = a.x + BOX, a.y + 10, b.x, b.y + 10
    bend = max(abs(x2 - x1) / 2, 24)
    other = " abroad" if a.instance.actor != b.instance.actor else ""
    return f'<path class="link{other}" d="M{x1:.0f},{y1:.0f}C{x1 + bend:.0f},{y1:.0f} {x2 - bend:.0f},{y2:.0f} {x2:.0f},{y2:.0f}"/>'


def _box(box: _Box, name: str) -> str:
    one = box.instance
    name = name if len(name) <= LETTERS else f"{name[: LETTERS - 1]}…"
    return (
        f'<g class="box {escape(one.type.section)}"><title>{escape(one.path)}</title><rect x="{box.x:.0f}" y="{box.y:.0f}" width="{BOX}" height="20" rx="3"/>'
        f'<text x="{box.x + 6:.0f}" y="{box.y + 14:.0f}">{escape(name)}</text></g>'
    )
