"""A claim in the dock: percentiles and bits against closed forms, verdicts by construction."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

import materiel
from materiel.analysis import questions
from materiel.analysis.examination import IMPOSSIBLE, SURPRISING, Examined, misfits
from materiel.cli import app
from materiel.errors import RunError
from materiel.study import Study

MEDIAN, RATIO = 100.0, 1.1
NUMBER = "north.stockpiles.shell.initial"
SCORE = {1: -2.3263478740, 5: -1.6448536270, 10: -1.2815515655, 50: 0.0, 90: 1.2815515655, 95: 1.6448536270, 99: 2.3263478740, 99.9: 3.0902323062}
DRAWS = 200_000
"""Numbers are drawn, not run: so many cost nothing."""

SOURCES = {name: {"publisher": name.title(), "title": "A page", "published": "2023-01-02", "reliability": grade} for name, grade in zip("abcde", "ABCDE", strict=True)}  # fmt: skip


def at(percentile: float) -> float:
    """Return the percentile of the base, in millions of rounds."""
    return MEDIAN * RATIO ** SCORE[percentile]


def claim(source: str = "c", credibility: int = 3, **more: Any) -> dict[str, Any]:
    made = {
        "source": source, "statement": "says so", "known": "2023-01-02", "published": "2023-01-02", "kind": "reported", "credibility": credibility,
    }  # fmt: skip
    return made | more


def exactly(percentile: float, source: str = "c", **more: Any) -> dict[str, Any]:
    """Return a claim that the number lies at a percentile of its base, to a millionth."""
    return claim(source, value=f"{at(percentile) * (1 - 1e-7):.9f} to {at(percentile) * (1 + 1e-7):.9f} Mround", about=NUMBER, **more)


def bound(percentile: float, hedge: str, **more: Any) -> dict[str, Any]:
    return claim(value=f"{at(percentile):.9f} Mround", hedge=hedge, about=NUMBER, **more)


def case(folder: Path, claims: dict[str, Any], *named: str, **more: Any) -> Study:
    base = {"dist": "lognormal", "median": MEDIAN, "gsd": RATIO, "unit": "Mround"}
    initial = {"base": base, "because": "a guess", "claims": list(named)}
    held = {"text": "Rounds held in July", "value": "north.stockpiles.shell.held", "at": "2023-07-31", "unit": "kround"}
    data = {
        "format": 1, "title": "A store", "start": "2023-01-01", "end": "2023-12-31", "as_of": "2023-06-30", "items": {"shell": {"unit": "round"}},
        "sources": SOURCES, "claims": claims, "actors": {"north": {"stockpiles": {"shell": {"item": "shell", "initial": initial}}}},
        "questions": {"held": held},
    }  # fmt: skip
    path = folder / "case.yaml"
    path.write_text(json.dumps(data | more), encoding="utf-8")
    return materiel.load(path)


def examined(folder: Path, one: dict[str, Any], draws: int = DRAWS, **others: dict[str, Any]) -> Examined:
    (found,) = case(folder, {"one": one, **others}).examine(["one"], draws)
    return found


@pytest.mark.parametrize(
    ("percentile", "verdict"), [(1, "contested"), (10, "fits"), (50, "fits"), (90, "fits"), (95, "contested"), (99, "contested"), (99.9, "contradicted")]
)
def test_bits_are_those_of_the_tail_on_either_side(tmp_path, percentile, verdict):
    one = examined(tmp_path, exactly(percentile))
    tail = min(percentile, 100 - percentile) / 100
    assert one.bits == pytest.approx(-math.log2(2 * tail), abs=0.1 if tail >= 0.01 else 0.4)
    assert one.percentile == pytest.approx(percentile, abs=0.3)
    assert one.verdict == verdict


def test_one_in_fifty_is_five_and_two_thirds_bits(tmp_path):
    one = examined(tmp_path, exactly(99))
    assert one.bits == pytest.approx(5.64, abs=0.1)
    assert "lies at percentile 99: 5." in one.sentence
    assert "bits of surprise" in one.sentence


def test_the_prediction_is_given_with_its_quantiles_and_what_it_rests_on(tmp_path):
    one = examined(tmp_path, exactly(50))
    assert one.about == NUMBER
    assert one.unit == "Mround", "the claim's own unit"
    assert one.quantiles == pytest.approx(tuple(at(percentile) for percentile in (5, 50, 95)), rel=0.01)
    assert one.says == pytest.approx((100, 100, 100))
    assert one.base_share == 1.0
    assert "100 % rests on assumptions" in one.sentence


@pytest.mark.parametrize(
    ("hedge", "percentile", "chance"),
    [
        ("at least", 90, 0.1), ("at least", 10, 0.9), ("at least", 1, 0.99), ("more than", 99, 0.01),
        ("at most", 10, 0.1), ("at most", 90, 0.9), ("up to", 99, 0.99), ("less than", 1, 0.01),
    ],
)  # fmt: skip
def test_a_bound_is_met_by_all_on_its_side(tmp_path, hedge, percentile, chance):
    one = examined(tmp_path, bound(percentile, hedge))
    assert one.bits == pytest.approx(-math.log2(chance), abs=0.1)
    assert one.says == pytest.approx((at(percentile),) * 3), "a bound is held against the prediction as it stands"


def test_a_range_as_wide_as_the_prediction_surprises_nobody(tmp_path):
    one = examined(tmp_path, claim(value=f"{at(5):.6f} to {at(95):.6f} Mround", about=NUMBER))
    assert one.percentile == pytest.approx(50, abs=0.5)
    assert one.bits == pytest.approx(0, abs=0.02)
    assert one.says == pytest.approx(tuple(at(percentile) for percentile in (5, 50, 95)), rel=1e-6)


def test_a_range_is_held_against_the_prediction_with_all_of_its_width(tmp_path):
    """Of two ranges with one middle the wider surprises less: part of it lies where the prediction does."""
    narrow = examined(tmp_path, claim(value=f"{at(99) * 0.99:.6f} to {at(99) * 1.01:.6f} Mround", about=NUMBER))
    wide = examined(tmp_path, claim(value=f"{at(99) * 0.7:.6f} to {at(99) / 0.7:.6f} Mround", about=NUMBER))
    assert narrow.bits > wide.bits + 1


def test_a_bare_value_is_spread_by_its_credibility(tmp_path):
    one = examined(tmp_path, claim(value=f"{at(99.9)} Mround", about=NUMBER))
    assert one.says == pytest.approx((at(99.9) / 1.5, at(99.9), at(99.9) * 1.5))
    assert one.bits < SURPRISING


def test_nothing_surprises_more_than_the_draws_can_tell(tmp_path):
    one = examined(tmp_path, claim(value="9999 to 10000 Mround", about=NUMBER), draws=1000)
    assert one.bits == pytest.approx(math.log2(1001))
    assert one.bits > IMPOSSIBLE
    assert one.verdict == "contradicted"
    assert "lies at percentile 99" in one.sentence, "no percentile is 100"


def test_a_claim_that_gives_no_quantity_is_only_heard(tmp_path):
    one = examined(tmp_path, claim())
    assert (one.verdict, one.bits, one.percentile, one.quantiles, one.says, one.base_share) == ("alone", None, None, None, None, None)
    assert one.sentence == "one stands alone: no other origin of any weight speaks to it."


def test_a_claim_about_a_number_without_a_value_is_only_heard(tmp_path):
    one = examined(tmp_path, claim(about=NUMBER))
    assert (one.verdict, one.bits) == ("alone", None)


def voices(**by: str) -> dict[str, dict[str, Any]]:
    """Return claims that speak for or against `one`, each by the source and credibility in its name: `b3="agrees"` is of source b, and possibly true."""
    return {name: claim(name[0], int(name[1]), **{how: ["one"]}) for name, how in by.items()}


@pytest.mark.parametrize(
    ("own", "heard", "verdict"),
    [
        ("c3", {}, "alone"),
        ("c3", {"b3": "agrees"}, "one voice"),
        ("c3", {"d3": "agrees"}, "one voice"),
        ("c3", {"b2": "agrees"}, "stands"),  # usually reliable, probably true: 1.8 is enough for one
        ("c3", {"b3": "agrees", "d3": "agrees"}, "stands"),
        ("c3", {"b3": "contradicts"}, "contradicted"),  # 1.2 against its own 1
        ("c3", {"d3": "contradicts"}, "contested"),  # 0.5 against its own 1
        ("c3", {"e3": "contradicts"}, "alone"),  # a fifth of an assumption contests nothing
        ("c5", {"e3": "contradicts"}, "alone"),  # as much as its own, but of no weight
        ("c5", {"d3": "contradicts"}, "contradicted"),  # 0.5 is of weight
        ("c3", {"b3": "agrees", "d3": "contradicts"}, "one voice"),  # 1.2 for, 0.5 against
        ("c3", {"a3": "agrees", "b3": "agrees", "d3": "contradicts"}, "stands"),
        ("c3", {"d3": "agrees", "b3": "contradicts"}, "contradicted"),  # 0.5 for, 1.2 against: over twice as much, and more than its own
        ("c3", {"b3": "agrees", "a3": "contradicts"}, "contested"),  # 1.2 for, 1.5 against
        ("c3", {"b3": "agrees", "a3": "contradicts", "d3": "contradicts", "e3": "contradicts"}, "contested"),  # 2.2 against 1.2
        ("c3", {"e3": "agrees", "a3": "contradicts"}, "contradicted"),
    ],
    ids=lambda value: value if isinstance(value, str) else " ".join(f"{how} {name}" for name, how in value.items()) or "nobody",
)
def test_verdicts_follow_from_the_strengths_of_those_who_speak(tmp_path, own, heard, verdict):
    one = examined(tmp_path, claim(own[0], int(own[1])), **voices(**heard))
    assert one.verdict == verdict
    for how, side in (("agrees", one.agreeing), ("contradicts", one.opposing)):
        assert {name for voice in side for name in voice.claims} == {name for name in heard if heard[name] == how}
        assert [voice.strength for voice in side] == sorted((voice.strength for voice in side), reverse=True)


@pytest.mark.parametrize(
    ("percentile", "heard", "verdict"),
    [
        (50, {"b2": "agrees"}, "stands"), (99, {"b2": "agrees"}, "contested"), (99.9, {"a3": "agrees", "b3": "agrees"}, "contradicted"),
        (50, {"b3": "agrees"}, "one voice"), (50, {"b3": "contradicts"}, "contradicted"), (50, {"e3": "contradicts"}, "fits"),
    ],
)  # fmt: skip
def test_surprise_and_voices_are_heard_together(tmp_path, percentile, heard, verdict):
    assert examined(tmp_path, exactly(percentile), **voices(**heard)).verdict == verdict


def test_a_hedge_takes_from_the_surprise_as_much_as_it_leaves_open(tmp_path):
    """Likely is 55 to 80 %: with a chance of 0.325 the author commits himself to nothing."""
    flat, hedged = examined(tmp_path, exactly(99.9)), examined(tmp_path, exactly(99.9, hedge="likely"))
    assert flat.bits > IMPOSSIBLE
    assert hedged.percentile == flat.percentile
    assert hedged.bits == pytest.approx(-math.log2(0.675 * 2**-flat.bits + 0.325))
    assert hedged.bits < SURPRISING
    assert hedged.verdict == "alone", "a hedge makes no claim fit"
    assert f"said flatly it would be {flat.bits:.1f} bits" in hedged.sentence
    assert "said flatly" not in flat.sentence
    assert examined(tmp_path, exactly(50, hedge="likely")).verdict == "fits"
    assert examined(tmp_path, exactly(99.9, hedge="likely"), **voices(b3="agrees")).verdict == "one voice"


def test_either_side_may_name_the_other(tmp_path):
    there = examined(tmp_path, claim(agrees=["other"]), other=claim("b"))
    back = examined(tmp_path, claim(), other=claim("b", agrees=["one"]))
    assert there.verdict == back.verdict == "one voice"
    assert there.agreeing == back.agreeing
    assert "Origins that speak for it: B (other)." in there.sentence
    assert there.sentence.startswith("one has one voice beside it: ")


def test_its_own_origin_speaks_neither_for_nor_against_it(tmp_path):
    others = {
        "same": claim("c", agrees=["one"]), "echo": claim("a", origin="one", agrees=["one"]), "agency-1": claim("b", origin="agency", contradicts=["one"]),
        "agency-2": claim("a", 1, origin="agency", contradicts=["one"]),
    }  # fmt: skip
    (one,) = case(tmp_path, {"one": claim(), **others}, origins={"agency": {"title": "An agency"}}).examine(["one"], 100)
    assert one.agreeing == []
    (agency,) = one.opposing
    assert (agency.origin, agency.claims) == ("An agency", ["agency-1", "agency-2"])
    assert agency.strength == pytest.approx(1.2), "an origin counts once, by its first claim"


def test_all_of_its_origin_is_left_out(tmp_path):
    claims = {
        "one": exactly(99, "c"), "same-source": exactly(99, "c"), "echo": exactly(99, "a", origin="one"), "other": exactly(10, "b"),
        "doubled": claim("a", kind="converted", formula="one * 1", terms={"one": "one"}), "independent": exactly(10, "d"),
    }  # fmt: skip
    study = case(tmp_path, claims, "one", "same-source", "echo", "doubled", "other")
    one, other = study.examine(["one", "other"], DRAWS)
    assert one.left_out == ["doubled", "echo", "one", "same-source"]
    assert one.base_share == pytest.approx(1 / 2.2), "what is left is the base and one claim of B3"
    assert one.bits == pytest.approx(-math.log2(2 * 0.01 / 2.2), abs=0.2), "a hundredth of the base, nothing of the claim"
    assert other.left_out == ["other"]
    assert other.base_share == pytest.approx(1 / 2)
    assert other.bits < IMPOSSIBLE


def test_a_claim_is_held_against_the_number_that_names_it(tmp_path):
    named = exactly(99)
    del named["about"]
    (one,) = case(tmp_path, {"one": named}, "one").examine(["one"], DRAWS)
    assert (one.about, one.bits) == (NUMBER, pytest.approx(5.64, abs=0.1))


def test_a_claim_may_speak_of_a_question_in_its_own_unit(tmp_path):
    one = examined(tmp_path, claim(value="99.9 to 100.1 Mround", about="held"), draws=4000)
    assert (one.about, one.unit) == ("Rounds held in July", "kround")
    assert one.says == pytest.approx((99_900, 100_000, 100_100), rel=1e-4)
    assert one.quantiles[1] == pytest.approx(100_000, rel=0.01)
    assert one.percentile == pytest.approx(50, abs=3)
    assert one.verdict == "fits"


@pytest.mark.parametrize(("unit", "scale"), [("Mround", 1.0), ("kround", 1e3), ("round", 1e6)])
def test_a_number_is_predicted_in_the_unit_in_which_the_claim_speaks_of_it(tmp_path, unit, scale):
    one = examined(tmp_path, claim(value=f"{100 * scale:g} {unit}", about=NUMBER), draws=4000)
    assert one.unit == unit
    assert one.says == pytest.approx(tuple(point * scale for point in (100 / 1.5, 100, 150)))
    assert one.quantiles == pytest.approx(tuple(at(percentile) * scale for percentile in (5, 50, 95)), rel=0.01)
    assert one.bits == examined(tmp_path, claim(value="100 Mround", about=NUMBER), draws=4000).bits


@pytest.mark.parametrize("credibility", [1, 3, 6])
@pytest.mark.parametrize(("said", "chance"), [("1", 0.3), ("0", 0.7)])
@pytest.mark.parametrize("named", [True, False])
def test_what_is_or_is_not_is_not_spread(tmp_path, credibility, said, chance, named):
    """A claim that a switch is on says one, and nothing between or beyond: it surprises as the chance that the switch is on, however it is graded."""
    one = claim(credibility=credibility, value=said) | ({} if named else {"about": "north.stockpiles.shell.unserviceable"})
    switch = {"base": {"dist": "chance", "probability": 0.3}, "because": "a guess", "claims": ["one"] if named else []}
    initial = {"base": "1 to 2 Mround", "because": "a guess"}
    actors = {"north": {"stockpiles": {"shell": {"item": "shell", "initial": initial, "unserviceable": switch}}}}
    (found,) = case(tmp_path, {"one": one}, actors=actors).examine(["one"], DRAWS)
    assert found.says == (float(said),) * 3
    assert found.bits == pytest.approx(-math.log2(chance), abs=0.02)
    assert found.verdict == "fits"
    assert found.quantiles == (0, 0, 1)


def test_a_conversion_is_held_against_the_prediction_as_it_works_out(tmp_path):
    terms = {"tons": claim(value="5 Mt"), "each": claim(value="40 to 60 kg/round", kind="assumed")}
    made = claim(kind="converted", formula="tons / each", terms={"tons": "tons", "each": "each"}, about=NUMBER)
    (one,) = case(tmp_path, {"one": made, **terms}).examine(["one"], 4000)
    assert one.says[1] == pytest.approx(5e9 / (40 * 60) ** 0.5, rel=0.02)
    assert one.verdict == "fits"


def test_what_does_not_measure_alike_is_told(tmp_path):
    study = case(tmp_path, {"one": claim(value="5 Mt", about="held"), "two": claim(value="5 Mt", about=NUMBER)})
    assert [(one.verdict, one.bits) for one in study.examine(["one", "two"], 100)] == [("alone", None)] * 2  # neither stops the other
    checked = study.case()
    told = [str(problem) for problem in misfits(checked, questions.prepare(checked))]
    assert [line.partition(": ")[2].startswith("value: unit 'Mt' does not measure what") for line in told] == [True, True]


def test_a_day_is_held_against_days(tmp_path):
    directives = {"ban": {"date": {"base": "2023-03-01 to 2023-09-01", "because": "a guess", "claims": ["one"]}, "acts": {}}}
    actors = {
        "north": {
            "stockpiles": {"shell": {"item": "shell", "initial": {"base": "1 to 2 Mround", "because": "a guess"}}},
            "demands": {"use": {"item": "shell", "source": "shell", "rate": {"base": "1 to 2 kround/day", "because": "a guess"}}}, "directives": directives,
        }
    }  # fmt: skip
    directives["ban"]["acts"] = {"demands.use.rate": {"set": {"constant": "0 round/day", "because": "stop"}}}
    (one,) = case(tmp_path, {"one": claim(value="2023-06-01")}, actors=actors).examine(["one"], 4000)
    assert one.says == pytest.approx((151, 151, 151)), "days from the start of the case"
    assert one.percentile == pytest.approx(50, abs=3)
    assert "what it says, 2023-06-01, lies at percentile" in one.sentence
    assert "90 % range 2023-03-0" in one.sentence


def test_what_may_never_come_is_told_as_beyond_the_horizon_and_as_plain_data(tmp_path):
    uses = {"use": {"item": "shell", "source": "shell", "rate": {"base": "100 to 1000 kround/day", "because": "a guess"}}}
    initial = {"base": "90 to 110 Mround", "because": "a guess"}
    actors = {"north": {"stockpiles": {"shell": {"item": "shell", "initial": initial}}, "demands": uses}}
    questions = {"empty": {"text": "Days until empty", "first": "north.stockpiles.shell.held", "below": "1 round"}}
    study = case(tmp_path, {"one": claim(value="300 to 310 day", about="empty")}, actors=actors, questions=questions)
    done = CliRunner().invoke(app, ["examine", str(study.name), "one", "--draws", "1000"])
    assert done.exit_code == 0, done.output
    assert "beyond the horizon" in done.stdout
    assert "inf" not in done.stdout
    done = CliRunner().invoke(app, ["examine", str(study.name), "one", "--draws", "1000", "--json"])
    (found,) = json.loads(done.stdout, parse_constant=lambda word: pytest.fail(f"{word} is no JSON"))
    assert found["quantiles"][2] is None
    assert found["quantiles"][0] < 310


def test_where_nothing_drives_a_prediction_no_share_of_assumptions_is_stated(tmp_path):
    initial = {"constant": "100 Mround", "because": "counted"}
    actors = {"north": {"stockpiles": {"shell": {"item": "shell", "initial": initial}}}}
    (one,) = case(tmp_path, {"one": claim(value="100 Mround", about="held")}, actors=actors).examine(["one"], 400)
    assert one.base_share is None
    assert "assumptions" not in one.sentence


def test_a_share_of_a_mix_is_predicted_from_all_its_weights(tmp_path):
    mixes = {"order": {"big": {"base": "1 to 2", "because": "a guess"}, "small": {"constant": "1", "because": "the measure"}}}
    share = {"mix": "order", "part": "big"}
    actors = {
        "north": {
            "stockpiles": {"shell": {"item": "shell", "initial": {"base": "1 to 2 Mround", "because": "a guess"}}},
            "contracts": {
                "big": {"item": "shell", "source": "shell", "to": "south.shell", "quantity": {"constant": "1 Mround", "because": "said"}, "share": share, "first_day": {"constant": "2023-02-01", "because": "said"}, "duration": {"constant": "30 day", "because": "said"}},
            },
        },
        "south": {"stockpiles": {"shell": {"item": "shell", "initial": {"constant": "0 round", "because": "none"}}}},
    }  # fmt: skip
    about = "north.contracts.big.share"
    (one,) = case(tmp_path, {"one": claim(value="0.58 to 0.59", about=about)}, actors=actors, mixes=mixes).examine(["one"], 4000)
    assert one.about == about
    assert one.quantiles == pytest.approx((0.5, 2**0.5 / (1 + 2**0.5), 2 / 3), rel=0.02)
    assert one.base_share == 1.0


def test_an_unknown_claim_is_told_with_the_nearest(tmp_path):
    study = case(tmp_path, {"one-of-them": claim(), "later": claim(known="2023-08-01")})
    with pytest.raises(RunError, match="unknown claim 'one-of-then'; did you mean 'one-of-them'"):
        study.examine(["one-of-then"], 100)
    with pytest.raises(RunError, match="did you mean 'one-of-them'"):
        study.claims("one-of-then")
    with pytest.raises(RunError, match="claim 'later' is not known by 2023-06-30"):
        study.examine(["later"], 100)


def test_a_source_a_publisher_or_an_origin_stands_for_its_claims(tmp_path):
    claims = {"one": claim("a"), "two": claim("a"), "three": claim("b", origin="agency"), "later": claim("a", known="2023-08-01")}
    study = case(tmp_path, claims, origins={"agency": {"title": "An agency"}}, publishers={"press": {"name": "The Press", "reliability": "B"}})
    assert study.claims("a") == ["one", "two"]
    assert study.claims("agency") == ["three"]
    assert study.claims("one") == ["one"]
    with pytest.raises(RunError, match="'press' has no claim known by the day"):
        study.claims("press")


def test_the_command_line_examines_all_claims_of_a_source(tmp_path):
    claims = {"one": exactly(50, doubt="too round"), "two": claim("c"), "three": claim("b")}
    study = case(tmp_path, claims)
    done = CliRunner().invoke(app, ["examine", str(study.name), "c"])
    assert done.exit_code == 0, done.output
    for told in ("one [C3]: says so", "one fits:", "doubt: too round", "left out: one, two", "two [C3]", "two stands alone"):
        assert told in done.stdout
    assert "three" not in done.stdout


@pytest.mark.parametrize(
    ("arguments", "told"),
    [(["won"], "did you mean 'one'"), (["one", "--as-of", "2023-01-01"], "is not known by 2023-01-01"), (["one", "--rules", "plian"], "did you mean 'plain'")],
    ids=" ".join,
)
def test_what_cannot_be_examined_exits_with_one(tmp_path, arguments, told):
    study = case(tmp_path, {"one": claim()})
    done = CliRunner().invoke(app, ["examine", str(study.name), *arguments])
    assert done.exit_code == 1
    assert told in done.stderr
    assert "Traceback" not in done.output
