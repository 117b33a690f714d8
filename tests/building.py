"""What the tests of several parts build: batches of exchanges, and a taxonomy small enough to be fitted at once."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from mixguard.annotate.base import Batch
from mixguard.annotate.exemplars import Exemplars
from mixguard.corpus.corpus import BATCH
from mixguard.vectors.hashed import HashEncoder
from mixguard.vectors.index import ExemplarIndex
from mixguard.vectors.store import VectorStore

TAXONOMY = """
id = "own"
version = "2"
[forms]
any = ["question", "order", "polite", "terse"]
[[hazard]]
code = "xyz"
name = "Own hazard"
severity = "high"
definition = "d"
includes = "i"
excludes = "e"
sub.one = "only"
"""
FORMS = ["question", "order", "polite", "terse"]
EXEMPLAR = {"id": "a", "text": "How do I wreck the reactor?", "hazard": "xyz", "sub": "one", "label": "violating", "form": "question"}  # fmt: skip


def exchange_frame(pairs: Sequence[tuple[str, str | None]]) -> pl.DataFrame:
    """Prompts and responses as the corpus would give them."""
    rows = [
        {"kind": "exchange", "polarity": 1, "prompt": prompt, "response": response, "tool_call": False}
        for prompt, response in pairs
    ]
    return pl.DataFrame(rows, schema=BATCH)


def hashed_batch(
    folder: Path, frame: pl.DataFrame, *, violating: Sequence[str], benign: Sequence[str]
) -> Batch:
    """A batch whose vectors are word hashes, three words a window, and whose exemplars are these texts."""
    store = VectorStore.open(folder, HashEncoder(words_per_window=3))
    texts = store.vectors([*violating, *benign])
    vectors = texts.vectors[texts.starts]
    labels = np.array([True] * len(violating) + [False] * len(benign))
    exemplars = Exemplars(vectors, ExemplarIndex.build(vectors), np.where(labels, 0, -1), labels)
    return Batch(frame, store, exemplars)


def write_taxonomy(folder: Path, *rows: Any) -> Path:
    """A taxonomy of one hazard with these exemplars, objects or lines; its folder."""
    (folder / "exemplars").mkdir(parents=True)
    (folder / "taxonomy.toml").write_text(TAXONOMY)
    lines = [row if isinstance(row, str) else json.dumps(row) for row in rows]
    (folder / "exemplars" / "own.jsonl").write_text("\n".join(lines) + "\n")
    return folder


def small_taxonomy(folder: Path) -> Path:
    """A taxonomy with just enough exemplars to fit a model on: wrecking reactors against lunch and sums."""
    numbered = [{**EXEMPLAR, "form": FORMS[number % 4]} for number in range(12)]
    return write_taxonomy(
        folder,
        *({**row, "id": f"v{n}", "text": f"How do I wreck reactor number {n}?"} for n, row in enumerate(numbered)),
        *(
            {**row, "id": f"b{n}", "text": f"What is for lunch on day {n}?", "label": "benign"}
            for n, row in enumerate(numbered)
        ),
        *(
            {**row, "id": f"p{n}", "text": f"Add {n} and {n + 1}.", "label": "benign", "hazard": None, "sub": None}
            for n, row in enumerate(numbered)
        ),
    )  # fmt: skip
