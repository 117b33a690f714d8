"""The dataset card of an audit: what was measured, what it cannot know, and what a person wrote before."""

from __future__ import annotations

from pathlib import Path

from mixguard.errors import UsageError
from mixguard.files import read_bounded
from mixguard.mix.manifest import Manifest
from mixguard.report.card import block, metadata
from mixguard.report.card.front_matter import amended, split
from mixguard.report.card.gaps import CARD, Gap, gaps, homeless
from mixguard.report.card.outline import BEGIN, END, Block, find_block, line_break, line_starts
from mixguard.report.card.stamp import Stamp, enclosed, outdated
from mixguard.run.document import Audit

__all__ = ["CARD", "Gap", "gaps", "merge", "outdated", "read"]

_TEMPLATE = Path(__file__).with_name("template.md")
_BOM = "\ufeff"
CARD_MOST = 16 * 2**20
"""Bytes of the longest card that is read."""


def read(path: Path) -> str | None:
    """The text of a card, line breaks untouched; None if there is no such file.

    Raises:
        UsageError: it cannot be read, or is not UTF-8.
    """
    if not path.exists():
        return None
    try:
        return read_bounded(path, UsageError, CARD_MOST).decode()
    except UnicodeDecodeError as error:
        raise UsageError(f"{path}: not UTF-8 (byte {error.start}); save it as UTF-8") from None


def merge(existing: str | None, audit: Audit, manifest: Manifest | None, *, path: Path = CARD) -> str:
    """A dataset card: a new one, or an existing one with our YAML keys and our block inserted.

    What a person wrote stays byte for byte; a second run replaces the block and changes nothing else.

    Args:
        existing: the card so far.
        audit: of the data.
        manifest: of the mix, if it is one.
        path: of the card, for messages and for naming the data files.

    Raises:
        UsageError: its YAML, or the markers of our block, are broken.
    """
    given = existing and existing.strip(f"{_BOM} \t\r\n")
    text = existing if existing and given else _TEMPLATE.read_text(encoding="utf-8")
    bom = _BOM if text.startswith(_BOM) else ""
    front, body = split(text.removeprefix(bom), path)
    end = line_break(front.text + body)
    there = find_block(body, path, len(line_starts(front.text)) - 1)
    if there is None:
        body, there = _with_place(body, end, path)
    stamp = Stamp.read(body[there.start : there.end])
    known = metadata.known(audit, manifest, path.parent)
    changes, ours = metadata.changes(front.keys, known, stamp.keys if stamp else {})
    apart = "" if front.text or body[:1] in ("\r", "\n") else end
    front = amended(front, changes, end, path)
    open_ = homeless(front.text + body, path=path)
    new = enclosed(audit, block.render(audit, manifest, open_, path.parent), ours).replace("\n", end)
    return f"{bom}{front.text}{apart}{body[: there.start]}{new}{body[there.end :]}"


def _with_place(body: str, end: str, path: Path) -> tuple[str, Block]:
    """The body with an empty block of ours appended, and where that is."""
    apart = "" if not body or body.endswith(end * 2) else end if body.endswith(end) else end * 2
    result = f"{body}{apart}{BEGIN}{end}{END}{end}"
    found = find_block(result, path)
    if found is None or found.start != len(body) + len(apart):
        raise UsageError(
            f"{path}: a code fence, <pre> or similar is never closed, so nothing can be added below it; close it"
        )
    return result, found
