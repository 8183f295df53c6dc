"""`materiel report`: write the report of a case."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from materiel import console
from materiel.commands.arguments import AsOf, CaseArgument, Draws, LanguageOption, ScenarioOption, Seed, Set

if TYPE_CHECKING:
    from materiel.options import Options
    from materiel.study import Run, Study


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
    by_hand: Set = None,
) -> None:
    """Run a case and write its report as one HTML file that opens without a network."""
    with console.told():
        from materiel import editions
        from materiel import language as languages
        from materiel.options import Options, Reading
        from materiel.study import load

        languages.load(language)
        study, options = load(case), Options(Reading(console.day(as_of), scenario, set=tuple(by_hand or ())), draws, seed)
        with console.progress(quiet=False) as tell:
            earlier = _earlier(study, options, since, tell)
            plain = replace(options, reading=replace(options.reading, scenario="", set=()))
            baseline = study.again(plain, tell) if plain != options and earlier is None else None
            done = study.again(options, tell)
        before = editions.before(earlier, done, language) if earlier else editions.baseline(baseline) if baseline else None
        typer.echo(done.report(path, language, before, pdf))
        if pdf is not None:
            typer.echo(pdf)


def _earlier(study: Study, options: Options, since: str, tell: Callable[[int, int], None] | None) -> Run | None:
    """Return the run of an earlier edition: the one that a folder keeps, or one as of an earlier day."""
    if not since:
        return None
    if Path(since).is_dir():
        from materiel.reproduction import repeat

        return repeat(Path(since))
    return study.again(replace(options, reading=replace(options.reading, as_of=console.day(since))), tell)
