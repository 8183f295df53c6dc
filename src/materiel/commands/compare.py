"""`materiel compare`: put runs side by side."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from materiel import console
from materiel.commands.arguments import DEFAULT, Draws, Json, Rules, ScenarioOption, Seed, Set

if TYPE_CHECKING:
    from materiel.study import Run


def compare(
    runs: Annotated[list[str], typer.Argument(help="two runs or more, each CASE, CASE@DAY, CASE+SCENARIO, CASE+SCENARIO@DAY, or the folder of a run")],
    draws: Draws = 2000,
    seed: Seed = 1,
    scenario: ScenarioOption = "",
    rules: Rules = DEFAULT,
    by_hand: Set = None,
    everything: Annotated[bool, typer.Option("--all", help="every question, not only the key ones")] = False,
    as_json: Json = False,
) -> None:
    """Put runs as of several days, in several scenarios or of several cases side by side, draw by draw, and say which claims and revisions made the difference.

    With --set, the last of them is put beside itself with numbers set by hand.
    """
    if len(runs) < 2 and not by_hand:
        raise typer.BadParameter("one run; name two or more, each CASE@DAY, CASE+SCENARIO or the folder of a run")
    with console.told(as_json=as_json):
        from materiel import editions

        with console.progress(as_json) as report:
            done = [_as_named(name, draws, seed, scenario, rules, report) for name in runs]
            labels = [f"{run.case.name}{'+' * bool(run.case.scenario)}{run.case.scenario}@{run.case.as_of}" for run in done]
            labels = labels if len(set(labels)) == len(labels) else [Path(name).name for name in runs]
            if by_hand:
                done.append(_set(done[-1], tuple(by_hand), report))
                labels.append(f"{labels[-1]}, set by hand")
            found = editions.compare(done, labels)
        if as_json:
            typer.echo(json.dumps(dataclasses.asdict(found), ensure_ascii=False, indent=2, default=str))
        else:
            from materiel.printing.compare import side_by_side

            side_by_side(found, everything)


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


def _set(run: Run, by_hand: tuple[str, ...], report: Callable[[int, int], None] | None) -> Run:
    """Return a run again with numbers set by hand."""
    reading = dataclasses.replace(run.options.reading, set=(*run.options.reading.set, *by_hand))
    return run.study.again(dataclasses.replace(run.options, reading=reading), report)


def _there(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:  # a name that no file can have
        return False
