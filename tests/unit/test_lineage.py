"""Says who? On cases so small that everything can be worked out by hand: what is held in a store without traffic is what was in it."""

from __future__ import annotations

import datetime
import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

import materiel
from materiel.analysis.lineage import Driver, Why
from materiel.cli import app
from materiel.errors import RunError
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
    assert [[one.id for one in voice.claims] for voice in voices] == [[], ["ministry"], ["paper"]]
    assert [voice.weight for voice in voices] == pytest.approx([1 / 2.7, 1.2 / 2.7, 0.5 / 2.7])
    assert [voice.origins for voice in voices] == [[], ["The Ministry"], ["The Times"]]
    assert [voice.says[::2] for voice in voices] == [pytest.approx(ends) for ends in ((1e6, 2e6), (1e8, 2e8), (1e7, 2e7))]


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
    weights = {tuple(sorted({one.id for one in voice.claims})): voice.weight for voice in only(run.why("held")).voices}
    assert weights == pytest.approx({(): 0.5 / 2.2, ("ministry",): 0.5 * 1.2 / 2.2, ("paper",): 0.5})
    for gone, expected in (("ministry", 1 / 2), ("paper", 1.2 / 2.2)):
        again = study.run(draws=8000, drop=[gone]).questions["held"]
        assert again.probability == pytest.approx(expected, abs=0.02)
        assert run.without("held", [gone]).probability == pytest.approx(expected, abs=0.03)


def test_a_claim_in_a_class_and_beside_it_is_shown_once(tmp_path):
    study = case(tmp_path, {"ministry": claim("white", 3, HIGH)}, number({"class": "stores"}, "ministry"), classes={"stores": number(LOW, "ministry")})
    assert [[one.id for one in voice.claims] for voice in only(study.run(draws=400).why("held")).voices] == [[], ["ministry"]]


def test_who_repeats_is_named_and_weighs_nothing(tmp_path):
    claims = {
        "ministry": claim("white", 3, HIGH), "paper": claim("times", 1, HIGH, origin="ministry"), "echo": claim("sat", 1, HIGH, origin="paper"),
        "other": claim("times", 4, MIDDLE),
    }  # fmt: skip
    voices = only(case(tmp_path, claims, number(LOW, *claims)).run(draws=4000).why("held")).voices
    assert [voice.weight for voice in voices] == pytest.approx([1 / 2.7, 1.2 / 2.7, 0.5 / 2.7])
    assert [{one.id: one.repeats for one in voice.claims} for voice in voices] == [
        {}, {"ministry": ["paper", "echo"], "paper": ["ministry", "echo"], "echo": ["ministry", "paper"]}, {"other": []},
    ]  # fmt: skip
    assert voices[1].without.probability == pytest.approx(0.5 / 1.5, abs=0.03), "who repeats it falls silent with it"


def test_an_origin_that_says_two_things_divides_its_weight(tmp_path):
    claims = {"first": claim("white", 3, HIGH), "second": claim("white", 3, MIDDLE)}
    study = case(tmp_path, claims, number(LOW, *claims))
    voices = only(study.run(draws=4000).why("held")).voices
    assert [voice.weight for voice in voices] == pytest.approx([1 / 2.2, 0.6 / 2.2, 0.6 / 2.2])
    assert voices[1].without.probability == pytest.approx(0.0), "a voice falls silent with all it said"


def test_a_declared_origin_is_named_by_its_title(tmp_path):
    claims = {"paper": claim("times", 3, HIGH, origin="agency")}
    origins = {"mnd": {"title": "Ministry of Defence"}, "agency": {"title": "An agency", "repeats": "mnd"}}
    voices = only(case(tmp_path, claims, number(LOW, "paper"), origins=origins).run(draws=400).why("held")).voices
    assert voices[1].origins == ["Ministry of Defence"]
    assert voices[1].claims[0].origin == "Ministry of Defence"


def test_a_claim_is_shown_with_all_that_a_reader_must_know(tmp_path):
    claims = {
        "paper": claim(
            "times", 3, HIGH, hedge="likely", quote="des millions de coups", translation="millions of rounds", meant="2023-01-01..2023-02-01",
            contradicts=["other"], doubt="too many",
        ),
        "other": claim("sat", 2, LOW, agrees=["third"]), "third": claim("white", 2, LOW),
    }  # fmt: skip
    voices = only(case(tmp_path, claims, number(LOW, "paper")).run(draws=400).why("held")).voices
    (shown,) = voices[1].claims
    assert (shown.id, shown.value, shown.grade, shown.kind, shown.known) == ("paper", HIGH, "C3", "reported", datetime.date(2023, 3, 1))
    assert (shown.quote, shown.translation, shown.meant, shown.doubt) == ("des millions de coups", "millions of rounds", "2023-01-01..2023-02-01", "too many")
    assert (shown.source, shown.publisher, shown.title, shown.url) == ("times", "The Times", "An article", "https://example.org/times")
    assert shown.hedge == "likely (55 to 80 %)"
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
    (shown,) = driver.voices[1].claims
    assert (shown.id, shown.formula, shown.value) == ("twice", "2 * rounds", "")
    inner = shown.terms["rounds"]
    assert (inner.id, inner.formula, inner.value) == ("rounds", "tons / each", "20 Mround")
    assert {name: one.id for name, one in inner.terms.items()} == {"tons": "tons", "each": "per-round"}
    assert driver.voices[1].says[1] == pytest.approx(2 * 900e6 / (30 * 60) ** 0.5, rel=0.02), "the middle of a quotient is that of the middles"
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
    assert sum(len(leaf["claims"]) for leaf in found) == 2
    for leaf in found:
        for one in leaf["claims"]:
            said(one)
        if not leaf["claims"]:
            assert leaf["because"]
    for driver in why.drivers:
        assert sum(voice.weight for voice in driver.voices) == pytest.approx(1)


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
    assert [one.id for voice in voices[rate] for one in voice.claims] == ["times-rate"]
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
    assert [[one.id for one in voice.claims] for voice in voices] == [[], ["white-count", "sat-count"]]
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
        "without it",
    ):
        assert told in done.stdout
    plain = json.loads(CliRunner().invoke(app, ["why", str(two_voices.name), "held", "--draws", "400", "--json"]).stdout)
    assert [voice["weight"] for voice in plain["drivers"][0]["voices"]] == pytest.approx([1 / 2.7, 1.2 / 2.7, 0.5 / 2.7])
    assert set(plain["quantiles"]) == {"5", "25", "50", "75", "95"}
