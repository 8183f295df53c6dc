"""Shares of a mix add up to one, draw by draw."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import pytest

from runs import build, run
from strategies import between, constant, day

NAMES = ("light", "heavy", "rockets", "parts", "other")
SAID = {
    "light": between(2.0, 8.0),
    "heavy": {**between(0.5, 20.0), "claims": ["counted", "doubted"]},
    "rockets": {"base": {"dist": "triangular", "low": 0.1, "mode": 0.2, "high": 3.0}, "because": "for the test", "claims": ["told"]},
    "parts": {"base": {"p5": 0.001, "p50": 0.02, "p95": 5.0}, "because": "for the test"},
    "other": {"constant": 3, "because": "for the test"},
}
VALUES = {"counted": (1, 0.1), "doubted": (5, "50 to 90"), "told": (3, 2)}


def case(names: tuple[str, ...]) -> dict[str, Any]:
    """Return an order of one mass that is split by a mix of the given weights."""
    dates = {"known": day(-9), "published": day(-9)}
    contracts = {
        name: {
            "item": "shell", "to": "south.shell", "route": "rail", "tonnage": constant(900.0, "t"), "first_day": constant(day(5)),
            "duration": constant(20.0, "day"), "share": {"mix": "order", "part": name},
        }
        for name in names
    }  # fmt: skip
    return {
        "format": 1, "title": "A mix", "start": day(0), "end": day(60),
        "items": {"shell": {"unit": "round", "mass": constant(40.0, "kg/round")}},
        "routes": {"rail": {"capacity": constant(1.0, "kt/day"), "transit": constant(3.0, "day")}},
        "mixes": {"order": {name: SAID[name] for name in names}},
        "actors": {
            "north": {"stockpiles": {"shell": {"item": "shell", "initial": constant(1e6, "round")}}, "contracts": contracts},
            "south": {"stockpiles": {"shell": {"item": "shell", "initial": constant(0.0, "round")}}},
        },
        "sources": {"press": {"publisher": "Press", "title": "Reports", "published": day(-9), "reliability": "B"}},
        "claims": {
            name: {"source": "press", "statement": "So much", "kind": "reported", "credibility": credibility, "value": value, **dates}
            for name, (credibility, value) in VALUES.items()
        },
    }  # fmt: skip


@pytest.mark.parametrize("names", [few for n in range(2, 6) for few in itertools.combinations(NAMES, n)], ids="+".join)
def test_shares_of_a_mix_add_up_to_one(names: tuple[str, ...]) -> None:
    """To within one unit in the last place; their exact sum is taken, lest the sum itself be rounded several times."""
    program = build(case(names))
    first = run(program, steps=1, draws=2000).first
    weights = {prior.path.rpartition(".")[2]: len(prior.parts) for prior in next(prior for _, prior in program.priors if prior.mix).mix}
    assert weights == {name: 1 + len(SAID[name].get("claims", [])) for name in names}
    shares = np.array([first[program.variables[f"north.contracts.{name}.share"][0]] for name in names])
    assert np.all((shares > 0) & (shares < 1))
    assert len(np.unique(shares[0])) > 1900, "shares do not differ from draw to draw"
    sums = np.array([math.fsum(column) for column in shares.T])
    assert np.max(np.abs(sums - 1.0)) <= np.spacing(1.0)
