"""`materiel why`: say what an answer rests on."""

from __future__ import annotations

import dataclasses
import json
from typing import Annotated

import typer

from materiel import console
from materiel.commands.arguments import DEFAULT, AsOf, CaseArgument, Draws, Drop, Independent, Json, Rules, ScenarioOption, Seed, Set


def why(
    case: CaseArgument,
    output: Annotated[str, typer.Argument(help="a question of the case, or the path of a variable")],
    at: Annotated[str, typer.Option(help="day (YYYY-MM-DD) on which the value is asked")] = "",
    draws: Draws = 2000,
    seed: Seed = 1,
    as_of: AsOf = "",
    scenario: ScenarioOption = "",
    rules: Rules = DEFAULT,
    drop: Drop = None,
    independent: Independent = False,
    by_hand: Set = None,
    exact: Annotated[bool, typer.Option("--exact", help="repeat the runs where they cannot tell what the answer would be without a voice")] = False,
    as_json: Json = False,
) -> None:
    """Say what an answer rests on: the numbers that drive it, who said them, and what it would be without each."""
    with console.told(as_json=as_json):
        from materiel.options import Options, Reading
        from materiel.study import load

        reading = Reading(console.day(as_of), scenario, None, rules, tuple(drop or ()), independent, set=tuple(by_hand or ()))
        study, name = load(case).ask(output, console.day(at), reading)
        with console.progress(as_json) as report:
            done = study.again(Options(reading, draws, seed, only=(name,)), report)
        found = done.why(name, exact=exact)
        if as_json:
            typer.echo(json.dumps(dataclasses.asdict(found), ensure_ascii=False, indent=2, default=str))
        else:
            from materiel.printing.why import chain

            chain(found)
