"""Publishers, sources, origins, claims and observations: the entries of a case's ledger, as they are written."""

from __future__ import annotations

import ast
import datetime
import functools
import inspect
import itertools
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal, cast

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

from materiel.errors import Place
from materiel.evidence.grades import Credibility, Reliability

MAX_QUOTE_WORDS = 15


@functools.cache
def meanings(model: type[BaseModel]) -> dict[str, str]:
    """Return what the fields of a model mean, as said below each; nothing for a model that has no source.

    It is read when somebody asks: pydantic would read the source of every model at import, which takes longer than reading a case.
    """
    try:
        body = cast("ast.ClassDef", ast.parse(inspect.getsource(model)).body[0]).body
    except OSError:
        return {}
    made: dict[str, str] = {}
    for named, said in itertools.pairwise(body):
        match named, said:
            case ast.AnnAssign(target=ast.Name(name)), ast.Expr(ast.Constant(str() as text)):
                made[name] = inspect.cleandoc(text)
            case _:
                pass
    return made


def _explain(said: dict[str, Any], model: type[BaseModel]) -> None:
    """Add the meanings of fields to the JSON Schema of a model."""
    for name, meaning in meanings(model).items():
        said["properties"][model.model_fields[name].alias or name]["description"] = meaning


class Record(BaseModel):
    """Root of everything read from a case: frozen, strict, and closed to unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, arbitrary_types_allowed=True, defer_build=True, json_schema_extra=_explain)


def _day(raw: object) -> datetime.date:
    found = raw if isinstance(raw, datetime.date) else _written(raw) if isinstance(raw, str) else None
    if found is None:
        raise PydanticCustomError("day", "{found} is not a day", {"found": repr(raw), "allowed": "a day as YYYY-MM-DD"})
    return found


@functools.lru_cache(maxsize=4096)  # the same few days stand in a ledger again and again
def _written(text: str) -> datetime.date | None:
    """Return the day that a text is, or None."""
    try:
        return datetime.date.fromisoformat(text) if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text) else None
    except ValueError:
        return None


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


def _language(raw: object) -> object:
    if isinstance(raw, str) and not re.fullmatch("([a-z]{2,3})?", raw):
        raise PydanticCustomError("language", "{found}", {"found": repr(raw), "allowed": "two or three small letters, such as en, fr, ko"})
    return raw


Language = Annotated[str, BeforeValidator(_language)]
"""A language by its code."""

Number = Annotated[
    Any,
    WithJsonSchema({"description": "a number with its unit, `a to b unit`, {p5, p50, p95, unit}, or {base: ..., because: ...}"}),
]
"""A number as written; it is read when its unit is known."""


class Regrade(Record):
    """A later judgement of a publisher or a source."""

    known: Day
    """Day from which it holds."""
    reliability: Reliability
    """Reliability from that day on."""
    because: str
    """What changed the judgement."""


class Recredit(Record):
    """A later judgement of a claim."""

    known: Day
    """Day from which it holds."""
    credibility: Credibility
    """Credibility from that day on."""
    because: str
    """What changed the judgement."""


class Publisher(Record):
    """Whoever answers for documents, graded once for all of them."""

    name: str
    """Name for people."""
    reliability: Reliability
    """Reliability that its sources inherit."""
    note: str = ""
    """Why that grade."""
    revisions: list[Regrade] = Field(default_factory=list)
    """Later judgements."""


class Source(Record):
    """A document; its fields are those of the Citation Style Language, and its grade is its own or its publisher's."""

    publisher: str
    """Id of a publisher, or the name of whoever answers for it."""
    title: str
    """Its title, or an English rendering."""
    published: Day
    """Day of the document."""
    reliability: Reliability | None = None
    """Reliability of the source, from A (always right so far) to E (unreliable), F when it cannot be judged; its publisher's if absent."""
    revisions: list[Regrade] = Field(default_factory=list)
    """Later judgements of its reliability."""
    type: str = "webpage"
    """Type of document in the words of CSL, such as article-newspaper, report, book, dataset."""
    author: list[str] = Field(default_factory=list)
    """Authors, as `Family, Given` or as a plain name."""
    container: str = ""
    """Journal, newspaper or book that it stands in."""
    volume: str = ""
    """Volume."""
    issue: str = ""
    """Issue."""
    page: str = ""
    """Page or pages."""
    doi: str = ""
    """Digital object identifier."""
    isbn: str = ""
    """International standard book number."""
    url: str = ""
    """Public address."""
    archive: str = ""
    """Address of an archived copy."""
    accessed: Day | None = None
    """Day on which it was seen; absent if it was not."""
    language: Language = ""
    """Language of the original, in two or three letters: en, fr, ko. It says which scale reads the hedges."""
    licence: str = ""
    """Licence of the data, where there is one."""
    note: str = ""
    """Anything a reader must know."""


class Origin(Record):
    """A voice that claims trace to: a ministry, an agency, a witness."""

    title: str
    """Name for people."""
    repeats: str = ""
    """Id of the origin whose word it passes on."""
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
    kind: Literal["observed", "converted", "reported", "announced", "derived", "assumed"]
    """How the value came about; what is announced is a target for days to come."""
    credibility: Credibility
    """Credibility of this item, from 1 (confirmed) to 5 (improbable); 6 when it cannot be judged."""
    value: Number = None
    """The quantity, with its unit; absent for an event or a quality. Beside a formula it is what the source itself makes of it."""
    formula: str = ""
    """How a converted value is worked out, such as `containers * per_container`."""
    terms: dict[str, str] = Field(default_factory=dict)
    """The claims that the names of the formula stand for; of an announced target, the claim that gives its `level`."""
    level: Number = None
    """Of an announced target: what there was on the day on which it became known, unless a claim among its terms says so."""
    due: Span | None = None
    """Of an announced target: the day or days for which it was promised."""
    about: str = ""
    """What it speaks of in the model: the path of a number, or a question."""
    meant: Span | None = None
    """Day or days that the statement is about."""
    quote: Quote = ""
    """At most fifteen words of the original."""
    translation: str = ""
    """The quote in English."""
    hedge: str = ""
    """The hedging word as written: one that a scale of the case or the table of approximations has."""
    origin: str = ""
    """Id of the origin it traces to, or of the claim that it repeats; its source if absent."""
    agrees: list[str] = Field(default_factory=list)
    """Ids of claims of other origins that say the same."""
    contradicts: list[str] = Field(default_factory=list)
    """Ids of claims that it contradicts."""
    revisions: list[Recredit] = Field(default_factory=list)
    """Later judgements of its credibility."""
    doubt: str = ""
    """Why it is doubtful or false, and what speaks against it."""
    note: str = ""
    """Anything else a reader must know."""

    @property
    def promised(self) -> bool:
        """Whether it is an announced target."""
        return self.kind == "announced"


@dataclass(frozen=True)
class Observation:
    """Something counted or reported over some days, which runs can be held against.

    Values are in `unit` as written; days are included at both ends. `places` says where each cell stands.
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
    origin: str = ""
    places: Mapping[str, Place] = field(default_factory=dict[str, Place], compare=False, repr=False)
