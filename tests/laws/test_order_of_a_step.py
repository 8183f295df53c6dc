"""Everything in a period is computed from the levels at its start, and what is read of a period is that period's."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings

import strategies
from materiel.engine import reference
from materiel.network import DT, T
from runs import ENGINES, Traces, build, examples, run, same_bits
from strategies import constant, day

DEMAND: dict[str, Any] = {
    "format": 1, "title": "A store that runs dry", "start": day(0), "end": day(30), "items": {"shell": {"unit": "round"}},
    "actors": {"north": {
        "stockpiles": {"shell": {"item": "shell", "initial": constant(1000.0, "round")}},
        "demands": {"front": {"item": "shell", "rate": constant(300.0, "round/day")}},
    }},
}  # fmt: skip


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(("watched", "side", "bound"), [("stockpiles.shell.held", "below", 450.0), ("demands.front.used", "above", 550.0)])
def test_a_condition_is_met_on_the_boundary_where_the_level_stands(engine: str, watched: str, side: str, bound: float) -> None:
    """After two days 400 are left and 600 are used: whichever of the two levels is watched, the clock runs from the third day on."""
    watch = {"when": f"north.{watched}", side: constant(bound, "round"), "acts": {"stockpiles.shell.floor": {"multiply": constant(1.0)}}}
    actors = {"north": DEMAND["actors"]["north"] | {"directives": {"watch": watch}}}
    elapsed = Traces(DEMAND | {"actors": actors}, engine, steps=6, draws=1).levels("north.directives.watch.elapsed")[:, 0]
    assert elapsed.tolist() == [0.0, 0.0, 0.0, 1.0, 2.0, 3.0, 4.0]


FLOWS = {
    "demands.front.uses": "demands.front.used", "demands.front.unmet": "demands.front.missed", "stockpiles.shell.issued": "demands.front.used",
    "stockpiles.shell.lost": "stockpiles.shell.spoiled", "supplies.power.unused": "supplies.power.wasted",
}  # fmt: skip


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("flow", FLOWS)
def test_a_gauge_totals_the_flow_of_every_period(engine: str, flow: str) -> None:
    """The first period counts, the last one counts, and the sum is what the component itself has counted."""
    north = DEMAND["actors"]["north"]
    store = north["stockpiles"]["shell"] | {"shelf_life": constant(50.0, "day")}
    supplies = {
        "shell": {"item": "shell", "rate": constant(20.0, "round/day"), "to": "north.stockpiles.shell"},
        "power": {"item": "power", "rate": constant(5.0, "MWh/day")},
    }
    unit = "MWh" if "power" in flow else "round"
    data = DEMAND | {
        "items": DEMAND["items"] | {"power": {"unit": "MWh"}},
        "actors": {"north": north | {"stockpiles": {"shell": store}, "supplies": supplies}},
        "gauges": {"sum": {"unit": unit, "mode": "total", "of": {f"north.{flow}": 1}}},
    }
    traces = Traces(data, engine, steps=5, draws=1)
    counted = traces.levels(f"north.{FLOWS[flow]}")[-1, 0]
    assert counted > 0
    assert traces.levels("gauges.sum.kept")[-1, 0] == pytest.approx(counted, rel=1e-12)


@pytest.mark.parametrize("engine", ENGINES)
def test_a_gauge_reads_what_an_indicator_sights_in_the_same_period(engine: str) -> None:
    """Both look on in the same phase: the gauge comes after what it reads."""
    watch = {"unit": "event", "of": {"north.demands.front.uses": constant(1.0, "event/round")}}
    gauge = {"unit": "event", "mode": "total", "of": {"indicators.watch.sighted": 1}}
    traces = Traces(DEMAND | {"indicators": {"watch": watch}, "gauges": {"sum": gauge}}, engine, steps=3, draws=1)
    assert traces.levels("gauges.sum.kept")[-1, 0] == pytest.approx(900.0, rel=1e-12)


@settings(max_examples=12)
@given(strategies.cases())
def test_no_stage_reads_what_a_later_stage_of_the_period_writes(data: strategies.Data) -> None:
    """Levels apart, a slot is written before it is read, so that nobody sees the number of the period before."""
    program = build(data)
    levels = set(program.levels)
    written: dict[int, int] = {}
    for n, stage in enumerate(program.step):
        for slot in map(int, stage.results.ravel()):
            if slot not in levels:
                assert slot not in written, f"{stage.phase} of {stage.title} writes a slot again"
                written[slot] = n
    for n, stage in enumerate(program.step):
        late = [slot for slot in map(int, stage.arguments.ravel()) if written.get(slot, -1) > n]
        names = [path for path, slots in program.variables.items() if set(slots) & set(late)]
        assert not late, f"{stage.phase} of {stage.title} reads {names} of the period before"


@settings(max_examples=12)
@given(strategies.cases())
def test_no_stage_reads_a_level_that_has_moved(data: strategies.Data) -> None:
    """Levels move together: a stage that comes after a level has moved does not read it, except to move it itself."""
    program = build(data)
    moved: set[int] = set()
    levels = set(program.levels)
    for stage in program.step:
        late = moved & set(map(int, stage.arguments.ravel()))
        names = [path for path, slots in program.variables.items() if set(slots) & late]
        assert not late, f"{stage.phase} of {stage.title} reads {names} after they have moved"
        moved |= levels & set(map(int, stage.results.ravel()))


@pytest.mark.parametrize("section", sorted(examples()))
def test_a_step_does_not_depend_on_what_stands_in_the_memory(section: str) -> None:
    """Only numbers, constants and levels pass from one period to the next: everything else may be overwritten between periods."""
    program = build(examples()[section])
    whole = run(program, steps=6, draws=3)
    written = {int(slot) for stage in program.step for slot in stage.results.ravel()} - set(program.levels)
    memory = whole.first.copy()
    for n in range(6):
        memory[sorted(written)] = np.nan
        memory[T] = n * memory[DT]
        with np.errstate(all="ignore"):
            for stage in program.step:
                reference.apply(stage, memory)
    assert same_bits(memory[program.levels], whole.last[program.levels])
