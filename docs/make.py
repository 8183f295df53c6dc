"""Write docs/components/, a page per component type made from its file, and docs/pictures/; with --check only say whether the pages are current."""

from __future__ import annotations

import sys
from pathlib import Path

from materiel import component, components
from materiel.component import Parameter, Type
from materiel.equations import NEVER
from materiel.report.html import picture
from materiel.study import load

FOLDER = Path(__file__).parent / "components"
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


def main() -> int:
    """Write the pages, or compare them with --check; return the exit code."""
    made = pages()
    if "--check" in sys.argv:
        stale = [name for name, text in made.items() if not (FOLDER / name).exists() or (FOLDER / name).read_text(encoding="utf-8") != text]
        sys.stdout.write(f"stale: {', '.join(stale)}; run `make docs`\n" if stale else "current\n")
        return 1 if stale else 0
    FOLDER.mkdir(exist_ok=True)
    PICTURES.mkdir(exist_ok=True)
    for case, question in FIGURES.items():
        run = load(case).run(draws=4000)
        (PICTURES / f"{case}.svg").write_text(picture(run, question), encoding="utf-8")
    for name, text in made.items():
        (FOLDER / name).write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
