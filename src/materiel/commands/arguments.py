"""Arguments and options that several commands take."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

DEFAULT = "plain"
"""Name of the default rules; a test holds it to that of `evidence.grades`, which takes too long to import for `--help`."""

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
Set = Annotated[list[str] | None, typer.Option("--set", help="a number to set by hand, NUMBER=VALUE UNIT or NUMBER=DAY; may be repeated")]
Chunk = Annotated[int, typer.Option(help="most draws worked on together; changes no number", min=1)]
ClusterOption = Annotated[str, typer.Option("--cluster", help="run on a Dask cluster: the address of its scheduler, or local:N for N processes here")]
Kept = Annotated[Path, typer.Argument(help="the folder of a run")]
LanguageOption = Annotated[str, typer.Option("--language", help="language of what is written: en or fr")]
Json = Annotated[bool, typer.Option("--json", help="print plain data")]
