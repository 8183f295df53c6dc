"""Two runs on the same draws, question by question and draw by draw: what differs between them is what they assume, not chance.

A number has the same uniform number in draw 17 of both runs, whatever else is in their cases. So the difference of two answers is taken within each draw, and it is nought
in every draw where nothing differs (common random numbers; Glasserman and Yao, Management Science 38, 1992).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from materiel import portable
from materiel.analysis import chance, words
from materiel.analysis.chance import Chance
from materiel.analysis.questions import PERCENTS, Answer, Asked
from materiel.case.model import Case

Array = npt.NDArray[np.float64]

WIDE = 10.0
"""From this ratio of the 95th to the 5th percentile on, answers that are all positive are also compared by their ratio."""

_FIELDS = ("value", "largest", "smallest", "total", "first", "below", "above", "conversion", "branch", "scenario")
"""What of a question says what is measured; its words and thresholds do not. A ratio is what its parts are."""

_NAMES = {"branch": "if", "scenario": "with"}
"""What a case calls them."""


@dataclass(frozen=True)
class Side:
    """One run of a pair: its label, its case, its answers by question, and what its draws are drawn by (draws and seed)."""

    label: str
    case: Case
    answers: Mapping[str, Answer]
    draws: int
    seed: int


@dataclass(frozen=True)
class Pair:
    """One question in both runs. `difference` holds quantiles of the second less the first, in `unit`; None beyond any bound, where a day never comes in one of them.

    `ratio` holds those of the second over the first where amounts span orders of magnitude, else None. `higher`, `lower` and `equal` say how likely the second is
    higher than the first, lower, and the same.
    """

    id: str
    text: str
    unit: str
    key: bool
    draws: int
    difference: dict[int, float | None]
    ratio: dict[int, float | None] | None
    higher: Chance
    lower: Chance
    equal: Chance


@dataclass(frozen=True)
class Paired:
    """Two runs on the same draws: a pair for every question that both ask alike, and why the others are not compared. `apart` says why none is."""

    first: str
    second: str
    pairs: list[Pair]
    unlike: dict[str, str]
    apart: str


def paired(first: Side, second: Side) -> Paired:
    """Return two runs compared draw by draw."""
    names = list(dict.fromkeys([*first.answers, *second.answers]))
    differ = [name for name, one, other in (("draws", first.draws, second.draws), ("seed", first.seed, second.seed)) if one != other]
    if differ:
        return Paired(first.label, second.label, [], {}, f"not on the same draws: the runs differ in {' and '.join(differ)}")
    unlike = {name: why for name in names if (why := _unlike(name, first, second))}
    pairs = [pair(first.answers[name], second.answers[name]) for name in names if name not in unlike]
    return Paired(first.label, second.label, pairs, unlike, "")


def pair(first: Answer, second: Answer) -> Pair:
    """Return two answers of one question on the same draws."""
    a, b, draws = first.values, second.values, len(first.values)
    same = a == b  # also where neither comes within the horizon
    with np.errstate(invalid="ignore"):
        difference = np.where(same, 0.0, b - a)
    counts = (int(np.count_nonzero(b > a)), int(np.count_nonzero(b < a)), int(np.count_nonzero(same)))
    asked = first.asked
    return Pair(
        asked.id, asked.text, asked.unit, asked.key, draws, _quantiles(difference), _quantiles(b / a) if _wide(a, b) else None,
        *(chance.counted(count, draws) for count in counts),
    )  # fmt: skip


def _wide(a: Array, b: Array) -> bool:
    """Say whether two answers are positive in every draw, and one of them spans an order of magnitude or more."""
    if not all(np.all(np.isfinite(values)) and np.all(values > 0) for values in (a, b)):
        return False
    return any(np.quantile(values, 0.95) >= WIDE * np.quantile(values, 0.05) for values in (a, b))


def _quantiles(values: Array) -> dict[int, float | None]:
    ordered = np.sort(values)
    found = portable.quantiles(ordered, np.array(PERCENTS) / 100, observed=not np.all(np.isfinite(ordered)))
    return {percent: float(value) if np.isfinite(value) else None for percent, value in zip(PERCENTS, found, strict=True)}


def _unlike(name: str, first: Side, second: Side) -> str:
    """Return why a question cannot be compared, or an empty string when it can."""
    for side, other in ((first, second), (second, first)):
        if name not in side.answers:
            return f"asked only of {other.label}"
    one, other = (_definition(side, name) for side in (first, second))
    differ = [what for what in {**one, **other} if one.get(what) != other.get(what)]
    return f"defined otherwise: {', '.join(differ)}" if differ else ""


def _definition(side: Side, name: str, of: str = "") -> dict[str, object]:
    """Return what a question measures: what the case says of it, its unit and its days; for a ratio, of both parts."""
    asked, question = side.answers[name].asked, side.case.questions[name]
    said: dict[str, object] = {f"{_NAMES.get(field, field)}{of}": getattr(question, field) for field in _FIELDS}
    said |= {f"unit{of}": asked.unit, f"first day{of}": _since(side.case, asked), f"last day{of}": None if asked.parts else side.case.date(asked.last_day)}
    for number, part in enumerate(asked.parts, 1):
        said |= _definition(side, part, f" of part {number}")
    return said


def _since(case: Case, asked: Asked) -> object:
    """Return the day from which a question reads; a value is read on its day alone."""
    return None if asked.form in ("value", "ratio") else case.date(asked.since)


def said(quantiles: Mapping[int, float | None], unit: str) -> str:
    """Return a difference or a ratio in a phrase: its median, its middle half and its 90 % range."""
    ends = [value for value in quantiles.values() if value is not None]

    def shown(percent: int, last: str = "1") -> str:
        value = quantiles[percent]
        return "without bound" if value is None else words.number(value, min(ends), max(ends), last)

    if not ends:
        return "without bound"
    if min(ends) == max(ends) and len(ends) == len(quantiles):
        return words.number(ends[0], ends[0], ends[0], unit)
    return f"{shown(50, unit)} (50 %: {shown(25)} to {shown(75)}; 90 %: {shown(5)} to {shown(95)})"


def likely(one: Chance, draws: int) -> str:
    """Return a probability with its Monte-Carlo interval."""
    return f"{words.percent(one.probability, draws)} ({100 * one.low:.1f} to {100 * one.high:.1f})"
