"""Indicators: what an observer would have seen."""

from __future__ import annotations

from collections.abc import Sequence

from materiel.component import Component, Link, Option, Parameter, component, constant, flow, level
from materiel.equations import NEVER, Value, Values, covered, release, total


@component
class Indicator(Component):
    r"""The trace that flows leave for outsiders: containers counted, inspections held, output claimed.

    Each observed flow $x$ is turned into what is counted by a weight $w$ (containers per round, say), seen with probability $p$ on top of a background $b$, between first and last day of the watch,
    and known after the reporting delay $\rho$. This is the expected count; how counts scatter about it belongs to the weighing of hypotheses.
    """

    section = "indicators"
    scope = "case"
    example = """
    format: 1
    title: Containers counted at a port
    start: 2023-01-01
    end: 2023-12-31
    items: {shell: {unit: round}}
    actors:
      north:
        stockpiles: {shell: {item: shell, initial: {constant: 5 Mround, because: for the example}}}
        contracts:
          export: {item: shell, quantity: {base: 1 to 3 Mround, because: for the example}, first_day: {constant: 2023-06-01, because: for the example}, duration: {constant: 120 day, because: for the example}, to: south.shell}
      south: {stockpiles: {shell: {item: shell, initial: {constant: 0 round, because: for the example}}}}
    indicators:
      containers:
        unit: container
        of: {north.contracts.export.ships: {weight: {base: 0.0018 to 0.003 container/round, because: for the example}}}
        detection: {base: 0.5 to 0.9, because: for the example}
        delay: {constant: 20 day, because: for the example}
    questions:
      seen: {text: Containers seen by the end of the year, value: indicators.containers.seen, at: 2023-12-30, fan: Containers seen so far}
    """
    sources = ("Sterman, Business Dynamics (2000), ch. 11: reporting as an information delay",)

    unit = Option(str, "what is counted")
    of = Link(
        "flows that leave a trace, each with what is counted per unit", symbol="x", variable=True, many=True, optional=True,
        each={"weight": Parameter("item/linked", "w", "counted units per unit of the flow", more_than=0.0)},
    )  # fmt: skip
    detection = Parameter("1", "p", "share that is seen", default=1.0, because="everything is seen", at_least=0.0, at_most=1.0)
    background = Parameter("item/day", "b", "counted anyway", default=0.0, because="nothing is counted without a cause", at_least=0.0)
    first_day = Parameter("date", "t_0", "first day of the watch", default=-NEVER, because="watched before the case begins")
    until = Parameter("date", "t_1", "day on which the watch ends", default=NEVER, because="watched past the horizon")
    delay = Parameter("day", r"\rho", "mean time until a sighting is known", default=0.0, because="known at once", at_least=0.0)

    report = constant("1", "g", "share of the sightings under way that become known per period")
    sighted = flow("item", "y", "sighted in the period")
    pending = level("item", "Q", "sighted and not yet known")
    seen = level("item", "Y", "known so far")

    @staticmethod
    def constants(dt: Value, delay: Value) -> Values:
        """Turn the delay into a share per period; no delay reports at the next boundary."""
        return {"report": release(dt, delay + dt * 1e-3, 1)}

    @staticmethod
    def observe(
        t: Value, dt: Value, of: Sequence[Value], of_weight: Sequence[Value], detection: Value, background: Value, first_day: Value, until: Value
    ) -> Values:
        """Sight what there is to be seen."""
        traces = total([w * x * detection for w, x in zip(of_weight, of, strict=True)], background * dt)
        return {"sighted": traces * covered(t, dt, first_day, until)}

    @staticmethod
    def move(pending: Value, seen: Value, report: Value, sighted: Value) -> Values:
        """Report what was sighted before."""
        known = pending * report
        return {"pending": (pending - known) + sighted, "seen": seen + known}
