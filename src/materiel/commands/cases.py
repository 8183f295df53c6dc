"""`materiel cases`: list the cases that ship with the program."""

from __future__ import annotations

import json

import typer

from materiel.commands.arguments import Json


def cases(as_json: Json = False) -> None:
    """List the cases that ship with the program."""
    from materiel.case.files import shelf

    names = sorted(folder.name for folder in shelf().iterdir() if (folder / "case.yaml").is_file())
    typer.echo(json.dumps(names) if as_json else "\n".join(names))
