"""Gauges: what questions read off a run."""

from __future__ import annotations

from collections.abc import Sequence

from materiel.component import Component, Link, Option, Parameter, auxiliary, component, level
from materiel.equations import NEVER, Value, Values, covered, total, where


@component
class Gauge(Component):
    """A number that a question keeps: a value on a day, the largest or smallest, a total, or the first day of a crossing.

    Questions become gauges, so that what is kept per draw is a level like any other, in every engine, and memory does not grow with the horizon. Levels are read as at the
    start of a period; the first day of a crossing is a day since the start of the case.
    """

    section = "gauges"
    scope = "case"
    example = """
    format: 1
    title: A gauge written out
    start: 2023-01-01
    end: 2023-03-01
    items: {shell: {unit: round}}
    actors: {north: {stockpiles: {shell: {item: shell, initial: {constant: 5 Mround, because: for the example}, shelf_life: {constant: 2 year, because: for the example}}}}}
    gauges: {least: {unit: round, mode: smallest, of: {north.stockpiles.shell.held: {weight: 1}}}}
    questions:
      least: {text: Least stock, smallest: north.stockpiles.shell.held, fan: Shells held}
    """

    unit = Option(str, "unit of the answer")
    mode = Option(str, "what is kept", choices=("value", "largest", "smallest", "total", "below", "above"))
    of = Link(
        "what is read, each with its weight", symbol="x", variable=True, many=True,
        each={"weight": Parameter("item/linked", "w", "units of the answer per unit read", defines=True)},
    )  # fmt: skip
    first_day = Parameter("date", "t_0", "first day read", default=-NEVER, because="from the start", defines=True)
    until = Parameter("date", "t_1", "day on which reading ends", default=NEVER, because="to the end", defines=True)
    bound = Parameter("item", "c", "bound of a crossing", default=0.0, because="used only by crossings", defines=True)

    now = auxiliary("item", "y", "what is read in the period")
    kept = level("item", "Y", "what has been read so far", "", "record")
    crossed = level("day", r"T", "day of the first crossing", "", "record")
    begun = level("1", r"\beta", "whether anything has been read", "", "record")

    @staticmethod
    def start() -> Values:
        """Begin with nothing read; a crossing that never comes stays at the day NEVER."""
        return {"crossed": NEVER}

    @staticmethod
    def observe(of: Sequence[Value], of_weight: Sequence[Value]) -> Values:
        """Add up what is read."""
        return {"now": total([x * w for x, w in zip(of[1:], of_weight[1:], strict=True)], of[0] * of_weight[0])}

    @staticmethod
    def move(t: Value, dt: Value, mode: str, now: Value, first_day: Value, until: Value, bound: Value, kept: Value, crossed: Value, begun: Value) -> Values:
        """Keep what the mode asks for."""
        if mode == "value":
            return {"kept": where((t <= first_day) & (first_day < t + dt), now, kept)}
        if mode == "total":
            return {"kept": kept + now * covered(t, dt, first_day, until)}
        within = (t >= first_day) & (t < until)
        if mode in ("below", "above"):
            met = now < bound if mode == "below" else now > bound
            return {"crossed": where(within & met & (crossed >= NEVER), t, crossed)}
        better = now > kept if mode == "largest" else now < kept
        return {"kept": where(within & (better | (begun < 0.5)), now, kept), "begun": where(within, 1.0, begun)}
