"""A table that answers at once, and the app served by a real server on loopback: what tests of the web app ask."""

from __future__ import annotations

import base64
import contextlib
import socket
import threading
import time
from collections.abc import Iterator, Mapping
from typing import Any

import httpx
import uvicorn

from materiel.errors import RunError
from materiel.web.application import Settings, Table, application
from materiel.web.connections import Connection

MARKUP = "<script>alert(1)</script>"


class StandIn:
    """A case with one lever and one question. Its title is markup; a run takes as long as it is told to."""

    def __init__(self, seconds: float = 0.0) -> None:
        self.seconds, self.ran = seconds, list[dict[str, Any]]()

    def about(self, asked: dict[str, Any]) -> dict[str, Any]:
        return {
            "id": "x", "title": f"A case {MARKUP}", "summary": f"in {asked['language']}", "as_of": "2023-08-15", "version": "0", "digest": "d1g", "language": asked["language"],
            "seed": 1, "draws": {"preview": 500, "full": 2000}, "questions": [], "shown": [], "levers": [], "voices": [], "readings": None, "why_no_readings": "",
        }  # fmt: skip

    def run(self, asked: dict[str, Any]) -> dict[str, Any]:
        if asked.get("draws", "full") not in ("preview", "full"):
            raise RunError("draws: preview or full")
        if asked.get("changes") == "break":
            raise ZeroDivisionError("secret-of-the-server")
        time.sleep(self.seconds)
        self.ran.append(asked)
        return {"draws": 500, "asked": asked}

    def weigh(self, asked: dict[str, Any]) -> dict[str, Any]:
        return {"asked": asked}

    def ready(self, asked: dict[str, Any]) -> bool:
        return asked.get("odds") is None

    def why(self, asked: dict[str, Any]) -> dict[str, Any]:
        self.ran.append({"changes": {"i": asked["question"]}})
        return {"html": f"<p>{asked['question']}</p>", "asked": asked}

    def flows(self, asked: dict[str, Any]) -> dict[str, Any]:
        return {"asked": asked}

    def export(self, asked: dict[str, Any]) -> dict[str, Any]:
        return {"name": 'a"\r\nb/../<x>.csv', "type": asked.get("type", "text/csv"), "base64": base64.b64encode(b"a,b\n").decode()}


@contextlib.contextmanager
def served(tables: Mapping[str, Table], settings: Settings | None = None) -> Iterator[httpx.Client]:
    """Serve tables on a free port of loopback, and yield a client of it."""
    settings = settings or Settings(("localhost", "127.0.0.1", "[::1]"))
    listening = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(application(tables, settings), http=Connection, log_level="critical", ws="none", timeout_graceful_shutdown=1))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{listening.getsockname()[1]}", timeout=120, trust_env=False) as client:
            yield client
    finally:
        server.should_exit = True
        thread.join(10)
        listening.close()
