"""The end of a file's name selects what is written to it: shared by the reports of audits and of comparisons."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias, TypeVar

from mixguard.errors import UsageError, meant
from mixguard.files import write_atomically

Asked = TypeVar("Asked")
Kinds: TypeAlias = tuple[tuple[str, str, Callable[[Asked], bytes]], ...]
"""End of the file name, what is written, and its renderer; the first match wins."""


def renderer(kinds: Kinds[Asked], path: Path) -> Callable[[Asked], bytes]:
    """The renderer that a file's name selects.

    Raises:
        UsageError: it selects none.
    """
    for ending, _, render in kinds:
        if path.name.endswith(ending):
            return render
    known = ", ".join(f"{ending} ({what})" for ending, what, _ in kinds)
    near = meant(path.suffix, [Path(ending).suffix or ending for ending, _, _ in kinds])
    raise UsageError(f"{path}: no report has a name like this{near}; end it in one of: {known}")


def put(path: Path, content: bytes) -> None:
    """Write a report atomically.

    Raises:
        UsageError: the file cannot be written.
    """
    try:
        write_atomically(path, content)
    except OSError as error:
        raise UsageError(f"{path}: cannot write this file ({error.strerror})") from None
