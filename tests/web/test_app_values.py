"""Values: what is set is what is shown and what is run, and a slider stays where it is put; the way back goes by what somebody did."""

from __future__ import annotations

import app_steps as steps
import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

pytestmark = pytest.mark.web

LEAPS = """
const [id, done] = arguments;
Promise.all([import("/static/scale.js"), fetch(`/api/cases/${id}`).then((reply) => reply.json())]).then(([{ scale }, about]) => {
  const odd = [];
  for (const lever of about.levers) {
    const held = scale(lever);
    for (let place = 0; place <= held.steps; place++) {
      const value = held.value(place);
      const back = Math.round(held.place(value));
      if (back !== place || held.read(held.written(value)) !== value) odd.push([lever.id, place, value, back]);
    }
  }
  done({ odd, levers: about.levers.length });
});
"""
"""Gives the places of a case's levers that come back as others once they are values, or that a link would not carry."""


@pytest.mark.parametrize("case", ["britain-1915", "dprk-2023"])
def test_every_place_of_every_slider_comes_back_as_itself(app, case):
    found = app(f"/cases/{case}").execute_async_script(LEAPS, case)
    assert found["levers"] > 3
    assert found["odd"] == []


def test_scales_of_any_size_come_back_as_themselves(app):
    script = """
const done = arguments[0];
import("/static/scale.js").then(({ numbers }) => {
  const scales = [
    { low: 1, high: 2 }, { low: 0, high: 1e9 }, { low: 100, high: 101 }, { low: 3.14159, high: 3.2 }, { low: 0, high: 1e-6 }, { low: 123456, high: 123999 },
    { low: 1, high: 110, scale: "log" }, { low: 0.001, high: 5e6, scale: "log" },
  ];
  done(scales.flatMap((given) => {
    const held = numbers(given);
    return [...Array(held.steps + 1).keys()].filter((place) => Math.round(held.place(held.value(place))) !== place).map((place) => [JSON.stringify(given), place]);
  }));
});
"""
    assert app().execute_async_script(script) == []


def test_arrow_keys_move_a_slider_of_small_steps_there_and_back(app):
    page = app("/cases/britain-1915")
    row = steps.lever(page, "women and unskilled men raise output")
    page.execute_script("arguments[0].focus()", steps.handle(row))
    places = []
    for pressed in (Keys.HOME, Keys.ARROW_RIGHT, Keys.ARROW_RIGHT, Keys.ARROW_LEFT, Keys.ARROW_LEFT):
        steps.keys(page, pressed)
        places.append(int(steps.handle(row).get_property("value")))
        steps.settled(page)
        assert int(steps.handle(row).get_property("value")) == places[-1], "it stays where it is once all has answered"
    assert places == [0, 1, 2, 1, 0]


def test_what_is_typed_is_what_is_run_and_what_is_shown(app):
    page = app()
    row = steps.lever(page, "mass of the suspected")
    steps.typed(page, row, "12.3456")
    assert steps.kept(page)["c"] == {"shared.order-mass": "12.3456 kt"}
    assert row.find_element(By.CSS_SELECTOR, ".field").get_property("value") == "12.3456"
    assert "12.3456" in steps.text(page, ".chips li")
    assert "12.3456" in steps.handle(row).get_attribute("aria-valuetext")


def test_a_target_is_shown_as_it_was_typed(app):
    page = app()
    figure = page.find_element(By.CSS_SELECTOR, "figure[data-figure=output-rate]")
    next(one for one in figure.find_elements(By.TAG_NAME, "button") if one.text == "Target line").click()
    field = figure.find_element(By.CSS_SELECTOR, ".field")
    field.send_keys("15432", Keys.ENTER)
    steps.until(page, "return document.querySelector('[data-figure=output-rate] line.target') !== null")
    steps.settled(page)
    page.execute_script("document.activeElement.blur()")
    assert steps.kept(page)["l"] == {"output-rate": 15432}
    assert field.get_property("value") == "15432"
    assert "target · 15,432" in steps.text(page, "[data-figure=output-rate] svg")


def test_a_target_looks_other_than_a_threshold_and_can_be_set_beside_a(app):
    page = app()
    steps.press(page, "Beside the case as it stands")
    bars = page.execute_script("return [...document.querySelectorAll('.slot:not([hidden])')].map((one) => one.querySelectorAll('.goals').length)")
    assert bars == [1, 1, 1, 1], "beside A a target can be set as well"
    slot = page.find_element(By.CSS_SELECTOR, ".slot:has([data-figure=shipped-2023])")
    next(one for one in slot.find_elements(By.TAG_NAME, "button") if one.text == "Target line").click()
    slot.find_element(By.CSS_SELECTOR, ".field").send_keys("1000000", Keys.ENTER)
    steps.until(page, "return document.querySelector('[data-figure=shipped-2023] line.target') !== null")
    steps.settled(page)
    drawn = page.execute_script(
        "return ['line.goal:not(.target)', 'line.target'].map((one) => getComputedStyle(document.querySelector(`[data-figure=shipped-2023] ${one}`)).strokeDasharray)"
    )
    assert drawn[0] != drawn[1]


def test_a_day_is_typed_as_it_is_written_in_a_case_whatever_the_browser_speaks(app):
    page = app()
    row = steps.lever(page, "day on which a war begins")
    field = row.find_element(By.CSS_SELECTOR, ".field")
    assert field.get_attribute("type") == "text"
    assert field.get_property("value") == "2024-03-16"
    for wrong in ("2024-02-30", "16/03/2024", "2031-01-01", ""):
        steps.typed(page, row, wrong)
        assert "2023-09-01" in page.execute_script("return arguments[0].validationMessage", field), wrong
        assert steps.kept(page)["c"] == {}
    steps.typed(page, row, " 2024-02-29 ")
    assert steps.kept(page)["c"] == {"contingencies.war.begins": "2024-02-29"}
    assert field.get_property("value") == "2024-02-29"
    assert "29 February 2024" in steps.text(page, ".chips li")


def test_a_slider_that_is_put_back_at_once_is_two_steps(app):
    page = app()
    row = steps.lever(page, "mass of the suspected")
    steps.typed(page, row, "20")
    page.execute_script(
        "const [input, back] = arguments; input.value = 10; input.dispatchEvent(new Event('change', { bubbles: true })); back.click();"
        "input.value = 30; input.dispatchEvent(new Event('change', { bubbles: true }))",
        steps.handle(row), row.find_element(By.CSS_SELECTOR, ".back"),
    )  # fmt: skip
    steps.settled(page)
    found = []
    for _ in range(4):
        found.append(steps.kept(page)["c"].get("shared.order-mass"))
        steps.press(page, "Undo")
    assert found[1] is None
    assert found[3] == "20 kt"
    assert len(set(found)) == 4


def test_keys_that_follow_each_other_are_one_step(app):
    page = app()
    row = steps.lever(page, "mass of the suspected")
    page.execute_script("arguments[0].focus()", steps.handle(row))
    steps.keys(page, Keys.ARROW_RIGHT, Keys.ARROW_RIGHT, Keys.ARROW_RIGHT)
    steps.until(page, "return document.querySelectorAll('.chips li').length === 1")
    steps.settled(page)
    steps.press(page, "Undo")
    assert steps.kept(page)["c"] == {}
