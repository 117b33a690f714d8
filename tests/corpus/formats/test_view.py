"""Rows under the names that formats know, with messages unpacked from text, and back."""

from __future__ import annotations

import json
from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mixguard.corpus.exchanges import exchanges
from mixguard.corpus.formats.view import ROLES, View
from mixguard.corpus.formats.vote import choose
from mixguard.corpus.records import Role, Sample, Turn
from mixguard.errors import ConfigError, InputError

TALK = [{"role": "user", "content": 'Say "no",\nplease: é'}, {"role": "assistant", "content": "It's no."}]
SPELLINGS = {
    "json": json.dumps(TALK),
    "compact": json.dumps(TALK, separators=(",", ":"), ensure_ascii=False),
    "indented": json.dumps(TALK, indent=2),
    "python": repr(TALK),
    "numpy": "[" + "\n ".join(map(repr, TALK)) + "]",
}
NEW = Sample((Turn(Role.USER, "New?"), Turn(Role.ASSISTANT, "Yes, new.", "text", 1)))


def read(row: dict[str, Any], **columns: str) -> list[tuple[str, str | None, int]]:
    """What a row trains: prompt, response and polarity."""
    seen = View.of(columns).seen(row)
    found = exchanges(choose(seen, None).parse(seen))
    return [(each.prompt, each.response, each.polarity) for each in found]


def rendered(row: dict[str, Any], sample: Sample = NEW, **columns: str) -> dict[str, Any]:
    """A row like another with a new sample."""
    view = View.of(columns)
    seen = view.seen(row)
    return view.restored(choose(seen, None).render(sample, seen), row)


@pytest.mark.parametrize("spelling", SPELLINGS)
@pytest.mark.parametrize("column", ["messages", "Messages", "conversation", "history", "chosen", "prompt"])
def test_messages_kept_as_text_are_unpacked_and_packed_in_the_same_spelling(
    spelling: str, column: str
) -> None:
    row = {"id": 1, column: SPELLINGS[spelling], "note": "[1]"}
    view = View()
    seen = view.seen(row)
    assert seen == {"id": 1, column: TALK, "note": "[1]"}
    assert view.restored(seen, row) == row
    assert view.restored(deepcopy(seen), row) == row
    assert view.rewrites(row)
    longer = view.restored({**seen, column: TALK + TALK}, row)
    like = SPELLINGS[spelling][:24]
    assert isinstance(longer[column], str)
    assert longer[column].startswith(like)
    assert view.seen(longer)[column] == TALK + TALK


def test_a_new_row_is_written_as_text() -> None:
    new = rendered({"id": 7, "messages": SPELLINGS["python"]})
    assert new == {
        "id": 7,
        "messages": "[{'role': 'user', 'content': 'New?'}, {'role': 'assistant', 'content': 'Yes, new.'}]",
    }


@pytest.mark.parametrize(
    "text",
    [
        '{"name": "Ada", "age": 3}',
        "[]",
        "{}",
        '["a", "b"]',
        '[{"role": "CEO", "name": "Ann"}]',
        '[{"role": "CEO", "text": "Ann leads."}]',
        '[{"name": "user"}]',
        "[{'role': 'user', 'content': open('x')}]",
        "[Music] and {more}",
        "[" * 5000,
        "[{'a': " * 300 + "1",
        "",
    ],
)
def test_an_answer_may_be_json(text: str) -> None:
    row = {"prompt": "List them.", "completion": text}
    assert View().seen(row) is row
    assert read(row) == [("List them.", text, 1)]


@pytest.mark.parametrize("text", ["plain words", "[{'role': 'user'", "[{'a': b'x'}]", "[" * 5000, '{"a": 1}'])
def test_text_that_spells_no_list_stays_text(text: str) -> None:
    row = {"messages": text}
    assert View().seen(row) is row


def test_other_columns_are_never_unpacked() -> None:
    row = {"answer": SPELLINGS["json"], "tools": '[{"name": "f"}]'}
    assert View().seen(row) is row


def test_lists_that_a_format_needs_are_unpacked() -> None:
    steps = {"prompt": "P?", "completions": '["one", "two"]', "labels": "[true, false]"}
    assert [polarity for _, _, polarity in read(steps)] == [1, -1]
    earlier = {"instruction": "Q", "output": "A", "history": '[["Hi", "Hello"]]'}
    assert read(earlier) == [("Hi", "Hello", 1), ("Q", "A", 1)]
    assert read({**earlier, "history": ""}) == [("Q", "A", 1)]
    assert rendered({**earlier, "history": ""})["history"] == ""


@pytest.mark.parametrize(
    ("row", "columns", "found"),
    [
        ({"q": "Q", "best": "A"}, {"prompt": "q", "response": "best"}, [("Q", "A", 1)]),
        ({"q": "Q", "c": "C", "a": "A"}, {"prompt": "q", "context": "c", "response": "a"}, [("C\nQ", "A", 1)]),
        ({"q": "Q", "i": "I", "a": "A"}, {"prompt": "q", "input": "i", "completion": "a"}, [("Q\nI", "A", 1)]),
        ({"q": TALK[:1], "a": "A"}, {"prompt": "q", "response": "a"}, [(TALK[0]["content"], "A", 1)]),
        ({"d": {"p": "Q", "a": ["A", "B"]}}, {"prompt": "d.p", "response": "d.a.0"}, [("Q", "A", 1)]),
        ({"d.p": "Q", "a": "A"}, {"prompt": "d.p", "response": "a"}, [("Q", "A", 1)]),
        ({"log": SPELLINGS["json"]}, {"messages": "log"}, [(TALK[0]["content"], "It's no.", 1)]),
        ({"log": {"turns": TALK}}, {"messages": "log.turns"}, [(TALK[0]["content"], "It's no.", 1)]),
        ({"prompt": "Q", "r0": "A", "r1": "B"}, {"chosen": "r0", "rejected": "r1"}, [("Q", "A", 1), ("Q", "B", -1)]),
        ({"q": "Q", "i": "I", "w": "A", "l": "B"}, {"prompt": "q", "input": "i", "chosen": "w", "rejected": "l"}, [("Q\nI", "A", 1), ("Q\nI", "B", -1)]),
        ({"messages": TALK, "bad": "B"}, {"messages": "messages", "rejected": "bad"}, [(TALK[0]["content"], "It's no.", 1), (TALK[0]["content"], "B", -1)]),
        ({"q": "Q", "a": "A", "good": False}, {"prompt": "q", "response": "a", "label": "good"}, [("Q", "A", -1)]),
        ({"body": "Words."}, {"text": "body"}, [("Words.", None, 1)]),
    ],
)  # fmt: skip
def test_columns_are_read_by_their_roles(
    row: dict[str, Any], columns: dict[str, str], found: list[tuple[str, str | None, int]]
) -> None:
    assert read(row, **columns) == found
    view = View.of(columns)
    before = deepcopy(row)
    assert view.restored(deepcopy(view.seen(row)), row) == before == row


def test_named_columns_hide_those_that_another_format_would_read() -> None:
    row = {"question": "Q", "answer": "old", "best": "A", "chosen": "x", "rejected": "y", "label": 1, "id": 3}
    assert read(row, prompt="question", response="best") == [("Q", "A", 1)]
    new = rendered(row, prompt="question", response="best")
    assert new == {**row, "question": "New?", "best": "Yes, new."}
    assert list(new) == list(row)


def test_a_new_row_goes_where_the_columns_are() -> None:
    row = {"data": {"ask": "Q", "say": ["A", "B"]}, "n": 1}
    new = rendered(row, prompt="data.ask", response="data.say.0")
    assert new == {"data": {"ask": "New?", "say": ["Yes, new.", "B"]}, "n": 1}
    assert row == {"data": {"ask": "Q", "say": ["A", "B"]}, "n": 1}


def test_a_wrong_name_is_told_with_the_right_ones() -> None:
    with pytest.raises(ConfigError, match=r"'prompts'.*prompt, response") as refusal:
        View.of({"prompts": "q"})
    assert all(role in str(refusal.value) for role in ROLES)
    with pytest.raises(ConfigError, match="'q' cannot be both prompt and response"):
        View.of({"prompt": "q", "response": "q"})
    with pytest.raises(InputError, match=r"^a\.csv: no record has the column 'x'.* are q, a$"):
        View.of({"prompt": "x"}).check([{"q": "1"}, {"q": None, "a": 2}], "a.csv")
    View.of({"prompt": "q"}).check([{}, {"q": None}], "a.csv")


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=6,
)
names = st.sampled_from(["messages", "prompt", "chosen", "history", "a", "b", "a.b", "text", "label"])
values = json_values | st.sampled_from(list(SPELLINGS.values())) | json_values.map(json.dumps)
columns = st.dictionaries(
    st.sampled_from(ROLES), st.sampled_from(["messages", "a", "b", "a.b", "a.b.0", "text"]), max_size=4
).filter(lambda found: len(set(found.values())) == len(found))


@settings(max_examples=300, deadline=None)
@given(row=st.dictionaries(names, values, max_size=6), columns=columns)
def test_what_is_seen_can_be_restored(row: dict[str, Any], columns: dict[str, str]) -> None:
    view = View.of(columns)
    before = deepcopy(row)
    assert view.restored(deepcopy(view.seen(row)), row) == before
    assert row == before
    assert list(view.restored(view.seen(row), row)) == list(before)


@pytest.mark.parametrize(
    "text", [r'[{"role": "user", "content": "a\ud800b"}]', r"[{'role': 'user', 'content': 'a\ud800b'}]"]
)
def test_a_lone_surrogate_in_a_packed_list_is_replaced(text: str) -> None:
    view = View.of({})
    row = {"messages": text}
    assert view.seen(row) == {"messages": [{"role": "user", "content": "a\ufffdb"}]}
    assert view.restored(view.seen(row), row) == row
