"""Under which names the server answers, to whose pages, how much it takes in, and what every reply says."""

from __future__ import annotations

import asyncio

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from materiel.web import guard
from materiel.web.guard import HEADERS, Guard, Refused, body

MOST = 1000


async def echo(request: Request) -> Response:
    try:
        sent = await body(request, MOST)
    except Refused as refused:
        return refused.reply()
    return PlainTextResponse(f"{request.url.path} {len(sent)}", headers={"Cache-Control": "no-cache"} if request.url.path.endswith("file") else None)


def ask(method: str = "GET", path: str = "/api/x", root: str = "", address: str = "http://localhost:8000", **more) -> httpx.Response:
    inner = Starlette(routes=[Route("/{path:path}", echo, methods=["GET", "POST"])])
    transport = httpx.ASGITransport(Guard(inner, ("localhost", "127.0.0.1", "[::1]", "Materiel.Example"), root))

    async def asked():
        async with httpx.AsyncClient(transport=transport, base_url=address) as client:
            return await client.request(method, path, **more)

    return asyncio.run(asked())


@pytest.mark.parametrize("host", ["localhost", "localhost:8000", "127.0.0.1:9", "[::1]:8000", "LOCALHOST", "materiel.example", "MATERIEL.example:443"])
def test_names_of_ours_are_answered(host):
    assert ask(headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "localhost.evil.example",
        "evil.example:8000",
        "localhost:8000@evil.example",
        "",
        "localhost ",
        "localhost:x",
        "127.0.0.1.nip.io",
        "[::2]",
        "a b",
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_other_names_are_refused(host, method):
    """A page whose name was made to point here (DNS rebinding) asks under its own name."""
    reply = ask(method, headers={"Host": host})
    assert (reply.status_code, list(reply.json())) == (403, ["error"])


def test_two_names_at_once_are_refused():
    assert ask(headers=[("Host", "localhost"), ("Host", "evil.example")]).status_code == 403


def test_the_address_at_which_a_request_arrived_is_ours():
    async def asked(host: str) -> int:
        said = []

        async def send(message):
            said.append(message)

        async def receive():
            return {"type": "http.request", "body": b"", "more_body": False}

        scope = {
            "type": "http",
            "method": "GET",
            "path": "/",
            "headers": [(b"host", host.encode())],
            "server": ("192.168.7.9", 8000),
            "query_string": b"",
            "scheme": "http",
        }
        await Guard(PlainTextResponse("well"), ("localhost",))(scope, receive, send)
        return said[0]["status"]

    assert [asyncio.run(asked(host)) for host in ("192.168.7.9:8000", "192.168.7.8:8000", "evil.example")] == [200, 403, 403]


@pytest.mark.parametrize("origin", ["http://localhost:8000", "HTTP://LOCALHOST:8000"])
def test_pages_of_ours_are_answered(origin):
    assert ask("POST", headers={"Origin": origin}).status_code == 200


@pytest.mark.parametrize(("host", "origin"), [("materiel.example", "https://materiel.example"), ("materiel.example:443", "https://materiel.example")])
def test_the_port_that_a_scheme_implies_may_be_left_out(host, origin):
    assert ask("POST", headers={"Host": host, "Origin": origin}).status_code == 200


@pytest.mark.parametrize(
    "origin",
    ["http://evil.example", "null", "http://localhost:8001", "http://localhost", "http://localhost:8000.evil.example", "file://", "", "ftp://localhost:8000"],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_pages_of_others_are_refused(origin, method):
    assert ask(method, headers={"Origin": origin}).status_code == 403


def test_a_link_from_elsewhere_opens_a_page_and_nothing_else():
    visit = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}
    assert ask(path="/cases/x", headers=visit).status_code == 200
    assert ask("POST", "/cases/x", headers=visit).status_code == 403
    assert ask(path="/api/cases", headers=visit).status_code == 403
    assert ask(path="/static/app.js", headers=visit | {"Sec-Fetch-Mode": "no-cors"}).status_code == 403
    assert ask(path="/api/cases", headers={"Sec-Fetch-Site": "same-origin"}).status_code == 200


@pytest.mark.parametrize("host", ["localhost", "evil.example"])
def test_every_reply_tells_the_browser_what_to_refuse(host):
    reply = ask(headers={"Host": host})
    assert {name: reply.headers[name] for name in HEADERS} == HEADERS
    assert reply.headers["cache-control"] == "no-store"


def test_the_policy_allows_no_inline_script_and_nothing_from_elsewhere():
    rules = dict(rule.split(" ", 1) for rule in guard.POLICY.split("; "))
    assert rules["default-src"] == "'none'"
    assert rules["frame-ancestors"] == rules["base-uri"] == rules["form-action"] == "'none'"
    assert set(" ".join(rules.values()).split()) == {"'none'", "'self'", "data:", "blob:"}
    assert "data:" not in rules["script-src"] + rules["style-src"] + rules["connect-src"]


def test_what_may_be_kept_says_so_itself():
    assert ask(path="/file").headers["cache-control"] == "no-cache"


@pytest.mark.parametrize("path", ["/api/x", "/below/api/x"])
def test_a_path_of_a_proxy_may_be_taken_away_or_not(path):
    assert ask(path=path, root="/below").text == "/below/api/x 0"


def test_a_path_that_only_begins_alike_is_another():
    assert ask(path="/belowground", root="/below").text == "/below/belowground 0"


def test_bodies_are_taken_up_to_their_limit():
    assert ask("POST", content=b"x" * MOST).text == f"/api/x {MOST}"
    assert ask("POST", content=b"x" * (MOST + 1)).status_code == 413


@pytest.mark.parametrize("said", ["1001", "-1", "x", "99999999999999999999999999", "\u00b2".encode("latin-1")])
def test_a_body_is_refused_by_what_it_says_of_its_size(said):
    assert ask("POST", content=b"", headers=[("Content-Length", said)]).status_code == 413


def test_bodies_of_no_size_said_are_counted():
    async def parts():
        for _ in range(11):
            yield b"x" * 100

    assert ask("POST", content=parts()).status_code == 413


def test_a_body_that_does_not_come_is_not_waited_for(monkeypatch):
    monkeypatch.setattr(guard, "PATIENCE", 0.05)

    async def slowly():
        yield b"x"
        await asyncio.sleep(5)
        yield b"x"

    assert ask("POST", content=slowly()).status_code == 408
