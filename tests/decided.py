"""A case in which much is decided: an order, a reserve, the day of a war; small enough to be run many times."""

from __future__ import annotations

CASE = """
format: 1
title: A stock, an order and a war
start: 2023-01-01
end: 2023-12-31
items: {shell: {unit: round, mass: {constant: 40 kg/round, because: for the test}}}
contingencies: {war: {}}
shared:
  order: {base: 4 to 400 kt, because: for the test}
  given: {constant: 1, because: for the test}
correlations:
  - {between: [north.stockpiles.shell.initial, north.stockpiles.shell.floor], rank: 0.7, because: for the test}
actors:
  north:
    stockpiles:
      shell:
        item: shell
        initial: {base: 2 to 9 Mround, because: for the test}
        floor: {base: 0.5 to 3 Mround, because: for the test}
    demands:
      front: {item: shell, contingency: war, rate: {base: 100 to 900 round/day, because: for the test}, war_rate: {base: 10 to 90 kround/day, because: for the test}}
    contracts:
      export:
        item: shell
        tonnage: {shared: order}
        share: {shared: given}
        first_day: {base: 2023-02-01 to 2023-09-01, because: for the test}
        duration: {constant: 100 day, because: for the test}
        to: south.shell
  south: {stockpiles: {shell: {item: shell, initial: {constant: 0 round, because: for the test}}}}
scenarios:
  nothing: {text: nothing is ordered, set: {shared.given: {constant: 0, because: for the test}}}
  floor: {text: the floor is told, set: {north.stockpiles.shell.floor: {constant: 1 Mround, because: for the test}}}
questions:
  left: {text: Shells left, value: north.stockpiles.shell.held, at: 2023-12-01, threshold: {above: 3 Mround}, key: true, fan: true}
  sent: {text: Shells sent, total: north.contracts.export.ships, unit: kround, fan: Shells sent a day}
  sent-to-floor: {text: Shells sent above a floor of a million, total: north.contracts.export.ships, unit: kround, with: floor}
  sent-for-nothing: {text: Shells sent for nothing, total: north.contracts.export.ships, unit: kround, with: nothing}
  part: {text: Share, ratio: [sent, sent-to-floor]}
  week: {text: Shells fired in a week, total: north.demands.front.uses, if: war on 2023-06-01, start: 2023-06-01, end: 2023-06-08}
  lasts: {text: Days until a million is left, first: north.stockpiles.shell.held, below: 1 Mround, if: war on 2023-06-01, end: 2023-10-01, threshold: {below: 2023-07-01}, fan: Shells in war}
  later: {text: Shells left after another war, value: north.stockpiles.shell.held, at: 2023-09-01, if: war on 2023-07-15}
"""

LEVERS = """
levers:
  - {contingency: war, from: 2023-02-01, to: 2023-08-01}
  - {number: shared.order, from: 4 kt, to: 400 kt}
  - {number: shared.given, from: 0, to: 1}
  - {number: north.contracts.export.first_day, from: 2023-01-01, to: 2023-11-01}
  - {number: north.stockpiles.shell.floor, from: 0 round, to: 4 Mround}
  - {number: north.contracts.export.tonnage, from: 0 kt, to: 100 kt}
"""
