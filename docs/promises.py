"""Fit what promises were worth by every day on which an outcome became known, check that with countries at war left out, and write the data and the page: `make promises`."""

from __future__ import annotations

import csv
import io
import math
import sys
from pathlib import Path

import numpy as np

from materiel.evidence import promises as shipped
from materiel.surges import groups, promises

PAGE = Path(__file__).parent / "findings" / "promises.md"
FACTORS, MONTHS = (1.25, 1.5, 2.0, 3.0, 6.0), (3, 6, 12, 24)
"""Promises of which the page tells what comes."""
FOLDS = {"Country and war left out": groups.country_and_war, "Whole war left out": groups.whole_war}


def main() -> int:
    """Print and write everything."""
    found = promises.discounts()
    rows = [shipped.written(one) for one in found]
    file = io.StringIO()
    table = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
    table.writeheader()
    table.writerows(rows)
    shipped.FILE.write_text(file.getvalue(), encoding="utf-8")
    shipped.discounts.cache_clear()
    text = "\n".join(_page()) + "\n"
    PAGE.write_text(text, encoding="utf-8")
    sys.stdout.write(text)
    return 0


def _page() -> list[str]:
    record, last = promises.outcomes(), shipped.discounts()[-1]
    kept = sum(one.came >= one.promised for one in record)
    lines = [
        "# Promises: what an announced target was worth", "",
        f"Made by `make promises` from the [record of promises](../surges.md#promises): {len(record)} of {last.groups} countries at war of which the level when they were made and the outcome were found. {kept} of them were kept or surpassed. *Share* is how much of the promised growth came, both as logarithms: 0 is no change, 1 the promise kept.", "",
        "## How it does", "",
        "Each promise is foretold from those of other countries at war, or of other wars. CRPS of the growth that came, as a logarithm: lower is better. A point is a forecast without a range. *Discounted is below it by*: in brackets the middle 90 % over countries at war drawn anew, pairs kept.",
    ]  # fmt: skip
    for name, fold in FOLDS.items():
        lines += ["", f"{name}:", "", "| promise | CRPS | in 50 % | in 90 % | promises | discounted is below it by |", "|---|---:|---:|---:|---:|---:|"]
        ours = promises.held(promises.discounted, fold)
        for rival, forecast in promises.RIVALS.items():
            held = promises.held(forecast, fold)
            inside = [f"{100 * np.mean(one):.0f} %" for one in (held.in50, held.in90)] if rival not in ("at its word", "no change") else ["point", "point"]
            share, low, high = promises.below(ours, held)
            gain = "" if forecast is promises.discounted else f"{100 * share:+.0f} % ({100 * low:+.0f} to {100 * high:+.0f})"
            lines.append(f"| {rival} | {np.mean(held.crps):.3f} | {inside[0]} | {inside[1]} | {len(held.crps)} | {gain} |")
    lines += [
        "",
        "## What comes of a promise",
        "",
        f"By all {last.promises}, in percent of the promised growth: the median, and the 90 % range. Of a country at war of which nothing is known.",
        "",
    ]
    lines += ["| promised | " + " | ".join(f"in {months} months" for months in MONTHS) + " |", "|---|" + "---:|" * len(MONTHS)]
    for factor in FACTORS:
        lines.append(f"| {factor:g} times as much | " + " | ".join(_cell(last, factor, months) for months in MONTHS) + " |")
    lines += ["", "## What was known when", "", "The share of a doubling promised for a year ahead, by what had become of promises by that day:", ""]
    lines += ["| from | promises | countries at war | share (90 %) |", "|---|---:|---:|---:|"]
    lines += [f"| {one.known if one.promises else 'the beginning'} | {one.promises} | {one.groups} | {_cell(one, 2.0, 12)} |" for one in shipped.discounts()]
    lines += ["", "## The record", "", "| promise | made | months ahead | times the level | share | outcome known |", "|---|---|---:|---:|---:|---|"]
    lines += [
        f"| {one.what} | {one.announced} | {one.months:.0f} | {math.exp(one.promised):.2g} | {100 * one.came / one.promised:.0f} % | {one.known} |" for one in sorted(record, key=lambda one: one.announced)
    ]  # fmt: skip
    return lines


def _cell(discount: shipped.Discount, factor: float, months: float) -> str:
    growth = math.log(factor)
    low, middle, high = 100 * discount.comes(growth, months, np.array([-1.6448536269514722, 0.0, 1.6448536269514722])) / growth
    return f"{middle:.0f} ({low:.0f} to {high:.0f})"


if __name__ == "__main__":
    raise SystemExit(main())
