"""Write docs/pictures/app.png: the web app with a decision changed, as a browser shows it. Needs Debian's chromium with its driver."""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from selenium import webdriver
from selenium.webdriver.support.ui import WebDriverWait

CASE, CHANGES = "dprk-2023", {"shared.order-mass": "100 kt"}
WIDTH, HEIGHT, SHARP = 1600, 960, 1
"""Size in pixels of a page, and pixels of the picture for each."""
SERVE = "import sys; from materiel.cli import app; sys.argv = ['materiel', 'serve', *sys.argv[1:]]; app()"
SETTLED = "return document.getElementById('app')?.getAttribute('aria-busy') === 'false'"
PICTURE = Path(__file__).parent / "pictures" / "app.png"


def opened() -> Any:
    """Return a browser without a window."""
    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium") or "chromium"
    for flag in ("--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"):
        options.add_argument(flag)
    return webdriver.Chrome(options=options, service=webdriver.ChromeService(executable_path=shutil.which("chromedriver")))


def held(browser: Any) -> str:
    """Return the part of an address after its # that has the changes, and for the rest what the page says of itself."""
    now = browser.execute_script("return atob(location.hash.slice(1).replaceAll('-', '+').replaceAll('_', '/'))")
    state = json.loads(now) | {"c": CHANGES}
    return base64.urlsafe_b64encode(json.dumps(state).encode()).decode().rstrip("=")


def main() -> None:
    """Serve the case, set the changes by a link, and keep what is seen."""
    with subprocess.Popen([sys.executable, "-c", SERVE, CASE, "--port", "0"], stdout=subprocess.PIPE, text=True) as server:  # noqa: S603  # our own command
        assert server.stdout
        address = f"{server.stdout.readline().split()[0]}cases/{CASE}?language=en"
        browser = opened()
        try:
            browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {"width": WIDTH, "height": HEIGHT, "deviceScaleFactor": SHARP, "mobile": False})
            browser.get(address)
            WebDriverWait(browser, 60).until(lambda one: one.execute_script(SETTLED))
            link = held(browser)
            browser.get("about:blank")
            browser.get(f"{address}#{link}")
            WebDriverWait(browser, 60).until(lambda one: one.execute_script(SETTLED))
            PICTURE.write_bytes(browser.get_screenshot_as_png())
        finally:
            browser.quit()
            server.terminate()


if __name__ == "__main__":
    main()
