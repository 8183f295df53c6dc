"""Routes: how things get from one actor to another."""

from __future__ import annotations

from materiel.component import Component, Parameter, Resource, component, constant, flow, stages
from materiel.equations import NEVER, Value, Values, overlap, release


@component
class Route(Component):
    r"""A sea lane or a railway with a capacity in mass, or in containers of a known load.

    Contracts claim its capacity, over the time in which it is open, by the mass of what they ship. The time on the way is a delay of several stages, kept by each contract
    because each carries its own item; a share $\ell$ of what arrives is lost.
    """

    section = "routes"
    scope = "case"
    example = """
    format: 1
    title: Two contracts on one railway
    start: 2023-01-01
    end: 2023-12-31
    items: {shell: {unit: round, mass: {constant: 60 kg/round, because: packed}}, rocket: {unit: rocket, mass: {constant: 80 kg/rocket, because: packed}}}
    routes:
      railway:
        containers: {base: 5 to 20 container/day, because: for the example}
        container_load: {base: 16 to 22 t/container, because: for the example}
        transit: {base: 5 to 15 day, because: for the example}
    actors:
      north:
        stockpiles:
          shell: {item: shell, initial: {constant: 1 Mround, because: for the example}}
          rocket: {item: rocket, initial: {constant: 100 krocket, because: for the example}}
        contracts:
          shells: {item: shell, quantity: {constant: 500 kround, because: for the example}, first_day: {constant: 2023-03-01, because: for the example}, duration: {constant: 90 day, because: for the example}, route: railway, to: south.shell}
          rockets: {item: rocket, quantity: {constant: 50 krocket, because: for the example}, first_day: {constant: 2023-03-01, because: for the example}, duration: {constant: 90 day, because: for the example}, route: railway, to: south.rocket}
      south:
        stockpiles:
          shell: {item: shell, initial: {constant: 0 round, because: for the example}}
          rocket: {item: rocket, initial: {constant: 0 rocket, because: for the example}}
    questions:
      arrived: {text: Shells arrived, value: south.stockpiles.shell.held, at: 2023-12-30, fan: Shells arrived}
    """
    sources = ("Sterman, Business Dynamics (2000), ch. 11: material delays",)
    exactly_one = (("capacity", "containers"),)
    needs = (("containers", ("container_load",)),)

    capacity = Parameter("kg/day", "c", "mass carried per day", more_than=0.0, optional=True, lever=True)
    containers = Parameter("container/day", "n", "containers carried per day, instead of a mass", more_than=0.0, optional=True, lever=True)
    container_load = Parameter("kg/container", "w", "mass in one container", more_than=0.0, optional=True)
    first_day = Parameter("date", "t_0", "first day open", default=-NEVER, because="open before the case begins")
    until = Parameter("date", "t_1", "day on which it closes", default=NEVER, because="open past the horizon")
    transit = Parameter("day", r"\tau", "mean time on the way", more_than=0.0)
    loss = Parameter("1", r"\ell", "share lost on the way", default=0.0, because="no losses unless the case says so", at_least=0.0, at_most=1.0)
    stages = stages("the way", 2)

    carriage = Resource("kg", "A", "mass that can be loaded in the period")
    arrive = constant("1", "f", "share of a stage that moves on per period")
    loaded = flow("kg", "L", "mass loaded in the period")

    @staticmethod
    def constants(dt: Value, transit: Value, stages: int) -> Values:
        """Turn the time on the way into a share per period."""
        return {"arrive": release(dt, transit, stages)}

    @staticmethod
    def offer(t: Value, dt: Value, capacity: Value | None, containers: Value | None, container_load: Value | None, first_day: Value, until: Value) -> Values:
        """Offer the capacity over the share of the period in which the route is open."""
        mass = 0.0 if capacity is None else capacity * 1.0
        if containers is not None and container_load is not None:
            mass = mass + containers * container_load
        return {"carriage": mass * overlap(t, dt, first_day, until)}

    @staticmethod
    def deliver(carriage_taken: Value) -> Values:
        """Report what was loaded."""
        return {"loaded": carriage_taken}
