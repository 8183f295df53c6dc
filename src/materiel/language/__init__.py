"""The languages in which a run is told: sentences, numbers, units and days, a file for each language.

A catalogue holds whole sentences by key, with names in braces for what is filled in, so that every sentence of a report stands in one place, beside the same sentence in the
other language. Where a number decides the form of a sentence, it has two: `one` and `other`.
"""

from __future__ import annotations

import datetime
import functools
import re
import string
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

import yaml

from materiel import units
from materiel.errors import RunError, nearest
from materiel.language.phrase import Phrase, Piece, Said, phrase

FOLDER = Path(__file__).parent
DEFAULT = "en"
"""The language of whoever names none."""
_GROUPS = re.compile(r"(?<=\d) (?=\d{3}\b)")
"""The blanks in a number that is typed in groups of three digits: 300 000."""


@dataclass(frozen=True)
class Language:
    """A language: its name, its marks in numbers, its months, its spaces before signs, its words for units, its sentences by key.

    `one_below` is the number below which things are one: "1.5 millions" in English, "1,5 million" in French.
    """

    name: str
    decimal: str
    thousands: str
    one_below: float
    months: tuple[str, ...]
    short_months: tuple[str, ...]
    day: str
    spaces: Mapping[str, str]
    units: Mapping[str, str | Mapping[str, str]]
    sentences: Mapping[str, str | Mapping[str, str]]

    def say(self, key: str, **given: Said | int) -> Phrase:
        """Return a sentence; the number `n`, where a sentence has it, is a count and decides its form. Raises KeyError for a sentence that there is not."""
        found = self.sentences[key]
        if not isinstance(found, str):
            found = found["one" if self.is_one(cast("int", given["n"])) else "other"]
        filled = {name: self.count(value) if isinstance(value, int) else value for name, value in given.items()}
        return phrase(*(part for text, name in _parts(self.spaced(found)) for part in ((text, filled[name]) if name else (text,))))

    def spaced(self, text: str) -> str:
        """Return a text of this language with the blanks that no line may break at, such as those before a colon in French."""
        for written, printed in self.spaces.items():
            text = text.replace(written, printed)
        return _GROUPS.sub(self.thousands, text) if self.thousands.isspace() else text

    def word(self, key: str, **given: Said | int) -> str:
        """Return a sentence as plain text."""
        return str(self.say(key, **given))

    def is_one(self, value: float) -> bool:
        """Say whether so many things are one, in grammar."""
        return value == 1 if self.one_below == 1 else abs(value) < self.one_below

    def count(self, value: int) -> Piece:
        """Return an exact number of things."""
        return Piece(self.decimals(f"{value:,}"), "count")

    def decimals(self, written: str) -> str:
        """Return a number that Python wrote with the marks of this language."""
        return written.translate(str.maketrans({".": self.decimal, ",": self.thousands}))

    def date(self, day: datetime.date, *, short: bool = False) -> str:
        """Return a day of the calendar in words."""
        first = self.sentences["first of month"] if day.day == 1 else str(day.day)
        months = self.short_months if short else self.months
        return self.day.format(day=first, month=months[day.month - 1], year=day.year, iso=day.isoformat())

    def month(self, day: datetime.date) -> str:
        """Return a month with its year, in short."""
        return f"{self.short_months[day.month - 1]} {day.year}"

    def amount(self, written: str, count: float, scale: str, unit: str) -> str:
        """Return a number that Python wrote, with the word of its scale (`million`, `billion` or none) and its unit."""
        counted = self.counted_in(scale, unit, count)
        return self.spaced(f"{self.decimals(written)} {counted}".rstrip())

    def counted_in(self, scale: str, unit: str, count: float = 2.0) -> str:
        """Return a unit with the word of a scale before it: million rounds."""
        if not scale:
            return self.unit(unit, count)
        named = self.unit(unit)
        return f"{self._named(scale, count)} {self.counted(named)}".rstrip()

    def counted(self, named: str) -> str:
        """Return a unit as it stands after the word of a scale: "de coups" in "2,4 millions de coups"."""
        of = self.sentences["of"] if named else ""
        return f"{of if isinstance(of, str) else of['vowel' if named[0].lower() in 'aeéèêiîoôuyh' else 'other']}{named}"

    def unit(self, unit: str, size: float = 2.0) -> str:
        """Return a unit for a sentence: rounds, rounds/day, %, or nothing for a pure number."""
        if unit in ("", "1"):
            return ""
        head, slash, rest = unit.partition("/")
        return f"{self._named(head, size)}{slash}{'/'.join(self._named(part, 1) for part in rest.split('/'))}"

    def _named(self, unit: str, size: float) -> str:
        found = self.units.get(unit)
        if found is None and self.name == DEFAULT and unit in units.COUNTS:
            found = {"one": unit, "other": f"{unit}s"}
        if found is None:
            return unit
        return found if isinstance(found, str) else found["one" if self.is_one(size) else "other"]


@functools.cache
def _parts(sentence: str) -> tuple[tuple[str, str], ...]:
    return tuple((text, name or "") for text, name, _, _ in string.Formatter().parse(sentence))


@functools.cache
def names() -> tuple[str, ...]:
    """Return the languages that there are."""
    return tuple(sorted(path.stem for path in FOLDER.glob("*.yaml")))


@functools.cache
def load(name: str = DEFAULT) -> Language:
    """Return a language by its name of two letters. Raises RunError."""
    if name not in names():
        near = nearest(name, names())
        raise RunError(f"unknown language {name!r}; {' or '.join(names())}" + (f"; did you mean {near!r}?" if near else ""))
    loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    raw = yaml.load((FOLDER / f"{name}.yaml").read_text(encoding="utf-8"), Loader=loader)  # noqa: S506  # a safe one
    months, short = (tuple(raw.pop(key).split()) for key in ("months", "short_months"))
    return Language(name=name, months=months, short_months=short, **raw)


ENGLISH = replace(load(), day="{iso}")
"""English as the command line prints it: days in digits."""
