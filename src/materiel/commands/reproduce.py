"""`materiel reproduce`: make a run again and compare it."""

from __future__ import annotations

import dataclasses
import json
from typing import Annotated

import typer

from materiel import console
from materiel.commands.arguments import Json, Kept


def reproduce(folder: Kept, case: Annotated[str, typer.Option(help="the case, if it is elsewhere now")] = "", as_json: Json = False) -> None:
    """Make a run again from its manifest and say whether every number is identical, bit for bit, or what differs; exits with 1 if anything does."""
    with console.told(as_json=as_json):
        from materiel import reproduction
        from materiel.printing.reproduce import reproduced

        with console.progress(as_json) as report:
            found = reproduction.reproduce(folder, case, report)
        typer.echo(json.dumps(dataclasses.asdict(found), ensure_ascii=False, indent=2) if as_json else reproduced(found))
        if not found.identical:
            raise typer.Exit(1)
