"""From a folder to a checked Case: read, override, validate, link, pool, check; every problem at once."""

from __future__ import annotations

import copy
import dataclasses
import datetime
import hashlib
import math
import re
from pathlib import Path
from typing import Any, cast

from pydantic import BaseModel, ValidationError

from materiel import component, units
from materiel.case import problems, schema
from materiel.case.checks import CHECKS
from materiel.case.links import TURNS, Resolver
from materiel.case.model import Case, Instance, Target
from materiel.case.numbers import Numbers
from materiel.case.reading import Key, Row, Text, read_table, read_yaml
from materiel.component import Parameter
from materiel.errors import CaseError, Place, Problem, nearest
from materiel.evidence.grades import PLAIN, Rule
from materiel.evidence.ledger import Claim, Observation, Source
from materiel.evidence.pooling import Prior
from materiel.quantities import NUMBER, QuantityError, read

PARTS = ("sources", "claims", "questions")
"""Sections that may stand in a file of their own, NAME.yaml, beside case.yaml."""

_DAYS = re.compile(r"\d{4}-\d{2}-\d{2}( to \d{4}-\d{2}-\d{2})?")
_COLUMNS = ("series", "period", "quantity", "unit", "lower", "upper", "source", "credibility", "known", "published", "note")


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


def load(
    name: str | Path,
    *,
    as_of: datetime.date | None = None,
    scenario: str = "",
    step: float | None = None,
    rule: Rule = PLAIN,
) -> Case:
    """Return the checked case of a folder, a file, or a shipped name.

    `as_of` hides claims and observations known later; `scenario` applies one of the case's overrides, or several in order, joined by commas; `step` replaces the length of a
    period, in days. Raises CaseError with every problem found.
    """
    folder = find(name)
    text, observations, digest = _read(folder)
    for name_of_override in filter(None, scenario.split(",")):
        _override(text, name_of_override)
    _no_blanks(text)
    try:
        model = schema.case_model().model_validate(text.data)
    except ValidationError as error:
        raise CaseError([*text.problems, *problems.translate(error, schema.case_model(), text)]) from None
    if text.problems:
        raise CaseError(text.problems)
    return _Builder(text, cast("Any", model), folder, as_of, scenario, step, rule, digest).build(observations)


def _read(folder: Path) -> tuple[Text, list[Row], str]:
    single = folder.is_file()
    main = folder if single else folder / "case.yaml"
    found: list[Problem] = []
    whole = Text({}, main.name)
    hashed = hashlib.sha256()
    files = [main] if single else [main, *(folder / f"{part}.yaml" for part in PARTS)]
    for path in files:
        if not path.exists() and path != main:
            continue
        try:
            text = read_yaml(path, path.name)
        except CaseError as error:
            found += error.problems
            continue
        hashed.update(path.name.encode() + path.read_bytes())
        found += _merge(whole, text, () if path == main else (path.stem,))
    rows: list[Row] = []
    if not single and (folder / "observations.csv").exists():
        try:
            rows = read_table(folder / "observations.csv", "observations.csv", ("series", "period", "quantity", "unit", "source", "known"), _COLUMNS)
            hashed.update((folder / "observations.csv").read_bytes())
        except CaseError as error:
            found += error.problems
    if found:
        raise CaseError(found)
    return whole, rows, hashed.hexdigest()


def _merge(whole: Text, part: Text, under: Key) -> list[Problem]:
    if under and under[0] in whole.data:
        return [Problem(whole.place(under, key=True), f"{under[0]!r} stands here and in {part.file}", "one of the two")]
    whole.keys |= {(*under, *path): place for path, place in part.keys.items()}
    whole.values |= {(*under, *path): place for path, place in part.values.items()}
    if under:
        whole.data[under[0]] = part.data
    else:
        whole.data, whole.file = part.data, part.file
    return []


def _override(text: Text, name: str) -> None:
    scenarios = _mapping(text.data.get("scenarios", {}))
    if scenarios is None or _mapping(scenarios.get(name, {})) is None:
        return  # told when the shape of the case is checked
    if name not in scenarios:
        place = text.place(("scenarios",))
        raise CaseError([Problem(place, f"unknown scenario {name!r}", ", ".join(scenarios) or "none is declared", nearest(name, list(scenarios)))])
    text.data = copy.deepcopy(text.data)
    for path, value in (_mapping(scenarios[name].get("set", {})) or {}).items():
        at: Key = ("scenarios", name, "set", path)
        target, near = _raw_path(text.data, path)
        if target is None:
            what = f"scenario sets unknown path {path!r}"
            text.problems.append(Problem(text.place(at, key=True), what, "actor.section.name.key", near))
            continue
        here = text.data
        for step in target[:-1]:
            here = here[step]
        here[target[-1]] = value
        for known in (text.keys, text.values):
            moved = {(*target, *key[len(at) :]): place for key, place in known.items() if key[: len(at)] == at}
            for stale in [key for key in known if key[: len(target)] == target]:
                del known[stale]
            known.update(moved)


def _mapping(data: Any) -> dict[str, Any] | None:
    return cast("dict[str, Any]", data) if isinstance(data, dict) else None


def _raw_path(data: dict[str, Any], path: str) -> tuple[Key | None, str]:
    """Return where a scenario's path stands in the data, or None and the nearest path that does."""
    parts = path.split(".")
    actors = _mapping(data.get("actors")) or {}
    steps = ("actors", *parts) if parts[0] in actors else tuple(parts)
    here: Any = data
    for i, step in enumerate(steps[:-1]):
        names = _mapping(here) or {}
        if step not in names:
            near = nearest(step, [*names, *(actors if i == 0 else ())])
            kept = [*steps[:i], near, *steps[i + 1 :]]
            return None, ".".join(kept[kept[0] == "actors" :]) if near else ""
        here = names[step]
    return (steps if isinstance(here, dict) else None), ""


def _no_blanks(text: Text) -> None:
    def walk(data: Any, path: Key) -> None:
        if data is None:
            text.problems.append(Problem(text.place(path), f"{path[-1] if path else 'file'} is blank", "a value, or no key at all"))
        elif isinstance(data, dict):
            torn = _torn(cast("dict[str, Any]", data))
            for key, whole in torn.items():
                what = f"{whole!r} has a comma in a number"
                text.problems.append(Problem(text.place((*path, key)), what, "a point for decimals and no thousands separator"))
            for key, value in cast("dict[str, Any]", data).items():
                if value is None and torn and key[:1].isdigit():
                    continue
                walk(value, (*path, key))
        elif isinstance(data, list):
            for i, value in enumerate(cast("list[Any]", data)):
                walk(value, (*path, i))

    walk(text.data, ())


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

    def __init__(self, text: Text, model: Any, folder: Path, as_of: datetime.date | None, scenario: str, step: float | None, rule: Rule, digest: str) -> None:
        self.text, self.model, self.folder, self.scenario, self.step, self.digest = text, model, folder, scenario, step, digest
        self.as_of: datetime.date = as_of or model.as_of or model.end
        self.sources: dict[str, Source] = model.sources
        self.claims: dict[str, Claim] = model.claims
        self.components: dict[str, Instance] = {}
        self.undeclared: list[str] = []
        self.numbers = Numbers(text, text.data, self.claims, self.sources, rule, model.start, self.as_of, model.draft, self.undeclared)

    def build(self, rows: list[Row]) -> Case:
        self._find_components()
        self._check_header()
        self._check_ledger()
        self._check_units()
        observations = self._observations(rows)
        self._stop()
        resolver = Resolver(self.text, self.components)
        for turn in TURNS:
            for instance in self.components.values():
                resolver.resolve(instance, self._entry(instance), turn)
        self._stop()
        case = self._case(observations)
        for instance in self.components.values():
            self._read_numbers(case, instance)
        self._stop()
        case.conversions.update(self._conversions(case))
        self.text.problems += [problem for check in CHECKS for problem in check(case)]
        self._stop()
        return case

    def _stop(self) -> None:
        if self.text.problems:
            raise CaseError(self.text.problems)

    def _entry(self, instance: Instance) -> dict[str, Any]:
        here = self.text.data
        for step in instance.raw:
            here = here[step]
        return cast("dict[str, Any]", here)

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

    def _check_ledger(self) -> None:
        for name, claim in self.claims.items():
            if claim.source not in self.sources:
                place = self.text.place(("claims", name, "source"))
                near = nearest(claim.source, list(self.sources))
                self.text.problems.append(Problem(place, f"unknown source {claim.source!r}", "an id of sources", near))
            for i, other in enumerate(claim.contradicts):
                if other not in self.claims:
                    place = self.text.place(("claims", name, "contradicts", i))
                    near = nearest(other, list(self.claims))
                    self.text.problems.append(Problem(place, f"unknown claim {other!r}", "an id of claims", near))
            self._check_claimed(name, claim)

    def _check_claimed(self, name: str, claim: Claim) -> None:
        """Refuse a value that no number could use; whether it suits the numbers that name it is seen there."""
        if claim.value is None or _DAYS.fullmatch(str(claim.value)):
            return
        try:
            units.quantity(read(claim.value)[1])
        except (QuantityError, units.UnitError) as error:
            found, allowed = (error.found, error.allowed) if isinstance(error, QuantityError) else (str(error), "a known unit")
            at = error.at if isinstance(error, QuantityError) else ()
            self.text.problems.append(Problem(self.text.place(("claims", name, "value", *at)), f"value: {found}", allowed, error.nearest))

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

    def _observations(self, rows: list[Row]) -> list[Observation]:
        made: list[Observation] = []
        for row in rows:
            try:
                made.append(_observation(row))
            except QuantityError as error:
                self.text.problems.append(Problem(row.place(error.key), f"{error.key}: {error.found}", error.allowed, error.nearest))
                continue
            if made[-1].source not in self.sources:
                near = nearest(made[-1].source, list(self.sources))
                self.text.problems.append(Problem(row.place("source"), f"unknown source {made[-1].source!r}", "an id of sources", near))
        return made

    def _case(self, observations: list[Observation]) -> Case:
        model = self.model
        return Case(
            name=self.folder.stem, folder=self.folder, title=model.title, summary=model.summary, start=model.start, end=model.end,
            as_of=self.as_of, written=model.as_of or model.end, step=cast("float", self.step), scenario=self.scenario, draft=model.draft, components=self.components,
            questions=model.questions, scenarios=model.scenarios, conversions={}, sources=self.sources,
            claims={name: claim for name, claim in self.claims.items() if claim.known <= self.as_of},
            observations=[one for one in observations if one.known <= self.as_of],
            series=frozenset(one.series for one in observations), actors={name: actor.title or name for name, actor in model.actors.items()}, digest=self.digest,
            later=frozenset(name for name, claim in self.claims.items() if claim.known > (model.as_of or model.end)), undeclared=tuple(self.undeclared), place=self.text.place,
        )  # fmt: skip


def _like_lever(case: Case, parameter: Parameter, target: Target | None) -> Parameter:
    """Return a parameter that sets a lever with the bounds of that lever, so that a share is drawn as one."""
    lever = case.components[target.path].type.parameters.get(target.variable) if target else None
    if lever is None or parameter.unit != "linked":
        return parameter
    return dataclasses.replace(parameter, unit=lever.unit, at_least=lever.at_least, more_than=lever.more_than, at_most=lever.at_most)


def _observation(row: Row) -> Observation:
    cells = row.cells

    def number(column: str) -> float | None:
        raw = cells.get(column, "").strip()
        if not raw:
            return None
        if not re.fullmatch(NUMBER, raw) or not math.isfinite(float(raw)):
            raise QuantityError(f"{raw!r} is not a number", "a plain number; the unit stands in `unit`", column)
        return float(raw)

    def day(column: str, raw: str) -> datetime.date:
        try:
            return datetime.date.fromisoformat(raw.strip() if _DAYS.fullmatch(raw.strip()) else "")
        except ValueError:
            raise QuantityError(f"{raw!r} is not a day", "a day as YYYY-MM-DD", column) from None

    quantity, lower, upper = number("quantity"), number("lower"), number("upper")
    if quantity is None:
        raise QuantityError("blank", "a number", "quantity")
    if lower is not None and lower > quantity:
        raise QuantityError(f"{lower:g} is above the quantity {quantity:g}", "at most the quantity", "lower")
    if upper is not None and upper < quantity:
        raise QuantityError(f"{upper:g} is below the quantity {quantity:g}", "at least the quantity", "upper")
    try:
        units.quantity(cells["unit"])
    except units.UnitError as error:
        raise QuantityError(str(error), "a known unit", "unit", error.nearest) from None
    credibility = cells.get("credibility", "").strip() or "6"
    if credibility not in list("123456"):
        raise QuantityError(repr(credibility), "a whole number from 1 to 6", "credibility")
    first, _, last = cells["period"].partition("..")
    start, end = day("period", first), day("period", last or first)
    if end < start:
        raise QuantityError(f"{cells['period']!r} ends before it starts", "START..END", "period")
    known = day("known", cells["known"])
    return Observation(
        series=cells["series"], start=start, end=end, quantity=quantity, lower=lower, upper=upper, unit=cells["unit"], source=cells["source"],
        credibility=int(credibility), known=known,
        published=day("published", cells["published"]) if cells.get("published") else known, note=cells.get("note", ""),
    )  # fmt: skip
