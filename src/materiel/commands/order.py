"""`materiel order`: print the order of a step."""

from __future__ import annotations

import json

import typer

from materiel import console
from materiel.commands.arguments import CaseArgument, Json


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
