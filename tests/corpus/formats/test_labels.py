"""Labels: which are wanted and unwanted answers, and which are classes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import orjson
import pytest

from mixguard.corpus.formats import by_id
from mixguard.corpus.formats.labels import opinion, spelt_like
from mixguard.corpus.formats.lint import lint
from mixguard.corpus.formats.vote import choose, vote
from mixguard.corpus.records import Role, Sample, Turn
from mixguard.errors import RecordError

Q, A = "Where does pear grow best?", "On a sunny slope."
PAIRS = ({"prompt": Q, "completion": A}, {"question": Q, "answer": A})


def read(rows: Sequence[dict[str, Any]]) -> list[tuple[str, int]]:
    form = vote(rows)
    found = [(choose(row, form), row) for row in rows]
    return [(own.id, own.parse(row).turns[-1].polarity) for own, row in found]


@pytest.mark.parametrize("pair", PAIRS)
@pytest.mark.parametrize(
    ("column", "wanted", "unwanted"),
    [
        ("label", "desirable", "undesirable"), ("label", "good", "bad"), ("label", "chosen", "rejected"),
        ("label", "thumbs_up", "thumbs_down"), ("label", "👍", "👎"), ("Label", "Chosen", "Rejected"),
        ("label", True, False), ("label", "True", "False"), ("kto_tag", 1, 0), ("undesirable", False, True),
        ("is_good", True, False), ("is_chosen", 1, 0), ("preferred", "yes", "no"), ("accepted", True, False),
        ("rating", "thumbs_up", "thumbs_down"), ("feedback", "good", "bad"), ("Thumbs Down", False, True),
    ],
)  # fmt: skip
def test_words_and_names_for_a_wanted_answer(
    pair: dict[str, Any], column: str, wanted: Any, unwanted: Any
) -> None:
    rows = [{**pair, column: wanted}, {**pair, column: unwanted}]
    assert read(rows) == [("kto", 1), ("kto", -1)]
    form = by_id("kto")
    for row, other in (rows, rows[::-1]):
        polarity = 1 if other is rows[0] else -1
        turns = (Turn(Role.USER, Q), Turn(Role.ASSISTANT, A, polarity=polarity))  # type: ignore[arg-type]
        assert form.render(Sample(turns), row) == other


@pytest.mark.parametrize("values", [(1, 0), ("1", "0"), ("yes", "no"), ("positive", "negative"), (1.0, 0.0)])
def test_two_values_that_may_be_classes_count_only_beside_a_completion(values: tuple[Any, Any]) -> None:
    assert read([{**PAIRS[0], "label": value} for value in values]) == [("kto", 1), ("kto", -1)]
    plain = [{**PAIRS[1], "label": value} for value in values]
    assert read(plain) == [("question_answer", 1)] * 2
    form = by_id("question_answer")
    assert "label_unread" in lint(plain[0], form.parse(plain[0]), form.id)


@pytest.mark.parametrize(
    "rows",
    [
        [{**PAIRS[0], "label": number} for number in (0, 1, 2)],
        [{**PAIRS[0], "label": number} for number in (0, 1, 4, 1, 0)],
        [{**PAIRS[0], "label": 0}] * 3,
        [{**PAIRS[0], "label": word} for word in ("yes", "no", "maybe")],
        [{**PAIRS[0], "label": word} for word in ("entailment", "contradiction")],
        [{"prompt": Q, "completion": word, "label": word} for word in ("positive", "negative")],
        [{"prompt": Q, "completion": word, "label": word} for word in ("good", "bad")],
        [{"prompt": Q, "completion": str(number), "label": number} for number in (1, 0)],
        [{**PAIRS[0], "rating": number} for number in (1, 0)],
        [{**PAIRS[0], "score": number} for number in (1, 0)],
        [{**PAIRS[0], "feedback": text} for text in ("good", "bad", "It could say more of the soil.")],
    ],
)
def test_classes_and_grades_are_no_polarity_for_any_row(rows: list[dict[str, Any]]) -> None:
    assert read(rows) == [("trl_prompt_completion", 1)] * len(rows)


def test_a_label_that_says_nothing_in_a_labelled_file_is_told() -> None:
    rows = [{**PAIRS[0], "label": value} for value in (True, False, True)]
    form = vote(rows)
    for strange in ("n/a", 2, None):
        with pytest.raises(RecordError, match="label says neither"):
            choose({**PAIRS[0], "label": strange}, form)


def test_a_clear_label_in_a_file_without_labels_counts() -> None:
    assert read([*[PAIRS[0]] * 3, {**PAIRS[0], "label": False}])[-1] == ("kto", -1)
    assert read([*[PAIRS[0]] * 3, {**PAIRS[0], "label": 0}])[-1] == ("trl_prompt_completion", 1)


def test_the_format_named_by_the_user_reads_numbers_too() -> None:
    assert by_id("kto").parse({**PAIRS[1], "label": 0}).turns[-1].polarity == -1


@pytest.mark.parametrize(
    ("like", "other"),
    [
        ("thumbs_up", "thumbs_down"), ("Thumbs Down", "Thumbs up"), ("THUMBS-UP", "THUMBS-DOWN"), ("Desirable", "Undesirable"),
        ("TRUE", "FALSE"), ("0", "1"), (1, 0), (0, 1), (1.0, 0.0), (-1, 1), ("rejected", "chosen"), (True, False),
    ],
)  # fmt: skip
def test_a_label_is_written_like_another(like: Any, other: Any) -> None:
    written = spelt_like(not opinion(like), like)
    assert (type(written), written) == (type(other), other)


CASES = Path(__file__).parents[2] / "data" / "cases" / "reading"
"""Files as people publish them."""


def rows_of(name: str) -> list[dict[str, Any]]:
    (path,) = CASES.glob(f"{name}-*.jsonl")
    return [orjson.loads(line) for line in path.read_bytes().splitlines()]


@pytest.mark.parametrize(
    ("case", "expected"),
    [
        ("k2a", [("compared", [0, 1, -1])] * 3),
        ("k2b", [("content_summary", [0, 1])] * 3),
        ("k2c", [("graded_answers", [0, 1, -1])] * 3),
        ("k7a", [("alpaca", [0, 1])] * 9),
        ("k7c", [("trl_prompt_completion", [0, 1])] * 8),
        ("k19a", [("trl_prompt_completion", [0, 1])]),
        ("k19b", [("instruction_generation", [0, 1])]),
        ("k23a", [("kto", [0, -1]), ("kto", [0, 1])] * 2),
    ],
)
def test_files_as_published(case: str, expected: list[tuple[str, list[int]]]) -> None:
    rows = rows_of(case)
    form = vote(rows)
    read = [(choose(row, form), row) for row in rows]
    assert [(own.id, [turn.polarity for turn in own.parse(row).turns]) for own, row in read] == expected


def test_files_as_published_with_reasoning_or_without_a_label() -> None:
    for row in rows_of("k4a"):
        form = choose(row, None)
        thought = form.parse(row).turns[1]
        assert (thought.kind, thought.text, thought.path) == ("reasoning", row["Complex_CoT"], "/Complex_CoT")
    rows = rows_of("k2d")
    form_of_file = vote(rows)
    for row in rows:
        with pytest.raises(RecordError, match="two answers, answer1 and answer2"):
            choose(row, form_of_file).parse(row)
