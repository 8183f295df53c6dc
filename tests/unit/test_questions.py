from __future__ import annotations

import datetime
import json
from pathlib import Path

import numpy as np
import pytest

from materiel.analysis.questions import Asked, Branch, answer, prepare, values
from materiel.case.loading import load
from materiel.equations import NEVER
from materiel.errors import CaseError
from runs import answers

CASE = """
format: 1
title: A line
start: 2023-01-01
end: 2023-12-31
step: 2 day
items: {shell: {unit: round}, rocket: {unit: rocket}, fuze: {unit: fuze}}
contingencies: {war: {}}
actors:
  north:
    supplies:
      fuze: {item: fuze, rate: {constant: 1000 fuze/day, because: as bought}}
    stockpiles:
      shell: {item: shell, initial: {constant: 0 round, because: none}}
      rocket: {item: rocket, initial: {constant: 5 rocket, because: few}}
    lines:
      shell: {item: shell, capacity: {constant: 500 round/day, because: one shift}, lead_time: {constant: 30 day, because: forging}, inputs: {fuze: 1}}
conversions: {equivalent: {shell: {constant: 1, because: by definition}, rocket: {constant: 3, because: by mass}}}
scenarios: {less: {text: Fewer fuzes, set: {north.supplies.fuze.rate: {constant: 1 fuze/day, because: embargo}}}}
"""


def prepared(tmp_path: Path, **questions: dict) -> dict[str, Asked]:
    path = tmp_path / "case.yaml"
    path.write_text(CASE + "questions: " + json.dumps({name: {"text": "Some", **question} for name, question in questions.items()}))
    return prepare(load(path))


def number(asked: Asked, name: str) -> float:
    assert asked.gauge is not None
    prior = asked.gauge.numbers[name]
    assert prior is not None
    return prior.parts[0].distribution.values[0]


def weight(asked: Asked, entry: int = 0) -> float:
    assert asked.gauge is not None
    return asked.gauge.links["of"][entry].numbers["weight"].parts[0].distribution.values[0]


def test_a_value_is_read_on_its_day_in_the_unit_asked(tmp_path):
    one = prepared(tmp_path, made={"value": "north.lines.shell.made", "at": "2023-06-01", "unit": "kround"})["made"]
    assert (one.form, one.unit, one.last_day) == ("value", "kround", 151.0)
    assert number(one, "first_day") == 151.0
    assert weight(one) == pytest.approx(1e-3)


def test_flows_are_asked_as_rates_per_day_and_summed_as_amounts(tmp_path):
    asked = prepared(tmp_path, rate={"largest": "north.lines.shell.good"}, sum={"total": "north.lines.shell.good"})
    assert (asked["rate"].unit, weight(asked["rate"])) == ("round/day", pytest.approx(0.5))
    assert (asked["sum"].unit, weight(asked["sum"])) == ("round", pytest.approx(1.0))


def test_a_sum_over_items_is_weighted_by_its_conversion(tmp_path):
    one = prepared(
        tmp_path,
        all={"value": ["north.stockpiles.shell.held", "north.stockpiles.rocket.held"], "at": "2023-06-01", "conversion": "equivalent", "unit": "round"},
    )["all"]
    assert [weight(one, 0), weight(one, 1)] == [1.0, 3.0]


@pytest.mark.parametrize(
    ("item", "rate", "unit", "median"),
    [
        ("round", "7 kround/day", "kround/day", 7), ("round", "7 kround/day", "round/day", 7000), ("round", "7 kround/day", "kround/month", 7 * 30.4375),
        ("round", "7 kround/day", "Mround/year", 7 * 0.36525), ("t", "7 t/day", "t/day", 7), ("t", "7 kt/day", "kt/week", 49), ("t", "7 t/day", "kg/day", 7),
    ],
)  # fmt: skip
@pytest.mark.parametrize("weight", [1, 3])
def test_what_a_conversion_adds_up_is_told_in_the_unit_asked(item, rate, unit, median, weight):
    """A weight counts in the bare unit, of which the question may ask thousands or those of a month: seven thousand a day are 7 kround/day, in periods of any length."""
    data = {
        "format": 1, "title": "A store", "start": "2023-01-01", "end": "2023-12-31", "step": "3 day", "items": {"thing": {"unit": item}},
        "actors": {"north": {
            "stockpiles": {"thing": {"item": "thing", "initial": {"constant": f"1e9 {item}", "because": "plenty"}}},
            "demands": {"use": {"item": "thing", "source": "thing", "rate": {"constant": rate, "because": "counted"}}},
        }},
        "conversions": {"equivalent": {"thing": {"constant": weight, "because": "by definition"}}},
        "questions": {"used": {"text": "Used", "value": "north.demands.use.wanted", "at": "2023-06-01", "unit": unit, "conversion": "equivalent"}},
    }  # fmt: skip
    assert answers(data, draws=10, engine="numpy").questions["used"].quantiles[50] == pytest.approx(weight * median)


def test_a_conversion_by_one_is_no_conversion(tmp_path):
    plain = {"value": "north.stockpiles.shell.held", "at": "2023-06-01"}
    for unit in ("round", "kround", "Mround"):
        asked = prepared(tmp_path, plain=plain | {"unit": unit}, converted=plain | {"unit": unit, "conversion": "equivalent"})
        assert weight(asked["converted"]) == pytest.approx(weight(asked["plain"]))


def test_a_crossing_counts_days_from_its_start_or_its_contingency(tmp_path):
    asked = prepared(
        tmp_path,
        plain={"first": "north.lines.shell.made", "above": "1 kround"},
        later={"first": "north.lines.shell.made", "above": "1 kround", "start": "2023-02-01"},
        war={"first": "north.lines.shell.made", "above": "1 kround", "if": "war on 2023-03-01", "threshold": {"below": "2023-03-31"}},
    )
    assert [asked[name].since for name in ("plain", "later", "war")] == [0.0, 31.0, 59.0]
    assert {one.unit for one in asked.values()} == {"day"}
    assert number(asked["plain"], "bound") == 1000.0
    assert asked["war"].threshold == ("below", 30.0)
    assert asked["war"].branch == Branch("", "contingencies.war", 59.0)
    assert asked["war"].branch.fixed == {"contingencies.war.begins": 59.0}


def test_a_scenario_makes_a_branch_that_fixes_nothing(tmp_path):
    one = prepared(tmp_path, made={"value": "north.lines.shell.made", "at": "2023-06-01", "with": "less"})["made"]
    assert one.branch == Branch("less")
    assert one.branch.fixed == {}


def test_thresholds_are_taken_in_the_unit_of_the_answer(tmp_path):
    one = prepared(tmp_path, made={"value": "north.lines.shell.made", "at": "2023-06-01", "unit": "kround", "threshold": {"above": "0.1 Mround"}})["made"]
    assert one.threshold == ("above", pytest.approx(100.0))


def test_an_entry_is_named_by_its_link_or_its_place(tmp_path):
    asked = prepared(
        tmp_path, fuze={"value": "north.lines.shell.consumed.fuze", "at": "2023-06-01"}, work={"value": "north.lines.shell.work.3", "at": "2023-06-01"}
    )
    assert asked["fuze"].unit == "fuze"
    assert asked["work"].gauge.links["of"][0].index == 2
    with pytest.raises(CaseError, match=r"unknown variable 'north.lines.shell.work.4'.*did you mean"):
        prepared(tmp_path, work={"value": "north.lines.shell.work.4", "at": "2023-06-01"})


def test_a_ratio_is_taken_draw_by_draw_in_its_units(tmp_path):
    asked = prepared(
        tmp_path,
        one={"value": "north.lines.shell.made", "at": "2023-06-01", "unit": "kround"},
        two={"value": "north.lines.shell.made", "at": "2023-06-11"},
        part={"ratio": ["one", "two"], "unit": "percent"},
    )
    found = values(asked, {"one": np.array([1.0, 2.0, 3.0]), "two": np.array([4000.0, 4000.0, 0.0])})
    assert found["part"].tolist() == pytest.approx([25.0, 50.0, np.inf])


def test_all_problems_of_all_questions_are_told_at_once(tmp_path):
    with pytest.raises(CaseError) as error:
        prepared(tmp_path, a={"value": "north.lines.shell.maed", "at": "2023-06-01"}, b={"value": "north.lines.shell.made"}, c={"ratio": ["a", "z"]})
    assert len(error.value.problems) == 3


def asked(**changes: object) -> Asked:
    given = {
        "id": "q", "text": "Shells made", "judgement": "", "form": "value", "unit": "round", "branch": Branch(), "gauge": None, "parts": (),
        "since": 0.0, "last_day": 9.0, "threshold": None, "key": False, "fan": False, "observed": "",
    }  # fmt: skip
    return Asked(**{**given, **changes})


def test_an_answer_has_the_quantiles_of_its_draws():
    drawn = np.random.default_rng(1).permutation(np.arange(1001.0))
    found = answer(asked(), drawn, 0.5)
    assert found.quantiles == {5: 50.0, 25: 250.0, 50: 500.0, 75: 750.0, 95: 950.0}
    assert (found.probability, found.never, found.base_share) == (None, 0.0, 0.5)
    assert found.sentence.startswith("Shells made: median 500 rounds, 50 % range 250 to 750, 90 % range 50 to ")
    assert found.sentence.endswith(" to 950 rounds.")


@pytest.mark.parametrize(("side", "share"), [("above", 0.8), ("below", 0.2)])
def test_a_probability_is_the_share_of_draws_beyond_the_bound(side, share):
    found = answer(asked(threshold=(side, 199.5)), np.arange(1000.0), 0.5)
    assert found.probability == share


def test_a_judgement_says_a_likelihood_with_its_number_and_no_confidence():
    found = answer(asked(threshold=("above", 299.5), judgement="more than 300 shells are made"), np.arange(1000.0), 0.5)
    assert found.sentence.startswith("Likely (70 %) that more than 300 shells are made (Shells made: median 500 rounds")
    assert "confiden" not in found.sentence


def test_a_crossing_that_never_comes_is_told_and_not_averaged():
    kept = np.concatenate([np.full(900, 40.0), np.full(100, NEVER)])
    one = asked(form="first", unit="day", since=10.0, gauge=object())
    drawn = values({"q": one}, {"q": kept})["q"]
    assert np.isinf(drawn).sum() == 100
    found = answer(one, drawn, 0.5)
    assert found.quantiles[50] == 30.0
    assert found.quantiles[95] is None
    assert found.never == pytest.approx(0.1)
    assert "never within the horizon" in found.sentence


def test_days_of_a_case_count_from_its_start(tmp_path):
    path = tmp_path / "case.yaml"
    path.write_text(CASE)
    case = load(path)
    assert case.day(datetime.date(2023, 1, 31)) == 30.0
    assert case.date(30.9) == datetime.date(2023, 1, 31)
