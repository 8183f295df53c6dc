"""Who is served next."""

from __future__ import annotations

import asyncio
from contextlib import AbstractAsyncContextManager

import pytest
from hypothesis import given
from hypothesis import strategies as st

from materiel.web.guard import Refused
from materiel.web.turns import MOST_LONG, Turns


class Visit:
    """A request that holds its turn until it is let go; `told` is the order in which turns were had."""

    def __init__(self, turns: Turns, name: str, told: list[str], about: str = "", *, long: bool = False, waiting: int | None = None) -> None:
        self.done = asyncio.Event()
        self.task = asyncio.create_task(self.go(name, told, turns.turn(about, long=long, waiting=waiting)))

    async def go(self, name: str, told: list[str], turn: AbstractAsyncContextManager[None]) -> None:
        async with turn:
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


def test_of_one_thing_one_has_a_turn_and_one_waits():
    """Whoever asks much of it neither holds up the others nor fills the queue."""

    async def play() -> None:
        told: list[str] = []
        turns = Turns(2, 10)
        first, second, third, other = [Visit(turns, name, told, name[0], waiting=1) for name in ("a1", "a2", "a3", "b1")]
        await settle()
        assert told == ["a1", "b1"]  # b1 has the place for which a2 may not be taken
        with pytest.raises(Refused) as refused:
            await third.task
        assert (refused.value.status, refused.value.key) == (503, "busy")
        first.done.set()
        await settle()
        assert told == ["a1", "b1", "a2"]
        for visit in (second, other):
            visit.done.set()
        await asyncio.gather(first.task, second.task, other.task)

    asyncio.run(play())


def test_what_is_about_nothing_in_particular_waits_for_a_place_alone():
    async def play() -> None:
        told: list[str] = []
        turns = Turns(2, 10)
        visits = [Visit(turns, name, told) for name in "abc"]
        await settle()
        assert told == ["a", "b"]
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


def test_what_takes_long_leaves_room_in_the_queue_to_others():
    async def play() -> None:
        turns = Turns(1, 20)
        running, *long = [Visit(turns, "long", [], long=True) for _ in range(MOST_LONG + 2)]
        short = Visit(turns, "short", [])
        await settle()
        with pytest.raises(Refused) as refused:
            await long[-1].task
        assert refused.value.status == 503
        for visit in (running, *long[:-1], short):
            visit.done.set()
        await asyncio.gather(running.task, *(one.task for one in long[:-1]), short.task)

    asyncio.run(play())


@given(
    st.lists(st.tuples(st.sampled_from(["come", "leave", "end"]), st.integers(0, 5), st.sampled_from(["", "t", "u"]), st.booleans()), max_size=40),
    st.integers(1, 3),
)
def test_no_turn_is_lost_whoever_goes_away(moves, places):
    """Whatever comes, ends or is cut off, never more have a turn than there are places, and in the end all places are free again."""

    async def play() -> None:
        turns, visits, told = Turns(places, 4), list[Visit](), list[str]()
        for move, at, about, long in moves:
            if move == "come":
                visits.append(Visit(turns, "x", told, about, long=long))
            elif visits and move == "leave":
                visits[at % len(visits)].task.cancel()
            elif visits:
                visits[at % len(visits)].done.set()
            if at % 2:  # some things happen in the same moment
                await settle()
            assert 0 <= turns._free <= places
            assert all(count == 1 for about, count in turns._busy.items() if about)
            assert 0 <= turns._free_for_long <= max(1, places - 1)
            assert not any(not one.turn.done() and turns._fits(one.about, one.long) for one in turns._queue)
        for visit in visits:
            visit.done.set()
        await asyncio.gather(*(visit.task for visit in visits), return_exceptions=True)
        assert (turns._free, turns._free_for_long) == (places, max(1, places - 1))
        assert not turns._queue
        assert not turns._busy

    asyncio.run(play())
