"""`materiel run`: run a case."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Annotated

import typer

from materiel import console
from materiel.commands.arguments import (
    DEFAULT,
    AsOf,
    CaseArgument,
    Chunk,
    ClusterOption,
    Draws,
    Drop,
    Engine,
    Independent,
    Json,
    LanguageOption,
    Rules,
    ScenarioOption,
    Seed,
    Set,
    Step,
)


def run(
    case: CaseArgument,
    draws: Draws = 2000,
    seed: Seed = 1,
    as_of: AsOf = "",
    scenario: ScenarioOption = "",
    rules: Rules = DEFAULT,
    drop: Drop = None,
    independent: Independent = False,
    by_hand: Set = None,
    step: Step = None,
    engine: Engine = "native",
    chunk: Chunk = 1024,
    cluster: ClusterOption = "",
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="folder in which the run gets a folder of its own: draws as they are done, then results, manifest, report"),
    ] = None,
    language: LanguageOption = "en",
    as_json: Json = False,
) -> None:
    """Run a case and print its key judgements; with other evidence, both before and after."""
    if engine not in ("native", "native32", "numpy", "jax"):
        raise typer.BadParameter(f"unknown engine {engine!r}; native, native32, numpy or jax")
    with console.told(as_json=as_json):
        from materiel.options import Options, Reading
        from materiel.printing.run import finished
        from materiel.study import load

        study = load(case)
        reading = Reading(console.day(as_of), scenario, step, rules, tuple(drop or ()), independent, set=tuple(by_hand or ()))
        options = Options(reading, draws, seed, engine, chunk)
        with console.cluster(cluster) as client, console.progress(as_json) as report:
            done = study.again(options, report, output, client, language)
            before = study.again(dataclasses.replace(options, reading=reading.plain), report, client=client) if reading != reading.plain else None
        finished(done, before, as_json, language)
