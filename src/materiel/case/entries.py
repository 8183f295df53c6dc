"""What is kept outside YAML, as the plain data that YAML would give: sources in BibTeX or CSL-JSON, claims in tables; with the place of every cell and entry."""

from __future__ import annotations

import bisect
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn, cast

from materiel.case.reading import Row, Spot, Text, number_or_word, read_table, read_text, unprinted
from materiel.errors import CaseError, Place, Problem

CLAIM_COLUMNS = (
    "id", "source", "statement", "known", "published", "kind", "credibility", "value", "meant", "quote", "translation", "hedge", "origin", "agrees", "contradicts",
    "about", "doubt", "note", "formula", "terms", "level", "due",
)  # fmt: skip
"""Columns of a table of claims."""
OBSERVATION_COLUMNS = ("series", "period", "quantity", "unit", "lower", "upper", "source", "credibility", "known", "published", "note", "origin")
"""Columns of a table of observations."""

_CLAIM_NEEDS = CLAIM_COLUMNS[:7]
_OBSERVATION_NEEDS = ("series", "period", "quantity", "unit", "source", "known")
_LISTS = ("agrees", "contradicts")
_BLANK = re.compile(r"[ \t\r\n]*")


def read_observations(path: Path, shown: str) -> list[Row]:
    """Return the rows of a table of observations, CSV or XLSX. Raises CaseError."""
    return _read_rows(path, shown, _OBSERVATION_NEEDS, OBSERVATION_COLUMNS)


def read_claims(path: Path, shown: str) -> Text:
    """Return the claims of a table, CSV or XLSX: an empty cell is no key, lists are separated by semicolons. Raises CaseError."""
    made = Text({}, shown)
    for row in _read_rows(path, shown, _CLAIM_NEEDS, CLAIM_COLUMNS):
        blank = [column for column in _CLAIM_NEEDS if not row.cells[column].strip()]
        made.problems += [Problem(row.place(column), f"{column} is blank", "a value in every row") for column in blank]
        if "id" in blank:
            continue
        name, data = row.cells["id"].strip(), {column: raw.strip() for column, raw in row.cells.items() if column != "id" and raw.strip()}
        _enter(
            made, name, {column: _cell(column, raw, row, made.problems) for column, raw in data.items()}, row.place("id"), {key: row.place(key) for key in data}
        )
    return _sound(made)


def read_bibtex(path: Path, shown: str) -> Text:
    """Return the sources of a BibTeX file. Raises CaseError."""
    from materiel.evidence import citations

    made = Text({}, shown)
    for entry in citations.from_bibtex(read_text(path, shown), shown):
        _enter(made, entry.id, entry.data, entry.place, entry.places)
    return _sound(made)


def read_csl(path: Path, shown: str) -> Text:
    """Return the sources of a CSL-JSON file. Raises CaseError."""
    from materiel.evidence import citations

    made = Text({}, shown)
    for item, place, places in _items(read_text(path, shown), shown, made.problems):
        name, data = citations.from_csl(item)
        found = {key: places.get(citations.CSL_KEYS.get(key, key), place) for key in data}
        _enter(made, name, data, place, found)
    return _sound(made)


def twice(section: str, name: str, place: Place, first: Place) -> Problem:
    """Return the problem of an id that stands in two places."""
    what = f"{name!r} stands twice" + (f" in {section}" if section else "")
    return Problem(place, what, f"one {name!r}; the first is at {first}")


def _read_rows(path: Path, shown: str, required: tuple[str, ...], allowed: tuple[str, ...]) -> list[Row]:
    if path.suffix != ".xlsx":
        return read_table(path, shown, required, allowed)
    from materiel.case.sheets import read_sheet

    return read_sheet(path, shown, required, allowed)


def _cell(column: str, raw: str, row: Row, problems: list[Problem]) -> Any:
    """Return what a cell says as YAML would have it: numbers for credibility and value, lists and terms spelt out."""
    if column == "credibility":
        return int(raw) if re.fullmatch(r"[0-9]{1,3}", raw) else raw
    if column in ("value", "level"):
        return number_or_word(raw)
    parts = [part.strip() for part in raw.split(";") if part.strip()]
    if column in _LISTS:
        return parts
    if column != "terms":
        return raw
    terms: dict[str, str] = {}
    for part in parts:
        name, _, claim = (word.strip() for word in part.partition("="))
        if not name or not claim:
            problems.append(Problem(row.place(column), f"terms: {part!r}", "`name=claim`, separated by semicolons"))
        elif name in terms:
            problems.append(Problem(row.place(column), f"terms: {name!r} stands twice", f"one {name!r}"))
        terms[name] = claim
    return terms


def _enter(text: Text, name: str, data: dict[str, Any], place: Place, places: dict[str, Place]) -> None:
    """Add one entry to a text of entries, with its places."""
    if not name:
        text.problems.append(Problem(place, "an entry without an id", "an id that claims can name"))
        return
    if name in text.data:
        text.problems.append(twice("", name, place, text.place((name,), key=True)))
        return
    text.problems += unprinted(name, place)
    text.data[name] = data
    below: dict[str | int, Spot] = {key: _noted(text, key, value, places.get(key, place)) for key, value in data.items()}
    text.spot.below[name] = Spot(place, place, below)


def _noted(text: Text, step: str | int, value: object, place: Place) -> Spot:
    """Return the spot of a part of an entry, and of all that is in it."""
    text.problems += [problem for word in (step, value) if isinstance(word, str) for problem in unprinted(word, place)]
    inner = enumerate(cast("list[object]", value)) if isinstance(value, list) else cast("dict[str, object]", value).items() if isinstance(value, dict) else ()
    return Spot(place, place, {below: _noted(text, below, part, place) for below, part in inner})


def _sound(text: Text) -> Text:
    if text.problems:
        raise CaseError(text.problems)
    text.spot = text.spot._replace(value=Place(text.file))
    return text


def _items(text: str, shown: str, problems: list[Problem]) -> Iterator[tuple[dict[str, Any], Place, dict[str, Place]]]:
    """Give the items of a CSL-JSON file, where each stands and where each of its keys does."""
    starts = [0, *(found.end() for found in re.finditer("\n", text))]

    def place(at: int) -> Place:
        line = bisect.bisect_right(starts, at)
        return Place(shown, line, at - starts[line - 1] + 1)

    def refuse(word: str) -> NoReturn:
        raise ValueError(f"{word} is no number")

    def skip(at: int) -> int:
        found = _BLANK.match(text, at)
        return found.end() if found else at

    decoder = json.JSONDecoder(parse_constant=refuse)
    try:
        whole: object = decoder.decode(text)
    except json.JSONDecodeError as error:
        raise CaseError([Problem(Place(shown, error.lineno, error.colno), f"not JSON: {error.msg}", "CSL-JSON")]) from None
    except (ValueError, RecursionError) as error:
        raise CaseError([Problem(Place(shown), f"not JSON: {'nested too deeply' if isinstance(error, RecursionError) else error}", "CSL-JSON")]) from None
    at = skip(0) + 1
    if not isinstance(whole, list) or not whole:
        raise CaseError([Problem(place(at - 1), "not a list of items", "CSL-JSON: [{...}, ...]")])
    for item in cast("list[object]", whole):
        start = at = skip(at)
        if not isinstance(item, dict):
            problems.append(Problem(place(start), "not an item", "{...} with the keys of CSL"))
            at = skip(decoder.raw_decode(text, at)[1]) + 1
            continue
        places: dict[str, Place] = {}
        at = skip(at + 1)
        while text[at] != "}":
            key, end = decoder.raw_decode(text, at)
            if key in places:
                problems.append(twice("", str(key), place(at), places[key]))
            places[key] = place(at)
            at = skip(decoder.raw_decode(text, skip(skip(end) + 1))[1])
            at = skip(at + 1) if text[at] == "," else at
        at = skip(at + 1) + 1
        yield cast("dict[str, Any]", item), place(start), places
