"""Supplies: exogenous rates that others draw on."""

from __future__ import annotations

from materiel.component import Component, Link, Parameter, Resource, component, flow, level
from materiel.equations import NEVER, Value, Values, overlap


@component
class Supply(Component):
    """Something that comes at a rate from outside the model: imports, raw material, electricity, labour hours, budget.

    It comes between first and last day. A supply that can be stored names a stockpile (`to`) and fills it; one that cannot, such as electricity, is offered period by period, and what nobody takes is gone.
    """

    section = "supplies"
    example = """
    format: 1
    title: A supply
    start: 2023-01-01
    end: 2023-02-01
    items: {steel: {unit: t}}
    actors:
      north:
        stockpiles: {steel: {item: steel, initial: {constant: 0 t, because: for the example}}}
        supplies: {mine: {item: steel, to: steel, rate: {base: 80 to 120 t/day, because: for the example}}}
    questions:
      steel: {text: Steel in store, value: north.stockpiles.steel.held, at: 2023-01-31, fan: Steel in store}
    """
    sources = ("Sterman, Business Dynamics (2000), ch. 6: exogenous inflows",)

    item = Link("what is supplied", reads="mass")
    rate = Parameter("item/day", "r", "amount per day", at_least=0.0, lever=True)
    first_day = Parameter("date", "t_0", "first day", default=-NEVER, because="there before the case begins")
    until = Parameter("date", "t_1", "day on which it ends", default=NEVER, because="goes on past the horizon")
    to = Link("stockpile that is filled, if the item can be stored", sends=(("comes", "goods"),), optional=True, same_item=True)

    stock = Resource("item", "A", "what can be drawn in this period", unless="to")
    comes = flow("item", "R", "amount that comes in the period")
    unused = flow("item", "U", "amount that nobody took")
    supplied = level("item", r"R^{\Sigma}", "supplied so far, unused included", role="source")
    wasted = level("item", r"U^{\Sigma}", "not taken so far", role="sink")

    @staticmethod
    def offer(t: Value, dt: Value, rate: Value, first_day: Value, until: Value) -> Values:
        """Offer the rate over the overlap share of the period."""
        comes = rate * overlap(t, dt, first_day, until)
        return {"comes": comes, "stock": comes}

    @staticmethod
    def deliver(stock_left: Value | None) -> Values:
        """Say what nobody took; what fills a store is all taken."""
        return {"unused": 0.0 if stock_left is None else stock_left}

    @staticmethod
    def move(supplied: Value, wasted: Value, comes: Value, unused: Value) -> Values:
        """Count what came and what was left over."""
        return {"supplied": supplied + comes, "wasted": wasted + unused}
