"""Upgrades: kit + airframe + depot slot make a new variant, after a delay."""

from __future__ import annotations

from collections.abc import Sequence

from materiel.component import URGENT, Component, Link, Parameter, activity, component, constant, flow, level, priority, stages
from materiel.equations import NEVER, Value, Values, covered, maximum, pass_on, release, total


@component
class Upgrade(Component):
    r"""A depot line that turns airframes of one variant into another, one kit each.

    An airframe in work takes one of $s$ depot slots for a mean time $\tau$. What is taken in is cut by the kits at hand and by the airframes of the old variant.
    """

    section = "upgrades"
    example = """
    format: 1
    title: Kits for a fleet
    start: 2023-01-01
    end: 2024-12-31
    items: {fighter: {unit: aircraft}, fighter-smt: {unit: aircraft}, kit: {unit: kit}}
    actors:
      north:
        stockpiles: {kit: {item: kit, initial: {constant: 12 kit, because: for the example}}}
        fleets:
          fighter: {item: fighter, initial: {constant: 18 aircraft, because: for the example}, readiness: {constant: 0.6, because: for the example}}
          fighter-smt: {item: fighter-smt, initial: {constant: 0 aircraft, because: for the example}, readiness: {constant: 0.7, because: for the example}}
        upgrades:
          smt:
            item: fighter-smt
            airframe: fighter
            kit: kit
            slots: {base: 1 to 4 aircraft, because: for the example}
            time: {base: 120 to 300 day, because: for the example}
    questions:
      upgraded: {text: Fighters upgraded, value: north.fleets.fighter-smt.held, at: 2024-12-30, fan: Fighters upgraded}
    """
    sources = ("Sterman, Business Dynamics (2000), ch. 11: material delays with limited capacity",)

    item = Link("variant that results", reads="mass")
    slots = Parameter("item", "s", "depot slots", more_than=0.0, lever=True, decided=True)
    time = Parameter("day", r"\tau", "mean time in the depot", more_than=0.0)
    first_day = Parameter("date", "t_0", "first day on which airframes are taken in", default=-NEVER, because="open before the case begins")
    urgent = URGENT
    priority = priority(5)
    stages = stages("the work", 3)
    kits_each = Parameter("kit/item", "a", "kits for one airframe", default=1.0, because="a kit is what one airframe needs", more_than=0.0, defines=True)
    kit = Link("stock of kits", draws="stock", by="inducts", coefficient="kits_each")
    airframe = Link("fleet of the old variant", draws="stock", by="inducts")
    to = Link("fleet of the new variant", sends=(("completes", "goods"),), same_item=True)

    finish = constant("1", "f", "share of a stage finished per period")
    inducts = activity("item", "Q", "airframes taken in")
    completes = flow("item", "F", "airframes finished")
    work = level("item", "W", "airframes in work, stage by stage", "stages", "holds")
    upgraded = level("item", r"F^{\Sigma}", "airframes finished so far")
    begun = level("item", r"Q^{\Sigma}", "airframes taken in so far", "", "source")
    kits_used = level("kit", r"K^{\Sigma}", "kits used so far", "", "sink", "kit")
    airframes_used = level("airframe", r"B^{\Sigma}", "airframes of the old variant used so far", "", "sink", "airframe")

    @staticmethod
    def constants(dt: Value, time: Value, stages: int) -> Values:
        """Turn the time in the depot into a share per period."""
        return {"finish": release(dt, time, stages)}

    @staticmethod
    def offer(work: Sequence[Value], finish: Value) -> Values:
        """Finish a share of the last stage."""
        return {"completes": work[-1] * finish}

    @staticmethod
    def want(t: Value, dt: Value, slots: Value, first_day: Value, work: Sequence[Value]) -> Values:
        """Want to fill every free slot."""
        return {"inducts": maximum(slots * covered(t, dt, first_day, NEVER) - total(work[1:], work[0]), 0.0)}

    @staticmethod
    def move(
        work: Sequence[Value], inducts: Value, finish: Value, completes: Value, upgraded: Value, begun: Value, kits_used: Value,
        kits_each: Value, airframes_used: Value,
    ) -> Values:  # fmt: skip
        """Move work through its stages and keep the counts."""
        return {
            "work": pass_on(work, inducts, finish),
            "upgraded": upgraded + completes,
            "begun": begun + inducts,
            "kits_used": kits_used + kits_each * inducts,
            "airframes_used": airframes_used + inducts,
        }
