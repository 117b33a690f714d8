"""Which rows of a corpus are set aside: those that a reviewer named, and those flagged by a rule."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from mixguard.catalogue import ASIDES, REVIEWED
from mixguard.checks.aside import rows_aside
from mixguard.config import RebalanceConfig
from mixguard.errors import ConfigError
from mixguard.mix.plan import Removal
from mixguard.run.document import Audit
from mixguard.run.findings import Allowed

_REMOVED = (
    "sample_id",
    "source",
    "line",
    "record",
    "hazard",
    pl.col("hazard_score").cast(pl.Float64).round(4).fill_null(0.0).alias("score"),
)


def removals(audit: Audit, config: RebalanceConfig) -> tuple[Removal, ...]:
    """The rows to set aside, each once; what a reviewer says comes first.

    Raises:
        ConfigError: a rule in `set_aside` is unknown.
    """
    strange = [name for name in config.set_aside if name not in ASIDES]
    if strange:
        raise ConfigError(f"rebalance.set_aside: unknown rule {strange[0]!r}; use {', '.join(ASIDES)}")
    found = _reviewed(audit)
    for name in config.set_aside:
        check, aside = ASIDES[name]
        if _accepted(check.id, audit.allowed) or (name == "answered" and config.keep_answered):
            continue
        rows = audit.rows(check.id)
        surely = rows if aside.sure is None else rows.filter(pl.col(aside.sure) >= config.set_aside_from)
        found.append(surely.select(*_REMOVED, rule=pl.lit(name), reason=pl.lit(None, pl.String)))
    if not found:
        return ()
    listed = pl.concat(found).unique("sample_id", keep="first", maintain_order=True).sort("source", "record")
    return tuple(Removal(**row) for row in listed.iter_rows(named=True))


def _reviewed(audit: Audit) -> list[pl.DataFrame]:
    """The rows that the set-aside file names, whatever they were allowed for."""
    entries = [use.entry for use in audit.set_aside if use.state == "used"]
    if not entries:
        return []
    rows = rows_aside(audit.annotations, audit.flagged, entries)
    reasons = {entry.sample: entry.reason for entry in entries}
    reason = pl.coalesce(
        pl.col(name).replace_strict(reasons, default=None, return_dtype=pl.String)
        for name in ("sample_id", "text_id")
    )
    return [
        frame.select(*_REMOVED, rule=pl.lit(REVIEWED), reason=reason).collect() for frame in rows.values()
    ]


def _accepted(check: str, allowed: Sequence[Allowed]) -> bool:
    """Whether the allow file accepts all rows of a check, even if no finding used the entry."""
    entries = [entry.entry for entry in allowed if entry.state != "expired"]
    return any(entry.check == check and not entry.sample and not entry.subject for entry in entries)
