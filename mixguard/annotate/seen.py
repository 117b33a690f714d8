"""What one stage says of prompts: each distinct prompt is compared with all exemplars once, a block at a time."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from mixguard.annotate.base import Batch, Passages, Stage
from mixguard.annotate.exemplars import SEARCHED
from mixguard.annotate.hazard_model import worst
from mixguard.annotate.kernel_ridge import Floats
from mixguard.vectors.index import Neighbours

BLOCK = 256
"""Windows compared at a time: enough for the product of matrices, few enough to stay in a processor's cache."""


class Seen(NamedTuple):
    """What one stage says of each prompt."""

    each: Floats
    """(prompts, hazards): probability of each hazard in the worst window."""
    evidence: Floats
    """(prompts,): log-odds of any hazard."""
    window: npt.NDArray[np.int64]
    """(prompts,): index of the worst window."""
    part: npt.NDArray[np.int64]
    """(prompts,): what it is of: 0 the whole prompt, 1 its first line, 2 its last."""
    likest: npt.NDArray[np.int64]
    """(prompts,): the plain or background exemplar nearest to the first window."""
    near: Neighbours
    """The exemplars nearest to the worst window."""


def seen(batch: Batch) -> Seen:
    """What the batch's stage says of its prompts."""
    prompt = batch.vectors("prompt").starts
    document = (batch.frame.get_column("kind") == "document").fill_null(value=False).to_numpy()
    _, first, same = np.unique(2 * prompt + document, return_index=True, return_inverse=True)
    passages = batch.passages.of(first)
    found = [_judged(block, batch.stage) for block in _blocks(passages)]
    near = [part.near for part in found]
    return Seen(
        each=np.concatenate([part.each for part in found])[same],
        evidence=np.concatenate([part.evidence for part in found])[same],
        window=np.concatenate([part.window for part in found])[same],
        part=np.concatenate([part.part for part in found])[same],
        likest=np.concatenate([part.likest for part in found])[same],
        near=Neighbours(
            np.concatenate([part.similarity for part in near])[same],
            np.concatenate([part.row for part in near])[same],
        ),
    )


def _blocks(passages: Passages) -> Iterator[Passages]:
    """Texts with about `BLOCK` windows together; at least one, perhaps of no texts."""
    full = np.cumsum(passages.counts) // BLOCK
    cuts = [0, *(np.flatnonzero(np.diff(full)) + 1).tolist(), len(full)]
    return (passages.of(np.arange(start, end)) for start, end in pairwise(cuts))


def _judged(passages: Passages, stage: Stage) -> Seen:
    exemplars = stage.exemplars
    similarity: Floats = passages.vectors @ exemplars.vectors.T
    each, log_odds = stage.model.votes(similarity)
    row, evidence = worst(log_odds, passages.starts, passages.counts)
    plain = exemplars.hazard < 0
    first = similarity[passages.starts]
    first[:, ~plain] = -np.inf
    likest = exemplars.owner[first.argmax(1)] if plain.any() else np.zeros(len(row), dtype=np.int64)
    near = exemplars.index.search(passages.vectors[row], SEARCHED)
    window = row - passages.starts
    return Seen(each[row], evidence, window, passages.part(window), likest, near)
