"""A law that nothing can break proves nothing: each planted fault trips its own law, on both engines, however small it is."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

from materiel.engine import laws
from materiel.errors import RunError
from materiel.network import ZERO, Program, Stage
from runs import ENGINES, build, gather, run
from strategies import constant, day

CASE = {
    "format": 1, "title": "Two stores, two orders, a way and an account", "start": day(0), "end": day(60),
    "items": {"shell": {"unit": "round", "mass": constant(50.0, "kg/round")}},
    "routes": {"rail": {"capacity": constant(3.0, "t/day"), "transit": constant(5.0, "day"), "loss": constant(0.1)}},
    "accounts": {"barter": {"credit_limit": constant(1.0, "MUSD")}},
    "actors": {
        "north": {
            "stockpiles": {"shell": {"item": "shell", "initial": constant(1000.0, "round")}},
            "lines": {"shell": {"item": "shell", "capacity": constant(50.0, "round/day"), "lead_time": constant(9.0, "day")}},
            "contracts": {"export": {
                "item": "shell", "to": "south.shell", "route": "rail", "charges": "barter", "price": constant(500.0, "USD/round"),
                "quantity": constant(1500.0, "round"), "first_day": constant(day(3)), "duration": constant(20.0, "day"),
            }, "gift": {
                "item": "shell", "to": "south.shell", "route": "rail", "charges": "barter", "price": constant(1.0, "USD/round"),
                "quantity": constant(200.0, "round"), "first_day": constant(day(5)), "duration": constant(9.0, "day"),
            }},
        },
        "south": {"stockpiles": {"shell": {"item": "shell", "initial": constant(100.0, "round")}}},
    },
}  # fmt: skip

Change = Callable[[list[Any]], Sequence[Any]]


def planted(phase: str, title: str, change: Change) -> Program:
    """Return the program with the results of one stage changed."""
    program = build(CASE)

    def faulty(stage: Stage) -> Stage:
        if stage.phase != phase or not stage.title.startswith(title):
            return stage
        found.append(stage)
        return dataclasses.replace(stage, function=lambda *values: change(list(stage.function(*values))))

    found: list[Stage] = []
    program.step = [faulty(stage) for stage in program.step]
    assert len(found) == 1, f"{len(found)} stages {phase} {title}"
    return program


def rewired(key: str, rewire: Callable[[np.ndarray, int], np.ndarray]) -> Program:
    """Return the program with the slots edited that an inlet adds up from two senders; `key` is the level that the inlet fills."""
    program = build(CASE)
    target = program.variables[key][0]
    mover = next(stage for stage in program.step if stage.phase == "move" and target in stage.results)
    row = next(i for i, results in enumerate(mover.results) if target in results)
    filled = set(map(int, mover.arguments[row]))
    for i, stage in enumerate(program.step):
        if stage.phase == "receive":
            for j, results in enumerate(stage.results):
                if int(results[0]) in filled and stage.arguments[j][0] != ZERO:
                    program.step[i] = dataclasses.replace(stage, arguments=rewire(stage.arguments.copy(), j))
                    return program
    raise AssertionError(key)


def broken(program: Program, engine: str) -> dict[str, float]:
    """Return the laws that a run breaks, each with its error."""
    errors = laws.errors(program, run(program, engine, record=[]))
    return {law: float(error.max()) for law, error in errors.items() if not error.max() <= laws.TOLERANCE}


def refused(program: Program, engine: str, law: str) -> None:
    with pytest.raises(RunError, match=f"law broken: {law}"):
        gather(program, [], draws=8, engine=engine)


def drop(arguments: np.ndarray, row: int) -> np.ndarray:
    arguments[row] = ZERO
    return arguments


def twice(arguments: np.ndarray, row: int) -> np.ndarray:
    doubled = np.full_like(arguments, ZERO)
    doubled[row] = arguments[row]
    return np.concatenate([arguments, doubled], axis=1)


@pytest.mark.parametrize("engine", ENGINES)
def test_without_a_fault_no_law_is_broken(engine: str) -> None:
    assert broken(build(CASE), engine) == {}


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("share", [0.0, 0.5, 1.0 - 1e-7, 1.0 + 1e-7])
def test_deliveries_that_do_not_arrive_whole(engine: str, share: float) -> None:
    program = planted("receive", "inlets", lambda out: [out[0] * share])
    assert broken(program, engine).keys() == {"items.shell", "accounts.barter.deliveries"}


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("edit", [drop, twice])
def test_a_delivery_dropped_or_doubled(engine: str, edit: Callable[[np.ndarray, int], np.ndarray]) -> None:
    program = rewired("south.stockpiles.shell.held", edit)
    assert broken(program, engine).keys() == {"items.shell"}
    refused(program, engine, "items.shell")


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("share", [0.0, 0.5, 1.0 - 1e-7, 1.0 + 1e-7, 2.0])
def test_a_store_that_loses_or_makes_units(engine: str, share: float) -> None:
    program = planted("move", "stockpiles", lambda out: [out[0] * share, *out[1:]])
    assert broken(program, engine).keys() == {"items.shell"}
    refused(program, engine, "items.shell")


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("amount", [1e-4, 1e6])
def test_a_negative_level(engine: str, amount: float) -> None:
    """What the store falls short of is booked as spoiled, so that only the sign is wrong."""

    def overdraw(out: list[Any]) -> list[Any]:
        held, spoiled, *rest = out
        return [0.0 * held - amount, spoiled + held + amount, *rest]

    program = planted("move", "stockpiles", overdraw)
    found = broken(program, engine)
    assert "no negative level" in found
    assert found["no negative level"] == pytest.approx(amount)


@pytest.mark.parametrize("engine", ENGINES)
def test_a_level_that_is_negative_only_in_between(engine: str) -> None:
    """The dip is over before the last boundary, where a look at the end alone would miss it."""
    program = build(CASE)
    held = program.variables["north.stockpiles.shell.held"][0]
    at = next(i for i, stage in enumerate(program.step) if stage.phase == "move" and held in stage.results)
    stage = program.step[at]
    clocked = np.concatenate([stage.arguments, np.zeros((len(stage.arguments), 1), dtype=np.int32)], axis=1)  # slot 0 is the day

    def dip(*values: Any) -> list[Any]:
        from materiel.equations import where

        *given, t = values
        first, *rest = stage.function(*given)
        return [first - where(t > 10.5, 1e5, 0.0) * where(t > 11.5, 0.0, 1.0) + where(t > 11.5, 1e5, 0.0) * where(t > 12.5, 0.0, 1.0), *rest]

    program.step[at] = dataclasses.replace(stage, function=dip, arguments=clocked)
    outcome = run(program, engine)
    assert (outcome.recorded[11, held] < 0).all()
    assert (outcome.last[held] >= 0).all()
    assert "no negative level" in broken(program, engine)


@pytest.mark.parametrize("engine", ENGINES)
def test_an_unbalanced_account(engine: str) -> None:
    program = planted("move", "accounts", lambda out: [out[0] + 0.01, *out[1:]])
    assert broken(program, engine).keys() == {"accounts.barter.deliveries"}
    refused(program, engine, "accounts.barter.deliveries")


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("edit", [drop, twice])
def test_an_account_that_misses_an_entry(engine: str, edit: Callable[[np.ndarray, int], np.ndarray]) -> None:
    program = rewired("accounts.barter.delivered", edit)
    assert broken(program, engine).keys() == {"accounts.barter.deliveries"}
    refused(program, engine, "accounts.barter.deliveries")


@pytest.mark.parametrize("engine", ENGINES)
def test_numbers_that_are_not_numbers(engine: str) -> None:
    program = planted("move", "stockpiles", lambda out: [out[0] * 0.0 / (out[0] * 0.0), *out[1:]])
    assert "items.shell" in broken(program, engine)
    refused(program, engine, "items.shell")
