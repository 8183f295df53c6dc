"""However the draws are cut, kept, and handed out, the numbers are the same, bit for bit; and what is in memory at once is bounded."""

from __future__ import annotations

import functools
import random
import time
import tracemalloc
from collections.abc import Callable, Generator, Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from materiel.engine import ensemble, laws
from materiel.engine.ensemble import Ensemble, Pass, Settings, Simulator
from materiel.engine.reference import Outcome
from materiel.engine.store import packed, unpacked
from materiel.errors import RunError
from materiel.network import Program
from materiel.network.program import Account
from runs import ENGINES, build, same_bits
from strategies import between, constant, day

CASE: dict[str, Any] = {
    "format": 1, "title": "A store that is drawn on", "start": day(0), "end": day(90), "items": {"shell": {"unit": "round"}}, "contingencies": {"war": {}},
    "actors": {"north": {
        "stockpiles": {"shell": {"item": "shell", "initial": between(500.0, 9000.0, "round"), "shelf_life": between(50.0, 500.0, "day")}},
        "lines": {"shell": {"item": "shell", "capacity": between(10.0, 60.0, "round/day"), "lead_time": between(5.0, 50.0, "day")}},
        "demands": {"front": {
            "item": "shell", "rate": between(1.0, 30.0, "round/day"), "contingency": "war", "war_rate": between(50.0, 500.0, "round/day"), "burst": constant(2.0),
        }},
    }},
}  # fmt: skip
DRAWS = 9001  # three blocks, the last of them a single draw past a multiple of most chunks


@functools.cache
def program() -> Program:
    return build(CASE)


def passes(steps: int = 12) -> list[Pass]:
    one = program()
    fans = one.levels[:2]
    return [
        Pass(one, steps, one.levels, fans, fans),
        Pass(one, steps, one.levels[:1], fans, fans[:1], {"contingencies.war.begins": 6.0}, 0, 6),
        Pass(one, steps - 3, one.levels[1:], fans, ()),
    ]


def run(shelf: ensemble.Shelf | None = None, work: ensemble.Work | None = None, **changes: Any) -> list[Ensemble]:
    return ensemble.run(passes(), Settings(**{"draws": DRAWS, "every": 3, "workers": 1} | changes), lambda _: None, shelf, work)


@functools.cache
def whole(engine: str = "native") -> list[Ensemble]:
    """Return the runs as one thread makes them, all draws together."""
    return run(chunk=DRAWS, engine=engine)


def assert_same(found: Sequence[Ensemble], wanted: Sequence[Ensemble]) -> None:
    points = np.array([0.0, 0.01, 0.05, 0.5, 0.95, 1.0])
    for one, other in zip(found, wanted, strict=True):
        assert same_bits(one.kept, other.kept)
        assert one.laws == other.laws
        assert one.machines == other.machines
        assert list(one.fans) == list(other.fans)
        assert all(same_bits(fan.quantiles(points), other.fans[slot].quantiles(points)) for slot, fan in one.fans.items())


class Shelf:
    """Blocks in memory, as they would lie on disk; the run is stopped, as if killed, once `room` are kept."""

    def __init__(self, room: int = 99) -> None:
        self.blocks: dict[range, bytes] = {}
        self.room, self.read = room, 0

    def get(self, block: range, like: Sequence[Ensemble]) -> list[Ensemble] | None:
        if block not in self.blocks:
            return None
        self.read += 1
        return unpacked(self.blocks[block], block, like)

    def put(self, block: range, left: Sequence[Ensemble]) -> None:
        if len(self.blocks) == self.room:
            raise KeyboardInterrupt
        self.blocks[block] = packed(left)


def elsewhere(order: random.Random) -> ensemble.Work:
    """Return what runs blocks as a cluster does: each for itself, in any order, handed over as an archive."""

    def work(blocks: Sequence[range], report: Callable[[int], None]) -> Generator[tuple[range, list[Ensemble]]]:
        one = passes()
        for block in order.sample(blocks, len(blocks)):
            simulator = Simulator(one, Settings(draws=DRAWS, every=3, chunk=order.choice([700, 5000]), workers=order.randint(1, 9)))
            report(len(block) * len(one))
            yield block, unpacked(packed(simulator.block(block)), block, simulator.empty(0))

    return work


@settings(max_examples=10)
@given(
    chunk=st.integers(300, 10_000), workers=st.integers(1, 5), stopped=st.integers(0, 3), away=st.booleans(), lost=st.integers(0, 2), seed=st.integers(0, 99)
)
def test_any_chunk_worker_order_and_stop_gives_the_same_bits(chunk: int, workers: int, stopped: int, away: bool, lost: int, seed: int) -> None:
    order = random.Random(seed)  # noqa: S311
    shelf = Shelf(stopped)
    if stopped < 3:
        with pytest.raises(KeyboardInterrupt):
            run(shelf, elsewhere(order) if seed % 2 else None, chunk=chunk, workers=workers)
        assert len(shelf.blocks) == stopped
        for block in order.sample(list(shelf.blocks), min(lost, stopped)):
            del shelf.blocks[block]
    kept, shelf.room = len(shelf.blocks), 99
    found = run(shelf, elsewhere(order) if away else None, chunk=order.randint(300, 10_000), workers=order.randint(1, 5))
    assert_same(found, whole())
    assert (shelf.read, len(shelf.blocks)) == (kept, 3)


@given(st.integers(0, 9999), st.integers(1, 40))
def test_the_laws_of_a_draw_are_the_same_alone_and_among_others(seed: int, holders: int) -> None:
    """NumPy adds the rows of a single column in another order."""
    rng = np.random.default_rng(seed)
    first, last = (rng.random((holders, 5)) * 10.0 ** rng.integers(-3, 3, (holders, 5)) for _ in range(2))
    one = Program(laws=[Account("items.shell", role, slot) for slot in range(holders) for role in ("holds", "source", "sink")])
    among = laws.errors(one, Outcome(first, last, np.empty((0, 0, 5)), np.zeros(5)))
    for i in range(5):
        alone = laws.errors(one, Outcome(first[:, i : i + 1], last[:, i : i + 1], np.empty((0, 0, 1)), np.zeros(1)))
        assert all(same_bits(alone[law], errors[i : i + 1]) for law, errors in among.items())


@pytest.mark.parametrize("engine", ENGINES)
def test_chunks_of_a_single_draw_change_nothing(engine: str) -> None:
    assert_same(run(chunk=1, draws=20, engine=engine), run(chunk=20, draws=20, engine=engine))
    assert_same(run(chunk=50, draws=51, engine=engine), run(chunk=51, draws=51, engine=engine))


def test_both_engines_keep_the_same_blocks() -> None:
    found, wanted = run(engine="numpy"), whole()
    assert all(same_bits(one.kept, other.kept) and one.laws == other.laws for one, other in zip(found, wanted, strict=True))


@pytest.mark.parametrize("draws", [1, 2000, 4096, 4097, 262_143, 262_144, 300_000, 1_000_000, 10**7])
def test_blocks_hold_every_draw_once_and_hang_on_the_draws_alone(draws: int) -> None:
    blocks = Settings(draws=draws).blocks()
    assert [i for block in blocks for i in (block.start, block.stop)] == [0, *(block.stop for block in blocks[:-1] for _ in range(2)), draws]
    assert blocks == Settings(draws=draws, chunk=7, workers=33, engine="numpy", seed=5).blocks()
    assert len(blocks) <= max(64, draws / 16384 + 1)


def test_what_is_told_adds_up_to_every_run_whatever_was_kept() -> None:
    for shelf, work in ((None, None), (Shelf(), None), (None, elsewhere(random.Random(1)))):  # noqa: S311
        told: list[int] = []
        ensemble.run(passes(), Settings(draws=DRAWS, every=3, chunk=1000, workers=2), told.append, shelf, work)
        assert sum(told) == 3 * DRAWS
    kept = Shelf(1)
    with pytest.raises(KeyboardInterrupt):
        run(kept)
    kept.room, told = 99, []
    ensemble.run(passes(), Settings(draws=DRAWS, every=3), told.append, kept)
    assert told[0] == 3 * 4096
    assert sum(told) == 3 * DRAWS


def test_a_law_that_broke_in_a_block_that_was_kept_is_still_broken() -> None:
    shelf = Shelf()
    run(shelf)
    block, data = next(iter(shelf.blocks.items()))
    broken = unpacked(data, block, whole())
    broken[0].laws["items.shell"] = 0.5
    shelf.blocks[block] = packed(broken)
    with pytest.raises(RunError, match=r"law broken: items\.shell by 0\.5"):
        run(shelf)


def test_threads_do_not_run_ahead_of_whoever_takes_what_they_make() -> None:
    begun: list[int] = []

    def work(item: int) -> None:
        begun.append(item)

    made = ensemble._spread(work, range(100), 2)
    for taken in range(10):
        assert next(made) == taken
        time.sleep(0.02)
        assert len(begun) <= taken + 1 + 2 * 2
    made.close()
    time.sleep(0.02)
    assert len(begun) <= 9 + 1 + 2 * 2, "whoever stops stops them"


def peak(draws: int, workers: int) -> float:
    """Return how many bytes a run takes at most, besides what it keeps of every draw."""
    tracemalloc.start()
    made = ensemble.run(passes(), Settings(draws=draws, every=3, workers=workers), lambda _: None)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return most - sum(one.kept.nbytes for one in made)


def test_memory_grows_with_what_is_kept_and_nothing_else() -> None:
    peak(5000, 2)  # whatever is made once
    few, many = peak(10_000, 2), peak(60_000, 2)
    assert many < 1.3 * few, f"{many / 1e6:.1f} MB for six times the draws, {few / 1e6:.1f} MB before"


def test_many_threads_share_the_memory_of_few(monkeypatch: pytest.MonkeyPatch) -> None:
    sizes = [Simulator(passes(), Settings(draws=DRAWS, workers=workers)).size for workers in (1, 2, 10_000)]
    assert sizes[0] == sizes[1] == 1024
    assert 64 <= sizes[2] < 1024
    monkeypatch.setattr(ensemble, "MEMORY", 2**20)
    assert Simulator(passes(), Settings(draws=DRAWS, workers=64)).size == 64
    assert Simulator(passes(), Settings(draws=DRAWS, workers=64, chunk=10)).size == 10
