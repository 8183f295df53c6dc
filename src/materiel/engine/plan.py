"""The plan of a step: what is computed, in which order, and where every number lies; all that a code generator needs.

What all draws share, and what does not change in a run, is known before the run and worked out once, outside of the step. The rest is planned so: a stage serves
many instances; an instance of a stage is a knot. Knots that only feed one another become a cell, whose values need no memory between them. Cells of one form
are served by one loop, so that code does not grow with the number of instances. Loops are ordered so that what was just computed is used next. What lives within a
period only takes the place of what is no longer needed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from materiel.engine.folding import OPERATIONS, Fact, Graph
from materiel.engine.knowledge import Formulas, Knowledge
from materiel.network import Program, T

Array = npt.NDArray[np.float64]

Area = Literal["draws", "shared", "clock"]
"""Where a number lies: one for each draw, one that all draws share, or one that they share in each period."""

LARGEST = 120
"""Most operations of a cell: more would not fit the registers."""


@dataclass(frozen=True)
class Column:
    """Where one operand or result of a loop lies, cell by cell."""

    area: Area
    places: npt.NDArray[np.int64]


@dataclass(frozen=True)
class Store:
    """A node of a loop's graph that is written to memory; a `bound` level must not be negative."""

    node: int
    column: Column
    bound: bool


@dataclass(frozen=True)
class Loop:
    """Cells of one form: a graph whose operands are keyed by their position in `operands`, and what of it is stored."""

    graph: Graph
    operands: list[Column]
    stores: list[Store]
    count: int


@dataclass
class Plan:
    """What a step does, and where everything lies.

    `levels` are the slots of the first rows of the area `draws`, to be filled from memory; nodes of the graph `known` fill the next rows, the areas `shared` and `clock`. `size`
    is the number of rows of `draws`. `places` says where a slot that was asked for can be read after a period. `given` are facts that the memory of a run must keep to, by slot.
    """

    loops: list[Loop]
    levels: list[int]
    known: Graph
    nodes: dict[Area, list[int]]
    size: int
    places: dict[int, tuple[Area, int]]
    given: dict[int, Fact]

    def work_out(self, memory: Array, times: Array) -> dict[Area, Array]:
        """Return the numbers known before a run, from a prepared memory (slots, draws) and the starts of periods (periods,), in days.

        Shapes are (rows, draws), (numbers,) and (periods, numbers). Raises ValueError when the memory is not what was taken for given.
        """
        self._check(memory)
        values: list[Any] = []
        with np.errstate(all="ignore"):
            for node in self.known.nodes:
                if node.op == "literal":
                    values.append(node.fact.number)
                elif node.op == "operand":
                    values.append(times if node.key == T else memory[node.key, :1] if node.fact.uniform else memory[node.key])
                else:
                    values.append(OPERATIONS[node.op](*(values[i] for i in node.args)))
        made: dict[Area, Array] = {}
        shapes: dict[Area, tuple[int, ...]] = {"draws": memory.shape[1:], "shared": (1,), "clock": times.shape}
        for area, shape in shapes.items():
            made[area] = np.empty((len(self.nodes[area]), *shape))
            for row, n in enumerate(self.nodes[area]):
                made[area][row] = values[n]
        return {"draws": made["draws"], "shared": made["shared"][:, 0], "clock": np.ascontiguousarray(made["clock"].T)}

    def _check(self, memory: Array) -> None:
        """Refuse a run whose numbers are not what code was written for, as its first and last draw show."""
        for slot, fact in self.given.items():
            first, last = memory[slot, 0], memory[slot, -1]
            if (fact.uniform and first != last) or fact.number not in (None, first):
                raise ValueError(f"slot {slot} holds {first} and {last}; its kernel was written for {fact}")


def plan(program: Program, roots: Sequence[int], constant: Mapping[int, float | None]) -> Plan:
    """Return the plan by which the slots `roots` can be read after every period.

    `constant` are numbers that all draws share: their value, or None where runs of the same code differ in it.
    """
    known = Knowledge(program, constant)
    knots = _knots(known, roots)
    loops = _in_order(_cells(knots, known, {*program.levels, *roots}))
    return _Layout(known, roots).plan(loops)


# ------------------------------------------------------------------ what is computed


@dataclass(eq=False)
class _Knot:
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


def _knots(known: Knowledge, roots: Sequence[int]) -> list[_Knot]:
    """Return the knots that the roots need, in the order of the program, with what comes after each."""
    pinned = set(roots)
    needed = pinned | {known.copy.get(slot, slot) for slot in roots}
    numbers: dict[Formulas, int] = {}
    knots: list[_Knot] = []
    size = -1
    while size < len(needed):  # levels are needed before they are moved, so that one look is not enough
        size, knots = len(needed), []
        for stage in reversed(known.program.step):
            for row in reversed(range(len(stage.arguments))):
                slots, formulas = known.operands(stage, row)
                made = [
                    (k, slot) for k, slot in enumerate(stage.results[row].tolist()) if slot in needed and _computed(known, slot, k, slots, formulas, pinned)
                ]
                if made:
                    knots.append(_Knot(formulas, numbers.setdefault(formulas, len(numbers)), slots, made))
                    needed.update(knots[-1].needs)
    knots.reverse()
    writer = {slot: i for i, knot in enumerate(knots) for _, slot in knot.made}
    for i, knot in enumerate(knots):
        for slot in knot.needs:
            if writer.get(slot, i) == i:
                continue
            if slot in known.levels:
                knot.after.add(writer[slot])  # whoever reads a level comes before it is moved
            else:
                knots[writer[slot]].after.add(i)
    return knots


def _computed(known: Knowledge, slot: int, k: int, slots: list[int], formulas: Formulas, pinned: set[int]) -> bool:
    """Say whether a step must compute a result: not what is known before, nor a copy that is read where it stands, nor a level that stays."""
    node = formulas.graph.nodes[formulas.results[k]]
    if slot in known.levels:
        return not (node.op == "operand" and slots[node.key] == slot)
    return slot not in known.node and (slot not in known.copy or slot in pinned)


# ------------------------------------------------------------------ cells and their order


class _Operand(NamedTuple):
    """What a step reads: a slot, in the area `draws`, or a node known before in any area, counted down from -1."""

    area: Area
    number: int


def _known_operand(node: int, fact: Fact) -> _Operand:
    return _Operand("draws" if not fact.uniform else "clock" if fact.timed else "shared", -1 - node)


_Wiring = tuple[int, tuple[int | tuple[int, int], ...], tuple[tuple[int, bool, bool], ...]]
"""Of a knot in a cell: its form, where its operands come from, and of each result whether it is stored and whether it is a bound level."""


@dataclass(eq=False)
class _Cell:
    """Knots that feed one another: its form, what it reads from memory and the slots that it writes, in the order of its form, and which cells come after it."""

    knots: list[_Knot]
    form: tuple[tuple[_Wiring, ...], tuple[Area, ...]] = ((), ())
    reads: list[_Operand] = field(default_factory=list[_Operand])
    stores: list[int] = field(default_factory=list[int])
    after: set[int] = field(default_factory=set[int])


def _cells(knots: list[_Knot], known: Knowledge, stay: set[int]) -> list[_Cell]:
    """Return the cells, from the last to the first; `stay` are slots that must be written whoever reads them.

    A knot joins the cell of what comes after it if that is one cell only. So a cell is left by its last knot alone, and no two cells wait for each other.
    """
    owner: list[int] = [0] * len(knots)
    inside: list[list[int]] = []
    sizes: list[int] = []
    for i in reversed(range(len(knots))):
        after, size = {owner[j] for j in knots[i].after}, len(knots[i].nodes[0])
        joined = after.pop() if len(after) == 1 else len(inside)
        if joined == len(inside) or sizes[joined] + size > LARGEST:
            joined = len(inside)
            inside.append([])
            sizes.append(0)
        owner[i] = joined
        inside[joined].append(i)
        sizes[joined] += size
    read_in: dict[int, set[int]] = {}
    for i, knot in enumerate(knots):
        for slot in knot.needs:
            read_in.setdefault(slot, set()).add(owner[i])
    cells: list[_Cell] = []
    for c, members in enumerate(inside):
        cell = _Cell([knots[i] for i in reversed(members)])
        cell.after = {owner[j] for i in members for j in knots[i].after} - {c}
        _fill(cell, known, {slot for knot in cell.knots for _, slot in knot.made if slot in stay or read_in.get(slot, set()) - {c}})
        cells.append(cell)
    return cells


def _fill(cell: _Cell, known: Knowledge, stored: set[int]) -> None:
    """Fill in what a cell reads and writes, and its form: all that its code depends on.

    Of each knot the form says what its operands are (the how manieth that the cell reads, or a result of an earlier knot of it) and what becomes of its results.
    """
    place: dict[_Operand, int] = {}
    inner: dict[int, tuple[int, int]] = {}
    form: list[_Wiring] = []
    for n, knot in enumerate(cell.knots):
        graph, (_, before) = knot.formulas.graph, knot.nodes
        hoisted = zip(before, known.hoist(knot.formulas, knot.slots, before), strict=True)
        operands: list[int | tuple[int, int]] = [place.setdefault(_known_operand(node, graph.nodes[i].fact), len(place)) for i, node in hoisted]
        operands += [inner[slot] if slot in inner else place.setdefault(_Operand("draws", slot), len(place)) for slot in knot.needs]
        inner.update((slot, (n, k)) for k, slot in knot.made if slot not in known.levels)
        form.append((knot.form, tuple(operands), tuple((k, slot in stored, slot in known.bound) for k, slot in knot.made)))
        cell.stores += [slot for _, slot in knot.made if slot in stored]
    cell.form, cell.reads = (tuple(form), tuple(one.area for one in place)), list(place)


def _graph(cell: _Cell) -> tuple[Graph, list[tuple[int, bool]]]:
    """Return the graph of a cell, its operands keyed by their position in what it reads, and the nodes that it stores, each with whether it is a bound level."""
    made, stores = Graph(), list[tuple[int, bool]]()
    results: dict[tuple[int, int], int] = {}
    for n, (knot, (_, wires, becomes)) in enumerate(zip(cell.knots, cell.form[0], strict=True)):
        graph, (step, before) = knot.formulas.graph, knot.nodes
        read = [*before, *(i for i in step if graph.nodes[i].op == "operand")]
        values = {i: made.number(node.fact.number) for i, node in enumerate(graph.nodes) if node.op == "literal" and node.fact.number is not None}
        values |= {i: results[wire] if isinstance(wire, tuple) else made.operand(wire, graph.nodes[i].fact) for i, wire in zip(read, wires, strict=True)}
        for i in step:
            if i not in values:
                values[i] = made.operation(graph.nodes[i].op, *(values[part] for part in graph.nodes[i].args))
        for k, stored, bound in becomes:
            results[n, k] = values[knot.formulas.results[k]]
            stores += [(results[n, k], bound)] if stored else []
    return made, stores


def _in_order(cells: list[_Cell]) -> list[list[_Cell]]:
    """Return the loops in order: cells of one form that do not wait for one another; what has just been computed is used next."""
    groups: dict[tuple[Any, ...], list[int]] = {}
    for c, depth in enumerate(_depths(cells)):
        groups.setdefault((depth, cells[c].form), []).append(c)
    loops = list(groups.values())
    loop_of = {c: n for n, group in enumerate(loops) for c in group}
    after = [sorted({loop_of[d] for c in group for d in cells[c].after}) for group in loops]
    return [[cells[c] for c in reversed(loops[n])] for n in _sorted(after)]


def _depths(cells: list[_Cell]) -> list[int]:
    """Return how many cells at most come one after the other before each."""
    depth = [0] * len(cells)
    for c in _sorted([sorted(cell.after) for cell in cells]):
        for d in cells[c].after:
            depth[d] = max(depth[d], depth[c] + 1)
    return depth


def _sorted(after: list[list[int]]) -> list[int]:
    """Return an order in which each comes before those after it, what has just become free first."""
    waits = [0] * len(after)
    for following in after:
        for n in following:
            waits[n] += 1
    ready, made = [n for n, count in enumerate(waits) if not count], list[int]()
    while ready:
        made.append(ready.pop())
        for n in after[made[-1]]:
            waits[n] -= 1
            if not waits[n]:
                ready.append(n)
    return made


# ------------------------------------------------------------------ where everything lies


class _Layout:
    """Gives everything its place: levels first, then what is known before a run, then what lives within a period."""

    def __init__(self, known: Knowledge, roots: Sequence[int]) -> None:
        self.known, self.roots = known, roots
        self.places: dict[_Operand, int] = {}

    def plan(self, loops: list[list[_Cell]]) -> Plan:
        """Return the plan of loops in order."""
        known = self.known
        asked = {slot: self._asked(slot) for slot in self.roots}
        touched = dict.fromkeys(one for cells in loops for cell in cells for one in (*cell.reads, *(_Operand("draws", slot) for slot in cell.stores)))
        touched |= dict.fromkeys(asked.values())
        moved = [one for one in touched if one.number in known.levels]
        nodes: dict[Area, list[int]] = {"draws": [], "shared": [], "clock": []}
        self.places = {one: n for n, one in enumerate(moved)}
        for one in touched:
            if one.number < 0:
                self.places[one] = len(nodes[one.area]) + (len(moved) if one.area == "draws" else 0)
                nodes[one.area].append(-1 - one.number)
        size = self._passing(loops, set(asked.values()), len(moved) + len(nodes["draws"]))
        places: dict[int, tuple[Area, int]] = {slot: (one.area, self.places[one]) for slot, one in asked.items()}
        return Plan([self._loop(cells) for cells in loops], [one.number for one in moved], known.graph, nodes, size, places, known.given)

    def _asked(self, slot: int) -> _Operand:
        """Return where a slot that is asked for can be read."""
        fact = self.known.of(slot)
        if fact.inner:
            return _Operand("draws", slot)
        return _known_operand(self.known.node[slot] if slot in self.known.node else self.known.graph.number(0.0), fact)

    def _passing(self, loops: list[list[_Cell]], asked: set[_Operand], size: int) -> int:
        """Give places to what lives within a period, and return how many rows there are in all."""
        last = {one: n for n, cells in enumerate(loops) for cell in cells for one in cell.reads}
        last |= dict.fromkeys(asked, len(loops))
        free: list[int] = []
        ending: dict[int, list[int]] = {}
        for n, cells in enumerate(loops):
            for one in (_Operand("draws", slot) for cell in cells for slot in cell.stores if slot not in self.known.levels):
                if not free:
                    free, size = [size], size + 1
                self.places[one] = free.pop()
                ending.setdefault(last[one], []).append(self.places[one])
            free += ending.pop(n, [])
        return size

    def _loop(self, cells: list[_Cell]) -> Loop:
        """Return the loop of cells of one form."""
        graph, nodes = _graph(cells[0])
        reads = [self._column([cell.reads[n] for cell in cells]) for n in range(len(cells[0].reads))]
        stores = [Store(node, self._column([_Operand("draws", cell.stores[n]) for cell in cells]), bound) for n, (node, bound) in enumerate(nodes)]
        return Loop(graph, reads, stores, len(cells))

    def _column(self, operands: Sequence[_Operand]) -> Column:
        return Column(operands[0].area, np.array([self.places[one] for one in operands], dtype=np.int64))
