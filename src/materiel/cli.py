"""The command line: `run`, `check`, `why`, `weigh`, `drivers`, `examine`, `compare`, `solve`, `forecast`, `score`, `report`, `sources`, `schema`, `cases`, `order`.

Answers go to standard output, progress to standard error and only to a terminal. Exit codes: 0 well, 1 problems, 2 usage, 3 internal, 130 stopped by the user
(143 by the system).
"""

from __future__ import annotations

import atexit
import dataclasses
import gc
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from materiel import __version__, console
from materiel.errors import CaseError, Problem

if TYPE_CHECKING:
    from materiel.study import Run

DEFAULT = "plain"
"""Name of the default rules; a test holds it to that of `evidence.grades`, which takes too long to import for `--help`."""

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
Engine = Annotated[str, typer.Option(help="native (compiled), native32 (in floats of 32 bits, for a quick look), numpy (the reference) or jax (an extra)")]
Rules = Annotated[str, typer.Option("--rules", help="what grades do to numbers: plain, equal, strict, trusting, measurement-error, or a file")]
Drop = Annotated[list[str] | None, typer.Option("--drop", help="a source, publisher, origin or claim to leave out; may be repeated")]
Independent = Annotated[bool, typer.Option("--treat-as-independent", help="take every claim for an origin of its own")]
Chunk = Annotated[int, typer.Option(help="most draws worked on together; changes no number", min=1)]
ClusterOption = Annotated[str, typer.Option("--cluster", help="run on a Dask cluster: the address of its scheduler, or local:N for N processes here")]
Kept = Annotated[Path, typer.Argument(help="the folder of a run")]
Json = Annotated[bool, typer.Option("--json", help="print plain data")]


@app.callback(invoke_without_command=True)
def main(version: Annotated[bool, typer.Option("--version", help="print the version")] = False) -> None:
    """An open simulator of war economies in which every number cites its source."""
    if version:
        typer.echo(__version__)
        raise typer.Exit
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # no matrices are multiplied here; threads that wait for some take a twentieth of a second
    gc.set_threshold(500_000)  # a case is some 100,000 small objects that all stay: to look for garbage after every 700 takes a third of the time to read it
    atexit.register(gc.freeze)  # nor is there any to be found at the end, which took a tenth of a second


@app.command()
def run(
    case: CaseArgument,
    draws: Draws = 2000,
    seed: Seed = 1,
    as_of: AsOf = "",
    scenario: ScenarioOption = "",
    rules: Rules = DEFAULT,
    drop: Drop = None,
    independent: Independent = False,
    step: Step = None,
    engine: Engine = "native",
    chunk: Chunk = 1024,
    cluster: ClusterOption = "",
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="folder in which the run gets a folder of its own: draws as they are done, then results, manifest, report"),
    ] = None,
    as_json: Json = False,
) -> None:
    """Run a case and print its key judgements; with other evidence, both before and after."""
    if engine not in ("native", "native32", "numpy", "jax"):
        raise typer.BadParameter(f"unknown engine {engine!r}; native, native32, numpy or jax")
    with console.told(as_json=as_json):
        from materiel.options import Options, Reading
        from materiel.study import load

        study = load(case)
        reading = Reading(console.day(as_of), scenario, step, rules, tuple(drop or ()), independent)
        options = Options(reading, draws, seed, engine, chunk)
        with console.cluster(cluster) as client, console.progress(as_json) as report:
            done = study.again(options, report, output, client)
            before = study.again(dataclasses.replace(options, reading=reading.plain), report, client=client) if reading != reading.plain else None
        _finished(done, before, as_json)


@app.command()
def resume(folder: Kept, chunk: Chunk = 1024, cluster: ClusterOption = "", as_json: Json = False) -> None:
    """Finish a run that was stopped or killed: draws that its folder keeps are not run again."""
    with console.told(as_json=as_json):
        from materiel import reproduction

        with console.cluster(cluster) as client, console.progress(as_json) as report:
            done = reproduction.resume(folder, report, client, chunk)
        _finished(done, None, as_json)


@app.command()
def reproduce(folder: Kept, case: Annotated[str, typer.Option(help="the case, if it is elsewhere now")] = "", as_json: Json = False) -> None:
    """Make a run again from its manifest and say whether every number is identical, bit for bit, or what differs; exits with 1 if anything does."""
    with console.told(as_json=as_json):
        from materiel import reproduction, terminal

        with console.progress(as_json) as report:
            found = reproduction.reproduce(folder, case, report)
        typer.echo(json.dumps(dataclasses.asdict(found), ensure_ascii=False, indent=2) if as_json else terminal.reproduced(found))
        if not found.identical:
            raise typer.Exit(1)


def _finished(done: Run, before: Run | None, as_json: bool) -> None:
    """Print a run, beside the one with all evidence under the default rules if there is one, and where its report is."""
    from materiel import terminal

    if as_json:
        typer.echo(json.dumps(done.json() | ({"before": before.json()} if before else {}), ensure_ascii=False, indent=2))
    else:
        told = terminal.before_and_after(before, done) if before else terminal.judgements(done)
        typer.echo(f"{terminal.heading(done)}\n\n{told}\n\n{terminal.footing(done)}")
    if done.folder is not None:
        typer.echo(f"report: {done.folder / 'report.html'}", err=as_json)


@app.command()
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
    exact: Annotated[bool, typer.Option("--exact", help="repeat the runs where they cannot tell what the answer would be without a voice")] = False,
    as_json: Json = False,
) -> None:
    """Say what an answer rests on: the numbers that drive it, who said them, and what it would be without each."""
    with console.told(as_json=as_json):
        from materiel import terminal
        from materiel.options import Options, Reading
        from materiel.study import load

        reading = Reading(console.day(as_of), scenario, None, rules, tuple(drop or ()), independent)
        study, name = load(case).ask(output, console.day(at), reading)
        with console.progress(as_json) as report:
            done = study.again(Options(reading, draws, seed, only=(name,)), report)
        found = done.why(name, exact=exact)
        if as_json:
            typer.echo(json.dumps(dataclasses.asdict(found), ensure_ascii=False, indent=2, default=str))
        else:
            terminal.chain(found)


@app.command()
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
        from materiel import terminal, watching
        from materiel.options import Options, Reading
        from materiel.study import load

        options = Options(Reading(console.day(as_of), scenario, rules=rules), draws, seed)
        with console.progress(as_json) as report:
            found = watching.drivers(load(case), tuple(question or ()), options, console.day(until), credibility, decide_at, report)
        if as_json:
            typer.echo(json.dumps([dataclasses.asdict(one) for one in found], ensure_ascii=False, indent=2, default=str))
            return
        for one in found:
            terminal.driven(one)


@app.command()
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
        from materiel import terminal
        from materiel.options import Reading
        from materiel.study import load

        study, reading = load(case), Reading(console.day(as_of), rules=rules)
        names = study.claims(claim, reading)
        with console.progress(as_json) as report:
            found = study.examine(names, draws, seed, reading, report)
        if as_json:
            typer.echo(json.dumps([dataclasses.asdict(one) for one in found], ensure_ascii=False, indent=2, default=str))
            return
        for one in found:
            terminal.examined(one)


@app.command()
def compare(
    runs: Annotated[list[str], typer.Argument(help="two runs or more, each CASE, CASE@DAY, CASE+SCENARIO, CASE+SCENARIO@DAY, or the folder of a run")],
    draws: Draws = 2000,
    seed: Seed = 1,
    scenario: ScenarioOption = "",
    rules: Rules = DEFAULT,
    everything: Annotated[bool, typer.Option("--all", help="every question, not only the key ones")] = False,
    as_json: Json = False,
) -> None:
    """Put runs as of several days, in several scenarios or of several cases side by side, draw by draw, and say which claims and revisions made the difference."""
    if len(runs) < 2:
        raise typer.BadParameter("one run; name two or more, each CASE@DAY, CASE+SCENARIO or the folder of a run")
    with console.told(as_json=as_json):
        from materiel import study, terminal

        with console.progress(as_json) as report:
            done = [_as_named(name, draws, seed, scenario, rules, report) for name in runs]
            labels = [f"{run.case.name}{'+' * bool(run.case.scenario)}{run.case.scenario}@{run.case.as_of}" for run in done]
            found = study.compare(done, labels if len(set(labels)) == len(labels) else [Path(name).name for name in runs])
        if as_json:
            typer.echo(json.dumps(dataclasses.asdict(found), ensure_ascii=False, indent=2, default=str))
        else:
            terminal.side_by_side(found, everything)


def _as_named(name: str, draws: int, seed: int, scenario: str, rules: str, report: Callable[[int, int], None] | None) -> Run:
    from materiel.options import Options, Reading
    from materiel.reproduction import repeat
    from materiel.study import load

    if _there(Path(name) / "manifest.json"):
        return repeat(Path(name))
    whole, _, day = name.rpartition("@") if "@" in name else (name, "", "")
    case, plus, own = whole.rpartition("+")
    case, own = (case, own) if plus and not _there(Path(whole)) else (whole, "")
    return load(case).again(Options(Reading(console.day(day), ",".join(filter(None, (scenario, own))), rules=rules), draws, seed), report)


def _there(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:  # a name that no file can have
        return False


@app.command()
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
        from materiel import terminal
        from materiel.options import Reading
        from materiel.study import load

        with console.progress(as_json) as report:
            found = load(case).solve(change, keep, draws, seed, Reading(console.day(as_of), scenario, rules=rules), end=end, points=points, report=report)
        if as_json:
            typer.echo(json.dumps(found.json(), ensure_ascii=False, indent=2))
        else:
            terminal.solved(found)


@app.command()
def forecast(
    case: CaseArgument,
    draws: Draws = 10_000,
    seed: Seed = 1,
    as_of: AsOf = "",
    question: Annotated[list[str] | None, typer.Option(help="a question to forecast; may be repeated; all that resolve if absent")] = None,
    note: Annotated[str, typer.Option(help="what a reader of the forecast must know")] = "",
    output: Annotated[Path | None, typer.Option("--output", "-o", help="the file; forecasts/DAY.yaml in the folder of the case if absent")] = None,
    as_json: Json = False,
) -> None:
    """Freeze what a case says of days to come, so that it can be scored; as of an earlier day it is a hindcast, and says so."""
    with console.told(as_json=as_json):
        from materiel import forecasting, terminal
        from materiel.study import load

        with console.progress(as_json) as report:
            path, said = forecasting.freeze(load(case), console.day(as_of), draws, seed, tuple(question or ()), output, note, report)
        typer.echo(said.model_dump_json(indent=2) if as_json else terminal.frozen(path, said))


@app.command()
def score(
    case: CaseArgument,
    forecast: Annotated[str, typer.Option(help="one forecast of the case, by its name, or a file; all if absent")] = "",
    as_of: Annotated[str, typer.Option(help="day (YYYY-MM-DD) on which it is scored; today if absent")] = "",
    as_json: Json = False,
) -> None:
    """Settle the frozen forecasts of a case by what was observed since, and score them beside naive ones."""
    with console.told(as_json=as_json):
        from materiel import terminal
        from materiel.analysis import scoring

        found = scoring.score(case, console.day(as_of), forecast)
        if as_json:
            typer.echo(json.dumps(found.plain(), ensure_ascii=False, indent=2))
        else:
            terminal.scored(found)


@app.command()
def weigh(
    case: CaseArgument,
    draws: Draws = 10000,
    seed: Seed = 1,
    as_of: AsOf = "",
    odds: Annotated[str, typer.Option(help="other prior probabilities, HYPOTHESIS=P,...; those not named share what is left")] = "",
    rules: Rules = DEFAULT,
    drop: Drop = None,
    panel: Annotated[bool, typer.Option("--analysts", help="also what the evidence makes of the prior odds of each analyst, and of all pooled")] = False,
    grid: Annotated[bool, typer.Option("--grid", help="a view in marks as well: what is consistent with which hypothesis")] = False,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="file for the draws and their weights: netCDF in the groups of ArviZ")] = None,
    as_json: Json = False,
) -> None:
    """Weigh the rival hypotheses of a case by what was observed: odds before and after, the evidence for and against each, answers before and after."""
    wanted = console.odds(odds)
    with console.told(as_json=as_json):
        from materiel import terminal_weighing
        from materiel.analysis import analysts
        from materiel.options import Options, Reading
        from materiel.study import load

        study, reading = load(case), Reading(console.day(as_of), rules=rules, drop=tuple(drop or ()))
        if panel:
            analysts.needed(study.case(reading))
        with console.progress(as_json) as report:
            found = study.weighed(Options(reading, draws, seed), wanted, report)
        if as_json:
            typer.echo(json.dumps(found.json(panel=panel, grid=grid), ensure_ascii=False, indent=2))
        else:
            terminal_weighing.weighed(found, panel=panel, grid=grid)
        if output is not None:
            typer.echo(found.save(output), err=as_json)


@app.command()
def sources(case: CaseArgument, form: Annotated[str, typer.Option(help="bibtex or csl-json")] = "bibtex", as_of: AsOf = "") -> None:
    """Print the sources of a case for a reference manager."""
    if form not in ("bibtex", "csl-json"):
        raise typer.BadParameter(f"unknown form {form!r}; bibtex or csl-json")
    with console.told():
        from materiel.case.loading import load as load_case
        from materiel.evidence.citations import to_bibtex, to_csl

        ledger = load_case(case, as_of=console.day(as_of)).ledger
        names = {name: publisher.name for name, publisher in ledger.publishers.items()}
        if form == "bibtex":
            typer.echo(to_bibtex(ledger.sources, names))
        else:
            typer.echo(json.dumps([to_csl(name, source, names) for name, source in ledger.sources.items()], ensure_ascii=False, indent=2))


@app.command()
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
    step: Step = None,
) -> None:
    """Write the model of a case, with the numbers of one draw and what they rest on, for other tools to run."""
    if draw != "median" and not (draw.isascii() and draw.isdecimal()):
        raise typer.BadParameter(f"draw {draw!r}; a whole number of at least 0, or median")
    with console.told():
        from materiel.export import xmile as form
        from materiel.options import Reading
        from materiel.study import load

        reading = Reading(console.day(as_of), scenario, step, rules, tuple(drop or ()), independent)
        made = load(case).model(None if draw == "median" else int(draw), seed, reading, question)
        typer.echo(form.text(made) if xmile == "-" else form.write(made, Path(xmile)), nl=xmile != "-")


@app.command()
def check(case: CaseArgument, as_of: AsOf = "", scenario: ScenarioOption = "", as_json: Json = False) -> None:
    """Read a case and print every problem: file:line:column, what was read, what is allowed, the nearest name."""
    with console.told(as_json=as_json):
        from materiel import weighing
        from materiel.analysis import analysts, examination, frozen, questions, resolution
        from materiel.case.loading import load as load_case
        from materiel.network import build
        from materiel.options import Reading
        from materiel.proof import prove

        checked = load_case(case, as_of=console.day(as_of), scenario=scenario)
        asked = questions.prepare(checked)
        stages = prove(build(checked, [one.gauge for one in asked.values() if one.gauge]))
        found: list[Problem] = []
        for name in checked.scenarios:
            try:
                questions.prepare(load_case(case, as_of=console.day(as_of), scenario=name, like=checked))
            except CaseError as error:
                found += error.problems
        if found:
            raise CaseError(found)
        weighing.read(case, {}, checked, Reading(console.day(as_of), scenario))
        remarks = [*checked.remarks, *examination.misfits(checked, asked), *resolution.remarks(checked), *frozen.remarks(checked), *analysts.remarks(checked)]
        counts = {
            "components": len(checked.components), "questions": len(asked), "claims": len(checked.ledger.claims),
            "sources": len(checked.ledger.sources), "unit_proofs": stages, "undeclared": len(checked.undeclared),
        }  # fmt: skip
        if as_json:
            typer.echo(json.dumps({"case": checked.name, "problems": [], "remarks": console.rows(remarks), **counts}, ensure_ascii=False))
        else:
            for remark in remarks:
                typer.echo(f"note: {remark}")
            typer.echo(f"{checked.name}: no problems ({', '.join(f'{n} {what}' for what, n in counts.items())})")


@app.command()
def report(case: CaseArgument, path: Annotated[Path, typer.Option("--output", "-o")] = Path("report.html"), draws: Draws = 2000, seed: Seed = 1, as_of: AsOf = "", scenario: ScenarioOption = "") -> None:  # fmt: skip
    """Run a case and write its report as one HTML file that opens without a network."""
    with console.told():
        from materiel.study import load

        with console.progress(quiet=False) as tell:
            done = load(case).run(draws=draws, seed=seed, as_of=console.day(as_of), scenario=scenario, report=tell)
        typer.echo(done.report(path))


@app.command()
def schema() -> None:
    """Print the JSON Schema of case.yaml, for editors."""
    from materiel.case.schema import json_schema

    typer.echo(json.dumps(json_schema(), ensure_ascii=False, indent=2))


@app.command()
def cases(as_json: Json = False) -> None:
    """List the cases that ship with the program."""
    from materiel.case.files import shelf

    names = sorted(folder.name for folder in shelf().iterdir() if (folder / "case.yaml").is_file())
    typer.echo(json.dumps(names) if as_json else "\n".join(names))


@app.command()
def order(case: CaseArgument, as_json: Json = False) -> None:
    """Print the order in which a period of a case is computed."""
    with console.told(as_json=as_json):
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
