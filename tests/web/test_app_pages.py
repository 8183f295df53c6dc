"""Pages of the web app, as everybody meets them: both languages, wide and narrow, dark and light, by eye, by ear and by keyboard."""

from __future__ import annotations

import app_steps as steps
import pytest
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.keys import Keys

pytestmark = pytest.mark.web

EVERY = [(language, width, colours) for language in ("en", "fr") for width in (1200, 400) for colours in ("light", "dark")]


@pytest.mark.parametrize(("language", "width", "colours"), EVERY)
def test_nothing_hinders_on_any_page(app, axe, language, width, colours):
    """No sideways scrolling, nothing that axe-core finds serious, a silent console: on the list, and on a case's page with each family of sliders."""

    def fine(page):
        assert page.execute_script("return document.documentElement.scrollWidth") <= width
        assert page.execute_script("return document.documentElement.lang") == language
        assert steps.serious(page, axe) == {}
        assert page.get_log("browser") == []

    fine(app("/", language, width=width, colours=colours))
    page = app(language=language, width=width, colours=colours)
    fine(page)
    page.execute_script("document.getElementById('tab-believe').click()")
    steps.settled(page)
    page.execute_script("for (const one of document.querySelectorAll('.network, .network details, .slot:first-child details, .sheet details')) one.open = true")
    steps.until(page, "return document.querySelector('.network svg') !== null")
    fine(page)


def test_only_this_server_is_asked(app, server):
    page = app()
    asked = page.execute_script("return performance.getEntriesByType('resource').map((one) => one.name).filter((name) => !name.startsWith('data:'))")
    assert asked
    assert all(name.startswith(f"{server}/") for name in asked)


def test_everything_is_told_in_the_language_of_the_page(app):
    """The same page in the other language shares no heading, no button and no name of a slider."""
    english, french = (set(steps.texts(app(language=language), "h2, h3, .sheet button:not(.back)")) for language in ("en", "fr"))
    assert english & french <= {"", "\u00d7"}


def test_the_language_changes_and_what_is_set_stays(app):
    page = app()
    steps.move(page, steps.lever(page, "order"), 0.8)
    before = steps.kept(page)
    page.execute_script("document.querySelector('.languages a[lang=fr]').click()")
    steps.until(page, "return document.documentElement.lang === 'fr'")
    steps.settled(page)
    assert steps.kept(page) == before
    assert len(steps.texts(page, ".chips li")) == 1


def test_a_slider_is_reached_and_moved_by_keyboard_alone(app):
    page = app()
    before = steps.medians(page)
    page.execute_script("document.body.focus()")
    for _ in range(60):
        ActionChains(page).send_keys(Keys.TAB).perform()
        if page.execute_script("return document.activeElement.matches('#family-do .slider:nth-of-type(2) input[type=range]')"):
            break
    steps.keys(page, Keys.END)
    steps.until(page, "return document.querySelectorAll('.chips li').length === 1")
    steps.settled(page)
    assert steps.medians(page) != before
    assert page.execute_script("return document.activeElement.getAttribute('aria-valuetext')") in steps.text(page, ".chips li")
    ActionChains(page).key_down(Keys.CONTROL).send_keys("z").key_up(Keys.CONTROL).perform()
    steps.until(page, "return document.querySelectorAll('.chips li').length === 0")
    steps.settled(page)
    assert steps.medians(page) == before


def test_families_are_tabs_of_which_one_shows(app):
    page = app()
    page.execute_script("document.getElementById('tab-do').focus()")
    steps.keys(page, Keys.ARROW_RIGHT)
    steps.settled(page)
    assert page.execute_script("return document.activeElement.id") == "tab-believe"
    assert page.execute_script("return [...document.querySelectorAll('[role=tabpanel]')].filter((one) => !one.hidden).map((one) => one.id)") == [
        "family-believe"
    ]


def test_on_a_telephone_charts_and_sliders_are_seen_at_once(app):
    page = app(width=400)
    page.execute_script("document.querySelector('.charts figure').scrollIntoView()")
    place = page.execute_script(
        "const [chart, sheet] = ['.charts figure svg', '.sheet'].map((one) => document.querySelector(one).getBoundingClientRect());"
        "return { shown: Math.min(chart.bottom, sheet.top) - chart.top, chart: chart.height, sheet: sheet.bottom - sheet.top }"
    )
    assert place["shown"] > 0.8 * place["chart"]
    assert place["sheet"] > 200
    page.execute_script("document.querySelector('.sheet > summary').click()")
    assert page.execute_script("return document.querySelector('.sheet').getBoundingClientRect().height") < 80
    page.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {"width": 1200, "height": 900, "deviceScaleFactor": 1, "mobile": False})
    steps.until(page, "return document.querySelector('.sheet').open")


def test_a_case_that_is_not_there_is_said_to_be(visitor, server):
    visitor.get(f"{server}/cases/nobody?language=fr")
    assert steps.text(visitor, ".notice").startswith("Il n\u2019y a pas de tel cas ici")
    assert visitor.execute_script("return document.querySelector('main a').pathname") == "/"
