"""What is taken along: files of charts and data, the page as one file that opens with the network off, the change as text; and the network as it moves."""

from __future__ import annotations

import io
import json
import re
import time
import zipfile

import app_steps as steps
import openpyxl
import pytest

from conftest import shown

pytestmark = pytest.mark.web


@pytest.fixture
def downloads(visitor, tmp_path):
    """Return what waits for a file with an ending, and reads it."""
    visitor.execute_cdp_cmd("Browser.setDownloadBehavior", {"behavior": "allow", "downloadPath": str(tmp_path)})

    def read(ending):
        end = time.monotonic() + steps.PATIENCE
        while time.monotonic() < end:
            found = [path for path in tmp_path.iterdir() if path.name.endswith(ending)]
            if found and found[0].stat().st_size:
                return found[0]
            time.sleep(0.1)
        raise AssertionError(f"no {ending} came")

    return read


def offer(page, text):
    """Press a button of the page by its text, without waiting for draws."""
    page.execute_script("[...document.querySelectorAll('main button')].find((one) => one.textContent === arguments[0]).click()", text)


def test_a_chart_is_taken_along_as_svg_png_and_csv_with_what_describes_it(app, downloads):
    page = app()
    title = steps.text(page, ".charts h3")
    for text in ("SVG", "PNG", "CSV", "Metadata"):
        offer(page, text)
    svg = downloads(".svg").read_text(encoding="utf-8")
    assert title.split(":")[0] in re.sub(r"<[^>]+>", " ", svg).replace("  ", " ")
    assert "--hue: #0b5cad" in svg, "it is drawn in light colours"
    assert "materiel" in svg, "it says where it comes from"
    assert downloads(".png").read_bytes().startswith(b"\x89PNG")
    assert downloads(".csv").read_text(encoding="utf-8").startswith("kind,start,end,p5")
    assert json.loads(downloads("-metadata.json").read_text(encoding="utf-8"))["run"]["seed"] == 1


def test_data_are_taken_along_as_a_zip_and_for_a_spreadsheet(app, downloads):
    page = app()
    steps.move(page, steps.lever(page, "mass of the suspected"), 0.8)
    offer(page, "Data as CSV")
    with zipfile.ZipFile(downloads(".zip")) as held:
        assert any(name.endswith(".csv") for name in held.namelist())
        assert "shared.order-mass" in "".join(held.read(name).decode() for name in held.namelist())
    offer(page, "Data for a spreadsheet")
    book = openpyxl.load_workbook(io.BytesIO(downloads(".xlsx").read_bytes()))
    assert book.sheetnames


def test_the_page_as_one_file_opens_with_the_network_off(app, downloads, browser):
    page = app(language="fr")
    steps.move(page, steps.lever(page, "masse de la commande"), 0.8)
    offer(page, "Le rapport en un fichier")
    path = downloads(".html")
    shown(browser, 1200)
    browser.get(path.as_uri())
    assert browser.execute_script("return document.documentElement.lang") == "fr"
    assert browser.execute_script("return document.querySelectorAll('svg.chart').length") > 0
    assert browser.execute_script("return performance.getEntriesByType('resource').filter((one) => !one.name.startsWith('data:')).length") == 0
    assert browser.get_log("browser") == []


def test_the_change_is_text_for_a_command_line_for_python_and_for_a_case(app, visitor, server):
    visitor.execute_cdp_cmd("Browser.grantPermissions", {"origin": server, "permissions": ["clipboardReadWrite", "clipboardSanitizedWrite"]})
    page = app()
    row = steps.lever(page, "mass of the suspected")
    steps.move(page, row, 0.8)
    value = steps.kept(page)["c"]["shared.order-mass"]
    command, python, yaml = steps.texts(page, ".copy pre")
    assert f"--set 'shared.order-mass={value}'" in command
    assert f"'shared.order-mass': '{value}'" in python
    assert f"constant: {value}" in yaml
    page.execute_script("document.querySelector('.copy button').click()")
    steps.until(page, "return document.querySelector('.takeaway [role=status]').textContent !== ''")
    assert page.execute_async_script("navigator.clipboard.readText().then(arguments[0])") == command
    steps.press(page, "Copy link")
    assert page.execute_async_script("navigator.clipboard.readText().then(arguments[0])") == page.current_url


def test_a_link_is_copied_where_a_browser_lends_no_clipboard(app, visitor, server):
    """As over plain HTTP from another machine."""
    visitor.execute_cdp_cmd("Browser.grantPermissions", {"origin": server, "permissions": ["clipboardReadWrite", "clipboardSanitizedWrite"]})
    page = app()
    page.execute_script("Object.defineProperty(navigator, 'clipboard', { value: undefined, configurable: true })")
    steps.press(page, "Copy link")
    steps.until(page, "return document.querySelector('.tools [role=status]').textContent !== ''")
    page.execute_script("delete navigator.clipboard")
    assert page.execute_async_script("navigator.clipboard.readText().then(arguments[0])") == page.current_url


def opened(page):
    """Open the network and wait for it."""
    page.execute_script("document.querySelector('.network > summary').click()")
    steps.until(page, "return document.querySelector('.network svg') !== null")
    return page


WIDTHS = "return [...document.querySelectorAll('.network [data-arrow]')].map((one) => one.style.strokeWidth).join()"


def test_the_network_plays_and_stops_where_it_is_held(app):
    page = opened(app())
    first = page.execute_script(WIDTHS)
    page.execute_script("document.querySelector('.player button').click()")
    steps.until(page, "return Number(document.querySelector('.player input').value) > 3")
    assert page.execute_script("return getComputedStyle(document.querySelector('.network .moving')).animationName") == "flow"
    page.execute_script("document.querySelector('.player button').click()")
    held = page.execute_script("return document.querySelector('.player input').value")
    assert page.execute_script(WIDTHS) != first
    time.sleep(0.6)
    assert page.execute_script("return document.querySelector('.player input').value") == held
    assert steps.text(page, ".player output") == page.execute_script("return document.querySelector('.player input').getAttribute('aria-valuetext')")
    page.execute_script("document.querySelector('.network > div > details').open = true")
    steps.until(page, "return document.querySelectorAll('.network table tbody tr').length > 3")


def test_whoever_asked_for_less_movement_sees_none_between_days(app):
    page = opened(app(motion="reduce"))
    page.execute_script("document.querySelector('.player button').click()")
    steps.until(page, "return Number(document.querySelector('.player input').value) > 0")
    assert page.execute_script("return getComputedStyle(document.querySelector('.network .moving')).animationName") == "none"


def followed(page, act):
    """Do what changes the network, and wait until another stands in its place."""
    page.execute_script("window.before = document.querySelector('.network svg')")
    act()
    steps.until(page, "const now = document.querySelector('.network svg'); return now !== null && now !== window.before")


def test_the_network_follows_decisions_and_stays_where_it_was(app):
    """On the same day, with its table open."""
    page = opened(app())
    page.execute_script("const place = document.querySelector('.player input'); place.value = place.max; place.dispatchEvent(new Event('input'))")
    page.execute_script("document.querySelector('.network > div > details').open = true")
    state = "return [document.querySelector('.player input').value, document.querySelector('.player output').textContent, document.querySelector('.network > div > details').open]"
    before, where = page.execute_script(WIDTHS), page.execute_script(state)
    assert where[0] != "0"
    followed(page, lambda: steps.move(page, steps.lever(page, "mass of the suspected"), 1.0))
    assert page.execute_script(state) == where
    assert page.execute_script(WIDTHS) != before
    steps.until(page, "return document.querySelectorAll('.network table tbody tr').length > 3")


def test_the_network_plays_on_while_decisions_change(app):
    page = opened(app())
    page.execute_script("document.querySelector('.player button').click()")
    followed(page, lambda: steps.move(page, steps.lever(page, "mass of the suspected"), 1.0))
    place = "return Number(document.querySelector('.player input').value)"
    held = page.execute_script(place)
    assert steps.text(page, ".player button") == "Pause"
    steps.until(page, f"{place} > arguments[0]", held)


def test_the_network_says_what_is_not_in_it_until_it_is_moved(app):
    """A war that charts ask of has no day there, though its slider names one."""
    page = opened(app())
    assert "Not in this picture until its slider is moved: Day on which a war begins." in steps.text(page, ".network > div > p")
    followed(page, lambda: steps.typed(page, steps.lever(page, "day on which a war begins"), "2024-03-17"))
    assert "Not in this picture" not in steps.text(page, ".network > div > p")
