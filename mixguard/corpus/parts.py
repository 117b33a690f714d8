"""Parts of a corpus: exchanges as columns, with the tally of what they came from."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any, NamedTuple

import polars as pl
from pydantic import TypeAdapter

from mixguard.columns import EXCHANGE, TEXT
from mixguard.corpus.block import Block
from mixguard.corpus.records import Record, Rejected, Unchecked

BATCH = pl.Schema({**EXCHANGE, **TEXT})
_EMPTY = hashlib.blake2b(digest_size=16)


@dataclass(frozen=True)
class Tally:
    """Counts collected while reading; the tallies of parts add up."""

    records: int = 0
    bytes: int = 0
    """Size of the records' own text."""
    samples: int = 0
    """Records that were parsed."""
    exchanges: int = 0
    empty: int = 0
    """Samples without any exchange."""
    rejected: Counter[str] = field(default_factory=Counter)
    """Quarantined records by reason."""
    rejected_bytes: int = 0
    """Size of what is in quarantine."""
    broken: Counter[str] = field(default_factory=Counter)
    """Sources that end or break off inside a record: how often, by name."""
    formats: Counter[tuple[str, str]] = field(default_factory=Counter)
    """Records by (source, format)."""
    flags: Counter[str] = field(default_factory=Counter)
    """Records by flag."""
    digests: dict[str, str] = field(default_factory=dict)
    """SHA-256 of the bytes read, by source."""
    looked: Counter[str] = field(default_factory=Counter)
    """Records whose columns were looked at for unread text, by source."""
    unread: Counter[tuple[str, str, bool]] = field(default_factory=Counter)
    """Of these, records with unread text, by source, column, and whether an answer was read beside it."""
    asked: dict[str, str] = field(default_factory=dict)
    """The column of the prompt or document in records without an answer, by source with unread text."""

    def __add__(self, other: Tally) -> Tally:
        def both(name: str) -> Any:
            own, others = getattr(self, name), getattr(other, name)
            return own | others if isinstance(own, dict) and not isinstance(own, Counter) else own + others

        return Tally(**{each.name: both(each.name) for each in fields(self)})

    def tree(self) -> dict[str, Any]:
        """It as JSON has it: keys of several parts in lists, everything in its order."""
        return {each.name: _tree(getattr(self, each.name)) for each in fields(self)}

    @classmethod
    def of(cls, tree: Mapping[str, Any]) -> Tally:
        """The tally that a tree stands for.

        Raises:
            ValueError: it stands for none.
        """
        try:
            return _TALLY.validate_python({name: _untree(value) for name, value in tree.items()})
        except (TypeError, ValueError) as error:
            raise ValueError(f"not a tally: {error}") from None


_TALLY = TypeAdapter(Tally)


def _tree(value: Any) -> Any:
    if not isinstance(value, Counter):
        return value
    return [[[*key] if isinstance(key, tuple) else key, count] for key, count in value.items()]


def _untree(value: Any) -> Any:
    if not isinstance(value, list):
        return value
    return Counter({tuple(key) if isinstance(key, list) else key: count for key, count in value})


class Part(NamedTuple):
    """Some records of a corpus: the parsed ones as exchanges, the others as rejected."""

    frame: pl.DataFrame
    """The exchanges, with schema `BATCH`."""
    tally: Tally
    rejected: tuple[Rejected, ...]
    """The records that go to quarantine."""


class Understood(NamedTuple):
    """A record and its exchanges."""

    record: Record | Unchecked
    form: str
    flags: tuple[str, ...]
    blocks: Iterable[Block]
    """Made one by one: a record can hold very many exchanges, each of which repeats the turns before it."""


def text_id(text: str) -> str:
    """32 hex digits that identify a text."""
    digest = _EMPTY.copy()  # cheaper than a new one
    digest.update(text.encode("utf-8", "surrogatepass"))
    return digest.hexdigest()
