"""What all engines run: a shipped case or a generated network, exported once into a folder."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import networks
import numpy as np
import sdeverywhere
from engines import SERIES, STEPS, Subject
from yardstick import Yardstick

from materiel.case.loading import load
from materiel.engine import reference
from materiel.engine.draws import Sampler
from materiel.export import xmile
from materiel.export.model import Model, model

INDUSTRY = "industry"
"""Name of the network of some eighty variables in which everything is rationed; others are called by the number of their variables."""

MANY, DRAWS_OF_MANY = 5000, 128
"""Networks of so many variables and more run so many draws in a call."""


def export(name: str, folder: Path, draws: int) -> Subject:
    """Write all that engines read of a subject into a folder."""
    generated = {INDUSTRY: networks.INDUSTRY}.get(name) or (int(name) if name.isdecimal() else 0)
    case = str(networks.write(folder / "industries.yaml", generated)) if generated else name
    made = dataclasses.replace(model(load(case), draw=0), steps=STEPS)
    draws = DRAWS_OF_MANY if generated >= MANY else draws
    drawn = Sampler([prior for _, prior in made.program.priors]).draw(1, 0, draws)
    memory = reference.fill(made.program, drawn, made.flat.dt, made.branch.fixed)
    series = recorded(made)
    yard = Yardstick(made.flat, series)
    (folder / "yardstick.c").write_text(yard.text(), encoding="utf-8")
    xmile.write(made, folder / "model.xmile")
    given = [one for kind in ("parameter", "constant") for one in made.flat.of(kind) if one.number < made.program.size]
    sdeverywhere.write(made.flat, series, [(one, float(memory[one.number, 0])) for one in given], STEPS, folder)
    arrays: dict[str, Any] = {"drawn": drawn, "given": memory[yard.given].T, "inputs": memory[[one.number for one in given]].T}
    for what, array in arrays.items():
        np.save(folder / f"{what}.npy", np.ascontiguousarray(array))
    kept = [made.flat.variables[number] for number in series]
    first = [int(one.kind == "level") for one in kept]
    return Subject(name, case, folder, draws, networks.dynamic(made.program), yard.operations(), series, [one.name for one in kept], first)


def recorded(made: Model) -> Sequence[int]:
    """Return what is stored, by number: eight of the levels that hold something, from first to last; where there are fewer, other variables too."""
    levels = made.flat.of("level")
    holding = [one.number for one in levels if one.number in made.flat.holds]
    others = [one.number for one in (*levels, *made.flat.of("auxiliary")) if one.path and one.number not in holding]
    return holding[:: max(len(holding) // SERIES, 1)][:SERIES] + others[: max(SERIES - len(holding), 0)]
