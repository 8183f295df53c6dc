"""Who is served next: as many at a time as there are cores, the others in the order in which they came, and not more than a queue can hold.

Of the requests of one tab only the newest waits: while a slider is dragged, each position makes the one before worthless.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import AsyncGenerator

from materiel.web.guard import Refused


class Turns:
    """Turns at `places` places; at most `waiting` requests wait for one. It belongs to one event loop."""

    def __init__(self, places: int, waiting: int) -> None:
        self._free, self._most = places, waiting
        self._queue: deque[tuple[str, asyncio.Future[None]]] = deque()

    @contextlib.asynccontextmanager
    async def turn(self, tab: str = "") -> AsyncGenerator[None]:
        """Wait for a turn and hold it. Raises Refused when too many wait already, or when a newer request of the same tab came."""
        await self._wait(tab)
        try:
            yield
        finally:
            self._pass_on()

    async def _wait(self, tab: str) -> None:
        if self._free:
            self._free -= 1
            return
        for entry in [entry for entry in self._queue if tab and entry[0] == tab]:
            self._queue.remove(entry)
            entry[1].set_exception(Refused(409, "superseded by a newer request of the same page"))
        if len(self._queue) >= self._most:
            raise Refused(503, "too many are asking at the moment", again=2)
        mine = (tab, asyncio.get_running_loop().create_future())
        self._queue.append(mine)
        try:
            await mine[1]
        except asyncio.CancelledError:
            if mine in self._queue:
                self._queue.remove(mine)
            elif mine[1].done() and not mine[1].cancelled() and mine[1].exception() is None:
                self._pass_on()  # it was given a turn in the moment in which it went away
            raise

    def _pass_on(self) -> None:
        """Give a turn that has ended to whoever waits longest."""
        while self._queue:
            _, waiting = self._queue.popleft()
            if not waiting.done():
                waiting.set_result(None)
                return
        self._free += 1
