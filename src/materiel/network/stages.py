"""The functions of stages: equations of components and of the network, taken from named to flat arguments."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np

from materiel import allocation
from materiel.component import Type
from materiel.equations import total


@dataclass(frozen=True)
class Argument:
    """One argument of an equation: a single slot, several, or a value fixed by the shape."""

    kind: str
    slots: list[int]
    value: Any = None


def adapter(equation: Callable[..., Any], names: list[str], plan: list[Argument]) -> Callable[..., dict[str, Any]]:
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


def outputs(call: Callable[..., dict[str, Any]], count: int, kind: Type, path: str, phase: str) -> list[tuple[str, int]]:
    """Return the names an equation returns, in order, each with its number of entries."""
    with np.errstate(all="ignore"):
        returned = call(*([np.float64(1.0)] * count))
    known = {*kind.variables, *kind.resources, *(f"{name}_reserve" for name, r in kind.resources.items() if r.reserve)}
    for name in returned:
        if name not in known:
            raise TypeError(f"{kind.section}.{phase} of {path} returns {name!r}, which is not declared")
    return [(name, len(cast("list[Any]", value)) if isinstance(value, list) else 1) for name, value in returned.items()]


def flatten(call: Callable[..., dict[str, Any]], names: list[str]) -> Callable[..., list[Any]]:
    """Return the equation as a function of flat values to a flat list of results, in the order of `names`."""

    def flat(*values: Any) -> list[Any]:
        returned = call(*values)
        made: list[Any] = []
        for name in names:
            value = returned[name]
            made += cast("list[Any]", value) if isinstance(value, list) else [value]
        return made

    return flat


def inverse(value: Any) -> list[Any]:
    """Return one over a value."""
    return [1.0 / value]


def add_up(*values: Any) -> list[Any]:
    """Return the sum of values in their order."""
    return [total(values[1:], values[0])]


def lever_function(shape: tuple[int, float | None]) -> Callable[..., list[Any]]:
    """Return the stage that moves a lever; `shape` is its number of settings (any number of factors follow) and its upper bound."""
    settings, at_most = shape

    def function(value: Any, *rest: Any) -> list[Any]:
        pairs = list(zip(rest[0::2], rest[1::2], strict=True))
        moved = pairs[settings:]
        return [allocation.levered(value, [force for force, _ in moved], [factor for _, factor in moved], pairs[:settings], at_most)]

    return function


def limit_function(shape: tuple[tuple[bool, bool], ...]) -> Callable[..., list[Any]]:
    """Return the stage that limits a want; `shape` says of each claim whether it spares a reserve and has a coefficient."""

    def function(want: Any, *rest: Any) -> list[Any]:
        values = iter(rest)
        available, reserves, each = list[Any](), list[Any](), list[Any]()
        for reserved, weighted in shape:
            available.append(next(values))
            reserves.append(next(values) if reserved else None)
            each.append(next(values) if weighted else None)
        return [allocation.limited(want, available, reserves, each)]

    return function


def grant_function(shape: tuple[Any, ...]) -> Callable[..., list[Any]]:
    """Return the stage that grants a resource; `shape` says whether it has a reserve, then (priority, spares it, coefficient, urgent share) by claim."""
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


def flow_function(shape: tuple[bool, ...]) -> Callable[..., list[Any]]:
    """Return the stage that lets the least grant flow; `shape` says which grants have a coefficient."""

    def function(limit: Any, *rest: Any) -> list[Any]:
        values = iter(rest)
        grants, each = list[Any](), list[Any]()
        for weighted in shape:
            grants.append(next(values))
            each.append(next(values) if weighted else None)
        return [allocation.flowing(limit, grants, each)]

    return function


def settle_function(shape: tuple[bool, ...]) -> Callable[..., list[Any]]:
    """Return the stage that runs a resource down; `shape` says which takes have a coefficient."""

    def function(available: Any, *rest: Any) -> list[Any]:
        values = iter(rest)
        takes = [allocation.needed(next(values), next(values) if weighted else None) for weighted in shape]
        return list(allocation.settled(available, takes))

    return function
