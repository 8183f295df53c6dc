"""What moves an answer: each driver with what the answer would be at its lowest and at its highest, those that move it most first.

The bars are conditional answers: the answer over those draws in which a number is among its lowest or highest tenth, whatever moves with it included, not the answer of a run with one number changed. Drivers
that do not stand out of the noise are counted, not named. What moves an answer only from the middle outwards has a short bar and a large index.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from materiel import portable
from materiel.analysis import sensitivity, words
from materiel.analysis.drivers import FEWEST_DRAWS, Category, Inputs
from materiel.analysis.lineage import correlated, spread
from materiel.analysis.questions import Answer
from materiel.analysis.sensitivity import Array, Codes
from materiel.case.model import Case
from materiel.evidence.pooling import Prior
from materiel.language import ENGLISH, Language

MOST_DRAWS = 10_000
"""Draws from which drivers are read."""
MOST = 12
"""Bars that are shown at most, but for which hypothesis is true: that is shown wherever it stands out."""
_CLEAR = 0.02
"""Probabilities nearer to nought or one than this leave nothing to show: then medians are compared."""


@dataclass(frozen=True)
class Index:
    """A share of an answer's doubt, between nought and one but for chance, and its standard error."""

    share: float
    error: float


@dataclass(frozen=True)
class End:
    """The answer where a driver is `known` to be so, in words: its median (None past the horizon), the probability of its threshold, from how many draws."""

    known: str
    median: float | None
    probability: float | None
    draws: int


@dataclass(frozen=True)
class Bar:
    """One driver: what it is (`number`, `day`, `voice`, `hypothesis`), its first-order index of the answer's ranks, its distributional index, the answer at its ends, or in each of its kinds.

    `swing` is by how much the answer differs between the farthest of them: in probability, or, of medians, in the share of all draws that lies between.
    """

    name: str
    kind: str
    variance: Index
    distribution: Index
    ends: list[End]
    swing: float
    correlated: list[str]


@dataclass(frozen=True)
class Tornado:
    """The drivers of one answer, those that move it most first: `shown` says whether by its `probability` or its `median`; `others` do not stand out, or do least."""

    id: str
    text: str
    sentence: str
    unit: str
    shown: str
    median: float | None
    probability: float | None
    draws: int
    bars: list[Bar]
    others: int


class Reader:
    """Reads one answer against what could be known, draw by draw; `draws` are the first ones of the answer."""

    def __init__(self, answer: Answer, draws: int) -> None:
        """Rank the answer once."""
        self.values, self.draws = answer.values[:draws], draws
        self.ranks = sensitivity.ranks(self.values)
        threshold = answer.asked.threshold
        self.event = None if threshold is None else (self.values > threshold[1] if threshold[0] == "above" else self.values < threshold[1])
        self.probability = None if self.event is None else float(self.event.mean())
        self.shown = "probability" if self.probability is not None and _CLEAR <= self.probability <= 1 - _CLEAR else "median"
        self._variance, self._whole = (sensitivity.outputs(values, whole=whole) for values, whole in ((self.ranks, False), (self.values, True)))

    def variance(self, codes: Codes, held: Codes, share: float) -> Index:
        """Return a first-order index of the answer's ranks with its error."""
        return Index(share, sensitivity.error(codes, held, self._variance, share))

    def distribution(self, codes: Codes, held: Codes, share: float) -> Index:
        """Return a distributional index of the answer with its error."""
        return Index(share, sensitivity.error(codes, held, self._whole, share))

    def median(self, chosen: npt.NDArray[np.bool_] | None = None) -> float | None:
        """Return the median over some draws, or all; None past the horizon."""
        ordered = np.sort(self.values if chosen is None else self.values[chosen])
        found = float(portable.quantiles(ordered, np.array([0.5]), observed=bool(np.isinf(ordered[-1])))[0])
        return found if np.isfinite(found) else None

    def end(self, chosen: npt.NDArray[np.bool_], known: str) -> End:
        """Return the answer over some draws."""
        return End(known, self.median(chosen), None if self.event is None else float(self.event[chosen].mean()), int(chosen.sum()))

    def swing(self, ends: Sequence[End]) -> float:
        """Return by how much the answer differs between the farthest of some ends."""
        if self.shown == "probability":
            places = [end.probability for end in ends if end.probability is not None]
        else:
            places = [float((self.values <= (np.inf if end.median is None else end.median)).mean()) for end in ends]
        return max(places) - min(places)


def answered(about: Tornado, end: End, language: Language = ENGLISH) -> str:
    """Return the answer at one end in words, by the probability or the median, as the others are."""
    if about.shown == "probability" and end.probability is not None:
        return words.percent(end.probability, end.draws, language)
    if end.median is None:
        return language.word("beyond")
    middles = [abs(one.median) for bar in about.bars for one in bar.ends if one.median is not None] or [end.median]
    return words.number(end.median, 0.0, max(middles), about.unit, language, words.IN_PROSE)


def stand_out(reader: Reader, codes: Codes, held: Codes) -> tuple[Array, Array, npt.NDArray[np.bool_]]:
    """Return the two indices of each input, and which inputs stand out of the noise by either."""
    variance = sensitivity.first_order(codes, held, reader.ranks)
    whole = sensitivity.distributional(codes, held, reader.values)
    return variance, whole, np.maximum(variance, whole) > sensitivity.SURE * sensitivity.chance(held)


def tornado(case: Case, answer: Answer, given: Inputs, categories: Sequence[Category], language: Language = ENGLISH) -> Tornado:
    """Return the drivers of an answer among the uncertain numbers of its runs and among categories, of as many draws."""
    count = given.classes.shape[1]
    reader = Reader(answer, count)
    bars: list[Bar] = []
    if count >= FEWEST_DRAWS:
        variance, whole, chosen = stand_out(reader, given.classes, given.sizes)
        for i in np.flatnonzero(chosen):
            ends = _tenths(case, reader, given.priors[i], given.classes[i], given.sizes[i], language)
            kind = "day" if given.priors[i].unit == "date" else "number"
            name = given.priors[i].stream
            moving = correlated(case, name) + (["the hypothesis"] if name in given.rival else [])
            bars.append(_bar(reader, name, kind, given.classes[i], given.sizes[i], (variance[i], whole[i]), ends, moving))
        for one in categories:
            codes, held = one.codes[None], sensitivity.sizes(one.codes[None], len(one.labels))
            variance, whole, stands = stand_out(reader, codes, held)
            if stands[0]:
                ends = [reader.end(one.codes == code, label) for code, label in enumerate(one.labels) if held[0, code]]
                bars.append(_bar(reader, one.name, one.kind, one.codes, held[0], (variance[0], whole[0]), ends, []))
    bars.sort(key=lambda bar: -bar.swing)
    bars = [bar for i, bar in enumerate(bars) if i < MOST or bar.kind == "hypothesis"]
    asked, others = answer.asked, len(given.priors) + len(categories) - len(bars)
    return Tornado(asked.id, asked.text, answer.sentence, asked.unit, reader.shown, reader.median(), reader.probability, count, bars, others)


def _bar(reader: Reader, name: str, kind: str, codes: Codes, held: Codes, found: tuple[float, float], ends: list[End], moving: list[str]) -> Bar:
    variance, whole = reader.variance(codes, held, float(found[0])), reader.distribution(codes, held, float(found[1]))
    return Bar(name, kind, variance, whole, ends, reader.swing(ends), moving)


def _tenths(case: Case, reader: Reader, prior: Prior, codes: Codes, held: Codes, language: Language) -> list[End]:
    """Return the answer at the lowest and at the highest tenth of a number, each named by the number's middle there."""
    chosen = sensitivity.ends(codes, held)
    assert chosen is not None, "a number that stands out is no constant"
    said = (spread(case, (value, value, value), prior.unit, language) for value in map(float, prior.percentiles((5, 95))))
    return [reader.end(mask, known) for mask, known in zip(chosen, said, strict=True)]
