"""The pages of docs/components/, made from the files of component types: what a type is, its equations, its fields, an example with a picture."""

from __future__ import annotations

import tempfile
from pathlib import Path

from materiel import allocation, component, components
from materiel.component import ONCE, PHASES, Entries, Inlet, Link, Parameter, Resource, Type, Variable
from materiel.equations import NEVER
from materiel.export import latex
from materiel.export.latex import Block, Formula
from materiel.report.html import picture
from materiel.study import load

DRAWS = 1000

HOW_TO_READ = rf"""## How to read the equations

They are made from the functions that run. In an index, $t$ counts periods: $S_t$ is a level at the start of a period, $S_{{t+1}}$ at its end, $S_0$ at
the start of the case; a flow $Q_t$ is an amount per period. Elsewhere $t$ is the day on which the period begins, and $\Delta t$ its length in days.

- A hat marks what an activity wants, $\hat Q_t$; without it, $Q_t$ is what [sharing](sharing.md) lets it have.
- $A^{{\text{{left}}}}$ and $A^{{\text{{taken}}}}$ are what all claims together leave of a resource $A$ and take from it; $A^{{\text{{reserve}}}}$ is what some claims must spare.
- $Q^{{\Sigma}}$ is what has run up of $Q$ so far.
- $i$ is any entry of a list, $\sum_j$ goes over all of them. Delays are shown with three stages, whatever a case chooses.
- $\sigma(a, b)$ is the time, in days, for which the period lies between the days $a$ and $b$:

```math
{latex.overlap()}
```

- $10^6$ stands for never: a day that no horizon reaches, some 2,700 years on.
- A type is shown in its fullest form, with every optional number given. What reads differently without one stands below.
- A number marked as a lever is read as directives have moved it.
"""

PHASES_TOLD = {
    "constants": "once per run", "start": "levels at the start of the case", "signal": "decisions in force", "offer": "what can be given",
    "want": "what would be taken if alone", "deliver": "what flows put out", "observe": "what is seen", "move": "levels at the end of the period",
}  # fmt: skip
"""What each phase of a step does, in a few words; a test holds it to the phases of the contract."""

assert components  # importing the folder fills the registry
assert tuple(PHASES_TOLD) == (*ONCE, *PHASES)


def pages() -> dict[str, str]:
    """Return every page by file name."""
    kinds = component.types()
    made = {f"{section}.md": page(kind) for section, kind in kinds.items()}
    lines = ["# Component types", "", "Made by `make docs` from `src/materiel/components/`.", ""]
    lines += [f"- [{section}]({section}.md): {_first(kind.doc)}" for section, kind in kinds.items()]
    lines += ["- [How what is scarce is shared](sharing.md)", "", HOW_TO_READ]
    return {"README.md": "\n".join(lines), "sharing.md": sharing(), **made}


def page(kind: Type) -> str:
    """Return the page of one type."""
    lines = [f"# {kind.section}", "", kind.doc, ""]
    lines += _equations(kind)
    lines += _numbers(kind)
    if kind.links:
        lines += ["## Links", "", "| name | meaning | claims | sends to |", "|---|---|---|---|"]
        lines += [
            f"| `{name}`{' (optional)' if link.optional else ''} | {link.meaning} | {link.draws} | {', '.join(port for _, port in link.sends)} |"
            for name, link in kind.links.items()
        ]
        lines += [""]
    if kind.options:
        lines += ["## Options", "", "| name | meaning | default |", "|---|---|---|"]
        lines += [f"| `{name}` | {option.meaning} | {'' if option.default is None else option.default} |" for name, option in kind.options.items()]
        lines += [""]
    for name, joint in kind.joints.items():
        lines += [
            f"`{name}: {{prior: NAME}}` sets {', '.join(f'`{one}`' for one in joint.sets)} together: {joint.meaning} ([which there are](../surges.md)).",
            "",
        ]
    ports = {**kind.resources, **kind.inlets}
    if kind.variables or ports:
        lines += ["## Variables", "", "| name | kind | symbol | unit | meaning |", "|---|---|---|---|---|"]
        lines += [f"| `{name}` | {_kind(one)} | {_tex(one.symbol)} | {one.unit} | {one.meaning} |" for name, one in {**kind.variables, **ports}.items()]
        lines += [""]
    lines += ["## Example", "", "```yaml", kind.example, "```", ""]
    if caption := _caption(kind):
        lines += [f"![{caption}](../pictures/components/{kind.section}.svg)", "", f"*{caption}: median with 50 and 90 % ranges of {DRAWS:,} runs.*", ""]
    if kind.sources:
        lines += ["## Sources", "", *(f"- {source}" for source in kind.sources), ""]
    return "\n".join(lines)


def pictures() -> dict[str, str]:
    """Return the picture of every example that has one, by file name: its first question with a fan, over time."""
    made: dict[str, str] = {}
    for section, kind in component.types().items():
        if not _caption(kind):
            continue
        with tempfile.TemporaryDirectory() as folder:
            Path(folder, "case.yaml").write_text(kind.example, encoding="utf-8")
            run = load(folder).run(draws=DRAWS)
        made[f"{section}.svg"] = picture(run, next(iter(run.curves)))
    return made


def sharing() -> str:
    """Return the page on how what is scarce is shared: the equations of the network itself."""
    _, *prose = (allocation.__doc__ or "").strip().split("\n\n")
    lines = ["# How what is scarce is shared", "", "Made by `make docs` from the equations of the network itself, in `src/materiel/allocation.py`.", ""]
    lines += [*"\n\n".join(prose).split("\n"), ""]
    lines += [
        "Below, a want $w$ claims two resources $A_1$ and $A_2$, of which it must spare $F_1$ and nothing; one unit of it needs $a$ of a resource, and one unit of the second resource is",
        "worth $e_2 = 1/a_2$ units of the want. A resource $A$ with the reserve $F$ is claimed by $x_1$ and $x_2$, who are of one class, and by $x_3$, who comes later and must spare the reserve.",
        "An urgent share $\\nu$ of a want claims before everybody, as a class of its own.", "",
    ]  # fmt: skip
    for block in latex.sharing():
        says = block.says.removeprefix("Return ")
        lines += [f"**{block.phase}**: {says[0].upper()}{says[1:]}", "", *_math(block.formulas)]
    return "\n".join(lines)


# ---------------------------------------------------------------------- parts of a page


def _equations(kind: Type) -> list[str]:
    found = latex.of(kind)
    if not found.blocks:
        return []
    shown = "".join(f" Shown with `{name}: {choice}`." for name, choice in found.choices.items())
    lines = ["## Equations", "", f"[How to read them](README.md#how-to-read-the-equations).{shown}", ""]
    for block in found.blocks:
        if block.formulas:
            lines += [_heading(block), "", *_math(block.formulas)]
    if found.otherwise:
        lines += ["### Otherwise", ""]
    for one in found.otherwise:
        stays = f" {' and '.join(_tex(symbol) for symbol in one.still)} {'stays' if len(one.still) == 1 else 'stay'} as at the start." if one.still else ""
        lines += [f"{one.condition.capitalize()}:{stays}" if one.formulas else f"{one.condition.capitalize()},{stays}", "", *_math(one.formulas)]
    if found.reads:
        lines += ["### Read from others", "", "| symbol | what | unit | meaning |", "|---|---|---|---|"]
        lines += [f"| {_tex(read.symbol)} | `{read.name}` of `{read.link}` | {read.unit} | {read.meaning} |" for read in found.reads]
        lines += [""]
    return lines


def _heading(block: Block) -> str:
    return f"**{block.phase}** ({PHASES_TOLD[block.phase]}): {block.says}"


def _math(formulas: list[Formula]) -> list[str]:
    return [line for formula in formulas for line in ("```math", formula.tex, "```", "")]


def _numbers(kind: Type) -> list[str]:
    lists: dict[str, Link | Entries] = {**kind.links, **kind.entries}
    numbers = kind.parameters | {f"{name}: {key}": parameter for name, entries in lists.items() for key, parameter in entries.each.items()}
    read = [(name, link) for name, link in kind.links.items() if link.symbol]
    if not numbers and not read:
        return []
    lines = ["## Numbers", "", "| name | symbol | unit | meaning | default | why |", "|---|---|---|---|---|---|"]
    lines += [_row(name, parameter) for name, parameter in numbers.items()]
    lines += [f"| `{name}` (a link) | {_tex(link.symbol)} | | {link.meaning} | | |" for name, link in read]
    return [*lines, ""]


def _row(name: str, parameter: Parameter) -> str:
    default = "absent" if parameter.optional else ""
    if parameter.default is not None:
        default = {NEVER: "never", -NEVER: "before the start"}.get(parameter.default, f"{parameter.default:g}")
    notes = " (lever)" if parameter.lever else ""
    return f"| `{name}`{notes} | {_tex(parameter.symbol)} | {parameter.unit} | {parameter.meaning} | {default} | {parameter.because} |"


def _kind(declared: Variable | Resource | Inlet) -> str:
    return declared.kind if isinstance(declared, Variable) else type(declared).__name__.lower()


def _first(doc: str) -> str:
    return doc.split("\n\n", maxsplit=1)[0].replace("\n", " ")


def _caption(kind: Type) -> str:
    """Return what the picture of a type's example shows; nothing if no question of it has a fan."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "case.yaml").write_text(kind.example, encoding="utf-8")
        questions = load(folder).case().questions
    return next((one.fan for one in questions.values() if isinstance(one.fan, str)), "")


def _tex(symbol: str) -> str:
    return f"${symbol}$" if symbol else ""
