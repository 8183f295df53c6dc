"""`materiel report`: write the report of a case."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from materiel import console
from materiel.commands.arguments import AsOf, CaseArgument, Draws, ScenarioOption, Seed


def report(case: CaseArgument, path: Annotated[Path, typer.Option("--output", "-o")] = Path("report.html"), draws: Draws = 2000, seed: Seed = 1, as_of: AsOf = "", scenario: ScenarioOption = "") -> None:  # fmt: skip
    """Run a case and write its report as one HTML file that opens without a network."""
    with console.told():
        from materiel.study import load

        with console.progress(quiet=False) as tell:
            done = load(case).run(draws=draws, seed=seed, as_of=console.day(as_of), scenario=scenario, report=tell)
        typer.echo(done.report(path))
