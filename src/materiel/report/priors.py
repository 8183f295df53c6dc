"""Every number as it is assumed, in one picture: base, voices and what is pooled from them, each beside its own median."""

from __future__ import annotations

import math
from collections.abc import Mapping
from html import escape

import numpy as np
import numpy.typing as npt

from materiel.analysis import words
from materiel.analysis.lineage import spread
from materiel.case.model import Case
from materiel.evidence.pooling import Prior
from materiel.language import ENGLISH, Language
from materiel.report.charts import svg

Array = npt.NDArray[np.float64]

WIDTH, ROW, TOP = 1080, 17, 34
LEFT, RIGHT = 300, 610
LETTERS, NAMED = 46, 68
"""Letters of an identifier that are shown at most, and of a name for people."""
MORE = 140
"""Room that names take beyond that of identifiers."""
DECADES = 1.5
"""Factors of ten shown on either side of the median."""


def chart(case: Case, priors: list[Prior], language: Language = ENGLISH, names: Mapping[str, str] | None = None) -> str:
    """Return the uncertain numbers of a case as an SVG element: ranges of 50 and 90 % over the median on one scale of factors, voices as dots, the base as a line.

    `names` are what numbers are called; others stand under their identifiers. Numbers that are no factors of their median (days, and what may be negative) are shown by what they are and have no bar.
    """
    height = TOP + ROW * len(priors) + 8
    parts: list[str] = []
    for factor in (1 / 30, 1 / 10, 1 / 3, 1, 3, 10, 30):
        x = _x(math.log10(factor))
        label = language.decimals(f"{factor:g}" if factor > 1 else f"1/{1 / factor:g}")
        parts.append(f'<line class="grid" x1="{x:.1f}" x2="{x:.1f}" y1="{TOP - 10}" y2="{height - 6}"/>')
        parts.append(f'<text class="tick" x="{x:.1f}" y="{TOP - 15}" text-anchor="middle">{label if factor != 1 else language.word("median")}</text>')
    for i, prior in enumerate(priors):
        parts += _row(case, prior, (names or {}).get(prior.stream, prior.stream), TOP + ROW * i + ROW // 2, language)
    title = language.word("uncertain numbers", n=len(priors), case=case.name, day=language.date(case.as_of))
    return svg(WIDTH + MORE, height, title, [f'<g transform="translate({MORE} 0)">', *parts, "</g>"]) if names else svg(WIDTH, height, title, parts)


def _x(decades: float) -> float:
    middle = (LEFT + RIGHT) / 2
    return middle + min(max(decades, -DECADES), DECADES) / DECADES * (RIGHT - LEFT - 16) / 2


def _row(case: Case, prior: Prior, name: str, y: int, language: Language) -> list[str]:
    low, lower, middle, upper, high = (float(value) for value in prior.percentiles((5, 25, 50, 75, 95)))
    parts = [
        f'<text x="{LEFT - 8}" y="{y + 4}" text-anchor="end">{escape(_short(name))}</text>',
        f'<text class="tick" x="{RIGHT + 8}" y="{y + 4}">{escape(spread(case, (low, middle, high), prior.unit, language))}</text>',
    ]
    if prior.unit == "date" or not 0 < low <= high:
        return parts

    def bar(a: float, b: float, kind: str) -> str:
        x, end = _x(math.log10(a / middle)), _x(math.log10(b / middle))
        return f'<rect class="{kind}" x="{x:.1f}" y="{y - 5}" width="{max(end - x, 1):.1f}" height="10"/>'

    parts += [bar(low, high, "range90"), bar(lower, upper, "range50")]
    for part in prior.parts if len(prior.parts) > 1 else ():
        ends = part.distribution.quantile(np.array([0.05, 0.5, 0.95]))
        if ends[0] <= 0:
            continue
        places = [_x(math.log10(value / middle)) for value in ends]
        if not part.claims:
            parts.append(f'<line class="event" x1="{places[0]:.1f}" x2="{places[2]:.1f}" y1="{y}" y2="{y}"/>')
            continue
        name = escape(language.word("weighed claims", claims=", ".join(part.claims), share=words.share(part.weight, language)))
        parts.append(f'<circle class="seen" cx="{places[1]:.1f}" cy="{y}" r="{2 + 4 * math.sqrt(part.weight):.1f}"><title>{name}</title></circle>')
    return parts


def _short(name: str) -> str:
    if " " in name:
        return name if len(name) <= NAMED else f"{name[: NAMED - 1].rstrip()}…"
    return name if len(name) <= LETTERS else f"…{name[-(LETTERS - 1) :]}"  # of an identifier the end tells most
