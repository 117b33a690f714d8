"""Text is cut between words, and commands are quoted on one harmless line."""

from __future__ import annotations

import shlex

import pytest

from mixguard.escape import shorten, typed


@pytest.mark.parametrize(
    ("text", "length", "short"),
    [
        ("a few words", 20, "a few words"),
        ("a few words", 11, "a few words"),
        ("cut between these words", 15, "cut between…"),
        ("cut between these words", 12, "cut between…"),
        ("unbreakable-and-long", 8, "unbreak…"),
        ("a unbreakable-and-long", 12, "a unbreakab…"),
    ],
)
def test_text_is_cut_between_words(text: str, length: int, short: str) -> None:
    assert shorten(text, length) == short
    assert len(short) <= length


def test_a_command_can_be_pasted() -> None:
    words = ("mixguard", "explain", "my run", "my data ü/it's.jsonl:64")
    assert shlex.split(typed(*words)) == list(words)


def test_a_hostile_name_is_one_harmless_line() -> None:
    told = typed("mixguard", "audit", "a\n::error::x\x1b[2J")
    assert "\n" not in told
    assert "\x1b" not in told
