"""Parts: a network that does not fit the first cache is cut into parts of which each does.

Knots that wait for one another, within a period or from one to the next, stay together. What is left has no circle, so that one part can run some periods ahead
of the next, which reads what was handed over in each. A network that would need many parts is left whole: it has many instances, which share their code.
"""

from __future__ import annotations

from collections.abc import Sequence

from materiel.engine.knots import Knot, copying
from materiel.engine.knowledge import Knowledge

FITTING = 400
"""Rows of a part, each a register of draws: levels and numbers of each draw, which with what lives within a period fill the first cache."""

MOST = 4
"""Most parts: each has code of its own."""


def cut(whole: list[Knot], known: Knowledge, roots: Sequence[int]) -> tuple[list[list[Knot]], set[int]]:
    """Return the knots part by part, in the order of the program, and the slots that are handed over."""
    held = {slot for knot in whole for slot in (*knot.needs, *(slot for _, slot in knot.made)) if slot in known.levels}
    if len(held) > MOST * FITTING:
        return [whole], set()
    part = _part(whole, known)
    count = max(part, default=0) + 1
    if not 1 < count <= MOST:
        return [whole], set()
    return _hand_over(whole, part, known, {*known.levels, *roots})


def _part(whole: list[Knot], known: Knowledge) -> list[int]:
    """Return the part of every knot: circles one after the other, while they fit."""
    part = [0] * len(whole)
    here, number = set[tuple[str, int]](), 0
    for circle in _circles(_readers(whole)):
        rows = set[tuple[str, int]]().union(*(_rows(whole[i], known) for i in circle))
        if here and len(here | rows) > FITTING:
            here, number = set[tuple[str, int]](), number + 1
        here |= rows
        for i in circle:
            part[i] = number
    return part


def _rows(knot: Knot, known: Knowledge) -> set[tuple[str, int]]:
    """Return what a knot touches that has a row for good: levels, and numbers of each draw that are known before a run."""
    levels = {("level", slot) for slot in (*knot.needs, *(slot for _, slot in knot.made)) if slot in known.levels}
    hoisted = known.hoist(knot.formulas, knot.slots, knot.nodes[1])
    return levels | {("number", n) for n in hoisted if not known.graph.nodes[n].fact.uniform}


def _readers(whole: list[Knot]) -> list[list[int]]:
    """Return of every knot which read what it makes, in this period or the next."""
    writer = {slot: i for i, knot in enumerate(whole) for _, slot in knot.made}
    made: list[set[int]] = [set() for _ in whole]
    for i, knot in enumerate(whole):
        for slot in knot.needs:
            if writer.get(slot, i) != i:
                made[writer[slot]].add(i)
    return [sorted(readers) for readers in made]


def _circles(after: list[list[int]]) -> list[list[int]]:
    """Return the strongly connected components of a graph, each before those that come after it (Tarjan 1972, without recursion)."""
    index: dict[int, int] = {}
    low: dict[int, int] = {}
    path: list[int] = []
    inside: set[int] = set()
    found: list[list[int]] = []
    for root in range(len(after)):
        waiting = [] if root in index else [(root, iter(after[root]))]
        while waiting:
            v, following = waiting[-1]
            if v not in index:
                index[v] = low[v] = len(index)
                path.append(v)
                inside.add(v)
            w = next((w for w in following if w not in index), None)
            if w is not None:
                waiting.append((w, iter(after[w])))
                continue
            waiting.pop()
            low[v] = min([low[v], *(low[w] for w in after[v] if w in inside)])
            if low[v] == index[v]:
                circle = [path.pop()]
                while circle[-1] != v:
                    circle.append(path.pop())
                inside.difference_update(circle)
                found.append(sorted(circle))
    return found[::-1]


def _hand_over(whole: list[Knot], part: list[int], known: Knowledge, stay: set[int]) -> tuple[list[list[Knot]], set[int]]:
    """Let knots read what earlier parts make where it was handed over: from a slot beyond the program's, where the slot itself must stay in its place."""
    writer = {slot: i for i, knot in enumerate(whole) for _, slot in knot.made}
    parts: list[list[Knot]] = [[] for _ in range(max(part) + 1)]
    for i, knot in enumerate(whole):
        parts[part[i]].append(knot)
    handed: dict[int, int] = {}
    for i, knot in enumerate(whole):
        for slot in knot.needs:
            if part[writer.get(slot, i)] == part[i]:
                continue
            if slot not in handed:
                handed[slot] = known.program.size + len(handed) if slot in stay else slot
                if slot in stay:
                    maker = parts[part[writer[slot]]]
                    maker.insert(0 if slot in known.levels else len(maker), copying(slot, handed[slot]))  # a level as it is before it moves
        knot.slots = [handed.get(slot, slot) if part[writer.get(slot, i)] != part[i] else slot for slot in knot.slots]
    return parts, set(handed.values())
