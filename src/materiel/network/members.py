"""Instances on their way into a program: the slots of everything they have, and what an equation's argument names mean."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from materiel.case.model import Case, Instance, Target
from materiel.component import PHASES, Link, Variable
from materiel.evidence.pooling import Prior
from materiel.network.program import DT, ZERO, Program, T
from materiel.network.stages import Argument


@dataclass
class Member:
    """One instance and its slots by name.

    Beside numbers and variables there are `want ACTIVITY`, `offer RESOURCE`, `offer RESOURCE_reserve`, `settle RESOURCE_left`, `settle
    RESOURCE_taken`, `inlet PORT` and `lever PARAMETER`.
    """

    instance: Instance
    slots: dict[str, list[int]] = field(default_factory=dict[str, list[int]])


class Members:
    """All instances of a network; gives them slots in a program and finds what argument names refer to."""

    def __init__(self, case: Case, gauges: Sequence[Instance], program: Program) -> None:
        """Group the instances by shape and give every one its slots."""
        self.case, self.program = case, program
        self.by_path = {one.path: Member(one) for one in (*case.components.values(), *gauges)}
        groups: dict[tuple[Any, ...], list[Member]] = {}
        for member in self.by_path.values():
            groups.setdefault(self._shape(member.instance), []).append(member)
        self.groups = list(groups.values())
        for group in self.groups:
            for member in group:
                self._allocate(member)

    def _shape(self, one: Instance) -> tuple[Any, ...]:
        """Return what makes two instances share their traced equations."""
        links = tuple((name, len(ends), tuple(tuple(sorted(end.numbers)) for end in ends)) for name, ends in one.links.items())
        absent = tuple(name for name, prior in one.numbers.items() if prior is None)
        lengths = tuple(self.case.length(one, v.many) for v in one.type.variables.values())
        far = tuple(self._absent_at(end) for ends in one.links.values() for end in ends)
        entries = tuple((name, len(rows)) for name, rows in one.entries.items())
        options = tuple((k, v) for k, v in one.options.items() if k != "unit")
        return one.type.section, options, links, absent, lengths, far, entries

    def _absent_at(self, end: Target) -> tuple[str, ...]:
        """Return the optional numbers that the far end of a link lacks, for equations may read them."""
        return tuple(name for name, prior in self.by_path[end.path].instance.numbers.items() if prior is None)

    # ------------------------------------------------------------------ slots

    def _allocate(self, member: Member) -> None:
        one = member.instance
        for name, prior in one.numbers.items():
            if prior is not None:
                member.slots[name] = self._number(prior)
                self._name(f"{one.path}.{name}", "number", member.slots[name])
        for name, link in one.type.links.items():
            for key in link.each:
                ends = [end for end in one.links[name] if key in end.numbers]
                member.slots[f"{name}_{key}"] = [self._number(end.numbers[key])[0] for end in ends]
        for name, entries in one.type.entries.items():
            for key in entries.each:
                member.slots[f"{name}_{key}"] = [self._number(row[key])[0] for row in one.entries[name]]
        for name, variable in one.type.variables.items():
            self._variable(member, name, variable)
        for name, resource in one.type.resources.items():
            unit = self.case.unit(one, resource.unit)
            member.slots[f"offer {name}"] = self.program.new((f"{one.path}.{name}", unit))
            if resource.reserve:
                member.slots[f"offer {name}_reserve"] = self.program.new((f"{one.path}.{name}_reserve", unit))

    def _variable(self, member: Member, name: str, variable: Variable) -> None:
        units, path = self._units(member.instance, variable), f"{member.instance.path}.{name}"
        keys = self._keys(member.instance, variable, len(units))
        slots = member.slots[name] = self.program.new(*zip([f"{path}{key}" for key in keys], units, strict=True))
        self._name(path, "flow" if variable.kind == "activity" else variable.kind, slots)
        if variable.kind == "level":
            self.program.levels += slots
            self.program.free.update(slots if variable.role == "record" else ())
        if variable.kind == "activity":
            member.slots[f"want {name}"] = self.program.new(*zip([f"{path}{key}_wanted" for key in keys], units, strict=True))

    def _name(self, path: str, kind: str, slots: list[int]) -> None:
        self.program.variables[path], self.program.kinds[path] = slots, kind

    def _units(self, one: Instance, variable: Variable) -> list[str]:
        """Return the unit of every entry of a variable."""
        ends = one.links.get(variable.many)
        if ends is not None:
            return [self.case.unit(one, variable.unit, end) for end in ends]
        return [self.case.unit(one, variable.unit)] * self.case.length(one, variable.many)

    def _keys(self, one: Instance, variable: Variable, count: int) -> list[str]:
        """Return what tells the entries of a variable apart in its path: as cases write it, the end of the link or a number from 1."""
        if not variable.many:
            return [""] * count
        return [f".{end.key}" for end in one.links.get(variable.many, [])] or [f".{n}" for n in range(1, count + 1)]

    def _number(self, prior: Prior) -> list[int]:
        slot = self.program.new((prior.path, prior.unit))
        self.program.priors.append((slot[0], prior))
        return slot

    def flows_in(self, member: Member, activity: str, entry: int, slot: int) -> None:
        """Read the flow of an activity from another slot: that of its want or limit, when nothing else bounds it."""
        self.program.labels[slot] = self.program.labels[member.slots[activity][entry]]
        member.slots[activity][entry] = slot  # the list is shared with `program.variables`

    def offered(self, resource: tuple[str, str]) -> tuple[int, int | None]:
        """Return the slots of a resource's amount and of its reserve, for (path, port)."""
        slots = self.by_path[resource[0]].slots
        reserve = slots.get(f"offer {resource[1]}_reserve")
        return slots[f"offer {resource[1]}"][0], reserve[0] if reserve else None

    # ------------------------------------------------------------------ names

    def argument(self, member: Member, name: str, phase: str) -> Argument:
        """Return what an argument name of an equation stands for, as the contract in `component.py` says."""
        one, kind = member.instance, member.instance.type
        if name in ("t", "dt"):
            return Argument("one", [T if name == "t" else DT])
        if name in kind.options:
            return Argument("fixed", [], one.options[name])
        if name in kind.parameters:
            if one.numbers[name] is None:
                return Argument("fixed", [], None)
            levered = member.slots.get(f"lever {name}")
            return Argument("one", levered if levered and phase in PHASES else member.slots[name])
        if name in kind.variables:
            return Argument("many" if kind.variables[name].many else "one", member.slots[name])
        if name in kind.links:
            self._own_only(member, name, phase, [end.variable for end in one.links[name]], one.links[name])
            return _linked(kind.links[name], [self.by_path[end.path].slots[end.variable][end.index] for end in one.links[name]])
        if name in member.slots:
            return Argument("many", member.slots[name])
        if name.endswith("_in"):
            return Argument("one", member.slots[f"inlet {name.removesuffix('_in')}"])
        if name.endswith(("_left", "_taken")):
            resource = kind.resources[name.rpartition("_")[0]]
            if resource.unless and one.links.get(resource.unless):
                return Argument("fixed", [], None)
            return Argument("one", member.slots.setdefault(f"settle {name}", [ZERO]))
        return self._far(member, name, phase)

    def _far(self, member: Member, name: str, phase: str) -> Argument:
        """Return the slots of `LINK_VARIABLE`: a variable or number of the components at the other end of a link."""
        one = member.instance
        for link_name in sorted(one.type.links, key=len, reverse=True):
            if name.startswith(f"{link_name}_"):
                wanted, link = name.removeprefix(f"{link_name}_"), one.type.links[link_name]
                slots = [self.by_path[end.path].slots.get(wanted) for end in one.links[link_name]]
                self._own_only(member, name, phase, [wanted] * len(slots), one.links[link_name])
                if not link.many and (not slots or slots[0] is None):
                    return Argument("fixed", [], None)
                return _linked(link, [found[0] for found in slots if found])
        raise TypeError(f"{one.type.section}: nothing is called {name!r}")

    def _own_only(self, member: Member, name: str, phase: str, wanted: list[str], ends: list[Target]) -> None:
        """Refuse a `move` that reads what others compute: their levels may have moved already."""
        if phase != "move":
            return
        for variable, end in zip(wanted, ends, strict=True):
            found = self.by_path[end.path].instance.type.variables.get(variable)
            if found is not None and found.kind != "constant":
                raise TypeError(f"{member.instance.type.section}.move reads {name!r}, which is not its own")

    def result(self, member: Member, name: str, count: int, phase: str) -> list[int]:
        """Return the slots that a result of an equation is written to. Raises TypeError when their number is not what was declared."""
        kind = member.instance.type
        if phase == "move" and kind.variables[name].kind != "level":
            raise TypeError(f"{kind.section}.move returns {name!r}, which is no level; flows are known by `deliver`")
        if phase == "want" and name in kind.activities:
            slots = member.slots[f"want {name}"]
        elif name in kind.resources or name.removesuffix("_reserve") in kind.resources:
            slots = member.slots[f"offer {name}"]
        else:
            slots = member.slots[name]
        if len(slots) != count:
            raise TypeError(f"{kind.section}.{phase}: {name} has {count} entries, {len(slots)} are declared")
        return slots


def _linked(link: Link, slots: list[int]) -> Argument:
    if link.many:
        return Argument("many", slots)
    return Argument("one", slots) if slots else Argument("fixed", [], None)
