"""The equations as LaTeX: nothing is missing, nothing is undeclared, and what is written is what is computed."""

from __future__ import annotations

import ast
import importlib.util
import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from formulas import compute
from materiel import allocation, component
from materiel.component import Type
from materiel.engine.symbols import Symbol
from materiel.export import latex
from materiel.export.latex import Formula, Shape, _Reader, _shapes
from runs import examples

SECTIONS = sorted(examples())
EQUATIONS = [section for section in SECTIONS if component.types()[section].equations]
HOOKS = Path(__file__).parents[2] / "docs" / "web" / "hooks.py"
NOTATION = {"t", r"\Delta t"}


def kind_of(section: str) -> Type:
    return component.types()[section]


def declared(kind: Type) -> dict[str, str]:
    """Return the symbol of everything that a type declares, by name."""
    groups: list[dict[str, Any]] = [kind.parameters, kind.variables, kind.resources, kind.inlets]
    groups += [{f"{owner}: {key}": one for key, one in entries.each.items()} for owner, entries in {**kind.links, **kind.entries}.items()]
    groups += [{name: link for name, link in kind.links.items() if link.variable and not link.moves}]
    return {name: one.symbol for group in groups for name, one in group.items()}


@pytest.mark.parametrize("section", SECTIONS)
def test_everything_has_a_symbol_of_its_own(section: str) -> None:
    symbols = declared(kind_of(section))
    assert [name for name, symbol in symbols.items() if not symbol] == []
    assert len(set(symbols.values())) == len(symbols), "two things have one symbol"
    assert not NOTATION & set(symbols.values())


def test_what_is_read_alike_is_written_alike() -> None:
    """A name at the far end of a link may belong to several types, as `held` does to stockpiles and fleets."""
    for section in EQUATIONS:
        for read in latex.of(kind_of(section)).reads:
            kinds = [{**kind.parameters, **kind.variables} for kind in component.types().values()]
            assert len({found[read.name].symbol for found in kinds if read.name in found}) == 1, read.name


def returned(kind: Type) -> set[str]:
    """Return the names that the equations of a type give results to, as their source has them."""
    names: set[str] = set()
    for equation in kind.equations.values():
        tree = ast.parse(inspect.getsource(inspect.unwrap(equation)).lstrip().removeprefix("@staticmethod\n").lstrip())
        for node in ast.walk(tree):
            keys = node.keys if isinstance(node, ast.Dict) else [node.slice] if isinstance(node, ast.Subscript) else []
            names |= {key.value for key in keys if isinstance(key, ast.Constant) and isinstance(key.value, str)}
    return names


@pytest.mark.parametrize("section", EQUATIONS)
def test_every_result_of_every_equation_is_there(section: str) -> None:
    kind = kind_of(section)
    found = latex.of(kind)
    shown = {formula.result for one in (*found.blocks, *found.otherwise) for formula in one.formulas}
    assert shown == returned(kind)


# ---------------------------------------------------------------------- what is written is what is computed


def numbers(argument: Any, values: dict[int, float]) -> Any:
    """Return an argument of symbols as numbers."""
    if isinstance(argument, list):
        return [numbers(one, values) for one in argument]
    return values[int(argument.number)] if isinstance(argument, Symbol) else argument


def computed(kind: Type, shape: Shape, phase: str, rng: np.random.Generator) -> Iterator[tuple[Formula, float, float]]:
    """Yield every formula of an equation, entry by entry, with what it gives when read back and what the function gives, on the same random numbers."""
    reader, equation = _Reader(kind, shape), kind.equations[phase]
    given = {name: reader._argument(name) for name in inspect.signature(equation).parameters}
    values = {leaf: float(rng.choice([0.5, 1.0, 2.0, rng.uniform(0.05, 3.0)])) for leaf in range(len(reader.names))}  # ties happen too
    written = {name.written(): values[leaf] for leaf, name in enumerate(reader.names)}
    entries = {name.written(): name.entries for name in reader.names if name.place == 1}
    results: dict[str, list[float]] = {}
    for name, value in equation(**{name: numbers(one, values) for name, one in given.items()}).items():
        results[name] = [float(one) for one in (value if isinstance(value, list) else [value])]
        for i, one in enumerate(results[name]):
            written[reader._left(phase, name, i + 1 if isinstance(value, list) else 0).written()] = one
    shown: dict[str, int] = dict.fromkeys(results, 0)
    for formula in reader.formulas(phase):
        left, _, right = formula.tex.partition(" = ")
        right, _, which = right.partition(r" \qquad i = ")
        places = [int(place) for place in which.split(", ")] if which else range(1, len(results[formula.result]) + 1) if re.search(r"_\{i", left) else [0]
        for place in places:
            value = results[formula.result][shown[formula.result]]
            shown[formula.result] += 1
            yield formula, compute(right, written, entries, place), value
    assert shown == {name: len(entries) for name, entries in results.items()}, "every entry stands in one formula"


@pytest.mark.parametrize("section", EQUATIONS)
def test_what_is_written_is_what_is_computed(section: str) -> None:
    kind, rng, count = kind_of(section), np.random.default_rng(7), 0
    for shape in _shapes(kind):
        for phase in kind.equations:
            for _ in range(4):
                for formula, read, value in computed(kind, shape, phase, rng):
                    assert read == pytest.approx(value, rel=1e-12, abs=1e-12), formula.tex
                    count += 1
    assert count >= 4


def test_a_wrong_formula_is_noticed() -> None:
    """The reading back tells a bracket, a sign and a factor."""
    values = {"a": 2.0, "b": 3.0, "c": 5.0}
    for text, value in (
        (r"a - b + c", 4.0),
        (r"a - \left(b + c\right)", -6.0),
        (r"\frac{a}{b} \, c", 10 / 3),
        (r"\max\left(a, \min\left(b, c\right)\right)", 3.0),
    ):
        assert compute(text, values, {}) == pytest.approx(value)


def test_sharing_is_written_as_it_is_computed() -> None:
    rng = np.random.default_rng(3)
    texts = {formula.result: formula.tex.partition(" = ")[2] for block in latex.sharing() for formula in block.formulas}
    for _ in range(50):
        values = {name: float(rng.uniform(0.1, 2.0)) for name in ("A", "F", "x_{1}", "x_{2}", "x_{3}", "p")}
        values |= {name: float(rng.uniform(0.0, 1.0)) for name in (r"\varphi_{1}", r"\varphi_{2}", r"\mu_{2}", "v_{1}")}
        one, two, three = (values[f"x_{{{i}}}"] for i in (1, 2, 3))
        expected = dict(zip(("g_1", "g_2", "g_3"), allocation.granted(values["A"], values["F"], [(False, [one, two]), (True, [three])]), strict=True))  # type: ignore[list-item]
        expected |= dict(zip((r"A^{\text{left}}", r"A^{\text{taken}}"), allocation.settled(values["A"], [one, two]), strict=True))  # type: ignore[list-item]
        setting = (values[r"\varphi_{1}"], values["v_{1}"])
        expected["p'"] = allocation.levered(values["p"], [values[r"\varphi_{2}"]], [values[r"\mu_{2}"]], [setting], 1.0)  # type: ignore[list-item]
        for name, value in expected.items():
            known = values | {re.sub(r"_(\d)", r"_{\1}", key): float(one) for key, one in expected.items() if key != name}
            assert compute(texts[name], known, {}) == pytest.approx(float(value), rel=1e-12, abs=1e-12), name


# ---------------------------------------------------------------------- what the pages show


def formulas() -> list[str]:
    made = [formula.tex for section in EQUATIONS for one in _all(section) for formula in one.formulas]
    return [*made, latex.overlap(), *(formula.tex for block in latex.sharing() for formula in block.formulas)]


def _all(section: str) -> list[Any]:
    found = latex.of(kind_of(section))
    return [*found.blocks, *found.otherwise]


def test_formulas_are_well_formed_and_can_be_drawn() -> None:
    spec = importlib.util.spec_from_file_location("hooks", HOOKS)
    assert spec is not None
    assert spec.loader is not None
    hooks = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(hooks)
    every = formulas()
    assert len(every) > 100
    for tex in every:
        assert tex.count("{") == tex.count("}")
        assert tex.count(r"\left") == tex.count(r"\right")
        assert re.findall(r"\\begin\{(\w+)\}", tex) == re.findall(r"\\end\{(\w+)\}", tex)
        assert hooks.mathml(tex).startswith("<math")
    with pytest.raises(ValueError, match="cannot be drawn"):
        hooks.mathml(r"\nosuchorder x")


def test_no_formula_is_typed_twice() -> None:
    for section in SECTIONS:
        assert "$$" not in Path(kind_of(section).file).read_text(encoding="utf-8")


@pytest.mark.parametrize("section", SECTIONS)
def test_prose_speaks_of_declared_symbols(section: str) -> None:
    kind = kind_of(section)
    used = re.findall(r"\$([^$]+)\$", kind.doc)
    assert set(used) <= set(declared(kind).values())


def test_what_has_no_symbol_is_written_by_its_name() -> None:
    from materiel.component import Component, Parameter, flow, forget, types
    from materiel.component import component as register

    class Kiln(Component):
        """A kiln."""

        section = "kilns"
        heat_now = Parameter("1", "", "heat")
        fired = flow("1", "", "fired")

        @staticmethod
        def deliver(heat_now: Any, dt: Any) -> Any:
            """Fire."""
            return {"fired": heat_now * dt}

    register(Kiln)
    try:
        assert latex.of(types()["kilns"]).blocks[0].formulas == [Formula("fired", r"\text{fired}_{t} = \text{heat now} \, \Delta t")]
    finally:
        forget("kilns")
