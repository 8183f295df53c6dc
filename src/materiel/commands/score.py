"""`materiel score`: score the frozen forecasts of a case."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from materiel import console
from materiel.commands.arguments import CaseArgument, Json


def score(
    case: CaseArgument,
    forecast: Annotated[str, typer.Option(help="one forecast of the case, by its name, or a file; all if absent")] = "",
    as_of: Annotated[str, typer.Option(help="day (YYYY-MM-DD) on which it is scored; today if absent")] = "",
    as_json: Json = False,
) -> None:
    """Settle the frozen forecasts of a case by what was observed since, and score them beside naive ones."""
    with console.told(as_json=as_json):
        from materiel.analysis import scoring

        found = scoring.score(case, console.day(as_of), forecast)
        if as_json:
            typer.echo(json.dumps(found.plain(), ensure_ascii=False, indent=2))
        else:
            from materiel.printing.score import scored

            scored(found)
