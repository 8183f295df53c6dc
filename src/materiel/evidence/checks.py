"""What a ledger must not contain, and what a reader of it should look at twice."""

from __future__ import annotations

import datetime
import graphlib
import itertools
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from materiel import units
from materiel.errors import nearest
from materiel.evidence import vocabulary
from materiel.evidence.conversions import LEVELS, foretold, value
from materiel.evidence.formula import parse
from materiel.evidence.grades import Rule, rule
from materiel.evidence.ledger import Ledger, cited
from materiel.evidence.records import Claim
from materiel.quantities import QuantityError, read

Key = tuple[str | int, ...]

_GUESSES = 50


@dataclass(frozen=True)
class Finding:
    """Something found in a ledger: where, what, what is allowed, the nearest valid name; `key` says whether it is the key there rather than the value."""

    at: Key
    found: str
    allowed: str
    nearest: str = ""
    key: bool = False


class _Guesses:
    """Nearest names for the first unknown ones of each kind; to go through a long ledger for each of thousands would take minutes."""

    def __init__(self) -> None:
        self.asked = Counter[str]()

    def __call__(self, kind: str, name: str, names: Sequence[str]) -> str:
        self.asked[kind] += 1
        return nearest(name, names) if self.asked[kind] <= _GUESSES else ""


def problems(ledger: Ledger, today: datetime.date) -> Iterator[Finding]:
    """Yield everything that makes a ledger unusable; `ledger` is the whole one, before anything is hidden."""
    near = _Guesses()
    yield from _graded(ledger, near)
    yield from _origins(ledger, near)
    yield from _deep(ledger)
    for name, claim in ledger.claims.items():
        if cited(name, ledger.claims) != [name]:
            yield Finding(("claims", name), f"id {name!r}", "letters, digits, and points or hyphens between them, so that a text can name it", key=True)
        yield from _references(ledger, name, claim, near)
        yield from _hedge(ledger, name, claim, near)
        yield from _promise(name, claim) if claim.promised else _no_promise(name, claim)
        yield from _formula(ledger, name, claim, near)
    yield from _dates(ledger, today)


def conversions(ledger: Ledger) -> Iterator[Finding]:
    """Yield conversions that cannot be worked out; every reference of the ledger must be sound."""
    plain = rule()
    for name, claim in ledger.claims.items():
        if claim.promised:
            yield from _foretold(ledger, plain, name, claim)
        if not claim.formula:
            continue
        days = [term for term, other in claim.terms.items() if _no_quantity(ledger.claims[other])]
        yield from (Finding(("claims", name, "terms", term), f"claim {claim.terms[term]!r} gives a day", "a claim that gives a quantity") for term in days)
        if days:
            continue
        try:
            _, unit = value(ledger, plain, name)
            if claim.value is not None:
                units.factor(read(claim.value)[1], unit)
        except QuantityError as error:
            yield Finding(("claims", name, "formula"), error.found, error.allowed, error.nearest)
        except units.UnitError as error:
            yield Finding(("claims", name, "value"), f"value: {error}", f"what {claim.formula!r} gives", error.nearest)


def _foretold(ledger: Ledger, plain: Rule, name: str, claim: Claim) -> Iterator[Finding]:
    """Yield why an announced target, whose references are sound, cannot be held against its level."""
    at: Key = ("claims", name)
    level: Key = (*at, "terms", "level") if claim.terms else (*at, "level")
    givers = {level: ledger.claims[claim.terms["level"]]} if claim.terms else {}
    days = [where for where, one in {(*at, "value"): claim, **givers}.items() if _no_quantity(one)]
    yield from (Finding(where, "a day", "a quantity: an announced target is one, and so is its level") for where in days)
    if days:
        return
    try:
        foretold(ledger, plain, name)
    except units.UnitError as error:
        yield Finding(level, f"level: {error}", f"what the target {claim.value} measures", error.nearest)
    except QuantityError as error:
        yield Finding((*at, "value") if error.key == "value" else level, error.found, error.allowed, error.nearest)


def _no_quantity(claim: Claim) -> bool:
    """Say whether the value of a claim, which is sound, is a day or a span of days."""
    try:
        read(claim.value)
    except QuantityError:
        return not claim.formula
    return False


def remarks(ledger: Ledger) -> Iterator[Finding]:
    """Yield what is allowed and yet odd: axes of a grade that disagree, a converted value that its formula does not give."""
    plain = rule()
    for name, claim in ledger.claims.items():
        grade = ledger.grade(name)
        if grade.at_odds:
            yield Finding(
                ("claims", name, "credibility"), f"grade {grade}: source and item disagree", "" if claim.note or claim.doubt else "a reason in the note"
            )
        if claim.formula and claim.value is not None:
            made, unit = value(ledger, plain, name)
            said, written = read(claim.value)
            factor = units.factor(written, unit)
            low, high = made.values[0], made.values[-1]
            if said.values[-1] * factor < low or said.values[0] * factor > high:
                yield Finding(("claims", name, "value"), f"value {claim.value} lies outside what {claim.formula!r} gives", f"{low:.3g} to {high:.3g} {unit}")


def _graded(ledger: Ledger, near: _Guesses) -> Iterator[Finding]:
    known = [*ledger.publishers, *(one.name for one in ledger.publishers.values())]
    for name, source in ledger.sources.items():
        if source.reliability is None and source.publisher not in known:
            found = f"source {name!r} has no reliability, and {source.publisher!r} is none of publishers"
            yield Finding(("sources", name), found, "its own `reliability`, or a publisher that has one", near("publisher", source.publisher, known), key=True)


def _origins(ledger: Ledger, near: _Guesses) -> Iterator[Finding]:
    for name, origin in ledger.origins.items():
        if name in ledger.claims:
            yield Finding(("origins", name), f"{name!r} is a claim as well", "an id of its own", key=True)
        if name in ledger.sources:
            yield Finding(("origins", name), f"{name!r} is a source as well", "an id of its own: a claim without an origin speaks for its source", key=True)
        if origin.repeats and origin.repeats not in ledger.origins:
            other = near("repeats", origin.repeats, list(ledger.origins))
            yield Finding(("origins", name, "repeats"), f"unknown origin {origin.repeats!r}", "an id of origins", other)
    repeats = {name: [one.repeats] for name, one in ledger.origins.items() if one.repeats}
    for ring in _rings(repeats):
        yield Finding(("origins", ring[0], "repeats"), f"origins that repeat each other: {' from '.join([*ring, ring[0]])}", "a voice that speaks for itself")


def _references(ledger: Ledger, name: str, claim: Claim, near: _Guesses) -> Iterator[Finding]:
    at: Key = ("claims", name)
    if claim.source not in ledger.sources:
        yield Finding((*at, "source"), f"unknown source {claim.source!r}", "an id of sources", near("source", claim.source, list(ledger.sources)))
    for field in ("agrees", "contradicts"):
        for i, other in enumerate(getattr(claim, field)):
            if other == name:
                yield Finding((*at, field, i), f"claim {name!r} cites itself", "other claims")
            elif other not in ledger.claims:
                yield Finding((*at, field, i), f"unknown claim {other!r}", "an id of claims", near(field, other, list(ledger.claims)))
    for i, other in enumerate(claim.agrees):
        if other in claim.contradicts and other != name:
            yield Finding((*at, "agrees", i), f"claim {name!r} both agrees with {other!r} and contradicts it", "one of the two")
    if claim.origin == name:
        yield Finding((*at, "origin"), f"claim {name!r} repeats itself", "another claim, an origin, or nothing")
    elif claim.origin and claim.origin not in ledger.origins and claim.origin not in ledger.claims:
        other = near("origin", claim.origin, [*ledger.origins, *ledger.claims])
        found = f"origin {claim.origin!r} is a source" if claim.origin in ledger.sources else f"unknown origin {claim.origin!r}"
        yield Finding((*at, "origin"), found, "an id of origins or of claims; none if its own source is the origin", other)


def _hedge(ledger: Ledger, name: str, claim: Claim, near: _Guesses) -> Iterator[Finding]:
    if not claim.hedge or vocabulary.approximation(claim.hedge) or any(scale.band(claim.hedge) for scale in ledger.scales):
        return
    at: Key = ("claims", name, "hedge")
    read_by = " or ".join(scale.name for scale in ledger.scales)
    owners = vocabulary.owner(claim.hedge)
    if owners:
        found = f"{claim.hedge!r} is a word of {' and '.join(owners)}, which this case does not read"
        yield Finding(at, found, f"a word of {read_by}, or another scale in `scales`, where each language has one")
        return
    other = near("hedge", claim.hedge, vocabulary.words(ledger.scales))
    allowed = f"a word of {read_by}, or an approximation such as about, at least, up to; other words belong in `quote` or `note`"
    yield Finding(at, f"unknown hedging word {claim.hedge!r}", allowed, other)


def _formula(ledger: Ledger, name: str, claim: Claim, near: _Guesses) -> Iterator[Finding]:
    at: Key = ("claims", name)
    if claim.kind == "converted" and not claim.formula:
        yield Finding(at, f"converted claim {name!r} has no formula", "`formula`, and `terms` that say which claims its names stand for", key=True)
    elif claim.terms and not claim.formula and not claim.promised:
        yield Finding((*at, "terms"), "terms without a formula", "`formula`, in which they stand")
    if not claim.formula:
        yield from _terms(ledger, name, claim, near) if claim.promised else ()
        return
    if claim.kind not in ("converted", "derived"):
        yield Finding((*at, "kind"), f"a claim that was {claim.kind} has a formula", "converted or derived")
    try:
        used = parse(claim.formula).names
    except QuantityError as error:
        yield Finding((*at, "formula"), error.found, error.allowed)
        return
    if not used:
        yield Finding((*at, "formula"), f"{claim.formula!r} names no claim", "names of `terms`")
    slips = {term: nearest(term, list(claim.terms)) for term in used if term not in claim.terms}
    allowed = ", ".join(claim.terms) or "`terms`, which say which claim a name stands for"
    yield from (Finding((*at, "formula"), f"unknown name {term!r}", allowed, other) for term, other in slips.items())
    for term in claim.terms.keys() - set(used) - set(slips.values()):  # a misspelt name is told once
        yield Finding((*at, "terms", term), f"{term!r} does not stand in the formula", claim.formula, key=True)
    yield from _terms(ledger, name, claim, near)


def _promise(name: str, claim: Claim) -> Iterator[Finding]:
    """Yield what an announced target lacks: how much, for when, from what."""
    at: Key = ("claims", name)
    if claim.value is None:
        yield Finding(at, f"announced target {name!r} has no value", "`value`, how much was promised", key=True)
    if claim.due is None:
        yield Finding(at, f"announced target {name!r} has no due day", "`due`, the day or days for which it was promised", key=True)
    elif claim.due[1] < claim.due[0]:
        yield Finding((*at, "due"), f"due {claim.due[0]}..{claim.due[1]} ends before it starts", "START..END")
    elif claim.due[0] <= claim.known:
        yield Finding((*at, "due"), f"due on {claim.due[0]}, and known on {claim.known}", "days after it was known")
    if claim.level is None and "level" not in claim.terms:
        allowed = "`level`, what there was when it was announced, or `terms: {level: CLAIM}`"
        yield Finding(at, f"announced target {name!r} has no level", allowed, key=True)
    elif claim.level is not None and "level" in claim.terms:
        yield Finding((*at, "level"), "a level beside a claim that gives it", "one of the two")
    for term in claim.terms.keys() - {"level"}:
        yield Finding((*at, "terms", term), f"unknown term {term!r} of an announced target", "level", nearest(term, ["level"]), key=True)


def _no_promise(name: str, claim: Claim) -> Iterator[Finding]:
    for key, said in (("level", claim.level), ("due", claim.due)):
        if said is not None:
            yield Finding(("claims", name, key), f"{key} of a claim that was {claim.kind}", "`kind: announced`, for a target for days to come", key=True)


def _terms(ledger: Ledger, name: str, claim: Claim, near: _Guesses) -> Iterator[Finding]:
    for term, other in claim.terms.items():
        at: Key = ("claims", name, "terms", term)
        if other == name:
            yield Finding(at, f"claim {name!r} is converted from itself", "other claims")
        elif other not in ledger.claims:
            yield Finding(at, f"unknown claim {other!r}", "an id of claims", near("terms", other, list(ledger.claims)))
        elif ledger.claims[other].value is None and not ledger.claims[other].formula:
            yield Finding(at, f"claim {other!r} has no value", "a claim with a value or a formula")
        elif ledger.claims[other].known > claim.known:
            found = f"claim {other!r} was known only on {ledger.claims[other].known}"
            yield Finding(at, found, f"claims known by {claim.known}, when {name!r} was")


def _deep(ledger: Ledger) -> Iterator[Finding]:
    """Yield the conversions that have one level too many; those on top of them are not told."""
    below = {name: [term for term in claim.terms.values() if term in ledger.claims] for name, claim in ledger.claims.items() if claim.formula or claim.promised}
    try:
        order = list(graphlib.TopologicalSorter(below).static_order())
    except graphlib.CycleError:
        return  # told as a circle
    levels: dict[str, int] = {}
    for name in order:
        levels[name] = 1 + max((levels[term] for term in below[name]), default=0) if name in below else 0
        if levels[name] == LEVELS + 1:
            yield Finding(("claims", name, "terms"), f"a conversion on a conversion on ... {levels[name]} levels", f"at most {LEVELS} levels")


def circles(ledger: Ledger) -> Iterator[Finding]:
    """Yield claims that rest on each other in a circle, because they repeat each other, are converted from each other, or both."""
    repeats = {name: [claim.origin] for name, claim in ledger.claims.items() if claim.origin in ledger.claims and claim.origin != name}
    converted = {name: [term for term in claim.terms.values() if term in ledger.claims and term != name] for name, claim in ledger.claims.items()}
    for ring in _rings({name: [*repeats.get(name, ()), *converted[name]] for name in ledger.claims}):
        steps = [other in repeats.get(name, ()) for name, other in zip(ring, [*ring[1:], ring[0]], strict=True)]
        what, allowed = "claims that rest on each other", "a claim that came first"
        if all(steps):
            what = "claims that repeat each other"
        elif not any(steps):
            what, allowed = "conversions in a circle", "terms that somebody said"
        yield Finding(("claims", ring[0], "origin" if steps[0] else "terms"), f"{what}: {' from '.join([*ring, ring[0]])}", allowed)


def _rings(graph: Mapping[str, list[str]]) -> Iterator[list[str]]:
    """Yield circles of a graph that have no name in common, one at least of all that hang together, each beginning with the name that stands first in the graph."""
    order = {name: i for i, name in enumerate(graph)}
    told: set[str] = set()
    done: set[str] = set()
    for start in graph:
        path = {} if start in done else {start: iter(graph[start])}
        while path:
            here = next(reversed(path))
            for other in path[here]:
                if other in path and told.isdisjoint((here, other)):
                    ring = list(path)
                    ring = ring[ring.index(other) :]
                    if told.isdisjoint(ring):
                        told.update(ring)
                        first = min(range(len(ring)), key=lambda i, ring=ring: order[ring[i]])
                        yield ring[first:] + ring[:first]
                elif other not in path and other not in done:
                    path[other] = iter(graph.get(other, ()))
                    break
            else:
                done.add(here)
                del path[here]


def _dates(ledger: Ledger, today: datetime.date) -> Iterator[Finding]:
    dated = itertools.chain(
        ((("sources", name, field), getattr(one, field)) for name, one in ledger.sources.items() for field in ("published", "accessed")),
        ((("claims", name, field), getattr(one, field)) for name, one in ledger.claims.items() for field in ("published", "known")),
        (
            ((section, name, "revisions", i, "known"), revision.known)
            for section, entries in (("publishers", ledger.publishers), ("sources", ledger.sources), ("claims", ledger.claims))
            for name, one in entries.items()
            for i, revision in enumerate(one.revisions)
        ),
    )
    for at, day in dated:
        if day is not None and day > today:
            yield Finding(at, f"{at[-1]} {day} lies in the future", "a day that has come")
