"""Lists of messages under many names, beside an answer, in a response, or several in one row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from mixguard.corpus.formats.base import Format, pointer, speaker
from mixguard.corpus.formats.layout import Among, Either, Layout, Slot
from mixguard.corpus.formats.messages import read_message, read_messages
from mixguard.corpus.formats.speakers import find_role_key, is_talk, role_name
from mixguard.corpus.formats.talk import Messages, Preamble, Said, look_up
from mixguard.corpus.formats.writing import Style, write_messages
from mixguard.corpus.records import Polarity, Role, Row, Turn
from mixguard.errors import RecordError

CHAT_COLUMNS = ("messages", "conversations", "conversation")
"""The usual columns of a list of messages."""
LIST_COLUMNS = (
    "dialog", "dialogue", "dialogs", "dialogues", "turns", "utterances", "chat", "chats", "thread", "msgs",
    "message_list", "chat_messages", "full_conversation", "chat_history", "conversation_history",
    "prompt_messages", "transcript", "session", "trajectory", "traj", "trajectories", "interactions", "exchanges",
    "history", "items", "rounds", "steps", "events", "logs", "log", "message", "data", "input", "output",
)  # fmt: skip
"""Other columns of a list of messages; it counts only if it is one."""
_HOLDERS = (
    "body",
    "request",
    "conversation",
    "chat",
    "dialogue",
    "thread",
    "data",
    "sample",
    "example",
    "input",
)
"""Columns of an object with `messages`."""
_ASKED = (
    "input", "inputs", "question", "query", "instruction", "context", "history", "chat_history",
    "conversation_history", "prompt_messages", "input_messages", "dialog", "dialogue",
)  # fmt: skip
_ANSWERS = (
    "response", "output", "answer", "generation", "reply", "target", "solution", "ideal",
    "ground_truth", "reference_answer", "reference", "expected_output", "expected_answer", "expected",
    "assistant", "outputs", "final_answer",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Listed(Messages):
    """A list that really is one of messages."""

    def fits(self, row: Row) -> bool:
        """Whether each element has a role, and one of them is the user's or the model's."""
        return is_talk(row.get(self.keys[0]) if len(self.keys) == 1 else look_up(row, self.keys))


@dataclass(frozen=True, slots=True)
class Asked(Listed):
    """A list of messages as the prompt of a row that has no other conversation."""

    def fits(self, row: Row) -> bool:
        """Whether it is a list of messages, and none of the usual columns has one."""
        return Listed.fits(self, row) and not any(is_talk(row.get(column)) for column in CHAT_COLUMNS)


@dataclass(frozen=True, slots=True)
class Unanswered(Listed):
    """A list of messages that does not end with the model's."""

    def fits(self, row: Row) -> bool:
        """Whether the last message is the user's or a tool's."""
        messages = look_up(row, self.keys)
        if not isinstance(messages, list) or not messages or not isinstance(messages[-1], dict):
            return False
        key = find_role_key(messages[-1])
        last = speaker(role_name(messages[-1], key) or "").role if key else None
        return last in (Role.USER, Role.TOOL) and is_talk(messages)


@dataclass(frozen=True, slots=True)
class Answer(Said):
    """An answer that is not empty; `listed` if only a message or a list of messages will do."""

    listed: bool = False

    def fits(self, row: Row) -> bool:
        """Whether there is such an answer."""
        value = row.get(self.column)
        if isinstance(value, str):
            return bool(value) and not self.listed
        return is_talk([value]) if isinstance(value, dict) else is_talk(value)


@dataclass(frozen=True, slots=True)
class Choice:
    """The one choice of a chat completion: `choices` of `message`."""

    keys: tuple[str, ...]

    def fits(self, row: Row) -> bool:
        """Whether there is a single choice with a message."""
        choices = look_up(row, self.keys)
        single = isinstance(choices, list) and len(choices) == 1 and isinstance(choices[0], dict)
        return bool(single) and is_talk([choices[0].get("message")])

    def read(self, row: Row) -> list[Turn]:
        """The message's turns."""
        (choice,) = look_up(row, self.keys)
        return read_message(choice["message"], pointer(*self.keys, 0, "message"), polarity=1)

    def write(self, turns: Sequence[Turn], row: dict[str, Any], like: Row) -> Sequence[Turn]:
        """Write one message."""
        (choice,) = look_up(like, self.keys)
        path = pointer(*self.keys, 0, "message")
        written = write_messages(turns, Style.of([choice["message"]], path), polarity=1)
        if len(written) != 1:
            raise RecordError(f"{pointer(*self.keys)} holds a single message")
        for key in self.keys[:-1]:
            row[key] = dict(row[key])
            row = row[key]
        row[self.keys[-1]] = [{**choice, "message": written[0]}]
        return ()


@dataclass(frozen=True, slots=True)
class Several:
    """A list of lists of messages: several conversations, one after the other."""

    column: str
    polarity: Polarity = 1

    def fits(self, row: Row) -> bool:
        """Whether every element is a list of messages."""
        talks = row.get(self.column)
        return isinstance(talks, list) and bool(talks) and all(map(is_talk, talks))

    def read(self, row: Row) -> list[Turn]:
        """The turns of each conversation."""
        return [
            turn
            for number, talk in enumerate(row[self.column])
            for turn in read_messages(talk, pointer(self.column, number), polarity=self.polarity)
        ]

    def write(self, turns: Sequence[Turn], row: dict[str, Any], like: Row) -> Sequence[Turn]:
        """Write new turns as a single conversation, those with a path where they were."""
        talks = like[self.column]
        paths = [f"{pointer(self.column, number)}/" for number in range(len(talks))]
        mine = [[turn for turn in turns if turn.path.startswith(path)] for path in paths]
        fresh = [turn for turn in turns if not turn.path.startswith(tuple(paths))]
        if fresh and len(fresh) < len(turns):
            raise RecordError(f"{self.column} holds several conversations, which new turns cannot go on")
        if fresh:
            row[self.column] = [write_messages(fresh, self._style(talks, 0), polarity=self.polarity)]
        else:
            row[self.column] = [
                write_messages(group, self._style(talks, number), polarity=self.polarity)
                for number, group in enumerate(mine)
                if group
            ]
        return ()

    def _style(self, talks: Sequence[Any], number: int) -> Style:
        return Style.of(talks[number], pointer(self.column, number))


SYSTEM = Preamble(("system", "systemInstruction", "system_instruction", "system_prompt", "instructions"))
_UNANSWERED = (
    *(Asked((column,), 0) for column in _ASKED),
    *(Unanswered((column,), 0) for column in CHAT_COLUMNS),
    *(Unanswered((column, "messages"), 0) for column in _HOLDERS),
)
_CHOICES = tuple(
    Choice(keys) for keys in (("choices",), ("response", "choices"), ("response", "body", "choices"))
)
_SAID = tuple(Answer(name, Role.ASSISTANT, 1) for name in _ANSWERS)
_COMPLETION = Answer("completion", Role.ASSISTANT, 1)


def _layout(asked: Slot, answers: tuple[Slot, ...]) -> Layout:
    return Layout("chat_answer", (SYSTEM, asked, Among(answers)))


CHAT_ANSWER: Format = Either(
    "chat_answer",
    (
        _layout(Asked(("prompt",), 0), (*_CHOICES, *_SAID)),
        _layout(Among(_UNANSWERED), (*_CHOICES, *_SAID, _COMPLETION)),
        _layout(
            Among(tuple(Answer(name, Role.USER, 0) for name in ("prompt", *_ASKED))),
            tuple(Answer(name, Role.ASSISTANT, 1, listed=True) for name in _ANSWERS),
        ),
    ),
)
"""A prompt and an answer in two columns, of which at least one is a list of messages."""

MESSAGE_LIST: Format = Layout(
    "message_list",
    (
        SYSTEM,
        Among(
            (
                *(Listed((column,)) for column in LIST_COLUMNS),
                *(Listed((column, "messages")) for column in _HOLDERS),
                *(Several(column) for column in (*CHAT_COLUMNS, *LIST_COLUMNS, "prompt")),
            )
        ),
    ),
)
"""A list of messages, or several, under a name of its own."""
