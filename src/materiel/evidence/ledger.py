"""The ledger: who said what, when it was known, how good it is, and whom it traces to."""

from __future__ import annotations

import datetime
import functools
import re
from collections.abc import Callable, Collection, Container, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from materiel.errors import RunError, nearest
from materiel.evidence import vocabulary
from materiel.evidence.grades import Approximation, Grade, Reliability
from materiel.evidence.pooling import Statement
from materiel.evidence.records import Claim, Observation, Origin, Publisher, Source
from materiel.evidence.vocabulary import Scale
from materiel.quantities import Distribution

_Judged = TypeVar("_Judged", Publisher, Source, Claim)


@dataclass(frozen=True)
class Ledger:
    """Publishers, sources, origins and claims by id, as of a day; hedges are read by `scales`.

    `voices` gives the origin of every claim as known by the `day`, `places` its position in the whole ledger; both stay when claims are dropped. `worked_out` remembers
    what conversions gave, of this ledger and of all made from it: what they convert is the same, and the grades are remembered with it.
    """

    publishers: Mapping[str, Publisher]
    sources: Mapping[str, Source]
    origins: Mapping[str, Origin]
    claims: Mapping[str, Claim]
    scales: tuple[Scale, ...] = ()
    voices: Mapping[str, str] = field(default_factory=dict[str, str])
    places: Mapping[str, int] = field(default_factory=dict[str, int])
    day: datetime.date = datetime.date.max
    worked_out: dict[Any, Any] = field(default_factory=dict[Any, Any], compare=False, repr=False)

    @classmethod
    def of(cls, publishers: Mapping[str, Publisher], sources: Mapping[str, Source], origins: Mapping[str, Origin], claims: Mapping[str, Claim], scales: tuple[Scale, ...]) -> Ledger:  # fmt: skip
        """Return the whole ledger of a case, with the origin of every claim."""
        return cls(publishers, sources, origins, claims, scales, _voices(origins, claims), {name: i for i, name in enumerate(claims)})

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
            voices=_voices(self.origins, claims),
            day=day,
        )

    def without(self, dropped: Collection[str]) -> Ledger:
        """Return the ledger without some claims, and without what repeats them or is converted from them."""
        gone = self.resting_on(dropped)
        if not gone:
            return self
        return replace(self, claims={name: _silenced(claim, gone) for name, claim in self.claims.items() if name not in gone})

    def independent(self) -> Ledger:
        """Return the ledger with every claim an origin of its own."""
        return replace(self, voices={name: name for name in self.voices})

    def resting_on(self, names: Collection[str]) -> set[str]:
        """Return some claims and all that repeat them or are converted from them."""
        found, open_ = set(names), list(names)
        while open_:
            more = [name for name in self._above.get(open_.pop(), ()) if name not in found]
            found.update(more)
            open_ += more
        return found

    def named(self, name: str) -> set[str]:
        """Return the claims of a claim, source, publisher or origin given by its id. Raises RunError when nothing known by the day has that name."""
        found = {claim for claim, voice in self.voices.items() if voice == name and claim in self.claims}
        found |= {claim for claim, one in self.claims.items() if name in (claim, one.source) or name in self._trail(one.origin)}
        house = self.publishers.get(name)
        found |= {claim for claim, one in self.claims.items() if name == self.publisher(one.source) or (house and house is self._publisher(one.source))}
        if not found and name not in self.sources:
            ids = [*self.sources, *self.publishers, *self.origins, *self.places]
            near = nearest(name, ids)
            known = f"{name!r} has no claim known by the day" if name in ids else f"unknown name {name!r}"
            raise RunError(f"{known}; an id of a source, a publisher, an origin or a claim" + (f"; did you mean {near!r}?" if near and near != name else ""))
        return found

    def voice(self, claim: str) -> str:
        """Return the origin of a claim."""
        return self.voices[claim]

    def observer(self, one: Observation) -> str:
        """Return the origin of an observation: that of the claim that it names, the root of the origin that it names, or else its source."""
        if one.origin in self.voices:
            return self.voices[one.origin]
        return _roots(self.origins).get(one.origin, one.source)

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

    def speaking(self, source: str, origin: str = "") -> set[str]:
        """Return the ids of all who speak where a source gives the word of an origin, or of a claim: itself, its publisher, the origin and those whose word it passes on."""
        house = self._publisher(source)
        houses = {name for name, one in self.publishers.items() if one is house}
        return {source, *houses, *self._trail(origin), *self._trail(self.voices.get(origin, origin)), self.voices.get(origin, origin)} - {""}

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
        return [name for name in self._families[self._roots[claim]] if name != claim]

    def _trail(self, origin: str) -> set[str]:
        """Return an origin and those whose word it passes on."""
        found: set[str] = set()
        while origin in self.origins and origin not in found:
            found.add(origin)
            origin = self.origins[origin].repeats
        return found

    @functools.cached_property
    def _roots(self) -> dict[str, str]:
        """The claim that each claim traces to, itself if it repeats none."""
        return _ends(self.claims, lambda name: self.claims[name].origin if self.claims[name].origin in self.claims else "")

    @functools.cached_property
    def _families(self) -> dict[str, list[str]]:
        """The claims that trace to each claim, and itself."""
        made: dict[str, list[str]] = {}
        for name in self.claims:
            made.setdefault(self._roots[name], []).append(name)
        return made

    @functools.cached_property
    def _above(self) -> dict[str, list[str]]:
        """The claims that repeat each claim or are converted from it."""
        made: dict[str, list[str]] = {}
        for name, claim in self.claims.items():
            for other in {claim.origin, *claim.terms.values()}:
                made.setdefault(other, []).append(name)
        return made


def _voices(origins: Mapping[str, Origin], claims: Mapping[str, Claim]) -> dict[str, str]:
    """Return the origin of every claim: what it names, followed to its root; that of the first term of a conversion; its source otherwise."""

    def rests_on(name: str) -> str:
        if name not in claims:
            return ""
        one = claims[name]
        return one.origin or ("" if one.promised else next(iter(one.terms.values()), ""))

    roots = _roots(origins)
    return {name: claims[end].source if end in claims else roots.get(end, end) for name, end in _ends(claims, rests_on).items()}


def _roots(origins: Mapping[str, Origin]) -> dict[str, str]:
    """Return the origin whose word each origin passes on in the end, itself if none."""
    return _ends(origins, lambda name: origins[name].repeats if name in origins else "")


def _ends(names: Iterable[str], after: Callable[[str], str]) -> dict[str, str]:
    """Return where the way from each name ends, `after` giving the next step, or nothing; some name of a circle stands for all that lead into it."""
    found: dict[str, str] = {}
    for name in names:
        passed: dict[str, None] = {}
        here = name
        while here not in found and here not in passed and (then := after(here)):
            passed[here] = None
            here = then
        found.update(dict.fromkeys((*passed, name), found.get(here, here)))
    return found


def _repeated(name: str, claims: Mapping[str, Claim]) -> list[str]:
    """Return the claims that a claim traces to, the one that it repeats first."""
    found: dict[str, None] = {}
    while (name := claims[name].origin) in claims and name not in found:
        found[name] = None
    return list(found)


def _judged(record: _Judged, field_name: str, day: datetime.date) -> _Judged:
    """Return a record with the last judgement known by a day, and without those known later."""
    known = sorted((one for one in record.revisions if one.known <= day), key=lambda one: one.known)
    if len(known) == len(record.revisions) == 0:
        return record
    latest = {field_name: getattr(known[-1], field_name)} if known else {}
    return record.model_copy(update={**latest, "revisions": known})


def _silenced(claim: Claim, hidden: Collection[str]) -> Claim:
    """Return a claim without references to hidden ones; a doubt or note that rests on one of them goes with it."""
    if not hidden:
        return claim
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
    return [word for word in _words(text) if word in ids]


@functools.lru_cache(maxsize=4096)  # reasons are looked at for several purposes, and again in each scenario
def _words(text: str) -> tuple[str, ...]:
    """Return the words of a text that could be ids, each once."""
    return tuple(dict.fromkeys(found.strip(".-") for found in re.findall(r"[\w.-]+", text)))
