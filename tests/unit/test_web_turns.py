"""Who is served next."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from materiel.web.guard import Refused
from materiel.web.turns import MOST_LONG, Turns


class Visit:
    """A request that holds its turn until it is let go; `told` is the order in which turns were had."""

    def __init__(self, turns: Turns, name: str, told: list[str], tab: str = "", *, long: int = 0) -> None:
        self.done = asyncio.Event()
        self.task = asyncio.create_task(self.go(turns, name, told, tab, long))

    async def go(self, turns: Turns, name: str, told: list[str], tab: str, long: int) -> None:
        async with turns.turn(tab, long=long):
            told.append(name)
            await self.done.wait()


async def settle() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


def test_turns_are_had_in_order_and_no_more_than_there_are_places():
    async def play() -> None:
        told: list[str] = []
        turns = Turns(2, 10)
        visits = []
        for name in "abcd":
            visits.append(Visit(turns, name, told))
            await settle()
        assert told == ["a", "b"]
        visits[1].done.set()
        await settle()
        assert told == ["a", "b", "c"]
        for visit in visits:
            visit.done.set()
        await asyncio.gather(*(visit.task for visit in visits))
        assert told == ["a", "b", "c", "d"]

    asyncio.run(play())


def test_of_a_tab_only_the_newest_waits_and_what_runs_goes_on():
    async def play() -> None:
        told: list[str] = []
        turns = Turns(1, 10)
        running, old, other, new = [Visit(turns, name, told, tab) for name, tab in (("running", "t"), ("old", "t"), ("other", "u"), ("new", "t"))]
        await settle()
        with pytest.raises(Refused) as refused:
            await old.task
        assert refused.value.status == 409
        for visit in (running, other, new):
            visit.done.set()
        await asyncio.gather(running.task, other.task, new.task)
        assert told == ["running", "other", "new"]

    asyncio.run(play())


def test_what_finds_a_place_at_once_supersedes_as_well():
    async def play() -> None:
        told: list[str] = []
        turns = Turns(2, 10)
        running, old, new = [Visit(turns, name, told, tab, long=long) for name, tab, long in (("running", "u", True), ("old", "t", True), ("new", "t", False))]
        await settle()
        assert told == ["running", "new"]
        with pytest.raises(Refused):
            await old.task
        for visit in (running, new):
            visit.done.set()
        await asyncio.gather(running.task, new.task)

    asyncio.run(play())


def test_requests_without_a_tab_supersede_nobody():
    async def play() -> None:
        told: list[str] = []
        turns = Turns(1, 10)
        visits = [Visit(turns, name, told) for name in "abc"]
        for visit in visits:
            visit.done.set()
        await asyncio.gather(*(visit.task for visit in visits))
        assert told == ["a", "b", "c"]

    asyncio.run(play())


def test_what_takes_long_leaves_a_place_to_others():
    async def play() -> None:
        told: list[str] = []
        turns = Turns(2, 10)
        visits = [Visit(turns, name, told, long=name.isupper()) for name in "ABcd"]
        await settle()
        assert told == ["A", "c"]  # B waits although it came before c
        visits[2].done.set()
        await settle()
        assert told == ["A", "c", "d"]
        visits[0].done.set()
        await settle()
        assert told == ["A", "c", "d", "B"]
        for visit in visits:
            visit.done.set()
        await asyncio.gather(*(visit.task for visit in visits))

    asyncio.run(play())


def test_what_takes_long_has_the_only_place_there_is():
    async def play() -> None:
        told: list[str] = []
        visits = [Visit(Turns(1, 10), "A", told, long=True)]
        await settle()
        assert told == ["A"]
        visits[0].done.set()
        await visits[0].task

    asyncio.run(play())


def test_a_full_queue_says_when_to_come_again():
    async def play() -> None:
        turns = Turns(1, 2)
        visits = [Visit(turns, name, []) for name in "abcd"]
        await settle()
        with pytest.raises(Refused) as refused:
            await visits[3].task
        assert refused.value.status == 503
        assert int(refused.value.reply().headers["retry-after"]) > 0
        for visit in visits[:3]:
            visit.done.set()
        await asyncio.gather(*(visit.task for visit in visits[:3]))

    asyncio.run(play())


@pytest.mark.parametrize("long", [1, 4])
def test_what_takes_long_leaves_room_in_the_queue_to_others(long):
    async def play() -> None:
        turns = Turns(1, MOST_LONG + 10)
        running, *waiting, last = [Visit(turns, "long", [], long=long) for _ in range(MOST_LONG // long + 2)]
        short = Visit(turns, "short", [])
        await settle()
        with pytest.raises(Refused) as refused:
            await last.task
        assert refused.value.status == 503
        for visit in (running, *waiting, short):
            visit.done.set()
        await asyncio.gather(*(visit.task for visit in (running, *waiting, short)))

    asyncio.run(play())


@given(
    st.lists(st.tuples(st.sampled_from(["come", "leave", "end"]), st.integers(0, 5), st.sampled_from(["", "t", "u"]), st.booleans()), max_size=40),
    st.integers(1, 3),
)
def test_no_turn_is_lost_whoever_goes_away(moves, places):
    """Whatever comes, ends or is cut off, never more have a turn than there are places, and in the end all places are free again."""

    async def play() -> None:
        turns, visits, told = Turns(places, 4), list[Visit](), list[str]()
        for move, at, tab, long in moves:
            if move == "come":
                visits.append(Visit(turns, "x", told, tab, long=long))
            elif visits and move == "leave":
                visits[at % len(visits)].task.cancel()
            elif visits:
                visits[at % len(visits)].done.set()
            if at % 2:  # some things happen in the same moment
                await settle()
            assert 0 <= turns._free <= places
            assert 0 <= turns._free_for_long <= max(1, places - 1)
            assert not any(not one.turn.done() and turns._fits(one.long) for one in turns._queue)
        for visit in visits:
            visit.done.set()
        await asyncio.gather(*(visit.task for visit in visits), return_exceptions=True)
        assert (turns._free, turns._free_for_long) == (places, max(1, places - 1))
        assert not turns._queue

    asyncio.run(play())
