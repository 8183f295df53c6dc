"""What would change an answer, in one picture: a bar a driver, from the answer at its lowest to the answer at its highest."""

from __future__ import annotations

from html import escape

from materiel.analysis.tornado import Bar, End, Tornado, answered

WIDTH, ROW, TOP = 960, 30, 34
LEFT, RIGHT = 330, 940
LONGEST, ROOM = 18, 130
"""Signs of the longest label of an end, and the room that it needs beside the outermost answers."""
MOST = 8
"""Drivers that are drawn at most; the table has all."""


def chart(about: Tornado) -> str:
    """Return a tornado as an SVG element. A filled dot is the answer where a number is at its highest tenth, a hollow one at its lowest; diamonds are the kinds of what is no number."""
    drawn = about.bars[:MOST]
    height = TOP + ROW * len(drawn) + 8
    places = [value for bar in drawn for end in bar.ends if (value := _value(about, end)) is not None]
    now = about.probability if about.shown == "probability" else about.median
    high = max([*places, now or 0.0, 1e-12])
    low = min([*places, now or 0.0, 0.0])
    frame = (0.0, 1.0) if about.shown == "probability" else (low, high)
    parts: list[str] = []
    if now is not None:
        x = _x(frame, now)
        said = answered(about, End("", about.median, about.probability, about.draws))
        parts.append(f'<line class="event" x1="{x:.1f}" x2="{x:.1f}" y1="{TOP - 10}" y2="{height - 6}"/>')
        parts.append(f'<text class="tick" x="{x:.1f}" y="{TOP - 15}" text-anchor="middle">now {escape(said)}</text>')
    for i, bar in enumerate(drawn):
        parts += _row(about, bar, frame, TOP + ROW * i + ROW // 2)
    title = escape(f"What would change the {about.shown} of: {about.text}")
    return f'<svg class="chart" viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{title}" xmlns="http://www.w3.org/2000/svg">{"".join(parts)}</svg>'


def _value(about: Tornado, end: End) -> float | None:
    return end.probability if about.shown == "probability" else end.median


def _x(frame: tuple[float, float], value: float | None) -> float:
    """Return the place across of an answer; one beyond the horizon stands at the edge."""
    low, high = frame
    return RIGHT - ROOM if value is None else LEFT + ROOM + (value - low) / (high - low) * (RIGHT - LEFT - 2 * ROOM)


def _row(about: Tornado, bar: Bar, frame: tuple[float, float], y: int) -> list[str]:
    places = [(_x(frame, _value(about, end)), end) for end in bar.ends]
    first, last = min(x for x, _ in places), max(x for x, _ in places)
    parts = [
        f'<text x="{LEFT - 8}" y="{y + 4}" text-anchor="end">{escape(_short(bar.name))}</text>',
        f'<rect class="range50" x="{first:.1f}" y="{y - 4}" width="{max(last - first, 1):.1f}" height="8"/>',
    ]
    for i, (x, end) in enumerate(places):
        note = escape(f"{bar.name} {end.known}: {answered(about, end)}")
        if bar.kind in ("number", "day"):
            kind = "seen sure" if i else "seen"
            parts.append(f'<circle class="{kind}" cx="{x:.1f}" cy="{y}" r="4"><title>{note}</title></circle>')
        else:
            parts.append(f'<rect class="seen" x="{x - 3:.1f}" y="{y - 3}" width="6" height="6" transform="rotate(45 {x:.1f} {y})"><title>{note}</title></rect>')
        if x in (first, last):
            anchor = "middle" if first == last else "end" if x == first else "start"
            shift = {"middle": 0, "end": -8, "start": 8}[anchor]
            parts.append(
                f'<text class="tick" x="{x + shift:.1f}" y="{y + (16 if anchor == "middle" else 4)}" text-anchor="{anchor}">{escape(_label(end))}</text>'
            )
    return parts


def _label(end: End) -> str:
    return end.known if len(end.known) <= LONGEST else f"{end.known[: LONGEST - 1]}…"


def _short(name: str) -> str:
    return name if len(name) <= 48 else f"…{name[-47:]}"
