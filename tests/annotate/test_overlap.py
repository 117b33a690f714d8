from __future__ import annotations

import polars as pl
import pytest

from mixguard.annotate.overlap import Evaluations

PIERS = "A ferry leaves the north pier at eight and the south pier at nine each morning, so how long does it take?"
BREAD = (
    "Ann bakes six loaves on Monday and twice as many on each of the next two days; how many has she then?"
)
SHORT = "How long is the pier?"
TEMPLATE = (
    "Below is a question for a careful reader who thinks step by step before writing down the answer to it."
)


def covered(
    evaluation: list[str], *rows: tuple[str, str | None], ignore_template: bool = True
) -> pl.DataFrame:
    parts = [pl.DataFrame({"source": "test.jsonl", "prompt": evaluation})]
    index = Evaluations.of(parts, ignore_template=ignore_template)
    prompts, responses = zip(*rows, strict=True)
    return index.covered(pl.Series(prompts), pl.Series(responses, dtype=pl.String))


def shares(evaluation: list[str], *rows: tuple[str, str | None], ignore_template: bool = True) -> list[float]:
    return covered(evaluation, *rows, ignore_template=ignore_template)["share"].to_list()


def test_a_copy_is_covered_and_another_text_is_not() -> None:
    found = covered([PIERS, BREAD], (PIERS, "An hour."), ("Is the sea grey?", "It is."))
    assert found.rows() == [("test.jsonl", 1.0), (None, 0.0)]


def test_case_and_punctuation_do_not_hide_a_copy_nor_what_stands_around_it() -> None:
    framed = "Question. " + PIERS.upper().replace(",", " -") + " Think."
    assert shares([PIERS], (framed, "An hour.")) == [1.0]


def test_a_copy_in_the_answer_counts() -> None:
    assert shares([PIERS], ("Ask me something.", PIERS)) == [1.0]


def test_a_part_covers_a_part() -> None:
    words = PIERS.split()
    (share,) = shares([PIERS], (" ".join(words[:15]), None))
    assert share == pytest.approx(3 / (len(words) - 12))


def test_a_short_prompt_counts_only_word_for_word() -> None:
    assert shares([SHORT, "Why?"], (SHORT, None), (f"Tell me. {SHORT}", None), ("Why?", None)) == [
        1.0,
        0.0,
        0.0,
    ]


@pytest.mark.parametrize(("ignored", "share"), [(True, 0.0), (False, 0.0)])
def test_the_template_of_many_prompts_alone_is_no_copy(ignored: bool, share: float) -> None:
    evaluation = [f"{TEMPLATE} {number} {PIERS} {number}" for number in range(8)]
    assert shares(evaluation, (f"{TEMPLATE} Is the sea grey?", None), ignore_template=ignored) == [share]


def test_the_template_counts_where_it_is_asked_for() -> None:
    evaluation = [f"{TEMPLATE} Which of the {number} greys?" for number in range(8)]
    row = (f"{TEMPLATE} Which of the 3 boats?", None)
    (without,) = shares(evaluation, row)
    (with_it,) = shares(evaluation, row, ignore_template=False)
    assert 0 < without < with_it < 1


def test_nothing_to_compare_with_covers_nothing() -> None:
    assert shares([], (PIERS, None)) == [0.0]
    assert shares(["Why?"], ("", None)) == [0.0]
