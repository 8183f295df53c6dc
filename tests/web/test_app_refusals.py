"""What the page asks for, and what it does when it is refused or stumbles: it says so in its own language, marks what no longer follows, and goes on."""

from __future__ import annotations

import app_steps as steps
import pytest
from selenium.webdriver.common.by import By

pytestmark = pytest.mark.web

ORDER = "mass of the suspected"


def test_every_question_names_the_case_that_it_is_about(app):
    page = app()
    digest = steps.kept(page)["d"]
    page.execute_script(steps.SPY)
    steps.move(page, steps.lever(page, ORDER), 0.8)
    page.execute_script("document.querySelector('.network > summary').click(); document.querySelector('.charts figure .bar button').click()")
    steps.until(page, "return document.querySelector('.network svg') !== null && document.querySelector('dialog[open] details') !== null")
    page.execute_script(
        "document.querySelector('dialog').close(); [...document.querySelectorAll('button')].find((one) => one.textContent === 'Data as CSV').click()"
    )
    steps.believing(page)
    asked = page.execute_script("return window.asked")
    assert {one["what"] for one in asked} == {"run", "flows", "why", "export", "weigh"}
    assert {one["body"]["digest"] for one in asked} == {digest}
    assert {name for one in asked for name in one["headers"]} == {"Content-Type"}


def test_what_a_number_rests_on_is_that_of_what_is_set(app):
    page = app()

    def opened(selector):
        page.execute_script("document.querySelector(arguments[0]).click()", selector)
        steps.until(page, "return document.querySelector('dialog[open] details') !== null")
        said = steps.text(page, "dialog .why")
        page.execute_script("document.querySelector('dialog').close()")
        return said

    plain = opened("[data-figure=shipped-2023] .bar button")
    assert plain.startswith("Of the case as it stands")
    steps.press(page, "Beside the case as it stands")
    steps.typed(page, steps.lever(page, ORDER), "5")
    page.execute_script(steps.SPY)
    set_by_hand = opened(".slot:has([data-figure=shipped-2023]) .trio > :nth-child(2) .bar button")
    assert set_by_hand.startswith("With what is set by hand")
    assert page.execute_script("return window.asked[0].body.changes") == {"shared.order-mass": "5 kt"}
    assert set_by_hand.removeprefix("With what is set by hand.") != plain.removeprefix("Of the case as it stands, with nothing moved.")
    assert opened(".slot:has([data-figure=shipped-2023]) .trio > :nth-child(1) .bar button") == plain, "A is the case as it stands"


def test_a_refusal_marks_what_no_longer_follows_until_something_does(app):
    page = app()
    row = steps.lever(page, ORDER)
    steps.answered_with(page, 400, {"error": "not like this"})
    page.execute_script(
        "window.alerts = 0; new MutationObserver((all) => (window.alerts += all.length)).observe(document.getElementById('notice'), { childList: true });"
        "const input = arguments[0]; for (const place of [20, 40, 60]) { input.value = place; input.dispatchEvent(new Event('input', { bubbles: true })); }",
        steps.handle(row),
    )
    steps.move(page, row, 0.9)
    steps.until(page, "return document.querySelector('.results.behind') !== null")
    assert steps.text(page, ".notice") == "not like this"
    assert page.execute_script("return window.alerts") == 1, "the same is told once"
    assert "from before" in steps.text(page, ".status")
    assert not page.find_element(By.CSS_SELECTOR, ".copy pre").is_displayed()
    steps.as_it_was(page)
    steps.move(page, row, 0.8)
    assert page.execute_script("return document.querySelector('.results.behind')") is None
    assert page.find_element(By.CSS_SELECTOR, ".copy pre").is_displayed()
    assert not steps.texts(page, ".notice")
    page.get_log("browser")  # which says that something was refused


def test_a_page_that_stumbles_says_so_and_goes_on(app):
    """A reply of which the page makes nothing is a mistake of ours, and no end."""
    page = app()
    row = steps.lever(page, ORDER)
    steps.answered_with(page, 200, {"draws": 2000})
    steps.move(page, row, 0.9)
    steps.until(page, "return document.querySelector('.notice.wrong') !== null")
    assert "mistake of ours" in steps.text(page, ".notice")
    steps.as_it_was(page)
    steps.move(page, row, 0.8)
    assert not steps.texts(page, ".notice")
    assert steps.text(page, ".status").startswith("2,000")
    page.get_log("browser")


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ("digest", "Le cas a changé"),
        ("mistake", "erreur de notre part"),
        ("gone", "pas de tel cas"),
        ("too-large", "trop grand"),
        ("not-found", "adresse"),
        ("", "as it is told"),
    ],
)
def test_the_app_refuses_in_the_language_of_the_page(app, key, said):
    page = app(language="fr")
    steps.answered_with(page, 409, {"error": "as it is told", "key": key})
    steps.move(page, steps.lever(page, "masse de la commande"), 0.9)
    steps.until(page, "return document.querySelector('.notice.wrong') !== null")
    assert said in steps.text(page, ".notice")
    steps.as_it_was(page)
    page.get_log("browser")


def test_files_are_not_offered_where_they_would_hold_other_numbers_than_the_screen(app):
    page = app()

    def offered():
        return [one.is_enabled() for one in page.find_elements(By.CSS_SELECTOR, ".takeaway > .bar button")]

    assert offered() == [True, True, True]
    steps.press(page, "Beside the case as it stands")
    assert offered() == [False, False, False]
    assert "not A beside B" in steps.text(page, ".takeaway")
    steps.press(page, "Close A")
    assert offered() == [True, True, True]
    steps.believing(page)
    assert offered() == [True, True, True], "nothing is believed otherwise"
    steps.move(page, steps.lever(page, "Ministry of National Defense, Seoul"), 0)
    assert offered() == [False, False, False]
    assert "what you believe otherwise" in steps.text(page, ".takeaway")
    page.execute_script("document.getElementById('tab-do').click()")
    steps.settled(page)
    assert offered() == [True, True, True]
