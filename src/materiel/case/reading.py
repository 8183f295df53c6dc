"""YAML as people write it, with the place of everything that was read.

YAML 1.2 rules: `NO` is a word, `12:30` is a word, `1e3` is a number, only `true` and `false` are truth values. Duplicate keys are
refused, and so are files too large, too deep, or with anchors that explode, and text that would do something to a terminal instead of
being printed. Nothing in a file is ever executed.
"""

from __future__ import annotations

import csv
import io
import re
import stat
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple, cast

import yaml

from materiel.errors import CaseError, Place, Problem, nearest

MAX_BYTES = 5_000_000
MAX_NODES = 200_000
MAX_DEPTH = 40
MAX_TEXT = 20_000
"""Letters of one text: the longest that is shipped has a twentieth. An alias or a shared cell repeats a text for a few bytes."""

_UNPRINTED = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
"""Orders to a terminal, changes of the direction of writing, halves of signs: everything but a line end and a tab that is no text."""

Data = Any
Key = tuple[str | int, ...]


class Spot(NamedTuple):
    """Where something of a file stands: its key, its value, and what is below it by key or position."""

    key: Place | None
    value: Place | None
    below: dict[str | int, Spot]

    def down(self, path: Key) -> list[Spot]:
        """Return the spots on the way along a path, this one first, as far as they were written."""
        trail: list[Spot] = [self]
        for step in path:
            found = trail[-1].below.get(step)
            if found is None:
                break
            trail.append(found)
        return trail

    def changed(self, path: Key, spot: Spot) -> Spot:
        """Return a copy in which another spot stands at a path."""
        if not path:
            return spot
        below = self.below.get(path[0], Spot(None, None, {}))
        return self._replace(below=self.below | {path[0]: below.changed(path[1:], spot)})


@dataclass
class Text:
    """What a file said: plain data, and the place of every key and value by its path."""

    data: Data
    file: str
    spot: Spot = field(default_factory=lambda: Spot(None, None, {}))
    problems: list[Problem] = field(default_factory=list[Problem])

    def place(self, path: Key, *, key: bool = False) -> Place:
        """Return where `path` stands, or its nearest parent that was written; the key's place if `key`."""
        trail = self.spot.down(path)
        by_value = not key and len(trail) > len(path)
        for spot in reversed(trail):
            found = (spot.value or spot.key) if by_value else (spot.key or spot.value)
            if found is not None:
                return found
            by_value = False
        return Place(self.file)

    def has(self, path: Key) -> bool:
        """Say whether a key was written."""
        return len(self.spot.down(path)) > len(path)


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """A composer without YAML 1.1's implicit types."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012


_INT = re.compile(r"[-+]?[0-9]+$")
_BEGINS = frozenset("+-.0123456789")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$")
_DEEPER = {yaml.MappingStartEvent: 1, yaml.SequenceStartEvent: 1, yaml.MappingEndEvent: -1, yaml.SequenceEndEvent: -1}
_VALUES = frozenset((yaml.ScalarEvent, yaml.MappingStartEvent, yaml.SequenceStartEvent))
_NULL = ("", "~", "null", "Null", "NULL")
_TRUTH = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}


def number_or_word(value: str) -> int | float | str:
    """Return a plain scalar as the number that it is written as, or else as the word that it is."""
    if value[:1] not in _BEGINS or not _FLOAT.match(value):
        return value
    return int(value) if len(value) < 19 and _INT.match(value) else float(value)


def unprinted(said: str, place: Place) -> list[Problem]:
    """Return the problem of a text with a sign that is not printed but obeyed, such as an escape sequence, or none."""
    found = _UNPRINTED.search(said)
    return [Problem(place, f"a control character, U+{ord(found[0]):04X}", "text that prints")] if found else []


def _too_long(said: str, place: Place) -> list[Problem]:
    return [Problem(place, f"a text of {len(said)} letters", f"at most {MAX_TEXT}")] if len(said) > MAX_TEXT else []


def printed(said: str) -> str:
    """Return a text of which every sign is printed, for what others say of a file that they could not read."""
    return _UNPRINTED.sub("\N{REPLACEMENT CHARACTER}", said)


def read_bytes(path: Path, shown: str) -> bytes:
    """Return what a file holds. Raises CaseError when it is missing, too large or no file, before anything of it is read."""
    place = Place(shown)
    try:
        about = path.stat()
        if not stat.S_ISREG(about.st_mode):
            raise CaseError([Problem(place, "cannot be read: not a file", "a readable file")])
        if about.st_size > MAX_BYTES:
            raise CaseError([Problem(place, f"file of {about.st_size / 1e6:.0f} MB", f"at most {MAX_BYTES / 1e6:.0f} MB")])
        return path.read_bytes()
    except OSError as error:
        raise CaseError([Problem(place, f"cannot be read: {error.strerror}", "a readable file")]) from None


def read_text(path: Path, shown: str, needed: str = "at least one key") -> str:
    """Return the text of a file, its line ends as newlines. Raises CaseError when it is missing, too large, not UTF-8 or empty; `needed` says what it should have."""
    place = Place(shown)
    try:
        text = read_bytes(path, shown).decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        raise CaseError([Problem(place, f"not text: byte {error.start} is not UTF-8", "UTF-8 text")]) from None
    if not text.strip():
        raise CaseError([Problem(place, "the file is empty", needed)])
    return text


def read_yaml(path: Path, shown: str) -> Text:
    """Return what a YAML file says. Raises CaseError with every problem of reading it."""
    text = read_text(path, shown)
    made = Text(None, shown)
    try:
        events = _events(_Loader(text), made)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = Place(shown, mark.line + 1, mark.column + 1) if mark else Place(shown)
        raise _not_yaml(place, str(error.problem or error.context).removeprefix("but ")) from None
    except yaml.YAMLError as error:
        before = text[: getattr(error, "position", 0)]
        place = Place(shown, before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1)
        raise _not_yaml(place, str(error).splitlines()[0]) from None
    anchors = _look_over(events, made)
    if len(events) == 2:  # the beginning and the end of the stream
        raise CaseError([Problem(Place(shown), "the file is empty", "at least one key")])
    made.data, made.spot = _Walker(made, events, anchors, printed=not _UNPRINTED.search(text)).walk(None, 0)
    if made.problems:
        raise CaseError(made.problems)
    if not isinstance(made.data, dict):
        raise CaseError([Problem(Place(shown), "not a mapping", "`key: value` lines")])
    return made


def _not_yaml(place: Place, what: str) -> CaseError:
    return CaseError([Problem(place, f"not YAML: {what}", "YAML 1.2")])


def _events(loader: Any, text: Text) -> list[Any]:
    """Return the events of a file. Raises CaseError at the first that lies too deep: what reads them takes time by the square of the depth."""
    events: list[Any] = []
    depth = 0
    for event in iter(loader.get_event, None):
        events.append(event)
        depth += _DEEPER.get(event.__class__, 0)
        if depth > MAX_DEPTH:
            raise CaseError([_too_deep(_place(text, event))])
    return events


def _look_over(events: list[Any], text: Text) -> dict[str, int]:
    """Return the positions of all anchors, and note every tag. Raises CaseError for what cannot be composed."""
    anchors: dict[str, int] = {}
    broken: list[CaseError] = []
    documents = 0
    for i, event in enumerate(events):
        kind = event.__class__
        if kind in _VALUES:
            if event.anchor is not None:
                broken += [_not_yaml(_place(text, event), "second occurrence")] if event.anchor in anchors else []
                anchors.setdefault(event.anchor, i)
            if event.tag is not None:
                text.problems.append(Problem(_place(text, event), f"tag {event.tag!r}", "no tags"))
        elif kind is yaml.AliasEvent:
            broken += [] if event.anchor in anchors else [_not_yaml(_place(text, event), "found undefined alias")]
        elif kind is yaml.DocumentStartEvent:
            documents += 1
            broken += [_not_yaml(_place(text, event), "found another document")] if documents > 1 else []
    if broken:
        raise broken[0]
    return anchors


def _place(text: Text, event: Any) -> Place:
    mark = event.start_mark
    return Place(text.file, mark.line + 1, mark.column + 1)


def _too_deep(place: Place) -> Problem:
    return Problem(place, "nested too deeply", f"at most {MAX_DEPTH} levels")


class _Walker:
    """Turns the events of one document into plain data and remembers places; what an alias stands for is walked again.

    Of a file of which every sign is `printed`, only words in double quotes need a look: they alone can escape one.
    """

    def __init__(self, text: Text, events: list[Any], anchors: dict[str, int], *, printed: bool) -> None:
        self.text, self.events, self.anchors, self.printed = text, events, anchors, printed
        self.at = 2  # behind the beginning of the stream and of the document
        self.count = 0

    def walk(self, key: Place | None, depth: int) -> tuple[Data, Spot]:
        event = self.events[self.at]
        self.at += 1
        kind = event.__class__
        if kind is yaml.AliasEvent:
            back, self.at = self.at, self.anchors[event.anchor]
            found = self.walk(key, depth)
            self.at = back
            return found
        self.count += 1
        place = _place(self.text, event)
        if self.count > MAX_NODES:
            raise CaseError([Problem(place, "more values than a case can have (aliases count each time)", f"at most {MAX_NODES}")])
        if depth > MAX_DEPTH:
            raise CaseError([_too_deep(place)])
        if kind is yaml.ScalarEvent:
            return self.scalar(event, place), Spot(key, place, {})
        data, below = self.mapping(depth) if kind is yaml.MappingStartEvent else self.sequence(depth)
        self.at += 1
        return data, Spot(key, place, below)

    def sequence(self, depth: int) -> tuple[Data, dict[str | int, Spot]]:
        data, below = list[Data](), dict[str | int, Spot]()
        while type(self.events[self.at]) is not yaml.SequenceEndEvent:
            value, below[len(data)] = self.walk(None, depth + 1)
            data.append(value)
        return data, below

    def mapping(self, depth: int) -> tuple[Data, dict[str | int, Spot]]:
        data, below = dict[str, Data](), dict[str | int, Spot]()
        while type(event := self.events[self.at]) is not yaml.MappingEndEvent:
            event = self.events[self.anchors[event.anchor]] if type(event) is yaml.AliasEvent else event
            place = _place(self.text, event)
            if type(event) is not yaml.ScalarEvent:
                self.text.problems.append(Problem(place, "a key that is not a word", "plain words as keys"))
                self.skip()
                self.skip()
                continue
            self.at += 1
            key = event.value
            self.check(event, place)
            if key in data:
                first = cast("Place", below[key].key)
                self.text.problems.append(Problem(place, f"key {key!r} stands twice", f"one {key!r}; the first is in line {first.line}"))
                self.skip()
                continue
            data[key], below[key] = self.walk(place, depth + 1)
        return data, below

    def check(self, event: Any, place: Place) -> None:
        self.text.problems += _too_long(event.value, place)
        if not self.printed or event.style == '"':
            self.text.problems += unprinted(event.value, place)

    def skip(self) -> None:
        """Go past what begins here."""
        depth = 0
        while True:
            event = self.events[self.at]
            depth += _DEEPER.get(event.__class__, 0)
            self.at += 1
            if depth == 0:
                return

    def scalar(self, event: Any, place: Place) -> Data:
        value = event.value
        self.check(event, place)
        if event.style in ("'", '"', "|", ">"):
            return value
        if value in _NULL:
            return None
        if value in _TRUTH:
            return _TRUTH[value]
        return number_or_word(value)


@dataclass(frozen=True)
class Row:
    """One row of a table: cells by column, and where the row stands."""

    cells: dict[str, str]
    file: str
    line: int
    columns: dict[str, int]

    def place(self, column: str = "") -> Place:
        """Return where a cell stands; its column is the cell's position in the row."""
        return Place(self.file, self.line, self.columns.get(column, 0) + 1)


def read_table(path: Path, shown: str, required: tuple[str, ...], allowed: tuple[str, ...]) -> list[Row]:
    """Return the rows of a CSV file. Raises CaseError when columns are missing, unknown or uneven."""
    text = read_text(path, shown, "a row of column names")
    reader = csv.reader(io.StringIO(text, newline=""))
    lines: list[tuple[int, list[str]]] = []
    line = 1
    try:
        for cells in reader:
            lines.append((line, cells))
            line = reader.line_num + 1  # a row with a line end in a cell stands where it starts
    except csv.Error as error:
        raise CaseError([Problem(Place(shown, reader.line_num), f"not a table: {error}", "comma-separated values")]) from None
    return table(lines, shown, required, allowed)


def table(lines: list[tuple[int, list[str]]], shown: str, required: tuple[str, ...], allowed: tuple[str, ...]) -> list[Row]:
    """Return the rows of a table whose first line names the columns; blank lines, and columns with neither name nor cells, are none. Raises CaseError."""
    rows = [(line, cells) for line, cells in lines if any(cell.strip() for cell in cells)]
    if not rows:
        raise CaseError([Problem(Place(shown), "no row has anything in it", "a row of column names")])
    (top, header), body = rows[0], rows[1:]
    problems = [
        problem for line, cells in rows for i, cell in enumerate(cells) for look in (unprinted, _too_long) for problem in look(cell, Place(shown, line, i + 1))
    ]
    meant: set[str] = set()
    for i, name in enumerate(header):
        place = Place(shown, top, i + 1)
        if len(header) == 1 and re.search(r"[;\t|]", name):
            raise CaseError([Problem(place, "no commas between the names of the columns", "commas between cells")])
        if not name.strip():
            stray = next((line for line, cells in body if i < len(cells) and cells[i].strip()), 0)
            problems += [Problem(Place(shown, stray, i + 1), "a cell in a column without a name", ", ".join(allowed))] if stray else []
        elif name not in allowed:
            near = nearest(name, [column for column in allowed if column not in header])
            meant.add(near)
            problems.append(Problem(place, f"unknown column {name!r}", ", ".join(allowed), near))
        elif name in header[:i]:
            problems.append(Problem(place, f"column {name!r} stands twice", f"one {name!r}"))
    missing = [name for name in required if name not in header and name not in meant]
    problems += [Problem(Place(shown, top), f"column {name!r} is missing", f"all of {', '.join(required)}") for name in missing]
    columns = {name: i for i, name in enumerate(header) if name.strip()}
    made: list[Row] = []
    for line, cells in body:
        if len(cells) != len(header):
            problems.append(Problem(Place(shown, line), f"{len(cells)} cells", f"{len(header)}, as in the header"))
            continue
        made.append(Row({name: cells[i] for name, i in columns.items()}, shown, line, columns))
    if problems:
        raise CaseError(problems)
    return made
