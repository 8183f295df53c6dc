"""Numbers that somebody sets besides what a case says: they come in as a scenario, called by where they were written, so that all that is checked of a case is checked of them."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from materiel import component
from materiel.case import levers, postponing
from materiel.case.model import Case
from materiel.case.reading import Spot, Text
from materiel.case.schema import Question
from materiel.errors import CaseError, Place, Problem
from materiel.quantities import QuantityError

SET = "--set"
"""Where numbers that are set were written: as the command line calls it."""

BY_HAND = "set by hand"
"""The reason of what is set."""


@dataclass(frozen=True)
class Change:
    """A number by its path, what it is set to as a case would write it, why, and where that was written; the file of that place names the scenario."""

    number: str
    value: str
    because: str
    place: Place


def read(written: Sequence[str]) -> list[Change]:
    """Return what is set as `NUMBER=VALUE UNIT` or `NUMBER=DAY`, one a line. Raises CaseError with everything that is none."""
    made: list[Change] = []
    wrong: list[Problem] = []
    for line, text in enumerate(written, 1):
        number, equals, value = text.partition("=")
        number, value, place = number.strip(), value.strip(), Place(SET, line, len(number) + 2 if equals else 1)
        if not number or not value:
            wrong.append(Problem(place, f"{text!r} sets nothing", "NUMBER=VALUE UNIT, or NUMBER=DAY"))
        elif number in {one.number for one in made}:
            wrong.append(Problem(place, f"{number} is set twice", "every number once"))
        else:
            made.append(Change(number, value, BY_HAND, place))
    if wrong:
        raise CaseError(wrong)
    return made


def declare(text: Text, changes: Sequence[Change]) -> dict[str, Change]:
    """Add the scenarios that changes make, each called by the file of its changes; return those changes that no scenario can make, by the contingencies that they let begin on another day.

    The day of a contingency that no question asks about is a number like any other.
    """
    begin = {name: one for one in changes if (name := _contingency(one.number)) and _asked_about(text.data.get("questions"), name)}
    scenarios = text.data.get("scenarios", {})
    scenarios = cast("dict[str, object]", scenarios) if isinstance(scenarios, dict) else {}
    for file in dict.fromkeys(one.place.file for one in changes):
        numbers = [one for one in changes if one.place.file == file and one not in begin.values()]
        values = {one.number: {"constant": one.value, "because": one.because} for one in numbers}
        scenarios = scenarios | {file: {"text": file, "set": values}}
        for one in numbers:
            text.spot = text.spot.changed(("scenarios", file, "set", one.number), Spot(one.place, one.place, {}))
    text.data = text.data | {"scenarios": scenarios} if changes else text.data
    return begin


def _contingency(number: str) -> str:
    """Return the name of the contingency whose first day a number is, or an empty string."""
    section, _, rest = number.partition(".")
    kind = component.types().get(section)
    return rest.removesuffix(".begins") if kind is not None and "begins" in kind.parameters and rest.endswith(".begins") else ""


def _asked_about(asked: object, contingency: str) -> bool:
    """Say whether a question, as it is written, is asked about a contingency."""
    found = cast("dict[str, object]", asked) if isinstance(asked, dict) else {}
    return any(isinstance(one, dict) and str(cast("dict[str, object]", one).get("if", "")).strip().startswith(f"{contingency} on ") for one in found.values())


def postponed(case: Case, begin: Mapping[str, Change]) -> Case:
    """Return a case whose questions let contingencies begin on other days. Raises CaseError where such a day is none, or moves a question out of the case."""
    questions, wrong = dict[str, Question](case.questions), list[Problem]()
    for name, change in begin.items():
        if postponing.begins(questions, name) is None:
            continue  # its questions name no day, which is told when they are prepared
        try:
            day = case.date(levers.beginning(change.value, case, name).number)
        except QuantityError as error:
            wrong.append(Problem(change.place, error.found, error.allowed))
        else:
            questions = postponing.postponed(questions, name, day)
    if wrong:
        raise CaseError(wrong)
    return dataclasses.replace(case, questions=questions) if begin else case
