"""How a case is read, and how it is run: what the command line and Python users may choose."""

from __future__ import annotations

import datetime
from dataclasses import dataclass, field, replace

from materiel.case.changes import SET
from materiel.errors import RunError
from materiel.evidence.grades import DEFAULT


@dataclass(frozen=True)
class Reading:
    """How a case is read: as of which day (its own if None), in which scenario, with which step in days (its own if None), under which rules of evidence.

    `drop` names sources, publishers, origins or claims that are left out, `silent` claims alone, by their ids; `independent` takes every claim for an origin of its own. `set`
    holds numbers that are set by hand after the scenario, each as `NUMBER=VALUE`.
    """

    as_of: datetime.date | None = None
    scenario: str = ""
    step: float | None = None
    rules: str = DEFAULT
    drop: tuple[str, ...] = ()
    independent: bool = False
    silent: tuple[str, ...] = ()
    set: tuple[str, ...] = field(default=(), repr=False)  # runs without are called as they were before there was such a thing

    @property
    def order(self) -> str:
        """The scenarios that are applied, in order, with the place of what is set by hand."""
        return _joined(self.scenario, SET if self.set and SET not in self.scenario.split(",") else "")

    def under(self, scenario: str) -> Reading:
        """Return how the case is read in another scenario, or under a hypothesis, that comes after all the rest."""
        return replace(self, scenario=_joined(self.order, scenario)) if scenario else self

    @property
    def plain(self) -> Reading:
        """The same reading with all evidence, under the default rules."""
        return replace(self, rules=DEFAULT, drop=(), independent=False, silent=())


def _joined(*scenarios: str) -> str:
    return ",".join(filter(None, scenarios))


@dataclass(frozen=True)
class Options:
    """How a study is run: how the case is read, which draws, on which engine (`native`, `native32`, `numpy` or `jax`); `only` names the questions asked (all if empty)."""

    reading: Reading = Reading()
    draws: int = 2000
    seed: int = 1
    engine: str = "native"
    chunk: int = 1024
    only: tuple[str, ...] = ()

    def check(self) -> None:
        """Refuse options that no run can have. Raises RunError."""
        for name, value, least in (("draws", self.draws, 1), ("seed", self.seed, 0), ("chunk", self.chunk, 1)):
            if not isinstance(value, int) or value < least:  # pyright: ignore[reportUnnecessaryIsInstance]
                raise RunError(f"{name} {value!r}; a whole number of at least {least}")
        step = self.reading.step
        if step is not None and not (isinstance(step, int | float) and 0.01 <= step <= 366):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise RunError(f"step of {step} days; from 0.01 to 366 days")
        if self.engine not in ("native", "native32", "numpy", "jax"):
            raise RunError(f"unknown engine {self.engine!r}; native, native32, numpy or jax")
