from __future__ import annotations

import dataclasses
import datetime
import json
import random
import re
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from typer.testing import CliRunner

from materiel.analysis import frozen, scores
from materiel.analysis.scoring import MODEL, score
from materiel.case.files import shelf
from materiel.case.loading import load as load_case
from materiel.cli import app
from materiel.errors import CaseError, RunError
from materiel.forecasting import freeze
from materiel.report.html import came_out
from materiel.study import load

CASE = """
format: 1
title: Shells that come
start: 2023-01-01
end: 2024-12-31
as_of: 2023-06-30
items: {shell: {unit: round}}
publishers: {wire: {name: The Wire, reliability: C}}
origins:
  ministry: {title: Ministry}
  staff: {title: General Staff, repeats: ministry}
sources:
  return: {publisher: Ministry, title: Return, published: 2023-04-01, reliability: B}
  cable: {publisher: wire, title: Cable, published: 2024-01-05}
  rumour: {publisher: Rumour, title: Rumour, published: 2024-01-02, reliability: E}
actors:
  north:
    supplies: {shell: {item: shell, to: shell, rate: {base: 80 to 120 round/day, because: for the test}}}
    stockpiles: {shell: {item: shell, initial: {constant: 0 round, because: for the test}}}
questions:
  held:
    text: Shells held at the end of 2023
    value: north.stockpiles.shell.held
    at: 2023-12-31
    unit: kround
    threshold: {above: 36 kround}
    resolves: &rule
      rule: The count of the ministry nearest the day, else that of any paper.
      series: held
      sources: [ministry, any]
      conflict: latest
      within: 20 day
      comparison: {value: 20 to 60 kround, because: as another store}
  came:
    text: Shells that came in the second half of 2023
    total: north.supplies.shell.comes
    start: 2023-07-01
    end: 2024-01-01
    resolves: {rule: The sum as returned., series: came, sources: [return], conflict: latest}
  late:
    text: Shells held at the end of November 2024
    value: north.stockpiles.shell.held
    at: 2024-11-30
    resolves: *rule
  past: {text: Shells held in March, value: north.stockpiles.shell.held, at: 2023-03-31, resolves: *rule}
  idle: {text: Shells held in May, value: north.stockpiles.shell.held, at: 2024-05-31}
"""
ROWS = """series,period,quantity,unit,lower,upper,source,credibility,known,origin
held,2023-02-28,5900,round,,,return,2,2023-03-05,
held,2023-03-31,9,kround,,,return,2,2023-04-05,
held,2023-12-28,39,kround,38,41,cable,3,2024-01-05,staff
held,2023-12-31,30,kround,,,rumour,5,2024-01-02,
came,2023-07-01..2023-12-31,19000,round,,,return,2,2024-01-10,
"""
AS_OF_AMERICA = datetime.date(2023, 8, 15)
AS_OF, DAY, TODAY = datetime.date(2023, 6, 30), datetime.date(2024, 2, 1), datetime.date(2026, 11, 26)


@pytest.fixture
def case(tmp_path: Path) -> Path:
    folder = tmp_path / "store"
    folder.mkdir()
    (folder / "case.yaml").write_text(CASE)
    (folder / "observations.csv").write_text(ROWS)
    return folder


@pytest.fixture
def forecast(case: Path) -> Path:
    return freeze(load(case), draws=400, today=TODAY)[0]


def call(*arguments: object):
    return CliRunner().invoke(app, list(map(str, arguments)))


def rows(case: Path, *more: str) -> None:
    (case / "observations.csv").write_text(ROWS + "".join(f"{row}\n" for row in more))


def edited(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert text.count(old) == 1
    path.write_text(text.replace(old, new))


def test_what_is_frozen_is_what_the_runs_say(case, forecast):
    said, _ = frozen.read(forecast, forecast.name)
    assert forecast == case / "forecasts" / "2023-06-30.yaml"
    assert list(said.questions) == ["held", "came", "late"]  # neither what has come nor what nothing would settle
    run = load(case).run(draws=400, only=("held", "came", "late"))
    for name, one in said.questions.items():
        assert one.quantiles == list(scores.of(run.questions[name].values))
    held = said.questions["held"]
    assert (held.unit, held.day, held.horizon, held.items, held.probability) == (
        "kround",
        datetime.date(2023, 12, 31),
        184,
        ["shell"],
        run.questions["held"].probability,
    )
    assert held.at(0.5) == pytest.approx(run.questions["held"].quantiles[50])
    assert (said.run, said.case_sha256, said.basis) == (run.identity, run.case.digest, "prior")


def test_only_what_was_known_by_the_day_is_in_it(forecast):
    said, _ = frozen.read(forecast, forecast.name)
    assert [(one.end, one.quantity) for one in said.questions["held"].seen] == [(datetime.date(2023, 2, 28), 5.9), (datetime.date(2023, 3, 31), 9.0)]
    assert said.questions["came"].seen == []


@pytest.mark.parametrize(("today", "hindcast"), [("2023-06-30", False), ("2023-07-01", False), ("2023-07-02", True), ("2026-11-26", True)])
def test_a_forecast_made_later_than_it_says_is_a_hindcast(case, today, hindcast):
    said = freeze(load(case), draws=50, today=datetime.date.fromisoformat(today))[1]
    assert (said.hindcast, said.made) == (hindcast, datetime.date.fromisoformat(today))


def test_an_earlier_day_hides_what_came_later(case):
    said = freeze(load(case), datetime.date(2023, 3, 10), draws=50, today=TODAY)[1]
    assert (said.as_of, list(said.questions)) == (datetime.date(2023, 3, 10), ["held", "came", "late", "past"])
    assert [one.quantity for one in said.questions["held"].seen] == [5.9]


def test_the_future_cannot_be_hidden_from_itself(case):
    with pytest.raises(RunError, match="as of 2023-06-30, a day that has not come"):
        freeze(load(case), draws=50, today=datetime.date(2023, 6, 28))


def test_what_is_frozen_is_never_written_over(case, forecast):
    before = forecast.read_bytes()
    with pytest.raises(RunError, match="never written over"):
        freeze(load(case), draws=50)
    assert forecast.read_bytes() == before
    done = call("forecast", case, "--draws", 50)
    assert (done.exit_code, forecast.read_bytes()) == (1, before)
    other = forecast.with_name("again.yaml")
    assert call("forecast", case, "--draws", 50, "--output", other).exit_code == 0
    assert other.is_file()
    assert call("forecast", case, "--draws", 50, "--output", other).exit_code == 1


@pytest.mark.parametrize(
    ("question", "told"),
    [
        ("heldd", "unknown question 'heldd'; did you mean 'held'?"),
        ("idle", "question 'idle' has no `resolves`: nobody could say later how it came out"),
        ("past", "question 'past' asks of 2023-03-31, which has come by 2023-06-30"),
    ],
)
def test_what_cannot_be_forecast_is_refused(case, question, told):
    done = call("forecast", case, "--question", question)
    assert (done.exit_code, done.stderr.strip()) == (1, told)
    assert not (case / "forecasts").exists()


def test_a_case_without_anything_to_forecast_says_so(case):
    edited(case / "case.yaml", "as_of: 2023-06-30", "as_of: 2024-12-01")
    done = call("forecast", case)
    assert (done.exit_code, done.stderr.strip()) == (1, "store has no question after 2024-12-01 that says how it `resolves`")


def test_some_questions_can_be_chosen(case):
    done = call("forecast", case, "--question", "late", "--draws", 50, "--json")
    assert list(json.loads(done.stdout)["questions"]) == ["late"]


@pytest.mark.parametrize(
    ("old", "new"),
    [("seed: 1\n", "seed: 2\n"), ("horizon: 184", "horizon: 185"), ("# Frozen by", "# frozen by"), ("    quantiles: [", "    quantiles:  ["), ("conflict: latest\n      within: 20 day\n", "conflict: median\n      within: 20 day\n")],
)  # fmt: skip
def test_any_edit_is_found_at_its_place(case, forecast, old, new):
    text = forecast.read_text()
    forecast.write_text(text.replace(old, new, 1))
    line = len(text.splitlines())
    told = f"forecasts/2023-06-30.yaml:{line}:7: the seal is broken: this forecast has been edited since it was frozen; the file as it was; see its history"
    for command in ("score", "check"):
        done = call(command, case)
        assert (done.exit_code, done.stderr) == (1, f"{told}\n1 problem\n")
    assert call("run", case, "--draws", 20, "--engine", "numpy").exit_code == 0


def test_a_forecast_without_its_seal_is_refused(case, forecast):
    text = forecast.read_text()
    forecast.write_text(text[: text.index("seal: ")])
    assert "no seal in the last line" in call("score", case).stderr
    forecast.write_text(text + "more: 1\n")
    assert {"unknown key 'more'" in line or "no seal in the last line" in line for line in call("score", case).stderr.splitlines()[:-1]} == {True}


def test_line_ends_of_another_system_break_nothing(case, forecast):
    forecast.write_bytes(forecast.read_bytes().replace(b"\n", b"\r\n"))
    assert call("score", case).exit_code == 0


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("quantiles: [", "quantiles: [1.0e+9, ", "200 quantiles; 199 finite ones"),
        ("quantiles: [", "quantiles: [.nan, ", "0: '.nan'"),
        ("unit: kround", "unit: krund", "unknown unit 'krund'"),
        ("within: 20 day", "within: 20 round", "within: unit 'round' does not measure what 'day' measures"),
        ("value: 20 to 60 kround", "value: 60 to 20 kround", "comparison: '60 to 20 kround' does not rise"),
    ],
)
def test_a_seal_made_anew_does_not_make_sense_of_what_has_none(case, forecast, old, new, told):
    head = re.sub(r"(?m)^seal: .*\n", "", forecast.read_text().replace(old, new, 1))
    forecast.write_text(f"{head}seal: {frozen.digest(head)}\n")
    with pytest.raises(CaseError, match=rf"forecasts/2023-06-30.yaml:\d+:\d+: {re.escape(told)}"):
        score(case, DAY)


@pytest.mark.usefixtures("forecast")
def test_questions_come_out_by_the_voice_that_the_rule_puts_first(case):
    found = score(case, DAY)
    held, came = found.scored
    assert (held.outcome.value, held.outcome.by.source, held.outcome.by.grade) == (
        39.0,
        "cable",
        "C3",
    )  # the paper gives the word of the staff, which is the ministry's
    assert (held.outcome.low, held.outcome.high) == (30.0, 41.0)
    assert held.crps_spread[0] <= held.marks[MODEL].crps <= held.crps_spread[1]
    assert [one.source for one in held.outcome.figures] == ["cable", "rumour"]
    assert (came.outcome.value, came.outcome.by.grade) == (19000.0, "B2")
    assert [(one.question, one.reason) for one in found.open] == [("late", "its day, 2024-11-30, has not come on 2024-02-01")]


def test_scores_are_those_of_the_frozen_quantiles(case, forecast):
    said, _ = frozen.read(forecast, "")
    (held, came), quantiles = score(case, DAY).scored, np.array(said.questions["held"].quantiles)
    assert held.marks[MODEL].crps == scores.crps(quantiles, 39.0)
    assert held.marks[MODEL].crps_log == pytest.approx(scores.crps(np.log1p(1000 * quantiles), np.log1p(39_000)))
    assert held.marks[MODEL].brier == pytest.approx((said.questions["held"].probability - 1) ** 2)
    assert set(held.marks) == {MODEL, "nothing", "last value", "drift", "base rate", "comparison"}
    assert held.marks["last value"].median == pytest.approx(9.0)
    assert held.marks["drift"].median == pytest.approx(9 + 3.1 * 275 / 31)
    assert held.marks["comparison"].ranges[90] == pytest.approx((20.0, 60.0))
    assert held.absent == {"trend": "2 of 5 observations"}
    assert (came.absent["last value"], came.threshold) == ("0 of 1 observations", None)


@pytest.mark.usefixtures("forecast")
def test_means_are_taken_over_questions_of_one_kind_and_say_how_many(case):
    found = score(case, DAY)
    totals = {(one.by, one.group, one.who): one for one in found.totals}
    everything = totals["all", "2023-06-30", MODEL]
    assert (everything.n, everything.thresholds, everything.won) == (2, 1, 0)
    assert everything.crps_log == pytest.approx(np.mean([one.marks[MODEL].crps_log for one in found.scored]))
    assert totals["all", "2023-06-30", "drift"].n == 1
    assert totals["all", "2023-06-30", "drift"].forecast_crps_log == found.scored[0].marks[MODEL].crps_log
    assert {(by, group) for by, group, _ in totals} == {
        ("all", "2023-06-30"), ("item", "shell"), ("horizon", "half a year to a year"), ("source", "C3"), ("source", "B2"),
    }  # fmt: skip
    assert found.caution.endswith("nothing follows from how many fell inside a range.")


@pytest.mark.usefixtures("forecast")
def test_before_its_day_nothing_is_scored(case):
    found = score(case, datetime.date(2023, 12, 30))
    assert (found.scored, len(found.open), found.totals) == ([], 3, [])
    told = call("score", case, "--as-of", "2023-12-30").stdout
    assert "open: Shells held at the end of 2023 (2023-06-30): its day, 2023-12-31, has not come on 2023-12-30" in told
    assert {one.reason for one in score(case, datetime.date(2024, 1, 1)).open[:2]} == {
        "nothing of series 'held' is observed for 2023-12-31 within 20 day and known by 2024-01-01; 2 of other days",
        "nothing of series 'came' is observed for 2023-07-01 to 2023-12-31 and known by 2024-01-01",
    }


@pytest.mark.parametrize(
    ("conflict", "value"), [("latest", 45.0), ("earliest", 39.0), ("median", 42.0)],
)  # fmt: skip
def test_conflicts_are_settled_as_the_rule_says(case, conflict, value):
    edited(case / "case.yaml", "sources: [ministry, any]\n      conflict: latest", f"sources: [ministry, any]\n      conflict: {conflict}")
    rows(case, "held,2023-12-28,45,kround,,,return,2,2024-01-20,ministry", "held,2023-12-20,50,kround,,,return,2,2024-01-22,ministry")
    freeze(load(case), draws=50, today=TODAY)
    outcome = score(case, DAY).scored[0].outcome
    assert outcome.value == value
    assert len(outcome.figures) == 4


@pytest.mark.parametrize(
    ("rule", "reason"),
    [
        ("sources: [return]", "only voices speak that the rule does not name: cable, rumour"),
        ("sources: [any]\n      known_by: 2024-01-01", "what is observed was known by the day of the forecast, or only after 2024-01-01"),
        ("sources: [any]\n      within: 2 day", ""),
    ],
)
def test_what_the_rule_does_not_hear_leaves_a_question_open(case, rule, reason):
    edited(case / "case.yaml", "    at: 2024-11-30\n    resolves: *rule\n", "    at: 2024-11-30\n")
    edited(case / "case.yaml", "      sources: [ministry, any]\n      conflict: latest\n      within: 20 day\n", f"      {rule}\n      conflict: latest\n" + ("" if "within" in rule else "      within: 20 day\n"))  # fmt: skip
    freeze(load(case), draws=50, today=TODAY)
    found = score(case, DAY)
    if reason:
        assert next(one.reason for one in found.open if one.question == "held") == reason
    else:
        assert found.scored[0].outcome.by.source == "rumour"


@pytest.mark.usefixtures("forecast")
def test_the_rule_that_was_frozen_counts_and_a_change_is_remarked(case):
    edited(case / "case.yaml", "sources: [ministry, any]", "sources: [rumour]")
    edited(case / "case.yaml", "  came:\n", "  arrived:\n")
    assert score(case, DAY).scored[0].outcome.value == 39.0
    told = call("check", case).stdout
    assert re.search(r"note: forecasts/2023-06-30.yaml:\d+:3: question 'held' would be settled otherwise now; it is scored by the rule that was frozen", told)
    assert re.search(r"note: forecasts/2023-06-30.yaml:\d+:3: question 'came' is no longer asked; it is scored as it was frozen", told)


def test_a_series_of_which_nothing_is_known_yet_is_remarked(case):
    edited(case / "case.yaml", "series: came", "series: come")
    assert re.search(r"note: case.yaml:\d+:\d+: nothing is observed yet of series 'come'; did you mean 'came'\?", call("check", case).stdout)


@pytest.mark.usefixtures("forecast")
def test_an_observation_of_something_else_is_refused_at_its_place(case):
    rows(case, "held,2023-12-30,45,kt,,,return,2,2024-01-20,ministry")
    edited(case / "case.yaml", "    resolves: &rule\n", "    observed: held\n    resolves: &rule\n")
    told = "observations.csv:7:4: series 'held'"
    assert call("check", case, "--as-of", DAY).stderr.startswith(f"{told} in 'kt' does not measure what question 'held' asks")
    done = call("score", case, "--as-of", DAY)
    assert done.exit_code == 1
    assert done.stderr.startswith(f"{told}: unit 'kt' does not measure what 'kround' measures")


def test_forecasts_are_named_by_their_files(case, forecast):
    done = call("score", case, "--forecast", "2023-06-3")
    assert (done.exit_code, done.stderr.strip()) == (1, "no forecast '2023-06-3' of store; 2023-06-30; did you mean '2023-06-30'?")
    assert call("score", case, "--forecast", "2023-06-30").exit_code == call("score", case, "--forecast", forecast).exit_code == 0


def test_a_case_without_forecasts_says_how_to_make_one(case):
    done = call("score", case)
    assert (done.exit_code, done.stderr.strip()) == (1, "store has no forecast; `materiel forecast store` freezes one")


@pytest.mark.usefixtures("forecast")
def test_a_forecast_of_another_case_is_not_scored_here(case, tmp_path):
    other = tmp_path / "depot"
    case.rename(other)
    assert score(other, DAY).scored == []
    with pytest.raises(CaseError, match="a forecast of 'store'; one of 'depot'"):
        score(other, DAY, "2023-06-30")


def test_the_files_of_a_case_are_its_own_whatever_was_forecast(case):
    before = load_case(case).digest
    freeze(load(case), draws=50, today=TODAY)
    assert load_case(case).digest == before


@pytest.mark.usefixtures("forecast")
def test_what_is_printed_has_scores_caution_and_spread(case):
    done = call("score", case, "--as-of", DAY)
    assert done.exit_code == 0
    for told in (
        "2 questions came out, 1 open",
        "a hindcast made on 2026-11-26",
        "nothing follows",
        "39 thousand",
        "last value",
        "comparison",
    ):
        assert told in done.stdout
    plain = json.loads(call("score", case, "--as-of", DAY, "--json").stdout)
    assert plain["forecasts"]["2023-06-30"]["hindcast"] is True
    assert plain["scored"][0]["marks"][MODEL]["crps"] > 0
    assert plain["scored"][0]["outcome"]["by"]["source"] == "cable"
    assert [one.who for one in score(case, DAY).scored[0].outcome.figures] == ["Ministry, in The Wire", "Rumour"]


def test_no_sign_can_be_changed_without_being_found(forecast):
    text = forecast.read_text()
    rng = random.Random(3)  # noqa: S311
    for _ in range(300):
        at, sign = rng.randrange(len(text) - 1), rng.choice("0123456789abcdef :[]{}#\n'é")
        spoilt = text[:at] + rng.choice((sign, "", sign + text[at])) + text[at + 1 :]
        forecast.write_text(spoilt)
        if spoilt != text:
            with pytest.raises(CaseError, match=r"^f:\d+:\d+: "):
                frozen.read(forecast, "f")


SEALS = {
    ("britain-1915", "1915-12-31"): "f6be089f367f0d57e6e5e02c391159c1d2f0650b9e7cd293efe72316679bafe5",
    ("dprk-2023", "2023-08-15"): "3fa5c9dabe15b4a613fe502f616ace73de92c9d26810126947e4422447138735",
    ("dprk-2023", "2023-08-15-weighed"): "36e6c85ce06bded99184bca89cdff17cf6cd52c189b0d524756271399dd9a492",
    ("us-155mm-2022", "2023-08-15"): "42ea3003396b808a9397daace4c6cd8203d5d9132b417c79af2860b9d197f6b2",
    ("us-155mm-2022", "2023-08-15-weighed"): "95dcbe98a7abdacc91ae01c8bfb7ef5d4736b94aa9967957fa5d60aab99a8cb5",
}
"""Every forecast that the shipped cases have frozen: none may change, or vanish."""


def test_forecasts_of_the_shipped_cases_are_as_they_were_frozen():
    cases = [load_case(folder.name) for folder in sorted(shelf().iterdir()) if (folder / "case.yaml").is_file()]
    assert {(case.name, path.stem): frozen.read(path, path.name)[0].seal for case in cases for path in frozen.files(case)} == SEALS


def test_britain_is_frozen_on_what_was_known_and_comes_out_by_the_ministry():
    """Every naive forecast has the same eight observations, all of them known by the end of 1915; the announced aim taken at its word is nearer four times of five."""
    said = frozen.read(shelf() / "britain-1915" / "forecasts" / "1915-12-31.yaml", "")[0]
    assert {len(one.seen) for one in said.questions.values()} == {8}
    found = score("britain-1915")
    assert (len(found.scored), found.open) == (15, [])
    assert {one.outcome.by.source for one in found.scored} == {"eb1922-munitions-tables"}
    total = next(one for one in found.totals if (one.by, one.who) == ("all", "comparison"))
    assert (total.n, total.won) == (5, 1)


def test_north_korea_comes_out_by_seoul_and_beyond_the_forecast():
    """What the ministry said on the day counts, whoever else spoke; what nobody said stays open. Both forecasts were too low by far, and neither may look better."""
    found = score("dprk-2023", datetime.date(2026, 11, 26))
    assert {one.question for one in found.open} == {"front-fired", "output-2024-06-14"}
    sent = [one for one in found.scored if one.question.startswith(("shells-", "containers-"))]
    assert len(sent) == 2 * 9
    assert {one.outcome.by.speaker for one in sent} == {"Ministry of National Defense, Seoul"}
    said = {"2023-12-29": (2e6, 5000), "2024-02-26": (3e6, 6700), "2024-06-14": (4.8e6, 10000)}
    for one in sent:
        assert one.outcome.value == said[str(one.day)][one.unit == "container"]
        assert one.outcome.by.end == one.day
        assert one.outcome.value > one.marks["forecast"].ranges[90][1]
    counted = next(one for one in sent if one.question == "containers-sent-2024-02-26")
    assert counted.spread == (5600, 10000)


def test_america_is_frozen_on_what_was_known_and_comes_out_by_the_army():
    """What was promised for later than anything told stays open; at its word the announced figure is nearer for the end of 2023, and farther off for that of 2024."""
    found = score("us-155mm-2022", datetime.date(2026, 11, 26))
    assert {one.question for one in found.open} == {"output-2025-12", "eu-output-2025-12"}
    assert len(found.scored) == 2 * 7
    for one in found.scored:
        assert all(
            seen.end <= AS_OF_AMERICA
            for seen in frozen.read(shelf() / "us-155mm-2022" / "forecasts" / f"{one.forecast}.yaml", "")[0].questions[one.question].seen
        )
    nearer = {one.question: one.marks["comparison"].crps < one.marks[MODEL].crps for one in found.scored if one.question.startswith("output-")}
    assert nearer == {"output-2023-12": True, "output-2024-12": False}


@pytest.mark.usefixtures("forecast")
def test_a_picture_names_forecasts_where_there_are_several(case):
    scored = score(case, DAY).scored
    twice = [*scored, *(dataclasses.replace(one, forecast="another") for one in scored)]
    texts = [one.text for one in ElementTree.fromstring(came_out(twice)).iter("{http://www.w3.org/2000/svg}text")]  # noqa: S314
    assert [one for one in texts if one in {scored[0].forecast, "another"}] == [scored[0].forecast, "another"]
    assert scored[0].forecast not in [one.text for one in ElementTree.fromstring(came_out(scored)).iter("{http://www.w3.org/2000/svg}text")]  # noqa: S314


@pytest.mark.usefixtures("forecast")
def test_a_picture_shows_forecasts_over_what_came_out(case):
    scored = score(case, DAY).scored
    root = ElementTree.fromstring(came_out(scored))  # noqa: S314
    titles = [one.text for one in root.iter("{http://www.w3.org/2000/svg}title")]
    assert titles == ["last value", "drift", "base rate", "comparison"]
    assert [one.get("class") for one in root.iter("{http://www.w3.org/2000/svg}rect")].count("range90") == 2
    nought = dataclasses.replace(scored[0], outcome=dataclasses.replace(scored[0].outcome, value=0.0))
    assert "range90" not in came_out([nought]).partition("</style>")[2]
