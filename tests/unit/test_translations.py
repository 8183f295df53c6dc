"""What a French reader is shown of the shipped cases: translated throughout, but for quotes, reasons and names."""

from __future__ import annotations

import re

import pytest

import materiel
from materiel import language
from materiel.analysis import frozen
from materiel.case import translation
from materiel.case.files import shelf
from materiel.case.loading import load
from materiel.language.phrase import Piece, phrase
from materiel.report import blocks, html, sections
from materiel.report.grounds import uncertain

FRENCH = language.load("fr")
SECTIONS = ("questions", "hypotheses", "scenarios", "actors", "origins", "publishers")
"""What a translation has by id, all of it."""
TOLD = re.compile(r"\b(quot(ing|ed)|carried|copy|copying|excerpt\w*|scan|text|report|weblog|authors|this case|edition)\b", re.IGNORECASE)
"""English in what a publisher is called, beside its name."""


@pytest.fixture(scope="module", params=sorted(folder.name for folder in shelf().iterdir() if (folder / "case.yaml").is_file()))
def case(request):
    return load(request.param)


@pytest.fixture(scope="module")
def run(case):
    made = materiel.load(case.name).run(draws=500)
    rivals = made.rivals()
    made.rivals = lambda: rivals
    return made


@pytest.fixture(scope="module")
def documents(run):
    return {name: sections.document(html.tell(run, name)) for name in language.names()}


@pytest.fixture(scope="module")
def document(documents):
    return documents["fr"]


def test_every_question_hypothesis_actor_origin_and_publisher_has_a_french_name(case):
    translation.check(case)
    said = translation.texts(case, "fr").given
    assert said.title
    assert bool(said.summary) == bool(case.summary)
    assert said.forecasts.keys() == {path.stem for path, (one, _) in (frozen.held(case) if frozen.files(case) else {}).items() if one.note}
    known = {"origins": case.whole.origins, "publishers": case.whole.publishers}
    for section in SECTIONS:
        wanted = set(known.get(section) or getattr(case, section))
        assert wanted - set(getattr(said, section)) == set(), section
    assert {name for name, one in case.questions.items() if one.judgement and not said.questions[name].judgement} == set()
    assert {name for name, one in case.questions.items() if isinstance(one.fan, str) and not said.questions[name].fan} == set()


@pytest.mark.parametrize("name", language.names())
def test_every_number_that_may_drive_an_answer_and_every_decision_has_a_name(case, run, name):
    """Numbers stand among drivers, decisions on the axis of charts: nobody reads an identifier there. In the picture of flows, English makes names of identifiers."""
    wanted = {one.stream for one in uncertain(run.program)} | {path for path in case.components if ".directives." in path}
    assert wanted - translation.texts(case, name).given.names.keys() == set()


def test_what_is_translated_is_written_as_french_is(case):
    """No English apostrophe or quote, and a space before every double sign."""
    said = translation.texts(case, "fr").given
    texts = [said.title, said.summary, *(text for one in said.questions.values() for text in (one.text, one.judgement, one.fan))]
    texts += [text for section in (said.hypotheses, said.scenarios, said.actors, said.origins, said.publishers, said.names) for text in section.values()]
    for text in texts:
        assert not re.search(r"['\"“”]", text), text
        assert not re.search(r"[^\s«][;:?!»]|«\S| [.,]", re.sub(r"https?:\S+", "", text)), text
        assert not re.search(r" [;:?!»]|« | %", FRENCH.spaced(text)), "a line may break there"
    for text in [*said.hypotheses.values(), *(one.judgement for one in said.questions.values() if one.judgement)]:
        assert text[0].islower(), f"{text}: it stands after a colon"
        assert not text.endswith("."), text


def test_whatever_is_not_french_is_a_quote_a_reason_or_a_name(case, run, document):
    """All that the French report marks as English was written by a source, is the reason of a number, or names who published it."""
    ledger = case.whole
    own = {text for one in ledger.claims.values() for text in (one.statement, one.note, one.doubt, one.quote, one.translation, one.hedge)}
    own |= {prior.because for _, whole in run.program.priors for prior in (whole.mix or (whole,))}
    own |= {prior.because for given in run.inputs.values() for prior in given.priors}
    publishers = {one.publisher for one in ledger.sources.values()}
    told = [
        piece.text for said in document.texts() for piece in phrase(said).pieces if isinstance(piece, Piece) and (piece.kind, piece.of) == ("foreign", "en")
    ]
    assert told
    left = set(told) - own
    assert left - publishers == set()
    assert {one for one in left if TOLD.search(one)} == set()


def test_charts_have_no_word_that_is_not_translated(case, documents):
    """What stands in a chart is marked by nobody: a name of a question, an event, a component or a driver that is one of the English page is the French one as well."""
    english = {figure.id: figure for figure in documents["en"].figures()}
    given = translation.texts(case, "fr").given
    ours, shown = [*given.origins.values(), *given.actors.values(), *given.names.values(), *given.publishers.values()], 0
    for figure in documents["fr"].figures():
        there = set(re.findall(r">([^<>]*[a-z]{4}[^<>]*)</text>", english[figure.id].wide))
        here = set(re.findall(r">([^<>]*[a-z]{4}[^<>]*)</text>", figure.wide))
        shown += len(here)
        alike = {text.rstrip("…") for text in here & there if not re.match(r"[\d.,]+ \w+", text)}  # projectiles are French as well
        assert {text for text in alike if not any(one.startswith(text) for one in ours)} == set(), figure.id
    assert shown > 10


def test_the_french_report_says_once_that_the_ledger_is_not_french(document):
    said = [str(phrase(text)) for text in document.texts()]
    assert sum(FRENCH.word("in its own words") in text for text in said) == 1


def test_no_block_of_the_french_report_is_empty(document):
    """Every translated text is there: nothing was left blank for want of a word."""
    for section in document.sections:
        assert str(phrase(section.title))
        for block in section.blocks:
            assert not isinstance(block, blocks.Paragraph) or str(phrase(block.said)), section.id
