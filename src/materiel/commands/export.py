"""`materiel export`: write the model of a case for other tools."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from materiel import console
from materiel.commands.arguments import DEFAULT, AsOf, CaseArgument, Drop, Independent, Rules, ScenarioOption, Seed, Set, Step


def export(
    case: CaseArgument,
    xmile: Annotated[str, typer.Option("--xmile", help="file to write the model to as XMILE, for Stella, PySD, simlin and others; - for standard output")],
    draw: Annotated[str, typer.Option(help="whose numbers: a draw of `materiel run` with the same seed, counted from 0, or median")] = "median",
    seed: Seed = 1,
    as_of: AsOf = "",
    scenario: ScenarioOption = "",
    question: Annotated[str, typer.Option(help="a question whose branch (its scenario and contingency) to export instead of the baseline")] = "",
    rules: Rules = DEFAULT,
    drop: Drop = None,
    independent: Independent = False,
    by_hand: Set = None,
    step: Step = None,
) -> None:
    """Write the model of a case, with the numbers of one draw and what they rest on, for other tools to run."""
    if draw != "median" and not (draw.isascii() and draw.isdecimal()):
        raise typer.BadParameter(f"draw {draw!r}; a whole number of at least 0, or median")
    with console.told():
        from materiel.export import xmile as form
        from materiel.options import Reading
        from materiel.study import load

        reading = Reading(console.day(as_of), scenario, step, rules, tuple(drop or ()), independent, set=tuple(by_hand or ()))
        made = load(case).model(None if draw == "median" else int(draw), seed, reading, question)
        typer.echo(form.text(made) if xmile == "-" else form.write(made, Path(xmile)), nl=xmile != "-")
