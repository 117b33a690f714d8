"""Detect a file's format: many rows vote; a row that does not fit is detected on its own.

Labels that may be classes are read as wanted or unwanted for all rows of a file, or for none.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from mixguard.corpus.formats import FORMATS, Format
from mixguard.corpus.formats.base import shape
from mixguard.corpus.formats.candidates import candidates
from mixguard.corpus.formats.chat import LOOSE_FORMATS
from mixguard.corpus.formats.compared import Compared
from mixguard.corpus.formats.kto import Kto
from mixguard.corpus.formats.labels import label_of
from mixguard.corpus.formats.rendered import RENDERED_FORMATS
from mixguard.corpus.records import Row
from mixguard.errors import RecordError

_KTO = next(form for form in FORMATS if isinstance(form, Kto))
_COMPARED = next(form for form in FORMATS if isinstance(form, Compared))
_PLAIN = frozenset(form.id for form in _KTO.plain)
_LOOSE = frozenset(form.id for form in LOOSE_FORMATS)
BARE_MOST = 1000
_BARE: set[tuple[str, tuple[str, ...]]] = set()
"""Loose formats and columns of text that nothing else fits: whether such a row holds a chat depends on its text alone."""


def vote(rows: Sequence[Row]) -> Format | None:
    """The format of most rows, the more specific one in a tie; None if no row matches any.

    Each row votes for the most specific format it matches.
    """
    labels, numbers = _KTO.agrees(rows), _COMPARED.agrees(rows)
    counts: Counter[str] = Counter()
    for row in rows:
        form = _first(row, labels=labels, numbers=numbers)
        if form is not None:
            counts[form.id] += 1
    return max(FORMATS, key=lambda form: counts[form.id]) if counts else None


def choose(row: Row, preferred: Format | None) -> Format:
    """The preferred format if the row matches it, else the most specific match.

    A format that any text fits is never preferred: a chat among documents is one.

    Raises:
        RecordError: no format matches, or the row's label says nothing in a file of labelled answers.
    """
    if (
        preferred is not None
        and preferred.id not in _LOOSE
        and preferred.matches(row)
        and not _overruled(row, preferred)
    ):
        return preferred
    held = tuple(key for key, value in row.items() if value is not None)
    bare = preferred is not None and preferred.id in _LOOSE and all(isinstance(row[key], str) for key in held)
    if preferred is not None and bare and (preferred.id, held) in _BARE:
        return next((form for form in RENDERED_FORMATS if form.matches(row)), preferred)
    form = _first(row, labels=preferred is None or preferred is _KTO)
    if form is not None and form is preferred and bare and len(_BARE) < BARE_MOST:
        _BARE.add((form.id, held))
    if form is None:
        raise RecordError(
            f"no known format has the keys {shape(row)}; say what they hold with --columns, or name a format with --format"
        )
    if preferred is _KTO and form.id in _PLAIN and "label" in row and label_of(row) is None:
        raise RecordError(
            "label says neither that the answer is wanted nor that it is not, in a file whose first labels do"
        )
    return form


def _overruled(row: Row, preferred: Format) -> bool:
    """Whether a row of a file without labels says of its own answer that it is wanted, or not."""
    return preferred.id in _PLAIN and preferred is not _KTO and _KTO.sure(row)


def _first(row: Row, *, labels: bool, numbers: bool = True) -> Format | None:
    """The most specific format a row matches.

    Args:
        row: the row.
        labels: whether labels that may be classes say which answer is wanted.
        numbers: whether a number names one of two answers.
    """
    for form in candidates(tuple(row)):
        if form.matches(row):
            barred = (form is _KTO and not labels and not _KTO.sure(row)) or (
                form is _COMPARED and not numbers
            )
            if not barred:
                return form
    return None
