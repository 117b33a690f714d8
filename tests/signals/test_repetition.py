from __future__ import annotations

import polars as pl
from building import Row, checked, evidence, row, unstaged

from mixguard.columns import TEXT
from mixguard.signals.repetition import ANSWER, KEYS, REPETITION, TEMPLATE, RepetitionAnnotator

WORDS = [f"word{number}" for number in range(60)]
TALE, OTHER = " ".join(WORDS), " ".join(reversed(WORDS))
NEARLY = " ".join([*WORDS[:-1], "changed"])


def keyed(*pairs: tuple[str, str | None]) -> pl.DataFrame:
    given = [{"prompt": prompt, "response": response} for prompt, response in pairs]
    frame = pl.DataFrame(given, schema={name: TEXT[name] for name in ("prompt", "response")})
    return RepetitionAnnotator()(unstaged(frame))


def common(frame: pl.DataFrame, first: int, second: int) -> int:
    """Bands that two rows have in common."""
    one, other = frame.select(KEYS).row(first), frame.select(KEYS).row(second)
    return sum(a is not None and a == b for a, b in zip(one, other, strict=True))


def said(rows: list[Row]) -> dict[str | None, tuple[str, int]]:
    found = checked(evidence(rows), checks=[REPETITION.check]).findings
    return {each.subject: (each.severity, each.count) for each in found}


def test_texts_with_a_word_changed_share_a_band_and_others_none() -> None:
    found = keyed(("Tell it.", TALE), ("Tell it.", TALE), ("Tell it.", NEARLY), ("Tell it.", OTHER))
    assert common(found, 0, 1) == len(KEYS)
    assert common(found, 0, 2) > 0
    assert common(found, 0, 3) == 0


def test_short_texts_have_no_key() -> None:
    found = keyed(("Hi", "Hello there"), ("", None))
    assert found.select(*KEYS, ANSWER, TEMPLATE).rows() == [(None,) * 6] * 2


def test_answers_are_compared_without_their_prompts() -> None:
    one, other, another = keyed(("Tell it.", TALE), (OTHER, TALE), ("Tell it.", OTHER))[ANSWER].to_list()
    assert one == other != another


def test_prompts_that_differ_in_numbers_and_quotes_are_one_template() -> None:
    found = keyed(
        ('Add 3 to 4.5 and print "sum".', None), ('Add 17 to 9 and print "total".', None), ("Take 3 from 4.5 now.", None)
    )  # fmt: skip
    one, other, another = found[TEMPLATE].to_list()
    assert one == other != another


def test_near_duplicates_are_counted_from_the_second_on_and_exact_ones_are_not() -> None:
    plain = [row(repetition_1=100 + number) for number in range(30)]
    near = [row(repetition_1=1, repetition_2=number) for number in range(10)]
    assert said([*plain, *near])["samples"] == ("note", 9)
    exact = [row("same", repetition_1=1)] * 10
    assert "samples" not in said([*plain, *exact])
    assert said([*plain, *[row(repetition_3=2)] * 30])["samples"] == ("warn", 29)


def test_a_common_answer_is_named() -> None:
    plain = [row(repetition_answer=100 + number) for number in range(100)]
    assert said([*plain, *[row(repetition_answer=1)] * 12])["answers"] == ("note", 12)
    assert said([*plain, *[row(repetition_answer=1)] * 100])["answers"] == ("warn", 100)
    assert "answers" not in said([*plain, *[row(repetition_answer=1)] * 5])


def test_filled_templates_are_noted_and_the_same_prompt_again_is_none() -> None:
    plain = [row(repetition_template=100 + number) for number in range(20)]
    assert said([*plain, *[row(repetition_template=1)] * 20])["templates"] == ("note", 20)
    assert "templates" not in said([*plain, *[row("same", repetition_template=1)] * 20])
