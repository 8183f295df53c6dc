"""Production lines: one item made from inputs."""

from __future__ import annotations

from collections.abc import Sequence

from materiel.component import URGENT, Component, Joint, Link, Parameter, activity, component, constant, flow, level, priority, stages
from materiel.equations import Value, Values, maximum, minimum, pass_on, release, total


@component
class Line(Component):
    r"""A plant, or all plants of an actor, that make one item.

    Installed capacity $K$ follows its target, $T$ times the first capacity $C$, through a third-order delay $\rho$, because investment takes time. The wanted starts are
    cut by the scarcest input (Leontief; power and labour are inputs like any other), and cease when the store and work in progress reach a ceiling $H$, if there is
    one. Work in progress $W$ is a delay of several stages, of the lead time $\tau$ in all, full at the start as if inputs had sufficed. A share $y$ of what is finished is
    good. Productivity $P$ grows with experience as Wright observed, written as a rate so that no power is taken in a step: a slope of 80 % a doubling is
    an exponent $b$ of 0.32, minus the binary logarithm of 0.8.
    """

    section = "lines"
    example = """
    format: 1
    title: A line whose fuzes are scarce
    start: 2023-01-01
    end: 2023-12-31
    items: {shell: {unit: round}, fuze: {unit: fuze}}
    actors:
      north:
        supplies: {fuzes: {item: fuze, rate: {base: 800 to 1200 fuze/day, because: for the example}}}
        stockpiles: {shell: {item: shell, initial: {constant: 0 round, because: for the example}}}
        lines:
          shell:
            item: shell
            capacity: {base: 1500 to 2500 round/day, because: for the example}
            lead_time: {base: 30 to 90 day, because: for the example}
            ramp_time: {base: 9 to 18 month, because: for the example}
            inputs: {fuze: 1}
    questions:
      made: {text: Shells made in the year, value: north.lines.shell.made, at: 2023-12-30, unit: kround, fan: Shells made so far}
    """
    sources = (
        "Sterman, Business Dynamics (2000), ch. 11: material delays and capacity acquisition",
        "Wright, Factors Affecting the Cost of Airplanes (1936): learning by doing",
        "Leontief, The Structure of American Economy (1941): fixed input proportions",
    )
    needs = (("learning", ("experience",)),)

    item = Link("what is made", reads="mass")
    capacity = Parameter("item/day", "C", "output of one shift fully used, at the start", more_than=0.0)
    target = Parameter("1", "T", "capacity aimed at, as a multiple of the first", default=1.0, because="no expansion", at_least=0.0, lever=True, decided=True)
    ramp_time = Parameter("day", r"\rho", "mean time until capacity follows its target", default=365.25, because="a year, used only if the target moves", more_than=0.0)  # fmt: skip
    ramp = Joint("target, ramp time and lead time as in documented surges, from the day demand began", ("target", "ramp_time", "lead_time"))
    shifts = Parameter("1", "s", "shifts worked", default=1.0, because="capacity is stated for one shift", at_least=0.0, lever=True, decided=True)
    utilisation = Parameter("1", "u", "share of capacity used", default=1.0, because="fully used", at_least=0.0, at_most=1.0, lever=True)
    lead_time = Parameter("day", r"\tau", "mean time from start to finish", more_than=0.0)
    yields = Parameter("1", "y", "share of finished units that are good", default=1.0, because="no rejects", more_than=0.0, at_most=1.0)
    learning = Parameter("1", "b", "Wright's exponent of productivity; no learning if absent", at_least=0.0, at_most=1.0, optional=True)
    experience = Parameter("item", "E", "units made before the start, as far as they taught", more_than=0.0, optional=True)
    ceiling = Parameter("item", "H", "store and work in progress at which starts cease; never if absent", at_least=0.0, optional=True)
    urgent = URGENT
    priority = priority(5)
    stages = stages("work in progress", 3)
    inputs = Link(
        "what one started unit needs", draws="stock", by="starts", coefficient="inputs_ratio", many=True, optional=True,
        each={"ratio": Parameter("linked/item", "a", "units of the input for one unit", more_than=0.0, defines=True)},
    )  # fmt: skip
    to = Link("stockpile that receives good units", sends=(("good", "goods"),), same_item=True)

    finish = constant("1", "f", "share of a stage finished per period")
    grow = constant("1", "g", "share of the way to the target gone per period")
    starts = activity("item", "Q", "units started")
    finished = flow("item", "F", "units finished")
    good = flow("item", "G", "good units finished")
    capacity_now = level("item/day", "K", "installed capacity, stage by stage", many="3")
    work = level("item", "W", "work in progress, stage by stage", many="stages", role="holds")
    productivity = level("1", "P", "output per unit of capacity against the start")
    started = level("item", r"Q^{\Sigma}", "units started so far", role="source")
    made = level("item", r"G^{\Sigma}", "good units made so far")
    scrapped = level("item", r"X^{\Sigma}", "rejects so far", role="sink")
    consumed = level("linked", r"U^{\Sigma}", "inputs used so far", "inputs", "sink", "inputs")

    @staticmethod
    def constants(dt: Value, lead_time: Value, ramp_time: Value, stages: int) -> Values:
        """Turn delays into shares per period."""
        return {"finish": release(dt, lead_time, stages), "grow": release(dt, ramp_time, 3)}

    @staticmethod
    def start(dt: Value, capacity: Value, shifts: Value, utilisation: Value, finish: Value, stages: int) -> Values:
        """Begin in a steady state: every stage holds what makes it finish as much as is started."""
        steady = capacity * shifts * utilisation * dt / finish
        return {"capacity_now": [capacity] * 3, "work": [steady] * stages, "productivity": 1.0, "started": steady * stages}

    @staticmethod
    def offer(work: Sequence[Value], finish: Value, yields: Value) -> Values:
        """Finish a share of the last stage."""
        finished = work[-1] * finish
        return {"finished": finished, "good": finished * yields}

    @staticmethod
    def want(
        dt: Value, capacity_now: Sequence[Value], productivity: Value, shifts: Value, utilisation: Value, ceiling: Value | None,
        to_held: Value | None, work: Sequence[Value],
    ) -> Values:  # fmt: skip
        """Want to start what capacity allows, but no more than fills the store."""
        starts = capacity_now[-1] * productivity * shifts * utilisation * dt
        if ceiling is not None and to_held is not None:
            starts = minimum(starts, maximum(ceiling - total(work, to_held), 0.0))
        return {"starts": starts}

    @staticmethod
    def move(
        starts: Value, capacity: Value, target: Value, grow: Value, capacity_now: Sequence[Value], work: Sequence[Value], finish: Value,
        finished: Value, good: Value, productivity: Value, learning: Value | None, experience: Value | None, started: Value,
        made: Value, scrapped: Value, consumed: Sequence[Value], inputs_ratio: Sequence[Value],
    ) -> Values:  # fmt: skip
        """Move capacity towards its target, work through its stages, and keep the counts."""
        first, second, third = capacity_now
        capacity_next = [first + grow * (capacity * target - first), second + grow * (first - second), third + grow * (second - third)]
        after: Values = {
            "capacity_now": capacity_next,
            "work": pass_on(work, starts, finish),
            "started": started + starts,
            "made": made + good,
            "scrapped": scrapped + (finished - good),
            "consumed": [used + ratio * starts for used, ratio in zip(consumed, inputs_ratio, strict=True)],
        }
        if learning is not None and experience is not None:
            after["productivity"] = productivity * (1.0 + learning * good / (experience + made))
        return after
