"""From the data of a case to programs and outcomes, on either engine."""

from __future__ import annotations

import functools
import json
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from materiel import network, study
from materiel.case.loading import load
from materiel.case.model import Case
from materiel.engine import ensemble, reference
from materiel.engine.kernel import compile_program
from materiel.engine.knowledge import constants
from materiel.engine.reference import Outcome
from materiel.network import Program

Array = npt.NDArray[np.float64]
ENGINES = ("numpy", "native")


def read(data: Mapping[str, Any] | str, step: float | None = None, scenario: str = "", **reading: Any) -> Case:
    """Return the checked case of a mapping or a text, read as of a day, by other rules, without some claims."""
    with tempfile.TemporaryDirectory() as folder:
        return load(_written(data, folder), step=step, scenario=scenario, **reading)


def answers(data: Mapping[str, Any] | str, **options: Any) -> study.Run:
    """Return the finished run of a mapping or a text."""
    with tempfile.TemporaryDirectory() as folder:
        return study.load(_written(data, folder)).run(**options)


def _written(data: Mapping[str, Any] | str, folder: str) -> Path:
    path = Path(folder) / "test.yaml"
    path.write_text(data if isinstance(data, str) else json.dumps(data), encoding="utf-8")
    return path


def build(data: Mapping[str, Any] | str, step: float | None = None) -> Program:
    """Return the program of a mapping or a text."""
    return network.build(read(data, step))


def run(
    program: Program, engine: str = "numpy", *, steps: int = 40, draws: int = 8, dt: float = 1.0, seed: int = 1, record: Sequence[int] | None = None,
    fixed: Mapping[str, float] | None = None,
) -> Outcome:  # fmt: skip
    """Run a program, recording the given slots (all, if none are given) after every period."""
    recorded = range(program.size) if record is None else record
    memory = reference.prepare(program, seed, 0, draws, dt, fixed or {})
    if engine == "numpy":
        return reference.run(program, memory, steps, 1, recorded)
    return compile_program(program, recorded, constant=constants(program, fixed or {}, dt)).run(memory, steps, 1)


def gather(program: Program, kept: Sequence[int], fans: Sequence[int] = (), steps: int = 40, **settings: Any) -> ensemble.Ensemble:
    """Run one program as an ensemble, in chunks and threads, laws checked."""
    one = ensemble.Pass(program, steps, kept=list(kept), recorded=list(fans), fans=list(fans))
    return ensemble.run([one], ensemble.Settings(**{"workers": 1} | settings), lambda _n: None)[0]


class Traces:
    """The history of every variable of a case by path: shape (boundaries or periods, draws)."""

    def __init__(self, data: Mapping[str, Any] | str | Program, engine: str = "numpy", **settings: Any) -> None:
        dt = settings.get("dt", 1.0)
        self.program = data if isinstance(data, Program) else build(data, dt)
        self.outcome = run(self.program, engine, **settings)

    def slot(self, path: str) -> int:
        """Return the slot of `component.variable` or `component.variable.N`, N counted from 0."""
        if path in self.program.variables:
            return self.program.variables[path][0]
        stem, _, index = path.rpartition(".")
        return self.program.variables[stem][int(index)]

    def levels(self, path: str) -> Array:
        """Return a level at every boundary, shape (steps + 1, draws)."""
        slot = self.slot(path)
        return np.vstack([self.outcome.first[slot][None], self.outcome.recorded[:, slot]])

    def flows(self, path: str) -> Array:
        """Return what held in every period, shape (steps, draws)."""
        return self.outcome.recorded[:, self.slot(path)]

    def paths(self, *kinds: str) -> list[str]:
        """Return every path of the given kinds."""
        return [path for path, kind in self.program.kinds.items() if kind in kinds]


def same_bits(a: Array, b: Array) -> bool:
    """Whether two arrays are equal bit for bit."""
    return a.shape == b.shape and bool(np.array_equal(np.ascontiguousarray(a).view(np.int64), np.ascontiguousarray(b).view(np.int64)))


@functools.cache
def examples() -> dict[str, str]:
    """Return the example of every component type, by section."""
    from materiel import component
    from materiel.case import schema

    assert schema.FORMAT  # reading the schema registers the types
    return {section: kind.example for section, kind in component.types().items()}
