"""A frozen forecast as a file: plain text that is written once, and sealed, so that whoever edits it is found out."""

from __future__ import annotations

import hashlib
import itertools
import math
import re
from pathlib import Path
from typing import Literal

import yaml
from pydantic import Field, ValidationError

from materiel import units
from materiel.analysis import resolution
from materiel.analysis.scores import COUNT
from materiel.case import problems
from materiel.case.model import Case
from materiel.case.reading import Text, read_text, read_yaml
from materiel.case.schema import Resolution
from materiel.errors import CaseError, Problem, RunError, nearest
from materiel.evidence.records import Day, Record
from materiel.quantities import QuantityError

FORMAT = 1
"""Version of the format of forecasts that this version reads."""
FOLDER = "forecasts"
"""Folder of a case in which its forecasts lie."""
ENDING = ".yaml"
_SEAL = re.compile(r"^seal: (\S*)\n?\Z", re.MULTILINE)
_HEAD = """\
# Frozen by `materiel forecast`, and never edited since: whatever changes above the seal in the last line breaks it, and then nothing is scored.
# `quantiles` are those at 1/200, 2/200 ... 199/200, in the unit of the question; `seen` is what was observed by the day of the forecast.
"""


class Past(Record):
    """What was observed by the day of a forecast, for naive forecasts to go by."""

    start: Day
    """First day."""
    end: Day
    """Last day."""
    quantity: float
    """How much, in the unit of the question."""
    source: str
    """Who says so."""


class Prediction(Record):
    """What was forecast of one question."""

    text: str
    """What is asked."""
    items: list[str]
    """The items that it is about."""
    unit: str
    """Unit of every number here."""
    first: Day | None = None
    """First day of a total."""
    day: Day
    """Day of which it is asked, the last one of a total."""
    horizon: int
    """Days from the day of the forecast to that day."""
    resolves: Resolution
    """How it is settled, as laid down then."""
    threshold: dict[Literal["above", "below"], float] = Field(default_factory=dict)
    """Bound that has a probability."""
    probability: float | None = None
    """That probability."""
    assumed: float | None = None
    """Share of the doubt that rested on assumptions and not on claims, of a forecast that was not weighed."""
    seen: list[Past]
    """What was observed by then."""
    quantiles: list[float]
    """The forecast."""

    def at(self, probability: float) -> float:
        """Return the quantile at one of the probabilities that are kept."""
        return self.quantiles[round(probability * (COUNT + 1)) - 1]


class Frozen(Record):
    """A forecast: what was said of which questions, as of which day, and by what."""

    format: Literal[1]
    """Version of the format."""
    case: str
    """Name of the case."""
    title: str
    """What the case is about."""
    as_of: Day
    """Day after which nothing was known to it."""
    made: Day
    """Day on which it was really made."""
    hindcast: bool
    """Whether it was made later than the day as of which it speaks."""
    note: str = ""
    """Anything a reader must know."""
    basis: Literal["prior", "posterior"]
    """Whether runs were drawn from assumptions and claims alone, or weighed by what was observed."""
    odds: dict[str, float] = Field(default_factory=dict)
    """The probability of each rival hypothesis, where they were weighed."""
    rules: str
    """Rules of evidence."""
    draws: int
    """Number of runs."""
    seed: int
    """Seed of their random streams."""
    step: float
    """Length of a period, in days."""
    version: str
    """Version of the program."""
    program_sha256: str
    """Digest of the program."""
    case_sha256: str
    """Digest of the files of the case."""
    run: str
    """Identity of the run; of a weighed forecast, that of the case as it stands, with the same draws."""
    questions: dict[str, Prediction]
    """What was forecast, by question."""
    seal: str
    """Digest of everything above."""


def text(said: Frozen) -> str:
    """Return a forecast as the text of its file, sealed anew."""
    data = said.model_dump(mode="json", exclude={"seal"}, exclude_defaults=True)
    written = _HEAD + yaml.safe_dump(data, sort_keys=False, allow_unicode=True, width=150, default_flow_style=None)
    return f"{written}seal: {digest(written)}\n"


def write(said: Frozen, path: Path) -> str:
    """Write a forecast and return its seal. Raises RunError when there is a file already, or none can be written: what is frozen is never written over."""
    whole = text(said)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8", newline="\n") as file:
            file.write(whole)
    except FileExistsError:
        raise RunError(f"{path} is there already, and what is frozen is never written over; give another name with --output") from None
    except OSError as error:
        raise RunError(f"{path} cannot be written: {error.strerror or error}; give another place with --output") from None
    return whole.rstrip().rpartition(" ")[2]


def read(path: Path, shown: str) -> tuple[Frozen, Text]:
    """Return a forecast and the places of what it says. Raises CaseError with every problem: a broken seal above all."""
    raw = read_text(path, shown)
    said = read_yaml(path, shown)
    said.problems += _unsealed(raw, said)
    try:
        made = Frozen.model_validate(said.data)
    except ValidationError as error:
        raise CaseError([*said.problems, *problems.translate(error, Frozen, said)]) from None
    for name, one in made.questions.items():
        said.problems += _unreadable(name, one, said)
        rising = all(low <= high for low, high in itertools.pairwise(one.quantiles))
        if len(one.quantiles) != COUNT or not rising or not all(map(math.isfinite, one.quantiles)):
            said.problems.append(
                Problem(said.place(("questions", name, "quantiles")), f"{len(one.quantiles)} quantiles", f"{COUNT} finite ones that do not fall")
            )
    if said.problems:
        raise CaseError(said.problems)
    return made, said


def _unreadable(name: str, one: Prediction, said: Text) -> list[Problem]:
    """Return the problem of a unit or a length of time that nobody can read, which only a file that was not written here can have."""
    try:
        units.bare(one.unit)
        resolution.within(one.resolves)
        resolution.comparison(one.resolves, one.unit)
    except units.UnitError as error:
        return [Problem(said.place(("questions", name, "unit")), str(error), "a known unit", error.nearest)]
    except QuantityError as error:
        return [Problem(said.place(("questions", name, "resolves", *error.at)), error.found, error.allowed, error.nearest)]
    return []


def _unsealed(raw: str, said: Text) -> list[Problem]:
    found = _SEAL.search(raw)
    if found is None:
        return [Problem(said.place(("seal",)), "no seal in the last line", "a forecast as `materiel forecast` writes it")]
    if found[1] == digest(raw[: found.start()]):
        return []
    return [Problem(said.place(("seal",)), "the seal is broken: this forecast has been edited since it was frozen", "the file as it was; see its history")]


def digest(written: str) -> str:
    """Return the digest of what stands above a seal."""
    return hashlib.sha256(written.encode()).hexdigest()


def folder(case: Path) -> Path:
    """Return where the forecasts of a case lie, whether it is a folder or a file."""
    return (case if case.is_dir() else case.parent) / FOLDER


def held(case: Case, only: str = "") -> dict[Path, tuple[Frozen, Text]]:
    """Return the forecasts of a case, by file. Raises CaseError with every problem of all of them, RunError when there is none."""
    paths = files(case)
    if only:
        names = {path.stem: path for path in paths}
        if only not in names and not Path(only).is_file():
            near = nearest(only, list(names))
            raise RunError(f"no forecast {only!r} of {case.name}; " + (", ".join(names) or "none is frozen") + (f"; did you mean {near!r}?" if near else ""))
        paths = [names.get(only, Path(only))]
    elif not paths:
        raise RunError(f"{case.name} has no forecast; `materiel forecast {case.name}` freezes one")
    made: dict[Path, tuple[Frozen, Text]] = {}
    found: list[Problem] = []
    for path in paths:
        shown = f"{FOLDER}/{path.name}" if path.parent == folder(case.folder) else str(path)
        try:
            said, text = read(path, shown)
        except CaseError as error:
            found += error.problems
            continue
        if said.case == case.name:
            made[path] = said, text
        elif only:
            found.append(Problem(text.place(("case",)), f"a forecast of {said.case!r}", f"one of {case.name!r}"))
    if found:
        raise CaseError(found)
    return made


def files(case: Case) -> list[Path]:
    """Return the files in which the forecasts of a case are."""
    shelf = folder(case.folder)
    return sorted(shelf.glob(f"*{ENDING}")) if shelf.is_dir() else []


def remarks(case: Case) -> list[Problem]:
    """Return what is odd about the forecasts of a case: questions that it no longer asks, or settles otherwise now. Raises CaseError for one that has been edited."""
    found: list[Problem] = []
    for said, text in held(case).values() if files(case) else ():
        for name, one in said.questions.items():
            place = text.place(("questions", name), key=True)
            if name not in case.questions:
                found.append(Problem(place, f"question {name!r} is no longer asked", "it is scored as it was frozen", nearest(name, list(case.questions))))
            elif case.questions[name].resolves != one.resolves:
                found.append(Problem(place, f"question {name!r} would be settled otherwise now", "it is scored by the rule that was frozen"))
    return found
