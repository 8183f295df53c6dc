from __future__ import annotations

import json
import re

import pytest

import materiel
from materiel.case.loading import load
from materiel.errors import CaseError, RunError

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
