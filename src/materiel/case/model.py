"""A checked case: components with their links resolved and their numbers pooled. Read-only."""

from __future__ import annotations

import datetime
import functools
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from materiel.case.reading import Key, Text
from materiel.component import Type
from materiel.errors import Place, Problem
from materiel.evidence.grades import Rule
from materiel.evidence.ledger import Ledger
from materiel.evidence.pooling import Prior
from materiel.evidence.records import Observation


@dataclass(frozen=True)
class Target:
    """The far end of a link: a component, for a variable link also the variable and its index, and the numbers of the entry."""

    path: str
    variable: str = ""
    index: int = 0
    numbers: dict[str, Prior] = field(default_factory=dict[str, Prior])
    key: str = ""


@dataclass
class Instance:
    """One component of a case: its type, its options, its numbers, and whom it is linked to.

    `numbers` holds a prior per parameter, or None where an optional one is absent. `raw` is where it stands in the case's data.
    """

    path: str
    actor: str
    name: str
    type: Type
    raw: tuple[str | int, ...]
    options: dict[str, Any] = field(default_factory=dict[str, Any])
    links: dict[str, list[Target]] = field(default_factory=dict[str, list[Target]])
    numbers: dict[str, Prior | None] = field(default_factory=dict[str, Prior | None])
    entries: dict[str, list[dict[str, Prior]]] = field(default_factory=dict[str, list[dict[str, Prior]]])

    def drawn(self, link: str) -> list[Target]:
        """Return what the component draws from through a link: nothing if that waits for another link, which the component has not."""
        one = self.type.links[link]
        return self.links[link] if one.draws and (not one.draws_if or self.links.get(one.draws_if)) else []

    def priors(self) -> list[Prior]:
        """Return every number of the component: its own, those of its links and of its entries."""
        linked = [prior for ends in self.links.values() for end in ends for prior in end.numbers.values()]
        entered = [prior for entries in self.entries.values() for entry in entries for prior in entry.values()]
        return [*(prior for prior in self.numbers.values() if prior is not None), *linked, *entered]


@functools.lru_cache(maxsize=1024)
def _words(declared: str) -> tuple[str, ...]:
    """Return the words of a declared unit."""
    return tuple(re.findall(r"[A-Za-z_]+", declared))


@dataclass(frozen=True)
class Case:
    """A case as of a day: everything a run needs, and everything a report cites; claims and observations known later are not in it.

    `written` is the day as of which its bases and dates were set; an earlier `as_of` hides claims, not those.

    `step` is in days. `text` is what its files say. `ledger` holds what was known by the day and was not dropped, `whole` everything; grades
    bite by `rule`. `observations` are those known by the day, `series` names all with how many are known only later. `digest` identifies the files; `scenario` the overrides applied.
    `undeclared` lists the numbers of a draft that have no base, `remarks` what is allowed and yet odd, `correlated` the numbers of every rank
    correlation, with its reason.
    """

    name: str
    folder: Path
    title: str
    summary: str
    start: datetime.date
    end: datetime.date
    as_of: datetime.date
    written: datetime.date
    step: float
    scenario: str
    draft: bool
    components: dict[str, Instance]
    questions: dict[str, Any]
    scenarios: dict[str, Any]
    levers: list[Any]
    hypotheses: dict[str, Any]
    analysts: dict[str, Any]
    observables: dict[str, Any]
    conversions: dict[str, dict[str, Prior]]
    discrepancies: dict[str, Prior]
    ledger: Ledger
    whole: Ledger
    rule: Rule
    observations: list[Observation]
    series: dict[str, int]
    actors: dict[str, str]
    digest: str
    undeclared: tuple[str, ...]
    remarks: tuple[Problem, ...]
    correlated: tuple[tuple[tuple[str, ...], str], ...]
    text: Text

    @functools.cached_property
    def decided(self) -> dict[str, float]:
        """Days of the decisions that move something and whose day is certain, by path."""
        return {
            path: float(prior.percentiles((50,))[0])
            for path, one in self.components.items()
            if any(link.moves for link in one.type.links.values()) and (prior := one.numbers.get("date")) is not None and prior.constant
        }

    def place(self, path: Key, *, key: bool = False) -> Place:
        """Return where a path of the data was written, or its nearest parent that was; the key's place if `key`."""
        return self.text.place(path, key=key)

    def analysts_reasons(self) -> Iterator[tuple[str, Key, str]]:
        """Yield every reason that an analyst gives: what for, where it stands, and the reason."""
        for name, one in self.analysts.items():
            for what, statement in one.says.items():
                yield f"what {name} says of {what!r}", ("analysts", name, "says", what, "because"), statement.because
            if one.weight is not None:
                yield f"weight of {name}", ("analysts", name, "weight", "because"), one.weight.because

    def day(self, date: datetime.date) -> float:
        """Return the day of a date, counted from the start of the case."""
        return float((date - self.start).days)

    def date(self, day: float) -> datetime.date:
        """Return the date of a day counted from the start of the case."""
        return self.start + datetime.timedelta(days=int(day // 1))

    def item_unit(self, instance: Instance) -> str:
        """Return the unit in which a component's own item is counted, or "1"."""
        if "unit" in instance.options:
            return str(instance.options["unit"])
        item = instance.links.get("item")
        return str(self.components[item[0].path].options["unit"]) if item else "1"

    def unit(self, instance: Instance, declared: str, target: Target | None = None) -> str:
        """Return a declared unit with `item`, `linked` and link names replaced by real units."""
        if not any(name in instance.links or name in ("item", "linked") for name in _words(declared)):
            return declared

        def word(match: re.Match[str]) -> str:
            name = match[0]
            if name == "item":
                return f"({self.item_unit(instance)})"
            if name == "linked" and target is not None:
                return f"({self.target_unit(target)})"
            if name in instance.links and name not in ("item", "linked"):
                ends = instance.links[name]
                return f"({self.target_unit(ends[0])})" if ends else "1"
            return name

        return re.sub(r"[A-Za-z_]+", word, declared)

    def target_unit(self, target: Target) -> str:
        """Return the unit of what a link points to: a variable's, or the item of the component."""
        instance = self.components[target.path]
        if not target.variable:
            return self.item_unit(instance)
        if target.variable in instance.type.parameters:
            return self.unit(instance, instance.type.parameters[target.variable].unit)
        variable = instance.type.variables[target.variable]
        ends = instance.links.get(variable.many, [])
        return self.unit(instance, variable.unit, ends[target.index] if ends else None)

    def length(self, instance: Instance, many: str) -> int:
        """Return how many entries a variable declared `many` has; 1 for a plain variable."""
        if not many:
            return 1
        if many.isdigit():
            return int(many)
        if "." in many:
            link, option = many.split(".")
            ends = instance.links.get(link, [])
            return int(self.components[ends[0].path].options[option]) if ends else 0
        if many in instance.options:
            return int(instance.options[many])
        return len(instance.links[many]) if many in instance.type.links else len(instance.entries[many])
