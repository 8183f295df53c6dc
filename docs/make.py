"""Write what is made from the code: docs/components/ and its pictures, the tables of words.md, glossary.md and order.md; with --check only say what is stale."""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path

import component_pages

from materiel import component, network
from materiel.analysis import questions
from materiel.case import schema
from materiel.evidence import grades, records, vocabulary
from materiel.evidence.vocabulary import Scale, Term
from materiel.report.html import picture
from materiel.study import load

DOCS = Path(__file__).parent
TABLES = "## The tables\n"
"""The heading of a page below which everything is made."""
FIGURES = {
    "dprk-2023": ("dprk-2023", "days-of-supply", "en"),
    "dprk-2023-fr": ("dprk-2023", "shipped-2023", "fr"),
    "britain-1915": ("britain-1915", "filled-output", "en"),
    "us-155mm-2022": ("us-155mm-2022", "output-2026-12", "en"),
}
"""The figures that the README and the pages show: of which case and question, in which language."""
ORDERED = "dprk-2023"
"""The case whose order of a step is shown."""

SHARING = {
    "lever": "numbers that directives move",
    "limit": "each want cut to what each resource could give it alone",
    "grant": "each resource shared among its claims, by class and pro rata",
    "flow": "the least grant of each want",
    "settle": "what each resource has left, and what was taken from it",
    "receive": "what each inlet gets",
}
"""The phases of the network itself, between those of the component types."""


def words(page: str) -> str:
    """Return the page on words of likelihood with its tables made anew from the scales; what is written above them stays."""
    lines = ["Made by `make docs` from `src/materiel/evidence/`. A word is known by the forms in its row.", ""]
    for scale in map(vocabulary.load, vocabulary.names()):
        lines += [f"### `{scale.name}`: {scale.title}", "", f"{scale.source}. <{scale.url}>", "", scale.note, ""]
        lines += ["| words | band | why |", "|---|---|---|"] if not scale.partition else ["| words | band |", "|---|---|"]
        lines += [_band(scale, term) for term in scale.terms]
        lines += [line for one in scale.renderings.values() for line in ("", f"{one.title}: {', '.join(one.words)}. {one.because.strip()}")]
        lines += ["", "Where the bands were seen, and what they lean on:", "", *(f"- {reference}" for reference in scale.references), ""]
    lines += ["### Words of approximation", "", "| meaning | words |", "|---|---|"]
    for meaning in ("about", "at least", "at most"):
        lines.append(f"| {meaning} | {', '.join(word for word in vocabulary.words([]) if vocabulary.approximation(word) == meaning)} |")
    return _below(page, lines)


def glossary(page: str) -> str:
    """Return the glossary with what the code declares below the terms."""
    lines = ["Made by `make docs` from the declarations in `src/materiel/`.", ""]
    lines += ["### Component types", "", "| section of a case | what it is |", "|---|---|"]
    lines += [f"| [`{section}`](components/{section}.md) | {_first(kind.doc)} |" for section, kind in component.types().items()]
    lines += ["", "### The ledger", "", "| entry | what it is |", "|---|---|"]
    entries = {"publishers": records.Publisher, "sources": records.Source, "origins": records.Origin, "claims": records.Claim}
    entries["observations"] = records.Observation
    lines += [f"| `{name}` | {_first(record.__doc__ or '')} |" for name, record in entries.items()]
    lines += ["", "### The rest of a case", "", "| key | what it holds |", "|---|---|"]
    fields = schema.case_model().model_fields
    lines += [f"| `{name}` | {field.description} |" for name, field in fields.items() if name not in entries and name not in component.types()]
    lines += ["", "### A question", "", "| key | what it holds |", "|---|---|"]
    meanings = records.meanings(schema.Question)
    lines += [f"| `{field.alias or name}` | {meanings[name]} |" for name, field in schema.Question.model_fields.items()]
    lines += ["", "### What a question resolves by", "", "| key | what it holds |", "|---|---|"]
    meanings = records.meanings(schema.Resolution)
    lines += [f"| `{name}` | {meanings[name]} |" for name in schema.Resolution.model_fields]
    for title, record in (
        ("A lever", schema.Lever),
        ("A hypothesis", schema.Hypothesis),
        ("An analyst", schema.Analyst),
        ("What an analyst says of a hypothesis", schema.Statement),
        ("An observable", schema.Observable),
    ):
        lines += ["", f"### {title}", "", "| key | what it holds |", "|---|---|"]
        meanings = records.meanings(record)
        lines += [f"| `{field.alias or name}` | {meanings[name]} |" for name, field in record.model_fields.items()]
    lines += ["", "### Rules of evidence", "", "| `--rules` | what it does |", "|---|---|"]
    lines += [f"| `{name}` | {grades.rule(name).title} |" for name in sorted(grades.rules(), key=lambda name: name != grades.DEFAULT)]
    return _below(page, lines)


def order(page: str) -> str:
    """Return the page on the order of a step with that of a case below, as `materiel order` prints it, equations of one type and phase in one row."""
    case = load(ORDERED).case()
    program = network.build(case, [one.gauge for one in questions.prepare(case).values() if one.gauge])
    told = component_pages.PHASES_TOLD | SHARING
    rows = Counter[tuple[str, str]]()
    for phase, what, instances in program.order():
        rows[phase, what.partition(" (")[0]] += instances
    lines = [f"Made by `make docs` from `materiel order {ORDERED}`, the equations of one type taken together.", ""]
    lines += ["| | phase | what is computed | of | how many |", "|---|---|---|---|---|"]
    seen: set[str] = set()
    for number, ((phase, what), count) in enumerate(rows.items(), 1):
        says = told[phase] if phase not in seen else ""
        seen.add(phase)
        lines.append(f"| {number} | {phase} | {says} | {_page_of(what)} | {count} |")
    return _below(page, lines)


def decisions() -> str:
    """Return the list of decisions."""
    lines = ["# Decisions", "", "Choices that another engineer would question, each with its reason. Made by `make docs`.", ""]
    for path in sorted((DOCS / "decisions").glob("0*.md")):
        title = path.read_text(encoding="utf-8").partition("\n")[0].removeprefix("# ")
        lines.append(f"- [{title}]({path.name})")
    return "\n".join(lines) + "\n"


def _page_of(what: str) -> str:
    return f"[{what}](components/{what}.md)" if what in component.types() else f"[{what}](components/sharing.md)"


def _below(page: str, lines: list[str]) -> str:
    """Return a page with everything below its heading of tables replaced."""
    return page.partition(TABLES)[0] + TABLES + "\n" + "\n".join(lines) + "\n"


def _first(doc: str) -> str:
    return " ".join(doc.split("\n\n", maxsplit=1)[0].split())


def _band(scale: Scale, term: Term) -> str:
    forms = ", ".join(term.words) + ("" if term.said else " (read, never written)")
    percent = f"{term.low:g} to {term.high:g} %" if term.low < term.high else f"{term.low:g} %"
    return f"| {forms} | {percent} |" + ("" if scale.partition else f" {term.because} |")


def made() -> dict[Path, str]:
    """Return every text that is made, by file."""
    pages = {DOCS / "components" / name: text for name, text in component_pages.pages().items()}
    pages[DOCS / "decisions" / "README.md"] = decisions()
    tables = {"words.md": words, "glossary.md": glossary, "order.md": order}
    return pages | {DOCS / name: fill((DOCS / name).read_text(encoding="utf-8")) for name, fill in tables.items()}


def main() -> int:
    """Write the pages, or compare them with --check; return the exit code."""
    texts = made()
    if "--check" in sys.argv:
        stale = [path.name for path, text in texts.items() if not path.exists() or path.read_text(encoding="utf-8") != text]
        sys.stdout.write(f"stale: {', '.join(stale)}; run `make docs`\n" if stale else "current\n")
        return 1 if stale else 0
    pictures = {f"components/{name}": svg for name, svg in component_pages.pictures().items()}
    runs = {case: load(case).run(draws=4000) for case in dict.fromkeys(case for case, _, _ in FIGURES.values())}
    pictures |= {f"{name}.svg": picture(runs[case], question, language) for name, (case, question, language) in FIGURES.items()}
    texts |= {DOCS / "pictures" / name: svg for name, svg in pictures.items()}
    for path, text in texts.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
