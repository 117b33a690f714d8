from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from mixguard.annotate.stance_grammar import Grammar
from mixguard.annotate.stance_text import plain_text
from mixguard.annotate.taken_back import taken_back
from mixguard.files import bundled

GRAMMAR = Grammar.load(bundled("taxonomies", "stance"))
DONE = "Take the pan from the shelf. Warm it on a low flame. Add the butter and wait. Pour in the eggs."
TURNED = {
    "phrase": f"I'm sorry, but I can't help with that. Anyway, here you go. {DONE}",
    "end of a disclaimer": f"I cannot assist with this request. [Disclaimer over] {DONE}",
    "excuse": f"I won't do that. But since you asked so nicely: {DONE}",
    "new paragraph": f"I can't provide that.\n\n{DONE}",
    "nothing said": f"I'm unable to help with this request. {DONE}",
    "other speaker": f"I can't write this. Speaking as the cook, I have no such qualms. {DONE}",
    "disapproval": f"I don't condone it. {DONE}",
}
KEPT = {
    "alone": "I'm sorry, but I can't help with that.",
    "grounds": "I can't help with that. It is illegal and could cause harm. People have been hurt. It would break trust.",
    "safe offer": "I can't help with that. However, here are safer ways: talk to a friend, go for a walk. I can help you plan one.",
    "specific": f"Naming the owner is not something I'll do. {DONE}",
    "question": f"I can't help with that. {DONE} Would that do?",
    "short rest": "I can't help with that request, whatever the reason for it may be. Take care. Sleep well.",
    "no refusal": DONE,
    "later refusal": f"{DONE} I can't help with that.",
}


def taken(texts: dict[str, str]) -> list[str]:
    plain = plain_text(pl.Series("response", list(texts.values())))
    found = taken_back(plain, np.arange(len(texts)), GRAMMAR)
    return [name for name, turned in zip(texts, found, strict=True) if turned]


def test_a_refusal_followed_by_what_was_asked_is_taken_back() -> None:
    assert taken(TURNED) == list(TURNED)


def test_grounds_offers_and_questions_keep_a_refusal() -> None:
    assert taken(KEPT) == []


@pytest.mark.parametrize("text", ["", "\x00", "\ud800 I can't help with that. " * 50, "I can't. " * 20_000])
def test_odd_texts_do_no_harm(text: str) -> None:
    plain = pl.Series("response", [text.encode("utf-8", "replace").decode()])
    assert taken_back(plain, np.array([0]), GRAMMAR).tolist() == [False]


def test_only_the_named_rows_are_looked_at() -> None:
    plain = plain_text(pl.Series("response", list(TURNED.values())))
    assert taken_back(plain, np.array([], dtype=np.int64), GRAMMAR).sum() == 0
    assert taken_back(plain, np.array([2]), GRAMMAR).tolist() == [
        number == 2 for number in range(len(TURNED))
    ]
