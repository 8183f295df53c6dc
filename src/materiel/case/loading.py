"""From a folder to a checked Case: read, override, validate, link, pool, check; every problem at once."""

from __future__ import annotations

import dataclasses
import datetime
import functools
from collections import Counter
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any, cast

from pydantic import BaseModel, ValidationError

from materiel import component, units
from materiel.case import documented, ledgers, problems, schema
from materiel.case.changes import Change, declare, postponed
from materiel.case.checks import CHECKS
from materiel.case.files import find, read_files
from materiel.case.levers import check_levers
from materiel.case.links import TURNS, Resolver
from materiel.case.model import Case, Instance, Target
from materiel.case.numbers import COMMON, Numbers
from materiel.case.reading import Key, Row, Text
from materiel.component import Parameter
from materiel.errors import CaseError, Problem, nearest
from materiel.evidence.grades import DEFAULT, Rule, rule
from materiel.evidence.ledger import Ledger
from materiel.evidence.pooling import Prior
from materiel.evidence.records import Observation
from materiel.quantities import QuantityError

OVERRIDES = {"scenarios": "scenario", "hypotheses": "hypothesis"}
"""Sections whose entries replace parts of a case, and what one of them is called."""

NAMED_FREELY = ("shared", "classes", "mixes", "conversions")
"""Sections of numbers whose names a case makes up."""


def load(
    name: str | Path,
    *,
    as_of: datetime.date | None = None,
    scenario: str = "",
    step: float | None = None,
    rules: str = DEFAULT,
    drop: Sequence[str] = (),
    independent: bool = False,
    silent: Sequence[str] = (),
    like: Case | None = None,
    changes: Sequence[Change] = (),
) -> Case:
    """Return the checked case of a folder, a file, or a shipped name.

    `as_of` hides whatever was known later; `scenario` applies a scenario or a hypothesis of the case, or several in order, joined by commas; `step` replaces the length of a
    period, in days. `rules` names what grades do; `drop` names sources, publishers, origins or claims whose claims are left out; `silent` claims by their ids;
    `independent` takes every claim for an origin of its own. `like` is a case read before: what the files say alike in both is not checked again. `changes` are
    numbers that somebody else sets; `scenario` says where in the order they come, by the file of their place. Raises CaseError with every problem found, RunError for rules or
    names that there are not.
    """
    folder = find(name)
    text, observations, digest = read_files(folder)
    begin = declare(text, changes)
    for name_of_override in filter(None, scenario.split(",")):
        _override(text, name_of_override)
    documented.expand(text, as_of)
    _no_blanks(text, like.text.data if like else None)
    try:
        model = schema.case_model().model_validate(text.data)
    except ValidationError as error:
        raise CaseError([*text.problems, *problems.translate(error, schema.case_model(), text)]) from None
    if text.problems:
        raise CaseError(text.problems)
    applied = [one for one in scenario.split(",") if one]
    builder = _Builder(text, cast("Any", model), folder, applied, {one.place.file for one in changes}, step, digest, like)
    return postponed(builder.build(observations, as_of, rule(rules), drop, silent, independent=independent), begin)


def _override(text: Text, name: str) -> None:
    """Apply a scenario or a hypothesis, after the scenario that it builds on."""
    known = {section: _mapping(text.data.get(section, {})) for section in OVERRIDES}
    section = next((section for section, entries in known.items() if entries is None or name in entries), "")
    if not section:
        names = [one for entries in known.values() for one in entries or ()]
        place = text.place(("scenarios",))
        raise CaseError([Problem(place, f"unknown scenario {name!r}", ", ".join(names) or "none is declared", nearest(name, names))])
    entry = _mapping((known[section] or {}).get(name))
    if entry is None:
        return  # told when the shape of the case is checked
    if section != "scenarios":
        under = entry.get("with", ())
        for one in cast("list[object]", under) if isinstance(under, list) else [under]:
            if isinstance(one, str) and one in (known["scenarios"] or {}):
                _override(text, one)
    settings = _mapping(entry.get("set", {})) or {}
    for path, value in settings.items():
        at: Key = (section, name, "set", path)
        place = text.place(at, key=True)
        by_hand = place.file == name
        target, near = _raw_path(text.data, path)
        if target is not None and by_hand and target[0] in NAMED_FREELY:
            target, near = _there(text.data, target)
        if target is None:
            what = f"unknown path {path!r}" if by_hand else f"{OVERRIDES[section]} sets unknown path {path!r}"
            text.problems.append(Problem(place, what, "actor.section.name.key", near))
            continue
        text.data = _changed(documented.cleared(text.data, target, settings), target, value)
        text.spot = text.spot.changed(target, text.spot.down(at)[-1])


def _there(data: dict[str, Any], path: Key) -> tuple[Key | None, str]:
    """Return a path if something stands there, or None and the nearest path beside it: a name that nothing takes would change nothing."""
    *before, last = cast("tuple[str, ...]", path)
    beside = functools.reduce(lambda here, key: _mapping(here.get(key)) or {}, before, data)
    near = nearest(last, list(beside))
    return (path, "") if last in beside else (None, ".".join((*before, near)) if near else "")


def _changed(data: dict[str, Any], path: Key, value: Any) -> dict[str, Any]:
    """Return a copy of data in which another value stands at a path; what is beside the path is shared."""
    first, *rest = cast("tuple[str, ...]", path)
    return data | {first: _changed(data[first], tuple(rest), value) if rest else value}


def _mapping(data: Any) -> dict[str, Any] | None:
    return cast("dict[str, Any]", data) if isinstance(data, dict) else None


def _raw_path(data: dict[str, Any], path: str) -> tuple[Key | None, str]:
    """Return where a scenario's path stands in the data, or None and the nearest path that does; some keys, such as links to variables, have points in them."""
    parts = path.split(".")
    actors = _mapping(data.get("actors")) or {}
    steps = ["actors", *parts] if parts[0] in actors else parts
    made: list[str] = []
    here: Any = data
    while len(rest := steps[sum(key.count(".") + 1 for key in made) :]) > 1:
        names = _mapping(here) or {}
        key = next((key for n in range(1, len(rest) + 1) if (key := ".".join(rest[:n])) in names), "")
        if not key:
            near = nearest(rest[0], [*names, *(actors if not made else ())])
            kept = [*made, near, *rest[1:]]
            return None, ".".join(kept[kept[0] == "actors" :]) if near else ""
        made.append(key)
        here = names[key]
    return ((*made, *rest) if not rest or isinstance(here, dict) else None), ""


def _no_blanks(text: Text, sound: Any) -> None:
    """Note every blank, but not in what is the same in data that have none."""

    def walk(data: Any, path: Key, sound: Any) -> None:
        if data is None:
            text.problems.append(Problem(text.place(path), f"{path[-1] if path else 'file'} is blank", "a value, or no key at all"))
        elif data is sound:
            return
        elif isinstance(data, dict):
            torn = _torn(cast("dict[str, Any]", data)) if None in data.values() else {}
            for key, whole in torn.items():
                what = f"{whole!r} has a comma in a number"
                text.problems.append(Problem(text.place((*path, key)), what, "a point for decimals and no thousands separator"))
            within = _mapping(sound) or {}
            for key, value in cast("dict[str, Any]", data).items():
                if value is None and torn and key[:1].isdigit():
                    continue
                walk(value, (*path, key), within.get(key))
        elif isinstance(data, list):
            for i, value in enumerate(cast("list[Any]", data)):
                walk(value, (*path, i), None)

    walk(text.data, (), sound)


def _torn(data: dict[str, Any]) -> dict[str, str]:
    """Return values that a comma has torn apart: in braces, YAML reads `{base: 1,5 t}` as `base: 1` and a blank key `5 t`."""
    made: dict[str, str] = {}
    last = ""
    for key, value in data.items():
        if value is None and last and key[:1].isdigit():
            made[last] = f"{made.get(last, data[last])},{key}"
        else:
            last = key if str(value)[-1:].isdigit() else ""
    return made


class _Builder:
    """Builds one Case from validated data; problems gather in `text.problems`."""

    def __init__(
        self, text: Text, model: Any, folder: Path, applied: Sequence[str], by_hand: Collection[str], step: float | None, digest: str, like: Case | None
    ) -> None:
        self.text, self.model, self.folder, self.step, self.digest = text, model, folder, step, digest
        self.scenario, self.plain = ",".join(one for one in applied if one not in by_hand), not applied
        self.like = like if like and _same(text, like, ledgers.SECTIONS) else None
        self.components: dict[str, Instance] = {}
        self.undeclared: list[str] = []

    def build(self, rows: list[Row], as_of: datetime.date | None, rule: Rule, drop: Sequence[str], silent: Sequence[str], *, independent: bool) -> Case:
        text, model = self.text, self.model
        day: datetime.date = as_of or model.as_of or model.end
        whole = self.like.whole if self.like else ledgers.whole(text, model)
        self._find_components()
        observations = ledgers.observations(text, rows, whole)
        self._stop()
        seen = [one for one in observations if one.known <= day]
        ledger = whole.as_of(day, {one.source for one in seen})
        ledger = ledger.without({claim for name in drop for claim in ledger.named(name)} | set(silent))
        ledger = ledger.independent() if independent else ledger
        seen = [one for one in seen if not {one.source, one.origin, ledger.sources[one.source].publisher} & set(drop)]
        self.numbers = Numbers(text, text.data, ledger, whole, rule, model.start, day, model.draft, self.undeclared, ledgers.mixing(text, model))
        self._check_header()
        self._check_units()
        self._stop()
        resolver = Resolver(text, self.components)
        for turn in TURNS:
            for instance in self.components.values():
                resolver.resolve(instance, self._entry(instance), turn)
        self._stop()
        later = Counter(one.series for one in observations if one.known > day)
        case = self._case(ledger, whole, day, rule, seen, {one.series: later[one.series] for one in observations})
        moved = _moved(text.data, self.like.text.data) if self.like else set[str]()
        like = self.like if self.like and self._numbers_alike(case, self.like, moved) else None
        for path, instance in self.components.items():
            if like and self._entry(instance) is _entry(like.text, instance) and not (moved and _rests_on(self._entry(instance), moved)):
                known = like.components[path]
                instance.links, instance.numbers, instance.entries = known.links, known.numbers, known.entries
            else:
                self._read_numbers(case, instance)
        self._stop()
        case.conversions.update(self._conversions(case))
        case.discrepancies.update(self._discrepancies())
        text.problems += [problem for check in CHECKS for problem in check(case)]
        text.problems += check_levers(case) if self.plain else []  # what is set may take a number's place
        self._stop()
        return case

    def _stop(self) -> None:
        if self.text.problems:
            raise CaseError(self.text.problems)

    def _numbers_alike(self, case: Case, like: Case, moved: set[str]) -> bool:
        """Say whether an entry makes the same numbers in both cases unless it rests on shared numbers that differ (`moved`).

        They have the same components and links, and what else numbers rest on is the same.
        """
        if case.draft or not _same(self.text, like, ("start", "draft", *COMMON)) or _rests_on([self.text.data.get(one) for one in COMMON], moved):
            return False
        shapes = [{path: _shape(one) for path, one in each.components.items()} for each in (case, like)]
        return shapes[0] == shapes[1] and (case.ledger, case.rule, case.as_of) == (like.ledger, like.rule, like.as_of)

    def _entry(self, instance: Instance) -> dict[str, Any]:
        return _entry(self.text, instance)

    def _find_components(self) -> None:
        for actor in self.model.actors:
            at: Key = ("actors", actor)
            if actor in component.types():
                self.text.problems.append(Problem(self.text.place(at, key=True), f"actor {actor!r} has the name of a section", "another name"))
            self._check_name(actor, at)
        self._stop()  # without sound names of actors no path is sound
        for section, kind in component.types().items():
            owners = [("", self.model)] if kind.scope == "case" else list(self.model.actors.items())
            for actor, owner in owners:
                for name, entry in getattr(owner, section).items():
                    raw: Key = ("actors", actor, section, name) if actor else (section, name)
                    path = ".".join(cast("tuple[str, ...]", raw[1:] if actor else raw))
                    self._check_name(name, raw)
                    options = {option: getattr(cast("BaseModel", entry), option) for option in kind.options}
                    self.components[path] = Instance(path, actor, name, kind, raw, options)

    def _check_name(self, name: str, raw: Key) -> None:
        if "." in name or not name.strip():
            self.text.problems.append(Problem(self.text.place(raw, key=True), f"name {name!r}", "a name without a point"))

    def _check_header(self) -> None:
        model, note = self.model, self.text.problems.append
        if model.end <= model.start:
            note(Problem(self.text.place(("end",)), f"end {model.end} is not after start {model.start}", "a later day"))
        if self.step is None:
            try:
                value = self.numbers.value(model.step, Parameter("day", "", "step", more_than=0.0), "day")
                self.step = value.values[0] if value.constant else 0.0
            except QuantityError as error:
                note(Problem(self.text.place(("step",)), f"step: {error.found}", "a length of time such as `1 day`", error.nearest))
        if self.step is not None and not 0.01 <= self.step <= 366:
            note(Problem(self.text.place(("step",)), f"step of {self.step:g} days", "from 0.01 to 366 days"))

    def _check_units(self) -> None:
        for instance in self.components.values():
            if "unit" not in instance.options:
                continue
            unit = str(instance.options["unit"])
            try:
                units.factor(unit, unit)
            except units.UnitError as error:
                self.text.problems.append(Problem(self.text.place((*instance.raw, "unit")), str(error), "a known unit", error.nearest))

    def _read_numbers(self, case: Case, instance: Instance) -> None:
        entry = self._entry(instance)
        for name, parameter in instance.type.parameters.items():
            unit = case.unit(instance, parameter.unit)
            instance.numbers[name] = self.numbers.prior(entry.get(name), parameter, unit, f"{instance.path}.{name}", (*instance.raw, name))
        for name, link in instance.type.links.items():
            if link.each:
                instance.links[name] = [self._read_entry(case, instance, name, link.each, entry, target) for target in instance.links[name]]
        for name, entries in instance.type.entries.items():
            instance.entries[name] = [self._priors(case, instance, entries.each, raw, (name, i), None) for i, raw in enumerate(entry.get(name, []))]

    def _read_entry(self, case: Case, instance: Instance, name: str, each: dict[str, Parameter], entry: dict[str, Any], target: Target) -> Target:
        written = cast("object", entry[name][target.key])
        only = next(iter(each))
        spelt_out = len(each) > 1 or (isinstance(written, dict) and only in cast("dict[str, Any]", written))
        raw: dict[str, Any] = cast("dict[str, Any]", written) if spelt_out else {only: written}
        numbers = self._priors(case, instance, each, raw, (name, target.key), target)
        return Target(target.path, target.variable, target.index, numbers, target.key)

    def _priors(self, case: Case, instance: Instance, each: dict[str, Parameter], raw: dict[str, Any], at: Key, target: Target | None) -> dict[str, Prior]:
        made: dict[str, Prior] = {}
        for key, parameter in each.items():
            path = ".".join([instance.path, *map(str, at), key])
            unit = case.unit(instance, parameter.unit, target)
            prior = self.numbers.prior(raw.get(key), _like_lever(case, parameter, target), unit, path, (*instance.raw, *at, key))
            if prior is not None:
                made[key] = prior
        return made

    def _conversions(self, case: Case) -> dict[str, dict[str, Prior]]:
        made: dict[str, dict[str, Prior]] = {}
        for name, weights in self.model.conversions.items():
            made[name] = {}
            for item, raw in weights.items():
                at: Key = ("conversions", name, item)
                if f"items.{item}" not in case.components:
                    near = nearest(item, [one.name for one in case.components.values() if one.type.section == "items"])
                    self.text.problems.append(Problem(self.text.place(at, key=True), f"unknown item {item!r}", "an item", near))
                    continue
                prior = self.numbers.prior(raw, Parameter("1", "", "weight", at_least=0.0), "1", ".".join(cast("Any", at)), at)
                if prior is not None:
                    made[name][item] = prior
        return made

    def _discrepancies(self) -> dict[str, Prior]:
        """Return the factors by which the model may be off about each observable."""
        factor = Parameter("1", "", "factor", more_than=0.0)
        found = {
            name: self.numbers.prior(one.discrepancy, factor, "1", f"observables.{name}.discrepancy", ("observables", name, "discrepancy"))
            for name, one in self.model.observables.items()
        }
        return {name: prior for name, prior in found.items() if prior is not None}

    def _case(self, ledger: Ledger, whole: Ledger, day: datetime.date, rule: Rule, observations: list[Observation], series: dict[str, int]) -> Case:
        model = self.model
        return Case(
            name=self.folder.stem, folder=self.folder, title=model.title, summary=model.summary, start=model.start, end=model.end,
            as_of=day, written=model.as_of or model.end, step=cast("float", self.step), scenario=self.scenario, draft=model.draft, components=self.components,
            questions=model.questions, scenarios=model.scenarios, levers=model.levers, hypotheses=model.hypotheses, analysts=model.analysts, observables=model.observables, conversions={}, discrepancies={}, ledger=ledger, whole=whole, rule=rule, observations=observations, series=series,
            actors={name: actor.title or name for name, actor in model.actors.items()}, digest=self.digest, undeclared=tuple(self.undeclared),
            remarks=self.like.remarks if self.like else ledgers.remarks(self.text, whole), text=self.text,
            correlated=tuple((tuple(one.between), one.because) for one in model.correlations),
        )  # fmt: skip


def _same(text: Text, like: Case, sections: Sequence[str]) -> bool:
    """Say whether a case read before has the very same sections."""
    return all(text.data.get(section) is like.text.data.get(section) for section in sections)


def _moved(data: dict[str, Any], like: dict[str, Any]) -> set[str]:
    """Return the shared numbers that differ, and those that rest on them."""
    shared, before = (_mapping(each.get("shared")) or {} for each in (data, like))
    moved = {name for name, raw in shared.items() if raw is not before.get(name)}
    while more := {name for name, raw in shared.items() if name not in moved and _rests_on(raw, moved)}:
        moved |= more
    return moved


def _rests_on(data: Any, names: set[str]) -> bool:
    """Say whether anything in an entry is one of some shared numbers."""
    if isinstance(data, dict):
        given = cast("dict[str, Any]", data)
        return (isinstance(given.get("shared"), str) and given["shared"] in names) or any(_rests_on(value, names) for value in given.values())
    return isinstance(data, list) and any(_rests_on(value, names) for value in cast("list[Any]", data))


def _entry(text: Text, instance: Instance) -> dict[str, Any]:
    here = text.data
    for step in instance.raw:
        here = here[step]
    return cast("dict[str, Any]", here)


def _shape(one: Instance) -> tuple[object, ...]:
    """Return what the units and bounds of the numbers of a component, and of those that link to it, rest on."""
    links = {name: [(end.path, end.variable, end.index, end.key) for end in ends] for name, ends in one.links.items()}
    return one.type, one.options, links


def _like_lever(case: Case, parameter: Parameter, target: Target | None) -> Parameter:
    """Return a parameter that sets a lever with the bounds of that lever, so that a share is drawn as one."""
    lever = case.components[target.path].type.parameters.get(target.variable) if target else None
    if lever is None or parameter.unit != "linked":
        return parameter
    return dataclasses.replace(parameter, unit=lever.unit, at_least=lever.at_least, more_than=lever.more_than, at_most=lever.at_most)
