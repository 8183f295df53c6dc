"""A claim in the dock: it is left out with all of its origin, its quantity is predicted from everything else, and other voices are heard for and against it.

Surprise is counted in bits: minus the logarithm to base 2 of the chance that a prediction made without the claim lies at least as far out on either side
as what the claim says. One bit is a coin; below 3 bits nobody need be surprised; 7 bits are one chance in a hundred. A claim of "at least" is met
by anything above it, one of "at most" by anything below. A hedge commits its author only so far: what is said to be possible (a band with the middle h) holds
by its own word with the chance h, and cannot surprise otherwise, so that the chance counted is h times what it would be, and 1 - h.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import numpy.typing as npt

from materiel import units
from materiel.analysis import words
from materiel.analysis.questions import Asked
from materiel.case.checks import numbers
from materiel.case.model import Case
from materiel.engine.draws import sample
from materiel.errors import Problem, RunError, nearest
from materiel.evidence import conversions
from materiel.evidence.grades import Grade
from materiel.evidence.ledger import Ledger
from materiel.evidence.pooling import in_order
from materiel.evidence.records import Claim
from materiel.quantities import Distribution, QuantityError, constant, read

Array = npt.NDArray[np.float64]

Verdict = Literal["stands", "one voice", "fits", "contested", "contradicted", "alone"]

MEANING: dict[Verdict, str] = {
    "stands": "others say the same, and nothing of weight speaks against it",
    "one voice": "a single other origin says the same, and nothing of weight speaks against it",
    "fits": "nobody else says it, but what everything else makes of its quantity agrees with it",
    "contested": "others speak for it and against it, or its quantity surprises",
    "contradicted": "others speak against it and hardly anyone for it, or its quantity is next to impossible",
    "alone": "no other origin of any weight speaks to it",
}

_VERB: dict[Verdict, str] = {
    "stands": "stands", "one voice": "has one voice beside it", "fits": "fits", "contested": "is contested", "contradicted": "is contradicted",
    "alone": "stands alone",
}  # fmt: skip

SURPRISING = 3.3
"""Bits from which a claim surprises: one chance in ten."""
IMPOSSIBLE = 6.6
"""Bits from which a claim is next to impossible: one chance in a hundred."""
WEIGHTY = 0.5
"""Strength, half that of an assumption, from which what speaks against a claim counts."""
FIRM = 1.75
"""Strength from which a single voice is enough for a claim to stand: usually reliable and probably true make 1.8."""


@dataclass(frozen=True)
class Target:
    """What a claim speaks of: a question, or a number by its path; neither if the case has nothing of the kind."""

    question: str = ""
    number: str = ""


@dataclass(frozen=True)
class Prediction:
    """What everything else makes of a quantity: draws in `unit`, and the share of their doubt that rests on assumptions."""

    text: str
    unit: str
    values: Array
    base_share: float


@dataclass(frozen=True)
class Heard:
    """One origin that speaks for or against a claim: its name, its strength by the rules, and its claims."""

    origin: str
    strength: float
    claims: list[str]


@dataclass(frozen=True)
class Examined:
    """How a claim stands. `quantiles` are those of the prediction (5, 50, 95; None past the horizon), `percentile` where the claim lies in it, `bits` its surprise.

    All three are None without a prediction or a quantity to hold against it; days of a date are counted from the start of the case.
    """

    claim: str
    verdict: Verdict
    sentence: str
    statement: str
    grade: str
    quote: str
    doubt: str
    left_out: list[str]
    about: str
    unit: str
    says: tuple[float, float, float] | None
    quantiles: tuple[float | None, ...] | None
    percentile: float | None
    bits: float | None
    base_share: float | None
    agreeing: list[Heard]
    opposing: list[Heard]


def target(case: Case, claim: str) -> Target:
    """Return what a claim speaks of: what it says it is about, else the number that names it. Raises RunError for an unknown claim or target."""
    if claim not in case.ledger.claims:
        near = nearest(claim, list(case.whole.claims))
        late = claim in case.whole.claims
        raise RunError(f"claim {claim!r} is not known by {case.as_of}" if late else f"unknown claim {claim!r}" + (f"; did you mean {near!r}?" if near else ""))
    about = case.ledger.claims[claim].about
    if about in case.questions:
        return Target(question=about)
    known = numbers(case)
    if about in known:
        return Target(number=about)
    named = [path for path, prior in known.items() if prior.pool and any(one.claim == claim for one in prior.pool.heard())]
    return Target(number=named[0]) if named else Target()


def misfits(case: Case, asked: Mapping[str, Asked]) -> list[Problem]:
    """Return the claims whose value does not measure what the question or number measures that they are about, so that none can be held against the other."""
    found: list[Problem] = []
    known = numbers(case)
    for claim, one in case.whole.claims.items():
        unit = asked[one.about].unit if one.about in asked else known[one.about].unit if one.about in known else None
        if one.value is None or unit in (None, "date"):
            continue
        try:
            units.factor(read(one.value)[1], str(unit))
        except (QuantityError, units.UnitError) as error:
            found.append(Problem(case.place(("claims", claim, "value")), f"value: {error}", f"what {one.about!r} measures, in {units.plain(str(unit))}"))
    return found


def left_out(case: Case, claim: str) -> set[str]:
    """Return the claims that fall silent when a claim and all of its origin are left out."""
    ledger = case.ledger
    return ledger.resting_on({name for name in ledger.claims if ledger.voice(name) == ledger.voice(claim)} | {claim}) & ledger.claims.keys()


def predicted(case: Case, number: str, seed: int, draws: int) -> Prediction:
    """Return what a case makes of one of its numbers."""
    prior = numbers(case)[number]
    base = sum(part.weight for part in prior.parts if not part.claims)
    if prior.mix:  # its share hangs on every weight of the mix, and can be told only where no claim speaks to any
        base = math.nan if any(part.claims for weight in prior.mix for part in weight.parts) else 1.0
    return Prediction(number, units.plain(prior.unit), sample(prior, seed, 0, draws), base)


def examine(case: Case, claim: str, prediction: Prediction | None) -> Examined:
    """Return how a claim of a case stands against a prediction made without it (None if there is none) and against the voices of the whole ledger."""
    ledger, one = case.ledger, case.ledger.claims[claim]
    agreeing, opposing = _heard(case, claim, "agrees"), _heard(case, claim, "contradicts")
    prediction = _in_its_unit(one, prediction) if prediction and target(case, claim).number else prediction
    says = _says(case, claim, prediction.unit) if prediction else None
    quantiles = percentile = bits = unhedged = None
    if prediction is not None and says is not None:
        drawn = _ends(np.quantile(prediction.values, (0.05, 0.5, 0.95), method="inverted_cdf"))
        quantiles = tuple(value if math.isfinite(value) else None for value in drawn)
        percentile, unhedged = _placed(says, prediction.values, ledger.grade(claim).approximation)
        bits = _hedged(unhedged, ledger.grade(claim))
    verdict = _verdict(bits, unhedged, case.rule.strength(ledger.grade(claim)), agreeing, opposing)
    about = prediction.text if prediction else ""
    said = _ends(says.quantile(np.array([0.05, 0.5, 0.95]))) if says else None
    told = [f"{claim} {_VERB[verdict]}: {MEANING[verdict]}."]
    if prediction is not None and said is not None and quantiles is not None and percentile is not None and bits is not None:
        told += _held_against(case, prediction, said, quantiles, percentile, bits)
        if unhedged is not None and unhedged >= SURPRISING > bits:
            told.append(f"It is hedged ({one.hedge}), and so commits its author only that far: said flatly it would be {unhedged:.1f} bits.")
    told += _voices(agreeing, opposing)
    base_share = None if prediction is None or math.isnan(prediction.base_share) else prediction.base_share
    return Examined(
        claim, verdict, " ".join(told), one.statement, str(ledger.grade(claim)), one.quote, one.doubt, sorted(left_out(case, claim)), about,
        prediction.unit if prediction else "", said, quantiles, percentile, bits, base_share, agreeing, opposing,
    )  # fmt: skip


def _in_its_unit(claim: Claim, prediction: Prediction) -> Prediction:
    """Return a prediction in the unit that a claim uses, which readers know it by; as it is where the claim writes none that fits."""
    try:
        written = read(claim.value)[1] if claim.value is not None else ""
        factor = units.factor(prediction.unit, written)
    except (QuantityError, units.UnitError):
        return prediction
    return replace(prediction, unit=written, values=prediction.values * factor) if written else prediction


def _heard(case: Case, claim: str, how: Literal["agrees", "contradicts"]) -> list[Heard]:
    """Return the origins other than its own that speak for or against a claim, by either side's word, the strongest first; each counts by its first claim."""
    ledger = case.ledger
    named = set(getattr(ledger.claims[claim], how)) | {name for name, other in ledger.claims.items() if claim in getattr(other, how)}
    by_voice: dict[str, list[str]] = {}
    for name in ledger.claims:
        if name in named and ledger.voice(name) != ledger.voice(claim):
            by_voice.setdefault(ledger.voice(name), []).append(name)
    made = [Heard(ledger.speaker(voice), _strength(case, ledger, names), names) for voice, names in by_voice.items()]
    return sorted(made, key=lambda heard: -heard.strength)


def _strength(case: Case, ledger: Ledger, names: Sequence[str]) -> float:
    return case.rule.strength(in_order([ledger.statement(name, constant(0.0)) for name in names])[0].grade)


def _says(case: Case, claim: str, unit: str) -> Distribution | None:
    """Return what a claim says in the unit of the prediction, a bound as it stands, anything else spread by its grade; None when it gives no quantity."""
    one, grade = case.ledger.claims[claim], case.ledger.grade(claim)
    if one.value is None and not one.formula:
        return None
    prior = numbers(case).get(target(case, claim).number)
    pool = prior.pool if prior else None
    used = next((heard.value.scaled(pool.factor) for heard in pool.heard() if heard.claim == claim), None) if pool else None  # days are read by their number
    said = used.scaled(units.factor(prior.unit, unit)) if prior and used and unit != units.plain(prior.unit) else used
    share = pool.share if pool and said else unit in ("", "1")
    try:
        if said is None:
            said, written = conversions.value(case.ledger, case.rule, claim, share=share)
            said = said.scaled(units.factor(written, unit))
    except (QuantityError, units.UnitError):
        return None  # `misfits` tells of it
    switch = prior is not None and all(part.distribution.named == "chance" or part.distribution.constant for part in prior.parts)
    if grade.approximation in ("at least", "at most") or switch or (pool is not None and pool.date):
        return said
    return case.rule.widen(said, grade, share=share and said.values[0] < 1)


def _placed(says: Distribution, values: Array, approximation: str) -> tuple[float, float]:
    """Return the percentile at which a claim falls among predicted values, and its surprise in bits, taken flatly."""
    points = says.quantile((np.arange(100) + 0.5) / 100)
    ordered = np.sort(values)
    below = np.searchsorted(ordered, points, side="left").mean() / len(ordered)
    not_above = np.searchsorted(ordered, points, side="right").mean() / len(ordered)
    least = 1.0 / (len(ordered) + 1)
    outside = {"at least": 1.0 - below, "at most": not_above}.get(approximation, min(1.0, 2.0 * min(not_above, 1.0 - below)))
    if ordered[0] >= 0.0 and np.isin(ordered, (0.0, 1.0)).all():  # a switch has no sides: it is as the claim says, or not
        outside = float((ordered == np.round(np.median(points))).mean())
    return 50.0 * float(below + not_above), abs(math.log2(max(float(outside), least)))


def _hedged(bits: float, grade: Grade) -> float:
    """Return what is left of a surprise when the claim is hedged."""
    word = sum(grade.likelihood) / 2
    return abs(math.log2(word * 2.0**-bits + 1.0 - word))


def _verdict(bits: float | None, unhedged: float | None, own: float, agreeing: Sequence[Heard], opposing: Sequence[Heard]) -> Verdict:
    """Return the word for how a claim stands: by its surprise and by the strengths for and against it, its own included. The order of the tests is the rule."""
    for_it, against = (sum(heard.strength for heard in side) for side in (agreeing, opposing))
    if bits is not None and bits >= IMPOSSIBLE:
        return "contradicted"
    if against >= max(2 * for_it, own, WEIGHTY):
        return "contradicted"
    if (against >= WEIGHTY and against > for_it / 2) or (bits is not None and bits >= SURPRISING):
        return "contested"
    if for_it > 0:
        return "stands" if len(agreeing) > 1 or for_it >= FIRM else "one voice"
    return "fits" if unhedged is not None and unhedged < SURPRISING else "alone"


def _held_against(
    case: Case, prediction: Prediction, says: tuple[float, float, float], quantiles: Sequence[float | None], percentile: float, bits: float
) -> Iterator[str]:
    """Yield the sentences that hold what a claim says against a prediction."""
    ends = [value for value in quantiles if value is not None]
    low, middle, high = (_shown(case, prediction, value, ends, bare=i < 2) for i, value in enumerate(quantiles))
    said = _shown(case, prediction, says[2], says)
    if says[0] < says[2]:
        said = f"{_shown(case, prediction, says[0], says, bare=True)} to {said}"
    yield (
        f"Without it and its origin, everything else puts this ({prediction.text}) at {middle}, 90 % range {low} to {high}; "
        f"what it says, {said}, lies at percentile {min(max(round(percentile), 1), 99)}: {bits:.1f} bits of surprise."
    )
    if not math.isnan(prediction.base_share):
        yield f"Of that prediction {round(100 * prediction.base_share)} % rests on assumptions."


def _shown(case: Case, prediction: Prediction, value: float | None, ends: Sequence[float], *, bare: bool = False) -> str:
    """Return a value as people write it, rounded by the range from the first to the last of `ends`."""
    if value is None:
        return "beyond the horizon"
    if prediction.unit == "date":
        return f"{case.date(value)}"
    return words.number(value, ends[0], ends[-1], "1" if bare else prediction.unit)


def _voices(agreeing: Sequence[Heard], opposing: Sequence[Heard]) -> Iterator[str]:
    for side, heard in (("for", agreeing), ("against", opposing)):
        if heard:
            yield f"Origins that speak {side} it: " + "; ".join(f"{one.origin} ({', '.join(one.claims)})" for one in heard) + "."


def _ends(values: Array) -> tuple[float, float, float]:
    return float(values[0]), float(values[1]), float(values[2])
