from __future__ import annotations

import contextlib
import datetime
import json
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from materiel.errors import CaseError, Place
from materiel.evidence import citations
from materiel.evidence.citations import Entry, from_bibtex, from_csl, last_day, to_bibtex, to_csl
from materiel.evidence.latex import LatexError, decode, encode
from materiel.evidence.records import Source

ZOTERO = r"""@string{yna = "Yonhap " # "News"}
@comment{jabref-meta: databaseType:bibtex;}
@preamble{"\newcommand{\noop}[1]{}"}

@online{kim_lo_2023,
  title = {{{North Korea}} -- {Kim} orders 5\% more \emph{missiles} \& shells},
  author = {M{\"u}ller, J{\"o}rg and Garc{\'\i}a, Jos\'e and {Ministry of Defence and War} and Ludwig van Beethoven and others},
  date = {2023-08-14},
  url = {https://example.org/a_b?c=d%20e&f=~g},
  urldate = {2023-10-01},
  langid = {english},
  organization = yna,
  abstract = {Five % of everything, unread.},
  keywords = {arms,war},
  file = {/home/someone/a.pdf}
}

@ARTICLE(shells1915,
  Author = "King, Jr., Martin",
  Title = "The {"}shell{"} scandal: $\alpha$ and a $5 coin",
  Journal = {The Manchester~Guardian},
  Year = 1915, Month = may, Volume = {4}, Number = 7, Pages = {12--34},
  doi = {10.1000/a_b}
)

@techreport{report, title = {A report}, subtitle = {its end}, institution = {{CIA}}, year = {1984}}
@misc{page, title = {A page}, howpublished = {\url{https://example.org/x\_y}}, month = "14~" # aug, year = 2023, publisher = {P}}
@book{book, title = {R\'esum\'e}, publisher = {Ca{\ss}el}, date = {1998/1999-02}, isbn = {978-3}, note = {no date \textless 1900}}
"""


def read(text: str) -> dict[str, Entry]:
    return {entry.id: entry for entry in from_bibtex(text)}


def test_a_file_as_zotero_writes_it_is_read():
    found = read(ZOTERO)
    assert {name: entry.data for name, entry in found.items()} == {
        "kim_lo_2023": {
            "title": "North Korea \N{EN DASH} Kim orders 5% more missiles & shells",
            "author": ["Müller, Jörg", "García, José", "Ministry of Defence and War", "van Beethoven, Ludwig", "et al."],
            "published": "2023-08-14", "url": "https://example.org/a_b?c=d%20e&f=~g", "accessed": "2023-10-01", "language": "en",
            "publisher": "Yonhap News", "type": "webpage",
        },
        "shells1915": {
            "title": 'The "shell" scandal: \N{GREEK SMALL LETTER ALPHA} and a $5 coin', "author": ["King, Martin, Jr."], "container": "The Manchester\N{NO-BREAK SPACE}Guardian",
            "publisher": "The Manchester\N{NO-BREAK SPACE}Guardian", "published": "1915-05-31", "volume": "4", "issue": "7", "page": "12-34", "doi": "10.1000/a_b",
            "type": "article-journal",
        },
        "report": {"title": "A report: its end", "publisher": "CIA", "published": "1984-12-31", "type": "report"},
        "page": {"title": "A page", "url": "https://example.org/x_y", "published": "2023-08-14", "publisher": "P", "type": "webpage"},
        "book": {"title": "Résumé", "publisher": "Caßel", "published": "1999-02-28", "isbn": "978-3", "note": "no date <1900", "type": "book"},
    }  # fmt: skip


def test_entries_and_fields_have_places():
    found = read(ZOTERO)
    assert found["kim_lo_2023"].place == Place("sources.bib", 5)
    assert found["kim_lo_2023"].places["published"] == Place("sources.bib", 8)
    assert found["shells1915"].places["published"] == Place("sources.bib", 22)
    assert found["page"].places["url"] == Place("sources.bib", 27)


def test_what_an_entry_lacks_is_left_out_so_that_it_is_told_as_missing():
    assert read("@misc{a, title = {A}, date = {}}\n")["a"].data == {"title": "A", "type": "document"}


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("@misc{a, title = {A}, title = {B}}\n", ["sources.bib:1:1: field 'title' stands twice; each field once"]),
        (
            "@misc{a, title = {A\n@book{b, title = {B}}\n@misc{c\n",
            [
                "sources.bib:1:1: not BibTeX: Unexpected block start: `@book`. Was still looking for field-value closing `}`; an entry such as @online{id, title = {...}, ...}",
                "sources.bib:3:1: not BibTeX: Unexpectedly reached end of file; an entry such as @online{id, title = {...}, ...}",
            ],
        ),
        ("<html><body>no such page</body></html>\n", ["sources.bib:1:1: no entry in this file; entries such as @online{id, title = {...}, ...}"]),
        (
            "@misc{a, title = {A}} @misc{b, title = {B}}\nor @ misc{c, title = {C}}\n",
            ["sources.bib:2:1: an entry that does not start its line; @type{id, ...} at the start of a line"],
        ),
        ("@misc{a,\n title = {A \\frac},\n year = 2020}\n", ["sources.bib:2:1: title: 'A \\\\frac' cannot be read as LaTeX; plain words"]),
        (
            "@misc{a,\n author = {A, B, C, D, E and F}}\n",
            ["sources.bib:2:1: author: 'A, B, C, D, E' is not a name; `Family, Given`, or a name in braces, joined by `and`"],
        ),
    ],
)
def test_what_is_no_bibtex_is_told_with_its_line(content, told, capfd):
    with pytest.raises(CaseError) as error:
        from_bibtex(content)
    assert [str(problem) for problem in error.value.problems] == told
    assert capfd.readouterr() == ("", ""), "libraries keep silent"


@pytest.mark.parametrize(
    ("fields", "published"),
    [
        ("year = 1915", "1915-12-31"),
        ("year = 1915, month = feb", "1915-02-28"),
        ("year = {1916}, month = {February}", "1916-02-29"),
        ("year = 1916, month = 2", "1916-02-29"),
        ("year = 1916, month = {02}, day = {3}", "1916-02-03"),
        ('year = 1916, month = feb # "~3"', "1916-02-03"),
        ('year = 1916, month = "3 " # feb', "1916-02-03"),
        ("date = {1916-02}", "1916-02-29"),
        ("date = {1916-02-03T10:00:00}, year = 1917", "1916-02-03"),
        ("date = {1915/1916}", "1916-12-31"),
        ("date = {1915/}", "1915/"),
        ("date = {1915~}", "1915~"),
        ("date = {1915-13}", "1915-13"),
        ("year = {forthcoming}", "forthcoming"),
        ("year = 1915, month = {Trinity}", "1915 Trinity"),
        ("year = {c. 1915}", "c. 1915"),
        ("year = 1915, month = feb, day = {31}", "1915-02-31"),
    ],
)
def test_dates_are_days_or_stay_as_written(fields, published):
    assert read(f"@misc{{a, {fields}}}\n")["a"].data["published"] == published


@pytest.mark.parametrize(
    ("issued", "published"),
    [
        ({"date-parts": [[2023, 8, 14]]}, "2023-08-14"),
        ({"date-parts": [["2023", "8", "4"]]}, "2023-08-04"),
        ({"date-parts": [[2024, 2]]}, "2024-02-29"),
        ({"date-parts": [[1984]]}, "1984-12-31"),
        ({"date-parts": [[2023, 8, 1], [2023, 8, 14]]}, "2023-08-14"),
        ({"raw": "2023-08"}, "2023-08-31"),
        ({"literal": "forthcoming"}, "forthcoming"),
        ({"date-parts": [[1915]], "circa": True}, "about 1915"),
        ({"date-parts": [[-50]]}, "-50"),
        ({"date-parts": [[]]}, None),
        ({"date-parts": "x"}, None),
        ("2023-08-14", "2023-08-14"),
        (2023, "2023"),
        (None, None),
    ],
)
def test_dates_of_csl_are_days_or_stay_as_written(issued, published):
    assert from_csl({"id": "a", "issued": issued})[1].get("published") == published


def test_an_item_as_zotero_writes_it_is_read():
    item = {
        "id": "http://zotero.org/users/1/items/X", "citation-key": "kim2023", "type": "article-newspaper", "abstract": "unread", "container-title": "Paper",
        "title": "Kim orders", "volume": 4, "number": "7", "page": "12", "URL": "https://example.org", "language": "en", "DOI": None, "note": "",
        "author": [{"family": "Beethoven", "given": "Ludwig", "non-dropping-particle": "van"}, {"literal": "KCNA"}, {"family": "King", "given": "M.", "suffix": "Jr."}],
        "issued": {"date-parts": [[2023, 8, 14]]}, "accessed": {"date-parts": [["2023", 10, 1]]},
    }  # fmt: skip
    assert from_csl(item) == (
        "kim2023",
        {
            "type": "article-newspaper", "title": "Kim orders", "container": "Paper", "publisher": "Paper", "volume": "4", "issue": "7", "page": "12",
            "url": "https://example.org", "language": "en", "author": ["van Beethoven, Ludwig", "KCNA", "King, M., Jr."], "published": "2023-08-14",
            "accessed": "2023-10-01",
        },
    )  # fmt: skip


FULL = {
    "publisher": "yonhap", "title": "Kim & co: 5% more_shells", "published": "2023-08-14", "reliability": "C", "type": "article-newspaper",
    "author": ["Müller, Jörg", "Ministry of War and Munitions"], "container": "The Paper", "volume": "4", "issue": "7", "page": "12-34", "doi": "10.1000/a_b",
    "isbn": "978-3", "url": "https://example.org/a_b?c=%20&d=~e", "archive": "https://archive.example/1", "accessed": "2023-10-01", "language": "en",
    "licence": "CC BY 4.0", "note": "Two lines:\n  \"the second\" -- 'is' this.", "revisions": [{"known": "2024-01-01", "reliability": "E", "because": "{retracted}"}],
}  # fmt: skip


def test_bibtex_is_written_for_old_and_new_styles():
    assert (
        to_bibtex({"kim 2023": FULL}, {"yonhap": "Yonhap News Agency"})
        == r"""@article{kim+20+2023,
  author = {Müller, Jörg and {Ministry of War and Munitions}},
  title = {{Kim \& co: 5\% more\_shells}},
  journal = {The Paper},
  volume = {4},
  number = {7},
  pages = {12--34},
  publisher = {Yonhap News Agency},
  date = {2023-08-14},
  year = {2023},
  month = aug,
  archiveurl = {https://archive.example/1},
  doi = {10.1000/a_b},
  entrysubtype = {newspaper},
  isbn = {978-3},
  language = {en},
  licence = {CC BY 4.0},
  note = {Two lines:\newline{}{ }{ }"the second" -{}- 'is' this.},
  publisherid = {yonhap},
  reliability = {C},
  revisions = {[\textbraceleft{}"known": "2024-01-01", "reliability": "E", "because": "\textbraceleft{}retracted\textbraceright{}"\textbraceright{}]},
  sourceid = {kim 2023},
  url = {https://example.org/a_b?c=%20&d=~e},
  urldate = {2023-10-01},
}
"""
    )


def test_csl_has_its_own_fields_and_the_rest_under_custom():
    assert to_csl("kim", FULL, {"yonhap": "Yonhap News Agency"}) == {
        "id": "kim", "type": "article-newspaper", "title": FULL["title"], "container-title": "The Paper", "publisher": "Yonhap News Agency", "volume": "4", "issue": "7",
        "page": "12-34", "DOI": "10.1000/a_b", "ISBN": "978-3", "URL": FULL["url"], "language": "en", "note": FULL["note"],
        "author": [{"family": "Müller", "given": "Jörg"}, {"literal": "Ministry of War and Munitions"}],
        "issued": {"date-parts": [[2023, 8, 14]]}, "accessed": {"date-parts": [[2023, 10, 1]]},
        "custom": {"reliability": "C", "revisions": FULL["revisions"], "archive": "https://archive.example/1", "licence": "CC BY 4.0", "publisher-id": "yonhap"},
    }  # fmt: skip


def test_records_are_written_like_plain_data():
    record = Source.model_validate(FULL)
    assert to_csl("kim", record) == to_csl("kim", FULL)
    assert to_bibtex({"kim": record}) == to_bibtex({"kim": FULL})
    assert to_bibtex({"kim": FULL | {"published": datetime.date(2023, 8, 14)}}) == to_bibtex({"kim": FULL})


letters = st.characters(exclude_categories=["Cc", "Cs"])
words = st.text(st.one_of(letters, st.sampled_from("\n \\{}&%$#_~^\"-'`?!@=,|<>;")), min_size=1, max_size=30)
days = st.dates(min_value=datetime.date(1000, 1, 1)).map(str)
addresses = st.text(st.sampled_from("abc019/:._-~%&?=#$@,;+*()[]'\"é김"), min_size=1)
part = st.text(st.one_of(st.characters(categories=["L"]), st.sampled_from("-' .&")), min_size=1, max_size=12).map(str.strip).filter(bool)
names = st.one_of(
    st.lists(part, min_size=2, max_size=3).map(", ".join),
    words.filter(lambda name: "," not in name),
    st.sampled_from(["et al.", "others", "and", "A and B", "A, B, C, D"]),
)
types = st.sampled_from([*sorted(citations._BIBTEX_TYPES), "speech", "post-weblog", "article", "interview"])
revisions = st.lists(st.fixed_dictionaries({"known": days, "reliability": st.sampled_from("ABCDEF"), "because": words}), min_size=1, max_size=2)
sources = st.fixed_dictionaries(
    {"publisher": words, "title": words, "published": days, "type": types},
    optional={
        "reliability": st.sampled_from("ABCDEF"), "revisions": revisions, "author": st.lists(names, min_size=1, max_size=3), "container": words, "volume": words,
        "issue": words, "page": st.from_regex(r"[0-9]{1,4}(-[0-9]{1,4})?", fullmatch=True), "doi": addresses, "isbn": words, "url": addresses, "archive": addresses,
        "accessed": days, "language": st.sampled_from(["de", "en", "ko", "kok", "fil"]), "licence": words, "note": words,
    },
)  # fmt: skip
shelves = st.dictionaries(words, sources, min_size=1, max_size=3)


@given(words)
def test_latex_says_again_what_was_said(text):
    written = encode(text)
    assert decode(written) == text
    assert written.count("{") == written.count("}"), "BibTeX counts braces"


@given(shelves, st.data())
def test_bibtex_says_again_what_was_said(shelf, data):
    named = {source["publisher"]: data.draw(words) for source in shelf.values() if data.draw(st.booleans())}
    assert {entry.id: entry.data for entry in from_bibtex(to_bibtex(shelf, named))} == shelf


@given(shelves, st.data())
def test_csl_says_again_what_was_said(shelf, data):
    named = {source["publisher"]: data.draw(words) for source in shelf.values() if data.draw(st.booleans())}
    for name, source in shelf.items():
        item = json.loads(json.dumps(to_csl(name, source, named)))
        assert from_csl(item) == (name, source)


@given(st.text(max_size=60))
def test_any_text_is_read_as_latex_or_refused(raw):
    with contextlib.suppress(LatexError):
        assert isinstance(decode(raw), str)


@given(st.text(st.sampled_from('@misc{a, ="}#\\\n title1(x)&'), max_size=60))
def test_any_text_is_read_as_bibtex_or_refused(text):
    with contextlib.suppress(CaseError):
        assert all(entry.place.line >= 1 for entry in from_bibtex(text))


@given(st.dictionaries(st.sampled_from(["id", "type", "title", "author", "issued", "accessed", "custom", "number", "URL"]), st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4), lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(st.sampled_from(["date-parts", "raw", "literal", "family", "circa", "revisions", "publisher-id"]), inner, max_size=3), max_leaves=6,
)))  # fmt: skip
def test_any_item_is_read(item):
    name, data = from_csl(item)
    assert isinstance(name, str)
    assert "type" in data


@given(st.dates(min_value=datetime.date(1000, 1, 1), max_value=datetime.date(2020, 1, 1)))
def test_the_last_day_of_a_month_is_in_it_and_the_next_is_not(day):
    end = datetime.date.fromisoformat(last_day(f"{day:%Y-%m}"))
    assert (end.year, end.month) == (day.year, day.month)
    assert (end + datetime.timedelta(days=1)).day == 1


@pytest.mark.parametrize(
    ("written", "accessed", "day"),
    [
        ("2023", "2023-10-01", "2023-10-01"),
        ("2023-10", "2023-10-31", "2023-10-31"),
        ("2023-09", "2023-10-01", "2023-09-30"),
        ("2024", "2023-10-01", "2024-12-31"),
        ("2023-10-02", "2023-10-01", "2023-10-02"),
        ("2023", "2023-1x", "2023-12-31"),
        ("2023", "2023-13-01", "2023-12-31"),
        ("9998", "", "9998"),
        ("9998-11", "", "9998-11"),
        ("9997/9998", "", "9997/9998"),
        ("9998-11-01", "", "9998-11-01"),
    ],
)
def test_a_document_was_out_when_it_was_accessed_and_may_not_be_out_before_its_year_is_over(written, accessed, day):
    assert last_day(written, accessed) == day


def test_the_day_of_access_is_read_with_the_date():
    assert read("@misc{a, year = 2023, month = oct, urldate = {2023-10-05}}\n")["a"].data["published"] == "2023-10-05"
    assert from_csl({"id": "a", "issued": {"date-parts": [[2023]]}, "accessed": {"date-parts": [[2023, 10, 5]]}})[1]["published"] == "2023-10-05"


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ("fr-FR", "fr"), ("fr_ca", "fr"), ("French", "fr"), ("français", "fr"), ("Francais", "fr"), ("langfrench", "fr"), ("fra", "fr"), ("English", "en"),
        ("en-US", "en"), ("German", "de"), ("ngerman", "de"), ("Deutsch", "de"), ("Korean", "ko"), ("ko-Kore-KR", "ko"), ("한국어", "ko"), ("Russian", "ru"),
        ("русский", "ru"), ("fil", "fil"), (" en ", "en"), ("Klingon", "Klingon"), ("English and French", "English and French"),
    ],
)  # fmt: skip
def test_languages_are_codes_or_stay_as_written(written, code):
    assert citations.language(written) == code
    assert read(f"@misc{{a, langid = {{{written.strip()}}}}}\n")["a"].data["language"] == code
    assert from_csl({"id": "a", "language": written})[1]["language"] == code


def test_strings_that_double_again_and_again_are_refused():
    bomb = "@string{a0 = {0123456789}}\n" + "".join(f"@string{{a{i} = a{i - 1} # a{i - 1}}}\n" for i in range(1, 41))
    with pytest.raises(CaseError) as error:
        from_bibtex(bomb)
    assert [str(problem) for problem in error.value.problems] == [
        "sources.bib:20:1: strings make this file too long; at most 10000000 characters in all values"
    ]


def test_a_text_too_long_to_be_words_is_refused():
    with pytest.raises(CaseError, match=r"sources\.bib:2:1: title: 10001 characters, more than 10000; plain words"):
        from_bibtex(f"@misc{{a,\n title = {{${'_' * 10_000}}}}}\n")
    assert decode("$a_b$ and $5") == "a_b and $5"


def test_libraries_are_imported_only_when_needed():
    code = "import sys, materiel.case.loading, materiel.evidence.citations; print({'bibtexparser', 'pylatexenc', 'openpyxl'} & set(sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "set()"  # noqa: S603
