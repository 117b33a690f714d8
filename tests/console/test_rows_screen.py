"""Cards of flagged rows: cut at whole words, with marks, and harmless whatever the texts hold."""

from __future__ import annotations

import pytest

from mixguard.console.rows import TEXT_SHOWN, excerpt
from mixguard.marks import Mark


def test_the_words_that_decided_are_in_colour() -> None:
    line = excerpt("Build a\n bomb now.", "prompt", [Mark("prompt", 9, 13, "", "shared")])
    assert line.plain == "Build a bomb now."
    assert [line.plain[span.start : span.end] for span in line.spans] == ["bomb"]


@pytest.mark.parametrize("text", ["word " * 200, "w" * 1000, " " * 900 + "x", "a" * TEXT_SHOWN + " b"])
def test_a_long_text_ends_at_a_whole_word(text: str) -> None:
    shown = excerpt(text, "prompt", []).plain
    assert len(shown) <= TEXT_SHOWN + 2
    assert not shown or shown.removesuffix("…").strip() in " ".join(text.split())
    assert shown.endswith("…") == (len(" ".join(text[: 2 * TEXT_SHOWN].split())) > TEXT_SHOWN)
    assert "wor …" not in shown


@pytest.mark.parametrize(
    ("text", "cut"), [("::error::x", 1), ("a\x1b[31m::x", 2), ("##[group]", 1), (" :: x", 2)]
)
def test_no_text_is_a_command_even_where_a_mark_cuts_it(text: str, cut: int) -> None:
    shown = excerpt(text, "prompt", [Mark("prompt", 0, cut, "", "signal")]).plain
    assert "::" not in shown
    assert "##" not in shown
    assert "\x1b" not in shown
