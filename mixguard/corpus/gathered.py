"""The next part of a corpus, gathered row by row."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator
from itertools import accumulate
from typing import Any

import polars as pl

from mixguard.columns import TURN
from mixguard.corpus.exchanges import Exchange
from mixguard.corpus.files.base import Whole
from mixguard.corpus.parts import BATCH, Part, Tally, Understood, text_id
from mixguard.corpus.records import Record, Rejected
from mixguard.corpus.unread import Looked

PART_CHARS = 2**26
"""Characters of a part, about: what is in memory at a time."""
_KEPT = (
    "sample_id", "exchange", "kind", "polarity", "source", "line", "record", "format", "flags", "prompt_id",
    "response_id", "prompt", "response", "reasoning", "tool_call", "system",
)  # fmt: skip
"""Columns of which each row's value is kept as it is; the others are made of lists of their own."""


class Gathered:
    """The rows of the next part."""

    def __init__(self) -> None:
        """Start the first part."""
        self.clear()

    def clear(self) -> None:
        """Start the next part."""
        self._rows: list[tuple[Any, ...]] = []
        self._rejected: list[Rejected] = []
        self._formats: Counter[tuple[str, str]] = Counter()
        self._flags: Counter[str] = Counter()
        self._digests: dict[str, str] = {}
        self._looked: Counter[str] = Counter()
        self._unread: Counter[tuple[str, str, bool]] = Counter()
        self._asked: dict[str, str] = {}
        self._bytes = self._samples = self._empty = self._chars = 0

    def is_full(self, rows: int) -> bool:
        """Whether there are enough exchanges, quarantined records or characters: none may pile up."""
        return len(self._rows) >= rows or len(self._rejected) >= rows or self._chars >= PART_CHARS

    def add(self, source: str, outcome: Understood | Rejected | Whole | Looked) -> Iterator[None]:
        """Add what a record gave; the part may be taken at every step, in the middle of a sample as well."""
        if isinstance(outcome, Understood):
            self._bytes += len(outcome.record.raw) + 1
            self._samples += 1
            self._formats[source, outcome.form] += 1
            if outcome.flags:
                self._flags.update(set(outcome.flags))
            yield from self._add_rows(source, outcome)
        elif isinstance(outcome, Whole):
            self._digests[source] = outcome.sha256
        elif isinstance(outcome, Rejected):
            self._rejected.append(outcome)
            self._chars += len(outcome.raw)
            yield
        else:
            self._looked[source] += outcome.records
            self._unread.update({(source, *key): count for key, count in outcome.unread.items()})
            self._asked |= {source: outcome.asked} if outcome.asked else {}

    def _add_rows(self, source: str, understood: Understood) -> Iterator[None]:
        record, form, flags, found = understood
        place = record.place if isinstance(record, Record) else record
        line, ordinal, number = place.line, place.ordinal, -1
        sample_id = _sample_id(source, ordinal, record.raw)
        for number, exchange in enumerate(found):
            prompt, response = exchange.prompt, exchange.response
            self._rows.append(
                (
                    sample_id,
                    number,
                    exchange.kind,
                    exchange.polarity,
                    source,
                    line,
                    ordinal,
                    form,
                    flags,
                    text_id(prompt),
                    None if response is None else text_id(response),
                    prompt,
                    response,
                    exchange.reasoning,
                    exchange.tool_call,
                    exchange.system,
                    exchange.earlier,
                    exchange.tools,
                )
            )
            self._chars += _size(exchange)
            yield
        self._empty += number < 0

    def part(self) -> Part:
        """What was gathered."""
        frame = _frame(self._rows)
        tally = Tally(
            records=self._samples + len(self._rejected),
            bytes=self._bytes,
            samples=self._samples,
            exchanges=frame.height,
            empty=self._empty,
            rejected=Counter(outcome.reason for outcome in self._rejected),
            rejected_bytes=sum(outcome.extent for outcome in self._rejected),
            broken=Counter(outcome.place.source for outcome in self._rejected if outcome.broken),
            formats=self._formats,
            flags=self._flags,
            digests=self._digests,
            looked=self._looked,
            unread=self._unread,
            asked=self._asked,
        )
        return Part(frame, tally, tuple(self._rejected))


def _frame(rows: list[tuple[Any, ...]]) -> pl.DataFrame:
    if not rows:
        return pl.DataFrame(schema=BATCH)
    *kept, earlier, tools = zip(*rows, strict=True)
    columns = dict(zip(_KEPT, kept, strict=True))
    flags = columns.pop("flags")
    series = [pl.Series(name, values, BATCH[name]) for name, values in columns.items()]
    frame = pl.DataFrame([*series, pl.Series("tools", tools, BATCH["tools"]), _flags(flags), _earlier(earlier)])
    chars = (pl.col(name).str.len_chars().alias(f"{name}_chars") for name in ("prompt", "response"))
    return frame.with_columns(chars).select(*BATCH)


def _flags(flags: tuple[tuple[str, ...], ...]) -> pl.Series:
    """Few records have flags, and these few kinds: each kind is made once."""
    kinds = {kind: number for number, kind in enumerate(dict.fromkeys(flags))}
    made = pl.Series("flags", [list(kind) for kind in kinds], BATCH["flags"])
    return made.gather([kinds[each] for each in flags]) if len(kinds) > 1 else made.new_from_index(0, len(flags))


def _earlier(earlier: tuple[tuple[tuple[str, str], ...], ...]) -> pl.Series:
    """Lists of turns, made of two flat columns: polars would make a frame of each list."""
    import pyarrow as pa

    turns = [turn for each in earlier for turn in each]
    columns = [pa.array([turn[side] for turn in turns], pa.large_string()) for side in (0, 1)]
    ends = pa.array([0, *accumulate(map(len, earlier))], pa.int64())
    lists = pa.LargeListArray.from_arrays(ends, pa.StructArray.from_arrays(columns, [field.name for field in TURN.fields]))
    return pl.Series("earlier", lists, BATCH["earlier"])


def _size(exchange: Exchange) -> int:
    """Characters that a row holds."""
    size = len(exchange.prompt) + sum([len(text) for _, text in exchange.earlier])
    for text in (exchange.response, exchange.reasoning, exchange.system, exchange.tools):
        if text:
            size += len(text)
    return size


def _sample_id(source: str, ordinal: int, raw: bytes) -> str:
    place = f"{source}\0{ordinal}\0".encode("utf-8", "surrogatepass")
    return hashlib.blake2b(place + raw, digest_size=8).hexdigest()
