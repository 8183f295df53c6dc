"""The observation worth having next: by how much what an observer could come to know is expected to shrink the doubt about an answer.

For each candidate the same draws say what would be seen, and what the answer would be: the share of the answer's variance that lies between classes of what is seen is the expected reduction of variance, or
the expected value of (partial) perfect information on that scale. What is *reported* is seen with an error, drawn once for each draw: the expected value of imperfect information. For a threshold, the
doubt is p (1 - p), p its probability; for a decision, what certainty would save.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from materiel import portable
from materiel.analysis import sensitivity, words
from materiel.analysis.drivers import FEWEST_DRAWS, Inputs
from materiel.analysis.lineage import spread
from materiel.analysis.questions import Answer, Branch
from materiel.analysis.sensitivity import Array, Codes
from materiel.analysis.tornado import End, Index, Reader, stand_out
from materiel.case.model import Case
from materiel.engine.draws import Sampler, uniforms
from materiel.errors import RunError
from materiel.evidence.grades import Rule
from materiel.language import ENGLISH, Language

MOST = 8
"""Observations of one kind that are named at most."""
DAYS = 90
"""Days from the day of a case to the day by which an observation must be there, unless another is asked for."""
CREDIBILITY = 2
"""Credibility with which things are reported, unless another is asked for: probably true."""
_REACH = 1.6448536269514722

Kind = Literal["indicator", "question", "number", "day"]


@dataclass(frozen=True)
class Candidate:
    """Something that could be seen: what it is in every draw, exactly; `counted` things scatter as counts do, `shares` err in odds, everything else by a factor; days, and what may be negative, are seen exactly.

    `known` is how many observations of it the case has by its day: runs are not held against those here, but when hypotheses are weighed.
    """

    name: str
    text: str
    kind: Kind
    unit: str
    exact: Array = field(repr=False)
    counted: bool = False
    share: bool = False
    known: int = 0


@dataclass(frozen=True)
class Gain:
    """What is left to chance no longer: shares of the doubt about the answer, about its threshold, and of what certainty would be worth to a decision."""

    answer: Index
    threshold: Index | None
    decision: Index | None


@dataclass(frozen=True)
class Worth:
    """What an observation is worth, were it `exact`, and as it would be `reported`; and the answer if the report is among its lowest, or its highest, tenth.

    `known` is how many observations of the same thing the case has already.
    """

    name: str
    text: str
    kind: Kind
    exact: Gain
    reported: Gain
    ends: list[End]
    known: int


@dataclass(frozen=True)
class Watch:
    """Until which day observations count, with which credibility they are reported, under which rule, and from which probability on a decision is taken, if there is one."""

    until: datetime.date
    credibility: Literal[1, 2, 3, 4, 5, 6]
    rule: Rule
    bar: float | None = None

    @property
    def factor(self) -> float:
        """The factor by which nine reports in ten are off at most, either way."""
        return self.rule.spread[self.credibility]


def watch(case: Case, until: datetime.date | None = None, credibility: int = CREDIBILITY, bar: float | None = None) -> Watch:
    """Return until when and how well a case is watched: for 90 days from its day if `until` is None. Raises RunError when that cannot be."""
    last = case.end - datetime.timedelta(days=1)
    day = until or min(case.as_of + datetime.timedelta(days=DAYS), last)
    if until is not None and not max(case.as_of, case.start) < until <= last:
        raise RunError(f"nothing can be observed from {case.as_of} to {until}; until a day after {max(case.as_of, case.start)}, at most {last}")
    if credibility not in (1, 2, 3, 4, 5, 6):
        raise RunError(f"credibility {credibility}; from 1 (confirmed) to 5 (improbable), or 6 (unknown)")
    if bar is not None and not 0 < bar < 1:
        raise RunError(f"a decision at a probability of {bar:g}; between 0 and 1")
    return Watch(day, credibility, case.rule, bar)


def questions(answers: Mapping[str, Answer], case: Case, until: datetime.date) -> list[Candidate]:
    """Return what the questions of a case ask about and will have come true by a day, in the baseline: what would be under a contingency or in a scenario is never seen."""
    made: list[Candidate] = []
    for name, one in answers.items():
        read = [answers[part].asked for part in one.asked.parts if part in answers] or [one.asked]
        if all(part.branch == Branch() and part.last_day <= case.day(until) for part in read) and one.asked.form != "first":
            known = sum(seen.series == one.asked.observed for seen in case.observations)
            made.append(Candidate(name, one.asked.text, "question", one.asked.unit, one.values, known=known))
    return made


def numbers(given: Inputs, reader: Reader, seed: int) -> list[Candidate]:
    """Return those uncertain numbers that stand out of the noise, drawn again."""
    _, _, chosen = stand_out(reader, given.classes, given.sizes)
    made: list[Candidate] = []
    for prior in (given.priors[int(i)] for i in np.flatnonzero(chosen)):
        drawn = Sampler([prior]).draw(seed, 0, given.classes.shape[1])[0]
        share = prior.parts[0].distribution.scale == "logit"
        made.append(Candidate(prior.stream, prior.stream, "day" if prior.unit == "date" else "number", prior.unit, drawn, share=share))
    return made


def worth(case: Case, answer: Answer, draws: int, candidates: Iterable[Candidate], seed: int, watch: Watch, language: Language = ENGLISH) -> list[Worth]:  # fmt: skip
    """Return what each candidate is worth to an answer, as reported, most first; those that do not stand out of the noise are left out."""
    reader = Reader(answer, draws)
    made: list[Worth] = []
    for one in candidates if draws >= FEWEST_DRAWS else ():
        exact = one.exact[:draws]
        seen = reported(one, draws, seed, watch.factor)
        codes, held = _classes(np.array([exact, seen]))
        chosen = sensitivity.ends(codes[1], held[1])
        if one.name == answer.asked.id or chosen is None or not stand_out(reader, codes, held)[2].any():
            continue
        ends = [reader.end(mask, _said(case, float(np.median(seen[mask])), one, language)) for mask in chosen]
        gains = [_gain(reader, codes[i], held[i], watch.bar) for i in (0, 1)]
        made.append(Worth(one.name, one.text, one.kind, gains[0], gains[1], ends, one.known))
    made.sort(key=lambda one: -one.reported.answer.share)
    return [one for i, one in enumerate(made) if sum(other.kind == one.kind for other in made[:i]) < MOST]


def reported(one: Candidate, draws: int, seed: int, factor: float) -> Array:
    """Return what would be reported of a candidate in each draw: exactly what is, times an error, scattered as Poisson counts if it is counted.

    Errors are lognormal, nine in ten within `factor` either way; those of shares are in odds. They belong to the candidate's name: another seed draws others.
    """
    exact = one.exact[:draws]
    errors = portable.exp(np.log(factor) / _REACH * portable.normal_quantile(uniforms(seed, f"reported/{one.name}", 0, draws)))
    if one.kind == "day":
        return exact
    if one.counted:
        scatter = np.random.Generator(np.random.Philox(key=np.frombuffer(uniforms(seed, f"counted/{one.name}", 0, 2).tobytes(), dtype=np.uint64)))
        return scatter.poisson(np.maximum(exact, 0.0) * errors).astype(np.float64)
    if one.share:
        return exact * errors / (exact * errors + (1 - exact))
    return np.where(exact > 0, exact * errors, exact)


def _classes(values: Array) -> tuple[Codes, Codes]:
    into = sensitivity.classes(values.shape[1])
    codes = np.array([sensitivity.coded(sensitivity.ranks(row), into) for row in values])
    return codes, sensitivity.sizes(codes, into)


def _gain(reader: Reader, codes: Codes, held: Codes, bar: float | None) -> Gain:
    """Return what a thing is worth once its class is known."""
    share = float(sensitivity.first_order(codes[None], held[None], reader.ranks)[0])
    gain = reader.variance(codes, held, share)
    if reader.event is None or not reader.event.any() or reader.event.all():
        return Gain(gain, None, None)
    event: Array = reader.event.astype(np.float64)
    found = float(sensitivity.first_order(codes[None], held[None], event)[0])
    threshold = Index(found, sensitivity.error(codes, held, sensitivity.outputs(event, whole=False), found))
    return Gain(gain, threshold, None if bar is None else Index(*sensitivity.decision(codes, held, reader.event, bar)))


def _said(case: Case, value: float, one: Candidate, language: Language) -> str:
    if one.kind in ("number", "day"):
        return spread(case, (value, value, value), one.unit, language)
    return words.number(value, value, value, one.unit, language) if np.isfinite(value) else language.word("no bound")
