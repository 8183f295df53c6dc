"""Beliefs: voices are trusted more or less, readings held more or less likely; the draws that there are get other weights."""

from __future__ import annotations

import app_steps as steps
import pytest
from selenium.webdriver.common.by import By

pytestmark = pytest.mark.web


def believing(page):
    """Show what we believe."""
    page.execute_script("document.getElementById('tab-believe').click()")
    steps.settled(page)
    return page


def test_a_voice_that_is_not_heard_moves_the_answers_and_back(app):
    page = believing(app())
    before = steps.judgements(page)
    steps.move(page, steps.lever(page, "Ministry of National Defense, Seoul"), 0)
    assert steps.kept(page)["t"] == {"rok-mnd": 0}
    assert steps.judgements(page) != before
    assert "count" in steps.text(page, ".effective")
    assert steps.lever(page, "Ministry of National Defense, Seoul").find_element(By.CSS_SELECTOR, "small").text.startswith("set to not heard")
    visible = page.find_element(By.ID, "family-believe")
    next(one for one in visible.find_elements(By.TAG_NAME, "button") if one.text == "All as it was").click()
    steps.settled(page)
    assert steps.judgements(page) == before


def test_nothing_is_run_while_beliefs_move(app):
    """Whatever is asked then is to weigh, with the decisions that were set."""
    page = app()
    steps.move(page, steps.lever(page, "mass of the suspected"), 0.8)
    believing(page)
    page.execute_script(
        "window.asked = []; const before = window.fetch;"
        "window.fetch = (address, options) => { window.asked.push([address, JSON.parse(options.body)]); return before(address, options); };"
    )
    steps.move(page, steps.lever(page, "Ministry of National Defense, Seoul"), 0.5)
    asked = page.execute_script("return window.asked")
    assert asked
    assert {address.rsplit("/", 1)[1] for address, _ in asked} == {"weigh"}
    assert all(set(body["changes"]) == {"shared.order-mass"} for _, body in asked)


def test_what_is_believed_is_not_in_what_they_do(app):
    """The two families never move one answer: back at decisions, the numbers are those of decisions alone, and the page says so."""
    page = app()
    before = steps.judgements(page)
    believing(page)
    steps.move(page, steps.lever(page, "Ministry of National Defense, Seoul"), 0)
    assert steps.judgements(page) != before
    page.execute_script("document.getElementById('tab-do').click()")
    steps.settled(page)
    assert steps.judgements(page) == before
    assert "not in these numbers" in steps.text(page, ".settings")


def test_readings_have_odds_before_and_after(app):
    page = believing(app())
    rows = page.find_elements(By.CSS_SELECTOR, "#family-believe .slider:has(.after)")
    assert len(rows) == 4
    steps.move(page, rows[0], 0.9)
    odds = steps.kept(page)["o"]
    assert sum(odds.values()) == pytest.approx(1)
    assert max(odds.values()) == pytest.approx(0.9)
    assert all("%" in text for text in steps.texts(page, "#family-believe .after"))
    steps.press(page, "Undo")
    assert steps.kept(page)["o"] is None


def test_a_voice_that_is_left_out_is_named(app):
    page = believing(app())
    row = steps.lever(page, "Ministry of National Defense, Seoul")
    row.find_element(By.CSS_SELECTOR, "input[type=checkbox]").click()
    steps.settled(page)
    assert steps.kept(page)["x"] == ["rok-mnd"]
    assert steps.texts(page, ".chips li")[0].startswith("without Ministry of National Defense")
    page.execute_script("document.querySelector('.chips button').click()")
    steps.settled(page)
    assert steps.kept(page)["x"] == []


def test_too_few_draws_are_told_in_a_sentence(app):
    """What no draw agrees with is said to be too far, and no number is shown as if it were known."""
    page = believing(app("/cases/britain-1915"))
    for row in page.find_elements(By.CSS_SELECTOR, "#family-believe .slider:has(.out)"):
        page.execute_script("arguments[0].click()", row.find_element(By.CSS_SELECTOR, "input[type=checkbox]"))
    steps.settled(page)
    assert page.execute_script("return document.querySelector('.effective').classList.contains('few')")
    assert "too far" in steps.text(page, ".effective")
    assert steps.text(page, ".status") == steps.text(page, ".effective")
    assert all("too few draws" in one for one in steps.judgements(page))


def test_voices_and_readings_are_weighed_apart(app):
    """Each is weighed on draws of its own: to move one sets the other back, and that can be undone."""
    page = believing(app())
    steps.move(page, steps.lever(page, "Ministry of National Defense, Seoul"), 0.1)
    steps.move(page, page.find_elements(By.CSS_SELECTOR, "#family-believe .slider:has(.after)")[0], 0.9)
    assert (steps.kept(page)["t"], steps.kept(page)["o"] is None) == ({}, False)
    steps.press(page, "Undo")
    assert (steps.kept(page)["t"], steps.kept(page)["o"]) == ({"rok-mnd": 0.5}, None)
