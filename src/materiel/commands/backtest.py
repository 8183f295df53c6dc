"""`materiel backtest`: forecast a series of output from its past, and score that beside naive forecasts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from materiel import console
from materiel.commands.arguments import Json


def backtest(
    file: Annotated[Path, typer.Argument(help="CSV or XLSX: period, quantity, unit; if wanted series, lower, upper, source, note")],
    origin: Annotated[str, typer.Option(help="the last period that is known, as it stands in the file")] = "",
    rolling: Annotated[bool, typer.Option("--rolling", help="from every period with three up to it and one after: the default")] = False,
    horizon: Annotated[int, typer.Option(help="periods ahead", min=1, max=24)] = 6,
    targets: Annotated[Path | None, typer.Option(help="CSV or XLSX of what was promised: announced (a day), period, target; if wanted series, unit")] = None,
    pictures: Annotated[Path | None, typer.Option(help="folder into which a picture of each series goes, as SVG")] = None,
    as_json: Json = False,
) -> None:
    """Forecast a series of output from origins in its past, with only what came before, and score that beside naive forecasts."""
    if origin and rolling:
        raise typer.BadParameter("one origin or --rolling, not both")
    with console.told(as_json=as_json):
        from materiel.surges import running

        with console.progress(as_json) as report:
            found = running.run(file, origin, horizon, targets, report)
        drawn = running.draw(found, horizon, pictures) if pictures else []
        data = running.plain(found, horizon)
        if as_json:
            typer.echo(json.dumps({**data, "pictures": [str(path) for path in drawn]}, ensure_ascii=False, indent=2))
        else:
            from materiel.printing.backtest import backtested

            backtested(data, drawn)
