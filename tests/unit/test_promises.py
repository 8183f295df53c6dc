"""Announced targets: the discount against closed forms and SciPy, the laws that it keeps, what a ledger makes of one, and nothing that was known later."""

from __future__ import annotations

import datetime
import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from typer.testing import CliRunner

import materiel
from materiel.cli import app
from materiel.errors import CaseError
from materiel.evidence import promises as shipped
from materiel.evidence.conversions import PERCENTS, foretold, value
from materiel.evidence.grades import REACH, rule
from materiel.evidence.ledger import Ledger
from materiel.evidence.records import Claim, Source
from materiel.quantities import constant
from materiel.surges import groups, library, naive, promises, running
from materiel.surges.methods import DISCOUNTED, PROMISED, ours
from materiel.surges.periods import read as read_period
from materiel.surges.promises import Outcome, fit, outcomes
from materiel.surges.series import Point, Series, Target

DAY = datetime.date(2026, 6, 1)
SCORES = stats.norm.ppf(np.array(PERCENTS) / 100)
growths, spans = st.floats(0.01, 4.0), st.floats(0.5, 60.0)
days = st.dates(datetime.date(1900, 1, 1), datetime.date(2030, 1, 1))


def claim(target: Any, level: Any = None, due: str = "2024-10-31", known: str = "2023-08-31", credibility: int = 3, **more: Any) -> dict[str, Any]:
    made = {"source": "paper", "statement": "So much by then", "kind": "announced", "known": known, "published": known, "credibility": credibility}
    return made | ({"value": target} if target is not None else {}) | ({"due": due} if due else {}) | ({"level": level} if level is not None else {}) | more


def ledger(day: datetime.date = DAY, **claims: dict[str, Any]) -> Ledger:
    paper = Source.model_validate({"publisher": "Press", "title": "A paper", "published": "2023-01-01", "reliability": "B"})
    return Ledger.of({}, {"paper": paper}, {}, {name: Claim.model_validate(one) for name, one in claims.items()}, ()).as_of(day)


def median(book: Ledger, name: str = "promise", named: str = "plain") -> float:
    return float(value(book, rule(named), name)[0].quantile(np.array([0.5]))[0])


# ---------------------------------------------------------------------------- the discount


@pytest.mark.parametrize("freedom", [4, 5, 10, 32])
def test_quantiles_of_student_are_those_of_scipy(freedom):
    assert shipped.student(SCORES, freedom) == pytest.approx(stats.t.ppf(np.array(PERCENTS) / 100, freedom), rel=3e-3)


def test_before_any_outcome_only_what_was_assumed_is_left_and_it_is_wide():
    first = shipped.as_of(datetime.date(1915, 1, 1))
    assert (first.promises, first.share(1.0, 12.0)) == (0, 0.5)
    assert first.scale(1.0, 12.0) == pytest.approx(0.5 * math.sqrt(2.0))


def test_one_promise_moves_the_share_as_the_regression_with_one_point_does():
    """At a growth by e in a year horizon and ambition are nought: prior variance 1 of the share and error 1 have equal weight."""
    one = Outcome("guns", "North", "a war", DAY, 12.0, 1.0, 0.9, DAY)
    assert fit([one]).means == pytest.approx((0.7, 0.0, 0.0))
    assert fit([one]).error == pytest.approx(math.sqrt((4 * 0.25 + (0.9 - 0.5) ** 2 / 2) / 5))


def test_many_promises_of_one_country_count_less_than_those_of_many():
    many = [Outcome("guns", f"Land {i}", "a war", DAY, 12.0, 1.0, 1.0, DAY) for i in range(20)]
    same = [replace(one, country="North") for one in many]
    assert fit(same).scale(1.0, 12.0) > fit(many).scale(1.0, 12.0)
    assert fit(same).share(1.0, 12.0) < fit(many).share(1.0, 12.0) < 1.0


def test_the_regression_is_that_of_least_squares_when_nothing_is_assumed(monkeypatch):
    monkeypatch.setattr(promises, "VARIANCES", (1e9, 1e9, 1e9))
    monkeypatch.setattr(promises, "TOGETHER", 0.0)
    record = outcomes()
    design = np.array([np.sqrt(one.promised) * np.array(shipped.features(one.promised, one.months)) for one in record])
    came = np.array([one.came / math.sqrt(one.promised) for one in record])
    assert fit(record).means == pytest.approx(np.linalg.lstsq(design, came)[0], rel=1e-5)


@given(day=days, growth=growths, months=spans)
def test_the_more_is_promised_the_more_comes_in_the_middle_and_the_wider(day, growth, months):
    discount = shipped.as_of(day)
    more = growth * 1.1
    assert more * discount.share(more, months) > growth * discount.share(growth, months)
    assert discount.scale(more, months) > discount.scale(growth, months)


@given(day=days, months=spans)
def test_of_no_growth_nothing_comes_and_that_is_nearly_certain(day, months):
    assert np.abs(shipped.as_of(day).comes(1e-8, months, SCORES)).max() < 1e-3


@given(day=days)
def test_a_discount_knows_no_outcome_of_a_later_day(day):
    known = [one for one in outcomes() if one.known <= day]
    found = shipped.as_of(day)
    assert (found.promises, found.groups) == (len(known), len({one.group for one in known}))
    assert found.known <= day
    assert found.means == pytest.approx(fit(known).means, abs=1e-5)


def test_what_is_shipped_is_what_the_record_teaches():
    """As `make promises` writes it, to the digits that are kept."""
    assert [shipped.written(one) for one in shipped.discounts()] == [shipped.written(one) for one in promises.discounts()]


def test_the_record_is_of_promises_of_growth_and_large_enough():
    record = outcomes()
    assert len(record) >= 25
    assert all(one.promised > 0 and one.months > 0 and one.known > one.announced for one in record)


@pytest.mark.parametrize("fold", [groups.country_and_war, groups.whole_war])
def test_promises_of_others_foretell_better_with_the_discount_than_at_its_word_or_without_change(fold):
    found = {name: promises.held(forecast, fold) for name, forecast in promises.RIVALS.items()}
    assert min(found, key=lambda name: np.mean(found[name].crps)) == "discounted"
    assert 0.8 < np.mean(found["discounted"].in90) <= 1.0
    assert {len(one.crps) for one in found.values()} == {len(outcomes())}
    assert promises.below(found["discounted"], found["no change"])[1] > 0.3
    assert promises.below(found["no change"], found["no change"]) == (0.0, 0.0, 0.0)


# ---------------------------------------------------------------------------- a claim


def test_a_claim_is_heard_as_level_and_growth_that_comes_with_its_grade_in_quadrature():
    book = ledger(promise=claim("82500 round/month", "24000 round/month"))
    said, unit = value(book, rule(), "promise")
    found = foretold(book, rule(), "promise")
    growth = math.log(82500 / 24000)
    assert (unit, found.growth) == ("round/month", pytest.approx(growth))
    assert found.months == pytest.approx((datetime.date(2024, 10, 31) - datetime.date(2023, 8, 31)).days / (365.25 / 12))
    comes, discount = growth * found.discount.share(growth, found.months), found.discount.scale(growth, found.months)
    bare = math.log(rule().spread[3]) / REACH * SCORES
    wide = discount * stats.t.ppf(np.array(PERCENTS) / 100, found.discount.freedom)
    assert np.log(said.values) == pytest.approx(math.log(24000) + comes + np.sign(SCORES) * np.hypot(bare, wide), abs=2e-3)


def test_level_may_be_another_claim_in_another_unit():
    output = {
        "source": "paper",
        "statement": "so much",
        "kind": "reported",
        "known": "2023-08-01",
        "published": "2023-08-01",
        "credibility": 3,
        "value": "24 kround/month",
    }
    book = ledger(output=output, promise=claim("82500 round/month", terms={"level": "output"}))
    assert median(book) == pytest.approx(median(ledger(promise=claim("82500 round/month", "24000 round/month"))))
    assert book.voice("promise") == "paper"
    assert book.resting_on({"output"}) == {"output", "promise"}


@pytest.mark.parametrize("target", ["24000 round/month", "10000 round/month", "8000 to 12000 round/month"])
def test_what_promises_no_growth_is_taken_at_its_word(target):
    book = ledger(promise=claim(target, "24000 round/month"))
    assert value(book, rule(), "promise") == value(book, rule("face-value"), "promise")


@given(factor=st.floats(1.0001, 1.02))
def test_a_promise_that_is_nearly_met_is_heard_as_any_bare_value(factor):
    book = ledger(promise=claim(f"{24000 * factor!r} round/month", "24000 round/month"))
    bare = rule().widen(constant(24000.0), book.grade("promise"), share=False)
    said = value(book, rule(), "promise")[0]
    assert said.quantile(np.array([0.05, 0.5, 0.95])) == pytest.approx(bare.quantile(np.array([0.05, 0.5, 0.95])), rel=0.2)


@given(low=st.floats(1.05, 30.0), more=st.floats(1.01, 3.0), due=st.dates(datetime.date(2023, 10, 1), datetime.date(2028, 1, 1)))
def test_a_higher_target_is_heard_as_more(low, more, due):
    book = ledger(
        promise=claim(f"{1000 * low!r} round", "1000 round", due.isoformat()), more=claim(f"{1000 * low * more!r} round", "1000 round", due.isoformat())
    )
    assert median(book) < median(book, "more")
    assert median(book) > 1000


@settings(max_examples=20)
@given(day=st.dates(datetime.date(2023, 9, 1), datetime.date(2026, 6, 1)))
def test_a_ledger_hears_a_promise_by_what_was_known_on_its_day(day):
    book = ledger(day, promise=claim("82500 round/month", "24000 round/month"))
    assert foretold(book, rule(), "promise").discount == shipped.as_of(day)


def test_days_do_not_share_what_was_worked_out():
    """A conversion of a promise remembers its result, and not for another day."""
    share = {"source": "paper", "statement": "half", "kind": "reported", "known": "2023-08-01", "published": "2023-08-01", "credibility": 1, "value": 0.5}
    half = claim(None, due="", formula="all * half", terms={"all": "promise", "half": "half"}) | {"kind": "converted"}
    whole = ledger(promise=claim("82500 round", "24000 round"), half=share, part=half)
    late = median(whole, "part")
    assert late == pytest.approx(median(whole) / 2, rel=0.02)
    early = whole.as_of(datetime.date(2023, 9, 1))
    assert median(early, "part") == pytest.approx(median(early) / 2, rel=0.02)
    assert median(early, "part") < late


def test_at_its_word_a_promise_is_the_target():
    book = ledger(promise=claim("82500 round/month", "24000 round/month"))
    assert value(book, rule("face-value"), "promise") == (constant(82500.0), "round/month")
    plain, word = rule(), rule("face-value")
    assert (word.reliability, word.credibility, word.spread) == (plain.reliability, plain.credibility, plain.spread)


# ---------------------------------------------------------------------------- in a case

SOURCES = {"paper": {"publisher": "Press", "title": "A paper", "published": "2023-08-31", "reliability": "B"}}
OUTPUT = {
    "source": "paper",
    "statement": "24,000 a month",
    "known": "2023-08-31",
    "published": "2023-08-31",
    "kind": "reported",
    "credibility": 2,
    "value": "24000 round",
}


def case(folder: Path, **claims: dict[str, Any]) -> Path:
    data = {
        "format": 1, "title": "A store", "start": "2024-01-01", "end": "2024-12-31", "as_of": "2025-06-30",
        "items": {"shell": {"unit": "round"}}, "sources": SOURCES, "claims": claims,
        "actors": {"north": {"stockpiles": {"shell": {"item": "shell", "initial": {"base": "10000 to 90000 round", "because": "a guess", "claims": ["promise"]}}}}},
        "questions": {"held": {"text": "Rounds", "value": "north.stockpiles.shell.held", "at": "2024-07-31", "unit": "round", "key": True}},
    }  # fmt: skip
    path = folder / "case.yaml"
    path.write_text(json.dumps(data), encoding="utf-8")
    return path


def problems(folder: Path, promise: dict[str, Any]) -> list[str]:
    with pytest.raises(CaseError) as caught:
        materiel.load(case(folder, promise=promise, output=OUTPUT)).run(draws=10)
    return [problem.found for problem in caught.value.problems]


@pytest.mark.parametrize(
    ("promise", "told"),
    [
        (claim("82500 round", "24000 round", due=""), "announced target 'promise' has no due day"),
        (claim("82500 round"), "announced target 'promise' has no level"),
        (claim(None, "24000 round"), "announced target 'promise' has no value"),
        (claim("82500 round", "24000 round", due="2023-08-31"), "due on 2023-08-31, and known on 2023-08-31"),
        (claim("82500 round", "24000 round", due="2024-08-31..2024-08-01"), "due 2024-08-31..2024-08-01 ends before it starts"),
        (claim("82500 round", "24000 round", terms={"level": "output"}), "a level beside a claim that gives it"),
        (claim("82500 round", "24000 round", terms={"levle": "output"}), "unknown term 'levle' of an announced target"),
        (claim("82500 round", terms={"level": "outptu"}), "unknown claim 'outptu'"),
        (claim("82500 round", "24 kt"), "level: unit 'kt' does not measure what 'round' measures"),
        (claim("82500 round", "0 round"), "level can be nought or less"),
        (claim("-5 to 10 round", "3 round"), "value can be nought or less"),
        (claim("2024-05-01", "3 round"), "a day"),
        (claim("82500 round", "much"), "level: 'much' is not a number"),
        (claim("82500 round", "24000 round") | {"kind": "reported"}, "level of a claim that was reported"),
    ],
)  # fmt: skip
def test_a_promise_that_lacks_something_is_told_at_its_place(tmp_path, promise, told):
    found = problems(tmp_path, promise)
    assert any(one.startswith(told) for one in found), found


def test_why_shows_target_and_discount_and_drop_takes_the_promise_with_its_level(tmp_path):
    path = case(tmp_path, output=OUTPUT, promise=claim("82500 round", terms={"level": "output"}))
    runner = CliRunner(env={"COLUMNS": "400"})
    told = " ".join(runner.invoke(app, ["why", str(path), "held", "--draws", "400"]).output.replace("│", " ").split())
    assert "(82500 round)" in told
    assert "promised for 2024-10-31, 3.4 times the level then, in 14 months; of such growth " in told
    known = shipped.as_of(datetime.date(2025, 6, 30))
    assert f"by what came of {known.promises} promises of {known.groups} countries at war" in told
    assert "level = output" in told
    word = runner.invoke(app, ["why", str(path), "held", "--draws", "400", "--rules", "face-value"]).output
    assert "taken at its word" in word
    study = materiel.load(path)
    heard, gone, none = (study.run(draws=400, drop=drop) for drop in ((), ("output",), ("promise",)))
    assert np.array_equal(gone.questions["held"].values, none.questions["held"].values)
    assert not np.array_equal(gone.questions["held"].values, heard.questions["held"].values)


def test_a_report_shows_how_a_promise_is_heard(tmp_path):
    path = case(tmp_path, output=OUTPUT, promise=claim("82500 round", terms={"level": "output"}))
    done = CliRunner().invoke(app, ["report", str(path), "--draws", "400", "--output", str(tmp_path / "report.html")])
    assert done.exit_code == 0, done.output
    assert "Promised for 31 October 2024, 3.4 times the level then" in (tmp_path / "report.html").read_text(encoding="utf-8")


def test_a_table_of_claims_may_hold_promises(tmp_path):
    path = case(tmp_path, output=OUTPUT)
    (tmp_path / "claims.csv").write_text(
        "id,source,statement,known,published,kind,credibility,value,due,level,terms\n"
        "promise,paper,so much,2023-08-31,2023-08-31,announced,3,82500 round,2024-10-01..2024-10-31,24000 round,\n", encoding="utf-8"
    )  # fmt: skip
    assert materiel.load(tmp_path if path else path).case().ledger.claims["promise"].due == (datetime.date(2024, 10, 1), datetime.date(2024, 10, 31))


def test_a_share_is_not_promised_growth(tmp_path):
    """A readiness of 90 % cannot grow by what output grew: told at the claim in the list of the number, with what is allowed."""
    path = case(tmp_path, promise=claim("90 percent", "60 percent"), output=OUTPUT)
    data = json.loads(path.read_text(encoding="utf-8"))
    north = data["actors"]["north"]
    north["lines"] = {"shell": {"item": "shell", "capacity": {"constant": "1 round/day", "because": "x"}, "lead_time": {"constant": "1 day", "because": "x"}}}
    north["lines"]["shell"]["utilisation"] = {"base": 0.5, "because": "a guess", "claims": ["promise"]}
    north["stockpiles"]["shell"]["initial"] = {"constant": "0 round", "because": "x"}
    path.write_text(json.dumps(data), encoding="utf-8")
    with pytest.raises(CaseError) as caught:
        materiel.load(path).case()
    (problem,) = caught.value.problems
    assert problem.found == "claim 'promise': an announced target of a share"
    assert problem.allowed == "`kind: reported`, with a range of your own: what comes of promises is known of output, not of shares"
    data["claims"]["promise"] = {key: value for key, value in data["claims"]["promise"].items() if key not in {"due", "level"}} | {"kind": "reported"}
    path.write_text(json.dumps(data), encoding="utf-8")
    heard = materiel.load(path).case().components["north.lines.shell"].numbers["utilisation"]
    assert 0.8 < heard.parts[1].distribution.quantile(np.array([0.5]))[0] <= 0.91


# ---------------------------------------------------------------------------- the backtest


def promised(*targets: tuple[str, float], last: float = 20.0) -> Series:
    points = [Point(read_period(f"2023-{month:02d}"), last) for month in range(1, 7)]
    return Series(
        "shells", "rounds/month", tuple(points), tuple(Target(datetime.date(2023, 5, 1), read_period(period), monthly) for period, monthly in targets)
    )


def test_a_series_is_forecast_as_its_promise_is_discounted():
    past = promised(("2024-06", 60.0)).past(6)
    discount = fit(outcomes())
    found = promises.announced(discount, past, np.array([6.0, 12.0, 24.0]))
    middle = past.unscaled(found[:, 99])
    span = float(past.ahead(np.array(read_period("2024-06").middle))) * past.spacing
    growth = math.log(3.0)
    assert middle[1] == pytest.approx(20.0 * math.exp(growth * 12 / span * discount.share(growth * 12 / span, 12.0 * past.spacing)), rel=0.02)
    assert middle[2] == pytest.approx(20.0 * math.exp(growth * discount.share(growth, span)), rel=1e-6)
    assert naive.announced(past, np.array([12.0]))[0, 99] > found[1, 99]


@pytest.mark.parametrize("series", [promised(), promised(("2024-06", 10.0)), promised(("2023-02", 60.0)), promised(("2024-06", 60.0), last=0.0)])
def test_without_a_promise_of_growth_there_is_no_forecast(series):
    assert promises.announced(fit(outcomes()), series.past(6), np.array([1.0])) is None


def test_a_discount_of_a_fold_holds_nothing_of_what_is_left_out():
    surges = library.surges()
    left = [one for one in surges if one.group != "United States 1939-45"]
    kept = [one for one in outcomes() if one.group != "United States 1939-45"]
    assert promises.apart(left) == fit(kept)
    wars = [one for one in surges if one.war != "1914-18"]
    assert promises.apart(wars) == fit([one for one in outcomes() if one.war != "1914-18"])
    assert DISCOUNTED in {one.name for one in ours(left)}


def test_the_backtest_of_a_file_has_both_where_something_was_promised_and_neither_elsewhere(tmp_path):
    made, targets = tmp_path / "made.csv", tmp_path / "targets.csv"
    made.write_text("period,quantity,unit\n" + "".join(f"2023-{month:02d},{100 + 7 * month},guns/month\n" for month in range(1, 9)), encoding="utf-8")
    targets.write_text("announced,period,target\n2023-02-01,2023-08,300\n", encoding="utf-8")
    (found,) = running.run(made, "2023-04", 3, targets)
    (bare,) = running.run(made, "2023-04", 3, None)
    names, without = ({one.name for one in made.methods} for made in (found, bare))
    assert names - without == {PROMISED, DISCOUNTED}
    crps = {name: [one.crps for one in found.marked.marks if one.method == name] for name in (PROMISED, DISCOUNTED)}
    assert all(theirs > ours for ours, theirs in zip(crps[DISCOUNTED], crps[PROMISED], strict=True))  # it was not kept
