"""The engines: each runs a subject, with the same numbers, for 1,000 periods and stores eight series in each; sampling and quantiles are left out everywhere.

An engine is made from what lies in the folder of its subject, and keeps from call to call the memory that it stores into. What it needs is imported when it is made: how long that takes, and
how much memory, is its own.
"""

from __future__ import annotations

import abc
import functools
import warnings
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]

STEPS, SERIES = 1000, 8


@dataclass(frozen=True)
class Subject:
    """A case (a name, or the path of a generated one) and the folder in which it lies exported; `draws` are at hand, `operations` a period in scalar C.

    The series stored are known by their `slots` in a program and their `names` in exported models. `first` is the boundary at which an engine that keeps every boundary holds what is stored of
    the first period: the next one for a level, the same one for anything else.
    """

    name: str
    case: str
    folder: Path
    draws: int
    variables: int
    operations: int
    slots: Sequence[int]
    names: Sequence[str]
    first: Sequence[int]

    def array(self, what: str) -> Array:
        """Return the numbers of all draws: `drawn`, one row a prior; `given`, one row a draw, to scalar C; `inputs`, one row a draw, to SDEverywhere."""
        return np.load(self.folder / f"{what}.npy")

    def periods(self, boundaries: Array) -> Array:
        """Return what is stored of all periods, shape (draws, periods, series), from series at all boundaries, shape (draws, series, boundaries)."""
        return np.stack([boundaries[:, i, first : first + STEPS] for i, first in enumerate(self.first)], axis=2)


class Engine(abc.ABC):
    """An engine with a subject, ready to run; `draws` are what a call of it takes at a time."""

    draws: int

    @abc.abstractmethod
    def run(self, draws: int) -> None:
        """Run the first so many draws and store the series."""

    @abc.abstractmethod
    def series(self) -> Array:
        """Return what the last call stored, shape (draws, periods, series)."""


class Native(Engine):
    """The kernel, on one core or more, each with a part of the draws."""

    def __init__(self, subject: Subject, bits: int, cores: int) -> None:
        from materiel.engine import reference
        from materiel.engine.kernel import compile_program
        from materiel.engine.knowledge import constants

        program, dt, fixed = _program(subject)
        self.kernel = compile_program(program, subject.slots, constant=constants(program, fixed, dt), bits=bits)
        memory = reference.fill(program, subject.array("drawn"), dt, fixed)
        self.draws, self.each = subject.draws, map if cores == 1 else ThreadPoolExecutor(cores).map
        self.parts = [np.ascontiguousarray(part) for part in np.array_split(memory, cores, axis=1)]
        self.rooms = [self.kernel.room(part.shape[1], STEPS, 1) for part in self.parts]
        self.made: list[Any] = []

    def run(self, draws: int) -> None:
        """Run all draws, or the first few on one core."""
        self.made = []  # its memory is free for the next call
        parts = self.parts if draws == self.draws else [self.parts[0][:, :draws]]
        self.made = list(self.each(self.simulate, parts, self.rooms if draws == self.draws else [None]))

    def simulate(self, memory: Array, room: Array | None) -> Any:
        """Run some draws: the one call that is measured."""
        return self.kernel.run(memory, STEPS, 1, room)

    def series(self) -> Array:
        """Return what the last call stored."""
        return np.concatenate([one.recorded for one in self.made], axis=2).transpose(2, 0, 1)


class Reference(Engine):
    """Plain NumPy: the reference engine."""

    def __init__(self, subject: Subject) -> None:
        from materiel.engine import reference

        self.program, dt, fixed = _program(subject)
        self.slots, self.engine = subject.slots, reference
        self.draws = min(subject.draws, 256)
        self.memory = reference.fill(self.program, subject.array("drawn")[:, : self.draws], dt, fixed)
        self.made: Any = None

    def run(self, draws: int) -> None:
        """Run some draws at a time, a column each."""
        self.made = self.engine.run(self.program, self.memory[:, :draws], STEPS, 1, self.slots)

    def series(self) -> Array:
        """Return what the last call stored."""
        return self.made.recorded.transpose(2, 0, 1)


class Scalar(Engine):
    """The yardstick: scalar C, one run at a time."""

    def __init__(self, subject: Subject, flags: str) -> None:
        from yardstick import BUILDS, built

        self.function = built(subject.folder / f"yardstick{flags}.so".replace(" ", ""), "gcc", BUILDS[flags], [subject.folder / "yardstick.c"])
        self.given, self.draws = subject.array("given"), subject.draws
        self.out = np.empty((self.draws, STEPS, SERIES))
        self.made = 0

    def run(self, draws: int) -> None:
        """Run draw after draw."""
        self.function(self.given.ctypes.data, self.out.ctypes.data, draws, STEPS)
        self.made = draws

    def series(self) -> Array:
        """Return what the last call stored."""
        return self.out[: self.made]


class SDEverywhere(Engine):
    """SDEverywhere's own C, one run at a time; it stores the first boundary too."""

    def __init__(self, subject: Subject, compiler: str) -> None:
        import sdeverywhere

        self.subject, self.function = subject, sdeverywhere.build(subject.folder, compiler)
        self.given, self.draws = subject.array("inputs"), subject.draws
        self.out = np.empty((self.draws, SERIES, STEPS + 1))
        self.made = 0

    def run(self, draws: int) -> None:
        """Run draw after draw."""
        self.function(self.given.ctypes.data, self.out.ctypes.data, draws, STEPS)
        self.made = draws

    def series(self) -> Array:
        """Return what the last call stored."""
        return self.subject.periods(self.out[: self.made])


class Simlin(Engine):
    """Simlin on the exported file, which holds the numbers of the first draw; one simulation is run over and over."""

    draws = 1

    def __init__(self, subject: Subject) -> None:
        import simlin

        self.subject, self.simulation = subject, simlin.load(subject.folder / "model.xmile").simulate()
        self.made: list[Array] = []

    def run(self, draws: int) -> None:
        """Run the first draw."""
        assert draws == 1
        self.simulation.reset()
        self.simulation.run_to_end()
        self.made = [self.simulation.get_series(name) for name in self.subject.names]

    def series(self) -> Array:
        """Return what the last call stored."""
        return self.subject.periods(np.array(self.made)[None])


class Pysd(Engine):
    """PySD on the exported file, which holds the numbers of the first draw; translated once, run over and over."""

    draws = 1

    def __init__(self, subject: Subject) -> None:
        warnings.simplefilter("ignore")
        import pysd

        self.subject, self.names = subject, list(subject.names)
        self.model: Any = pysd.read_xmile(str(subject.folder / "model.xmile"))
        self.made: Any = None

    def run(self, draws: int) -> None:
        """Run the first draw."""
        assert draws == 1
        self.made = self.model.run(return_columns=self.names)

    def series(self) -> Array:
        """Return what the last call stored."""
        return self.subject.periods(self.made[self.names].to_numpy(dtype=float).T[None])


def _program(subject: Subject) -> tuple[Any, float, Any]:
    """Return the program of a subject's case with the gauges of its questions, as it was exported; the length of a period; numbers that are fixed."""
    from materiel.analysis.questions import Branch
    from materiel.case.loading import load
    from materiel.export.model import network_of

    case = load(subject.case)
    return network_of(case, Branch())[1], case.step, Branch().fixed


@dataclass(frozen=True)
class Kind:
    """One row of the table: how an engine is made, on how many cores it runs, whether it is a peer, and how near it must come: None if the same bits are asked for, infinite if nothing is."""

    make: Callable[[Subject], Engine]
    cores: int = 1
    peer: bool = True
    tolerance: float | None = 1e-9


OURS, OURS_ON_TWO = "materiel, one core", "materiel, two cores"

KINDS = {
    OURS: Kind(functools.partial(Native, bits=64, cores=1), peer=False, tolerance=None),
    OURS_ON_TWO: Kind(functools.partial(Native, bits=64, cores=2), cores=2, peer=False, tolerance=None),
    "materiel, 32 bits, one core": Kind(functools.partial(Native, bits=32, cores=1), peer=False, tolerance=np.inf),
    "materiel, 32 bits, two cores": Kind(functools.partial(Native, bits=32, cores=2), cores=2, peer=False, tolerance=np.inf),
    "NumPy: the reference engine": Kind(Reference, peer=False, tolerance=None),
    "scalar C, gcc -O2": Kind(functools.partial(Scalar, flags="-O2"), tolerance=None),
    "scalar C, gcc -O3 -march=native": Kind(functools.partial(Scalar, flags="-O3 -march=native"), tolerance=None),
    "SDEverywhere, gcc -O2": Kind(functools.partial(SDEverywhere, compiler="gcc")),
    "SDEverywhere, clang -O2": Kind(functools.partial(SDEverywhere, compiler="clang")),
    "simlin": Kind(Simlin),
    "PySD": Kind(Pysd),
}
