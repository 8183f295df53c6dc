"""Pages of the app as they are sent, and the files that they load: all of them read when the server starts, so that no request reaches the file system."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from materiel import __version__, language
from materiel.report import html
from materiel.web import wording

if TYPE_CHECKING:
    from jinja2 import Environment

FOLDER = Path(__file__).parent / "static"
"""The scripts and styles of the app."""

TYPES = {
    ".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8", ".svg": "image/svg+xml", ".png": "image/png", ".txt": "text/plain; charset=utf-8",
}  # fmt: skip
"""Types of the files that are served; files of other types are not."""


@dataclass(frozen=True)
class Static:
    """A file of the app: what it holds, its type, and a mark by which a browser knows whether it has changed."""

    content: bytes
    type: str
    mark: str

    @classmethod
    def of(cls, content: bytes, suffix: str) -> Static:
        """Return a file as it is served, given the ending of its name."""
        return cls(content, TYPES[suffix], f'"{hashlib.sha256(content).hexdigest()[:32]}"')


@cache
def static() -> Mapping[str, Static]:
    """Return the files of the app by name; those that the report's charts bring are among them."""
    made = {name: Static.of(text.encode(), Path(name).suffix) for name, text in (html.styles() | html.scripts()).items()}
    for path in FOLDER.rglob("*"):
        if path.suffix in TYPES and path.is_file():
            made[path.relative_to(FOLDER).as_posix()] = Static.of(path.read_bytes(), path.suffix)
    return made


def page(name: str, root: str, in_language: str, **more: object) -> str:
    """Return a page by the name of its template; `root` is the path below which the app is reached."""
    said = language.load(in_language)
    return _environment().get_template(f"{name}.html.j2").render(
        root=root, language=in_language, languages=language.names(), say=said.word, words=wording.data(said), version=__version__, **more
    )  # fmt: skip


def speaks(asked: str, preferred: str) -> str:
    """Return the name of the language of a page: what was asked for if we have it, else the first that a browser prefers (Accept-Language) and that we have, else English."""
    wanted = [asked, *re.findall(r"(?:^|,)\s*([a-z]{2})\b", preferred.lower()[:200])]
    return next((name for name in wanted if name in language.names()), language.DEFAULT)


@cache
def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    return Environment(loader=PackageLoader("materiel.web"), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
