"""A program: what a network becomes, and all that an engine sees."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from materiel.evidence.pooling import Prior

T, DT, ZERO = 0, 1, 2
"""Slots of the start of the period, its length, and nought."""
FIRST = 3

Slots = npt.NDArray[np.int32]


@dataclass(frozen=True, eq=False)
class Stage:
    """One function and whom it serves: `arguments` and `results` are slots, one row per instance.

    `function` takes as many values as `arguments` has columns and returns as many as `results` has. `levels` marks the stage that moves levels, all of
    whose arguments are read before any of its results is written, instance by instance.
    """

    phase: str
    title: str
    function: Callable[..., Sequence[Any]]
    arguments: Slots
    results: Slots
    levels: bool = False


@dataclass(frozen=True)
class Account:
    """One term of the laws: a slot whose level holds, brought in or took out something of the item or account `key`."""

    key: str
    role: str
    slot: int


@dataclass
class Program:
    """Everything an engine needs: stages run once, stages of a step in order, where priors go, and what may be read.

    `variables` maps `path.variable` to its slots, `kinds` to level, flow, auxiliary, constant or number, `slot_units` a slot to its canonical unit; `free` are levels that may be negative.
    `labels` says what a slot is called: a number or variable by its path, entry by entry; the rest by its component's path and the name that equations know it by.
    """

    size: int = FIRST
    once: list[Stage] = field(default_factory=list[Stage])
    step: list[Stage] = field(default_factory=list[Stage])
    priors: list[tuple[int, Prior]] = field(default_factory=list[tuple[int, Prior]])
    variables: dict[str, list[int]] = field(default_factory=dict[str, list[int]])
    kinds: dict[str, str] = field(default_factory=dict[str, str])
    levels: list[int] = field(default_factory=list[int])
    free: set[int] = field(default_factory=set[int])
    slot_units: dict[int, str] = field(default_factory=dict[int, str])
    labels: dict[int, str] = field(default_factory=dict[int, str])
    laws: list[Account] = field(default_factory=list[Account])

    def order(self) -> list[tuple[str, str, int]]:
        """Return the order of a step as (phase, what, how many instances)."""
        return [(stage.phase, stage.title, len(stage.arguments)) for stage in self.step]

    def add(self, phase: str, title: str, function: Callable[..., Sequence[Any]], arguments: list[list[int]], results: list[list[int]]) -> None:
        """Add a stage to the step; does nothing when it would serve nobody."""
        if arguments:
            self.step.append(Stage(phase, f"{title} ({len(arguments)})", function, table(arguments), table(results)))

    def behind(self, slots: Sequence[int]) -> Program:
        """Return the program of nothing but what some slots rest on, in the same slots; it keeps no laws."""
        needed = np.zeros(self.size, dtype=bool)
        needed[[T, DT, ZERO, *slots]] = True
        stages = (*self.once, *self.step)
        before = -1
        while before < (before := int(needed.sum())):
            for stage in stages:
                needed[stage.arguments[needed[stage.results].any(axis=1)]] = True

        def left(all_of_them: Sequence[Stage]) -> list[Stage]:
            rows = [(stage, needed[stage.results].any(axis=1)) for stage in all_of_them]
            return [replace(stage, arguments=stage.arguments[row], results=stage.results[row]) for stage, row in rows if row.any()]

        priors = [(slot, prior) for slot, prior in self.priors if needed[slot]]
        levels = [slot for slot in self.levels if needed[slot]]
        return replace(self, once=left(self.once), step=left(self.step), priors=priors, levels=levels, laws=[])

    def new(self, *labelled: tuple[str, str]) -> list[int]:
        """Return new slots, one for each label and unit."""
        slots = list(range(self.size, self.size + len(labelled)))
        for slot, (label, unit) in zip(slots, labelled, strict=True):
            self.labels[slot], self.slot_units[slot] = label, unit
        self.size += len(labelled)
        return slots


def table(rows: list[list[int]]) -> Slots:
    """Return rows of slots as an array of shape (instances, slots)."""
    return np.array(rows, dtype=np.int32).reshape(len(rows), -1)
