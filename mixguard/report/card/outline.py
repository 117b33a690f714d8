"""The structure of a card, read as CommonMark: line breaks, our block, and the passage under each heading."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from markdown_it import MarkdownIt
from markdown_it.token import Token

from mixguard.errors import UsageError

BEGIN = "<!-- mixguard:begin -->"
END = "<!-- mixguard:end -->"
"""Of the audit in a dataset card."""
MODEL_BEGIN = "<!-- mixguard:model:begin -->"
MODEL_END = "<!-- mixguard:model:end -->"
"""Of the comparison in a model card: one file may be both."""
LEAD_IN = 7
"""Level of `**Contact:** ...`, below every heading."""

_COMMONMARK = MarkdownIt("commonmark")
_BREAK = re.compile(r"\r\n?|\n")
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_VERBATIM = re.compile(r"\s*<(pre|script|style|textarea)\b", re.IGNORECASE)
_HTML_HEADING = re.compile(r"<h([1-6])\b[^>]*>(.*?)</h\1>", re.IGNORECASE)
_TAG = re.compile(r"</?[a-zA-Z][a-zA-Z0-9-]*(?:\s[^>]*)?/?>")
"""A tag, but not `<https://...>`."""
_BOLD = re.compile(
    r"\s*(?:\*\*|__)([^*_]+?)(?::\s*(?:\*\*|__)|(?:\*\*|__)\s*:|(?<![.!?])(?:\*\*|__)\s*$)(.*)"
)
"""`**Source:** ...`, `**Source**: ...`, or a line of its own; a bold sentence is text."""


class Marks(NamedTuple):
    """The lines between which a part of a card is ours."""

    begin: str
    end: str


AUDIT, MODEL = Marks(BEGIN, END), Marks(MODEL_BEGIN, MODEL_END)


class CardBlock(NamedTuple):
    """Our part of a card's body, markers included."""

    start: int
    end: int
    """Past the end marker; the line break after it is not ours."""
    first: int
    """0-based line of the begin marker."""
    last: int


class Passage(NamedTuple):
    """A heading with the text up to the next one."""

    title: str
    level: int
    line: int
    """0-based line of the heading."""
    text: str
    """What a reader sees, without code and comments."""


def line_break(text: str) -> str:
    """The line break a text uses, by its first one; never a bare CR, which the Hub does not recognise."""
    found = _BREAK.search(text)
    return "\r\n" if found and found[0] == "\r\n" else "\n"


def unified(text: str) -> str:
    r"""The text with every line break as `\n`."""
    return _BREAK.sub("\n", text)


def find_block(body: str, path: Path, offset: int = 0, within: Marks = AUDIT) -> CardBlock | None:
    """Our block, if there is one; markers in code are plain text.

    Args:
        body: a card without its YAML.
        path: of the card, for messages.
        offset: lines before the body.
        within: its markers.

    Raises:
        UsageError: a marker is missing or there are too many.
    """
    starts = line_starts(body)
    marks = list(_marks(body, within))
    begin, end = within
    begins, ends = ([line for line, mark in marks if mark == kind] for kind in within)
    if not marks:
        return None
    if len(begins) > 1:
        raise UsageError(
            f"{path}:{begins[1] + 1 + offset}: a second {begin}; keep one block, delete the other"
        )
    if not begins:
        raise UsageError(
            f"{path}:{ends[0] + 1 + offset}: {end} without {begin} above it; restore that, or delete the block"
        )
    if len(ends) != 1 or ends[0] < begins[0]:
        raise UsageError(
            f"{path}:{begins[0] + 1 + offset}: {begin} needs one {end} below it; restore that below mixguard's text,"
            " or delete the block"
        )
    return CardBlock(starts[begins[0]], starts[ends[0]] + len(end), begins[0], ends[0])


def passages(body: str, skip: Sequence[CardBlock | None]) -> list[Passage]:
    """Headings of every kind (`#`, underlined, HTML, bold lead-ins) with their text, in order.

    Args:
        body: a card without its YAML.
        skip: our blocks, which are left out.
    """
    found = [Passage("", 0, 0, "")]
    for line, level, text in _pieces(_COMMONMARK.parse(body)):
        if any(block is not None and block.first <= line <= block.last for block in skip):
            continue
        if level:
            found.append(Passage(text, level, line, ""))
        else:
            found[-1] = found[-1]._replace(text=f"{found[-1].text}{text}\n")
    return found


class _Piece(NamedTuple):
    line: int
    level: int
    """Of a heading; 0 for text."""
    text: str


def _pieces(tokens: list[Token]) -> Iterator[_Piece]:
    heading = 0
    for token in tokens:
        first = token.map[0] if token.map else 0
        if token.type == "heading_open":
            heading = int(token.tag[1])
        elif token.type == "inline" and heading:
            yield _Piece(first, heading, _COMMENT.sub("", token.content).strip())
            heading = 0
        elif token.type in ("inline", "html_block"):
            lines = _COMMENT.sub(_blanked, token.content).split("\n")
            for number, line in enumerate(lines):
                yield from _line(first + number, line)


def _blanked(comment: re.Match[str]) -> str:
    """A comment's line breaks, so that lines keep their numbers."""
    return "\n" * comment[0].count("\n")


def _line(number: int, line: str) -> Iterator[_Piece]:
    bold, html = _BOLD.match(line), _HTML_HEADING.search(line)
    if html:
        yield _Piece(number, int(html[1]), _TAG.sub("", html[2]).strip())
        line = line[html.end() :]
    elif bold:
        yield _Piece(number, LEAD_IN, bold[1].strip())
        line = bold[2]
    text = _TAG.sub("", line).strip()
    if text:
        yield _Piece(number, 0, text)


def _marks(body: str, within: Marks) -> Iterator[tuple[int, str]]:
    """Line and marker, for each marker outside code."""
    lines = _BREAK.split(body)
    for token in _COMMONMARK.parse(body):
        if token.type == "html_block" and token.map and not _VERBATIM.match(token.content):
            for number in range(token.map[0], min(token.map[1], len(lines))):
                if lines[number].rstrip() in within:
                    yield number, lines[number].rstrip()


def line_starts(text: str) -> list[int]:
    """The offset at which each line starts."""
    return [0, *(found.end() for found in _BREAK.finditer(text))]
