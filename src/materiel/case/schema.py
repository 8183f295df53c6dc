"""The shape of a case, built from the registry of component types, and the JSON Schema that editors read."""

from __future__ import annotations

import functools
from typing import Annotated, Any, Literal, cast

from pydantic import BaseModel, BeforeValidator, Field, WithJsonSchema, create_model
from pydantic.fields import FieldInfo

from materiel import component, components
from materiel.component import Joint, Option, Parameter, Type
from materiel.evidence.records import Claim, Day, Number, Origin, Publisher, Record, Source

FORMAT = 1
"""Version of the case format that this version reads."""

assert components  # importing the folder fills the registry


class Documented(Record):
    """A prior that several numbers take together from what was documented elsewhere."""

    prior: str
    """Its name, such as surges/shell."""
    plant: Literal["any", "new", "mixed", "converted"] = "any"
    """Kind of plant; any of those documented if absent."""
    without: str = ""
    """Country and war, or war, of which nothing is learned, such as britain-1914-18."""
    hindsight: str = ""
    """Why surges may be learned from that were not over on the day of the case; without it, they are not."""


class Scenario(Record):
    """Another state of affairs: some numbers or options of the case replaced."""

    text: str
    """What is different, in a few words."""
    set: dict[str, Any]
    """Replacements, by path."""


class Hypothesis(Record):
    """A rival reading of the case: what would be different if it held, and how probable it was before anything observed was weighed."""

    text: str
    """What it says, as a clause: "the surge serves Russian demand"."""
    prior: float
    """Its probability before the observations; those of all hypotheses add up to 1."""
    because: str
    """Why that probability; it rests on nothing that is weighed."""
    scenarios: Annotated[str | list[str], Field(alias="with")] = ""
    """Scenario that it builds on, or several in order."""
    set: dict[str, Any] = Field(default_factory=dict)
    """Replacements, by path, as in a scenario; without any, and without a scenario, it is the case as it stands."""


class Statement(Record):
    """The probability of a hypothesis, or of several together, as somebody states it before the observations."""

    probability: float
    """Between 0 and 1, both excluded."""
    because: str
    """Why that probability; it rests on nothing that is weighed."""


class Weight(Record):
    """What an analyst's word counts beside those of others."""

    constant: float
    """Share of the pool, relative to the others; nobody's is below 0."""
    because: str
    """Why so much."""


class Analyst(Record):
    """Somebody with prior probabilities of the hypotheses, or a reading that one could defend."""

    text: str
    """Who it is, or what the reading goes by, as a noun phrase."""
    says: dict[str, Statement]
    """Probabilities by hypothesis, or by several joined with `or`; they need not be coherent, but must leave nothing open."""
    weight: Weight | None = None
    """What the word counts in pools; 1 if absent."""
    repair: Literal["least-squares", "proportional"] = "proportional"
    """Method that makes what is stated coherent."""


class Observable(Record):
    """What a series of observations is held against, and how what is seen scatters about it; exactly one of indicator, total or value."""

    text: str
    """What was observed, as a noun phrase: "Containers of arms counted"."""
    series: str
    """Series of observations.csv."""
    kind: Literal["counts", "events", "amounts"]
    """`counts` of things over some days, `events` in a watch in which nothing else was seen, or measured `amounts`."""
    indicator: str = ""
    """Indicator that says what an observer would have seen."""
    observer: str = ""
    """Origin that keeps the watch of `events`: what it does not report of it was not seen."""
    total: str | list[str] | None = None
    """Flow, or sum of flows, over the days of an observation."""
    value: str | list[str] | None = None
    """Variable, or sum of variables, on the day of an observation."""
    conversion: str = ""
    """Named conversion by which several items are added up."""
    discrepancy: Number
    """Factor by which the model itself may be off here, such as `0.5 to 2`: one error for the whole series."""


class Correlation(Record):
    """Two uncertain numbers that tend to be high together, or one high where the other is low."""

    between: list[str]
    """Two paths of numbers; `shared.NAME` for shared ones."""
    rank: float
    """Rank correlation, between -1 and 1."""
    because: str
    """Why they go together."""


class Comparison(Record):
    """What somebody without a model would say by comparing with something like it: a rival that a forecast has to beat."""

    value: Number
    """A 90 % interval of the answer, in its unit."""
    because: str
    """What it is compared with."""


class Resolution(Record):
    """How a question is settled once its day has come, laid down before anything of the outcome is known."""

    rule: str
    """The rule in words: what counts, and what if sources conflict."""
    series: str
    """Series of observations in which the outcome will stand."""
    sources: list[str]
    """Whose word counts, the first before the next: ids of origins, sources or publishers; `any`, at the end, is everybody else."""
    conflict: Literal["latest", "earliest", "median"]
    """Which figure counts of those that stand equally high and equally near to the day: the one known last, the one known first, or their median."""
    within: Number = "0 day"
    """How far the end of the observed period may lie from the day; for a total, its beginning as well."""
    known_by: Day | None = None
    """Last day on which a figure may become known; what comes later settles nothing."""
    baseline: str = ""
    """Series that naive forecasts go by, where it is another."""
    comparison: Comparison | None = None
    """What a comparison would say."""


class Question(Record):
    """Something asked of the runs; exactly one of value, largest, smallest, total, first or ratio."""

    text: str
    """What is asked, as a noun phrase: "Shells shipped by the end of 2023"."""
    judgement: str = ""
    """What the threshold is about, as a clause: "more than a million shells are shipped by then"."""
    value: str | list[str] | None = None
    """Variable or sum of variables, on the day `at`."""
    largest: str | list[str] | None = None
    """Variable whose largest value between `start` and `end` is asked."""
    smallest: str | list[str] | None = None
    """Variable whose smallest value is asked."""
    total: str | list[str] | None = None
    """Flow whose sum between `start` and `end` is asked."""
    first: str | list[str] | None = None
    """Variable whose first crossing (`below` or `above`) is asked, as days from `start`."""
    ratio: list[str] | None = None
    """Two questions: the first divided by the second, draw by draw."""
    at: Day | None = None
    """Day on which the value is read."""
    start: Day | None = None
    """First day of the window."""
    end: Day | None = None
    """Last day of the window, no longer included."""
    below: Number = None
    """Bound that the variable falls below."""
    above: Number = None
    """Bound that the variable rises above."""
    unit: str = ""
    """Unit of the answer; the variable's own if absent."""
    conversion: str = ""
    """Named conversion by which several items are added up."""
    branch: Annotated[str, Field(alias="if")] = ""
    """`CONTINGENCY on DAY`: the answer on the branch where it begins that day."""
    scenario: Annotated[str, Field(alias="with")] = ""
    """Scenario in which the question is asked."""
    threshold: dict[Literal["above", "below"], Number] | None = None
    """Bound whose probability is asked."""
    key: bool = False
    """Whether the answer is a key judgement."""
    fan: bool | str = False
    """Whether the report shows the variable over time, or the title of that chart; a value is shown from `start` on."""
    observed: str = ""
    """Series of observations shown beside the variable."""
    resolves: Resolution | None = None
    """How it is settled; only then it can be forecast."""


class Lever(Record):
    """A number that somebody decides, or the day on which a contingency begins, for readers to try otherwise; exactly one of number or contingency."""

    number: str = ""
    """Path of the number, or `shared.NAME`."""
    contingency: str = ""
    """Name of the contingency: all that is asked `if` it begins moves with its day."""
    low: Annotated[Number, Field(alias="from")]
    """Least value that may be tried, with its unit, or first day."""
    high: Annotated[Number, Field(alias="to")]
    """Largest value that may be tried, or last day."""


def _shorthand(only: str) -> Any:
    def spell_out(raw: object) -> object:
        if isinstance(raw, dict) and only in raw:
            return cast("dict[str, Any]", raw)
        return {only: cast("object", raw)}

    return BeforeValidator(spell_out)


def _parameter(parameter: Parameter) -> tuple[Any, FieldInfo]:
    needed = parameter.default is None and not parameter.optional
    unit = "a day" if parameter.date else f"in {parameter.unit}"
    described = f"{parameter.meaning} ({unit})"
    default: Any = ... if needed else None
    return Number, Field(default=default, description=described)


def _option(option: Option) -> tuple[Any, FieldInfo]:
    kind: Any = Literal[option.choices] if option.choices else option.type
    bounds = {"ge": option.at_least, "le": option.at_most} if option.type is int else {}
    default = ... if option.default is None else option.default
    return kind, Field(default=default, description=option.meaning, **cast("Any", bounds))


def _joint(joint: Joint) -> tuple[Any, FieldInfo]:
    default: Any = None
    return cast("Any", Documented | None), Field(default=default, description=joint.meaning)


def _entry(name: str, each: dict[str, Parameter]) -> Any:
    model = create_model(name, __base__=Record, **cast("Any", {key: _parameter(p) for key, p in each.items()}))
    if len(each) > 1:
        return model
    only, parameter = next(iter(each.items()))
    described = f"{parameter.meaning} (in {parameter.unit}), as a number or as {{{only}: ...}}"
    kinds = [{"type": kind} for kind in ("number", "string", "object")]
    return Annotated[model, _shorthand(only), WithJsonSchema({"description": described, "anyOf": kinds})]


@functools.cache
def model_of(kind: Type) -> type[BaseModel]:
    """Return the pydantic model of one component type, made from its declarations."""
    fields: dict[str, Any] = {}
    for name, link in kind.links.items():
        required = not link.optional and not link.same_item
        if link.many:
            shape = dict[str, _entry(f"{kind.section}.{name}", link.each)]  # type: ignore[misc]
            fields[name] = (shape, Field(description=link.meaning) if required else Field(default_factory=dict, description=link.meaning))
        else:
            fields[name] = (str, Field(description=link.meaning)) if required else (str, Field(default="", description=link.meaning))
    for name, entries in kind.entries.items():
        shape = list[_entry(f"{kind.section}.{name}", entries.each)]  # type: ignore[misc]
        fields[name] = (shape, Field(default_factory=list, description=entries.meaning))
    fields |= {name: _parameter(parameter) for name, parameter in kind.parameters.items()}
    fields |= {name: _joint(joint) for name, joint in kind.joints.items()}
    fields |= {name: _option(option) for name, option in kind.options.items()}
    made = create_model(kind.section, __base__=Record, __doc__=kind.doc.split("\n\n")[0], **fields)
    return cast("type[BaseModel]", made)


def _sections(scope: str) -> dict[str, Any]:
    return {
        section: (dict[str, model_of(kind)], Field(default_factory=dict, description=kind.doc.split("\n\n")[0]))  # type: ignore[misc]
        for section, kind in component.types().items()
        if kind.scope == scope
    }


def case_model() -> type[BaseModel]:
    """Return the pydantic model of a whole case, for the types registered now."""
    return _case_model(tuple(component.types().values()))


@functools.lru_cache(maxsize=4)
def _case_model(kinds: tuple[Type, ...]) -> type[BaseModel]:
    assert kinds
    actor = create_model("actor", __base__=Record, title=(str, Field(default="", description="name for people")), **_sections("actor"))
    fields: dict[str, Any] = {
        "format": (Literal[FORMAT], Field(description="version of the case format")),
        "title": (str, Field(description="what the case is about")),
        "summary": (str, Field(default="", description="one paragraph for the report")),
        "start": (Day, Field(description="first day of the runs")),
        "end": (Day, Field(description="last boundary of the runs")),
        "as_of": (cast("Any", Day) | None, Field(default=None, description="nothing known later is used; the last day if absent")),
        "step": (Number, Field(default="1 day", description="length of a period, such as `1 day`")),
        "draft": (bool, Field(default=False, description="count numbers without a base instead of refusing them")),
        "actors": (dict[str, actor], Field(default_factory=dict, description="who has what")),  # type: ignore[valid-type]
        "shared": (dict[str, Number], Field(default_factory=dict, description="numbers that several places use, drawn once")),
        "classes": (dict[str, Number], Field(default_factory=dict, description="reference classes, named by bases as {class: NAME}")),
        "mixes": (dict[str, dict[str, Number]], Field(default_factory=dict, description="weights that are divided by their sum")),
        "conversions": (dict[str, dict[str, Number]], Field(default_factory=dict, description="units of an equivalent per unit of each item")),
        "scenarios": (dict[str, Scenario], Field(default_factory=dict, description="other states of affairs")),
        "levers": (list[Lever], Field(default_factory=list, description="numbers that readers may try otherwise")),
        "questions": (dict[str, Question], Field(default_factory=dict, description="what is asked")),
        "hypotheses": (dict[str, Hypothesis], Field(default_factory=dict, description="rival readings that observations weigh")),
        "analysts": (dict[str, Analyst], Field(default_factory=dict, description="whose prior probabilities of the hypotheses are set beside the case's")),
        "observables": (dict[str, Observable], Field(default_factory=dict, description="what observations are held against")),
        "scales": (list[str], Field(default=["icd-203"], description="scales of probability words; the first gives the words of the report")),
        "correlations": (list[Correlation], Field(default_factory=list, description="rank correlations of uncertain numbers")),
        "publishers": (dict[str, Publisher], Field(default_factory=dict, description="whoever answers for documents")),
        "sources": (dict[str, Source], Field(default_factory=dict, description="documents")),
        "origins": (dict[str, Origin], Field(default_factory=dict, description="voices that claims trace to")),
        "claims": (dict[str, Claim], Field(default_factory=dict, description="statements")),
    }
    return create_model("case", __base__=Record, **fields, **_sections("case"))


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema of case.yaml, so that editors complete and explain."""
    made = case_model().model_json_schema(by_alias=True)
    for kind in component.types().values():
        for name, joint in kind.joints.items():
            shape = made["$defs"][kind.section]
            set_by_it = [one for one in shape["required"] if one in joint.sets]
            shape["required"] = [one for one in shape["required"] if one not in set_by_it]
            shape["anyOf"] = [{"required": set_by_it}, {"required": [name]}]
    return {"$schema": "http://json-schema.org/draft-07/schema#", **made}
