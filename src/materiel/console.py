"""What all commands share: errors of the user told without a stack trace, exit codes, progress, and what is read or printed the same everywhere."""

from __future__ import annotations

import contextlib
import datetime
import json
import os
import signal
import sys
import threading
from collections.abc import Callable, Generator, Iterable
from typing import TYPE_CHECKING

import typer

from materiel.errors import CaseError, MaterielError, Problem

if TYPE_CHECKING:
    from distributed import Client


def day(text: str) -> datetime.date | None:
    """Return the day that an option names, or None when it is absent."""
    if not text:
        return None
    try:
        return datetime.date.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"{text!r} is not a day; write YYYY-MM-DD") from None


def rows(problems: Iterable[Problem]) -> list[dict[str, str | int]]:
    """Return problems as plain data."""
    return [
        {"file": p.place.file, "line": p.place.line, "column": p.place.column, "found": p.found, "allowed": p.allowed, "nearest": p.nearest} for p in problems
    ]  # fmt: skip


@contextlib.contextmanager
def told(*, as_json: bool = False) -> Generator[None]:
    """Turn errors of the user into messages and an exit code, never a stack trace."""
    try:
        with _ended_by_the_system():
            yield
    except CaseError as error:
        if as_json:
            typer.echo(json.dumps({"problems": rows(error.problems)}, ensure_ascii=False))
        else:
            count = len(error.problems)
            typer.echo(f"{error}\n{count} problem{'s' if count > 1 else ''}", err=True)
        raise typer.Exit(1) from None
    except MaterielError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None
    except BrokenPipeError:  # whoever read the output has had enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise typer.Exit(0) from None
    except KeyboardInterrupt as stop:
        typer.echo("; ".join(["stopped", *getattr(stop, "__notes__", [])]), err=True)
        sys.stderr.flush()
        os._exit(143 if isinstance(stop, _Ended) else 130)  # threads at work on draws would be waited for
    except (typer.Exit, typer.BadParameter, typer.Abort):
        raise
    except Exception as error:
        if os.environ.get("MATERIEL_DEBUG"):
            raise
        from materiel.proof import DimensionError

        if isinstance(error, DimensionError):  # what the checks of a case could not place, such as a fleet of tanks among fleets of aircraft
            typer.echo(f"units do not fit in {error}", err=True)
            raise typer.Exit(1) from None
        typer.echo(f"internal error: {type(error).__name__}: {error} (set MATERIEL_DEBUG=1 for the trace)", err=True)
        raise typer.Exit(3) from None


class _Ended(KeyboardInterrupt):
    """The system asks the program to end."""


@contextlib.contextmanager
def _ended_by_the_system() -> Generator[None]:
    """Take a request to end as one to stop, so that what is done is kept."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def end(*_: object) -> None:
        raise _Ended

    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


@contextlib.contextmanager
def cluster(address: str) -> Generator[Client | None]:
    """Yield a client of a cluster, if one is named."""
    if not address:
        yield None
        return
    from materiel.engine.cluster import connected

    with connected(address) as client:
        yield client


@contextlib.contextmanager
def progress(quiet: bool) -> Generator[Callable[[int, int], None] | None]:
    """Yield a function that shows progress, rate and time left on a terminal, and nothing elsewhere."""
    if quiet or not sys.stderr.isatty():
        yield None
        return
    from materiel.printing.progress import progress

    with progress() as tell:
        yield tell


def odds(text: str) -> dict[str, float]:
    """Return prior probabilities written as `a=0.5,b=0.2`."""
    parts = [part.partition("=") for part in filter(None, text.split(","))]
    try:
        return {name.strip(): float(probability) for name, _, probability in parts}
    except ValueError:
        raise typer.BadParameter(f"{text!r}; HYPOTHESIS=PROBABILITY, separated by commas") from None
