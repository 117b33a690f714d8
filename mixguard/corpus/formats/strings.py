"""A prompt or an answer in a string of its own: plain, or cut from a rendered chat."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from mixguard.corpus.formats.base import Speaker, joined_text, text_turns
from mixguard.corpus.formats.cutting import ENDINGS, pattern, read_script
from mixguard.corpus.formats.rewrite import rewritten
from mixguard.corpus.formats.script import Script
from mixguard.corpus.formats.templates import ENDS, TEMPLATES
from mixguard.corpus.records import Polarity, Role, Turn

_ANSWERS = re.compile(
    r"\s{0,3}(?:(?:Assistant|ASSISTANT|AI|Bot|Chatbot) ?:[ \n]?|#{2,4} ?(?:Response|Assistant|ASSISTANT) ?:[ \n]?)"
)
"""What an answer begins with where the prompt leaves its mark to it."""


def rendered_prompt(text: str) -> Script | None:
    """The chat that a prompt is, if it was rendered, and waits for an answer; None if it is plain text."""
    script = read_script(text, "dialogue")
    return None if script is None or script.answered else script


class Trimmed(NamedTuple):
    """An answer's text, and the template's marks around it."""

    open: str
    text: str
    close: str


def trimmed(text: str) -> Trimmed:
    """An answer without the mark before it and the tokens after it. Joined, the parts are the text."""
    start = _mark_end(text)
    ended = ENDS.search(text, start) if text.rstrip().endswith(ENDINGS) else None
    end = ended.start() if ended else len(text)
    return Trimmed(text[:start], text[start:end], text[end:])


def _mark_end(text: str) -> int:
    """Length of the assistant's mark at the start of a text."""
    if text.lstrip()[:1] not in ("<", "["):
        found = _ANSWERS.match(text)
        return found.end() if found else 0
    for template in TEMPLATES:
        mark = None if template.words else pattern(template.mark).match(text)
        if mark is not None:
            return mark.end() if template.said_by(mark) == Speaker(Role.ASSISTANT) else 0
    return 0


def read_string(text: str, role: Role, polarity: Polarity, path: str) -> list[Turn]:
    """The turns of a prompt or an answer; none if it is empty.

    Args:
        text: may be a rendered chat if it is a prompt, or have a template's marks around it if it is an answer.
        role: who speaks if it is plain.
        polarity: of the answer.
        path: of the string.
    """
    if role is Role.USER:
        script = rendered_prompt(text)
        if script is not None:
            return script.turns(0, path)
    if role is Role.ASSISTANT:
        text = trimmed(text).text
    return text_turns(text, Speaker(role), polarity, path)


def write_string(turns: Sequence[Turn], like: object, role: Role) -> str:
    """The turns as a string like another; the inverse of `read_string`.

    Raises:
        RecordError: the template of `like` cannot hold one of the turns.
    """
    if role is Role.USER and isinstance(like, str):
        script = rendered_prompt(like)
        if script is not None:
            return rewritten(script, turns)
    text = joined_text(turns)
    if role is Role.ASSISTANT and isinstance(like, str):
        marks = trimmed(like)
        return f"{marks.open}{text}{marks.close}"
    return text


def prompt_length(turns: Sequence[Turn], like: object) -> int:
    """Number of turns that a prompt like another takes if that is a rendered chat: all up to the last user turn."""
    if not isinstance(like, str) or rendered_prompt(like) is None:
        return 0
    return next((n for n in range(len(turns), 0, -1) if turns[n - 1].role is Role.USER), 0)


def untrained(turns: Sequence[Turn]) -> list[Turn]:
    """The turns as context."""
    return [replace(turn, polarity=0) for turn in turns]
