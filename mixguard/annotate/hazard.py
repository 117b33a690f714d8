"""Which hazards a prompt touches, and with what probability."""

from __future__ import annotations

from copy import copy

import numpy as np
import numpy.typing as npt
import polars as pl

from mixguard.annotate.base import Batch, dismissed, spread
from mixguard.annotate.kernel_ridge import Floats
from mixguard.annotate.requests import FIRST, LAST
from mixguard.annotate.second import ENDPOINT, SecondOpinion
from mixguard.annotate.seen import Seen, seen
from mixguard.columns import HAZARD
from mixguard.library.taxonomy import Taxonomy

SCREEN = "screen"
"""Name of the stage that dismisses rows."""
LISTED = 0.05
"""Probability from which a hazard is listed."""
PARTS = (None, FIRST, LAST)
"""Names of the parts of a prompt; the whole has none."""


class HazardAnnotator:
    """Judges prompts and documents by the exemplars' votes; what one stage doubts, the next one decides."""

    reads = ("kind", "prompt", "language", "pair", "screen", "screen_score")
    writes = HAZARD

    def __init__(self, taxonomy: Taxonomy, pairs: pl.DataFrame) -> None:
        """Store what judging needs; `pairs` are the bank's pairs, as returned by `known`."""
        self._last: SecondOpinion | None = None
        self._language = taxonomy.language
        self._codes = taxonomy.codes
        self._kinds = taxonomy.text_kinds()
        self._known = pairs.select(
            "pair", pl.col("hazard").alias("own_hazard"), pl.col("hazard_score").alias("own_score")
        )

    def __call__(self, batch: Batch) -> pl.DataFrame:
        """Columns `HAZARD`."""
        reason = self._unjudged(batch.frame)
        far = dismissed(batch.frame)
        near = reason.is_null() & ~far
        judged = spread(self._judge(batch.where(near)), near).with_columns(hazard_unjudged=reason)
        if not far.any():
            return judged
        screened: dict[str, pl.Expr] = {
            "hazard_score": pl.lit(batch.frame.get_column("screen_score")),
            "hazards": pl.lit([], HAZARD["hazards"]),
            "hazard_stage": pl.lit(SCREEN),
        }
        return judged.with_columns(
            pl.when(far).then(value).otherwise(name).alias(name) for name, value in screened.items()
        )

    def followed_by(self, last: SecondOpinion) -> HazardAnnotator:
        """The same annotator with a last stage."""
        made = copy(self)
        made._last = last
        return made

    def _judge(self, batch: Batch) -> pl.DataFrame:
        first, *later = batch.stages
        before = _noted(batch)
        score = first.model.text(before.evidence)
        stage = np.full(len(score), first.name, dtype=object)
        window, part, each = before.window, before.part, before.each
        # A bank pair is known, so no stage needs to look at it again.
        unknown = batch.frame.get_column("pair").is_null().to_numpy()
        for following in later:
            model = following.model
            mask = unknown & (score >= model.doubted)
            doubted = np.flatnonzero(mask)
            if not len(doubted):
                continue
            again = _noted(batch.where(pl.Series(mask), following))
            evidence = model.share * before.evidence[doubted] + (1 - model.share) * again.evidence
            score[doubted] = model.text(evidence)
            stage[doubted] = following.name
            window[doubted], part[doubted], each[doubted] = again.window, again.part, again.each
        hazard = self._names(each.argmax(1))
        if self._last is not None:
            # Seen by all local stages: what comes after looks at such a row through the last of them.
            asked = unknown & (stage == batch.stages[-1].name)
            settled = self._last(batch.frame.get_column("prompt").to_list(), score, asked)
            score[settled.rows], stage[settled.rows] = settled.scores, ENDPOINT
            hazard = hazard.scatter(settled.rows, settled.hazards_or(hazard))
        columns = {
            "hazard": hazard,
            "hazard_score": score,
            "hazards": self._listed(each),
            "hazard_window": window.astype(np.uint32),
            "hazard_part": pl.Series(PARTS, dtype=pl.String).gather(part),
            "hazard_stage": stage,
            "text_kind": self._kinds.gather(before.likest),
        }
        judged = pl.DataFrame(columns, schema_overrides=pl.Schema({name: HAZARD[name] for name in columns}))
        pairs = batch.frame.select("pair").join(self._known, on="pair", how="left", maintain_order="left")
        own = pl.coalesce("own_hazard", "hazard"), pl.coalesce("own_score", "hazard_score")
        return judged.hstack(pairs).select(
            own[0].alias("hazard"), own[1].alias("hazard_score"), *list(columns)[2:]
        )

    def _names(self, numbers: npt.NDArray[np.int64]) -> pl.Series:
        return pl.Series(self._codes, dtype=pl.String).gather(numbers)

    def _listed(self, each: Floats) -> pl.Series:
        """Each text's hazards from `LISTED` up, most probable first."""
        rows, numbers = np.nonzero(each >= LISTED)
        long = pl.DataFrame({"row": rows, "hazard": self._names(numbers), "score": each[rows, numbers]})
        grouped = (
            long.sort("row", "score", descending=[False, True], maintain_order=True)
            .group_by("row", maintain_order=True)
            .agg(pl.struct("hazard", "score").alias("hazards"))
        )
        every = pl.DataFrame({"row": np.arange(len(each))})
        joined = every.join(grouped, on="row", how="left", maintain_order="left").get_column("hazards")
        return joined.cast(HAZARD["hazards"])

    def _unjudged(self, frame: pl.DataFrame) -> pl.Series:
        # A bank pair is known, whatever language was detected in its few words.
        foreign = pl.col("pair").is_null() & (pl.col("language") != self._language)
        reason = (
            pl.when(pl.col("prompt").str.strip_chars() == "")
            .then(pl.lit("empty prompt"))
            .when(foreign)
            .then(pl.format("language {}", "language"))
        )
        return frame.select(reason).to_series().cast(pl.String)


def _noted(batch: Batch) -> Seen:
    """What the batch's stage says of its prompts; their neighbours are kept for other annotators."""
    found = seen(batch)
    batch.keep(found.near)
    return found
