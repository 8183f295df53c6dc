"""How forecasts came out, in one picture: each as a range of factors of what was observed, with the medians of naive ones beside it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape

from materiel.analysis import words
from materiel.analysis.scoring import MODEL, Scored
from materiel.language import ENGLISH, Language
from materiel.report.charts import svg

WIDTH, ROW, TOP = 1000, 20, 34
LEFT, RIGHT = 450, 790
NAME = 44
"""Most letters of a question that are shown; its day stands beside it."""
DECADES = 1.5
"""Factors of ten shown on either side of what was observed."""


def chart(scored: Sequence[Scored], language: Language = ENGLISH) -> str:
    """Return forecasts as an SVG element: ranges of 50 and 90 % and the median over what was observed, on one scale of factors; naive forecasts as dots.

    What came out as nought has no factors: it is named, and has no bar. Several forecasts stand one below the other, each under its name.
    """
    forecasts = list(dict.fromkeys(one.forecast for one in scored))
    lines: list[Scored | str] = []
    for name in forecasts:
        lines += [name] * (len(forecasts) > 1) + [one for one in scored if one.forecast == name]
    height = TOP + ROW * len(lines) + 8
    parts: list[str] = []
    for factor in (1 / 30, 1 / 10, 1 / 3, 1, 3, 10, 30):
        x, label = _x(factor), language.decimals(f"{factor:g}" if factor > 1 else f"1/{1 / factor:g}")
        parts.append(f'<line class="{"event" if factor == 1 else "grid"}" x1="{x:.1f}" x2="{x:.1f}" y1="{TOP - 10}" y2="{height - 6}"/>')
        parts.append(f'<text class="tick" x="{x:.1f}" y="{TOP - 15}" text-anchor="middle">{language.word("came out") if factor == 1 else label}</text>')
    for i, one in enumerate(lines):
        y = TOP + ROW * i + ROW // 2
        parts += [f'<text class="tick" x="8" y="{y + 4}">{escape(one)}</text>'] if isinstance(one, str) else _row(one, y, language)
    return svg(WIDTH, height, language.word("forecasts and outcomes", n=len(scored)), parts)


def _x(factor: float) -> float:
    decades = math.log10(factor) if factor > 0 else -DECADES
    return (LEFT + RIGHT) / 2 + min(max(decades, -DECADES), DECADES) / DECADES * (RIGHT - LEFT - 16) / 2


def _row(one: Scored, y: int, language: Language) -> list[str]:
    value = one.outcome.value
    said = words.number(value, *one.spread, one.unit, language)
    parts = [
        f'<text x="{LEFT - 8}" y="{y + 4}" text-anchor="end">{escape(_short(one.text))} <tspan class="tick">{language.date(one.day, short=True)}</tspan></text>',
        f'<text class="tick" x="{RIGHT + 8}" y="{y + 4}">{escape(said)} ({one.outcome.by.grade})</text>',
    ]
    if value <= 0:
        return parts
    for percent, kind in ((90, "range90"), (50, "range50")):
        low, high = (_x(end / value) for end in one.marks[MODEL].ranges[percent])
        parts.append(f'<rect class="{kind}" x="{low:.1f}" y="{y - 6}" width="{max(high - low, 1):.1f}" height="12"/>')
    median = _x(one.marks[MODEL].median / value)
    parts.append(f'<line class="median" x1="{median:.1f}" x2="{median:.1f}" y1="{y - 6}" y2="{y + 6}"/>')
    for who, marks in one.marks.items():
        if who != MODEL and marks.median > 0:
            parts.append(f'<circle class="seen" cx="{_x(marks.median / value):.1f}" cy="{y}" r="3"><title>{escape(who)}</title></circle>')
    return parts


def _short(text: str) -> str:
    return text if len(text) <= NAME else f"{text[: NAME - 1]}…"
