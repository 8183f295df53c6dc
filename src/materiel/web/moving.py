"""What moves through the network of a case, day by day: how much passes between its boxes, and how much each holds, as medians of some draws, for any decisions."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from materiel import network, units
from materiel.analysis import questions, words
from materiel.case.levers import Value, follow
from materiel.case.model import Case, Instance
from materiel.case.translation import Texts
from materiel.engine import reference
from materiel.engine.draws import Sampler
from materiel.engine.kernel import Kernel, compile_program
from materiel.engine.knowledge import constants
from materiel.language import Language
from materiel.report import diagram
from materiel.report.diagram import Arrow, Box, Look

Array = npt.NDArray[np.float64]

DRAWS = 200
"""Draws of which the medians are shown: enough for the width of an arrow."""
TIMES = 60
"""About so many stretches of time are told apart."""
CARRIED = 0.1
"""Share of the draws in which anything must pass for an arrow to be drawn."""
WIDE, NARROW = Look(130, 62, 118, 45, abreast=6, lines=2), Look(129, 62, 119, 45, abreast=3, lines=2)
"""Layouts from the top down, for a column some 800 pixels wide, and for a telephone."""
THINNEST, WIDEST, WEAK = 0.8, 7.0, 3.0
"""Widths of arrows, in pixels: least and most, and most of what only feeds the main flow."""
PERIODS = (("day", 1.0), ("month", 30.4375), ("year", 365.25))
"""Periods for rates, in days: the shortest is taken in which a whole thing passes."""

PREFIXES = "kMG"
"""What a unit with a prefix begins with."""


@dataclass(frozen=True)
class Group:
    """Components that get the same from the same and give it to the same, shown as one box: its `members`."""

    id: str
    members: list[Instance]

    @property
    def first(self) -> Instance:
        """The first of them, which stands for what they have in common."""
        return self.members[0]


@dataclass(frozen=True)
class Passage:
    """What passes between two groups, by their identifiers: which item (its path) from or into which `store`, in which unit, and the rows of the totals that count it."""

    leaves: str
    enters: str
    item: str
    store: str
    unit: str
    rows: list[int]

    @property
    def id(self) -> str:
        """What identifies it in the picture."""
        return f"{self.leaves}>{self.enters}:{self.item}"


@dataclass(frozen=True)
class Moved:
    """What some draws moved in the stretches that end before `days`: what `passed` in each, shape (passages, times, draws), and what was `held` and had been `lost` at its end, (groups, times, draws)."""

    days: Array
    passed: Array = field(repr=False)
    held: Array = field(repr=False)
    lost: Array = field(repr=False)


class Moving:
    """The network of one case, compiled once. Numbers that are `free`, by their paths or as `shared.NAME`, may be set in every run. Threads may share it."""

    def __init__(self, case: Case, free: Collection[str] = ()) -> None:
        """Count what passes, group what is alike, and compile."""
        self.case, self.main = case, asked_about(case)
        counted = network.counted(case)
        self.groups, self.passages = grouped(case, counted.passing)
        self.rows: list[int] = [one.total for one in counted.passing]
        self.held, self.lost = ([self._recorded(of, group) for group in self.groups.values()] for of in (counted.holds, counted.lost))
        self.program = counted.program.behind(self.rows)
        loose = {slot for slot, prior in self.program.priors if prior.path in free or prior.stream in free}
        known = {slot: number for slot, number in constants(self.program, {}, case.step).items() if slot not in loose}
        self.kernel: Kernel = compile_program(self.program, self.rows, [], known)
        self.sampler = Sampler([prior for _, prior in self.program.priors])
        self.steps = int(np.ceil(case.day(case.end) / case.step - 1e-9))
        self.every = max(1, round(self.steps / TIMES))
        self._kept: dict[int, Array] = {}

    def play(self, set_to: Mapping[str, Value], seed: int = 1) -> Moved:
        """Return what moves where numbers that are free are set in every draw; of two that set the same, the later stands."""
        priors = [prior for _, prior in self.program.priors]
        fixed = {prior.path: value.within(prior.unit) for number, value in set_to.items() for prior in follow(number, priors)}
        drawn = self._kept.get(seed)
        if drawn is None:
            drawn = self.sampler.draw(seed, 0, DRAWS)
            self._kept = {seed: drawn}  # other threads may put another seed in its place at any moment
        memory = reference.fill(self.program, drawn, self.case.step, fixed)
        records = self.kernel.run(memory, self.steps, self.every).recorded.transpose(1, 0, 2)
        totals = np.diff(records, axis=1, prepend=0.0)
        none = (0, *records.shape[1:])
        passed = np.array([totals[one.rows].sum(axis=0) for one in self.passages] or np.empty(none))
        held, lost = (np.array([records[rows].sum(axis=0) for rows in of] or np.empty(none)) for of in (self.held, self.lost))
        days: Array = np.arange(1, records.shape[1] + 1, dtype=np.float64) * self.every * self.case.step
        return Moved(days, passed, held, lost)

    def _recorded(self, of: Mapping[str, Sequence[int]], group: Group) -> list[int]:
        """Have the slots of a group recorded as well, and return the rows in which they will be."""
        first = len(self.rows)
        self.rows += [slot for one in group.members for slot in of[one.path]]
        return list(range(first, len(self.rows)))


def grouped(case: Case, passing: Sequence[network.Passing]) -> tuple[dict[str, Group], list[Passage]]:
    """Return the boxes of a case by their identifiers, and what passes between them: what is no store and has the same neighbours, actor, type and item as another shares its box."""
    near: dict[str, tuple[set[tuple[str, str]], set[tuple[str, str]]]] = {}
    for one in passing:
        near.setdefault(one.leaves, (set(), set()))[1].add((one.enters, one.item))
        near.setdefault(one.enters, (set(), set()))[0].add((one.leaves, one.item))
    groups: dict[tuple[object, ...], Group] = {}
    of: dict[str, str] = {}
    for path, (before, after) in near.items():
        one = case.components[path]
        alike = path if "goods" in one.type.inlets else (one.actor, one.type.section, frozenset(before), frozenset(after))
        group = groups.setdefault((alike,), Group(path, []))
        group.members.append(one)
        of[path] = group.id
    passages: dict[tuple[str, str, str], Passage] = {}
    for row, one in enumerate(passing):
        ends = of[one.leaves], of[one.enters], one.item
        passages.setdefault(ends, Passage(*ends, one.store, one.unit, [])).rows.append(row)
    return {group.id: group for group in groups.values()}, list(passages.values())


def asked_about(case: Case) -> set[str]:
    """Return the items that key questions are about, by path: what carries them is the main flow."""
    asked = questions.prepare(case)
    keys = [name for name, one in asked.items() if one.key] or list(asked)
    read = [asked[part].gauge for name in keys for part in (name, *asked[name].parts)]
    targets = [target for gauge in read if gauge is not None for target in gauge.links["of"]]
    return {item.path for target in targets for item in case.components[target.path].links.get("item", [])}


def told(moving: Moving, moved: Moved, texts: Texts, language: Language, *, narrow: bool = False) -> dict[str, Any]:
    """Return the picture of what moved, and its numbers day by day, as plain data; a narrow one has the main flow only."""
    return _Telling(moving, moved, texts, language, narrow=narrow).data()


class _Telling:
    """What moved on its way into words and a picture."""

    def __init__(self, moving: Moving, moved: Moved, texts: Texts, language: Language, *, narrow: bool) -> None:
        self.moving, self.moved, self.texts, self.language, self.narrow = moving, moved, texts, language, narrow
        self.worded: dict[tuple[float, str], str] = {}
        self.main = moving.main
        carried = (moved.passed.sum(axis=1) > 0).mean(axis=1) >= CARRIED
        chosen = [i for i, one in enumerate(moving.passages) if carried[i] and not (narrow and one.item not in self.main)]
        self.hidden = len(moving.passages) - len(chosen)
        self.chosen = {moving.passages[i].id: i for i in chosen}
        length = moving.every * moving.case.step
        self.rates: dict[str, Array] = {one: np.median(moved.passed[i], axis=1) / length for one, i in self.chosen.items()}
        ends = {end for i in chosen for end in (moving.passages[i].leaves, moving.passages[i].enters)}
        self.groups = {path: group for path, group in moving.groups.items() if path in ends}

    def data(self) -> dict[str, Any]:
        """Return everything as plain data."""
        boxes = [self._box(group) for group in self.groups.values()]
        arrows = [self._arrow(self.moving.passages[i]) for i in self.chosen.values()]
        last = [self.moving.case.date(float(day) - 1e-6).isoformat() for day in self.moved.days]
        return {
            "svg": self._svg(boxes, arrows), "days": last, "arrows": arrows, "boxes": boxes,
            "key": " ".join((self.language.word("flow key"), self.language.word("moving key", n=DRAWS))), "hidden": self._left_out(),
        }  # fmt: skip

    def _left_out(self) -> str:
        """Return how many arrows are left out, and why."""
        return self.language.word("moving hidden narrow" if self.narrow else "moving hidden", n=self.hidden) if self.hidden else ""

    def _svg(self, boxes: Sequence[Mapping[str, Any]], arrows: Sequence[Mapping[str, Any]]) -> str:
        """Return the picture, as it is in the first stretch of time."""
        firsts = {one["id"]: self.groups[one["id"]].first for one in boxes}
        drawn = {
            one["id"]: Box(one["id"], firsts[one["id"]].actor, firsts[one["id"]].type.section, one["name"], one["about"], one["brief"][0]) for one in boxes
        }
        lines = [Arrow(one["id"], one["from"], one["to"], one["about"], weak=not one["main"]) for one in arrows]
        diagram.arrange(drawn, lines)
        title = self.language.word("flow", boxes=len(drawn), arrows=len(lines))
        return diagram.drawn(diagram.untangled(drawn, lines), lines, self.texts, title, NARROW if self.narrow else WIDE)

    def _arrow(self, one: Passage) -> dict[str, Any]:
        found = self.rates[one.id]
        rates, unit = rated(*bare(found, one.unit))
        item, (a, b) = str(self.texts.component(one.store)), (self._name(self.moving.groups[end]) for end in (one.leaves, one.enters))
        widths = self._widths(one, found)
        return {
            "id": one.id, "from": one.leaves, "to": one.enters, "item": item, "unit": self.language.unit(unit), "main": one.item in self.main,
            "about": self.language.word("moving arrow", item=item, leaves=a, enters=b), "rates": _plain(rates), "shown": self._shown(rates, unit), "widths": widths,
        }  # fmt: skip

    def _widths(self, one: Passage, found: Array) -> list[float]:
        """Return the widths of an arrow: by the root of its rate beside the highest in its unit, of the main flow or of what feeds it."""
        main = one.item in self.main
        passages = {key: self.moving.passages[i] for key, i in self.chosen.items()}
        alike = [self.rates[key] for key, other in passages.items() if other.unit == one.unit and (other.item in self.main) == main]
        highest = max(float(rate.max()) for rate in alike) or 1.0
        widest = WIDEST if main else WEAK
        return [round(float(width), 2) for width in np.where(found > 0, THINNEST + (widest - THINNEST) * np.sqrt(found / highest), 0.0)]

    def _box(self, group: Group) -> dict[str, Any]:
        at = list(self.moving.groups).index(group.id)
        holds = bool(self.moving.held[at])
        levels, unit = (np.median(self.moved.held[at], axis=1), self.moving.case.item_unit(group.first)) if holds else self._through(group)
        levels, unit = bare(levels, unit) if holds else rated(*bare(levels, unit))
        name, section = self._name(group), group.first.type.section
        kind = self.language.word(f"box {section}") if f"box {section}" in self.language.sentences else ""  # types of others have no word
        members = self.language.word("semicolon").join(str(self.texts.component(one.path)) for one in group.members)
        about = self.language.word("moving box", name=name if len(group.members) == 1 else members, kind=kind) if kind else members
        return {
            "id": group.id, "name": name, "kind": kind, "about": about, "holds": holds, "unit": self.language.unit(unit), "levels": _plain(levels), "shown": self._shown(levels, unit),
            "brief": self._brief(levels, unit),
        }  # fmt: skip

    def _through(self, group: Group) -> tuple[Array, str]:
        """Return the median rate at which a group that holds nothing gives, or, where it gives nothing, takes, and its unit: that of what it gives or takes first."""
        passages = list(enumerate(self.moving.passages))
        own = [(i, one) for i, one in passages if one.leaves == group.id] or [(i, one) for i, one in passages if one.enters == group.id]
        unit = own[0][1].unit
        passed = self.moved.passed[[i for i, one in own if one.unit == unit]].sum(axis=0)
        return np.median(passed, axis=1) / (self.moving.every * self.moving.case.step), unit

    def _name(self, group: Group) -> str:
        """Return the name of a box: of several components, that of the store which they fill or draw on."""
        if len(group.members) == 1:
            return str(self.texts.component(group.id))
        return str(self.texts.component(next(one.store for one in self.moving.passages if group.id in (one.leaves, one.enters))))

    def _shown(self, values: Array, unit: str) -> list[str]:
        """Return values with their unit as people write them; what is the same in the digits that are shown is worded once."""
        return [self._worded(float(f"{value:.{words.IN_PROSE}g}"), unit) for value in values]

    def _worded(self, value: float, unit: str) -> str:
        if (value, unit) not in self.worded:
            self.worded[value, unit] = words.number(value, value, value, unit, self.language, words.IN_PROSE)
        return self.worded[value, unit]

    def _brief(self, values: Array, unit: str) -> list[str]:
        """Return the same as far as a box has room: without what is counted, which its name says, where the whole is too long."""
        look, per = NARROW if self.narrow else WIDE, unit.partition("/")[2]
        rate = f"/{self.language.unit(per, 1)}" if per else ""
        both = zip(self._shown(values, unit), self._shown(values, ""), strict=True)
        return [whole if len(whole) <= look.signs else f"{number}{rate}" for whole, number in both]


def bare(values: Array, unit: str) -> tuple[Array, str]:
    """Return values in a unit without a prefix: dollars for millions of dollars."""
    if unit[0] not in PREFIXES:
        return values, unit
    try:
        return values * units.factor(unit, unit[1:]), unit[1:]
    except units.UnitError:  # a kit has no prefix
        return values, unit


def rated(per_day: Array, unit: str) -> tuple[Array, str]:
    """Return rates in the shortest period in which, at their highest, at least one whole thing passes; and their unit."""
    highest = float(per_day.max(initial=0.0))
    name, days = next((one for one in PERIODS if highest * one[1] >= 1.0), PERIODS[-1] if highest > 0 else PERIODS[0])
    return per_day * days, f"{units.plain(unit)}/{name}"


def _plain(values: Array) -> list[float]:
    return [float(f"{value:.6g}") for value in values]
