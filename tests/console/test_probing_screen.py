"""What `mixguard probe` shows: costs before, results after, never a stored answer, and nothing hostile."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from probing import Answering, header, judged_by_its_words, many, said
from rich.console import RenderableType

from mixguard.checkpoint.answers import Header, Target
from mixguard.checkpoint.asking import Asked, ask, left
from mixguard.checkpoint.source import Wanted
from mixguard.console.probing import render_ahead, render_asked
from mixguard.console.screen import console
from mixguard.served.chat import Answer

SAID = "never to be shown"


def text_of(screen: RenderableType) -> str:
    shown = console()
    shown.width = 200
    with shown.capture() as capture:
        shown.print(screen)
    return capture.get()


def ahead(given: Header, **more: Any) -> str:
    return text_of(
        render_ahead(given, left(given, None), **{"shown": "http://h/v1", "measures": True, **more})
    )


def after(asked: Asked) -> str:
    return text_of(
        render_asked(asked, judged_by_its_words(asked.answers), {"ncr": "Crimes"}, Path("m.probe"))
    )


def test_costs_are_told_before_anything_is_sent() -> None:
    given = header(many(100), samples=3, max_tokens=50, system="x" * 388)
    shown = ahead(given)
    assert "400 requests (100 of them for the first token only" in shown
    assert "about 40,000 tokens in (characters / 4), at most 15,000 out" in shown
    assert "300 requests; about 30,000 tokens in" in ahead(given, measures=False)


def test_what_is_not_asked_is_told() -> None:
    shown = ahead(header().model_copy(update={"dropped": ("x", "y"), "limited": 7}))
    assert "2 probes dropped: the corpus holds them" in shown
    assert "7 probes left out by --limit: the file cannot be a baseline" in shown


def test_names_from_elsewhere_are_harmless() -> None:
    target = Target(model="m\x1b[2J\n::error::x", kind="endpoint", server="s\u202e")
    shown = ahead(header().model_copy(update={"target": target, "suite": "a\x1bb"}))
    assert "\x1b" not in shown
    assert "\u202e" not in shown
    assert "::error" not in shown


@pytest.fixture
def partly(tmp_path: Path) -> Asked:
    def answer(each: Wanted) -> Answer:
        return Answer(None, "status 400") if each.probe.id == "h2" else Answer(SAID)

    return ask(header(), Answering(answer), tmp_path / "m.probe")


def test_a_partial_run_says_what_is_missing_and_why(partly: Asked) -> None:
    shown = after(partly._replace(stopped="16 requests in a row got no answer (timed out)"))
    assert "PARTIAL: 2 of 10 answers are missing, most for: status 400; run the same command again" in shown
    assert "STOPPED: 16 requests in a row got no answer (timed out)" in shown
    assert "next:" not in shown
    assert "ncr Crimes" in shown
    assert SAID not in shown


def test_a_whole_run_says_what_to_do_next(tmp_path: Path) -> None:
    shown = after(ask(header(), Answering(said), tmp_path / "m.probe"))
    assert "mixguard compare" in shown
    assert "PARTIAL" not in shown
    assert "61 %" in shown  # exp(-.5), the median first token
