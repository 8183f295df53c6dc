"""Fleets: aircraft or vehicles of one variant."""

from __future__ import annotations

from materiel.component import URGENT, Component, Inlet, Link, Parameter, Resource, activity, auxiliary, component, constant, level, priority
from materiel.equations import Value, Values, release, where


@component
class Fleet(Component):
    r"""Airframes of one variant, worn down by losses, kept ready by spare parts.

    Accidents and age take their share of what upgrades, losses in combat and contracts leave. Readiness $r$ follows the share of the spare parts wanted that was had, as a
    share of $r^*$, because a grounded aircraft is robbed before it is repaired. Airframes are continuous quantities.
    """

    section = "fleets"
    example = """
    format: 1
    title: A fleet whose spare parts run out
    start: 2023-01-01
    end: 2023-12-31
    items: {fighter: {unit: aircraft}, spares: {unit: t}}
    actors:
      north:
        stockpiles: {spares: {item: spares, initial: {base: 100 to 400 t, because: for the example}}}
        fleets:
          fighter:
            item: fighter
            initial: {constant: 18 aircraft, because: for the example}
            readiness: {base: 0.4 to 0.7, because: for the example}
            losses: {base: 0.005 to 0.02 1/year, because: for the example}
            spares: spares
            spares_need: {base: 20 to 60 kg/aircraft/day, because: for the example}
    questions:
      ready: {text: Fighters ready, value: north.fleets.fighter.ready, at: 2023-12-30, fan: Fighters ready}
    """
    sources = ("Sherbrooke, Optimal Inventory Modeling of Systems (2004): availability from spare parts",)
    needs = (("spares", ("spares_need",)), ("spares_need", ("spares",)))

    item = Link("variant", reads="mass")
    initial = Parameter("item", "I", "airframes at the start", at_least=0.0)
    readiness = Parameter("1", "r^*", "share ready when spare parts suffice", at_least=0.0, at_most=1.0)
    losses = Parameter("1/day", r"\lambda", "share lost to accidents and age per day", default=0.0, because="no losses unless the case says so", at_least=0.0)
    spares = Link("stock of spare parts", draws="stock", by="repairs", coefficient="spares_need", optional=True)
    spares_need = Parameter("spares/item/day", "a", "spare parts for one airframe and day", more_than=0.0, optional=True)
    response = Parameter("day", r"\rho", "mean time until readiness follows the spare parts", default=90.0, because="a quarter: parts in the pipeline and robbing of grounded airframes", more_than=0.0)  # fmt: skip
    urgent = URGENT
    priority = priority(5)

    goods = Inlet("item", "R", "airframes received")
    stock = Resource("item", "A", "airframes at the start of the period")
    attrition = constant("1", r"\alpha", "share lost per period")
    follow = constant("1", "g", "share of the way to its aim that readiness goes per period")
    repairs = activity("item day", "Q", "airframe-days supplied with parts")
    ready = auxiliary("item", "N", "airframes ready")
    held = level("item", "S", "airframes", "", "holds")
    gone = level("item", r"X^{\Sigma}", "lost so far, not counting combat", "", "sink")
    ready_share = level("1", "r", "share ready")
    parts_used = level("spares", r"P^{\Sigma}", "spare parts used so far", "", "sink", "spares")

    @staticmethod
    def constants(dt: Value, losses: Value, response: Value) -> Values:
        """Turn rates into shares per period."""
        return {"attrition": 1.0 - 1.0 / (1.0 + losses * dt), "follow": release(dt, response, 1)}

    @staticmethod
    def start(initial: Value, readiness: Value) -> Values:
        """Begin with spare parts sufficing."""
        return {"held": initial, "ready_share": readiness}

    @staticmethod
    def offer(held: Value, ready_share: Value) -> Values:
        """Offer all airframes to upgrades and contracts, and say how many are ready."""
        return {"stock": held, "ready": held * ready_share}

    @staticmethod
    def want(dt: Value, held: Value) -> Values:
        """Want parts for every airframe."""
        return {"repairs": held * dt}

    @staticmethod
    def move(
        dt: Value, held: Value, stock_left: Value, attrition: Value, goods_in: Value, gone: Value, repairs: Value, follow: Value,
        ready_share: Value, readiness: Value, parts_used: Value, spares_need: Value | None,
    ) -> Values:  # fmt: skip
        """Lose some, receive some, and let readiness follow the parts."""
        lost = stock_left * attrition
        after: Values = {"held": (stock_left - lost) + goods_in, "gone": gone + lost}
        if spares_need is None:
            return after
        filled = where(held > 0.0, repairs / (held * dt), 1.0)
        return {
            **after,
            "ready_share": ready_share + follow * (filled * readiness - ready_share),
            "parts_used": parts_used + spares_need * repairs,
        }
