"""How fast a corpus is read and parsed on one core, without judging anything.

Prints and writes JSON: per kind of corpus megabytes of records a CPU second, beside the exact counts that reading must find
and a digest of every part, so that speed is never bought by a wrong answer. Corpora are made from a fixed seed. Time counts
from the opening of the file to the last part; the digests are taken in between and cost nothing.

    python benchmarks/read_speed.py [KIND...]     some of: chat, damaged, short, alpaca, parquet
"""

from __future__ import annotations

import hashlib
import json
import platform
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from time import process_time
from typing import Any

import orjson
import polars as pl

from mixguard.config import ReadConfig
from mixguard.corpus.corpus import Corpus, Part, Tally

RESULT = Path(__file__).resolve().parent / "results" / "read-speed.json"
ROWS = 2048
"""Exchanges of a part, as in an audit."""
REPEATS = 3
MEGABYTES = {"chat": 50, "damaged": 10, "short": 20, "alpaca": 20, "parquet": 20}
SYLLABLES = [
    "ba",
    "ce",
    "di",
    "fo",
    "gu",
    "ha",
    "je",
    "ki",
    "lo",
    "mu",
    "na",
    "pe",
    "ri",
    "so",
    "tu",
    "va",
    "we",
    "xi",
    "yo",
    "zu",
    "stra",
    "ment",
    "ing",
    "ver",
    "con",
    "tion",
]
BETWEEN = (
    (" ",) * 30
    + (", ",) * 4
    + (". ",) * 4
    + ("\n", "\n\n", "? ", ': "', '" ', " (", ") ", " \u2013 ", " < ", "'s ")
)


def text(random: Random, words: list[str], length: int) -> str:
    """Words and signs of about so many characters; one in twenty is code."""
    if random.random() < 0.05:
        line = (
            f'if ({random.choice(words)} <= {random.random():.2f}) {{ return "{random.choice(words)}"; }}\n'
        )
        return "```c\n" + line * (length // len(line) + 1) + "```"
    parts: list[str] = []
    size = 0
    while size < length:
        parts += (random.choice(words), random.choice(BETWEEN))
        size += len(parts[-2]) + len(parts[-1])
    return "".join(parts).strip().capitalize() + random.choice(".?!")


def chat(random: Random, words: list[str], number: int) -> dict[str, Any]:
    """A conversation of two to four exchanges, one in four with a system prompt: 1 to 2 KB."""
    turns = random.randint(2, 4)
    each = random.randint(1000, 1900) // (5 * turns)
    messages = [{"role": "system", "content": text(random, words, 80)}] if number % 4 == 0 else []
    for _ in range(turns):
        messages.append({"role": "user", "content": text(random, words, each)})
        messages.append({"role": "assistant", "content": text(random, words, 4 * each)})
    return {"messages": messages}


def short(random: Random, words: list[str], number: int) -> dict[str, Any]:
    """A question and an answer of 500 bytes together, as in GSM8K."""
    return {
        "question": text(random, words, 230),
        "answer": text(random, words, 260) + f"\n#### {number % 97}",
    }


def alpaca(random: Random, words: list[str], number: int) -> dict[str, Any]:
    """An instruction, an input that is mostly empty, an output."""
    given = text(random, words, 150) if number % 3 == 0 else ""
    return {
        "instruction": text(random, words, 70),
        "input": given,
        "output": text(random, words, random.randint(100, 900)),
    }


def rows(make: Any, megabytes: int) -> Iterator[dict[str, Any]]:
    """Rows of about so many bytes of JSON."""
    random, left, number = Random(19), megabytes * 10**6, 0
    words = ["".join(random.choices(SYLLABLES, k=random.randint(1, 4))) for _ in range(5000)]
    while left > 0:
        row = make(random, words, number)
        left -= len(orjson.dumps(row)) + 1
        number += 1
        yield row


def write(kind: str, folder: Path) -> Path:
    """A corpus of this kind."""
    size = MEGABYTES[kind]
    if kind == "alpaca":
        path = folder / "alpaca.json"
        path.write_text(json.dumps(list(rows(alpaca, size)), indent=2, ensure_ascii=False))
    elif kind == "parquet":
        path = folder / "chat.parquet"
        pl.DataFrame(list(rows(chat, size))).write_parquet(path)
    else:
        path = folder / f"{kind}.jsonl"
        lines = map(orjson.dumps, rows(short if kind == "short" else chat, size))
        path.write_bytes(b"".join(spoilt(lines) if kind == "damaged" else (line + b"\n" for line in lines)))
    return path


def spoilt(lines: Iterator[bytes]) -> Iterator[bytes]:
    """Lines of which one in fifty is cut, torn, in another form or followed by what is no record."""
    faults: tuple[Callable[[bytes], bytes], ...] = (
        lambda line: line[: len(line) // 2],
        lambda line: line[:200] + b"\n" + line[200:],
        lambda line: line.replace(b'"role":"user"', b'"role":"someone"', 1),
        lambda line: line + b"\n\n[1, 2]",
        lambda line: line[:-1] + b',"messages":[]}',
        lambda line: line.replace(b"a", b"\xff", 1),
    )
    for number, line in enumerate(lines):
        yield (faults[number // 50 % 6](line) if number % 50 == 49 else line) + b"\n"


def digest_of(part: Part, digest: Any) -> None:
    """Every row and everything in quarantine."""
    for row in part.frame.iter_rows():
        digest.update(orjson.dumps(row))
    for each in part.rejected:
        digest.update(repr(each).replace(each.place.source, "").encode())


def measure(kind: str, path: Path) -> dict[str, Any]:
    """The figures of one corpus; the time is the shortest of `REPEATS`."""
    seconds = []
    for _ in range(REPEATS):
        digest, tally, spent = hashlib.sha256(), Tally(), 0.0
        started = process_time()
        parts = Corpus.open([path], ReadConfig(), offline=True).parts(ROWS)
        while (part := next(parts, None)) is not None:
            spent += process_time() - started
            digest_of(
                part._replace(frame=part.frame.with_columns(source=pl.lit(""), sample_id=pl.lit(""))), digest
            )
            tally += part.tally
            started = process_time()
        seconds.append(spent + process_time() - started)
    return {
        "corpus": kind,
        "megabytes": round(tally.bytes / 10**6, 1),
        "records": tally.records,
        "exchanges": tally.exchanges,
        "quarantined": tally.rejected.total(),
        "flags": dict(sorted(tally.flags.items())),
        "formats": {form: count for (_, form), count in sorted(tally.formats.items())},
        "digest": digest.hexdigest()[:16],
        "cpu_s": round(min(seconds), 2),
        "mb_per_cpu_s": round(tally.bytes / 10**6 / min(seconds), 1),
        "us_per_record": round(min(seconds) / tally.records * 10**6, 1),
    }


def main() -> None:
    """Measure and write."""
    kinds = sys.argv[1:] or list(MEGABYTES)
    with tempfile.TemporaryDirectory() as folder:
        found = [measure(kind, write(kind, Path(folder))) for kind in kinds]
    result = {
        "python": platform.python_version(),
        "machine": platform.processor() or platform.machine(),
        "corpora": found,
    }
    if len(found) == len(MEGABYTES):
        RESULT.write_text(json.dumps(result, indent=2) + "\n")
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
