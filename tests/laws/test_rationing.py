"""How what is scarce is shared, against an oracle in exact fractions, and as properties of random networks."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import strategies
from materiel import allocation
from runs import ENGINES, Traces, build, run
from strategies import constant, day

ROUNDING = 1e-12


def exact(available: float, reserve: float, classes: list[tuple[bool, list[float]]]) -> list[list[Fraction]]:
    """Return the grants of one resource, class by class: each takes what is left, pro rata if that is not enough."""
    left, made = Fraction(available), list[list[Fraction]]()
    for spares, amounts in classes:
        head = max(left - Fraction(reserve), Fraction(0)) if spares else left
        wanted = sum(map(Fraction, amounts), Fraction(0))
        share = Fraction(1) if wanted <= head else head / wanted
        made.append([Fraction(amount) * share for amount in amounts])
        left -= min(wanted, head)
    return made


quantities = st.one_of(st.just(0.0), st.floats(1e-6, 1e6))
resources = st.tuples(quantities, quantities, st.lists(st.tuples(st.booleans(), st.lists(quantities, min_size=1, max_size=4)), min_size=1, max_size=5))


@settings(max_examples=500)
@given(resources)
def test_grants_are_those_of_exact_arithmetic(resource: tuple[float, float, list[tuple[bool, list[float]]]]) -> None:
    available, reserve, classes = resource
    with np.errstate(all="ignore"):
        grants = allocation.granted(np.float64(available), np.float64(reserve), [(s, [np.float64(a) for a in amounts]) for s, amounts in classes])
    oracle = [float(grant) for group in exact(available, reserve, classes) for grant in group]
    assert np.allclose(np.array(grants, dtype=float), oracle, rtol=0.0, atol=ROUNDING * max(available, 1.0))


@settings(max_examples=500)
@given(resources)
def test_grants_never_exceed_what_is_wanted_or_there(resource: tuple[float, float, list[tuple[bool, list[float]]]]) -> None:
    """Signs and bounds hold exactly, not to rounding."""
    available, reserve, classes = resource
    with np.errstate(all="ignore"):
        grants = allocation.granted(np.float64(available), np.float64(reserve), [(s, [np.float64(a) for a in amounts]) for s, amounts in classes])
    wanted = [amount for _, amounts in classes for amount in amounts]
    assert all(0.0 <= grant <= amount for grant, amount in zip(grants, wanted, strict=True))
    remainder = available
    for grant in grants:
        remainder = remainder - float(grant)
        assert remainder >= 0.0


@settings(max_examples=300)
@given(quantities, st.lists(quantities, min_size=1, max_size=6))
def test_settling_never_overdraws(available: float, takes: list[float]) -> None:
    left, taken = allocation.settled(np.float64(available), [np.float64(take) for take in takes])
    assert float(left) >= 0.0
    assert float(left) + float(taken) == pytest.approx(available, rel=ROUNDING, abs=1e-9)
    assert float(taken) <= sum(takes) * (1 + ROUNDING)


# ---------------------------------------------------------------------------- one store, many claims


class Store:
    """A store with claims of every kind in the first period: demands, which may break the reserve, and orders, which may not."""

    def __init__(self, stock: float, floor: float, claims: list[dict[str, Any]]) -> None:
        self.stock, self.floor, self.claims = stock, min(floor, stock), claims
        demands: dict[str, Any] = {}
        contracts: dict[str, Any] = {}
        for n, claim in enumerate(claims):
            entry = {"item": "shell", "priority": claim["priority"], "urgent": constant(claim["urgent"])}
            if claim["spares"]:
                whole = {"quantity": constant(claim["want"], "round"), "first_day": constant("2022-01-01"), "duration": constant(1.0, "day")}
                contracts[f"c{n}"] = entry | whole | {"to": "south.shell"}
            else:
                demands[f"c{n}"] = entry | {"rate": constant(claim["want"], "round/day")}
        self.data = {
            "format": 1, "title": "One store", "start": day(0), "end": day(3), "items": {"shell": {"unit": "round"}},
            "actors": {
                "north": {
                    "stockpiles": {"shell": {"item": "shell", "initial": constant(stock, "round"), "floor": constant(self.floor, "round")}},
                    "demands": demands, "contracts": contracts,
                },
                "south": {"stockpiles": {"shell": {"item": "shell", "initial": constant(0.0, "round")}}},
            },
        }  # fmt: skip

    def flows(self, engine: str) -> list[float]:
        traces = Traces(self.data, engine, steps=1, draws=1)
        names = [f"north.contracts.c{n}.ships" if claim["spares"] else f"north.demands.c{n}.uses" for n, claim in enumerate(self.claims)]
        return [float(traces.flows(name)[0, 0]) for name in names]

    def expected(self) -> list[float]:
        """Return the flows by exact arithmetic: limit each want, serve urgent parts, then by rank; who need not spare the reserve comes first in a rank."""
        spare = {True: max(self.stock - self.floor, 0.0), False: self.stock}
        wants = [min(Fraction(claim["want"]), Fraction(spare[claim["spares"]])) for claim in self.claims]
        parts: dict[tuple[int, bool], list[tuple[int, Fraction]]] = {}
        for n, (claim, want) in enumerate(zip(self.claims, wants, strict=True)):
            urgent = want * Fraction(claim["urgent"])
            parts.setdefault((0, claim["spares"]), []).append((n, urgent))
            parts.setdefault((claim["priority"], claim["spares"]), []).append((n, want - urgent))
        order = [parts[key] for key in sorted(parts)]
        grants = exact(self.stock, self.floor, [(key[1], [amount for _, amount in parts[key]]) for key in sorted(parts)])  # type: ignore[misc]
        whole = [Fraction(0)] * len(self.claims)
        for group, given_group in zip(order, grants, strict=True):
            for (n, _), grant in zip(group, given_group, strict=True):
                whole[n] += grant
        return [float(min(grant, want)) for grant, want in zip(whole, wants, strict=True)]


claims = st.fixed_dictionaries({
    "spares": st.booleans(), "priority": st.integers(1, 4), "want": st.sampled_from([0.0, 1.0, 30.0, 100.0, 700.0, 1234.5]),
    "urgent": st.sampled_from([0.0, 0.0, 0.25, 1.0]),
})  # fmt: skip
stores = st.builds(Store, st.sampled_from([0.0, 100.0, 1000.0, 3333.3]), st.sampled_from([0.0, 50.0, 900.0]), st.lists(claims, min_size=1, max_size=6))


@settings(max_examples=50)
@given(stores)
def test_a_store_is_shared_as_exact_arithmetic_says(store: Store) -> None:
    assert store.flows("numpy") == pytest.approx(store.expected(), rel=ROUNDING, abs=1e-9)


@settings(max_examples=50)
@given(stores)
def test_nothing_is_stranded_in_a_store(store: Store) -> None:
    """Own use empties a store while anybody wants more; orders leave the reserve and nothing else."""
    flows = store.flows("numpy")
    unmet = [claim["want"] - flow for claim, flow in zip(store.claims, flows, strict=True)]
    left = store.stock - sum(flows)
    tolerance = ROUNDING * max(store.stock, 1.0)
    assert left >= -tolerance
    if any(short > tolerance for short, claim in zip(unmet, store.claims, strict=True) if not claim["spares"]):
        assert left <= tolerance
    if any(short > tolerance for short, claim in zip(unmet, store.claims, strict=True) if claim["spares"]):
        assert left <= store.floor + tolerance
    exported = sum(flow for flow, claim in zip(flows, store.claims, strict=True) if claim["spares"])
    assert exported <= max(store.stock - store.floor, 0.0) + tolerance


@pytest.mark.parametrize("engine", ENGINES)
def test_rank_urgency_and_reserve_by_example(engine: str) -> None:
    def claim(want: float, priority: int, urgent: float = 0.0, *, spares: bool = False) -> dict[str, Any]:
        return {"want": want, "priority": priority, "urgent": urgent, "spares": spares}

    assert Store(100.0, 0.0, [claim(80.0, 2), claim(80.0, 1)]).flows(engine) == [20.0, 80.0]
    assert Store(100.0, 0.0, [claim(60.0, 2), claim(90.0, 2)]).flows(engine) == pytest.approx([40.0, 60.0], rel=ROUNDING)
    assert Store(100.0, 0.0, [claim(80.0, 4, 0.5), claim(80.0, 1)]).flows(engine) == [40.0, 60.0]
    assert Store(100.0, 70.0, [claim(80.0, 1, spares=True), claim(80.0, 2)]).flows(engine) == [30.0, 70.0]
    assert Store(100.0, 70.0, [claim(80.0, 3, spares=True), claim(10.0, 2)]).flows(engine) == [20.0, 10.0]
    assert Store(100.0, 70.0, [claim(80.0, 3, 1.0, spares=True), claim(10.0, 2)]).flows(engine) == [30.0, 10.0]


# ---------------------------------------------------------------------------- other resources


def trade(limits: dict[str, Any], orders: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Return a case of orders between two actors, all due at once from ample stores, with the given ways and accounts."""
    due = {"first_day": constant("2022-01-01"), "duration": constant(1.0, "day")}
    return {
        "format": 1, "title": "Trade", "start": day(0), "end": day(9),
        "items": {"shell": {"unit": "round", "mass": constant(50.0, "kg/round")}, "rocket": {"unit": "rocket", "mass": constant(200.0, "kg/rocket")}},
        **limits,
        "actors": {
            "north": {
                "stockpiles": {name: {"item": name, "initial": constant(1e6, unit)} for name, unit in (("shell", "round"), ("rocket", "rocket"))},
                "contracts": {name: {**due, "to": f"south.{order['item']}", **order} for name, order in orders.items()},
            },
            "south": {"stockpiles": {name: {"item": name, "initial": constant(0.0, unit)} for name, unit in (("shell", "round"), ("rocket", "rocket"))}},
        },
    }  # fmt: skip


def order(item: str, quantity: float, unit: str, **more: Any) -> dict[str, Any]:
    return {"item": item, "quantity": constant(quantity, unit), **more}


RAIL = {"routes": {"rail": {"capacity": constant(10.0, "t/day"), "transit": constant(5.0, "day")}}}
DUE = {"accounts": {"barter": {"credit_limit": constant(10.0, "kUSD"), "advance": constant(10.0, "kUSD")}}}


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(("limits", "key", "weights"), [(RAIL, "route", (50.0, 200.0)), (DUE, "charges", (20.0, 100.0)), (DUE, "settles", (20.0, 100.0))])
@pytest.mark.parametrize(("first", "second"), [(7, 7), (2, 7), (7, 2)])
def test_ways_and_accounts_are_shared_by_weight(engine: str, limits: dict[str, Any], key: str, weights: tuple[float, float], first: int, second: int) -> None:
    """Way by mass, credit and debt by value: 10,000 units of each, of which orders want 7,500 and 20,000."""
    wants = 7500.0 / weights[0], 20000.0 / weights[1]
    shared = {key: "rail"} if key == "route" else {key: "barter"}
    prices = ({}, {}) if key == "route" else ({"price": constant(20.0, "USD/round")}, {"price": constant(100.0, "USD/rocket")})
    orders = {
        "shells": order("shell", wants[0], "round", priority=first, **shared, **prices[0]),
        "rockets": order("rocket", wants[1], "rocket", priority=second, **shared, **prices[1]),
    }
    traces = Traces(trade(limits, orders), engine, steps=1, draws=1)
    shells, rockets = (float(traces.flows(f"north.contracts.{name}.ships")[0, 0]) * weight for name, weight in zip(orders, weights, strict=True))
    # limited first to 10,000, the second wants 10,000 beside the 7,500 of the first
    expected = {(7, 7): (10000.0 * 7500 / 17500, 10000.0 * 10000 / 17500), (2, 7): (7500.0, 2500.0), (7, 2): (0.0, 10000.0)}[first, second]
    assert (shells, rockets) == pytest.approx(expected, rel=ROUNDING)


SCARCE_STEEL = {
    "format": 1, "title": "Two lines on one supply of steel, one of which lacks fuzes", "start": day(0), "end": day(9),
    "items": {"shell": {"unit": "round"}, "rocket": {"unit": "rocket"}, "steel": {"unit": "kg"}, "fuze": {"unit": "fuze"}},
    "actors": {"north": {
        "supplies": {"steel": {"item": "steel", "rate": constant(1000.0, "kg/day")}, "fuze": {"item": "fuze", "rate": constant(2.0, "fuze/day")}},
        "stockpiles": {"shell": {"item": "shell", "initial": constant(0.0, "round")}, "rocket": {"item": "rocket", "initial": constant(0.0, "rocket")}},
        "lines": {
            "shell": {"item": "shell", "capacity": constant(50.0, "round/day"), "lead_time": constant(9.0, "day"), "inputs": {"steel": "20 kg/round"}},
            "rocket": {
                "item": "rocket", "capacity": constant(50.0, "rocket/day"), "lead_time": constant(9.0, "day"),
                "inputs": {"steel": "20 kg/rocket", "fuze": 1},
            },
        },
    }},
}  # fmt: skip


@pytest.mark.parametrize("engine", ENGINES)
def test_limiting_first_strands_nothing(engine: str) -> None:
    """Granted independently, half the steel would wait in vain for fuzes: 46 % of it would lie idle."""
    independent = [1000.0 * 50 / 100, 1000.0 * 50 / 100]
    usable = independent[0] + min(independent[1], 2.0 * 20)
    assert 1.0 - usable / 1000.0 > 0.45
    traces = Traces(SCARCE_STEEL, engine, steps=8, draws=1)
    assert np.allclose(traces.flows("north.supplies.steel.unused"), 0.0, atol=1e-9)
    shells, rockets = traces.flows("north.lines.shell.starts")[:, 0], traces.flows("north.lines.rocket.starts")[:, 0]
    assert np.allclose(shells, 50.0 * 50 / 52, rtol=ROUNDING)
    assert np.allclose(rockets, 2.0 * 50 / 52, rtol=ROUNDING)


# ---------------------------------------------------------------------------- random networks


@settings(max_examples=15)
@given(strategies.cases(), strategies.steps)
def test_flows_stay_within_wants_and_resources(data: strategies.Data, dt: float) -> None:
    program = build(data, dt)
    seen = run(program, steps=25, draws=4, dt=dt, fixed={"contingencies.war.begins": 9.0}).recorded
    for stage in program.step:
        for arguments, results in zip(stage.arguments, stage.results, strict=True):
            if stage.phase in ("limit", "flow"):
                assert (seen[:, results[0]] <= seen[:, arguments[0]]).all(), f"{stage.phase}: more than wanted"
                assert (seen[:, results[0]] >= 0.0).all(), f"{stage.phase}: a flow runs backwards"
            if stage.phase == "grant":
                assert (seen[:, results] >= 0.0).all()
                assert (seen[:, results].sum(axis=1) <= seen[:, arguments[0]] * (1 + ROUNDING)).all(), "a resource is granted twice"
            if stage.phase == "settle":
                left, taken, available = seen[:, results[0]], seen[:, results[1]], seen[:, arguments[0]]
                assert (left >= 0.0).all()
                assert (left <= available).all()
                assert np.allclose(left + taken, available, rtol=ROUNDING, atol=ROUNDING)


@settings(max_examples=15)
@given(strategies.cases(account=True), strategies.steps)
def test_orders_leave_the_reserve(data: strategies.Data, dt: float) -> None:
    traces = Traces(data, dt=dt, steps=25, draws=4)
    reserves: dict[str, np.ndarray] = {}
    for stage in traces.program.step:
        if stage.phase == "offer" and stage.title.startswith("stockpiles"):
            for row in stage.results:
                held = next(path for path in traces.paths("level") if path.endswith(".held") and _offers(traces, path, int(row[0])))
                reserves[held.removesuffix(".held")] = traces.outcome.recorded[:, row[1]]
    assert reserves
    for actor, parts in data["actors"].items():
        exported: dict[str, np.ndarray] = {}
        for name, entry in parts.get("contracts", {}).items():
            exported[entry["source"]] = exported.get(entry["source"], np.zeros((25, 4))) + traces.flows(f"{actor}.contracts.{name}.ships")
        for store, shipped in exported.items():
            spare = np.maximum(traces.levels(f"{store}.held")[:-1] - reserves[store], 0.0)
            assert (shipped <= spare * (1 + ROUNDING)).all(), store


def _offers(traces: Traces, held: str, offer: int) -> bool:
    """Whether a slot offers what a store holds."""
    slot = traces.slot(held)
    return any(
        stage.phase == "offer" and slot in arguments and offer in results
        for stage in traces.program.step
        for arguments, results in zip(stage.arguments, stage.results, strict=True)
    )


@pytest.mark.parametrize("engine", ENGINES)
def test_a_lever_stays_within_its_bounds(engine: str) -> None:
    """A factor on an urgent share must not lift it above one: what was granted would be handed back."""
    both = [{"want": 80.0, "priority": 3, "urgent": 0.5, "spares": False}] * 2
    data = Store(100.0, 0.0, both).data
    data["actors"]["north"]["directives"] = {"all": {"date": constant(day(0)), "acts": {"demands.c0.urgent": {"multiply": constant(3.0)}}}}
    traces = Traces(data, engine, steps=1, draws=1)
    first, second = (float(traces.flows(f"north.demands.c{n}.uses")[0, 0]) for n in range(2))
    assert first == pytest.approx(100.0 * 80 / 120), "80 urgent against 40 urgent"
    assert first + second == pytest.approx(100.0)
