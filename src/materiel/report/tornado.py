"""What would change an answer, in one picture: a bar a driver, from the answer at its lowest to the answer at its highest."""

from __future__ import annotations

from html import escape

from materiel.analysis import words
from materiel.analysis.tornado import Bar, End, Tornado, answered
from materiel.language import ENGLISH, Language
from materiel.report.charts import LINE, WIDE, svg

ROW, TOP, BOTTOM = 38, 34, 30
ROOM, LESS_ROOM = 140, 124
"""Room beside the outermost answers for the labels of ends, on wide pages and on narrow ones."""
SIGN = 6.1
"""Width of a sign, on average, of labels of ends."""
MOST = 8
"""Drivers that are drawn at most; the table has all."""


def chart(about: Tornado, language: Language = ENGLISH, width: int = WIDE) -> str:
    """Return a tornado as an SVG element. A filled dot is the answer where a number is at its highest tenth, a hollow one at its lowest; diamonds are the kinds of what is no number."""
    drawn = about.bars[:MOST]
    bottom = TOP + ROW * len(drawn)
    frame = _frame(about, drawn)
    now = _value(about, End("", about.median, about.probability, about.draws))
    parts = [_tick(_x(frame, value, width), bottom + LINE + 4, _said(about, value, frame, language)) for value in (frame[0], frame[1])]
    parts.insert(0, f'<line class="grid" x1="{_x(frame, frame[0], width):.1f}" x2="{_x(frame, frame[1], width):.1f}" y1="{bottom}" y2="{bottom}"/>')
    if now is not None:
        x = _x(frame, now, width)
        said = language.word("now", answer=answered(about, End("", about.median, about.probability, about.draws), language))
        parts.append(f'<line class="event" x1="{x:.1f}" x2="{x:.1f}" y1="{TOP - 12}" y2="{bottom}"/>')
        parts.append(_tick(min(max(x, _room(width)), width - _room(width)), TOP - 18, said))
    for i, bar in enumerate(drawn):
        parts += _row(about, bar, frame, TOP + ROW * i, language, width)
    return svg(width, bottom + BOTTOM, language.word("tornado", text=about.text), parts)


def _frame(about: Tornado, drawn: list[Bar]) -> tuple[float, float]:
    """Return the answers at the ends of the axis: nought and the largest that is shown, or beyond; probabilities go no farther than they must."""
    places = [value for bar in drawn for end in bar.ends if (value := _value(about, end)) is not None]
    now = about.probability if about.shown == "probability" else about.median
    low, high = min([*places, now or 0.0, 0.0]), max([*places, now or 0.0, 1e-12])
    return (0.0, min(1.0, max(high * 1.05, 0.05))) if about.shown == "probability" else (low, high)


def _value(about: Tornado, end: End) -> float | None:
    return end.probability if about.shown == "probability" else end.median


def _room(width: int) -> int:
    return ROOM if width >= WIDE else LESS_ROOM


def _x(frame: tuple[float, float], value: float | None, width: int) -> float:
    """Return the place across of an answer; one beyond the horizon stands at the edge."""
    (low, high), room = frame, _room(width)
    return width - room if value is None else room + (value - low) / (high - low) * (width - 2 * room)


def _tick(x: float, y: float, said: str) -> str:
    return f'<text class="tick" x="{x:.1f}" y="{y}" text-anchor="middle">{escape(said)}</text>'


def _said(about: Tornado, value: float, frame: tuple[float, float], language: Language) -> str:
    if about.shown == "probability":
        return words.share(value, language)
    return words.number(value, *frame, about.unit, language, words.IN_PROSE)


def _row(about: Tornado, bar: Bar, frame: tuple[float, float], y: int, language: Language, width: int) -> list[str]:
    """Draw a driver: its name, and below it the bar with a label at either end."""
    places = [(_x(frame, _value(about, end), width), end) for end in bar.ends]
    first, last = min(x for x, _ in places), max(x for x, _ in places)
    middle = y + 25
    parts = [
        f'<text x="2" y="{y + 13}">{escape(_short(bar.name, width))}</text>',
        f'<rect class="range50" x="{first:.1f}" y="{middle - 4}" width="{max(last - first, 1):.1f}" height="8"/>',
    ]
    for i, (x, end) in enumerate(places):
        note = escape(f"{bar.name} {end.known}: {answered(about, end, language)}")
        if bar.kind in ("number", "day"):
            kind = "seen sure" if i else "seen"
            parts.append(f'<circle class="{kind}" cx="{x:.1f}" cy="{middle}" r="4"><title>{note}</title></circle>')
        else:
            turned = f'transform="rotate(45 {x:.1f} {middle})"'
            parts.append(f'<rect class="seen" x="{x - 3:.1f}" y="{middle - 3}" width="6" height="6" {turned}><title>{note}</title></rect>')
    labels = {first: places[0][1], last: places[-1][1]} if first == last else {x: end for x, end in places if x in (first, last)}
    for x, end in labels.items():
        anchor, shift = ("end", -8) if x == first and first != last else ("start", 8)
        parts.append(
            f'<text class="tick" x="{x + shift:.1f}" y="{middle + 4}" text-anchor="{anchor}">{escape(_label(end, x if anchor == "end" else width - x))}</text>'
        )
    return parts


def _label(end: End, room: float) -> str:
    """Return what is known at an end, as much of it as fits; a word is not broken where most of it is others."""
    most = int((room - 8) / SIGN)
    if len(end.known) <= most:
        return end.known
    cut = end.known[: most - 1]
    whole = cut.rsplit(" ", 1)[0]
    return f"{(whole if 2 * len(whole) > most else cut).rstrip(' ,;:')}…"


def _short(name: str, width: int) -> str:
    most = width // 7
    if len(name) <= most:
        return name
    return f"{name[: most - 1].rstrip()}…" if " " in name else f"…{name[-(most - 1) :]}"  # of an identifier the end tells most
