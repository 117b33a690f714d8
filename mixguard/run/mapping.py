"""Which `--columns` would read what was not read: a guess from names, for a person to judge."""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence

from mixguard.corpus.formats.base import NOT_SHOWN

_ANSWER = re.compile(
    r"answer|respon|complet|output|repl(?:y|ies)|generat|solution|target|summary|assistant|bot|chosen|reject"
    r"|reason|rational|think|thought|(?:\b|_)cot(?:\b|_)",
    re.IGNORECASE,
)
_PROMPT = re.compile(
    r"prompt|question|query|instruct|input|problem|request|user|human|ask|content|source|title", re.IGNORECASE
)
_NUMBER = re.compile(r"[_\W]?(?:\d+|[a-zA-Z])$")


def is_answer(name: str) -> bool:
    """Whether a column is named like an answer or its reasoning."""
    return _ANSWER.search(name) is not None


def suggested(names: Sequence[str], asked: str | None) -> str:
    """The option that maps unread columns, as far as their names tell.

    Args:
        names: of columns with unread text.
        asked: the column that was read as a prompt or document; None if none was.
    """
    left = [name for name in names if name not in (asked, NOT_SHOWN)]
    if not left:
        return "--columns prompt=...,response=..."
    if asked is None and len(left) > 1:
        asked = next((name for name in left if _PROMPT.search(name) and not is_answer(name)), left[0])
        left.remove(asked)
    roles = {"prompt": asked} if asked not in (None, "prompt") else {}
    rivals = _rivals(left)
    if rivals:
        roles["chosen"], roles["rejected"] = rivals
    elif left:
        roles["response"] = next(filter(is_answer, left), left[0])
    return f"--columns {shlex.quote(','.join(f'{role}={name}' for role, name in roles.items()))}"


def _rivals(names: Sequence[str]) -> tuple[str, str] | None:
    """Two answers to choose from: the first two names that differ only in a number or letter at their end."""
    by_stem: dict[str, list[str]] = {}
    for name in names:
        if _NUMBER.search(name):
            by_stem.setdefault(_NUMBER.sub("", name), []).append(name)
    return next(((found[0], found[1]) for stem, found in by_stem.items() if stem and len(found) > 1), None)
