"""Reports as files, chosen by suffix."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from mixguard._audit import Audit
from mixguard.atomic import write_atomically
from mixguard.errors import UsageError
from mixguard.report import junit, markdown, sarif

WRITERS: dict[str, Callable[[Audit], bytes]] = {
    ".json": Audit.to_json,
    ".md": markdown.render,
    ".sarif": sarif.render,
    ".xml": junit.render,
}
"""Suffix to renderer."""


def check_suffix(path: Path) -> None:
    """Refuse a report whose suffix names no format, before any work is done.

    Raises:
        UsageError: the suffix is unknown.
    """
    if path.suffix not in WRITERS:
        raise UsageError(f"{path}: no report format {path.suffix!r}; use one of: {', '.join(WRITERS)}")


def write(audit: Audit, path: Path) -> None:
    """Write one report, whole or not at all.

    Raises:
        UsageError: it cannot be written there.
    """
    try:
        write_atomically(path, WRITERS[path.suffix](audit))
    except OSError as error:
        raise UsageError(f"{path}: cannot write it ({error.strerror})") from None
