"""What observations are held against: from a series of them to gauges that keep what a run expects of each, and to the laws by which they scatter."""

from __future__ import annotations

import datetime
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby, pairwise
from typing import Any, Literal, cast

import numpy as np

from materiel.analysis import questions
from materiel.analysis.likelihood import Term
from materiel.analysis.questions import Asked
from materiel.case.links import Resolver
from materiel.case.model import Case, Instance
from materiel.case.reading import Key, Text
from materiel.case.schema import Observable, Question
from materiel.components.indicator import Indicator
from materiel.errors import CaseError, Place, Problem, nearest
from materiel.evidence.grades import REACH, Grade
from materiel.evidence.ledger import cited
from materiel.evidence.pooling import Part, Prior
from materiel.evidence.records import Observation
from materiel.quantities import QuantityError, constant

Bound = Literal["", "at least", "at most"]

ONCE = "an origin in priors or in the likelihood, never in both"
_DAY = datetime.timedelta(days=1)
_WAYS = ("indicator", "total", "value")
_DECLARED = {"first_day": "a first day of the watch", "detection": "a share that is seen", "background": "a background", "delay": "a reporting delay"}
"""What an indicator must declare before events can be dated in its watch."""


@dataclass(frozen=True)
class Sighting:
    """One thing seen over some days, both included, or the silence of a watch beside what was seen in it.

    `asked` is the gauge that keeps what a run expects of it, in its unit; `term` the law by which it scatters about that. `rows` are the observations it comes from, none for a silence.
    """

    observable: str
    origin: str
    first: datetime.date
    last: datetime.date
    unit: str
    rows: tuple[Observation, ...]
    term: Term
    asked: Asked


@dataclass(frozen=True)
class Watched:
    """A case with the watches of its observables among its components, and what was seen; `unheard` observations have a grade that the rules do not hear."""

    case: Case
    sightings: list[Sighting]
    unheard: int


@dataclass(frozen=True)
class _Piece:
    """What was seen over some days, before it is tied to a run; `error` is its standard deviation on the scale of logarithms. `days` are those of a watch, if not all between."""

    origin: str
    first: datetime.date
    last: datetime.date
    seen: float
    unit: str
    bound: Bound
    error: float
    rows: tuple[Observation, ...]
    days: tuple[tuple[float, float], ...] = ()


@dataclass
class _Found:
    """What is made of the observables of a case on the way; problems gather in `text.problems`."""

    case: Case
    text: Text
    pieces: dict[str, list[_Piece]] = field(default_factory=dict[str, "list[_Piece]"])
    watches: dict[str, Instance] = field(default_factory=dict[str, Instance])
    unheard: int = 0

    def note(self, at: Key, found: str, allowed: str = "", near: str = "") -> None:
        """Note a problem of an observable."""
        self.text.problems.append(Problem(self.case.place(at), found, allowed, near))

    def refuse(self, row: Observation, column: str, found: str, allowed: str) -> None:
        """Note a problem of an observation."""
        self.text.problems.append(Problem(row.places.get(column, self.case.place(())), f"{row.series}: {found}", allowed))


def prepare(case: Case) -> Watched:
    """Return what was seen of a case by its day, ready to be held against runs. Raises CaseError with every problem."""
    found = _Found(case, Text(case.text.data, case.text.file, case.text.spot))
    for name, observable in case.observables.items():
        found.pieces[name] = _pieces(found, name, observable)
    watched = replace(case, components={**case.components, **found.watches})
    resolver = Resolver(found.text, watched.components)
    sightings: list[Sighting] = []
    for name, pieces in found.pieces.items():
        for piece in pieces:
            asked = _asked(found, watched, resolver, name, piece, len(sightings))
            if asked is not None:
                sightings.append(Sighting(name, piece.origin, piece.first, piece.last, piece.unit, piece.rows, _term(case, name, piece), asked))
    found.text.problems += _twice(case, sightings)
    if found.text.problems:
        raise CaseError(found.text.problems)
    return Watched(watched, sightings, found.unheard)


def doubled(numbers: Mapping[str, Prior], case: Case, sightings: Sequence[Sighting]) -> dict[str, list[str]]:
    """Return the numbers, of those given by stream, whose reason cites a claim of an origin that is weighed, with those claims: their bases may hold what is weighed again."""
    origins = {one.origin for one in sightings}
    found = {stream: [name for name in cited(prior.because, case.ledger.claims) if case.ledger.voice(name) in origins] for stream, prior in numbers.items()}
    return {stream: names for stream, names in found.items() if names}


# ----------------------------------------------------------------------------------------------------- what was seen


def _pieces(found: _Found, name: str, observable: Observable) -> list[_Piece]:
    """Return what was seen of one observable; its watches are added."""
    case, at = found.case, ("observables", name)
    ways = [way for way in _WAYS if getattr(observable, way)]
    if len(ways) != 1:
        found.note(at, f"{name} reads {' and '.join(ways) or 'nothing'}", f"exactly one of {', '.join(_WAYS)}")
        return []
    if observable.series not in case.series:
        near = nearest(observable.series, sorted(case.series))
        found.note((*at, "series"), f"unknown series {observable.series!r}", "a series of observations.csv", near)
    _check_discrepancy(found, name)
    indicator = _indicator(found, name, observable) if observable.indicator else None
    if observable.kind == "events" and not (indicator and _watched(found, name, observable, indicator)):
        return []
    rows = [row for row in case.observations if row.series == observable.series and _sound(found, row, observable)]
    grades = {id(row): Grade(case.ledger.reliability(row.source), cast("Any", row.credibility)) for row in rows}
    errors = {id(row): case.rule.error(grades[id(row)], _stated(row, counted=observable.kind != "amounts")) for row in rows}
    heard = [row for row in rows if errors[id(row)] < math.inf]
    found.unheard += len(rows) - len(heard)
    for row in heard:
        if observable.kind == "amounts" and errors[id(row)] == 0:
            found.refuse(row, "lower", "an amount without any error", "a range about the quantity, or none")
    by_origin: dict[str, list[Observation]] = {}
    for row in sorted(heard, key=lambda row: (row.start, row.end)):
        by_origin.setdefault(case.ledger.observer(row), []).append(row)
    made: list[_Piece] = []
    for origin, mine in by_origin.items():
        pieces = [_piece(origin, row, errors[id(row)]) for row in mine]
        pieces = pieces if observable.kind == "amounts" else _increments(found, pieces)
        if observable.value is None:
            _check_apart(found, pieces)
        made += pieces
    if observable.kind == "events" and indicator:
        return _dated(found, name, observable, indicator, made)
    return made


def _check_discrepancy(found: _Found, name: str) -> None:
    """Refuse what is no factor about one, or rests on claims: what the model leaves out is a judgement of whoever made it."""
    prior = found.case.discrepancies.get(name)
    if prior is None:
        return  # told when numbers are read
    (part, *more) = prior.parts
    plain = part.distribution.bent and len(part.distribution.values) == 2 and part.distribution.scale == "log"
    if more or not (plain or part.distribution.constant) or not part.distribution.values[0] <= 1 <= part.distribution.values[-1]:
        found.note(("observables", name, "discrepancy"), f"discrepancy {prior.said!r}", "a range of factors with 1 in it, such as `0.5 to 2`, and no claims")


def _indicator(found: _Found, name: str, observable: Observable) -> Instance | None:
    known = {one.name: one for one in found.case.components.values() if one.type.section == Indicator.section}
    if observable.indicator not in known:
        found.note(("observables", name, "indicator"), f"unknown indicator {observable.indicator!r}", ", ".join(known) or "none is declared", nearest(observable.indicator, list(known)))  # fmt: skip
    return known.get(observable.indicator)


def _watched(found: _Found, name: str, observable: Observable, indicator: Instance) -> bool:
    """Say whether an indicator declares all that dated events need, and whether somebody keeps the watch."""
    told = len(found.text.problems)
    for number, what in _DECLARED.items():
        prior = indicator.numbers[number]
        if prior is None or prior.kind == "default":
            found.note(indicator.raw, f"{indicator.path} declares no {number}, and {name} dates events in its watch", what)
        elif number == "background" and prior.constant and prior.parts[0].distribution.values[0] == 0:
            found.note((*indicator.raw, number), f"a background of nought, and {name} dates events", "a positive one, so that no event is impossible")
    for number in ("first_day", "until"):
        prior = indicator.numbers[number]
        if prior is not None and not prior.constant:
            found.note((*indicator.raw, number), f"{number} of a watch in which events are dated is a range", "a day")
    if observable.observer not in found.case.whole.origins:
        near = nearest(observable.observer, list(found.case.whole.origins))
        what = f"unknown origin {observable.observer!r}" if observable.observer else "nobody keeps the watch"
        found.note(("observables", name, "observer"), what, "`observer`, an id of origins", near)
    return len(found.text.problems) == told


def _sound(found: _Found, row: Observation, observable: Observable) -> bool:
    """Say whether an observation can be held against a run at all; note why not."""
    case, told = found.case, len(found.text.problems)
    if row.start < case.start or row.end >= case.end:
        span = row.start.isoformat() if row.start == row.end else f"{row.start}..{row.end}"
        found.refuse(row, "period", f"{span} lies outside the run", f"from {case.start} to {case.end - _DAY}")
    if observable.value is not None and row.start != row.end:
        found.refuse(row, "period", "a level over several days", "the day on which it was seen")
    if observable.kind == "amounts":
        if row.quantity <= 0 or (row.lower is not None and row.lower <= 0):
            found.refuse(
                row, "quantity" if row.quantity <= 0 else "lower", "an amount of nought or less", "an amount above nought; `upper` for one of at most so much"
            )
    elif row.quantity < 0 or row.quantity != int(row.quantity):
        found.refuse(row, "quantity", f"a count of {row.quantity:g}", "a whole number of nought or more")
    if observable.kind == "events" and case.ledger.observer(row) != _root(case, observable.observer):
        found.refuse(
            row,
            "origin" if "origin" in row.places else "source",
            f"of origin {case.ledger.observer(row)!r}",
            f"one of {observable.observer!r}, which keeps the watch",
        )
    return len(found.text.problems) == told


def _root(case: Case, origin: str) -> str:
    while origin in case.whole.origins and case.whole.origins[origin].repeats:
        origin = case.whole.origins[origin].repeats
    return origin


def _bound(row: Observation) -> Bound:
    """Return what an observation says that has one end, which is its quantity."""
    if row.upper is None and row.lower == row.quantity:
        return "at least"
    return "at most" if row.lower is None and row.upper == row.quantity else ""


def _stated(row: Observation, *, counted: bool) -> float | None:
    """Return the standard error that an observation states by its own range, on the scale of logarithms; None if it states none. Half a count is added to counts."""
    half = 0.5 if counted else 0.0
    if _bound(row) or (row.lower is None and row.upper is None):
        return None
    low, high = (row.quantity if end is None else end for end in (row.lower, row.upper))
    reach = REACH * (2 if row.lower is not None and row.upper is not None else 1)
    return math.log((high + half) / (low + half)) / reach


def _piece(origin: str, row: Observation, error: float) -> _Piece:
    return _Piece(origin, row.start, row.end, row.quantity, row.unit, _bound(row), error, (row,))


def _increments(found: _Found, pieces: Sequence[_Piece]) -> list[_Piece]:
    """Return counts that begin on one day, and so run up, as what each adds to the one before; of bounds among them only one past the last count speaks."""
    made: list[_Piece] = []
    for _, together in groupby(pieces, key=lambda piece: piece.first):
        running = list(together)
        exact = [piece for piece in running if not piece.bound]
        last = [piece for piece in running if piece.bound and (not exact or piece.last > exact[-1].last)][-1:]
        before: _Piece | None = None
        for piece in [*exact, *last]:
            if before is not None and piece.seen < before.seen and not piece.bound:
                found.refuse(piece.rows[0], "quantity", f"a count that runs up falls from {before.seen:g} to {piece.seen:g}", f"at least {before.seen:g}")
            first = piece.first if before is None else before.last + _DAY
            made.append(replace(piece, first=first, seen=max(piece.seen - (before.seen if before else 0.0), 0.0)))
            before = piece
    return sorted(made, key=lambda piece: (piece.first, piece.last))


def _check_apart(found: _Found, pieces: Sequence[_Piece]) -> None:
    """Refuse days of one origin that overlap without running up: they would count twice."""
    for one, other in pairwise(pieces):
        if other.first <= one.last:
            found.refuse(
                other.rows[0],
                "period",
                f"{other.first}..{other.last} overlaps {one.first}..{one.last} of the same origin",
                "days apart, or counts that begin on one day",
            )


def _dated(found: _Found, name: str, observable: Observable, indicator: Instance, pieces: Sequence[_Piece]) -> list[_Piece]:
    """Return events with the days of the watch that each belongs to, and the silence of the rest of it; those days become watches of their own."""
    case = found.case
    first, until = (cast("Prior", indicator.numbers[number]).parts[0].distribution.values[0] for number in ("first_day", "until"))
    opens, shuts = max(first, 0.0), min(until, case.day(case.as_of + _DAY), case.day(case.end))
    made: list[_Piece] = []
    here = opens
    gaps: list[tuple[float, float]] = []
    for piece in pieces:
        days = case.day(piece.first), case.day(piece.last + _DAY)
        if days[0] < opens or days[1] > shuts:
            found.refuse(piece.rows[0], "period", "outside the watch", f"from {case.date(opens)} to {case.date(shuts) - _DAY}")
        gaps += [(here, days[0])] if days[0] > here else []
        made.append(replace(piece, days=(days,)))
        here = max(here, days[1])
    gaps += [(here, shuts)] if shuts > here else []
    if gaps:
        widest = max((piece.error for piece in pieces), default=0.0)
        unit = str(indicator.options["unit"])
        made.append(_Piece(_root(case, observable.observer), case.date(gaps[0][0]), case.date(gaps[-1][1]) - _DAY, 0.0, unit, "", widest, (), tuple(gaps)))
    for days in (days for piece in made for days in piece.days):
        numbers = {key: _day(f"{name}.{key}", day) for key, day in zip(("first_day", "until"), days, strict=True)}
        path = _watch(name, days)
        found.watches[path] = replace(indicator, path=path, name=path.partition(".")[2], numbers=indicator.numbers | numbers)
    return made


def _watch(name: str, days: tuple[float, float]) -> str:
    """Return the path of the watch of some days."""
    return f"{Indicator.section}.?{name}:{days[0]:g}:{days[1]:g}"


def _day(path: str, day: float) -> Prior:
    return Prior(path, path, "date", "definition", "by definition", (Part(1.0, constant(day)),))


# ------------------------------------------------------------------------------------------------- what runs expect of it


def _asked(found: _Found, watched: Case, resolver: Resolver, name: str, piece: _Piece, position: int) -> Asked | None:
    """Return the gauge that keeps what a run expects of a piece, or None after noting why there is none."""
    observable, at = found.case.observables[name], ("observables", name)
    asks: dict[str, Any] = {"text": observable.text, "unit": piece.unit, "conversion": observable.conversion}
    if piece.days:  # what was known of it by the end of the day
        asks |= {"value": [f"{_watch(name, days)}.seen" for days in piece.days], "at": min(watched.as_of + _DAY, watched.end - _DAY)}
    elif observable.value is not None:
        asks |= {"value": observable.value, "at": piece.first}
    else:
        read = f"{Indicator.section}.{observable.indicator}.sighted" if observable.indicator else observable.total
        asks |= {"total": read, "start": piece.first, "end": piece.last + _DAY}
    try:
        return questions.ask(watched, resolver, f"?{name}.{position}", Question(**asks), at)
    except QuantityError as error:
        if error.key in ("unit", "") and piece.rows:
            found.refuse(piece.rows[0], "unit", error.found, error.allowed)
        else:
            found.note((*at, *error.at), error.found, error.allowed, error.nearest)
    return None


def _term(case: Case, name: str, piece: _Piece) -> Term:
    """Return the law of a piece: how much of its error is its own, what it shares with others of its origin, and what the model leaves out about the series."""
    distribution = case.discrepancies[name].parts[0].distribution
    shift = spread = 0.0
    if distribution.bent:
        shift, above = distribution.heights(np.array([0.0, 1.0])).tolist()
        spread = above - shift
    else:
        shift = math.log(distribution.values[0])
    common = math.sqrt(case.rule.common) * piece.error
    own = math.sqrt(1 - case.rule.common) * piece.error if piece.rows else 0.0
    kind = "amount" if case.observables[name].kind == "amounts" else "count"
    return Term(kind, piece.seen, own, {f"model:{name}": spread, f"origin:{piece.origin}": common}, shift, piece.bound)


# --------------------------------------------------------------------------------------------------------- never twice


def _twice(case: Case, sightings: Sequence[Sighting]) -> list[Problem]:
    """Return the problem of every number that hears a claim of an origin whose observations are weighed."""
    weighed = {one.origin: one.observable for one in sightings}
    documents = {row.source: one for one in sightings for row in one.rows if not row.origin}
    made: list[Problem] = []
    for one in case.components.values():
        for prior in one.priors():
            for claim in prior.pool.origins if prior.pool else ():
                voice, source = case.ledger.voice(claim), case.ledger.claims[claim].source
                against = weighed.get(voice) or (documents[source].observable if source in documents else "")
                if against:
                    what = f"claim {claim!r} of {case.ledger.speaker(voice)} feeds {prior.stream}, and {against} weighs observations of the same origin"
                    made.append(Problem(_place(case, one, prior), what, ONCE))
    reasons = [(f"the prior of {name!r}", ("hypotheses", name, "because"), one.because) for name, one in case.hypotheses.items()]
    for told, at, because in [*reasons, *case.analysts_reasons()]:
        for claim in cited(because, case.ledger.claims):
            if case.ledger.voice(claim) in weighed:
                speaker = case.ledger.speaker(case.ledger.voice(claim))
                what = f"{told} rests on {claim!r} of {speaker}, and {weighed[case.ledger.voice(claim)]} weighs observations of the same origin"
                made.append(Problem(case.place(at), what, ONCE))
    return made


def _place(case: Case, one: Instance, prior: Prior) -> Place:
    """Return where the claims of a number stand."""
    if prior.stream == prior.path:
        name = prior.path.removeprefix(f"{one.path}.")
        return case.place((*one.raw, name, "claims") if name in one.numbers else one.raw, key=name not in one.numbers)
    return case.place((*prior.stream.split("."), "claims"))
