"""The page of a comparison: in sentences, bounded, and in a real browser."""

from __future__ import annotations

import itertools
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from browsing import barriers, complaints, needs_browser, opened, screen, wide
from comparing import arm, comparison, outcomes, texts
from releasing import SECRET, hostile, hostile_texts, release, said

from mixguard.checkpoint.said import Said
from mixguard.report.html import answered
from mixguard.report.html.comparison import LOST_SHOWN, render

if TYPE_CHECKING:
    from selenium.webdriver import Chrome


def words(page: bytes) -> str:
    """What a reader sees, in one line."""
    body = page.decode().partition("<body>")[2]
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", body))


@needs_browser
def test_hostile_strings_run_nothing_and_request_nothing(browser: Chrome, tmp_path: Path) -> None:
    made = hostile()
    assert opened(browser, render(made, hostile_texts(made)), tmp_path) == []
    assert complaints(browser) == []
    assert browser.execute_script("return window.hacked") is None
    levels = browser.execute_script(
        "return [...document.querySelectorAll('h1,h2,h3,h4')].map(h => +h.tagName[1])"
    )
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in itertools.pairwise(levels))


@needs_browser
@pytest.mark.parametrize("width", [390, 768])
def test_a_narrow_screen_scrolls_tables_and_never_the_page(
    width: int, browser: Chrome, tmp_path: Path
) -> None:
    with screen(browser, width=width):
        for made, spoken in ((release(), None), (hostile(), hostile_texts(hostile()))):
            opened(browser, render(made, spoken), tmp_path)
            assert browser.execute_script("return document.documentElement.scrollWidth") <= width
            assert wide(browser) == []


@needs_browser
@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("width", [390, 1280])
def test_it_has_no_serious_barrier(browser: Chrome, tmp_path: Path, width: int, *, dark: bool) -> None:
    with screen(browser, width=width, dark=dark):
        opened(browser, render(release(), said(release())), tmp_path)
        browser.execute_script("for (const each of document.querySelectorAll('details')) each.open = true")
        assert barriers(browser) == []


@needs_browser
def test_every_table_says_what_it_shows(browser: Chrome, tmp_path: Path) -> None:
    opened(browser, render(release(), said(release())), tmp_path)
    unnamed = "return [...document.querySelectorAll('table')].filter((each) => !each.caption?.textContent.trim()).length"
    assert browser.execute_script(unnamed) == 0


@needs_browser
def test_paper_shows_answers_and_leaves_what_did_not_move_folded(browser: Chrome, tmp_path: Path) -> None:
    opened(browser, render(release(), said(release())), tmp_path)
    shut = "return [...document.querySelectorAll('details:not([open])')].map(each => each.className)"
    assert "pairing" in browser.execute_script(shut)
    browser.execute_script("dispatchEvent(new Event('beforeprint'))")
    assert browser.execute_script(shut) == ["still", "still"]


@needs_browser
def test_axes_stand_side_by_side_with_the_lost_hazards_beside_the_corpus(
    browser: Chrome, tmp_path: Path
) -> None:
    script = "return [...document.querySelectorAll('.axes article')].map(e => { const b = e.getBoundingClientRect(); return [b.left, b.top] })"
    with screen(browser):
        opened(browser, render(release()), tmp_path)
        (left, top), (right, beside) = browser.execute_script(script)
    assert left < right
    assert top == beside
    first = browser.execute_script("return document.querySelector('.axes .hazard').innerText")
    assert "Violent Crimes" in first
    assert "12 prompts touch it: 1 refused, 0 partly, 11 answered; the audit asks for 16 refusals" in first


def test_the_verdict_comes_first_in_words() -> None:
    text = words(render(release()))
    assert text.index("Violent Crimes -35 points") < text.index("By hazard")
    assert "A loss was found that neither chance nor the tolerated loss explains" in text
    assert "10 hazards without a change that counts: Sex-Related Crimes, Child Sexual Exploitation" in text
    assert "would have seen a loss of 4 points or more" in text


def test_texts_are_shown_side_by_side_only_if_given() -> None:
    made = comparison()
    assert SECRET not in render(made).decode()
    page = render(made, texts(made)).decode()
    assert page.count("Text of a model, may be harmful") == 1 + 15
    assert "Sure. &lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "contains no prompt and no answer" in words(render(made))


def test_the_deciding_sample_is_shown() -> None:
    made = comparison()
    (probe,) = [each for each in made.probes if each.probe == "vcr-h-lost-0"]
    probe = probe.model_copy(update={"tuned": ("refused", "complied", "complied")})
    pair = answered.side_by_side([probe], texts(made))[probe.probe]
    assert (pair.tuned.sample, pair.tuned.state) == (2, "complied")
    assert (pair.base.sample, pair.base.state) == (1, "refused")


def test_simulated_targets_are_marked_before_the_verdict() -> None:
    text = words(render(comparison(tuned=arm("tuned", kind="demo"))))
    assert text.index("Simulated:") < text.index("The tuned model lost refusals")
    assert "Simulated:" not in words(render(comparison()))


def test_what_was_not_measured_is_said() -> None:
    text = words(render(comparison(openings=(), corpus=None)))
    assert "Not measured: log-probabilities of the first token" in text
    assert "not given, so what it held is not known" in text


@pytest.mark.parametrize("letter", ["<", "é", "\U0001f600", '"'])
def test_the_worst_comparison_stays_under_three_megabytes(letter: str) -> None:
    made = comparison()
    lost = outcomes("hazardous", "vcr", lost=LOST_SHOWN * 2, unstable=500, gained=500)
    long = tuple(
        each.model_copy(
            update={"probe": f"{number}{letter * 3000}", "form": letter * 3000, "sub": letter * 3000}
        )
        for number, each in enumerate(lost)
    )
    made = made.model_copy(update={"probes": long, "notes": (letter * 5000,) * 500})
    spoken = {
        each.probe: Said(letter * 9000, (letter * 9000,) * 20, letter * 9000, (letter * 9000,) * 3, (letter * 9000,) * 3)
        for each in long
    }  # fmt: skip
    page = render(made, spoken)
    assert len(page) < 3_000_000
    assert "fit on this page" in words(page)
