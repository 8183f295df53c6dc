"""The contract of a component type: what its file declares, and the registry of all types.

A type is a class with declarations (parameters, variables, ports, links) and equations. An equation is a static method whose
argument names say what it reads; it returns its results by name. The network finds the values, so that an equation knows
nothing of draws, axes or instances:

    argument            value
    ------------------  ----------------------------------------------------------------------------
    t, dt               start and length of the period, in days
    capacity            own parameter, constant, level or flow (levels as at the start of the period)
    starts              from `deliver` on: the flow granted to the own activity `starts`
    stock_left, _taken  from `deliver` on: what the own resource `stock` still holds, and what was taken from it
    goods_in            from `observe` on: what others delivered to the own inlet `goods` in this period
    route_arrive        variable `arrive` of the component that the link `route` points to
    inputs_ratio        parameter `ratio` of each entry of `inputs`, as a list in link order

An argument with several entries arrives as a list, one that an absent optional link would have given as None. Equations and their
order in a period (levels at its start are known, everything in a row is computed before the next row):

    constants   once per run: what does not change in it
    start       once per run: levels at the first boundary
    signal      decisions in force
    offer       what each resource can give; what leaves delays
    want        what each activity would take if alone
    (network)   limit each want, grant by priority, flow = least grant
    (network)   run down what was drawn on
    deliver     what flows put out: by now every flow of the period is known
    (network)   add up inlets
    observe     what gauges and indicators see: flows of the period, levels as at its start
    move        levels at the end of the period, from own values only
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal, TypeVar

ONCE = ("constants", "start")
PHASES = ("signal", "offer", "want", "deliver", "observe", "move")

Role = Literal["", "holds", "source", "sink", "record"]


@dataclass(frozen=True)
class Parameter:
    r"""A number that a case gives: unit, symbol, meaning, bounds, and where its default comes from.

    `unit` may name `item` (the component's own item) or, in entries of a link, `linked` (the item at the other end).
    A `lever` can be changed by directives during a run; what is `decided` by somebody, rather than found out, readers of a case may try otherwise. A parameter that `defines`
    something is written as a plain number, because nobody can be uncertain about it. `date` parameters are days since the start of the case. `symbol` is LaTeX, of its own
    within the type: a letter, at most one index below and one above; what has run up of a flow `X` is `X^{\Sigma}`.
    """

    unit: str
    symbol: str
    meaning: str
    default: float | None = None
    because: str = ""
    at_least: float | None = None
    more_than: float | None = None
    at_most: float | None = None
    lever: bool = False
    decided: bool = False
    optional: bool = False
    defines: bool = False

    @property
    def share(self) -> bool:
        """Whether the number is a share, drawn on the logistic scale."""
        return self.unit == "1" and self.at_most == 1.0

    @property
    def date(self) -> bool:
        """Whether the number is a day of the calendar."""
        return self.unit == "date"


@dataclass(frozen=True)
class Option:
    """A choice that shapes the equations (a number of stages, a name): never uncertain."""

    type: type
    meaning: str
    default: Any = None
    choices: tuple[Any, ...] = ()
    at_least: int | None = None
    at_most: int | None = None


@dataclass(frozen=True)
class Joint:
    """Several parameters that a case may set at once from a documented reference class, `{prior: NAME}`, as they were found to go together; what is given beside it stands."""

    meaning: str
    sets: tuple[str, ...]


@dataclass(frozen=True)
class Link:
    """A reference to other components: whom to draw from, to send to, or to read.

    `draws` names the resource port claimed by the activity `by`; `coefficient` names the own variable that says how many units of the
    resource one unit of the activity needs (one, if empty); `draws_if` names the link without which nothing is drawn. `sends` maps own flows to inlet ports at the other end.
    `many` makes it a mapping from references to entries with the parameters `each`. `variable` links point to a single variable; those
    with `moves` point to levers, which the own variable of that name says how far to `multiply` or `set`. `symbol` stands for what a link to variables reads.
    """

    meaning: str
    symbol: str = field(default="", kw_only=True)
    draws: str = ""
    by: str = ""
    coefficient: str = ""
    spares_reserve: bool = False
    draws_if: str = ""
    sends: tuple[tuple[str, str], ...] = ()
    reads: str = ""
    many: bool = False
    each: dict[str, Parameter] = field(default_factory=dict[str, Parameter])
    optional: bool = False
    variable: bool = False
    moves: str = ""
    same_item: bool = False


@dataclass(frozen=True)
class Entries:
    """A list of records inside one component, each with the parameters `each` (a calendar, for example)."""

    meaning: str
    each: dict[str, Parameter]


@dataclass(frozen=True)
class Variable:
    """Something computed: a constant of the run, a level on a boundary, a flow (an amount per period), or an auxiliary (a number that holds in it).

    `many` names the option, link or entries whose length it has (`route.stages` is an option at the other end of a link), or is a number. `role` and `of` keep the ledger of the laws: a level `holds` what a `source`
    brought into the world and a `sink` took out of it; `of` names the link (the first that is present) or the inlet whose
    item or account is meant; it is empty for the own item. A `record` is memory, not matter, and may be negative.
    """

    kind: Literal["constant", "level", "flow", "auxiliary", "activity"]
    unit: str
    symbol: str
    meaning: str
    many: str = ""
    role: Role = ""
    of: tuple[str, ...] = ()


@dataclass(frozen=True)
class Inlet:
    """A port that receives what others send; in equations `NAME_in`."""

    unit: str
    symbol: str
    meaning: str


@dataclass(frozen=True)
class Resource:
    """A port that others draw on: `offer` returns its amount under its own name, and `NAME_reserve` if it has a floor.

    `unless` names an optional link whose presence closes the port.
    """

    unit: str
    symbol: str
    meaning: str
    reserve: bool = False
    unless: str = ""


def constant(unit: str, symbol: str, meaning: str, many: str = "") -> Variable:
    """Declare what is computed once per run."""
    return Variable("constant", unit, symbol, meaning, many)


def level(unit: str, symbol: str, meaning: str, many: str = "", role: Role = "", *of: str) -> Variable:
    """Declare a level: known on boundaries, moved once per period, never negative."""
    return Variable("level", unit, symbol, meaning, many, role, of)


def flow(unit: str, symbol: str, meaning: str, many: str = "") -> Variable:
    """Declare an amount per period."""
    return Variable("flow", unit, symbol, meaning, many)


def auxiliary(unit: str, symbol: str, meaning: str, many: str = "") -> Variable:
    """Declare a number that holds during a period."""
    return Variable("auxiliary", unit, symbol, meaning, many)


def activity(unit: str, symbol: str, meaning: str, many: str = "") -> Variable:
    """Declare an activity: a flow that is wanted by `want` and granted by the resources its links draw on."""
    return Variable("activity", unit, symbol, meaning, many)


URGENT = Parameter(
    "1", r"\nu", "share of the want that claims before everybody", default=0.0, because="no precedence", at_least=0.0, at_most=1.0, lever=True
)  # fmt: skip
"""What every claimant declares, so that directives can give it precedence."""


def priority(default: int) -> Option:
    """Declare the rank of a component's claims."""
    return Option(int, "rank of its claims; smaller is served first", default=default, at_least=1, at_most=9)


def stages(of: str, default: int) -> Option:
    """Declare the number of stages of a delay."""
    return Option(int, f"stages of {of}", default=default, at_least=1, at_most=9)


class Component:
    """Root of all component types; never instantiated, because a type is its declarations and its equations."""

    section: ClassVar[str] = ""
    """The heading under which a case lists components of this type."""
    scope: ClassVar[Literal["actor", "case"]] = "actor"
    """Whether a component belongs to an actor or stands between actors."""
    example: ClassVar[str] = ""
    """A small case in YAML that runs as it stands; shown in the docs and run by the tests."""
    sources: ClassVar[tuple[str, ...]] = ()
    """Where the equations come from."""
    exactly_one: ClassVar[tuple[tuple[str, ...], ...]] = ()
    """Groups of optional parameters or links of which one must be given."""
    at_most_one: ClassVar[tuple[tuple[str, ...], ...]] = ()
    """Groups of optional parameters or links that exclude each other."""
    not_above: ClassVar[tuple[tuple[str, str], ...]] = ()
    """Pairs of parameters of which the first cannot exceed the second."""
    needs: ClassVar[tuple[tuple[str, tuple[str, ...]], ...]] = ()
    """What makes no sense without one of some others; `item.mass` is a number at the far end of a link."""


@dataclass(frozen=True, eq=False)
class Type:
    """A component type as the rest of the program sees it: its declarations sorted by kind, its equations by phase."""

    section: str
    scope: str
    doc: str
    example: str
    sources: tuple[str, ...]
    file: str
    exactly_one: tuple[tuple[str, ...], ...]
    at_most_one: tuple[tuple[str, ...], ...]
    not_above: tuple[tuple[str, str], ...]
    needs: tuple[tuple[str, tuple[str, ...]], ...]
    parameters: dict[str, Parameter]
    options: dict[str, Option]
    joints: dict[str, Joint]
    links: dict[str, Link]
    entries: dict[str, Entries]
    variables: dict[str, Variable]
    inlets: dict[str, Inlet]
    resources: dict[str, Resource]
    equations: dict[str, Callable[..., Any]]

    @property
    def activities(self) -> dict[str, Variable]:
        """Return the activities by name."""
        return {name: v for name, v in self.variables.items() if v.kind == "activity"}


def describe(cls: type[Component]) -> Type:
    """Return the Type that a component class declares. Raises TypeError when a declaration contradicts itself."""
    declared = {name: value for name, value in vars(cls).items() if not name.startswith("_")}

    def pick(kind: type) -> dict[str, Any]:
        return {name: value for name, value in declared.items() if isinstance(value, kind)}

    equations = {name: getattr(cls, name) for name in (*ONCE, *PHASES) if name in declared}
    made = Type(
        section=cls.section,
        scope=cls.scope,
        doc=inspect.getdoc(cls) or "",
        example=inspect.cleandoc(cls.example),
        sources=cls.sources,
        file=inspect.getfile(cls),
        exactly_one=cls.exactly_one,
        at_most_one=cls.at_most_one,
        not_above=cls.not_above,
        needs=cls.needs,
        parameters=pick(Parameter),
        options=pick(Option),
        joints=pick(Joint),
        links=pick(Link),
        entries=pick(Entries),
        variables=pick(Variable),
        inlets=pick(Inlet),
        resources=pick(Resource),
        equations=equations,
    )
    for name, link in made.links.items():
        if link.by and link.by not in made.activities:
            raise TypeError(f"{cls.__name__}.{name}: no activity {link.by!r}")
    if not made.section:
        raise TypeError(f"{cls.__name__} has no section")
    return made


_Class = TypeVar("_Class", bound=type[Component])
_registry: dict[str, Type] = {}


def component(cls: _Class) -> _Class:
    """Register a component type under its section; a second one of the same name is refused."""
    made = describe(cls)
    if made.section in _registry:
        raise TypeError(f"section {made.section!r} is declared by {_registry[made.section].file} and by {made.file}")
    _registry[made.section] = made
    return cls


def forget(section: str) -> None:
    """Take a type out of the registry again (for plug-ins that are unloaded, and for tests)."""
    _registry.pop(section, None)


def types() -> dict[str, Type]:
    """Return every registered type by section, sorted."""
    return dict(sorted(_registry.items()))
