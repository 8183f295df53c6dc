"""What passes from one component to another, counted: running totals of every flow of materiel, so that what passed between any two days is a difference."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from materiel.case.model import Case
from materiel.network.build import assembled
from materiel.network.members import Member, Members
from materiel.network.program import Program, Stage, table
from materiel.network.sharing import coefficient


@dataclass(frozen=True)
class Passing:
    """What passes from one component to another, by their paths: which of them is the `store` of it, of which item (its path), in which unit, and the slot of all that has passed so far."""

    leaves: str
    enters: str
    store: str
    item: str
    unit: str
    total: int


@dataclass(frozen=True)
class Counted:
    """A program that counts what passes: what does, and, by component, the slots of the levels of its own item: what it `holds`, and what it has `lost` so far."""

    program: Program
    passing: list[Passing]
    holds: dict[str, list[int]] = field(default_factory=dict[str, list[int]])
    lost: dict[str, list[int]] = field(default_factory=dict[str, list[int]])


@dataclass(frozen=True)
class _Taken:
    """A flow per period, by its slot, and the slot of what one unit of it takes of what passes (None for one); `store` is the end that says which item it is."""

    leaves: str
    enters: str
    store: str
    flow: int
    each: int | None


def counted(case: Case) -> Counted:
    """Return the program of a case, without questions, that counts what passes from component to component; claims on capacity, credit and the like carry nothing."""
    members = assembled(case)
    program, passing = members.program, list[Passing]()
    rows: dict[bool, tuple[list[list[int]], list[list[int]]]] = {}
    for one in _taken(members):
        store = case.components[one.store]
        unit = case.item_unit(store)
        (total,) = program.new((f"{one.leaves}.to.{one.enters}.total", unit))
        arguments, results = rows.setdefault(one.each is not None, ([], []))
        arguments.append([total, one.flow] if one.each is None else [total, one.flow, one.each])
        results.append([total])
        passing.append(Passing(one.leaves, one.enters, one.store, store.links["item"][0].path, unit, total))
    for whole, (arguments, results) in rows.items():
        program.step.append(Stage("move", f"totals ({len(arguments)})", _add_each if whole else _add, table(arguments), table(results), levels=True))
    totals = [one.total for one in passing]
    program.levels += totals
    program.free.update(totals)
    paths = dict.fromkeys(path for one in passing for path in (one.leaves, one.enters))
    return Counted(program, passing, *({path: _own(members.by_path[path], role) for path in paths} for role in ("holds", "sink")))


def _taken(members: Members) -> Iterator[_Taken]:
    """Yield what is drawn from the stock of others, and what is sent to them as goods."""
    for path, member in members.by_path.items():
        one = member.instance
        for name, link in one.type.links.items():
            for i, end in enumerate(one.drawn(name) if link.draws == "stock" else []):
                entry = i if one.type.variables[link.by].many == name else 0
                yield _Taken(end.path, path, end.path, member.slots[link.by][entry], coefficient(members, member, name, link, i))
            for i, end in enumerate(one.links[name]):
                for flow, port in link.sends:
                    if port == "goods":
                        yield _Taken(path, end.path, end.path, member.slots[flow][i if one.type.variables[flow].many == name else 0], None)


def _own(member: Member, role: str) -> list[int]:
    """Return the slots of the levels of a component's own item in a role."""
    variables = member.instance.type.variables
    return [slot for name, one in variables.items() if one.kind == "level" and one.role == role and not one.of for slot in member.slots[name]]


def _add(total: Any, flow: Any) -> list[Any]:
    """Add what passes in a period."""
    return [total + flow]


def _add_each(total: Any, flow: Any, each: Any) -> list[Any]:
    """Add what passes in a period, where one unit of an activity takes more or less than one."""
    return [total + flow * each]
