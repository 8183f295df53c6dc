"""A real browser with the network off, and the report of a shipped case in both languages."""

from __future__ import annotations

import shutil
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
def reports(tmp_path_factory) -> dict[str, Path]:
    """Return the report of `dprk-2023` by language."""
    run = materiel.load("dprk-2023").run(draws=2000)
    folder = tmp_path_factory.mktemp("reports")
    return {language: run.report(folder / f"{language}.html", language=language) for language in ("en", "fr")}


@pytest.fixture
def page(browser, reports):
    """Return what opens a report from disk: in a language, so many pixels wide, in dark or in light."""

    def opened(language: str = "en", width: int = 1200, colours: str = "light"):
        browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 600})
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": colours}]})
        browser.get_log("browser")
        browser.get(reports[language].as_uri())
        return browser

    return opened
