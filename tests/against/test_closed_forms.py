"""Runs against what mathematics says, with every recursion and formula written again here."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from runs import Array, Traces
from strategies import constant, day


def case(parts: dict[str, Any], **more: Any) -> dict[str, Any]:
    items = {"shell": {"unit": "round"}, "oil": {"unit": "t"}, "new": {"unit": "aircraft"}, "old": {"unit": "aircraft"}}
    return {"format": 1, "title": "A closed form", "start": day(0), "end": day(3000), "items": items, "actors": parts, **more}


def one(data: dict[str, Any], path: str, steps: int, dt: float = 1.0) -> Array:
    """Return the history of a level, shape (steps + 1,)."""
    return Traces(data, "native", steps=steps, draws=1, dt=dt).levels(path)[:, 0]


@pytest.mark.parametrize("dt", [0.25, 1.0, 30.0])
@pytest.mark.parametrize("life", [3.0, 400.0])
def test_a_store_that_ages_decays_exponentially(dt: float, life: float) -> None:
    """Nothing enters, so that the share lost per period makes the decay exact at any step."""
    store = {"north": {"stockpiles": {"shell": {"item": "shell", "initial": constant(1e6, "round"), "shelf_life": constant(life, "day")}}}}
    held = one(case(store), "north.stockpiles.shell.held", 40, dt)
    assert held == pytest.approx([1e6 * math.exp(-n * dt / life) for n in range(41)], rel=1e-12)


def test_a_share_that_does_not_serve_is_not_held() -> None:
    store = {"north": {"stockpiles": {"shell": {"item": "shell", "initial": constant(1000.0, "round"), "unserviceable": constant(0.3)}}}}
    assert one(case(store), "north.stockpiles.shell.held", 1)[0] == pytest.approx(700.0, rel=1e-15)


@pytest.mark.parametrize("stages", [1, 2, 3, 5, 9])
@pytest.mark.parametrize("lead", [0.4, 20.0])
def test_work_in_progress_drains_as_a_delay_of_its_order(stages: int, lead: float) -> None:
    """A line full at the start stops: what is finished follows the exact recursion, and at a short step the Erlang distribution."""
    line = {"item": "shell", "capacity": constant(100.0, "round/day"), "lead_time": constant(lead, "day"), "stages": stages}
    stop = {"stop": {"date": constant(day(0)), "acts": {"lines.shell.shifts": {"multiply": constant(0.0)}}}}
    parts = {"stockpiles": {"shell": {"item": "shell", "initial": constant(0.0, "round")}}, "lines": {"shell": line}, "directives": stop}
    dt = 0.05
    made = one(case({"north": parts}), "north.lines.shell.made", 200, dt)

    share = 1.0 - math.exp(-stages * dt / lead)
    content = [100.0 * dt / share] * stages
    total, expected = 0.0, [0.0]
    for _ in range(200):
        leaving = [held * share for held in content]
        content = [held - out + came for held, out, came in zip(content, leaving, [0.0, *leaving[:-1]], strict=True)]
        total += leaving[-1]
        expected.append(total)
    assert made == pytest.approx(expected, rel=1e-12)

    if lead > 1.0:  # the stages began equally full, so the outflow is the mean of what k = 1 .. stages stages still hold back
        rate = stages / lead
        for n in (50, 200):
            x = rate * n * dt
            left = sum(math.exp(-x) * x**j / math.factorial(j) * (stages - j) for j in range(stages)) / stages
            assert made[n] == pytest.approx(100.0 * lead * (1.0 - left), rel=0.02)


@pytest.mark.parametrize("stages", [1, 3])
def test_a_line_that_starts_again_answers_a_step_as_an_erlang_delay(stages: int) -> None:
    """Starts from nothing: with capacity ordered to come back at once, good units follow the gamma distribution of the lead time."""
    lead, dt = 12.0, 0.01
    line = {
        "item": "shell", "capacity": constant(100.0, "round/day"), "lead_time": constant(lead, "day"), "stages": stages,
        "shifts": constant(1e-9),
    }  # fmt: skip
    go = {"go": {"date": constant(day(0)), "acts": {"lines.shell.shifts": {"set": constant(1.0)}}}}
    parts = {"stockpiles": {"shell": {"item": "shell", "initial": constant(0.0, "round")}}, "lines": {"shell": line}, "directives": go}
    finished = Traces(case({"north": parts}), "native", steps=3000, draws=1, dt=dt).flows("north.lines.shell.finished")[:, 0] / dt
    for n in (300, 1000, 2999):
        x = stages * (n * dt) / lead
        gamma = 1.0 - sum(math.exp(-x) * x**j / math.factorial(j) for j in range(stages))
        assert finished[n] == pytest.approx(100.0 * gamma, rel=0.01, abs=0.05)


def test_a_doubling_takes_a_fifth_off_as_wright_observed() -> None:
    """At a slope of 80 %, hours per unit fall to 80 % with each doubling, so that productivity rises to 1 / 0.8 of what it was."""
    exponent = -math.log2(0.8)
    line = {
        "item": "shell", "capacity": constant(10.0, "round/day"), "lead_time": constant(5.0, "day"), "learning": constant(exponent),
        "experience": constant(1000.0, "round"),
    }  # fmt: skip
    parts = {"stockpiles": {"shell": {"item": "shell", "initial": constant(0.0, "round")}}, "lines": {"shell": line}}
    traces = Traces(case({"north": parts}), "native", steps=2400, draws=1, dt=0.25)
    made, productivity = traces.levels("north.lines.shell.made")[:, 0], traces.levels("north.lines.shell.productivity")[:, 0]
    assert made[-1] > 7000.0
    for doublings in (1, 2, 3):
        at = int(np.argmin(np.abs(made - 1000.0 * (2**doublings - 1))))
        assert productivity[at] == pytest.approx(0.8**-doublings, rel=0.01)
    slope = np.polyfit(np.log2(1000.0 + made), np.log2(productivity), 1)[0]
    assert 2**-slope == pytest.approx(0.8, rel=0.01)


@pytest.mark.parametrize("dt", [0.02, 1.0])
def test_capacity_follows_a_new_target_through_three_stages(dt: float) -> None:
    ramp, goal = 30.0, 4.0
    line = {
        "item": "shell", "capacity": constant(10.0, "round/day"), "lead_time": constant(5.0, "day"), "target": constant(goal),
        "ramp_time": constant(ramp, "day"),
    }  # fmt: skip
    parts = {"stockpiles": {"shell": {"item": "shell", "initial": constant(0.0, "round")}}, "lines": {"shell": line}}
    steps = round(90 / dt)
    capacity = one(case({"north": parts}), "north.lines.shell.capacity_now.2", steps, dt)

    share = 1.0 - math.exp(-3.0 * dt / ramp)
    a = b = c = 10.0
    expected = [c]
    for _ in range(steps):
        a, b, c = a + share * (10.0 * goal - a), b + share * (a - b), c + share * (b - c)
        expected.append(c)
    assert capacity == pytest.approx(expected, rel=1e-12)

    if dt < 0.1:
        for n in (round(10 / dt), round(30 / dt), steps):
            x = 3.0 * n * dt / ramp
            response = 1.0 - math.exp(-x) * (1.0 + x + x * x / 2.0)
            assert capacity[n] == pytest.approx(10.0 + 30.0 * response, rel=0.005)


def test_the_exchange_ratio_is_lanchesters() -> None:
    def fleet(item: str, count: float, ready: float) -> dict[str, Any]:
        return {"item": item, "initial": constant(count, "aircraft"), "readiness": constant(ready)}

    parts = {
        "north": {"fleets": {"old": fleet("old", 100.0, 0.5), "new": fleet("new", 10.0, 0.6)}},
        "south": {"fleets": {"new": fleet("new", 40.0, 0.75)}},
    }
    fight = {
        "red": {"north.fleets.old": constant(0.01, "1/day"), "north.fleets.new": constant(0.05, "1/day")},
        "blue": {"south.fleets.new": constant(0.04, "1/day")},
    }
    traces = Traces(case(parts, engagements={"air": fight}), "native", steps=3, draws=1)
    blue, red = 40 * 0.75 * 0.04, 100 * 0.5 * 0.01 + 10 * 0.6 * 0.05
    assert traces.flows("engagements.air.exchange")[2, 0] == pytest.approx(blue / red, rel=1e-12)
    assert traces.flows("engagements.air.days")[2, 0] == pytest.approx(0.5 * (100 * 0.5 + 10 * 0.6) / blue, rel=1e-12)
    assert traces.levels("north.fleets.old.held")[3, 0] == 100.0, "nobody is lost in peace"

    at_war = case(parts, engagements={"air": fight | {"contingency": "war"}}, contingencies={"war": {}})
    traces = Traces(at_war, "native", steps=3, draws=1, fixed={"contingencies.war.begins": 0.5})
    lost = [float(traces.levels(f"engagements.air.red_lost.{i}")[1, 0]) for i in range(2)]
    assert lost == pytest.approx([0.5 * blue * 50 / 56, 0.5 * blue * 6 / 56], rel=1e-12), "half a day of war, shared by ready aircraft"
    assert float(traces.levels("engagements.air.blue_lost.0")[1, 0]) == pytest.approx(0.5 * red, rel=1e-12)


def test_barter_settles_at_the_limit_of_credit() -> None:
    """1,000 rounds at 100 $ are due; 30,000 $ are lent; 10 t of oil a day at 200 $ pay 2,000 $ a day, and shells follow the payments."""
    due = {"first_day": constant("2022-01-01"), "duration": constant(1.0, "day")}
    shells = {"item": "shell", "to": "south.shell", "quantity": constant(1000.0, "round"), "charges": "barter", "price": constant(100.0, "USD/round"), **due}
    oil = {"item": "oil", "to": "north.oil", "quantity": constant(1e5, "t"), "settles": "barter", "price": constant(200.0, "USD/t"), **due}
    parts = {
        "north": {
            "stockpiles": {"shell": {"item": "shell", "initial": constant(5000.0, "round")}, "oil": {"item": "oil", "initial": constant(0.0, "t")}},
            "contracts": {"shells": shells},
        },
        "south": {
            "stockpiles": {"shell": {"item": "shell", "initial": constant(0.0, "round")}},
            "supplies": {"oil": {"item": "oil", "rate": constant(10.0, "t/day")}}, "contracts": {"oil": oil},
        },
    }  # fmt: skip
    traces = Traces(case(parts, accounts={"barter": {"credit_limit": constant(30.0, "kUSD")}}), "native", steps=80, draws=1)
    shipped, paid = traces.levels("north.contracts.shells.shipped")[:, 0], traces.levels("south.contracts.oil.shipped")[:, 0]
    expected_shipped, expected_paid, delivered, settled = [0.0], [0.0], 0.0, 0.0
    for _ in range(80):  # both sides read the balance at the start of the period
        balance = delivered - settled
        delivered, settled = delivered + min(30000.0 - balance, 100000.0 - delivered), settled + min(2000.0, balance)
        expected_shipped.append(delivered / 100.0)
        expected_paid.append(settled / 200.0)
    assert shipped == pytest.approx(expected_shipped, rel=1e-12)
    assert paid == pytest.approx(expected_paid, rel=1e-12)
    assert shipped[-1] == pytest.approx(1000.0)
    assert paid[-1] * 200.0 == pytest.approx(100000.0), "in the end everything is paid"
    balance = traces.levels("accounts.barter.delivered")[:, 0] - traces.levels("accounts.barter.paid")[:, 0]
    assert balance[1] == 30000.0
    assert balance[-1] == pytest.approx(0.0, abs=1e-6)


def test_a_burst_fades_and_a_calendar_counts_by_the_day() -> None:
    """Demand of a war from noon of day 3, with a spell of extra use from day 1 to day 3, period by period."""
    use = {
        "item": "shell", "rate": constant(10.0, "round/day"), "calendar": [{"first_day": day(1), "until": day(3), "rate": "4 round/day"}],
        "contingency": "war", "war_rate": constant(100.0, "round/day"), "burst": constant(3.0), "burst_time": constant(5.0, "day"),
    }  # fmt: skip
    parts = {"north": {"stockpiles": {"shell": {"item": "shell", "initial": constant(1e6, "round")}}, "demands": {"front": use}}}
    traces = Traces(case(parts, contingencies={"war": {}}), "native", steps=8, draws=1, fixed={"contingencies.war.begins": 3.5})
    h = [1.0, *(math.exp(-n / 5.0) for n in range(1, 5))]
    war = [0.5 * 100 * (1 + 2 * h[0]), *(100 * (1 + 2 * share) for share in h[1:])]
    expected = [10.0, 14.0, 14.0, *(10.0 + extra for extra in war)]
    assert traces.flows("north.demands.front.uses")[:, 0] == pytest.approx(expected, rel=1e-12)
