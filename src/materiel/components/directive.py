"""Directives: decisions that change targets, shifts, floors or priorities."""

from __future__ import annotations

from materiel.component import Component, Link, Parameter, auxiliary, component, constant, level
from materiel.equations import NEVER, Value, Values, clamp, maximum, where


@component
class Directive(Component):
    r"""A decision on a date, or as soon as a level crosses a bound.

    After the delay $\ell$ it comes into force over the time $\rho$, at once by the share of the period it covers if that is nought. Each act multiplies a lever (several directives on one lever
    multiply) or sets it (two settings of one lever that can be in force together are refused). A condition latches: once met, the directive stays.
    """

    section = "directives"
    example = """
    format: 1
    title: An order to raise output
    start: 2023-01-01
    end: 2024-12-31
    items: {shell: {unit: round}}
    actors:
      north:
        stockpiles: {shell: {item: shell, initial: {constant: 0 round, because: for the example}}}
        lines:
          shell:
            item: shell
            capacity: {base: 1500 to 2500 round/day, because: for the example}
            lead_time: {base: 30 to 90 day, because: for the example}
            ramp_time: {base: 9 to 18 month, because: for the example}
        directives:
          surge:
            date: {constant: 2023-08-12, because: for the example}
            delay: {base: 10 to 90 day, because: for the example}
            acts: {lines.shell.target: {multiply: {base: 1.2 to 3, because: for the example}}}
    questions:
      made: {text: Shells made in two years, value: north.lines.shell.made, at: 2024-12-30, fan: Shells made so far}
    """
    sources = ("Forrester, Industrial Dynamics (1961), ch. 10: decision functions",)
    exactly_one = (("date", "when"),)
    at_most_one = (("below", "above"),)
    needs = (("when", ("below", "above")), ("below", ("when",)), ("above", ("when",)))

    date = Parameter("date", "t_0", "day of the decision", optional=True, decided=True)
    when = Link("level whose crossing triggers it", symbol="x", optional=True, variable=True)
    below = Parameter("when", r"x^{-}", "bound that the level falls below", optional=True)
    above = Parameter("when", r"x^{+}", "bound that the level rises above", optional=True)
    delay = Parameter("day", r"\ell", "time between decision and first effect", default=0.0, because="at once", at_least=0.0)
    ramp = Parameter("day", r"\rho", "time until it is in full force", default=0.0, because="at once", at_least=0.0)
    until = Parameter("date", "t_1", "day on which it ends", default=NEVER, because="stays in force")
    enabled = Parameter("1", "e", "switch, from 0 (never given) to 1", default=1.0, because="the decision is taken", at_least=0.0, at_most=1.0)
    acts = Link(
        "levers it moves, each multiplied or set", variable=True, many=True, moves="force",
        each={
            "multiply": Parameter("1", r"\mu", "factor on the lever", at_least=0.0, optional=True, decided=True),
            "set": Parameter("linked", "v", "value of the lever", optional=True, decided=True),
        },
    )  # fmt: skip

    pace = constant("day", "p", "time until it is in full force, one period at least")
    force = auxiliary("1", r"\varphi", "how far it is in force")
    met = auxiliary("1", "c", "whether the condition has been met")
    elapsed = level("day", "T", "time since the condition was met")

    @staticmethod
    def constants(dt: Value, ramp: Value) -> Values:
        """Come into force over a period at least."""
        return {"pace": maximum(ramp, dt)}

    @staticmethod
    def signal(
        t: Value, dt: Value, date: Value | None, delay: Value, until: Value, pace: Value, enabled: Value, elapsed: Value, when: Value | None,
        below: Value | None, above: Value | None,
    ) -> Values:  # fmt: skip
        """Say how far the decision is in force, and whether its condition has been met."""
        since = elapsed if date is None else t + dt - date
        met = elapsed > 0.0
        if when is not None and below is not None:
            met = met | (when < below)
        if when is not None and above is not None:
            met = met | (when > above)
        ends = clamp((t + dt - until) / dt)
        return {"force": enabled * clamp((since - delay) / pace) * (1.0 - ends), "met": where(met, 1.0, 0.0)}

    @staticmethod
    def move(dt: Value, elapsed: Value, met: Value, below: Value | None, above: Value | None) -> Values:
        """Keep the clock of a condition running once it has been met."""
        return {} if below is None and above is None else {"elapsed": elapsed + met * dt}
