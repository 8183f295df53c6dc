"""Sources, claims and observations: the entries of a case's ledger."""

from __future__ import annotations

import datetime
import re
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

MAX_QUOTE_WORDS = 15


class Record(BaseModel):
    """Root of everything read from a case: frozen, strict, and closed to unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, use_attribute_docstrings=True, arbitrary_types_allowed=True)


def _day(raw: object) -> datetime.date:
    if isinstance(raw, datetime.date):
        return raw
    if isinstance(raw, str) and re.fullmatch(r"\d{4}-\d{2}-\d{2}", raw):
        try:
            return datetime.date.fromisoformat(raw)
        except ValueError:
            pass
    raise PydanticCustomError("day", "{found} is not a day", {"found": repr(raw), "allowed": "a day as YYYY-MM-DD"})


Day = Annotated[datetime.date, BeforeValidator(_day), WithJsonSchema({"type": "string", "format": "date"})]
"""A day of the calendar, written YYYY-MM-DD."""


def _span(raw: object) -> tuple[datetime.date, datetime.date]:
    start, _, end = str(raw).partition("..")
    return _day(start), _day(end or start)


Span = Annotated[tuple[datetime.date, datetime.date], BeforeValidator(_span), WithJsonSchema({"type": "string"})]
"""A day, or `start..end` with both days included."""


def _quote(raw: object) -> str:
    words = str(raw).split()
    if len(words) > MAX_QUOTE_WORDS:
        found = f"a quote of {len(words)} words"
        raise PydanticCustomError("quote", "{found}", {"found": found, "allowed": f"at most {MAX_QUOTE_WORDS} words"})
    return str(raw)


Quote = Annotated[str, BeforeValidator(_quote), WithJsonSchema({"type": "string"})]
"""At most fifteen words of a source, in its own language."""

Number = Annotated[
    Any,
    WithJsonSchema({"description": "a number with its unit, `a to b unit`, {p5, p50, p95, unit}, or {base: ..., because: ...}"}),
]
"""A number as written; it is read when its unit is known."""


class Source(Record):
    """A document and how reliable whoever published it is."""

    publisher: str
    """Who answers for it."""
    title: str
    """Its title, or an English rendering."""
    published: Day
    """Day of the document."""
    reliability: Literal["A", "B", "C", "D", "E", "F"]
    """Reliability of the source, from A (always right so far) to E (unreliable); F when it cannot be judged."""
    url: str = ""
    """Public address."""
    archive: str = ""
    """Address of an archived copy."""
    accessed: Day | None = None
    """Day on which it was seen; absent if it was not."""
    language: str = ""
    """Language of the original."""
    licence: str = ""
    """Licence of the data, where there is one."""
    note: str = ""
    """Anything a reader must know."""


class Claim(Record):
    """One statement of one source on one quantity or event."""

    source: str
    """Id of the source."""
    statement: str
    """What is said, in our words."""
    known: Day
    """First day on which a contemporary could have had it."""
    published: Day
    """Day of the document."""
    kind: Literal["observed", "converted", "reported", "derived", "assumed"]
    """How the value came about."""
    credibility: Literal[1, 2, 3, 4, 5, 6]
    """Credibility of this item, from 1 (confirmed) to 5 (improbable); 6 when it cannot be judged."""
    value: Number = None
    """The quantity, with its unit; absent for an event or a quality."""
    meant: Span | None = None
    """Day or days that the statement is about."""
    quote: Quote = ""
    """At most fifteen words of the original."""
    translation: str = ""
    """The quote in English."""
    hedge: str = ""
    """The hedging word as written."""
    origin: str = ""
    """The voice it traces to."""
    contradicts: list[str] = Field(default_factory=list)
    """Ids of claims that it contradicts."""
    doubt: str = ""
    """Why it is doubtful or false, and what speaks against it."""
    note: str = ""
    """Arithmetic of a conversion, or anything else a reader must know."""


@dataclass(frozen=True)
class Observation:
    """Something counted or reported over some days, which runs can be held against.

    Values are in `unit` as written; days are included at both ends.
    """

    series: str
    start: datetime.date
    end: datetime.date
    quantity: float
    lower: float | None
    upper: float | None
    unit: str
    source: str
    credibility: int
    known: datetime.date
    published: datetime.date
    note: str
