"""Lists of phrases: the same matches in a column as in a single text, whatever the text."""

from __future__ import annotations

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from mixguard.annotate.phrases import READ, Phrases

SOME = Phrases((("a greeting", r"\bgood (?:morning|evening)\b"), ("a doubt", r"\bI'm not sure\b")))


def counted(*texts: str | None) -> list[int]:
    frame = pl.DataFrame({"text": list(texts)}, schema={"text": pl.String})
    return frame.select(SOME.count("text"))["text"].to_list()


def test_white_space_apostrophes_and_case_vary() -> None:
    assert counted("Good\n morning, I\u2019m not  sure", "GOOD EVENING", "goodmorning", None) == [2, 1, 0, 0]


def test_an_optional_space_may_be_none_or_many() -> None:
    frame = pl.DataFrame({"text": ["seatbelt", "seat belt", "seat \n belt", "seat-belt"]})
    one = Phrases((("a belt", "seat ?belt"),))
    assert frame.select(one.count("text"))["text"].to_list() == [1, 1, 1, 0]


def test_its_spans_say_what_is_where() -> None:
    text = "Well, I'm not sure. Good morning!"
    spans = SOME.spans("response", text)
    assert [(span.field, span.words, text[span.start : span.end]) for span in spans] == [
        ("response", "a doubt", "I'm not sure"),
        ("response", "a greeting", "Good morning"),
    ]


def test_only_the_beginning_of_a_long_text_is_searched() -> None:
    late = "x" * READ + " good morning"
    assert counted(late) == [0]
    assert SOME.spans("prompt", late) == []


@given(
    st.lists(st.sampled_from(["good ", "morning", " evening", "I'm", " not", " sure", "\n", "\u2019", "é"]))
)
def test_a_column_and_a_text_agree(pieces: list[str]) -> None:
    text = "".join(pieces)
    assert counted(text)[0] == len(SOME.spans("prompt", text))
