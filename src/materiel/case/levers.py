"""Levers that a case declares: numbers that somebody decides and that readers may set, with the range that they may try."""

from __future__ import annotations

import datetime
import functools
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NoReturn

from materiel import quantities, units
from materiel.case import postponing
from materiel.case.model import Case, Instance
from materiel.component import Parameter
from materiel.errors import Problem, nearest
from materiel.evidence.pooling import Prior
from materiel.quantities import QuantityError

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}$")
_FIXED = "urgent"
"""What no lever moves: whether anybody may be urgent shapes the program."""


@dataclass(frozen=True)
class Value:
    """What a number is set to: a number in the unit in which it was written; days, without a unit, are counted from the start of the case."""

    number: float
    unit: str = ""

    def within(self, unit: str) -> float:
        """Return the number in another unit, computed as a case computes it."""
        return self.number if unit == "date" else self.number * units.factor(self.unit, unit)


@dataclass(frozen=True)
class Declared:
    """A lever as a case declares it: the number by its path or that of the shared number it takes, its parameter and one of the priors that follow it; or the name of a contingency."""

    id: str
    low: Value
    high: Value
    prior: Prior | None = None
    contingency: str = ""


def value(raw: object, parameter: Parameter, unit: str, start: datetime.date) -> Value:
    """Return a single value of a parameter as a case writes it, in a unit that measures `unit`. Raises QuantityError."""
    if parameter.date:
        return day(raw, start)
    found, written = quantities.read(raw, share=parameter.share)
    if not found.constant:
        raise QuantityError(f"{raw!r} is a range", "one value")
    try:
        factor = units.factor(written, unit)
    except units.UnitError as error:
        raise QuantityError(
            str(error) if written else f"{raw!r} has no unit", f"a value in a unit that measures {units.plain(unit)}", near=error.nearest
        ) from None
    given, number = found.values[0], found.values[0] * factor
    low = parameter.more_than if parameter.more_than is not None else parameter.at_least
    if (low is not None and number < low) or number == parameter.more_than:
        raise QuantityError(f"{raw!r} is too little", f"{'above' if parameter.more_than is not None else 'at least'} {low:g}")
    if parameter.at_most is not None and number > parameter.at_most:
        raise QuantityError(f"{raw!r} is too much", f"at most {parameter.at_most:g}")
    return Value(given, written)


def day(raw: object, start: datetime.date) -> Value:
    """Return a day as a case writes it. Raises QuantityError."""
    try:
        return Value(float((datetime.date.fromisoformat(str(raw)) - start).days)) if _DAY.match(str(raw)) else _no_day(raw)
    except ValueError:
        _no_day(raw)


def beginning(raw: object, case: Case, contingency: str) -> Value:
    """Return a day on which a contingency that questions ask of may begin, as a case writes it. Raises QuantityError, also where a question would leave the case."""
    first, last = postponing.window(case.questions, contingency, case.start, case.end)
    found = day(raw, case.start)
    if not case.day(first) <= found.number <= case.day(last):
        allowed = f"a day from {first} to {last}, so that all that is asked of {contingency!r} lies within the case"
        raise QuantityError(f"{contingency} on {case.date(found.number)}", allowed)
    return found


def _no_day(raw: object) -> NoReturn:
    raise QuantityError(f"{raw!r} is not a day", "a day of the calendar as YYYY-MM-DD")


def given(case: Case) -> Iterator[tuple[Parameter, Prior]]:
    """Yield the numbers of a case with their parameters."""
    for one in case.components.values():
        yield from _of(one)


def _of(one: Instance) -> Iterator[tuple[Parameter, Prior]]:
    kind = one.type
    for name, prior in one.numbers.items():
        if prior is not None:
            yield kind.parameters[name], prior
    for name, ends in one.links.items():
        yield from ((kind.links[name].each[key], prior) for end in ends for key, prior in end.numbers.items())
    for name, entries in one.entries.items():
        yield from ((kind.entries[name].each[key], prior) for entry in entries for key, prior in entry.items())


def follow(number: str, priors: Iterable[Prior]) -> Iterator[Prior]:
    """Yield the numbers that follow one that is set: that of its path, and those that take it if it is shared."""
    return (prior for prior in priors if number in (prior.path, prior.stream))


def declared(case: Case) -> list[Declared]:
    """Return the levers that a case declares; what is wrong with any is told by `check_levers`."""
    return list(_Reader(case).read())


def check_levers(case: Case) -> Iterator[Problem]:
    """Refuse levers of what is no number of the case, or whose ends are none or do not rise."""
    reader = _Reader(case)
    list(reader.read())
    yield from reader.problems


class _Reader:
    """Reads the declared levers of a case; problems gather in `problems`."""

    def __init__(self, case: Case) -> None:
        self.case, self.problems = case, list[Problem]()

    def read(self) -> Iterator[Declared]:
        seen: set[str] = set()
        for i, one in enumerate(self.case.levers):
            key, other = ("contingency", "number") if one.contingency else ("number", "contingency")
            if bool(one.number) == bool(one.contingency):
                self._note(i, (), f"a lever of {'both' if one.number else 'neither'}", f"either `{key}` or `{other}`")
                continue
            name = one.number or self._first_day(one.contingency)
            if name in seen:
                self._note(i, (key,), f"a second lever of {name!r}", "every number once")
            seen.add(name)
            made = self._beginning(i, one.contingency, (one.low, one.high)) if one.contingency else self._number(i, one.number, (one.low, one.high))
            if made is not None:
                yield made

    def _number(self, i: int, name: str, ends: tuple[object, object]) -> Declared | None:
        known = list(given(self.case))
        found = next(((parameter, prior) for parameter, prior in known if name in (prior.path, prior.stream)), None)
        if found is None:
            part = next((prior.path for _, prior in known if name in {weight.stream for weight in prior.mix}), "")
            names = list(dict.fromkeys(each for _, prior in known for each in (prior.stream, prior.path)))
            what = f"{name!r} is a part of {part}, not a number of its own" if part else f"no number {name!r} is given"
            self._note(i, ("number",), what, "the path of a number, or `shared.NAME`", "" if part else nearest(name, names))
            return None
        parameter, prior = found
        if prior.mix or name.endswith(f".{_FIXED}"):
            self._note(i, ("number",), f"{name!r} cannot be set", "a number of its own")
            return None
        values = self._ends(i, ends, lambda raw: value(raw, parameter, prior.unit, self.case.start), prior.unit)
        return Declared(name, *values, prior) if values else None

    def _beginning(self, i: int, name: str, ends: tuple[object, object]) -> Declared | None:
        known = list(self._contingencies)
        if name not in known:
            self._note(i, ("contingency",), f"unknown contingency {name!r}", ", ".join(known) or "none is declared", nearest(name, known))
            return None
        if postponing.begins(self.case.questions, name) is None:
            self._note(i, ("contingency",), f"no question asks what follows if {name!r} begins", "one that a question has in its `if`")
            return None
        values = self._ends(i, ends, lambda raw: beginning(raw, self.case, name), "date")
        return Declared(self._first_day(name), *values, contingency=name) if values else None

    @functools.cached_property
    def _contingencies(self) -> dict[str, str]:
        """Paths of contingencies by name."""
        return {one.name: path for path, one in self.case.components.items() if "begins" in one.type.parameters}

    def _first_day(self, contingency: str) -> str:
        return f"{self._contingencies.get(contingency, contingency)}.begins"

    def _ends(self, i: int, ends: tuple[object, object], read: Callable[[object], Value], unit: str) -> tuple[Value, Value] | None:
        """Return the ends of a range, or None after noting what is wrong with them."""
        made: list[Value] = []
        for key, raw in zip(("from", "to"), ends, strict=True):
            try:
                made.append(read(raw))
            except QuantityError as error:
                self._note(i, (key,), error.found, error.allowed, error.nearest)
        if len(made) < 2:
            return None
        if not made[0].within(unit) < made[1].within(unit):
            self._note(i, ("to",), f"{ends[1]!r} is not above {ends[0]!r}", "the lower end first")
            return None
        return made[0], made[1]

    def _note(self, i: int, at: Sequence[str], found: str, allowed: str, near: str = "") -> None:
        self.problems.append(Problem(self.case.place(("levers", i, *at)), found, allowed, near))
