"""A shorter step comes nearer to the truth: at first order where everything is smooth, and somehow where wants are cut and dates fall."""

from __future__ import annotations

import itertools
import math
from typing import Any

import pytest

from runs import Traces
from strategies import constant, day

DAYS = 48


def at_end(data: dict[str, Any], path: str, dt: float) -> float:
    """Return a level after DAYS days, with a given step."""
    steps = round(DAYS / dt)
    assert steps * dt == DAYS
    traces = Traces(data, "native", dt=dt, steps=steps, draws=1, record=[])
    return float(traces.outcome.last[traces.slot(path)][0])


def case(parts: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "format": 1, "title": "A smooth network", "start": day(0), "end": day(DAYS + 8),
        "items": {"shell": {"unit": "round"}, "fuze": {"unit": "fuze"}}, "actors": {"north": parts}, **more,
    }  # fmt: skip


STORE = {
    "stockpiles": {"shell": {"item": "shell", "initial": constant(1000.0, "round"), "shelf_life": constant(30.0, "day")}},
    "supplies": {"shell": {"item": "shell", "rate": constant(90.0, "round/day"), "to": "north.stockpiles.shell"}},
}
PLANT = {
    "stockpiles": {"shell": {"item": "shell", "initial": constant(500.0, "round"), "shelf_life": constant(60.0, "day")}},
    "lines": {"shell": {
        "item": "shell", "capacity": constant(20.0, "round/day"), "target": constant(3.0), "ramp_time": constant(20.0, "day"),
        "lead_time": constant(15.0, "day"), "learning": constant(0.3), "experience": constant(300.0, "round"), "yields": constant(0.9),
    }},
}  # fmt: skip


@pytest.mark.parametrize("dt", [2.0, 1.0, 0.5])
def test_a_filled_and_ageing_store_is_first_order_against_its_closed_form(dt: float) -> None:
    truth = 90.0 * 30.0 + (1000.0 - 90.0 * 30.0) * math.exp(-DAYS / 30.0)
    coarse, fine = (abs(at_end(case(STORE), "north.stockpiles.shell.held", step) - truth) for step in (dt, dt / 2))
    assert 1.9 < coarse / fine < 2.1


@pytest.mark.parametrize("path", ["north.stockpiles.shell.held", "north.lines.shell.made", "north.lines.shell.productivity", "north.lines.shell.scrapped"])
def test_a_growing_and_learning_plant_is_first_order_against_a_fine_step(path: str) -> None:
    """Against a step of h / 64 the ratio of errors at h and h / 2 tends to (1 - 1/64) / (1/2 - 1/64) = 2.03."""
    h = 1.0
    truth = at_end(case(PLANT), path, h / 64)
    coarse, fine = (abs(at_end(case(PLANT), path, step) - truth) for step in (h, h / 2))
    assert 1.85 < coarse / fine < 2.2


def fleets() -> dict[str, Any]:
    blue = {"fleets": {"new": {"item": "new", "initial": constant(60.0, "aircraft"), "readiness": constant(0.7)}}}
    red = {"fleets": {"old": {"item": "old", "initial": constant(100.0, "aircraft"), "readiness": constant(0.5)}}}
    fight = {"red": {"north.fleets.old": constant(0.01, "1/day")}, "blue": {"south.fleets.new": constant(0.03, "1/day")}, "contingency": "war"}
    items = {"old": {"unit": "aircraft"}, "new": {"unit": "aircraft"}}
    return {**case(red), "items": items, "actors": {"north": red, "south": blue}, "engagements": {"air": fight}, "contingencies": {"war": {}}}


@pytest.mark.parametrize("dt", [2.0, 1.0])
def test_lanchesters_square_law_is_first_order_against_its_closed_form(dt: float) -> None:
    """R' = -b y B and B' = -a x R, with ready shares x and y, is solved by hyperbolic functions as long as both sides last."""
    days, red, blue, a, b = 12, 100.0, 60.0, 0.01 * 0.5, 0.03 * 0.7
    w = math.sqrt(a * b)
    truth = red * math.cosh(w * days) - blue * math.sqrt(b / a) * math.sinh(w * days)
    assert truth > 0

    def after(step: float) -> float:
        traces = Traces(fleets(), dt=step, steps=round(days / step), draws=1, fixed={"contingencies.war.begins": 0.0})
        return float(traces.levels("north.fleets.old.held")[-1, 0])

    coarse, fine = (abs(after(step) - truth) for step in (dt, dt / 2))
    assert 1.8 < coarse / fine < 2.2


SCARCE = {
    "stockpiles": {
        "shell": {"item": "shell", "initial": constant(300.0, "round")},
        "fuze": {"item": "fuze", "initial": constant(400.0, "fuze")},
    },
    "supplies": {"fuze": {"item": "fuze", "rate": constant(30.0, "fuze/day"), "to": "north.stockpiles.fuze", "until": constant(day(31))}},
    "lines": {"shell": {
        "item": "shell", "capacity": constant(45.0, "round/day"), "lead_time": constant(10.0, "day"), "inputs": {"north.stockpiles.fuze": 1},
    }},
    "demands": {
        "front": {"item": "shell", "calendar": [{"first_day": day(13), "until": day(29), "rate": "70 round/day"}], "rate": constant(20.0, "round/day")},
        "rear": {"item": "shell", "rate": constant(15.0, "round/day"), "priority": 4},
    },
    "directives": {"surge": {
        "date": constant(day(7)), "ramp": constant(10.0, "day"), "acts": {"lines.shell.shifts": {"multiply": constant(1.6)}},
    }},
}  # fmt: skip


@pytest.mark.parametrize("path", ["north.demands.front.used", "north.demands.rear.missed", "north.lines.shell.started", "north.stockpiles.shell.held"])
def test_errors_shrink_where_wants_are_cut_and_dates_fall(path: str) -> None:
    """Steps are short against the spells of the calendar; each halving takes away a quarter of the error at least."""
    truth = at_end(case(SCARCE), path, 1 / 64)
    errors = [abs(at_end(case(SCARCE), path, step) - truth) for step in (2.0, 1.0, 0.5, 0.25)]
    assert errors[0] > 1e-3 * truth
    assert all(fine < 0.75 * coarse for coarse, fine in itertools.pairwise(errors))
