"""Columns that hold text which no format read: a trainer may train on what was never judged.

What counts as text is decided by the values: words, not ids, links, codes or labels. A column is read if a turn
comes from it, or if the turns contain its text. A rendering of the turns (a filled template) is read too.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, NamedTuple

from mixguard.corpus.formats.base import named
from mixguard.corpus.formats.view import View
from mixguard.corpus.records import Role, Row, Sample, Turn

EVERY = 100
"""After the head of a source, one record in so many is looked at."""
_ABOUT_NAMES = (
    "id uuid idx index url link dataset subset split language lang locale model engine generator title name author"
    " username date time timestamp created updated license licence difficulty level status file files filename path"
    " repo repository metadata meta info extra extra_info reward_model data_source ability header tools functions"
    " image images video videos audio audios input_ids attention_mask token_type_ids"
)
_ABOUT = frozenset(_ABOUT_NAMES.split())
_ABOUT_ENDS = tuple(f"_{end}" for end in "id ids url name source type path at date time hash model".split())  # noqa: SIM905
"""Names of columns about the record; a trainer renders none of them as a turn."""
_SORT_NAMES = "label labels category categories tag tags topic topics subject domain type kind task tasks source src origin"
_SORTS = frozenset(_SORT_NAMES.split())
"""Names of columns that sort records, as long as they hold labels."""
_WORD = re.compile(r"[^\W\d_]{2,}")
_SPACE = re.compile(r"\s")
_LINK = re.compile(r"\b\w++://\S*|(?<![^\s@])[^\s@]++@[^\s@]+\.\S*")
_UNSPACED = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff]{6}")
"""Letters of scripts that put no spaces between words."""
_SENTENCE = re.compile("[.?!\u3002\uff1f\uff01\u061f\u0964][\"')\\]]*\\s*$")
_HEAD = 2000
"""Characters of a value that show whether it is text."""
_STRINGS = 64
"""Strings looked at in a list or an object."""
_LABEL = 40
"""Characters of the longest label."""
_KINDS = 4096
"""Different values counted per column."""


class Looked(NamedTuple):
    """What a source's columns hold besides what was read."""

    records: int
    """Records that were looked at."""
    unread: Mapping[tuple[str, bool], int]
    """Of these, how many hold unread text, by column and whether an answer was read beside it."""
    asked: str | None
    """The column that was read where no answer was: a prompt or a document."""


@dataclass
class _Column:
    """One column's unread values."""

    answered: Counter[bool] = field(default_factory=Counter)
    kinds: set[int] = field(default_factory=set)
    """Hashes of the different values."""
    free: int = 0
    """Values that are too long, or too much of a sentence, for a label."""

    def is_text(self) -> bool:
        """Whether it is more than a label, or one template around the turns, with few values."""
        records = self.answered.total()
        return bool(self.free) or len(self.kinds) * (2 if records < 8 else 4) > records


class Watch:
    """Looks at the records of one source; constant memory, about 10 microseconds for an ordinary record."""

    def __init__(self, view: View, *, told: bool) -> None:
        """Start at the first record; with `told`, the user said how the records are to be read."""
        self._view, self._told = view, told
        self._records = 0
        self._asked: str | None = None
        self._columns: dict[str, _Column] = {}

    def see(self, row: Row, sample: Sample) -> None:
        """Look at a stored row and what was read of it."""
        self._records += 1
        found = list(unread(row, sample.turns, self._view))
        if not found:
            return
        answered = self._told or any(turn.polarity and turn.role is Role.ASSISTANT for turn in sample.turns)
        if not answered and self._asked is None:
            self._asked = next(map(named, self._view.origins(sample.turns[-1:], row)), None)
        for key, rest, templated in found:
            column = self._columns.setdefault(key, _Column())
            column.answered[answered] += 1
            column.free += not templated and _is_free(rest)
            if len(column.kinds) < _KINDS:
                column.kinds.add(hash(rest))

    def texts(self) -> list[str]:
        """The columns with unread text so far, in the order in which they were met."""
        return [key for key, column in self._columns.items() if column.is_text()]

    def looked(self) -> Looked:
        """What was seen so far, for reports."""
        counts: Counter[tuple[str, bool]] = Counter()
        for key in self.texts():
            for answered, records in self._columns[key].answered.items():
                counts[named(key), answered] += records
        return Looked(self._records, counts, self._asked)


class Unread(NamedTuple):
    """A column's text that was not read."""

    column: str
    text: str
    templated: bool
    """Whether it is what a rendering of the turns adds to them."""


def unread(row: Row, turns: Sequence[Turn], view: View) -> Iterator[Unread]:
    """The columns of a stored row whose text is in none of the turns."""
    held = [
        key
        for key, value in row.items()
        if isinstance(value, str | list | dict) and value and not _is_about(key, value)
    ]
    read = {column for column, whole in view.origins(turns, row).items() if whole}
    left = [key for key in held if key not in read and _text_in(row[key])]
    if not left:
        return
    texts = [turn.text for turn in turns if turn.text]
    whole = "\n".join(texts)
    for key in left:
        missed = [text for text in _texts(row[key]) if text.strip() not in whole]
        if missed:
            rest = _without(missed[0], [*texts, *_pieces(row, read)]) if len(missed) == 1 else ""
            yield Unread(key, rest or "\n".join(missed), bool(rest) and rest != missed[0])


def _is_about(key: str, value: Any) -> bool:
    name = str(key).casefold()
    if name in _SORTS:
        return not isinstance(value, str) or not _is_free(value)
    return name in _ABOUT or name.endswith(_ABOUT_ENDS)


def _is_free(text: str) -> bool:
    """Whether it is too long, or too much of a sentence, for a label."""
    return len(text) > _LABEL or _SENTENCE.search(text) is not None


def _text_in(value: Any) -> bool:
    return next(iter(_texts(value)), None) is not None


def _texts(value: Any) -> Iterator[str]:
    """The strings in a value that are text: a limited number, the first ones."""
    if isinstance(value, str):
        if is_text(value):
            yield value
        return
    queue, seen = [value], 0
    while queue and seen < _STRINGS:
        inner = queue.pop(0)
        seen += 1
        if isinstance(inner, str):
            if is_text(inner):
                yield inner
        elif isinstance(inner, dict):
            queue += [each for key, each in list(inner.items())[:_STRINGS] if not _is_about(key, each)]
        elif isinstance(inner, list):
            queue += inner[:_STRINGS]


def is_text(value: str) -> bool:
    """Whether a string holds words of a language, rather than an id, a link, a date or a code."""
    head = value[:_HEAD].strip()
    if "://" in head or "@" in head:
        head = _LINK.sub(" ", head).strip()
    words = islice(_WORD.finditer(head), 2)
    return (_SPACE.search(head) is not None and len(list(words)) > 1) or (
        not head.isascii() and _UNSPACED.search(head) is not None
    )


def _pieces(row: Row, read: set[str]) -> list[str]:
    return [value for key in read if isinstance(value := row.get(key), str) and value]


def _without(text: str, pieces: Sequence[str]) -> str:
    """A text without the pieces it is made of; as it is if it holds none."""
    for piece in sorted({piece.strip() for piece in pieces}, key=len, reverse=True):
        if len(piece) > 3 and piece in text:
            text = text.replace(piece, "\0")
    return text
