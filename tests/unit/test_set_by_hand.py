"""Numbers that are set by hand: what they come to, what they are refused for, and what follows them."""

from __future__ import annotations

import datetime
import json
import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

import decided
import materiel
from materiel import manifest
from materiel.case import postponing
from materiel.case.loading import load
from materiel.case.schema import Question
from materiel.cli import app
from materiel.errors import CaseError
from materiel.options import Options, Reading
from materiel.reproduction import repeat
from stock import written

DRAWS = 300
WAR = "contingencies.war.begins"


@pytest.fixture
def case(tmp_path):
    return written(tmp_path, decided.CASE)


def values(run):
    return {name: one.values for name, one in run.questions.items()}


def same(first, second):
    assert first.keys() == second.keys()
    for name in first:
        assert np.array_equal(first[name], second[name]), name


def test_a_number_set_by_hand_is_as_if_the_case_had_it_so(case, tmp_path):
    there = written(tmp_path / "there", decided.CASE.replace("order: {base: 4 to 400 kt,", "order: {constant: 20 kt,"))
    same(values(materiel.load(case).run(draws=DRAWS, set={"shared.order": "20 kt"})), values(materiel.load(there).run(draws=DRAWS)))


def test_what_is_set_comes_after_the_scenario_of_a_run_and_before_that_of_a_question(case):
    run = materiel.load(case).run(draws=DRAWS, scenario="nothing", set={"shared.given": "1"})
    assert run.questions["sent"].quantiles[5] > 0
    assert not run.questions["sent-for-nothing"].values.any()


def test_what_rests_on_nothing_that_is_set_stays_bit_for_bit(case):
    plain, changed = (materiel.load(case).run(draws=DRAWS, set=given) for given in (None, {"north.demands.front.war_rate": "50 kround/day"}))
    for name in ("left", "sent", "part"):
        assert np.array_equal(plain.questions[name].values, changed.questions[name].values)
    assert not np.array_equal(plain.questions["week"].values, changed.questions["week"].values)


def test_a_war_on_another_day_is_what_questions_of_that_day_ask(case, tmp_path):
    head, asked = decided.CASE.split("  week:")
    asked = re.sub(r"\d{4}-\d{2}-\d{2}", lambda day: str(datetime.date.fromisoformat(day[0]) + datetime.timedelta(days=30)), asked)
    there = written(tmp_path / "there", f"{head}  week:{asked}")
    plain, moved, other = (materiel.load(one).run(draws=DRAWS, set=by_hand) for one, by_hand in ((case, None), (case, {WAR: "2023-07-01"}), (there, None)))
    for name, beside in {"week": other, "lasts": other, "later": other, "left": plain, "sent": plain}.items():
        assert np.array_equal(moved.questions[name].values, beside.questions[name].values)
        assert moved.questions[name].probability == beside.questions[name].probability
    assert moved.questions["week"].asked.text == "Shells fired in a week (begins on 2023-07-01 instead)"


def test_a_contingency_that_no_question_asks_about_is_a_number_like_any_other(tmp_path):
    text = decided.CASE.split("  week:")[0]
    run = materiel.load(written(tmp_path, text)).run(draws=DRAWS, set={"contingencies.war.begins": "2023-03-01"})
    assert run.questions["left"].quantiles[50] < materiel.load(written(tmp_path, text)).run(draws=DRAWS).questions["left"].quantiles[50]


def test_what_is_set_is_in_the_manifest_and_made_again_from_it(case, tmp_path):
    run = materiel.load(case).run(draws=DRAWS, output=tmp_path / "runs", set={"shared.order": "20 kt", "contingencies.war.begins": "2023-05-01"})
    kept = manifest.read(run.folder)
    assert kept.options.reading.set == ("shared.order=20 kt", "contingencies.war.begins=2023-05-01")
    assert run.identity == kept.run != materiel.load(case).run(draws=DRAWS).identity
    same(values(repeat(run.folder)), values(run))


def test_runs_without_anything_set_are_called_as_they_were_before_numbers_could_be():
    assert str(Options(Reading(drop=("a",)))) == (
        "Options(reading=Reading(as_of=None, scenario='', step=None, rules='plain', drop=('a',), independent=False, silent=()), "
        "draws=2000, seed=1, engine='native', chunk=1024, only=())"
    )


def test_what_is_set_differently_has_another_identity(case):
    made = {manifest.identity(load(case), {}, Options(Reading(set=given))) for given in ((), ("a=1",), ("a=2",))}
    assert len(made) == 3


def test_the_command_sets_numbers_as_python_does(case):
    given = ["--set", "shared.order=20 kt", "--set", "north.contracts.export.first_day=2023-04-01"]
    told = CliRunner().invoke(app, ["run", str(case), "--draws", str(DRAWS), "--json", *given])
    run = materiel.load(case).run(draws=DRAWS, set={"shared.order": "20 kt", "north.contracts.export.first_day": "2023-04-01"})
    assert json.loads(told.stdout)["questions"] == json.loads(json.dumps(run.json()))["questions"]
    assert (
        "Set by hand: shared.order=20 kt, north.contracts.export.first_day=2023-04-01."
        in CliRunner().invoke(app, ["run", str(case), "--draws", "50", *given]).stdout
    )


def test_a_case_is_compared_with_itself_set_by_hand(case):
    told = CliRunner().invoke(app, ["compare", str(case), "--set", "shared.order=20 kt", "--draws", str(DRAWS), "--all", "--json"])
    found = json.loads(told.stdout)["paired"][0]
    assert found["second"] == f"{found['first']}, set by hand"
    plain, changed = (materiel.load(case).run(draws=DRAWS, set=by_hand).questions for by_hand in (None, {"shared.order": "20 kt"}))
    for pair in found["pairs"]:
        higher = changed[pair["id"]].values > plain[pair["id"]].values
        assert pair["higher"]["probability"] == np.mean(higher)
    assert CliRunner().invoke(app, ["compare", str(case)]).exit_code == 2


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (["shared.order"], ["--set:1:1: 'shared.order' sets nothing; NUMBER=VALUE UNIT, or NUMBER=DAY"]),
        (["shared.order=", "=3"], ["--set:1:14: 'shared.order=' sets nothing", "--set:2:2: '=3' sets nothing"]),
        (["shared.order=1 kt", "shared.order=2 kt"], ["--set:2:14: shared.order is set twice; every number once"]),
        (
            ["shared.oder=1 kt", "noth.x=1"],
            ["--set:1:13: unknown path 'shared.oder'; actor.section.name.key; did you mean 'shared.order'?", "--set:2:8: unknown path 'noth.x'"],
        ),
        (["shared.order=20 h"], ["--set:1:14: order: unit 'h' does not measure"]),
        (["shared.order=20"], ["--set:1:14:"]),
        (["shared.order=1 to 2 kt"], ["--set:1:14:", "is a range"]),
        (["north.contracts.export.first_day=2023-02-30"], ["--set:1:34: first_day: '2023-02-30' is not a day"]),
        (["north.contracts.export.tonnage=-1 kt"], ["--set:1:32: tonnage:", "can fall below 0"]),
        (
            ["contingencies.war.begins=2023-10-01"],
            ["--set:1:26: war on 2023-10-01; a day from 2023-01-01 to 2023-08-31, so that all that is asked of 'war' lies within the case"],
        ),
        (["contingencies.war.begins=soon"], ["--set:1:26: 'soon' is not a day; a day of the calendar as YYYY-MM-DD"]),
        (["contingencies.war.begins=20230501"], ["--set:1:26: '20230501' is not a day; a day of the calendar as YYYY-MM-DD"]),
        (["contingencies.ware.begins=2023-05-01"], ["--set:1:27: unknown path 'contingencies.ware.begins'", "did you mean 'contingencies.war.begins'?"]),
    ],
)
def test_what_cannot_be_set_is_told_where_it_was_written(case, given, told):
    with pytest.raises(CaseError) as caught:
        materiel.load(case).case(Reading(set=tuple(given)))
    for part in told:
        assert part in str(caught.value)
    told_by_command = CliRunner().invoke(app, ["run", str(case), *(part for one in given for part in ("--set", one))])
    assert told_by_command.exit_code == 1
    assert told_by_command.stderr.startswith(str(caught.value))


@given(by=st.integers(-200, 200))
def test_questions_moved_and_moved_back_are_where_they_were(by):
    asked = {
        "a": Question.model_validate(
            {"text": "A", "total": "x", "if": "war on 2023-06-01", "start": "2023-06-01", "end": "2023-06-08", "threshold": {"above": "2023-07-01"}}
        ),
        "b": Question.model_validate({"text": "B", "value": "x", "at": "2023-09-01", "if": "war on 2023-07-15", "threshold": {"above": "3 round"}}),
        "c": Question.model_validate({"text": "C", "value": "x", "at": "2023-09-01", "if": "peace on 2023-07-15"}),
    }
    first = datetime.date(2023, 6, 1)
    there = postponing.postponed(asked, "war", first + datetime.timedelta(days=by))
    assert postponing.begins(there, "war") == first + datetime.timedelta(days=by)
    assert there["c"] is asked["c"]
    again = postponing.postponed(there, "war", first)
    assert {name: one.model_copy(update={"text": asked[name].text}) for name, one in again.items()} == asked


@given(start=st.integers(0, 30), length=st.integers(300, 400))
@settings(max_examples=40)
def test_the_window_of_a_contingency_is_where_all_its_questions_can_be_asked(tmp_path_factory, start, length):
    case = load(written(tmp_path_factory.mktemp("case"), decided.CASE))
    asked = {name: one for name, one in case.questions.items() if one.branch}
    first, last = datetime.date(2023, 1, 1) + datetime.timedelta(days=start), datetime.date(2023, 1, 1) + datetime.timedelta(days=start + length)
    window = postponing.window(asked, "war", first, last)
    for day in window:
        for one in postponing.postponed(asked, "war", day).values():
            named = [when for when in (one.at, one.start, datetime.date.fromisoformat(one.branch[-10:])) if when]
            assert all(first <= when < last for when in named)
            assert one.end is None or one.end <= last
    for day in (window[0] - datetime.timedelta(days=1), window[1] + datetime.timedelta(days=1)):
        moved = postponing.postponed(asked, "war", day).values()
        starts = [when for one in moved for when in (one.at, one.start, datetime.date.fromisoformat(one.branch[-10:])) if when]
        assert min(starts) < first or max(starts) >= last or any(one.end and one.end > last for one in moved)
