"""The report in a real browser, opened from disk with the network off."""

from __future__ import annotations

import re

import pytest

pytestmark = pytest.mark.web

EVERY = [(language, width, colours) for language in ("en", "fr") for width in (1200, 400) for colours in ("light", "dark")]
PAINTED = "return new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done(true))));"


def rows(page, panel):
    """Return the cells of the table of a panel, row by row."""
    return page.execute_script(
        f"return [...document.querySelectorAll('#panel-{panel} tbody tr')].map((row) => [...row.children].map((cell) => cell.textContent));"
    )


def move(page, panel, number, value):
    """Move a slider and wait until the page is painted."""
    page.execute_script(
        f"const input = document.querySelectorAll('#panel-{panel} input')[{number}]; input.value = {value}; input.dispatchEvent(new Event('input', {{ bubbles: true }}));"
    )
    page.execute_script(PAINTED)


@pytest.mark.parametrize(("language", "width", "colours"), EVERY)
@pytest.mark.parametrize("case", ["dprk-2023", "britain-1915", "us-155mm-2022"])
def test_nothing_is_wider_than_the_page_and_the_console_is_silent(page, language, width, colours, case):
    opened = page(language, width, colours, case)
    assert opened.execute_script("return document.documentElement.scrollWidth") <= width
    assert opened.execute_script("return document.documentElement.lang") == language
    assert opened.get_log("browser") == []


@pytest.mark.parametrize(("language", "width", "colours"), EVERY)
def test_no_serious_hindrance_is_found(page, axe, language, width, colours):
    opened = page(language, width, colours)
    opened.execute_script(axe)
    found = opened.execute_async_script("axe.run().then(arguments[0])")
    serious = {one["id"]: [node["html"][:200] for node in one["nodes"][:3]] for one in found["violations"] if one["impact"] in ("serious", "critical")}
    assert serious == {}


def test_no_address_is_asked_for(page):
    opened = page()
    assert opened.execute_script("return performance.getEntriesByType('resource').filter((one) => !one.name.startsWith('data:')).length") == 0


@pytest.mark.parametrize("language", ["en", "fr"])
def test_a_voice_that_is_not_heard_moves_an_answer_and_back(page, language):
    opened = page(language)
    before = rows(opened, "voices")
    assert all(row[1] == row[2] for row in before)
    move(opened, "voices", 0, 0)
    after = rows(opened, "voices")
    assert any(row[1] != row[2] for row in after)
    assert [row[1] for row in after] == [row[1] for row in before]
    opened.execute_script("document.querySelector('#panel-voices button').click()")
    assert rows(opened, "voices") == before


def test_too_few_draws_are_told_in_a_sentence(page):
    opened = page()
    for number in range(opened.execute_script("return document.querySelectorAll('#panel-readings input').length")):
        move(opened, "readings", number, 0)
    assert all("NaN" not in cell for row in rows(opened, "readings") for cell in row)  # no odds at all are the odds as they were
    opened.execute_script("document.querySelector('#panel-readings button').click()")
    opened.execute_script("const held = JSON.parse(document.getElementById('held').textContent); window.fewest = held.panels.voices.fewest;")
    for number in range(opened.execute_script("return document.querySelectorAll('#panel-voices input').length")):
        move(opened, "voices", number, 0)
    for row in rows(opened, "voices"):
        few = float(row[3].replace(",", "")) < opened.execute_script("return window.fewest")
        assert ("too few draws" in row[2]) == few


def test_odds_of_readings_move_with_what_was_thought_before(page):
    opened = page()

    def odds():
        return opened.execute_script("return [...document.querySelectorAll('#panel-readings .after b')].map((one) => parseFloat(one.textContent))")

    before = odds()
    assert sum(before) == pytest.approx(100, abs=2)
    move(opened, "readings", 0, 100)
    after = odds()
    assert after[0] > before[0]
    assert sum(after) == pytest.approx(100, abs=2)


def test_sliders_are_moved_by_keyboard_alone(page):
    from selenium.webdriver.common.action_chains import ActionChains
    from selenium.webdriver.common.keys import Keys

    opened = page()
    opened.execute_script("document.getElementById('beliefs').querySelector('input').previousElementSibling.scrollIntoView()")
    for _ in range(400):
        ActionChains(opened).send_keys(Keys.TAB).perform()
        if opened.execute_script("return document.activeElement.matches('#panel-voices input')"):
            break
    assert opened.execute_script("return document.activeElement.matches('#panel-voices input')")
    ActionChains(opened).send_keys(Keys.HOME).perform()
    opened.execute_script(PAINTED)
    assert opened.execute_script("return document.activeElement.getAttribute('aria-valuetext')") == "not heard"
    assert any(row[1] != row[2] for row in rows(opened, "voices"))


def test_a_number_opens_what_is_known_about_it(page):
    opened = page()
    assert opened.execute_script(
        "const number = document.querySelector('#judgements data.number'); number.click();"
        "return document.getElementById('about-' + number.dataset.of.split('.')[0]).open"
    )


def test_every_figure_offers_its_files(page):
    opened = page()
    offers = opened.execute_script(
        "return [...document.querySelectorAll('figure[data-figure]')].map((one) => one.querySelectorAll('.downloads button').length)"
    )
    assert offers
    assert min(offers) >= 2


@pytest.mark.parametrize(("language", "never"), [("en", "never"), ("fr", "jamais")])
@pytest.mark.parametrize("panel", ["voices", "readings"])
def test_a_day_that_may_never_come_is_among_the_answers(page, language, never, panel):
    """A million rounds a month: in some draws never before the end of the war."""
    opened = page(language, case="britain-1915")
    held = opened.execute_script(f"return JSON.parse(document.getElementById('held').textContent).panels.{panel}.answers.map((one) => one.id)")
    at = held.index("million-a-month")
    before = rows(opened, panel)[at]
    assert panel == "readings" or f"\u2013{never})" in before[1]  # what was seen leaves fewer such draws
    for number in range(opened.execute_script(f"return document.querySelectorAll('#panel-{panel} input').length")):
        move(opened, panel, number, 0)
        assert not re.search("Infinity|NaN|null|undefined", " ".join(rows(opened, panel)[at]))
        opened.execute_script(f"document.querySelector('#panel-{panel} button').click()")
    assert rows(opened, panel)[at] == before
