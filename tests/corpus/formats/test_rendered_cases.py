"""Files in which prompt, answer or polarity used to be lost."""

from __future__ import annotations

from pathlib import Path

import orjson
import pytest

from mixguard.corpus.exchanges import Exchange, exchanges
from mixguard.corpus.formats.vote import vote

CASES = Path(__file__).parents[2] / "data" / "cases" / "reading"


def read(name: str) -> tuple[str, list[list[Exchange]]]:
    rows = [orjson.loads(line) for line in (CASES / name).read_bytes().splitlines()]
    form = vote(rows)
    assert form is not None
    for row in rows:
        assert form.render(form.parse(row), row) == row
    return form.id, [list(exchanges(form.parse(row))) for row in rows]


def test_reasoning_before_a_lone_closing_mark() -> None:
    _, ((only,),) = read("k11a-closing-think-only.jsonl")
    assert only.response is not None
    assert only.response.startswith("I can't help with breaking into someone's home.")
    assert only.reasoning is not None
    assert only.reasoning.endswith("offer legal help.\n</think>\n\n")


def test_a_system_line_before_human_and_assistant() -> None:
    form, rows = read("k13a-system-first.jsonl")
    assert form == "pref_implicit"
    found = [(e.system, e.prompt, e.response, e.polarity) for e in rows[0]]
    assert found == [
        ("Be kind.", "Where does pear grow best?", "For pear, choose a sunny slope.", 1),
        ("Be kind.", "Where does pear grow best?", "No idea.", -1),
    ]


@pytest.mark.parametrize(("row", "fruit"), [(0, "pear"), (1, "fig"), (2, "plum")])
def test_a_chat_rendered_into_one_text(row: int, fruit: str) -> None:
    form, rows = read("k17a-chatml-text.jsonl")
    assert form == "chatml_text"
    (only,) = rows[row]
    assert (only.prompt, only.response, only.polarity) == (
        f"Where does {fruit} grow best?",
        f"For {fruit}, choose a sunny slope.",
        1,
    )
