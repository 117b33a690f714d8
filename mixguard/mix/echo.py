"""Columns that repeat the conversation: a rendered text, a copy of the prompt or of the answer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from mixguard.corpus.records import Turn
from mixguard.errors import RecordError
from mixguard.mix.frames import ALWAYS

ECHO_CHARS = 8
"""Minimum length of a text repeated inside another for it to be a copy and not a coincidence."""
LEAST = 3
"""Minimum rows to learn from."""

Form = tuple[tuple[str, str, int], ...]
"""Who says what in a conversation: role, kind and polarity of each turn."""


class Echo:
    """How a column is made of the turns, by the form of the conversation."""

    def __init__(self, moulds: Mapping[Form, Any]) -> None:
        self._moulds = moulds
        shapes = {repr(mould) for mould in moulds.values()}
        alike = len(moulds) > 1 and len(shapes) == 1
        self._any = next(iter(moulds.values())) if alike else None

    def of(self, turns: Sequence[Turn]) -> Any:
        """The column's value for these turns.

        Raises:
            RecordError: the corpus has no conversation of this form to learn it from.
        """
        mould = self._moulds.get(form_of(turns), self._any)
        said = {mark: text for text, mark in _marked(turns)}
        if mould is None or not _marks(mould) <= said.keys():
            raise RecordError("a column repeats the conversation, in a form that the corpus does not show")
        return _filled(mould, said)


def echo_of(values: Sequence[Any], turns: Sequence[Sequence[Turn]]) -> Echo | None:
    """How nearly all values of a column are made of their rows' turns; None if they are not.

    Args:
        values: the column's, without those of rows that lack it.
        turns: of the same rows.
    """
    found: dict[Form, Counter[str]] = {}
    moulds: dict[str, Any] = {}
    rows = 0
    for value, said in zip(values, turns, strict=True):
        texts = _marked(said)
        if value is None or any(
            0 < len(text) < ECHO_CHARS and text in str(value) for text, _ in texts if text != value
        ):
            continue
        mould = _emptied(value, texts)
        moulds[repr(mould)] = mould
        found.setdefault(form_of(said), Counter())[repr(mould)] += 1
        rows += 1
    if rows < LEAST:
        return None
    common = {form: counts.most_common(1)[0] for form, counts in found.items()}
    known = {
        form: moulds[mould]
        for form, (mould, count) in common.items()
        if count >= ALWAYS * found[form].total() and _marks(moulds[mould])
    }
    covered = sum(found[form].total() for form in known)
    return Echo(known) if known and covered >= ALWAYS * rows else None


def form_of(turns: Sequence[Turn]) -> Form:
    """Who says what in a conversation."""
    return tuple((turn.role.value, turn.kind, turn.polarity) for turn in turns if turn.text)


def _marked(turns: Sequence[Turn]) -> list[tuple[str, str]]:
    """Each text without the spaces around it, and what stands for it, longest first."""
    seen = Counter[tuple[str, str, int]]()
    found: dict[str, str] = {}
    for turn in turns:
        who = (turn.role.value, turn.kind, turn.polarity)
        seen[who] += 1
        if turn.text.strip():
            found.setdefault(turn.text.strip(), f"\0{'/'.join(map(str, who))}/{seen[who]}\0")
    return sorted(found.items(), key=lambda item: -len(item[0]))


def _emptied(value: Any, texts: Sequence[tuple[str, str]]) -> Any:
    if isinstance(value, str):
        for text, mark in texts:
            if len(text) >= ECHO_CHARS or text == value.strip():
                value = value.replace(text, mark)
        return value
    if isinstance(value, list):
        return [_emptied(inner, texts) for inner in value]
    if isinstance(value, dict):
        return {key: _emptied(inner, texts) for key, inner in value.items()}
    return value


def _filled(mould: Any, said: Mapping[str, str]) -> Any:
    if isinstance(mould, str):
        parts = mould.split("\0")
        return "".join(said[f"\0{part}\0"] if number % 2 else part for number, part in enumerate(parts))
    if isinstance(mould, list):
        return [_filled(inner, said) for inner in mould]
    if isinstance(mould, dict):
        return {key: _filled(inner, said) for key, inner in mould.items()}
    return mould


def _marks(mould: Any) -> set[str]:
    return {f"\0{part}\0" for text in _texts(mould) for part in text.split("\0")[1::2]}


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list | dict):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _texts(inner)
