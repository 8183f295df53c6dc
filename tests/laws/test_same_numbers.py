"""The same draw gives the same numbers, bit for bit: whatever the chunk, the worker, the number of draws, and what else is in the case."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings

import strategies
from materiel.engine import draws, ensemble
from materiel.network import Program
from runs import ENGINES, Traces, build, gather, read, run, same_bits
from strategies import between, constant, day

CASE: dict[str, Any] = {
    "format": 1, "title": "Everything uncertain", "start": day(0), "end": day(90),
    "items": {"shell": {"unit": "round", "mass": between(43.0, 60.0, "kg/round")}, "fuze": {"unit": "fuze"}},
    "routes": {"rail": {"capacity": between(1.0, 9.0, "t/day"), "transit": between(3.0, 9.0, "day")}},
    "contingencies": {"war": {}},
    "shared": {"pace": between(0.5, 2.0)},
    "actors": {
        "north": {
            "stockpiles": {"shell": {"item": "shell", "initial": between(500.0, 9000.0, "round"), "shelf_life": between(50.0, 500.0, "day")}},
            "supplies": {"fuze": {"item": "fuze", "rate": between(5.0, 50.0, "fuze/day")}},
            "lines": {"shell": {
                "item": "shell", "capacity": between(10.0, 60.0, "round/day"), "lead_time": between(5.0, 50.0, "day"), "inputs": {"fuze": 1},
                "shifts": {"shared": "pace"},
            }},
            "demands": {"front": {
                "item": "shell", "rate": between(1.0, 30.0, "round/day"), "contingency": "war", "war_rate": between(50.0, 500.0, "round/day"),
                "burst": between(2.0, 4.0),
            }},
            "contracts": {"export": {
                "item": "shell", "to": "south.shell", "route": "rail", "quantity": between(100.0, 4000.0, "round"),
                "first_day": {"base": f"{day(5)} to {day(40)}", "because": "for the test"}, "duration": between(5.0, 50.0, "day"),
            }},
        },
        "south": {"stockpiles": {"shell": {"item": "shell", "initial": between(1.0, 9.0, "round")}}},
    },
}  # fmt: skip


def kept(program: Program, **changes: Any) -> ensemble.Ensemble:
    """Run an ensemble, keep every level, and fan two of them."""
    return gather(program, program.levels, program.levels[:2], **{"seed": 3, "draws": 300, "steps": 45, "every": 5} | changes)


def fans_equal(a: ensemble.Ensemble, b: ensemble.Ensemble) -> bool:
    points = np.array([0.01, 0.05, 0.5, 0.95, 0.99])
    return all(same_bits(a.fans[slot].quantiles(points), b.fans[slot].quantiles(points)) for slot in a.fans)


@pytest.mark.parametrize("engine", ENGINES)
def test_a_seed_gives_the_same_numbers_twice_and_another_gives_others(engine: str) -> None:
    first, second, other = kept(build(CASE), engine=engine), kept(build(CASE), engine=engine), kept(build(CASE), engine=engine, seed=4)
    assert same_bits(first.kept, second.kept)
    assert not np.array_equal(first.kept, other.kept)
    assert len(np.unique(first.kept[0])) > 200, "draws do not differ"


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("chunk", [1, 7, 64, 299, 512, 1000])
def test_chunks_change_nothing(engine: str, chunk: int) -> None:
    program = build(CASE)
    count = 40 if chunk == 1 else 300
    whole, parts = kept(program, engine=engine, draws=count, chunk=count), kept(program, engine=engine, draws=count, chunk=chunk)
    assert same_bits(whole.kept, parts.kept)
    assert fans_equal(whole, parts)


@pytest.mark.parametrize("engine", ENGINES)
def test_workers_change_nothing(engine: str) -> None:
    program = build(CASE)
    alone, together = kept(program, engine=engine, chunk=50, workers=1), kept(program, engine=engine, chunk=50, workers=2)
    assert same_bits(alone.kept, together.kept)
    assert fans_equal(alone, together)


def test_more_draws_begin_with_the_same_ones() -> None:
    program = build(CASE)
    assert same_bits(kept(program, draws=1000, chunk=512).kept[:, :100], kept(program, draws=100, chunk=64).kept)


@pytest.mark.parametrize("first", [0, 1, 3, 4, 5, 63, 64, 1001])
@pytest.mark.parametrize("count", [1, 2, 5, 64])
def test_any_stretch_of_a_stream_is_the_stream(first: int, count: int) -> None:
    stream = draws.uniforms(9, "north.lines.shell.capacity", 0, 2000)
    assert same_bits(draws.uniforms(9, "north.lines.shell.capacity", first, count), stream[first : first + count])
    assert stream.min() > 0.0
    assert stream.max() < 1.0
    assert abs(stream.mean() - 0.5) < 4 * np.sqrt(1 / 12 / 2000)


def test_streams_of_two_names_or_seeds_are_unlike() -> None:
    one, other, reseeded = draws.uniforms(9, "a", 0, 4000), draws.uniforms(9, "b", 0, 4000), draws.uniforms(10, "a", 0, 4000)
    assert abs(np.corrcoef(one, other)[0, 1]) < 0.07
    assert abs(np.corrcoef(one, reseeded)[0, 1]) < 0.07


@pytest.mark.parametrize("engine", ENGINES)
def test_what_has_nothing_to_do_with_it_changes_nothing(engine: str) -> None:
    """A stranger with components of the same types shares their stages, and still no bit of the others moves."""
    more = copy.deepcopy(CASE)
    more["actors"]["far"] = {
        "stockpiles": {"shell": {"item": "shell", "initial": between(1.0, 9e6, "round"), "shelf_life": between(5.0, 50.0, "day")}},
        "supplies": {"fuze": {"item": "fuze", "rate": between(1.0, 2.0, "fuze/day")}},
        "lines": {"shell": {
            "item": "shell", "capacity": between(1.0, 60.0, "round/day"), "lead_time": between(5.0, 9.0, "day"), "inputs": {"fuze": 1},
        }},
    }  # fmt: skip
    alone, beside = Traces(CASE, engine, draws=16), Traces(more, engine, draws=16)
    paths = alone.paths("level", "flow", "auxiliary", "constant", "number")
    assert len(paths) > 40
    for path in paths:
        for i in range(len(alone.program.variables[path])):
            assert same_bits(alone.flows(f"{path}.{i}"), beside.flows(f"{path}.{i}")), path


def test_the_order_in_which_a_case_is_written_changes_nothing() -> None:
    turned = {key: CASE[key] for key in reversed(CASE)}
    turned["actors"] = {actor: {part: CASE["actors"][actor][part] for part in reversed(CASE["actors"][actor])} for actor in reversed(CASE["actors"])}
    one, other = Traces(CASE, "native"), Traces(turned, "native")
    for path in one.paths("level"):
        for i in range(len(one.program.variables[path])):
            assert same_bits(one.levels(f"{path}.{i}"), other.levels(f"{path}.{i}")), path


def test_what_is_shared_is_drawn_once() -> None:
    data = copy.deepcopy(CASE)
    data["actors"]["north"]["demands"]["front"]["burst"] = {"shared": "pace"}
    first = Traces(data, steps=1, draws=64).outcome.first
    variables = build(data).variables
    assert same_bits(first[variables["north.lines.shell.shifts"][0]], first[variables["north.demands.front.burst"][0]])


# ---------------------------------------------------------------------------- paired branches


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("begins", [20.0, 20.5])
def test_a_branch_is_its_baseline_until_the_day(engine: str, begins: float) -> None:
    peace, war = Traces(CASE, engine, draws=16), Traces(CASE, engine, draws=16, fixed={"contingencies.war.begins": begins})
    before = int(begins)
    parted: set[str] = set()
    for path in peace.paths("level", "flow"):
        for i in range(len(peace.program.variables[path])):
            one, other = peace.flows(f"{path}.{i}"), war.flows(f"{path}.{i}")
            assert same_bits(one[:before], other[:before]), path
            if not np.array_equal(one, other):
                parted.add(path)
    assert {"north.demands.front.uses", "north.stockpiles.shell.held"} <= parted
    assert "north.lines.shell.made" not in parted
    assert (war.flows("north.demands.front.wanted")[before] > peace.flows("north.demands.front.wanted")[before]).all()


@settings(max_examples=10)
@given(strategies.cases())
def test_branches_are_paired_on_random_networks(data: strategies.Data) -> None:
    case = read(data)
    if not any(one.links.get("contingency") for one in case.components.values()):
        data["actors"]["north"]["demands"]["front-0"] |= {"contingency": "war", "war_rate": constant(5.0, "round/day")}
    program = build(data)
    levels = [slot for path, kind in program.kinds.items() if kind == "level" for slot in program.variables[path]]
    peace = run(program, "native", record=levels).recorded
    war = run(program, "native", record=levels, fixed={"contingencies.war.begins": 12.0}).recorded
    assert same_bits(peace[:12], war[:12])
    assert not np.array_equal(peace[12:], war[12:])
