"""What became of each exchange: joined by its texts, so that one that moved is the same."""

from __future__ import annotations

from typing import Any

import polars as pl

from mixguard.changes.document import Judged, RowChange, Rows
from mixguard.run.document import Audit
from mixguard.run.show import counting

LISTED = 1000
"""Rows listed in a document."""
KEY = ["text_id", "polarity"]
_PLACE = ("source", "line", "sample_id", "exchange")
_NO_CHECKS = pl.lit([], pl.List(pl.String))


def compare_rows(before: Audit, after: Audit) -> Rows:
    """Exchanges that came, went, or are flagged or judged differently."""
    told = _standing(before, after)
    joined = _texts(before, told).join(
        _texts(after, told), on=KEY, how="full", coalesce=True, suffix="_after"
    )
    filled = joined.with_columns(
        pl.col("checks", "checks_after").fill_null(_NO_CHECKS), pl.col("copies", "copies_after").fill_null(0)
    )
    both = (pl.col("copies") > 0) & (pl.col("copies_after") > 0)
    ranks = pl.DataFrame({"check": told}, schema={"check": pl.String}).with_row_index("rank")
    changes = filled.with_columns(
        gained=pl.col("checks_after").list.set_difference("checks"),
        lost=pl.col("checks").list.set_difference("checks_after"),
        judged=both & (_differs("hazard") | _differs("stance")),
        new=(pl.col("copies_after") - pl.col("copies")).clip(0),
        gone=(pl.col("copies") - pl.col("copies_after")).clip(0),
    )
    flagged, unflagged = pl.col("gained").list.len() > 0, pl.col("lost").list.len() > 0
    changed = flagged | unflagged | pl.col("judged")
    counts = changes.select(
        pl.col("new", "gone").sum(),
        flagged.sum().alias("flagged"),
        unflagged.sum().alias("unflagged"),
        pl.col("judged").sum(),
        changed.sum().alias("changed"),
    )
    listed = (
        changes.filter(changed)
        .with_columns(_gravest("gained", ranks), _gravest("lost", ranks))
        .sort(
            "gained_rank",
            "lost_rank",
            pl.coalesce("source_after", "source"),
            pl.coalesce("line_after", "line"),
            *KEY,
            nulls_last=True,
        )
        .head(LISTED)
    )
    (numbers, rows) = pl.collect_all([counts, listed])
    count = {name: value or 0 for name, value in numbers.row(0, named=True).items()}
    left_out = count.pop("changed") - rows.height
    return Rows(**count, listed=tuple(map(_row, rows.iter_rows(named=True))), left_out=left_out)


def _texts(audit: Audit, told: list[str]) -> pl.LazyFrame:
    """What was judged of each text, and which of these checks flag it anywhere."""
    keys = ["sample_id", "exchange"]
    rows = audit.annotations.select(
        *KEY, *_PLACE, "stance", pl.when("hazardous").then("hazard").alias("hazard")
    )
    flags = (
        audit.flagged.filter(pl.col("check").is_in(told))
        .select("check", *keys)
        .join(rows.select(*KEY, *keys), on=keys)
    )
    checks = flags.group_by(KEY).agg(pl.col("check").unique().sort().alias("checks"))
    texts = rows.group_by(KEY, maintain_order=True).agg(
        pl.len().cast(pl.Int64).alias("copies"), pl.all().first()
    )
    return texts.join(checks, on=KEY, how="left")


def _differs(name: str) -> pl.Expr:
    return pl.col(name).ne_missing(pl.col(f"{name}_after"))


def _standing(before: Audit, after: Audit) -> list[str]:
    """Ids of the checks that found something in either audit, the gravest first."""
    found = (finding for audit in (after, before) for finding in counting(audit.findings))
    return list(dict.fromkeys(finding.id for finding in found))


def _gravest(name: str, ranks: pl.DataFrame) -> pl.Expr:
    """The rank of the gravest of some checks."""
    ranked = pl.element().replace_strict(ranks["check"], ranks["rank"], default=None, return_dtype=pl.UInt32)
    return pl.col(name).list.eval(ranked).list.min().alias(f"{name}_rank")


def _row(row: dict[str, Any]) -> RowChange:
    end = "_after" if row["copies_after"] else ""
    return RowChange(
        text_id=row["text_id"],
        **{name: row[f"{name}{end}"] for name in _PLACE},
        before=_judged(row, "") if row["copies"] else None,
        after=_judged(row, "_after") if row["copies_after"] else None,
    )


def _judged(row: dict[str, Any], end: str) -> Judged:
    return Judged(hazard=row[f"hazard{end}"], stance=row[f"stance{end}"], checks=tuple(row[f"checks{end}"]))
