"""Blocks of draws on the workers of a Dask cluster (extra `cluster`), with the numbers of a run at home.

A task is a block and the recipe by which a worker makes the passes for itself, once. It comes back as the archive in which blocks are kept on disk. A worker that
dies costs the blocks that it had not handed over: Dask gives them to another.
"""

from __future__ import annotations

import contextlib
import importlib
import logging
import pkgutil
import threading
from collections.abc import Callable, Generator, Sequence
from typing import TYPE_CHECKING, Any, Protocol

import materiel
from materiel.engine import machine
from materiel.engine.ensemble import Ensemble, Pass, Settings, Simulator, Work
from materiel.engine.store import packed, unpacked
from materiel.errors import RunError

if TYPE_CHECKING:
    from distributed import Client

WAIT = 30
"""Seconds for which a cluster is waited for."""


class Recipe(Protocol):
    """What can be sent to a worker and makes the passes of a run there; `key` tells one from another."""

    @property
    def key(self) -> str: ...  # noqa: D102

    def make(self) -> tuple[Sequence[Pass], Settings]:
        """Return the passes of the run and how they are run. Raises MaterielError."""
        ...


_made: dict[str, Simulator] = {}
_lock = threading.Lock()


def block(recipe: Recipe, program: str, draws: range) -> bytes:
    """Return what a block of draws leaves, as an archive: what a worker does. Raises RunError where the worker has another program."""
    if machine.program() != program:
        raise RunError("a worker of the cluster has another version of materiel than this one")
    with _lock:
        if recipe.key not in _made:
            _made.clear()  # one run at a time: programs take memory
            _made[recipe.key] = Simulator(*recipe.make())
        simulator = _made[recipe.key]
    return packed(simulator.block(draws))


def work(client: Any, recipe: Recipe, like: Sequence[Ensemble]) -> Work:
    """Return what runs blocks on the workers of a cluster; `like` is what an ensemble of these passes looks like."""

    def run(blocks: Sequence[range], report: Callable[[int], None]) -> Generator[tuple[range, list[Ensemble]]]:
        distributed: Any = importlib.import_module("distributed")  # its types say little
        waiting = list(reversed(blocks))
        at_work: dict[Any, range] = {}
        done: Any = distributed.as_completed(loop=client.loop)

        def submit() -> None:
            """Give every thread of the cluster a block to work on and one to go on with, so that what they leave does not pile up."""
            while waiting and len(at_work) < 2 * max(sum(client.nthreads().values()), 1):
                draws = waiting.pop()
                future: Any = client.submit(block, recipe, machine.program(), draws, pure=False)
                at_work[future] = draws
                done.add(future)

        _check(client)
        try:
            submit()
            for future in done:
                draws = at_work.pop(future)
                left = unpacked(future.result(), draws, like)
                submit()
                report(len(draws) * len(left))
                yield draws, left
        except distributed.KilledWorker:
            raise RunError("workers of the cluster died one after the other on the same draws; have they enough memory?") from None
        except distributed.client.FutureCancelledError:
            raise RunError("the connection to the cluster was lost") from None
        finally:
            client.cancel(list(at_work))

    return run


def _check(client: Any) -> None:
    """Ask everybody for this package before anything of it is sent: a worker that cannot read its task dies of it."""
    asked = pkgutil.get_data, materiel.__name__, "__init__.py"
    if None in (client.run_on_scheduler(*asked), *client.run(*asked).values()):
        raise RunError("the cluster has no materiel; its scheduler and its workers need the packages that this machine has")


@contextlib.contextmanager
def _quiet() -> Generator[None]:
    """Keep Dask from printing traces: what goes wrong is told in a sentence."""
    loggers = [logging.getLogger(name) for name in ("distributed", "distributed.client")]
    before = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL)
    yield
    for logger, level in zip(loggers, before, strict=True):
        logger.setLevel(level)


@contextlib.contextmanager
def connected(address: str) -> Generator[Client]:
    """Yield a client of the cluster at an address, or of one of N processes on this machine for `local:N`; what was begun here is ended.

    Raises RunError when the extra is missing, or nobody answers.
    """
    try:
        distributed: Any = importlib.import_module("distributed")
    except ImportError:
        raise RunError("a cluster needs the extra `cluster`: pip install 'materiel[cluster]'") from None
    with contextlib.ExitStack() as stack:
        stack.enter_context(_quiet())
        kind, _, count = address.partition(":")
        where: Any = address
        if kind == "local":
            if not count.isdigit() or int(count) < 1:
                raise RunError(f"cluster {address!r}; local:N with the number of processes, or the address of a scheduler")
            where = stack.enter_context(
                distributed.LocalCluster(n_workers=int(count), threads_per_worker=1, dashboard_address=":0", silence_logs=logging.CRITICAL)
            )
        try:
            client = stack.enter_context(distributed.Client(where, timeout=WAIT, set_as_default=False))
            client.wait_for_workers(1, timeout=WAIT)
        except (OSError, ValueError) as error:
            raise RunError(f"no cluster answers at {address}: {error}") from None
        yield client
