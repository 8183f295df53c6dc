"""Sources as other programs keep them: CSL-JSON and BibTeX, read and written.

A source is plain data here, with the keys of `sources.yaml`; whoever reads it checks it. What neither format has a place for (reliability, revisions, archive,
licence, id of the publisher) stands in fields of our own in BibTeX and under `custom` in CSL-JSON. What we have no place for is dropped: abstracts, keywords,
editors, files, identifiers other than DOI and ISBN.

A date that gives only a month or a year is its last day, because a document cannot be used before it was surely out, or the day of access within it; a range is
its end. What is no exact date ("about 1915", "forthcoming", a year that is not over) stays as written, so that it is refused where it stands. Languages, which
these formats write in many ways, become their codes.
"""

from __future__ import annotations

import calendar
import contextlib
import datetime
import json
import logging
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from materiel.errors import CaseError, Place, Problem
from materiel.evidence.latex import LatexError, decode, encode
from materiel.evidence.records import Source

_CUSTOM = ("reliability", "revisions", "archive", "licence")
CSL_KEYS = {"published": "issued", "container": "container-title", "url": "URL", "doi": "DOI", "isbn": "ISBN"} | dict.fromkeys(_CUSTOM, "custom")
"""Our key to that of CSL, where they differ."""

MOST = 10_000_000
"""Characters that the values of a BibTeX file may have in all once its strings are put in."""

DEFAULT_TYPE = "webpage"
"""Type of a source that gives none."""

_SAME = ("title", "container", "publisher", "volume", "issue", "page", "doi", "isbn", "url", "language", "note")

_BIBTEX_TYPES = {
    "article-journal": ("article", ""), "article-newspaper": ("article", "newspaper"), "article-magazine": ("article", "magazine"), "book": ("book", ""),
    "chapter": ("incollection", ""), "paper-conference": ("inproceedings", ""), "thesis": ("phdthesis", ""), "report": ("techreport", ""), "webpage": ("online", ""),
    "dataset": ("dataset", ""), "software": ("software", ""), "patent": ("patent", ""), "legislation": ("legislation", ""), "legal_case": ("jurisdiction", ""),
    "manuscript": ("unpublished", ""), "periodical": ("periodical", ""), "entry-encyclopedia": ("inreference", ""), "document": ("misc", ""),
    "motion_picture": ("movie", ""), "broadcast": ("video", ""), "standard": ("standard", ""), "review": ("review", ""), "map": ("misc", "map"),
}  # fmt: skip
"""BibTeX's type and `entrysubtype` for a type of CSL; any other is a @misc with our own field `csltype`."""
_CSL_TYPES = {wanted: name for name, wanted in _BIBTEX_TYPES.items()} | {
    (other, ""): name
    for name, others in {
        "webpage": ("www", "electronic"), "report": ("report", "manual", "booklet"), "chapter": ("inbook", "suppbook"), "paper-conference": ("conference",),
        "book": ("proceedings", "collection", "mvbook", "reference"), "thesis": ("thesis", "mastersthesis"), "broadcast": ("audio",),
    }.items()
    for other in others
}  # fmt: skip

_HOUSES = {"report": "institution", "thesis": "school", "webpage": "organization"}
"""BibTeX's word for a publisher, by type."""
_PARTS = {"chapter": "booktitle", "paper-conference": "booktitle", "entry-encyclopedia": "booktitle"}
"""BibTeX's word for what a document stands in, by type."""
_FIELDS = {
    "title": ("title",), "container": ("journaltitle", "journal", "booktitle", "titleaddon"), "volume": ("volume",), "issue": ("number", "issue"), "page": ("pages",),
    "doi": ("doi",), "isbn": ("isbn",), "url": ("url",), "archive": ("archiveurl",), "language": ("language", "langid"),
    "licence": ("licence", "license", "rights", "copyright"), "note": ("note",), "reliability": ("reliability",),
    "publisher": ("publisherid", "publisher", "institution", "organization", "school", "journaltitle", "journal", "booktitle", "titleaddon"),
}  # fmt: skip
"""Where BibTeX files keep what we read, the first that is there; a newspaper is its own publisher."""
_LANGUAGES = {
    "de": "german ngerman deutsch austrian naustrian swissgerman nswissgerman deu ger", "en": "english american british usenglish ukenglish australian canadian eng",
    "es": "spanish español espanol castellano spa", "fr": "french français francais acadian canadien fra fre", "it": "italian italiano ita",
    "ja": "japanese 日本語 jpn", "ko": "korean 한국어 조선말 kor", "pl": "polish polski pol", "pt": "portuguese português portugues brazilian brazil portuges por",
    "ru": "russian русский rus", "sr": "serbian serbianc српски srpski srp", "uk": "ukrainian українська ukr", "zh": "chinese 中文 汉语 漢語 zho chi",
    "ar": "arabic العربية ara", "cs": "czech čeština cestina ces cze", "fa": "persian farsi فارسی fas per", "he": "hebrew עברית heb", "hu": "hungarian magyar hun",
    "nl": "dutch nederlands nld dut", "ro": "romanian română ron rum", "sv": "swedish svenska swe", "tr": "turkish türkçe tur",
}  # fmt: skip
"""Code of a language to what people, babel and library catalogues call it."""
_CODES = {name: code for code, names in _LANGUAGES.items() for name in names.split()}
_VERBATIM = ("url", "doi", "archive")
_MONTHS = [name.lower() for name in calendar.month_abbr]
_NO_KEY = re.compile(r"[\s{}\"#%~\\=,'()@]")


@dataclass(frozen=True)
class Entry:
    """One entry of a BibTeX file: its id, the source as plain data, where it starts and where each key was read."""

    id: str
    data: dict[str, Any]
    place: Place
    places: dict[str, Place] = field(default_factory=dict[str, Place])


def last_day(written: str, accessed: str = "") -> str:
    """Return the last day that an ISO date, a month, a year, or a range of them covers, or the day of access if it falls within: it was out by then.

    A month or a year that is not over, and anything else, is returned as it is written.
    """
    end = written.rpartition("/")[2].strip() if written.count("/") == 1 else written.strip()
    found = re.fullmatch(r"(\d{4})(?:-(\d\d))?(?:-(\d\d))?(?:T.*)?", end)
    year, month, day = (int(part) if part else 0 for part in found.groups()) if found else (0, 0, 0)
    try:
        first, last = datetime.date(year, month or 1, day or 1), datetime.date(year, month or 12, day or calendar.monthrange(year, month or 12)[1])
    except ValueError:
        return written
    with contextlib.suppress(ValueError):
        if first <= datetime.date.fromisoformat(accessed) <= last:
            return accessed
    return last.isoformat() if day or last <= datetime.datetime.now(tz=datetime.UTC).date() else written


def language(written: str) -> str:
    """Return the code of a language that is written as a tag or a name (fr-FR, French, français, ngerman); anything else as it is written."""
    name = written.strip().lower()
    name = _CODES.get(name.removeprefix("lang"), name)
    tag = re.fullmatch(r"([a-z]{2,3})(?:[-_][a-z0-9]{1,8})*", name)
    return _CODES.get(tag[1], tag[1]) if tag else written


def to_csl(name: str, source: Source | Mapping[str, Any], publishers: Mapping[str, str] | None = None) -> dict[str, Any]:
    """Return a source as an item of CSL-JSON; `publishers` gives the names of those that sources name by id."""
    data = _plain(source)
    item: dict[str, Any] = {"id": name, "type": data.get("type", DEFAULT_TYPE)}
    item |= {CSL_KEYS.get(key, key): str(data[key]) for key in _SAME if key in data}
    item["author"] = [_csl_name(author) for author in data.get("author", [])]
    item |= {CSL_KEYS.get(key, key): _csl_date(data[key]) for key in ("published", "accessed") if key in data}
    item["custom"] = {key: data[key] for key in _CUSTOM if key in data}
    if data.get("publisher") in (publishers or {}):
        item["custom"]["publisher-id"] = data["publisher"]
        item["publisher"] = (publishers or {})[data["publisher"]]
    return {key: value for key, value in item.items() if value not in ([], {})}


def from_csl(item: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """Return the id and the source that an item of CSL-JSON describes; the id is empty where it has none."""
    custom = _mapping(item.get("custom"))
    given = {key: _word(item.get(CSL_KEYS.get(key, key))) for key in _SAME}
    given["issue"] = given["issue"] or _word(item.get("number"))
    given["publisher"] = _word(custom.get("publisher-id")) or given["publisher"] or _word(item.get("authority")) or given["container"]
    given |= {key: custom.get(key) if key == "revisions" else _word(custom.get(key)) for key in _CUSTOM}
    given["type"] = _word(item.get("type")) or DEFAULT_TYPE
    given["author"] = [_our_name(author) for author in _list(item.get("author"))]
    given["language"] = language(given["language"]) if isinstance(given["language"], str) else given["language"]
    given["accessed"] = _our_date(item.get("accessed"))
    given["published"] = _our_date(item.get("issued"), str(given["accessed"]))
    return str(_word(item.get("citation-key")) or _word(item.get("id")) or ""), {key: value for key, value in given.items() if value not in (None, "", [])}


def to_bibtex(sources: Mapping[str, Source | Mapping[str, Any]], publishers: Mapping[str, str] | None = None) -> str:
    """Return sources as a BibTeX file, in Unicode; `publishers` gives the names of those that sources name by id."""
    return "\n".join(_bibtex(name, _plain(source), publishers or {}) for name, source in sources.items())


def _bibtex(name: str, data: dict[str, Any], publishers: Mapping[str, str]) -> str:
    kind = str(data.get("type", DEFAULT_TYPE))
    entry, subtype = _BIBTEX_TYPES.get(kind, ("misc", ""))
    made = {key: encode(str(data[key])) for key in ("title", "volume", "isbn", "language", "licence", "note", "reliability") if key in data}
    made |= {_FIELDS[key][0]: _address(str(data[key])) for key in _VERBATIM if key in data}
    made |= {"number": encode(str(data["issue"]))} if "issue" in data else {}
    made |= {"pages": encode(str(data["page"])).replace("-{}-", "--").replace("-", "--").replace("----", "--")} if "page" in data else {}
    made |= {_PARTS.get(kind, "journal"): encode(str(data["container"]))} if "container" in data else {}
    made |= {"author": " and ".join(_bibtex_name(author) for author in data["author"])} if data.get("author") else {}
    made |= {"entrysubtype": subtype} if subtype else {}
    made |= {"csltype": encode(kind)} if _csl_type(entry, made) != kind else {}
    made |= {"urldate": str(data["accessed"])} if "accessed" in data else {}
    made |= {"revisions": encode(json.dumps(data["revisions"], ensure_ascii=False, default=str))} if data.get("revisions") else {}
    if "publisher" in data:
        house = str(data["publisher"])
        made |= {_HOUSES.get(kind, "publisher"): encode(publishers.get(house, house))} | ({"publisherid": encode(house)} if house in publishers else {})
    if "published" in data:
        day = str(data["published"])
        made |= {"date": day, "year": day[:4], "month": _MONTHS[int(day[5:7])]}  # older styles know no `date`
    key = _NO_KEY.sub(lambda found: f"+{ord(found[0]):x}+", name)
    made |= {"sourceid": encode(name)} if key != name else {}
    made["title"] = f"{{{made['title']}}}" if "title" in made else "{}"  # a second pair of braces keeps styles from changing its letters
    bare = {"month"}
    lines = [f"  {name} = {value if name in bare else f'{{{value}}}'}," for name, value in sorted(made.items(), key=lambda item: _order(item[0]))]
    return "\n".join([f"@{entry}{{{key},", *lines, "}", ""])


def _order(name: str) -> tuple[int, str]:
    first = (
        "author",
        "title",
        "journal",
        "booktitle",
        "volume",
        "number",
        "pages",
        "publisher",
        "institution",
        "school",
        "organization",
        "date",
        "year",
        "month",
    )
    return (first.index(name) if name in first else len(first), name)


def from_bibtex(text: str, shown: str = "sources.bib") -> list[Entry]:
    """Return the entries of a BibTeX file, with `shown` as its name. Raises CaseError with everything in it that cannot be read."""
    from bibtexparser import entrypoint, model

    logging.getLogger("bibtexparser").setLevel(logging.CRITICAL)  # it would print what is told as a problem here
    problems: list[Problem] = []
    values = _Values()
    entries: list[Entry] = []
    for block in entrypoint.parse_string(text, parse_stack=[]).blocks:
        place = Place(shown, (block.start_line or 0) + 1)
        if isinstance(block, model.DuplicateBlockKeyBlock):
            block = block.ignore_error_block  # noqa: PLW2901  # whoever merges entries tells where both stand
        if isinstance(block, model.String):
            values.strings[block.key.lower()] = values.joined(str(block.value), place)
        elif isinstance(block, model.Entry):
            entries.append(_read_entry(block, place, values, problems.append))
        elif isinstance(block, model.ParsingFailedBlock):
            problems.append(_failed(block, place))
        elif isinstance(block, model.ImplicitComment) and re.search(r"@\s*\w+\s*[{(]", block.comment):
            problems.append(Problem(place, "an entry that does not start its line", "@type{id, ...} at the start of a line"))
    if not entries and not problems:
        problems.append(Problem(Place(shown), "no entry in this file", "entries such as @online{id, title = {...}, ...}"))
    if problems:
        raise CaseError(problems)
    return entries


def _failed(block: Any, place: Place) -> Problem:
    twice: Iterable[str] = sorted(getattr(block, "duplicate_keys", ()))
    if twice:
        return Problem(place, f"field {next(iter(twice))!r} stands twice", "each field once")
    reason = str(getattr(block.error, "abort_reason", block.error)).strip().rstrip(".")
    return Problem(place, f"not BibTeX: {reason}", "an entry such as @online{id, title = {...}, ...}")


def _read_entry(block: Any, place: Place, values: _Values, note: Callable[[Problem], None]) -> Entry:
    raw: dict[str, str] = {}
    lines: dict[str, Place] = {}
    for one in block.fields:
        name = str(one.key).lower()
        lines[name] = Place(place.file, int(one.start_line) + 1)
        raw[name] = values.joined(str(one.value), lines[name])

    def said(name: str) -> str:
        try:
            return decode(raw[name])
        except LatexError as error:
            note(Problem(lines[name], f"{name}: {error}", "plain words"))
            return "?"

    data: dict[str, Any] = {}
    places: dict[str, Place] = {}
    for key, names in _FIELDS.items():
        for name in names:
            if key not in data and raw.get(name):
                data[key], places[key] = _bare_address(raw[name]) if key in _VERBATIM else said(name), lines[name]
    linked = re.search(r"\\url\s*\{[^{}]*\}", raw.get("howpublished", ""))
    if "url" not in data and linked:
        data["url"], places["url"] = _bare_address(linked[0]), lines["howpublished"]
    if "subtitle" in raw and "title" in data:
        data["title"] += ": " + said("subtitle")
    if "language" in data:
        data["language"] = language(data["language"])
    if "page" in data:
        data["page"] = data["page"].replace("\N{EN DASH}", "-")
    for key, value, name in _dated(raw):
        data[key], places[key] = value, lines[name]
    if raw.get("author"):
        data["author"], places["author"] = _authors(raw["author"], lines["author"], note), lines["author"]
    if "revisions" in raw:
        data["revisions"], places["revisions"] = _revisions(said("revisions")), lines["revisions"]
    data["type"] = said("csltype") if raw.get("csltype") else _csl_type(str(block.entry_type).lower(), raw)
    return Entry(said("sourceid") if raw.get("sourceid") else str(block.key).strip(), data, place, places)


def _csl_type(entry: str, raw: Mapping[str, str]) -> str:
    kind = _CSL_TYPES.get((entry, raw.get("entrysubtype", "").lower())) or _CSL_TYPES.get((entry, ""), "document")
    return DEFAULT_TYPE if kind == "document" and ("url" in raw or "howpublished" in raw) and "csltype" not in raw and entry == "misc" else kind


def _dated(raw: Mapping[str, str]) -> list[tuple[str, str, str]]:
    """Return key, day and name of the field for every date of an entry."""
    accessed = last_day(raw.get("urldate", ""))
    made = [("published", last_day(raw["date"], accessed), "date")] if raw.get("date") else []
    made += [("accessed", accessed, "urldate")] if accessed else []
    year, month, day = (raw.get(name, "").strip(" {}") for name in ("year", "month", "day"))
    if year and not raw.get("date"):
        number = next((i for i, name in enumerate(_MONTHS) if i and name in month.lower()), int(month) if re.fullmatch(r"[0-9]{1,2}", month) else 0)
        day = day or next(iter(re.findall(r"\d+", "" if month.isdecimal() else month)), "")
        parts = [year, *([f"{number:02d}"] if number else []), *([day.zfill(2)] if day and number else [])]
        made.append(("published", last_day(f"{year} {month}" if month and not number else "-".join(parts), accessed), "year"))
    return made


def _authors(raw: str, place: Place, note: Callable[[Problem], None]) -> list[str]:
    from bibtexparser.middlewares import names

    made: list[str] = []
    for one in names.split_multiple_persons_names(re.sub(r"[ \t\r\n]+", " ", raw)):
        try:
            parts = names.parse_single_name_into_parts(one)
            said = [decode(" ".join(words)) for words in ([*parts.von, *parts.last], parts.first, parts.jr)]
        except ValueError:  # LatexError too
            note(Problem(place, f"author: {one[:40]!r} is not a name", "`Family, Given`, or a name in braces, joined by `and`"))
            continue
        made.append("et al." if one == "others" else ", ".join(part for part in said if part))
    return made


def _revisions(said: str) -> Any:
    try:
        return json.loads(said)
    except ValueError:
        return said


class _Values:
    """Makes texts of a file's values. What they say in all has a limit: a string may stand for another twice, which stands for a third twice, and so on."""

    def __init__(self) -> None:
        self.strings: dict[str, str] = {}
        self.left = MOST

    def joined(self, raw: str, place: Place) -> str:
        """Return a value as one text: pieces in braces or quotes, numbers and names of strings, joined by #. Raises CaseError."""
        made: list[str] = []
        at = 0
        while at < len(raw):
            if raw[at] in '{"':
                end = _closing(raw, at)
                made.append(raw[at + 1 : end])
                at = end + 1
            else:
                word = re.compile(r"[\s#]*([^\s#{\"]*)").match(raw, at)
                assert word is not None
                made.append(self.strings.get(word[1].lower(), word[1]))
                at = max(word.end(), at + 1)
            self.left -= len(made[-1])
            if self.left < 0:
                raise CaseError([Problem(place, "strings make this file too long", f"at most {MOST} characters in all values")])
        return "".join(made)


def _closing(raw: str, start: int) -> int:
    depth, at = 0, start + 1
    quoted = raw[start] == '"'
    while at < len(raw):
        sign = raw[at]
        if depth == 0 and sign == ('"' if quoted else "}"):
            return at
        depth += (sign == "{") - (sign == "}")
        at += 2 if sign == "\\" else 1
    return len(raw)


def _plain(source: Source | Mapping[str, Any]) -> dict[str, Any]:
    return source.model_dump(mode="json", exclude_defaults=True) if isinstance(source, Source) else dict(source)


def _parts(author: str) -> tuple[str, ...]:
    """Return family, given name and suffix of a name, or the name alone where it is none of a person."""
    parts = tuple(part.strip() for part in author.split(","))
    return parts if len(parts) in (2, 3) and all(parts) else (author,)


def _csl_name(author: str) -> dict[str, str]:
    parts = _parts(author)
    return dict(zip(("family", "given", "suffix"), parts, strict=False)) if len(parts) > 1 else {"literal": author}


def _our_name(author: object) -> str:
    said = {key: str(_word(value) or "") for key, value in _mapping(author).items()}
    family = " ".join(filter(None, (said.get("non-dropping-particle"), said.get("family"))))
    given = " ".join(filter(None, (said.get("given"), said.get("dropping-particle"))))
    return said.get("literal") or ", ".join(filter(None, (family, given, said.get("suffix")))) or str(author)


def _bibtex_name(author: str) -> str:
    if author == "et al.":
        return "others"
    parts = _parts(author)
    ordered = (parts[0], *parts[2:], *parts[1:2])
    return ", ".join(_braced(part, alone=len(parts) == 1) for part in ordered)


def _braced(part: str, *, alone: bool) -> str:
    plain = re.fullmatch(r"[^\W\d_]+(?:[ '-][^\W\d_]+)*\.?", part) and " and " not in f" {part.lower()} "
    return encode(part) if plain and not alone else f"{{{encode(part)}}}"


def _csl_date(day: object) -> dict[str, Any]:
    return {"date-parts": [[int(part) for part in str(day).split("-")]]}


def _our_date(date: object, accessed: str = "") -> Any:
    said = _mapping(date)
    parts = _list(said.get("date-parts"))
    if said.get("circa"):
        return f"about {_shown(parts)}"
    if parts and isinstance(parts[-1], list) and parts[-1]:
        return last_day(_shown(parts[-1:]), accessed)
    return last_day(str(_word(said.get("raw")) or _word(said.get("literal")) or ""), accessed) if said else _word(date)


def _shown(parts: list[Any]) -> str:
    return "/".join("-".join(str(number).zfill(2) for number in _list(part)) for part in parts)


def _address(text: str) -> str:
    """Return an address as BibTeX can hold it: signs that no address may have, and that would end its field, as a percent sign and two digits."""
    return re.sub(r"[\\{}\s]", lambda found: "".join(f"%{byte:02X}" for byte in found[0].encode()), text)


def _bare_address(raw: str) -> str:
    bare = re.sub(r"^\\url\s*\{(.*)\}$", r"\1", re.sub(r"\s+", " ", raw).strip())
    return re.sub(r"\\([_%&#$~{}])", r"\1", bare)


def _word(value: object) -> Any:
    """Return a number as the word that it is in a citation; anything else as it is."""
    return str(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else value


def _mapping(value: object) -> dict[str, Any]:
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def _list(value: object) -> list[Any]:
    return cast("list[Any]", value) if isinstance(value, list) else []
