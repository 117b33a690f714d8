"""Rows whose text is a whole chat, rendered by a chat template."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from mixguard.corpus.formats.base import Format
from mixguard.corpus.formats.cutting import read_script
from mixguard.corpus.formats.layout import Layout, not_of
from mixguard.corpus.formats.likely import Where
from mixguard.corpus.formats.rewrite import rewritten
from mixguard.corpus.formats.script import Script
from mixguard.corpus.formats.talk import last_answer
from mixguard.corpus.formats.templates import TEMPLATES
from mixguard.corpus.records import Role, Row, Turn
from mixguard.errors import RecordError

WHOLE = ("text", "formatted_chat", "formatted_text", "formatted_prompt", "formatted", "chat", "chat_text", "train_text",
         "training_text", "full_text", "full_prompt", "prompt_text", "messages", "conversation", "conversations", "dialogue",
         "dialog", "sequence", "sample", "data", "content", "prompt", "completion", "input", "output", "instruction", "response")  # fmt: skip
"""Columns that may hold a whole chat, the surest first."""
_ANY_TEXT = ("text", "content", "data", "sample", "sequence")
"""Columns that hold texts of any kind."""
_PARTS = ("content", "prompt", "completion", "input", "output", "instruction", "response")
"""Columns that usually hold a part of an exchange: such a chat must have its answer."""


@dataclass(frozen=True, slots=True)
class Rendered:
    """A whole chat in one column."""

    columns: tuple[str, ...] = WHOLE
    template: str | None = None
    """The id of its template; any if None."""
    final: bool = False
    """Whether only the last answer is trained."""

    def fits(self, row: Row) -> bool:
        """Whether a column holds a chat in this template."""
        return self._found(row) is not None

    def read(self, row: Row) -> list[Turn]:
        """The chat's turns; all answers are trained, or the last one."""
        column, script = self._find(row)
        turns = script.turns(1, f"/{column}")
        split = last_answer(turns) if self.final else 0
        return [*(replace(turn, polarity=0) for turn in turns[:split]), *turns[split:]]

    def write(self, turns: Sequence[Turn], row: dict[str, Any], like: Row) -> Sequence[Turn]:
        """Write all turns into the column."""
        column, script = self._find(like)
        split = last_answer(turns) if self.final else 0
        if any(turn.polarity != 1 for turn in turns[split:] if turn.role is Role.ASSISTANT):
            raise RecordError(f"every answer in {column} is trained on: a rendered chat has no masks")
        row[column] = rewritten(script, turns, _where(column))
        return ()

    def _find(self, row: Row) -> tuple[str, Script]:
        found = self._found(row)
        if found is None:
            raise not_of(self.template or "rendered", row)
        return found

    def _found(self, row: Row) -> tuple[str, Script] | None:
        columns = [column for column in row if column in self.columns]
        for column in sorted(columns, key=self.columns.index) if columns[1:] else columns:
            text = row[column]
            script = read_script(text, _where(column)) if isinstance(text, str) and text else None
            if script is not None and (script.answered or column not in _PARTS):
                return (column, script) if self.template in (None, script.template.id) else None
        return None


def _where(column: str) -> Where:
    return "document" if column in _ANY_TEXT else "dialogue"


RENDERED_FORMATS: tuple[Format, ...] = tuple(
    Layout(template.id, (Rendered(template=template.id),)) for template in TEMPLATES
)
"""A format for each template."""
