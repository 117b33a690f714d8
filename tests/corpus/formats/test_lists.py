"""Lists of messages under other names, and what is not one; who speaks; answers beside them."""

from __future__ import annotations

from typing import Any

import pytest

from mixguard.corpus.exchanges import exchanges
from mixguard.corpus.formats.base import ROLES, speaker
from mixguard.corpus.formats.lint import lint
from mixguard.corpus.formats.vote import choose
from mixguard.corpus.records import Role
from mixguard.errors import RecordError

Q, A = "Hi there?", "Hello."
ASK, SAY = {"role": "user", "content": Q}, {"role": "assistant", "content": A}


def _read(row: dict[str, Any]) -> tuple[str, list[tuple[str, str | None, int]]]:
    form = choose(row, None)
    return form.id, [(e.prompt, e.response, e.polarity) for e in exchanges(form.parse(row))]


@pytest.mark.parametrize(
    "row",
    [
        {"text": "A document.", "items": ["a", "b"]},
        {"text": "A document.", "items": [{"name": "T-800", "text": "A model."}]},
        {"text": "A document.", "events": [{"type": "click", "name": "x"}]},
        {"text": "A document.", "log": ["started", "stopped"]},
        {"text": "A document.", "data": [{"role": "admin", "content": "x"}]},
    ],
)
def test_a_list_that_is_no_conversation_is_not_taken_for_one(row: dict[str, Any]) -> None:
    assert _read(row) == ("pretrain", [("A document.", None, 1)])


def test_the_usual_columns_come_before_other_lists() -> None:
    assert _read({"history": [ASK, SAY], "messages": [ASK, SAY]})[0] == "openai_chat"
    assert _read({"steps": [ASK, SAY], "question": Q, "answer": A})[0] == "question_answer"
    assert _read({"messages": [ASK, SAY], "prompt": [ASK], "answer": "x"}) == ("openai_chat", [(Q, A, 1)])


@pytest.mark.parametrize(
    "row",
    [
        {"dialogue": [{"speaker": "A", "text": Q}, {"speaker": "B", "text": A}]},
        {"dialogue": [ASK, "x"]},
    ],
)
def test_a_list_of_unknown_speakers_is_refused_with_its_keys(row: dict[str, Any]) -> None:
    with pytest.raises(RecordError, match="dialogue"):
        choose(row, None)


def test_the_system_of_a_dialogue_answers_but_a_system_prompt_does_not() -> None:
    said = [{"speaker": "USER", "utterance": Q}, {"speaker": "SYSTEM", "utterance": A}]
    assert _read({"turns": said}) == ("message_list", [(Q, A, 1)])
    told = [{"speaker": "system", "utterance": "Be brief."}, {"speaker": "user", "utterance": Q}]
    form = choose({"turns": told}, None)
    assert [turn.role for turn in form.parse({"turns": told}).turns] == [Role.SYSTEM, Role.USER]


@pytest.mark.parametrize(
    ("name", "role"),
    [
        ("Human", Role.USER),
        ("USER:", Role.USER),
        ("<|prompter|>", Role.USER),
        ("Bot", Role.ASSISTANT),
        ("AI assistant", Role.ASSISTANT),
        ("FUNCTION RESPONSE", Role.TOOL),
        ("toolResult", Role.TOOL),
        ("tool-responses", Role.TOOL),
        ("environment", Role.TOOL),
        ("critic", Role.DOCUMENT),
        ("", Role.DOCUMENT),
    ],
)
def test_roles_are_known_in_any_spelling_and_never_guessed(name: str, role: Role) -> None:
    assert speaker(name).role is role


def test_every_role_name_is_found_as_it_is_stored() -> None:
    assert all(speaker(name.upper()) == who for name, who in ROLES.items())


def test_harmony_channels_are_thoughts_calls_and_answers() -> None:
    row = {
        "messages": [
            {"role": "developer", "content": "Be kind."},
            ASK,
            {"role": "assistant", "channel": "analysis", "content": "They ask."},
            {"role": "assistant", "channel": "commentary", "recipient": "functions.w", "content": "{}"},
            {"role": "tool", "name": "functions.w", "content": "{}"},
            {"role": "assistant", "channel": "final", "recipient": "all", "content": A},
        ]
    }
    sample = choose(row, None).parse(row)
    (only,) = exchanges(sample)
    assert (only.response, only.reasoning, only.tool_call) == (A, "They ask.", True)
    assert "lf_drop" not in lint(row, sample, "openai_chat")
    again = {"messages": [ASK, SAY, SAY]}
    assert "lf_drop" in lint(again, choose(again, None).parse(again), "openai_chat")


def test_an_empty_answer_before_the_answer_adds_nothing_to_it() -> None:
    empty = {"role": "assistant", "content": ""}
    assert _read({"messages": [ASK, empty, {"role": "tool", "content": 1}, SAY]})[1] == [(Q, A, 1)]


def test_an_answer_beside_messages_is_the_answer_only_if_they_end_unanswered() -> None:
    assert _read({"messages": [ASK], "response": A}) == ("chat_answer", [(Q, A, 1)])
    assert _read({"messages": [ASK, SAY], "response": "x"}) == ("openai_chat", [(Q, A, 1)])
    assert _read({"messages": [ASK], "response": ""})[0] == "openai_chat"
    assert _read({"prompt": [ASK], "completion": [SAY]})[0] == "trl_prompt_completion"
    assert _read({"prompt": [ASK]}) == ("trl_prompt_only", [(Q, None, 0)])


def test_several_conversations_in_a_record_are_all_read() -> None:
    other = [{"role": "user", "content": "Who?"}, {"role": "assistant", "content": "Me."}]
    assert _read({"conversations": [[ASK, SAY], other]})[1] == [(Q, A, 1), ("Who?", "Me.", 1)]


def test_an_agents_steps_are_thoughts_actions_and_what_it_saw() -> None:
    steps = [{"thought": "Look.", "action": "ls", "observation": "a.py", "response": "Look.\nls"}]
    row = {"problem_statement": Q, "trajectory": steps}
    form = choose(row, None)
    told = [(turn.role.value, turn.text, turn.polarity) for turn in form.parse(row).turns]
    assert (form.id, told) == (
        "agent_steps",
        [("user", Q, 0), ("assistant", "Look.\nls", 1), ("tool", "a.py", 0)],
    )


def test_questions_and_answers_under_unknown_keys_are_refused() -> None:
    with pytest.raises(RecordError, match="no role"):
        row = {"messages": [{"foo": Q, "bar": A}]}
        choose(row, None).parse(row)


def test_an_answer_of_calls_is_a_call_and_plain_words_are_not() -> None:
    calls = '[{"name": "w", "arguments": {"city": "Lisbon"}}]'
    row = {"query": Q, "answers": calls, "tools": "[]"}
    form = choose(row, None)
    (only,) = exchanges(form.parse(row))
    assert (form.id, only.prompt, only.response, only.tool_call, only.tools) == ("xlam", Q, "", True, calls)
    (only,) = exchanges(choose(plain := {"query": Q, "answers": "Lisbon", "tools": "[]"}, None).parse(plain))
    assert (only.response, only.tool_call) == ("Lisbon", False)


def test_a_transcript_is_read_without_its_marks() -> None:
    said = f'USER: {Q}\n\n\nASSISTANT: One moment. <functioncall> {{"name": "w"}} <|endoftext|>\n\n\n'
    row = {
        "system": "SYSTEM: Help.",
        "chat": f"{said}FUNCTION RESPONSE: 20\n\n\nASSISTANT: {A} <|endoftext|>",
    }
    told = [(t.role.value, t.kind, t.text) for t in choose(row, None).parse(row).turns]
    assert told == [
        ("system", "text", "SYSTEM: Help."),
        ("user", "text", Q),
        ("assistant", "text", "One moment."),
        ("assistant", "tool_call", '{"name": "w"}'),
        ("tool", "tool_result", "20"),
        ("assistant", "text", A),
    ]
