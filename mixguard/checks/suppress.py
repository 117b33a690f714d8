"""What does not count: findings that were allowed, and those that the baseline has already."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import NamedTuple

import polars as pl

from mixguard.checks.base import Check, Evidence
from mixguard.library.allow import Allowance
from mixguard.run.findings import GRAVITY, Allowed, Finding, SampleRef, Suppression

_TEXTS = ["prompt_id", "response_id", "polarity"]
"""What makes an exchange the same in two runs: its texts whole, and whether it is trained towards."""


class Baseline(NamedTuple):
    """An earlier run, whose findings are known."""

    findings: tuple[Finding, ...]
    annotations: pl.LazyFrame
    """The exchanges it judged."""


def without_allowed(evidence: Evidence, entries: Sequence[Allowance], check: Check) -> Evidence:
    """The evidence, in which this check counts none of the samples that are allowed in it."""
    samples = _samples(entries, check)
    return replace(evidence, countable=~named(samples)) if samples else evidence


def listed_samples(evidence: Evidence, entries: Sequence[Allowance], check: Check) -> tuple[SampleRef, ...]:
    """Of the samples that are allowed in this check, all that it would list."""
    samples = _samples(entries, check)
    if not samples:
        return ()
    all_rows = evidence.config.model_copy(update={"samples": evidence.corpus.exchanges})
    found = check.findings(replace(evidence, countable=named(samples), config=all_rows))
    return tuple(sample for finding in found for sample in finding.samples)


def _samples(entries: Sequence[Allowance], check: Check) -> list[str]:
    return [entry.sample for entry in entries if entry.sample and entry.check in (None, check.id)]


def leave(entry: Allowance) -> Suppression:
    """What an entry says of that which it allows."""
    return Suppression(kind="allowed", reason=entry.reason, author=entry.author, expires=entry.expires)


def suppress(finding: Finding, entries: Sequence[Allowance]) -> Finding:
    """The finding, marked where an entry allows all of it; what passed needs no leave."""
    if finding.severity == "pass":
        return finding
    for entry in entries:
        if _allows(entry, finding):
            return finding.model_copy(update={"suppressed": leave(entry)})
    return finding


def states(
    entries: Sequence[Allowance],
    findings: Sequence[Finding],
    listed: Mapping[str, Sequence[SampleRef]],
    today: date,
) -> tuple[Allowed, ...]:
    """What became of each entry.

    Args:
        entries: of the allow file.
        findings: those of all checks, passed ones included.
        listed: id of a check to the allowed samples that it would list.
        today: the day of the run.
    """
    found = [finding for finding in findings if finding.severity != "pass"]
    places: defaultdict[tuple[str, str], set[tuple[str, int]]] = defaultdict(set)
    for check, samples in listed.items():
        for sample in samples:
            for id_ in (sample.sample_id, sample.text_id):
                places[check, id_].add((sample.sample_id, sample.exchange))
    return tuple(_state(entry, found, places, today) for entry in entries)


def _state(
    entry: Allowance,
    found: Sequence[Finding],
    places: Mapping[tuple[str, str], set[tuple[str, int]]],
    today: date,
) -> Allowed:
    if entry.expires < today:
        return Allowed(entry=entry, state="expired")
    if entry.sample is not None:
        rows = {
            row
            for (check, id_), there in places.items()
            if id_ == entry.sample and entry.check in (None, check)
            for row in there
        }
        return Allowed(entry=entry, state="used" if rows else "unused", exchanges=len(rows))
    used = any(_allows(entry, finding) for finding in found)
    return Allowed(entry=entry, state="used" if used else "unused")


def _allows(entry: Allowance, finding: Finding) -> bool:
    """Whether an entry allows the whole of a finding."""
    return entry.sample is None and entry.check == finding.id and entry.subject in (None, finding.subject)


def named(samples: Sequence[str]) -> pl.Expr:
    """Rows whose sample or texts have one of these ids."""
    return pl.col("sample_id").is_in(samples) | pl.col("text_id").is_in(samples)


def mark_known(finding: Finding, check: Check, evidence: Evidence, baseline: Baseline) -> Finding:
    """The finding, marked where the baseline has it already, as grave, and no row is new that shows it by itself.

    Too much that cannot be read or judged is never known: it says that nothing can be said. Nor is what the baseline
    had by leave: a leave ends.
    """
    if finding.suppressed or finding.severity in ("pass", "incomplete"):
        return finding
    earlier = [
        known
        for known in baseline.findings
        if (known.id, known.subject) == (finding.id, finding.subject)
        and _gravity(known) >= _gravity(finding)
        and (known.suppressed is None or known.suppressed.kind == "known")
    ]
    if not earlier or _is_new(finding, check, evidence, baseline, max(known.count for known in earlier)):
        return finding
    marked = Suppression(kind="known", reason="the baseline has it already, and no new row adds to it")
    return finding.model_copy(update={"suppressed": marked})


def _is_new(finding: Finding, check: Check, evidence: Evidence, baseline: Baseline, known: int) -> bool:
    """Whether new rows show it by themselves; where none of them is listed, whether it counts more than was known.

    The latter tells of what is no row (a record in quarantine), and of old rows that another limit flags. What has a
    name (a hazard) is new where the earlier rows did not show it.
    """
    if check.names and check.names(evidence) - check.names(replace(evidence, frame=baseline.annotations)):
        return True
    rows = _new_rows(evidence.frame, baseline.annotations)
    fresh = evidence.frame.join(rows.lazy(), on=["sample_id", "exchange"], how="semi")
    one_sample = evidence.config.model_copy(update={"samples": 1})
    found = check.findings(replace(evidence, frame=fresh, config=one_sample)) if rows.height else []
    listed = [new for new in found if new.samples and new.subject == finding.subject]
    least = min(_gravity(finding), GRAVITY.index("warn"))
    return any(_gravity(new) >= least for new in listed) or (not listed and finding.count > known)


def _new_rows(frame: pl.LazyFrame, before: pl.LazyFrame) -> pl.DataFrame:
    """The exchanges that an earlier run had not, or not as often: columns `sample_id`, `exchange`."""
    # A join never matches null with null, and what has no response is equal to what has none.
    texts = [pl.col(name).fill_null("") if name == "response_id" else pl.col(name) for name in _TEXTS]
    had = before.select(texts).group_by(_TEXTS).len("had")
    copies = (
        frame.sort("source", "line", "exchange")
        .select(*texts, "sample_id", "exchange")
        .with_columns(copy=pl.int_range(pl.len()).over(_TEXTS))
    )
    joined = copies.join(had, on=_TEXTS, how="left")
    new = joined.filter(pl.col("copy") >= pl.col("had").fill_null(0))
    return new.select("sample_id", "exchange").collect()


def _gravity(finding: Finding) -> int:
    return GRAVITY.index(finding.severity)
