"""Which files make a case, and what they say together."""

from __future__ import annotations

import functools
import hashlib
from pathlib import Path
from typing import cast

from materiel.case.entries import read_bibtex, read_claims, read_csl, read_observations, twice
from materiel.case.reading import Row, Spot, Text, printed, read_bytes, read_yaml, unprinted
from materiel.errors import CaseError, Place, Problem, nearest

FORMATS = {
    "questions": ("yaml",), "publishers": ("yaml",), "sources": ("yaml", "bib", "json"), "origins": ("yaml",), "claims": ("yaml", "csv", "xlsx"),
    "observations": ("csv", "xlsx"), "observables": ("yaml",), "hypotheses": ("yaml",),
    "analysts": ("yaml",),
}  # fmt: skip
"""What may stand beside case.yaml, in the order in which it is read: NAME.ENDING, and NAME.ANYTHING.ENDING, for every ending of a name."""

_ELSEWHERE = ("yaml", "yml", "bib", "bibtex", "json", "ris", "csv", "tsv", "xlsx", "xlsm", "xlsb", "xls", "ods")
"""Endings of files that hold such things in other formats or sections: one with the name of a section was meant to be read."""


def shelf() -> Path:
    """Return the folder of the cases that ship with the program."""
    installed = Path(__file__).parents[1] / "cases"
    return installed if installed.is_dir() else Path(__file__).parents[3] / "cases"


def find(name: str | Path) -> Path:
    """Return the folder of a case given by path or by the name of a shipped one. Raises CaseError."""
    path = Path(name)
    try:
        if path.is_file():
            return path.parent if path.name == "case.yaml" else path
        if (path / "case.yaml").is_file():
            return path
    except OSError as error:
        raise CaseError([Problem(Place(str(name)[:80]), f"no such case: {error.strerror}", "a folder, a file or a name")]) from None
    shipped = sorted(folder.name for folder in shelf().iterdir() if (folder / "case.yaml").is_file())
    if str(name) in shipped:
        return shelf() / name
    if path.is_dir():
        raise CaseError([Problem(Place(str(path)), "no case.yaml in this folder", "a folder with a case.yaml")])
    raise CaseError([Problem(Place(str(name)), "no such case", ", ".join(shipped), nearest(str(name), shipped))])


def read_files(folder: Path) -> tuple[Text, list[Row], str]:
    """Return what the files of a case say together, the rows of its observations, and a digest of all files. Raises CaseError with every problem of all files.

    Files that have not changed are not read anew: one command often needs a case several times, in other scenarios or without some claims.
    """
    main = folder if folder.is_file() else folder / "case.yaml"
    found: list[Problem] = []
    paths = (main, *([] if folder.is_file() else _beside(folder, found)))
    if found:
        raise CaseError([*found, *_problems(paths)])
    try:
        digest = _digest(paths)
    except CaseError as error:
        raise CaseError([*error.problems, *_problems(paths)]) from None
    text, rows, digest = _read_all(paths, digest)
    return Text(text.data, text.file, text.spot), list(rows), digest


def _problems(paths: tuple[Path, ...]) -> list[Problem]:
    try:
        _read_all.__wrapped__(paths, "")
    except CaseError as error:
        return error.problems
    return []


@functools.lru_cache(maxsize=2)
def _read_all(paths: tuple[Path, ...], digest: str) -> tuple[Text, list[Row], str]:
    """Return what files say together; `digest`, by which it is remembered, is what they hold."""
    found: list[Problem] = []
    whole = Text({}, paths[0].name)
    rows: list[Row] = []
    for i, path in enumerate(paths):
        section = path.name.split(".")[0] if i else ""
        try:
            if section == "observations":
                rows += read_observations(path, path.name)
            else:
                _merge(whole, _read(path), section, found)
        except CaseError as error:
            found += error.problems
    if found:
        raise CaseError(found)
    return whole, rows, digest


def _beside(folder: Path, problems: list[Problem]) -> list[Path]:
    """Return the further files of a case, NAME.yaml before NAME.ANYTHING.yaml, the same on every machine."""
    made: list[tuple[int, int, bool, str, Path]] = []
    sections = list(FORMATS)
    for path in folder.iterdir():
        section, *middle = path.name.split(".")
        if section not in FORMATS or not middle:
            continue
        if unprinted(path.name, Place("")):
            problems += unprinted(path.name, Place(printed(path.name)))
            continue
        if middle[-1] in FORMATS[section]:
            made.append((sections.index(section), FORMATS[section].index(middle[-1]), len(middle) > 1, path.name, path))
        elif middle[-1].lower() in _ELSEWHERE:
            problems.append(
                Problem(Place(path.name), f"{section} are not read from such a file", " or ".join(f"{section}.{ending}" for ending in FORMATS[section]))
            )
    return [path for *_, path in sorted(made)]


def _read(path: Path) -> Text:
    readers = {"bib": read_bibtex, "json": read_csl, "csv": read_claims, "xlsx": read_claims}
    return readers.get(path.name.split(".")[-1], read_yaml)(path, path.name)


def _merge(whole: Text, part: Text, section: str, problems: list[Problem]) -> None:
    """Add what a file says, under the name of its section, to the whole; an id that stands twice is a problem."""
    if not section:
        whole.data, whole.file, whole.spot = part.data, part.file, part.spot
        return
    held = whole.data.setdefault(section, {})
    if not isinstance(held, dict):
        problems.append(Problem(whole.place((section,)), f"{section} is not a mapping, and {part.file} has more", "entries by id"))
        return
    entries = cast("dict[str, object]", held)
    clashes = [name for name in part.data if name in entries]
    problems += [twice(section, name, part.place((name,), key=True), whole.place((section, name), key=True)) for name in clashes]
    entries |= {name: entry for name, entry in part.data.items() if name not in clashes}
    spot = whole.spot.below.setdefault(section, Spot(Place(part.file), Place(part.file), {}))
    spot.below.update({name: below for name, below in part.spot.below.items() if name not in clashes})


def _digest(paths: tuple[Path, ...]) -> str:
    hashed = hashlib.sha256()
    for path in paths:
        content = read_bytes(path, path.name)
        hashed.update(f"{path.name}\0{len(content)}\0".encode() + content)
    return hashed.hexdigest()


def contents(folder: Path) -> dict[str, bytes]:
    """Return what the files of a case hold, by name, in the order in which they are read. Raises CaseError."""
    found: list[Problem] = []
    paths = [folder] if folder.is_file() else [folder / "case.yaml", *_beside(folder, found)]
    if found:
        raise CaseError(found)
    return {path.name: read_bytes(path, path.name) for path in paths}
