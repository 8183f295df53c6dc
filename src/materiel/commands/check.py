"""`materiel check`: read a case and print every problem."""

from __future__ import annotations

import json

import typer

from materiel import console
from materiel.commands.arguments import AsOf, CaseArgument, Json, ScenarioOption
from materiel.errors import CaseError, Problem


def check(case: CaseArgument, as_of: AsOf = "", scenario: ScenarioOption = "", as_json: Json = False) -> None:
    """Read a case and print every problem: file:line:column, what was read, what is allowed, the nearest name."""
    with console.told(as_json=as_json):
        from materiel import weighing
        from materiel.analysis import analysts, examination, frozen, questions, resolution
        from materiel.case import translation
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
        translation.check(checked)
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
