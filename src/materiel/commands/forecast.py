"""`materiel forecast`: freeze a forecast."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from materiel import console
from materiel.commands.arguments import AsOf, CaseArgument, Draws, Json, Seed


def forecast(
    case: CaseArgument,
    draws: Draws = 10_000,
    seed: Seed = 1,
    as_of: AsOf = "",
    question: Annotated[list[str] | None, typer.Option(help="a question to forecast; may be repeated; all that resolve if absent")] = None,
    weighed: Annotated[bool, typer.Option("--weighed", help="by the rival hypotheses of the case, each with the odds that what was seen leaves it")] = False,
    note: Annotated[str, typer.Option(help="what a reader of the forecast must know")] = "",
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="the file; forecasts/DAY.yaml or DAY-weighed.yaml in the folder of the case if absent")
    ] = None,
    as_json: Json = False,
) -> None:
    """Freeze what a case says of days to come, so that it can be scored; as of an earlier day it is a hindcast, and says so."""
    with console.told(as_json=as_json):
        from materiel import forecasting
        from materiel.printing.forecast import frozen
        from materiel.study import load

        with console.progress(as_json) as report:
            path, said = forecasting.freeze(load(case), console.day(as_of), draws, seed, tuple(question or ()), output, note, report, weighed=weighed)
        typer.echo(said.model_dump_json(indent=2) if as_json else frozen(path, said))
