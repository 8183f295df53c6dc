"""Units: read at load, converted once, proved by the equations, gone before the first step.

The registry holds only what is defined here. Pint's own surprises (`kt` for knot, `M` for molar, `k` for Boltzmann's
constant, `ton` for the US ton) are therefore unknown words, refused with the nearest known one.
Days, kilograms, dollars and counts are the canonical units inside a run; a month is 365.25 / 12 = 30.4375 days.
"""

from __future__ import annotations

import functools
import re
from typing import TYPE_CHECKING, Any, cast

from materiel.errors import nearest

if TYPE_CHECKING:
    from pint import UnitRegistry

COUNTS = (
    "aircraft", "barrel", "body", "car", "charge", "container", "event", "fuze", "gun", "kit", "launcher", "missile",
    "person", "piece", "plant", "rocket", "round", "sortie", "vehicle",
)  # fmt: skip
"""Things that are counted; each is a dimension of its own, so that rounds are never added to fuzes."""

_PREFIXES = ("k- = 1e3", "M- = 1e6", "G- = 1e9", "kilo- = 1e3", "mega- = 1e6")
_BARE = {"k": "k", "M": "M", "G": "G", "kilo": "k", "mega": "M", "thousand": "k", "million": "M", "billion": "G"}
"""Words that are prefixes and no units, in their short form."""

_MEASURES = (
    "day = [time] = d",
    "hour = day / 24 = h",
    "week = 7 day",
    "year = 365.25 day",
    "month = year / 12",
    "quarter = year / 4",
    "kilogram = [mass] = kg",
    "tonne = 1000 kilogram = t",
    "megawatt_hour = [energy] = MWh",
    "kilowatt_hour = megawatt_hour / 1000 = kWh",
    "dollar = [money] = USD",
    "percent = 0.01",
)


class UnitError(ValueError):
    """A unit that is not known; `nearest` holds the most similar known one, or an empty string."""

    def __init__(self, message: str, near: str = "") -> None:
        """Keep the suggestion beside the message."""
        self.nearest = near
        super().__init__(message)


@functools.cache
def registry() -> UnitRegistry[Any]:
    """Return the one registry, made at first use (importing pint costs a fifth of a second)."""
    from pint import UnitRegistry

    made = cast("UnitRegistry[Any]", cast("Any", UnitRegistry)(None, cache_folder=None))
    for line in (*_PREFIXES, *_MEASURES, *(f"{name} = [{name}]" for name in COUNTS)):
        made.define(line)
    return made


def names() -> list[str]:
    """Return every unit that may be written, without prefixes, sorted."""
    words = [word.strip() for line in _MEASURES for word in (line.split("=")[0], line.split("=")[-1])]
    plain = [word for word in words if re.fullmatch(r"[A-Za-z_]+", word)]
    return sorted({*plain, *COUNTS})


@functools.lru_cache(maxsize=4096)
def factor(text: str, to: str) -> float:
    """Return how many `to` make one `text`; both are unit expressions such as `Mround/year`, "" or "1" for pure numbers.

    Raises UnitError when a word is unknown or the two measure different things.
    """
    try:
        source, target = _parse(text), _parse(to)
    except UnitError as error:
        word = re.match(r"[A-Za-z_]+", plain(to))
        if error.nearest in _BARE:  # a prefix alone lacks its unit
            error.nearest = _BARE[error.nearest] + word[0] if word else ""
        raise
    if source.dimensionality != target.dimensionality:
        raise UnitError(f"unit {plain(text) or '1'!r} does not measure what {plain(to) or '1'!r} measures")
    try:
        made = float(source.to(target).magnitude)
    except (OverflowError, ZeroDivisionError):
        made = 0.0
    if not 0.0 < made < float("inf"):
        raise UnitError(f"unit {text!r} is too large or too small")
    return made


def plain(text: str) -> str:
    """Return a unit for people: without brackets that it does not need."""
    shorter = re.sub(r"\((\w*)\)", r"\1", re.sub(r"^\(([^()]*)\)$", r"\1", text))
    return shorter if shorter == text else plain(shorter)


def quantity(text: str) -> Any:
    """Return one unit as a pint quantity. Raises UnitError."""
    try:
        return _parse(text)
    except UnitError as error:
        if error.nearest in _BARE:  # a prefix is written on its unit
            word = re.search(rf"\b{error.nearest}\s+([A-Za-z_]+)", text)
            error.nearest = _BARE[error.nearest] + word[1] if word else ""
        raise


def bare(text: str) -> str:
    """Return a unit without prefixes and with times in days: round/day for kround/month, t for kt. Raises UnitError."""
    _parse(text)

    def word(found: re.Match[str]) -> str:
        name = cast("Any", registry()).parse_unit_name(found[0])[0][1]
        return "day" if _parse(name).is_compatible_with("day") else str(name)

    return re.sub(r"[A-Za-z_]+", word, text)


@functools.lru_cache(maxsize=4096)
def _parse(text: str) -> Any:
    if len(text) > 80:
        raise UnitError(f"unit of {len(text)} characters")
    words = set(re.findall(r"[A-Za-z_]+", text))
    for word in sorted(words):
        if not _known(word):
            raise UnitError(f"unknown unit {word!r}", _near(word))
    if not re.fullmatch(r"[A-Za-z_0-9/*^() .]*", text):
        raise UnitError(f"unit {text!r} is not an expression of unit names, '*', '/' and '^'", "percent" if "%" in text else "")
    made = registry()
    try:
        return cast("Any", made).Quantity(1.0, made.parse_units(text if text not in ("", "1") else "dimensionless"))
    except Exception as error:
        raise UnitError(f"unit {text!r} cannot be read") from error


def _near(word: str) -> str:
    if word in _BARE:
        return word
    spellings = _spellings()
    return next((known for known in spellings if known.lower() == word.lower()), "") or nearest(word, spellings)


def _known(word: str) -> bool:
    return word not in _BARE and bool(registry().parse_unit_name(word))


def _spellings() -> list[str]:
    return [prefix + name for name in names() for prefix in ("", "k", "M")]
