"""Connections of those who are silent, send half a request or read nothing: none holds a place for long, and whoever asks properly is served."""

from __future__ import annotations

import contextlib
import socket
import time

import pytest

from materiel.web import connections
from materiel.web.application import Settings
from served import StandIn, served

HEAD = b"GET /api/cases HTTP/1.1\r\nHost: localhost\r\n"


class Long(StandIn):
    """A case that answers with more than a socket holds."""

    def run(self, asked):
        return {"text": "x" * 30_000_000} if asked.get("draws") == "long" else super().run(asked)


@pytest.fixture
def web(monkeypatch):
    monkeypatch.setattr(connections, "SILENT", 0.4)
    monkeypatch.setattr(connections, "UNREAD", 0.6)
    with served({"one": Long(1.0)}, Settings(("localhost", "127.0.0.1"))) as client:
        yield client


def opened(web) -> socket.socket:
    return socket.create_connection((web.base_url.host, web.base_url.port), timeout=10)


def is_cut_off(raw: socket.socket) -> bool:
    """Read until the other side closes; a socket that stays open raises TimeoutError."""
    try:
        while raw.recv(65536):
            pass
    except ConnectionResetError:
        pass
    return True


@pytest.mark.parametrize(
    "sent", [b"", b"GET /api/ca", HEAD, HEAD + b"\r\n" + HEAD, HEAD + b"Content-Length: 9\r\n\r\n"], ids=["nothing", "line", "head", "second", "body"]
)
def test_who_sends_no_whole_request_is_cut_off(web, sent):
    with opened(web) as raw:
        raw.sendall(sent)
        began = time.monotonic()
        assert is_cut_off(raw)
        assert time.monotonic() - began < 3


def test_who_sends_a_byte_now_and_then_is_cut_off(web):
    with opened(web) as raw:
        raw.setblocking(False)
        began = time.monotonic()
        while time.monotonic() - began < 3 and not _has_ended(raw):
            with contextlib.suppress(OSError):
                raw.send(b"x")
            time.sleep(0.1)
        assert time.monotonic() - began < 3


def _has_ended(raw: socket.socket) -> bool:
    try:
        return raw.recv(1) == b""
    except BlockingIOError:
        return False
    except ConnectionResetError:
        return True


def test_who_waits_for_an_answer_is_not_cut_off(web):
    for _ in range(2):  # over one connection
        assert web.post("/api/cases/one/run", json={}).status_code == 200


def test_who_reads_no_reply_is_cut_off(web):
    with opened(web) as raw:
        said = b'{"draws": "long"}'
        raw.sendall(b"POST /api/cases/one/run HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(said) + said)
        time.sleep(2)
        held = sum(len(part) for part in iter(lambda: raw.recv(1 << 20), b""))
        assert held < 30_000_000
    assert len(web.post("/api/cases/one/run", json={"draws": "long"}).json()["text"]) == 30_000_000
