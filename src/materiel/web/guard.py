"""What stands before every request: under which name and from which page the server is asked, how much it is sent; and what each reply tells the browser to refuse.

A page of somebody else can make a browser ask a server on the same machine, and read what it says once its name points there (DNS rebinding). So the name that
was asked for must be one of ours, and a request that says where it comes from must come from our own pages.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Collection
from dataclasses import dataclass

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LOOPBACK = ("localhost", "127.0.0.1", "[::1]")
"""Names of this machine that nobody else can point elsewhere."""

PATIENCE = 20.0
"""Seconds in which a body must have arrived: longer ones hold a place for nothing."""

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
"""Content-Security-Policy of every reply: what a page may load and do. No text of a case can become a script, a style or a request to elsewhere."""

HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}

_AUTHORITY = re.compile(r"(?P<name>\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::(?P<port>[0-9]{1,5}))?")
_PORTS = {"http": "80", "https": "443"}


@dataclass(eq=False)
class Refused(Exception):  # noqa: N818  # what it is, not that something broke
    """A request that is not answered: the status of HTTP, a sentence for whoever asked, after how many seconds to ask again (never if 0), and a `key` for pages that say it in their language."""

    status: int
    said: str
    again: int = 0
    key: str = ""

    def reply(self) -> Response:
        """Return what is sent."""
        said = {"error": self.said} | ({"key": self.key} if self.key else {})
        return JSONResponse(said, self.status, {"Retry-After": str(self.again)} if self.again else None)


class Guard:
    """The outermost layer of the application: what it refuses reaches no other.

    `hosts` are the names under which the server may be reached, besides the address at which a request arrived; `root_path` is the path below which a proxy shows it, whether or
    not the proxy takes that path away.
    """

    def __init__(self, app: ASGIApp, hosts: Collection[str], root_path: str = "") -> None:
        self.app, self.root_path = app, root_path
        self.hosts = {_bracketed(host.lower()) for host in hosts}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or refuse it. Whatever is no request of HTTP goes on as it is."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.update(HEADERS)
                headers.setdefault("Cache-Control", "no-store")
            await send(message)

        below = self._below(scope)
        try:
            self._look(below)
        except Refused as refused:
            await refused.reply()(scope, receive, guarded)
            return
        await self.app(below, receive, guarded)

    def _below(self, scope: Scope) -> Scope:
        """Return a request with the path as the browser sees it."""
        path = scope["path"]
        inside = path == self.root_path or path.startswith(f"{self.root_path}/")
        return dict(scope) | {"root_path": self.root_path, "path": path if inside else f"{self.root_path}{path}"}

    def _look(self, scope: Scope) -> None:
        """Raise Refused for a request under a name that is not ours, or from a page that is not ours."""
        headers = Headers(scope=scope)
        asked = headers.getlist("host")
        found = _AUTHORITY.fullmatch(asked[0].lower()) if len(asked) == 1 else None
        arrived = _bracketed(str((scope.get("server") or ("",))[0]))
        if found is None or found["name"] not in self.hosts | {arrived}:
            raise Refused(403, "this server is not known under that name; who runs it can allow one with --allow-host")
        if any(not _same(origin, asked[0].lower()) for origin in headers.getlist("origin")):
            raise Refused(403, "asked from a page of another site")
        visit = scope["method"] in ("GET", "HEAD") and headers.get("sec-fetch-mode") == "navigate" and not scope["path"].startswith(f"{self.root_path}/api/")
        if headers.get("sec-fetch-site", "none") not in ("same-origin", "none") and not visit:
            raise Refused(403, "asked from a page of another site")


def _bracketed(host: str) -> str:
    """Return a name as it stands in an address: that of IPv6 in brackets."""
    return f"[{host}]" if ":" in host and not host.startswith("[") else host


def _same(origin: str, host: str) -> bool:
    """Say whether an origin is the page of a host: the same name and port, where the port that a scheme implies may be left out."""
    scheme, _, authority = origin.lower().partition("://")
    if scheme not in _PORTS or not _AUTHORITY.fullmatch(authority):
        return False
    return authority.removesuffix(f":{_PORTS[scheme]}") == host.removesuffix(f":{_PORTS[scheme]}")


async def body(request: Request, most: int) -> bytes:
    """Return the body of a request. Raises Refused when it has more than `most` bytes, said or sent, or does not arrive."""
    too_large = Refused(413, f"more than {most / 1e6:g} MB", key="too-large")
    said = request.headers.get("content-length", "0")
    if not said.isascii() or not said.isdigit() or int(said) > most:
        raise too_large
    made = bytearray()
    try:
        async with asyncio.timeout(PATIENCE):
            async for part in request.stream():
                made += part
                if len(made) > most:
                    raise too_large
    except (TimeoutError, ClientDisconnect):
        raise Refused(408, "the request did not arrive") from None
    return bytes(made)
