"""Conversation formats: OpenAI, ShareGPT and variants, Gemini."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from mixguard.corpus.formats.base import Format
from mixguard.corpus.formats.calls import GLAIVE, XLAM
from mixguard.corpus.formats.cells import History, Text
from mixguard.corpus.formats.layout import Either, Layout
from mixguard.corpus.formats.lists import CHAT_ANSWER, MESSAGE_LIST, SYSTEM
from mixguard.corpus.formats.plain import Segments
from mixguard.corpus.formats.rounds import ROUNDS, STEPS
from mixguard.corpus.formats.speakers import find_role_key
from mixguard.corpus.formats.spread import named_pairs, spread
from mixguard.corpus.formats.talk import Messages, Said, is_messages
from mixguard.corpus.records import Role, Row

__all__ = ["CHAT_FORMATS", "LOOSE_FORMATS", "PROMPT", "SYSTEM"]

PROMPT = Said("prompt", Role.USER, 0)


@dataclass(frozen=True, slots=True)
class Chat(Messages):
    """A list of messages that is not one of exchanges."""

    def fits(self, row: Row) -> bool:
        """Whether there is a list of messages, even one without roles, which is then refused."""
        value = row.get(self.keys[0])
        return is_messages(value) and (
            not value or find_role_key(value[0]) is not None or spread(value) is None
        )


@dataclass(frozen=True, slots=True)
class Exchanges(History):
    """A conversation as pairs of a question and an answer."""

    def fits(self, row: Row) -> bool:
        """Whether there are pairs, not of a role and a text."""
        return History.fits(self, row) and not named_pairs(row[self.column])


@dataclass(frozen=True, slots=True)
class ValueParts(Messages):
    """Messages whose content parts store their text under `value`."""

    def fits(self, row: Row) -> bool:
        """Whether the first list of parts has a `value`."""
        messages = row.get("messages")
        if not isinstance(messages, list):
            return False
        contents = (message.get("content") for message in messages if isinstance(message, dict))
        parts = next((content for content in contents if isinstance(content, list) and content), ())
        return any(isinstance(part, dict) and part.get("value") is not None for part in parts)


@dataclass(frozen=True, slots=True)
class FromValue(Messages):
    """Messages with the role under `from`."""

    def fits(self, row: Row) -> bool:
        """Whether the first message has its role under `from`."""
        messages = row.get(self.keys[0])
        first: Any = messages[0] if isinstance(messages, list) and messages else None
        return isinstance(first, dict) and first.get("from") is not None and first.get("role") is None


CHAT_FORMATS: tuple[Format, ...] = (
    Layout("input_output", (Segments(),)),
    Layout("gemini", (SYSTEM, Messages(("contents",)))),
    Layout(
        "swift_sharegpt",
        (Text(Role.SYSTEM, "system", optional=True), Exchanges("conversation", alone=True)),
    ),
    CHAT_ANSWER,
    XLAM,
    GLAIVE,
    Layout("lf_v1", (SYSTEM, ValueParts(("messages",)))),
    Either(
        "sharegpt",
        (
            Layout("sharegpt", (SYSTEM, Chat(("conversations",)))),
            Layout("sharegpt", (SYSTEM, Chat(("conversation",)))),
            Layout("sharegpt", (SYSTEM, FromValue(("messages",)))),
        ),
    ),
    Layout("openai_chat", (SYSTEM, Chat(("messages",)))),
)
"""Every conversation format, specific before general."""

LOOSE_FORMATS: tuple[Format, ...] = (
    MESSAGE_LIST,
    ROUNDS,
    STEPS,
    Either(
        "pretrain",
        tuple(Layout("pretrain", (Text(Role.DOCUMENT, column, 1),)) for column in ("text", "content")),
    ),
    Layout("trl_prompt_only", (PROMPT,)),
)
"""Fallbacks: conversations under names of their own, documents and bare prompts."""
