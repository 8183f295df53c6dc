"""Whether rival readings of a case differ at all: in what its components are, whom they are linked to, and what their numbers are drawn from."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations

from materiel.case.model import Case, Instance, Target
from materiel.errors import Problem
from materiel.evidence.pooling import Prior


def problems(case: Case, readings: Mapping[str, Case]) -> list[Problem]:
    """Return the problem of every hypothesis that changes nothing although it means to, and of every two that are the same; `readings` are the case under each."""
    forms = {name: _form(reading) for name, reading in readings.items()}
    idle = [name for name, one in case.hypotheses.items() if (one.set or one.scenarios) and forms[name] == _form(case)]
    same = [(one, other) for one, other in combinations(forms, 2) if forms[one] == forms[other] and not {one, other} & set(idle)]
    told = [(name, f"hypothesis {name!r} changes nothing", "another number or option, or neither `set` nor `with`") for name in idle]
    told += [(other, f"hypothesis {other!r} is the same as {one!r}", "hypotheses that differ") for one, other in same]
    return [Problem(case.place(("hypotheses", name), key=True), found, allowed) for name, found, allowed in told]


def _form(case: Case) -> tuple[object, ...]:
    """Return all of a case that moves a run, reasons left out."""
    conversions = {name: {item: _said(prior) for item, prior in one.items()} for name, one in case.conversions.items()}
    return {path: _of(one) for path, one in case.components.items()}, conversions


def _of(one: Instance) -> tuple[object, ...]:
    numbers = {name: prior and _said(prior) for name, prior in one.numbers.items()}
    links = {name: [_end(end) for end in ends] for name, ends in one.links.items()}
    entries = {name: [{key: _said(prior) for key, prior in row.items()} for row in rows] for name, rows in one.entries.items()}
    return one.type.section, one.options, numbers, links, entries


def _end(end: Target) -> tuple[object, ...]:
    return end.path, end.variable, end.index, {key: _said(prior) for key, prior in end.numbers.items()}


def _said(prior: Prior) -> tuple[object, ...]:
    """Return what a number is drawn from."""
    return prior.stream, prior.unit, prior.mixing, prior.parts, prior.index, tuple(_said(weight) for weight in prior.mix)
