"""The JAX reading against the reference engine: the same bits where nothing is contracted, and slopes as differences find them."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import subprocess
import sys
from collections import defaultdict
from collections.abc import Callable, Generator, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import strategies
from materiel import network
from materiel.analysis import questions
from materiel.case.loading import load
from materiel.engine import reference, traced
from materiel.engine.traced import Runner, Traced, simulate
from materiel.equations import ratio
from materiel.errors import RunError
from materiel.network import Program
from runs import build, examples, gather, same_bits

Array = npt.NDArray[np.float64]
BEGINS = {"contingencies.war.begins": 7.25}
SHIPPED = ("dprk-2023", "britain-1915", "us-155mm-2022")

TOLERANCE = 1e-12
"""Largest difference, relative to the largest value of a series, that contracting products and sums may make; a few roundings of the largest amount in its unit are
allowed besides, for a series may be what two equal amounts leave."""


@contextlib.contextmanager
def uncontracted() -> Generator[None]:
    """Compile without optimising: then XLA contracts nothing, and is soon done."""
    jax.config.update("jax_disable_most_optimizations", True)
    try:
        yield
    finally:
        jax.config.update("jax_disable_most_optimizations", False)


def numbers(program: Program, draws: int, dt: float = 1.0, seed: int = 1) -> Array:
    return reference.prepare(program, seed, 0, draws, dt, BEGINS)[[slot for slot, _ in program.priors]]


def simulated(program: Program, given: Array, steps: int, dt: float = 1.0) -> Array:
    with jax.enable_x64(True):
        return np.asarray(jax.jit(simulate(program, steps, 1, range(program.size), dt))(given))


def stepped(program: Program, given: Array, steps: int, dt: float = 1.0) -> Array:
    """Return every slot after every period on the reference engine."""
    return reference.run(program, reference.fill(program, given, dt, {}), steps, 1, range(program.size)).recorded


def far(program: Program, made: Array, true: Array) -> npt.NDArray[np.bool_]:
    """Return which draws are further from the reference than contraction explains, shape (draws,)."""
    largest = np.abs(true).max(axis=(0, 2))
    of_unit: dict[str, float] = defaultdict(float)
    for slot, unit in program.slot_units.items():
        of_unit[unit] = max(of_unit[unit], largest[slot])
    allowed = TOLERANCE * largest + 1e-15 * np.array([of_unit[program.slot_units.get(slot, "")] for slot in range(program.size)])
    same = (made == true) | (np.isnan(made) & np.isnan(true))
    with np.errstate(invalid="ignore"):
        return (~same & ~(np.abs(made - true) <= allowed[:, None])).any(axis=(0, 1))


def tied(program: Program, given: Array, steps: int, dt: float, true: Array) -> npt.NDArray[np.bool_]:
    """Return which draws stand on a switch, shape (draws,): the reference itself moves as far when its numbers move by a few roundings.

    Days are left where they are: both engines are handed the same times and compare them alike, and days of random networks often fall on the first moment of a period.
    """
    random, found = np.random.default_rng(1), np.zeros(given.shape[1], dtype=bool)
    days = np.array([prior.unit == "date" for _, prior in program.priors])
    for _ in range(4):
        moved = np.where(days[:, None], given, given * (1.0 + 2.0**-50 * random.choice([-1.0, 1.0], given.shape)))
        found |= far(program, stepped(program, moved, steps, dt), true)
    return found


def planted(program: Program, change: Callable[[Any], Any]) -> Program:
    """Return the program with the first result of every stage that moves levels changed."""

    def faulty(function: Callable[..., Sequence[Any]]) -> Callable[..., Sequence[Any]]:
        return lambda *values: [change(value) if i == 0 else value for i, value in enumerate(function(*values))]

    step = [dataclasses.replace(stage, function=faulty(stage.function)) if stage.levels else stage for stage in program.step]
    return dataclasses.replace(program, step=step)


# ------------------------------------------------------------------ runs


def assert_bits(program: Program, recorded: Sequence[int], dt: float = 1.0, steps: int = 40, every: int = 3) -> None:
    memory = reference.prepare(program, 1, 0, 5, dt, BEGINS)
    with uncontracted():
        made = Runner(program, recorded).run(memory, steps, every)
    true = reference.run(program, memory, steps, every, recorded)
    assert same_bits(true.recorded, made.recorded)
    assert same_bits(true.last[program.levels], made.last[program.levels])
    assert same_bits(true.lowest, made.lowest)


@pytest.mark.parametrize("section", sorted(examples()))
def test_every_example_has_the_bits_of_the_reference(section: str) -> None:
    program = build(examples()[section])
    assert_bits(program, range(program.size))


def test_a_contracted_run_stays_within_the_tolerance_and_a_fault_does_not() -> None:
    program = build(examples()["fleets"])
    given = numbers(program, 13)
    true = stepped(program, given, 60)
    assert not far(program, simulated(program, given, 60), true).any()
    assert far(program, simulated(planted(program, lambda value: value * (1.0 + 1e-9)), given, 60), true).any()


@settings(max_examples=1)
@given(strategies.cases(account=True))
def test_a_random_network_has_the_bits_of_the_reference(data: strategies.Data) -> None:
    program = build(data)
    assert_bits(program, program.levels)


@pytest.mark.proof
def test_many_random_networks_compiled_either_way() -> None:
    """Draws that stand on a switch are counted, a network at a time, and the lesser part: else little would be compared. None of the others is far from the reference."""
    counts = np.zeros(2, dtype=int)

    @settings(max_examples=25, derandomize=False)
    @given(strategies.cases(), strategies.steps, st.integers(1, 19))
    def each(data: strategies.Data, dt: float, draws: int) -> None:
        program = build(data, dt)
        assert_bits(program, range(program.size), dt)
        given = numbers(program, draws, dt)
        true = stepped(program, given, 60, dt)
        on_switch = tied(program, given, 60, dt, true)
        assert not (far(program, simulated(program, given, 60, dt), true) & ~on_switch).any()
        counts[:] += on_switch.sum(), draws

    each()
    assert counts[0] <= 0.25 * counts[1]


@functools.cache
def shipped(name: str) -> tuple[Program, float]:
    case = load(name)
    return network.build(case, [one.gauge for one in questions.prepare(case).values() if one.gauge]), case.step


@pytest.mark.proof
@pytest.mark.parametrize("name", SHIPPED)
def test_shipped_cases_have_the_bits_of_the_reference(name: str) -> None:
    program, dt = shipped(name)
    assert_bits(program, program.levels, dt, steps=20)


@pytest.mark.proof
@pytest.mark.parametrize("name", SHIPPED)
def test_shipped_cases_to_their_end(name: str) -> None:
    program, dt = shipped(name)
    given, steps = numbers(program, 20, dt), {"britain-1915": 1580, "us-155mm-2022": 1771}.get(name, 730)
    true = stepped(program, given, steps, dt)
    assert not far(program, simulated(program, given, steps, dt), true).any()


# ------------------------------------------------------------------ slopes


def slopes_and_differences(program: Program, slot: int, given: Array, steps: int) -> tuple[Array, Array, Array]:
    """Return, number by number, what a small step of it does to a slot at the end: by its slope, by central differences of the reference, and whether a kink is near.

    `given` has the shape (numbers, 1).
    """
    with uncontracted():
        values, found = traced.slopes(program, steps, slot, 1.0, given)
    small = 1e-6 * np.where(given == 0.0, 1.0, np.abs(given))[:, 0]
    steps_of = np.concatenate([np.diag(small) * factor for factor in (1.0, -1.0, 2.0, -2.0)], axis=1)
    up, down, far_up, far_down = np.split(stepped(program, given + steps_of, steps)[-1, slot], 4)
    central = (up - down) / 2.0
    bent = np.abs(up + down - 2.0 * values) + np.abs((far_up - far_down) / 4.0 - central)
    return found[:, 0] * small, central, bent > 1e-3 * np.abs(central) + 1e-12 * np.abs(values)


def watched(program: Program) -> int:
    """Return a level that depends on much: the one that most numbers move."""
    given = numbers(program, 1)
    moved = stepped(program, given + np.diag(1e-3 * np.abs(given[:, 0]) + 1e-6), 30)[-1]
    return max(program.levels, key=lambda slot: np.count_nonzero(np.abs(moved[slot] - np.median(moved[slot])) > 1e-9 * np.abs(moved[slot]).max()))


def assert_slopes(program: Program, steps: int) -> int:
    """Check slopes by all numbers at once, and return how many of them move what is watched."""
    by_slope, by_difference, bent = slopes_and_differences(program, watched(program), numbers(program, 1), steps)
    assert np.isfinite(by_slope).all()
    assert bent.sum() <= len(bent) / 4
    assert np.abs(by_slope - by_difference)[~bent] == pytest.approx(0.0, abs=1e-5 * np.abs(by_difference).max())
    return np.count_nonzero(by_difference[~bent])


@pytest.mark.parametrize("section", ["lines", "engagements"])
def test_slopes_are_what_differences_find(section: str) -> None:
    assert assert_slopes(build(examples()[section]), 30) >= 3


def test_differences_find_a_wrong_slope(monkeypatch: pytest.MonkeyPatch) -> None:
    of = traced.quotient
    monkeypatch.setattr(traced, "quotient", lambda a, b: of(a, jax.lax.stop_gradient(b)))
    with pytest.raises(AssertionError):
        assert_slopes(build(examples()["engagements"]), 30)


@pytest.mark.proof
@settings(max_examples=8, derandomize=False)
@given(strategies.cases())
def test_slopes_of_random_networks(data: strategies.Data) -> None:
    assert_slopes(build(data), 25)


@pytest.mark.proof
def test_slopes_of_a_shipped_case() -> None:
    program, _ = shipped("britain-1915")
    assert assert_slopes(program, 300) >= 20


def test_the_slope_of_a_ratio_by_nought_is_finite(monkeypatch: pytest.MonkeyPatch) -> None:
    """`where` alone would give nought times infinity, which is no number."""

    def shares(a: Any, b: Any) -> Any:
        return ratio(Traced(a), Traced(b)).array.sum()

    with jax.enable_x64(True), uncontracted():
        a, b = jnp.array([3.0, 0.0, 3.0, 3.0]), jnp.array([0.0, 0.0, 2.0, -1.0])
        by_a, by_b = jax.grad(shares, argnums=(0, 1))(a, b)
        assert by_a.tolist() == [0.0, 0.0, 0.5, 0.0]
        assert by_b.tolist() == [0.0, 0.0, -0.75, 0.0]
        curved = jax.hessian(lambda b: shares(a, b))(b)
        assert curved[2, 2] == pytest.approx(0.75)
        assert jnp.isfinite(curved).all()
        monkeypatch.setattr(traced, "quotient", lambda a, b: a / b)
        assert jnp.isnan(jax.grad(shares, argnums=1)(a, b)).any()


def test_a_division_keeps_its_value_where_its_slope_is_cut() -> None:
    with jax.enable_x64(True):
        made = np.asarray(traced.quotient(jnp.array([1.0, -1.0, 0.0, 1.0]), jnp.array([0.0, 0.0, 0.0, 3.0])))
    assert made.tolist()[:2] == [np.inf, -np.inf]
    assert np.isnan(made[2])
    assert made[3] == 1.0 / 3.0


# ------------------------------------------------------------------ batches, precision, what users see


def test_one_compilation_serves_many_batches_and_lengths() -> None:
    program = build(examples()["supplies"])
    times = 0

    def counted(given: Any) -> Any:
        nonlocal times
        times += 1
        return simulate(program, 12, 4, program.levels)(given)

    with jax.enable_x64(True):
        function = jax.jit(counted)
        batches = [np.asarray(function(numbers(program, 6, seed=seed))) for seed in (1, 2, 3)]
    assert times == 1
    assert batches[0].shape == (3, len(program.levels), 6)
    assert not np.array_equal(batches[0], batches[1])
    runner = Runner(program, program.levels)
    for steps, every, draws in ((12, 4, 150), (7, 1, 150), (40, 3, 700)):
        memory = reference.prepare(program, 1, 0, draws, 1.0, BEGINS)
        made, true = runner.run(memory, steps, every), reference.run(program, memory, steps, every, program.levels)
        assert made.recorded == pytest.approx(true.recorded, rel=TOLERANCE)
        assert made.last[program.levels] == pytest.approx(true.last[program.levels], rel=TOLERANCE)
    assert len(runner.ready) == 1


def test_an_ensemble_on_jax_keeps_what_the_reference_keeps() -> None:
    program = build(examples()["lines"])
    with uncontracted():
        made, true = (gather(program, program.levels, program.levels[:3], draws=21, steps=31, every=3, engine=engine) for engine in ("jax", "numpy"))
    assert same_bits(made.kept, true.kept)
    assert made.laws == true.laws
    shares = np.array([0.05, 0.5, 0.95])
    assert all(np.array_equal(made.fans[slot].quantiles(shares), true.fans[slot].quantiles(shares)) for slot in program.levels[:3])


def test_a_batch_of_batches_and_slopes_of_each_draw() -> None:
    program = build(examples()["supplies"])
    function = simulate(program, 12, 12, program.levels)

    def whole(x: Any) -> Any:
        return function(x)[0].sum()

    @jax.jit
    def ways(given: Any) -> Any:
        apart, together = [function(batch) for batch in given], jax.grad(whole)(given[0])
        each = jax.vmap(jax.grad(lambda x: whole(x[:, None])), in_axes=1, out_axes=1)(given[0])
        forward = jax.jvp(whole, (given[0],), (given[0],))[1]
        return apart, jax.vmap(function)(given), together, each, forward, (together * given[0]).sum()

    with jax.enable_x64(True), uncontracted():
        made = ways(np.stack([numbers(program, 3, seed=seed) for seed in (1, 2)]))
    apart, batched, together, each, forward, backward = (np.asarray(one) for one in made)
    assert batched == pytest.approx(apart, rel=TOLERANCE)
    assert each == pytest.approx(together, rel=TOLERANCE)
    assert forward == pytest.approx(backward, rel=TOLERANCE)


def test_precision_is_asked_for_and_never_lost_in_silence() -> None:
    program = build(examples()["supplies"])
    given = numbers(program, 4)
    with pytest.raises(RunError, match=r"numbers in float32 for a run in float64; call it within `jax.enable_x64\(True\)`"):
        simulate(program, 10, 1, program.levels)(given)
    with pytest.raises(RunError, match="unknown precision 'float16'; float64 or float32"):
        simulate(program, 10, 1, program.levels, precision="float16")
    coarse = np.asarray(simulate(program, 10, 1, program.levels, precision="float32")(given))
    fine = stepped(program, given, 10)[:, program.levels]
    assert coarse.dtype == np.float32
    assert not np.array_equal(coarse, fine)
    assert coarse == pytest.approx(fine, rel=1e-5)
    assert not jax.config.jax_enable_x64, "precision is a matter of each call, not of the process"


def test_numbers_of_another_shape_are_refused() -> None:
    program = build(examples()["supplies"])
    with pytest.raises(RunError, match=r"numbers of shape \(3,\); \(\d+, draws\)"):
        simulate(program, 10, 1, program.levels, precision="float32")(np.ones(3))


def test_without_jax_one_sentence_says_how_to_get_it() -> None:
    script = "import sys; sys.modules['jax'] = None\nfrom materiel.errors import RunError\ntry:\n    import materiel.engine.traced\nexcept RunError as e:\n    print(e)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)  # noqa: S603
    assert done.stdout.strip() == "this needs JAX, which is not installed; `pip install materiel[jax]` installs it"
