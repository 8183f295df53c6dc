"""`materiel schema`: print the schema of a case."""

from __future__ import annotations

import json

import typer


def schema() -> None:
    """Print the JSON Schema of case.yaml, for editors."""
    from materiel.case.schema import json_schema

    typer.echo(json.dumps(json_schema(), ensure_ascii=False, indent=2))
