"""Write docs/components/, a page per component type made from its file, the tables of docs/words.md, and docs/pictures/; with --check only say what is stale."""

from __future__ import annotations

import sys
from pathlib import Path

from materiel import component, components
from materiel.component import Parameter, Type
from materiel.equations import NEVER
from materiel.evidence import vocabulary
from materiel.evidence.vocabulary import Scale, Term
from materiel.report.html import picture
from materiel.study import load

FOLDER = Path(__file__).parent / "components"
WORDS = Path(__file__).parent / "words.md"
TABLES = "## The tables\n"
"""The heading of docs/words.md below which everything is made."""
PICTURES = Path(__file__).parent / "pictures"
FIGURES = {"dprk-2023": "days-of-supply", "britain-1915": "filled-output"}
"""The figure of each case that the README and the pages show."""

assert components  # importing the folder fills the registry


def pages() -> dict[str, str]:
    """Return every page by file name."""
    kinds = component.types()
    made = {f"{section}.md": page(kind) for section, kind in kinds.items()}
    lines = ["# Component types", "", "Made by `make docs` from `src/materiel/components/`.", ""]
    lines += [f"- [{section}]({section}.md): {_first(kind)}" for section, kind in kinds.items()]
    return {"README.md": "\n".join(lines) + "\n", **made}


def page(kind: Type) -> str:
    """Return the page of one type: what it is, its equations, its fields, its example, its sources."""
    lines = [f"# {kind.section}", "", kind.doc, ""]
    lines += ["## Numbers", "", "| name | symbol | unit | meaning | default |", "|---|---|---|---|---|"]
    lines += [_row(name, parameter) for name, parameter in kind.parameters.items()]
    for name, link in kind.links.items():
        lines += [_row(f"{name}: {key}", parameter) for key, parameter in link.each.items()]
    for name, entries in kind.entries.items():
        lines += [_row(f"{name}: {key}", parameter) for key, parameter in entries.each.items()]
    if kind.links:
        lines += ["", "## Links", "", "| name | meaning | claims | sends to |", "|---|---|---|---|"]
        lines += [
            f"| `{name}`{' (optional)' if link.optional else ''} | {link.meaning} | {link.draws} | {', '.join(port for _, port in link.sends)} |"
            for name, link in kind.links.items()
        ]
    if kind.options:
        lines += ["", "## Options", "", "| name | meaning | default |", "|---|---|---|"]
        lines += [f"| `{name}` | {option.meaning} | {'' if option.default is None else option.default} |" for name, option in kind.options.items()]
    if kind.variables:
        lines += ["", "## Variables", "", "| name | kind | symbol | unit | meaning |", "|---|---|---|---|---|"]
        lines += [f"| `{name}` | {v.kind} | {_tex(v.symbol)} | {v.unit} | {v.meaning} |" for name, v in kind.variables.items()]
    lines += ["", "## Example", "", "```yaml", kind.example, "```", ""]
    if kind.sources:
        lines += ["## Sources", "", *(f"- {source}" for source in kind.sources), ""]
    return "\n".join(lines)


def _first(kind: Type) -> str:
    return kind.doc.split("\n\n")[0].replace("\n", " ")


def _row(name: str, parameter: Parameter) -> str:
    default = ""
    if parameter.default is not None:
        value = {NEVER: "never", -NEVER: "before the start"}.get(parameter.default, f"{parameter.default:g}")
        default = f"{value}: {parameter.because}"
    elif parameter.optional:
        default = "absent"
    notes = " (lever)" if parameter.lever else ""
    return f"| `{name}`{notes} | {_tex(parameter.symbol)} | {parameter.unit} | {parameter.meaning} | {default} |"


def _tex(symbol: str) -> str:
    return f"${symbol}$" if symbol else ""


def words(page: str) -> str:
    """Return the page on words of likelihood with its tables made anew from the scales; what is written above them stays."""
    lines = ["Made by `make docs` from `src/materiel/evidence/`. A word is known by the forms in its row.", ""]
    for scale in map(vocabulary.load, vocabulary.names()):
        lines += [f"### `{scale.name}`: {scale.title}", "", f"{scale.source}. <{scale.url}>", "", scale.note, ""]
        lines += ["| words | band | why |", "|---|---|---|"] if not scale.partition else ["| words | band |", "|---|---|"]
        lines += [_band(scale, term) for term in scale.terms]
        lines += ["", "Where the bands were seen, and what they lean on:", "", *(f"- {reference}" for reference in scale.references), ""]
    lines += ["### Words of approximation", "", "| meaning | words |", "|---|---|"]
    for meaning in ("about", "at least", "at most"):
        lines.append(f"| {meaning} | {', '.join(word for word in vocabulary.words([]) if vocabulary.approximation(word) == meaning)} |")
    return page.partition(TABLES)[0] + TABLES + "\n" + "\n".join(lines) + "\n"


def _band(scale: Scale, term: Term) -> str:
    forms = ", ".join(term.words) + ("" if term.said else " (read, never written)")
    percent = f"{term.low:g} to {term.high:g} %" if term.low < term.high else f"{term.low:g} %"
    return f"| {forms} | {percent} |" + ("" if scale.partition else f" {term.because} |")


def main() -> int:
    """Write the pages, or compare them with --check; return the exit code."""
    made = {FOLDER / name: text for name, text in pages().items()}
    made[WORDS] = words(WORDS.read_text(encoding="utf-8"))
    if "--check" in sys.argv:
        stale = [path.name for path, text in made.items() if not path.exists() or path.read_text(encoding="utf-8") != text]
        sys.stdout.write(f"stale: {', '.join(stale)}; run `make docs`\n" if stale else "current\n")
        return 1 if stale else 0
    FOLDER.mkdir(exist_ok=True)
    PICTURES.mkdir(exist_ok=True)
    for case, question in FIGURES.items():
        run = load(case).run(draws=4000)
        (PICTURES / f"{case}.svg").write_text(picture(run, question), encoding="utf-8")
    for path, text in made.items():
        path.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
