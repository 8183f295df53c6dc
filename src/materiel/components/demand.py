"""Demands: consumption of one item."""

from __future__ import annotations

from collections.abc import Sequence

from materiel.component import URGENT, Component, Entries, Link, Parameter, activity, component, constant, flow, level, priority
from materiel.equations import Value, Values, overlap, release, total, where


@component
class Demand(Component):
    r"""What an actor uses up: steadily, on days of a calendar, or in a contingency that begins with a burst.

    Use is steady at the rate $r$, higher by $c$ in the spells of the calendar, and higher by $r_w$ while the contingency lasts. The burst makes that use $B$ times the later rate
    on the first day and fades with the mean time $\beta$. What cannot be met, $M$, is recorded and not made up for.
    """

    section = "demands"
    example = """
    format: 1
    title: Training, a manoeuvre, and a war
    start: 2023-01-01
    end: 2023-12-31
    items: {shell: {unit: round}}
    contingencies: {war: {}}
    actors:
      north:
        stockpiles: {shell: {item: shell, initial: {base: 4 to 20 Mround, because: for the example}}}
        demands:
          army:
            item: shell
            rate: {base: 100 to 900 round/day, because: for the example}
            calendar: [{first_day: 2023-03-01, until: 2023-03-15, rate: 5000 round/day}]
            contingency: war
            war_rate: {base: 50 to 200 kround/day, because: for the example}
            burst: {base: 2 to 4, because: for the example}
            burst_time: {constant: 10 day, because: for the example}
    questions:
      dry:
        text: First day on which the store is empty in a war from 1 June
        first: north.stockpiles.shell.held
        below: 1000 round
        fan: Shells left in a war from 1 June
        if: war on 2023-06-01
    """
    sources = ("Sterman, Business Dynamics (2000), ch. 6: outflows limited by stocks",)

    item = Link("what is used", reads="mass")
    rate = Parameter("item/day", "r", "steady use", default=0.0, because="no use unless the case says so", at_least=0.0, lever=True)
    calendar = Entries(
        "spells of extra use",
        {
            "first_day": Parameter("date", "t_a", "first day", defines=True),
            "until": Parameter("date", "t_b", "day on which it ends", defines=True),
            "rate": Parameter("item/day", "c", "extra use", at_least=0.0, defines=True),
        },
    )
    contingency = Link("what it waits for", reads="begins", optional=True)
    war_rate = Parameter("item/day", "r_w", "use once the contingency has lasted", default=0.0, because="no contingency", at_least=0.0, lever=True)
    burst = Parameter("1", "B", "use on the first day against later use", default=1.0, because="no burst", at_least=0.0)
    burst_time = Parameter("day", r"\beta", "mean time in which the burst fades", default=7.0, because="a week, used only with a burst", more_than=0.0)
    urgent = URGENT
    priority = priority(3)
    source = Link("what it draws on", draws="stock", by="uses", same_item=True)

    fade = constant("1", r"\varphi", "share of the burst that fades per period")
    uses = activity("item", "D", "amount used")
    wanted = flow("item", "N", "amount wanted in the period")
    unmet = flow("item", "M", "amount wanted and not had in the period")
    used = level("item", r"D^{\Sigma}", "used so far", role="sink")
    missed = level("item", r"M^{\Sigma}", "wanted and not had so far")
    burst_left = level("1", "h", "share of the burst that has not faded")

    @staticmethod
    def constants(dt: Value, burst_time: Value) -> Values:
        """Turn the fading time into a share per period."""
        return {"fade": release(dt, burst_time, 1)}

    @staticmethod
    def start() -> Values:
        """Begin with the burst whole."""
        return {"burst_left": 1.0}

    @staticmethod
    def want(
        t: Value, dt: Value, rate: Value, calendar_first_day: Sequence[Value], calendar_until: Sequence[Value], calendar_rate: Sequence[Value],
        contingency_begins: Value | None, war_rate: Value, burst: Value, burst_left: Value,
    ) -> Values:  # fmt: skip
        """Add up steady use, the calendar and the contingency."""
        spells = zip(calendar_first_day, calendar_until, calendar_rate, strict=True)
        wanted = total([extra * overlap(t, dt, first_day, until) for first_day, until, extra in spells], rate * dt)
        if contingency_begins is not None:
            wanted = wanted + overlap(t, dt, contingency_begins, t + dt) * war_rate * (1.0 + (burst - 1.0) * burst_left)
        return {"uses": wanted, "wanted": wanted}

    @staticmethod
    def deliver(uses: Value, wanted: Value) -> Values:
        """Say what was not had."""
        return {"unmet": wanted - uses}

    @staticmethod
    def move(
        t: Value, dt: Value, uses: Value, unmet: Value, used: Value, missed: Value, burst_left: Value, fade: Value, contingency_begins: Value | None
    ) -> Values:
        """Count what was used and what was missed, and let the burst fade."""
        after: Values = {"used": used + uses, "missed": missed + unmet}
        if contingency_begins is None:
            return after
        return {**after, "burst_left": where(t + dt > contingency_begins, burst_left - burst_left * fade, burst_left)}
