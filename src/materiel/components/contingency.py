"""Contingencies: events that begin on the day a branch of the run sets, and otherwise never."""

from __future__ import annotations

from materiel.component import Component, Parameter, component
from materiel.equations import NEVER


@component
class Contingency(Component):
    """Something that may happen, such as a war; questions ask what follows if it begins on a given day.

    The baseline has it never. A branch answers on the same draws with the day set, so that a war that might begin in any draw
    never pollutes an answer about peace.
    """

    section = "contingencies"
    scope = "case"
    example = """
    format: 1
    title: A contingency that a question switches on
    start: 2023-01-01
    end: 2023-02-01
    items: {shell: {unit: round}}
    contingencies: {war: {}}
    actors:
      north:
        stockpiles: {shell: {item: shell, initial: {constant: 1000 round, because: for the example}}}
        demands:
          front:
            item: shell
            contingency: war
            war_rate: {constant: 100 round/day, because: for the example}
    questions:
      left: {text: Shells left after five days of war, value: north.stockpiles.shell.held, at: 2023-01-15, if: war on 2023-01-10, fan: Shells left if war begins on 10 January}
    """

    begins = Parameter("date", "t_w", "day on which it begins", default=NEVER, because="a baseline without the contingency", decided=True)
