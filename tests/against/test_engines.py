"""The native engine against the reference: every slot, every period, every bit."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import strategies
from materiel import network
from materiel.analysis import questions
from materiel.case.files import shelf
from materiel.case.loading import load
from materiel.engine import parts
from materiel.engine.kernel import compile_program
from materiel.engine.knowledge import constants
from materiel.network import Program
from runs import ENGINES, build, examples, gather, run, same_bits

SHIPPED = ("dprk-2023", "britain-1915", "us-155mm-2022")
LARGE = ("dprk-2023", "britain-1915")
"""Those with enough in them to be cut into parts."""


def assert_same(program: Program, **how: object) -> None:
    reference, native = run(program, "numpy", **how), run(program, "native", **how)  # type: ignore[arg-type]
    for slot in range(program.size):
        if not same_bits(reference.recorded[:, slot], native.recorded[:, slot]):
            where = next((path for path, slots in program.variables.items() if slot in slots), "a slot of the network")
            period = int(np.argmax((reference.recorded[:, slot] != native.recorded[:, slot]).any(axis=1)))
            pytest.fail(f"{where} (slot {slot}) differs from period {period} on")
    assert same_bits(reference.last[range(program.size)], native.last[range(program.size)])
    assert same_bits(reference.lowest, native.lowest)


@pytest.mark.parametrize("section", sorted(examples()))
@pytest.mark.parametrize("begins", [1e6, 7.25])
def test_engines_agree_on_every_example(section: str, begins: float) -> None:
    assert_same(build(examples()[section]), steps=60, draws=13, fixed={"contingencies.war.begins": begins})


@settings(max_examples=15)
@given(strategies.cases(), strategies.steps, st.integers(1, 19))
def test_engines_agree_on_random_networks(data: strategies.Data, dt: float, draws: int) -> None:
    """Any number of draws: a register that is not full must not leak into the others."""
    assert_same(build(data, dt), steps=25, draws=draws, dt=dt, fixed={"contingencies.war.begins": 9.5})


@pytest.mark.proof
@settings(max_examples=150, derandomize=False)
@given(strategies.cases(), strategies.steps, st.integers(1, 40))
def test_engines_agree_on_many_more_networks(data: strategies.Data, dt: float, draws: int) -> None:
    assert_same(build(data, dt), steps=60, draws=draws, dt=dt, fixed={"contingencies.war.begins": 9.5})


@pytest.mark.parametrize("name", SHIPPED)
def test_engines_agree_on_shipped_cases(name: str) -> None:
    if not (shelf() / name / "case.yaml").exists():
        pytest.skip(f"{name} is not shipped yet")
    case = load(name)
    gauges = [one.gauge for one in questions.prepare(case).values() if one.gauge and not one.branch.contingency]
    assert_same(network.build(case, gauges), steps=45, draws=5, dt=case.step)


@settings(max_examples=15)
@given(strategies.cases(), strategies.steps, st.integers(1, 80), st.integers(4, 30), st.integers(1, 40))
def test_a_network_in_parts_has_the_same_bits(data: strategies.Data, dt: float, draws: int, fitting: int, steps: int) -> None:
    """Parts run ahead of one another, whether everything is read in the end or a few levels only."""
    program = build(data, dt)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(parts, "FITTING", fitting)
        patch.setattr(parts, "MOST", 1000)
        assert_same(program, steps=steps, draws=draws, dt=dt, fixed={"contingencies.war.begins": 9.5})
        few = program.levels[::7]
        made = [run(program, engine, steps=steps, draws=draws, dt=dt, record=few) for engine in ENGINES]
    assert same_bits(made[0].recorded, made[1].recorded)


@pytest.mark.parametrize("name", LARGE)
def test_a_shipped_case_in_parts_has_the_same_bits(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    case = load(name)
    program = network.build(case)
    few = program.levels[::9]
    whole = run(program, "native", steps=70, draws=9, record=few)
    monkeypatch.setattr(parts, "FITTING", 150)
    monkeypatch.setattr(parts, "MOST", 9)
    kernel = compile_program(program, few, constant=constants(program, {}, 1.0))
    assert len(kernel.plan.parts) > 1
    assert kernel.plan.handed > 0
    assert same_bits(whole.recorded, run(program, "native", steps=70, draws=9, record=few).recorded)


@pytest.mark.parametrize("every", [1, 3, 7])
def test_engines_record_at_the_same_moments(every: int) -> None:
    """What an ensemble keeps and counts is the same on both engines, also when the last records are not full."""
    program = build(examples()["lines"])
    made = [gather(program, program.levels, program.levels, draws=21, steps=31, every=every, engine=engine) for engine in ENGINES]
    assert same_bits(made[0].kept, made[1].kept)
    assert same_bits(made[0].times, made[1].times)
    for slot in program.levels:
        places, counts = zip(*(one.fans[slot].filled() for one in made), strict=True)
        assert np.array_equal(*places)
        assert np.array_equal(*counts)
    assert made[0].laws == made[1].laws
