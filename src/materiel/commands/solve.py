"""`materiel solve`: say how far a decision can go."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from materiel import console
from materiel.commands.arguments import DEFAULT, AsOf, CaseArgument, Draws, Json, Rules, ScenarioOption, Seed


def solve(
    case: CaseArgument,
    change: Annotated[
        str, typer.Option(help="the number that is decided and the values to try: NUMBER=LOW..HIGH UNIT; an uncertain one has its own 90 % range")
    ],
    keep: Annotated[str, typer.Option(help="what to keep: 'QUESTION above VALUE with P %', or below")],
    largest: Annotated[
        bool | None,
        typer.Option("--largest/--smallest", help="which end of the values that do; if absent, the smallest where all lie at the upper end, else the largest"),
    ] = None,
    points: Annotated[int, typer.Option("--grid", help="values of the coarse grid", min=3)] = 9,
    draws: Draws = 2000,
    seed: Seed = 1,
    as_of: AsOf = "",
    scenario: ScenarioOption = "",
    rules: Rules = DEFAULT,
    as_json: Json = False,
) -> None:
    """Say how far a decision can go and keep a question's probability above a bound, or that no value does."""
    end = "" if largest is None else "largest" if largest else "smallest"
    with console.told(as_json=as_json):
        from materiel.options import Reading
        from materiel.study import load

        with console.progress(as_json) as report:
            found = load(case).solve(change, keep, draws, seed, Reading(console.day(as_of), scenario, rules=rules), end=end, points=points, report=report)
        if as_json:
            typer.echo(json.dumps(found.json(), ensure_ascii=False, indent=2))
        else:
            from materiel.printing.solve import solved

            solved(found)
