"""Words of estimative probability, with the number inside the sentence.

The scale is that of Intelligence Community Directive 203 (ODNI, 2015): its first row of terms, never mixed with the second or with another scale. Readers
understand such words twice as often when the range stands beside them (Wintle et al., PLoS ONE, 2019).
"""

from __future__ import annotations

import math

from materiel import units

ICD_203 = (
    (0.05, "almost no chance"),
    (0.20, "very unlikely"),
    (0.45, "unlikely"),
    (0.55, "roughly even chance"),
    (0.80, "likely"),
    (0.95, "very likely"),
    (1.00, "almost certain"),
)


def word(probability: float) -> str:
    """Return the ICD 203 term for a probability between 0 and 1."""
    return next(term for upper, term in ICD_203 if probability <= upper)


FEWEST_DRAWS = 100
"""Draws below which no word of probability is used."""


def said(probability: float, draws: int) -> str:
    """Return a probability as a phrase with its number inside, such as "Very likely (86 %)"; from few draws, only how many they were."""
    if draws < FEWEST_DRAWS:
        return f"Too few runs to say how likely ({round(probability * draws)} of {draws}) it is"
    term = word(probability)
    return f"{term[0].upper()}{term[1:]} ({percent(probability, draws)})"


def percent(probability: float, draws: int) -> str:
    """Return a probability in percent, no finer than the number of draws can tell, never 0 or 100."""
    least = max(1, math.ceil(300 / draws))  # three draws: fewer could as well be none
    if probability * draws < 3:
        return f"below {min(least, 99)} %"
    if (1 - probability) * draws < 3:
        return f"above {max(100 - least, 1)} %"
    return f"{min(max(round(100 * probability), 1), 99)} %"


def rounded(value: float, low: float, high: float) -> float:
    """Return a value rounded to what an interval from low to high supports: a twentieth of its width, but two digits of its own at least, three at most."""
    width = abs(high - low)
    if not math.isfinite(value) or value == 0 or abs(value) < width / 1e3:
        return 0.0 if abs(value) < math.inf else value
    digits = 2 if width == 0 else math.floor(math.log10(abs(value))) - math.floor(math.log10(width / 20))
    return float(f"{value:.{min(max(digits, 2), 3)}g}")


def number(value: float, low: float, high: float, unit: str) -> str:
    """Return a value with its unit as people write it: 2.4 million rounds, rounded by the interval from low to high."""
    size = max(abs(low), abs(high), abs(value))
    scale, name = next(((scale, name) for scale, name in ((1e9, " billion"), (1e6, " million")) if size >= scale), (1.0, ""))
    return f"{rounded(value, low, high) / scale:,.6g}{name}{plural(unit)}"


def plural(unit: str) -> str:
    """Return a unit for a sentence: rounds, rounds/day, %, or nothing for a pure number."""
    if unit in ("", "1"):
        return ""
    head, _, rest = unit.partition("/")
    known = (*units.COUNTS, "day", "week", "month", "year")
    spoken = {"percent": "%", "body": "bodies", "person": "people", "aircraft": "aircraft"}.get(head, f"{head}s" if head in known else head)
    return f" {spoken}{'/' + rest if rest else ''}"
