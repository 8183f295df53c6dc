"""Contracts: orders of one item from one actor to another."""

from __future__ import annotations

from collections.abc import Sequence

from materiel.component import URGENT, Component, Link, Parameter, activity, component, constant, flow, level, priority
from materiel.equations import Value, Values, clamp, maximum, pass_on


@component
class Contract(Component):
    """An order: a quantity over a time, at a price, bounded by what the supplier can spare, by the route and by credit.

    What is due but could not be shipped stays due. Shipments draw on the supplier's stock above its floor, on the route by mass, and on the credit of
    the account they are charged to. A contract that `settles` an account is a payment: it draws on what is owed, in the order of its `priority`. Competing contracts on one
    stockpile, such as a queue for aircraft, are served by priority.
    """

    section = "contracts"
    example = """
    format: 1
    title: An order that the war reserve stops
    start: 2023-01-01
    end: 2023-12-31
    items: {shell: {unit: round}}
    actors:
      north:
        stockpiles:
          shell: {item: shell, initial: {constant: 5 Mround, because: for the example}, floor: {base: 1 to 4 Mround, because: for the example}}
        contracts:
          export:
            item: shell
            quantity: {base: 1 to 6 Mround, because: for the example}
            first_day: {base: 2023-02-01 to 2023-06-01, because: for the example}
            duration: {constant: 120 day, because: for the example}
            to: south.shell
      south: {stockpiles: {shell: {item: shell, initial: {constant: 0 round, because: for the example}}}}
    questions:
      shipped: {text: Shells shipped in the year, value: north.contracts.export.shipped, at: 2023-12-30, fan: Shells shipped so far}
    """
    sources = ("Sterman, Business Dynamics (2000), ch. 18: order backlogs and fulfilment limited by stock",)
    exactly_one = (("quantity", "tonnage"),)
    at_most_one = (("charges", "settles"),)
    needs = (("tonnage", ("item.mass",)),)

    item = Link("what is ordered", reads="mass")
    quantity = Parameter("item", "B", "quantity ordered", at_least=0.0, optional=True, decided=True)
    tonnage = Parameter("kg", "M", "mass ordered, instead of a quantity", at_least=0.0, optional=True, decided=True)
    share = Parameter("1", r"\omega", "share of the quantity or mass that is this item", default=1.0, because="all of it", at_least=0.0, at_most=1.0)
    first_day = Parameter("date", "t_0", "day on which deliveries begin to be due", decided=True)
    duration = Parameter("day", "d", "time over which the order falls due", more_than=0.0, decided=True)
    enabled = Parameter("1", "e", "switch, from 0 (no such order) to 1", default=1.0, because="the order exists", at_least=0.0, at_most=1.0, lever=True)
    price = Parameter("USD/item", "p", "value of one unit in the account", more_than=0.0, optional=True)
    urgent = URGENT
    priority = priority(7)
    source = Link("stock that is shipped from", draws="stock", by="ships", spares_reserve=True, same_item=True)
    to = Link("stock that is shipped to", sends=(("arrivals", "goods"),))
    route = Link("way", draws="carriage", by="ships", coefficient="item_mass", optional=True)
    charges = Link("account that is charged", draws="credit", by="ships", coefficient="price", sends=(("value", "deliveries"),), optional=True)
    settles = Link("account that is paid off", draws="debt", by="ships", coefficient="price", sends=(("value", "payments"),), optional=True)

    ordered = constant("item", "O", "quantity of this item ordered")
    ships = activity("item", "Z", "amount shipped")
    arrivals = flow("item", "Y", "amount that arrives in the period")
    value = flow("USD", "V", "value shipped in the period")
    shipped = level("item", r"Z^{\Sigma}", "shipped so far")
    arrived = level("item", r"Y^{\Sigma}", "arrived so far")
    on_the_way = level("item", "W", "on the way, stage by stage", many="route.stages", role="holds")
    lost = level("item", r"X^{\Sigma}", "lost on the way so far", role="sink")
    worth = level("USD", r"V^{\Sigma}", "value shipped so far", "", "source", "charges", "settles")

    @staticmethod
    def constants(quantity: Value | None, tonnage: Value | None, share: Value, item_mass: Value | None) -> Values:
        """Turn a mass into a number of units."""
        if quantity is None and tonnage is not None and item_mass is not None:
            quantity = tonnage / item_mass
        return {"ordered": 0.0 if quantity is None else quantity * share}

    @staticmethod
    def want(t: Value, dt: Value, ordered: Value, first_day: Value, duration: Value, enabled: Value, shipped: Value) -> Values:
        """Want what is due and not yet shipped."""
        due = ordered * clamp((t + dt - first_day) / duration)
        return {"ships": maximum(due * enabled - shipped, 0.0)}

    @staticmethod
    def deliver(ships: Value, price: Value | None, on_the_way: Sequence[Value], route_arrive: Value | None, route_loss: Value | None) -> Values:
        """Let the last stage of the way arrive; without a route, at once."""
        value = 0.0 if price is None else price * ships
        if route_arrive is None or route_loss is None:
            return {"arrivals": ships, "value": value}
        return {"arrivals": on_the_way[-1] * route_arrive * (1.0 - route_loss), "value": value}

    @staticmethod
    def move(
        ships: Value, shipped: Value, arrived: Value, arrivals: Value, on_the_way: Sequence[Value], lost: Value, worth: Value, value: Value,
        route_arrive: Value | None,
    ) -> Values:  # fmt: skip
        """Move shipments along the way and keep the counts."""
        after: Values = {"shipped": shipped + ships, "arrived": arrived + arrivals, "worth": worth + value}
        if route_arrive is None:
            return after
        leaving = on_the_way[-1] * route_arrive
        return {**after, "lost": lost + (leaving - arrivals), "on_the_way": pass_on(on_the_way, ships, route_arrive)}
