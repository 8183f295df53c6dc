"""A real browser with the network off, and the reports of the shipped cases in both languages."""

from __future__ import annotations

import functools
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

import materiel

AXE = Path(__file__).parents[2] / ".web" / "node_modules" / "axe-core" / "axe.min.js"
FLAGS = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--hide-scrollbars", "--disable-background-networking", "--disable-component-update",
    "--disable-sync",
)  # fmt: skip


@pytest.fixture(scope="session")
def browser():
    """Return Debian's chromium."""
    webdriver = pytest.importorskip("selenium.webdriver")
    found, driver = shutil.which("chromium"), shutil.which("chromedriver")
    assert found, "these tests need chromium and its driver; `make test-web` installs them"
    assert driver
    options = webdriver.ChromeOptions()
    options.binary_location = found
    for flag in FLAGS:
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    started = webdriver.Chrome(options=options, service=webdriver.ChromeService(executable_path=driver))
    started.set_script_timeout(300)  # axe reads all of a long page, on a machine that may have other work
    started.execute_cdp_cmd("Network.enable", {})
    started.execute_cdp_cmd("Network.emulateNetworkConditions", {"offline": True, "latency": 0, "downloadThroughput": 0, "uploadThroughput": 0})
    yield started
    started.quit()


@pytest.fixture(scope="session")
def axe() -> str:
    """Return the script of axe-core, which looks for what hinders people."""
    assert AXE.exists(), "these tests need axe-core; `make test-web` installs it"
    return AXE.read_text(encoding="utf-8")


@pytest.fixture(scope="session")
def reports(tmp_path_factory) -> Callable[[str, str], Path]:
    """Return what gives the report of a shipped case in a language, each written once."""
    folder = tmp_path_factory.mktemp("reports")

    @functools.cache
    def run(case: str):
        return materiel.load(case).run(draws=2000)

    @functools.cache
    def report(case: str, language: str) -> Path:
        return run(case).report(folder / f"{case}-{language}.html", language=language)

    return report


@pytest.fixture
def page(browser, reports):
    """Return what opens a report from disk: in a language, so many pixels wide, in dark or in light, of a case."""

    def opened(language: str = "en", width: int = 1200, colours: str = "light", case: str = "dprk-2023"):
        browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 600})
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": colours}]})
        browser.get_log("browser")
        browser.get(reports(case, language).as_uri())
        return browser

    return opened
