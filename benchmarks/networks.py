"""Networks of any size for measurements: arms industries that lack inputs and power, so that everything is rationed."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

from materiel import network
from materiel.case.loading import load
from materiel.network import Program

INDUSTRY, STORE = 77, 10
"""Variables of an industry and of a store that change in a run."""

BECAUSE = "for a measurement"


def _base(low: float, high: float, unit: str = "") -> dict[str, Any]:
    return {"base": f"{low!r} to {high!r} {unit}".strip(), "because": BECAUSE}


def _actor() -> dict[str, Any]:
    """Return an industry of three lines that share powder and power, and what they are for."""
    return {
        "supplies": {
            "powder": {"item": "powder", "rate": _base(15.0, 26.0, "t/day"), "to": "powder"},
            "power": {"item": "power", "rate": _base(20.0, 40.0, "MWh/day")},
        },
        "stockpiles": {
            "powder": {"item": "powder", "initial": _base(200.0, 600.0, "t")},
            "fuze": {"item": "fuze", "initial": _base(1e4, 9e4, "fuze"), "shelf_life": _base(10.0, 30.0, "year")},
            "shell": {"item": "shell", "initial": _base(1e5, 9e5, "round"), "shelf_life": _base(10.0, 40.0, "year"), "floor": _base(1e4, 5e4, "round")},
        },
        "lines": {
            "powder": {
                "item": "powder", "capacity": _base(5.0, 9.0, "t/day"), "lead_time": _base(10.0, 30.0, "day"), "ramp_time": _base(6.0, 18.0, "month"),
                "target": _base(1.2, 2.0), "inputs": {"power": "1 MWh/t"}, "to": "powder",
            },
            "fuze": {
                "item": "fuze", "capacity": _base(900.0, 1600.0, "fuze/day"), "lead_time": _base(20.0, 60.0, "day"), "ramp_time": _base(6.0, 18.0, "month"),
                "target": _base(1.1, 3.0), "inputs": {"powder": "0.001 t/fuze", "power": "0.005 MWh/fuze"}, "to": "fuze",
            },
            "shell": {
                "item": "shell", "capacity": _base(1500.0, 2500.0, "round/day"), "lead_time": _base(30.0, 90.0, "day"), "ramp_time": _base(9.0, 18.0, "month"),
                "target": _base(1.0, 4.0), "learning": _base(0.1, 0.4), "experience": _base(1e5, 1e6, "round"),
                "inputs": {"fuze": "1 fuze/round", "powder": "0.01 t/round", "power": "0.01 MWh/round"}, "to": "shell",
            },
        },
        "demands": {
            "front": {"item": "shell", "rate": _base(1500.0, 4000.0, "round/day"), "priority": 1},
            "training": {"item": "shell", "rate": _base(100.0, 900.0, "round/day"), "priority": 3},
        },
    }  # fmt: skip


def _store() -> dict[str, Any]:
    """Return a store that is used up: some ten variables."""
    whole = _actor()
    return {"stockpiles": {"shell": whole["stockpiles"]["shell"]}, "demands": {"front": whole["demands"]["front"]}}


def write(path: Path, variables: int) -> Path:
    """Write a case of about so many variables that change, industries and for the rest stores, none of which knows another; return its path."""
    industries, rest = divmod(variables, INDUSTRY)
    actors = [_actor() for _ in range(industries)] + [_store() for _ in range(round(rest / STORE))]
    data = {
        "format": 1, "title": "Industries", "start": "2021-01-01", "end": "2024-06-30",
        "items": {"shell": {"unit": "round"}, "fuze": {"unit": "fuze"}, "powder": {"unit": "t"}, "power": {"unit": "MWh"}},
        "actors": {f"a{n}": actor for n, actor in enumerate(actors)},
    }  # fmt: skip
    path.write_text(json.dumps(data), encoding="utf-8")
    return path


def program(variables: int) -> Program:
    """Return the program of a network of about so many variables."""
    with tempfile.TemporaryDirectory() as folder:
        return network.build(load(write(Path(folder) / "industries.yaml", variables)))


def dynamic(made: Program) -> int:
    """Return how many variables of a program change in a run: levels, flows and auxiliaries that a case knows by a path."""
    return sum(len(slots) for path, slots in made.variables.items() if made.kinds[path] in ("level", "flow", "auxiliary"))
