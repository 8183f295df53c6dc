"""`materiel sources`: print the sources of a case."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from materiel import console
from materiel.commands.arguments import AsOf, CaseArgument


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
