from __future__ import annotations

import datetime
import json
import os
import re
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from typer.testing import CliRunner

import materiel
from materiel import editions, language
from materiel.analysis.tornado import End
from materiel.case.loading import load
from materiel.cli import app
from materiel.errors import CaseError, RunError
from materiel.language.phrase import phrase
from materiel.options import Reading
from materiel.report import charts, html, judgements, tornado
from materiel.report.record import recorded
from materiel.results import Curve

CASE = """
format: 1
title: Shells, <b>fuzes</b> & a war
start: 2023-01-01
end: 2023-12-31
as_of: 2023-06-30
items: {shell: {unit: round}, fuze: {unit: fuze}}
contingencies: {war: {}}
sources: {press: {publisher: Press, title: A page, published: 2023-03-01, reliability: C, url: "javascript:alert(1)"}}
claims:
  rate: {source: press, statement: a thousand a day, known: 2023-03-01, published: 2023-03-01, kind: reported, credibility: 3, value: 1000 fuze/day}
  rate-later: {source: press, statement: ten thousand a day, known: 2023-09-01, published: 2023-09-01, kind: reported, credibility: 1, value: 10000 fuze/day}
scenarios: {rich: {text: more fuzes, set: {north.supplies.fuzes.rate: {base: 2 to 3 kfuze/day, because: for the test}}}}
actors:
  north:
    supplies: {fuzes: {item: fuze, rate: {base: 800 to 1200 fuze/day, because: for the test, claims: [rate, rate-later]}}}
    stockpiles: {shell: {item: shell, initial: {base: 10 to 40 kround, because: for the test}}}
    lines: {shell: {item: shell, capacity: {base: 1500 to 2500 round/day, because: for the test}, lead_time: {base: 30 to 90 day, because: for the test}, inputs: {fuze: 1}}}
    demands: {army: {item: shell, contingency: war, war_rate: {base: 1 to 6 kround/day, because: for the test}}}
questions:
  made: {text: Shells made, value: north.lines.shell.made, at: 2023-12-30, threshold: {above: 300 kround}, judgement: more than 300000 shells are made, key: true, fan: Shells made}
  rich: {text: Shells made with more fuzes, value: north.lines.shell.made, at: 2023-12-30, with: rich}
  dry: {text: Days until the store is empty, first: north.stockpiles.shell.held, below: 1000 round, if: war on 2023-06-01}
  idle: {text: Used of what was wanted in peace, ratio: [used, wanted]}
  used: {text: Used, value: north.demands.army.used, at: 2023-12-30}
  wanted: {text: Wanted, total: north.demands.army.wanted}
"""


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "case.yaml").write_text(CASE, encoding="utf-8")
    return tmp_path


def test_the_report_stands_alone_and_says_what_the_run_says(folder):
    run = materiel.load(folder).run(draws=300)
    text = run.report(folder / "report.html").read_text(encoding="utf-8")
    assert run.judgements[0] in re.sub(r"<[^>]+>", "", text).replace("&#39;", "'")
    assert "<b>fuzes</b>" not in text, "text of a case never becomes markup"
    assert "javascript:alert" not in text
    assert not re.search(r"<(link|img|iframe)|@import|url\(|<script[^>]* src", text)
    assert 'id="claim-rate"' in text
    assert "rate-later" not in text, "what was known later is not shown"


def test_a_file_that_is_no_report_is_not_overwritten(folder):
    run = materiel.load(folder).run(draws=100)
    mine = folder / "notes.html"
    mine.write_text("my own notes")
    with pytest.raises(RunError, match="no report"):
        run.report(mine)
    assert mine.read_text() == "my own notes"


def test_a_folder_that_holds_something_else_is_not_touched(folder):
    run = materiel.load(folder).run(draws=100)
    for text in ("{", "{}", json.dumps({"run": "other"})):
        (folder / "manifest.json").write_text(text)
        with pytest.raises(RunError, match="something else"):
            run.save(folder)
        assert (folder / "manifest.json").read_text() == text


def test_results_have_units_and_two_time_coordinates(folder):
    data = materiel.load(folder).run(draws=100).data
    assert data["made"].attrs["units"] == "round"
    assert data["made"].shape == (100,)
    assert data["made_over_time"].dims == ("quantile", "boundary")
    assert data.attrs["as_of"] == "2023-06-30"


def test_claims_known_later_are_no_part_of_a_case(folder):
    case = load(folder)
    assert set(case.ledger.claims) == {"rate"}
    assert set(case.whole.claims) == {"rate", "rate-later"}
    early = materiel.load(folder).run(draws=400, as_of="2023-02-01").questions["made"].quantiles[50]
    assert early != materiel.load(folder).run(draws=400).questions["made"].quantiles[50], "the claim of March moves the answer"


def test_a_reason_may_not_cite_what_was_known_later(folder):
    path = folder / "case.yaml"
    path.write_text(CASE.replace("10 to 40 kround, because: for the test", "10 to 40 kround, because: as rate-later says"), encoding="utf-8")
    with pytest.raises(CaseError, match="known only after 2023-06-30"):
        load(path)


def test_a_question_is_driven_by_the_numbers_of_its_own_branch(folder):
    answers = materiel.load(folder).run(draws=3000).questions
    assert answers["made"].base_share < 0.98, "a claim has part of the doubt"
    assert answers["rich"].base_share == 1.0, "the scenario has only bases"


def test_a_ratio_of_nothing_to_nothing_is_one(folder):
    answer = materiel.load(folder).run(draws=100).questions["idle"]
    assert answer.quantiles[50] == 1.0
    assert answer.never == 0.0


def test_a_few_runs_give_no_word_of_probability(folder):
    sentence = materiel.load(folder).run(draws=5).judgements[0]
    assert sentence.startswith("Too few runs to say how likely")


@pytest.mark.parametrize("wrong", [{"draws": 0}, {"draws": 2.5}, {"seed": -1}, {"chunk": 0}, {"as_of": "June"}, {"step": 0.0}, {"engine": "fast"}])
def test_what_cannot_be_run_is_refused_in_a_sentence(folder, wrong):
    with pytest.raises(RunError):
        materiel.load(folder).run(**wrong)


def shell(*words: str):
    return CliRunner().invoke(app, [str(word) for word in words])


def test_the_report_is_written_in_the_language_that_is_asked_for(folder, tmp_path):
    told = shell("report", folder, "-o", tmp_path / "fr.html", "--language", "fr", "--draws", "200")
    assert told.exit_code == 0, told.output
    text = (tmp_path / "fr.html").read_text(encoding="utf-8")
    assert '<html lang="fr">' in text
    assert "Jugements clés" in text
    assert '<span lang="en">Shells, &lt;b&gt;fuzes&lt;/b&gt; &amp; a war</span>' in text
    assert "<title>Shells, &lt;b&gt;fuzes&lt;/b&gt; &amp; a war</title>" in text, "a title has no markup"
    told = shell("run", folder, "--language", "fr", "--draws", "200")
    assert "50\u202f% de" in told.stdout


def test_an_unknown_language_is_told_before_anything_is_run(folder, tmp_path):
    for command in (["report", folder, "-o", tmp_path / "de.html"], ["run", folder]):
        told = shell(*command, "--language", "de")
        assert told.exit_code == 1
        assert "unknown language 'de'; en or fr" in told.output
    assert not (tmp_path / "de.html").exists()


def test_an_earlier_edition_is_held_against_the_report(folder, tmp_path):
    told = shell("report", folder, "-o", tmp_path / "now.html", "--since", "2023-02-01", "--draws", "400")
    assert told.exit_code == 0, told.output
    text = re.sub(r"<[^>]+>", "", (tmp_path / "now.html").read_text(encoding="utf-8"))
    assert "What changed since the edition of 1 February 2023" in text
    assert "1 claim arrived since 1 February 2023, 1 of which speak of a number" in text
    assert "Dotted: the median of the edition of 1 February 2023." in text
    run = shell("run", folder, "-o", tmp_path / "runs", "--as-of", "2023-02-01", "--draws", "400")
    assert run.exit_code == 0
    (kept,) = (tmp_path / "runs").iterdir()
    assert shell("report", folder, "-o", tmp_path / "kept.html", "--since", kept, "--draws", "400").exit_code == 0
    assert (tmp_path / "kept.html").read_bytes() == (tmp_path / "now.html").read_bytes(), "a day and the folder of a run as of it are one edition"


def test_a_scenario_is_held_against_the_baseline(folder, tmp_path):
    told = shell("report", folder, "-o", tmp_path / "rich.html", "--scenario", "rich", "--draws", "200")
    assert told.exit_code == 0, told.output
    text = (tmp_path / "rich.html").read_text(encoding="utf-8")
    assert "Dotted: the median without the scenario." in text
    assert 'class="ghost"' in text
    assert "What changed" not in text


def test_an_edition_that_differs_in_more_than_the_day_is_shown_and_not_accounted_for(folder, tmp_path):
    study = materiel.load(folder)
    one, other = study.run(draws=200, as_of="2023-02-01"), study.run(draws=300)
    text = re.sub(r"<[^>]+>", "", other.report(tmp_path / "now.html", before=editions.before(one, other)).read_text(encoding="utf-8"))
    assert "Not accounted for, since the two runs differ in the number of runs." in text
    assert "with revised assumptions" not in text


def test_every_difference_of_two_runs_has_its_words(folder):
    one, other = (materiel.load(folder).run(draws=draws, seed=draws, rules=rules) for draws, rules in ((100, "plain"), (200, "strict")))
    (change,) = editions.compare([one, other], ["a", "b"]).changes
    for spoken in language.names():
        assert all(language.load(spoken).word(f"differs in {name}") for name in change.differ)
    assert set(change.differ) == {"rules", "draws", "seed"}


def test_a_report_without_an_earlier_edition_says_nothing_of_one(folder):
    assert "What changed" not in materiel.load(folder).run(draws=100).report(folder / "report.html").read_text(encoding="utf-8")


def test_a_pdf_needs_typst_and_says_so(folder, tmp_path, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(RunError, match="pip install 'materiel\\[pdf\\]'"):
        materiel.load(folder).run(draws=100).report(tmp_path / "report.html", pdf=tmp_path / "report.pdf")


def test_a_file_that_is_no_pdf_is_not_overwritten(folder, tmp_path):
    pytest.importorskip("typst", reason="the extra `pdf`")
    run, mine = materiel.load(folder).run(draws=100), tmp_path / "mine.pdf"
    mine.write_text("my own notes")
    with pytest.raises(RunError, match="no PDF"):
        run.report(tmp_path / "report.html", pdf=mine)
    assert mine.read_text() == "my own notes"
    run.report(tmp_path / "report.html", pdf=tmp_path / "made.pdf")
    assert (tmp_path / "made.pdf").read_bytes().startswith(b"%PDF")


def test_marks_have_the_shape_of_their_grade():
    drawn = {(letter, figure): charts.shape(10, 10, letter, figure) for letter in "ABCDEF" for figure in range(1, 7)}
    assert all(("<circle" in one) == (figure <= 2) for (_, figure), one in drawn.items())
    assert all(("rotate" in one) == (figure > 3) for (_, figure), one in drawn.items())
    assert all(("sure" in one) == (letter in "AB") for (letter, _), one in drawn.items())


def test_the_axis_says_what_it_counts_in():
    assert charts.axis("round", 3e6) == "million rounds"
    assert charts.axis("round/month", 3e4) == "thousand rounds/month"
    assert charts.axis("USD", 3e9, language.load("fr")) == "milliards de dollars"
    curve = Curve("Made", "kround/month", "period", np.array([0.0, 1.0]), np.full((5, 2), 7.0))
    assert (charts.bare(curve).unit, charts.bare(curve).quantiles[0, 0]) == ("round/month", 7000.0)
    assert charts.bare(replace(curve, unit="month")).unit == "month", "a month is no prefixed day"


def test_forecasts_and_outcomes_of_later_days_are_not_told():
    """A forecast is on record from the day as of which it speaks; how it came out is told from the day on which that was known."""
    early = materiel.load("britain-1915").case(Reading(datetime.date(1915, 6, 30)))
    late = materiel.load("britain-1915").case(Reading(datetime.date(1916, 12, 31)))
    assert recorded(early) is None
    found = recorded(late)
    assert found is not None
    assert list(found.forecasts) == ["1915-12-31"]
    assert all(one.outcome.by.known <= late.as_of for one in found.scored)
    assert found.open, "of 1918 nothing is known in 1916"


def test_a_report_has_the_same_bytes_whatever_the_order_of_sets(tmp_path):
    """Python orders sets of names by a seed of its own, another in every process."""
    made: list[bytes] = []
    for seed in ("1", "2"):
        path = tmp_path / f"{seed}.html"
        command = [sys.executable, "-c", "from materiel.cli import app; app()", "report", "dprk-2023", "--draws", "200", "-o", str(path)]
        subprocess.run(command, check=True, capture_output=True, env=os.environ | {"PYTHONHASHSEED": seed})  # noqa: S603
        made.append(path.read_bytes())
    assert made[0] == made[1]


def test_the_first_figure_bears_the_first_judgement_that_has_one():
    """Of the first key question itself or, where that has none, of another that reads the same; its title is what that judgement is about."""
    told = html.tell(materiel.load("us-155mm-2022").run(draws=300))
    assert judgements.bottom_line(told) == ("output-2026-12", "output-2024-12")
    assert {piece.of for piece in phrase(judgements.figure(told, *judgements.bottom_line(told)).title).marked} == {"output-2024-12.p5", "output-2024-12.p95"}
    assert {piece.of for piece in phrase(judgements.figure(told, "output-2026-12").title).marked} == {"output-2026-12.p5", "output-2026-12.p95"}
    rates = html.tell(materiel.load("britain-1915").run(draws=300))  # the judgement is of an amount, the figure of a rate: they are no one number
    assert judgements.bottom_line(rates) == ("filled-output", "filled-1916-h2")
    assert {piece.of for piece in phrase(judgements.figure(rates, *judgements.bottom_line(rates)).title).marked} == {"filled-output.p5", "filled-output.p95"}


def test_nought_stands_on_every_axis_that_crosses_it(folder):
    case = load(folder)
    for low, high in ((-17.0, 400.0), (-3.0, 1.0), (0.0, 7.0)):
        curve = Curve("Debt", "USD", "period", np.array([0.0, 300.0]), np.linspace(low, high, 5)[:, None] * np.ones(2))
        ticks = re.findall(r'text-anchor="end">(-?[\d.,]+)</text>', charts.fan(case, charts.Fan(curve)))
        assert "0" in ticks, ticks


def test_days_on_the_axis_of_a_narrow_chart_are_as_many_as_it_can_hold(folder):
    curve = Curve("Made", "round", "period", np.arange(0.0, 365.0), np.full((5, 365), 7.0))
    narrow = re.findall(r'text-anchor="middle">([^<]+)</text>', charts.fan(load(folder), charts.Fan(curve), width=charts.NARROW))
    assert narrow == ["Jan 2023", "Apr", "Jul", "Oct"]


@pytest.mark.parametrize(
    ("known", "room", "shown"),
    [
        ("400 projectiles/day", 140, "400 projectiles/day"),
        ("400 projectiles/day", 90, "400 projecti…"),
        ("8.1 million rounds", 100, "8.1 million…"),
        ("Yoon Sang-hyun, member of parliament", 140, "Yoon Sang-hyun…"),
    ],
)
def test_a_label_is_cut_between_words_and_never_to_a_bare_number(known, room, shown):
    assert tornado._label(End(known, None, None, 100), room) == shown


def test_a_day_that_mostly_never_comes_is_said_in_one_breath():
    (sentence,) = (one for one in materiel.load("us-155mm-2022").run(draws=2000).judgements if "passes 100,000 projectiles" in one)
    assert re.search(r": never within the horizon in \d+ % of runs, in 5 % of runs within \d+ days\)\.$", sentence), sentence
