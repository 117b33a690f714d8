"""Content as APIs write it: every part has its kind, and an unknown one costs nothing but itself."""

from __future__ import annotations

from typing import Any

import pytest

from mixguard.corpus.exchanges import exchanges
from mixguard.corpus.formats import by_id
from mixguard.corpus.formats.lint import lint
from mixguard.corpus.records import Sample, Turn
from mixguard.errors import RecordError

CHAT = by_id("openai_chat")


def _parsed(content: Any, role: str = "assistant") -> Sample:
    return CHAT.parse({"messages": [{"role": "user", "content": "Hi"}, {"role": role, "content": content}]})


def _turn(content: Any, role: str = "assistant") -> Turn:
    return _parsed(content, role).turns[1]


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ({"celsius": 20}, '{"celsius":20}'),
        ({"text": "sunny", "score": 1}, '{"text":"sunny","score":1}'),
        ([{"a": 1}, {"a": 2}], '[{"a":1},{"a":2}]'),
        ([1, 2], "[1,2]"),
        (20, "20"),
        (False, "false"),
        (None, ""),
        ([{"type": "text", "text": "sandy"}], "sandy"),
        ({"type": "text", "text": "sandy"}, "sandy"),
    ],
)
def test_what_a_tool_returns_is_context(content: Any, text: str) -> None:
    turn = _turn(content, "tool")
    assert (turn.role.value, turn.text, turn.kind, turn.polarity) == ("tool", text, "tool_result", 0)


@pytest.mark.parametrize(
    ("part", "kind", "text", "polarity"),
    [
        ({"type": "thinking", "thinking": "Hm.", "signature": "s"}, "reasoning", "Hm.", 1),
        ({"type": "redacted_thinking", "data": "abc"}, "reasoning", "", 1),
        ({"type": "reasoning", "summary": [{"type": "summary_text", "text": "Hm."}]}, "reasoning", "Hm.", 1),
        ({"reasoningContent": {"reasoningText": {"text": "Hm."}}}, "reasoning", "Hm.", 1),
        ({"text": "Hm.", "thought": True}, "reasoning", "Hm.", 1),
        ({"toolUse": {"name": "w"}}, "tool_call", '{"toolUse":{"name":"w"}}', 1),
        ({"type": "server_tool_use", "id": "s"}, "tool_call", '{"type":"server_tool_use","id":"s"}', 1),
        ({"type": "tool-call", "toolName": "w"}, "tool_call", '{"type":"tool-call","toolName":"w"}', 1),
        ({"type": "bash_code_execution_tool_result"}, "tool_result", '{"type":"bash_code_execution_tool_result"}', 0),
        ({"codeExecutionResult": {"output": "1"}}, "tool_result", '{"codeExecutionResult":{"output":"1"}}', 0),
        ({"type": "text", "text": {"value": "Yes.", "annotations": []}}, "text", "Yes.", 1),
        ({"guardContent": {"text": {"text": "Yes."}}}, "text", "Yes.", 1),
        ({"type": "hologram", "content": [{"text": "Yes."}]}, "text", "Yes.", 1),
        ({"video": {"format": "mp4"}}, "image", "", 0),
        ({"type": "hologram", "payload": 3}, "unread", "", 0),
        ({"type": "text", "txt": "Yes."}, "unread", "", 0),
    ],
)  # fmt: skip
def test_a_part_has_its_kind(part: dict[str, Any], kind: str, text: str, polarity: int) -> None:
    turn = _turn([part])
    assert (turn.kind, turn.text, turn.polarity) == (kind, text, polarity)


def test_a_mark_between_parts_says_nothing() -> None:
    sample = _parsed([{"text": "Yes."}, {"cachePoint": {"type": "default"}}])
    assert [turn.text for turn in sample.turns] == ["Hi", "Yes."]
    assert sample.flags == ()


def test_an_unread_part_costs_neither_the_record_nor_the_answer() -> None:
    row = {
        "messages": [
            {"role": "user", "content": "Hi"},
            {
                "role": "assistant",
                "content": [{"type": "hologram", "x": 1}, {"type": "text", "text": "Yes."}],
            },
        ]
    }
    sample = CHAT.parse(row)
    (only,) = exchanges(sample)
    assert (only.prompt, only.response) == ("Hi", "Yes.")
    assert sample.flags == ("unread_part",)
    assert "unread_part" in lint(row, sample, "openai_chat")


def test_a_message_without_a_known_key_is_unread_beside_others_and_refused_alone() -> None:
    sample = CHAT.parse(
        {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "said": "Yes."}]}
    )
    assert sample.flags == ("unread_part",)
    with pytest.raises(RecordError, match="said"):
        CHAT.parse({"messages": [{"role": "user", "said": "Hi"}, {"role": "assistant", "said": "Yes."}]})


def test_parts_in_parts_end_somewhere() -> None:
    part: Any = {"text": "deep"}
    for _ in range(400):
        part = {"type": "group", "content": [part]}
    assert _turn([part]).kind == "unread"


@pytest.mark.parametrize(("content", "text"), [(42, "42"), (True, "true"), (2.5, "2.5"), ([7], "7")])
def test_a_number_said_is_its_text_and_told(content: Any, text: str) -> None:
    sample = _parsed(content)
    assert (sample.turns[1].text, sample.turns[1].polarity) == (text, 1)
    assert sample.flags == ("text_coerced",)


def test_digits_in_a_text_are_not_coerced() -> None:
    assert _parsed("42").flags == ()
