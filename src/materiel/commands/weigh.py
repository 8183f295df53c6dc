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
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="file to write the draws and their weights to, as netCDF in the groups of ArviZ")
    ] = None,
    as_json: Json = False,
) -> None:
    """Weigh the rival hypotheses of a case by what was observed: odds before and after, the evidence for and against each, answers before and after."""
    wanted = console.odds(odds)
    with console.told(as_json=as_json):
        from materiel.options import Options, Reading
        from materiel.study import load

        with console.progress(as_json) as report:
            found = load(case).weighed(Options(Reading(console.day(as_of), rules=rules, drop=tuple(drop or ())), draws, seed), wanted, report)
        if as_json:
            typer.echo(json.dumps(found.json(), ensure_ascii=False, indent=2))
        else:
            from materiel.printing.weigh import weighed

            weighed(found)
        if output is not None:
            typer.echo(found.save(output), err=as_json)
