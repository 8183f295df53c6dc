"""Hooks of `mkdocs build`: pages from the root of the repository, links that hold in both places, and formulas drawn by the browser itself (MathML)."""

from __future__ import annotations

import html
import posixpath
import re
from pathlib import Path
from typing import TYPE_CHECKING

from latex2mathml.converter import convert
from mkdocs.plugins import event_priority
from mkdocs.structure.files import File, Files

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.pages import Page

DOCS = Path(__file__).parents[1].resolve()
ROOT = DOCS.parent
FROM_ROOT = {"README.md": "index.md", "ARCHITECTURE.md": "architecture.md", "CONTRIBUTING.md": "contributing.md", "CHANGELOG.md": "changelog.md"}
"""Pages of the repository's root, and what they are called on the site."""

_LINK = re.compile(r"(!?)\[((?:[^\[\]]|\[[^\]]*\])*)\]\(([^)\s]+)\)")
_FENCE = re.compile(r"(^```.*?^```$)", re.DOTALL | re.MULTILINE)
_MATH = re.compile(r"^```math\n(.*?)\n```$", re.DOTALL | re.MULTILINE)
_INLINE = re.compile(r'<span class="arithmatex">\\\((.*?)\\\)</span>', re.DOTALL)


def on_files(files: Files, *, config: MkDocsConfig) -> Files:
    """Add the pages of the repository's root."""
    for name, uri in FROM_ROOT.items():
        files.append(File.generated(config, uri, content=(ROOT / name).read_text(encoding="utf-8")))
    return files


def on_page_markdown(markdown: str, *, page: Page, config: MkDocsConfig, files: Files) -> str:  # noqa: ARG001
    """Turn displayed formulas into MathML, and links as they hold in the repository into links as they hold on the site."""
    uri = page.file.src_uri
    names = {made: name for name, made in FROM_ROOT.items()}
    home = ROOT if uri in names else (DOCS / uri).parent
    parts = _FENCE.split(_MATH.sub(lambda found: f'\n<div class="formula">{mathml(found[1], display="block")}</div>\n', markdown))
    return "".join(part if part.startswith("```") else _LINK.sub(lambda found: _relinked(found, home, uri), part) for part in parts)


def on_page_content(content: str, *, page: Page, config: MkDocsConfig, files: Files) -> str:  # noqa: ARG001
    """Turn the formulas of a line into MathML."""
    return _INLINE.sub(lambda found: mathml(html.unescape(found[1])), content)


@event_priority(-100)
def on_post_build(*, config: MkDocsConfig) -> None:
    """Write the index of the search as a script too, for pages that are read from disk."""
    folder = Path(config.site_dir) / "search"
    index = (folder / "search_index.json").read_text(encoding="utf-8")
    (folder / "search_index.js").write_text(f"var __index = {index}", encoding="utf-8")


def mathml(tex: str, display: str = "inline") -> str:
    """Return a formula as MathML. Raises ValueError for what cannot be drawn."""
    made = convert(tex, display=display)
    if "\\" in made or "&</mi>" in made:
        raise ValueError(f"cannot be drawn: {tex}")
    return made


def _relinked(found: re.Match[str], home: Path, uri: str) -> str:
    """Return a link as it holds on the site; what is not on the site becomes plain text."""
    image, text, target = found.groups()
    path, mark, anchor = target.partition("#")
    if not path or re.match(r"[a-z]+:", target):
        return found[0]
    place = (home / path).resolve()
    if place.is_dir() and (place / "README.md").exists():
        place /= "README.md"
    if place.parent == ROOT and place.name in FROM_ROOT:
        there = FROM_ROOT[place.name]
    elif place.is_relative_to(DOCS) and not place.is_dir():
        there = place.relative_to(DOCS).as_posix()
    else:
        return text
    return f"{image}[{text}]({posixpath.relpath(there, posixpath.dirname(uri) or '.')}{mark}{anchor})"
