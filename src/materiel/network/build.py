"""The order of a step: the stages of components and of the network, one after the other."""

from __future__ import annotations

import functools
import graphlib
import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from materiel.case.model import Case, Instance
from materiel.component import ONCE
from materiel.errors import RunError
from materiel.evidence.pooling import Prior
from materiel.network import sharing, stages
from materiel.network.members import Members
from materiel.network.program import Account, Program, Stage, table


def build(case: Case, gauges: Sequence[Instance] = ()) -> Program:
    """Return the program of a case, with the gauges that questions add."""
    return assembled(case, gauges).program


def assembled(case: Case, gauges: Sequence[Instance] = ()) -> Members:
    """Return the instances of a case, with the gauges that questions add, on their way into a program that is whole."""
    program = Program()
    members = Members(case, gauges, program)
    for phase in ONCE:
        _add_equations(members, phase, program.once)
    _add_equations(members, "signal", program.step)
    sharing.add_levers(members)
    _add_equations(members, "offer", program.step)
    _add_equations(members, "want", program.step)
    sharing.add_allocation(members)
    _add_equations(members, "deliver", program.step)
    sharing.add_inlets(members)
    _add_equations(members, "observe", program.step)
    _add_equations(members, "move", program.step)
    program.laws = _laws(members)
    return members


def renumbered(program: Program, before: Sequence[Instance], after: Sequence[Instance]) -> Program | None:
    """Return what `build` gives for instances that differ in numbers only from those that a program was built of; None where they differ in more."""
    pairs = list(zip(before, after, strict=False))
    if len(before) != len(after) or not all(_shape(one) == _shape(other) for one, other in pairs if not _same(one, other)):
        return None
    numbers = {id(old): new for one, other in pairs for old, new in zip(one.priors(), other.priors(), strict=True)}
    return replace(program, priors=[(slot, numbers[id(prior)]) for slot, prior in program.priors])


def _same(one: Instance, other: Instance) -> bool:
    """Say whether two instances are made of the same parts."""
    return (
        one.path == other.path and one.options == other.options and one.links is other.links and one.numbers is other.numbers and one.entries is other.entries
    )


def _shape(one: Instance) -> tuple[object, ...]:
    """Return all of an instance that a program depends on, but for its numbers."""
    links = {name: [(end.path, end.variable, end.index, end.key, _named(end.numbers)) for end in ends] for name, ends in one.links.items()}
    entries = {name: [_named(row) for row in rows] for name, rows in one.entries.items()}
    return one.path, one.type, one.options, links, entries, _named(one.numbers), sharing.never_urgent(one)


def _named(numbers: Mapping[str, Prior | None]) -> list[tuple[str, ...]]:
    """Return the names of numbers, with the paths and units of those that are there."""
    return [(name, prior.path, prior.unit) if prior else (name,) for name, prior in numbers.items()]


def _add_equations(members: Members, phase: str, to: list[Stage]) -> None:
    """Add one stage per group of instances whose type has an equation for a phase, each after those of the phase that it reads."""
    made: list[Stage] = []
    for group in members.groups:
        kind = group[0].instance.type
        equation = kind.equations.get(phase)
        if equation is None:
            continue
        names = list(_names(equation))
        plans = [[members.argument(member, name, phase) for name in names] for member in group]
        call = stages.adapter(equation, names, plans[0])
        arguments = [[slot for argument in plan for slot in argument.slots] for plan in plans]
        outputs = stages.outputs(call, len(arguments[0]), kind, group[0].instance.path, phase)
        results = [[slot for name, count in outputs for slot in members.result(member, name, count, phase)] for member in group]
        function = stages.flatten(call, [name for name, _ in outputs])
        made.append(Stage(phase, f"{kind.section} ({len(group)})", function, table(arguments), table(results), phase in ("move", "start")))
    to += made if phase in ("start", "move") else _in_order(made)


@functools.lru_cache(maxsize=1024)
def _names(equation: Callable[..., Any]) -> tuple[str, ...]:
    """Return the names of the arguments of an equation, which many groups of instances share."""
    return tuple(inspect.signature(equation).parameters)


def _in_order(stages_of_phase: list[Stage]) -> list[Stage]:
    """Return the stages of a phase so that each comes after what it reads. Raises RunError when they read each other."""
    writer = {int(slot): i for i, stage in enumerate(stages_of_phase) for slot in stage.results.ravel()}
    reads = {i: {writer[int(slot)] for slot in stage.arguments.ravel() if int(slot) in writer} for i, stage in enumerate(stages_of_phase)}
    try:
        return [stages_of_phase[i] for i in graphlib.TopologicalSorter(reads).static_order()]
    except graphlib.CycleError as error:
        names = " and ".join(dict.fromkeys(stages_of_phase[int(i)].title for i in error.args[1]))
        raise RunError(f"{names} read each other within one period") from None


def _laws(members: Members) -> list[Account]:
    """Return the terms of the laws: every level that holds, brings in or takes out something of an item or account."""
    made: list[Account] = []
    for path, member in members.by_path.items():
        for name, variable in member.instance.type.variables.items():
            if variable.role in ("holds", "source", "sink"):
                keys = _keys(members, member.instance, variable.of, len(member.slots[name]), path)
                made += [Account(key, variable.role, slot) for slot, key in zip(member.slots[name], keys, strict=True) if key]
    return made


def _keys(members: Members, one: Instance, of: tuple[str, ...], count: int, path: str) -> list[str]:
    """Return, entry by entry, the item or account that a level of the ledger is about; empty where the link is absent."""
    if not of:
        return [_item(one)] * count
    for name in of:
        if name in one.type.inlets:
            return [f"{path}.{name}"] * count
        ends = one.links.get(name, [])
        if not ends:
            continue
        port = one.type.links[name].sends
        of_account = bool(port) and port[0][1] != "goods"
        keys = [f"{end.path}.{port[0][1]}" if of_account else _item(members.by_path[end.path].instance) for end in ends]
        return keys if len(keys) == count else keys * count
    return [""] * count


def _item(one: Instance) -> str:
    item = one.links.get("item")
    return item[0].path if item else ""
