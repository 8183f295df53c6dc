"""A second simulator, in plain Python and from the formulas of the docstrings alone, against the engines."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runs import ENGINES, Traces
from strategies import constant, day

STEPS = 80


@dataclass
class Plant:
    """The numbers of one network: steel comes in and ages, a line turns it into shells, two users compete for the shells, one for the steel."""

    dt: float
    steel: float
    steel_rate: float
    steel_life: float
    first: int
    until: int
    ratio: float
    capacity: float
    target: float
    ramp: float
    lead: float
    stages: int
    yields: float
    learning: float
    shells: float
    use: float
    spell: float
    rear: float
    repair: float
    ranks: tuple[int, int, int]

    def case(self) -> dict[str, Any]:
        spell = {"first_day": day(10), "until": day(17), "rate": f"{self.spell!r} round/day"}
        return {
            "format": 1, "title": "One plant", "start": day(0), "end": day(800), "items": {"shell": {"unit": "round"}, "steel": {"unit": "kg"}},
            "actors": {"north": {
                "stockpiles": {
                    "steel": {"item": "steel", "initial": constant(self.steel, "kg"), "shelf_life": constant(self.steel_life, "day")},
                    "shell": {"item": "shell", "initial": constant(self.shells, "round")},
                },
                "supplies": {"steel": {
                    "item": "steel", "rate": constant(self.steel_rate, "kg/day"), "to": "north.stockpiles.steel",
                    "first_day": constant(day(self.first)), "until": constant(day(self.until)),
                }},
                "lines": {"shell": {
                    "item": "shell", "capacity": constant(self.capacity, "round/day"), "target": constant(self.target),
                    "ramp_time": constant(self.ramp, "day"), "lead_time": constant(self.lead, "day"), "stages": self.stages,
                    "yields": constant(self.yields), "learning": constant(self.learning), "experience": constant(100.0, "round"),
                    "inputs": {"north.stockpiles.steel": f"{self.ratio!r} kg/round"}, "priority": self.ranks[0],
                }},
                "demands": {
                    "front": {"item": "shell", "rate": constant(self.use, "round/day"), "calendar": [spell], "priority": self.ranks[1]},
                    "rear": {"item": "shell", "rate": constant(self.rear, "round/day"), "priority": self.ranks[2]},
                    "repair": {"item": "steel", "source": "north.stockpiles.steel", "rate": constant(self.repair, "kg/day"), "priority": 5},
                },
            }},
        }  # fmt: skip


def share_out(stock: float, wants: dict[str, float], ranks: dict[str, int]) -> dict[str, float]:
    """Return what each gets of a stock: by rank, pro rata within one."""
    wants = {name: min(want, stock) for name, want in wants.items()}
    got: dict[str, float] = {}
    for rank in sorted(set(ranks.values())):
        group = [name for name in wants if ranks[name] == rank]
        wanted = math.fsum(wants[name] for name in group)
        fraction = min(1.0, stock / wanted) if wanted > 0 else 0.0
        got |= {name: wants[name] * fraction for name in group}
        stock = max(stock - wanted * fraction, 0.0)
    return got


def overlap(a: float, b: float, c: float, d: float) -> float:
    return max(min(b, d) - max(a, c), 0.0)


def simulate(p: Plant) -> dict[str, list[float]]:
    """Step the network with plain floats and return its levels on every boundary."""
    finish = 1.0 - math.exp(-p.stages * p.dt / p.lead)
    grow = 1.0 - math.exp(-3.0 * p.dt / p.ramp)
    age = 1.0 - math.exp(-p.dt / p.steel_life)
    steel, shells, made, scrapped, productivity = p.steel, p.shells, 0.0, 0.0, 1.0
    installed = [p.capacity] * 3
    work = [p.capacity * p.dt / finish] * p.stages
    used = {"front": 0.0, "rear": 0.0, "repair": 0.0}
    missed = dict(used)
    history: dict[str, list[float]] = {}

    def note() -> None:
        now = {"steel": steel, "shells": shells, "made": made, "scrapped": scrapped, "productivity": productivity, "installed": installed[2]}
        now |= {f"used {name}": value for name, value in used.items()} | {f"missed {name}": value for name, value in missed.items()}
        for name, value in now.items():
            history.setdefault(name, []).append(value)

    note()
    for n in range(STEPS):
        t, end = n * p.dt, (n + 1) * p.dt
        wants = {
            "front": p.use * p.dt + p.spell * overlap(t, end, 10.0, 17.0), "rear": p.rear * p.dt, "repair": p.repair * p.dt,
            "line": installed[2] * productivity * p.dt * p.ratio,
        }  # fmt: skip
        metal = share_out(steel, {name: wants[name] for name in ("line", "repair")}, {"line": p.ranks[0], "repair": 5})
        rounds = share_out(shells, {name: wants[name] for name in ("front", "rear")}, {"front": p.ranks[1], "rear": p.ranks[2]})
        got = metal | rounds
        finished = work[-1] * finish
        good = finished * p.yields
        steel = (steel - metal["line"] - metal["repair"]) * (1.0 - age) + p.steel_rate * overlap(t, end, p.first, p.until)
        shells = shells - rounds["front"] - rounds["rear"] + good
        leaving = [content * finish for content in work]
        work = [content - out + came for content, out, came in zip(work, leaving, [metal["line"] / p.ratio, *leaving[:-1]], strict=True)]
        productivity *= 1.0 + p.learning * good / (100.0 + made)
        installed = [own + grow * (before - own) for own, before in zip(installed, [p.capacity * p.target, *installed[:2]], strict=True)]
        made, scrapped = made + good, scrapped + finished - good
        for name in used:
            used[name] += got[name]
            missed[name] += wants[name] - got[name]
        note()
    return history


PATHS = {
    "steel": "stockpiles.steel.held", "shells": "stockpiles.shell.held", "made": "lines.shell.made", "scrapped": "lines.shell.scrapped",
    "productivity": "lines.shell.productivity", "installed": "lines.shell.capacity_now.2",
    "used front": "demands.front.used", "used rear": "demands.rear.used", "used repair": "demands.repair.used",
    "missed front": "demands.front.missed", "missed rear": "demands.rear.missed", "missed repair": "demands.repair.missed",
}  # fmt: skip


def some(low: float, high: float) -> st.SearchStrategy[float]:
    return st.floats(low, high).map(lambda x: round(x, 3))


plants = st.builds(
    Plant, dt=st.sampled_from([0.25, 1.0, 2.5]), steel=some(0.0, 2000.0), steel_rate=some(0.0, 200.0), steel_life=some(5.0, 500.0),
    first=st.integers(0, 20), until=st.integers(21, 60), ratio=some(0.5, 5.0), capacity=some(1.0, 60.0), target=some(0.0, 3.0), ramp=some(5.0, 50.0),
    lead=some(2.0, 40.0), stages=st.integers(1, 5), yields=some(0.5, 1.0), learning=some(0.0, 0.4), shells=some(0.0, 1000.0), use=some(0.0, 50.0),
    spell=some(0.0, 200.0), rear=some(0.0, 50.0), repair=some(0.0, 100.0), ranks=st.tuples(st.integers(4, 6), st.integers(2, 4), st.integers(2, 4)),
)  # fmt: skip


@pytest.mark.parametrize("engine", ENGINES)
@settings(max_examples=40)
@given(plants)
def test_a_second_simulator_agrees(engine: str, plant: Plant) -> None:
    """Within 1e-12 of the throughput: sums run in another order here."""
    expected = simulate(plant)
    traces = Traces(plant.case(), engine, dt=plant.dt, steps=STEPS, draws=1)
    throughput = {
        "steel": plant.steel + plant.steel_rate * STEPS * plant.dt, "shells": plant.shells + max(expected["made"]) + max(expected["scrapped"]),
    }  # fmt: skip
    for name, path in PATHS.items():
        scale = max(*map(abs, expected[name]), throughput["steel" if "steel" in name or "repair" in name else "shells"], 1.0)
        assert traces.levels(f"north.{path}")[:, 0] == pytest.approx(expected[name], rel=0.0, abs=1e-12 * scale), name


def test_the_two_simulators_meet_scarcity() -> None:
    """The agreement above is about rationing, not about plenty: both users and the line go short."""
    plant = Plant(1.0, 500.0, 90.0, 50.0, 0, 60, 2.0, 60.0, 2.0, 10.0, 5.0, 3, 0.9, 0.2, 100.0, 30.0, 90.0, 30.0, 60.0, (5, 3, 3))
    history = simulate(plant)
    assert min(history[f"missed {name}"][-1] for name in ("front", "rear", "repair")) > 10.0
