from __future__ import annotations

import itertools
import unicodedata
from importlib import resources

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from materiel.evidence import vocabulary
from materiel.evidence.vocabulary import Scale, Term, UnknownScaleError

SCALES = [vocabulary.load(name) for name in vocabulary.names()]
PARTITIONS = [scale for scale in SCALES if scale.partition]
ICD_203, PHIA, KENT, PRESSE = (vocabulary.load(name) for name in ("icd-203", "phia", "kent-1964", "presse-fr"))


def named(scale: Scale) -> str:
    return scale.name


def test_the_scales_that_ship():
    assert vocabulary.names() == ("icd-203", "kent-1964", "phia", "presse-fr")
    assert vocabulary.load() == ICD_203
    assert vocabulary.load("phia") is PHIA, "a file is read once"


@pytest.mark.parametrize("scale", SCALES, ids=named)
def test_every_scale_has_its_source_and_its_reasoning(scale: Scale):
    assert (resources.files("materiel.evidence") / "scales" / f"{scale.name}.yaml").is_file()
    assert scale.url.startswith("https://")
    assert scale.references
    assert all("http" in reference for reference in scale.references)
    assert min(len(text) for text in (scale.title, scale.source)) > 5
    assert "Open:" in scale.note or "not seen again" in scale.note, "the note says what is open"
    assert scale.language in ("en", "fr")
    if not scale.partition:
        assert all(len(term.because) > 40 for term in scale.terms), "a band that no standard gives has a reason"


@pytest.mark.parametrize("scale", SCALES, ids=named)
def test_bands_are_percentages_in_rising_order(scale: Scale):
    assert all(0 <= term.low <= term.high <= 100 for term in scale.terms)
    assert all(term.low < term.high for term in scale.terms if term.said)
    middles = [(term.low + term.high) / 2 for term in scale.terms]
    assert middles == sorted(middles)
    assert scale.partition == all(below.high <= above.low for below, above in itertools.pairwise(scale.terms))


@pytest.mark.parametrize("scale", SCALES, ids=named)
def test_forms_are_plain_and_stand_once(scale: Scale):
    forms = [form for term in scale.terms for form in term.words]
    assert len(forms) == len(set(forms))
    assert [vocabulary.plain(form) for form in forms] == forms
    assert all(isinstance(form, str) for form in forms)
    assert not any("confiden" in form for form in forms), "confidence is no likelihood"


def test_a_hedge_means_either_a_likelihood_or_an_approximation():
    raw = yaml.safe_load((resources.files("materiel.evidence") / "approximations.yaml").read_text(encoding="utf-8"))
    forms = [form for languages in raw["meanings"].values() for listed in languages.values() for form in listed]
    assert sorted(raw["meanings"]) == ["about", "at least", "at most"]
    assert raw["note"]
    assert len(forms) == len(set(forms))
    assert [vocabulary.plain(form) for form in forms] == forms
    assert not {form for form in forms if vocabulary.owner(form)}
    assert vocabulary.words([]) == forms


@pytest.mark.parametrize(
    ("word", "scale", "band"),
    [
        ("likely", ICD_203, (0.55, 0.80)),
        ("remote", ICD_203, (0.01, 0.05)),
        ("Nearly  certain", ICD_203, (0.95, 0.99)),
        ("likely", PHIA, (0.55, 0.75)),
        ("realistic possibility", PHIA, (0.40, 0.50)),
        ("remote chance", ICD_203, None),
        ("like", ICD_203, None),
        ("probable", KENT, (0.63, 0.87)),
        ("almost certainly not", KENT, (0.02, 0.12)),
        ("impossible", KENT, (0.0, 0.0)),
        ("possible", KENT, None),
        ("SOUPÇONNANT", PRESSE, (0.30, 0.70)),
        (unicodedata.normalize("NFD", "soupçonnée"), PRESSE, (0.30, 0.70)),
        ("soupconnant", PRESSE, None),
        ("fort probable", PRESSE, (0.80, 0.95)),
        ("à peu près aussi probable qu\u2019improbable", PRESSE, (0.33, 0.66)),
        ("surtout", PRESSE, None),
    ],
)
def test_a_word_has_the_band_of_its_scale(word, scale, band):
    assert scale.band(word) == band


@pytest.mark.parametrize(
    "word",
    [
        *(
            "soupçonner",
            "soupçonné",
            "soupçonne",
            "soupçonnée",
            "estime",
            "estiment",
            "estiment que",
            "spéculations",
            "probable",
            "fort probable",
            "il est fort probable",
        ),
        *(
            "possible",
            "pourrait",
            "éventuel",
            "conditionnel",
            "serait",
            "aurait",
            "seraient",
            "devrait",
            "à confirmer",
            "sans doute",
            "vraisemblablement",
            "improbable",
        ),
    ],
)
def test_the_words_of_the_french_press_are_read(word):
    assert PRESSE.band(word) is not None


def test_stronger_words_have_higher_bands():
    words = ["très improbable", "spéculations", "possible", "soupçonné", "serait", "estiment", "probable", "fort probable", "quasi certain"]
    middles = [sum(PRESSE.band(word) or ()) / 2 for word in words]
    assert middles == sorted(middles)
    assert len(set(middles)) == len(middles)


@pytest.mark.parametrize(
    ("probability", "term"),
    [
        (0.0, "almost no chance"),
        (0.05, "almost no chance"),
        (0.0501, "very unlikely"),
        (0.20, "very unlikely"),
        (0.2001, "unlikely"),
        (0.45, "unlikely"),
        (0.4501, "roughly even chance"),
        (0.55, "roughly even chance"),
        (0.5501, "likely"),
        (0.80, "likely"),
        (0.8001, "very likely"),
        (0.95, "very likely"),
        (0.9501, "almost certain"),
        (1.0, "almost certain"),
    ],
)
def test_words_change_at_the_edges_of_icd_203(probability, term):
    assert ICD_203.word(probability) == term


@pytest.mark.parametrize(
    ("scale", "probability", "term"),
    [
        (PHIA, 0.07, "remote chance"),
        (PHIA, 0.075, "remote chance"),
        (PHIA, 0.08, "highly unlikely"),
        (PHIA, 0.525, "realistic possibility"),
        (PHIA, 0.53, "likely"),
        (PHIA, 0.925, "highly likely"),
        (PHIA, 0.93, "almost certain"),
        (KENT, 0.0, "almost certainly not"),
        (KENT, 0.16, "almost certainly not"),
        (KENT, 0.161, "probably not"),
        (KENT, 0.62, "probable"),
        (KENT, 1.0, "almost certain"),
    ],
)
def test_a_probability_in_a_gap_takes_the_nearer_word(scale, probability, term):
    assert scale.word(probability) == term


@pytest.mark.parametrize("scale", PARTITIONS, ids=named)
@given(st.floats(0.0, 1.0), st.floats(0.0, 1.0))
def test_words_rise_with_the_probability_and_come_from_the_first_row(scale, one, other):
    first = [term.words[0] for term in scale.terms if term.said]
    low, high = sorted((one, other))
    assert first.index(scale.word(low)) <= first.index(scale.word(high))
    assert not {"certain", "impossible"} & set(first)


@pytest.mark.parametrize("scale", PARTITIONS, ids=named)
def test_a_word_that_is_written_is_read_in_its_own_band(scale):
    for term in scale.terms:
        if term.said:
            assert scale.band(scale.word((term.low + term.high) / 200)) == (term.low / 100, term.high / 100)


def test_a_scale_whose_bands_overlap_writes_nothing():
    with pytest.raises(ValueError, match="presse-fr overlap"):
        PRESSE.word(0.5)


def test_an_unknown_scale_is_told_with_the_nearest():
    with pytest.raises(UnknownScaleError) as caught:
        vocabulary.load("icd203")
    assert (caught.value.found, caught.value.nearest) == ("unknown scale 'icd203'", "icd-203")
    assert caught.value.allowed == "icd-203, kent-1964, phia, presse-fr"
    assert str(caught.value) == caught.value.found
    assert isinstance(caught.value, KeyError)


def test_words_of_other_scales_are_told_by_their_owners():
    assert vocabulary.owner("remote chance") == ["phia"]
    assert vocabulary.owner("Probable") == ["icd-203", "kent-1964", "phia", "presse-fr"]
    assert vocabulary.owner("surtout") == []


@pytest.mark.parametrize(
    ("word", "meaning"),
    [
        ("about", "about"),
        ("Some", "about"),
        ("nearly", "about"),
        ("quelque", "about"),
        ("여", "about"),
        (unicodedata.normalize("NFD", "여"), "about"),
        ("more than", "at least"),
        ("over", "at least"),
        ("no fewer than", "at least"),
        ("plus de", "at least"),
        ("up to", "at most"),
        ("as many as", "at most"),
        ("jusqu\u2019à", "at most"),
        ("moins de", "at most"),
        ("likely", None),
        ("largement", None),
    ],
)
def test_words_of_approximation(word, meaning):
    assert vocabulary.approximation(word) == meaning


def test_words_for_suggestions_are_those_that_are_read():
    forms = vocabulary.words([ICD_203, PRESSE])
    assert {"likely", "soupçonnant", "at least"} <= set(forms)
    assert "realistic possibility" not in forms
    assert all(vocabulary.approximation(form) or ICD_203.band(form) or PRESSE.band(form) for form in forms)


def test_terms_know_how_far_a_probability_lies_outside():
    term = Term(("likely",), 55, 80)
    assert [term.distance(p) for p in (0.5, 0.55, 0.7, 0.8, 0.9)] == [0.05, 0.0, 0.0, 0.0, 0.1]
