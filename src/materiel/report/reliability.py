"""Stated probabilities against how often they came true, in one picture."""

from __future__ import annotations

from collections.abc import Sequence

from materiel.analysis.reliability import Bin

WIDTH, HEIGHT = 760, 480
LEFT, RIGHT, TOP, BOTTOM = 90, 700, 24, 424


def chart(bins: Sequence[Bin], what: str) -> str:
    """Return bins of stated probabilities as an SVG element: a dot for each, the range in which nine in ten of such dots lie where probabilities are right, and the line on which all would be.

    `what` names what was stated, for who cannot see it.
    """
    parts = [*_grid(), f'<line class="event" x1="{LEFT}" y1="{BOTTOM}" x2="{RIGHT}" y2="{TOP}"/>']
    for one in bins:
        x = _x(one.stated)
        low, high = (_y(end) for end in one.range)
        parts.append(f'<rect class="range90" x="{x - 9:.1f}" y="{high - 1:.1f}" width="18" height="{low - high + 2:.1f}"/>')
    for one in bins:
        x, y = _x(one.stated), _y(one.held)
        parts.append(
            f'<circle class="seen sure" cx="{x:.1f}" cy="{y:.1f}" r="5"><title>{one.count} given {_percent(one.stated)} on average: {_percent(one.held)} true</title></circle>'
        )
        aside, anchor = (-12, "end") if one.held > one.stated else (12, "start")  # away from the line
        parts.append(f'<text class="tick" x="{x + aside:.1f}" y="{y + 4:.1f}" text-anchor="{anchor}">{one.count}</text>')
    return f'<svg class="chart" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{what}" xmlns="http://www.w3.org/2000/svg">{"".join(parts)}</svg>'


def _x(share: float) -> float:
    return LEFT + share * (RIGHT - LEFT)


def _y(share: float) -> float:
    return BOTTOM - share * (BOTTOM - TOP)


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"


def _grid() -> list[str]:
    parts: list[str] = []
    for percent in range(0, 101, 20):
        x, y = _x(percent / 100), _y(percent / 100)
        parts.append(
            f'<line class="grid" x1="{x:.1f}" x2="{x:.1f}" y1="{TOP}" y2="{BOTTOM}"/><line class="grid" x1="{LEFT}" x2="{RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>'
        )
        parts.append(f'<text class="tick" x="{x:.1f}" y="{BOTTOM + 18}" text-anchor="middle">{percent} %</text>')
        parts.append(f'<text class="tick" x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{percent} %</text>')
    middle = (TOP + BOTTOM) // 2
    parts.append(f'<text x="{(LEFT + RIGHT) // 2}" y="{BOTTOM + 42}" text-anchor="middle">probability that was stated</text>')
    return [*parts, f'<text x="26" y="{middle}" text-anchor="middle" transform="rotate(-90 26 {middle})">how often it was true</text>']
