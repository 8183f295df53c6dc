"""Engagements: two mixed air forces, in aggregate."""

from __future__ import annotations

from collections.abc import Sequence

from materiel.component import Component, Link, Parameter, activity, auxiliary, component, level
from materiel.equations import NEVER, Value, Values, overlap, ratio, total, where


@component
class Engagement(Component):
    r"""What two air forces would do to each other on the asked day, by aimed fire in aggregate.

    $q^{\text{blue}}$ and $q^{\text{red}}$ are kills per ready aircraft and day, which stand for weapons, sensors, training and support together. $x$ is red lost
    per blue lost; $d$ the days until red has lost half its ready aircraft at the first day's rate, a lower bound, since the rate falls as the force does. Where a side cannot
    hit back, $x$ or $d$ is a million. Fleets are only read, unless the contingency named begins: then each fleet loses its share. No tactics, no single aircraft.
    """

    section = "engagements"
    scope = "case"
    example = """
    format: 1
    title: Old against new
    start: 2023-01-01
    end: 2023-06-30
    items: {old: {unit: aircraft}, new: {unit: aircraft}}
    contingencies: {war: {}}
    engagements:
      air:
        red: {north.fleets.old: {quality: {base: 0.002 to 0.02 1/day, because: for the example}}}
        blue: {south.fleets.new: {quality: {base: 0.02 to 0.1 1/day, because: for the example}}}
        contingency: war
    actors:
      north: {fleets: {old: {item: old, initial: {constant: 100 aircraft, because: for the example}, readiness: {base: 0.3 to 0.7, because: for the example}}}}
      south: {fleets: {new: {item: new, initial: {constant: 100 aircraft, because: for the example}, readiness: {base: 0.6 to 0.8, because: for the example}}}}
    questions:
      ratio: {text: Old aircraft lost for each new one, value: engagements.air.exchange, at: 2023-06-01}
      left: {text: Old aircraft left after ten days of war, value: north.fleets.old.held, at: 2023-06-11, if: war on 2023-06-01, fan: Old aircraft left in a war from 1 June}
    """
    sources = ("Lanchester, Aircraft in Warfare (1916), ch. 5: aimed fire (square law)",)

    red = Link(
        "fleets of one side", draws="stock", by="red_losses", draws_if="contingency", many=True,
        each={"quality": Parameter("1/day", r"q^{\text{red}}", "kills per ready aircraft and day", more_than=0.0)}, reads="ready",
    )  # fmt: skip
    blue = Link(
        "fleets of the other side", draws="stock", by="blue_losses", draws_if="contingency", many=True,
        each={"quality": Parameter("1/day", r"q^{\text{blue}}", "kills per ready aircraft and day", more_than=0.0)}, reads="ready",
    )  # fmt: skip
    contingency = Link("event that starts the fighting", reads="begins", optional=True)

    exchange = auxiliary("1", "x", "red lost for each blue lost")
    days = auxiliary("day", "d", "days until red has lost half its ready aircraft, at the first day's rate")
    red_losses = activity("linked", "R", "red aircraft lost, fleet by fleet", "red")
    blue_losses = activity("linked", "B", "blue aircraft lost, fleet by fleet", "blue")
    red_lost = level("linked", r"R^{\Sigma}", "red aircraft lost so far", "red", "sink", "red")
    blue_lost = level("linked", r"B^{\Sigma}", "blue aircraft lost so far", "blue", "sink", "blue")

    @staticmethod
    def want(
        t: Value, dt: Value, red_ready: Sequence[Value], blue_ready: Sequence[Value], red_quality: Sequence[Value],
        blue_quality: Sequence[Value], contingency_begins: Value | None,
    ) -> Values:  # fmt: skip
        """Weigh the sides, and want losses if there is fighting."""
        kills_by_red = total([n * q for n, q in zip(red_ready, red_quality, strict=True)])
        kills_by_blue = total([n * q for n, q in zip(blue_ready, blue_quality, strict=True)])
        red = total(red_ready[1:], red_ready[0])
        blue = total(blue_ready[1:], blue_ready[0])
        weighed: Values = {
            "exchange": where(kills_by_red > 0.0, kills_by_blue / kills_by_red, NEVER),
            "days": where(kills_by_blue > 0.0, 0.5 * red / kills_by_blue, NEVER),
        }
        if contingency_begins is None:
            return {**weighed, "red_losses": [0.0] * len(red_ready), "blue_losses": [0.0] * len(blue_ready)}
        fighting = overlap(t, dt, contingency_begins, t + dt)
        return {
            **weighed,
            "red_losses": [kills_by_blue * fighting * ratio(n, red) for n in red_ready],
            "blue_losses": [kills_by_red * fighting * ratio(n, blue) for n in blue_ready],
        }

    @staticmethod
    def move(
        red_losses: Sequence[Value], blue_losses: Sequence[Value], red_lost: Sequence[Value], blue_lost: Sequence[Value],
        contingency_begins: Value | None,
    ) -> Values:  # fmt: skip
        """Count the losses, if there can be any."""
        if contingency_begins is None:
            return {}
        return {
            "red_lost": [so_far + now for so_far, now in zip(red_lost, red_losses, strict=True)],
            "blue_lost": [so_far + now for so_far, now in zip(blue_lost, blue_losses, strict=True)],
        }
