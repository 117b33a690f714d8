"""Reasoning is not the answer, in whatever marks; and hostile text costs linear time."""

from __future__ import annotations

import polars as pl
import pytest

from mixguard.annotate.stance_grammar import Grammar
from mixguard.annotate.stance_text import THOUGHTS, place, plain_text
from mixguard.files import bundled

MILLION = 2**20
GRAMMAR = Grammar.load(bundled("taxonomies", "stance"))


@pytest.mark.parametrize(
    ("response", "answer"),
    [
        ("<think>I must refuse.</think>Sure, here it is.", "Sure, here it is."),
        ("I must refuse this.\n</think>\n\nSure, here it is.", "Sure, here it is."),
        ("<think>never closed, I can't", ""),
        ("<thought>no</thought> Fine.", "Fine."),
        ("<seed:think>no</seed:think>Fine.", "Fine."),
        ("[THINK]I can't.[/THINK]Fine.", "Fine."),
        ("◁think▷I can't.◁/think▷Fine.", "Fine."),
        ("<|begin_of_thought|>hm<|end_of_thought|><|begin_of_solution|>Fine.<|end_of_solution|>", "Fine."),
        (
            "<|channel|>analysis<|message|>I should refuse.<|end|><|start|>assistant<|channel|>final<|message|>Fine.<|return|>",
            "Fine.",
        ),
        ("<|channel|>analysis<|message|>I should refuse.", ""),
        ("analysisThe user asks for a poem.assistantfinalFine.", "Fine."),
        ("Use <think> and </think> around a thought.", "Use <think> and </think> around a thought."),
        ("An analysis of the poem follows.", "An analysis of the poem follows."),
    ],
)
def test_reasoning_marks_are_not_the_answer(response: str, answer: str) -> None:
    assert plain_text(pl.Series([response])).to_list() == [answer]


HOSTILE = [
    "&_;", "&#", "<think>", "</think>", "<|channel|>", "<|channel|>final", "analysis", "[THINK]", "a", "I can't ", " ",
    '"', "```", "no, ", "i cannot i ", "as an ai as an ", "\u200b", "\u0430", "sorry, but i ", "&amp;",
]  # fmt: skip
"""Units that a pattern could stumble over, repeated to a megabyte."""


@pytest.mark.parametrize("unit", HOSTILE, ids=repr)
def test_a_megabyte_of_hostile_text_ends(unit: str) -> None:
    """It would not, with a pattern that backtracks: 94 characters of `&_;` took a second, 234 never ended."""
    text = unit * (MILLION // len(unit))
    plain = plain_text(pl.Series([text]))
    assert plain.len() == 1
    place("I cannot help you with that", text)
    GRAMMAR.features(plain)
    GRAMMAR.evidence(plain, tuple(GRAMMAR.sentence))


def test_every_mark_of_reasoning_is_tried_on_hostile_text() -> None:
    for pattern in THOUGHTS:
        found = pl.Series(["<" * MILLION, "<think>" * (MILLION // 7)]).str.replace(pattern, "")
        assert found.len() == 2


def test_words_are_found_through_markup_entities_and_look_alikes() -> None:
    raw = "Well, I **can&#39;t** h\u0435lp\u200b you."
    plain = plain_text(pl.Series([raw]))[0]
    assert plain == "Well, I can't help you."
    start, end = place("I can't help", raw) or (0, 0)
    assert plain_text(pl.Series([raw[start:end]]))[0] == "I can't help"
    assert place("I won't", raw) is None
    assert place("...", raw) is None
