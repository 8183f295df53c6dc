"""Cases of visitors: a folder or a zip, picked or dropped; problems at their lines; a case without any opens and runs."""

from __future__ import annotations

import shutil
import zipfile

import app_steps as steps
import pytest
from selenium.webdriver.common.by import By

from materiel.case.files import shelf

pytestmark = pytest.mark.web

CASE = """
format: 1
title: A stock of <b>shells</b>
start: 2023-01-01
end: 2023-12-31
items: {shell: {unit: round}}
actors:
  north:
    stockpiles: {shell: {item: shell, initial: {base: 1 to 5 Mround, because: for the test}}}
    demands: {use: {item: shell, rate: {base: 1 to 10 kround/day, because: for the test}, source: shell}}
questions:
  left: {text: "Shells left <script>alert(1)</script>", value: north.stockpiles.shell.held, at: 2023-12-01, fan: true, key: true}
"""
WRONG = CASE.replace("end: 2023-12-31", "end: 2023-13-31").replace("source: shell", "sorce: shell")


def zipped(path, text):
    """Return a zip of a case of one file."""
    with zipfile.ZipFile(path, "w") as made:
        made.writestr("mine/case.yaml", text)
    return path


def pick(page, kind, path):
    """Pick a file or a folder, as the window of the system does."""
    page.find_element(By.CSS_SELECTOR, f"#drop input{kind}").send_keys(str(path))


def opened(page):
    """Wait until the case is open and has answered."""
    steps.until(page, "return location.pathname.startsWith('/cases/')")
    steps.settled(page)


def test_problems_of_a_folder_are_shown_at_their_lines(app, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "case.yaml").write_text(WRONG, encoding="utf-8")
    page = app("/")
    pick(page, "[webkitdirectory]", tmp_path / "mine")
    steps.until(page, "return document.querySelector('.problems') !== null")
    places = steps.texts(page, ".problems .place")
    assert [place.split(":")[:2] for place in places] == [["case.yaml", "5"], ["case.yaml", "10"]]
    assert "2023-13-31" in steps.texts(page, ".problems pre")[0], "the line itself stands there"
    assert "did you mean source?" in steps.texts(page, ".problems p")[1]


def test_a_workbook_in_a_folder_is_read_as_well(app, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "case.yaml").write_text(CASE, encoding="utf-8")
    (tmp_path / "mine" / "claims.xlsx").write_bytes(b"PK\x03\x04\xff")
    page = app("/")
    pick(page, "[webkitdirectory]", tmp_path / "mine")
    steps.until(page, "return document.querySelector('.problems') !== null")
    assert steps.texts(page, ".problems .place")[0].startswith("claims.xlsx")
    assert "not a workbook" in steps.texts(page, ".problems p")[0]


def test_problems_of_a_zip_are_shown_at_their_lines_and_once_mended_it_opens(app, tmp_path):
    page = app("/", "fr")
    pick(page, "[accept]", zipped(tmp_path / "mine.zip", WRONG))
    steps.until(page, "return document.querySelector('.problems') !== null")
    assert len(steps.texts(page, ".problems .place")) == 2
    pick(page, "[accept]", zipped(tmp_path / "mended.zip", CASE))
    opened(page)
    assert page.execute_script("return document.documentElement.lang") == "fr"


def test_text_of_a_case_never_becomes_markup(app, tmp_path):
    page = app("/")
    pick(page, "[accept]", zipped(tmp_path / "mine.zip", CASE))
    opened(page)
    assert steps.text(page, "h1") == "A stock of <b>shells</b>"
    assert "<script>" in steps.text(page, "main")
    assert not page.execute_script("return document.querySelector('main b:not(.after b), main script, h1 b')")
    assert page.get_log("browser") == []


def test_a_case_of_a_visitor_answers_like_any_other(app, tmp_path):
    """A whole shipped case goes through the browser as a folder, and its sliders move."""
    shutil.copytree(shelf() / "britain-1915", tmp_path / "mine")
    page = app("/")
    pick(page, "[webkitdirectory]", tmp_path / "mine")
    opened(page)
    before = steps.medians(page)
    assert before
    steps.move(page, page.find_elements(By.CSS_SELECTOR, "#family-do .slider")[0], 0.95)
    assert steps.medians(page) != before
    listed = app("/")
    assert len(steps.texts(listed, ".cases li")) == 2, "nobody else finds it in the list"


def test_what_is_dropped_is_read_like_what_is_picked(app):
    page = app("/")
    page.execute_script(
        "const transfer = new DataTransfer(); transfer.items.add(new File([arguments[0]], 'case.yaml'));"
        "document.getElementById('drop').dispatchEvent(new DragEvent('drop', { dataTransfer: transfer, bubbles: true, cancelable: true }))",
        WRONG,
    )
    steps.until(page, "return document.querySelector('.problems') !== null")
    assert len(steps.texts(page, ".problems .place")) == 2


@pytest.mark.parametrize("name", ["notes.txt", "broken.zip"])
def test_what_is_no_case_is_told_in_a_sentence(app, tmp_path, name):
    path = tmp_path / name
    path.write_text("nothing of a case", encoding="utf-8")
    page = app("/")
    pick(page, "[accept]", path)
    steps.until(page, "return document.querySelector('.wrong, .problems') !== null")
    assert "Traceback" not in steps.text(page, "#told")
    assert len(steps.text(page, "#told")) > 20


def test_a_translated_case_is_headed_in_the_language_of_the_page(app, tmp_path):
    path = zipped(tmp_path / "mine.zip", CASE)
    with zipfile.ZipFile(path, "a") as made:
        made.writestr("mine/fr.yaml", "title: Un stock d\u2019obus\n")
    page = app("/", "fr")
    pick(page, "[accept]", path)
    opened(page)
    assert (steps.text(page, "h1"), page.title) == ("Un stock d\u2019obus", "Un stock d\u2019obus")
