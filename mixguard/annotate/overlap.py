"""Which evaluation prompts a text repeats, by runs of 13 words."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from mixguard.annotate.shingles import Hashes, listed, runs, words

RUN = 13
"""Words of a run that two texts do not share by chance."""
FEWEST = 5
"""Words that an evaluation prompt must have; shorter ones are too common to prove anything."""
SHARED = 5
"""Evaluation prompts up to which a run is their own; what more of them share is their template."""

COVERED = pl.Schema({"file": pl.String(), "share": pl.Float32()})


@dataclass(frozen=True)
class Evaluations:
    """Distinct evaluation prompts as hashes."""

    files: tuple[str, ...]
    """By prompt: the first file that holds it."""
    wholes: pl.DataFrame
    """Columns `whole` (hash of all words), `of` (number of the prompt)."""
    runs: pl.DataFrame
    """Columns `run`, `of`: the distinct runs of each prompt that count."""
    own: Hashes
    """Runs of at most `SHARED` prompts, sorted: by these, prompts are found."""
    sizes: npt.NDArray[np.int64]
    """(prompts,): how many runs of each count."""

    @classmethod
    def of(cls, parts: Iterable[pl.DataFrame], *, ignore_template: bool) -> Evaluations:
        """Index prompts.

        Args:
            parts: columns `source`, `prompt`.
            ignore_template: whether runs of more than `SHARED` prompts count for nothing.
        """
        empty = pl.DataFrame(schema={"source": pl.String, "prompt": pl.String})
        read = pl.concat([empty, *parts])
        lists = listed(read.get_column("prompt")).alias("words")
        whole = lists.list.join(" ").hash().alias("whole")
        named = pl.DataFrame([read.get_column("source"), lists, whole])
        long = named.filter(pl.col("words").list.len() >= FEWEST)
        distinct = long.unique("whole", keep="first", maintain_order=True).with_row_index("of")
        found = runs(words(distinct.get_column("words")), RUN)
        pairs = pl.DataFrame({"run": found.hashes, "of": found.owner.astype(np.uint32)}).unique()
        shared = pl.len().over("run") > SHARED
        own = pairs.filter(~shared).get_column("run").unique().sort().to_numpy()
        counted = pairs.filter(~shared) if ignore_template else pairs
        sizes = np.bincount(counted.get_column("of").to_numpy(), minlength=distinct.height)
        return cls(tuple(distinct.get_column("source")), distinct.select("whole", "of"), counted, own, sizes)

    def covered(self, prompts: pl.Series, responses: pl.Series) -> pl.DataFrame:
        """The evaluation prompt that each row covers most.

        Returns:
            Columns `COVERED`, one row per row: its file (null if none is touched), and the share of its runs
            that stand in the row; 1 if the row's prompt is the same word for word.
        """
        asked = listed(prompts)
        both = pl.select(pl.concat_list(asked, listed(responses))).to_series()
        same = pl.DataFrame({"whole": asked.list.join(" ").hash()}).with_row_index("row")
        exact = same.join(self.wholes, on="whole").select("row", "of", share=pl.lit(1.0))
        best = pl.concat([exact, self._shares(both)]).sort("share", "of", descending=[True, False])
        best = best.unique("row", keep="first", maintain_order=True)
        files = pl.Series("file", self.files, dtype=pl.String)
        told = best.select("row", file=files.gather(best.get_column("of")), share="share")
        every = pl.DataFrame({"row": pl.int_range(len(prompts), dtype=pl.UInt32, eager=True)})
        found = every.join(told, on="row", how="left", maintain_order="left")
        return found.select("file", pl.col("share").fill_null(0.0)).cast(COVERED)

    def _shares(self, lists: pl.Series) -> pl.DataFrame:
        """Columns `row`, `of`, `share` of every prompt that shares a run of its own with a row."""
        found = runs(words(lists), RUN)
        there = pl.DataFrame({"row": found.owner.astype(np.uint32), "run": found.hashes})
        hits = there.filter(_among(found.hashes, self.own)).unique()
        rows = there.filter(pl.col("row").is_in(hits.get_column("row").unique().implode())).unique()
        candidates = hits.join(self.runs, on="run").select("row", "of").unique()
        # All counting runs of a candidate, those of the template too where it counts.
        met = candidates.join(self.runs, on="of").join(rows, on=["row", "run"], how="semi")
        counted = met.group_by("row", "of").len()
        sizes = pl.Series("size", self.sizes).gather(counted.get_column("of"))
        return counted.select("row", "of", share=pl.col("len") / sizes)


def _among(hashes: Hashes, ordered: Hashes) -> pl.Series:
    if not len(ordered):
        return pl.repeat(value=False, n=len(hashes), eager=True, dtype=pl.Boolean)
    place = np.minimum(np.searchsorted(ordered, hashes), len(ordered) - 1)
    return pl.Series(ordered[place] == hashes)
