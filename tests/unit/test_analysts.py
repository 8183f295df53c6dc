"""Several analysts of one case: the same evidence, other prior odds; and the grid, a view."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

import materiel
from materiel.analysis import grid, odds, opinions
from materiel.cli import app
from materiel.errors import RunError

CASE = """
format: 1
title: Two readings of a works
start: 2023-01-01
end: 2023-12-31
as_of: 2023-08-15
items: {shell: {unit: round}}
shared:
  level: {base: 50 to 200 round/day, because: as before}
actors:
  north:
    supplies: {works: {item: shell, to: shell, rate: {shared: level}}}
    stockpiles: {shell: {item: shell, initial: {constant: 0 round, because: none yet}}}
sources:
  gazette: {publisher: Gazette, title: Output, published: 2023-01-01, reliability: C}
  paper: {publisher: Paper, title: Stock, published: 2023-01-01, reliability: C}
questions:
  made: {text: Rounds made, value: north.stockpiles.shell.held, at: 2023-12-01, key: true}
"""
HYPOTHESES = """
low: {text: the works are as before, prior: 0.5, because: nothing new}
high: {text: the works have doubled, prior: 0.3, because: a new hall, set: {shared.level: {base: 100 to 400 round/day, because: a new hall}}}
huge: {text: the works have grown fourfold, prior: 0.2, because: two halls, set: {shared.level: {base: 200 to 800 round/day, because: two halls}}}
"""
OBSERVABLES = """
output: {text: Rounds made, series: output, kind: amounts, total: north.supplies.works.comes, discrepancy: {base: 0.8 to 1.25, because: losses}}
store: {text: Rounds held, series: store, kind: amounts, value: north.stockpiles.shell.held, discrepancy: {base: 0.8 to 1.25, because: losses}}
"""
OBSERVATIONS = """series,period,quantity,unit,lower,upper,source,credibility,known,published,note,origin
output,2023-01-01..2023-03-31,20000,round,,,gazette,2,2023-04-30,,,
store,2023-06-30,10000,round,10000,,paper,2,2023-07-30,,,
"""
ANALYSTS = """
desk:
  text: who reads the gazette
  says:
    low: {probability: 0.6, because: habit}
    high: {probability: 0.2, because: a hall}
    huge: {probability: 0.2, because: two halls}
street:
  text: who listens
  weight: {constant: 3, because: for the test}
  repair: least-squares
  says:
    low: {probability: 0.4, because: rumours}
    high or huge: {probability: 0.84, because: rumours}
    huge: {probability: 0.3, because: rumours}
"""


@pytest.fixture
def folder(tmp_path):
    files = {"case.yaml": CASE, "hypotheses.yaml": HYPOTHESES, "observables.yaml": OBSERVABLES, "observations.csv": OBSERVATIONS, "analysts.yaml": ANALYSTS}
    for name, text in files.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


def command(folder, *words):
    return CliRunner().invoke(app, [words[0], str(folder), *words[1:]])


def test_every_analyst_is_weighed_as_if_the_case_had_that_opinion(folder):
    found = materiel.load(folder).weigh(draws=2000)
    for name, one in found.panel.opinions.items():
        assert found.panel.standings[name] == found.with_priors(one.prior).standings
        (folder / "hypotheses.yaml").write_text(
            HYPOTHESES.replace("0.5", f"{one.prior['low']!r}").replace("0.3,", f"{one.prior['high']!r},").replace("0.2,", f"{one.prior['huge']!r},")
        )
        stated = materiel.load(folder).weigh(draws=2000)
        assert {which: at.posterior for which, at in stated.standings.items()} == pytest.approx(
            {which: at.posterior for which, at in found.panel.standings[name].items()}
        )
    for one in found.panel.pools.values():
        assert one.posterior == pytest.approx({which: at.posterior for which, at in found.with_priors(one.prior).standings.items()})


def test_what_is_stated_of_sets_is_made_coherent(folder):
    found = materiel.load(folder).weigh(draws=500).panel.opinions["street"]
    sets = np.array([[1.0, 0, 0], [0, 1, 1], [0, 0, 1]])
    assert list(found.prior.values()) == pytest.approx([0.28, 0.42, 0.3], abs=1e-6)  # low and the rest miss each other by 0.24: half of it from each
    assert list(found.repaired.values()) == pytest.approx(sets @ list(found.prior.values()))
    assert found.moved == pytest.approx({"huge": 0.0, "low": -0.12, "high or huge": -0.12}, abs=1e-6)
    assert list(found.moved) == ["low", "high or huge", "huge"]
    assert found.most == pytest.approx(0.12, abs=1e-6)


def test_pools_hear_weights(folder):
    panel = materiel.load(folder).weigh(draws=500).panel
    desk, street = (np.array(list(one.prior.values())) for one in panel.opinions.values())
    assert list(panel.pools["linear"].prior.values()) == pytest.approx(list((desk + 3 * street) / 4))
    mean = desk**0.25 * street**0.75
    assert list(panel.pools["logarithmic"].prior.values()) == pytest.approx(list(mean / mean.sum()))
    assert list(panel.pools["median"].prior.values()) == pytest.approx(list(street))
    assert panel.pools["logarithmic"].posterior == pytest.approx(panel.pools["logarithmic"].late)
    assert panel.apart(after=False) == (pytest.approx(opinions.distance(desk, street)), ("desk", "street"))


def test_a_repair_that_goes_far_is_a_note_of_the_check(folder):
    done = command(folder, "check")
    assert done.exit_code == 0, done.output
    assert "note: analysts.yaml:13:24: street states 0.4 of 'low', and the nearest coherent statement (least-squares) is 0.28; " in done.stdout
    assert "desk" not in done.stdout
    (folder / "analysts.yaml").write_text(ANALYSTS.replace("0.84", "0.79"))  # each is moved by 0.095
    assert "street" not in command(folder, "check").stdout


def test_the_command_prints_each_before_and_after(folder):
    done = command(folder, "weigh", "--draws", "2000", "--analysts")
    assert done.exit_code == 0, done.output
    found = materiel.load(folder).weigh(draws=2000)
    row = next(line for line in done.stdout.splitlines() if "street: who listens, weight 3" in line)
    for one in found.panel.standings["street"].values():
        assert f"{one.prior:.1%} → {one.posterior:.1%}" in row
    words = " ".join(done.stdout.split())
    assert all(f"{method} pool" in words for method in opinions.POOLS)
    assert "What street states is not coherent; the nearest that is (least-squares): " in words
    assert "low 40.0% → 28.0%" in words
    assert "Moved by 12 points, more than 10: ask again." in words
    assert "What desk states" not in words
    assert "They differ most by 32 points (desk and street) before" in words


def test_plain_data_hold_what_is_asked_for(folder):
    plain = json.loads(command(folder, "weigh", "--draws", "2000", "--json").stdout)
    assert not {"analysts", "grid"} & set(plain)
    plain = json.loads(command(folder, "weigh", "--draws", "2000", "--json", "--analysts", "--grid").stdout)
    assert [one["id"] for one in plain["analysts"]["opinions"]] == ["desk", "street"]
    assert [one["flagged"] for one in plain["analysts"]["opinions"]] == [False, True]
    assert [one["method"] for one in plain["analysts"]["pools"]] == list(opinions.POOLS)
    for one in plain["analysts"]["pools"]:
        assert all(sum(one[when].values()) == pytest.approx(1) for when in ("prior", "posterior", "pooled_after"))
    assert plain["analysts"]["apart"]["before"]["between"] == ["desk", "street"]
    assert [row["seen"] for row in plain["grid"]][-1] == "everything together"


def test_a_case_without_analysts_says_so_before_anything_runs(folder, monkeypatch):
    (folder / "analysts.yaml").unlink()
    with pytest.raises(RunError, match=r"has no analysts; it would name them in analysts\.yaml"):
        _ = materiel.load(folder).weigh(draws=500).panel
    monkeypatch.setattr("materiel.weighing.weigh", None)
    done = command(folder, "weigh", "--analysts")
    assert done.exit_code == 1
    assert "has no analysts" in done.stderr


def test_analysts_change_no_number_of_the_case(folder):
    told = [{**materiel.load(folder).weigh(draws=500).json(), "seconds": 0}]
    (folder / "analysts.yaml").unlink()
    told.append({**materiel.load(folder).weigh(draws=500).json(), "seconds": 0})
    assert told[0] == told[1]


def test_an_analyst_without_weight_is_shown_and_not_heard(folder):
    (folder / "analysts.yaml").write_text(ANALYSTS.replace("constant: 3", "constant: 0"))
    panel = materiel.load(folder).weigh(draws=500).panel
    assert list(panel.standings) == ["desk", "street"]
    for one in panel.pools.values():
        assert one.prior == pytest.approx(panel.opinions["desk"].prior)


def test_one_analyst_alone_is_every_pool(folder):
    (folder / "analysts.yaml").write_text(ANALYSTS[: ANALYSTS.index("street:")])
    panel = materiel.load(folder).weigh(draws=500).panel
    for one in panel.pools.values():
        assert one.prior == pytest.approx(panel.opinions["desk"].prior)
    assert panel.apart(after=True).distance == 0
    assert "They differ" not in command(folder, "weigh", "--draws", "500", "--analysts").stdout


def test_who_leads_is_told(folder):
    (folder / "analysts.yaml").write_text(ANALYSTS.replace("probability: 0.4", "probability: 0.001").replace("0.84", "0.999").replace("0.3,", "0.99,"))
    found = materiel.load(folder).weigh(draws=2000).panel.standings
    leads = {name: max(one, key=lambda which: one[which].posterior) for name, one in found.items()}
    assert leads["street"] == "huge" != leads["desk"]
    words = " ".join(command(folder, "weigh", "--draws", "2000", "--analysts").stdout.split())
    assert f"After the evidence desk lead with {leads['desk']!r}; street lead with 'huge'." in words


# ----------------------------------------------------------------------------------------------------- the grid


@pytest.mark.parametrize(
    ("ratio", "told"), [(1, "N"), (2.9, "N"), (3.1, "C"), (19.9, "C"), (20.1, "CC"), (1 / 2.9, "N"), (1 / 3.1, "I"), (1 / 19, "I"), (1 / 21, "II")]
)
def test_marks_follow_ratios_of_likelihoods(ratio, told):
    assert grid.mark(math.log2(ratio)) == told


def evidence(*logs):
    return {str(i): odds.Evidence(log, 0.01, 5000, 0.1, 10000, "reweighting") for i, log in enumerate(logs)}


def test_a_row_holds_each_hypothesis_against_the_mean_of_the_others():
    row = grid.line("seen", evidence(*np.log([8.0, 1.0, 1.0, 0.25])))
    others = [(1 + 1 + 0.25) / 3, (8 + 1 + 0.25) / 3, (8 + 1 + 0.25) / 3, (8 + 1 + 1) / 3]
    assert list(row.bits.values()) == pytest.approx([math.log2(one / other) for one, other in zip([8, 1, 1, 0.25], others, strict=True)])
    assert list(row.marks.values()) == ["C", "I", "I", "I"]
    assert row.diagnosticity == pytest.approx(5)


def test_what_all_expect_alike_tells_nothing_apart():
    row = grid.line("seen", evidence(-700.0, -700.0, -700.0))
    assert set(row.marks.values()) == {"N"}
    assert row.diagnosticity == 0


def test_a_row_near_which_too_few_runs_come_has_no_marks():
    unsound = evidence(0.0, -1.0) | {"1": odds.Evidence(-1.0, 0.9, 20, 0.9, 10000, "reweighting")}
    assert set(grid.line("seen", unsound).marks.values()) == {"?"}
    assert set(grid.line("seen", evidence(-math.inf, -math.inf)).marks.values()) == {"N"}


@given(st.lists(st.floats(-20, 20), min_size=2, max_size=6), st.floats(-500, 500))
def test_a_row_is_the_same_whatever_unit_the_likelihood_has(logs, unit):
    one, other = grid.line("", evidence(*logs)), grid.line("", evidence(*(log + unit for log in logs)))
    assert list(one.bits.values()) == pytest.approx(list(other.bits.values()), abs=1e-6)
    assert one.diagnosticity == pytest.approx(other.diagnosticity, abs=1e-6)


def test_the_grid_is_a_view_of_the_runs_and_hangs_on_no_prior(folder):
    found = materiel.load(folder).weigh(draws=4000)
    rows = found.grid
    assert len(rows) == len(found.rivals.sightings) + 1
    assert found.with_priors({"low": 0.9}).grid == rows
    assert [row.diagnosticity for row in rows[:-1]] == sorted((row.diagnosticity for row in rows[:-1]), reverse=True)
    assert rows[-1].bits == pytest.approx({name: odds.bits(one, 1 / 3) for name, one in found.even.items()})
    seen = rows[0].text
    assert seen.startswith("output (Gazette"), seen
    spread, own = math.log(2) / 1.6448536269514722, math.hypot(math.log(1.25), math.log(1.25)) / 1.6448536269514722
    ratio = [math.exp(-((math.log(20000 / 90 / middle)) ** 2) / 2 / (spread**2 + own**2)) for middle in (100, 200, 400)]
    assert list(rows[0].bits.values()) == pytest.approx([math.log2(one / ((sum(ratio) - one) / 2)) for one in ratio], abs=0.15)


def test_rows_of_a_grid_do_not_add_up_to_the_evidence(folder):
    """Two rows of one voice share its error: together they are worth less than their sum, which is why marks are not counted."""
    text = OBSERVATIONS.replace("store,2023-06-30,10000,round,10000,,paper", "output,2023-04-01..2023-06-30,20000,round,,,gazette")
    (folder / "observations.csv").write_text(text)
    (folder / "observables.yaml").write_text(OBSERVABLES.splitlines()[1])
    first, second, whole = materiel.load(folder).weigh(draws=8000).grid
    assert abs(whole.bits["low"]) < 0.8 * abs(first.bits["low"] + second.bits["low"])


def test_the_command_prints_the_grid(folder):
    words = " ".join(command(folder, "weigh", "--draws", "2000", "--grid").stdout.split())
    assert "A view, not an input" in words
    assert "Marks are not to be counted" in words
    assert "everything together" in words
