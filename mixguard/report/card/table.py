"""Tables and figures of a card; callers escape every cell that is not ours."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path, PurePath

from mixguard.report.card.metadata import inside
from mixguard.report.ci.markdown import safe
from mixguard.stats import Interval

_HARMLESS = re.compile(r"(?:[A-Za-z0-9 .,;:'/%()=-]|(?<=[A-Za-z0-9])_(?=[A-Za-z0-9]))*")
"""Text that Markdown takes literally once other words precede it."""
_DIGEST = re.compile("[0-9a-f]{8,128}")


def table(head: Sequence[str], sides: str, rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """A Markdown table; `sides` holds `l` or `r` for each column."""
    yield f"| {' | '.join(head)} |"
    yield f"|{'|'.join('---:' if side == 'r' else '---' for side in sides)}|"
    for row in rows:
        yield f"| {' | '.join(row)} |"


def cell(text: str) -> str:
    """Text with its markup escaped; no backslashes if it needs none, since cards are also read as source."""
    linked = "://" in text or "www." in text.lower()
    return text if _HARMLESS.fullmatch(text) and not linked else safe(text)


def interval(found: Interval | None) -> str:
    """Both ends of a share."""
    return "" if found is None else f"{found.low:.1%} to {found.high:.1%}"


def counted(counts: Iterable[tuple[str, int]]) -> str:
    """Names with their counts; callers escape the names."""
    return ", ".join(f"{name} {count:,}" for name, count in counts) or "none"


def digest(text: str) -> str:
    """A digest as code; escaped if it is not one."""
    return f"`{text}`" if _DIGEST.fullmatch(text) else safe(text)


def named(source: str, folder: Path) -> str:
    """A source as a card names it: relative to the card's folder, never by its path on somebody's machine."""
    if source == "-":
        return "standard input"
    if "://" in source:
        return source
    return inside(source, folder) or PurePath(source).name
