"""Random small cases that are valid by construction, in which something of every kind is scarce.

A case is a plain mapping, as YAML would give it. Amounts are chosen so that stores run low, routes fill up, credit runs out and depots have more
airframes than slots; `test_strategies.py` proves that this happens.
"""

from __future__ import annotations

import datetime
from typing import Any

from hypothesis import strategies as st

Data = dict[str, Any]

START = datetime.date(2023, 1, 1)
DAYS = 60
BECAUSE = "for the test"
ACTORS = ("north", "south", "east")


def day(n: int) -> str:
    """Return the date of a day counted from the start."""
    return (START + datetime.timedelta(days=n)).isoformat()


def constant(value: float | str, unit: str = "") -> Data:
    """Return a number of a case that is the same in every draw."""
    return {"constant": f"{value!r} {unit}" if unit else value, "because": BECAUSE}


def between(low: float, high: float, unit: str = "") -> Data:
    """Return a number of a case that differs from draw to draw."""
    return {"base": f"{low!r} to {high!r} {unit}".strip(), "because": BECAUSE}


@st.composite
def amounts(draw: st.DrawFn, scale: float, unit: str = "", least: int = 1, most: int = 40) -> Data:
    """Numbers around `scale` times `least` to `most`, half of them uncertain."""
    value = draw(st.integers(least, most)) * scale
    if value == 0 or draw(st.booleans()):
        return constant(value, unit)
    return between(value, value * draw(st.sampled_from([1.25, 2.0, 4.0])), unit)


@st.composite
def shares(draw: st.DrawFn) -> Data:
    """Shares from nought to one, both ends included."""
    value = draw(st.sampled_from([0.0, 0.125, 0.3, 0.5, 0.8, 1.0]))
    if 0.0 < value < 0.8 and draw(st.booleans()):
        return between(value, value + 0.3)
    return constant(value)


@st.composite
def dates(draw: st.DrawFn) -> Data:
    """Days within the run, some of them uncertain."""
    first = draw(st.integers(-5, DAYS - 5))
    if draw(st.booleans()):
        return constant(day(first))
    return {"base": f"{day(first)} to {day(first + draw(st.integers(1, 20)))}", "because": BECAUSE}


class Writer:
    """Writes one random case, part by part; `levers` gathers what directives may move, with the unit of each."""

    def __init__(self, draw: st.DrawFn, least_actors: int) -> None:
        self.draw = draw
        self.actors = list(ACTORS[: max(draw(st.sampled_from([2, 3, 1])), least_actors)])
        self.levers: dict[str, str] = {}
        self.flows: dict[str, str] = {}
        self.data: Data = {
            "format": 1, "title": "A random case", "start": day(0), "end": day(DAYS),
            "items": {
                "shell": {"unit": "round", "mass": draw(amounts(10.0, "kg/round", 4, 6))},
                "fuze": {"unit": "fuze", "mass": constant(1.0, "kg/fuze")},
                "steel": {"unit": "t", "mass": constant(1000.0, "kg/t")},
                "food": {"unit": "t", "mass": constant(1000.0, "kg/t")},
                "power": {"unit": "MWh"}, "spares": {"unit": "t"}, "kit": {"unit": "kit"},
                "fighter": {"unit": "aircraft"}, "fighter-new": {"unit": "aircraft"},
            },
            "routes": {}, "accounts": {}, "engagements": {}, "indicators": {}, "gauges": {}, "contingencies": {"war": {}},
            "actors": {actor: {} for actor in self.actors},
        }  # fmt: skip

    def maybe(self, chance: int = 2) -> bool:
        """Return true once in `chance` times or so."""
        return self.draw(st.integers(1, chance)) == 1

    def put(self, actor: str, section: str, name: str, entry: Data) -> str:
        """Add a component and return its path."""
        self.data["actors"][actor].setdefault(section, {})[name] = entry
        return f"{actor}.{section}.{name}"

    def claim(self, entry: Data) -> Data:
        """Give an entry a random rank and sometimes a part that is urgent."""
        entry["priority"] = self.draw(st.integers(1, 9))
        if self.maybe(3):
            entry["urgent"] = self.draw(shares())
        return entry

    def stockpile(self, actor: str, item: str, unit: str, scale: float) -> str:
        """Add a store, some with a reserve, an age and a part that does not serve."""
        entry: Data = {"item": item}
        if self.maybe():
            floor = self.draw(st.integers(1, 10)) * scale
            entry["floor"] = constant(floor, unit)
            entry["initial"] = constant(floor + self.draw(st.integers(0, 20)) * scale, unit)
            self.levers[f"{actor}.stockpiles.{item}.floor"] = unit
        else:
            entry["initial"] = self.draw(amounts(scale, unit, 0))
        if self.maybe():
            entry["shelf_life"] = self.draw(amounts(20.0, "day"))
        if self.maybe(4):
            entry["unserviceable"] = self.draw(shares())
        return self.put(actor, "stockpiles", item, entry)

    def supply(self, actor: str, item: str, unit: str, scale: float, *, stored: bool) -> str:
        """Add a supply, some of which begin or end within the run."""
        entry: Data = {"item": item, "rate": self.draw(amounts(scale, f"{unit}/day"))}
        if stored:
            entry["to"] = f"{actor}.stockpiles.{item}"
        if self.maybe(3):
            entry["first_day"] = self.draw(dates())
        if self.maybe(3):
            entry["until"] = self.draw(dates())
        self.levers[f"{actor}.supplies.{item}.rate"] = f"{unit}/day"
        return self.put(actor, "supplies", item, entry)

    def line(self, actor: str, item: str, unit: str, inputs: Data) -> None:
        """Add a line that takes some of the inputs at hand."""
        used = {path: need for path, need in inputs.items() if self.maybe()}
        entry = self.claim({
            "item": item, "capacity": self.draw(amounts(20.0, f"{unit}/day")), "lead_time": self.draw(amounts(2.0, "day")),
            "ramp_time": self.draw(amounts(5.0, "day")), "stages": self.draw(st.integers(1, 4)), "inputs": used,
        })  # fmt: skip
        if self.maybe():
            entry["yields"] = between(0.6, 0.95)
        if self.maybe():
            entry |= {"learning": self.draw(amounts(0.01, "", 0, 15)), "experience": self.draw(amounts(100.0, unit))}
        if self.maybe(3):
            entry["utilisation"] = between(0.4, 0.9)
        path = self.put(actor, "lines", item, entry)
        self.levers |= {f"{path}.target": "", f"{path}.shifts": ""}
        self.flows |= {f"{path}.starts": unit, f"{path}.good": unit}

    def industry(self, actor: str) -> None:
        """Add stores, supplies and lines that compete for them."""
        self.stockpile(actor, "shell", "round", 200.0)
        fuze, steel = self.stockpile(actor, "fuze", "fuze", 100.0), self.stockpile(actor, "steel", "t", 2.0)
        power = self.supply(actor, "power", "MWh", 0.5, stored=False)
        if self.maybe():
            self.supply(actor, "fuze", "fuze", 20.0, stored=True)
        if self.maybe():
            self.supply(actor, "steel", "t", 0.5, stored=True)
        self.line(actor, "shell", "round", {fuze: self.draw(st.sampled_from([1, 2])), steel: "20 kg/round", power: "15 kWh/round"})
        if self.maybe():
            self.line(actor, "fuze", "fuze", {steel: "2 kg/fuze", power: "5 kWh/fuze"})

    def demand(self, actor: str, name: str, item: str, unit: str, scale: float) -> None:
        """Add a use: steady, on a calendar, in a war, or all three."""
        entry = self.claim({"item": item})
        if self.maybe(2):
            entry["rate"] = self.draw(amounts(scale, f"{unit}/day"))
        if self.maybe():
            first = self.draw(st.integers(0, DAYS - 2))
            entry["calendar"] = [{"first_day": day(first), "until": day(first + self.draw(st.integers(1, 20))), "rate": f"{scale * 10!r} {unit}/day"}]
        if self.maybe():
            entry |= {"contingency": "war", "war_rate": self.draw(amounts(scale, f"{unit}/day")), "burst": between(1.5, 4.0)}
            entry["burst_time"] = self.draw(amounts(1.0, "day", 1, 10))
        entry["source"] = f"{actor}.supplies.power" if item == "power" else f"{actor}.stockpiles.{item}"
        path = self.put(actor, "demands", name, entry)
        self.levers |= {f"{path}.rate": f"{unit}/day", f"{path}.war_rate": f"{unit}/day"}
        self.flows[f"{path}.uses"] = unit
        if "urgent" in entry:
            self.levers[f"{path}.urgent"] = "share"

    def routes(self) -> None:
        """Add ways between actors, narrow enough to fill up."""
        for name in ("rail", "sea")[: self.draw(st.sampled_from([1, 2, 0]))]:
            entry: Data = {"transit": self.draw(amounts(1.0, "day", 1, 12)), "stages": self.draw(st.integers(1, 3))}
            if self.maybe():
                entry["capacity"] = self.draw(amounts(1.0, "t/day"))
                self.levers[f"routes.{name}.capacity"] = "t/day"
            else:
                entry |= {"containers": self.draw(amounts(0.25, "container/day")), "container_load": constant(20.0, "t/container")}
            if self.maybe():
                entry["loss"] = self.draw(shares())
            if self.maybe(3):
                entry["first_day"] = self.draw(dates())
            self.data["routes"][name] = entry

    def contract(self, actor: str, name: str, item: str, unit: str, to: str, scale: float, **more: Any) -> None:
        """Add an order that falls due within the run."""
        entry = self.claim({
            "item": item, "quantity": self.draw(amounts(scale, unit)), "first_day": self.draw(dates()), "to": f"{to}.stockpiles.{item}",
            "duration": self.draw(amounts(2.0, "day")), "source": f"{actor}.stockpiles.{item}",
        })  # fmt: skip
        if self.data["routes"] and not self.maybe(4):
            entry["route"] = self.draw(st.sampled_from(sorted(self.data["routes"])))
        path = self.put(actor, "contracts", name, entry | more)
        self.levers[f"{path}.enabled"] = "share"
        self.flows |= {f"{path}.ships": unit, f"{path}.arrivals": unit}

    def trade(self, *, account: bool) -> None:
        """Add orders of shells that compete for stock, way and credit, and payments in fuzes and food that compete for what is owed."""
        self.routes()
        if account or self.maybe():
            self.data["accounts"]["barter"] = {"credit_limit": self.draw(amounts(10.0, "kUSD", 0))}
            self.levers["accounts.barter.credit_limit"] = "kUSD"
            if self.maybe():
                self.data["accounts"]["barter"]["advance"] = self.draw(amounts(5.0, "kUSD", 0))
        charged: Data = {"charges": "barter"} if self.data["accounts"] else {}
        for n in range(self.draw(st.sampled_from([2, 3, 1]))):
            to = self.draw(st.sampled_from(self.actors[1:]))
            price = {"price": self.draw(amounts(10.0, "USD/round"))}
            self.contract("north", f"shells-{n}", "shell", "round", to, 200.0, **(charged | price if self.maybe() else {}))
        if self.data["accounts"]:
            self.stockpile("north", "food", "t", 20.0)
            self.stockpile("south", "food", "t", 20.0)
            self.contract("south", "food", "food", "t", "north", 50.0, settles="barter", price=self.draw(amounts(50.0, "USD/t")))
            self.contract("south", "fuzes", "fuze", "fuze", "north", 50.0, settles="barter", price=self.draw(amounts(5.0, "USD/fuze")))

    def fleets(self) -> None:
        """Add fleets that want spare parts, depots that want kits and airframes, and a war in the air."""
        self.stockpile("north", "spares", "t", 1.0)
        self.stockpile("north", "kit", "kit", 4.0)
        for name in ("fighter", "fighter-new"):
            self.put("north", "fleets", name, self.claim({
                "item": name, "initial": self.draw(amounts(0.5, "aircraft", 0, 20)), "readiness": between(0.4, 0.8), "spares": "spares",
                "losses": self.draw(amounts(0.01, "1/year", 0)), "spares_need": self.draw(amounts(1.0, "kg/aircraft/day")),
            }))  # fmt: skip
        for n in range(self.draw(st.integers(0, 2))):
            path = self.put("north", "upgrades", f"depot-{n}", self.claim({
                "item": "fighter-new", "airframe": "north.fleets.fighter", "kit": "north.stockpiles.kit", "to": "north.fleets.fighter-new",
                "slots": self.draw(amounts(1.0, "aircraft")), "time": self.draw(amounts(2.0, "day")), "kits_each": self.draw(st.sampled_from([1, 1.5])),
            }))  # fmt: skip
            self.levers[f"{path}.slots"] = "aircraft"
        if len(self.actors) > 1 and self.maybe():
            self.put("south", "fleets", "fighter", {"item": "fighter", "initial": self.draw(amounts(2.0, "aircraft", 0)), "readiness": between(0.4, 0.8)})
            self.data["engagements"]["air"] = {
                "red": {"north.fleets.fighter": self.draw(amounts(0.02, "1/day")), "north.fleets.fighter-new": self.draw(amounts(0.02, "1/day"))},
                "blue": {"south.fleets.fighter": self.draw(amounts(0.02, "1/day"))},
            }
            if self.maybe():
                self.data["engagements"]["air"]["contingency"] = "war"

    def directives(self) -> None:
        """Add decisions on a date or a condition; a lever is set by one of them at most."""
        free = sorted(self.levers)
        for n in range(self.draw(st.integers(0, 4))):
            lever = self.draw(st.sampled_from(free))
            unit = self.levers[lever]
            if unit == "share":
                act: Data = {"set": constant(self.draw(st.sampled_from([0.0, 0.25, 1.0])))}
            elif self.maybe():
                act = {"set": self.draw(amounts(1.0, unit))}
            else:
                act = {"multiply": self.draw(amounts(0.25, "", 0, 16))}
            entry: Data = {"acts": {lever: act}}
            if self.maybe():
                entry["date"] = self.draw(dates())
            else:
                entry |= {"when": "north.stockpiles.shell.held", self.draw(st.sampled_from(["above", "below"])): self.draw(amounts(200.0, "round"))}
            if self.maybe(3):
                entry["delay"] = self.draw(amounts(1.0, "day", 0, 20))
            if self.maybe(3):
                entry["ramp"] = self.draw(amounts(1.0, "day", 0, 20))
            if self.maybe(3):
                entry["until"] = self.draw(dates())
            self.put("north", "directives", f"decision-{n}", entry)
            if "set" in act:
                free.remove(lever)

    def onlookers(self) -> None:
        """Add what observers see and what questions keep."""
        for n, flow in enumerate(sorted(self.flows)[:3]):
            weight = self.draw(amounts(0.01, f"event/({self.flows[flow]})"))
            self.data["indicators"][f"trace-{n}"] = {
                "unit": "event", "of": {flow: weight}, "detection": self.draw(shares()), "background": self.draw(amounts(0.1, "event/day", 0)),
                "delay": self.draw(amounts(1.0, "day", 0, 20)),
            }  # fmt: skip
        for mode in ("value", "largest", "smallest", "total", "below", "above"):
            of = {"north.stockpiles.shell.held": 1} if mode != "total" else {"north.lines.shell.starts": 1}
            entry = {"unit": "round", "mode": mode, "of": of, "first_day": day(self.draw(st.integers(0, 20)))}
            self.data["gauges"][mode] = entry | ({"bound": "1000 round"} if mode in ("below", "above") else {})


@st.composite
def cases(draw: st.DrawFn, *, account: bool = False) -> Data:
    """Small cases of one to three actors, with every kind of component and something of every kind scarce; with an account for certain if asked."""
    writer = Writer(draw, 2 if account else 1)
    for actor in writer.actors:
        writer.industry(actor)
        for n in range(draw(st.integers(1, 2))):
            writer.demand(actor, f"front-{n}", "shell", "round", 20.0)
        if writer.maybe():
            writer.demand(actor, "lighting", "power", "MWh", 0.2)
    if len(writer.actors) > 1:
        writer.trade(account=account)
    if writer.maybe():
        writer.fleets()
    writer.directives()
    writer.onlookers()
    return writer.data


steps = st.sampled_from([0.5, 1.0, 3.0, 7.0])
"""Lengths of a period in days."""
