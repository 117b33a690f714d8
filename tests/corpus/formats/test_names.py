"""Columns under any spelling, and metadata that changes nothing."""

from __future__ import annotations

from typing import Any

import pytest

from mixguard.corpus.formats import FORMATS, by_id
from mixguard.corpus.formats.names import filled, key, known
from mixguard.corpus.formats.vote import choose
from mixguard.corpus.records import Role, Sample, Turn

from .comparison_examples import COMPARISON_EXAMPLES
from .examples import EXAMPLES
from .pair_examples import PAIR_EXAMPLES

CASES = [
    pytest.param(name, row, id=f"{name}-{n}") for name, rows in EXAMPLES.items() for n, row in enumerate(rows)
]
NEW = [
    pytest.param(name, row, id=f"{name}-{n}")
    for examples in (PAIR_EXAMPLES, COMPARISON_EXAMPLES)
    for name, rows in examples.items()
    for n, row in enumerate(rows)
]
STRAY: dict[str, Any] = {
    "id": "r17", "source": "forum", "category": "geography", "score": 3.5, "lang": "en", "url": "https://example.org",
    "model": "m", "rating": 4, "created_at": "2024-05-01", "split": "train", "title": "Capitals", "is_safe": True,
    "reasoning": "high", "user_id": 7, "tags": ["a", "b"], "metadata": {"label": "x"},
}  # fmt: skip


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Prompt Text", "prompt"), ("promptText", "prompt"), ("PROMPT", "prompt"), ("prompt_text", "prompt"),
        ("context", "context"), ("Text", "text"), ("chosen-response", "chosenresponse"), ("答案", "答案"), ("__", "__"),
    ],
)  # fmt: skip
def test_spellings_of_a_name_share_a_key(name: str, expected: str) -> None:
    assert key(name) == expected


def test_a_column_without_a_value_gives_way_to_one_with() -> None:
    assert filled({"Prompt": None, "PROMPT": "x"}) == {"prompt": "PROMPT"}
    assert known({"prompt": None, "PROMPT": "x", "system": None}) == {"prompt": "PROMPT", "system": "system"}
    assert filled({"Prompt": "x", "prompt": "y"}) == {"prompt": "prompt"}


@pytest.mark.parametrize(("name", "row"), CASES)
def test_metadata_beside_a_row_changes_nothing(name: str, row: dict[str, Any]) -> None:
    plain = by_id(name).parse(row)
    for column, value in STRAY.items():
        if column in {known_as.casefold() for known_as in row}:
            continue
        for beside in ({**row, column: value}, {column: value, **row}):
            form = choose(beside, None)
            assert form.id == name, column
            assert form.parse(beside).turns == plain.turns, column
            assert dict(form.render(plain, beside)) == beside


@pytest.mark.parametrize(("name", "row"), NEW)
def test_new_samples_take_the_style_of_every_row(name: str, row: dict[str, Any]) -> None:
    form = by_id(name)
    shown = form.parse(row).turns
    wanted = [(Role.USER, "How do I reset it?", 0), (Role.ASSISTANT, "Hold the key.", 1)]
    if {1, -1} <= {turn.polarity for turn in shown}:
        wanted.append((Role.ASSISTANT, "No idea.", -1))
    turns = tuple(Turn(role, text, polarity=polarity) for role, text, polarity in wanted)  # type: ignore[arg-type]
    rendered = form.render(Sample(turns), like=row)
    assert choose(rendered, None).id == name
    assert [
        (t.role, t.text, t.polarity) for t in form.parse(rendered).turns if t.role is not Role.SYSTEM
    ] == wanted
    assert list(rendered) == list(row)
    old = {turn.text for turn in shown if turn.role is not Role.SYSTEM}
    assert not old & {value for value in rendered.values() if isinstance(value, str)}


def test_every_format_has_a_name_of_its_own() -> None:
    assert len({form.id for form in FORMATS}) == len(FORMATS)
