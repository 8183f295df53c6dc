"""Words of estimative probability, with the number inside the sentence.

The words are those of one scale, never mixed with another; ICD 203 unless a case says otherwise. Readers understand such words twice as often when the
number stands beside them (Wintle et al., PLoS ONE, 2019).
"""

from __future__ import annotations

import itertools
import math

from materiel.evidence import vocabulary
from materiel.evidence.vocabulary import Scale
from materiel.language import ENGLISH, Language
from materiel.language.phrase import Phrase, Piece, capital

FEWEST_DRAWS = 100
"""Draws below which no word of probability is used."""
IN_PROSE, IN_TABLES = 2, 3
"""Most significant figures of a value in a sentence, and in a table or a chart."""


def said(probability: float, draws: int, scale: Scale | None = None, language: Language = ENGLISH) -> str:
    """Return a probability as a phrase with its number inside, such as "Very likely (86 %)"; from few draws, only how many they were."""
    return str(capital(likely(probability, draws, scale, language)))


def likely(probability: float, draws: int, scale: Scale | None = None, language: Language = ENGLISH, of: str = "") -> Phrase:
    """Return the same inside a sentence; `of` says what its number is of."""
    if draws < FEWEST_DRAWS:
        return language.say("too few", met=Piece(str(round(probability * draws)), "count"), draws=draws)
    return language.say(
        "likely", word=(scale or vocabulary.load()).in_words_of(language.name).word(probability), share=chance(probability, draws, language, of)
    )


def chance(probability: float, draws: int, language: Language = ENGLISH, of: str = "") -> Piece:
    """Return a probability in percent as a piece of a sentence; `of` says what it is."""
    return Piece(percent(probability, draws, language), "number", of, probability)


def figure(value: float, low: float, high: float, unit: str, language: Language = ENGLISH, of: str = "", most: int = IN_PROSE) -> Piece:
    """Return a value with its unit as a piece of a sentence; `of` says what it is."""
    return Piece(number(value, low, high, unit, language, most), "number", of, value)


def legend(scale: Scale | None = None, language: Language = ENGLISH) -> str:
    """Return the sentence that says what the words of a report mean."""
    scale = (scale or vocabulary.load()).in_words_of(language.name)
    terms = [term for term in scale.terms if term.said]
    if all(below.high == above.low for below, above in itertools.pairwise(terms)):
        bands = [language.word("band to", word=term.words[0], high=language.decimals(f"{term.high:g}")) for term in terms[:-1]]
        return language.word("legend", scale=scale.title, bands=", ".join([*bands, language.word("band above", word=terms[-1].words[0])]))
    ends = [(term.words[0], *(language.decimals(f"{end:g}") for end in (term.low, term.high))) for term in terms]
    bands = [language.word("band", word=word, low=low, high=high) for word, low, high in ends]
    return language.word("legend with gaps", scale=scale.title, bands=", ".join(bands))


def percent(probability: float, draws: int, language: Language = ENGLISH) -> str:
    """Return a probability in percent, no finer than the number of draws can tell, never 0 or 100."""
    least = max(1, math.ceil(300 / draws))  # three draws: fewer could as well be none
    if probability * draws < 3 or probability <= 0.005:
        return language.word("below", share=share(min(least, 99) / 100, language))
    if (1 - probability) * draws < 3 or probability >= 0.995:
        return language.word("above", share=share(max(100 - least, 1) / 100, language))
    return share(probability, language)


def share(part: float, language: Language = ENGLISH) -> str:
    """Return a share in whole percent."""
    return language.word("percent", n=f"{100 * part:.0f}")


def rounded(value: float, low: float, high: float, most: int = IN_TABLES) -> float:
    """Return a value rounded to what an interval from low to high supports: a twentieth of its width, but two digits of its own at least, `most` at most."""
    width = abs(high - low)
    if not math.isfinite(value) or value == 0 or abs(value) < width / 1e3:
        return 0.0 if abs(value) < math.inf else value
    digits = 2 if width == 0 else math.floor(math.log10(abs(value))) - math.floor(math.log10(width / 20))
    return float(f"{value:.{min(max(digits, 2), most)}g}")


def number(value: float, low: float, high: float, unit: str, language: Language = ENGLISH, most: int = IN_TABLES) -> str:
    """Return a value with its unit as people write it: 2.4 million rounds, rounded by the interval from low to high."""
    shown = rounded(value, low, high, most)  # what rounds up to a million is one
    whole = max(abs(low), abs(high), abs(shown))
    size = whole if abs(shown) >= whole / 20 else abs(shown)  # what is small beside the rest is no 0.02 million
    size = float(f"{size:.6g}")  # nor is a million that lost its last bit 1e+06
    scale, name = next(((scale, name) for scale, name in ((1e9, "billion"), (1e6, "million")) if size >= scale and abs(shown) >= scale / 10), (1.0, ""))
    count = shown / scale
    return language.amount(f"{count:,.6g}", count, name, unit)


def handy(unit: str, size: float) -> tuple[float, str]:
    """Return the factor and the unit in which people say an amount of that size: tonnes for thousands of kilograms, years for thousands of days."""
    head, slash, rest = unit.partition("/")
    for small, least, factor, large in (("kg", 1e7, 1e-6, "kt"), ("kg", 1e4, 1e-3, "t"), ("day", 1000.0, 1 / 365.25, "year")):
        if head == small and abs(size) >= least:
            return factor, f"{large}{slash}{rest}"
    return 1.0, unit


def plural(unit: str) -> str:
    """Return a unit for a sentence, with the blank before it, in English: rounds, rounds/day, %, or nothing for a pure number."""
    said = ENGLISH.unit(unit)
    return said and f" {said}"
