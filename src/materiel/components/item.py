"""Items: what lines make, stockpiles hold and routes carry."""

from __future__ import annotations

from materiel.component import Component, Option, Parameter, component


@component
class Item(Component):
    """A kind of thing: its unit, and what one of it weighs.

    Items differ by name, units by dimension: rounds of two calibres are two items in one unit.
    """

    section = "items"
    scope = "case"
    example = """
    format: 1
    title: An item
    start: 2023-01-01
    end: 2023-01-03
    items:
      shell-152: {unit: round, mass: {base: 43 to 60 kg/round, because: projectile alone to packed round}}
    """

    unit = Option(str, "unit in which the item is counted or weighed")
    mass = Parameter("kg/item", "m", "mass that a route carries for one unit", more_than=0.0, optional=True)
