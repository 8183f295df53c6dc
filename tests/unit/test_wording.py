"""The report of a shipped case, read by a machine in both languages: its words, its numbers, its figures, its notes."""

from __future__ import annotations

import csv
import io
import itertools
import json
import math
import re
from html.parser import HTMLParser

import pytest

import materiel
from materiel import editions, language
from materiel.evidence import vocabulary
from materiel.language.phrase import Piece, phrase
from materiel.report import blocks, charts, html, paper, sections
from materiel.report.blocks import Fold, Paragraph

LANGUAGES = language.names()
CONFIDENCE = {"en": r"\bconfiden\w*", "fr": r"\bconfian\w*"}
MOST_BYTES = 5_000_000


@pytest.fixture(scope="module")
def run():
    return materiel.load("dprk-2023").run(draws=2000)


@pytest.fixture(scope="module")
def rivals(run):
    return run.rivals()


@pytest.fixture(scope="module")
def tellings(run, rivals):
    run.rivals = lambda: rivals
    earlier = materiel.load("dprk-2023").run(draws=2000, as_of="2023-06-30")
    return {name: html.tell(run, name, editions.before(earlier, run, name)) for name in LANGUAGES}


@pytest.fixture(scope="module")
def documents(tellings):
    return {name: sections.document(told) for name, told in tellings.items()}


@pytest.fixture(scope="module")
def pages(documents):
    return {name: html.page(document) for name, document in documents.items()}


def sentences(said) -> list[str]:
    """The sentences of a text: what ends with a stop before a blank and a capital."""
    return re.split(r"(?<=[.!?])\s+(?=[A-ZÀÉ])", str(phrase(said)))


def prose(document):
    """Yield the texts of paragraphs, lists and titles of figures: what is read as sentences and not looked up."""

    def walk(block):
        if isinstance(block, Paragraph):
            yield block.said
        if isinstance(block, blocks.Figure):
            yield block.title
        if not (isinstance(block, Fold) and block.paper == "never"):
            for inner in blocks.inside(block):
                yield from walk(inner)

    for section in document.sections:
        for block in section.blocks:
            yield from walk(block)


@pytest.mark.parametrize("name", LANGUAGES)
def test_likelihood_and_confidence_never_share_a_sentence(name, documents, run):
    scale = run.case.ledger.scales[0].in_words_of(name)
    likelihood = "|".join(re.escape(term.words[0]) for term in scale.terms)
    for said in documents[name].texts():
        for sentence in sentences(said):
            both = re.search(rf"\b({likelihood})\b", sentence, re.IGNORECASE) and re.search(CONFIDENCE[name], sentence, re.IGNORECASE)
            assert not both, sentence


@pytest.mark.parametrize("name", LANGUAGES)
def test_every_word_before_a_probability_is_of_the_one_scale_and_of_its_band(name, documents, run):
    scale = run.case.ledger.scales[0].in_words_of(name)
    bands = {term.words[0].casefold(): term for term in scale.terms}
    counted = 0
    for said in documents[name].texts():
        pieces = phrase(said).pieces
        for before, piece in itertools.pairwise(pieces):
            if isinstance(piece, Piece) and piece.of.endswith((".probability", ".posterior")) and isinstance(before, str) and before.endswith(" ("):
                word = re.split(r"[.:;] ", before.removesuffix(" ("))[-1].casefold()
                word = next((one for one in sorted(bands, key=len, reverse=True) if word.endswith(one)), word)
                assert word in bands, before
                assert scale.word(piece.value).casefold() == word, (before, piece)
                counted += 1
    assert counted > len(run.keys)


def test_no_word_of_another_scale_or_language_is_written(documents, run):
    """French words of likelihood stand in no English report, nor English ones in what the French report says itself."""
    scale = run.case.ledger.scales[0]
    english, french = ({term.words[0] for term in scale.in_words_of(name).terms} for name in ("en", "fr"))
    for name, foreign in (("en", french - english), ("fr", english - french)):
        for said in documents[name].texts():
            own = "".join(
                piece if isinstance(piece, str) else piece.text
                for piece in phrase(said).pieces
                if not (isinstance(piece, Piece) and piece.kind in ("foreign", "name"))
            )
            assert not [word for word in foreign if re.search(rf"\b{re.escape(word)}\b \(\d", own, re.IGNORECASE)], own


def figures_of(text: str) -> int:
    """The significant figures of a number as it is written."""
    digits = re.sub(r"\D", "", text)
    return len(digits.strip("0"))


def written(piece: Piece, of: language.Language) -> str:
    found = re.search(r"-?\d[\d.,\u202f]*", piece.text)
    return found[0].replace(of.thousands, "").replace(of.decimal, ".").rstrip(".") if found else ""


@pytest.mark.parametrize("name", LANGUAGES)
def test_no_number_in_prose_has_more_than_two_figures(name, documents):
    counted = 0
    for said in prose(documents[name]):
        for piece in phrase(said).marked:
            if piece.kind == "number" and not piece.of.endswith(".threshold"):  # a bound is said as the case has it
                assert figures_of(written(piece, language.load(name))) <= 2, (str(phrase(said)), piece)
                counted += 1
    assert counted > 50


@pytest.mark.parametrize("name", LANGUAGES)
def test_no_number_stands_in_a_judgement_that_is_not_of_the_run(name, tellings, run):
    """Whatever digits a judgement has besides its marked numbers are those of the case's own words, of a range (50, 90 %) or of a day."""
    telling = tellings[name]
    from materiel.report.judgements import sentence

    for key in run.keys:
        said = sentence(telling, run.questions[key])
        rest = "".join(piece if isinstance(piece, str) else "" for piece in said.pieces)
        for own in (
            telling.asked(key),
            telling.texts.judgement(key, run.questions[key].asked.judgement),
            telling.word("span", middle="", lower="", upper="", low="", high=""),
        ):
            for part in re.findall(r"\d+", str(own)):
                rest = rest.replace(part, "", 1)
        assert not re.search(r"\d", rest), rest


def value_of(piece: Piece, run, rivals):
    """The number of `run --json` or `weigh --json` that a piece says that it is."""
    head, _, rest = piece.of.partition(".")
    weighed = rivals.json()
    if head == "hypotheses":
        hypothesis, field = rest.split(".")
        return next(one for one in weighed["hypotheses"] if one["id"] == hypothesis)[field]
    if head in ("without", "even"):
        found = weighed[head]
        for part in rest.split("."):
            found = found[part]
        return found
    plain = {one["id"]: one for one in run.json()["questions"]}[head]
    if rest.startswith("drivers."):
        return plain["drivers"][rest.removeprefix("drivers.")]
    return next(iter(plain["threshold"].values())) if rest == "threshold" else plain[rest]


def says(piece: Piece, of: language.Language, unit: str) -> float:
    """The number that a piece shows, with its word of scale, which may be that of its unit."""
    number = float(written(piece, of))
    if unit.startswith("M"):
        return number
    if re.search(r"milliard|billion", piece.text):
        return number * 1e9
    if re.search(r"million", piece.text):
        return number * 1e6
    return number


@pytest.mark.parametrize("name", LANGUAGES)
def test_every_number_is_that_of_the_json(name, documents, run, rivals):
    spoken = language.load(name)
    seen: set[str] = set()
    for said in documents[name].texts():
        for piece in phrase(said).marked:
            if piece.kind != "number" or not piece.of:
                continue
            assert piece.value == value_of(piece, run, rivals), piece
            asked = run.questions.get(piece.of.split(".")[0])
            shown, whole = says(piece, spoken, asked.asked.unit if asked else ""), piece.value
            if "%" in piece.text:
                whole *= 100
                bounded = spoken.word("below", share="").strip() in piece.text or spoken.word("above", share="").strip() in piece.text
                assert abs(shown - whole) <= (2 if bounded else 0.5 + 1e-9), piece
            elif shown == 0:  # next to nothing beside its range
                ends = [run.questions[piece.of.split(".")[0]].quantiles[percent] for percent in (5, 95)]
                assert abs(whole) <= max(abs(end) for end in ends if end is not None) / 20 or whole == 0, piece
            else:
                digits = 10 ** (math.floor(math.log10(abs(whole))) - 1)
                assert abs(shown - whole) <= 0.5 * digits * (1 + 1e-9) or shown == pytest.approx(whole, rel=5e-6), piece
            seen.add(piece.of)
    asked = run.json()["questions"]
    assert {f"{one['id']}.p50" for one in asked if one["p50"] is not None} <= seen
    assert {f"{one['id']}.probability" for one in asked if "probability" in one} <= seen
    assert {f"hypotheses.{one}.posterior" for one in run.case.hypotheses} <= seen


@pytest.mark.parametrize("name", LANGUAGES)
def test_every_chart_has_a_unit_a_title_and_its_data(name, documents, run):
    figures = list(documents[name].figures())
    assert {one.id for one in figures} >= set(run.curves)
    for one in figures:
        assert str(phrase(one.title)), one.id
        assert str(phrase(one.measure)), one.id
        assert str(phrase(one.foot)), one.id
        assert "nan" not in one.wide, one.id
        if one.id != "flow":  # who feeds whom has no amounts
            assert one.about["unit"], one.id
            assert one.about["dc:license"], one.id
            assert one.rows, one.id
            assert all(len(row) == len(one.columns) for row in one.rows), one.id
        if one.id in run.curves:
            said = language.load(name).unit(run.curves[one.id].unit)
            assert said in str(phrase(one.measure)), one.id
            assert any(said.split("/")[0].rstrip("s") in text for text in re.findall(r'<text class="tick" x="2"[^>]*>([^<]*)', one.wide)), one.id


def read_number(text: str, of: language.Language) -> float:
    """The number that a cell shows, with the word of its scale."""
    number = float(re.match(r"-?[\d.,\u202f]+", text)[0].replace(of.thousands, "").replace(of.decimal, "."))
    scales = {"million": 1e6, "billion": 1e9}
    return number * next((factor for name, factor in scales.items() if re.search(rf" {re.escape(of.counted_in(name, '', number))}$", text)), 1.0)


def near(shown: float, whole: float, width: float) -> bool:
    """Say whether a number is shown to two figures at least; nought stands for what is next to nothing beside its range."""
    return abs(whole) <= width / 1000 if shown == 0 else abs(shown - whole) <= 0.05 * abs(whole)


@pytest.mark.parametrize("name", LANGUAGES)
def test_the_table_the_data_and_the_labels_of_a_fan_chart_are_those_of_its_curve(name, documents, run):
    """They carry no mark, for `--json` has no curves: they are held against the curves of the run."""
    of, case, counted = language.load(name), run.case, 0
    for figure in documents[name].figures():
        curve = run.curves.get(figure.id)
        if curve is None:
            continue
        column = {of.date(case.date(float(day)), short=True): curve.quantiles[:, i] for i, day in enumerate(curve.days)}
        (fold,) = (one for one in figure.more if isinstance(one, Fold))
        (table,) = fold.blocks
        for row in table.rows:
            day, *cells = map(str, row.cells)
            for text, whole in zip(cells, column[day], strict=True):
                assert near(read_number(text, of), whole, column[day][-1] - column[day][0]), (figure.id, day, text, whole)
                counted += 1
        iso = {case.date(float(day)).isoformat(): curve.quantiles[:, i] for i, day in enumerate(curve.days)}
        for kind, day, _, *values in figure.rows:
            if kind == "run":
                assert values[:5] == pytest.approx(iso[day].tolist(), rel=1e-5), (figure.id, day)
        for drawn in (figure.wide, figure.narrow):
            ends = re.findall(r'<text class="label"[^>]*>[^<]*?(-?[\d.,\u202f]+)</text>', drawn)
            assert len(ends) == 5
            shown = [float(end.replace(of.thousands, "").replace(of.decimal, ".")) for end in ends]
            last = charts.bare(curve).quantiles[::-1, -1]  # the highest is drawn first
            scale = next(factor for factor in (1.0, 1e3, 1e6, 1e9) if near(shown[0] * factor, last[0], last[0] - last[4]))
            assert all(near(one * scale, whole, last[0] - last[4]) for one, whole in zip(shown, last, strict=True)), (figure.id, shown)
    assert counted > 300


class Read(HTMLParser):
    """What a page refers to and what it has."""

    def __init__(self) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.aims: set[str] = set()
        self.fetched: list[str] = []
        self.foreign: set[str] = set()
        self.held = ""
        self._held = False

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        self.ids += [given["id"]] if given.get("id") else []
        if tag == "a":
            self.aims |= {given["href"][1:]} if given["href"].startswith("#") else set()
        elif given.get("src") or given.get("href"):
            self.fetched.append(str(given))
        if tag == "span" and given.get("lang"):
            self.foreign.add(given["lang"])
        self._held = given.get("id") == "held"

    def handle_data(self, data):
        if self._held:
            self.held += data
            self._held = False


def read(page: str) -> Read:
    made = Read()
    made.feed(page)
    return made


@pytest.mark.parametrize("name", LANGUAGES)
def test_every_note_resolves_and_nothing_is_fetched(name, pages):
    found = read(pages[name])
    assert found.aims - set(found.ids) == set()
    assert len(found.ids) == len(set(found.ids))
    assert found.fetched == []
    assert not re.search(r"@import|url\(", pages[name])
    assert len(pages[name].encode()) < MOST_BYTES
    assert len(found.aims) > 100


@pytest.mark.parametrize("name", LANGUAGES)
def test_the_data_of_figures_stand_in_the_page(name, pages, documents):
    held = json.loads(read(pages[name]).held)
    assert held["figures"].keys() == {one.id for one in documents[name].figures()}
    table = io.StringIO()
    one = held["figures"]["shipped-2023"]
    csv.writer(table).writerows([one["columns"], *one["rows"]])
    rows = list(csv.DictReader(io.StringIO(table.getvalue())))
    assert {row["kind"] for row in rows} == {"run"}
    assert float(rows[-1]["p95"]) > float(rows[-1]["p50"]) > 0
    observed = [row for row in held["figures"]["inspections-seen"]["rows"] if row[0] == "observation"]
    assert observed
    assert {source["id"] for source in held["figures"]["inspections-seen"]["about"]["sources"]} == {row[-2] for row in observed}


def test_the_french_report_says_what_is_not_french(pages, run):
    found = read(pages["fr"])
    assert "en" in found.foreign
    assert "fr" not in found.foreign
    assert "en" not in read(pages["en"]).foreign
    assert (found.foreign | read(pages["en"]).foreign) - {"en", "fr"} <= {one.language for one in run.case.ledger.sources.values()}
    assert '<html lang="fr">' in pages["fr"]


def test_sections_stand_in_the_order_of_a_report(documents):
    order = [section.id for section in documents["en"].sections]
    wanted = [
        "judgements",
        "mind",
        "rivals",
        "beliefs",
        "changed",
        "over-time",
        "questions",
        "assumptions",
        "gaps",
        "examined",
        "forecasts",
        "flow",
        "sources",
        "run",
    ]
    assert order == wanted
    assert [section.id for section in documents["fr"].sections] == wanted


def test_the_words_of_both_languages_differ_and_their_numbers_do_not(documents):
    numbers = {
        name: [(piece.of, piece.value) for said in document.texts() for piece in phrase(said).marked if piece.kind == "number"]
        for name, document in documents.items()
    }
    assert numbers["en"] == numbers["fr"]
    titles = {name: [str(phrase(section.title)) for section in document.sections] for name, document in documents.items()}
    assert not set(titles["en"]) & set(titles["fr"]) - {"Forecasts"}


def test_what_a_pdf_has_no_letters_for_stands_in_it_in_translation(documents):
    for document in documents.values():
        printed = json.dumps(paper.plain(document), ensure_ascii=False)
        quotes = [block for section in document.sections for block in walk(section.blocks) if isinstance(block, blocks.Quote)]
        korean = [one for one in quotes if re.search("[\uac00-\ud7af]", str(phrase(one.words)))]
        assert korean
        assert all(json.dumps(str(phrase(one.translation)), ensure_ascii=False)[1:-1] in printed for one in korean if one.translation)
        assert not re.search("[\u3040-\u30ff\u4e00-\u9fff\uac00-\ud7af]", printed)


def walk(held):
    """Yield blocks and all that they hold."""
    for block in held:
        yield block
        yield from walk(list(blocks.inside(block)))


def test_the_scale_is_one_that_writes(run):
    assert run.case.ledger.scales[0].partition
    assert run.case.ledger.scales[0].name in vocabulary.names()


def test_the_pdf_says_what_the_page_says(documents, tmp_path):
    pytest.importorskip("typst", reason="the extra `pdf`")
    for name, document in documents.items():
        path = paper.write(document, tmp_path / f"{name}.pdf")
        assert path.read_bytes().startswith(b"%PDF")


def printed(block):
    """Yield the texts of what a PDF has of a block."""
    if isinstance(block, Fold) and block.paper == "never":
        return
    held = set() if isinstance(block, Fold) and block.paper == "after" else None  # its summary gives way to what the number is
    inner = [text for one in blocks.inside(block) for text in blocks.texts(one)]
    yield from (said for said in blocks.texts(block) if held is None and said not in inner)
    for one in blocks.inside(block):
        yield from printed(one)


@pytest.mark.parametrize("name", LANGUAGES)
def test_what_is_printed_is_what_the_page_has(name, documents):
    held = json.dumps(paper.plain(documents[name]), ensure_ascii=False)
    kept = {section["id"] for section in paper.plain(documents[name])["sections"]}
    assert kept - {section.id for section in documents[name].sections} == {"appendix"}
    assert {section.id for section in documents[name].sections} - kept == {"assumptions", "beliefs"}, "the numbers stand at the end, and nothing moves on paper"
    for key in ("judgements", "mind", "rivals", "gaps"):
        section = next(one for one in documents[name].sections if one.id == key)
        for block in section.blocks:
            for said in printed(block):
                assert all(json.dumps(str(piece), ensure_ascii=False)[1:-1] in held for piece in phrase(said).pieces), str(phrase(said))
    drawn = [one for one in documents[name].figures() if one.id != "assumed"]
    assert held.count("<svg ") == len(drawn)
    assert "var(--" not in held
