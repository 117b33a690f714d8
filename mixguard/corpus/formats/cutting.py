"""Cut a chat that a template rendered into one text at the template's marks."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from functools import cache, lru_cache
from typing import NamedTuple

from mixguard.corpus.formats.base import Speaker
from mixguard.corpus.formats.likely import Where, plausible
from mixguard.corpus.formats.script import Piece, Script
from mixguard.corpus.formats.templates import ENDS, OPENINGS, START, TEMPLATES, Template
from mixguard.corpus.records import Role

PREAMBLE_CHARS = 4000
"""Maximum length of a system prompt without a mark."""
_START = re.compile(START)
ENDINGS = (">", "]", "### End")
"""How tokens that end a turn end themselves."""
_OPENED = ("", "<think>")
"""What may follow the last mark for the answer to be open still."""
_FIRST = re.compile(
    rf"{START}(?:[<\[#*]|GPT4|Code |Math |Below |{OPENINGS}"
    r"|(?i:system|human|user_?1?|assistant|ai|bot|chatbot|chatgpt|gpt|falcon|tool|observation|h|a|q|question|answer|instruction|instruct) ?:)"
)
_LATER = re.compile(r"##|USER:|(?:Human|User|HUMAN) ?:")


def may_be_rendered(text: str) -> bool:
    """Whether a text begins as any chat may; most documents do not, and are looked at no further."""
    found = _FIRST.match(text)
    if found is None:
        return "<｜begin▁of▁sentence｜>" in text[:40] or "<|end_of_turn|>" in text[:PREAMBLE_CHARS]
    told = text[found.end() - 1] not in "<[#*:4"
    return not told or _LATER.search(text, 0, PREAMBLE_CHARS) is not None


@lru_cache(maxsize=32)
def read_script(text: str, where: Where = "document") -> Script | None:
    """The chat that a text is; None if it is none, or in a template that is not known."""
    for template in TEMPLATES if where == "answered" or may_be_rendered(text) else ():
        if where != "document" or not template.only_dialogues:
            script = cut(text, template, where)
            if script is not None:
                return script
    return None


def cut(text: str, template: Template, where: Where) -> Script | None:
    """A text cut at a template's marks; None if it is not a chat in this template."""
    start = begin(text)
    body = text[start:]
    free = template.words and where == "answered"  # any system prompt may stand before the first mark
    if not _may_begin(body, text, start, template) and not free:
        return None
    marks = list(pattern(template.mark).finditer(body))
    if template.words:
        marks = _alike(marks, template)
    if not marks or not (free or _is_preamble(text, start, marks[0].start(), template)):
        return None
    script = _script(text[:start], body, marks, template)
    if where != "answered":
        script = _to_answer(script)
    return script if plausible(script, where) else None


@cache
def pattern(expression: str) -> re.Pattern[str]:
    """A compiled expression of the table."""
    return re.compile(expression)


def begin(text: str) -> int:
    """Length of what begins the sequence: whitespace and tokens."""
    found = _START.match(text)
    return found.end() if found else 0


def _may_begin(body: str, text: str, start: int, template: Template) -> bool:
    if pattern(template.mark).match(body):
        return True
    if template.preamble is None:
        return False
    end = min(len(text), start + PREAMBLE_CHARS)
    if template.words and not pattern(template.preamble).match(text, start, end):
        return bool(template.fixed and body.startswith("Below "))
    return pattern(template.mark).search(text, start, end) is not None


def _is_preamble(text: str, start: int, length: int, template: Template) -> bool:
    """Whether what stands before the first mark is a system prompt, or nothing."""
    if length == 0:
        return True
    if template.preamble is None or length > PREAMBLE_CHARS:
        return False
    found = pattern(template.preamble).match(text, start, start + length)
    return found is not None or _is_fixed(text, start, length, template)


def _is_fixed(text: str, start: int, length: int, template: Template) -> bool:
    return bool(template.fixed) and pattern(template.fixed).match(text, start, start + length) is not None


def _alike(marks: Sequence[re.Match[str]], template: Template) -> list[re.Match[str]]:
    """The marks that are written as the first ones are: other words with a colon belong to what is said."""
    answer = next((mark for mark in marks if template.said_by(mark).role is Role.ASSISTANT), None)
    if answer is None:
        return []
    lines = min(answer["sep"].count("\n"), 2)
    names: dict[Speaker, str] = {}
    kept = []
    for number, mark in enumerate(marks):
        apart = mark["sep"].count("\n") >= lines or mark.string.startswith("</s>", mark.start() - 4)
        if (number == 0 or apart) and (
            template.twice or names.setdefault(template.said_by(mark), mark["name"]) == mark["name"]
        ):
            kept.append(mark)
    return kept


def _script(first: str, body: str, marks: Sequence[re.Match[str]], template: Template) -> Script:
    pieces: list[Piece] = []
    close = first
    head = marks[0].start()
    if head and _is_fixed(body, 0, head, template):
        close += body[:head]
    elif head:
        text, close = _ended(body[:head])
        pieces.append(Piece(first, "", "", Speaker(Role.SYSTEM), text))
    for number, mark in enumerate(marks):
        end = marks[number + 1].start() if number + 1 < len(marks) else len(body)
        text, closed = _ended(body[mark.end() : end])
        name = mark["name"] or "" if "name" in mark.re.groupindex else ""
        piece = Piece(close, mark.group(), name, template.said_by(mark), text)
        if template.twice and not text.strip() and _asks_again(piece, pieces):
            close += mark.group() + text + closed  # an input that is empty
            continue
        pieces.append(piece)
        close = closed
    if not close:
        last = pieces[-1]
        end = len(last.text.rstrip())
        close, pieces[-1] = last.text[end:], last._replace(text=last.text[:end])
    return Script(template, tuple(pieces), close)


def _asks_again(piece: Piece, before: Sequence[Piece]) -> bool:
    return bool(before) and before[-1].who == piece.who == Speaker(Role.USER)


def _to_answer(script: Script) -> Script:
    """The chat without its last mark if the answer has still to be given."""
    last = script.pieces[-1]
    if last.who.role is not Role.ASSISTANT or last.text not in _OPENED or script.tail.strip():
        return script
    tail = last.close + last.open + last.text + script.tail
    return replace(script, pieces=script.pieces[:-1], tail=tail, opened=True) if script.pieces[1:] else script


class _Ended(NamedTuple):
    text: str
    close: str


def _ended(text: str) -> _Ended:
    if not text.rstrip().endswith(ENDINGS):
        return _Ended(text, "")
    found = ENDS.search(text)
    return _Ended(text[: found.start()], text[found.start() :]) if found else _Ended(text, "")
