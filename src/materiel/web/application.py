"""The app as a web application: which address answers what, and how everything that can go wrong is told.

It knows tables only by what they answer. Those of the cases that are served work in threads of this process, those of strangers in processes of their own (`workers.py`).
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import datetime
import json
import logging
import os
import re
import traceback
from collections.abc import AsyncGenerator, Awaitable, Callable, Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar, cast

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from materiel import language
from materiel.case.reading import printed
from materiel.console import rows
from materiel.errors import CaseError, RunError
from materiel.web import pages, uploads
from materiel.web.guard import Guard, Refused, body
from materiel.web.turns import Turns
from materiel.web.workers import PREFIX, Limits, Mistake, Workers

MOST_ASKED = 200_000
"""Bytes of a question: a hundred levers twice, with every origin and source."""
MOST_WAITING = 64
"""Questions that wait for a core: previews take 0.08 s of a core each, so that with two cores the last waits for some three seconds."""
MOST_WAITING_EACH = 1
"""Questions about one case of a visitor that wait: whoever asks about it without end takes no more of the queue than anybody else."""
MOST_ARRIVING = 8
"""Cases that arrive or are taken in at a time: each is held in memory until it is."""
MOST_PROBLEMS = 500
"""Problems of a case that are told; how many more there are is said."""
MOST_LOGGED = 20_000
"""Letters of a mistake of ours that are logged."""
SWEEP = 60.0
"""Seconds between two looks for cases that nobody uses any more."""

_CONTENTS = {"application/zip", "text/csv", "text/html", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"}
_KEPT = re.compile(rf"{PREFIX}[a-z0-9_]+([/\\][\w-]{{0,22}})?")
_log = logging.getLogger(__name__)

Data = dict[str, Any]
Made = TypeVar("Made")


class Table(Protocol):
    """What is known of a case that visitors change: data in, data out, from any thread; raises CaseError and RunError."""

    def about(self, asked: Data, /) -> Data:
        """Return what the page of the case shows before anything is moved."""
        ...

    def run(self, asked: Data, /) -> Data:
        """Return the answers with decisions changed."""
        ...

    def weigh(self, asked: Data, /) -> Data:
        """Return the answers with beliefs changed."""
        ...

    def ready(self, asked: Data, /) -> bool:
        """Say whether beliefs can be weighed without running anything first."""
        ...

    def why(self, asked: Data, /) -> Data:
        """Return what an answer rests on."""
        ...

    def flows(self, asked: Data, /) -> Data:
        """Return how things move through the network over time."""
        ...

    def export(self, asked: Data, /) -> Data:
        """Return a file."""
        ...


@dataclass(frozen=True)
class Settings:
    """How the app is served: names under which it may be reached, the path below which a proxy shows it, whether strangers may bring cases, and what those may take."""

    hosts: Collection[str] = ()
    root_path: str = ""
    uploads: bool = True
    limits: Limits = field(default_factory=Limits)
    cores: int = os.cpu_count() or 1


def application(tables: Mapping[str, Table], settings: Settings) -> ASGIApp:
    """Return the app that serves cases, by their identifiers."""
    return Guard(_App(tables, settings).starlette, settings.hosts, settings.root_path)


class _App:
    def __init__(self, tables: Mapping[str, Table], settings: Settings) -> None:
        self.tables, self.settings = tables, settings
        self.static = pages.static()
        self.said = {
            (case, name): table.about({"language": name}) | {"id": case} for case, table in tables.items() for name in language.names()
        }  # fmt: skip
        strangers = min(max(2, settings.cores - 1), settings.limits.processes)  # two, so that a case that takes long never stands in the way of all others
        self.turns, self.strangers = Turns(settings.cores, MOST_WAITING), Turns(strangers, MOST_WAITING)
        self.threads = ThreadPoolExecutor(settings.cores + strangers, "table")
        self.workers = Workers(settings.limits) if settings.uploads else None
        self.arriving = 0
        self.starlette = Starlette(routes=self._routes(), lifespan=self._life, exception_handlers=dict.fromkeys((404, 405), _none))  # pyright: ignore[reportArgumentType]
        self.starlette.router.redirect_slashes = False  # to an address with the name that was asked for, without the s of https

    def _routes(self) -> list[Route]:
        asked = [Route(f"/api/cases/{{case}}/{what}", _told(self._post(what)), methods=["POST"]) for what in ("run", "weigh", "why", "flows", "export")]
        return [
            Route("/", _told(self.home)),
            Route("/cases/{case}", _told(self.page)),
            Route("/static/{name:path}", self.file),
            Route("/api/cases", _told(self.cases)),
            Route("/api/cases/{case}", _told(self.about)),
            Route("/api/uploads", _told(self.upload), methods=["POST"]),
            *asked,
        ]

    @contextlib.asynccontextmanager
    async def _life(self, _: Starlette) -> AsyncGenerator[None]:
        """Look for forgotten cases while the app is served, and leave nothing behind."""
        sweeping = asyncio.create_task(self._sweep())
        try:
            yield
        finally:
            sweeping.cancel()
            if self.workers:
                self.workers.close()
            self.threads.shutdown(wait=False, cancel_futures=True)

    async def _sweep(self) -> None:
        while self.workers:
            await asyncio.sleep(SWEEP)
            await asyncio.to_thread(self.workers.sweep)

    async def home(self, request: Request) -> Response:
        """Answer with the page that lists the cases served."""
        said = language.load(_language(request))
        listed = [one | {"as_of": said.date(datetime.date.fromisoformat(one["as_of"]))} for one in self._listed(said.name)]
        return self._page("cases", said.name, cases=listed, uploads=self.workers is not None)

    async def page(self, request: Request) -> Response:
        """Answer with the page of a case."""
        case, chosen = request.path_params["case"], _language(request)
        try:
            said = self._said(case, chosen)
        except Refused as refused:
            return self._page("error", chosen, refused.status, said=refused.said, key=refused.key)
        return self._page("case", chosen, case={"id": case, "title": said["title"]})

    def _page(self, template: str, chosen: str, status: int = 200, **more: object) -> Response:
        return HTMLResponse(pages.page(template, self.settings.root_path, chosen, **more), status)

    async def file(self, request: Request) -> Response:
        """Answer with a script or a style of the app."""
        found = self.static.get(request.path_params["name"])
        if found is None:
            raise HTTPException(404)
        headers = {"ETag": found.mark, "Cache-Control": "no-cache"}
        if request.headers.get("if-none-match") == found.mark:
            return Response(status_code=304, headers=headers)
        return Response(found.content, media_type=found.type, headers=headers)

    async def cases(self, request: Request) -> Response:
        """Answer with the cases served: those of visitors are not among them."""
        return JSONResponse(self._listed(_language(request)))

    async def about(self, request: Request) -> Response:
        """Answer with what is known of a case before anything is moved."""
        case, chosen = request.path_params["case"], _language(request)
        if case in self.tables:
            return JSONResponse(self.said[case, chosen])
        await body(request, 0)
        return JSONResponse(await self._ask(request, case, "about", {"language": chosen}) | {"id": case})

    def _listed(self, chosen: str) -> list[Data]:
        return [{key: self.said[case, chosen][key] for key in ("id", "title", "summary", "as_of")} for case in self.tables]

    def _post(self, what: str) -> Callable[[Request], Awaitable[Response]]:
        """Return what answers a question about a case that stands in the body of a request."""

        async def answer(request: Request) -> Response:
            asked = _data(await body(request, MOST_ASKED), request)
            case = request.path_params["case"]
            digest = self._said(case)["digest"]
            if asked.pop("digest", digest) != digest:
                raise Refused(409, "the case has changed since this page was opened", key="digest")
            done = await self._ask(request, case, what, asked)
            return _attachment(done) if what == "export" else JSONResponse(done)

        return answer

    async def upload(self, request: Request) -> Response:
        """Keep the case of a stranger, and answer with its identifier or with its problems."""
        workers = self.workers
        if workers is None:
            raise Refused(403, "this server takes no cases of visitors")
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        readers = {"application/zip": uploads.unpack, "application/x-zip-compressed": uploads.unpack, "application/json": uploads.written}
        if kind not in readers:
            raise Refused(415, f"Content-Type: {', '.join(readers)}")
        if self.arriving >= MOST_ARRIVING:
            raise Refused(503, "too many cases are brought at the moment", again=5, key="busy")
        self.arriving += 1
        try:
            sent = await body(request, uploads.MOST_SENT)
            async with self.strangers.turn(long=True):
                await _still_there(request)
                case = await self._in_thread(lambda: workers.add(readers[kind](sent)))
        finally:
            self.arriving -= 1
        return JSONResponse({"id": case}, 201)

    def _said(self, case: str, chosen: str = language.DEFAULT) -> Data:
        """Return what a case said of itself; that of a visitor spoke English. Raises Refused when there is no such case."""
        if case in self.tables:
            return self.said[case, chosen]
        if self.workers is None:
            raise _no_case()
        try:
            return self.workers.about(case)
        except KeyError:
            raise _no_case() from None

    async def _ask(self, request: Request, case: str, what: str, asked: Data) -> Data:
        """Return what the table of a case answers to a request whose body was read, when it is its turn. Raises Refused, CaseError, RunError."""
        self._said(case)
        table, workers = self.tables.get(case), self.workers
        turn = self.turns.turn(long=_long(table, what, asked)) if table else self.strangers.turn(case, waiting=MOST_WAITING_EACH)
        async with turn:
            await _still_there(request)
            if table:
                return await self._in_thread(lambda: getattr(table, what)(asked))
            assert workers
            try:
                return await self._in_thread(lambda: workers.ask(case, what, asked))
            except KeyError:
                raise _no_case() from None

    async def _in_thread(self, make: Callable[[], Made]) -> Made:
        return await asyncio.get_running_loop().run_in_executor(self.threads, make)


def _language(request: Request) -> str:
    return pages.speaks(request.query_params.get("language", ""), request.headers.get("accept-language", ""))


def _long(table: Table, what: str, asked: Data) -> bool:
    """Say whether a question takes long: a full run or a file does, a preview does not, nor what is weighed of a run that is kept."""
    return not table.ready(asked) if what == "weigh" else asked.get("draws") != "preview" or bool(asked.get("every"))


async def _still_there(request: Request) -> None:
    """Raise Refused when whoever asked has gone away. The body must have been read."""
    if await request.is_disconnected():
        raise Refused(408, "nobody waits for the answer any more")


def _no_case() -> Refused:
    return Refused(404, "no such case; a case that a visitor brought is kept for an hour after its last use", key="gone")


def _data(sent: bytes, request: Request) -> Data:
    """Return what a body says. Raises Refused when it is no mapping, or is not called JSON: forms of other sites cannot say that."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise Refused(415, "Content-Type: application/json")
    try:
        said = json.loads(sent)
    except (ValueError, RecursionError):
        said = None
    if not isinstance(said, dict):
        raise Refused(400, "the body is not a mapping in JSON")
    return cast("Data", said)


def _attachment(file: Data) -> Response:
    """Return a file as one to be saved, whatever it is."""
    name = re.sub(r"[^A-Za-z0-9._-]+", "-", str(file["name"]))[:100]
    kind = file["type"] if str(file["type"]).partition(";")[0] in _CONTENTS else "application/octet-stream"
    return Response(base64.b64decode(file["base64"]), media_type=kind, headers={"Content-Disposition": f'attachment; filename="{name}"'})


def _told(answer: Callable[[Request], Awaitable[Response]]) -> Callable[[Request], Awaitable[Response]]:
    """Return an endpoint that tells whoever asked what was wrong, and tells the log, not them, of mistakes of ours."""

    async def told(request: Request) -> Response:
        try:
            return await answer(request)
        except Refused as refused:
            return refused.reply()
        except CaseError as error:
            said = f"{len(error.problems)} problem{'s' if len(error.problems) > 1 else ''}"
            shown = f"{said}; the first {MOST_PROBLEMS} are told" if len(error.problems) > MOST_PROBLEMS else said
            return JSONResponse({"error": shown, "problems": rows(error.problems[:MOST_PROBLEMS])}, 422)
        except RunError as error:
            return JSONResponse({"error": str(error)}, 400)
        except Mistake as mistake:
            _log.error("a mistake of ours, in the process of a visitor's case:\n%s", _lines(str(mistake)))
        except Exception:  # noqa: BLE001  # told to the log
            _log.error("a mistake of ours:\n%s", _lines(traceback.format_exc()))  # of which no sign may steer a terminal
        return Refused(500, "a mistake of ours", key="mistake").reply()

    return told


def _lines(trace: str) -> str:
    """Return what is logged of a mistake: not the address of a visitor's case, which is its only key, and nothing of any length that a case could give it."""
    said = _KEPT.sub("a-visitors-case", trace[:MOST_LOGGED]) + (" …" if len(trace) > MOST_LOGGED else "")
    return "\n".join(printed(line) for line in said.splitlines())


async def _none(_: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 404
    return (Refused(404, "no such address", key="not-found") if status == 404 else Refused(status, "not to be asked in this way")).reply()
