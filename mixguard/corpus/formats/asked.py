"""The slots of whatever a row asks, beside several answers to it."""

from __future__ import annotations

from mixguard.corpus.formats.cells import Text
from mixguard.corpus.formats.chat import SYSTEM
from mixguard.corpus.formats.layout import Slot
from mixguard.corpus.formats.names import filled
from mixguard.corpus.formats.pairs import is_said, system_of
from mixguard.corpus.formats.talk import Messages, Said, look_up
from mixguard.corpus.formats.translation import Nested
from mixguard.corpus.records import Role, Row

KEYS = (
    "prompt", "instruction", "question", "query", "problem", "userprompt", "userinput", "userquery", "usermessage",
    "human", "input", "messages", "conversations", "conversation", "history", "context", "contents", "post", "article",
    "document", "dialogue", "dialog", "text",
)  # fmt: skip
"""Names of the prompt's column, by `names.key`; the first that a row has."""
_INNER = (
    ("question", "full_text"),
    ("question", "text"),
    ("info", "post"),
    ("info", "article"),
    ("prompt", "text"),
)


def told(row: Row) -> Slot:
    """The slot of the system prompt; it may be empty."""
    return next((Text(Role.SYSTEM, column, optional=True) for column in system_of(row)), SYSTEM)


def asked(row: Row) -> Slot | None:
    """The slot of the prompt; None if the row has none."""
    inner = next((Nested(keys, Role.USER, 0) for keys in _INNER if isinstance(look_up(row, keys), str)), None)
    if inner is not None:
        return inner
    columns = filled(row)
    for name in KEYS:
        value = row[columns[name]] if name in columns else None
        if is_said(value) and value:
            return (
                Messages((columns[name],), 0)
                if isinstance(value, list)
                else Said(columns[name], Role.USER, 0)
            )
        if isinstance(value, str):
            return _text(name, row)
    return None


def _text(name: str, row: Row) -> Slot:
    """A text, with the text that goes before or after it."""
    columns = filled(row)
    before = columns.get("context") if name in ("question", "query", "instruction") else None
    after = columns.get("input") if name == "instruction" else None
    joined = tuple(
        column
        for column in (before, columns[name], after)
        if column is not None and isinstance(row[column], str)
    )
    if len(joined) == 1:
        return Said(columns[name], Role.USER, 0)
    return Text(Role.USER, columns[name], columns=joined)
