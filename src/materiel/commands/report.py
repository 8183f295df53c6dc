"""`materiel report`: write the report of a case."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Annotated

import typer

from materiel import console
from materiel.commands.arguments import AsOf, CaseArgument, Draws, LanguageOption, ScenarioOption, Seed


def report(
    case: CaseArgument,
    path: Annotated[Path, typer.Option("--output", "-o", help="the HTML file")] = Path("report.html"),
    pdf: Annotated[Path | None, typer.Option("--pdf", help="write the same as a PDF into this file as well (extra `pdf`)")] = None,
    language: LanguageOption = "en",
    since: Annotated[
        str, typer.Option(help="day (YYYY-MM-DD) of an earlier edition, or the folder of an earlier run: the report says what changed, and why")
    ] = "",
    draws: Draws = 2000,
    seed: Seed = 1,
    as_of: AsOf = "",
    scenario: ScenarioOption = "",
) -> None:
    """Run a case and write its report as one HTML file that opens without a network."""
    with console.told():
        from materiel import language as languages
        from materiel.options import Options, Reading
        from materiel.reproduction import repeat
        from materiel.study import load

        languages.load(language)
        options = Options(Reading(console.day(as_of), scenario), draws, seed)
        with console.progress(quiet=False) as tell:
            study = load(case)
            earlier = None
            if Path(since).is_dir() and since:
                earlier = repeat(Path(since))
            elif since:
                earlier = study.again(dataclasses.replace(options, reading=dataclasses.replace(options.reading, as_of=console.day(since))), tell)
            done = study.again(options, tell)
        before = None
        if earlier is not None:
            from materiel import editions

            before = editions.before(earlier, done, language)
        typer.echo(done.report(path, language, before, pdf))
        if pdf is not None:
            typer.echo(pdf)
