"""Pages made from the code are current, and what pages show can be run."""

from __future__ import annotations

import importlib
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

import materiel
from materiel import weighing
from materiel.analysis import analysts
from materiel.case.loading import load
from materiel.options import Reading

DOCS = Path(__file__).parents[2] / "docs"
NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
REMOTE = re.compile(r"<(?:link|script|img|iframe|source|object|embed)\b[^>]*\b(?:href|src|data)=[\"']?(?:https?:)?//[^>]*")


@pytest.fixture
def make(monkeypatch):
    """The script that writes the pages, as `make docs` runs it."""
    monkeypatch.syspath_prepend(DOCS)
    return importlib.import_module("make")


def test_pages_made_from_the_code_are_current(make):
    assert [path.name for path, text in make.made().items() if path.read_text(encoding="utf-8") != text] == []


def test_pictures_of_the_examples_are_current(make):
    """To a point or so: another processor may round a quantile the other way."""
    pictures = make.component_pages.pictures()
    folder = DOCS / "pictures" / "components"
    assert pictures.keys() == {path.name for path in folder.iterdir()}
    for name, made in pictures.items():
        kept = (folder / name).read_text(encoding="utf-8")
        assert NUMBER.sub("", kept) == NUMBER.sub("", made), name
        assert [float(n) for n in NUMBER.findall(kept)] == pytest.approx([float(n) for n in NUMBER.findall(made)], abs=1.5), name


def test_every_page_of_the_site_has_its_place():
    named = set(re.findall(r"[\w/.-]+\.md", str(yaml.safe_load((DOCS.parent / "mkdocs.yml").read_text(encoding="utf-8"))["nav"])))
    there = {path.relative_to(DOCS).as_posix() for path in DOCS.rglob("*.md")}
    from_root = {"index.md", "architecture.md", "contributing.md", "changelog.md"}
    assert there - named == set(), "mkdocs.yml does not name these pages"
    assert named - there == from_root


def test_the_site_builds_and_fetches_nothing(tmp_path):
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--config-file", str(DOCS.parent / "mkdocs.yml"), "--site-dir", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=os.environ | {"NO_MKDOCS_2_WARNING": "1"})  # noqa: S603
    assert done.returncode == 0, done.stderr
    pages = {path.relative_to(tmp_path).as_posix(): path.read_text(encoding="utf-8") for path in tmp_path.rglob("*.html")}
    assert len(pages) > 40
    assert {name: found for name, text in pages.items() if (found := REMOTE.findall(text))} == {}
    styles = "".join(path.read_text(encoding="utf-8") for path in tmp_path.rglob("*.css"))
    assert not re.search(r"(?:url\(|@import)\s*[\"']?(?:https?:)?//", styles)
    assert pages["components/lines.html"].count("<math") > 40
    assert not any("arithmatex" in text or "```" in text for name, text in pages.items() if name.startswith("components/"))
    assert not list(tmp_path.rglob("*.py"))


def test_the_ledger_that_the_docs_show_runs(tmp_path):
    (block,) = re.findall(r"```yaml\n(.*?)```", (DOCS / "ledger.md").read_text(encoding="utf-8"), re.DOTALL)
    (tmp_path / "case.yaml").write_text(block, encoding="utf-8")
    why = materiel.load(tmp_path).run(draws=400).why("left")
    sayings = [saying for driver in why.drivers for voice in driver.voices for saying in voice.says]
    assert {claim.id for saying in sayings for claim in saying.claims} == {"rounds-in-store", "paper-millions", "count-of-sheds"}


def test_the_promise_that_the_docs_show_is_heard_as_they_say(tmp_path):
    page = (DOCS / "surges.md").read_text(encoding="utf-8")
    (block,) = [one for one in re.findall(r"```yaml\n(.*?)```", page, re.DOTALL) if one.startswith("format:")]
    (tmp_path / "case.yaml").write_text(block, encoding="utf-8")
    study = materiel.load(tmp_path)
    told, word = study.run().questions["made"], study.run(rules="face-value").questions["made"]
    assert f"unlikely ({100 * told.probability:.0f} %)" in page
    assert f"likely ({100 * word.probability:.0f} %)" in page
    (promise,) = [claim for voice in study.run().why("made").drivers[0].voices for saying in voice.says for claim in saying.claims]
    assert promise.promise.partition("; ")[2] in " ".join(page.split())


def test_the_analysts_that_the_docs_show_are_sound(tmp_path):
    """Beside the case that the page puts them, with the odds that its table shows before the evidence."""
    page = (DOCS / "weighing.md").read_text(encoding="utf-8")
    (block,) = [one for one in re.findall(r"```yaml\n(.*?)```", page, re.DOTALL) if one.startswith("buyer:")]
    folder = shutil.copytree(DOCS.parent / "cases" / "dprk-2023", tmp_path / "dprk-2023")
    (folder / "analysts.yaml").write_text(block, encoding="utf-8")
    case = load(folder)
    assert weighing.read(folder, {}, case, Reading()).keys() == case.hypotheses.keys()
    for name, one in analysts.prepare(case).items():
        (row,) = re.findall(rf"^\| {name} \|(.*)$", page, re.MULTILINE)
        assert re.findall(r"([\d.]+%) →", row) == [f"{prior:.1%}" for prior in one.prior.values()]
    assert list(analysts.remarks(case)) == []


def test_links_between_pages_lead_somewhere():
    pages = [*DOCS.rglob("*.md"), DOCS.parent / "README.md", DOCS.parent / "ARCHITECTURE.md", DOCS.parent / "CONTRIBUTING.md"]
    dead = [
        f"{page.name}: {target}"
        for page in pages
        for target in re.findall(r"\]\(([^)#]+)", page.read_text(encoding="utf-8"))
        if not target.startswith(("http", "mailto")) and not (page.parent / target).exists()
    ]
    assert dead == []
