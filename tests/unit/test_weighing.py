"""Hypotheses weighed: against closed forms, and what a reader is told."""

from __future__ import annotations

import datetime
import json
import math

import numpy as np
import pytest
from scipy import stats
from typer.testing import CliRunner

import materiel
from materiel.analysis import aiming, tempering
from materiel.cli import app
from materiel.engine import ensemble
from materiel.engine.draws import uniforms
from materiel.errors import CaseError, RunError
from materiel.forecasting import freeze
from materiel.options import Options, Reading

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
indicators:
  trains:
    unit: container
    of: {north.supplies.works.comes: {weight: {constant: 0.001 container/round, because: a thousand in each}}}
    detection: {constant: 0.5, because: clouds}
    background: {constant: 0.001 container/day, because: other trains}
    first_day: {constant: 2023-03-01, because: pictures from then on}
    delay: {constant: 20 day, because: weeks of work}
sources:
  gazette: {publisher: Gazette, title: Output, published: 2023-01-01, reliability: C}
  pictures: {publisher: Eyes, title: Trains, published: 2023-01-01, reliability: C}
origins: {watcher: {title: the watcher}}
scenarios: {closed: {text: the works stand still, set: {shared.level: {base: 0.5 to 2 round/day, because: closed}}}}
questions:
  made: {text: Rounds made, judgement: more than 30000 are made, value: north.stockpiles.shell.held, at: 2023-12-01, threshold: {above: 30 kround}, key: true}
"""
HYPOTHESES = """
low: {text: the works are as before, prior: 0.6, because: nothing new}
high: {text: the works have doubled, prior: 0.4, because: a new hall, set: {shared.level: {base: 100 to 400 round/day, because: a new hall}}}
"""
OUTPUT = "output: {text: Rounds made, series: output, kind: amounts, total: north.supplies.works.comes, discrepancy: {base: 0.8 to 1.25, because: losses}}\n"
TRAINS = (
    "trains: {text: Trains seen, series: trains, kind: events, indicator: trains, observer: watcher, discrepancy: {base: 0.8 to 1.25, because: other lines}}\n"
)
HEADER = "series,period,quantity,unit,lower,upper,source,credibility,known,published,note,origin\n"
MADE = "output,2023-01-01..2023-03-31,12000,round,,,gazette,2,2023-04-30,,,\n"
SEEN = "trains,2023-04-02,1,container,1,1,pictures,2,2023-05-01,,,watcher\ntrains,2023-05-02..2023-05-03,2,container,2,2,pictures,2,2023-06-01,,,watcher\n"
REACH = 1.6448536269514722


@pytest.fixture
def study(tmp_path):
    """Return a study of the case above, or of one that differs from it."""

    def make(observables=OUTPUT, rows=MADE, hypotheses=HYPOTHESES, case=CASE):
        for name, text in (("case.yaml", case), ("hypotheses.yaml", hypotheses), ("observables.yaml", observables), ("observations.csv", HEADER + rows)):
            (tmp_path / name).write_text(text, encoding="utf-8")
        return materiel.load(tmp_path)

    return make


def test_an_amount_and_a_lognormal_rate_are_conjugate(study):
    """The rate is lognormal and its errors are factors: evidence and posterior are normal on the scale of logarithms."""
    found = study().weigh(draws=20_000)
    error = math.log(1.25) / REACH
    prior, spread = math.log(2) / REACH, math.hypot(error, math.log(1.25) / REACH)  # of the source (item 2, source C) and of the model
    seen, logs = math.log(12000 / 90), {"low": math.log(100), "high": math.log(200)}
    wanted = {name: stats.norm.logpdf(seen, mean, math.hypot(prior, spread)) for name, mean in logs.items()}
    for name, rival in found.found.items():
        assert rival.evidence.log == pytest.approx(wanted[name], abs=4 * rival.evidence.error)
    ratio = math.exp(wanted["low"] - wanted["high"]) * 0.6 / 0.4
    assert found.standings["low"].posterior == pytest.approx(ratio / (1 + ratio), abs=4 * found.standings["low"].error)
    weight = prior**2 / (prior**2 + spread**2)
    for name, mean in logs.items():
        middle = math.exp(mean + weight * (seen - mean))
        drawn = np.repeat(found.found[name].after["made"], np.round(2000 * found.found[name].weights).astype(int)) / 334
        assert np.median(drawn) == pytest.approx(middle, rel=0.02)
        assert np.std(np.log(drawn)) == pytest.approx(prior * math.sqrt(1 - weight), rel=0.05)


def test_a_weighed_forecast_is_the_mixture_by_the_odds_that_are_left(study):
    """Each reading has a normal posterior on the scale of logarithms; what is frozen are quantiles of their mixture."""
    resolves = "threshold: {above: 30 kround}, resolves: {rule: as returned, series: made, sources: [any], conflict: latest}"
    path, said = freeze(study(case=CASE.replace("threshold: {above: 30 kround}", resolves)), draws=20_000, weighed=True, today=datetime.date(2023, 8, 15))
    assert (path.name, said.basis, said.hindcast) == ("2023-08-15-weighed.yaml", "posterior", False)
    prior, spread = math.log(2) / REACH, math.hypot(math.log(1.25) / REACH, math.log(1.25) / REACH)
    weight, seen = prior**2 / (prior**2 + spread**2), math.log(12000 / 90)
    left = {
        name: stats.norm(mean + weight * (seen - mean), prior * math.sqrt(1 - weight)) for name, mean in {"low": math.log(100), "high": math.log(200)}.items()
    }
    evidence = {name: said.odds[name] for name in left}
    assert sum(evidence.values()) == pytest.approx(1)
    for share in (0.1, 0.5, 0.9):
        reached = sum(evidence[name] * one.cdf(math.log(said.questions["made"].at(share) / 334)) for name, one in left.items())
        assert reached == pytest.approx(share, abs=4 * math.sqrt(share * (1 - share) / 2000))
    above = sum(evidence[name] * one.sf(math.log(30_000 / 334)) for name, one in left.items())
    assert said.questions["made"].probability == pytest.approx(above, abs=4 * math.sqrt(above * (1 - above) / 2000))


def test_counts_and_an_exponential_rate_are_geometric(study):
    """With no errors a count is Poisson; with an exponential mean it is geometric."""
    case = CASE.replace("base: 50 to 200 round/day", "base: {dist: exponential, mean: 0.1, unit: round/day}")
    hypotheses = HYPOTHESES.replace("base: 100 to 400 round/day", "base: {dist: exponential, mean: 0.3, unit: round/day}")
    observables = OUTPUT.replace("amounts", "counts").replace("base: 0.8 to 1.25", "constant: 1")
    rows = "".join(f"output,{day},{count},round,{count},{count},gazette,2,2023-04-30,,,\n" for day, count in (("2023-01-01..2023-01-31", 7),))
    found = study(observables, rows, hypotheses, case).weigh(draws=20_000)
    for name, mean in (("low", 3.1), ("high", 9.3)):
        wanted = stats.geom.logpmf(8, 1 / (1 + mean))
        assert found.found[name].evidence.log == pytest.approx(wanted, abs=4 * found.found[name].evidence.error)


def test_a_count_that_runs_up_enters_as_increments(study):
    rows = "output,2023-01-01..2023-01-31,3000,round,,,gazette,2,2023-04-30,,,\noutput,2023-01-01..2023-03-31,9000,round,,,gazette,2,2023-04-30,,,\n"
    rows += "output,2023-01-01..2023-02-28,5000,round,5000,,gazette,2,2023-04-30,,,\noutput,2023-01-01..2023-04-30,10000,round,10000,,gazette,2,2023-05-30,,,\n"
    rivals = study(OUTPUT.replace("amounts", "counts"), rows).weigh(draws=2000).rivals
    told = [(str(one.first), str(one.last), one.term.seen, one.term.bound) for one in rivals.sightings]
    assert told == [("2023-01-01", "2023-01-31", 3000, ""), ("2023-02-01", "2023-03-31", 6000, ""), ("2023-04-01", "2023-04-30", 1000, "at least")]


def test_events_are_expected_by_a_poisson_process_that_ends_on_the_day(study):
    """What is expected of each event, and of the silence between them, is the rate, times what is seen of it, times what is known of that by the day."""
    found = study(TRAINS, SEEN).weigh(draws=2000)
    days = [range(91, 92), range(121, 123), [day for day in range(59, 227) if day not in (91, 121, 122)]]
    level = materiel.load(found.rivals.case.folder).run(draws=2000).questions["made"].values / 334
    for sighting, some in zip(found.found["low"].expected, days, strict=True):
        known = sum(1 - math.exp(-(227 - (day + 1)) / 20.02) for day in some)  # at the end of the day after which it is asked
        wanted = (0.001 * level * 0.5 + 0.001) * known
        assert sighting == pytest.approx(wanted, rel=2e-3)
    assert [one.term.seen for one in found.rivals.sightings] == [1, 2, 0]
    assert {one.origin for one in found.rivals.sightings} == {"watcher"}


def test_what_runs_expect_has_the_bits_of_whole_runs(study):
    """Runs that are held against what was seen compute nothing else; they must not differ for it."""
    rivals = study(OUTPUT + TRAINS, MADE + SEEN).weigh(draws=3000).rivals
    prepared = rivals.prepared["high"]
    program = next(iter(prepared.passes.values())).program
    kept = [program.variables[f"gauges.{one.asked.gauge.name}.kept"][0] for one in rivals.sightings]
    (whole,) = ensemble.run([ensemble.Pass(program, 300, kept)], ensemble.Settings(draws=3000), lambda _n: None)
    assert np.array_equal(whole.kept, rivals.expected(lambda stream: uniforms(1, stream, 0, 3000), 3000)["high"])


def test_other_odds_weigh_the_same_runs(study):
    found = study().weigh(draws=4000)
    other = found.with_priors({"low": 0.3})
    stated = study(hypotheses=HYPOTHESES.replace("0.6", "0.3").replace("0.4", "0.7")).weigh(draws=4000)
    assert {name: one.posterior for name, one in other.standings.items()} == {name: one.posterior for name, one in stated.standings.items()}
    assert other.answers["made"][1].quantiles == stated.answers["made"][1].quantiles
    ratio = found.standings["low"].posterior / found.standings["high"].posterior
    assert other.standings["low"].posterior / other.standings["high"].posterior == pytest.approx(ratio / (0.6 / 0.4) * 0.3 / 0.7)


def test_odds_without_a_source_are_those_of_a_case_without_it(study):
    found = study(OUTPUT + TRAINS, MADE + SEEN).weigh(draws=4000)
    alone = study(OUTPUT, MADE).weigh(draws=4000)
    dropped = study(OUTPUT + TRAINS, MADE + SEEN).weigh(draws=4000, drop=["gazette"])
    assert found.without["watcher"] == {name: one.posterior for name, one in alone.standings.items()}
    # the watch has a window of its own, so that what was not seen in it is silence there too
    assert found.without["gazette"] == pytest.approx({name: one.posterior for name, one in dropped.standings.items()})
    assert found.evidence["low"]["watcher"] == pytest.approx(-found.evidence["high"]["watcher"])


def test_what_is_known_only_later_is_hidden_and_counted(study):
    rows = MADE + "output,2023-04-01..2023-06-30,13000,round,,,gazette,2,2023-09-30,,,\n"
    early, late = (study(rows=rows).weigh(draws=2000, as_of=day) for day in ("2023-08-15", "2023-10-01"))
    assert (early.hidden, late.hidden) == (1, 0)
    assert (len(early.rivals.sightings), len(late.rivals.sightings)) == (1, 2)
    assert any("1 more" in note for note in early.notes)


def test_a_source_that_the_rules_do_not_hear_is_not_weighed(study):
    case = CASE.replace("title: Output, published: 2023-01-01, reliability: C", "title: Output, published: 2023-01-01, reliability: E")
    found = study(OUTPUT + TRAINS, MADE + SEEN, case=case).weigh(draws=2000, rules="strict")
    assert {one.observable for one in found.rivals.sightings} == {"trains"}
    assert found.unheard == 1
    worse, better = (study(case=text).weigh(draws=2000).found["low"].evidence.effective for text in (case, CASE))
    assert worse > better  # a poor source says less


FAR = (OUTPUT.replace("base: 0.8 to 1.25", "base: 0.99 to 1.01"), MADE.replace(",12000,round,,", ",45000,round,44000,46000"))


def test_draws_are_aimed_at_what_was_seen_where_too_few_come_near_it(study):
    """Five times what the works were thought to make, and known to a fiftieth: the closed form is found again."""
    found = study(*FAR).weigh(draws=2000)
    prior, error = math.log(2) / REACH, math.hypot(math.log(46 / 44) / 2 / REACH, math.log(1.01 / 0.99) / 2 / REACH)
    shift = math.log(1.01 * 0.99) / 2
    for name, middle in (("low", 100), ("high", 200)):
        evidence = found.found[name].evidence
        wanted = stats.norm.logpdf(math.log(45000 / 90), math.log(middle) + shift, math.hypot(prior, error))
        assert evidence.method == "aiming"
        assert evidence.log == pytest.approx(wanted, abs=max(4 * evidence.error, 0.05))
        assert evidence.error < 0.2
    assert any("were aimed at what was seen" in note for note in found.notes)
    assert found.answers["made"][1].quantiles[50] == pytest.approx(334 * 500, rel=0.02)


def test_no_more_draws_are_taken_where_enough_come_near(study):
    found = study(OUTPUT + TRAINS, MADE + SEEN).weigh(draws=2000)
    assert {(one.evidence.method, one.aimed) for one in found.found.values()} == {("reweighting", 0)}


def test_draws_are_moved_where_no_aim_is_found(study, monkeypatch):
    monkeypatch.setattr(aiming, "MOST_ROUNDS", 0)
    found = study(*FAR).weigh(draws=2000)
    assert {one.evidence.method for one in found.found.values()} == {"tempering"}
    assert found.answers["made"][1].quantiles[50] == pytest.approx(334 * 500, rel=0.02)
    assert any("moved to what was seen" in note for note in found.notes)


def test_too_few_draws_are_refused_with_a_sentence(study, monkeypatch):
    monkeypatch.setattr(aiming, "MOST_ROUNDS", 0)
    monkeypatch.setattr(tempering, "MOST_TEMPERATURES", 1)
    with pytest.raises(RunError, match=r"nothing can be said of how the hypotheses stand: too few runs of 'low' come near what was seen"):
        study(*FAR).weigh(draws=500)


def test_a_hypothesis_that_cannot_bring_forth_what_was_seen_is_told(study):
    hypotheses = HYPOTHESES.replace("base: 100 to 400 round/day", "constant: 0 round/day")
    with pytest.raises(RunError, match=r"observations.csv:2:3: no run of 'high' expects any of this"):
        study(hypotheses=hypotheses).weigh(draws=500)


def test_a_hypothesis_may_build_on_scenarios(study):
    hypotheses = "low: {text: as before, prior: 0.6, because: nothing new}\nhalt: {text: closed, prior: 0.4, because: told, with: closed}\n"
    made = study(hypotheses=hypotheses)
    assert made.case(Reading(scenario="halt")).components["north.supplies.works"].numbers["rate"].said == "0.5 to 2 round/day"
    assert made.weigh(draws=2000).standings["low"].posterior > 0.999


def test_hypotheses_that_expect_the_same_of_what_was_seen_are_told(study):
    hypotheses = "low: {text: as before, prior: 0.6, because: nothing new}\n"
    hypotheses += "hoard: {text: a hoard, prior: 0.4, because: told, set: {north.stockpiles.shell.initial: {constant: 50 kround, because: told}}}\n"
    found = study(hypotheses=hypotheses).weigh(draws=2000)
    assert found.alike == [("low", "hoard")]
    assert found.standings["low"].posterior == pytest.approx(0.6)
    assert "nothing here can tell them apart" in found.notes[0]


def test_a_case_without_hypotheses_or_observables_says_so(study, tmp_path):
    with pytest.raises(RunError, match=r"nothing known of .* by 2023-02-01 is held against its runs"):
        study().weigh(draws=100, as_of="2023-02-01")
    (tmp_path / "hypotheses.yaml").unlink()
    with pytest.raises(RunError, match="has no hypotheses to weigh"):
        materiel.load(tmp_path).weigh(draws=100)


def test_problems_of_a_hypothesis_are_told_before_anything_runs(study):
    with pytest.raises(CaseError, match="changes nothing"):
        study(hypotheses=HYPOTHESES.replace("100 to 400", "50 to 200")).weigh(draws=100)


def test_groups_of_arviz_hold_what_was_weighed(study, tmp_path):
    import xarray

    found = study(OUTPUT + TRAINS, MADE + SEEN).weigh(draws=2000)
    path = found.save(tmp_path / "out" / "weighed.nc")
    with xarray.open_datatree(path, engine="h5netcdf") as data:
        assert set(data.children) == {"prior", "posterior", "log_likelihood", "observed_data", "draws"}
        for name, one in (("prior", found.priors), ("posterior", {name: one.posterior for name, one in found.standings.items()})):
            shares = np.bincount(data[name]["hypothesis"].values.ravel(), minlength=2) / 4000
            assert shares == pytest.approx(list(one.values()), abs=1e-3)
            assert data[name]["made"].dims == ("chain", "draw")
            assert data[name]["made"].attrs["units"] == "round"
        assert np.quantile(data["posterior"]["made"].values, 0.5) == pytest.approx(found.answers["made"][1].quantiles[50], rel=0.01)
        assert data["log_likelihood"]["seen"].shape == (1, 4000, 2)
        assert list(data["observed_data"]["seen"].values) == [12000, 1, 2, 0]
        mean = np.log(np.exp(data["draws"]["log_likelihood"].values).mean(axis=1))
        assert mean == pytest.approx([one.evidence.log for one in found.found.values()])


def weigh(path, *words):
    return CliRunner().invoke(app, ["weigh", str(path), "--draws", "2000", *words])


def test_the_command_prints_what_it_hangs_on_first(study, tmp_path):
    study(OUTPUT + TRAINS, MADE + SEEN)
    done = weigh(tmp_path)
    assert done.exit_code == 0, done.output
    lines = done.stdout.splitlines()
    assert lines[1].startswith("It hangs ")
    assert any(line.startswith("1. ") and "that the works" in line for line in lines)
    assert "without the watcher" in done.stdout
    plain = json.loads(weigh(tmp_path, "--json").stdout)
    assert [one["id"] for one in plain["hypotheses"]] == ["low", "high"]
    assert sum(one["posterior"] for one in plain["hypotheses"]) == pytest.approx(1)


def test_likelihood_and_confidence_never_share_a_sentence(study, tmp_path):
    study(OUTPUT + TRAINS, MADE + SEEN)
    assert "confidence" not in weigh(tmp_path).stdout


def test_odds_on_the_command_line(study, tmp_path):
    study()
    plain = json.loads(weigh(tmp_path, "--json", "--odds", "low=0.2").stdout)
    assert [one["prior"] for one in plain["hypotheses"]] == pytest.approx([0.2, 0.8])
    for words, told in (("low=0.2,high=0.9", "add up to 1.1"), ("lwo=0.2", "did you mean 'low'?")):
        done = weigh(tmp_path, "--odds", words)
        assert done.exit_code == 1
        assert told in done.stderr
    assert weigh(tmp_path, "--odds", "low").exit_code == 2


def test_the_same_seed_gives_the_same_odds(study):
    made = study(OUTPUT + TRAINS, MADE + SEEN)
    one, other = (made.weighed(Options(draws=3000, seed=5, chunk=chunk), {}) for chunk in (100, 1024))
    assert one.json() | {"seconds": 0} == other.json() | {"seconds": 0}
