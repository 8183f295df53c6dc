"""Says who? On cases so small that everything can be worked out by hand: what is held in a store without traffic is what was in it."""

from __future__ import annotations

import datetime
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

import materiel
from materiel.analysis.drivers import inputs, leading, shares
from materiel.analysis.lineage import Cited, Driver, Voice, Why, spread
from materiel.cli import app
from materiel.engine.draws import sample
from materiel.equations import NEVER
from materiel.errors import RunError
from materiel.evidence.pooling import Part, Prior
from materiel.quantities import read
from materiel.study import Run, Study

SOURCES = {
    "white": {"publisher": "The Ministry", "title": "White paper", "published": "2022-12-01", "reliability": "B"},
    "times": {"publisher": "The Times", "title": "An article", "published": "2023-02-01", "reliability": "C", "url": "https://example.org/times"},
    "sat": {"publisher": "Eyes", "title": "Pictures", "published": "2023-03-01", "reliability": "A"},
}
LOW, MIDDLE, HIGH = "1 to 2 Mround", "10 to 20 Mround", "100 to 200 Mround"


def number(base: object, *claims: str) -> dict[str, Any]:
    return {"base": base, "because": "a guess", "claims": list(claims)}


def claim(source: str, credibility: int, value: str = "", **more: Any) -> dict[str, Any]:
    made = {
        "source": source, "statement": f"says {source}", "known": "2023-03-01", "published": "2023-03-01", "kind": "reported", "credibility": credibility,
    }  # fmt: skip
    return made | ({"value": value} if value else {}) | more


def case(folder: Path, claims: dict[str, Any], initial: dict[str, Any], **more: Any) -> Study:
    data: dict[str, Any] = {
        "format": 1, "title": "A store", "start": "2023-01-01", "end": "2023-12-31", "as_of": "2023-06-30",
        "items": {"shell": {"unit": "round"}}, "sources": SOURCES, "claims": claims,
        "actors": {"north": {"stockpiles": {"shell": {"item": "shell", "initial": initial}}}},
        "questions": {
            "held": {
                "text": "Rounds held in July", "value": "north.stockpiles.shell.held", "at": "2023-07-31", "unit": "Mround",
                "threshold": {"above": "5 Mround"}, "judgement": "more than five million are held", "key": True,
            },
        },
    }  # fmt: skip
    data["questions"] |= more.pop("questions", {})
    data["actors"]["north"] |= more.pop("north", {})
    path = folder / "case.yaml"
    path.write_text(json.dumps(data | more), encoding="utf-8")
    return materiel.load(path)


def only(why: Why) -> Driver:
    (driver,) = why.drivers
    return driver


def cited(voice: Voice) -> list[Cited]:
    """Return all claims of a voice."""
    return [one for saying in voice.says for one in saying.claims]


def ids(voice: Voice) -> list[str]:
    return [one.id for one in cited(voice)]


@pytest.fixture
def two_voices(tmp_path: Path) -> Study:
    """Return a store of which a ministry (B3, strength 1.2) says high and a newspaper (C4, 0.5) middle, against a base that says low."""
    return case(tmp_path, {"ministry": claim("white", 3, HIGH), "paper": claim("times", 4, MIDDLE)}, number(LOW, "ministry", "paper"))


def test_the_only_uncertain_number_explains_all_and_is_named(two_voices):
    why = two_voices.run(draws=4000).why("held")
    driver = only(why)
    assert (why.id, why.unit, why.others) == ("held", "Mround", 0)
    assert driver.number == "north.stockpiles.shell.initial"
    assert driver.share > 0.99
    assert why.explained == driver.share
    assert (driver.kind, driver.base, driver.because, driver.unit) == ("base", LOW, "a guess", "round")


def test_weights_are_strengths_over_their_sum(two_voices):
    voices = only(two_voices.run(draws=400).why("held")).voices
    assert [ids(voice) for voice in voices] == [[], ["ministry"], ["paper"]]
    assert [voice.graded_by for voice in voices] == ["", "ministry", "paper"]
    assert [voice.weight for voice in voices] == pytest.approx([1 / 2.7, 1.2 / 2.7, 0.5 / 2.7])
    assert [voice.origins for voice in voices] == [[], ["The Ministry"], ["The Times"]]
    (base,), (high,), (middle,) = (voice.says for voice in voices)
    assert [saying.says[::2] for saying in (base, high, middle)] == [pytest.approx(ends) for ends in ((1e6, 2e6), (1e8, 2e8), (1e7, 2e7))]
    assert [saying.weight for saying in (base, high, middle)] == [voice.weight for voice in voices]
    assert high.said == "140 million rounds (90 %: 100 million to 200 million)"
    assert [saying.without for saying in (base, high, middle)] == [None] * 3, "what is all that a voice says falls with the voice"


def test_a_number_is_pooled_from_its_voices_and_said_in_words(tmp_path):
    driver = only(case(tmp_path, {}, number("1 to 4 Mround")).run(draws=400).why("held"))
    assert driver.pooled == pytest.approx((1e6, 2e6, 4e6))
    assert driver.said == "2 million rounds (90 %: 1 million to 4 million)"
    assert driver.correlated == []


def test_a_number_names_those_that_it_is_correlated_with(tmp_path):
    names = ["shell", "depot", "small"]
    stores = {name: {"item": "shell", "initial": number("10 to 20 Mround")} for name in names}
    paths = {name: f"north.stockpiles.{name}.initial" for name in names}
    pairs = [{"between": [paths["shell"], paths[name]], "rank": rank, "because": "one depot"} for name, rank in (("depot", 0.6), ("small", 0.3))]
    sums = {"all": {"text": "In all", "value": [f"north.stockpiles.{name}.held" for name in names], "at": "2023-07-31"}}
    why = case(tmp_path, {}, number(LOW), north={"stockpiles": stores}, questions=sums, correlations=pairs).run(draws=4000).why("all")
    assert {driver.number: set(driver.correlated) for driver in why.drivers} == {
        paths["shell"]: {paths["depot"], paths["small"]}, paths["depot"]: {paths["shell"]}, paths["small"]: {paths["shell"]},
    }  # fmt: skip
    done = CliRunner().invoke(app, ["why", str(tmp_path / "case.yaml"), "all", "--draws", "400"])
    assert f"; correlated with {paths['shell']}" in " ".join(done.stdout.replace("│", " ").split())


def test_doubt_that_is_the_bases_is_told_by_number(tmp_path):
    study = case(tmp_path, {}, number("1 to 20 Mround"))
    assert only(study.run(draws=400).why("held")).base_share == 1.0
    claims = {"ministry": claim("white", 3, "1 to 20 Mround"), "paper": claim("times", 3, "1 to 20 Mround")}
    study = case(tmp_path, claims, number("1 to 20 Mround", *claims))
    assert only(study.run(draws=4000).why("held")).base_share == pytest.approx(1 / 3.2, abs=0.04), "one of three voices that say the same"


def test_without_a_voice_the_others_keep_their_proportions(two_voices):
    run = two_voices.run(draws=4000)
    voices = only(run.why("held")).voices
    assert run.questions["held"].probability == pytest.approx(1.7 / 2.7, abs=0.03), "both claims lie above the bound, the base below it"
    assert voices[0].without is None
    assert not voices[0].silent
    assert voices[1].without.probability == pytest.approx(0.5 / 1.5, abs=0.03)
    assert voices[2].without.probability == pytest.approx(1.2 / 2.2, abs=0.03)
    assert voices[1].without.quantiles[95] == pytest.approx(19, abs=1.5)


@pytest.mark.parametrize("claims", [("ministry",), ("paper",), ("ministry", "paper")])
def test_without_claims_is_what_a_run_without_them_gives(two_voices, claims):
    shift = two_voices.run(draws=8000).without("held", claims)
    again = two_voices.run(draws=8000, drop=claims).questions["held"]
    assert shift.probability == pytest.approx(again.probability, abs=0.03)
    for percent in (5, 95):
        assert shift.quantiles[percent] == pytest.approx(again.quantiles[percent], rel=0.1)


def test_effective_draws_are_those_that_did_not_listen_to_it(two_voices):
    run = two_voices.run(draws=4000)
    assert run.without("held", ["paper"]).effective == pytest.approx(4000 * 2.2 / 2.7, rel=0.05)
    assert run.without("held", []).effective == 4000
    assert run.without("held", []).probability == pytest.approx(run.questions["held"].probability)


def test_of_many_draws_the_first_are_weighed(two_voices, monkeypatch):
    run = two_voices.run(draws=4000)
    monkeypatch.setattr("materiel.analysis.lineage.MOST_DRAWS", 1500)
    assert run.without("held", ["paper"]) == two_voices.run(draws=1500).without("held", ["paper"])


def test_from_too_few_draws_no_answer_without_a_voice_is_stated(two_voices):
    voices = only(two_voices.run(draws=210).why("held")).voices
    assert [voice.without for voice in voices] == [None, None, None]
    assert [bool(voice.silent) for voice in voices] == [False, True, True]


def test_a_number_in_another_unit_is_reweighted_too(tmp_path):
    """Three days a period and a conversion: the weight is scaled by a third, whose rounding must not pass for something new that is said."""
    weights = {"equivalent": {"shell": {"base": "0.9 to 1.1", "because": "a guess", "claims": ["ministry", "paper"]}}}
    study = case(
        tmp_path, {"ministry": claim("white", 3, "7"), "paper": claim("times", 3, "1.1")}, {"constant": "6 Mround", "because": "counted"}, conversions=weights, step="3 day",
        north={"demands": {"use": {"item": "shell", "source": "shell", "rate": {"constant": "7 kround/day", "because": "counted"}}}},
        questions={"used": {"text": "Equivalents a day", "value": "north.demands.use.wanted", "at": "2023-07-30", "unit": "round/day", "conversion": "equivalent"}},
    )  # fmt: skip
    run = study.run(draws=4000)
    assert run.without("used", ["ministry"]).quantiles[50] == pytest.approx(7000, rel=0.02)


def test_a_claim_in_a_class_and_beside_it_is_heard_once_and_taken_from_both(tmp_path):
    """Base 1 and claim 1.2 in the class, which weighs 1 beside the 1 of the paper: the ministry, which the class has heard, changes nothing beside it."""
    claims = {"ministry": claim("white", 3, HIGH), "paper": claim("times", 3, MIDDLE)}
    study = case(tmp_path, claims, number({"class": "stores"}, "ministry", "paper"), classes={"stores": number(LOW, "ministry")})
    run = study.run(draws=8000)
    weights = {tuple(ids(voice)): voice.weight for voice in only(run.why("held")).voices}
    assert weights == pytest.approx({(): 0.5 / 2.2, ("ministry",): 0.5 * 1.2 / 2.2, ("paper",): 0.5})
    for gone, expected in (("ministry", 1 / 2), ("paper", 1.2 / 2.2)):
        again = study.run(draws=8000, drop=[gone]).questions["held"]
        assert again.probability == pytest.approx(expected, abs=0.02)
        assert run.without("held", [gone]).probability == pytest.approx(expected, abs=0.03)


def test_a_claim_in_a_class_and_beside_it_is_shown_once(tmp_path):
    study = case(tmp_path, {"ministry": claim("white", 3, HIGH)}, number({"class": "stores"}, "ministry"), classes={"stores": number(LOW, "ministry")})
    assert [ids(voice) for voice in only(study.run(draws=400).why("held")).voices] == [[], ["ministry"]]


def test_who_repeats_is_named_and_weighs_nothing(tmp_path):
    claims = {
        "ministry": claim("white", 3, HIGH), "paper": claim("times", 1, HIGH, origin="ministry"), "echo": claim("sat", 1, HIGH, origin="paper"),
        "other": claim("times", 4, MIDDLE),
    }  # fmt: skip
    voices = only(case(tmp_path, claims, number(LOW, *claims)).run(draws=4000).why("held")).voices
    assert [voice.weight for voice in voices] == pytest.approx([1 / 2.7, 1.2 / 2.7, 0.5 / 2.7])
    assert [{one.id: one.repeats for one in cited(voice)} for voice in voices] == [
        {}, {"ministry": ["paper", "echo"], "paper": ["ministry", "echo"], "echo": ["ministry", "paper"]}, {"other": []},
    ]  # fmt: skip
    assert [len(voice.says) for voice in voices] == [1, 1, 1], "who repeats it says nothing else"
    assert voices[1].graded_by == "ministry"
    assert voices[1].without.probability == pytest.approx(0.5 / 1.5, abs=0.03), "who repeats it falls silent with it"


def test_what_stands_in_a_chain_many_times_is_cited_in_full_once(tmp_path):
    """Two to the twentieth paths lead down from the last claim."""
    claims = {"c0": claim("white", 3, HIGH)}
    for i in range(1, 21):
        claims[f"c{i}"] = claim("times", 3, kind="converted", formula="(a + b) / 2", terms={"a": f"c{i - 1}", "b": f"c{i - 1}"})
    voice = only(case(tmp_path, claims, number(LOW, "c20")).run(draws=400).why("held")).voices[1]
    (one,) = cited(voice)
    for i in range(20, 0, -1):
        assert (one.id, one.statement) == (f"c{i}", "says times")
        again = one.terms["b"]
        assert (again.id, again.statement, again.terms) == (f"c{i - 1}", "as above", {})
        one = one.terms["a"]
    assert one.statement == "says white"


def test_an_origin_that_says_two_things_divides_its_weight(tmp_path):
    claims = {"first": claim("white", 3, HIGH), "second": claim("white", 3, MIDDLE)}
    study = case(tmp_path, claims, number(LOW, *claims))
    base, voice = only(study.run(draws=4000).why("held")).voices
    assert (base.weight, voice.weight) == pytest.approx((1 / 2.2, 1.2 / 2.2))
    assert [[one.id for one in saying.claims] for saying in voice.says] == [["second"], ["first"]], "the lower first"
    assert [saying.weight for saying in voice.says] == pytest.approx([0.6 / 2.2, 0.6 / 2.2])
    assert voice.origins == ["The Ministry"]
    assert voice.without.probability == pytest.approx(0.0), "a voice falls silent with all it said"


@pytest.mark.parametrize("reversed_", [False, True])
def test_what_a_voice_would_say_without_one_of_its_values_is_what_a_run_without_it_gives(tmp_path, reversed_):
    """Whichever of the two gives the grade: it is C4 (0.5) or C3 (1), and a range is spread by neither, so that only the weight may change."""
    claims = {"first": claim("times", 3, "3 to 6 Mround", known="2023-02-01"), "second": claim("times", 3, HIGH)}
    study = case(tmp_path, dict(reversed(claims.items())) if reversed_ else claims, number(LOW, "second", "first"))
    voice = only((run := study.run(draws=8000)).why("held")).voices[1]
    assert voice.graded_by == "first", "known before the other"
    for saying, gone in zip(voice.says, ("first", "second"), strict=True):
        assert [one.id for one in saying.claims] == [gone]
        again = study.run(draws=8000, drop=[gone]).questions["held"]
        assert saying.without == run.without("held", [gone])
        assert saying.without.probability == pytest.approx(again.probability, abs=0.03)
        assert saying.without.quantiles[5] == pytest.approx(again.quantiles[5], rel=0.1)
        assert saying.without.quantiles[95] == pytest.approx(again.quantiles[95], rel=0.1)
        assert saying.without.visible
    assert voice.without == run.without("held", ["first", "second"])
    assert voice.without.probability == study.run(draws=8000, drop=["first", "second"]).questions["held"].probability == 0


def test_where_the_grade_falls_with_a_value_only_a_run_without_it_tells(tmp_path):
    """Without the first claim (B3) the second is graded on its own (B5), and spread and weighed by that: these runs cannot tell, and --exact repeats them."""
    claims = {"first": claim("white", 3, "100 Mround"), "second": claim("white", 5, "3 Mround")}
    run = case(tmp_path, claims, number(LOW, "second", "first")).run(draws=4000)
    voice = only(run.why("held")).voices[1]
    assert voice.graded_by == "first"
    without = {saying.claims[0].id: saying.without for saying in voice.says}
    assert without["first"] is None
    assert without["second"].probability == pytest.approx(1.2 / 2.2, abs=0.03)
    voice = only(run.why("held", exact=True)).voices[1]
    without = {saying.claims[0].id: saying.without for saying in voice.says}
    again = run.study.run(draws=4000, drop=["first"]).questions["held"]
    assert (without["first"].quantiles, without["first"].probability, without["first"].effective) == (again.quantiles, again.probability, 4000)


def test_the_first_claim_of_a_voice_gives_its_grade(tmp_path):
    """The one that the others repeat, be it known last; else the one known first; else the first in the ledger."""
    claims = {
        "echo": claim("times", 1, HIGH, origin="memo", known="2023-01-15"), "memo": claim("white", 3, HIGH), "word": claim("sat", 5, MIDDLE),
        "earlier": claim("sat", 3, LOW, known="2023-02-15"), "as-early": claim("sat", 1, "3 to 4 Mround", known="2023-02-15"),
    }  # fmt: skip
    voices = only(case(tmp_path, claims, number(LOW, *reversed(claims))).run(draws=400).why("held")).voices
    assert {voice.origins[0]: (voice.graded_by, voice.weight) for voice in voices[1:]} == {
        "The Ministry": ("memo", pytest.approx(1.2 / 3.7)), "Eyes": ("earlier", pytest.approx(1.5 / 3.7)),
    }  # fmt: skip


def text_of(run: Run, question: str) -> str:
    """Return the tree that the command line prints."""
    return CliRunner().invoke(app, ["why", str(run.study.name), question, "--draws", str(run.options.draws)]).stdout


def test_a_shift_is_visible_when_it_is_more_than_chance(tmp_path):
    claims = {"ministry": claim("white", 3, HIGH), "paper": claim("times", 4, LOW)}
    run = case(tmp_path, claims, number(LOW, *claims)).run(draws=4000)
    assert {voice.graded_by: voice.without.visible for voice in only(run.why("held")).voices[1:]} == {"ministry": True, "paper": True}
    others = {"shell": {"item": "shell", "initial": number(HIGH)}, "depot": {"item": "shell", "initial": number("1 to 2 round", "word")}}
    run = case(tmp_path, {"word": claim("white", 3, "2 to 3 round")}, number(LOW), north={"stockpiles": others}).run(draws=4000)
    shift = run.without("held", ["word"])
    assert shift.effective < 4000
    assert not shift.visible, "nothing was asked of the depot"
    assert "no change that these runs can show" not in text_of(run, "held")
    assert "no change that these runs can show" in text_of(case(tmp_path, {"word": claim("white", 3, LOW)}, number(LOW, "word")).run(draws=4000), "held")


def test_a_declared_origin_is_named_by_its_title(tmp_path):
    claims = {"paper": claim("times", 3, HIGH, origin="agency")}
    origins = {"mnd": {"title": "Ministry of Defence"}, "agency": {"title": "An agency", "repeats": "mnd"}}
    voices = only(case(tmp_path, claims, number(LOW, "paper"), origins=origins).run(draws=400).why("held")).voices
    assert voices[1].origins == ["Ministry of Defence"]
    assert cited(voices[1])[0].origin == "Ministry of Defence"


def test_a_claim_is_shown_with_all_that_a_reader_must_know(tmp_path):
    claims = {
        "paper": claim(
            "times", 3, HIGH, hedge="likely", quote="des millions de coups", translation="millions of rounds", meant="2023-01-01..2023-02-01",
            contradicts=["other"], doubt="too many", note="a round figure",
        ),
        "other": claim("sat", 2, LOW, agrees=["third"]), "third": claim("white", 2, LOW),
    }  # fmt: skip
    voices = only(case(tmp_path, claims, number(LOW, "paper")).run(draws=400).why("held")).voices
    (shown,) = cited(voices[1])
    assert (shown.id, shown.value, shown.grade, shown.kind, shown.known) == ("paper", HIGH, "C3", "reported", datetime.date(2023, 3, 1))
    assert (shown.quote, shown.translation, shown.meant, shown.doubt) == ("des millions de coups", "millions of rounds", "2023-01-01..2023-02-01", "too many")
    assert (shown.source, shown.publisher, shown.title, shown.url) == ("times", "The Times", "An article", "https://example.org/times")
    assert shown.hedge == "likely (55 to 80 %)"
    assert shown.note == "a round figure"
    assert (shown.agrees, shown.contradicts) == ([], ["other"])
    assert voices[1].weight == pytest.approx(0.675 / 1.675), "a hedged claim counts by the middle of its band"


def test_a_conversion_is_shown_down_to_what_somebody_said(tmp_path):
    claims = {
        "tons": claim("white", 3, "900 kt"), "per-round": claim("sat", 2, "30 to 60 kg/round", kind="assumed"),
        "rounds": claim("times", 3, "20 Mround", kind="converted", formula="tons / each", terms={"tons": "tons", "each": "per-round"}),
        "twice": claim("times", 3, kind="converted", formula="2 * rounds", terms={"rounds": "rounds"}),
    }  # fmt: skip
    study = case(tmp_path, claims, number(LOW, "twice"))
    run = study.run(draws=4000)
    driver = only(run.why("held"))
    (shown,) = cited(driver.voices[1])
    assert (shown.id, shown.formula, shown.value) == ("twice", "2 * rounds", "")
    inner = shown.terms["rounds"]
    assert (inner.id, inner.formula, inner.value) == ("rounds", "tons / each", "20 Mround")
    assert {name: one.id for name, one in inner.terms.items()} == {"tons": "tons", "each": "per-round"}
    assert driver.voices[1].says[0].says[1] == pytest.approx(2 * 900e6 / (30 * 60) ** 0.5, rel=0.02), "the middle of a quotient is that of the middles"
    for term in ("rounds", "tons", "per-round"):
        assert run.without("held", [term]).probability == pytest.approx(0.0), "a conversion falls with its terms"
    assert driver.voices[1].origins == ["The Ministry"], "a conversion is the voice of its first term"


def test_two_numbers_of_one_width_share_alike(tmp_path):
    stores = {"shell": {"item": "shell", "initial": number("10 to 20 Mround")}, "depot": {"item": "shell", "initial": number("10 to 20 Mround")}}
    stores |= {"small": {"item": "shell", "initial": number("10 to 20 round")}}
    sums = {"all": {"text": "In all", "value": [f"north.stockpiles.{name}.held" for name in stores], "at": "2023-07-31"}}
    why = case(tmp_path, {}, number(LOW), north={"stockpiles": stores}, questions=sums).run(draws=4000).why("all")
    assert {driver.number: driver.share for driver in why.drivers} == {
        f"north.stockpiles.{name}.initial": pytest.approx(0.48, abs=0.05) for name in ("shell", "depot")
    }
    assert why.others == 1, "what hardly matters is counted, not named"
    assert [driver.share for driver in why.drivers] == sorted((driver.share for driver in why.drivers), reverse=True)


def test_a_constant_drives_nothing(tmp_path):
    why = case(tmp_path, {}, {"constant": "6 Mround", "because": "counted"}).run(draws=400).why("held")
    assert (why.drivers, why.others, why.explained) == ([], 0, 0)


def leaves(why: Why) -> list[dict[str, Any]]:
    """Return every voice of a chain as plain data says it, with the kind and the reason of its number."""
    plain = json.loads(json.dumps(_plain(why), default=str))
    return [voice | {"kind": driver["kind"], "because": driver["because"]} for driver in plain["drivers"] for voice in driver["voices"]]


def _plain(why: Why) -> dict[str, Any]:
    import dataclasses

    return dataclasses.asdict(why)


def test_every_leaf_is_a_claim_with_its_source_or_an_assumption_with_its_reason(tmp_path):
    claims = {
        "tons": claim("white", 3, "900 kt"), "each": claim("sat", 2, "45 kg/round"), "paper": claim("times", 4, MIDDLE),
        "rounds": claim("times", 3, kind="converted", formula="tons / each", terms={"tons": "tons", "each": "each"}),
    }  # fmt: skip
    uses = {"demands": {"use": {"item": "shell", "source": "shell", "rate": number("1 to 50 kround/day")}}}
    why = case(tmp_path, claims, number(LOW, "rounds", "paper"), north=uses).run(draws=4000).why("held")
    assert len(why.drivers) == 2

    def said(one: dict[str, Any]) -> None:
        assert one["source"] in SOURCES
        assert one["publisher"]
        assert one["title"]
        assert one["known"] == "2023-03-01"
        assert one["value"] or one["terms"], "a claim gives a value or the claims that it is worked out of"
        for term in one["terms"].values():
            said(term)

    found = leaves(why)
    assert sum(len(saying["claims"]) for leaf in found for saying in leaf["says"]) == 2
    for leaf in found:
        assert leaf["says"]
        for saying in leaf["says"]:
            for one in saying["claims"]:
                said(one)
            if not saying["claims"]:
                assert leaf["because"]
        assert bool(leaf["origins"]) == bool(leaf["graded_by"]) == any(saying["claims"] for saying in leaf["says"])
    for driver in why.drivers:
        assert sum(voice.weight for voice in driver.voices) == pytest.approx(1)
        assert all(sum(saying.weight for saying in voice.says) == pytest.approx(voice.weight) for voice in driver.voices)


def test_the_day_can_be_another_and_a_variable_can_be_asked_for_by_its_path(tmp_path):
    uses = {"demands": {"use": {"item": "shell", "source": "shell", "rate": {"constant": "10 kround/day", "because": "counted"}}}}
    study = case(tmp_path, {}, number(HIGH), north=uses)
    asked, name = study.ask("held", datetime.date(2023, 1, 11))
    later, _ = study.ask("held", datetime.date(2023, 4, 11))
    first, second = (one.run(draws=400, only=[name]).why(name) for one in (asked, later))
    assert first.quantiles[50] - second.quantiles[50] == pytest.approx(0.9), "ninety days of ten thousand rounds"
    assert "on 2023-01-11 instead" in first.text
    assert [driver.number for driver in first.drivers] == ["north.stockpiles.shell.initial"]
    asked, name = study.ask("north.stockpiles.shell.held", datetime.date(2023, 1, 11))
    assert name == "north.stockpiles.shell.held"
    assert asked.run(draws=400, only=[name]).why(name).quantiles[50] == pytest.approx(first.quantiles[50] * 1e6)


@pytest.mark.parametrize(
    ("output", "told"),
    [("hold", "did you mean 'held'"), ("north.stockpiles.shell.hold", "did you mean 'north.stockpiles.shell.held'"), ("a b c", "a b c"), ("", "")],
)
def test_an_unknown_output_is_told_with_the_nearest(two_voices, output, told):
    with pytest.raises(RunError) as error:
        two_voices.ask(output)
    assert told in str(error.value)


def test_another_day_for_what_is_not_asked_of_a_day_is_refused(tmp_path):
    questions = {"most": {"text": "Most", "largest": "north.stockpiles.shell.held"}}
    with pytest.raises(RunError, match="does not ask for a value on a day"):
        case(tmp_path, {}, number(LOW), questions=questions).ask("most", datetime.date(2023, 2, 1))


def test_a_question_that_was_not_run_is_told(two_voices):
    with pytest.raises(RunError, match="unknown question 'helt'"):
        two_voices.run(draws=10).why("helt")


def ratios(tmp_path: Path) -> Run:
    """Return a run that asks how much is left of a store, with and without a war, and what remains in war of what remains in peace."""
    war = {"demands": {"army": {"item": "shell", "source": "shell", "contingency": "war", "war_rate": number("10 to 100 kround/day", "times-rate")}}}
    left = {"text": "Left", "value": "north.stockpiles.shell.held", "at": "2023-03-31"}
    questions = {"peace": left, "war": left | {"if": "war on 2023-03-01"}, "of": {"text": "War to peace", "ratio": ["war", "peace"]}}
    claims = {"ministry": claim("white", 3, "100 Mround"), "times-rate": claim("times", 3, "50 kround/day")}
    study = case(tmp_path, claims, number("50 to 200 Mround", "ministry"), north=war, contingencies={"war": {}}, questions=questions)
    return study.run(draws=4000)


def test_a_branch_is_driven_by_its_own_numbers_and_a_ratio_by_those_of_both(tmp_path):
    run = ratios(tmp_path)
    store, rate = "north.stockpiles.shell.initial", "north.demands.army.war_rate"
    assert {driver.number for driver in run.why("peace").drivers} == {store}
    assert {driver.number for driver in run.why("of").drivers} == {store, rate}
    voices = {driver.number: driver.voices for driver in run.why("of").drivers}
    assert [one for voice in voices[rate] for one in ids(voice)] == ["times-rate"]
    assert run.without("peace", ["times-rate"]).quantiles == pytest.approx(run.without("peace", []).quantiles, rel=0.03), "in peace nobody asked the army"
    again = run.study.run(draws=4000, drop=["times-rate"]).questions["of"]
    assert run.without("of", ["times-rate"]).quantiles[5] == pytest.approx(again.quantiles[5], rel=0.05)


def test_a_number_that_a_scenario_replaces_is_not_reweighted_as_if_it_were_one(tmp_path):
    """The ratio of two scenarios hears the ministry in one of them: without it, runs at hand must either say what a run without it says, or say nothing."""
    scenarios = {"full": {"text": "A full store", "set": {"north.stockpiles.shell.initial": number("100 to 110 Mround")}}}
    left = {"text": "Left", "value": "north.stockpiles.shell.held", "at": "2023-03-31"}
    questions = {"as-is": left, "full": left | {"with": "full"}, "of": {"text": "As is to full", "ratio": ["as-is", "full"]}}
    study = case(tmp_path, {"ministry": claim("white", 3, HIGH)}, number(LOW, "ministry"), scenarios=scenarios, questions=questions)
    shift = study.run(draws=4000).without("of", ["ministry"])
    again = study.run(draws=4000, drop=["ministry"]).questions["of"]
    assert shift is None or shift.quantiles[95] == pytest.approx(again.quantiles[95], rel=0.1)


def test_measurements_that_were_combined_fall_together(tmp_path):
    claims = {"white-count": claim("white", 2, "100 Mround", kind="observed"), "sat-count": claim("sat", 2, "100 Mround", kind="observed")}
    study = case(tmp_path, claims, number(LOW, *claims))
    run = study.run(draws=4000, rules="measurement-error")
    voices = only(run.why("held")).voices
    assert [ids(voice) for voice in voices] == [[], ["white-count", "sat-count"]]
    assert voices[1].origins == ["The Ministry", "Eyes"]
    assert len(voices[1].says) == 1
    assert voices[1].says[0].without is None
    assert voices[1].without.probability == pytest.approx(0.0)
    assert run.without("held", ["sat-count"]) is None, "with one of them gone the other says something else than both did"


def test_the_chain_is_printed_as_a_tree_and_as_plain_data(two_voices):
    done = CliRunner().invoke(app, ["why", str(two_voices.name), "held", "--draws", "4000"])
    assert done.exit_code == 0, done.output
    for told in (
        "north.stockpiles.shell.initial",
        "weight 44 %",
        "said by The Ministry",
        "ministry [B3, reported, known 2023-03-01]",
        "assumed",
        "a guess",
        "without this voice",
        "heard as 140 million rounds (90 %: 100 million to 200 million)",
    ):
        assert told in done.stdout
    assert "alone" not in done.stdout, "each voice says one thing"
    assert "graded by" not in done.stdout
    plain = json.loads(CliRunner().invoke(app, ["why", str(two_voices.name), "held", "--draws", "400", "--json"]).stdout)
    assert [voice["weight"] for voice in plain["drivers"][0]["voices"]] == pytest.approx([1 / 2.7, 1.2 / 2.7, 0.5 / 2.7])
    assert set(plain["quantiles"]) == {"5", "25", "50", "75", "95"}


def test_the_tree_tells_what_a_voice_says_in_several_claims(tmp_path):
    claims = {
        "first": claim("times", 3, HIGH, kind="assumed", note="as in every war"), "second": claim("times", 4, MIDDLE, kind="reported", note="never mind"),
        "far": claim("white", 3, "2 to 3 Mround"),
    }  # fmt: skip
    study = case(tmp_path, claims, number(LOW, *claims))
    done = CliRunner().invoke(app, ["why", str(study.name), "held", "--draws", "4000"])
    for told in (
        "said by The Times, graded by first",
        "without first alone: median",
        "without second alone: ",
        "without this voice: ",
        "reason: as in every war",
    ):
        assert told in done.stdout
    assert "never mind" not in done.stdout, "a note is the reason of what is assumed"
    assert "graded by far" not in done.stdout


def test_a_page_that_nobody_has_seen_is_told(tmp_path):
    seen = {"times": SOURCES["times"] | {"accessed": "2023-03-02"}, "unseen": SOURCES["times"] | {"publisher": "The Post"}, "white": SOURCES["white"]}
    claims = {"paper": claim("times", 3, HIGH), "unread": claim("unseen", 3, MIDDLE), "book": claim("white", 3, LOW)}
    run = case(tmp_path, claims, number(LOW, *claims), sources=seen).run(draws=400)
    assert {one.id: one.seen for voice in only(run.why("held")).voices for one in cited(voice)} == {"paper": True, "unread": False, "book": True}
    done = CliRunner().invoke(app, ["why", str(run.study.name), "held", "--draws", "400"])
    pages = [line for line in done.stdout.splitlines() if ", An article" in line]
    assert ["page not seen" in line for line in pages] == ["The Post" in line for line in pages]
    assert len(pages) == 2
    report = run.report(tmp_path / "report.html").read_text(encoding="utf-8")
    assert "The Post (page not seen)" in report
    assert "The Times (page not seen)" not in report


def test_days_are_said_as_dates_and_masses_in_tonnes(tmp_path):
    found = case(tmp_path, {}, number(LOW)).case()
    assert spread(found, (10.4, 20.6, 31.0), "date") == "2023-01-22 (90 %: 2023-01-11 to 2023-02-01)", "the nearest day"
    assert spread(found, (20.0, 20.0, 20.0), "date") == "2023-01-21"
    assert spread(found, (20.0, 40.0, NEVER), "date") == "2023-02-10 (90 %: 2023-01-21 to never)"
    assert spread(found, (9000.0, 25_000.0, 1e6), "kg") == "25 t (90 %: 9 to 1,000)"
    assert spread(found, (10.0, 20.0, 1e6), "(kg)") == "20 kg (90 %: 10 to 1 million)", "the middle decides"
    assert spread(found, (0.5, 0.5, 0.5), "1") == "0.5"


def test_of_hundreds_of_numbers_that_explain_nothing_none_stands_out():
    priors = [Prior(f"n{i}", f"n{i}", "1", "base", "", (Part(1.0, read("1 to 2")[0]),)) for i in range(400)]
    given = inputs(priors, seed=1, draws=2000)
    values = sample(replace(priors[0], stream="other"), 1, 0, 2000)
    assert not shares(given, values).any()
    driven = values + 0.5 * sample(priors[7], 1, 0, 2000)
    assert list(leading(given, shares(given, driven))) == ["n7"]
