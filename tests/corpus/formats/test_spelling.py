"""New messages and parts are spelt as the list spells them, without what belongs to other rows."""

from __future__ import annotations

from typing import Any

import pytest

from mixguard.corpus.formats import by_id
from mixguard.corpus.records import Role, Sample, Turn
from mixguard.errors import RecordError

Q, A = "How do I reset it?", "Hold the key."
NEW = Sample((Turn(Role.USER, Q), Turn(Role.ASSISTANT, A, polarity=1)))


def _written(messages: list[dict[str, Any]], name: str = "openai_chat", key: str = "messages") -> list[Any]:
    return list(by_id(name).render(NEW, like={key: messages})[key])


def _parts(*parts: Any) -> dict[str, Any]:
    return {"role": "assistant", "content": list(parts)}


def test_a_part_takes_the_spelling_of_the_list_where_its_first_message_has_no_text() -> None:
    asked = {"role": "user", "content": [{"type": "image_url", "value": "x.png"}]}
    called = _parts({"type": "reasoning", "value": "Soil."}, {"type": "tool_call", "value": "{}"})
    said = _parts({"type": "text", "value": "A garden."})
    for like in ([asked, said], [asked, called, said], [asked, called]):
        assert [message["content"] for message in _written(like, "lf_v1")] == [
            [{"type": "text", "value": Q}],
            [{"type": "text", "value": A}],
        ]


@pytest.mark.parametrize(
    ("user", "model", "asked", "answered"),
    [
        ([{"text": "Hi"}], [{"toolUse": {"name": "w"}}], {"text": Q}, {"text": A}),
        ([{"image": {"format": "png"}}], [{"toolUse": {"name": "w"}}], {"text": Q}, {"text": A}),
        (
            [{"type": "text", "text": "Hi", "cache_control": {"type": "ephemeral"}}],
            [{"type": "thinking", "thinking": "Hm.", "signature": "s"}, {"type": "text", "text": "Yes.", "citations": [1]}],
            {"type": "text", "text": Q},
            {"type": "text", "text": A},
        ),
        (
            [{"type": "input_text", "text": "Hi"}],
            [{"type": "tool_use", "id": "t", "name": "w"}],
            {"type": "input_text", "text": Q},
            {"type": "output_text", "text": A},
        ),
        (["Hi"], ["Yes."], Q, A),
    ],
)  # fmt: skip
def test_new_parts_have_the_keys_of_the_dialect_and_no_others(
    user: list[Any], model: list[Any], asked: Any, answered: Any
) -> None:
    written = _written([{"role": "user", "content": user}, _parts(*model)])
    assert [message["content"] for message in written] == [[asked], [answered]]


def test_gemini_parts_hold_text_only() -> None:
    said: list[dict[str, Any]] = [{"role": "user", "parts": [{"fileData": {"fileUri": "x"}}, {"text": "Hi"}]}]
    said.append({"role": "model", "parts": [{"text": "Hm.", "thought": True}, {"text": "Yes."}]})
    written = _written(said, "gemini", "contents")
    assert [message["parts"] for message in written] == [[{"text": Q}], [{"text": A}]]


def test_parts_whose_message_changes_are_copied_with_their_own_keys() -> None:
    form = by_id("openai_chat")
    parts: list[dict[str, Any]] = [
        {"type": "thinking", "thinking": "Hm.", "signature": "s"},
        {"type": "tool_use", "id": "t", "name": "w", "input": {}},
        {"type": "hologram", "payload": 3},
        {"type": "text", "text": "Yes.", "citations": [1]},
    ]
    row = {"messages": [{"role": "user", "content": "Hi"}, _parts(*parts)]}
    turns = list(form.parse(row).turns)
    untrained = [Turn(t.role, t.text, t.kind, 0, t.path) for t in turns]
    assert form.render(Sample(tuple(untrained)), like=row)["messages"][1] == {**_parts(*parts), "weight": 0}
    edited = [*turns[:-1], Turn(Role.ASSISTANT, "No.", "text", 1, turns[-1].path)]
    content = form.render(Sample(tuple(edited)), like=row)["messages"][1]["content"]
    assert content == [*parts[:3], {**parts[3], "text": "No."}]


HARMONY: list[dict[str, Any]] = [
    {"role": "user", "content": "Hi"},
    {"role": "assistant", "channel": "analysis", "content": "Hm."},
    {"role": "assistant", "channel": "commentary", "recipient": "functions.w", "content": "{}"},
    {"role": "tool", "name": "functions.w", "content": "{}"},
    {"role": "assistant", "channel": "final", "content": "Yes."},
]


def test_a_new_answer_is_on_the_final_channel() -> None:
    assert _written(HARMONY)[1] == {"role": "assistant", "channel": "final", "content": A}
    assert "channel" not in _written([{"role": "user", "content": "Hi"}])[1]


@pytest.mark.parametrize(
    "messages",
    [
        HARMONY,
        [{"role": "user", "content": "Hi"}, _parts({"type": "thinking", "thinking": "Hm."}, {"type": "text", "text": "Yes."})],
        [{"role": "user", "content": "Hi"}, _parts({"reasoningContent": {"reasoningText": {"text": "Hm."}}}, {"text": "Yes."})],
    ],
)  # fmt: skip
def test_tags_are_not_written_where_reasoning_has_its_own_place(messages: list[dict[str, Any]]) -> None:
    thought = Turn(Role.ASSISTANT, "<think>\n\n</think>\n\n", "reasoning", 1)
    sample = Sample((NEW.turns[0], thought, NEW.turns[1]))
    with pytest.raises(RecordError, match="reasoning in"):
        by_id("openai_chat").render(sample, like={"messages": messages})


def test_a_role_missing_from_the_list_is_spelt_in_its_case() -> None:
    assert _written([{"role": "USER", "content": "Hi"}])[1]["role"] == "ASSISTANT"
    assert _written([{"role": "Human", "content": "Hi"}])[1]["role"] == "Assistant"
