"""New rows hold nothing of another row, and pass what their corpus's own rows pass."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

import pytest
from corpus.formats.examples import EXAMPLES

from mix.trainers import objections, types_of
from mixguard.config import ReadConfig
from mixguard.corpus.files import open_sources
from mixguard.corpus.records import Record, Role
from mixguard.errors import UsageError
from mixguard.library.bank import Bank
from mixguard.library.taxonomy import Taxonomy
from mixguard.mix.beside import SETTING
from mixguard.mix.media import PLACEHOLDER
from mixguard.mix.mould import Mould

Rows = list[dict[str, Any]]
BANK = Bank.load("mixguard", Taxonomy.load("mixguard"))
CASES = Path(__file__).parent.parent / "data" / "cases" / "reading"
WORDS = ("pear", "fig", "plum", "quince", "olive", "almond", "cherry", "medlar")
UNREADABLE = {"trl_prompt_only", "pretrain", "prm", "nectar"}
"""Formats without an answer, or with several, which a pair cannot be written as."""


class Made(NamedTuple):
    """Rows of a file, and new ones."""

    mould: Mould
    own: Rows
    new: Rows
    likes: Rows
    """The template row of each new one."""


class _Choice(Random):
    """Remembers the last template row."""

    like: Record | None = None

    def choice(self, seq: Any) -> Any:
        picked = super().choice(seq)
        self.like = picked if isinstance(picked, Record) else self.like
        return picked


def made(path: Path, pairs: int = 60) -> Made:
    """Cast some of the bank's pairs after the rows of a file."""
    (source,) = open_sources([path], offline=True)
    mould = Mould.of(source, ReadConfig(), BANK)
    own = [dict(record.row) for record in source.records() if isinstance(record, Record)]
    every = BANK.pairs.filter(BANK.pairs["task"].is_null()).to_dicts()
    rng = _Choice(7)
    new, likes = [], []
    for number, pair in enumerate(Random(7).sample(every, pairs)):
        cast = mould.cast(pair, number, rng)
        if cast is not None and rng.like is not None:
            new.append(cast.row)
            likes.append(dict(rng.like.row))
    return Made(mould, own, new, likes)


def varied(value: Any, number: int) -> Any:
    """An example with words of its own, so that no two rows say the same."""
    if isinstance(value, str):
        word = WORDS[number % len(WORDS)]
        return value.replace("Portugal", f"{word} {number}").replace(
            "Lisbon.", f"Lisbon {number}, by the {word}."
        )
    if isinstance(value, list):
        return [varied(inner, number) for inner in value]
    return {key: varied(inner, number) for key, inner in value.items()} if isinstance(value, dict) else value


def beside(number: int) -> dict[str, Any]:
    """Columns as corpora have them beside the conversation."""
    return {
        "row_hash": f"{number * 2654435761 % 2**32:08x}" * 4,
        "source": "garden",
        "score": number / 7,
        "hashed_ip": f"ip{number}",
        "created_at": f"2024-01-{number % 28 + 1:02d}T10:00:00Z",
        "tags": [WORDS[number % 8], f"t{number}"],
        "images": [],
        "metadata": {
            "id": number * 3 + 1,
            "topic": WORDS[number % 8],
            "split": "train",
            "length": number * 17 % 23,
        },
    }


NO_ROWS = {"agent_steps", "xlam"}
"""Formats whose answers are calls: no pair can be written as such a row, and `rebalance` says so; nor beside text that
is an object with annotations."""
EXAMPLE_ROWS = [
    pytest.param(name, row, id=f"{name}-{n}")
    for name, rows in EXAMPLES.items()
    if name not in UNREADABLE
    for n, row in enumerate(rows)
]


@pytest.fixture
def write(write_jsonl: Callable[..., Path]) -> Callable[[Callable[[int], dict[str, Any]]], Path]:
    """A file of 24 rows."""
    return lambda row: write_jsonl([row(number) for number in range(24)])


def assert_sound(made: Made) -> None:
    """New rows pass the checks that their corpus passes, keep its types, and share nothing of their own with a row."""
    assert made.new
    allowed = set().union(*map(objections, made.own))
    types = types_of(made.own)
    for row, like in zip(made.new, made.likes, strict=True):
        assert objections(row) <= allowed
        assert all(kinds <= types.get(place, set()) for place, kinds in types_of([row]).items())
        assert not PLACEHOLDER.search(json.dumps(row, ensure_ascii=False, default=str))
        read = made.mould.form.parse(made.mould.view.seen(row)).turns
        assert any(turn.polarity > 0 and turn.role is Role.ASSISTANT for turn in read)
        assert not shared(row, like, made.own)


def shared(row: dict[str, Any], like: dict[str, Any], own: Rows) -> dict[str, Any]:
    """Values that a new row has from its template row alone."""
    return {
        name: value
        for name, value in row.items()
        if value not in (None, "", [], {})
        and name not in SETTING
        and value == like.get(name)
        and sum(other.get(name) == value for other in own) < 0.5 * len(own)
    }


@pytest.mark.parametrize(("name", "row"), EXAMPLE_ROWS)
def test_rows_of_every_format(name: str, row: dict[str, Any], write: Callable[..., Path]) -> None:
    path = write(
        lambda number: {**varied(row, number), **(beside(number) if name != "pref_implicit" else {})}
    )
    try:
        done = made(path)
    except UsageError as error:
        assert "cannot be added" in str(error)
        return
    if done.new or not (name in NO_ROWS or "annotations" in str(row)):
        assert_sound(done)


@pytest.mark.parametrize("path", sorted(CASES.glob("k*[!d]")), ids=lambda path: path.stem)
def test_rows_of_the_cases(path: Path) -> None:
    try:
        done = made(path)
    except UsageError as error:
        assert re.search("nothing was written", str(error))
        return
    if done.new or path.stem != "k19e-xlam":
        assert_sound(done)


@pytest.mark.evaldata
def test_rows_of_the_trainers_own_demo_files(evaldata: Path) -> None:
    for path in sorted((evaldata / "formats").iterdir()):
        assert_sound(made(path))
