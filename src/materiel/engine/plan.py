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
from materiel.engine.knots import Knot, knots, link
from materiel.engine.knowledge import Knowledge
from materiel.engine.parts import cut
from materiel.network import Program, T

Array = npt.NDArray[np.float64]

Area = Literal["draws", "register", "handed", "shared", "clock"]
"""Where a number lies: one for each draw, in memory or not; one for each draw and period; one that all draws share; or one that they share in each period."""

UNROLLED = 16
"""Most cells of a form that are written one after the other; between cells so written, values need no memory."""

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
    """Cells of one form, more than a few, or one cell: a graph whose operands are keyed by their position in `operands`, and what of it is stored."""

    graph: Graph
    operands: list[Column]
    stores: list[Store]
    count: int


@dataclass
class Plan:
    """What a step does, and where everything lies.

    `parts` are loops in order; a part can run some periods ahead of the next, to which it hands over `handed` rows in each. `levels` are the slots of the first rows of the area `draws`, to be filled from memory; nodes of the graph `known` fill the next rows, the areas `shared` and `clock`. `size`
    is the number of rows of `draws`. `places` says where a slot that was asked for can be read after a period, `made_in` after which part. `given` are facts that the memory of a run must keep to, by slot.
    """

    parts: list[list[Loop]]
    levels: list[int]
    known: Graph
    nodes: dict[Area, list[int]]
    size: int
    handed: int
    places: dict[int, tuple[Area, int]]
    made_in: dict[int, int]
    given: dict[int, Fact]

    @property
    def loops(self) -> list[Loop]:
        """Return the loops of all parts."""
        return [loop for part in self.parts for loop in part]

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
        slots = list(self.given)
        for slot, first, last in zip(slots, memory[slots, 0].tolist(), memory[slots, -1].tolist(), strict=True):
            fact = self.given[slot]
            if (fact.uniform and first != last) or fact.number not in (None, first):
                raise ValueError(f"slot {slot} holds {first} and {last}; its kernel was written for {fact}")


def plan(program: Program, roots: Sequence[int], constant: Mapping[int, float | None]) -> Plan:
    """Return the plan by which the slots `roots` can be read after every period.

    `constant` are numbers that all draws share: their value, or None where runs of the same code differ in it.
    """
    known = Knowledge(program, constant)
    parts, handed = cut(knots(known, roots), known, roots)
    stay = {*program.levels, *roots, *handed}
    for part in parts:
        link(part, known)
    return _Layout(known, roots, handed).plan([_in_order(_cells(part, known, stay, handed)) for part in parts])


# ------------------------------------------------------------------ cells and their order


class _Operand(NamedTuple):
    """What a step reads: a slot, in the area `draws`, or a node known before in any area, counted down from -1."""

    area: Area
    number: int


def _known_operand(node: int, fact: Fact) -> _Operand:
    return _Operand("draws" if not fact.uniform else "clock" if fact.timed else "shared", -1 - node)


_Wiring = tuple[int, tuple[int | tuple[int, int], ...], tuple[tuple[int, Area | None, bool], ...]]
"""Of a knot in a cell: its form, where its operands come from, and of each result where it is stored, if it is, and whether it is a bound level."""


_Form = tuple[tuple[_Wiring, ...], tuple[Area, ...]]


@dataclass(eq=False)
class _Cell:
    """Knots that feed one another: its form, what it reads from memory and what it writes, in the order of its form, and which cells come after it."""

    knots: list[Knot]
    form: _Form = ((), ())
    reads: list[_Operand] = field(default_factory=list[_Operand])
    stores: list[_Operand] = field(default_factory=list[_Operand])
    after: set[int] = field(default_factory=set[int])


def _cells(knots: list[Knot], known: Knowledge, stay: set[int], handed: set[int]) -> list[_Cell]:
    """Return the cells, from the last to the first; `stay` are slots that must be written whoever reads them, `handed` those that are handed over.

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
        _fill(cell, known, {slot for knot in cell.knots for _, slot in knot.made if slot in stay or read_in.get(slot, set()) - {c}}, handed)
        cells.append(cell)
    return cells


def _stepped(slot: int, handed: set[int]) -> _Operand:
    return _Operand("handed" if slot in handed else "draws", slot)


def _fill(cell: _Cell, known: Knowledge, stored: set[int], handed: set[int]) -> None:
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
        operands += [inner[slot] if slot in inner else place.setdefault(_stepped(slot, handed), len(place)) for slot in knot.needs]
        inner.update((slot, (n, k)) for k, slot in knot.made if slot not in known.levels)
        becomes = [(k, _stepped(slot, handed) if slot in stored else None, slot in known.bound) for k, slot in knot.made]
        form.append((knot.form, tuple(operands), tuple((k, one and one.area, bound) for k, one, bound in becomes)))
        cell.stores += [one for _, one, _ in becomes if one]
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
        for k, area, bound in becomes:
            results[n, k] = values[knot.formulas.results[k]]
            stores += [(results[n, k], bound)] if area else []
    return made, stores


def _in_order(cells: list[_Cell]) -> list[list[_Cell]]:
    """Return the loops in order: many cells of one form that do not wait for one another, or one cell; what has just been computed is used next."""
    groups: dict[tuple[Any, ...], list[int]] = {}
    for c, depth in enumerate(_depths(cells)):
        groups.setdefault((depth, cells[c].form), []).append(c)
    loops = list(groups.values())
    loop_of = {c: n for n, group in enumerate(loops) for c in group}
    after = [sorted({loop_of[d] for c in group for d in cells[c].after}) for group in loops]
    ordered = [[cells[c] for c in reversed(loops[n])] for n in _sorted(after)]
    return [some for alike in ordered for some in ([alike] if len(alike) > UNROLLED else [[cell] for cell in alike])]


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
    """Gives everything its place: levels first, then what is known before a run, then what is asked for, then what lives within a period of one part."""

    def __init__(self, known: Knowledge, roots: Sequence[int], handed: set[int]) -> None:
        self.known, self.roots, self.handed = known, roots, handed
        self.places: dict[_Operand, int] = {}
        self.registers: set[_Operand] = set()
        self.graphs: dict[_Form, tuple[Graph, list[tuple[int, bool]]]] = {}

    def plan(self, parts: list[list[list[_Cell]]]) -> Plan:
        """Return the plan of the loops of every part, in order."""
        known = self.known
        asked = {slot: self._asked(slot) for slot in self.roots}
        loops = [cells for part in parts for cells in part]
        touched = dict.fromkeys(one for cells in loops for cell in cells for one in (*cell.reads, *cell.stores))
        touched |= dict.fromkeys(asked.values())
        moved = [one for one in touched if one.number in known.levels]
        nodes: dict[Area, list[int]] = {"draws": [], "shared": [], "clock": []}
        self.places = {one: n for n, one in enumerate(moved)}
        for one in touched:
            if one.number < 0:
                self.places[one] = len(nodes[one.area]) + (len(moved) if one.area == "draws" else 0)
                nodes[one.area].append(-1 - one.number)
        passing = [one for one in asked.values() if one not in self.places]
        self.places |= {one: len(moved) + len(nodes["draws"]) + n for n, one in enumerate(dict.fromkeys(passing))}
        self.places |= {_stepped(slot, self.handed): n for n, slot in enumerate(sorted(self.handed))}
        size = self._passing(loops, len(moved) + len(nodes["draws"]) + len(set(passing)))
        made_in = {one.number: n for n, part in enumerate(parts) for cells in part for cell in cells for one in cell.stores}
        return Plan(
            [[self._loop(cells) for cells in part] for part in parts], [one.number for one in moved], known.graph, nodes, size, len(self.handed),
            {slot: (one.area, self.places[one]) for slot, one in asked.items()}, {slot: made_in.get(slot, 0) for slot in asked}, known.given,
        )  # fmt: skip

    def _asked(self, slot: int) -> _Operand:
        """Return where a slot that is asked for can be read."""
        fact = self.known.of(slot)
        if fact.inner:
            return _Operand("draws", slot)
        return _known_operand(self.known.node[slot] if slot in self.known.node else self.known.graph.number(0.0), fact)

    def _passing(self, loops: list[list[_Cell]], size: int) -> int:
        """Give places to what lives within a period, and return how many rows there are in all; what no loop of many cells touches needs none."""
        last = {one: n for n, cells in enumerate(loops) for cell in cells for one in cell.reads}
        many = {one for cells in loops if len(cells) > 1 for cell in cells for one in (*cell.reads, *cell.stores)}
        passing = dict.fromkeys(one for cells in loops for cell in cells for one in cell.stores if one not in self.places)
        self.registers = {one for one in passing if one not in many}
        self.places |= {one: n for n, one in enumerate(one for one in passing if one in self.registers)}
        free: list[int] = []
        ending: dict[int, list[int]] = {}
        for n, cells in enumerate(loops):
            for one in (one for cell in cells for one in cell.stores if one not in self.places):
                if not free:
                    free, size = [size], size + 1
                self.places[one] = free.pop()
                ending.setdefault(last[one], []).append(self.places[one])
            free += ending.pop(n, [])
        return size

    def _loop(self, cells: list[_Cell]) -> Loop:
        """Return the loop of cells of one form."""
        if cells[0].form not in self.graphs:
            self.graphs[cells[0].form] = _graph(cells[0])
        graph, nodes = self.graphs[cells[0].form]
        reads = [self._column([cell.reads[n] for cell in cells]) for n in range(len(cells[0].reads))]
        stores = [Store(node, self._column([cell.stores[n] for cell in cells]), bound) for n, (node, bound) in enumerate(nodes)]
        return Loop(graph, reads, stores, len(cells))

    def _column(self, operands: Sequence[_Operand]) -> Column:
        area = "register" if operands[0] in self.registers else operands[0].area
        return Column(area, np.array([self.places[one] for one in operands], dtype=np.int64))
