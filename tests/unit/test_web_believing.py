"""Other beliefs about a run: against the report's panel, runs without a voice, single hypotheses, and quantiles worked out one by one."""

from __future__ import annotations

import base64
import dataclasses
import gc
import weakref
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import materiel
from materiel import language, portable
from materiel.analysis import beliefs, lineage, odds
from materiel.analysis.beliefs import Heard
from materiel.errors import RunError
from materiel.options import Reading
from materiel.report.beliefs import section
from materiel.report.html import tell
from materiel.results import FAN
from materiel.web.believing import KEPT, MOST_TRUST, Ordered, Voices
from materiel.web.playing import FULL, Drawn
from materiel.web.table import Table

POOL = """
format: 1
title: A store
start: 2023-01-01
end: 2023-12-31
as_of: 2023-06-30
items: {shell: {unit: round}}
sources:
  one: {publisher: One, title: One, published: 2023-01-01, reliability: B}
  two: {publisher: Two, title: Two, published: 2023-01-01, reliability: C}
claims:
  first: {source: one, statement: many, value: 60 kround, published: 2023-01-01, known: 2023-01-01, kind: reported, credibility: 2, origin: staff}
  second: {source: two, statement: few, value: 9 kround, published: 2023-01-01, known: 2023-01-01, kind: reported, credibility: 3, origin: paper}
  third: {source: two, statement: none at all, value: 300 round, published: 2023-01-01, known: 2023-02-01, kind: reported, credibility: 3, origin: staff}
origins: {staff: {title: The staff}, paper: {title: The paper}}
actors:
  north:
    stockpiles: {shell: {item: shell, initial: {base: 5 to 80 kround, because: for the test, claims: [first, second]}, shelf_life: {base: 2 to 9 year, because: for the test}}}
    demands: {training: {item: shell, rate: {base: 1 to 9 round/day, because: for the test}}}
questions:
  held: {text: Rounds held, judgement: more than 40000 are held, value: north.stockpiles.shell.held, at: 2023-12-01, threshold: {above: 40 kround}, key: true, fan: Rounds held}
  used: {text: Rounds used, total: north.demands.training.uses, start: 2023-01-01, end: 2023-12-01, fan: Rounds used}
"""
RIVALS = """
low: {text: the works are as before, prior: 0.6, because: nothing new}
high: {text: the works have doubled, prior: 0.4, because: a new hall, set: {shared.level: {base: 100 to 400 round/day, because: a new hall}}}
"""
WORKS = """
format: 1
title: Two readings of a works
start: 2023-01-01
end: 2023-12-31
as_of: 2023-08-15
items: {shell: {unit: round}}
shared: {level: {base: 50 to 200 round/day, because: as before}}
actors:
  north:
    supplies: {works: {item: shell, to: shell, rate: {shared: level}}}
    stockpiles: {shell: {item: shell, initial: {constant: 0 round, because: none yet}}}
sources: {gazette: {publisher: Gazette, title: Output, published: 2023-01-01, reliability: C}}
questions:
  made: {text: Rounds made, judgement: more than 30000 are made, value: north.stockpiles.shell.held, at: 2023-12-01, threshold: {above: 30 kround}, key: true, fan: Rounds made}
"""
OBSERVABLES = (
    "output: {text: Rounds made, series: output, kind: amounts, total: north.supplies.works.comes, discrepancy: {base: 0.8 to 1.25, because: losses}}\n"
)
SEEN = "series,period,quantity,unit,lower,upper,source,credibility,known,published,note,origin\noutput,2023-01-01..2023-03-31,12000,round,,,gazette,2,2023-04-30,,,\n"


@pytest.fixture(scope="module")
def pool(tmp_path_factory):
    """Return a table with one number, of which a base and two voices speak, a question about it, and one that it does not bear on; and its folder."""
    folder = tmp_path_factory.mktemp("pool")
    (folder / "case.yaml").write_text(POOL, encoding="utf-8")
    return Table(folder), folder


@pytest.fixture(scope="module")
def works(tmp_path_factory):
    """Return a table with two hypotheses, and its folder."""
    folder = tmp_path_factory.mktemp("works")
    for name, text in (("case.yaml", WORKS), ("hypotheses.yaml", RIVALS), ("observables.yaml", OBSERVABLES), ("observations.csv", SEEN)):
        (folder / name).write_text(text, encoding="utf-8")
    return Table(folder), folder


@pytest.fixture(scope="module")
def korea():
    return Table("dprk-2023")


def voices(table, seed=1, **changes):
    return table._beliefs.voices(changes, seed)


def same(believed, played, question):
    """Say whether an answer and its curve are those of a run, to the last bit."""
    answer, curve = played.answers[question], played.curves[question].curve
    return (believed.answer.quantiles, believed.answer.probability) == (answer.quantiles, answer.probability) and np.array_equal(
        believed.curve.quantiles, curve.quantiles
    )


def test_who_believes_nothing_else_gets_the_numbers_of_the_run(pool):
    table, _ = pool
    mine = voices(table)
    run = table.run({})
    for trust in ({}, {"staff": 1.0}, {"staff": 1.0, "paper": 1.0}):
        assert all(same(mine.believe(name, trust), mine.played, name) for name in ("held", "used"))
        reply = table.weigh({"trust": trust})
        assert [one["svg"] for one in reply["charts"]] == [one["svg"] for one in run["charts"]]
        assert {one["id"]: one["p50"] for one in reply["answers"]} == {one["id"]: one["p50"] for one in run["answers"]}
        assert (reply["effective"], reply["enough"], reply["readings"]) == (FULL, True, None)


def test_whose_word_does_not_bear_on_an_answer_leaves_it_as_it_is(pool):
    mine = voices(pool[0])
    assert same(mine.believe("used", {"staff": 0.0}), mine.played, "used")
    assert not same(mine.believe("held", {"staff": 0.0}), mine.played, "held")


@settings(max_examples=40, deadline=None)
@given(st.lists(st.floats(0.0, MOST_TRUST), min_size=2, max_size=2))
def test_weights_add_up_and_never_count_for_more_than_the_draws(pool, trust):
    mine = voices(pool[0])
    found = mine.believe("held", dict(zip(("staff", "paper"), trust, strict=True)))
    if found.weights is not None:
        assert found.weights.sum() == pytest.approx(1.0)
        assert (found.weights >= 0).all()
    assert 0 < found.effective <= FULL * (1 + 1e-9)
    assert found.enough == (found.effective >= lineage.FEWEST)


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 40), st.integers(1, 6), st.integers(0, 2**32 - 1))
def test_quantiles_over_time_are_those_of_every_moment(pool, draws, times, seed):
    rng = np.random.default_rng(seed)
    values, weights = rng.choice([0.0, 1.0, 2.5, 7.0, 11.0], (times, draws)) + rng.random((times, 1)), rng.random(draws) + 1e-3
    answer = dataclasses.replace(voices(pool[0]).played.answers["held"], values=values[0])
    found = Ordered(answer, Drawn("", "round", "boundary", np.arange(times) * 1.0, values), pool[0].case.ledger.scales[0]).weighed(weights)
    for column, row in zip(found.curve.quantiles.T, values, strict=True):
        assert column.tolist() == portable.weighted_quantiles(row, weights / weights.sum(), FAN).tolist()


def test_beliefs_are_those_of_the_panel_of_the_report(korea):
    """What the page holds, weighed by hand, gives the answers that the table gives."""
    run = materiel.load("dprk-2023").run(draws=FULL)
    panels = {panel.id: panel.data for panel in section(tell(run)).blocks if type(panel).__name__ == "Panel"}
    data, mine = panels["voices"], voices(korea)
    origins = _origins(korea, data)
    assert len(origins) > 5

    def unpacked(text, kind):
        return np.frombuffer(base64.b64decode(text), kind).astype(np.float64)

    numbers = [
        Heard("", np.array([unpacked(row, "<f4") for row in one["shares"]]), np.array(one["weights"]), np.array(one["levels"]), tuple(tuple(origins[i] for i in part) for part in one["voices"]))
        for one in data["numbers"]
    ]  # fmt: skip
    rng = np.random.default_rng(5)
    for _ in range(6):
        trust = {origin: float(rng.choice([0.25, 1.0, 1.0, 2.0])) for origin in origins}
        for one in data["answers"]:
            weights = beliefs.weights([numbers[i] for i in data["behind"][one["id"]]], trust, data["draws"])
            found = mine.believe(one["id"], trust)
            wanted = portable.weighted_quantiles(unpacked(data["values"][one["id"]], "<f8"), weights, [0.05, 0.5, 0.95])
            if found.weights is not None:
                assert [found.answer.quantiles[p] for p in (5, 50, 95)] == pytest.approx(wanted, rel=1e-9)
            assert found.effective == pytest.approx(weights.sum() ** 2 / (weights**2).sum(), rel=1e-5)


def _origins(table, data):
    """Return the origins of the voices of a panel, which names them for people."""
    named = {one["name"]: one["id"] for one in table.about({})["voices"]}
    assert len(named) == len(table.about({})["voices"])
    return [named[one["name"]] for one in data["voices"]]


@pytest.mark.parametrize("dropped", [["paper"], ["two"], ["staff"], ["one", "paper"]])
def test_what_is_left_out_is_as_if_it_had_never_been_said(pool, dropped):
    """Against a run without it, on other draws: within four Monte-Carlo errors, at the day of the question and over time."""
    table, folder = pool
    if dropped == ["staff"]:
        assert voices(table).believe("held", {}, dropped).weights == pytest.approx(voices(table).believe("held", {"staff": 0.0}).weights)
    found = voices(table).believe("held", {}, dropped)
    run = materiel.load(folder).run(draws=8000, seed=7, drop=tuple(dropped))
    assert found.effective > 500
    p, wanted = found.answer.probability, run.questions["held"].probability
    assert p == pytest.approx(wanted, abs=4 * np.sqrt(p * (1 - p)) * (1 / np.sqrt(found.effective) + 1 / np.sqrt(8000)))
    ended = voices(table).played.curves["held"].values[-1]
    below = float(found.weights[ended < np.interp(0.5, FAN, run.curves["held"].quantiles[:, -1])].sum())
    assert below == pytest.approx(0.5, abs=4 * 0.5 * (1 / np.sqrt(found.effective) + 1 / np.sqrt(8000)))


def test_what_is_left_out_is_not_in_the_charts_either(korea):
    """Observations of a source that is left out are no marks of a chart, as in a run without it."""
    name, source = next(
        (name, one.source) for name, asked in korea.player.prepared.asked.items() if asked.fan and asked.observed for one in korea.case.observations if one.series == asked.observed
    )  # fmt: skip
    kinds = [[row[0] for row in korea.weigh({"shown": [name], "dropped": dropped})["charts"][0]["rows"]].count("observation") for dropped in ([], [source])]
    left = materiel.load("dprk-2023").case(Reading(drop=(source,)))
    series = korea.player.prepared.asked[name].observed
    assert kinds == [sum(one.series == series for one in case.observations) for case in (korea.case, left)]
    assert kinds[0] > kinds[1]


def test_a_case_without_a_voice_of_weight_is_that_of_a_run_without_it(korea):
    """The same of the large case and its heaviest voice, for every key answer that it moves."""
    found = {name: voices(korea).believe(name, {}, ["rok-mnd"]) for name, one in korea.player.prepared.asked.items() if one.key}
    moved = {name: one for name, one in found.items() if one.weights is not None}
    assert moved
    run = materiel.load("dprk-2023").run(draws=4000, seed=11, drop=("rok-mnd",), only=tuple(moved))
    for name, one in moved.items():
        middle = run.questions[name].quantiles[50]
        below = float(one.weights[one.answer.values < middle].sum())
        assert below == pytest.approx(0.5, abs=4 * 0.5 * (1 / np.sqrt(one.effective) + 1 / np.sqrt(4000)))


def test_from_too_few_draws_nothing_is_said(pool, monkeypatch):
    table, _ = pool
    monkeypatch.setattr(lineage, "FEWEST", FULL - 1)
    reply = table.weigh({"trust": {"staff": 0.0}, "language": "fr"})
    held, used = reply["answers"]
    assert not reply["enough"]
    assert reply["effective"] < FULL - 1
    assert "trop loin" in reply["said"]
    assert (held["p5"], held["p50"], held["p95"], held["probability"], held["enough"]) == (None, None, None, None, False)
    few = language.load("fr").word("too few draws")
    assert held["shown"]["p50"] == few
    assert held["sentence"] == f"{held['text']}\u00a0: {few}."
    assert held["was"]["p50"] is not None
    assert used["p50"] == used["was"]["p50"]
    assert reply["charts"][0]["svg"] == table.run({"language": "fr"})["charts"][0]["svg"]  # nothing is drawn that is not known


def test_where_others_would_say_something_new_the_draws_cannot_tell(tmp_path):
    """Without its second claim the staff says one thing only, more strongly; without its first it is graded anew."""
    (tmp_path / "case.yaml").write_text(
        POOL.replace("claims: [first, second]", "claims: [first, second, third]").replace("credibility: 3, origin: staff", "credibility: 4, origin: staff"),
        encoding="utf-8",
    )
    table = Table(tmp_path)
    found = voices(table).believe("held", {}, ["one"])
    whole = voices(table).believe("held", {}, ["staff"])
    assert found.untold
    assert not found.enough
    assert not whole.untold
    assert "these draws cannot tell" in table.weigh({"dropped": ["one"]})["said"]


def test_a_run_that_is_no_longer_kept_is_forgotten(pool):
    first = voices(pool[0], seed=11)
    first.believe("held", dict.fromkeys(first.origins, 0.5))
    gone = weakref.ref(first)
    del first
    for seed in range(12, 12 + KEPT):
        voices(pool[0], seed)
    gc.collect()
    assert gone() is None


def test_decisions_are_weighed_as_they_were_run(korea):
    """With levers set, a war among them, nothing believed otherwise is the run itself; and a voice moves it."""
    war = next(lever.id for lever in korea.player.levers.values() if lever.contingency)
    changes = {war: "2023-11-01", "shared.order-mass": "20 kt"}
    run, reply = korea.run({"changes": changes}), korea.weigh({"changes": changes})
    told = {one["id"]: one for one in run["answers"]}
    for one in reply["answers"]:
        assert [one[key] for key in ("p5", "p50", "p95", "probability", "sentence")] == [
            told[one["id"]][key] for key in ("p5", "p50", "p95", "probability", "sentence")
        ]
    moved = korea.weigh({"changes": changes, "trust": {"rok-mnd": 0.25}})
    assert moved["effective"] < FULL
    assert [one["p50"] for one in moved["answers"]] != [one["p50"] for one in reply["answers"]]
    assert [one["was"]["p50"] for one in moved["answers"]] == [one["p50"] for one in reply["answers"]]


def test_many_may_believe_at_once(pool):
    """Threads get what each would get alone."""
    asked = [{"trust": {"staff": i / 4, "paper": (16 - i) / 4}} for i in range(16)]
    alone = [pool[0].weigh(one)["answers"] for one in asked]
    fresh = Table(pool[1])
    with ThreadPoolExecutor(8) as threads:
        together = list(threads.map(lambda one: fresh.weigh(one)["answers"], asked))
    assert together == alone


def test_tables_say_what_was_believed(pool):
    held, used = pool[0].weigh({"trust": {"staff": 0.5}, "dropped": ["paper"]})["charts"]
    assert held["about"]["believed"] == {
        "trust": {"staff": 0.5},
        "dropped": ["paper"],
        "odds": None,
        "effective": round(voices(pool[0]).believe("held", {"staff": 0.5}, ["paper"]).effective),
    }
    assert "believed" not in used["about"]
    assert not any("believed" in one["about"] for one in pool[0].weigh({})["charts"])


def test_a_number_that_is_set_listens_to_nobody(pool):
    mine = voices(pool[0])
    assert [one.stream for one in mine.numbers("held")] == ["north.stockpiles.shell.initial"]
    fixed = Voices(mine.prepared, mine.played, 1, ["north.stockpiles.shell.initial"])
    assert fixed.numbers("held") == []
    assert same(fixed.believe("held", {"staff": 0.0}), mine.played, "held")  # whoever speaks of it may still be trusted otherwise


def test_where_no_draw_agrees_nothing_is_said(pool):
    mine = voices(pool[0]).ordered("held")
    found = mine.weighed(np.zeros(FULL))
    assert (found.effective, found.enough) == (0.0, False)


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"trust": {"staf": 1.0}}, "unknown voice 'staf'; did you mean 'staff'"),
        ({"trust": {"staff": 4.5}}, "trust of 4.5 in 'staff'; from 0 to 4"),
        ({"trust": {"staff": float("nan")}}, "trust of nan"),
        ({"dropped": ["papper"]}, "unknown name 'papper'.*did you mean 'paper'"),
        ({"trust": {"staff": "1"}}, "trust.staff"),
        ({"belief": 1}, "what may be asked: language, seed, changes, shown, axes, narrow, trust, dropped, odds"),
        ({"shown": ["nothing"]}, "no chart"),
        ({"odds": {"low": 0.5}}, "no hypotheses"),
    ],
)
def test_what_nobody_can_believe_is_refused(pool, asked, said):
    with pytest.raises(RunError, match=said):
        pool[0].weigh(asked)


# ------------------------------------------------------------------------------------------------------------------ hypotheses


def test_a_copy_says_which_beliefs_it_lacks(pool, works):
    copied = pool[0].weigh({"trust": {"staff": 0.5, "paper": 1.0}, "dropped": ["two"]})["copy"]
    for text in copied.values():
        assert [line.partition(",")[0] for line in text.splitlines() if line.startswith("#")] == [
            "# not in it: trust in staff times 0.5",
            "# not in it: two left out",
        ]
    assert "# not in it: prior of low 0.25, " in works[0].weigh({"odds": {"low": 0.25}})["copy"]["python"]
    assert not any("#" in text for text in pool[0].weigh({})["copy"].values())


def test_odds_are_weighed_on_the_draws_of_one_seed(works):
    with pytest.raises(RunError, match="of seed 1 alone"):
        works[0].weigh({"odds": {"low": 0.25}, "seed": 2})


def test_what_is_kept_is_weighed_at_once(tmp_path):
    (tmp_path / "case.yaml").write_text(POOL, encoding="utf-8")
    table = Table(tmp_path)
    asked = {"trust": {"staff": 0.5}, "seed": 3}
    assert not table.ready(asked)
    table.weigh(asked)
    assert table.ready(asked | {"trust": {"staff": 2.0}})
    assert not table.ready(asked | {"seed": 4})
    assert not table.ready({"odds": {"low": 0.5}})


def test_odds_of_the_case_leave_everything_as_it_was(works):
    reply = works[0].weigh({"odds": {}})
    (made,) = reply["answers"]
    assert all(made[f"p{p}"] == made["was"][f"p{p}"] for p in (5, 50, 95))
    assert made["probability"] == made["was"]["probability"]
    assert "graded" in reply["said"]
    assert 'class="ghost"' not in reply["charts"][0]["svg"]


def test_hypotheses_stand_as_weighing_says(works):
    table, folder = works
    found = materiel.load(folder).weigh(draws=10_000, odds={"low": 0.25})
    reply = table.weigh({"odds": {"low": 0.25}})
    assert {one["id"]: (one["prior"], one["posterior"]) for one in reply["readings"]} == {
        name: pytest.approx((one.prior, one.posterior)) for name, one in found.standings.items()
    }
    before, after = found.answers["made"]
    (made,) = reply["answers"]
    assert [made["p5"], made["p50"], made["p95"]] == [after.quantiles[p] for p in (5, 50, 95)]
    assert made["probability"] == pytest.approx(after.probability)
    assert 'class="ghost"' in reply["charts"][0]["svg"]
    assert before.quantiles != after.quantiles


def test_odds_are_those_of_the_panel_of_the_report(works):
    """What the page holds of readings, weighed as its script does."""
    table, folder = works
    (panel,) = (one for one in section(tell(materiel.load(folder).run(draws=500))).blocks if type(one).__name__ == "Panel" and one.id == "readings")
    data = panel.data

    def unpacked(text):
        return np.frombuffer(base64.b64decode(text), "<f8")

    for given_odds in ([60, 40], [10, 90], [100, 0], [50, 20]):
        shares = np.array(given_odds) * np.exp([one["evidence"] - max(other["evidence"] for other in data["readings"]) for one in data["readings"]])
        weights = np.concatenate([unpacked(one["weights"]) * share for one, share in zip(data["readings"], shares / shares.sum(), strict=True)])
        values = np.concatenate([unpacked(one) for one in data["values"]["made"]])
        (made,) = table.weigh({"odds": dict(zip(("low", "high"), (one / 100 for one in given_odds), strict=True))})["answers"]
        assert [made["p5"], made["p50"], made["p95"]] == pytest.approx(portable.weighted_quantiles(values, weights, [0.05, 0.5, 0.95]), rel=1e-12)
        assert made["probability"] == pytest.approx(weights[values > 30_000].sum() / weights.sum())
        assert made["effective"] == round(weights.sum() ** 2 / (weights**2).sum())


def test_a_certain_hypothesis_is_alone_over_time_as_well(works):
    """Its curve is that of its own draws: the store holds what the works sent each day, so that all quantiles rise in a line."""
    table, _ = works
    readings = table._beliefs.readings
    found = readings.believe("made", readings.priors({"low": 0.0, "high": 1.0}))
    rival = readings.found.found["high"]
    ended = {p: float(portable.weighted_quantiles(rival.after["made"], rival.weights, [p / 100])[0]) for p in (5, 50, 95)}
    assert {p: found.answer.quantiles[p] for p in (5, 50, 95)} == ended
    days = 334  # to the first of December
    for part, row in zip(FAN, found.curve.quantiles, strict=True):
        rate = float(portable.weighted_quantiles(rival.after["made"], rival.weights, [part])[0]) / days
        assert row == pytest.approx(rate * found.curve.days, rel=1e-9)


@settings(max_examples=40, deadline=None)
@given(st.floats(0.0, 1.0), st.floats(0.0, 1.0))
def test_odds_are_probabilities(works, low, high):
    readings = works[0]._beliefs.readings
    for wanted in ({"low": low, "high": high}, {"low": low}, {"high": high}):
        priors = readings.priors(wanted)
        assert list(priors) == ["low", "high"]
        assert sum(priors.values()) == pytest.approx(1)
        assert sum(readings.posteriors(priors).values()) == pytest.approx(1)
    stated = odds.posteriors(readings.stated, {name: one.evidence.log for name, one in readings.found.found.items()})
    assert readings.posteriors(readings.priors({"low": 0.0, "high": 0.0})) == pytest.approx(stated)


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"odds": {"lower": 0.5}}, "unknown hypothesis 'lower'; one of low, high; did you mean 'low'"),
        ({"odds": {"low": 1.5}}, "prior probability 1.5 of 'low'; from 0 to 1"),
        ({"odds": {"low": 0.5}, "dropped": ["gazette"]}, "not both at once"),
        ({"odds": {"low": 0.5}, "changes": {"shared.level": "100 round/day"}}, "as it stands"),
    ],
)
def test_odds_that_nobody_can_have_are_refused(works, asked, said):
    with pytest.raises(RunError, match=said):
        works[0].weigh(asked)


def test_an_answer_that_was_not_weighed_over_hypotheses_is_refused(works):
    with pytest.raises(RunError, match="not answered over all hypotheses; one of made"):
        works[0]._beliefs.readings.believe("lost", works[0]._beliefs.readings.stated)
