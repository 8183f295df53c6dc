"""A sentence in pieces: plain text, and what a page may mark up: numbers with what they are of, names, links, text in another language."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from html import escape
from typing import Literal

Kind = Literal["number", "count", "name", "link", "foreign", "strong"]


@dataclass(frozen=True)
class Piece:
    """A piece of a sentence that is more than its text.

    A `number` is rounded in its text and whole in `value`; `of` says what it is, such as `shipped.p50`. A `count` is exact. A `name` is an identifier of the case, a `link` leads to
    `of`, an anchor or an address, and `foreign` text is in the language `of`.
    """

    text: str
    kind: Kind
    of: str = ""
    value: float | None = None

    def __str__(self) -> str:
        """Return it as plain text."""
        return self.text

    def __html__(self) -> str:
        """Return it as HTML."""
        text, of = escape(self.text), escape(self.of)
        match self.kind:
            case "number":
                value = "" if self.value is None else f' value="{self.value:.17g}"'
                return f'<data class="number" data-of="{of}"{value}>{text}</data>'
            case "name":
                return f'<code translate="no">{text}</code>'
            case "link":
                return f'<a href="{of}"{"" if of.startswith("#") else " rel=noreferrer"}>{text}</a>'
            case "foreign":
                return f'<span lang="{of}">{text}</span>'
            case "strong":
                return f"<strong>{text}</strong>"
            case "count":
                return text


@dataclass(frozen=True)
class Phrase:
    """Text in pieces."""

    pieces: tuple[str | Piece, ...]

    def __str__(self) -> str:
        """Return it as plain text."""
        return "".join(map(str, self.pieces))

    def __html__(self) -> str:
        """Return it as HTML; what is no piece is escaped."""
        return "".join(escape(piece) if isinstance(piece, str) else piece.__html__() for piece in self.pieces)

    def __bool__(self) -> bool:
        """Say whether there is any text."""
        return any(map(str, self.pieces))

    @property
    def marked(self) -> tuple[Piece, ...]:
        """The pieces that are more than text."""
        return tuple(piece for piece in self.pieces if isinstance(piece, Piece))


Said = str | Piece | Phrase
"""Whatever may stand in a sentence."""


def phrase(*said: Said) -> Phrase:
    """Return pieces of text one after the other; plain text next to plain text becomes one piece."""
    made: list[str | Piece] = []
    for one in said:
        for piece in one.pieces if isinstance(one, Phrase) else (one,):
            if isinstance(piece, str) and made and isinstance(made[-1], str):
                made[-1] += piece
            elif piece != "":
                made.append(piece)
    return Phrase(tuple(made))


def joined(said: Iterable[Said], between: Said = ", ") -> Phrase:
    """Return phrases with something between every two."""
    made: list[Said] = []
    for i, one in enumerate(said):
        made += [between, one] if i else [one]
    return phrase(*made)


def capital(said: Said) -> Phrase:
    """Return a phrase that begins with a capital letter."""
    whole = phrase(said)
    first, rest = whole.pieces[:1], whole.pieces[1:]
    return Phrase((first[0][:1].upper() + first[0][1:], *rest)) if first and isinstance(first[0], str) else whole


def link(text: str, to: str) -> Piece:
    """Return a link to an anchor or an address of the web; what leads elsewhere is plain text."""
    return Piece(text, "link", to) if to.startswith(("#", "https://", "http://")) else Piece(text, "count")


def identifier(text: str) -> Piece:
    """Return an identifier of a case."""
    return Piece(text, "name")
