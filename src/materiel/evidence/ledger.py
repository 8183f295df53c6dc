"""The ledger: who said what, when it was known, how good it is, and whom it traces to."""

from __future__ import annotations

import datetime
import re
from collections.abc import Collection, Container, Mapping
from dataclasses import dataclass, field, replace
from typing import TypeVar

from materiel.errors import RunError, nearest
from materiel.evidence import vocabulary
from materiel.evidence.grades import Approximation, Grade, Reliability
from materiel.evidence.pooling import Statement
from materiel.evidence.records import Claim, Origin, Publisher, Source
from materiel.evidence.vocabulary import Scale
from materiel.quantities import Distribution

_Judged = TypeVar("_Judged", Publisher, Source, Claim)


@dataclass(frozen=True)
class Ledger:
    """Publishers, sources, origins and claims by id, as of a day; hedges are read by `scales`.

    `voices` gives the origin of every claim as known by the day, `places` its position in the whole ledger; both stay when claims are dropped.
    """

    publishers: Mapping[str, Publisher]
    sources: Mapping[str, Source]
    origins: Mapping[str, Origin]
    claims: Mapping[str, Claim]
    scales: tuple[Scale, ...] = ()
    voices: Mapping[str, str] = field(default_factory=dict[str, str])
    places: Mapping[str, int] = field(default_factory=dict[str, int])

    @classmethod
    def of(cls, publishers: Mapping[str, Publisher], sources: Mapping[str, Source], origins: Mapping[str, Origin], claims: Mapping[str, Claim], scales: tuple[Scale, ...]) -> Ledger:  # fmt: skip
        """Return the whole ledger of a case, with the origin of every claim."""
        voices = {name: _voice(name, origins, claims) for name in claims}
        return cls(publishers, sources, origins, claims, scales, voices, {name: i for i, name in enumerate(claims)})

    def as_of(self, day: datetime.date, counted: Collection[str] = ()) -> Ledger:
        """Return what a contemporary could have had on a day: claims, sources and judgements known later are not in it, nor words that cite them.

        A source that came out later stays if a claim of it was known by the day, as in later histories; one that came out earlier goes if all its claims were
        known only later, as with papers that were secret. `counted` are the sources of what was observed by the day. What repeats a claim known later speaks for itself until that day.
        """
        known = {name: claim for name, claim in self.claims.items() if claim.known <= day}
        hidden = self.claims.keys() - known.keys()
        cited, secret = ({self.claims[name].source for name in names} for names in (known, hidden))
        out = {name: one for name, one in self.sources.items() if name in cited or name in counted or (one.published <= day and name not in secret)}
        claims = {name: _silenced(_judged(claim, "credibility", day), hidden) for name, claim in known.items()}
        return replace(
            self,
            publishers={name: _judged(one, "reliability", day) for name, one in self.publishers.items()},
            sources={name: _noteless(_judged(one, "reliability", day), hidden) for name, one in out.items()},
            claims=claims,
            voices={name: _voice(name, self.origins, claims) for name in claims},
        )

    def without(self, dropped: Collection[str]) -> Ledger:
        """Return the ledger without some claims, and without what repeats them or is converted from them."""
        gone = self.resting_on(dropped)
        return replace(self, claims={name: _silenced(claim, gone) for name, claim in self.claims.items() if name not in gone})

    def independent(self) -> Ledger:
        """Return the ledger with every claim an origin of its own."""
        return replace(self, voices={name: name for name in self.voices})

    def resting_on(self, names: Collection[str]) -> set[str]:
        """Return some claims and all that repeat them or are converted from them."""
        found = set(names)
        while True:
            more = {name for name, claim in self.claims.items() if name not in found and (claim.origin in found or found & set(claim.terms.values()))}
            if not more:
                return found
            found |= more

    def named(self, name: str) -> set[str]:
        """Return the claims of a claim, source, publisher or origin given by its id. Raises RunError when there is none."""
        found = {claim for claim, voice in self.voices.items() if voice == name and claim in self.claims}
        found |= {claim for claim, one in self.claims.items() if name in (claim, one.source) or name in self._trail(one.origin)}
        house = self.publishers.get(name)
        found |= {claim for claim, one in self.claims.items() if name == self.publisher(one.source) or (house and house is self._publisher(one.source))}
        if not found:
            ids = [*self.sources, *self.publishers, *self.origins, *self.places]
            near = nearest(name, ids)
            known = f"{name!r} has no claim known by the day" if name in ids else f"unknown source {name!r}"
            raise RunError(f"{known}; an id of a source, a publisher, an origin or a claim" + (f"; did you mean {near!r}?" if near and near != name else ""))
        return found

    def voice(self, claim: str) -> str:
        """Return the origin of a claim."""
        return self.voices[claim]

    def speaker(self, voice: str) -> str:
        """Return the name of an origin for people."""
        if voice in self.origins:
            return self.origins[voice].title
        if voice in self.sources:
            return self.publisher(voice)
        return f"claim {voice}" if voice in self.claims else voice

    def publisher(self, source: str) -> str:
        """Return the name of a source's publisher."""
        known = self._publisher(source)
        return known.name if known else self.sources[source].publisher

    def reliability(self, source: str) -> Reliability:
        """Return the grade of a source: its own, or its publisher's; F where nobody graded either."""
        known = self._publisher(source)
        return self.sources[source].reliability or (known.reliability if known else "F")

    def _publisher(self, source: str) -> Publisher | None:
        """Return the publisher of a source, which names it by its id or, as in files of other programs, by its name."""
        said = self.sources[source].publisher
        return self.publishers.get(said) or next((one for one in self.publishers.values() if one.name == said), None)

    def grade(self, claim: str) -> Grade:
        """Return the grade of a claim, with what its hedge means."""
        one = self.claims[claim]
        approximation: Approximation = vocabulary.approximation(one.hedge) or "" if one.hedge else ""
        own = sorted(self.scales, key=lambda scale: scale.language != self.sources[one.source].language)  # "probable" is a word of two languages
        band = next((found for scale in own if one.hedge and (found := scale.band(one.hedge))), (1.0, 1.0))
        return Grade(self.reliability(one.source), one.credibility, band, approximation)

    def statement(self, claim: str, value: Distribution) -> Statement:
        """Return what a claim says of a number, `value` being what it says in the number's unit."""
        one = self.claims[claim]
        repeats = tuple(_repeated(claim, self.claims))
        return Statement(claim, self.voices[claim], value, self.grade(claim), one.known, self.places[claim], repeats, observed=one.kind == "observed")

    def repeating(self, claim: str) -> list[str]:
        """Return the other claims of a claim's origin that say the same thing: those that repeat it, and those that it repeats."""
        whole = self._family(claim)
        return [name for name in self.claims if name in whole and name != claim]

    def _trail(self, origin: str) -> set[str]:
        """Return an origin and those whose word it passes on."""
        found: set[str] = set()
        while origin in self.origins and origin not in found:
            found.add(origin)
            origin = self.origins[origin].repeats
        return found

    def _family(self, claim: str) -> set[str]:
        root = ([claim, *_repeated(claim, self.claims)])[-1]
        return {root} | {name for name in self.claims if root in _repeated(name, self.claims)}


def _voice(name: str, origins: Mapping[str, Origin], claims: Mapping[str, Claim]) -> str:
    """Return the origin of a claim: what it names, followed to its root; that of the first term of a conversion; its source otherwise."""
    seen: set[str] = set()
    here = name
    while here in claims and here not in seen:
        seen.add(here)
        claim = claims[here]
        if not claim.origin and not claim.terms:
            return claim.source  # which may have the id of a claim or an origin
        here = claim.origin or next(iter(claim.terms.values()))
    while here in origins and origins[here].repeats and here not in seen:
        seen.add(here)
        here = origins[here].repeats
    return here


def _repeated(name: str, claims: Mapping[str, Claim]) -> list[str]:
    """Return the claims that a claim traces to, the one that it repeats first."""
    found: list[str] = []
    while (name := claims[name].origin) in claims and name not in found:
        found.append(name)
    return found


def _judged(record: _Judged, field_name: str, day: datetime.date) -> _Judged:
    """Return a record with the last judgement known by a day, and without those known later."""
    known = sorted((one for one in record.revisions if one.known <= day), key=lambda one: one.known)
    if len(known) == len(record.revisions) == 0:
        return record
    latest = {field_name: getattr(known[-1], field_name)} if known else {}
    return record.model_copy(update={**latest, "revisions": known})


def _silenced(claim: Claim, hidden: Collection[str]) -> Claim:
    """Return a claim without references to hidden ones; a doubt or note that rests on one of them goes with it."""
    said_later = [name for name in (*claim.agrees, *claim.contradicts, claim.origin) if name in hidden]
    cites = {name: bool(cited(getattr(claim, name), hidden)) for name in ("doubt", "note")}
    if not said_later and not any(cites.values()):
        return claim
    against = any(name in hidden for name in claim.contradicts)
    return claim.model_copy(
        update={
            "origin": "" if claim.origin in hidden else claim.origin,
            "agrees": [name for name in claim.agrees if name not in hidden],
            "contradicts": [name for name in claim.contradicts if name not in hidden],
            "doubt": "" if against or cites["doubt"] else claim.doubt,
            "note": "" if cites["note"] else claim.note,
        }
    )


def _noteless(source: Source, hidden: Collection[str]) -> Source:
    return source.model_copy(update={"note": ""}) if cited(source.note, hidden) else source


def cited(text: str, ids: Container[str]) -> list[str]:
    """Return the ids of claims that a text names."""
    return [word for word in dict.fromkeys(found.strip(".-") for found in re.findall(r"[\w.-]+", text)) if word in ids]
