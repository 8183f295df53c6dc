"""What readers may move: numbers that somebody decides, and the days on which contingencies begin."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from materiel import units
from materiel.analysis import words
from materiel.analysis.questions import Asked
from materiel.case import levers, postponing
from materiel.case.levers import Declared, Value
from materiel.case.model import Case
from materiel.component import Parameter
from materiel.equations import NEVER
from materiel.errors import RunError
from materiel.evidence.pooling import Prior
from materiel.quantities import QuantityError

MOST = 12
"""Levers that are found where a case declares none, at most."""

DECADES = 100.0
"""From this ratio of the ends on, a lever moves by even factors rather than by even steps."""

_PLAIN = Parameter("", "", "what a lever is set to")

PERCENTS = (1, 5, 50, 95, 99)


@dataclass(frozen=True)
class Lever:
    """A number that readers may set: its path, or that of the shared number it takes; the unit in which it is shown, and the ends of its range in it.

    Days, which have no unit, are counted from the start of the case. `own` has the 5, 50 and 95 % points of what the case says; `contingency` names the one whose questions move.
    """

    id: str
    kind: Literal["number", "day"]
    unit: str
    low: float
    high: float
    own: tuple[float, float, float]
    contingency: str = ""

    @property
    def scale(self) -> Literal["linear", "log"]:
        """How values lie between the ends."""
        return "log" if self.kind == "number" and self.low > 0 and self.high >= DECADES * self.low else "linear"

    @property
    def constant(self) -> bool:
        """Whether the case has one value for it."""
        return self.own[0] == self.own[2]

    def read(self, written: str, case: Case) -> Value:
        """Return a value as a reader writes it. Raises RunError where it is none, or lies outside of the range."""
        try:
            value = levers.day(written, case.start) if self.kind == "day" else levers.value(written, _PLAIN, self.unit or "1", case.start)
        except QuantityError as error:
            raise RunError(f"{self.id}={written}: {error.found}; {error.allowed}") from None
        shown = value.number if self.kind == "day" else value.within(self.unit or "1")
        slack = 1e-9 * max(abs(self.low), abs(self.high))
        if not self.low - slack <= shown <= self.high + slack:
            raise RunError(f"{self.id}={written} is beyond what may be tried; from {self.written(self.low, case)} to {self.written(self.high, case)}")
        return value

    def written(self, value: float, case: Case) -> str:
        """Return a value as a case would write it."""
        return case.date(value).isoformat() if self.kind == "day" else f"{value:.12g} {self.unit}".strip()


def of(case: Case, asked: Mapping[str, Asked], behind: Collection[str]) -> list[Lever]:
    """Return the levers of a case: those that it declares, or else contingencies that are asked about and what somebody decides of the numbers `behind` its questions, by path."""
    if case.levers:
        return [_declared(case, one) for one in levers.declared(case)]
    made = [lever for path in _contingencies(asked) if (lever := _beginning(case, path))]
    known: dict[str, Lever | None] = {}
    for parameter, prior in _decided(case):
        if prior.path in behind and prior.stream not in known:
            known[prior.stream] = _number(case, prior, parameter)
    found = [lever for lever in known.values() if lever is not None]
    return [*made, *sorted(found, key=lambda lever: not lever.id.startswith("shared."))][:MOST]


def _contingencies(asked: Mapping[str, Asked]) -> list[str]:
    return list(dict.fromkeys(one.branch.contingency for one in asked.values() if one.branch.contingency))


def _declared(case: Case, one: Declared) -> Lever:
    """Return a lever that a case declares, in the unit of the upper end of its range."""
    if one.prior is None:
        begins = postponing.begins(case.questions, one.contingency)
        assert begins is not None  # told where the case is checked
        own = case.day(begins)
        return Lever(one.id, "day", "", one.low.number, one.high.number, (own, own, own), one.contingency)
    own = [float(value) for value in one.prior.percentiles((5, 50, 95))]
    if one.prior.unit == "date":
        return Lever(one.id, "day", "", one.low.number, one.high.number, (min(own[0], NEVER), min(own[1], NEVER), min(own[2], NEVER)))
    unit, factor = one.high.unit, units.factor(one.prior.unit, one.high.unit)
    return Lever(one.id, "number", unit, one.low.within(unit), one.high.number, (own[0] * factor, own[1] * factor, own[2] * factor))


def _beginning(case: Case, path: str) -> Lever | None:
    """Return what moves the day on which a contingency begins, with all that is asked of it, within the case."""
    name = case.components[path].name
    day = postponing.begins(case.questions, name)
    if day is None:
        return None
    first, last = (case.day(end) for end in postponing.window(case.questions, name, case.start, case.end))
    own = case.day(day)
    return Lever(f"{path}.begins", "day", "", first, last, (own, own, own), name) if first < last else None


def _decided(case: Case) -> Iterator[tuple[Parameter, Prior]]:
    """Yield the numbers of a case that somebody decides and that it gives, with their parameters."""
    for parameter, prior in levers.given(case):
        if parameter.decided and not prior.mix and prior.kind not in ("default", "definition"):
            yield parameter, prior


def _number(case: Case, prior: Prior, parameter: Parameter) -> Lever | None:
    """Return what sets a number: over its own range, a constant from nought to twice itself, and a day within the case; None where that is no range."""
    least, low, middle, high, most = (float(value) for value in prior.percentiles(PERCENTS))
    if parameter.date:
        end = case.day(case.end)
        first, last = (0.0, end) if prior.constant else (max(least, 0.0), min(most, end))
        own = (min(low, NEVER), min(middle, NEVER), min(high, NEVER))
        return Lever(prior.stream, "day", "", float(round(first)), float(round(last)), own) if round(first) < round(last) else None
    if prior.constant:
        least, most = 0.0, 2.0 * middle
    factor, unit = words.handy(units.plain(prior.unit), most)
    unit = "" if unit == "1" else unit
    if parameter.at_most is not None:
        most = min(most, parameter.at_most)
    if parameter.more_than is not None and least <= parameter.more_than:
        least = parameter.more_than + (most - parameter.more_than) / DECADES
    first, last = (float(f"{value * factor:.3g}") for value in (least, most))
    own = (low * factor, middle * factor, high * factor)
    return Lever(prior.stream, "number", unit, first, last, own) if first < last else None
