"""The contract of every format: parse and render are inverses, and no row can crash them."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mixguard.corpus.exchanges import exchanges
from mixguard.corpus.formats import FORMATS, by_id
from mixguard.corpus.formats.lint import TRAINER_RULES, lint
from mixguard.corpus.formats.vote import choose, vote
from mixguard.corpus.records import Role, Sample, Turn
from mixguard.errors import ConfigError, RecordError

from .examples import EXAMPLES, SAYS, USER, A, B, Q
from .layouts import LAYOUTS
from .wild import WILD

WORDLESS = frozenset({"xlam", "agent_steps"})
"""Formats whose answers are tool calls or an agent's steps."""

CASES = [
    pytest.param(name, row, id=f"{name}-{n}") for name, rows in EXAMPLES.items() for n, row in enumerate(rows)
]


@pytest.mark.parametrize(("name", "row"), CASES)
def test_the_format_of_a_row_is_recognised(name: str, row: dict[str, Any]) -> None:
    assert choose(row, None).id == name
    winner = vote([row] * 3)
    assert winner is not None
    assert winner.id == name


@pytest.mark.parametrize(("name", "row"), CASES)
def test_rendering_a_parsed_row_restores_it(name: str, row: dict[str, Any]) -> None:
    form = by_id(name)
    rendered = form.render(form.parse(row), like=row)
    assert rendered == row
    assert list(rendered) == list(row)
    assert form.parse(rendered) == form.parse(row)


@pytest.mark.parametrize(("name", "row"), CASES)
def test_question_and_answer_are_found(name: str, row: dict[str, Any]) -> None:
    found = list(exchanges(by_id(name).parse(row)))
    if name == "pretrain":
        assert [e.kind for e in found] == ["document"]
        return
    assert any(Q in e.prompt for e in found)
    if name not in {"trl_prompt_only", "xlam"}:
        assert any(A in (e.response or "") for e in found)


@pytest.mark.parametrize(
    "name",
    [
        name
        for name in EXAMPLES
        if "pref" in name or name in {"openai_dpo", "lf_v1_dpo", "nectar", "compared", "graded_answers"}
    ],
)
def test_the_rejected_answer_is_trained_away_from(name: str) -> None:
    for row in EXAMPLES[name]:
        polarity = {e.response: e.polarity for e in exchanges(by_id(name).parse(row))}
        assert {key.strip(): value for key, value in polarity.items() if key} == {A: 1, B: -1}


def test_kto_labels_determine_the_polarity() -> None:
    form = by_id("kto")
    polarities = [next(exchanges(form.parse(row))).polarity for row in EXAMPLES["kto"]]
    assert polarities == [1, -1, -1, 1, -1, 1, -1, -1, -1, 1, -1, -1]
    coerced = form.parse({"prompt": Q, "completion": A, "label": "false"})
    assert "label_coerced" in coerced.flags
    assert next(exchanges(coerced)).polarity == -1


def test_masked_turns_are_not_trained() -> None:
    masked = {"messages": [USER, {**SAYS, "weight": 0}]}
    (only,) = exchanges(by_id("openai_chat").parse(masked))
    assert (only.kind, only.polarity) == ("prompt", 0)


def test_reasoning_is_separated_from_the_answer() -> None:
    for row in EXAMPLES["openai_chat"][3:5]:
        (only,) = exchanges(by_id("openai_chat").parse(row))
        assert only.reasoning is not None
        assert "Hm." in only.reasoning
        assert only.response == A


def test_history_is_trained_on() -> None:
    found = list(exchanges(by_id("alpaca").parse(EXAMPLES["alpaca"][1])))
    assert [(e.response, e.polarity) for e in found] == [("Hello", 1), (A, 1)]


def test_unknown_roles_are_flagged_and_never_guessed() -> None:
    row = {"messages": [{"role": "wizard", "content": "Abracadabra"}, USER, SAYS]}
    sample = by_id("openai_chat").parse(row)
    assert "unknown_role" in sample.flags
    (only,) = exchanges(sample)
    assert only.prompt == Q


def test_pretokenized_data_is_refused_with_a_reason() -> None:
    row = {"input_ids": [1, 2], "attention_mask": [1, 1], "labels": [-100, 2]}
    with pytest.raises(RecordError, match="token"):
        choose(row, None).parse(row)


def test_a_missing_role_is_reported() -> None:
    with pytest.raises(RecordError):
        by_id("openai_chat").parse({"messages": [{"content": "who says so?"}, SAYS]})


def test_null_means_absent() -> None:
    row = {"messages": [{**USER, "name": None}, {**SAYS, "tool_calls": None}], "tools": None, "prompt": None}
    assert choose(row, None).id == "openai_chat"
    assert by_id("openai_chat").render(by_id("openai_chat").parse(row), like=row) == row


def test_unknown_formats_and_rows_are_reported_by_name() -> None:
    with pytest.raises(ConfigError, match="openai_chat"):
        by_id("nonsense")
    with pytest.raises(RecordError, match="weather"):
        choose({"weather": "fine"}, None)


@pytest.mark.parametrize(
    "name",
    [name for name in EXAMPLES if name not in {"trl_prompt_only", "pretrain", "input_output", *WORDLESS}],
)
def test_new_samples_take_the_style_of_a_row(name: str) -> None:
    form = by_id(name)
    wanted = [(Role.USER, "How do I reset it?", 0), (Role.ASSISTANT, "Hold the key.", 1)]
    if {1, -1} <= {turn.polarity for turn in form.parse(EXAMPLES[name][0]).turns}:
        wanted.append((Role.ASSISTANT, "No idea.", -1))
    turns = tuple(Turn(role, text, polarity=polarity) for role, text, polarity in wanted)  # type: ignore[arg-type]
    again = form.parse(form.render(Sample(turns), like=EXAMPLES[name][0]))
    assert [(t.role, t.text, t.polarity) for t in again.turns if t.role is not Role.SYSTEM] == wanted


WORDS = (
    *(
        "role",
        "content",
        "from",
        "value",
        "type",
        "text",
        "speaker",
        "author",
        "name",
        "parts",
        "thought",
        "mask",
    ),
    *(
        "channel",
        "recipient",
        "user",
        "assistant",
        "observation",
        "action",
        "masked",
        "data",
        "source",
        "message",
    ),
)
NAMES = st.sampled_from(
    ["user", "assistant", "tool", "analysis", "reasoning", "function_call", "tool_result", "ai"]
)
WANTED = (Turn(Role.USER, "How do I reset it?"), Turn(Role.ASSISTANT, "Hold the key.", polarity=1))
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=12) | NAMES,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(WORDS) | st.text(max_size=6), inner, max_size=5)
    ),
    max_leaves=16,
)
keys = st.sampled_from(sorted({key for rows in EXAMPLES.values() for row in rows for key in row}))


@settings(max_examples=400, deadline=None)
@given(row=st.dictionaries(keys, json_values, max_size=5))
def test_no_row_crashes_a_format(row: dict[str, Any]) -> None:
    for form in FORMATS:
        if form.matches(row):
            try:
                sample = form.parse(row)
            except RecordError:
                continue
            list(exchanges(sample))
            lint(row, sample, form.id)
            if form.id != "kto":  # a label without an answer has no polarity to keep
                assert form.render(sample, like=row) == row
            with suppress(RecordError):
                form.render(Sample(WANTED), like=row)
            with suppress(RecordError):
                form.render(Sample((*sample.turns, *WANTED)), like=row)


talk = st.lists(
    st.tuples(st.text(min_size=1, max_size=30), st.text(min_size=1, max_size=30)), min_size=1, max_size=4
)


@settings(max_examples=100, deadline=None)
@given(talk=talk)
def test_any_conversation_round_trips(talk: list[tuple[str, str]]) -> None:
    chat = {
        "messages": [
            m for q, a in talk for m in ({"role": "user", "content": q}, {"role": "assistant", "content": a})
        ]
    }
    gpt = {
        "conversations": [
            m for q, a in talk for m in ({"from": "human", "value": q}, {"from": "gpt", "value": a})
        ]
    }
    for name, row in (("openai_chat", chat), ("sharegpt", gpt)):
        form = by_id(name)
        assert form.render(form.parse(row), like=row) == row


@pytest.mark.parametrize(
    ("name", "row"),
    [
        pytest.param(name, row, id=f"{name}-{n}")
        for name, rows in (WILD | LAYOUTS).items()
        for n, row in enumerate(rows)
        if name not in WORDLESS
    ],
)
def test_every_layout_takes_a_new_answer(name: str, row: dict[str, Any]) -> None:
    form = by_id(name)
    written = form.render(Sample(WANTED), like=row)
    again = [turn for turn in form.parse(written).turns if turn.role is not Role.SYSTEM]
    assert [(t.role, t.text, t.polarity) for t in again] == [(t.role, t.text, t.polarity) for t in WANTED]
    assert choose(written, None).id == name


@pytest.mark.parametrize("name", sorted(WORDLESS))
def test_a_layout_without_words_refuses_an_answer_in_words(name: str) -> None:
    for row in EXAMPLES[name]:
        with pytest.raises(RecordError, match="holds"):
            by_id(name).render(Sample(WANTED), like=row)


TRIPPED: dict[str, dict[str, Any]] = {
    "unknown_role": {"messages": [{"role": "wizard", "content": "?"}, USER, SAYS]},
    "unread_part": {"messages": [USER, {"role": "assistant", "content": [{"type": "hologram"}, A]}]},
    "lf_drop": {"messages": [USER, USER, SAYS]},
    "trl_empty_messages": {"messages": []},
    "no_trained_turn": {"messages": [USER]},
    "axolotl_role": {"messages": [{"role": "developer", "content": "Be brief."}, USER, SAYS]},
    "rendered_chat": {"text": "<user>hi</user>\n<assistant>hello</assistant>"},
    "hosted_reject": {"messages": [USER, {"role": "assistant", "content": "<|im_end|>"}]},
    "label_unread": {"messages": [USER, SAYS], "label": 0},
    "tie": {"prompt": Q, "response_a": A, "response_b": B, "winner": "tie"},
    "safer_differs": {"prompt": Q, "response_0": A, "response_1": B, "better_response_id": 0, "safer_response_id": 1},
    "trl_pretokenized": {"messages": [USER, SAYS], "input_ids": [1, 2], "labels": [-100, 2]},
    "tool_args_mixed": {
        "messages": [
            USER,
            {"role": "assistant", "content": None, "tool_calls": [{"function": {"name": "f", "arguments": {}}}, {"function": {"name": "f", "arguments": "{}"}}]},
            SAYS,
        ]
    },
}  # fmt: skip


@pytest.mark.parametrize("rule", [rule.id for rule in TRAINER_RULES])
def test_every_trainer_rule_trips_on_its_own_case_and_not_on_a_good_row(rule: str) -> None:
    row = TRIPPED[rule]
    form = choose(row, None)
    assert rule in lint(row, form.parse(row), form.id)
    form = by_id("openai_chat")
    good = EXAMPLES["openai_chat"][1]
    assert lint(good, by_id("openai_chat").parse(good), "openai_chat") == ()
