"""What would change an answer, on cases so small that it can be worked out by hand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

import materiel
from materiel import watching
from materiel.analysis import drivers, sensitivity
from materiel.analysis.observing import Candidate, Worth, reported
from materiel.analysis.tornado import Tornado
from materiel.cli import app
from materiel.errors import RunError
from materiel.options import Options
from materiel.report import tornado as picture
from materiel.study import Study

CASE = """
format: 1
title: A store and a port
start: 2023-01-01
end: 2023-12-31
as_of: 2023-06-30
items: {shell: {unit: round}}
contingencies: {war: {}}
sources: {press: {publisher: Press, title: A page, published: 2023-03-01, reliability: A}}
claims: {many: {source: press, statement: many, known: 2023-03-01, published: 2023-03-01, kind: reported, credibility: 2, value: 40 Mround}}
actors:
  north:
    stockpiles:
      shell: {item: shell, initial: {base: 5 to 10 Mround, because: for the test, claims: [many]}}
      idle: {item: shell, initial: {base: 5 to 10 Mround, because: for the test}}
    demands: {army: {item: shell, source: shell, contingency: war, war_rate: {base: 20 to 200 kround/day, because: for the test}}}
    contracts:
      export: {item: shell, source: idle, quantity: {base: 0.2 to 2 Mround, because: for the test}, first_day: {constant: 2023-06-30, because: for the test}, duration: {constant: 60 day, because: for the test}, to: south.shell}
  south: {stockpiles: {shell: {item: shell, initial: {constant: 0 round, because: for the test}}}}
indicators:
  containers:
    unit: container
    of: {north.contracts.export.ships: {weight: {constant: 0.002 container/round, because: for the test}}}
    detection: {base: 0.3 to 0.9, because: for the test}
questions:
  held: {text: Rounds held in July, value: north.stockpiles.shell.held, at: 2023-07-31, unit: Mround, threshold: {above: 20 Mround}, key: true}
  sent: {text: Rounds sent, total: north.contracts.export.ships, threshold: {above: 1 Mround}}
  dry: {text: Days until the store is empty, first: north.stockpiles.shell.held, below: 1 Mround, if: war on 2023-07-01}
  sold: {text: Rounds in the south in August, value: south.stockpiles.shell.held, at: 2023-08-31}
"""
INITIAL, WORD = "north.stockpiles.shell.initial", "whose word on north.stockpiles.shell.initial"
QUANTITY = "north.contracts.export.quantity"


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Study:
    path = tmp_path_factory.mktemp("case") / "case.yaml"
    path.write_text(CASE, encoding="utf-8")
    return materiel.load(path)


@pytest.fixture(scope="module")
def found(study: Study) -> dict[str, watching.Driven]:
    return {one.tornado.id: one for one in watching.drivers(study, ("held", "sent", "dry"), Options(draws=4000), bar=0.5)}


def bars(about: Tornado) -> dict[str, Any]:
    return {bar.name: bar for bar in about.bars}


def named(worth: list[Worth]) -> dict[str, Worth]:
    return {one.name: one for one in worth}


def test_only_what_moves_an_answer_is_named_and_by_how_much(found):
    about = found["held"].tornado
    assert set(bars(about)) == {INITIAL, WORD}
    one = bars(about)[INITIAL]
    assert one.variance.share == pytest.approx(1, abs=0.01), "without traffic, what is held is what was in store"
    assert one.distribution.share == pytest.approx(1, abs=0.1)
    assert [end.median for end in one.ends] == pytest.approx([5.4, 46], rel=0.1)
    assert [end.probability for end in one.ends] == [0, 1]
    assert [end.draws for end in one.ends] == [400, 400]
    assert one.swing == 1
    assert about.others == 5 - 1 + 0, "five numbers are uncertain, and one voice is heard"


def test_a_voice_is_a_driver_by_its_kinds(found):
    one = bars(found["held"].tornado)[WORD]
    assert one.kind == "voice"
    assert [(end.known, end.probability) for end in one.ends] == [("assumed", pytest.approx(0, abs=0.01)), ("Press", pytest.approx(1, abs=0.01))]
    weight = 1 - one.ends[0].draws / 4000
    assert weight == pytest.approx(1.5 * 1.5 / (1 + 1.5 * 1.5), abs=0.02)


def test_a_day_that_may_never_come_has_drivers(found):
    about = found["dry"].tornado
    assert set(bars(about)) == {INITIAL, WORD, "north.demands.army.war_rate"}
    assert about.shown == "median"
    rate = bars(about)["north.demands.army.war_rate"]
    assert rate.ends[0].median is None, "at the lowest rate the store is not emptied by the end"
    assert rate.ends[1].median is not None
    assert json.dumps(rate.swing)


def test_an_indicator_tells_less_than_what_it_counts_and_a_report_less_than_the_thing(found):
    worth = named(found["sent"].worth)
    seen, number = worth["indicators.containers"], worth[QUANTITY]
    assert number.exact.answer.share == pytest.approx(1, abs=0.01)
    assert 0.4 < seen.exact.answer.share < 0.9, "what share is seen is uncertain"
    for one in worth.values():
        assert one.reported.answer.share < one.exact.answer.share + 3 * one.exact.answer.error
    assert 0 < seen.reported.threshold.share < number.reported.threshold.share < number.exact.threshold.share
    assert 0 < seen.reported.decision.share < number.exact.decision.share <= 1
    low, high = (end.probability for end in seen.ends)
    assert low < 0.05 < 0.7 < high
    assert "from 2023-06-30 to 2023-09-28" in seen.text


def test_what_is_asked_elsewhere_can_be_observed_in_time_only(study):
    (found,) = watching.drivers(study, ("sent",), Options(draws=1000))
    assert set(named(found.worth)) == {QUANTITY, "indicators.containers", "sold"}
    (found,) = watching.drivers(study, ("sent",), Options(draws=1000), until=watching.datetime.date(2023, 8, 1))
    assert set(named(found.worth)) == {QUANTITY, "indicators.containers"}, "what is in the south on 31 August is not known on 1 August"


def test_worse_reports_are_worth_less(study):
    shares = [named(watching.drivers(study, ("sent",), Options(draws=2000), credibility=c)[0].worth)["sold"].reported.answer.share for c in (1, 3, 5)]
    assert shares[0] > shares[1] > shares[2] > 0


def test_a_shuffled_answer_has_no_drivers_and_nothing_is_worth_seeing(study):
    run = study.run(draws=4000)
    answer = run.questions["held"]
    answer.values[:] = np.random.default_rng(1).permutation(answer.values)
    about = run.tornado("held")
    assert (about.bars, about.others) == ([], 6)
    assert run.worth("held", watching.observing.watch(run.case)) == []


def test_few_draws_say_nothing(study):
    (found,) = watching.drivers(study, (), Options(draws=100))
    assert (found.tornado.bars, found.worth) == ([], [])


def test_a_category_of_ones_own_is_a_driver(study):
    run = study.run(draws=2000)
    codes = (run.questions["held"].values > np.median(run.questions["held"].values)).astype(np.int64)
    about = run.tornado("held", [drivers.Category("reading", "hypothesis", ["low", "high"], codes)])
    one = bars(about)["reading"]
    assert one.kind == "hypothesis"
    assert one.variance.share == pytest.approx(0.75, abs=0.01), "which half of the ranks: three quarters of a uniform number's variance"


def test_ends_of_numbers_with_few_values_are_those_values():
    codes = np.repeat([3, 17], [980, 20])
    low, high = sensitivity.ends(codes, np.bincount(codes, minlength=20))
    assert (low.sum(), high.sum()) == (980, 20)
    assert sensitivity.ends(np.zeros(100, dtype=np.int64), np.array([100, 0])) is None


def test_reports_of_shares_stay_shares_and_days_and_deficits_are_exact():
    values = np.array([0.0, 0.2, 0.9, 1.0])
    seen = reported(Candidate("x", "x", "number", "1", values, share=True), 4, 1, 3.0)
    assert (seen[0], seen[3]) == (0, 1)
    assert ((seen[1:3] > 0) & (seen[1:3] < 1) & (seen[1:3] != values[1:3])).all()
    assert (reported(Candidate("x", "x", "day", "date", values), 4, 1, 3.0) == values).all()
    assert (reported(Candidate("x", "x", "question", "round", -values), 4, 1, 3.0) == -values).all()
    counted = reported(Candidate("x", "x", "indicator", "container", 10 * values, counted=True), 4, 1, 3.0)
    assert (counted == np.round(counted)).all()
    assert (counted == reported(Candidate("x", "x", "indicator", "container", 10 * values, counted=True), 4, 1, 3.0)).all()


def test_the_command_tells_both_and_json_holds_them(study):
    runner = CliRunner()
    told = runner.invoke(app, ["drivers", str(study.name), "sent", "--draws", "1000", "--decide-at", "0.5"])
    assert told.exit_code == 0
    assert QUANTITY in told.stdout
    assert "containers: what becomes known" in told.stdout
    plain = json.loads(runner.invoke(app, ["drivers", str(study.name), "--draws", "1000", "--json"]).stdout)
    assert [one["tornado"]["id"] for one in plain] == ["held"]
    assert plain[0]["worth"][0]["reported"]["answer"].keys() == {"share", "error"}
    assert plain[0]["until"] == "2023-09-28"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["helt"], "did you mean 'held'"), (["held", "--until", "2023-06-30"], "nothing can be observed from 2023-06-30 to 2023-06-30"),
        (["held", "--until", "2024-06-30"], "at most 2023-12-30"), (["held", "--decide-at", "2"], "between 0 and 1"), (["held", "--until", "soon"], "soon"),
    ],
)  # fmt: skip
def test_mistakes_are_told(study, words, message):
    told = CliRunner().invoke(app, ["drivers", str(study.name), *words])
    assert told.exit_code in (1, 2)
    assert message in told.output
    assert "Traceback" not in told.output


def test_an_unknown_question_of_a_run_is_refused(study):
    run = study.run(draws=10)
    for ask in (run.tornado, run.why):
        with pytest.raises(RunError, match="unknown question 'hold'"):
            ask("hold")


def test_the_report_draws_what_would_change_our_mind(study, tmp_path: Path):
    run = study.run(draws=2000)
    text = run.report(tmp_path / "report.html").read_text(encoding="utf-8")
    assert "What would change our mind" in text
    assert WORD in text
    drawn = picture.chart(run.tornado("dry"))
    assert drawn.count('class="range50"') == len(run.tornado("dry").bars)
    assert "nan" not in drawn
    assert "inf" not in drawn
