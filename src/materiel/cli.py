"""The command line: the commands of `commands/`, in the order in which `materiel --help` lists them.

Answers go to standard output, progress to standard error and only to a terminal. Exit codes: 0 well, 1 problems, 2 usage, 3 internal, 130 stopped by the user
(143 by the system).
"""

from __future__ import annotations

import atexit
import gc
import os
from typing import Annotated

import typer

from materiel import __version__
from materiel.commands.backtest import backtest
from materiel.commands.cases import cases
from materiel.commands.check import check
from materiel.commands.compare import compare
from materiel.commands.drivers import drivers
from materiel.commands.examine import examine
from materiel.commands.export import export
from materiel.commands.forecast import forecast
from materiel.commands.order import order
from materiel.commands.report import report
from materiel.commands.reproduce import reproduce
from materiel.commands.resume import resume
from materiel.commands.run import run
from materiel.commands.schema import schema
from materiel.commands.score import score
from materiel.commands.serve import serve
from materiel.commands.solve import solve
from materiel.commands.sources import sources
from materiel.commands.weigh import weigh
from materiel.commands.why import why

app = typer.Typer(
    help="An open simulator of war economies in which every number cites its source.",
    no_args_is_help=True, add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False,
)  # fmt: skip


@app.callback(invoke_without_command=True)
def main(version: Annotated[bool, typer.Option("--version", help="print the version")] = False) -> None:
    """An open simulator of war economies in which every number cites its source."""
    if version:
        typer.echo(__version__)
        raise typer.Exit
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # no matrices are multiplied here; threads that wait for some take a twentieth of a second
    gc.set_threshold(500_000)  # a case is some 100,000 small objects that all stay: to look for garbage after every 700 takes a third of the time to read it
    atexit.register(gc.freeze)  # nor is there any to be found at the end, which took a tenth of a second


for command in (
    run, resume, reproduce, why, drivers, examine, compare, solve, forecast, score, backtest, weigh, sources, export, check, report, serve, schema, cases, order,
):  # fmt: skip
    app.command()(command)  # listed by --help in this order
