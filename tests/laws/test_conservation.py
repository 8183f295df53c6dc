"""Nothing appears, nothing vanishes, books balance, no level is negative: on random networks, on both engines, counted twice."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given, settings

import strategies
from materiel.engine import laws
from runs import ENGINES, Array, Traces, build, run

TOLERANCE = 1e-9


@settings(max_examples=15)
@given(strategies.cases(), strategies.steps)
def test_laws_hold_on_random_networks(data: strategies.Data, dt: float) -> None:
    program = build(data, dt)
    for engine in ENGINES:
        for fixed in ({}, {"contingencies.war.begins": 10.5}):
            outcome = run(program, engine, dt=dt, record=[], fixed=fixed)
            for law, error in laws.errors(program, outcome).items():
                assert error.max() <= TOLERANCE, f"{law} by {error.max():.3g} on {engine}"


@pytest.mark.proof
@settings(max_examples=300, derandomize=False)
@given(strategies.cases(), strategies.steps)
def test_laws_hold_on_many_more_networks(data: strategies.Data, dt: float) -> None:
    program = build(data, dt)
    outcome = run(program, "native", dt=dt, record=[], draws=64, steps=120, fixed={"contingencies.war.begins": 10.5})
    for law, error in laws.errors(program, outcome).items():
        assert error.max() <= TOLERANCE, f"{law} by {error.max():.3g}"


class Ledger:
    """An item's ledger written out by hand from the data of the case, with no help from the roles that the types declare."""

    def __init__(self, data: strategies.Data, traces: Traces) -> None:
        self.data, self.traces = data, traces

    def components(self, section: str) -> Iterator[tuple[str, strategies.Data]]:
        for actor, parts in self.data["actors"].items():
            for name, entry in parts.get(section, {}).items():
                yield f"{actor}.{section}.{name}", entry

    def total(self, path: str) -> Array:
        """Return the sum over entries of a level at every boundary."""
        slots = self.traces.program.variables[path]
        first = self.traces.outcome.first[slots].sum(axis=0)
        return np.vstack([first[None], self.traces.outcome.recorded[:, slots].sum(axis=1)])

    def item_of(self, path: str) -> str:
        actor, section, name = path.split(".")
        return self.data["actors"][actor][section][name]["item"]

    def holds(self, item: str) -> Iterator[Array]:
        for section, level in (("stockpiles", "held"), ("lines", "work"), ("fleets", "held"), ("upgrades", "work")):
            yield from (self.total(f"{path}.{level}") for path, entry in self.components(section) if entry["item"] == item)
        for path, entry in self.components("contracts"):
            if entry["item"] == item and "route" in entry:
                yield self.total(f"{path}.on_the_way")

    def came(self, item: str) -> Iterator[Array]:
        for section, level in (("lines", "started"), ("supplies", "supplied"), ("upgrades", "begun")):
            yield from (self.total(f"{path}.{level}") for path, entry in self.components(section) if entry["item"] == item)

    def went(self, item: str) -> Iterator[Array]:
        for section, level in (
            ("stockpiles", "spoiled"), ("supplies", "wasted"), ("lines", "scrapped"), ("demands", "used"), ("contracts", "lost"), ("fleets", "gone"),
        ):  # fmt: skip
            yield from (self.total(f"{path}.{level}") for path, entry in self.components(section) if entry["item"] == item)
        for path, entry in self.components("lines"):
            for i, source in enumerate(entry.get("inputs", {})):
                if self.item_of(source) == item:
                    yield self.traces.levels(f"{path}.consumed.{i}")
        for path, entry in self.components("fleets"):
            if item == "spares" and "spares" in entry:
                yield self.total(f"{path}.parts_used")
        for path, _ in self.components("upgrades"):
            if item == "kit":
                yield self.total(f"{path}.kits_used")
            if item == "fighter":
                yield self.total(f"{path}.airframes_used")
        for name, entry in self.data["engagements"].items():
            for side in ("red", "blue"):
                for i, fleet in enumerate(entry[side]):
                    if self.item_of(fleet) == item:
                        yield self.traces.levels(f"engagements.{name}.{side}_lost.{i}")


@pytest.mark.parametrize("engine", ENGINES)
@settings(max_examples=12)
@given(strategies.cases(), strategies.steps)
def test_ledgers_written_by_hand_balance_on_every_boundary(engine: str, data: strategies.Data, dt: float) -> None:
    traces = Traces(data, engine, dt=dt, steps=25, draws=4, fixed={"contingencies.war.begins": 10.5})
    ledger = Ledger(data, traces)
    for item in data["items"]:
        held, came, went = (sum(part(item), np.zeros((26, 4))) for part in (ledger.holds, ledger.came, ledger.went))
        imbalance = np.abs((held - held[0]) - (came - came[0]) + went)
        throughput = np.maximum(held[0] + (came[-1] - came[0]), 1e-9)
        assert (imbalance <= TOLERANCE * throughput).all(), f"{item} by {imbalance.max():.3g}"
    for path in traces.paths("level"):
        if not path.startswith("gauges."):
            for i in range(len(traces.program.variables[path])):
                assert traces.levels(f"{path}.{i}").min() >= 0.0, path


@pytest.mark.parametrize("engine", ENGINES)
@settings(max_examples=12)
@given(strategies.cases(account=True), strategies.steps)
def test_books_balance_and_keep_their_limits(engine: str, data: strategies.Data, dt: float) -> None:
    traces = Traces(data, engine, dt=dt, steps=25, draws=4)
    ledger = Ledger(data, traces)
    for key, side in (("charges", "delivered"), ("settles", "paid")):
        booked = np.zeros((26, 4))
        for path, entry in ledger.components("contracts"):
            if key in entry:
                booked = booked + traces.outcome.first[traces.slot(f"{path}.price")] * traces.levels(f"{path}.shipped")
        assert np.allclose(traces.levels(f"accounts.barter.{side}"), booked, rtol=TOLERANCE, atol=0.0), side
    balance = traces.levels("accounts.barter.delivered") - traces.levels("accounts.barter.paid")
    first = traces.outcome.first
    throughput = np.maximum(traces.levels("accounts.barter.delivered")[-1], 1.0)
    assert (balance >= -first[traces.slot("accounts.barter.advance")] - TOLERANCE * throughput).all(), "more was paid than could be owed"
    moved = [lever for entry in data["actors"]["north"].get("directives", {}).values() for lever in entry["acts"]]
    if "accounts.barter.credit_limit" not in moved:
        assert (balance <= first[traces.slot("accounts.barter.credit_limit")] + TOLERANCE * throughput).all(), "more was delivered than credit allows"
