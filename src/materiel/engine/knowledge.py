"""What is known of the numbers of a program before a run: what all draws share, what does not change, what is a copy of something else."""

from __future__ import annotations

import weakref
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from materiel.engine.folding import NAUGHT, TRUTHS, Fact, Graph, literal
from materiel.engine.symbols import Symbol, in_order, trace
from materiel.network import DT, ZERO, Program, Stage, T

LITERALS = frozenset({0.0, 1.0})
"""Numbers that formulas are made smaller by; any other is read where it stands, so that instances share their code."""


_read: weakref.WeakKeyDictionary[Stage, tuple[list[Symbol], tuple[Any, ...]]] = weakref.WeakKeyDictionary()


def read(stage: Stage) -> tuple[list[Symbol], tuple[Any, ...]]:
    """Return the formulas of a stage, and what they say: the same for equal ones."""
    if stage not in _read:
        formulas = trace(stage.function, stage.arguments.shape[1])[1]
        _read[stage] = formulas, _canonical(formulas)
    return _read[stage]


def structure(program: Program) -> tuple[Any, ...]:
    """Return all of a program that a plan depends on, but for its numbers: programs of one structure can share a kernel."""
    stages = [(stage.phase, read(stage)[1], stage.arguments.tobytes(), stage.results.tobytes()) for stage in (*program.once, *program.step)]
    return program.size, tuple(stages), tuple(program.levels), frozenset(program.free), tuple(slot for slot, _ in program.priors)


def common(numbers: Sequence[Mapping[int, float | None]]) -> dict[int, float | None]:
    """Return what is constant in each of several runs, with its number where it is the same in all."""
    first, *rest = numbers
    return {slot: number if all(other[slot] == number for other in rest) else None for slot, number in first.items() if all(slot in other for other in rest)}


def constants(program: Program, fixed: Mapping[str, float], step: float | None = None) -> dict[int, float | None]:
    """Return the slots of numbers that are the same in every draw, and the number; `fixed` replaces priors by path, `step` is the length of a period if it is known."""
    known = {slot: fixed.get(prior.path, prior.parts[0].distribution.values[0] if prior.constant else None) for slot, prior in program.priors}
    return {slot: number for slot, number in ({DT: step} | known).items() if number is not None}


@dataclass(frozen=True, eq=False)
class Formulas:
    """Formulas made smaller by the facts of their operands: a graph whose operands are keyed by position, and the nodes of the results."""

    graph: Graph
    results: list[int]
    _needs: dict[tuple[int, ...], tuple[list[int], list[int]]] = field(default_factory=dict[tuple[int, ...], tuple[list[int], list[int]]])

    def needs(self, wanted: tuple[int, ...]) -> tuple[list[int], list[int]]:
        """Return the nodes that a step must compute or read for some of the results, and the nodes known before a run that these use."""
        if wanted not in self._needs:
            step, known = set[int](), set[int]()
            waiting = [self.results[k] for k in wanted]
            while waiting:
                n = waiting.pop()
                node = self.graph.nodes[n]
                if node.fact.inner or node.op in TRUTHS:
                    if n not in step:
                        step.add(n)
                        waiting += node.args
                elif node.fact.number is None:
                    known.add(n)
            self._needs[wanted] = sorted(step), sorted(known)
        return self._needs[wanted]


class Knowledge:
    """What is known of every slot before a run, worked out stage by stage.

    `graph` holds all that need not be computed in a step; `node` says which of its nodes a slot is. `copy` says of which slot a slot is a copy, `fact` what is known of the rest.
    `instances` holds what every instance of a stage of the step reads, and its formulas.
    """

    def __init__(self, program: Program, constant: Mapping[int, float | None]) -> None:
        self.program, self.levels, self.bound = program, set(program.levels), set(program.levels) - program.free
        forms: dict[tuple[Any, ...], int] = {}
        self.form = {stage: forms.setdefault(read(stage)[1], len(forms)) for stage in (*program.once, *program.step)}
        self.smaller: dict[tuple[int, tuple[Fact, ...]], Formulas] = {}
        self.instances: dict[Stage, list[tuple[list[int], Formulas]]] = {}
        signs = {slot: Fact(timed=True, sign="positive" if slot in self.bound else "plain") for slot in program.levels}
        self.given = _given(program, constant)
        while True:
            self.graph, self.node, self.copy = Graph(), dict[int, int](), dict[int, int]()
            self.fact = dict(signs)
            for slot, fact in self.given.items():
                self.node[slot] = self.graph.operand(slot, fact) if fact.number is None else self.graph.number(fact.number)
            unsure = self._work_out()
            if not unsure:
                break
            signs |= dict.fromkeys(unsure, Fact(timed=True))

    def of(self, slot: int) -> Fact:
        """Return what is known of a slot."""
        return self.graph.nodes[self.node[slot]].fact if slot in self.node else self.fact.get(slot, NAUGHT)  # what nothing writes is nought

    def formulas(self, stage: Stage, facts: tuple[Fact, ...]) -> Formulas:
        """Return the formulas of a stage, made smaller by what is known of an instance's operands."""
        key = self.form[stage], facts
        if key not in self.smaller:
            self.smaller[key] = _smaller(read(stage)[0], facts)
        return self.smaller[key]

    def _operands(self, stage: Stage, row: int) -> tuple[list[int], Formulas]:
        """Return the slots that an instance reads, copies traced to what they are copies of, and its formulas."""
        given: list[int] = stage.arguments[row].tolist()
        slots = [self.copy.get(slot, slot) for slot in given]
        return slots, self.formulas(stage, tuple(_plain(self.of(slot)) for slot in slots))

    def hoist(self, formulas: Formulas, slots: Sequence[int], nodes: Sequence[int]) -> list[int]:
        """Return the nodes of this knowledge that equal nodes of an instance's formulas, which must be known before a run."""
        made: dict[int, int] = {}
        for n in formulas.graph.behind(nodes):
            node = formulas.graph.nodes[n]
            if node.op == "literal":
                made[n] = self.graph.number(node.fact.number or 0.0)
            elif node.op == "operand":
                slot = slots[int(node.key)]
                made[n] = self.node[slot] if slot in self.node else self.graph.number(0.0)
            else:
                made[n] = self.graph.operation(node.op, *(made[m] for m in node.args))
        return [made[n] for n in nodes]

    def _work_out(self) -> set[int]:
        """Work out every stage, and return the levels whose sign was taken for more than can be said."""
        for stage in self.program.once:
            if stage.phase != "start":
                self._constants(stage)
        unsure: set[int] = set()
        for stage in self.program.step:
            self.instances[stage] = []
            for row in range(len(stage.arguments)):
                slots, formulas = self._operands(stage, row)
                self.instances[stage].append((slots, formulas))
                first: dict[int, int] = {}
                for slot, n in zip(stage.results[row].tolist(), formulas.results, strict=True):
                    node = formulas.graph.nodes[n]
                    if stage.levels:
                        if node.fact.sign == "any" and slot not in self.bound and self.fact[slot].sign != "any":
                            unsure.add(slot)
                    elif not node.fact.inner:
                        self.node[slot] = self.hoist(formulas, slots, [n])[0]
                    else:
                        self.fact[slot] = node.fact
                        if node.op == "operand":
                            self.copy[slot] = slots[node.key]
                        elif first.setdefault(n, slot) != slot:
                            self.copy[slot] = first[n]
        return unsure

    def _constants(self, stage: Stage) -> None:
        """Take the results of a stage that runs once for given; only literals among them make formulas smaller."""
        for row in range(len(stage.arguments)):
            _, formulas = self._operands(stage, row)
            for slot, n in zip(stage.results[row].tolist(), formulas.results, strict=True):
                self.node[slot] = self.graph.operand(slot, formulas.graph.nodes[n].fact)


def _plain(fact: Fact) -> Fact:
    """Return what code may be written for: numbers other than nought and one are read where they stand."""
    return fact if fact.number is None or fact.number in LITERALS else Fact(uniform=True, sign=fact.sign)


def _given(program: Program, constant: Mapping[int, float | None]) -> dict[int, Fact]:
    """Return what is known of the slots that a run begins with."""
    of = {T: Fact(uniform=True, timed=True, sign="positive"), DT: Fact(uniform=True, sign="positive"), ZERO: NAUGHT}
    of |= {slot: Fact(sign="plain") for slot, _ in program.priors}
    for slot, number in constant.items():
        of[slot] = Fact(uniform=True, sign="plain") if number is None else literal(number)
    return of


def _smaller(formulas: Sequence[Symbol], facts: tuple[Fact, ...]) -> Formulas:
    graph = Graph()
    return Formulas(graph, graph.add(formulas, [graph.operand(i, fact) for i, fact in enumerate(facts)]))


def _canonical(formulas: Sequence[Symbol]) -> tuple[Any, ...]:
    """Return what formulas say, the same for equal ones."""
    ids: dict[tuple[Any, ...], int] = {}
    done: dict[Symbol, int] = {}
    for symbol in in_order(formulas):
        done[symbol] = ids.setdefault((symbol.op, repr(symbol.number), *(done[part] for part in symbol.args)), len(ids))
    return tuple(done[formula] for formula in formulas), tuple(ids)
