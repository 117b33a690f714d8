"""TOML files that people edit, read with errors that say which file."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from mixguard.errors import UsageError

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

TOMLDecodeError = tomllib.TOMLDecodeError


def read_toml(path: Path, error: type[UsageError]) -> dict[str, Any]:
    """Parse a file.

    Raises:
        error: it cannot be read or is not TOML.
    """
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as problem:
        raise error(f"{path}: cannot read it: {problem.strerror}") from None
    except (ValueError, RecursionError) as problem:  # no TOML or UTF-8, a number too long, or nested too deep
        raise error(f"{path}: not valid TOML: {problem}") from None


def parse_value(text: str) -> Any:
    """A value as TOML reads it, or the text itself where it is no TOML value."""
    try:
        return tomllib.loads(f"x = {text}")["x"]
    except TOMLDecodeError:
        return text


def spelt(value: Any) -> str:
    """A value as TOML writes it: a number, a truth value, text, or a list of these."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, tuple):
        return f"[{', '.join(map(spelt, value))}]"
    text = str(value).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{text}"'
