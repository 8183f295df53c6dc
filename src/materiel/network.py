"""From a checked case to a program: who feeds whom, and the order of a step.

Every number of a run has a slot. A program is a list of stages; a stage is one function of the equations with, for each instance
it serves, the slots it reads and the slots it writes. Components of one type and one shape (the same links, options and
optional parameters) share their stages. Engines know stages and slots only; the order of a step is this list.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from materiel import allocation
from materiel.case.model import Case, Instance, Target
from materiel.component import ONCE, PHASES, Link, Type, Variable
from materiel.evidence.pooling import Prior

T, DT, ZERO = 0, 1, 2
"""Slots of the start of the period, its length, and nought."""
FIRST = 3

Slots = npt.NDArray[np.int32]


@dataclass(frozen=True, eq=False)
class Stage:
    """One function and whom it serves: `arguments` and `results` are slots, one row per instance.

    `function` takes as many values as `arguments` has columns and returns as many as `results` has. `levels` marks the stage that moves levels, all of
    whose arguments are read before any of its results is written, instance by instance.
    """

    phase: str
    title: str
    function: Callable[..., Sequence[Any]]
    arguments: Slots
    results: Slots
    levels: bool = False


@dataclass(frozen=True)
class Account:
    """One term of the laws: a slot whose level holds, brought in or took out something of the item or account `key`."""

    key: str
    role: str
    slot: int


@dataclass
class Program:
    """Everything an engine needs: stages run once, stages of a step in order, where priors go, and what may be read.

    `variables` maps `path.variable` to its slots, `kinds` to level, flow, auxiliary, constant or number, `slot_units` a slot to its canonical unit; `free` are levels that may be negative.
    """

    size: int = FIRST
    once: list[Stage] = field(default_factory=list[Stage])
    step: list[Stage] = field(default_factory=list[Stage])
    priors: list[tuple[int, Prior]] = field(default_factory=list[tuple[int, Prior]])
    variables: dict[str, list[int]] = field(default_factory=dict[str, list[int]])
    kinds: dict[str, str] = field(default_factory=dict[str, str])
    levels: list[int] = field(default_factory=list[int])
    free: set[int] = field(default_factory=set[int])
    slot_units: dict[int, str] = field(default_factory=dict[int, str])
    laws: list[Account] = field(default_factory=list[Account])

    def order(self) -> list[tuple[str, str, int]]:
        """Return the order of a step as (phase, what, how many instances)."""
        return [(stage.phase, stage.title, len(stage.arguments)) for stage in self.step]


@dataclass
class _Member:
    """An instance on its way into the program: the slots of everything it has, by name."""

    instance: Instance
    slots: dict[str, list[int]] = field(default_factory=dict[str, list[int]])


@dataclass(frozen=True)
class _Claim:
    """One claim of an activity on a resource."""

    activity: tuple[str, str, int]
    resource: tuple[str, str]
    coefficient: int | None
    spares_reserve: bool
    priority: int
    urgent: int | None


def build(case: Case, gauges: Sequence[Instance] = ()) -> Program:
    """Return the program of a case, with the gauges that questions add."""
    return _Network(case, gauges).program


class _Network:
    def __init__(self, case: Case, gauges: Sequence[Instance]) -> None:
        self.case = case
        self.program = Program()
        instances = {one.path: one for one in (*case.components.values(), *gauges)}
        self.members = {path: _Member(one) for path, one in instances.items()}
        self.groups = self._group()
        for group in self.groups:
            for member in group:
                self._allocate(member)
        for phase in ONCE:
            self._component_stages(phase, self.program.once)
        self._component_stages("signal", self.program.step)
        self._levers()
        for phase in ("offer", "want"):
            self._component_stages(phase, self.program.step)
        self._allocation()
        self._component_stages("deliver", self.program.step)
        self._inlets()
        self._component_stages("move", self.program.step)
        self._laws()

    # ------------------------------------------------------------------ shapes and slots

    def _group(self) -> list[list[_Member]]:
        groups: dict[tuple[Any, ...], list[_Member]] = {}
        for member in self.members.values():
            groups.setdefault(self._shape(member.instance), []).append(member)
        return list(groups.values())

    def _shape(self, one: Instance) -> tuple[Any, ...]:
        """Return what makes two instances share their traced equations."""
        links = tuple((name, len(ends), tuple(tuple(sorted(end.numbers)) for end in ends)) for name, ends in one.links.items())
        absent = tuple(name for name, prior in one.numbers.items() if prior is None)
        lengths = tuple(self.case.length(one, v.many) for v in one.type.variables.values())
        far = tuple(self._far_absent(end) for ends in one.links.values() for end in ends)
        entries = tuple((name, len(rows)) for name, rows in one.entries.items())
        options = tuple((k, v) for k, v in one.options.items() if k != "unit")
        return one.type.section, options, links, absent, lengths, far, entries

    def _far_absent(self, end: Target) -> tuple[str, ...]:
        """Return the optional numbers that the far end of a link lacks, for equations may read them."""
        found = self.members.get(end.path)
        return tuple(name for name, prior in found.instance.numbers.items() if prior is None) if found else ()

    def _new(self, *units: str) -> list[int]:
        """Return new slots, one per unit."""
        slots = list(range(self.program.size, self.program.size + len(units)))
        self.program.slot_units.update(zip(slots, units, strict=True))
        self.program.size += len(units)
        return slots

    def _allocate(self, member: _Member) -> None:
        one, program = member.instance, self.program
        for name, prior in one.numbers.items():
            if prior is not None:
                member.slots[name] = self._number(prior)
                program.variables[f"{one.path}.{name}"] = member.slots[name]
                program.kinds[f"{one.path}.{name}"] = "number"
        for name, link in one.type.links.items():
            for key in link.each:
                ends = [end for end in one.links[name] if key in end.numbers]
                member.slots[f"{name}_{key}"] = [self._number(end.numbers[key])[0] for end in ends]
        for name, entries in one.type.entries.items():
            for key in entries.each:
                member.slots[f"{name}_{key}"] = [self._number(row[key])[0] for row in one.entries[name]]
        for name, variable in one.type.variables.items():
            units = self._units(one, variable)
            slots = self._new(*units)
            member.slots[name] = slots
            path = f"{one.path}.{name}"
            program.variables[path], program.kinds[path] = slots, "flow" if variable.kind == "activity" else variable.kind
            if variable.kind == "level":
                program.levels += slots
                program.free.update(slots if variable.role == "record" else ())
            if variable.kind == "activity":
                member.slots[f"want {name}"] = self._new(*units)
        for name, resource in one.type.resources.items():
            unit = self.case.unit(one, resource.unit)
            member.slots[f"offer {name}"] = self._new(unit)
            if resource.reserve:
                member.slots[f"offer {name}_reserve"] = self._new(unit)

    def _units(self, one: Instance, variable: Variable) -> list[str]:
        """Return the unit of every entry of a variable."""
        ends = one.links.get(variable.many)
        if ends is not None:
            return [self.case.unit(one, variable.unit, end) for end in ends]
        return [self.case.unit(one, variable.unit)] * self.case.length(one, variable.many)

    def _number(self, prior: Prior) -> list[int]:
        slot = self._new(prior.unit)
        self.program.priors.append((slot[0], prior))
        return slot

    # ------------------------------------------------------------------ stages of components

    def _component_stages(self, phase: str, stages: list[Stage]) -> None:
        for group in self.groups:
            kind = group[0].instance.type
            equation = kind.equations.get(phase)
            if equation is None:
                continue
            names = list(inspect.signature(equation).parameters)
            plans = [[self._argument(member, name, phase) for name in names] for member in group]
            call = _adapter(equation, names, plans[0])
            rows = [[slot for plan in plans[i] for slot in plan.slots] for i in range(len(group))]
            outputs = _outputs(call, len(rows[0]), kind, group[0], phase)
            results = [[slot for name, count in outputs for slot in self._result(member, name, count, phase)] for member in group]
            flat = _flatten(call, [name for name, _ in outputs])
            title = f"{kind.section} ({len(group)})"
            stages.append(Stage(phase, title, flat, _table(rows), _table(results), phase in ("move", "start")))

    def _argument(self, member: _Member, name: str, phase: str) -> _Argument:
        one, kind = member.instance, member.instance.type
        if name in ("t", "dt"):
            return _Argument("one", [T if name == "t" else DT])
        if name in kind.options:
            return _Argument("fixed", [], one.options[name])
        if name in kind.parameters:
            if one.numbers[name] is None:
                return _Argument("fixed", [], None)
            levered = member.slots.get(f"lever {name}")
            return _Argument("one", levered if levered and phase in PHASES else member.slots[name])
        if name in kind.variables:
            many = bool(kind.variables[name].many)
            return _Argument("many" if many else "one", member.slots[name])
        if name in kind.links:
            slots = [self._variable(end) for end in one.links[name]]
            return self._linked(kind.links[name], slots)
        if name in member.slots:
            many = any(name.startswith(f"{field}_") for field in (*kind.entries, *(k for k, v in kind.links.items() if v.many)))
            return _Argument("many" if many else "one", member.slots[name])
        if name.endswith("_in"):
            return _Argument("one", self._inlet_slot(member, name.removesuffix("_in")))
        if name.endswith(("_left", "_taken")):
            port = name.rpartition("_")[0]
            resource = kind.resources[port]
            if resource.unless and one.links.get(resource.unless):
                return _Argument("fixed", [], None)
            return _Argument("one", member.slots.setdefault(f"settle {name}", [ZERO]))
        return self._far(member, name)

    def _far(self, member: _Member, name: str) -> _Argument:
        """Return the slots of `LINK_VARIABLE`: a variable or number of the components at the other end of a link."""
        one = member.instance
        for link_name in sorted(one.type.links, key=len, reverse=True):
            if name.startswith(f"{link_name}_"):
                wanted = name.removeprefix(f"{link_name}_")
                slots: list[list[int] | None] = []
                for end in one.links[link_name]:
                    slots.append(self.members[end.path].slots.get(wanted))
                link = one.type.links[link_name]
                if not link.many and (not slots or slots[0] is None):
                    return _Argument("fixed", [], None)
                return self._linked(link, [found[0] for found in slots if found])
        raise TypeError(f"{one.type.section}: nothing is called {name!r}")

    @staticmethod
    def _linked(link: Link, slots: list[int]) -> _Argument:
        if link.many:
            return _Argument("many", slots)
        return _Argument("one", slots) if slots else _Argument("fixed", [], None)

    def _variable(self, end: Target) -> int:
        return self.members[end.path].slots[end.variable][end.index]

    def _inlet_slot(self, member: _Member, port: str) -> list[int]:
        if f"inlet {port}" not in member.slots:
            unit = self.case.unit(member.instance, member.instance.type.inlets[port].unit)
            member.slots[f"inlet {port}"] = self._new(unit)
        return member.slots[f"inlet {port}"]

    def _result(self, member: _Member, name: str, count: int, phase: str) -> list[int]:
        kind = member.instance.type
        if phase == "want" and name in kind.activities:
            slots = member.slots[f"want {name}"]
        elif name in kind.resources or name.removesuffix("_reserve") in kind.resources:
            slots = member.slots[f"offer {name}"]
        else:
            slots = member.slots[name]
        if len(slots) != count:
            raise TypeError(f"{kind.section}.{phase}: {name} has {count} entries, {len(slots)} are declared")
        return slots

    # ------------------------------------------------------------------ stages of the network

    def _levers(self) -> None:
        acts: dict[tuple[str, str], list[tuple[Target, int]]] = {}
        for member in self.members.values():
            for name, link in member.instance.type.links.items():
                if "multiply" in link.each:
                    for end in member.instance.links[name]:
                        acts.setdefault((end.path, end.variable), []).append((end, member.slots["force"][0]))
        rows: dict[tuple[int, int], tuple[list[list[int]], list[list[int]]]] = {}
        slot_of = {id(prior): slot for slot, prior in self.program.priors}
        for (path, parameter), ends in acts.items():
            member = self.members[path]
            effective = self._new(self.program.slot_units[member.slots[parameter][0]])
            member.slots[f"lever {parameter}"] = effective
            settings = [slot for end, force in ends if "set" in end.numbers for slot in (force, slot_of[id(end.numbers["set"])])]
            factors = [slot for end, force in ends if "multiply" in end.numbers for slot in (force, slot_of[id(end.numbers["multiply"])])]
            arguments, results = rows.setdefault((len(settings) // 2, len(factors) // 2), ([], []))
            arguments.append([member.slots[parameter][0], *settings, *factors])
            results.append(effective)
        for (count, _), (arguments, results) in rows.items():
            self._stage("lever", "levers", _lever_function(count), arguments, results)

    def _stage(self, phase: str, title: str, function: Callable[..., Any], arguments: list[list[int]], results: list[list[int]]) -> None:
        stage = Stage(phase, f"{title} ({len(arguments)})", function, _table(arguments), _table(results))
        self.program.step.append(stage)

    def _claims(self) -> list[_Claim]:
        claims: list[_Claim] = []
        for path, member in self.members.items():
            one = member.instance
            for name, link in one.type.links.items():
                if not link.draws or (link.draws_if and not one.links.get(link.draws_if)):
                    continue
                for i, end in enumerate(one.links[name]):
                    entry = i if one.type.variables[link.by].many == name else 0
                    claims.append(
                        _Claim(
                            (path, link.by, entry),
                            (end.path, link.draws),
                            self._coefficient(member, name, link, i),
                            link.spares_reserve,
                            int(one.options.get("priority", 5)),
                            self._urgency(member),
                        )
                    )
        return claims

    def _coefficient(self, member: _Member, name: str, link: Link, index: int) -> int | None:
        if not link.coefficient:
            return None
        found = self._argument(member, link.coefficient, "want").slots
        return found[index if link.coefficient.startswith(f"{name}_") and link.many else 0]

    def _urgency(self, member: _Member) -> int | None:
        """Return the slot of the urgent share, or None where it is nought throughout."""
        prior = member.instance.numbers.get("urgent")
        levered = member.slots.get("lever urgent")
        if levered:
            return levered[0]
        if prior is None or (prior.constant and prior.parts[0].distribution.values[0] == 0.0):
            return None
        return member.slots["urgent"][0]

    def _offered(self, resource: tuple[str, str]) -> tuple[int, int | None]:
        slots = self.members[resource[0]].slots
        reserve = slots.get(f"offer {resource[1]}_reserve")
        return slots[f"offer {resource[1]}"][0], reserve[0] if reserve else None

    def _allocation(self) -> None:
        claims = self._claims()
        by_activity: dict[tuple[str, str, int], list[_Claim]] = {}
        by_resource: dict[tuple[str, str], list[_Claim]] = {}
        for claim in claims:
            by_activity.setdefault(claim.activity, []).append(claim)
            by_resource.setdefault(claim.resource, []).append(claim)
        self._unclaimed(by_activity)
        limits = self._limit(by_activity)
        grants = self._grant(by_resource, limits)
        self._flow(by_activity, limits, grants)
        self._settle(by_resource)

    def _unclaimed(self, claimed: dict[tuple[str, str, int], list[_Claim]]) -> None:
        """Let activities that draw on nothing flow as they want."""
        for path, member in self.members.items():
            for name in member.instance.type.activities:
                for entry, slot in enumerate(member.slots[f"want {name}"]):
                    if (path, name, entry) not in claimed:
                        self._stage("flow", "unbounded", _same, [[slot]], [[member.slots[name][entry]]])

    def _limit(self, by_activity: dict[tuple[str, str, int], list[_Claim]]) -> dict[tuple[str, str, int], int]:
        limits: dict[tuple[str, str, int], int] = {}
        rows: dict[tuple[Any, ...], tuple[list[list[int]], list[list[int]]]] = {}
        for activity, claims in by_activity.items():
            path, name, entry = activity
            slots = [self.members[path].slots[f"want {name}"][entry]]
            shape: list[tuple[bool, bool]] = []
            for claim in claims:
                available, reserve = self._offered(claim.resource)
                reserved = claim.spares_reserve and reserve is not None
                shape.append((reserved, claim.coefficient is not None))
                slots += [slot for slot in (available, reserve if reserved else None, claim.coefficient) if slot is not None]
            limits[activity] = self._new(self.program.slot_units[slots[0]])[0]
            arguments, results = rows.setdefault(tuple(shape), ([], []))
            arguments.append(slots)
            results.append([limits[activity]])
        for shape_key, (arguments, results) in rows.items():
            self._stage("limit", "wants", _limit_function(shape_key), arguments, results)
        return limits

    def _grant(self, by_resource: dict[tuple[str, str], list[_Claim]], limits: dict[tuple[str, str, int], int]) -> dict[int, int]:
        """Add the grants of every resource that several claims share; return the slot of each claim's grant by the claim's identity."""
        grants: dict[int, int] = {}
        rows: dict[tuple[Any, ...], tuple[list[list[int]], list[list[int]]]] = {}
        for resource, claims in by_resource.items():
            if len(claims) < 2:
                continue
            available, reserve = self._offered(resource)
            order = sorted(claims, key=lambda claim: (claim.priority, claim.spares_reserve))
            shape = tuple((c.priority, c.spares_reserve and reserve is not None, c.coefficient is not None, c.urgent is not None) for c in order)
            slots = [available, *([] if reserve is None else [reserve])]
            for claim in order:
                slots += [slot for slot in (limits[claim.activity], claim.coefficient, claim.urgent) if slot is not None]
                grants[id(claim)] = self._new(self.program.slot_units[available])[0]
            arguments, results = rows.setdefault((reserve is not None, *shape), ([], []))
            arguments.append(slots)
            results.append([grants[id(claim)] for claim in order])
        for shape_key, (arguments, results) in rows.items():
            self._stage("grant", "resources", _grant_function(shape_key), arguments, results)
        return grants

    def _flow(
        self, by_activity: dict[tuple[str, str, int], list[_Claim]], limits: dict[tuple[str, str, int], int], grants: dict[int, int]
    ) -> None:
        rows: dict[tuple[bool, ...], tuple[list[list[int]], list[list[int]]]] = {}
        for activity, claims in by_activity.items():
            path, name, entry = activity
            shared = [claim for claim in claims if id(claim) in grants]
            slots = [limits[activity]]
            for claim in shared:
                slots += [grants[id(claim)], *([] if claim.coefficient is None else [claim.coefficient])]
            arguments, results = rows.setdefault(tuple(claim.coefficient is not None for claim in shared), ([], []))
            arguments.append(slots)
            results.append([self.members[path].slots[name][entry]])
        for shape, (arguments, results) in rows.items():
            self._stage("flow", "activities", _flow_function(shape), arguments, results)

    def _settle(self, by_resource: dict[tuple[str, str], list[_Claim]]) -> None:
        rows: dict[tuple[bool, ...], tuple[list[list[int]], list[list[int]]]] = {}
        for path, member in self.members.items():
            for port in member.instance.type.resources:
                claims = by_resource.get((path, port), [])
                available, _ = self._offered((path, port))
                if not claims:
                    member.slots[f"settle {port}_left"] = [available]
                    continue
                slots = [available]
                for claim in claims:
                    owner, name, entry = claim.activity
                    flow = self.members[owner].slots[name][entry]
                    slots += [flow, *([] if claim.coefficient is None else [claim.coefficient])]
                unit = self.program.slot_units[available]
                left, taken = self._new(unit, unit)
                member.slots[f"settle {port}_left"], member.slots[f"settle {port}_taken"] = [left], [taken]
                arguments, results = rows.setdefault(tuple(claim.coefficient is not None for claim in claims), ([], []))
                arguments.append(slots)
                results.append([left, taken])
        for shape, (arguments, results) in rows.items():
            self._stage("settle", "resources", _settle_function(shape), arguments, results)

    def _inlets(self) -> None:
        senders: dict[tuple[str, str], list[int]] = {}
        for member in self.members.values():
            for name, link in member.instance.type.links.items():
                for end in member.instance.links[name]:
                    for flow, port in link.sends:
                        senders.setdefault((end.path, port), []).append(member.slots[flow][0])
        rows: dict[int, tuple[list[list[int]], list[list[int]]]] = {}
        for path, member in self.members.items():
            for port in member.instance.type.inlets:
                slots = senders.get((path, port), [ZERO])
                arguments, results = rows.setdefault(len(slots), ([], []))
                arguments.append(slots)
                results.append(self._inlet_slot(member, port))
        for arguments, results in rows.values():
            self._stage("receive", "inlets", _sum, arguments, results)

    # ------------------------------------------------------------------ laws

    def _laws(self) -> None:
        for path, member in self.members.items():
            one = member.instance
            for name, variable in one.type.variables.items():
                if variable.role in ("holds", "source", "sink"):
                    keys = self._keys(one, variable.of, len(member.slots[name]), path)
                    for slot, key in zip(member.slots[name], keys, strict=True):
                        if key:
                            self.program.laws.append(Account(key, variable.role, slot))

    def _keys(self, one: Instance, of: tuple[str, ...], count: int, path: str) -> list[str]:
        """Return, entry by entry, the item or account that a level of the ledger is about; empty where the link is absent."""
        if not of:
            return [self._item(one)] * count
        for name in of:
            if name in one.type.inlets:
                return [f"{path}.{name}"] * count
            ends = one.links.get(name, [])
            if not ends:
                continue
            port = one.type.links[name].sends
            keys = [f"{end.path}.{port[0][1]}" if port and port[0][1] != "goods" else self._item(self.members[end.path].instance) for end in ends]
            return keys if len(keys) == count else keys * count
        return [""] * count

    @staticmethod
    def _item(one: Instance) -> str:
        item = one.links.get("item")
        return item[0].path if item else ""


@dataclass(frozen=True)
class _Argument:
    """One argument of an equation: a single slot, several, or a value fixed by the shape."""

    kind: str
    slots: list[int]
    value: Any = None


def _adapter(equation: Callable[..., Any], names: list[str], plan: list[_Argument]) -> Callable[..., dict[str, Any]]:
    """Return the equation as a function of a flat list of values."""

    def call(*values: Any) -> dict[str, Any]:
        given: dict[str, Any] = {}
        at = 0
        for name, argument in zip(names, plan, strict=True):
            count = len(argument.slots)
            part = values[at : at + count]
            given[name] = argument.value if argument.kind == "fixed" else (part[0] if argument.kind == "one" else list(part))
            at += count
        return cast("dict[str, Any]", equation(**given))

    return call


def _outputs(call: Callable[..., dict[str, Any]], count: int, kind: Type, member: _Member, phase: str) -> list[tuple[str, int]]:
    """Return the names an equation returns, in order, each with its number of entries."""
    with np.errstate(all="ignore"):
        returned = call(*([np.float64(1.0)] * count))
    known = {*kind.variables, *kind.resources, *(f"{name}_reserve" for name, r in kind.resources.items() if r.reserve)}
    for name in returned:
        if name not in known:
            raise TypeError(f"{kind.section}.{phase} of {member.instance.path} returns {name!r}, which is not declared")
    return [(name, len(cast("list[Any]", value)) if isinstance(value, list) else 1) for name, value in returned.items()]


def _flatten(call: Callable[..., dict[str, Any]], names: list[str]) -> Callable[..., list[Any]]:
    def flat(*values: Any) -> list[Any]:
        returned = call(*values)
        made: list[Any] = []
        for name in names:
            value = returned[name]
            made += cast("list[Any]", value) if isinstance(value, list) else [value]
        return made

    return flat


def _table(rows: list[list[int]]) -> Slots:
    return np.array(rows, dtype=np.int32).reshape(len(rows), -1)


def _same(value: Any) -> list[Any]:
    return [value]


def _sum(*values: Any) -> list[Any]:
    from materiel.equations import total

    return [total(values[1:], values[0])]


def _lever_function(settings: int) -> Callable[..., list[Any]]:
    def function(value: Any, *rest: Any) -> list[Any]:
        pairs = list(zip(rest[0::2], rest[1::2], strict=True))
        moved = pairs[settings:]
        return [allocation.levered(value, [force for force, _ in moved], [factor for _, factor in moved], pairs[:settings])]

    return function


def _limit_function(shape: tuple[tuple[bool, bool], ...]) -> Callable[..., list[Any]]:
    def function(want: Any, *rest: Any) -> list[Any]:
        values = iter(rest)
        available, reserves, coefficients = [], [], []
        for reserved, weighted in shape:
            available.append(next(values))
            reserves.append(next(values) if reserved else None)
            coefficients.append(next(values) if weighted else None)
        return [allocation.limited(want, available, reserves, coefficients)]

    return function


def _grant_function(shape: tuple[Any, ...]) -> Callable[..., list[Any]]:
    has_reserve, claims = shape[0], shape[1:]

    def function(available: Any, *rest: Any) -> list[Any]:
        values = iter(rest)
        reserve = next(values) if has_reserve else None
        amounts: list[Any] = []
        urgent: list[Any] = []
        for _, _, weighted, can_be_urgent in claims:
            limit = next(values)
            coefficient = next(values) if weighted else None
            share = next(values) if can_be_urgent else None
            amount = allocation.needed(limit, coefficient)
            urgent.append(None if share is None else amount * share)
            amounts.append(amount if share is None else amount - amount * share)
        return _granted_in_order(available, reserve, claims, amounts, urgent)

    return function


def _granted_in_order(available: Any, reserve: Any, claims: Sequence[Any], amounts: list[Any], urgent: list[Any]) -> list[Any]:
    """Return one grant per claim, the urgent part served before everything else."""
    keyed = [((0, claims[i][1]), i, amount) for i, amount in enumerate(urgent) if amount is not None]
    keyed += [((claims[i][0], claims[i][1]), i, amount) for i, amount in enumerate(amounts)]
    classes: dict[tuple[int, bool], list[tuple[int, Any]]] = {}
    for key, i, amount in sorted(keyed, key=lambda entry: entry[0]):
        classes.setdefault(key, []).append((i, amount))
    grants = allocation.granted(available, reserve, [(key[1], [amount for _, amount in group]) for key, group in classes.items()])
    owners = [i for group in classes.values() for i, _ in group]
    whole: list[Any] = [None] * len(claims)
    for i, grant in zip(owners, grants, strict=True):
        whole[i] = grant if whole[i] is None else whole[i] + grant
    return whole


def _flow_function(shape: tuple[bool, ...]) -> Callable[..., list[Any]]:
    def function(limit: Any, *rest: Any) -> list[Any]:
        values = iter(rest)
        grants, coefficients = [], []
        for weighted in shape:
            grants.append(next(values))
            coefficients.append(next(values) if weighted else None)
        return [allocation.flowing(limit, grants, coefficients)]

    return function


def _settle_function(shape: tuple[bool, ...]) -> Callable[..., list[Any]]:
    def function(available: Any, *rest: Any) -> list[Any]:
        values = iter(rest)
        takes = [allocation.needed(next(values), next(values) if weighted else None) for weighted in shape]
        return list(allocation.settled(available, takes))

    return function
