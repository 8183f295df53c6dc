"""What evidence may do to an answer: a repetition nothing, another voice something, what is left out exactly what rests on it."""

from __future__ import annotations

import datetime
import math
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from materiel.analysis import lineage
from materiel.analysis.questions import Answer
from materiel.case.model import Case
from materiel.engine.draws import sample
from materiel.errors import RunError
from materiel.evidence.grades import Grade, rule, rules
from materiel.evidence.pooling import Prior
from runs import answers, read, same_bits
from strategies import between, constant, day

Data = dict[str, Any]
RULES = rules()
NUMBERS = {
    "quantity": "north.stockpiles.shell.initial", "share": "north.stockpiles.shell.unserviceable", "date": "north.supplies.shell.first_day",
    "rate": "north.demands.use.rate",
}  # fmt: skip
LEFT = "left"


def source(reliability: str = "B", **more: Any) -> Data:
    return {"publisher": "Somebody", "title": "A paper", "published": day(-400), "reliability": reliability} | more


def claim(of: str, value: str | float | None = None, known: int = 0, credibility: int = 2, kind: str = "reported", **more: Any) -> Data:
    made = {"source": of, "statement": "So much", "known": day(known - 300), "published": day(known - 300), "kind": kind, "credibility": credibility}
    return made | ({} if value is None else {"value": value}) | more


def case(claims: Data, sources: Data | None = None, named: dict[str, list[str]] | None = None, **more: Any) -> Data:
    """Return a store with a use and a supply, whose four numbers name claims; a source is made for every claim that names one which is not given."""
    numbers: dict[str, Data] = {
        "quantity": between(2.0, 50.0, "Mround"), "share": between(0.1, 0.4), "date": {"base": f"{day(2)} to {day(40)}", "because": "for the test"},
        "rate": between(1.0, 5.0, "kround/day"),
    }  # fmt: skip
    for number, ids in (named or {}).items():
        numbers[number]["claims"] = list(ids)
    return {
        "format": 1, "title": "A store with claims", "start": day(0), "end": day(60), "scales": ["icd-203", "presse-fr"], "items": {"shell": {"unit": "round"}},
        "actors": {"north": {
            "stockpiles": {"shell": {"item": "shell", "initial": numbers["quantity"], "unserviceable": numbers["share"]}},
            "supplies": {"shell": {"item": "shell", "to": "north.stockpiles.shell", "rate": constant(9.0, "kround/day"), "first_day": numbers["date"]}},
            "demands": {"use": {"item": "shell", "source": "north.stockpiles.shell", "rate": numbers["rate"]}},
        }},
        "sources": {one["source"]: source() for one in claims.values()} | (sources or {}), "claims": claims,
        "questions": {LEFT: {"text": "Rounds left", "value": "north.stockpiles.shell.held", "at": day(50), "threshold": {"above": "12 Mround"}, "key": True}},
    } | more  # fmt: skip


def number(found: Case, path: str) -> Prior:
    component, _, name = path.rpartition(".")
    prior = found.components[component].numbers[name]
    assert prior is not None
    return prior


def draws(found: Case, count: int = 400) -> dict[str, npt.NDArray[np.float64]]:
    """Return draws of every number of a case, of which every answer is made."""
    return {prior.path: sample(prior, 1, 0, count) for one in found.components.values() for prior in one.priors()}


def unmoved(one: Case, other: Case) -> bool:
    first, second = draws(one), draws(other)
    return first.keys() == second.keys() and all(same_bits(first[path], second[path]) for path in first)


def left(data: Data, **options: Any) -> Answer:
    return answers(data, **{"draws": 400, "engine": "numpy"} | options).questions[LEFT]


# ---------------------------------------------------------------------------- repetitions

LIKELIHOODS = ["likely", "unlikely", "roughly even odds", "possible", "conditionnel"]
SAME = {"": ["", "about", "environ", "likely"], "about": ["", "some", "quelque"], "at least": ["more than", "au moins"], "at most": ["up to", "moins de"]}
"""Words that mean the same of a value; words of likelihood leave it alone."""


def write(kind: str, figure: int, width: int, form: int) -> str | float:
    """Return a value as one of several writers would put it: the same in other units, and a range if `width` is not nought."""
    if kind == "date":
        return day(figure % 50) if not width else f"{day(figure % 50)} to {day(figure % 50 + width)}"
    if kind == "share":
        low, high, unit = [(figure % 90 + 1) / 100, (figure % 90 + 5) / 100, ""]
        if form % 2 and not width:
            return f"{figure % 90 + 1} percent"
    else:
        low, high = figure / 100, figure / 100 + width
        per = {"quantity": "", "rate": "/day"}[kind]
        unit = ["Mround", "kround", "round"][form % 3] + per
        low, high = (float(f"{end * [1, 1e3, 1e6][form % 3]:.9g}") for end in (low, high))
    return f"{low!r} to {high!r} {unit}".strip() if width else f"{low!r} {unit}".strip()


@st.composite
def histories(draw: st.DrawFn) -> tuple[str, Data, Data, list[str]]:
    """Voices of one to three origins on one number: papers that speak for themselves, and origins that speak through several, some through others."""
    kind = draw(st.sampled_from(list(NUMBERS)))
    origins = {"mnd": {"title": "Ministry"}, "agency": {"title": "Agency", "repeats": "mnd"}, "witness": {"title": "A witness"}}
    claims: Data = {}
    papers: Data = {}
    for voice in range(draw(st.integers(1, 3))):
        label = draw(st.sampled_from(["", "mnd", "agency", "witness"]))
        paper = f"paper-{voice}"
        papers[paper] = source(draw(st.sampled_from("ABCDEF")), language=draw(st.sampled_from(["en", "fr"])))
        for n in range(draw(st.integers(1, 3))):
            hedge = draw(st.sampled_from(["", "", "about", "at least", "at most", *LIKELIHOODS]))
            written = write(kind, draw(st.integers(100, 900)), draw(st.sampled_from([0, 0, 3])), 0)
            made = claim(paper, written, draw(st.integers(0, 40)), draw(st.integers(1, 6)), draw(st.sampled_from(["observed", "reported", "assumed"])))
            made |= {"hedge": hedge} if hedge else {}
            made |= {"origin": label} if label else {}
            if n and draw(st.booleans()):
                made["origin"] = f"claim-{voice}-0"
            claims[f"claim-{voice}-{n}"] = made
    listed = draw(st.permutations(list(claims)))
    data = case(claims, papers, {kind: listed}, origins=origins)
    return kind, data, claims, listed


def first_of(data: Data, kind: str, target: str) -> str:
    """Return the claim by which the voice of a claim is graded."""
    found = read(data)
    heard = number(found, NUMBERS[kind]).pool
    assert heard is not None
    mine = [one for one in heard.statements if one.origin == found.ledger.voice(target)]
    named = {one.claim for one in mine}
    return min(mine, key=lambda one: (len(named.intersection(one.repeats)), one.known, one.place)).claim


@settings(max_examples=80)
@given(data=st.data(), by=st.sampled_from(RULES), history=histories())
def test_a_repetition_moves_nothing(data: st.DataObject, by: str, history: tuple[str, Data, Data, list[str]]) -> None:
    """By whomever, however graded, in whatever unit and words, on the same day or later, wherever it is written and named; under every rule, to the last bit.

    One case is left out. Of two claims of one origin that were known on the same day, neither of which names the other, the first in the ledger is the first by
    definition: to put a `repetition` before it is to say that it came first.
    """
    kind, plain, claims, listed = history
    target = data.draw(st.sampled_from(listed))
    one = claims[target]
    meant = one.get("hedge", "") if one.get("hedge") in ("about", "at least", "at most") else ""
    later = data.draw(st.integers(0, 20))
    form, words = data.draw(st.integers(0, 2)), data.draw(st.sampled_from(SAME[meant]))
    said = one["value"]
    if "to" not in said.split() and kind != "date":
        figure = said.partition(" ")[0]
        said = {"share": write(kind, round(float(figure) * 100) - 1, 0, form)}.get(kind) or write(kind, round(float(figure) * 100), 0, form)
    again = one | {"source": "again", "value": said, "credibility": data.draw(st.integers(1, 6)), "kind": data.draw(st.sampled_from(["observed", "reported"]))}
    known = datetime.date.fromisoformat(one["known"]) + datetime.timedelta(days=later)
    again |= {"known": known.isoformat(), "statement": "The same again"}
    again = {key: value for key, value in again.items() if key not in ("hedge", "origin")} | ({"hedge": words} if words else {})
    labelled = one.get("origin") in ("mnd", "agency", "witness")
    by_label = labelled and data.draw(st.booleans())
    again["origin"] = data.draw(st.sampled_from([one["origin"], *(["agency", "mnd"] if one["origin"] in ("agency", "mnd") else [])])) if by_label else target
    at = data.draw(st.integers(0, len(claims)))
    first = first_of(plain, kind, target)
    if by_label and again["known"] == claims[first]["known"] and at <= list(claims).index(first):
        at = len(claims)
    entries = list(claims.items())
    more = dict([*entries[:at], ("again", again), *entries[at:]])
    papers = plain["sources"] | {"again": source(data.draw(st.sampled_from("ABCDEF")))}
    place = data.draw(st.integers(0, len(listed)))
    told = case(more, papers, {kind: [*listed[:place], "again", *listed[place:]]}, origins=plain["origins"])
    assert unmoved(read(plain, rules=by), read(told, rules=by))


@settings(max_examples=6)
@given(history=histories())
def test_nor_does_it_move_an_answer(history: tuple[str, Data, Data, list[str]]) -> None:
    kind, plain, claims, listed = history
    told = case(
        claims | {f"{name}-again": one | {"source": "again", "origin": name, "credibility": 1} for name, one in claims.items()},
        plain["sources"] | {"again": source("A")}, {kind: [*listed, *(f"{name}-again" for name in listed)]}, origins=plain["origins"],
    )  # fmt: skip
    one, other = left(plain), left(told)
    assert same_bits(one.values, other.values)
    assert (one.quantiles, one.probability, one.sentence, one.base_share) == (other.quantiles, other.probability, other.sentence, other.base_share)


@pytest.mark.parametrize(
    ("kind", "once", "again"),
    [
        ("share", "0.57", "57 percent"), ("share", "28 percent", "0.28"), ("rate", "0.9 kround/day", "900 round/day"), ("rate", "7 kround/day", "49 kround/week"),
        ("rate", "1 Mround/year", "0.25 Mround/quarter"), ("quantity", "0.0351 Mround", "35.1 kround"), ("quantity", "2 to 9 Mround", "2000 to 9000 kround"),
    ],
)  # fmt: skip
def test_other_units_leave_no_trace_in_the_last_bits(kind: str, once: str, again: str) -> None:
    claims = {"a": claim("times", once), "b": claim("post", again, 4, origin="a")}
    one, other = (read(case(claims, named={kind: names})) for names in (["a"], ["a", "b"]))
    assert unmoved(one, other)
    assert number(other, NUMBERS[kind]).parts[-1].claims == ("a", "b")


def test_what_a_class_has_heard_cannot_be_repeated_below_it() -> None:
    claims = {"a": claim("times", "8 Mround"), "b": claim("post", "30 Mround")}
    again = {"again": claim("echo", "8000 kround", 9, 1, origin="a")}
    classes = {"stores": between(2.0, 50.0, "Mround") | {"claims": ["a"]}}
    cases = [case(claims | again, named={"quantity": ["b", *named]}, classes=classes) for named in ([], ["again"], ["a"], ["a", "again"])]
    for data in cases:
        data["actors"]["north"]["stockpiles"]["shell"]["initial"]["base"] = {"class": "stores"}
    for by in RULES:
        assert all(unmoved(read(cases[0], rules=by), read(told, rules=by)) for told in cases[1:]), by


@pytest.mark.parametrize("by", RULES)
def test_a_conversion_repeated_in_the_same_terms_moves_nothing(by: str) -> None:
    claims = {
        "tons": claim("times", "500 kt"), "mass": claim("manual", "40 to 70 kg/round", kind="assumed"),
        "rounds": claim("times", kind="converted", formula="tons / mass", terms={"tons": "tons", "mass": "mass"}),
        "again": claim("post", known=9, kind="converted", formula="tons / mass", terms={"tons": "tons", "mass": "mass"}, credibility=1),
    }  # fmt: skip
    once, twice = (read(case(claims, named={"quantity": names}), rules=by) for names in (["rounds"], ["again", "rounds"]))
    assert unmoved(once, twice)
    assert number(twice, NUMBERS["quantity"]).parts[-1].claims == ("rounds", "again")


# ---------------------------------------------------------------------------- other voices


@pytest.mark.parametrize("by", RULES)
@pytest.mark.parametrize("kind", ["reported", "observed"])
@pytest.mark.parametrize("grade", ["A1", "B2", "C3", "D4", "E5", "F6"])
def test_another_value_of_another_origin_moves_the_answer_where_the_rule_gives_it_strength(by: str, kind: str, grade: str) -> None:
    claims = {"a": claim("times", "8 Mround", kind="observed"), "b": claim("post", "20 Mround", 9, int(grade[1]), kind)}
    papers = {"post": source(grade[0])}
    one, other = (draws(read(case(claims, papers, {"quantity": names}), rules=by))[NUMBERS["quantity"]] for names in (["a"], ["a", "b"]))
    heard = rule(by).strength(Grade(grade[0], int(grade[1]))) > 0  # type: ignore[arg-type]
    assert heard or by == "strict"
    assert same_bits(one, other) != heard
    assert (one.mean() != other.mean()) == heard


@pytest.mark.parametrize("by", RULES)
def test_and_the_answer_moves_with_the_number(by: str) -> None:
    claims = {"a": claim("times", "8 Mround"), "b": claim("post", "20 Mround", 9)}
    one, other = (left(case(claims, named={"quantity": names}), rules=by) for names in (["a"], ["a", "b"]))
    assert one.quantiles[50] != other.quantiles[50]
    assert one.probability is not None
    assert other.probability is not None
    assert one.probability < other.probability


def width(found: Case) -> float:
    values = sample(number(found, NUMBERS["quantity"]), 1, 0, 20_000)
    low, high = np.quantile(np.log(values), [0.05, 0.95])
    return float(high - low)


@pytest.mark.parametrize("by", RULES)
@pytest.mark.parametrize("kind", ["reported", "observed", "assumed"])
def test_only_measurements_sharpen_when_they_agree(by: str, kind: str) -> None:
    """Under the linear pool, agreement takes weight from the base, and what the voices say together stays as wide as it was."""
    claims = {name: claim(f"paper-{name}", "10 Mround", n, kind=kind) for n, name in enumerate("abc")}
    found = [read(case(claims, named={"quantity": list(claims)[:count]}), rules=by) for count in (1, 2, 3)]
    parts = [number(one, NUMBERS["quantity"]).parts for one in found]
    bases = [one[0].weight for one in parts]
    assert bases[0] > bases[1] > bases[2]
    said = [{part.distribution for part in one[1:]} for one in parts]
    assert all(len(one) == 1 for one in said)
    widths = [float(np.ptp(np.log(next(iter(one)).quantile(np.array([0.05, 0.95]))))) for one in said]
    if by == "measurement-error" and kind == "observed":
        assert widths == pytest.approx([widths[0], widths[0] / math.sqrt(2), widths[0] / math.sqrt(3)])
        assert width(found[0]) > width(found[1]) > width(found[2])
    else:
        assert said[0] == said[1] == said[2]


def test_by_measurement_error_alone_a_number_gets_narrower_than_any_of_its_voices() -> None:
    claims = {name: claim(f"paper-{name}", "8 to 12 Mround", n, 1, kind="observed") for n, name in enumerate("abcdefgh")}
    data = case(claims, {f"paper-{name}": source("A") for name in claims}, {"quantity": list(claims)})
    own = math.log(12 / 8)
    narrow = {by for by in RULES if width(read(data, rules=by)) < own}
    assert narrow == {"measurement-error"}


# ---------------------------------------------------------------------------- leaving out

WEB: Data = {
    "one": claim("times", "8 Mround", 0), "echo": claim("post", "8 Mround", 2, origin="one"), "echo-of-echo": claim("globe", "8 Mround", 3, origin="echo"),
    "handed": claim("post", "11 Mround", 4, origin="agency"), "by-ministry": claim("gazette", "12 Mround", 1, origin="mnd"),
    "tons": claim("times", "500 kt", 5, origin="witness"), "mass": claim("manual", "40 to 70 kg/round", 0, kind="assumed"),
    "rounds": claim("globe", None, 6, kind="converted", formula="tons / mass", terms={"tons": "tons", "mass": "mass"}),
    "crates": claim("globe", None, 7, kind="converted", formula="rounds * 2", terms={"rounds": "rounds"}), "crates-again": claim("post", "19 Mround", 8, origin="crates"),
    "alone": claim("letter", "30 Mround", 9),
}  # fmt: skip
ORIGINS = {"mnd": {"title": "Ministry"}, "agency": {"title": "Agency", "repeats": "mnd"}, "witness": {"title": "A witness"}, "silent": {"title": "Nobody"}}
PUBLISHERS = {"house": {"name": "A house", "reliability": "C"}}
PAPERS = {"gazette": {"publisher": "house", "title": "Gazette", "published": day(-400)}, "letter": source(publisher="A lady")}
FAMILY = ["one", "echo", "echo-of-echo"]
CONVERTED = ["rounds", "crates", "crates-again"]
FALLS = {
    "one": FAMILY, "echo": ["echo", "echo-of-echo"], "alone": ["alone"], "letter": ["alone"], "A lady": ["alone"], "house": ["by-ministry"], "gazette": ["by-ministry"],
    "mnd": ["by-ministry", "handed"], "agency": ["handed"], "witness": ["tons", *CONVERTED], "tons": ["tons", *CONVERTED], "mass": ["mass", *CONVERTED],
    "manual": ["mass", *CONVERTED], "rounds": CONVERTED, "crates": CONVERTED[1:], "times": [*FAMILY, "tons", *CONVERTED],
    "post": ["echo", "echo-of-echo", "handed", "crates-again"], "globe": ["echo-of-echo", *CONVERTED],
}  # fmt: skip


def web(claims: Data | None = None) -> Data:
    """Return a case whose claims repeat each other, pass on what others said, and are converted from each other."""
    kept = WEB if claims is None else claims
    named = [name for name in WEB if name in kept and name not in ("tons", "mass")]
    return case(kept, PAPERS, {"quantity": named}, origins=ORIGINS, publishers=PUBLISHERS)


@pytest.mark.parametrize("dropped", FALLS)
def test_leaving_out_takes_what_rests_on_it_and_nothing_else(dropped: str) -> None:
    found = read(web(), drop=(dropped,))
    assert [name for name in WEB if name not in found.ledger.claims] == [name for name in WEB if name in FALLS[dropped]]
    assert unmoved(found, read(web({name: one for name, one in WEB.items() if name not in FALLS[dropped]})))


@settings(max_examples=20)
@given(st.sets(st.sampled_from(sorted(FALLS)), min_size=2, max_size=4))
def test_leaving_out_several_takes_what_rests_on_any(dropped: set[str]) -> None:
    found = read(web(), drop=tuple(dropped))
    assert set(WEB) - found.ledger.claims.keys() == {claim for name in dropped for claim in FALLS[name]}


def test_with_everything_left_out_the_base_is_alone() -> None:
    for by in RULES:
        empty, bare = read(web(), drop=tuple(WEB), rules=by), read(case({}), rules=by)
        assert unmoved(empty, bare)
        assert [part.claims for part in number(empty, NUMBERS["quantity"]).parts] == [()]
    assert same_bits(left(web(), drop=tuple(WEB)).values, left(case({})).values)


@pytest.mark.parametrize("name", ["silent", "nobody", "hous"])
def test_what_has_no_claim_cannot_be_left_out(name: str) -> None:
    with pytest.raises(RunError):
        read(web(), drop=(name,))


def test_taken_as_independent_every_claim_is_a_voice() -> None:
    kept = ["one", "echo", "echo-of-echo", "handed", "by-ministry", "alone"]
    data = case({name: WEB[name] for name in kept}, PAPERS, {"quantity": kept}, origins=ORIGINS, publishers=PUBLISHERS)
    heard, apart = (number(read(data, independent=independent), NUMBERS["quantity"]).parts for independent in (False, True))
    assert [part.claims for part in heard[1:]] == [("one", "echo", "echo-of-echo"), ("handed",), ("by-ministry",), ("alone",)]
    assert sorted(part.claims for part in apart[1:]) == sorted((name,) for name in kept)
    ledger = read(data).ledger
    strengths = [rule().strength(ledger.grade(name)) for name in kept]
    assert apart[0].weight == pytest.approx(1 / (1 + sum(strengths)))
    assert heard[0].weight > apart[0].weight
    one, other = left(data), left(data, independent=True)
    assert not same_bits(one.values, other.values)


def test_repetitions_taken_as_independent_drown_whoever_spoke_once() -> None:
    claims = {"a": claim("times", "4 Mround"), "b": claim("letter", "30 Mround")}
    claims |= {f"again-{n}": claim(f"paper-{n}", "4 Mround", n, origin="a") for n in range(9)}
    data = case(claims, named={"quantity": list(claims)})
    heard, apart = (number(read(data, independent=independent), NUMBERS["quantity"]).parts for independent in (False, True))
    alone = {part.claims: part.weight for part in heard}["b",]
    assert alone == pytest.approx(1.8 / 4.6)
    assert {part.claims: part.weight for part in apart}["b",] == pytest.approx(1.8 / (1 + 11 * 1.8))


# ---------------------------------------------------------------------------- the answer without a claim, from the runs at hand


def share_below(values: npt.NDArray[np.float64], x: float) -> float:
    return float((values <= x).mean())


@st.composite
def webs(draw: st.DrawFn) -> tuple[Data, list[str]]:
    """Cases in which several numbers listen to claims, some to the same ones; values have ranges, so that no grade changes what is said."""
    claims: Data = {}
    for n in range(draw(st.integers(2, 5))):
        low = draw(st.integers(3, 40))
        made = claim(f"paper-{n}", f"{low} to {low * 1.5} Mround", n, draw(st.integers(1, 3)))
        if n and draw(st.booleans()):
            made["origin"] = draw(st.sampled_from([f"claim-{draw(st.integers(0, n - 1))}", "mnd"]))
        claims[f"claim-{n}"] = made
    claims["pace"] = claim("paper-0", "3 to 4 kround/day", 1)
    named = {"quantity": [name for name in claims if name != "pace"], "rate": ["pace"]}
    data = case(claims, named=named, origins=ORIGINS)
    data["actors"]["north"]["stockpiles"]["shell"]["initial"] = {"shared": "stock"}
    data["shared"] = {"stock": between(2.0, 50.0, "Mround") | {"claims": named["quantity"]}}
    others = draw(st.lists(st.sampled_from(named["quantity"]), min_size=1, unique=True))
    data["actors"]["south"] = {"stockpiles": {"shell": {"item": "shell", "initial": between(1.0, 9.0, "Mround") | {"claims": others}}}}
    data["questions"][LEFT]["value"] = ["north.stockpiles.shell.held", "south.stockpiles.shell.held"]
    return data, draw(st.lists(st.sampled_from(sorted(claims)), min_size=1, max_size=2, unique=True))


@settings(max_examples=12)
@given(webs(), st.sampled_from([name for name in RULES if name != "measurement-error"]))
def test_the_runs_at_hand_tell_what_a_rerun_would(made: tuple[Data, list[str]], by: str) -> None:
    """Each quantile lies where the rerun has it, within five standard errors of a share of the effective draws, and so does the probability."""
    data, dropped = made
    run = answers(data, draws=8000, rules=by)
    shift = run.without(LEFT, dropped)
    assume(shift is not None)
    assert shift is not None
    again = left(data, draws=8000, rules=by, drop=tuple(dropped), engine="native")
    allowed = 5 * math.sqrt(0.25 * (1 / shift.effective + 1 / 8000)) + 1 / 8000
    for percent, value in shift.quantiles.items():
        assert value is not None
        assert share_below(again.values, value) == pytest.approx(percent / 100, abs=allowed)
    assert shift.probability == pytest.approx(again.probability, abs=allowed)


def test_claims_that_no_number_of_an_answer_uses_leave_it_to_the_last_bit() -> None:
    data = case({"a": claim("times", "8 Mround"), "unused": claim("times", "9 Mround")}, named={"quantity": ["a"]})
    run = answers(data, draws=1000)
    shift = run.without(LEFT, ["unused"])
    assert shift is not None
    assert shift.effective == pytest.approx(1000)
    assert shift.probability == run.questions[LEFT].probability


def test_weights_of_a_question_know_what_they_would_be_without_a_claim() -> None:
    """Scaled to the question's unit, they are still what the pool says, to the last bit."""
    data = case({"a": claim("times", 0.037), "b": claim("post", 0.9)})
    data["conversions"] = {"heavy": {"shell": between(0.3, 0.7) | {"claims": ["a", "b"]}}}
    data["questions"][LEFT] |= {"conversion": "heavy", "unit": "kround", "threshold": {"above": "3 kround"}}
    shift = answers(data, draws=2000).without(LEFT, ["a"])
    assert shift is not None


@pytest.mark.parametrize(
    ("claims", "by", "why"),
    [
        ({"a": claim("times", "8 Mround", 0, 1, origin="mnd"), "b": claim("post", "20 Mround", 1, 5, origin="mnd")}, "plain", "what is left is spread by another grade"),
        ({"a": claim("times", "8 Mround", kind="observed"), "b": claim("post", "9 Mround", kind="observed")}, "measurement-error", "they were combined"),
        ({f"claim-{n}": claim(f"paper-{n}", "8 Mround", 0, 1) for n in range(20)} | {"a": claim("paper-0", "8 Mround", 0, 1)}, "trusting", "hardly a draw is left"),
    ],
)  # fmt: skip
def test_where_the_runs_at_hand_cannot_tell_they_say_so(claims: Data, by: str, why: str) -> None:
    data = case(claims, {one["source"]: source("A") for one in claims.values()}, {"quantity": list(claims)}, origins=ORIGINS)
    run = answers(data, draws=1000, rules=by)
    assert run.without(LEFT, ["a"] if len(claims) < 9 else list(claims)) is None, why
    voices = [voice for driver in run.why(LEFT).drivers for voice in driver.voices]
    assert all(bool(voice.without) != bool(voice.silent) for voice in voices if voice.origins)
    assert all(voice.without is None and not voice.silent for voice in voices if not voice.origins)


def test_the_chain_of_an_answer_leads_to_every_claim_that_is_heard() -> None:
    told = answers(web(), draws=1000).why(LEFT)
    assert isinstance(told, lineage.Why)
    voices = [voice for driver in told.drivers if driver.number == NUMBERS["quantity"] for voice in driver.voices]
    cited = [claim for voice in voices for saying in voice.says for claim in saying.claims]
    assert {claim.id for claim in cited} == set(WEB) - {"tons", "mass"}
    assert {term.id for claim in cited for term in claim.terms.values()} == {"tons", "mass", "rounds"}
    assert {voice.graded_by: [claim.id for saying in voice.says for claim in saying.claims] for voice in voices if voice.origins} == {
        "one": FAMILY, "by-ministry": ["handed", "by-ministry"], "rounds": CONVERTED, "alone": ["alone"],
    }  # fmt: skip
    assert math.fsum(voice.weight for voice in voices) == pytest.approx(1)
