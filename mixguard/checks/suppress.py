"""What does not count: findings that were allowed, and those that the baseline has already."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import NamedTuple

import polars as pl

from mixguard.allow import Allowance
from mixguard.checks.base import GRAVITY, Allowed, Check, CorpusSummary, Evidence, Finding, Suppression

_TEXTS = ["prompt_id", "response_id", "polarity"]
"""What makes an exchange the same in two runs: its texts whole, and whether it is trained towards."""


class Baseline(NamedTuple):
    """An earlier run, whose findings are known."""

    findings: tuple[Finding, ...]
    annotations: pl.LazyFrame
    """The exchanges it judged."""


def without_allowed(evidence: Evidence, entries: Sequence[Allowance], check: Check) -> Evidence:
    """The evidence less the samples that are allowed in this check."""
    samples = [entry.sample for entry in entries if entry.sample and entry.check in (None, check.id)]
    if not samples:
        return evidence
    left = evidence.frame.filter(~_named(samples))
    gone = evidence.frame.filter(_named(samples)).join(left, on="sample_id", how="anti")
    return replace(evidence, frame=left, corpus=_less(evidence.corpus, gone))


def _less(corpus: CorpusSummary, gone: pl.LazyFrame) -> CorpusSummary:
    """The summary less some whole samples, for the checks that count by it."""
    samples = gone.select("sample_id", "flags").unique("sample_id").collect()
    less = Counter(flag for flags in samples["flags"].to_list() for flag in set(flags))
    flags = {flag: count - less[flag] for flag, count in corpus.flags.items()}
    return corpus.model_copy(update={"flags": flags, "samples": corpus.samples - samples.height})


def suppress(finding: Finding, entries: Sequence[Allowance]) -> Finding:
    """The finding, marked where an entry allows all of it; what passed needs no leave."""
    if finding.severity == "pass":
        return finding
    for entry in entries:
        if _allows(entry, finding):
            marked = Suppression(
                kind="allowed", reason=entry.reason, author=entry.author, expires=entry.expires
            )
            return finding.model_copy(update={"suppressed": marked})
    return finding


def states(
    evidence: Evidence, entries: Sequence[Allowance], findings: Sequence[Finding], today: date
) -> tuple[Allowed, ...]:
    """What became of each entry; `findings` are those of all checks, passed ones included."""
    found = [finding for finding in findings if finding.severity != "pass"]
    return tuple(_state(evidence, entry, found, today) for entry in entries)


def _state(evidence: Evidence, entry: Allowance, found: Sequence[Finding], today: date) -> Allowed:
    if entry.expires < today:
        return Allowed(entry=entry, state="expired")
    if entry.sample is not None:
        rows = evidence.frame.filter(_named([entry.sample])).select(pl.len()).collect().item()
        return Allowed(entry=entry, state="used" if rows else "unused", exchanges=int(rows))
    used = any(_allows(entry, finding) for finding in found)
    return Allowed(entry=entry, state="used" if used else "unused")


def _allows(entry: Allowance, finding: Finding) -> bool:
    """Whether an entry allows the whole of a finding."""
    return entry.sample is None and entry.check == finding.id and entry.subject in (None, finding.subject)


def _named(samples: Sequence[str]) -> pl.Expr:
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

    The latter tells of what is no row (a hazard, a record in quarantine), and of old rows that another limit flags.
    """
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
