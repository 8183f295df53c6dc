"""`materiel weigh`: weigh the rival hypotheses of a case."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from materiel import console
from materiel.commands.arguments import DEFAULT, AsOf, CaseArgument, Draws, Drop, Json, Rules, Seed


def weigh(
    case: CaseArgument,
    draws: Draws = 10000,
    seed: Seed = 1,
    as_of: AsOf = "",
    odds: Annotated[str, typer.Option(help="other prior probabilities, HYPOTHESIS=P,...; those not named share what is left")] = "",
    rules: Rules = DEFAULT,
    drop: Drop = None,
    panel: Annotated[bool, typer.Option("--analysts", help="also what the evidence makes of the prior odds of each analyst, and of all pooled")] = False,
    grid: Annotated[bool, typer.Option("--grid", help="also a view in marks: what is consistent with which hypothesis")] = False,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="file to write the draws and their weights to, as netCDF in the groups of ArviZ")
    ] = None,
    as_json: Json = False,
) -> None:
    """Weigh the rival hypotheses of a case by what was observed: odds before and after, the evidence for and against each, answers before and after."""
    wanted = console.odds(odds)
    with console.told(as_json=as_json):
        from materiel.analysis import analysts
        from materiel.options import Options, Reading
        from materiel.study import load

        study, reading = load(case), Reading(console.day(as_of), rules=rules, drop=tuple(drop or ()))
        if panel:
            analysts.needed(study.case(reading))
        with console.progress(as_json) as report:
            found = study.weighed(Options(reading, draws, seed), wanted, report)
        if as_json:
            typer.echo(json.dumps(found.json(panel=panel, grid=grid), ensure_ascii=False, indent=2))
        else:
            from materiel.printing.weigh import weighed

            weighed(found, panel=panel, grid=grid)
        if output is not None:
            typer.echo(found.save(output), err=as_json)
