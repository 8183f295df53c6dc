"""The unit in which something is written is a matter of taste: the answers are the same."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from materiel import units
from materiel.network import Program
from runs import ENGINES, Array, build, examples, run
from strategies import between, constant, day


def finals(text: str, engine: str) -> dict[str, Array]:
    """Return every level and number of a case at the end, in units free of prefixes."""
    program = build(text)
    outcome = run(program, engine, steps=80, draws=16, record=[], fixed={"contingencies.war.begins": 20.0})
    made: dict[str, Array] = {}
    for path, slots in program.variables.items():
        if program.kinds[path] in ("level", "number") and slots:
            last = outcome.last if program.kinds[path] == "level" else outcome.first  # where numbers stay as they are
            made[path] = np.array([last[slot] * base(program, slot) for slot in slots])
    return made


def base(program: Program, slot: int) -> float:
    unit = program.slot_units[slot]
    return 1.0 if unit == "date" else units.factor(unit, units.shown(units.base(unit)))


def rewritten(text: str) -> str:
    """Return a case with items counted in thousands, tonnes in kilograms, and dollars in thousands."""
    for unit in ("round", "fuze", "rocket"):
        text = text.replace(f"unit: {unit}}}", f"unit: k{unit}}}").replace(f"unit: {unit},", f"unit: k{unit},")
    return text.replace("unit: t}", "unit: kg}").replace("inputs: {fuze: 1}", "inputs: {fuze: 1 fuze/round}")


COUNTED = [section for section in sorted(examples()) if rewritten(examples()[section]) != examples()[section]]


def test_most_examples_can_be_rewritten() -> None:
    assert len(COUNTED) >= 8


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("section", COUNTED)
def test_counting_in_thousands_changes_nothing(section: str, engine: str) -> None:
    """The case's own numbers keep the units they are written in; only the unit of the item changes."""
    text = examples()[section]
    one, other = finals(text, engine), finals(rewritten(text), engine)
    assert one.keys() == other.keys()
    for path, values in one.items():
        assert np.allclose(values, other[path], rtol=1e-12, atol=1e-12 * max(float(np.abs(values).max()), 1e-300)), path


def plant(capacity: Any, lead: Any, ramp: Any, life: Any, use: Any, step: str) -> dict[str, Any]:
    return {
        "format": 1, "title": "A plant", "start": day(0), "end": day(400), "step": step, "items": {"shell": {"unit": "round"}},
        "actors": {"north": {
            "stockpiles": {"shell": {"item": "shell", "initial": constant(900.0, "round"), "shelf_life": life}},
            "lines": {"shell": {"item": "shell", "capacity": capacity, "lead_time": lead, "ramp_time": ramp, "target": constant(2.0)}},
            "demands": {"front": {"item": "shell", "rate": use}},
        }},
    }  # fmt: skip


DAYS = plant(between(14.0, 28.0, "round/day"), constant(21.0, "day"), between(70.0, 140.0, "day"), constant(350.0, "day"), constant(35.0, "round/day"), "7 day")
WEEKS = plant(
    between(98.0, 196.0, "round/week"), constant(3.0, "week"), between(10.0, 20.0, "week"), constant(50.0, "week"), constant(245.0, "round/week"), "1 week"
)
HOURS = plant(
    between(14.0 / 24, 28.0 / 24, "round/hour"), constant(504.0, "hour"), between(1680.0, 3360.0, "hour"), constant(8400.0, "hour"),
    constant(35.0 / 24, "round/hour"), "168 hour",
)  # fmt: skip


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("other", [WEEKS, HOURS], ids=["weeks", "hours"])
def test_writing_weeks_or_hours_for_days_changes_nothing(engine: str, other: dict[str, Any]) -> None:
    one, two = build(DAYS), build(other)
    first, second = (run(program, engine, steps=50, draws=32, dt=7.0) for program in (one, two))
    assert one.variables == two.variables
    levels = [slot for path, kind in one.kinds.items() if kind == "level" for slot in one.variables[path]]
    assert np.allclose(first.recorded[:, levels], second.recorded[:, levels], rtol=1e-12, atol=1e-12 * 900.0)


def test_the_step_may_be_written_in_any_unit_of_time() -> None:
    from runs import read

    assert read(DAYS).step == read(WEEKS).step == 7.0
    assert read(HOURS).step == pytest.approx(7.0, rel=1e-15)
