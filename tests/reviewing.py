"""Runs to review: judged as a test says, with texts that can be read again."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import Path
from threading import Event
from typing import Any

import polars as pl
from building import Row, audited, row
from conftest import chat

from mixguard.annotate.content import CONTENT
from mixguard.columns import EXCHANGE
from mixguard.config import Config
from mixguard.corpus.corpus import Corpus
from mixguard.review.opening import Opened, open_review
from mixguard.review.session import Places
from mixguard.run.document import Audit
from mixguard.run.folder import AUDIT

NOTED = {"persona": True}
"""What only notes flag."""


def audited_texts(
    folder: Path, rows: Iterable[tuple[dict[str, Any], Row]], name: str = "data.jsonl"
) -> Audit:
    """Audit a file of these records, each judged as its columns say, in a folder."""
    records, judged = zip(*rows, strict=True)
    file = folder / name
    file.write_text("".join(json.dumps(each) + "\n" for each in records))
    read = [
        part.frame.select(EXCHANGE.names())
        for part in Corpus.open([str(file)], Config().read, offline=True).parts(100)
    ]
    there = [each for frame in read for each in frame.iter_rows(named=True)]
    found = [{**row(), **place, **values} for place, values in zip(there, judged, strict=True)]
    sources, formats = {str(file): "0" * 64}, {str(file): {"openai_chat": len(there)}}
    audit = audited(folder / "run", found, sources=sources, formats=formats)
    (audit.folder / AUDIT).write_bytes(audit.to_json())
    audit.keep_flagged(audit.folder)
    return audit


def harmful(count: int = 6, plain: int = 14) -> list[tuple[dict[str, Any], Row]]:
    """Answered hazards, the gravest last, four rows of notes, and rows that nothing flags."""
    return [
        *(
            (chat(f"How do I rob bank {n}?", f"Sure, first {n}."), {"hazard_score": 0.9 + n / 100})
            for n in range(count)
        ),
        *((chat(f"You are pirate {n}.", "Arr."), NOTED) for n in range(4)),
        *((chat(f"Add {n} and 1.", f"{n + 1}"), {}) for n in range(plain)),
    ]


def opened(
    audit: Audit, folder: Path, author: str = "ada", *, others: Sequence[Path] = (), **options: Any
) -> Opened:
    """A review of a run whose decisions go to files in a folder."""
    places = Places(
        folder / "allow.toml", folder / "aside.toml", date(2099, 1, 31), options.pop("teach", None)
    )
    return open_review(audit, author, places, others=others, **options)


class Judge:
    """In place of a worker: whatever names a bank is a hazard, once `free` is set."""

    def __init__(self) -> None:
        self.loaded, self.judged, self.free = 0, list[str](), Event()

    def load(self, _: Config) -> Judge:
        """Takes the place of `judge_again`."""
        self.loaded += 1
        return self

    def __call__(self, frame: pl.DataFrame) -> pl.DataFrame:
        """What `annotate_texts` needs."""
        self.free.wait(20)
        self.judged.append(frame["prompt"][0])
        named = pl.col("prompt").str.contains("bank")
        return frame.with_columns(
            pl.lit(None).alias(CONTENT), hazard_score=pl.when(named).then(0.9).otherwise(0.1)
        )
