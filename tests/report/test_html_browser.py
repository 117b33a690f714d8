"""The page in a real browser: it runs, requests nothing, filters, folds, prints, and keeps nobody out."""

from __future__ import annotations

import itertools
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from browsing import barriers, complaints, needs_browser, opened, printed_pages, screen, wide
from reporting import SECRET
from selenium.webdriver.common.by import By
from selenium.webdriver.support.select import Select

from mixguard._rebalance import Mix
from mixguard.mix.manifest import manifest_for
from mixguard.report import html
from mixguard.run.document import Audit

if TYPE_CHECKING:
    from selenium.webdriver import Chrome

pytestmark = needs_browser


def cards(browser: Chrome) -> list[dict[str, Any]]:
    """The rows that are shown, with their place, the rest of their line, and their texts."""
    found: list[dict[str, Any]] = browser.execute_script(
        """return [...document.querySelectorAll('#rows-list > .card')].map((card) => ({
            meta: [...card.querySelectorAll('.meta > *')].map((each) => each.textContent),
            texts: [...card.querySelectorAll('.text')].map((each) => each.textContent),
        }))"""
    )
    return found


def test_it_loads_without_a_complaint_and_requests_nothing(
    browser: Chrome, hostile_audit: Audit, tmp_path: Path
) -> None:
    assert opened(browser, html.render(hostile_audit, show_text=True), tmp_path) == []
    assert complaints(browser) == []
    assert browser.execute_script("return window.hacked") is None
    assert browser.find_element(By.CSS_SELECTOR, ".stamp").text.lower() == hostile_audit.verdict
    for name in ("hazard-chart", "proximity-chart", "map-chart"):
        drawn = "const c = document.getElementById(arguments[0]); return c.getContext('2d').getImageData(0, 0, c.width, c.height).data.some(Boolean)"
        assert browser.execute_script(drawn, name), name


def test_hostile_text_is_shown_as_text(browser: Chrome, hostile_audit: Audit, tmp_path: Path) -> None:
    page = html.render(hostile_audit, show_text=True)
    opened(browser, page, tmp_path)
    Select(browser.find_element(By.ID, "rows-finding")).select_by_value("MG103")
    responses = [card["texts"][-1] for card in cards(browser)]
    own = "return [...document.querySelector('.finding.harm').querySelectorAll('.response .text')].map((each) => each.textContent)"
    inline = browser.execute_script(own)
    assert (len(responses), len(inline)) == (10, 3)
    for text in (*responses, *inline):
        assert "<script>window.hacked=1</script><img src=x" in text
        assert SECRET in text
    assert browser.execute_script("return document.querySelectorAll('img').length") == 0
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e]", page.decode())


def test_rows_are_filtered_ordered_searched_and_paged(
    browser: Chrome, hostile_audit: Audit, tmp_path: Path
) -> None:
    opened(browser, html.render(hostile_audit), tmp_path)
    listed = sum(len(f.samples) for f in hostile_audit.findings if f.severity != "pass")
    assert browser.find_element(By.ID, "rows-count").text == f"{listed} of {listed} rows"
    Select(browser.find_element(By.ID, "rows-finding")).select_by_value("MG103")
    answered = next(finding for finding in hostile_audit.findings if finding.id == "MG103")
    assert {card["meta"][1] for card in cards(browser)} == {"MG103"}
    assert browser.find_element(By.ID, "rows-count").text.startswith(f"{len(answered.samples)} of")
    Select(browser.find_element(By.ID, "rows-order")).select_by_value("place")
    first = [card["meta"][0] for card in cards(browser)]
    lines = [int(place.rpartition(":")[2]) for place in first]
    assert lines == sorted(sample.line for sample in answered.samples)[:25]
    browser.find_element(By.ID, "rows-next").click()
    assert browser.find_element(By.ID, "rows-page").text == "page 2 of 2"
    assert not {card["meta"][0] for card in cards(browser)} & set(first)
    browser.find_element(By.ID, "rows-search").send_keys(answered.samples[3].sample_id)
    assert [card["meta"][-1] for card in cards(browser)] == [answered.samples[3].sample_id]


def test_a_finding_leads_to_its_rows(browser: Chrome, hostile_audit: Audit, tmp_path: Path) -> None:
    opened(browser, html.render(hostile_audit), tmp_path)
    button = browser.find_element(By.CSS_SELECTOR, ".show-rows[data-finding=MG103]")
    browser.execute_script("arguments[0].click()", button)
    assert {card["meta"][1] for card in cards(browser)} == {"MG103"}


def test_six_lines_of_a_text_are_shown_until_more_is_asked_for(
    browser: Chrome, hostile_audit: Audit, tmp_path: Path
) -> None:
    opened(browser, html.render(hostile_audit, show_text=True), tmp_path)
    text = browser.find_element(By.CSS_SELECTOR, ".finding.harm .response .text")
    browser.execute_script("arguments[0].append(' word'.repeat(300)); page.clamp(document)", text)
    button = text.find_element(By.XPATH, "following-sibling::button")
    assert button.text == "… more"
    height = "return arguments[0].clientHeight / parseFloat(getComputedStyle(arguments[0]).lineHeight)"
    assert browser.execute_script(height, text) == pytest.approx(6, abs=0.05)
    browser.execute_script("arguments[0].click()", button)
    assert browser.execute_script(height, text) > 6.9
    assert (button.text, button.get_attribute("aria-expanded")) == ("less", "true")


def test_words_that_decided_are_marked_and_say_what_they_are(
    browser: Chrome, hostile_audit: Audit, tmp_path: Path
) -> None:
    opened(browser, html.render(hostile_audit, show_text=True), tmp_path)
    marked = "return [...document.querySelectorAll(arguments[0] + ' mark')].map((each) => [each.textContent, each.title])"
    for place in (".finding.harm", "#rows-list"):
        assert ["house", "shared with the nearest violating exemplars"] in browser.execute_script(
            marked, place
        )


def test_without_scripts_findings_show_their_rows_and_nothing_is_dead(
    browser: Chrome, example_mix: Mix, tmp_path: Path
) -> None:
    browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    try:
        opened(browser, html.render(example_mix.before, show_text=True), tmp_path)
        shown = browser.find_elements(By.CSS_SELECTOR, ".finding.harm .response .text")
        assert [each.is_displayed() for each in shown] == [True] * 3
        dead = browser.find_elements(By.CSS_SELECTOR, "select, input, button, canvas")
        assert not any(each.is_displayed() for each in dead)
    finally:
        browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})


def test_it_draws_again_for_a_dark_screen_and_for_paper(
    browser: Chrome, hostile_audit: Audit, tmp_path: Path
) -> None:
    opened(browser, html.render(hostile_audit), tmp_path)
    ground = "return getComputedStyle(document.body).backgroundColor"
    light = browser.execute_script(ground)
    with screen(browser, dark=True):
        assert browser.execute_script(ground) != light
        assert printed_pages(browser) > 1
    assert complaints(browser) == []


def test_a_small_corpus_is_at_most_four_pages_of_paper(
    browser: Chrome, example_mix: Mix, tmp_path: Path
) -> None:
    assert example_mix.after is not None
    for page in (
        html.render(example_mix.before, show_text=True),
        html.render(example_mix.after, manifest_for(example_mix.after), show_text=True),
    ):
        opened(browser, page, tmp_path)
        assert printed_pages(browser) <= 4


def test_paper_shows_what_is_folded_and_the_screen_is_as_before(
    browser: Chrome, hostile_audit: Audit, tmp_path: Path
) -> None:
    opened(browser, html.render(hostile_audit), tmp_path)
    folded = "return document.querySelectorAll('details:not([open], [data-brief])').length"
    before, listed = browser.execute_script(folded), len(cards(browser))
    browser.execute_script("dispatchEvent(new Event('beforeprint'))")
    assert browser.execute_script(folded) == 0 < before
    assert len(cards(browser)) > listed == 25
    browser.execute_script("dispatchEvent(new Event('afterprint'))")
    assert browser.execute_script(folded) == before
    assert len(cards(browser)) == listed


@pytest.mark.parametrize(("width", "dark"), [(1280, False), (1280, True), (390, False), (390, True)])
def test_it_has_no_serious_barrier(
    browser: Chrome, example_mix: Mix, tmp_path: Path, width: int, *, dark: bool
) -> None:
    with screen(browser, width=width, dark=dark):
        opened(browser, html.render(example_mix.before, show_text=True), tmp_path)
        browser.execute_script("for (const each of document.querySelectorAll('details')) each.open = true")
        assert barriers(browser) == []


def test_charts_and_tables_say_what_they_show(browser: Chrome, hostile_audit: Audit, tmp_path: Path) -> None:
    opened(browser, html.render(hostile_audit), tmp_path)
    unnamed = """return [...document.querySelectorAll('canvas, table')].filter((each) => each.tagName === 'CANVAS'
        ? each.getAttribute('role') !== 'img' || !each.getAttribute('aria-label') : !each.caption?.textContent.trim()
    ).map((each) => each.outerHTML)"""
    assert browser.execute_script(unnamed) == []
    levels = browser.execute_script(
        "return [...document.querySelectorAll('h1, h2, h3')].map(h => +h.tagName[1])"
    )
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in itertools.pairwise(levels))


def test_on_a_narrow_screen_nothing_scrolls_sideways_but_tables_that_say_so(
    browser: Chrome, hostile_audit: Audit, tmp_path: Path
) -> None:
    with screen(browser, width=390):
        opened(browser, html.render(hostile_audit, show_text=True), tmp_path)
        browser.execute_script("for (const each of document.querySelectorAll('details')) each.open = true")
        assert browser.execute_script("return document.documentElement.scrollWidth") <= 390
        assert wide(browser) == []
        said = "return [...document.querySelectorAll('.sideways')].filter((each) => each.offsetWidth).map((each) => each.previousElementSibling.textContent)"
        assert "Languages of the prompts" not in browser.execute_script(said)  # it fits
