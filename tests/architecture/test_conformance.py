"""Every registered component type keeps the contract: declared in full, cited, with an example that runs."""

from __future__ import annotations

import ast
import inspect
from pathlib import Path

import pytest

from materiel import component, network, proof
from materiel.analysis import questions
from materiel.component import ONCE, PHASES, Entries, Link, Parameter
from materiel.engine import laws
from runs import ENGINES, build, examples, read, run

SECTIONS = sorted(examples())
CITES_NOTHING = {"gauges": "keeps what questions read; it says nothing about the world"}


def kind_of(section: str) -> component.Type:
    return component.types()[section]


def every_parameter(kind: component.Type) -> dict[str, Parameter]:
    """Return all parameters of a type by name, those of entries included."""
    lists: dict[str, Link | Entries] = {**kind.links, **kind.entries}
    return kind.parameters | {f"{name}.{key}": parameter for name, entries in lists.items() for key, parameter in entries.each.items()}


@pytest.mark.parametrize("section", SECTIONS)
def test_parameters_are_declared_in_full(section: str) -> None:
    for name, parameter in every_parameter(kind_of(section)).items():
        assert parameter.unit, f"{name} has no unit"
        assert parameter.meaning.strip(), f"{name} has no meaning"
        assert (parameter.default is None) == (not parameter.because), f"{name}: a default has a reason, and nothing else has"
        assert not (parameter.optional and parameter.default is not None), f"{name} is optional and has a default"
        if parameter.default is not None:
            assert parameter.at_least is None or parameter.default >= parameter.at_least, name
            assert parameter.more_than is None or parameter.default > parameter.more_than, name
            assert parameter.at_most is None or parameter.default <= parameter.at_most, name


@pytest.mark.parametrize("section", SECTIONS)
def test_everything_else_is_declared_in_full(section: str) -> None:
    kind = kind_of(section)
    assert kind.doc.strip()
    for declared in (kind.options, kind.links, kind.entries, kind.variables, kind.inlets, kind.resources):
        for name, one in declared.items():
            assert one.meaning.strip(), f"{name} has no meaning"
    for name, variable in kind.variables.items():
        assert variable.unit, f"{name} has no unit"
        assert variable.role == "" or variable.kind == "level", f"{name}: only levels enter the ledger"
        assert all(one in kind.links or one in kind.inlets for one in variable.of), f"{name} is about what is not declared"
    for link in kind.links.values():
        assert not link.coefficient or link.by, "a coefficient belongs to a claim"
        assert all(flow in kind.variables for flow, _ in link.sends)


@pytest.mark.parametrize("section", SECTIONS)
def test_equations_have_sources(section: str) -> None:
    kind = kind_of(section)
    if section in CITES_NOTHING:
        assert not kind.sources, "remove it from the list of those that cite nothing"
    elif kind.equations:
        assert kind.sources
        assert all(len(source) > 20 for source in kind.sources)


@pytest.mark.parametrize("section", SECTIONS)
def test_equations_compute_every_variable_once(section: str) -> None:
    """A level is moved once, a flow is computed once; an activity is wanted once and granted by the network."""
    kind = kind_of(section)
    program = build(kind.example)
    own = [path for path in program.variables if path.split(".")[-3 if kind.scope == "actor" else 0] == section]
    written = [int(slot) for stage in (*program.once, *program.step) for slot in stage.results.ravel()]
    in_step = [int(slot) for stage in program.step for slot in stage.results.ravel()]
    assert len(set(in_step)) == len(in_step)
    for path in own:
        if program.kinds[path] == "number":
            continue
        if program.kinds[path] == "level":  # one that a shape never moves, such as losses on a way that is not taken, may be left out
            assert f'"{path.split(".")[-1]}"' in inspect.getsource(kind.equations["move"]), f"nothing moves {path}"
        else:
            assert set(program.variables[path]) <= set(written), f"nothing computes {path}"


@pytest.mark.parametrize("section", SECTIONS)
def test_levers_are_not_what_is_constant_in_a_run(section: str) -> None:
    kind = kind_of(section)
    levers = {name for name, parameter in kind.parameters.items() if parameter.lever}
    if "constants" in kind.equations:
        assert not levers & set(inspect.signature(kind.equations["constants"]).parameters)


@pytest.mark.parametrize("section", SECTIONS)
def test_the_example_loads_proves_runs_and_keeps_the_laws(section: str) -> None:
    case = read(kind_of(section).example)
    assert any(one.type.section == section for one in case.components.values())
    gauges = [asked.gauge for asked in questions.prepare(case).values() if asked.gauge]
    program = network.build(case, gauges)
    assert not program.step or proof.prove(program) > 0
    for engine in ENGINES:
        for fixed in ({}, {f"{one.path}.begins": 20.0 for one in case.components.values() if "begins" in one.type.parameters}):
            outcome = run(program, engine, steps=100, draws=16, record=[], fixed=fixed)
            for law, error in laws.errors(program, outcome).items():
                assert error.max() <= laws.TOLERANCE, f"{law} by {error.max():.3g}"


@pytest.mark.parametrize("section", SECTIONS)
def test_a_component_file_writes_equations_on_single_values(section: str) -> None:
    """No axis, no reshaping, no NumPy, no new axis: an equation knows one component and one draw."""
    tree = ast.parse(Path(kind_of(section).file).read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.keyword):
            assert node.arg != "axis", f"axis= in line {node.value.lineno}"
        if isinstance(node, ast.Attribute):
            assert node.attr not in ("reshape", "newaxis"), f"{node.attr} in line {node.lineno}"
        if isinstance(node, ast.Name):
            assert node.id not in ("np", "numpy"), f"NumPy in line {node.lineno}"
        if isinstance(node, ast.Import | ast.ImportFrom):
            names = [alias.name for alias in node.names] + [getattr(node, "module", None) or ""]
            assert not any(name.split(".")[0] == "numpy" for name in names), f"NumPy in line {node.lineno}"
        if isinstance(node, ast.Subscript):
            inside = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
            nothing = [part for part in inside if isinstance(part, ast.Constant) and part.value is None]
            assert not nothing, f"a new axis in line {node.lineno}"


@pytest.mark.parametrize("section", SECTIONS)
def test_equations_have_the_phases_of_the_contract(section: str) -> None:
    kind = kind_of(section)
    assert set(kind.equations) <= {*ONCE, *PHASES}
    for name, equation in kind.equations.items():
        assert inspect.getdoc(equation), f"{name} says nothing about itself"


def test_section_names_are_english_plurals_of_their_files() -> None:
    """`lines` is declared by line.py, so that a reader of a case finds the file of every key."""
    for section in SECTIONS:
        stem = Path(kind_of(section).file).stem
        assert section in (f"{stem}s", stem.removesuffix("y") + "ies"), section
