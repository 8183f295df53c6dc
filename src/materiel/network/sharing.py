"""The stages between components: levers, the sharing of what is scarce, and deliveries."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Any

from materiel.case.model import Instance, Target
from materiel.component import Link
from materiel.network import stages
from materiel.network.members import Member, Members
from materiel.network.program import ZERO, Program, Stage, table

Activity = tuple[str, str, int]
"""An activity: path, name, entry."""

Resource = tuple[str, str]
"""A resource: path, port."""


@dataclass(frozen=True, eq=False)
class Claim:
    """One claim of an activity on a resource; `coefficient`, its inverse `each` and `urgent` are slots, or None for one and nought."""

    activity: Activity
    resource: Resource
    coefficient: int | None
    each: int | None
    spares_reserve: bool
    priority: int
    urgent: int | None


@dataclass
class _Rows:
    """Rows of slots gathered by shape, so that everything of one shape becomes one stage."""

    by_shape: dict[Hashable, tuple[list[list[int]], list[list[int]]]] = field(default_factory=dict[Hashable, tuple[list[list[int]], list[list[int]]]])

    def add(self, shape: Hashable, arguments: list[int], results: list[int]) -> None:
        rows = self.by_shape.setdefault(shape, ([], []))
        rows[0].append(arguments)
        rows[1].append(results)

    def become(self, program: Program, phase: str, title: str, function: Callable[[Any], Callable[..., Any]]) -> None:
        for shape, (arguments, results) in self.by_shape.items():
            program.add(phase, title, function(shape), arguments, results)


def add_levers(members: Members) -> None:
    """Add the stages that move levers as directives have it; a levered parameter is read from its new slot from then on."""
    program = members.program
    acts: dict[tuple[str, str], list[tuple[Target, int]]] = {}
    for member in members.by_path.values():
        for name, link in member.instance.type.links.items():
            if link.moves:
                for end in member.instance.links[name]:
                    acts.setdefault((end.path, end.variable), []).append((end, member.slots[link.moves][0]))
    slot_of = {id(prior): slot for slot, prior in program.priors}
    rows = _Rows()
    for (path, parameter), ends in acts.items():
        slots = members.by_path[path].slots
        slots[f"lever {parameter}"] = program.new((f"{path}.{parameter}_in_force", program.slot_units[slots[parameter][0]]))
        settings = [slot for end, force in ends if "set" in end.numbers for slot in (force, slot_of[id(end.numbers["set"])])]
        factors = [slot for end, force in ends if "multiply" in end.numbers for slot in (force, slot_of[id(end.numbers["multiply"])])]
        at_most = members.by_path[path].instance.type.parameters[parameter].at_most
        shape = len(settings) // 2, at_most, len(factors) // 2
        rows.add(shape, [slots[parameter][0], *settings, *factors], slots[f"lever {parameter}"])
    rows.become(program, "lever", "levers", lambda shape: stages.lever_function(shape[:2]))


def add_allocation(members: Members) -> None:
    """Add the stages that limit wants, grant by priority, let the least grant flow, and run resources down."""
    by_activity: dict[Activity, list[Claim]] = {}
    by_resource: dict[Resource, list[Claim]] = {}
    for claim in _claims(members):
        by_activity.setdefault(claim.activity, []).append(claim)
        by_resource.setdefault(claim.resource, []).append(claim)
    limits = _add_limits(members, by_activity)
    grants = _add_grants(members, by_resource, limits)
    _add_flows(members, by_activity, limits, grants)
    _add_settling(members, by_resource)


def add_inlets(members: Members) -> None:
    """Add the stages that sum what each inlet receives, in link order; a single sender's flow is read where it stands."""
    senders: dict[tuple[str, str], list[int]] = {}
    for member in members.by_path.values():
        for name, link in member.instance.type.links.items():
            for end in member.instance.links[name]:
                for flow, port in link.sends:
                    senders.setdefault((end.path, port), []).append(member.slots[flow][0])
    rows = _Rows()
    for path, member in members.by_path.items():
        for port, inlet in member.instance.type.inlets.items():
            slots = senders.get((path, port), [ZERO])
            if len(slots) > 1:
                unit = members.case.unit(member.instance, inlet.unit)
                rows.add(len(slots), slots, members.program.new((f"{path}.{port}_in", unit)))
            member.slots[f"inlet {port}"] = slots if len(slots) == 1 else [members.program.size - 1]
    rows.become(members.program, "receive", "inlets", lambda _: stages.add_up)


def _claims(members: Members) -> list[Claim]:
    claims: list[Claim] = []
    inverses = _Inverses(members.program)
    for path, member in members.by_path.items():
        one = member.instance
        for name, link in one.type.links.items():
            for i, end in enumerate(one.drawn(name)):
                entry = i if one.type.variables[link.by].many == name else 0
                amount = coefficient(members, member, name, link, i)
                priority, urgent = int(one.options.get("priority", 5)), _urgency(member)
                each = None if amount is None else inverses.of(amount)
                claims.append(Claim((path, link.by, entry), (end.path, link.draws), amount, each, link.spares_reserve, priority, urgent))
    inverses.become_stage()
    return claims


class _Inverses:
    """Inverses of coefficients, each computed once per run, so that a step divides by none of them."""

    def __init__(self, program: Program) -> None:
        self.program, self.slots = program, dict[int, int]()

    def of(self, coefficient: int) -> int:
        if coefficient not in self.slots:
            label, unit = self.program.labels[coefficient], self.program.slot_units[coefficient]
            self.slots[coefficient] = self.program.new((f"{label}_inverse", f"1/({unit})"))[0]
        return self.slots[coefficient]

    def become_stage(self) -> None:
        arguments, results = [[slot] for slot in self.slots], [[slot] for slot in self.slots.values()]
        if arguments:
            self.program.once.append(Stage("constants", "inverses", stages.inverse, table(arguments), table(results)))


def coefficient(members: Members, member: Member, name: str, link: Link, index: int) -> int | None:
    """Return the slot that says how much of what is at an end of a link one unit of the activity takes; None for one unit."""
    if not link.coefficient:
        return None
    found = members.argument(member, link.coefficient, "want").slots
    return found[index if link.many and link.coefficient.startswith(f"{name}_") else 0]


def _urgency(member: Member) -> int | None:
    """Return the slot of the urgent share, or None where it is nought throughout."""
    levered = member.slots.get("lever urgent")
    if levered:
        return levered[0]
    return None if never_urgent(member.instance) else member.slots["urgent"][0]


def never_urgent(one: Instance) -> bool:
    """Say whether no part of what a component wants is urgent, unless a lever makes it so."""
    prior = one.numbers.get("urgent")
    return prior is None or (prior.constant and prior.parts[0].distribution.values[0] == 0.0)


def _add_limits(members: Members, by_activity: dict[Activity, list[Claim]]) -> dict[Activity, int]:
    """Return the slot of each activity's want, limited by each resource as if alone; what draws on nothing flows as wanted."""
    program, rows = members.program, _Rows()
    limits: dict[Activity, int] = {}
    for path, member in members.by_path.items():
        for name in member.instance.type.activities:
            for entry, want in enumerate(member.slots[f"want {name}"]):
                claims = by_activity.get((path, name, entry))
                if not claims:
                    members.flows_in(member, name, entry, want)
                    continue
                slots, shape = [want], list[tuple[bool, bool]]()
                for claim in claims:
                    available, reserve = members.offered(claim.resource)
                    reserved = claim.spares_reserve and reserve is not None
                    shape.append((reserved, claim.each is not None))
                    slots += [slot for slot in (available, reserve if reserved else None, claim.each) if slot is not None]
                limits[path, name, entry] = program.new((f"{program.labels[want].removesuffix('_wanted')}_limit", program.slot_units[want]))[0]
                rows.add(tuple(shape), slots, [limits[path, name, entry]])
    rows.become(program, "limit", "wants", stages.limit_function)
    return limits


def _add_grants(members: Members, by_resource: dict[Resource, list[Claim]], limits: dict[Activity, int]) -> dict[Claim, int]:
    """Return the slot of each claim's grant, for the resources that several claims share."""
    program, rows = members.program, _Rows()
    grants: dict[Claim, int] = {}
    for resource, claims in by_resource.items():
        if len(claims) < 2:
            continue
        available, reserve = members.offered(resource)
        order = sorted(claims, key=lambda claim: (claim.priority, claim.spares_reserve))
        shape = tuple((c.priority, c.spares_reserve and reserve is not None, c.coefficient is not None, c.urgent is not None) for c in order)
        slots = [available, *([] if reserve is None else [reserve])]
        for claim in order:
            slots += [slot for slot in (limits[claim.activity], claim.coefficient, claim.urgent) if slot is not None]
            label = f"{program.labels[available]}_granted_to_{program.labels[limits[claim.activity]].removesuffix('_limit')}"
            grants[claim] = program.new((label, program.slot_units[available]))[0]
        rows.add((reserve is not None, *shape), slots, [grants[claim] for claim in order])
    rows.become(program, "grant", "resources", stages.grant_function)
    return grants


def _add_flows(members: Members, by_activity: dict[Activity, list[Claim]], limits: dict[Activity, int], grants: dict[Claim, int]) -> None:
    """Let the least grant flow; where no resource is shared, the limit is the flow."""
    rows = _Rows()
    for activity, claims in by_activity.items():
        path, name, entry = activity
        member, shared = members.by_path[path], [claim for claim in claims if claim in grants]
        if not shared:
            members.flows_in(member, name, entry, limits[activity])
            continue
        slots = [limits[activity]]
        for claim in shared:
            slots += [grants[claim], *([] if claim.each is None else [claim.each])]
        rows.add(tuple(claim.each is not None for claim in shared), slots, [member.slots[name][entry]])
    rows.become(members.program, "flow", "activities", stages.flow_function)


def _add_settling(members: Members, by_resource: dict[Resource, list[Claim]]) -> None:
    program, rows = members.program, _Rows()
    for path, member in members.by_path.items():
        for port in member.instance.type.resources:
            claims = by_resource.get((path, port), [])
            available, _ = members.offered((path, port))
            if not claims:
                member.slots[f"settle {port}_left"] = [available]
                continue
            slots = [available]
            for claim in claims:
                owner, name, entry = claim.activity
                slots += [members.by_path[owner].slots[name][entry], *([] if claim.coefficient is None else [claim.coefficient])]
            unit = program.slot_units[available]
            left, taken = program.new(*((f"{path}.{port}_{what}", unit) for what in ("left", "taken")))
            member.slots[f"settle {port}_left"], member.slots[f"settle {port}_taken"] = [left], [taken]
            rows.add(tuple(claim.coefficient is not None for claim in claims), slots, [left, taken])
    rows.become(program, "settle", "resources", stages.settle_function)
