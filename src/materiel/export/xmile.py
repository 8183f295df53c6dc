"""XMILE 1.0: the standard form of stock-and-flow models, as text that Stella, PySD, simlin and others read.

Only what all of them take alike is written: stocks with named flows, explicit Euler, no arrays, no delay or allocation functions, no non-negative stocks; comparisons,
IF, MIN, MAX and EXP are the only words. Numbers are written in the fewest digits that give the same bits.
"""

from __future__ import annotations

import math
import re
import xml.etree.ElementTree as ET
from collections.abc import Mapping
from pathlib import Path

from materiel import __version__, disk
from materiel.engine.symbols import Symbol
from materiel.export.flat import Variable
from materiel.export.flows import Flow, flows
from materiel.export.model import Model
from materiel.export.notes import Notes

NAMESPACE = "http://docs.oasis-open.org/xmile/ns/XMILE/v1.0"

PRODUCT = "materiel"
"""What the header says the file was made by."""

_INFIX = {"add": ("+", 4), "sub": ("-", 4), "mul": ("*", 5), "div": ("/", 5), "lt": ("<", 3), "le": ("<=", 3), "gt": (">", 3), "ge": (">=", 3), "and": ("AND", 2), "or": ("OR", 1)}  # fmt: skip
"""Operators and how tightly they bind."""

_CALLED = {"min": "MIN", "max": "MAX", "exp": "EXP"}


_MARK = f">{PRODUCT}</product>"
"""What tells a file that this program wrote."""


def write(model: Model, path: Path) -> Path:
    """Write a model as XMILE and return the path. Raises RunError when the file cannot be written, or would overwrite what is no export."""
    return disk.write_own(path, text(model).encode(), lambda held: _MARK.encode() in held, "export of materiel")


def text(model: Model) -> str:
    """Return a model as XMILE."""
    flat, moves = model.flat, flows(model.flat)
    names = {one.number: one.name for one in flat.variables.values()} | {one.number: one.name for one in moves}
    units = {one.unit for one in flat.variables.values()} | {one.unit for one in moves}
    root = ET.Element("xmile", {"version": "1.0", "xmlns": NAMESPACE})
    _header(root, model)
    _specs(root, model)
    words = ET.SubElement(root, "model_units")
    for word in sorted({word for unit in units for word in re.findall("[A-Za-z_]+", unit)} - {"day"}):
        ET.SubElement(words, "unit", {"name": word})
    variables = ET.SubElement(ET.SubElement(root, "model"), "variables")
    notes = Notes(model)
    ends: dict[int, list[tuple[str, str]]] = {}
    for tag, which in (("inflow", "enters"), ("outflow", "leaves")):
        for flow in moves:
            ends.setdefault(getattr(flow, which), []).append((tag, flow.name))
    for one in sorted((*flat.variables.values(), *moves), key=lambda one: one.name):
        element = _add(variables, one, names, ends)
        ET.SubElement(element, "doc").text = notes.of(one)
    ET.indent(root)
    return f'<?xml version="1.0" encoding="utf-8"?>\n{ET.tostring(root, encoding="unicode")}\n'


def _header(root: ET.Element, model: Model) -> None:
    header = ET.SubElement(root, "header")
    case = model.case
    drawn = "every number at its median" if model.draw is None else f"draw {model.draw} of seed {model.seed}"
    began = f", {model.branch.contingency} beginning on {case.date(model.branch.day)}" if model.branch.contingency else ""
    scenario = f", scenario {case.scenario}" if case.scenario else ""
    heard = f"rules of evidence {case.rule.name}, {len(case.ledger.claims)} of {len(case.whole.claims)} claims heard"
    told = f"{case.name} as of {case.as_of}{scenario}{began}; {drawn}; {heard}; day 0 is {case.start}; sha256 of the case {case.digest}"
    ET.SubElement(header, "vendor").text = PRODUCT
    ET.SubElement(header, "product", {"version": __version__, "lang": "en"}).text = PRODUCT
    ET.SubElement(header, "name").text = case.title
    ET.SubElement(header, "caption").text = told


def _specs(root: ET.Element, model: Model) -> None:
    specs = ET.SubElement(root, "sim_specs", {"method": "euler", "time_units": "day"})
    ET.SubElement(specs, "start").text = "0"
    ET.SubElement(specs, "stop").text = _number(model.steps * model.flat.dt)
    ET.SubElement(specs, "dt").text = _number(model.flat.dt)


def _add(within: ET.Element, one: Variable | Flow, names: Mapping[int, str], ends: Mapping[int, list[tuple[str, str]]]) -> ET.Element:
    """Add a variable or a flow, and return its element; a stock's equation is its first value, and its flows say the rest."""
    start = one.start if isinstance(one, Variable) else None
    tag = "flow" if isinstance(one, Flow) else "aux" if start is None else "stock"
    element = ET.SubElement(within, tag, {"name": one.name})
    ET.SubElement(element, "eqn").text = equation(start or one.formula, names)
    for end, flow in ends.get(one.number, ()) if start is not None else ():
        ET.SubElement(element, end).text = flow
    ET.SubElement(element, "units").text = one.unit
    return element


def equation(formula: Symbol, names: Mapping[int, str]) -> str:
    """Return a formula as text, with the names of what it reads by number; brackets keep the order in which the engine computes."""
    return _written(formula, names)[0]


def _written(formula: Symbol, names: Mapping[int, str]) -> tuple[str, int]:
    """Return a formula and how tightly it is bound."""
    parts = [_written(part, names) for part in formula.args]
    bare = [part for part, _ in parts]
    match formula.op:
        case "literal":
            return _number(formula.number), 9
        case "variable":
            return names[int(formula.number)], 9
        case "time":
            return "TIME", 9
        case "neg":
            return f"-({bare[0]})", 0
        case "where":
            return f"IF {bare[0]} THEN {_bracketed(*parts[1], 0)} ELSE {_bracketed(*parts[2], 0)}", 0
        case op if op in _CALLED:
            return f"{_CALLED[op]}({', '.join(bare)})", 9
        case op:
            sign, bound = _INFIX[op]
            a, b = _bracketed(*parts[0], bound - 1 if bound > 3 else 8), _bracketed(*parts[1], bound if bound > 3 else 8)
            return f"{a} {sign} {b}", bound


def _bracketed(written: str, bound: int, loose: int) -> str:
    """Return a formula in brackets if it is bound as loosely as `loose` or more so."""
    return f"({written})" if bound <= loose else written


def _number(value: float) -> str:
    """Return a number in the fewest digits that give the same bits; a negative one in brackets."""
    assert math.isfinite(value)
    return repr(value) if value >= 0.0 else f"({value!r})"
