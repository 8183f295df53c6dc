"""References between components: who is meant by `shell-152`, `russia.shell-152` or `north.lines.shell.made`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

from materiel.case.model import Instance, Target
from materiel.case.reading import Key, Text
from materiel.component import Link
from materiel.errors import Problem, nearest


@dataclass
class Resolver:
    """Finds the components that references of one case point to; problems gather in `text.problems`."""

    text: Text
    components: dict[str, Instance]

    def resolve(self, instance: Instance, entry: dict[str, Any], *, items: bool) -> None:
        """Fill the link to the item of one component from its entry in the data, or, in a second round, all others."""
        for name, link in instance.type.links.items():
            if (name == "item") != items:
                continue
            at = (*instance.raw, name)
            if link.many:
                instance.links[name] = [
                    found
                    for key in cast("dict[str, Any]", entry.get(name, {}))
                    if (found := self.target(instance, link, key, (*at, key), key=True)) is not None
                ]
            elif entry.get(name):
                found = self.target(instance, link, str(entry[name]), at)
                instance.links[name] = [found] if found else []
            elif link.same_item and not link.optional:
                instance.links[name] = self._own(instance, name, link)
            else:
                instance.links[name] = []

    def target(self, instance: Instance, link: Link, reference: str, at: Key, *, key: bool = False) -> Target | None:
        """Return the far end of one reference, or None after noting a problem."""
        if link.variable:
            return self.variable(instance, reference, at, key=key)
        found = self._matching(instance, reference, [one for one in self.components.values() if _fits(one, link)])
        if not found and link.draws:
            found = [one for one in self._by_item(instance, reference) if _fits(one, link)]
        if len(found) == 1:
            return Target(found[0].path, key=reference)
        place = self.text.place(at, key=key)
        if found:
            paths = ", ".join(one.path for one in found)
            self.text.problems.append(Problem(place, f"{reference!r} could be any of {paths}", "a longer path"))
            return None
        names = [one.path for one in self.components.values() if _fits(one, link)]
        short = [one.name for one in self.components.values() if _fits(one, link)]
        near = nearest(reference, short) or nearest(reference, names)
        what = f"unknown {_what(link)} {reference!r}"
        self.text.problems.append(Problem(place, what, ", ".join(sorted(names)[:12]) or "nothing of that kind is declared", near))
        return None

    def variable(self, instance: Instance | None, reference: str, at: Key, *, key: bool = False) -> Target | None:
        """Return the variable or lever that a dotted path names: COMPONENT.VARIABLE or COMPONENT.VARIABLE.ENTRY."""
        parts = reference.split(".")
        for cut in (len(parts) - 1, len(parts) - 2):
            if cut < 1:
                continue
            found = self._matching(instance, ".".join(parts[:cut]), list(self.components.values()))
            for one in found:
                made = self._variable_of(one, parts[cut:], reference)
                if made is not None:
                    return made
        place = self.text.place(at, key=key)
        paths = [f"{one.path}.{name}" for one in self.components.values() for name in _readable(one)]
        near = nearest(reference, paths) or nearest(reference, [path.split(".", 1)[1] for path in paths if "." in path])
        self.text.problems.append(Problem(place, f"unknown variable {reference!r}", "actor.section.name.variable", near))
        return None

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
        if rest[1].isdigit() and 1 <= int(rest[1]) <= 9:
            return Target(one.path, name, int(rest[1]) - 1, key=reference)
        return None

    def _matching(self, instance: Instance | None, reference: str, among: list[Instance]) -> list[Instance]:
        """Return components whose path ends in the reference; the own actor's come before the case's, before others'."""
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

    def _own(self, instance: Instance, name: str, link: Link) -> list[Target]:
        item = instance.links.get("item")
        if not item:
            return []
        wanted = self.components[item[0].path].name
        found = [one for one in self._by_item(instance, wanted) if _fits(one, link) and one is not instance]
        if len(found) == 1:
            return [Target(found[0].path, key=wanted)]
        place = self.text.place(instance.raw, key=True)
        have = ", ".join(one.path for one in found) or "none"
        what = f"{instance.path}: {name} is not said, and {instance.actor} has {len(found)} components of {wanted!r} that could be meant"
        self.text.problems.append(Problem(place, what, f"`{name}: ...`, one of: {have}"))
        return []


def _rank(one: Instance, parts: list[str], own: str) -> int | None:
    full = one.path.split(".")
    if full[-len(parts) :] != parts and not (len(parts) == 2 and full[0] == parts[0] and one.name == parts[1]):
        return None
    if len(parts) == 2 and full[0] == parts[0] and one.name == parts[1]:
        return 0
    if one.actor == own:
        return 0
    return 1 if not one.actor else (2 if len(parts) > 2 else None)


def _fits(one: Instance, link: Link) -> bool:
    if link.draws:
        resource = one.type.resources.get(link.draws)
        if resource is None or (resource.unless and one.links.get(resource.unless)):
            return False
    if any(port not in one.type.inlets for _, port in link.sends):
        return False
    return not link.reads or link.reads in one.type.variables or link.reads in one.type.parameters


def _readable(one: Instance) -> list[str]:
    return [*one.type.variables, *(name for name, p in one.type.parameters.items() if p.lever)]


def _what(link: Link) -> str:
    return {"mass": "item", "begins": "contingency"}.get(link.reads, link.meaning.split(",")[0])
