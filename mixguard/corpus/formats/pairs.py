"""One prompt and one answer in two or more columns: layouts that differ only in column names."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from mixguard.corpus.formats.cells import History, Text
from mixguard.corpus.formats.layout import Either, Layout, Slot
from mixguard.corpus.records import Role

_Spelling: TypeAlias = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Pair:
    """The columns of one layout."""

    id: str
    prompt: str
    answer: str
    before: str | None = None
    """Optional column whose text goes before the prompt."""
    after: str | None = None
    """Optional column whose text goes after the prompt."""
    system: str = "system"

    def layouts(self) -> tuple[Layout, ...]:
        """One layout per letter case: question, QUESTION, Question."""
        return tuple(self._layout(spelt) for spelt in (str.lower, str.upper, str.capitalize))

    def _layout(self, spelt: _Spelling) -> Layout:
        prompt, answer = spelt(self.prompt), spelt(self.answer)
        columns = tuple(spelt(name) for name in (self.before, self.prompt, self.after) if name)
        slots: tuple[Slot, ...] = (
            Text(Role.SYSTEM, spelt(self.system), optional=True),
            History(spelt("history")),
            Text(Role.USER, prompt, columns=columns if len(columns) > 1 else ()),
            Text(Role.ASSISTANT, answer, 1),
        )
        return Layout(self.id, slots, (*columns, answer))


_PAIRS = (
    Pair("alpaca", "instruction", "output", after="input"),
    Pair("instruction_response", "instruction", "response", before="context", after="input"),
    Pair("instruction_answer", "instruction", "answer", after="input"),
    Pair("instruction_completion", "instruction", "completion", after="input"),
    Pair("orca", "question", "response", system="system_prompt"),
    Pair("question_answer", "question", "answer", before="context"),
    Pair("question_output", "question", "output", before="context"),
    Pair("query_response", "query", "response"),
    Pair("query_answer", "query", "answer", before="context"),
    Pair("metharme", "prompt", "generation"),
    Pair("prompt_response", "prompt", "response"),
    Pair("prompt_answer", "prompt", "answer"),
    Pair("prompt_output", "prompt", "output"),
    Pair("problem_solution", "problem", "solution"),
    Pair("problem_answer", "problem", "answer"),
    Pair("user_assistant", "user", "assistant"),
    Pair("input_output_pair", "input", "output"),
    Pair("input_response", "input", "response"),
    Pair("input_target", "input", "target"),
    Pair("inputs_targets", "inputs", "targets"),
    Pair("camel", "message_1", "message_2"),
    Pair("article_summary", "article", "summary"),
    Pair("document_summary", "document", "summary"),
    Pair("dialogue_summary", "dialogue", "summary"),
    Pair("content_target", "content", "target"),
    Pair("text_target", "text", "target"),
)
"""Specific before general: the first whose columns a row has reads it."""

PAIR_FORMATS = tuple(Either(pair.id, pair.layouts()) for pair in _PAIRS)
