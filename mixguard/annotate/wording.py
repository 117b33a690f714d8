"""How many words and pairs of words texts share, whatever they mean: where `not`, `no` and `never` decide."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl

Floats = npt.NDArray[np.float32]
Numbers = npt.NDArray[np.int64]
COMMON = 24
"""Texts from which a term's shares are a column of a matrix; those of others are listed. Importing a library of sparse
matrices takes longer than all of this."""


class _Shares(NamedTuple):
    """The known terms of some texts: `share[n]` is what term `term[n]` is of text `text[n]`."""

    text: Numbers
    term: Numbers
    share: Floats


@dataclass(frozen=True)
class Wording:
    """The words and neighbouring pairs of words of some texts."""

    terms: pl.DataFrame
    """Columns `term`, and its `number`, the commonest first."""
    shares: _Shares
    """Each distinct term of a text, in the order of the terms; those of a text have unit length."""
    counts: Numbers
    """(terms,): texts that hold each."""
    texts: int

    @classmethod
    def of(cls, texts: Sequence[str]) -> Wording:
        """Read the texts that others will be compared with."""
        found = _terms(texts)
        counted = found.group_by("term", maintain_order=True).len("count")
        ranked = counted.sort("count", descending=True, maintain_order=True).with_row_index("number")
        shares = _shares(found, ranked)
        order = np.argsort(shares.term, kind="stable")
        return cls(
            ranked.select("term", "number"),
            _Shares(shares.text[order], shares.term[order], shares.share[order]),
            ranked.get_column("count").to_numpy().astype(np.int64),
            len(texts),
        )

    def overlap(self, texts: Sequence[str]) -> Floats:
        """(texts, own texts): cosine of the terms that each has, from 0 to 1."""
        theirs = _shares(_terms(texts), self.terms)
        common = int((self.counts >= COMMON).sum())
        found = _dense(theirs, len(texts), common) @ _dense(self.shares, self.texts, common).T
        rare = theirs.term >= common
        counts = self.counts[theirs.term[rare]]
        starts = (np.cumsum(self.counts) - self.counts)[theirs.term[rare]]
        own = np.repeat(starts - (np.cumsum(counts) - counts), counts) + np.arange(counts.sum())
        place = np.repeat(theirs.text[rare], counts) * self.texts + self.shares.text[own]
        share = np.repeat(theirs.share[rare], counts) * self.shares.share[own]
        listed = np.bincount(place, share, len(texts) * self.texts) if len(place) else 0
        return np.asarray(found.reshape(-1) + listed, dtype=np.float32).reshape(found.shape)

    def weighed(self, texts: Sequence[str], weights: Floats) -> Floats:
        """(texts,): `overlap(texts) @ weights`, without the overlap with each own text."""
        own, theirs = self.shares, _shares(_terms(texts), self.terms)
        pull = np.bincount(own.term, own.share * weights[own.text], self.terms.height)
        return np.bincount(theirs.text, theirs.share * pull[theirs.term], len(texts)).astype(np.float32)


def _terms(texts: Sequence[str]) -> pl.DataFrame:
    """Columns `text`, its number; `term`, each once; and `share`, one by the root of their number."""
    spoken = pl.DataFrame({"said": pl.Series(texts, dtype=pl.String)}).with_row_index("text")
    words = spoken.select("text", term=pl.col("said").str.to_lowercase().str.extract_all(r"\w+"))
    flat = words.explode("term").drop_nulls()
    pairs = flat.select("text", term=pl.col("term") + " " + pl.col("term").shift(-1).over("text"))
    distinct = pl.concat([flat, pairs.drop_nulls()]).unique(maintain_order=True)
    return distinct.with_columns(share=1 / pl.len().over("text").sqrt())


def _shares(found: pl.DataFrame, terms: pl.DataFrame) -> _Shares:
    known = found.join(terms, on="term", maintain_order="left")
    text, number, share = (known.get_column(name).to_numpy() for name in ("text", "number", "share"))
    return _Shares(text.astype(np.int64), number.astype(np.int64), share.astype(np.float32))


def _dense(shares: _Shares, texts: int, terms: int) -> Floats:
    """(texts, terms): the shares of the first terms."""
    dense = np.zeros((texts, terms), dtype=np.float32)
    kept = shares.term < terms
    dense[shares.text[kept], shares.term[kept]] = shares.share[kept]
    return dense
