"""Who is served next: as many at a time as there are cores, the others in the order in which they came, and not more than a queue can hold.

Of the requests of one tab only the newest waits: while a slider is dragged, each position makes the one before worthless. Requests that take long never hold all places, so that
whoever drags does not wait for them.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import AsyncGenerator
from dataclasses import dataclass

from materiel.web.guard import Refused

MOST_LONG = 32
"""How long all that waits and takes long may take together, in runs of 2,000 draws: a class that lets go at the same moment."""


@dataclass(eq=False)
class _Waiting:
    """A request that waits: of which tab, how long it takes, and what it waits for."""

    tab: str
    long: int
    turn: asyncio.Future[None]


class Turns:
    """Turns at `places` places, of which long ones leave one free if there are two; at most `waiting` requests wait, and fewer that take long (`MOST_LONG`). It belongs to one event loop."""

    def __init__(self, places: int, waiting: int) -> None:
        self._free, self._free_for_long = places, max(1, places - 1)
        self._most = waiting
        self._queue: deque[_Waiting] = deque()

    @contextlib.asynccontextmanager
    async def turn(self, tab: str = "", *, long: int = 0) -> AsyncGenerator[None]:
        """Wait for a turn and hold it; `long` tells how many runs of 2,000 draws it may take as long as, 0 that it is short. Raises Refused when too many wait already, or when a newer request of the same tab came."""
        self._supersede(tab)
        if self._fits(long):
            self._take(long, -1)
        else:
            await self._wait(tab, long)
        try:
            yield
        finally:
            self._take(long, 1)
            self._pass_on()

    def _fits(self, long: int) -> bool:
        return self._free > 0 and (not long or self._free_for_long > 0)

    def _take(self, long: int, change: int) -> None:
        self._free += change
        self._free_for_long += change if long else 0

    def _supersede(self, tab: str) -> None:
        for older in [one for one in self._queue if tab and one.tab == tab]:
            self._queue.remove(older)
            older.turn.set_exception(Refused(409, "superseded by a newer request of the same page"))

    async def _wait(self, tab: str, long: int) -> None:
        if len(self._queue) >= self._most or (long and sum(one.long for one in self._queue) + long > MOST_LONG):
            raise Refused(503, "too many are asking at the moment", again=2)
        mine = _Waiting(tab, long, asyncio.get_running_loop().create_future())
        self._queue.append(mine)
        try:
            await mine.turn
        except asyncio.CancelledError:
            if mine in self._queue:
                self._queue.remove(mine)
            elif not mine.turn.cancelled() and mine.turn.exception() is None:  # it was given a turn in the moment in which it went away
                self._take(long, 1)
                self._pass_on()
            raise

    def _pass_on(self) -> None:
        """Give what is free to whoever waits longest and fits."""
        for one in [*self._queue]:
            if not one.turn.done() and self._fits(one.long):
                self._queue.remove(one)
                self._take(one.long, -1)
                one.turn.set_result(None)
