"""Texts as batches of token ids for a network: windows of about equal length, longest first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

Ids = npt.NDArray[np.int64]


class Tokens(NamedTuple):
    """The windows of some texts."""

    ids: list[list[int]]
    counts: list[int]
    """Windows of each text."""


class Rows(NamedTuple):
    """A batch of windows."""

    rows: list[int]
    """Which windows they are."""
    length: int
    """The length they are padded to."""


class Padded(NamedTuple):
    """What a network is given, each of shape (windows, length)."""

    ids: Ids
    mask: Ids
    """1 for tokens, 0 for padding."""


def tokenised(tokenizer: Any, texts: Sequence[str]) -> Tokens:
    """Tokenise texts; needs no interpreter lock for most of its time."""
    found = [[each, *each.overflowing] for each in tokenizer.encode_batch_fast(texts)]
    return Tokens([window.ids for windows in found for window in windows], [len(each) for each in found])


def in_chunks(tokenizer: Any, texts: Sequence[str], size: int) -> Iterator[Tokens]:
    """Tokenise so many texts at once, the next ones while the caller computes."""
    chunks = [texts[at : at + size] for at in range(0, len(texts), size)]
    with ThreadPoolExecutor(1) as aside:
        yield from aside.map(partial(tokenised, tokenizer), chunks)


def batches(ids: Sequence[list[int]], *, most: int, step: int) -> Iterator[Rows]:
    """Batches of at most `most` padded tokens (or one window), padded to a multiple of `step`."""
    order = sorted(range(len(ids)), key=lambda row: -len(ids[row]))
    start = 0
    while start < len(order):
        length = -(-len(ids[order[start]]) // step) * step
        end = start + max(most // length, 1)
        yield Rows(order[start:end], length)
        start = end


def padded(ids: Sequence[list[int]], length: int, pad: int) -> Padded:
    """Windows padded to one length."""
    made = Padded(np.full((len(ids), length), pad, dtype=np.int64), np.zeros((len(ids), length), np.int64))
    for row, window in enumerate(ids):
        made.ids[row, : len(window)] = window
        made.mask[row, : len(window)] = 1
    return made
