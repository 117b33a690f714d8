"""A part of ours put into a card: the same for dataset cards and model cards.

What a person wrote stays byte for byte; a second run replaces our part and changes nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from mixguard import remote, urls
from mixguard.errors import UsageError
from mixguard.files import read_bounded
from mixguard.report.card import metadata
from mixguard.report.card.front_matter import amended, split
from mixguard.report.card.outline import CardBlock, Marks, find_block, line_break, line_starts
from mixguard.report.card.stamp import Source, Stamp, enclosed

_BOM = "\ufeff"
CARD_MOST = 16 * 2**20
"""Bytes of the longest card that is read."""


class CardPart(NamedTuple):
    """What is ours in a card."""

    marks: Marks
    template: Path
    """Of a card that is not there yet."""
    keys: Mapping[str, Any]
    """YAML keys that are known."""
    text: Callable[[str], str]
    """The text between the markers, given the card with its YAML amended."""
    source: Source


def read(path: Path) -> str | None:
    """The text of a card, line breaks untouched; None if there is no such file.

    Raises:
        UsageError: it cannot be read, or is not UTF-8.
    """
    url = urls.url_of(path)
    if url is not None and remote.exists(url):
        (path,) = remote.copies(url, bool, error=UsageError)
    if not path.exists():
        return None
    try:
        return read_bounded(path, UsageError, CARD_MOST).decode()
    except UnicodeDecodeError as error:
        raise UsageError(f"{path}: not UTF-8 (byte {error.start}); save it as UTF-8") from None


def merged(existing: str | None, part: CardPart, path: Path) -> str:
    """A card with a part of ours: a new one, or an existing one with our YAML keys and our block inserted.

    Raises:
        UsageError: its YAML, or the markers of our block, are broken.
    """
    given = existing and existing.strip(f"{_BOM} \t\r\n")
    text = existing if existing and given else part.template.read_text(encoding="utf-8")
    bom = _BOM if text.startswith(_BOM) else ""
    front, body = split(text.removeprefix(bom), path)
    end = line_break(front.text + body)
    there = find_block(body, path, len(line_starts(front.text)) - 1, part.marks)
    if there is None:
        body, there = _with_place(body, end, path, part.marks)
    stamp = Stamp.read(body[there.start : there.end])
    changes, ours = metadata.changes(front.keys, part.keys, stamp.keys if stamp else {})
    apart = "" if front.text or body[:1] in ("\r", "\n") else end
    front = amended(front, changes, end, path)
    block = enclosed(part.source, part.text(front.text + body), ours, part.marks).replace("\n", end)
    return f"{bom}{front.text}{apart}{body[: there.start]}{block}{body[there.end :]}"


def _with_place(body: str, end: str, path: Path, marks: Marks) -> tuple[str, CardBlock]:
    """The body with an empty block of ours appended, and where that is."""
    apart = "" if not body or body.endswith(end * 2) else end if body.endswith(end) else end * 2
    result = f"{body}{apart}{marks.begin}{end}{marks.end}{end}"
    found = find_block(result, path, within=marks)
    if found is None or found.start != len(body) + len(apart):
        raise UsageError(
            f"{path}: a code fence, <pre> or similar is never closed, so nothing can be added below it; close it"
        )
    return result, found
