"""`materiel drivers`: say what would change an answer."""

from __future__ import annotations

import dataclasses
import json
from typing import Annotated

import typer

from materiel import console
from materiel.commands.arguments import DEFAULT, AsOf, CaseArgument, Draws, Json, Rules, ScenarioOption, Seed


def drivers(
    case: CaseArgument,
    question: Annotated[list[str] | None, typer.Argument(help="questions of the case; the key ones if absent")] = None,
    until: Annotated[str, typer.Option(help="day (YYYY-MM-DD) until which an observation would be in time; 90 days on if absent")] = "",
    credibility: Annotated[int, typer.Option(help="how well observations are reported: credibility 1 to 6", min=1, max=6)] = 2,
    decide_at: Annotated[float | None, typer.Option(help="probability of the threshold above which somebody would act")] = None,
    draws: Draws = 10_000,
    seed: Seed = 1,
    as_of: AsOf = "",
    scenario: ScenarioOption = "",
    rules: Rules = DEFAULT,
    as_json: Json = False,
) -> None:
    """Say what would change an answer: what it hangs on, and which observation would shrink its doubt most."""
    with console.told(as_json=as_json):
        from materiel import watching
        from materiel.options import Options, Reading
        from materiel.study import load

        options = Options(Reading(console.day(as_of), scenario, rules=rules), draws, seed)
        with console.progress(as_json) as report:
            found = watching.drivers(load(case), tuple(question or ()), options, console.day(until), credibility, decide_at, report)
        if as_json:
            typer.echo(json.dumps([dataclasses.asdict(one) for one in found], ensure_ascii=False, indent=2, default=str))
            return
        from materiel.printing.drivers import driven

        for one in found:
            driven(one)
