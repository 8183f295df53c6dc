"""The ledger: whose word a claim is, how good it is, what rests on it, and what of it is known on a day."""

from __future__ import annotations

import datetime
import json
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from materiel.case.loading import load
from materiel.errors import CaseError, RunError
from materiel.evidence import vocabulary
from materiel.evidence.grades import Grade
from materiel.evidence.ledger import Ledger, cited
from materiel.evidence.records import Claim, Origin, Publisher, Source
from materiel.quantities import constant
from runs import read
from strategies import day

SCALES = (vocabulary.load("icd-203"), vocabulary.load("presse-fr"))


def on(n: int) -> datetime.date:
    return datetime.date.fromisoformat(day(n))


def claim(source: str, known: int = 0, **more: Any) -> dict[str, Any]:
    return {"source": source, "statement": "So much", "known": day(known), "published": day(known), "kind": "reported", "credibility": 3, "value": 1} | more


def converted(source: str, known: int = 0, **terms: str) -> dict[str, Any]:
    made = claim(source, known, kind="converted", formula=" + ".join(terms), terms=terms)
    return {key: value for key, value in made.items() if key != "value"}


def ledger(
    claims: Mapping[str, dict[str, Any]], sources: Mapping[str, dict[str, Any]] | None = None, origins: Mapping[str, str] | None = None,
    publishers: Mapping[str, dict[str, Any]] | None = None,
) -> Ledger:  # fmt: skip
    """Return a ledger; sources that are not given are fair papers, `origins` says whose word each passes on."""
    papers = {one["source"]: {} for one in claims.values()} | dict(sources or {})
    plain = {"publisher": "Press", "title": "A paper", "published": day(0), "reliability": "B"}
    return Ledger.of(
        {name: Publisher.model_validate(one) for name, one in (publishers or {}).items()},
        {name: Source.model_validate({key: value for key, value in (plain | one).items() if value is not None}) for name, one in papers.items()},
        {name: Origin.model_validate({"title": name.upper()} | ({"repeats": of} if of else {})) for name, of in (origins or {}).items()},
        {name: Claim.model_validate(one) for name, one in claims.items()}, SCALES,
    )  # fmt: skip


# ---------------------------------------------------------------------------- voices


def test_a_claim_speaks_for_its_source_unless_it_traces_elsewhere():
    one = ledger(
        {
            "own": claim("times"), "echo": claim("post", origin="own"), "echo-of-echo": claim("globe", origin="echo"), "handed": claim("times", origin="agency"),
            "again": claim("post", origin="handed"), "sum": converted("globe", a="own", b="handed"), "other-sum": converted("globe", b="handed", a="own"),
            "mine": converted("globe", a="own") | {"origin": "witness"},
        },
        origins={"mnd": "", "agency": "mnd", "witness": ""},
    )  # fmt: skip
    assert dict(one.voices) == {
        "own": "times", "echo": "times", "echo-of-echo": "times", "handed": "mnd", "again": "mnd", "sum": "times", "other-sum": "mnd", "mine": "witness",
    }  # fmt: skip
    assert (one.speaker("times"), one.speaker("mnd"), one.speaker("own"), one.speaker("elsewhere")) == ("Press", "MND", "claim own", "elsewhere")
    assert set(one.independent().voices.values()) == set(one.claims)


def test_ids_of_sources_origins_and_claims_may_be_alike():
    """A claim named like its source, an origin named like the source of what traces to it: the field says which is meant."""
    one = ledger(
        {"times": claim("post"), "post": claim("times"), "echo": claim("times", origin="times"), "own": claim("agency"), "handed": claim("agency", origin="agency")},
        origins={"agency": "mnd", "mnd": ""},
    )  # fmt: skip
    assert one.voice("times") == "post"
    assert one.voice("post") == "times"
    assert one.voice("echo") == "post", "it repeats the claim, whatever its own source is called"
    assert one.voice("own") == "agency"
    assert one.voice("handed") == "mnd"


def test_what_repeats_and_what_is_repeated_say_the_same_thing():
    one = ledger({"a": claim("times"), "b": claim("post", origin="a"), "c": claim("globe", origin="b"), "d": claim("post", origin="a"), "e": claim("times")})
    assert one.repeating("a") == ["b", "c", "d"]
    assert one.repeating("c") == ["a", "b", "d"]
    assert one.repeating("e") == []
    assert one.without({"b"}).repeating("a") == ["d"]
    assert one.statement("c", constant(1.0)).repeats == ("b", "a")


def test_a_long_chain_of_repetitions_is_one_voice():
    names = [f"c{i}" for i in range(3000)]
    one = ledger({name: claim("paper", origin=f"c{i + 1}" if i < 2999 else "") for i, name in enumerate(names)})
    assert set(one.as_of(on(9)).voices.values()) == {"paper"}
    assert len(one.repeating("c7")) == 2999
    assert one.resting_on({"c2999"}) == set(names)


@given(st.data())
def test_everything_that_rests_on_a_claim_falls_with_it_and_nothing_else(data):
    """Against the plain definition: a claim stays if no path of repetitions and terms leads from it to what is left out."""
    claims: dict[str, dict[str, Any]] = {}
    below: dict[str, set[str]] = {}
    for n in range(data.draw(st.integers(1, 12))):
        name, before = f"c{n}", list(claims)
        rests = data.draw(st.sampled_from(["", "repeats", "converts"])) if before else ""
        on_what = data.draw(st.lists(st.sampled_from(before), min_size=1, max_size=2, unique=True)) if rests else []
        one = converted("paper", **{f"t{i}": of for i, of in enumerate(on_what)}) if rests == "converts" else claim("paper")
        claims[name] = one | ({"origin": on_what[0]} if rests == "repeats" else {})
        used = on_what if rests == "converts" else on_what[:1]
        below[name] = {name}.union(*(below[of] for of in used))
    whole = ledger(claims)
    dropped = data.draw(st.sets(st.sampled_from(list(claims))))
    assert whole.resting_on(dropped) == {name for name in claims if below[name] & dropped} | dropped
    left = whole.without(dropped)
    assert list(left.claims) == [name for name in claims if not below[name] & dropped]
    assert all(left.voice(name) == whole.voice(name) and left.places[name] == whole.places[name] for name in left.claims)


def test_names_stand_for_the_claims_of_a_claim_a_source_a_publisher_an_origin():
    one = ledger(
        {"a": claim("times"), "b": claim("post", origin="agency"), "c": claim("gazette", origin="mnd"), "d": claim("letter", origin="a")},
        {"gazette": {"publisher": "house", "reliability": None}, "letter": {"publisher": "A lady"}, "post": {"publisher": "A house"}},
        {"mnd": "", "agency": "mnd", "witness": ""},
        {"house": {"name": "A house", "reliability": "C"}},
    )  # fmt: skip
    wanted = {"a": "a", "times": "ad", "post": "b", "mnd": "bc", "agency": "b", "house": "bc", "A house": "bc", "A lady": "d", "letter": "d", "Press": "a"}
    for name, found in wanted.items():
        assert one.named(name) == set(found), name
    with pytest.raises(RunError, match="'witness' has no claim known by the day"):
        one.named("witness")
    with pytest.raises(RunError, match="did you mean 'gazette'"):
        one.named("gazete")


# ---------------------------------------------------------------------------- grades


def test_a_source_has_its_own_grade_or_that_of_its_publisher():
    one = ledger(
        {"a": claim("own"), "b": claim("inherited"), "c": claim("unknown"), "d": claim("both")},
        {
            "own": {"reliability": "D"},
            "inherited": {"publisher": "house", "reliability": None},
            "unknown": {"reliability": None},
            "both": {"publisher": "house"},
        },
        publishers={"house": {"name": "A house", "reliability": "A"}},
    )
    assert [str(one.grade(name)) for name in "abcd"] == ["D3", "A3", "F3", "B3"]
    assert one.publisher("inherited") == "A house"
    assert one.publisher("own") == "Press"


@pytest.mark.parametrize(
    ("hedge", "language", "likelihood", "approximation"),
    [
        ("", "en", (1.0, 1.0), ""), ("likely", "en", (0.55, 0.80), ""), ("Likely", "fr", (0.55, 0.80), ""), ("at least", "en", (1.0, 1.0), "at least"),
        ("plus de", "fr", (1.0, 1.0), "at least"), ("up to", "en", (1.0, 1.0), "at most"), ("environ", "fr", (1.0, 1.0), "about"),
        ("nobody knows this word", "en", (1.0, 1.0), ""),
    ],
)  # fmt: skip
def test_a_hedge_is_a_likelihood_or_an_approximation(hedge, language, likelihood, approximation):
    one = ledger({"a": claim("paper", hedge=hedge)}, {"paper": {"language": language}})
    assert one.grade("a") == Grade("B", 3, likelihood, approximation)


def test_a_word_of_two_languages_is_read_in_that_of_its_source():
    both = [word for term in SCALES[1].terms for word in term.words if SCALES[0].band(word)]
    assert both, "no word is common to the two scales"
    for word in both:
        for scale in SCALES:
            found = ledger({"a": claim("paper", hedge=word)}, {"paper": {"language": scale.language}}).grade("a")
            assert found.likelihood == scale.band(word)


def test_axes_disagree_from_three_steps():
    at_odds = {f"{letter}{number}" for letter in "ABCDEF" for number in (1, 2, 3, 4, 5, 6) if Grade(letter, number).at_odds}  # type: ignore[arg-type]
    assert at_odds == {"A4", "A5", "B5", "D1", "E1", "E2"}


# ---------------------------------------------------------------------------- as of a day


def test_judgements_hold_from_the_day_they_were_made():
    revisions = [{"known": day(20), "reliability": "E", "because": "again"}, {"known": day(10), "reliability": "D", "because": "caught"}]
    one = ledger(
        {"a": claim("own", revisions=[{"known": day(15), "credibility": 5, "because": "refuted"}]), "b": claim("inherited")},
        {"own": {"revisions": revisions[:1]}, "inherited": {"publisher": "house", "reliability": None}},
        publishers={"house": {"name": "A house", "reliability": "A", "revisions": revisions}},
    )
    wanted = {9: ("B3", "A3"), 10: ("B3", "D3"), 14: ("B3", "D3"), 15: ("B5", "D3"), 19: ("B5", "D3"), 20: ("E5", "E3"), 99: ("E5", "E3")}
    for n, both in wanted.items():
        known = one.as_of(on(n))
        assert tuple(str(known.grade(name)) for name in "ab") == both, n
        told = [revision.known for entry in (*known.publishers.values(), *known.sources.values(), *known.claims.values()) for revision in entry.revisions]
        assert max(told, default=on(0)) <= on(n)


@given(st.dictionaries(st.sampled_from([f"c{i}" for i in range(9)]), st.integers(0, 20), min_size=1), st.integers(0, 20), st.integers(0, 20))
def test_a_day_within_a_day_is_the_day(known, first, second):
    """Whoever asks as of a day and then as of an earlier one has what the earlier one had, however claims cite each other."""
    names = list(known)
    claims = {
        name: claim(f"paper-{n % 3}", when, agrees=names[n + 1 : n + 2], contradicts=names[n + 2 : n + 3], note=f"see {names[n - 1]}", origin=names[n - 1] if n % 4 == 1 else "")
        for n, (name, when) in enumerate(known.items())
    }  # fmt: skip
    whole = ledger(claims, {f"paper-{n}": {"published": day(3 * n)} for n in range(3)})
    early, late = sorted((first, second))
    once, twice = whole.as_of(on(early)), whole.as_of(on(late)).as_of(on(early))
    assert once.claims == twice.claims
    assert once.sources.keys() >= twice.sources.keys()
    assert dict(once.voices) == dict(twice.voices)
    assert set(once.claims) == {name for name, when in known.items() if when <= early}


def test_nothing_that_is_known_cites_what_is_not():
    cites = {"agrees": ["late", "other"], "note": "as late shows", "doubt": "see other"}
    one = ledger({
        "a": claim("times", **cites), "b": claim("times", contradicts=["late"], doubt="it was not so"), "c": claim("times", note="too late-ish, and later"),
        "d": claim("post", origin="late"), "e": claim("globe", origin="d"), "other": claim("post"), "late": claim("memo", 9),
    })  # fmt: skip
    known = one.as_of(on(5)).claims
    assert (known["a"].agrees, known["a"].note, known["a"].doubt) == (["other"], "", "see other")
    assert (known["b"].contradicts, known["b"].doubt) == ([], "")
    assert known["c"].note == "too late-ish, and later"
    assert known["d"].origin == ""
    assert one.as_of(on(9)).claims == one.claims


def test_what_repeats_a_later_claim_speaks_for_itself_until_then():
    """Two papers that passed on one secret memorandum were two voices to whoever did not know of it."""
    one = ledger({"a": claim("times", origin="memo"), "b": claim("post", origin="memo"), "memo": claim("archive", 9)})
    assert dict(one.voices) == {"a": "archive", "b": "archive", "memo": "archive"}
    early, late = one.as_of(on(5)), one.as_of(on(9))
    assert dict(early.voices) == {"a": "times", "b": "post"}
    assert early.repeating("a") == []
    assert early.speaker("times") == "Press"
    assert dict(late.voices) == dict(one.voices)


def test_sources_stand_in_the_list_when_a_contemporary_could_have_had_them():
    one = ledger(
        {"a": claim("history"), "b": claim("memo", 9), "c": claim("paper"), "d": claim("paper", 9)},
        {"history": {"published": day(300)}, "memo": {"published": day(0)}, "paper": {"note": "contradicted by b"}, "unread": {"published": day(3)}, "next": {"published": day(8)}},
    )  # fmt: skip
    early = one.as_of(on(5)).sources
    assert set(early) == {"history", "paper", "unread"}, "the memorandum was secret, and the next had not come out"
    assert early["paper"].note == ""
    assert set(one.as_of(on(9)).sources) == {"history", "memo", "paper", "unread", "next"}
    assert set(one.as_of(on(5), {"memo", "next"}).sources) == {"history", "memo", "paper", "unread", "next"}, "what it counted was known"
    assert one.as_of(on(5), {"memo"}).claims == one.as_of(on(5)).claims


@pytest.mark.parametrize("n", [1, 2, 8, 9])
def test_a_source_stands_in_the_list_from_the_day_on_which_what_it_counted_was_known(tmp_path, n):
    """Its only claim was known on the ninth day, its observation on the second: the first hid it, the second shows it."""
    data = {
        "format": 1, "title": "Nothing", "start": day(0), "end": day(20), "claims": {"late": claim("counter", 9)},
        "sources": {"counter": {"publisher": "Press", "title": "A paper", "published": day(0), "reliability": "B"}},
    }  # fmt: skip
    (tmp_path / "case.yaml").write_text(json.dumps(data), encoding="utf-8")
    (tmp_path / "observations.csv").write_text(f"series,period,quantity,unit,source,known\nrounds,{day(1)},3,round,counter,{day(2)}\n", encoding="utf-8")
    found = load(tmp_path, as_of=on(n))
    assert ("counter" in found.ledger.sources) == (n >= 2)
    assert ("late" in found.ledger.claims) == (n >= 9)
    assert len(found.observations) == (n >= 2)


@pytest.mark.parametrize(
    ("text", "found"),
    [("see a-1 and b.", ["a-1", "b"]), ("(a-1), b; a-1", ["a-1", "b"]), ("a-1-", ["a-1"]), ("aa-1 xb", []), ("", []), ("é: été-2", ["été-2"])],
)
def test_texts_cite_claims_by_their_ids(text, found):
    assert cited(text, {"a-1": 1, "b": 2, "été-2": 3}) == found


@pytest.mark.parametrize("name", ["a claim", "a:1", "a/b", "-a", "a.", "it's", ""])
def test_a_claim_that_no_text_can_name_is_refused(name):
    with pytest.raises(CaseError, match="so that a text can name it"):
        read({
            "format": 1, "title": "Nothing", "start": day(0), "end": day(9), "claims": {name: claim("paper")},
            "sources": {"paper": {"publisher": "Press", "title": "A paper", "published": day(0), "reliability": "B"}},
        })  # fmt: skip
