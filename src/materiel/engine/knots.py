"""Knots: what a step computes, instance by instance of every stage, and which of them wait for which."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from materiel.engine.folding import Fact, Graph
from materiel.engine.knowledge import Formulas, Knowledge


@dataclass(eq=False)
class Knot:
    """An instance of a stage: its formulas, the slots of its operands, results that something needs by position and slot, and what comes after it."""

    formulas: Formulas
    form: int
    slots: list[int]
    made: list[tuple[int, int]]
    after: set[int] = field(default_factory=set[int])

    @property
    def nodes(self) -> tuple[list[int], list[int]]:
        """Return the nodes that a step must compute or read, and those known before that it uses."""
        return self.formulas.needs(tuple(k for k, _ in self.made))

    @property
    def needs(self) -> list[int]:
        """Return the slots that it reads in a step."""
        nodes = self.formulas.graph.nodes
        return [self.slots[nodes[n].key] for n in self.nodes[0] if nodes[n].op == "operand"]


def knots(known: Knowledge, roots: Sequence[int]) -> list[Knot]:
    """Return the knots that the roots need, in the order of the program."""
    pinned = set(roots)
    needed = pinned | {known.copy.get(slot, slot) for slot in roots}
    numbers: dict[Formulas, int] = {}
    found: list[Knot] = []
    size = -1
    while size < len(needed):  # levels are needed before they are moved, so that one look is not enough
        size, found = len(needed), []
        for stage in reversed(known.program.step):
            for (slots, formulas), results in zip(reversed(known.instances[stage]), stage.results[::-1].tolist(), strict=True):
                made = [(k, slot) for k, slot in enumerate(results) if slot in needed and _computed(known, slot, k, slots, formulas, pinned)]
                if made:
                    found.append(Knot(formulas, numbers.setdefault(formulas, len(numbers)), list(slots), made))
                    needed.update(found[-1].needs)
    found.reverse()
    return found


def _computed(known: Knowledge, slot: int, k: int, slots: list[int], formulas: Formulas, pinned: set[int]) -> bool:
    """Say whether a step must compute a result: not what is known before, nor a copy that is read where it stands, nor a level that stays."""
    node = formulas.graph.nodes[formulas.results[k]]
    if slot in known.levels:
        return not (node.op == "operand" and slots[node.key] == slot)
    return slot not in known.node and (slot not in known.copy or slot in pinned)


def copying(slot: int, to: int) -> Knot:
    """Return the knot that copies a slot to another."""
    graph = Graph()
    return Knot(Formulas(graph, [graph.operand(0, Fact(timed=True))]), -1, [slot], [(0, to)])


def link(together: Sequence[Knot], known: Knowledge) -> None:
    """Fill in what comes after each of some knots, which are in the order of the program."""
    writer = {slot: i for i, knot in enumerate(together) for _, slot in knot.made}
    for i, knot in enumerate(together):
        for slot in knot.needs:
            if writer.get(slot, i) == i:
                continue
            if slot in known.levels:
                knot.after.add(writer[slot])  # whoever reads a level comes before it is moved
            else:
                together[writer[slot]].after.add(i)
