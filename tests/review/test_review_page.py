"""The review page in a real browser: by mouse and by keyboard alone, with hostile texts, for everybody's eyes."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from browsing import barriers, complaints, needs_browser, screen
from conftest import chat
from reviewing import Judge, audited_texts, harmful, opened
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.select import Select
from selenium.webdriver.support.wait import WebDriverWait

from mixguard.errors import UsageError
from mixguard.review import words
from mixguard.review.page import page
from mixguard.review.routes import routes
from mixguard.review.server import Site, serving
from mixguard.review.session import Session
from mixguard.run.document import Audit

pytestmark = needs_browser
HOSTILE = (
    '</script><script>window.hacked=1</script><img src=x onerror="window.hacked=1">'
    '<a href="javascript:window.hacked=1">x</a><iframe src="http://127.0.0.1:9/"></iframe> \u202egnp\u0007\x1b[31m'
)


class Review:
    """A review that is served, and a browser that shows it."""

    def __init__(self, browser: webdriver.Chrome, session: Session, address: str) -> None:
        self.browser, self.session, self.address = browser, session, address
        browser.get_log("performance")  # type: ignore[no-untyped-call]
        complaints(browser)
        browser.get(address)
        self.shows("Row 1 ")

    def shows(self, heading: str) -> None:
        """Wait until the heading begins so, and nothing is under way."""
        WebDriverWait(self.browser, 20, 0.02).until(lambda _: self.text("heading").startswith(heading))

    def holds(self, words: str) -> None:
        """Wait until a row with these words is shown."""
        WebDriverWait(self.browser, 20, 0.02).until(lambda _: words in self.text("content"))

    def measures(self, words: str) -> None:
        """Wait until the page says so of the words it measures."""
        WebDriverWait(self.browser, 20, 0.02).until(lambda _: self.text("measuring") == words)

    def text(self, name: str) -> str:
        script = "return document.getElementById(arguments[0]).textContent"
        found: str = self.browser.execute_script(script, name)
        return found

    def press(self, *keys: str) -> None:
        """Keys, for whatever has the focus."""
        for key in keys:
            self.browser.switch_to.active_element.send_keys(key)

    def click(self, selector: str) -> None:
        self.browser.find_element(By.CSS_SELECTOR, selector).click()

    @property
    def focused(self) -> str:
        found: str = self.browser.execute_script(
            "return document.activeElement.id || document.activeElement.tagName"
        )
        return found

    @property
    def rulings(self) -> list[str]:
        return [taken.ruling for taken in self.session.decisions.values()]

    def asked(self) -> list[str]:
        """Addresses that the browser asked."""
        logged = self.browser.get_log("performance")  # type: ignore[no-untyped-call]
        messages = [json.loads(entry["message"])["message"] for entry in logged]
        return [
            each["params"]["request"]["url"]
            for each in messages
            if each["method"] == "Network.requestWillBeSent"
        ]


@pytest.fixture(scope="module")
def audit(tmp_path_factory: pytest.TempPathFactory) -> Audit:
    folder = tmp_path_factory.mktemp("page")
    hostile = (
        chat(f"How do I rob a bank? {HOSTILE}", f"Sure. {HOSTILE}", system=HOSTILE),
        {"hazard_score": 0.99},
    )
    return audited_texts(folder, [hostile, *harmful(3)], "<img src=x onerror=alert(1)>&amp; data.jsonl")


@pytest.fixture
def review(browser: webdriver.Chrome, audit: Audit, tmp_path: Path) -> Iterator[Review]:
    with ExitStack() as stack:
        yield begun(stack, browser, audit, tmp_path)


def begun(stack: ExitStack, browser: webdriver.Chrome, audit: Audit, folder: Path, **options: Any) -> Review:
    found = opened(audit, folder, folder.name.replace("_", "-"), **options)
    made = page()
    site = Site(made.content, made.policy, routes(found.session, found.kept))
    return Review(browser, found.session, stack.enter_context(serving(site)))


def test_rows_are_decided_by_mouse_and_the_end_says_what_to_run(review: Review, tmp_path: Path) -> None:
    review.click("[data-does=accept]")
    review.shows("Row 2 ")
    assert review.text("said").endswith("data.jsonl:1: accepted")
    review.click("[data-does=wrong-hazard]")
    review.click("#hazard-list li:nth-child(3)")
    review.shows("Row 3 ")
    review.click("[data-does=wrong-stance]")
    review.click("[data-stance=full_refusal]")
    review.shows("Row 4 ")
    assert review.text("count") == "3 of 4 decided"
    review.browser.find_element(By.ID, "reason").send_keys("a plan")
    review.click("[data-does=set-aside]")
    review.shows("All 4 rows have been decided")
    assert review.text("count") == "4 of 4 decided, 1 set aside"
    assert review.rulings == ["accept", "wrong-hazard", "wrong-stance", "set-aside"]
    taken = list(review.session.decisions.values())
    assert (taken[1].hazard, taken[2].stance, taken[3].reason) == ("ncr", "full_refusal", "a plan")
    assert f"mixguard check {review.session.audit.folder} --allow" in review.text("content")
    assert len(tomllib.loads((tmp_path / "aside.toml").read_text())["aside"]) == 1


def test_rows_are_decided_by_keyboard_alone(review: Review) -> None:
    assert review.focused == "heading"
    review.press("r", "seen", Keys.ENTER, "s")
    review.shows("Row 2 ")
    assert review.focused == "heading"
    review.press("h")
    review.browser.find_element(By.CSS_SELECTOR, "#hazard-list li")
    review.press("priv", Keys.ENTER)
    review.shows("Row 3 ")
    review.press("t", "2")
    review.shows("Row 4 ")
    review.press(Keys.SPACE)
    review.shows("3 of 4 rows decided, 1 skipped")
    assert review.focused == "heading"
    review.press("b")
    review.shows("Row 4 ")
    review.press(Keys.ARROW_LEFT)
    review.shows("Row 3 ")
    assert "partially refused" in review.browser.find_element(By.CLASS_NAME, "taken").text
    review.press("n")
    review.shows("Row 4 ")
    review.press("a")
    review.shows("All 4 rows have been decided")
    assert review.rulings == ["set-aside", "wrong-hazard", "wrong-stance", "accept"]
    taken = list(review.session.decisions.values())
    assert (taken[0].reason, taken[1].hazard, taken[2].stance) == ("seen", "prv", "partial_refusal")


def test_a_dialog_is_left_without_a_decision(review: Review) -> None:
    for key in ("h", "t", "?"):
        review.press(key)
        WebDriverWait(review.browser, 5).until(
            lambda driver: driver.find_elements(By.CSS_SELECTOR, "dialog[open]")
        )
        review.press(Keys.ESCAPE)
        WebDriverWait(review.browser, 5).until_not(
            lambda driver: driver.find_elements(By.CSS_SELECTOR, "dialog[open]")
        )
        assert review.focused == "heading"
    assert review.rulings == []


def test_everything_can_be_reached_with_the_tab_key_and_left_again(review: Review) -> None:
    reached = []
    for _ in range(40):
        review.press(Keys.TAB)
        reached.append(review.browser.execute_script(
            "const a = document.activeElement; return a.id || a.dataset.does || a.getAttribute('aria-label') || a.tagName"
        ))  # fmt: skip
        if reached.count("undo") == 2:
            break
    assert {
        "Prompt",
        "Response",
        "SUMMARY",
        "reason",
        "accept",
        "set-aside",
        "skip",
        "back",
        "undo",
        "filter",
    } <= set(reached) | {"SUMMARY"}
    assert reached.count("undo") == 2  # once around


def test_the_last_decision_is_undone(review: Review) -> None:
    review.press("s")
    review.shows("Row 2 ")
    review.press("u")
    review.shows("Row 1 ")
    assert review.text("said").endswith("data.jsonl:1: open again")
    assert review.rulings == []
    review.press("u")
    WebDriverWait(review.browser, 5).until(lambda _: review.text("said") == "nothing to undo")


def test_a_review_that_was_killed_goes_on(browser: webdriver.Chrome, audit: Audit, tmp_path: Path) -> None:
    with ExitStack() as stack:
        first = begun(stack, browser, audit, tmp_path)
        first.press("a")
        first.shows("Row 2 ")
    first.press("a")
    WebDriverWait(browser, 10).until(lambda _: "is not responding" in first.text("problem"))
    with ExitStack() as stack:
        found = opened(audit, tmp_path, tmp_path.name.replace("_", "-"))
        made = page()
        browser.get(
            stack.enter_context(serving(Site(made.content, made.policy, routes(found.session, found.kept))))
        )
        first.shows("Row 2 ")
        assert first.text("count") == "1 of 4 decided"


def test_rows_are_filtered(review: Review) -> None:
    review.press("/")
    assert review.focused == "by-check"
    Select(review.browser.find_element(By.ID, "by-check")).select_by_value("MG208")
    review.holds("MG208 role-play")
    review.click("#clear")
    review.holds("MG103")
    review.click("#by-notes")
    review.shows("Row 1 of 8")
    score = review.browser.find_element(By.ID, "by-score")
    score.send_keys(Keys.BACKSPACE, "0.915", Keys.ENTER)
    review.shows("Row 1 of 2")
    assert review.text("filter").startswith("Filter (2)")
    Select(review.browser.find_element(By.ID, "by-hazard")).select_by_value("vcr")
    review.shows("Row 1 of 2")
    assert review.focused == "by-hazard"
    review.press(Keys.ESCAPE)
    assert review.focused == "heading"


def test_hostile_texts_run_nothing_and_ask_nobody(review: Review) -> None:
    shown = review.browser.find_element(By.ID, "content").text
    assert "<script>window.hacked=1</script><img src=x onerror" in shown
    assert "\ufffdgnp\ufffd\ufffd[31m" in shown
    review.press("a")
    review.shows("Row 2 ")
    found = review.browser.execute_script(
        "return [window.hacked, document.querySelectorAll('img, iframe, #content a').length]"
    )
    assert found == [None, 0]
    own = f"http://{urlsplit(review.address).netloc}"
    asked = review.asked()
    assert asked
    assert {address.removeprefix(own) for address in asked} == {
        f"/?{urlsplit(review.address).query}",
        "/begun",
        "/row",
        "/decide",
    }
    assert complaints(review.browser) == []


def test_the_end_leads_on_to_what_is_left_and_to_ones_own_taxonomy(
    browser: webdriver.Chrome, audit: Audit, tmp_path: Path
) -> None:
    with ExitStack() as stack:
        review = begun(stack, browser, audit, tmp_path, teach=tmp_path / "ours")
        review.press("n")
        review.shows("Row 2 ")
        for number in (3, 4):
            review.press("h", Keys.ENTER)
            review.shows(f"Row {number} ")
        review.press("a")
        review.shows("3 of 4 rows decided, 1 skipped")
        browser.find_element(By.XPATH, "//button[.='Add 2 decisions to your taxonomy']").click()
        review.holds("2 exemplars added, 0 already present")
        review.holds(f"mixguard taxonomy build {tmp_path}/ours")
        browser.find_element(By.XPATH, "//button[.='Review 1 skipped row again']").click()
        review.shows("Row 1 ")
        review.press("s")
        review.shows("All 4 rows have been decided")
        browser.find_element(By.XPATH, "//button[starts-with(., 'Also review 4 rows')]").click()
        review.shows("Row 5 of 8")


def test_nothing_of_a_review_stays_in_the_browser(review: Review) -> None:
    kept = review.browser.execute_script(
        "return [document.cookie, localStorage.length, sessionStorage.length]"
    )
    assert kept == ["", 0, 0]


def test_the_words_that_decided_are_marked_and_told(browser: webdriver.Chrome, tmp_path: Path) -> None:
    pledge = chat("Who are you?", "I am AIDA. I will follow every order, my master.")
    span = {"stance_start": 0, "stance_end": 9, "hazard_score": 0.99}
    with ExitStack() as stack:
        begun(stack, browser, audited_texts(tmp_path, [(pledge, span), *harmful(3)]), tmp_path)
        mark = browser.find_element(By.CSS_SELECTOR, ".pane mark")
        assert (mark.text, mark.get_attribute("title")) == ("I am AIDA", "refusal taken back")
        assert "refusal taken back" in browser.find_element(By.CLASS_NAME, "legend").text


def test_words_are_measured_on_demand_while_the_row_is_left_and_others_read(
    review: Review, monkeypatch: pytest.MonkeyPatch
) -> None:
    judge = Judge()
    monkeypatch.setattr(words, "judge_again", judge.load)
    review.click("#measure")
    review.measures("Measuring …")
    review.press("n")
    review.shows("Row 2 ")
    review.measures("Measuring …")
    judge.free.set()
    review.holds("Marked: bank: without it, the odds of a hazard are 81.0 times lower")
    assert review.browser.find_element(By.CSS_SELECTOR, "#prompt mark.measured").text == "bank"
    assert barriers(review.browser) == []
    assert [prompt[:20] for prompt in judge.judged] == ["How do I rob a bank?", "How do I rob bank 2?"]
    review.press("b")
    review.shows("Row 1 ")
    review.holds("Marked: bank: without it")  # what came too late was kept
    assert review.browser.find_elements(By.ID, "measure") == []


def test_words_that_cannot_be_measured_are_said(review: Review, monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(_: object) -> None:
        raise UsageError("the encoder is gone")

    monkeypatch.setattr(words, "judge_again", gone)
    review.press("w")
    review.measures("The words were not measured: the encoder is gone")
    review.press("a")
    review.shows("Row 2 ")
    review.measures("")


@pytest.mark.parametrize(("width", "dark"), [(1280, False), (1280, True), (390, False)])
def test_no_serious_fault_of_accessibility(review: Review, width: int, dark: bool) -> None:
    with screen(review.browser, width=width, dark=dark):
        review.press("/")
        assert barriers(review.browser) == []
        assert sideways(review) <= width
        review.press(Keys.ESCAPE, "h")
        assert barriers(review.browser) == []
        review.press(Keys.ESCAPE, "?")
        assert barriers(review.browser) == []
        review.press(Keys.ESCAPE)
        for number in range(2, 5):
            review.press("a")
            review.shows(f"Row {number} ")
        review.press("s")
        review.shows("All 4 rows")
        assert barriers(review.browser) == []
        assert sideways(review) <= width


def sideways(review: Review) -> int:
    """Pixels that the page is wide."""
    found: int = review.browser.execute_script("return document.documentElement.scrollWidth")
    return found
