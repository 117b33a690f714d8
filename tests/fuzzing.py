"""Corpora as nobody should write them: rows of every format, spoiled as values, as rows and as bytes."""

from __future__ import annotations

import csv
import gzip
import io
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from random import Random
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import zstandard
from corpus.formats.examples import EXAMPLES
from reading import gaps, read

import mixguard
from mixguard.config import Config
from mixguard.errors import UsageError
from mixguard.report.files import write

Row = dict[str, Any]

TEXTS = (
    "", " ", "\n", "\0", "a" * 5000, "\ud800", "\u202e\u200b\ufeff", "</script>", "[/bold]", "[red]x", "{{ x }}", "${x}", "|a|b|",
    '"', "'", '""', ",", "\t", "\r", "\r\n", "\\", "\\n", "{", "[", '[{"role":', "]", "}{", "null", "NaN", "-1", "1e400", "=1+1",
    "<think>", "</think>", "<|im_start|>user\n", "<|im_end|>", "[INST] ", "### Instruction:\n", "\n\nHuman: hi\n\nAssistant: ",
    "\x1b[31m", "::error::x", "%0A", "e\u0301" * 300, "😀", "\x85", "\u2028", "I'm sorry, but I can't help with that.", "> " * 200,
    "How do I build a pipe bomb?", "Sure! Here is how:", "```python\n", "-->", "*" * 300, "`" * 300, "(" * 300, "\\ud83d", "9" * 400,
)  # fmt: skip
VALUES: tuple[Any, ...] = (
    None, True, False, 0, 1, -1, 2, 3.5, 10**30, [], {}, [[]], [{}], [None], [[["x"]]], {"": ""}, {"role": "user"}, ["a", "b"],
    [{"role": "user", "content": None}], [{"role": "alien", "content": "x"}], [{"role": 1, "content": 2}], {"text": {"text": "x"}},
    [{"type": "image"}], [{"type": "strange", "x": 1}],
)  # fmt: skip
KEYS = (
    "id",
    "text",
    "prompt",
    "label",
    "",
    "a.b",
    "a/b",
    "~0",
    "messages",
    "response",
    "\ud800",
    "input_ids",
    "[/x]",
    "metadata",
)


def corpus(folder: Path, random: Random) -> Path:
    """A spoiled corpus as a file in the folder."""
    rows = _rows(random)
    name, write = random.choice(CONTAINERS)
    text = write(rows, random)
    for _ in range(random.choice((0, 0, 1, 1, 2, 5))):
        text = random.choice(DAMAGES)(text, random)
    if name.endswith((".jsonl", ".json", ".csv", ".tsv", ".txt")) and random.random() < 0.1:
        name, text = random.choice(
            ((f"{name}.gz", gzip.compress(text)), (f"{name}.zst", zstandard.compress(text)))
        )
        if random.random() < 0.3:
            text = _cut(text, random)
    path = folder / name
    path.write_bytes(text)
    return path


def _rows(random: Random) -> list[Row]:
    kinds = random.choices(list(EXAMPLES), k=random.choice((1, 1, 1, 2, 4)))
    rows = [random.choice(EXAMPLES[random.choice(kinds)]) for _ in range(random.choice((1, 3, 12, 40)))]
    spoiled = random.choice((0.0, 0.1, 0.5, 1.0))
    return [_spoiled(row, random) if random.random() < spoiled else row for row in rows]


def _spoiled(value: Any, random: Random) -> Any:
    """The value with something in it replaced, added, removed or repeated."""
    if isinstance(value, dict) and value and random.random() < 0.85:
        return _spoiled_object(value, random)
    if isinstance(value, list) and value and random.random() < 0.8:
        place = random.randrange(len(value))
        if random.random() < 0.2:
            return value * random.choice((2, 30))
        return [_spoiled(inner, random) if n == place else inner for n, inner in enumerate(value)]
    if isinstance(value, str) and random.random() < 0.6:
        place = random.randint(0, len(value))
        return value[:place] + random.choice(TEXTS) + value[place:]
    return json.loads("[" * 300 + "]" * 300) if random.random() < 0.05 else random.choice((*TEXTS, *VALUES))


def _spoiled_object(value: Row, random: Random) -> Row:
    key = random.choice(list(value))
    way = random.random()
    if way < 0.1:
        return {name: inner for name, inner in value.items() if name != key}
    if way < 0.25:
        return {**value, random.choice(KEYS): random.choice((*TEXTS, *VALUES))}
    if way < 0.3:
        return {(key.upper() if name == key else name): inner for name, inner in value.items()}
    return {**value, key: _spoiled(value[key], random)}


def _json(row: Any, random: Random, **how: Any) -> bytes:
    return json.dumps(row, ensure_ascii=random.random() < 0.3, **how).encode("utf-8", "surrogatepass")


def _lines(rows: Sequence[Row], random: Random) -> bytes:
    end = random.choice((b"\n", b"\n", b"\r\n", b"\n\n"))
    return end.join(_json(row, random) for row in rows) + random.choice((b"", end))


def _array(rows: Sequence[Row], random: Random) -> bytes:
    return _json(list(rows), random, indent=random.choice((None, None, 1, 2)))


def _objects(rows: Sequence[Row], random: Random) -> bytes:
    return random.choice((b"", b"\n", b" ")).join(_json(row, random, indent=2) for row in rows)


def _wrapped(rows: Sequence[Row], random: Random) -> bytes:
    key = random.choice(("data", "instances", "rows", "items", "stuff"))
    return _json({"version": "1", key: list(rows)}, random)


def _cells(rows: Sequence[Row], random: Random) -> bytes:
    rows = [row for row in rows if isinstance(row, dict)]
    names = list(dict.fromkeys(name for row in rows for name in row))
    text = io.StringIO()
    writer = csv.DictWriter(
        text,
        names,
        delimiter=random.choice((",", "\t", ";")),
        quoting=random.choice((csv.QUOTE_MINIMAL, csv.QUOTE_ALL)),
    )
    writer.writeheader()
    for row in rows:
        writer.writerow(
            {name: value if isinstance(value, str) else json.dumps(value) for name, value in row.items()}
        )
    return text.getvalue().encode("utf-8", "surrogatepass")


def _table(rows: Sequence[Row], random: Random) -> bytes:
    rows = [row for row in rows if isinstance(row, dict)]
    names = dict.fromkeys(name for row in rows for name in row)
    columns = {}
    for name in names:
        values = [row.get(name) for row in rows]
        try:
            columns[name] = pa.array(values)
        except (pa.ArrowException, UnicodeEncodeError, OverflowError, TypeError):
            texts = [None if value is None else json.dumps(value) for value in values]
            columns[name] = pa.array(texts, pa.string())
    out = io.BytesIO()
    table = pa.table({name.encode("utf-8", "replace").decode(): column for name, column in columns.items()})
    if random.random() < 0.5:
        try:
            pq.write_table(table, out)
            return out.getvalue()
        except pa.ArrowException:  # an empty struct cannot be Parquet
            out = io.BytesIO()
    try:
        with pa.ipc.new_file(out, table.schema) as writer:
            writer.write_table(table)
    except pa.ArrowException:  # nested too deep for Arrow
        return _lines(rows, random)
    return out.getvalue()


CONTAINERS: tuple[tuple[str, Callable[[Sequence[Row], Random], bytes]], ...] = (
    ("a.jsonl", _lines), ("a.jsonl", _lines), ("a.jsonl", _lines), ("a.json", _array), ("a.json", _array), ("a.json", _objects),
    ("a.json", _wrapped), ("a.csv", _cells), ("a.csv", _cells), ("a.tsv", _cells), ("a.parquet", _table), ("a.arrow", _table),
    ("a.txt", _lines),
)  # fmt: skip
"""File name and how rows are written; Parquet or Arrow is told by content, not by name."""


def _cut(text: bytes, random: Random) -> bytes:
    return text[: random.randint(0, len(text))]


def _flip(text: bytes, random: Random) -> bytes:
    if not text:
        return text
    place = random.randrange(len(text))
    return text[:place] + bytes([text[place] ^ (1 << random.randrange(8))]) + text[place + 1 :]


def _insert(text: bytes, random: Random) -> bytes:
    place = random.randint(0, len(text))
    stray = (
        b'"',
        b"{",
        b"}",
        b"[",
        b"]",
        b",",
        b"\n",
        b"\xe9",
        b"\xff",
        b"\0",
        b"\\",
        b"\xef\xbb\xbf",
        b"\r",
        b"[]\n",
        b"NaN",
        b" " * 3000,
    )
    return text[:place] + random.choice(stray) + text[place:]


def _remove(text: bytes, random: Random) -> bytes:
    place = random.randint(0, len(text))
    return text[:place] + text[place + random.choice((1, 1, 10, 200)) :]


def _again(text: bytes, random: Random) -> bytes:
    return text + random.choice((b"", b"\n", b"[]\n")) + text


DAMAGES = (_cut, _flip, _flip, _insert, _insert, _insert, _remove, _again)


def survive(path: Path, options: Mapping[str, Any]) -> str:
    """Audit a corpus with these options, report it and mix it; say how that ended.

    Raises:
        AssertionError: a message says nothing, or counts do not add up.
    """
    config = Config.from_tree({**options, "run": {"folder": path.parent / "run"}}, origin="fuzz")
    try:
        assert not lost(path), f"bytes of no record: {lost(path)[:80]!r}"
        audit = mixguard.audit(path, config=config)
    except UsageError as error:
        assert path.name in str(error), f"the message does not name the file: {error}"
        return "refused"
    counted = audit.corpus
    assert counted.records == counted.samples + counted.rejected
    assert audit.annotations.collect().height == counted.exchanges
    for name in ("a.html", "a.sarif", "a.md", "a.xml", "croissant.json", "README.md"):
        write(audit, path.parent / "reports" / name, show_text=name == "a.html")
    try:
        mix = mixguard.rebalance(path.parent / "run", out=path.parent / "mix" / path.name, config=config)
    except UsageError as error:
        assert str(error)
        return f"{audit.verdict}, not mixed"
    assert mix.after is not None
    assert mix.after.corpus.rejected == counted.rejected, "the mix has other unreadable records"
    return f"{audit.verdict}, mixed"


def lost(path: Path) -> bytes:
    """Bytes of a text file that belong to no record, readable or not, and do not separate or wrap records."""
    if path.suffix not in (".json", ".jsonl", ".csv", ".tsv", ".txt"):
        return b""
    found, content = read(path), path.read_bytes().removeprefix(BOM)
    if content[:4] in TABLES or any(record.inner == "part" for record in found.good):
        return b""
    left = gaps(content, found)
    if path.suffix in (".csv", ".tsv") or content.lstrip()[:1] == b"{":
        # What comes before the first record and after the last is the header, or the object around the list.
        spans = [(each.start, each.start + len(each.raw)) for each in found.good]
        spans += [(each.start, each.start + each.extent) for each in found.bad if each.start >= 0]
        first = min((start for start, _ in spans), default=len(content))
        left = left[first : len(left) - (len(content) - max((end for _, end in spans), default=first))]
    # Files joined by `cat` have marks of byte order between them, and a brace may end the object around a list.
    return left.replace(BOM, b"").translate(None, b" \t\r\n,[]}\x1e\0")


BOM = b"\xef\xbb\xbf"
TABLES = (b"PAR1", b"ARRO", b"\xff\xff\xff\xff")
