"""Who is served next: as many at a time as there are cores, the others in the order in which they came, and not more than a queue can hold.

Requests that take long never hold all places, so that whoever drags does not wait for them. Requests about one thing can be kept to one at a time, so that whoever asks much of it
does not hold up the others.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter, deque
from collections.abc import AsyncGenerator
from dataclasses import dataclass

from materiel.web.guard import Refused

MOST_LONG = 8
"""Requests that take long and wait, at most: a file takes some seconds of a core, and all wait behind it."""


@dataclass(eq=False)
class _Waiting:
    """A request that waits: what it is about, whether it takes long, and what it waits for."""

    about: str
    long: bool
    turn: asyncio.Future[None]


class Turns:
    """Turns at `places` places, of which long ones leave one free if there are two; at most `waiting` requests wait, `MOST_LONG` long ones among them. It belongs to one event loop."""

    def __init__(self, places: int, waiting: int) -> None:
        self._free, self._free_for_long = places, max(1, places - 1)
        self._most = waiting
        self._busy = Counter[str]()
        self._queue: deque[_Waiting] = deque()

    @contextlib.asynccontextmanager
    async def turn(self, about: str = "", *, long: bool = False, waiting: int | None = None) -> AsyncGenerator[None]:
        """Wait for a turn and hold it. Of requests `about` the same, one has a turn at a time and at most `waiting` wait. Raises Refused when too many wait already."""
        if self._fits(about, long):
            self._take(about, long, 1)
        else:
            await self._wait(about, long, self._most if waiting is None else waiting)
        try:
            yield
        finally:
            self._take(about, long, -1)
            self._pass_on()

    def _fits(self, about: str, long: bool) -> bool:
        return self._free > 0 and (not long or self._free_for_long > 0) and not (about and self._busy[about])

    def _take(self, about: str, long: bool, places: int) -> None:
        self._free -= places
        self._free_for_long -= places if long else 0
        self._busy[about] += places
        if not self._busy[about]:
            del self._busy[about]

    async def _wait(self, about: str, long: bool, most: int) -> None:
        full = len(self._queue) >= self._most
        full |= long and sum(one.long for one in self._queue) >= MOST_LONG
        full |= bool(about) and sum(one.about == about for one in self._queue) >= most
        if full:
            raise Refused(503, "too many are asking at the moment", again=2, key="busy")
        mine = _Waiting(about, long, asyncio.get_running_loop().create_future())
        self._queue.append(mine)
        try:
            await mine.turn
        except asyncio.CancelledError:
            if mine in self._queue:
                self._queue.remove(mine)
            elif not mine.turn.cancelled():  # it was given a turn in the moment in which it went away
                self._take(about, long, -1)
                self._pass_on()
            raise

    def _pass_on(self) -> None:
        """Give what is free to whoever waits longest and fits."""
        for one in [*self._queue]:
            if not one.turn.done() and self._fits(one.about, one.long):
                self._queue.remove(one)
                self._take(one.about, one.long, 1)
                one.turn.set_result(None)
