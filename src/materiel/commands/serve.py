"""`materiel serve`: serve cases to people who change them and see what answers become."""

from __future__ import annotations

import contextlib
import errno
import signal
import socket
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from materiel import console
from materiel.errors import RunError

if TYPE_CHECKING:
    from materiel.web.table import Table

EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104  # only if somebody asks for it
"""Every address of this machine, and the one under which it finds itself."""

CONNECTIONS = 500
"""Connections held open at a time: a class of thirty has some two hundred."""


def serve(
    cases: Annotated[
        list[str] | None, typer.Argument(metavar="[CASE]...", help="case folders, case files or names of shipped cases; all shipped ones if none")
    ] = None,
    host: Annotated[str, typer.Option(help="address to listen at; 0.0.0.0 lets other machines reach it")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="port to listen at; 0 takes a free one", min=0, max=65535)] = 8000,
    allow_host: Annotated[list[str] | None, typer.Option(help="a name under which it may be reached, such as that of a proxy; may be repeated")] = None,
    root_path: Annotated[str, typer.Option(help="path below which a proxy shows it, such as /materiel")] = "",
    uploads: Annotated[bool, typer.Option("--uploads/--no-uploads", help="whether visitors may bring cases of their own")] = True,
    open_browser: Annotated[bool, typer.Option("--open", help="open it in the browser")] = False,
) -> None:
    """Serve cases as a web app: move what actors do or what you believe, and see the answers follow."""
    if root_path and (not root_path.startswith("/") or root_path.endswith("/") or "//" in root_path or set(root_path) & set("\"'<>?#% \\")):
        raise typer.BadParameter(f"{root_path!r}; a path such as /materiel")
    with console.told():
        try:
            import uvicorn

            from materiel.web.application import Settings, application
            from materiel.web.connections import Connection
            from materiel.web.guard import LOOPBACK
        except ImportError as error:
            if error.name not in ("starlette", "uvicorn"):
                raise
            raise RunError("the web app needs starlette and uvicorn: pip install 'materiel[web]'") from None
        with _listen(host, port) as listening:
            app = application(_tables(cases or _shipped()), Settings((host, *LOOPBACK, *(allow_host or ())), root_path, uploads))
            server = uvicorn.Server(
                uvicorn.Config(
                    app, http=Connection, log_level="warning", access_log=False, server_header=False, proxy_headers=False, ws="none", limit_concurrency=CONNECTIONS,
                    timeout_graceful_shutdown=2,
                )
            )  # fmt: skip
            at = _address(host, listening.getsockname()[1], root_path)
            elsewhere = "; other machines reach it at the address of this one" if host in EVERYWHERE else ""
            typer.echo(f"{at}  (Ctrl-C ends it{elsewhere})")
            sys.stdout.flush()
            if open_browser:
                typer.launch(at)
            if sys.platform != "win32":
                signal.signal(signal.SIGHUP, _hung_up)
            with contextlib.suppress(KeyboardInterrupt):
                server.run(sockets=[listening])


def _hung_up(*_: object) -> None:
    """End as if asked to: whoever closes the terminal leaves no cases of visitors behind."""
    signal.raise_signal(signal.SIGTERM)


def _address(host: str, port: int, root_path: str) -> str:
    """Return where a browser on this machine finds the app."""
    here = EVERYWHERE.get(host, host)
    return f"http://{f'[{here}]' if ':' in here else here}:{port}{root_path}/"


def _listen(host: str, port: int) -> socket.socket:
    """Return a socket that listens; one that cannot is a mistake in the options."""
    try:
        return socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except OSError as error:
        taken = error.errno == errno.EADDRINUSE
        why = f"port {port} is taken; choose another with --port, or 0 for a free one" if taken else f"cannot listen at {host}, port {port}: {error.strerror}"
        typer.echo(why, err=True)
        raise typer.Exit(2) from None


def _shipped() -> list[str]:
    from materiel.case.files import shelf

    return sorted(folder.name for folder in shelf().iterdir() if (folder / "case.yaml").is_file())


def _tables(names: list[str]) -> dict[str, Table]:
    """Return the tables of cases by the names under which they are served."""
    from materiel.case.files import find
    from materiel.web.table import Table

    tables: dict[str, Table] = {}
    for name in names:
        case = find(name).resolve().stem
        if case in tables:
            raise typer.BadParameter(f"two cases are called {case!r}")
        tables[case] = Table(name)
    return tables
