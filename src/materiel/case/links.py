"""References between components: who is meant by `shell-152`, `russia.shell-152` or `north.lines.shell.made`."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

from materiel.case.model import Instance, Target
from materiel.case.reading import Key, Text
from materiel.component import Link
from materiel.errors import Problem, nearest

TURNS = range(4)
"""The order in which the links of all components are resolved: see `_turn`."""


@dataclass
class Resolver:
    """Finds the components that references of one case point to; problems gather in `text.problems`."""

    text: Text
    components: dict[str, Instance]

    def __post_init__(self) -> None:
        """Sort the components by name, which is how every reference to one ends."""
        self.named: dict[str, list[Instance]] = {}
        for one in self.components.values():
            self.named.setdefault(one.name, []).append(one)

    def resolve(self, instance: Instance, entry: dict[str, Any], now: int) -> None:
        """Fill the links of one component whose turn (one of TURNS) is now from its entry in the data."""
        for name, link in instance.type.links.items():
            if _turn(name, link) != now:
                continue
            at = (*instance.raw, name)
            if link.many:
                instance.links[name] = [
                    found
                    for key in cast("dict[str, Any]", entry.get(name, {}))
                    if (found := self.target(instance, name, key, (*at, key), key=True)) is not None
                ]
            elif entry.get(name):
                found = self.target(instance, name, str(entry[name]), at)
                instance.links[name] = [found] if found else []
            elif link.same_item and not link.optional:
                instance.links[name] = self._own(instance, name, link)
            else:
                instance.links[name] = []

    def target(self, instance: Instance, name: str, reference: str, at: Key, *, key: bool = False) -> Target | None:
        """Return the far end of one reference of the link `name`, or None after noting a problem."""
        link = instance.type.links[name]
        if link.variable:
            return self.variable(instance, reference, at, key=key)
        found = self._matching(instance, reference, lambda one: self._fits(one, link))
        if not found and link.draws:
            found = [one for one in self._by_item(instance, reference) if self._fits(one, link)]
        if len(found) == 1:
            return Target(found[0].path, key=reference)
        place = self.text.place(at, key=key)
        if found:
            paths = ", ".join(one.path for one in found)
            self.text.problems.append(Problem(place, f"{reference!r} could be any of {paths}", "a longer path"))
            return None
        fitting = [one for one in self.components.values() if self._fits(one, link)]
        paths = sorted(one.path for one in fitting)
        near = nearest(reference, [one.name for one in fitting]) or nearest(reference, paths)
        unfit = self._matching(instance, reference)
        what = f"{name}: {unfit[0].path} does not fit" if unfit else f"{name}: {reference!r} is unknown"
        self.text.problems.append(Problem(place, what, ", ".join(paths[:12]) or "nothing that fits is declared", near))
        return None

    def variable(self, instance: Instance | None, reference: str, at: Key, *, key: bool = False) -> Target | None:
        """Return the variable or lever that a dotted path names: COMPONENT.VARIABLE or COMPONENT.VARIABLE.ENTRY."""
        parts = reference.split(".")
        for cut in (len(parts) - 1, len(parts) - 2):
            if cut < 1:
                continue
            found = self._matching(instance, ".".join(parts[:cut]))
            for one in found:
                made = self._variable_of(one, parts[cut:], reference)
                if made is not None:
                    return made
        place = self.text.place(at, key=key)
        paths = [path for one in self.components.values() for name in _readable(one) for path in self._entries(one, name)]
        near = nearest(reference, paths) or nearest(reference, [path.split(".", 1)[1] for path in paths if "." in path])
        self.text.problems.append(Problem(place, f"unknown variable {reference!r}", "actor.section.name.variable", near))
        return None

    def _entries(self, one: Instance, name: str) -> list[str]:
        """Return the paths by which a variable can be read: several if it has several entries."""
        variable = one.type.variables.get(name)
        path = f"{one.path}.{name}"
        if variable is None or not variable.many:
            return [path]
        keys = [target.key for target in one.links.get(variable.many, [])]
        return [f"{path}.{key}" for key in keys or range(1, self._length(one, variable.many) + 1)]

    def _variable_of(self, one: Instance, rest: list[str], reference: str) -> Target | None:
        name = rest[0]
        if name in one.type.parameters:
            return Target(one.path, name, key=reference) if len(rest) == 1 else None
        variable = one.type.variables.get(name)
        if variable is None:
            return None
        if not variable.many:
            return Target(one.path, name, key=reference) if len(rest) == 1 else None
        if len(rest) == 1:
            return None
        keys = [target.key for target in one.links.get(variable.many, [])]
        if rest[1] in keys:
            return Target(one.path, name, keys.index(rest[1]), key=reference)
        if re.fullmatch("[1-9]", rest[1]) and int(rest[1]) <= self._length(one, variable.many):
            return Target(one.path, name, int(rest[1]) - 1, key=reference)
        return None

    def _length(self, one: Instance, many: str) -> int:
        """Return how many entries a variable has, as far as its links are known."""
        if many.isdigit():
            return int(many)
        link, _, option = many.partition(".")
        ends = one.links.get(link, [])
        if option:
            return int(self.components[ends[0].path].options[option]) if ends else 0
        return int(one.options[many]) if many in one.options else len(ends)

    def _matching(self, instance: Instance | None, reference: str, fits: Callable[[Instance], bool] = lambda _: True) -> list[Instance]:
        """Return components that fit and whose path ends in the reference; the own actor's come before the case's, before others'."""
        among = [one for one in self.named.get(reference.rpartition(".")[2], ()) if fits(one)]
        exact = [one for one in among if one.path == reference]
        if exact:
            return exact
        own = instance.actor if instance else ""
        parts = reference.split(".")
        ranked: dict[int, list[Instance]] = {}
        for one in among:
            rank = _rank(one, parts, own)
            if rank is not None:
                ranked.setdefault(rank, []).append(one)
        return ranked[min(ranked)] if ranked else []

    def _by_item(self, instance: Instance, item: str) -> list[Instance]:
        return [
            one
            for one in self.components.values()
            if one.actor == instance.actor and one.links.get("item") and self.components[one.links["item"][0].path].name == item
        ]

    def _fits(self, one: Instance, link: Link) -> bool:
        """Say whether a component has the ports that a link needs; a resource that another link closes does not count."""
        if link.draws:
            resource = one.type.resources.get(link.draws)
            if resource is None or (resource.unless and self.text.has((*one.raw, resource.unless))):
                return False
        if any(port not in one.type.inlets for _, port in link.sends):
            return False
        return not link.reads or link.reads in one.type.variables or link.reads in one.type.parameters

    def _own(self, instance: Instance, name: str, link: Link) -> list[Target]:
        item = instance.links.get("item")
        if not item:
            return []
        wanted = self.components[item[0].path].name
        found = [one for one in self._by_item(instance, wanted) if self._fits(one, link) and one is not instance]
        if len(found) == 1:
            return [Target(found[0].path, key=wanted)]
        place = self.text.place(instance.raw, key=True)
        have = ", ".join(one.path for one in found) or "none"
        what = f"{instance.path}: {name} is not said, and {instance.actor} has {len(found)} components of {wanted!r} that could be meant"
        self.text.problems.append(Problem(place, what, f"`{name}: ...`, one of: {have}"))
        return []


def _turn(name: str, link: Link) -> int:
    """Return when a link is resolved.

    The item comes first, for it helps to find what the others mean. What a supply fills comes before what others draw, for a supply that fills a store
    is closed to them. Links to variables come last, for other links say how many entries a variable has.
    """
    return 0 if name == "item" else 3 if link.variable else 2 if link.draws else 1


def _rank(one: Instance, parts: list[str], own: str) -> int | None:
    full = one.path.split(".")
    if full[-len(parts) :] != parts and not (len(parts) == 2 and full[0] == parts[0] and one.name == parts[1]):
        return None
    if len(parts) == 2 and full[0] == parts[0] and one.name == parts[1]:
        return 0
    if one.actor == own:
        return 0
    return 1 if not one.actor else (2 if len(parts) > 2 else None)


def _readable(one: Instance) -> list[str]:
    return [*one.type.variables, *(name for name, p in one.type.parameters.items() if p.lever)]
