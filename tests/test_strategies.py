"""The random cases do what the proofs need: something of every kind is scarce, and every kind of component takes part."""

from __future__ import annotations

from collections import Counter

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

import strategies
from materiel.network import Program
from runs import build, run

KINDS = {
    "accounts": ("credit", "debt"),
    "routes": ("carriage",),
    "supplies": ("comes", "stock"),
    "fleets": ("stock", "ready"),
    "stockpiles": ("stock", "floor"),
}


def offered(program: Program) -> dict[int, str]:
    """Return which kind of resource a slot offers, read off the stages that offer."""
    found: dict[int, str] = {}
    for stage in program.step:
        section = stage.title.split()[0]
        if stage.phase == "offer" and section in KINDS:
            names = KINDS[section] if section != "accounts" else ("balance", "credit", "debt")
            for row in stage.results:
                found |= {int(slot): f"{section}.{name}" for slot, name in zip(row, names, strict=True)}
    return found


def cuts(program: Program, recorded: np.ndarray) -> set[str]:
    """Return the kinds of resource that cut a want, alone or by being shared."""
    kinds, found = offered(program), set[str]()
    for stage in program.step:
        for arguments, results in zip(stage.arguments, stage.results, strict=True):
            if stage.phase == "limit" and (recorded[:, results[0]] < recorded[:, arguments[0]]).any():
                found |= {f"alone {kinds[slot]}" for slot in map(int, arguments[1:]) if slot in kinds}
            if stage.phase == "grant":
                granted, available = recorded[:, results].sum(axis=1), recorded[:, arguments[0]]
                if ((granted > 0) & (granted >= available * (1 - 1e-9))).any():
                    found.add(f"shared {kinds[int(arguments[0])]}")
    return found


def test_everything_is_scarce_somewhere() -> None:
    seen: Counter[str] = Counter()
    sections: Counter[str] = Counter()

    @settings(max_examples=60, database=None)
    @given(st.one_of(strategies.cases(), strategies.cases(account=True)), strategies.steps)
    def gather(data: strategies.Data, dt: float) -> None:
        program = build(data, dt)
        outcome = run(program, steps=20, draws=2, dt=dt, fixed={"contingencies.war.begins": 10.0})
        seen.update(cuts(program, outcome.recorded))
        sections.update({stage.title.split()[0] for stage in program.step})

    gather()
    for kind in ("stockpiles.stock", "supplies.stock", "routes.carriage", "accounts.credit", "accounts.debt", "fleets.stock"):
        assert seen[f"shared {kind}"], kind
    assert seen["alone stockpiles.floor"], "no reserve ever stops an export"
    missing = set(strategies_sections()) - set(sections)
    assert not missing, f"no random case has {missing}"


def strategies_sections() -> list[str]:
    """Return the sections of types that have equations of a step."""
    from materiel import component
    from materiel.component import PHASES
    from runs import examples

    assert examples()
    return [section for section, kind in component.types().items() if set(kind.equations) & set(PHASES)]
