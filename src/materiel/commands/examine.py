"""`materiel examine`: put a claim in the dock."""

from __future__ import annotations

import dataclasses
import json
from typing import Annotated

import typer

from materiel import console
from materiel.commands.arguments import DEFAULT, AsOf, CaseArgument, Draws, Json, Rules, Seed


def examine(
    case: CaseArgument,
    claim: Annotated[str, typer.Argument(help="a claim, or a source, publisher or origin: then all of its claims")],
    draws: Draws = 4000,
    seed: Seed = 1,
    as_of: AsOf = "",
    rules: Rules = DEFAULT,
    as_json: Json = False,
) -> None:
    """Put a claim in the dock: predict what it says from everything else, and hear who speaks for and against it."""
    with console.told(as_json=as_json):
        from materiel.options import Reading
        from materiel.study import load

        study, reading = load(case), Reading(console.day(as_of), rules=rules)
        names = study.claims(claim, reading)
        with console.progress(as_json) as report:
            found = study.examine(names, draws, seed, reading, report)
        if as_json:
            typer.echo(json.dumps([dataclasses.asdict(one) for one in found], ensure_ascii=False, indent=2, default=str))
            return
        from materiel.printing.examine import examined

        for one in found:
            examined(one)
