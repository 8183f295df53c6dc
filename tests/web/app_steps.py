"""What a visitor of the web app does and sees."""

from __future__ import annotations

import json

from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

PATIENCE = 60
"""Seconds: machines that test are slow and shared."""

DO, BELIEVE = "#family-do", "#family-believe"


def until(page, script, *given):
    """Wait until a script says something true, and return it."""
    return WebDriverWait(page, PATIENCE, poll_frequency=0.05).until(lambda one: one.execute_script(script, *given))


def settled(page):
    """Wait until every draw has answered what is set."""
    until(page, "return document.getElementById('app')?.getAttribute('aria-busy') === 'false'")


def texts(page, selector):
    """Return the texts of elements."""
    return page.execute_script("return [...document.querySelectorAll(arguments[0])].map((one) => one.textContent)", selector)


def text(page, selector):
    """Return the text of the first of such elements."""
    return texts(page, selector)[0]


def lever(page, name):
    """Return the row of a slider by a part of its name."""
    return next(row for row in page.find_elements(By.CSS_SELECTOR, ".slider") if name.lower() in row.get_attribute("textContent").lower())


def handle(row):
    """Return what is dragged of a slider."""
    return row.find_element(By.CSS_SELECTOR, "input[type=range]")


def move(page, row, place):
    """Put a slider somewhere, as a share of its length, let go and wait for all draws."""
    page.execute_script(
        "const [input, place] = arguments; input.value = place * input.max;"
        "for (const kind of ['input', 'change']) input.dispatchEvent(new Event(kind, { bubbles: true }));",
        handle(row), place,
    )  # fmt: skip
    settled(page)


def press(page, name):
    """Press a button by its text and wait for all draws."""
    button = next(one for one in page.find_elements(By.TAG_NAME, "button") if one.get_attribute("textContent") == name and one.is_displayed())
    button.click()
    settled(page)


def medians(page):
    """Return the lines of the charts."""
    return page.execute_script("return [...document.querySelectorAll('.charts path.median')].map((one) => one.getAttribute('d'))")


def ticks(page):
    """Return what stands at the axes of values, chart by chart."""
    return page.execute_script(
        "return [...document.querySelectorAll('.charts svg')].map((one) => [...one.querySelectorAll('.tick[text-anchor=end]')].map((tick) => tick.textContent).join(' '))"
    )


def judgements(page):
    """Return the key judgements."""
    return texts(page, ".judgements > li > p:first-child")


def keys(page, *pressed):
    """Press keys, one after the other."""
    actions = ActionChains(page)
    for key in pressed:
        actions.send_keys(key)
    actions.perform()


def serious(page, axe):
    """Return what hinders people seriously, by rule, with examples."""
    page.execute_script(axe)
    found = page.execute_async_script("axe.run().then(arguments[0])")
    return {one["id"]: [node["html"][:200] for node in one["nodes"][:3]] for one in found["violations"] if one["impact"] in ("serious", "critical")}


def kept(page):
    """Return what the address of the page holds."""
    script = "return atob(location.hash.slice(1).replaceAll('-', '+').replaceAll('_', '/'))"
    return json.loads(page.execute_script(script).encode("latin-1").decode())


def linked(page, held):
    """Return the part of an address after its # for what it is to hold."""
    script = "return btoa(arguments[0]).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')"
    return "#" + page.execute_script(script, json.dumps(held))


SPY = """
window.asked = [];
const before = window.fetch;
window.fetch = (address, options) => {
  if (options?.method === "POST") window.asked.push({ what: String(address).split("/").pop(), body: JSON.parse(options.body), headers: Object.keys(options.headers) });
  return before(address, options);
};
"""
"""Keeps what is asked of the server from now on."""


def believing(page):
    """Show what we believe."""
    page.execute_script("document.getElementById('tab-believe').click()")
    settled(page)
    return page


def answered_with(page, status, said):
    """Have the server answer with a status and what it says, instead of what it would, until `window.fetch` is put back by `as_it_was`."""
    page.execute_script(
        "const [status, said] = arguments; window.own ??= window.fetch;"
        "window.fetch = async () => new Response(JSON.stringify(said), { status, headers: { 'Content-Type': 'application/json' } });",
        status, said,
    )  # fmt: skip


def as_it_was(page):
    """Let the server answer again."""
    page.execute_script("window.fetch = window.own")


def typed(page, row, text):
    """Type into the field of a slider, and wait for all draws."""
    page.execute_script("arguments[0].value = arguments[1]; arguments[0].dispatchEvent(new Event('change'))", row.find_element("css selector", ".field"), text)
    settled(page)
