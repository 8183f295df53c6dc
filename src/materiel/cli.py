"""The command line: `materiel run`, `check`, `report`, `schema`, `cases`, `order`.

Answers go to standard output, progress to standard error and only to a terminal. Exit codes: 0 well, 1 problems, 2 usage, 3 internal.
"""

from __future__ import annotations

import contextlib
import datetime
import json
import os
import sys
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Annotated, Any

import typer

from materiel import __version__
from materiel.errors import CaseError, MaterielError, Problem

app = typer.Typer(
    help="An open simulator of war economies in which every number cites its source.",
    no_args_is_help=True, add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False,
)  # fmt: skip

CaseArgument = Annotated[str, typer.Argument(help="a case folder, a case file, or the name of a shipped case")]
Draws = Annotated[int, typer.Option(help="number of runs", min=1)]
Seed = Annotated[int, typer.Option(help="seed of the random streams", min=0)]
AsOf = Annotated[str, typer.Option(help="day (YYYY-MM-DD) after which nothing is known; the case's own if absent")]
ScenarioOption = Annotated[str, typer.Option(help="scenario of the case to run in")]
Step = Annotated[float | None, typer.Option(help="length of a period in days; the case's own if absent")]
Engine = Annotated[str, typer.Option(help="native (compiled) or numpy (the reference)")]
Json = Annotated[bool, typer.Option("--json", help="print plain data")]


@app.callback(invoke_without_command=True)
def main(version: Annotated[bool, typer.Option("--version", help="print the version")] = False) -> None:
    """An open simulator of war economies in which every number cites its source."""
    if version:
        typer.echo(__version__)
        raise typer.Exit


@app.command()
def run(
    case: CaseArgument,
    draws: Draws = 2000,
    seed: Seed = 1,
    as_of: AsOf = "",
    scenario: ScenarioOption = "",
    step: Step = None,
    engine: Engine = "native",
    chunk: Annotated[int, typer.Option(help="draws worked on together; changes no number", min=1)] = 1024,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="folder in which the run gets a folder of its own: results, manifest, report")] = None,
    as_json: Json = False,
) -> None:
    """Run a case and print its key judgements."""
    if engine not in ("native", "numpy"):
        raise typer.BadParameter(f"unknown engine {engine!r}; native or numpy")
    with _told(as_json=as_json):
        from materiel.study import load

        study = load(case)
        with _progress(as_json) as report:
            done = study.run(draws=draws, seed=seed, as_of=_day(as_of), scenario=scenario, step=step, engine=engine, chunk=chunk, report=report)
        if as_json:
            typer.echo(json.dumps(done.json(), ensure_ascii=False, indent=2))
        else:
            _print_judgements(done)
        if output is not None:
            folder = done.save(output / f"{done.case.name}-{done.identity}")
            typer.echo(f"report: {done.report(folder / 'report.html')}", err=as_json)


@app.command()
def check(case: CaseArgument, as_of: AsOf = "", scenario: ScenarioOption = "", as_json: Json = False) -> None:
    """Read a case and print every problem: file:line:column, what was read, what is allowed, the nearest name."""
    with _told(as_json=as_json):
        from materiel.analysis import questions
        from materiel.case.loading import load as load_case
        from materiel.network import build
        from materiel.proof import prove

        checked = load_case(case, as_of=_day(as_of), scenario=scenario)
        asked = questions.prepare(checked)
        stages = prove(build(checked, [one.gauge for one in asked.values() if one.gauge]))
        found: list[Problem] = []
        for name in checked.scenarios:
            try:
                questions.prepare(load_case(case, as_of=_day(as_of), scenario=name))
            except CaseError as error:
                found += error.problems
        if found:
            raise CaseError(found)
        counts = {
            "components": len(checked.components), "questions": len(asked), "claims": len(checked.claims),
            "sources": len(checked.sources), "unit_proofs": stages, "undeclared": len(checked.undeclared),
        }  # fmt: skip
        if as_json:
            typer.echo(json.dumps({"case": checked.name, "problems": [], **counts}))
        else:
            typer.echo(f"{checked.name}: no problems ({', '.join(f'{n} {what}' for what, n in counts.items())})")


@app.command()
def report(case: CaseArgument, path: Annotated[Path, typer.Option("--output", "-o")] = Path("report.html"), draws: Draws = 2000, seed: Seed = 1, as_of: AsOf = "", scenario: ScenarioOption = "") -> None:  # fmt: skip
    """Run a case and write its report as one HTML file that opens without a network."""
    with _told():
        from materiel.study import load

        with _progress(quiet=False) as tell:
            done = load(case).run(draws=draws, seed=seed, as_of=_day(as_of), scenario=scenario, report=tell)
        typer.echo(done.report(path))


@app.command()
def schema() -> None:
    """Print the JSON Schema of case.yaml, for editors."""
    from materiel.case.schema import json_schema

    typer.echo(json.dumps(json_schema(), ensure_ascii=False, indent=2))


@app.command()
def cases(as_json: Json = False) -> None:
    """List the cases that ship with the program."""
    from materiel.case.loading import shelf

    names = sorted(folder.name for folder in shelf().iterdir() if (folder / "case.yaml").is_file())
    typer.echo(json.dumps(names) if as_json else "\n".join(names))


@app.command()
def order(case: CaseArgument, as_json: Json = False) -> None:
    """Print the order in which a period of a case is computed."""
    with _told(as_json=as_json):
        from materiel.analysis import questions
        from materiel.case.loading import load as load_case
        from materiel.network import build

        checked = load_case(case)
        rows = build(checked, [one.gauge for one in questions.prepare(checked).values() if one.gauge]).order()
        if as_json:
            typer.echo(json.dumps([{"phase": phase, "what": what, "instances": n} for phase, what, n in rows]))
            return
        for i, (phase, what, _) in enumerate(rows, 1):
            typer.echo(f"{i:3}  {phase:8} {what}")


def _day(text: str) -> datetime.date | None:
    if not text:
        return None
    try:
        return datetime.date.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"{text!r} is not a day; write YYYY-MM-DD") from None


@contextlib.contextmanager
def _told(*, as_json: bool = False) -> Generator[None]:
    """Turn errors of the user into messages and an exit code, never a stack trace."""
    try:
        yield
    except CaseError as error:
        if as_json:
            rows = [
                {"file": p.place.file, "line": p.place.line, "column": p.place.column, "found": p.found, "allowed": p.allowed, "nearest": p.nearest}
                for p in error.problems
            ]
            typer.echo(json.dumps({"problems": rows}, ensure_ascii=False))
        else:
            count = len(error.problems)
            typer.echo(f"{error}\n{count} problem{'s' if count > 1 else ''}", err=True)
        raise typer.Exit(1) from None
    except MaterielError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None
    except BrokenPipeError:  # whoever read the output has had enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise typer.Exit(0) from None
    except KeyboardInterrupt:
        typer.echo("stopped", err=True)
        raise typer.Exit(1) from None
    except (typer.Exit, typer.BadParameter, typer.Abort):
        raise
    except Exception as error:
        if os.environ.get("MATERIEL_DEBUG"):
            raise
        from materiel.proof import DimensionError

        if isinstance(error, DimensionError):  # what the checks of a case could not place, such as a fleet of tanks among fleets of aircraft
            typer.echo(f"units do not fit in {error}", err=True)
            raise typer.Exit(1) from None
        typer.echo(f"internal error: {type(error).__name__}: {error} (set MATERIEL_DEBUG=1 for the trace)", err=True)
        raise typer.Exit(3) from None


@contextlib.contextmanager
def _progress(quiet: bool) -> Generator[Callable[[int, int], None] | None]:
    """Yield a function that shows progress on a terminal, and nothing elsewhere."""
    if quiet or not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("running", total=None)

        def tell(done: int, whole: int) -> None:
            bar.update(task, completed=done, total=whole)

        yield tell


def _print_judgements(done: Any) -> None:
    case, answers = done.case, done.questions.values()
    typer.echo(f"{case.title}, as of {case.as_of}" + (f", scenario {case.scenario}" if case.scenario else ""))
    shares = [answer.base_share for answer in answers if answer.base_share == answer.base_share]
    if shares:
        low, high = round(100 * min(shares)), round(100 * max(shares))
        typer.echo(f"Rests on assumptions, not on claims: {low} to {high} % of the doubt that single numbers explain, question by question.")
    if case.as_of < case.written:
        typer.echo(f"Claims known later are hidden; bases and dated decisions are those set as of {case.written}.")
    if case.undeclared:
        typer.echo(f"Draft: {len(case.undeclared)} numbers have neither a base nor a reason.")
    typer.echo("")
    for i, sentence in enumerate(done.judgements, 1):
        typer.echo(f"{i}. {sentence}")
    seconds = ", ".join(f"{name} {value:.2f} s" for name, value in done.seconds.items())
    worst = max(done.laws.values(), default=0.0)
    typer.echo(f"\n{done.options.draws} draws, seed {done.options.seed}; laws hold to {worst:.0e}; {seconds}")
