"""Whether the corpus could be read, understood and judged, and what a trainer will make of it."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from mixguard.checks.base import Evidence, Found, TrainerRule, sample_refs
from mixguard.library.allow import Allowance
from mixguard.run.findings import Severity
from mixguard.stats import wilson


def quarantined(evidence: Evidence) -> Sequence[Found]:
    """Records that could not be read or understood."""
    corpus = evidence.corpus
    count, total, limit = corpus.rejected, corpus.records, evidence.quarantine_max
    interval = wilson(count, total, evidence.config.confidence)
    if not count:
        return [Found("pass", f"all {total:,} records were read", 0, total, interval, limit)]
    reasons = sorted(corpus.quarantined.items(), key=lambda pair: (-pair[1], pair[0]))
    listed = "; ".join(f"{reason} ({number:,})" for reason, number in reasons[:3])
    severity: Severity = "incomplete" if count > limit * total else "warn"
    message = f"{count:,} of {total:,} records could not be read: {listed}"
    return [Found(severity, message, count, total, interval, limit)]


def unjudged(evidence: Evidence) -> Sequence[Found]:
    """Exchanges for which there is no verdict, and why."""
    reasons = ["hazard_unjudged", "stance_unjudged"]
    spoken = evidence.frame.filter(pl.col("kind") == "exchange")
    missing = evidence.flagged(spoken.filter(pl.any_horizontal(pl.col(reasons).is_not_null())))
    count, total = (int(frame.select(pl.len()).collect().item()) for frame in (missing, spoken))
    limit = evidence.config.unjudged_max
    interval = wilson(count, total, evidence.config.confidence)
    if not count:
        return [Found("pass", f"all {total:,} exchanges were judged", 0, total, interval, limit)]
    why = missing.select(pl.coalesce(reasons).alias("why")).group_by("why").len()
    ranked = why.sort("len", "why", descending=[True, False]).head(3).collect()
    listed = "; ".join(f"{reason} ({number:,})" for reason, number in ranked.iter_rows())
    severity: Severity = "incomplete" if count > limit * total else "note"
    message = f"{count:,} of {total:,} exchanges could not be judged: {listed}"
    return [
        Found(severity, message, count, total, interval, limit, sample_refs(missing, evidence.config.samples))
    ]


def language(evidence: Evidence) -> Sequence[Found]:
    """Prompts in a language the encoder does not speak."""
    spoken = evidence.detectors.language
    foreign = evidence.flagged(evidence.frame.filter(pl.col("language") != spoken))
    count, total = (int(frame.select(pl.len()).collect().item()) for frame in (foreign, evidence.frame))
    limit = evidence.config.language_warn
    interval = wilson(count, total, evidence.config.confidence)
    if not count:
        return [Found("pass", f"no prompt is in a language other than {spoken}", 0, total, interval, limit)]
    ranked = (
        foreign.group_by("language").len().sort("len", "language", descending=[True, False]).head(5).collect()
    )
    listed = ", ".join(f"{name} {number:,}" for name, number in ranked.iter_rows())
    severity: Severity = "warn" if count > limit * total else "note"
    message = f"{count:,} of {total:,} prompts are not in {spoken} ({listed}) and were not judged for hazards"
    return [
        Found(severity, message, count, total, interval, limit, sample_refs(foreign, evidence.config.samples))
    ]


def duplicates(evidence: Evidence) -> Sequence[Found]:
    """Samples whose every prompt and response stood before; a repeated "thanks" within longer talks is none."""
    text = pl.struct("prompt_id", "response_id")
    place = ["source", "line", "exchange", "hazard", "text_id"]
    samples = (
        evidence.trained.sort(place[:3]).group_by("sample_id").agg(*(pl.col(n).first() for n in place), text)
    )
    ordered = samples.sort("source", "line", "sample_id").with_columns(text=pl.col("prompt_id"))
    again = evidence.flagged(ordered.filter(~pl.col("text").is_first_distinct()))
    count, total = (int(frame.select(pl.len()).collect().item()) for frame in (again, samples))
    limit = evidence.config.duplicate_warn
    severity: Severity = "warn" if total and count > limit * total else ("note" if count else "pass")
    interval = wilson(count, total, evidence.config.confidence)
    message = f"{count:,} of {total:,} trained samples repeat an earlier one word for word"
    return [
        Found(severity, message, count, total, interval, limit, sample_refs(again, evidence.config.samples))
    ]


def trainer_rules(evidence: Evidence) -> Sequence[Found]:
    """Samples that a trainer would drop, change or reject, one finding per rule."""
    found = [_rule(rule, evidence) for rule in evidence.rules if evidence.corpus.flags.get(rule.id)]
    found = [each for each in found if each.count]
    return found or [Found("pass", "no sample trips a trainer's rule", 0, evidence.corpus.samples)]


def _rule(rule: TrainerRule, evidence: Evidence) -> Found:
    total = evidence.corpus.samples
    tripped = evidence.frame.filter(pl.col("flags").list.contains(rule.id))
    first = tripped.sort("source", "line", "exchange").unique("sample_id", keep="first", maintain_order=True)
    listed = evidence.flagged(first)
    all_, kept = (int(frame.select(pl.len()).collect().item()) for frame in (first, listed))
    count = evidence.corpus.flags[rule.id] - all_ + kept  # a sample without exchanges has a flag and no row
    message = f"{rule.trainer}: {count:,} of {total:,} samples trip {rule.id}"
    return Found(
        rule.severity,
        message,
        count,
        total,
        wilson(count, total, evidence.config.confidence),
        samples=sample_refs(listed, evidence.config.samples),
        subject=rule.id,
        why=rule.why,
        source=rule.source,
        remedy=rule.remedy,
    )


def allow_file(evidence: Evidence) -> Sequence[Found]:
    """Entries of the allow file that are out of date or match nothing."""
    entries = evidence.allowed
    expired = [allowed.entry for allowed in entries if allowed.state == "expired"]
    unused = [allowed.entry for allowed in entries if allowed.state == "unused"]
    if not expired and not unused:
        message = f"all {len(entries)} entries of the allow file are in use" if entries else "no allow file"
        return [Found("pass", message, 0, len(entries))]
    parts = [
        f"{len(found)} {what}: {', '.join(_entry(entry) for entry in found[:3])}"
        for found, what in ((expired, "out of date"), (unused, "without anything to allow"))
        if found
    ]
    message = f"entries of the allow file are {'; '.join(parts)}"
    return [Found("warn" if expired else "note", message, len(expired) + len(unused), len(entries))]


def _entry(entry: Allowance) -> str:
    named = " ".join(filter(None, (entry.check, entry.subject, entry.sample)))
    return f"{named} (until {entry.expires}, {entry.author})"


def formats(evidence: Evidence) -> Sequence[Found]:
    """Files whose records do not all have one format."""
    mixed = {source: counts for source, counts in evidence.corpus.formats.items() if len(counts) > 1}
    total = len(evidence.corpus.formats)
    if not mixed:
        names = sorted({name for counts in evidence.corpus.formats.values() for name in counts})
        return [Found("pass", f"every file has one format ({', '.join(names)})", 0, total)]
    source, counts = next(iter(mixed.items()))
    listed = ", ".join(f"{name} {number:,}" for name, number in sorted(counts.items(), key=lambda c: -c[1]))
    return [
        Found("note", f"{len(mixed)} of {total} files mix formats; {source}: {listed}", len(mixed), total)
    ]
