"""A real browser: with the network off, for the reports of the shipped cases in both languages; and beside a server on loopback, for the web app."""

from __future__ import annotations

import contextlib
import functools
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import pytest

import materiel

AXE = Path(__file__).parents[2] / ".web" / "node_modules" / "axe-core" / "axe.min.js"
FLAGS = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--hide-scrollbars", "--disable-background-networking", "--disable-component-update",
    "--disable-sync",
)  # fmt: skip
SLOWEST = 300
"""Seconds that a script of a test may take: axe-core takes many on a machine that does much else."""
SERVE = "import sys; from materiel.cli import app; sys.argv = ['materiel', 'serve', *sys.argv[1:]]; app()"


@contextlib.contextmanager
def started(*, offline: bool) -> Generator[Any]:
    """Yield Debian's chromium."""
    webdriver = pytest.importorskip("selenium.webdriver")
    found, driver = shutil.which("chromium"), shutil.which("chromedriver")
    assert found, "these tests need chromium and its driver; `make test-web` installs them"
    assert driver
    options = webdriver.ChromeOptions()
    options.binary_location = found
    for flag in FLAGS:
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    made = webdriver.Chrome(options=options, service=webdriver.ChromeService(executable_path=driver))
    made.set_script_timeout(SLOWEST)
    try:
        if offline:
            made.execute_cdp_cmd("Network.enable", {})
            made.execute_cdp_cmd("Network.emulateNetworkConditions", {"offline": True, "latency": 0, "downloadThroughput": 0, "uploadThroughput": 0})
        yield made
    finally:
        made.quit()


@pytest.fixture(scope="session")
def browser():
    """Return a browser with the network off."""
    with started(offline=True) as made:
        yield made


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
        shown(browser, width, colours)
        browser.get(reports(case, language).as_uri())
        return browser

    return opened


def shown(browser, width: int, colours: str = "light", motion: str = "no-preference") -> None:
    """Set what a page is shown on, and forget what the console has said so far."""
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 600})
    features = [{"name": "prefers-color-scheme", "value": colours}, {"name": "prefers-reduced-motion", "value": motion}]
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
    browser.get_log("browser")


@pytest.fixture(scope="session")
def server() -> Generator[str]:
    """Return the address of a server of two shipped cases, on a free port of loopback."""
    environment = os.environ | {"PYTHONPATH": str(Path(materiel.__file__).parents[1])}
    command = [sys.executable, "-c", SERVE, "dprk-2023", "britain-1915", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:  # noqa: S603  # our own command
        assert process.stdout
        first = process.stdout.readline().split()
        assert first, "the server did not start"
        yield first[0].rstrip("/")
        process.terminate()


@pytest.fixture(scope="session")
def visitor():
    """Return a browser of somebody who visits the web app."""
    with started(offline=False) as made:
        yield made


@pytest.fixture
def another():
    """Return a browser of somebody else."""
    with started(offline=False) as made:
        yield made


@pytest.fixture
def app(visitor, server):
    """Return what opens a page of the web app and waits until it has answered: by its path, in a language, so many pixels wide, in dark or in light."""
    import app_steps

    def opened(
        path: str = "/cases/dprk-2023",
        language: str = "en",
        *,
        width: int = 1200,
        colours: str = "light",
        motion: str = "no-preference",
        state: str = "",
        browser=visitor,
    ):
        browser.get("about:blank")  # an address that differs in its # alone would not be opened anew
        shown(browser, width, colours, motion)
        browser.get(f"{server}{path}?language={language}{state}")
        if path.startswith("/cases/") and not state:
            app_steps.settled(browser)
        return browser

    return opened
