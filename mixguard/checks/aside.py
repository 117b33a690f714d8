"""Rows that a person set aside: which of a corpus they are, and how many of them each finding counts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import NamedTuple

import polars as pl

from mixguard.checks.measure import Found, named
from mixguard.library.aside import SetAside
from mixguard.run.findings import AsideUse, Finding

_KEYS = ["sample_id", "exchange"]


def rows_aside(
    annotations: pl.LazyFrame, flagged: pl.LazyFrame, entries: Sequence[SetAside]
) -> dict[str | None, pl.LazyFrame]:
    """The exchanges that entries name, by the check that an entry needs to flag them; None for no check.

    Args:
        annotations: with the marks of `run.document.marked`.
        flagged: rows of findings, as `Audit.flagged`.
        entries: those that are valid.
    """
    found: dict[str | None, pl.LazyFrame] = {}
    for check in dict.fromkeys(entry.check for entry in entries):
        found[check] = annotations.filter(named([entry.sample for entry in entries if entry.check == check]))
        if check is not None:
            mine = flagged.filter(pl.col("check") == check)
            found[check] = found[check].join(mine, on=_KEYS, how="semi")
    return found


class Gone(NamedTuple):
    """What the set-aside file does to a corpus."""

    uses: tuple[AsideUse, ...]
    """The outcome of each entry."""
    samples: pl.Series
    """Ids of the samples that will be set aside."""

    def told(self, found: Found) -> Finding:
        """The finding, with how many of its rows will be set aside."""
        if found.rows is None or not found.finding.count or self.samples.is_empty():
            return found.finding
        own = found.rows.filter(pl.col("sample_id").is_in(self.samples.implode())).select(pl.len())
        return found.finding.model_copy(update={"aside": int(own.collect().item())})


def gone(entries: Sequence[SetAside], annotations: pl.LazyFrame, flagged: pl.LazyFrame, today: date) -> Gone:
    """The rows that the entries set aside; those that expired before `today` set nothing aside."""
    valid = [entry for entry in entries if entry.expires >= today]
    rows = {
        check: frame.select("sample_id", "text_id").collect()
        for check, frame in rows_aside(annotations, flagged, valid).items()
    }
    samples = [frame.get_column("sample_id") for frame in rows.values()]
    every = pl.concat(samples).unique() if samples else pl.Series("sample_id", [], pl.String)
    return Gone(tuple(_use(entry, rows, today) for entry in entries), every)


def _use(entry: SetAside, rows: Mapping[str | None, pl.DataFrame], today: date) -> AsideUse:
    if entry.expires < today:
        return AsideUse(entry=entry, state="expired")
    own = rows[entry.check].filter(named([entry.sample])).get_column("sample_id").n_unique()
    return AsideUse(entry=entry, state="used" if own else "unused", samples=own)
