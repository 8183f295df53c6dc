"""A scenario read beside its case, from which it takes what the files say alike: the same as read alone, whatever it sets."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from materiel.case.loading import load
from materiel.errors import CaseError
from strategies import between, constant, day

SOURCE = {"publisher": "Press", "title": "A paper", "published": day(-99), "reliability": "B"}


def claim(**more: Any) -> dict[str, Any]:
    return {"source": "paper", "statement": "So much", "known": day(-9), "published": day(-9), "kind": "reported", "credibility": 3} | more


def case(**scenarios: dict[str, Any]) -> dict[str, Any]:
    held = between(4.0, 20.0, "Mround")
    return {
        "format": 1, "title": "A store", "start": day(0), "end": day(90), "items": {"shell": {"unit": "round"}, "powder": {"unit": "t"}, "dust": {"unit": "kg"}},
        "actors": {
            "north": {
                "stockpiles": {
                    "shell": {"item": "shell", "initial": held | {"claims": ["first", "third"]}}, "powder": {"item": "powder", "initial": between(10.0, 20.0, "t")},
                },
                "lines": {"shell": {
                    "item": "shell", "capacity": between(10.0, 20.0, "round/day"), "lead_time": constant(9.0, "day"), "ramp_time": constant(90.0, "day"),
                    "target": constant(2.0), "inputs": {"stockpiles.powder": "0.01 t/round"}, "to": "stockpiles.shell",
                }},
                "supplies": {"works": {"item": "powder", "to": "stockpiles.powder", "rate": between(1.0, 2.0, "t/day"), "first_day": {"constant": day(9), "because": "for the test"}}},
                "demands": {
                    "front": {"item": "shell", "rate": {"shared": "use"}}, "rear": {"item": "shell", "rate": {"shared": "rest"}},
                    "drill": {"item": "shell", "rate": between(1.0, 9.0, "round/day")},
                },
            },
            "south": {"stockpiles": {"shell": {"item": "shell", "initial": {"base": {"class": "store"}, "claims": ["second"]}}}},
        },
        "shared": {"use": between(100.0, 900.0, "round/day"), "rest": {"shared": "use"}}, "classes": {"store": between(1.0, 9.0, "Mround")},
        "correlations": [{"between": ["north.demands.drill.rate", "north.stockpiles.powder.initial"], "rank": 0.5, "because": "for the test"}],
        "sources": {"paper": SOURCE}, "scenarios": {name: {"text": name, "set": change} for name, change in scenarios.items()},
        "claims": {
            "first": claim(value="9 Mround"), "second": claim(value="3 Mround"),
            "third": claim(formula="a + b", terms={"a": "first", "b": "second"}, kind="converted"),
        },
    }  # fmt: skip


CHANGES: dict[str, dict[str, Any]] = {
    "nothing": {}, "number": {"north.stockpiles.shell.initial": constant(5.0, "Mround")}, "part of a number": {"north.demands.drill.rate.base": "2 to 3 round/day"},
    "shared": {"shared.use": between(1.0, 2.0, "round/day")}, "class": {"classes.store": between(2.0, 3.0, "Mround")}, "claim": {"claims.second.value": "4 Mround"},
    "grade": {"sources.paper.reliability": "D"}, "unit": {"items.shell.unit": "kround"}, "rank": {"north.demands.drill.priority": 1},
    "store": {"north.stockpiles.more": {"item": "powder", "initial": constant(1.0, "t")}}, "item": {"north.stockpiles.powder.item": "dust", "north.supplies.works.item": "dust"},
    "correlations": {"correlations": []}, "day": {"as_of": day(-50)}, "start": {"start": day(-5)},
}  # fmt: skip


@pytest.fixture
def path(tmp_path: Path) -> Path:
    made = tmp_path / "case.yaml"
    made.write_text(json.dumps(case(**CHANGES)), encoding="utf-8")
    return made


@pytest.mark.parametrize("scenario", CHANGES)
def test_a_scenario_is_the_same_beside_its_case_as_alone(path: Path, scenario: str) -> None:
    beside, alone = load(path, scenario=scenario, like=load(path)), load(path, scenario=scenario)
    assert beside == alone
    pools = [[prior.pool for one in each.components.values() for prior in one.priors()] for each in (beside, alone)]
    assert pools[0] == pools[1]


@pytest.mark.parametrize("reading", [{"drop": ["first"]}, {"silent": ["second"]}, {"independent": True}, {"rules": "strict"}, {"step": 7.0}])
def test_a_case_read_in_another_way_is_none_to_take_numbers_from(path: Path, reading: dict[str, Any]) -> None:
    like = load(path)
    assert load(path, scenario="number", like=like, **reading) == load(path, scenario="number", **reading)


def test_what_is_alike_is_taken_over(path: Path) -> None:
    like = load(path)
    number, shared, told = (load(path, scenario=name, like=like) for name in ("number", "shared", "claim"))
    assert number.whole is like.whole
    assert number.components["north.demands.drill"].numbers is like.components["north.demands.drill"].numbers
    assert shared.whole is like.whole
    of = {name: (shared.components[f"north.demands.{name}"].numbers, like.components[f"north.demands.{name}"].numbers) for name in ("front", "rear", "drill")}
    assert of["drill"][0] is of["drill"][1]
    assert all(of[name][0]["rate"] != of[name][1]["rate"] for name in ("front", "rear"))
    assert told.whole is not like.whole


@pytest.mark.parametrize("common", [{"classes": {"store": {"shared": "use"}}}, {"mixes": {"m": {"a": {"shared": "use"}, "b": constant(1.0)}}}])
def test_what_common_numbers_rest_on_is_seen(tmp_path: Path, common: dict[str, Any]) -> None:
    path = tmp_path / "case.yaml"
    data = case(less={"shared.use": between(0.1, 0.2)}) | {"correlations": []} | common
    data["shared"] = {"use": between(0.3, 0.4)}
    entry: dict[str, Any] = {"base": {"class": "store"}} if "classes" in common else {"mix": "m", "part": "a"}
    data["actors"] = {"north": {"stockpiles": {"shell": {"item": "shell", "initial": constant(5.0, "round"), "unserviceable": entry}}}}
    path.write_text(json.dumps(data), encoding="utf-8")
    like = load(path)
    less = load(path, scenario="less", like=like)
    assert less == load(path, scenario="less")
    assert less.components["north.stockpiles.shell"].numbers != like.components["north.stockpiles.shell"].numbers


def test_a_scenario_leaves_the_case_as_it_is(path: Path) -> None:
    before = load(path)
    load(path, scenario="store,number,part of a number", like=before)
    assert load(path) == before


@pytest.mark.parametrize(
    "bad", [{"north.demands.drill.rate": constant(1.0, "day")}, {"claims.first.value": "1 knot"}, {"shared.use": "1 t"}, {"north.demands.frnt": {}}]
)
def test_what_a_scenario_gets_wrong_is_told_beside_its_case_as_alone(tmp_path: Path, bad: dict[str, Any]) -> None:
    path = tmp_path / "case.yaml"
    path.write_text(json.dumps(case(good={}, bad=bad), indent=1), encoding="utf-8")
    told: list[list[str]] = []
    for like in (load(path), None):
        with pytest.raises(CaseError) as error:
            load(path, scenario="bad", like=like)
        told.append([str(problem) for problem in error.value.problems])
    assert told[0] == told[1]
    lines = path.read_text().splitlines()
    assert all(lines.index('  "bad": {') < int(problem.split(":")[1]) < lines.index(' "claims": {') for problem in told[0])
