"""Words that hedge: words of likelihood, to which a scale gives a band, and words of approximation, such as "at least".

Scales stand one in a file in `scales/`, with their sources and the reasoning behind every band; approximations in `approximations.yaml`. Words are known
by the forms that are listed, whatever their case or the way their accents are encoded: nothing is guessed from the stem of a word.
"""

from __future__ import annotations

import functools
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal, cast

from materiel.errors import RunError, nearest
from materiel.evidence import data

DEFAULT = "icd-203"
"""The scale of a case that names none."""


class UnknownScaleError(KeyError):
    """A scale that does not ship with the program: what was asked for, what there is, and the nearest name."""

    def __init__(self, name: str) -> None:
        """Say what there is instead."""
        self.found, self.allowed, self.nearest = f"unknown scale {name!r}", ", ".join(names()), nearest(name, names())
        super().__init__(self.found)

    def __str__(self) -> str:
        """Give the message without the quotes that a KeyError puts around it."""
        return self.found


@dataclass(frozen=True)
class Term:
    """The forms of one word of likelihood, the one to be written first, and its band in percent.

    `because` is the reasoning where no standard gives the band; a term that is not `said` is read in claims but never written.
    """

    words: tuple[str, ...]
    low: float
    high: float
    because: str = ""
    said: bool = True

    @property
    def band(self) -> tuple[float, float]:
        """The band in probabilities."""
        return self.low / 100, self.high / 100

    def distance(self, probability: float) -> float:
        """Return how far a probability lies outside the band."""
        low, high = self.band
        return round(max(low - probability, probability - high, 0.0), 9)  # the middle of a gap is as far from both sides


@dataclass(frozen=True)
class Rendering:
    """The words of a scale in another language: its title there, a word for each of its terms that are written, where these words come from."""

    title: str
    words: tuple[str, ...]
    because: str


@dataclass(frozen=True)
class Scale:
    """Words of likelihood in one language, rising, with where their bands come from.

    A `partition` has bands that do not overlap, so that a probability has one word; gaps between bands are allowed. `references` say where else the bands
    were seen and what they lean on, `renderings` its words in other languages, by language.
    """

    name: str
    title: str
    language: str
    source: str
    url: str
    note: str
    partition: bool
    terms: tuple[Term, ...]
    references: tuple[str, ...]
    renderings: Mapping[str, Rendering] = field(default_factory=dict[str, Rendering])

    def in_words_of(self, language: str) -> Scale:
        """Return the scale with the same bands in the words of another language. Raises RunError where it has none."""
        if language == self.language:
            return self
        found = self.renderings.get(language)
        if found is None:
            raise RunError(f"the scale {self.name} has no words in {language!r}; only in {', '.join([self.language, *self.renderings])}")
        written = iter(found.words)
        terms = tuple(replace(term, words=(next(written),)) if term.said else term for term in self.terms)
        return replace(self, title=found.title, language=language, terms=terms)

    def band(self, word: str) -> tuple[float, float] | None:
        """Return the band of a word in probabilities, or None when no term has this form."""
        form = plain(word)
        return next((term.band for term in self.terms if form in term.words), None)

    def word(self, probability: float) -> str:
        """Return the word to write for a probability: that of its band, or of the nearest band in a gap.

        Where two bands meet, and in the middle of a gap, the lower one has it. Raises ValueError for a scale that is no partition.
        """
        if not self.partition:
            raise ValueError(f"the bands of {self.name} overlap: it is for reading only")
        return min((term for term in self.terms if term.said), key=lambda term: term.distance(probability)).words[0]


def plain(word: str) -> str:
    """Return a word as the data files write it: small letters, composed accents, straight apostrophes, single blanks."""
    return " ".join(unicodedata.normalize("NFC", word).casefold().replace("\u2019", "'").split())


@functools.cache
def names() -> tuple[str, ...]:
    """Return the names of the scales that ship with the program."""
    return data.names("scales")


@functools.cache
def load(name: str = DEFAULT) -> Scale:
    """Return a scale by name. Raises UnknownScaleError."""
    if name not in names():
        raise UnknownScaleError(name)
    raw = data.read(f"scales/{name}")
    terms = tuple(Term(tuple(term.pop("words")), **term) for term in raw.pop("terms"))
    renderings = {language: Rendering(words=tuple(one.pop("words")), **one) for language, one in raw.pop("renderings", {}).items()}
    return Scale(terms=terms, references=tuple(raw.pop("references")), renderings=renderings, **raw)


def words(scales: Iterable[Scale]) -> list[str]:
    """Return every form that a hedge may take where these scales are read, words of approximation included."""
    return [*(form for scale in scales for term in scale.terms for form in term.words), *_approximations()]


def owner(word: str) -> list[str]:
    """Return the names of the scales that have a word."""
    return [name for name in names() if load(name).band(word) is not None]


def approximation(word: str) -> Literal["about", "at least", "at most"] | None:
    """Return what a word of approximation makes of a value, or None when it is no such word."""
    return _approximations().get(plain(word))


@functools.cache
def _approximations() -> dict[str, Literal["about", "at least", "at most"]]:
    meanings = cast("dict[Literal['about', 'at least', 'at most'], dict[str, list[str]]]", data.read("approximations")["meanings"])
    return {form: meaning for meaning, languages in meanings.items() for forms in languages.values() for form in forms}
