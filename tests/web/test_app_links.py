"""Links: what is set goes along in the address, and a link that cannot mean the same here says so first."""

from __future__ import annotations

import app_steps as steps
import pytest

from conftest import shown

pytestmark = pytest.mark.web


def test_a_link_shows_somebody_else_the_same(app, another):
    page = app()
    steps.move(page, steps.lever(page, "mass of the suspected"), 0.8)
    steps.press(page, "Hold what is set as A")
    steps.move(page, steps.lever(page, "shifts worked for export"), 0.2)
    wanted = steps.judgements(page), steps.medians(page), steps.kept(page)
    shown(another, 1200)
    another.get(page.current_url)
    steps.settled(another)
    assert (steps.judgements(another), steps.medians(another), steps.kept(another)) == wanted
    assert not steps.texts(another, ".notice")


def test_beliefs_go_along(app, another):
    page = app()
    page.execute_script("document.getElementById('tab-believe').click()")
    steps.settled(page)
    steps.move(page, steps.lever(page, "Ministry of National Defense, Seoul"), 0.1)
    shown(another, 1200)
    another.get(page.current_url)
    steps.settled(another)
    assert steps.judgements(another) == steps.judgements(page)
    assert another.execute_script("return document.documentElement.dataset.family") == "believe"


@pytest.mark.parametrize(
    ("change", "said"),
    [({"v": "0.0.1"}, "materiel 0.0.1"), ({"d": "0" * 64}, "another edition"), ({"c": {"shared.gone": "3 kt"}}, "shared.gone")],
    ids=["version", "case", "names"],
)
def test_an_old_link_says_what_differs_before_it_shows_anything(app, change, said):
    page = app()
    steps.move(page, steps.lever(page, "mass of the suspected"), 0.8)
    held = steps.kept(page) | change
    page = app(state=steps.linked(page, held))
    steps.until(page, "return document.querySelector('.notice button') !== null")
    assert said in steps.text(page, ".notice")
    assert not steps.medians(page)
    steps.press(page, "Show what it gives here")
    assert steps.medians(page)
    assert len(steps.texts(page, ".chips li")) == (0 if "c" in change else 1)


def test_whoever_wants_can_see_the_case_instead(app):
    page = app()
    held = steps.kept(page) | {"v": "0.0.1", "c": {"shared.order-mass": "20 kt"}}
    page = app(state=steps.linked(page, held), language="fr")
    steps.until(page, "return document.querySelector('.notice button') !== null")
    steps.press(page, "Montrer le cas tel qu\u2019il est")
    assert not steps.texts(page, ".chips li")


@pytest.mark.parametrize("broken", ["#nonsense", "#WzEsMl0", "#eyJ2IjoiPHNjcmlwdD4iLCJkIjoxfQ"], ids=["no base 64", "no mapping", "no state"])
def test_a_link_that_cannot_be_read_is_said_to_be(app, broken):
    page = app(state=broken)
    steps.until(page, "return document.querySelector('.notice') !== null")
    assert not page.execute_script("return document.querySelector('.notice script')")


@pytest.mark.parametrize("value", ["<b>a lot</b>", "1e9 kt", "20 t", "", 20], ids=["markup", "beyond", "another unit", "nothing", "a number"])
def test_values_that_a_slider_cannot_have_are_left_out_and_told(app, value):
    page = app()
    held = steps.kept(page) | {"c": {"shared.order-mass": value}}
    page = app(state=steps.linked(page, held))
    steps.until(page, "return document.querySelector('.notice button') !== null")
    assert "shared.order-mass" in steps.text(page, ".notice")
    steps.press(page, "Show what it gives here")
    assert steps.kept(page)["c"] == {}
    assert not page.execute_script("return document.querySelector('.notice')")


def test_another_link_in_the_same_window_is_followed(app):
    page = app()
    held = steps.kept(page) | {"c": {"shared.order-mass": "20 kt"}}
    page.execute_script("location.hash = arguments[0]", steps.linked(page, held))
    steps.until(page, "return document.querySelectorAll('.chips li').length === 1")
