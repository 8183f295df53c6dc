"""Runs side by side, and why they differ: assumptions that were revised between two days, and claims that arrived."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from materiel.analysis import lineage, words
from materiel.analysis.drivers import Inputs
from materiel.analysis.lineage import Again, Shift, as_shift
from materiel.analysis.pairing import Paired
from materiel.analysis.questions import Answer
from materiel.case.model import Case
from materiel.evidence.ledger import Ledger
from materiel.evidence.pooling import Prior
from materiel.language import ENGLISH, Language

MOST = 4
"""Arrivals shown for one answer."""


@dataclass(frozen=True)
class Edition:
    """One run of a comparison: its label, its case, its answers and their inputs by question, and its seed."""

    label: str
    case: Case
    answers: Mapping[str, Answer]
    inputs: Mapping[str, Inputs]
    seed: int


@dataclass(frozen=True)
class Cell:
    """One answer of one run: quantiles in the unit of its row, the probability of its threshold, and the draws that it was counted from."""

    quantiles: dict[int, float | None]
    probability: float | None
    draws: int


@dataclass(frozen=True)
class Row:
    """One question in all runs; None where a run does not ask it."""

    id: str
    text: str
    unit: str
    key: bool
    cells: list[Cell | None]


@dataclass(frozen=True)
class Arrival:
    """Claims of one origin that arrived between two runs: the numbers they speak of, and the later run's answer without them."""

    origin: str
    claims: list[str]
    numbers: list[str]
    without: Shift


@dataclass(frozen=True)
class Account:
    """Why one answer differs between two runs: the earlier one, the later one had no claim arrived, the later one, and what each arrival does to it."""

    question: str
    before: Cell
    revised: Cell
    after: Cell
    arrivals: list[Arrival]


@dataclass(frozen=True)
class Change:
    """What happened between two runs: claims that arrived (those that a number uses first), observations, what was revised, and an account for each answer.

    `revised` are numbers with another base or decision, `regraded` publishers, sources and claims with another grade. Runs that `differ` in more than the day are not
    accounted for.
    """

    before: str
    after: str
    used: list[str]
    unused: list[str]
    observations: int
    revised: list[str]
    regraded: list[str]
    accounts: list[Account]
    differ: list[str]


@dataclass(frozen=True)
class Comparison:
    """Runs side by side: their labels, a row a question, a change for every two that follow each other, and each run paired with the first, draw by draw."""

    labels: list[str]
    rows: list[Row]
    changes: list[Change]
    paired: list[Paired]


def rows(editions: Sequence[Edition]) -> list[Row]:
    """Return a row for every question that any of the runs asks."""
    asked = {name: answer.asked for edition in reversed(editions) for name, answer in edition.answers.items()}
    order = dict.fromkeys(name for edition in editions for name in edition.answers)
    return [
        Row(name, asked[name].text, asked[name].unit, asked[name].key, [_cell(edition.answers[name]) if name in edition.answers else None for edition in editions]) for name in order
    ]  # fmt: skip


def arrived(before: Edition, after: Edition) -> list[str]:
    """Return the claims that the later run knows and the earlier one does not."""
    return [name for name in after.case.ledger.claims if name not in before.case.ledger.claims]


def change(before: Edition, after: Edition, again: Again, questions: Sequence[str], differ: Sequence[str] = ()) -> Change:
    """Return what happened between two runs; `again` gives the answers of the later one without some claims, for what its own draws cannot tell."""
    new = arrived(before, after)
    then, now = _numbers(before.case), _numbers(after.case)
    speaking = {claim: [path for path, prior in now.items() if prior.pool and any(one.claim == claim for one in prior.pool.heard())] for claim in new}
    revised = [path for path, prior in now.items() if path in then and (prior.said, prior.because) != (then[path].said, then[path].because)]
    shared = [name for name in questions if name in before.answers and name in after.answers]
    voices: dict[str, list[str]] = {}
    for claim in new:
        if speaking[claim]:
            voices.setdefault(after.case.ledger.voice(claim), []).append(claim)
    silent = again(tuple(new)) if new and shared else after.answers
    return Change(
        before.label, after.label, [claim for claim in new if speaking[claim]], [claim for claim in new if not speaking[claim]],
        len(after.case.observations) - len(before.case.observations), revised,
        _regraded(before.case.ledger, after.case.ledger), [_account(name, before, after, silent[name], voices, speaking, again) for name in shared], list(differ),
    )  # fmt: skip


def _account(name: str, before: Edition, after: Edition, silent: Answer, voices: Mapping[str, list[str]], speaking: Mapping[str, list[str]], again: Again) -> Account:  # fmt: skip
    ledger, answer, inputs = after.case.ledger, after.answers[name], after.inputs[name]
    streams = {prior.stream for prior in inputs.priors}
    found: list[Arrival] = []
    for voice, claims in voices.items():
        numbers = sorted({number for claim in claims for number in speaking[claim] if number in streams})
        if numbers:
            shift = lineage.without(ledger, answer, inputs.heard, claims, after.seed)
            found.append(Arrival(ledger.speaker(voice), claims, numbers, shift or as_shift(again(tuple(claims))[name], answer)))
    found = [one for one in found if one.without.visible]
    found.sort(key=lambda one: -_moved(answer, one.without))
    return Account(name, _cell(before.answers[name]), _cell(silent), _cell(answer), found[:MOST])


def _moved(answer: Answer, shift: Shift) -> float:
    """Return by how much of its own range the median of an answer moves when an arrival is left out."""
    middle, other, low, high = answer.quantiles[50], shift.quantiles[50], answer.quantiles[5], answer.quantiles[95]
    if middle is None or other is None or low is None or high is None or high == low:
        return 0.0
    return abs(middle - other) / (high - low)


def _regraded(before: Ledger, after: Ledger) -> list[str]:
    """Return the publishers, sources and claims of both ledgers that were judged anew in between."""
    publishers = [name for name, one in after.publishers.items() if name in before.publishers and one.reliability != before.publishers[name].reliability]
    sources = [name for name, one in after.sources.items() if name in before.sources and one.reliability != before.sources[name].reliability]
    claims = [name for name, one in after.claims.items() if name in before.claims and one.credibility != before.claims[name].credibility]
    return publishers + sources + claims


def said(cell: Cell, unit: str, language: Language = ENGLISH) -> str:
    """Return an answer in a phrase: its median, its 90 % range, and the probability of its threshold."""
    low, middle, high = (cell.quantiles[percent] for percent in (5, 50, 95))
    ends = [value for value in (low, middle, high) if value is not None]

    def shown(value: float | None, last: str) -> str:
        return language.word("beyond") if value is None else words.number(value, ends[0], ends[-1], last, language, words.IN_PROSE)

    spread = language.word("ranged", middle=shown(middle, unit), low=shown(low, "1"), high=shown(high, "1"))
    return spread if cell.probability is None else f"{spread}, {words.percent(cell.probability, cell.draws, language)}"


def said_without(arrival: Arrival, unit: str, language: Language = ENGLISH) -> str:
    """Return the answer without an arrival in a phrase."""
    return said(Cell(arrival.without.quantiles, arrival.without.probability, round(arrival.without.effective)), unit, language)


def _cell(answer: Answer) -> Cell:
    return Cell(answer.quantiles, answer.probability, len(answer.values))


def _numbers(case: Case) -> dict[str, Prior]:
    """Return the numbers of a case by stream, those that are pooled as such, those of mixes by their weights."""
    return {prior.stream: prior for one in case.components.values() for whole in one.priors() for prior in (whole.mix or (whole,))}
