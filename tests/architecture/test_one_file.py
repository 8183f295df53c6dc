"""Adding a component type is adding one file: nothing else in the program knows of it, and everything takes it in."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from materiel import component, network, proof
from materiel.case import schema
from materiel.errors import CaseError
from runs import ENGINES, Traces, gather, read

FILE = '''
"""Workshops: broken things repaired."""

from materiel.component import Component, Link, Option, Parameter, activity, component, constant, flow, level
from materiel.equations import Value, Values, pass_on, release


@component
class Workshop(Component):
    """A place that takes units from one store, loses some, and hands the rest to another."""

    section = "workshops"
    sources = ("a test",)
    example = """
    format: 1
    title: A workshop
    start: 2023-01-01
    end: 2023-06-01
    items: {gun: {unit: gun}, steel: {unit: t}}
    actors:
      north:
        stockpiles:
          broken: {item: gun, initial: {base: 50 to 100 gun, because: for the example}}
          whole: {item: gun, initial: {constant: 0 gun, because: for the example}}
          steel: {item: steel, initial: {constant: 3 t, because: for the example}}
        workshops:
          depot: {item: gun, source: broken, to: whole, steel: steel, steel_need: {constant: 0.1 t/gun, because: for the example}, rate: {base: 1 to 3 gun/day, because: for the example}, time: {constant: 20 day, because: for the example}, spoilt: {constant: 0.1, because: for the example}}
    questions:
      whole: {text: Guns repaired, value: north.stockpiles.whole.held, at: 2023-05-30}
    """

    item = Link("what is repaired", reads="mass")
    rate = Parameter("item/day", "r", "units taken in per day", at_least=0.0, lever=True)
    time = Parameter("day", "t", "mean time in the workshop", more_than=0.0)
    spoilt = Parameter("1", "s", "share spoilt", at_least=0.0, at_most=1.0)
    steel_need = Parameter("steel/item", "a", "steel for one unit", more_than=0.0)
    stages = Option(int, "stages of the work", default=2, at_least=1, at_most=9)
    priority = Option(int, "rank of its claims; smaller is served first", default=5, at_least=1, at_most=9)
    source = Link("store it takes from", draws="stock", by="takes")
    steel = Link("store of steel", draws="stock", by="takes", coefficient="steel_need")
    to = Link("store it hands to", sends=(("repaired", "goods"),))

    finish = constant("1", "f", "share finished per period")
    takes = activity("item", "Q", "units taken in")
    finished = flow("item", "C", "units finished")
    repaired = flow("item", "", "good units finished")
    work = level("item", "W", "units in work, stage by stage", "stages", "holds")
    scrap = level("item", "", "spoilt so far", "", "sink")
    used = level("steel", "", "steel used so far", "", "sink", "steel")

    @staticmethod
    def constants(dt: Value, time: Value, stages: int) -> Values:
        return {"finish": release(dt, time, stages)}

    @staticmethod
    def offer(work: list[Value], finish: Value, spoilt: Value) -> Values:
        finished = work[-1] * finish
        return {"finished": finished, "repaired": finished * (1.0 - spoilt)}

    @staticmethod
    def want(dt: Value, rate: Value) -> Values:
        return {"takes": rate * dt}

    @staticmethod
    def move(work: list[Value], takes: Value, finish: Value, finished: Value, repaired: Value, scrap: Value, used: Value, steel_need: Value) -> Values:
        return {"work": pass_on(work, takes, finish), "scrap": scrap + (finished - repaired), "used": used + steel_need * takes}
'''


def load_file(path: Path) -> None:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module  # where inspect looks for the file of a class
    spec.loader.exec_module(module)


@pytest.fixture
def workshop(tmp_path: Path) -> Iterator[component.Type]:
    path = tmp_path / "workshop_for_a_test.py"
    path.write_text(FILE, encoding="utf-8")
    load_file(path)
    yield component.types()["workshops"]
    component.forget("workshops")
    sys.modules.pop(path.stem)


def test_a_file_is_all_it_takes(workshop: component.Type) -> None:
    program = network.build(read(workshop.example))
    assert proof.prove(program) > 0
    finals = []
    for engine in ENGINES:
        found = gather(program, program.levels, steps=120, draws=32, engine=engine)
        assert {"items.gun", "items.steel"} <= found.laws.keys()
        finals.append(found.kept)
    assert np.array_equal(*finals)
    traces = Traces(workshop.example, steps=120)
    assert (traces.levels("north.stockpiles.whole.held")[-1] > 5.0).all()
    assert (traces.levels("north.workshops.depot.used")[-1] <= 3.0 * (1 + 1e-12)).all()
    assert traces.levels("north.workshops.depot.used")[-1].max() == pytest.approx(3.0), "steel is what stops the fastest"


def test_the_schema_takes_it_in(workshop: component.Type) -> None:
    made = schema.json_schema()
    assert "workshops" in made["$defs"]["actor"]["properties"]
    assert workshop.parameters["spoilt"].meaning in str(made)
    with pytest.raises(CaseError, match="did you mean 'spoilt'"):
        read(workshop.example.replace("spoilt:", "spoild:"))


def test_directives_and_questions_reach_it(workshop: component.Type) -> None:
    from materiel.analysis import questions

    stop = "{stop: {date: {constant: 2023-01-11, because: test}, acts: {workshops.depot.rate: {multiply: {constant: 0, because: test}}}}}"
    text = workshop.example.replace("    workshops:", f"    directives: {stop}\n    workshops:")
    case = read(text)
    gauges = [asked.gauge for asked in questions.prepare(case).values() if asked.gauge]
    program = network.build(case, gauges)
    proof.prove(program)
    takes = Traces(program, steps=20).flows("north.workshops.depot.takes")
    assert (takes[:10] > 0).all()
    assert (takes[10:] == 0).all()


def test_once_forgotten_it_is_gone(tmp_path: Path) -> None:
    path = tmp_path / "workshop_for_another_test.py"
    path.write_text(FILE, encoding="utf-8")
    load_file(path)
    example = component.types()["workshops"].example
    component.forget("workshops")
    sys.modules.pop(path.stem)
    assert "workshops" not in component.types()
    with pytest.raises(CaseError, match="unknown key 'workshops'"):
        read(example)


def test_a_section_is_declared_once(tmp_path: Path, workshop: component.Type) -> None:
    path = tmp_path / "workshop_again_for_a_test.py"
    path.write_text(FILE, encoding="utf-8")
    with pytest.raises(TypeError, match="'workshops' is declared by"):
        load_file(path)
    sys.modules.pop(path.stem)
    assert component.types()["workshops"] is workshop


@pytest.mark.parametrize(
    ("right", "wrong", "found"),
    [
        ('"takes": rate * dt', '"takes": rate', "want of workshops"),
        ('"takes": rate * dt', '"takes": rate * dt + 1.0', "want of workshops"),
        ("used + steel_need * takes", "used + takes", "move of workshops"),
        ("finished * (1.0 - spoilt)", "finished * (dt - spoilt)", "offer of workshops"),
        ("release(dt, time, stages)", "dt", "constants of workshops"),
    ],
)  # fmt: skip
def test_a_planted_error_of_dimension_is_caught(tmp_path: Path, right: str, wrong: str, found: str) -> None:
    text = FILE.replace(right, wrong).replace("finish: Value, spoilt: Value)", "finish: Value, spoilt: Value, dt: Value)")
    assert text.count(wrong) >= 1
    path = tmp_path / "workshop_with_a_fault.py"
    path.write_text(text, encoding="utf-8")
    load_file(path)
    try:
        program = network.build(read(component.types()["workshops"].example))
        with pytest.raises(proof.DimensionError, match=found):
            proof.prove(program)
    finally:
        component.forget("workshops")
        sys.modules.pop(path.stem)


@pytest.mark.parametrize(
    ("right", "wrong"),
    [('by="takes", coefficient', 'by="takez", coefficient'), ('section = "workshops"', 'section = ""')],
)  # fmt: skip
def test_declarations_that_contradict_themselves_are_refused(tmp_path: Path, right: str, wrong: str) -> None:
    path = tmp_path / "workshop_with_a_slip.py"
    path.write_text(FILE.replace(right, wrong), encoding="utf-8")
    with pytest.raises(TypeError):
        load_file(path)
    sys.modules.pop(path.stem)
    assert "workshops" not in component.types()
