"""Languages: the same sentences in every catalogue, numbers and days as each language writes them, the words of a case."""

from __future__ import annotations

import datetime
import re
import string
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from materiel import language
from materiel.analysis import words
from materiel.case import translation
from materiel.case.loading import load
from materiel.errors import CaseError, RunError
from materiel.evidence import vocabulary
from materiel.language.phrase import Piece, capital, joined, link, phrase

NARROW, WIDE = "\u202f", "\u00a0"
FRENCH = language.load("fr")


def forms(sentence) -> list[str]:
    return [sentence] if isinstance(sentence, str) else list(sentence.values())


def holes(sentence: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(sentence) if name}


@pytest.mark.parametrize("name", language.names())
def test_catalogues_have_the_same_sentences_with_the_same_holes(name):
    ours, theirs = language.ENGLISH.sentences, language.load(name).sentences
    assert ours.keys() == theirs.keys()
    apart = {
        key: (ours[key], theirs[key]) for key in ours if {h for f in forms(ours[key]) for h in holes(f)} != {h for f in forms(theirs[key]) for h in holes(f)}
    }
    assert apart == {}
    assert all(set(one) in ({"one", "other"}, {"vowel", "other"}) for one in theirs.values() if not isinstance(one, str))


def test_every_sentence_is_said_somewhere():
    source = "".join(path.read_text(encoding="utf-8") for path in Path(language.__file__).parents[1].rglob("*") if path.suffix in (".py", ".j2"))
    made = tuple(re.findall(r'(?:say|word)\(f"([\w ]*)\{', source))  # such as f"kind {claim.kind}"
    endings = tuple(re.findall(r'(?:say|word)\(f"\{\w+\}([\w ]+)"', source))
    unsaid = [
        key for key in language.ENGLISH.sentences if f'"{key}"' not in source and not key.startswith(tuple(filter(None, made))) and not key.endswith(endings)
    ]
    assert unsaid == []


def test_french_has_its_spaces():
    """A space before a double sign is one that no line breaks at; none stands before a comma or a point."""
    for key, sentence in FRENCH.sentences.items():
        for form in forms(sentence):
            said = FRENCH.spaced(form)
            assert not any(f" {sign}" in said for sign in (":", ";", "?", "!", "%", "»", ",", ".")), key
            assert "« " not in said, key
            assert "'" not in said, f"{key}: an apostrophe is ’"
            assert '"' not in said, f"{key}: quotes are « »"


def test_an_unknown_language_is_refused_with_those_there_are():
    with pytest.raises(RunError, match="unknown language 'fre'; en or fr; did you mean 'fr'"):
        language.load("fre")


@pytest.mark.parametrize(
    ("value", "low", "high", "unit", "text"),
    [
        (2.4e6, 1e6, 5e6, "round", "2,4 millions de coups"),
        (1.4e6, 1e6, 5e6, "round", "1,4 million de coups"),
        (1.4e6, 1e6, 5e6, "aircraft", "1,4 million d’avions"),
        (2.4e9, 1e9, 5e9, "USD", "2,4 milliards de dollars"),
        (24_000.0, 10_000.0, 50_000.0, "t", f"24{NARROW}000 t"),
        (240.0, 100.0, 500.0, "round/day", "240 coups/jour"),
        (12.0, 4.0, 20.0, "percent", f"12{NARROW}%"),
        (0.5, 0.1, 0.9, "1", "0,5"),
    ],
)
def test_numbers_in_french(value, low, high, unit, text):
    assert words.number(value, low, high, unit, FRENCH) == text


@given(st.floats(1e-3, 1e12), st.floats(1.01, 50.0), st.sampled_from(["round", "aircraft", "USD", "t", "1", "percent"]))
def test_every_language_writes_the_same_number(value, spread, unit):
    def read(said: str, of: language.Language) -> float:
        number = said.split(" ", maxsplit=1)[0].split(NARROW + "%", maxsplit=1)[0].replace(of.thousands, "").replace(of.decimal, ".")
        return float(number) * next(
            (scale for word, scale in (("milli", 1e6), ("billion", 1e9)) if word in said and "milliard" not in said), 1e9 if "milliard" in said else 1
        )

    ends = value / spread, value * spread
    assert read(words.number(value, *ends, unit, FRENCH), FRENCH) == read(words.number(value, *ends, unit), language.ENGLISH)


@given(st.floats(1e-3, 1e12), st.floats(1.0, 50.0))
def test_a_number_in_a_sentence_has_two_figures_at_most(value, spread):
    said = words.figure(value, value / spread, value * spread, "").text
    assert len(said.split(" ")[0].replace(",", "").replace(".", "").strip("0")) <= words.IN_PROSE


def test_days_in_french():
    assert FRENCH.date(datetime.date(2023, 8, 1)) == "1er août 2023"
    assert FRENCH.date(datetime.date(2023, 2, 15), short=True) == "15 févr. 2023"
    assert language.load("en").date(datetime.date(2023, 8, 1)) == "1 August 2023"
    assert language.ENGLISH.date(datetime.date(2023, 8, 1)) == "2023-08-01", "as the command line prints it"


@pytest.mark.parametrize("name", [name for name in vocabulary.names() if vocabulary.load(name).partition])
def test_every_scale_that_writes_has_words_in_every_language_with_the_same_bands(name):
    scale = vocabulary.load(name)
    for spoken in language.names():
        there = scale.in_words_of(spoken)
        assert [term.band for term in there.terms] == [term.band for term in scale.terms]
        assert len({term.words[0] for term in there.terms if term.said}) == len([term for term in scale.terms if term.said])
        if spoken != scale.language:
            assert len(scale.renderings[spoken].words) == len([term for term in scale.terms if term.said])
            assert scale.renderings[spoken].because


def test_a_scale_without_words_in_a_language_is_refused():
    with pytest.raises(RunError, match="has no words in 'en'; only in fr"):
        vocabulary.load("presse-fr").in_words_of("en")


def test_probabilities_in_french():
    assert words.said(0.86, 2000, None, FRENCH) == f"Très probable (86{NARROW}%)"
    assert words.said(0.0, 2000, None, FRENCH) == f"Presque aucune chance (moins de 1{NARROW}%)"
    assert words.said(0.5, 50, None, FRENCH) == "Trop peu de tirages pour dire si c’est probable (25 sur 50)"


def test_pieces_become_html_and_plain_text():
    said = joined([Piece("1 < 2", "number", "a.p50", 1.5), "a & b", Piece("x.y", "name"), Piece("mot", "foreign", "fr")])
    assert str(said) == "1 < 2, a & b, x.y, mot"
    assert said.__html__() == (
        '<data class="number" data-of="a.p50" value="1.5">1 &lt; 2</data>, a &amp; b, <code translate="no">x.y</code>, <span lang="fr">mot</span>'
    )
    assert str(capital(phrase("été ", "chaud"))) == "Été chaud"
    assert link("here", "javascript:alert(1)").kind == "count", "only anchors and the web are linked to"


CASE = """
format: 1
title: Shells
start: 2023-01-01
end: 2023-12-31
as_of: 2023-06-30
items: {shell: {unit: round}}
actors: {north: {stockpiles: {shell: {item: shell, initial: {base: 10 to 40 kround, because: for the test}}}}}
questions: {held: {text: Shells held, value: north.stockpiles.shell.held, at: 2023-12-30, threshold: {above: 20 kround}, judgement: enough is held, key: true, fan: true}}
"""


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "case.yaml").write_text(CASE, encoding="utf-8")
    return tmp_path


def test_what_is_not_translated_is_shown_in_its_own_language(folder):
    (folder / "fr.yaml").write_text("title: Obus\nnames: {north.stockpiles.shell.initial: obus au départ}\n", encoding="utf-8")
    said = translation.texts(load(folder), "fr")
    assert said.title == "Obus"
    assert said.question("held", "Shells held") == Piece("Shells held", "foreign", "en")
    assert said.number("north.stockpiles.shell.initial") == "obus au départ"
    assert translation.texts(load(folder), "en").title == "Shells"


def test_a_translation_changes_no_digest(folder):
    before = load(folder).digest
    (folder / "fr.yaml").write_text("title: Obus\n", encoding="utf-8")
    assert load(folder).digest == before


def test_a_case_may_be_passed_on_without_its_forecasts(folder):
    """Then nobody can tell what a note is of; where there are forecasts, it must be of one."""
    (folder / "fr.yaml").write_text("forecasts: {2023-06-30: figé après coup}\n", encoding="utf-8")
    translation.check(load(folder))
    (folder / "forecasts").mkdir()
    with pytest.raises(CaseError, match="unknown forecasts '2023-06-30'"):
        translation.check(load(folder))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("questions: {helt: {text: Obus}}", "fr.yaml:1:13: unknown questions 'helt'; one of the questions of the case; did you mean 'held'?"),
        ("title: Obus\nnames: {north.stockpiles.shell.initail: obus}", "fr.yaml:2:9: unknown names 'north.stockpiles.shell.initail'"),
        ("titel: Obus", "fr.yaml:1:1: unknown key 'titel'"),
        ("title: 3", "fr.yaml:1:8: "),
    ],
)
def test_problems_of_a_translation_are_told_at_their_place(folder, text, told):
    (folder / "fr.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(CaseError) as caught:
        translation.check(load(folder))
    assert told in str(caught.value)
