"""Connections that are closed when nothing comes of them: who sends no request, or reads no reply, holds no place that others need."""

from __future__ import annotations

import asyncio

from uvicorn.protocols.http.h11_impl import H11Protocol

SILENT = 20.0
"""Seconds in which a request must have arrived, from the beginning of a connection or the end of the reply before."""
UNREAD = 60.0
"""Seconds in which a reply must be read: two megabytes over a slow line take thirty."""


class Connection(H11Protocol):
    """A connection of HTTP/1.1 with a limit to how long it waits for whoever opened it. While a request is being answered it waits: bodies have a limit of their own (`guard.body`)."""

    _silence: asyncio.TimerHandle | None = None
    _unread: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # pyright: ignore[reportIncompatibleMethodOverride]  # as that of uvicorn
        """Begin to wait for a request."""
        super().connection_made(transport)
        self._wait()

    def on_response_complete(self) -> None:
        """Begin to wait for the next request."""
        super().on_response_complete()
        self._wait()

    def pause_writing(self) -> None:
        """Begin to wait until what was sent is read."""
        super().pause_writing()
        self._unread = self._unread or self.loop.call_later(UNREAD, self.transport.abort)

    def resume_writing(self) -> None:
        """Wait no longer until what was sent is read."""
        super().resume_writing()
        self._unread = _ended(self._unread)

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait for nothing any more."""
        self._silence, self._unread = _ended(self._silence), _ended(self._unread)
        super().connection_lost(exc)

    def _wait(self) -> None:
        _ended(self._silence)
        self._silence = self.loop.call_later(SILENT, self._silent)

    def _silent(self) -> None:
        """Close the connection unless a request is being answered. What is still unread then keeps it open a little longer."""
        if self.cycle is None or self.cycle.response_complete:
            self.transport.close()
            self._unread = self._unread or self.loop.call_later(UNREAD, self.transport.abort)


def _ended(timer: asyncio.TimerHandle | None) -> None:
    if timer is not None:
        timer.cancel()
