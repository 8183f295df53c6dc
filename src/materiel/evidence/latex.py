"""Words as LaTeX writes them: what a BibTeX file needs, and no more."""

from __future__ import annotations

import functools
import logging
import re
from typing import Any

_ESCAPES = str.maketrans(
    {
        **{sign: f"\\{sign}" for sign in "&%$#_"},
        "\\": r"\textbackslash{}", "{": r"\textbraceleft{}", "}": r"\textbraceright{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}",
        "\n": r"\newline{}", "\N{NO-BREAK SPACE}": "~",
    }
)  # fmt: skip
"""Signs that LaTeX reads as orders. Braces are named, because BibTeX counts them even behind a backslash."""

_JOINED = re.compile(r"(?<=-)(?=-)|(?<=`)(?=`)|(?<=')(?=')|(?<=[?!])(?=`)")
"""Where LaTeX would make one sign of two."""
_SPACES = re.compile(r"^ | $|(?<= ) |(?<=\}) ")
"""Spaces that LaTeX or BibTeX would drop."""
_BARE = re.compile(r"\\.|\$[^$\\^_]*[\\^_][^$]*\$|[%&#$]")
"""An order, a formula, or a sign that BibTeX takes as it stands though LaTeX does not."""
_LINK = re.compile(r"\\href\s*\{[^{}]*\}")

_MACROS = {
    "newline": "\n", "textless": "<", "textgreater": ">", "textbar": "|", "textasciicircum": "^", "textbraceleft": "{", "textbraceright": "}", "url": "%s",
}  # fmt: skip
"""Orders that the library does not know, or shows otherwise."""


MOST = 10_000
"""Characters that a text may have."""


class LatexError(ValueError):
    """Text that cannot be read as LaTeX."""


def encode(text: str) -> str:
    """Return text so that LaTeX prints it as it is. Letters stay what they are, in Unicode."""
    return _SPACES.sub("{ }", _JOINED.sub("{}", text.translate(_ESCAPES)))


def decode(raw: str) -> str:
    """Return what a LaTeX text says: accents as letters, no braces, no orders of layout. Raises LatexError."""
    if len(raw) > MOST:
        raise LatexError(f"{len(raw)} characters, more than {MOST}")
    text = _LINK.sub("", re.sub(r"[ \t\r\n]+", " ", raw).strip(" "))
    text = _BARE.sub(lambda found: found[0] if len(found[0]) > 1 else f"\\{found[0]}", text)
    if not re.search(r"[\\{}~$`'-]", text):
        return text
    try:
        said = str(_reader().latex_to_text(text))
    except (LookupError, TypeError, ValueError, AttributeError, RecursionError) as error:  # what the library does at an order without its argument
        raise LatexError(f"{raw[:40]!r} cannot be read as LaTeX") from error
    if said.count("%s") > text.count("%s"):  # or else it leaves the gap open
        raise LatexError(f"{raw[:40]!r} cannot be read as LaTeX")
    return said


@functools.cache
def _reader() -> Any:
    from pylatexenc import latex2text

    logging.getLogger("pylatexenc").setLevel(logging.CRITICAL)  # it would print what is told as a problem here
    known: Any = latex2text.get_default_latex_context_db()
    known.add_context_category("materiel", prepend=True, macros=[latex2text.MacroTextSpec(name, simplify_repl=sign) for name, sign in _MACROS.items()])
    return latex2text.LatexNodes2Text(latex_context=known, math_mode="text", keep_comments=True)
