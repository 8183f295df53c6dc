"""A stock that is drawn and an export that is decided: small enough for its answers to be known."""

from __future__ import annotations

from pathlib import Path

CASE = """
format: 1
title: A stock that is exported from
start: 2023-01-01
end: 2023-12-31
items: {shell: {unit: round}}
shared:
  share: {constant: 1, because: for the test}
actors:
  north:
    stockpiles:
      shell: {item: shell, initial: {base: {dist: lognormal, median: 5, gsd: 1.5, unit: Mround}, because: for the test}}
    contracts:
      export:
        item: shell
        quantity: {constant: 1 Mround, because: for the test}
        share: {shared: share}
        first_day: {constant: 2023-01-01, because: for the test}
        duration: {constant: 100 day, because: for the test}
        to: south.shell
  south: {stockpiles: {shell: {item: shell, initial: {constant: 0 round, because: for the test}}}}
questions:
  left: {text: Shells left, value: north.stockpiles.shell.held, at: 2023-12-01}
"""


def written(folder: Path, text: str) -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / "case.yaml"
    path.write_text(text, encoding="utf-8")
    return path
