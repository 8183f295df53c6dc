"""Stockpiles: one item of one actor."""

from __future__ import annotations

from materiel.component import Component, Inlet, Link, Parameter, Resource, component, constant, flow, level
from materiel.equations import Value, Values, release


@component
class Stockpile(Component):
    """A store of one item: filled, drawn down by priority, slowly lost to age.

    $A$ is run down claim by claim, so that what is left cannot fall below nought. Exports leave the war reserve $F$ untouched;
    the actor's own use does not. The share that is unserviceable at the start is not counted as held.
    """

    section = "stockpiles"
    example = """
    format: 1
    title: A stockpile
    start: 2023-01-01
    end: 2023-12-31
    items: {shell: {unit: round}}
    actors:
      north:
        stockpiles:
          shell:
            item: shell
            initial: {base: 4 to 20 Mround, because: for the example}
            shelf_life: {base: 10 to 40 year, because: surveillance practice for gun ammunition}
        demands: {training: {item: shell, rate: {base: 100 to 900 round/day, because: for the example}}}
    questions:
      held: {text: Shells held at the end of the year, value: north.stockpiles.shell.held, at: 2023-12-30, fan: Shells held}
    """
    sources = ("Sterman, Business Dynamics (2000), ch. 6: stocks and first-order loss",)
    not_above = (("floor", "initial"),)

    item = Link("what is stored", reads="mass")
    initial = Parameter("item", "I", "held at the start, serviceable or not", at_least=0.0)
    unserviceable = Parameter(
        "1", "u", "share of the first stock that cannot be used", default=0.0, because="none unless the case says so",
        at_least=0.0, at_most=1.0,
    )  # fmt: skip
    shelf_life = Parameter("day", r"\tau", "mean time until a unit is lost to age; never lost if absent", more_than=0.0, optional=True)
    floor = Parameter(
        "item", "F", "war reserve that exports may not cross", default=0.0, because="no reserve unless the case says so",
        at_least=0.0, lever=True, decided=True,
    )  # fmt: skip

    goods = Inlet("item", "R", "receipts")
    stock = Resource("item", "A", "held at the start of the period", reserve=True)

    ageing = constant("1", r"\alpha", "share lost to age in a period")
    lost = flow("item", "X", "lost to age in the period")
    issued = flow("item", "Z", "issued in the period")
    held = level("item", "S", "serviceable units held", role="holds")
    spoiled = level("item", r"X^{\Sigma}", "lost to age so far", role="sink")

    @staticmethod
    def constants(dt: Value, shelf_life: Value | None) -> Values:
        """Turn the shelf life into a share lost per period."""
        return {"ageing": 0.0 if shelf_life is None else release(dt, shelf_life, 1)}

    @staticmethod
    def start(initial: Value, unserviceable: Value) -> Values:
        """Hold what is serviceable."""
        return {"held": initial * (1.0 - unserviceable)}

    @staticmethod
    def offer(held: Value, floor: Value) -> Values:
        """Offer everything held, with the floor as reserve."""
        return {"stock": held, "stock_reserve": floor}

    @staticmethod
    def deliver(ageing: Value, stock_left: Value, stock_taken: Value) -> Values:
        """Lose to age a share of what is left."""
        return {"lost": stock_left * ageing, "issued": stock_taken}

    @staticmethod
    def move(spoiled: Value, lost: Value, goods_in: Value, stock_left: Value) -> Values:
        """Keep what is left, and add what came."""
        return {"held": (stock_left - lost) + goods_in, "spoiled": spoiled + lost}
