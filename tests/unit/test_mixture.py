"""Which hypothesis is true as a driver, on a case so small that its share can be worked out by hand."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import optimize, stats
from typer.testing import CliRunner

import materiel
from materiel.analysis import mixing, sensitivity
from materiel.analysis.sensitivity import Codes
from materiel.analysis.tornado import Bar
from materiel.cli import app
from materiel.mixture import MOST_DRAWS, Mixture
from materiel.options import Options, Reading
from materiel.study import Study

CASE = """
format: 1
title: Works and a port
start: 2023-01-01
end: 2023-12-31
as_of: 2023-06-30
items: {shell: {unit: round}}
shared: {level: {base: 50 to 200 round/day, because: as before}}
sources: {press: {publisher: Press, title: A page, published: 2023-03-01, reliability: A}}
claims: {many: {source: press, statement: many, known: 2023-03-01, published: 2023-03-01, kind: reported, credibility: 2, value: 1 Mround}}
actors:
  north:
    supplies:
      works: {item: shell, to: made, rate: {shared: level}}
      port: {item: shell, to: landed, rate: {constant: 10 round/day, because: for the test}}
    stockpiles:
      made: {item: shell, initial: {constant: 0 round, because: none yet}}
      landed: {item: shell, initial: {constant: 0 round, because: none yet}}
      apart: {item: shell, initial: {base: 5 to 20 kround, because: for the test}}
      spoken: {item: shell, initial: {base: 5 to 20 kround, because: for the test, claims: [many]}}
scenarios: {busy: {text: more at the port, set: {north.supplies.port.rate: {constant: 20 round/day, because: busy}}}}
questions:
  made: {text: Rounds made, value: north.stockpiles.made.held, at: 2023-12-01, unit: kround, threshold: {above: 50 kround}, key: true}
  landed: {text: Rounds landed, value: north.stockpiles.landed.held, at: 2023-12-01}
  apart: {text: Rounds apart, value: north.stockpiles.apart.held, at: 2023-12-01}
  spoken: {text: Rounds spoken of, value: north.stockpiles.spoken.held, at: 2023-12-01}
  share: {text: Made for each landed, ratio: [made, landed]}
"""
HYPOTHESES = """
as-before: {text: as before, prior: 0.6, because: nothing new}
doubled:
  text: twice as much
  prior: 0.4
  because: a new hall
  set:
    shared.level: {base: 100 to 400 round/day, because: a new hall}
    north.supplies.port.rate: {constant: 90 round/day, because: a new quay}
    north.stockpiles.spoken.initial: {base: 5 to 20 kround, because: nobody is believed}
"""
WORD = "whose word on north.stockpiles.spoken.initial"
REACH = 1.6448536269514722


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Study:
    folder = tmp_path_factory.mktemp("case")
    for name, text in (("case.yaml", CASE), ("hypotheses.yaml", HYPOTHESES)):
        (folder / name).write_text(text, encoding="utf-8")
    return materiel.load(folder)


@pytest.fixture(scope="module")
def mixture(study: Study) -> Mixture:
    found = study.mixture(Options(draws=10_000))
    assert found is not None
    return found


def bars(mixture: Mixture, question: str) -> dict[str, Bar]:
    return {bar.name: bar for bar in mixture.tornado(question).bars}


def kinds(mixture: Mixture) -> tuple[Codes, Codes]:
    return mixture.which.codes[None], sensitivity.sizes(mixture.which.codes[None], len(mixture.which.labels))


def test_every_draw_answers_as_a_run_under_its_own_hypothesis(study, mixture):
    assert len(mixture.which.codes) == MOST_DRAWS
    for code, name in enumerate(mixture.which.labels):
        run, mine = study.run(draws=MOST_DRAWS, scenario=name), mixture.which.codes == code
        for question, answer in run.questions.items():
            assert (mixture.answers[question].values[mine] == answer.values[mine]).all()


def test_an_answer_that_only_the_hypothesis_decides_hangs_on_it_alone_and_on_what_tells_of_it(mixture):
    found = bars(mixture, "landed")
    one = found.pop("hypothesis")
    assert one.kind == "hypothesis"
    assert one.variance.share == pytest.approx(1, abs=1e-9)
    assert one.distribution.share == pytest.approx(1, abs=1e-9)
    assert [(end.known, end.median) for end in one.ends] == [("as-before", pytest.approx(3340)), ("doubled", pytest.approx(9 * 3340))]
    assert sum(end.draws for end in one.ends) == MOST_DRAWS
    assert set(found) == {"shared.level", "north.stockpiles.spoken.initial", WORD}, "the apart stockpile is alike under both"
    assert all(other.correlated == ["the hypothesis"] for name, other in found.items() if name != WORD)
    assert all(other.variance.share < 0.6 for other in found.values())


def test_a_hypothesis_that_an_answer_does_not_know_of_has_no_share(mixture):
    assert set(bars(mixture, "apart")) == {"north.stockpiles.apart.initial"}
    codes, held = kinds(mixture)
    values = mixture.answers["apart"].values
    for found in (sensitivity.first_order(codes, held, sensitivity.ranks(values)), sensitivity.distributional(codes, held, values)):
        assert abs(found[0]) < sensitivity.SURE * sensitivity.chance(held)[0]


def test_the_share_of_a_hypothesis_that_shifts_an_answer_is_that_of_two_curves(mixture):
    """Ranks under each are those of one lognormal curve in the mixture of both: the mean rank under each follows from how often a draw of one exceeds a draw of the other."""
    spread = math.log(2) / REACH
    above = stats.norm.cdf(math.log(2) / (math.sqrt(2) * spread))
    means = np.array([0.6 * 0.5 + 0.4 * (1 - above), 0.6 * above + 0.4 * 0.5])
    wanted = 12 * float(np.array([0.6, 0.4]) @ (means - 0.5) ** 2)
    one = bars(mixture, "made")["hypothesis"]
    assert one.variance.error < 0.03
    assert one.variance.share == pytest.approx(wanted, abs=4 * one.variance.error)
    chances = [stats.norm.sf(math.log(50_000 / 334 / middle) / spread) for middle in (100, 200)]
    assert [end.probability for end in one.ends] == pytest.approx(chances, abs=0.06)


def test_a_number_that_a_hypothesis_overrides_has_its_values_in_its_draws(mixture):
    one = bars(mixture, "made")["shared.level"]
    assert one.variance.share == pytest.approx(1, abs=0.01), "what is made is this number times the days, whichever hypothesis is true"
    assert one.correlated == ["the hypothesis"]
    low, high = (end.median / 334 for end in one.ends)
    values = np.sort(mixture.answers["made"].values) / 334
    assert (low, high) == pytest.approx((values[100], values[-100]), rel=0.01)
    curves = [(0.6, math.log(100)), (0.4, math.log(200))]
    wanted = [
        optimize.brentq(lambda x, p=p: sum(odds * stats.norm.cdf((math.log(x) - middle) * REACH / math.log(2)) for odds, middle in curves) - p, 1, 1000)
        for p in (0.05, 0.95)
    ]
    assert [end.known for end in one.ends] == [f"{float(f'{value:.2g}'):.0f} rounds/day" for value in wanted], "of both curves together"


def test_whose_word_counts_only_where_the_hypothesis_listens_to_it(mixture):
    one = bars(mixture, "spoken")[WORD]
    weight = 1.5 * 1.5 / (1 + 1.5 * 1.5)
    assert [end.known for end in one.ends] == ["assumed", "Press"]
    assert one.ends[1].draws / MOST_DRAWS == pytest.approx(0.6 * weight, abs=0.03)
    assert one.ends[0].median < 30_000 < 500_000 < one.ends[1].median
    assert bars(mixture, "spoken")["hypothesis"].ends[1].median == pytest.approx(10_000, rel=0.05)


def test_a_ratio_hangs_on_what_its_parts_hang_on(mixture):
    found = bars(mixture, "share")
    assert {"hypothesis", "shared.level"} < set(found)
    made, landed = ([end.median for end in bars(mixture, name)["hypothesis"].ends] for name in ("made", "landed"))
    assert [end.median for end in found["hypothesis"].ends] == pytest.approx([1000 * one / other for one, other in zip(made, landed, strict=True)], rel=1e-6)


def test_draws_belong_to_the_same_hypothesis_however_many_there_are():
    odds = {"a": 0.2, "b": 0.5, "c": 0.3}
    few, many = (mixing.hypothesis(odds, 7, draws).codes for draws in (100, 20_000))
    assert (many[:100] == few).all()
    assert np.bincount(many) / 20_000 == pytest.approx(list(odds.values()), abs=4 * math.sqrt(0.25 / 20_000))
    assert (mixing.hypothesis(odds, 8, 100).codes != few).any()


@given(st.lists(st.floats(0.01, 1), min_size=2, max_size=6), st.integers(0, 2**32))
def test_every_draw_belongs_to_a_hypothesis(weights, seed):
    odds = {str(i): weight / sum(weights) for i, weight in enumerate(weights)}
    codes = mixing.hypothesis(odds, seed, 50).codes
    assert ((codes >= 0) & (codes < len(odds))).all()


def test_a_reading_without_a_number_draws_it_as_the_first_that_has_it(study):
    priors = [prior for prior in study.mixture(Options(draws=10)).inputs.priors if not prior.constant]
    one, other = priors[0], priors[1]
    rows = mixing.said([[one], [one, other], [other]])
    assert rows == [[one, one, one], [other, other, other]]
    assert [mixing.pooled(row, [0.2, 0.3, 0.5]) for row in rows] == [one, other]


def test_from_few_draws_nothing_is_said(study):
    found = study.mixture(Options(draws=100, only=("landed",)))
    assert (found.tornado("landed").bars, len(found.which.codes)) == ([], 100)


def test_a_case_without_hypotheses_or_read_under_one_has_no_mixture(study, tmp_path: Path):
    assert study.mixture(Options(Reading(scenario="busy,doubled"), 10)) is None
    assert study.mixture(Options(Reading(scenario="busy"), 10)) is not None
    (tmp_path / "case.yaml").write_text(CASE, encoding="utf-8")
    assert materiel.load(tmp_path).mixture(Options(draws=10)) is None


def test_the_command_tells_which_hypothesis_is_true_beside_the_rest(study):
    runner = CliRunner()
    told = runner.invoke(app, ["drivers", str(study.name), "landed", "--draws", "3000"])
    assert told.exit_code == 0
    assert "no single thing stands out" in told.stdout, "as the case is written the port lands the same in every draw"
    assert "Over all hypotheses by their prior odds, from 2000 draws: " in told.stdout
    assert "as-before: 3,300 rounds; doubled: 30,000 rounds" in told.stdout
    told = runner.invoke(app, ["drivers", str(study.name), "apart", "--draws", "500"])
    assert "from 500 draws: " in told.stdout
    assert "does not stand out of the noise" in told.stdout
    (plain,) = json.loads(runner.invoke(app, ["drivers", str(study.name), "--draws", "500", "--json"]).stdout)
    assert {bar["kind"] for bar in plain["mixture"]["bars"]} == {"number", "voice", "hypothesis"}
    assert plain["mixture"]["draws"] == 500
