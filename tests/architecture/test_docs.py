"""Pages made from the code are current, and what pages show can be run."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

import materiel

DOCS = Path(__file__).parents[2] / "docs"


def make():
    spec = importlib.util.spec_from_file_location("make", DOCS / "make.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_pages_made_from_the_code_are_current():
    made = make()
    stale = [name for name, text in made.pages().items() if (DOCS / "components" / name).read_text(encoding="utf-8") != text]
    page = (DOCS / "words.md").read_text(encoding="utf-8")
    assert stale == []
    assert made.words(page) == page


def test_the_ledger_that_the_docs_show_runs(tmp_path):
    (block,) = re.findall(r"```yaml\n(.*?)```", (DOCS / "ledger.md").read_text(encoding="utf-8"), re.DOTALL)
    (tmp_path / "case.yaml").write_text(block, encoding="utf-8")
    why = materiel.load(tmp_path).run(draws=400).why("left")
    sayings = [saying for driver in why.drivers for voice in driver.voices for saying in voice.says]
    assert {claim.id for saying in sayings for claim in saying.claims} == {"rounds-in-store", "paper-millions", "count-of-sheds"}


def test_links_between_pages_lead_somewhere():
    pages = [*DOCS.rglob("*.md"), DOCS.parent / "README.md", DOCS.parent / "ARCHITECTURE.md", DOCS.parent / "CONTRIBUTING.md"]
    dead = [
        f"{page.name}: {target}"
        for page in pages
        for target in re.findall(r"\]\(([^)#]+)", page.read_text(encoding="utf-8"))
        if not target.startswith(("http", "mailto")) and not (page.parent / target).exists()
    ]
    assert dead == []
