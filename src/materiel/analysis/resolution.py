"""Resolution: how a question is settled by what was observed, by the rule that was laid down before its day."""

from __future__ import annotations

import datetime
import statistics
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from materiel import units
from materiel.case.model import Case
from materiel.case.reading import Key
from materiel.case.schema import Resolution
from materiel.errors import CaseError, Problem, nearest
from materiel.evidence.grades import Grade
from materiel.evidence.ledger import Ledger
from materiel.evidence.records import Observation
from materiel.quantities import Distribution, QuantityError, read

ANY = "any"
"""Stands in a rule for every voice that it does not name."""
FORMS = ("value", "largest", "smallest", "total")
"""Forms of questions that an observation can settle."""


@dataclass(frozen=True)
class Subject:
    """What a question is about: a number in `unit`, of the day `day`, or of the days from `first` to it where it is a total."""

    question: str
    form: str
    unit: str
    first: datetime.date | None
    day: datetime.date


@dataclass(frozen=True)
class Figure:
    """What one observation says of a question, in its unit; `rank` is the place of its voice in the rule, `apart` how many days it is off.

    `publisher` is who printed it, `speaker` whose word that is, where the rule names an origin.
    """

    value: float
    lower: float | None
    upper: float | None
    start: datetime.date
    end: datetime.date
    known: datetime.date
    source: str
    publisher: str
    speaker: str
    grade: str
    note: str
    rank: int
    apart: int

    @property
    def who(self) -> str:
        """Who says so, and who printed it, where these differ."""
        return f"{self.speaker}, in {self.publisher}" if self.speaker not in ("", self.publisher) else self.publisher


@dataclass(frozen=True)
class Outcome:
    """How a question came out: the value that counts, the figure that it rests on, and every figure that the rule would hear, from `low` to `high`."""

    value: float
    by: Figure
    figures: tuple[Figure, ...]

    @property
    def low(self) -> float:
        """The lowest value that any of them allows."""
        return min(one.value if one.lower is None else one.lower for one in self.figures)

    @property
    def high(self) -> float:
        """The highest value that any of them allows."""
        return max(one.value if one.upper is None else one.upper for one in self.figures)


def within(rule: Resolution) -> float:
    """Return by how many days an observed period may be off. Raises QuantityError."""
    try:
        said, unit = read(rule.within)
        days = said.values[0] * units.factor(unit, "day")
    except (QuantityError, units.UnitError) as error:
        found = error.found if isinstance(error, QuantityError) else str(error)
        raise QuantityError(f"within: {found}", "a length of time such as `30 day`", "within") from None
    if not said.constant or days < 0:
        raise QuantityError(f"within: {rule.within!r}", "one length of time such as `30 day`", "within")
    return days


def comparison(rule: Resolution, unit: str) -> Distribution | None:
    """Return what a comparison says, in the unit of the question, or None where the rule has none. Raises QuantityError."""
    if rule.comparison is None:
        return None
    try:
        said, written = read(rule.comparison.value)
        return said.scaled(units.factor(written, unit))
    except (QuantityError, units.UnitError) as error:
        found = error.found if isinstance(error, QuantityError) else str(error)
        error = QuantityError(f"comparison: {found}", f"a range in {unit}", near=error.nearest)
        error.at = ("comparison", "value")
        raise error from None


def problems(case: Case, about: Subject, rule: Resolution, *, branched: bool) -> Iterator[Problem]:
    """Yield what makes a rule one that settles nothing; `branched` says that the question is asked in a scenario or of a contingency."""
    at: Key = ("questions", about.question, "resolves")
    if about.form not in FORMS:
        yield Problem(case.place(at, key=True), f"a {about.form} is not settled by an observation", f"a question for {', '.join(FORMS)}")
        return
    if branched:
        what = "a question on a branch never resolves: what would have been is not observed"
        yield Problem(case.place(at, key=True), what, "a question without `if` and `with`")
    yield from _blank(case, at, rule)
    yield from _unknown(case.whole, case, at, rule)
    try:
        within(rule)
        comparison(rule, about.unit)
    except QuantityError as error:
        yield Problem(case.place((*at, *error.at)), error.found, error.allowed, error.nearest)
    if rule.known_by is not None and rule.known_by < about.day:
        yield Problem(case.place((*at, "known_by")), f"known_by {rule.known_by} comes before the day itself, {about.day}", "a day on which it can be known")
    yield from _units(case, about, rule)


def _blank(case: Case, at: Key, rule: Resolution) -> Iterator[Problem]:
    for name in ("rule", "series"):
        if not getattr(rule, name).strip():
            yield Problem(case.place((*at, name)), f"{name} is blank", "words" if name == "rule" else "a series of observations")
    if not rule.sources:
        yield Problem(case.place((*at, "sources")), "nobody's word counts", f"ids of origins, sources or publishers, or `{ANY}`")


def _unknown(ledger: Ledger, case: Case, at: Key, rule: Resolution) -> Iterator[Problem]:
    names = [*ledger.origins, *ledger.sources, *ledger.publishers]
    for i, name in enumerate(rule.sources):
        place = case.place((*at, "sources", i))
        if name in rule.sources[:i]:
            yield Problem(place, f"{name!r} stands twice", "every voice once")
        elif name == ANY and i + 1 < len(rule.sources):
            yield Problem(place, f"{ANY!r} before others, who would never be heard", f"`{ANY}` at the end")
        elif name != ANY and name not in names:
            yield Problem(place, f"unknown voice {name!r}", f"an id of origins, sources or publishers, or `{ANY}`", nearest(name, names))
    if rule.baseline and rule.baseline not in case.series:
        near = nearest(rule.baseline, sorted(case.series))
        yield Problem(case.place((*at, "baseline")), f"unknown series {rule.baseline!r}", "a series of observations", near)


def _units(case: Case, about: Subject, rule: Resolution) -> Iterator[Problem]:
    """Refuse rows that measure something else than the question; those that are still hidden are looked at when they settle it."""
    for one in case.observations:
        if one.series in (rule.series, rule.baseline):
            try:
                units.factor(one.unit, about.unit)
            except units.UnitError:
                what = f"series {one.series!r} in {one.unit!r} does not measure what question {about.question!r} asks"
                yield Problem(one.places["unit"], what, f"a unit that measures {about.unit}")


def remarks(case: Case) -> Iterator[Problem]:
    """Yield what is allowed and may be a slip: series of which nothing is observed yet."""
    told: set[str] = set()
    for name, question in case.questions.items():
        rule: Resolution | None = question.resolves
        if rule is not None and rule.series not in case.series and rule.series not in told:
            told.add(rule.series)
            place = case.place(("questions", name, "resolves", "series"))
            yield Problem(place, f"nothing is observed yet of series {rule.series!r}", "", nearest(rule.series, sorted(case.series)))


def settle(case: Case, about: Subject, rule: Resolution, since: datetime.date) -> Outcome | str:
    """Return how a question came out by what is known in a case, or why that cannot be told yet.

    `since` is the day of the forecast: what was known then settles nothing. Raises CaseError when an observation measures something else, at its place.
    """
    if case.as_of < about.day:
        return f"its day, {about.day}, has not come on {case.as_of}"
    rows = [one for one in case.observations if one.series == rule.series]
    near = [one for one in rows if _apart(one, about) <= within(rule)]
    if not near:
        reach = f" within {rule.within}" if within(rule) else ""
        others = f"; {len(rows)} of other days" if rows else ""
        return f"nothing of series {rule.series!r} is observed for {_said(about)}{reach} and known by {case.as_of}{others}"
    figures = [_figure(case, one, about, rule) for one in near if since < one.known and (rule.known_by is None or one.known <= rule.known_by)]
    if not figures:
        return f"what is observed was known by the day of the forecast, or only after {rule.known_by}"
    heard = sorted((one for one in figures if one.rank < len(rule.sources)), key=lambda one: (one.rank, one.apart, one.known))
    if not heard:
        return f"only voices speak that the rule does not name: {', '.join(sorted({one.source for one in figures}))}"
    return _chosen(heard, rule)


def _chosen(heard: Sequence[Figure], rule: Resolution) -> Outcome:
    """Return the outcome by figures in the order of the rule: of those equally high and near, by what it says of conflicts."""
    best = [one for one in heard if (one.rank, one.apart) == (heard[0].rank, heard[0].apart)]
    if rule.conflict != "median":
        day = best[-1].known if rule.conflict == "latest" else best[0].known
        best = [one for one in best if one.known == day]
    value = statistics.median(one.value for one in best)
    return Outcome(value, min(best, key=lambda one: abs(one.value - value)), tuple(heard))


def _apart(one: Observation, about: Subject) -> int:
    off = abs((one.end - about.day).days)
    return off if about.first is None else max(off, abs((one.start - about.first).days))


def _figure(case: Case, one: Observation, about: Subject, rule: Resolution) -> Figure:
    try:
        factor = units.factor(one.unit, about.unit)
    except units.UnitError as error:
        raise CaseError([Problem(one.places["unit"], f"series {one.series!r}: {error}", f"a unit that measures {about.unit}")]) from None
    spoken = case.ledger.speaking(one.source, one.origin)
    rank = next((i for i, name in enumerate(rule.sources) if name == ANY or name in spoken), len(rule.sources))
    low, high = (None if bound is None else bound * factor for bound in (one.lower, one.upper))
    origin = case.ledger.origins.get(rule.sources[rank]) if rank < len(rule.sources) else None
    grade = Grade(case.ledger.reliability(one.source), one.credibility)  # type: ignore[arg-type]
    return Figure(
        one.quantity * factor, low, high, one.start, one.end, one.known, one.source, case.ledger.publisher(one.source), origin.title if origin else "", str(grade), one.note, rank, _apart(one, about)
    )  # fmt: skip


def _said(about: Subject) -> str:
    return f"{about.day}" if about.first is None else f"{about.first} to {about.day}"
