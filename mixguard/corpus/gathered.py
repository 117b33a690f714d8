"""The next part of a corpus, gathered row by row."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import accumulate, chain, repeat
from typing import Any, NamedTuple

import polars as pl

from mixguard.columns import TURN
from mixguard.corpus.block import Block
from mixguard.corpus.files.base import Whole
from mixguard.corpus.parts import BATCH, Part, Tally, Understood, text_id
from mixguard.corpus.records import Record, Rejected
from mixguard.corpus.unread import Looked

PART_CHARS = 2**26
"""Characters of a part, about: what is in memory at a time."""
_ONE_STEP = (None,)


class Gathered:
    """The rows of the next part."""

    def __init__(self) -> None:
        """Start the first part."""
        self.clear()

    def clear(self) -> None:
        """Start the next part."""
        self._columns = _Columns()
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
        return self._columns.height >= rows or len(self._rejected) >= rows or self._chars >= PART_CHARS

    def add(self, source: str, outcome: Understood | Rejected | Whole | Looked, rows: int) -> Iterable[None]:
        """Add what a record gave.

        The part may be taken at every step, in the middle of a sample as well; there is a step at least where it is full.
        """
        if isinstance(outcome, Understood):
            return self._add_rows(source, outcome, rows)
        if isinstance(outcome, Rejected):
            self._rejected.append(outcome)
            self._chars += len(outcome.raw)
            return _ONE_STEP
        if isinstance(outcome, Whole):
            self._digests[source] = outcome.sha256
        else:
            self._looked[source] += outcome.records
            self._unread.update({(source, *key): count for key, count in outcome.unread.items()})
            self._asked |= {source: outcome.asked} if outcome.asked else {}
        return ()

    def _add_rows(self, source: str, understood: Understood, rows: int) -> Iterator[None]:
        record, form, flags, blocks = understood
        self._bytes += len(record.raw) + 1
        self._samples += 1
        self._formats[source, form] += 1
        if flags:
            self._flags.update(set(flags))
        line, ordinal = (
            (record.place.line, record.place.ordinal) if isinstance(record, Record) else record[2:4]
        )
        of = _Of(_sample_id(source, ordinal, record.raw), source, line, ordinal, form, flags)
        empty = True
        for block in blocks:
            empty = False
            if self._columns.height + block.height < rows and self._chars + block.chars < PART_CHARS:
                self._chars += block.chars
                self._columns.add(of, block)
                continue
            for number in range(block.height):
                single = block.one(number)
                self._chars += single.chars
                self._columns.add(of, single)
                yield
        self._empty += empty

    def part(self) -> Part:
        """What was gathered."""
        frame = self._columns.frame()
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


class _Of(NamedTuple):
    """What is the same for all exchanges of a record."""

    sample_id: str
    source: str
    line: int
    ordinal: int
    form: str
    flags: tuple[str, ...]


class _Columns:
    """The columns of a part: what is the same for a record, and its exchanges."""

    def __init__(self) -> None:
        self.height = 0
        self._of: list[_Of] = []
        self._blocks: list[Block] = []

    def add(self, of: _Of, block: Block) -> None:
        """Add exchanges of one record."""
        self.height += len(block.prompt)
        self._of.append(of)
        self._blocks.append(block)

    def frame(self) -> pl.DataFrame:
        """The columns as a frame, made without a query: polars' threads cost more than they save here."""
        if not self._blocks:
            return pl.DataFrame(schema=BATCH)
        fixed, _, *texts = zip(*self._blocks, strict=True)
        prompt, response, reasoning, system, tools, earlier = map(_flat, texts)
        number, kind, polarity, tool_call, roles, turns = map(_flat, zip(*fixed, strict=True))
        heights = [block.height for block in self._blocks]
        sample_id, source, line, record, form, flags = (
            _flat(map(repeat, values, heights)) for values in zip(*self._of, strict=True)
        )
        columns: dict[str, Iterable[Any]] = {
            "sample_id": sample_id, "exchange": number, "kind": kind, "polarity": polarity, "source": source, "line": line,
            "record": record, "format": form, "flags": _flags(flags), "prompt_id": map(text_id, prompt),
            "response_id": [text if text is None else text_id(text) for text in response], "prompt_chars": map(len, prompt),
            "response_chars": [text if text is None else len(text) for text in response], "prompt": prompt,
            "response": response, "reasoning": reasoning, "tool_call": tool_call, "system": system,
            "earlier": _earlier(roles, earlier, turns), "tools": tools,
        }  # fmt: skip
        return pl.DataFrame(
            [
                values if isinstance(values, pl.Series) else pl.Series(name, [*values], BATCH[name])
                for name, values in columns.items()
            ]
        )


def _flat(values: Iterable[Iterable[Any]]) -> list[Any]:
    return [*chain.from_iterable(values)]


def _flags(flags: Iterable[tuple[str, ...]]) -> pl.Series:
    """Few records have flags, and these few kinds: each kind is made once."""
    kinds = {kind: number for number, kind in enumerate(dict.fromkeys(flags))}
    made = pl.Series("flags", [list(kind) for kind in kinds], BATCH["flags"])
    return made.gather([kinds[each] for each in flags])


def _earlier(roles: list[str], texts: list[str], counts: list[int]) -> pl.Series:
    """Lists of turns, made of two flat columns: polars would make a frame of each list."""
    import pyarrow as pa

    columns = [pa.array(values, pa.large_string()) for values in (roles, texts)]
    turns = pa.StructArray.from_arrays(columns, [field.name for field in TURN.fields])
    ends = pa.array([0, *accumulate(counts)], pa.int64())
    return pl.Series("earlier", pa.LargeListArray.from_arrays(ends, turns), BATCH["earlier"])


def _sample_id(source: str, ordinal: int, raw: bytes) -> str:
    place = f"{source}\0{ordinal}\0".encode("utf-8", "surrogatepass")
    return hashlib.blake2b(place + raw, digest_size=8).hexdigest()
