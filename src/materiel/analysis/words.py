"""Words of estimative probability, with the number inside the sentence.

The words are those of one scale, never mixed with another; ICD 203 unless a case says otherwise. Readers understand such words twice as often when the
number stands beside them (Wintle et al., PLoS ONE, 2019).
"""

from __future__ import annotations

import itertools
import math

from materiel import units
from materiel.evidence import vocabulary
from materiel.evidence.vocabulary import Scale

FEWEST_DRAWS = 100
"""Draws below which no word of probability is used."""


def said(probability: float, draws: int, scale: Scale | None = None) -> str:
    """Return a probability as a phrase with its number inside, such as "Very likely (86 %)"; from few draws, only how many they were."""
    if draws < FEWEST_DRAWS:
        return f"Too few runs to say how likely ({round(probability * draws)} of {draws}) it is"
    term = (scale or vocabulary.load()).word(probability)
    return f"{term[0].upper()}{term[1:]} ({percent(probability, draws)})"


def legend(scale: Scale | None = None) -> str:
    """Return the sentence that says what the words of a report mean."""
    scale = scale or vocabulary.load()
    terms = [term for term in scale.terms if term.said]
    if all(below.high == above.low for below, above in itertools.pairwise(terms)):
        bands = [f"{term.words[0]} to {term.high:g} %" for term in terms[:-1]] + [f"{terms[-1].words[0]} above"]
        return f"Words of probability follow {scale.title}: {', '.join(bands)}."
    bands = [f"{term.words[0]} {term.low:g} to {term.high:g} %" for term in terms]
    return f"Words of probability follow {scale.title}: {', '.join(bands)}; between two bands, the word of the nearer."


def percent(probability: float, draws: int) -> str:
    """Return a probability in percent, no finer than the number of draws can tell, never 0 or 100."""
    least = max(1, math.ceil(300 / draws))  # three draws: fewer could as well be none
    if probability * draws < 3 or probability <= 0.005:
        return f"below {min(least, 99)} %"
    if (1 - probability) * draws < 3 or probability >= 0.995:
        return f"above {max(100 - least, 1)} %"
    return f"{round(100 * probability)} %"


def rounded(value: float, low: float, high: float) -> float:
    """Return a value rounded to what an interval from low to high supports: a twentieth of its width, but two digits of its own at least, three at most."""
    width = abs(high - low)
    if not math.isfinite(value) or value == 0 or abs(value) < width / 1e3:
        return 0.0 if abs(value) < math.inf else value
    digits = 2 if width == 0 else math.floor(math.log10(abs(value))) - math.floor(math.log10(width / 20))
    return float(f"{value:.{min(max(digits, 2), 3)}g}")


def number(value: float, low: float, high: float, unit: str) -> str:
    """Return a value with its unit as people write it: 2.4 million rounds, rounded by the interval from low to high."""
    shown = rounded(value, low, high)  # what rounds up to a million is one
    whole = max(abs(low), abs(high), abs(shown))
    size = whole if abs(shown) >= whole / 20 else abs(shown)  # what is small beside the rest is no 0.02 million
    size = float(f"{size:.6g}")  # nor is a million that lost its last bit 1e+06
    scale, name = next(((scale, name) for scale, name in ((1e9, " billion"), (1e6, " million")) if size >= scale), (1.0, ""))
    return f"{shown / scale:,.6g}{name}{plural(unit)}"


def handy(unit: str, size: float) -> tuple[float, str]:
    """Return the factor and the unit in which people say an amount of that size: tonnes for thousands of kilograms, years for thousands of days."""
    head, slash, rest = unit.partition("/")
    for small, least, factor, large in (("kg", 1e7, 1e-6, "kt"), ("kg", 1e4, 1e-3, "t"), ("day", 1000.0, 1 / 365.25, "year")):
        if head == small and abs(size) >= least:
            return factor, f"{large}{slash}{rest}"
    return 1.0, unit


def plural(unit: str) -> str:
    """Return a unit for a sentence: rounds, rounds/day, %, or nothing for a pure number."""
    if unit in ("", "1"):
        return ""
    head, _, rest = unit.partition("/")
    known = (*units.COUNTS, "day", "week", "month", "year")
    spoken = {"percent": "%", "body": "bodies", "person": "people", "aircraft": "aircraft"}.get(head, f"{head}s" if head in known else head)
    return f" {spoken}{'/' + rest if rest else ''}"
