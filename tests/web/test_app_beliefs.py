"""Beliefs: voices are trusted more or less, readings held more or less likely; the draws that there are get other weights."""

from __future__ import annotations

import app_steps as steps
import pytest
from selenium.webdriver.common.by import By

pytestmark = pytest.mark.web


def test_a_voice_that_is_not_heard_moves_the_answers_and_back(app):
    page = steps.believing(app())
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
    steps.believing(page)
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
    steps.believing(page)
    steps.move(page, steps.lever(page, "Ministry of National Defense, Seoul"), 0)
    assert steps.judgements(page) != before
    page.execute_script("document.getElementById('tab-do').click()")
    steps.settled(page)
    assert steps.judgements(page) == before
    assert "not in these numbers" in steps.text(page, ".settings")


def test_readings_have_odds_before_and_after(app):
    page = steps.believing(app())
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
    page = steps.believing(app())
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
    page = steps.believing(app("/cases/britain-1915"))
    for row in page.find_elements(By.CSS_SELECTOR, "#family-believe .slider:has(.out)"):
        page.execute_script("arguments[0].click()", row.find_element(By.CSS_SELECTOR, "input[type=checkbox]"))
    steps.settled(page)
    assert page.execute_script("return document.querySelector('.effective').classList.contains('few')")
    assert "too far" in steps.text(page, ".effective")
    assert steps.text(page, ".status") == steps.text(page, ".effective")
    assert all("too few draws" in one for one in steps.judgements(page))


def test_voices_and_readings_are_weighed_apart(app):
    """Each is weighed on draws of its own: to move one sets the other back, and that can be undone."""
    page = steps.believing(app())
    steps.move(page, steps.lever(page, "Ministry of National Defense, Seoul"), 0.1)
    steps.move(page, page.find_elements(By.CSS_SELECTOR, "#family-believe .slider:has(.after)")[0], 0.9)
    assert (steps.kept(page)["t"], steps.kept(page)["o"] is None) == ({}, False)
    steps.press(page, "Undo")
    assert (steps.kept(page)["t"], steps.kept(page)["o"]) == ({"rok-mnd": 0.5}, None)


READINGS = "#family-believe .slider:has(.after)"


def test_readings_are_moved_for_the_case_as_it_stands_alone(app):
    """With a decision set they cannot be weighed: the page says so instead of asking for what is always refused."""
    page = app()
    steps.move(page, steps.lever(page, "mass of the suspected"), 0.8)
    steps.believing(page)
    readings = page.find_elements(By.CSS_SELECTOR, READINGS)
    assert all(not steps.handle(one).is_enabled() and not one.find_element(By.CSS_SELECTOR, ".field").is_enabled() for one in readings)
    said = "return [...document.querySelectorAll('#family-believe > div > p:not([hidden])')].some((one) => one.textContent.startsWith('Readings are weighed for the case as it stands'))"
    assert page.execute_script(said)
    steps.move(page, steps.lever(page, "Ministry of National Defense, Seoul"), 0.1)
    assert not steps.texts(page, ".notice"), "voices can be weighed"
    page.execute_script("document.querySelector('.chips li.do button').click()")
    steps.settled(page)
    assert all(steps.handle(one).is_enabled() for one in readings)
    assert not page.execute_script(said)


def test_a_decision_puts_readings_back_and_undo_brings_them_again(app):
    page = steps.believing(app())
    steps.move(page, page.find_elements(By.CSS_SELECTOR, READINGS)[0], 0.9)
    odds = steps.kept(page)["o"]
    page.execute_script("document.getElementById('tab-do').click()")
    steps.settled(page)
    steps.move(page, steps.lever(page, "mass of the suspected"), 0.8)
    assert steps.kept(page)["o"] is None
    steps.believing(page)
    assert not steps.texts(page, ".notice"), "nothing was asked that cannot be weighed"
    steps.press(page, "Undo")
    assert steps.kept(page)["o"] == odds


def test_a_small_chance_is_shown_as_it_was_typed(app):
    page = steps.believing(app())
    row = page.find_elements(By.CSS_SELECTOR, READINGS)[0]
    steps.typed(page, row, "0.4")
    assert min(steps.kept(page)["o"].values()) == pytest.approx(0.004)
    assert row.find_element(By.CSS_SELECTOR, ".field").get_property("value") == "0.4"
    assert row.find_element(By.CSS_SELECTOR, "small").text.startswith("set to 0.4 %")


def test_weights_are_told_to_be_of_all_draws_while_a_slider_is_dragged(app):
    page = steps.believing(app())
    page.execute_script(
        "window.told = []; const status = document.querySelector('.status'); new MutationObserver(() => window.told.push(status.textContent)).observe(status, { childList: true });"
        "arguments[0].value = 2; arguments[0].dispatchEvent(new Event('input', { bubbles: true }))",
        steps.handle(steps.lever(page, "Ministry of National Defense, Seoul")),
    )
    steps.until(page, "return window.told.length > 0")
    assert page.execute_script("return window.told") == ["2,000 draws."]
