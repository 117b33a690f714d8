"""Conversation formats: OpenAI, ShareGPT and variants, Gemini."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from mixguard.corpus.formats.base import Format
from mixguard.corpus.formats.cells import History, Text
from mixguard.corpus.formats.layout import Either, Layout
from mixguard.corpus.formats.plain import Segments
from mixguard.corpus.formats.talk import Messages, Preamble, Said
from mixguard.corpus.records import Role, Row

SYSTEM = Preamble(("system", "systemInstruction", "system_instruction"))
PROMPT = Said("prompt", Role.USER, 0)


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
        (Text(Role.SYSTEM, "system", optional=True), History("conversation", alone=True)),
    ),
    Layout("lf_v1", (SYSTEM, ValueParts(("messages",)))),
    Either(
        "sharegpt",
        (
            Layout("sharegpt", (SYSTEM, Messages(("conversations",)))),
            Layout("sharegpt", (SYSTEM, Messages(("conversation",)))),
            Layout("sharegpt", (SYSTEM, FromValue(("messages",)))),
        ),
    ),
    Layout("openai_chat", (SYSTEM, Messages(("messages",)))),
)
"""Every conversation format, specific before general."""

LOOSE_FORMATS: tuple[Format, ...] = (
    Either(
        "pretrain",
        tuple(Layout("pretrain", (Text(Role.DOCUMENT, column, 1),)) for column in ("text", "content")),
    ),
    Layout("trl_prompt_only", (PROMPT,)),
)
"""Fallbacks if there is no answer: documents and bare prompts."""
