"""Numbers that a line takes together from documented surges."""

import datetime
from pathlib import Path

import numpy as np
import pytest

from materiel.case.loading import load
from materiel.engine.draws import Sampler
from materiel.errors import CaseError
from materiel.evidence.ramps import NUMBERS, PAIRS, ramps
from materiel.surges import common, kinds, library

CASE = """
format: 1
title: A line whose ramp is documented
start: 2023-01-01
end: 2024-12-31
items: {{shell: {{unit: round}}}}
actors:
  north:
    stockpiles: {{shell: {{item: shell, initial: {{constant: 0 round, because: for the test}}}}}}
    lines:
      shell:
        item: shell
        capacity: {{base: 1500 to 2500 round/day, because: for the test}}
        {ramp}
questions:
  made: {{text: Shells made, value: north.lines.shell.made, at: 2024-12-30}}
"""


def read(folder: Path, ramp: str, **how):
    path = folder / "case.yaml"
    path.write_text(CASE.format(ramp=ramp), encoding="utf-8")
    return load(path, **how)


def numbers(case):
    return case.components["north.lines.shell"].numbers


def test_a_ramp_sets_its_numbers_and_says_where_they_are_from(tmp_path):
    found = numbers(read(tmp_path, "ramp: {prior: surges/shell}"))
    row = next(one for one in ramps() if one.name == "surges/shell" and one.plant == "any" and one.left == "2022-")
    for name in NUMBERS:
        assert found[name].kind == "base"
        assert "reference class surges/shell" in found[name].because
        assert str(row.surges) in found[name].because
        assert found[name].percentiles([5, 50, 95]) == pytest.approx([row.percentiles[name][percent] for percent in (5, 50, 95)], rel=1e-9)


def test_numbers_of_a_ramp_go_together_as_documented(tmp_path):
    case = read(tmp_path, "ramp: {prior: surges/gun, plant: new}")
    row = next(one for one in ramps() if one.name == "surges/gun" and one.plant == "new" and one.left == "2022-")
    found = numbers(case)
    drawn = dict(zip(NUMBERS, Sampler([found[name] for name in NUMBERS]).draw(1, 0, 20_000), strict=True))
    for one, other in PAIRS:
        ranks = [np.argsort(np.argsort(drawn[name])) for name in (one, other)]
        assert np.corrcoef(*ranks)[0, 1] == pytest.approx(row.ranks[one, other], abs=0.03)


def test_what_the_case_gives_itself_stands(tmp_path):
    case = read(tmp_path, "ramp: {prior: surges/shell}\n        lead_time: {base: 10 to 20 day, because: asked at the works}")
    assert numbers(case)["lead_time"].because == "asked at the works"
    assert "surges/shell" in numbers(case)["target"].because


@pytest.mark.parametrize(("day", "left"), [("1930-01-01", "1939-45"), ("2023-06-01", "2022-"), ("2027-01-01", "")])
def test_only_surges_that_were_over_are_learned_from(tmp_path, day, left):
    day = datetime.date.fromisoformat(day)
    found = numbers(read(tmp_path, "ramp: {prior: surges/shell}", as_of=day))["target"]
    row = next(one for one in ramps() if one.name == "surges/shell" and one.plant == "any" and one.left == left)
    assert row.known <= day
    assert found.percentiles([50])[0] == pytest.approx(row.percentiles["target"][50], rel=1e-9)


def test_before_any_surge_was_over_there_is_none_but_in_hindsight(tmp_path):
    day = datetime.date(1915, 12, 31)
    with pytest.raises(CaseError, match="no such surges were over on 1915-12-31"):
        read(tmp_path, "ramp: {prior: surges/shell, without: britain-1914-18}", as_of=day)
    found = numbers(read(tmp_path, "ramp: {prior: surges/shell, without: britain-1914-18, hindsight: to see what others teach}", as_of=day))
    assert "in hindsight: to see what others teach" in found["ramp_time"].because


SOUTH = """
  south:
    stockpiles: {shell: {item: shell, initial: {constant: 0 round, because: for the test}}}
    lines: {shell: {item: shell, capacity: {base: 1500 to 2500 round/day, because: for the test}, ramp: {prior: surges/shell}}}
questions:
"""


def test_several_lines_may_have_ramps_and_are_drawn_apart(tmp_path):
    """Each takes its own numbers from one class."""
    path = tmp_path / "case.yaml"
    path.write_text(CASE.format(ramp="ramp: {prior: surges/shell}").replace("\nquestions:\n", SOUTH), encoding="utf-8")
    one, other = (load(path).components[f"{actor}.lines.shell"].numbers["target"] for actor in ("north", "south"))
    assert one.parts == other.parts
    assert one.stream != other.stream


SCENARIO = """
scenarios:
  documented:
    text: as documented
    set:
      north.lines.shell.ramp: {prior: surges/shell}
"""


def test_a_scenario_that_sets_a_ramp_means_its_numbers(tmp_path):
    own = "ramp_time: {base: 1 to 2 month, because: ours}\n        lead_time: {base: 10 to 20 day, because: ours}"
    path = tmp_path / "case.yaml"
    path.write_text(CASE.format(ramp=own) + SCENARIO, encoding="utf-8")
    assert numbers(load(path))["ramp_time"].because == "ours"
    assert all("surges/shell" in numbers(load(path, scenario="documented"))[name].because for name in NUMBERS)
    path.write_text(path.read_text(encoding="utf-8") + "      north.lines.shell.lead_time: {base: 30 to 40 day, because: told}\n", encoding="utf-8")
    found = numbers(load(path, scenario="documented"))
    assert (found["lead_time"].because, "surges/shell" in found["ramp_time"].because) == ("told", True)


def test_what_a_ramp_stands_for_may_be_taken_elsewhere_as_a_class(tmp_path):
    """One multiple for several stages, say."""
    text = CASE.format(ramp="ramp: {prior: surges/shell, without: 2022-}\n        target: {shared: programme}")
    path = tmp_path / "case.yaml"
    path.write_text(text + "shared: {programme: {base: {class: surges/shell/any/without 2022-/target}}}\n", encoding="utf-8")
    row = next(one for one in ramps() if (one.name, one.plant, one.left) == ("surges/shell", "any", "2022-"))
    found = numbers(load(path))["target"]
    assert (found.stream, found.percentiles([50])[0]) == ("shared.programme", pytest.approx(row.percentiles["target"][50], rel=1e-9))


def test_a_class_of_the_case_may_not_have_the_name_of_a_documented_one(tmp_path):
    path = tmp_path / "case.yaml"
    text = CASE.format(ramp="ramp: {prior: surges/shell, without: 2022-}")
    path.write_text(text + "classes: {surges/shell/any/without 2022-/target: {base: 1 to 2, because: mine}}\n", encoding="utf-8")
    with pytest.raises(CaseError, match="that of a documented ramp is taken"):
        load(path)


def test_a_set_is_known_only_when_its_last_surge_was_over():
    for chosen in common.shipped():
        mine = [one for one in library.everything() if chosen.learns_from(one)]
        left = "" if chosen.name == common.ALL else chosen.name.removeprefix("without ").lower().replace(" ", "-")
        rows = [one for one in ramps() if one.left == left]
        if chosen.name in common.weak():
            assert not rows
            continue
        assert len(rows) == (len(common.classes()) + 1) * 4
        assert {one.surges for one in rows} == {len(mine)}
        assert all(one.known >= point.period.end for one in rows for surge in mine for point in surge.series.points)
        assert all(one.known >= surge.ended for one in rows for surge in mine if surge.ended)


def test_the_table_is_what_the_shipped_draws_make():
    made = kinds.rows(library.everything())
    shown = [(one.left, one.item, one.plant, one.percentiles["target"][50]) for one in ramps()]
    assert shown == [(row["left"], row["item"], row["plant"], float(row["target_p50"])) for row in made]
