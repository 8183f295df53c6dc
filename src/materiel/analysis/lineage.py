"""Says who? From an answer to the numbers that drive it, to the voices they are pooled from, to each claim and its source; and what the answer would be without it.

In a linear pool every draw listens to one voice. Had a claim never been made, the draws that listened to it would have listened to the others in proportion to
their weights: so the answer without it is the answer over the draws at hand, weighted anew by the ratio of new to old weights, with no further run. Where leaving
a claim out changes what a voice says (several claims of one origin, measurements that were combined), the runs at hand cannot tell, and say so.
"""

from __future__ import annotations

import datetime
import functools
import math
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from materiel import portable, units
from materiel.analysis import words
from materiel.analysis.drivers import Inputs
from materiel.analysis.questions import PERCENTS, Answer, Asked
from materiel.case.model import Case
from materiel.engine.draws import voices
from materiel.equations import NEVER
from materiel.evidence.conversions import foretold
from materiel.evidence.grades import Rule
from materiel.evidence.ledger import Ledger
from materiel.evidence.pooling import Part, Pool, Prior, in_order
from materiel.language import ENGLISH, Language
from materiel.language.phrase import Phrase, Said
from materiel.quantities import Distribution

Array = npt.NDArray[np.float64]

Again = Callable[[tuple[str, ...]], Mapping[str, Answer]]
"""Answers, by question, of a run repeated without some claims."""

FEWEST = 200
"""Effective draws below which no answer without a claim is stated."""
MOST_DRAWS = 100_000
"""Draws that are weighed anew, the first ones: more would move no digit that is shown, and a report of a million draws would wait for it."""

_KOLMOGOROV = 1.628
"""99th percentile of Kolmogorov's distribution."""


@dataclass(frozen=True)
class Cited:
    """A claim as the chain shows it: what it says, its grade and words, its source, what it was converted from, who else says the same.

    `seen` says whether the page was seen by whoever wrote the ledger, `promise` how an announced target is heard.
    """

    id: str
    statement: str
    value: str
    grade: str
    kind: str
    known: datetime.date
    meant: str
    quote: str
    translation: str
    hedge: str
    source: str
    publisher: str
    title: str
    url: str
    seen: bool
    origin: str
    formula: str
    terms: dict[str, Cited]
    repeats: list[str]
    agrees: list[str]
    contradicts: list[str]
    doubt: str
    note: str
    promise: str = ""


@dataclass(frozen=True)
class Shift:
    """The answer on other terms: quantiles in the answer's unit (None past the horizon), the probability of its threshold, and the effective number of draws.

    `visible` says whether it differs from the answer by more than chance would make it: the largest difference of their distribution functions over what
    it would be if the weights had nothing to do with the answer, against the 99th percentile of Kolmogorov's distribution.
    """

    quantiles: dict[int, float | None]
    probability: float | None
    effective: float
    visible: bool


@dataclass(frozen=True)
class Saying:
    """One thing that a voice says: its share of the draws, the 5th, 50th and 95th percentile in the number's unit and in words, and the claims.

    `without` is the answer without these claims, where the voice says something else as well.
    """

    weight: float
    says: tuple[float, float, float]
    said: str
    claims: list[Cited]
    without: Shift | None


@dataclass(frozen=True)
class Voice:
    """One origin in a pool, or several that were combined, or the base, which has none: its weight, what it says, and the answer without it.

    `graded_by` is the claim that gives the weight of a single origin. `silent` says why there is no answer without the voice; the base has none.
    """

    weight: float
    origins: list[str]
    graded_by: str
    says: list[Saying]
    without: Shift | None
    silent: str


@dataclass(frozen=True)
class Driver:
    """A number that drives an answer: its share of the answer's variance, how much of its own doubt is the base's, what it is, and how it was pooled.

    `pooled` has its 5th, 50th and 95th percentile in `unit`, `said` the same in words; a date counts in days from the start of the case. `correlated` are the numbers
    that it is correlated with: part of its share may be theirs.
    """

    number: str
    share: float
    base_share: float
    unit: str
    kind: str
    base: str
    because: str
    pooled: tuple[float, float, float]
    said: str
    correlated: list[str]
    voices: list[Voice]


@dataclass(frozen=True)
class Why:
    """The chain of one answer; `explained` is the share of its variance that the drivers explain one by one, `others` how many more numbers are uncertain."""

    id: str
    text: str
    sentence: str
    unit: str
    quantiles: dict[int, float | None]
    probability: float | None
    draws: int
    explained: float
    drivers: list[Driver]
    others: int


def why(case: Case, answer: Answer, inputs: Inputs, shares: Mapping[str, float], seed: int, again: Again | None = None) -> Why:
    """Return the chain of an answer: `inputs` are the uncertain numbers of its runs, `shares` the leading ones by stream with their share of its variance.

    `again` repeats the run without some claims, where the runs at hand cannot tell what the answer would be.
    """
    by_stream = {prior.stream: i for i, prior in enumerate(inputs.priors)}
    weigher = _Weigher(case, answer, inputs, seed, again)
    found = [weigher.driver(by_stream[stream], share) for stream, share in shares.items()]
    return Why(
        answer.asked.id, answer.asked.text, answer.sentence, answer.asked.unit, answer.quantiles, answer.probability,
        len(answer.values), sum(shares.values()), found, len(inputs.priors) - len(found),
    )  # fmt: skip


def without(ledger: Ledger, answer: Answer, priors: Sequence[Prior], claims: Collection[str], seed: int) -> Shift | None:
    """Return an answer as it would be had the claims, and what rests on them, never been made; None where the runs at hand cannot tell."""
    gone = ledger.resting_on(claims)
    drawn = answer.values[:MOST_DRAWS]
    count = len(drawn)
    by_stream: dict[str, Array] = {}
    for prior in priors:
        if prior.pool is None or not any(claim in prior.pool.origins for claim in gone):
            continue
        ratios = unheard(prior, gone)
        if ratios is None:
            return None
        picked = ratios[prior.pick(voices(prior, seed, 0, count))]
        if not np.array_equal(by_stream.setdefault(prior.stream, picked), picked):
            return None  # in two scenarios, one draw listens to two voices
    weights = functools.reduce(np.multiply, by_stream.values(), np.ones(count))
    effective = float(weights.sum() ** 2 / max((weights**2).sum(), 1e-300))
    return _shift(answer.asked, drawn, weights, effective) if effective >= FEWEST else None


def unheard(prior: Prior, gone: Collection[str]) -> Array | None:
    """Return new over old weight of every part of a number had some claims never been made; None where something new would be said, which its draws cannot tell."""
    if prior.pool is None:
        return np.ones(len(prior.parts))
    ratios = _silenced(prior, prior.pool, gone)
    return _ratios(prior.parts, prior.pool.without(gone).parts()) if ratios is None else ratios


def cite(ledger: Ledger, rule: Rule, claim: str, told: set[str] | None = None) -> Cited:
    """Return a claim as the chain shows it; what it was converted from is cited in full once, and by its id where it stands in `told`, to which all are added."""
    told = set[str]() if told is None else told
    told.add(claim)
    one = ledger.claims[claim]
    source, grade = ledger.sources[one.source], ledger.grade(claim)
    low, high = grade.likelihood
    read = f" ({100 * low:.0f} to {100 * high:.0f} %)" if grade.likelihood != (1.0, 1.0) else ""
    read = f" ({grade.approximation})" if grade.approximation not in ("", one.hedge) else read
    meant = "" if one.meant is None else "..".join(dict.fromkeys(day.isoformat() for day in one.meant))
    return Cited(
        claim, one.statement, "" if one.value is None else _said(one.value), str(grade), one.kind, one.known, meant, one.quote, one.translation,
        f"{one.hedge}{read}" if one.hedge else "", one.source, ledger.publisher(one.source), source.title, source.url, source.accessed is not None or not source.url, ledger.speaker(ledger.voice(claim)),
        one.formula, {name: _again(ledger, term) if term in told else cite(ledger, rule, term, told) for name, term in one.terms.items() if term in ledger.claims}, ledger.repeating(claim),
        list(one.agrees), list(one.contradicts), one.doubt, one.note, promised(ledger, rule, claim) if one.promised else "",
    )  # fmt: skip


def promised(ledger: Ledger, rule: Rule, claim: str, language: Language = ENGLISH) -> str:
    """Return in words how an announced target is heard: at its word, or discounted by how many promises."""
    one, found = ledger.claims[claim], foretold(ledger, rule, claim)
    ends = list(dict.fromkeys(one.due or ()))
    days = " ".join(map(language.date, ends)) if len(ends) < 2 else language.word("days", low=language.date(ends[0]), high=language.date(ends[1]))
    times = language.decimals(f"{math.exp(found.growth):.2g}")
    told = language.word("promise", days=days, times=times, months=f"{found.months:.0f}")
    if rule.promises == "face value":
        return language.word("at its word", told=told)
    if found.growth <= 0:
        return language.word("no growth", told=told)
    low, middle, high = found.discount.comes(found.growth, found.months, portable.normal_quantile(np.array([0.05, 0.5, 0.95]))) / found.growth
    counted = {"promises": str(found.discount.promises), "groups": str(found.discount.groups)}
    known = language.word("known promises", **counted) if found.discount.promises else language.word("no known promise")
    middle, high = (words.share(float(part), language) for part in (middle, high))
    return language.word("discounted", told=told, middle=middle, low=f"{100 * low:.0f}", high=high, known=known)


def _again(ledger: Ledger, claim: str) -> Cited:
    """Return a claim that has been cited in full, in short."""
    one = ledger.claims[claim]
    source = ledger.sources[one.source]
    return Cited(
        claim, "as above", "", str(ledger.grade(claim)), one.kind, one.known, "", "", "", "", one.source, ledger.publisher(one.source), "", "",
        source.accessed is not None or not source.url, ledger.speaker(ledger.voice(claim)), "", {}, [], [], [], "", "",
    )  # fmt: skip


@dataclass(frozen=True)
class _Weigher:
    """Makes the drivers of one answer, and what it would be without each voice."""

    case: Case
    answer: Answer
    inputs: Inputs
    seed: int
    again: Again | None

    def driver(self, row: int, share: float) -> Driver:
        prior = self.inputs.priors[row]
        pooled = _three(prior.percentiles((5, 50, 95)))
        by_origin: dict[tuple[str, ...], list[Part]] = {}
        for part in prior.parts:
            by_origin.setdefault(part.origins, []).append(part)
        told: set[str] = set()
        return Driver(
            prior.stream, share, float(self.inputs.base[row]), units.plain(prior.unit), prior.kind, prior.said, prior.because, pooled,
            spread(self.case, pooled, prior.unit), correlated(self.case, prior.stream), [self.voice(prior, parts, told) for parts in by_origin.values()],
        )  # fmt: skip

    def voice(self, prior: Prior, parts: list[Part], told: set[str]) -> Voice:
        ledger, weight, origins = self.case.ledger, sum(part.weight for part in parts), parts[0].origins
        says = [self.saying(prior, part, told, alone=len(parts) == 1) for part in parts]
        if not origins:
            return Voice(weight, [], "", says, None, "")
        heard = [one for one in (prior.pool.heard() if prior.pool else ()) if one.origin in origins]
        shift = self.without(one.claim for one in heard)
        silent = "" if shift else "these runs cannot tell"
        return Voice(weight, [ledger.speaker(origin) for origin in origins], in_order(heard)[0].claim if len(origins) == 1 else "", says, shift, silent)

    def saying(self, prior: Prior, part: Part, told: set[str], *, alone: bool) -> Saying:
        says = _three(part.distribution.quantile(np.array([0.05, 0.5, 0.95])))
        claims = [cite(self.case.ledger, self.case.rule, claim, told) for claim in part.claims]
        return Saying(part.weight, says, spread(self.case, says, prior.unit), claims, None if alone or not claims else self.without(part.claims))

    def without(self, claims: Iterable[str]) -> Shift | None:
        gone = tuple(sorted(set(claims)))
        shift = without(self.case.ledger, self.answer, self.inputs.heard, gone, self.seed)
        return as_shift(self.again(gone)[self.answer.asked.id], self.answer) if shift is None and self.again is not None else shift


def correlated(case: Case, stream: str) -> list[str]:
    """Return the numbers that a number is correlated with."""
    return [name for between, _ in case.correlated if stream in between for name in between if name != stream]


def spread(case: Case, three: tuple[float, float, float], unit: str, language: Language = ENGLISH) -> str:
    """Return the 5th, 50th and 95th percentile of a number in words: the middle and the 90 % range, each to two digits, days as dates."""
    low, middle, high = three
    if unit == "date":
        shown = [language.word("no day") if value >= NEVER else language.date(case.date(round(value)), short=True) for value in three]
        return shown[1] if low == high else language.word("day with range", middle=shown[1], low=shown[0], high=shown[2])
    factor, plain = words.handy(units.plain(unit), middle)
    shown = [words.number(value * factor, value * factor, value * factor, plain if i == 1 else "1", language) for i, value in enumerate(three)]
    return shown[1] if low == high else language.word("with range", middle=shown[1], low=shown[0], high=shown[2])


def instead(shift: Shift, why: Why, language: Language = ENGLISH) -> Phrase:
    """Return the answer on other terms in a phrase, beside the probability that it had."""
    if not shift.visible:
        return language.say("no change")
    low, middle, high = (shift.quantiles[percent] for percent in (5, 50, 95))
    ends = [value for value in (low, middle, high) if value is not None]

    def shown(value: float | None, unit: str) -> Said:
        return language.word("beyond") if value is None else words.figure(value, ends[0], ends[-1], unit, language)

    said = language.say("instead", middle=shown(middle, why.unit), low=shown(low, "1"), high=shown(high, why.unit))
    if shift.probability is None or why.probability is None:
        return said
    after, before = (
        words.chance(shift.probability, round(shift.effective), language),
        words.chance(why.probability, why.draws, language, f"{why.id}.probability"),
    )
    return language.say("instead with chance", said=said, after=after, before=before)


def as_shift(answer: Answer, before: Answer) -> Shift:
    """Return the answer of another run on the same draws as what the one before would be on its terms."""
    return Shift(answer.quantiles, answer.probability, float(len(answer.values)), visible=not np.array_equal(np.sort(answer.values), np.sort(before.values)))


def _silenced(prior: Prior, pool: Pool, gone: Collection[str]) -> Array | None:
    """Return new over old weight of every part where whole voices fall silent, each of them a part of its own; None where it takes a new pool to know."""
    out = {pool.origins[claim] for claim in gone if claim in pool.origins}
    inherited = isinstance(pool.base, Pool) and any(claim in pool.base.origins for claim in gone)
    rows = [row for origin in out for row in prior.voiced.get(origin, ())]
    if inherited or any(claim not in gone for origin in out for claim in pool.voiced[origin]) or any(len(prior.parts[row].origins) > 1 for row in rows):
        return None
    left = np.ones(len(prior.parts))
    left[rows] = 0.0
    return left * (prior.weights.sum() / (prior.weights * left).sum())


def _ratios(old: Sequence[Part], new: Sequence[Part]) -> Array | None:
    """Return new over old weight of every part, nought for those that are gone; None if something new is said."""
    before, after = _weights(old), _weights(new)
    if not after.keys() <= before.keys():
        return None
    return np.array([after.get((part.distribution, part.origins), 0.0) / before[part.distribution, part.origins] for part in old])


def _weights(parts: Sequence[Part]) -> dict[tuple[Distribution, tuple[str, ...]], float]:
    """Return the weight of whatever is said by whomever: the same word may stand in a reference class and beside it."""
    made: dict[tuple[Distribution, tuple[str, ...]], float] = {}
    for part in parts:
        made[part.distribution, part.origins] = made.get((part.distribution, part.origins), 0.0) + part.weight
    return made


def _shift(asked: Asked, drawn: Array, weights: Array, effective: float) -> Shift:
    order = np.argsort(drawn, kind="stable")
    values: Array = drawn[order]
    cumulated: Array = np.cumsum(weights[order]) / weights.sum()
    found = {percent: float(values[min(int(np.searchsorted(cumulated, percent / 100)), len(values) - 1)]) for percent in PERCENTS}
    quantiles = {percent: value if math.isfinite(value) else None for percent, value in found.items()}
    probability = None
    if asked.threshold is not None:
        side, bound = asked.threshold
        met = drawn > bound if side == "above" else drawn < bound
        probability = float(weights[met].sum() / weights.sum())
    return Shift(quantiles, probability, effective, _visible(values, cumulated, weights))


def _visible(values: Array, cumulated: Array, weights: Array) -> bool:
    last = np.append(values[1:] != values[:-1], True)  # equal values are one step of a distribution function
    apart = float(np.abs(cumulated - np.arange(1, len(values) + 1) / len(values))[last].max())
    chance = float(np.sqrt(((weights / weights.sum() - 1 / len(values)) ** 2).sum()))
    return apart > _KOLMOGOROV * chance


def _three(values: Array) -> tuple[float, float, float]:
    return float(values[0]), float(values[1]), float(values[2])


def _said(value: object) -> str:
    return str(value) if not isinstance(value, dict) else ", ".join(f"{key} {entry}" for key, entry in value.items())  # pyright: ignore[reportUnknownVariableType]
