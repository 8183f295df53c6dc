"""The process in which a stranger's case is read and run: it knows that case alone, has limits of memory and processor time, and talks in lines of JSON.

`workers.py` starts it, in the folder of the case. What the server is told is data; a case that finds a mistake of ours cannot reach what others do.
"""

from __future__ import annotations

import functools
import json
import os
import sys
import time
import traceback
from collections.abc import Callable
from typing import Any

from materiel import language
from materiel.console import rows
from materiel.errors import CaseError, MaterielError

FILE_BYTES = 50_000_000
"""Bytes of a file that the process may write: a workbook passes through one, and a mistake of ours fills no disk."""


def main(case: str, memory: int, seconds: int) -> None:
    """Answer questions about a case, one a line, until there are no more. `memory` is in bytes, `seconds` those of the processor for one question."""
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # what a library prints is no answer
    _limit_process(memory)

    def reply(make: Callable[[], Any]) -> None:
        _limit_question(seconds)
        answers.write(f"{_answered(make)}\n")
        answers.flush()

    table: Any = None

    def opened() -> dict[str, Any]:
        nonlocal table
        from materiel.web.table import Table

        table = Table(case, brought=True)
        return {name: table.about({"language": name}) for name in language.names()}[language.DEFAULT]  # each may have mistakes of its own

    reply(opened)
    for line in sys.stdin if table is not None else ():
        what, asked = json.loads(line)
        reply(functools.partial(getattr(table, what), asked))


def _answered(make: Callable[[], Any]) -> str:
    """Return what was answered as `done`, or what went wrong: `problems` of the case, an `error` of whoever asked, a `mistake` of ours, too little `memory`."""
    try:
        return json.dumps({"done": make()}, allow_nan=False)
    except CaseError as error:
        return json.dumps({"problems": rows(error.problems)})
    except MaterielError as error:
        return json.dumps({"error": str(error)})
    except MemoryError:
        return json.dumps({"memory": True})
    except Exception:  # noqa: BLE001  # told to the server, which logs it
        return json.dumps({"mistake": traceback.format_exc()})


def _limit_process(memory: int) -> None:
    """Limit what the process may take, where the system can: on Windows only the server's clock ends it. One core is left to the server, which goes first on the others."""
    if sys.platform == "win32":
        return
    import resource

    os.nice(10)
    if sys.platform == "linux":
        first, *others = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(0, others or [first])
    for what, most in ((resource.RLIMIT_AS, memory), (resource.RLIMIT_FSIZE, FILE_BYTES), (resource.RLIMIT_CORE, 0)):
        resource.setrlimit(what, (most, most))


def _limit_question(seconds: int) -> None:
    if sys.platform == "win32":
        return
    import resource

    resource.setrlimit(resource.RLIMIT_CPU, (int(time.process_time()) + seconds, resource.RLIM_INFINITY))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
