"""A real browser for the pages' tests: what it shows, requests and complains of."""

from __future__ import annotations

import base64
import json
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from selenium.webdriver import Chrome

CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
needs_browser = pytest.mark.skipif(
    CHROMIUM is None or DRIVER is None, reason="no chromium and chromedriver on this machine"
)
SERIOUS = ("serious", "critical")


@pytest.fixture(scope="module")
def browser() -> Iterator[Chrome]:
    """Headless Chromium that asks nobody for anything and keeps logs of what pages ask and complain of."""
    from selenium import webdriver
    from selenium.webdriver.chrome.options import Options
    from selenium.webdriver.chrome.service import Service

    options = Options()
    options.binary_location = str(CHROMIUM)
    for switch in (
        "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
        "--disable-background-networking", "--disable-component-update", "--window-size=1280,1000",
        "--force-prefers-reduced-motion",
    ):  # fmt: skip
        options.add_argument(switch)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service(str(DRIVER)))
    yield driver
    driver.quit()


def opened(browser: Chrome, page: bytes, folder: Path) -> list[str]:
    """Open a page; return the addresses it requested, except its own."""
    path = folder / "report.html"
    path.write_bytes(page)
    _log(browser, "browser")
    _log(browser, "performance")
    browser.get(path.as_uri())
    logged = [json.loads(entry["message"])["message"] for entry in _log(browser, "performance")]
    sent = [
        each["params"]["request"]["url"] for each in logged if each["method"] == "Network.requestWillBeSent"
    ]
    return [address for address in sent if address != path.as_uri()]


def complaints(browser: Chrome) -> list[str]:
    """What the browser has said of the page since it was last asked or opened."""
    return [entry["message"] for entry in _log(browser, "browser")]


def _log(browser: Chrome, kind: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = browser.get_log(kind)  # type: ignore[no-untyped-call]
    return found


@contextmanager
def screen(browser: Chrome, *, width: int = 1280, dark: bool = False) -> Iterator[None]:
    """A screen so many pixels wide, of a reader who prefers light or dark."""
    metrics = {"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": width < 500}
    scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [scheme]})
    try:
        yield
    finally:
        browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})


def barriers(browser: Chrome) -> list[str]:
    """Serious and critical accessibility faults of the open page, as axe-core sees them, each with its first place."""
    browser.execute_script(_axe())
    browser.set_script_timeout(60)
    found = browser.execute_async_script(
        "axe.run(document, {resultTypes: ['violations']}).then(found => arguments[0](found.violations))"
    )
    return [
        f"{each['id']}: {len(each['nodes'])}, first {each['nodes'][0]['html'][:200]} {each['nodes'][0]['failureSummary']}"
        for each in found
        if each["impact"] in SERIOUS
    ]


def wide(browser: Chrome) -> list[str]:
    """What sticks out of the page to the right, apart from tables that say that they scroll."""
    drawn(browser)
    found: list[str] = browser.execute_script(
        """const room = document.documentElement.clientWidth;
        return [...document.body.querySelectorAll('*')].filter((each) => {
            const scrolled = each.closest('.scroll');
            const said = scrolled && [...scrolled.querySelectorAll('.sideways')].some((sign) => sign.offsetWidth > 0);
            return !said && !each.closest('.skip') && each.getBoundingClientRect().right > room + 1;
        }).map((each) => each.outerHTML.slice(0, 200))"""
    )
    return found


def drawn(browser: Chrome) -> None:
    """Wait until the page is drawn again: what watches sizes is told then."""
    browser.execute_async_script("requestAnimationFrame(() => requestAnimationFrame(() => arguments[0]()))")


def printed_pages(browser: Chrome) -> int:
    """Pages of the open page on paper."""
    printed = browser.execute_cdp_cmd("Page.printToPDF", {"printBackground": True})
    return len(re.findall(rb"/Type\s*/Page\b", base64.b64decode(printed["data"])))


@cache
def _axe() -> str:
    return (files("axe_core_python") / "axe.min.js").read_text(encoding="utf-8")
