"""Whether the corpus could be read, understood and judged."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import polars as pl

from mixguard.checks.base import Case, Check, Evidence, Judged, Limit, Rate, Told
from mixguard.library.allow import Allowance
from mixguard.library.aside import SetAside
from mixguard.run.findings import Allowed, AsideUse, Severity, UnreadColumn
from mixguard.run.mapping import is_answer, suggested
from mixguard.stats import wilson

REASONS_SHOWN = 3
ALLOW_FILE = "MG307"
"""The check of the allow file and the set-aside file; it runs after all others."""


def _quarantined(evidence: Evidence) -> Told:
    """Records that could not be read or understood."""
    corpus, limit = evidence.corpus, evidence.limits["MG303"]
    count, total = corpus.rejected, corpus.records
    interval = wilson(count, total, evidence.config.confidence)
    if not count:
        return Told("pass", f"all {total:,} records were read", 0, total, interval, limit)
    reasons = sorted(corpus.quarantined.items(), key=lambda pair: (-pair[1], pair[0]))
    size = corpus.read_bytes + corpus.quarantined_bytes
    heavy = corpus.quarantined_bytes > limit * size
    unread = f", {corpus.quarantined_bytes / size:.1%} of all bytes," if heavy else ""
    message = f"{count:,} of {total:,} records{unread} could not be read: {_listed(reasons)}"
    if corpus.broken:
        more = f" and {len(corpus.broken) - 1} more break" if len(corpus.broken) > 1 else " breaks"
        message = f"{corpus.broken[0]}{more} off, so the rest is unknown; {message}"
    unfit = heavy or corpus.broken or count > limit * total
    return Told("incomplete" if unfit else "warn", message, count, total, interval, limit)


def _unjudged(rate: Rate, _: Evidence) -> Judged:
    if not rate.count:
        return Judged("pass", f"all {rate.total:,} exchanges were judged")
    message = f"{rate.count:,} of {rate.total:,} exchanges could not be judged: {_listed(rate.commonest)}"
    return Judged("incomplete" if rate.count > rate.limit * rate.total else "note", message)


def _listed(reasons: Iterable[tuple[str, int]]) -> str:
    return "; ".join(f"{reason} ({number:,})" for reason, number in [*reasons][:REASONS_SHOWN])


def _formats(evidence: Evidence) -> Told:
    """Files whose records do not all have one format."""
    formats = evidence.corpus.formats
    mixed = {source: counts for source, counts in formats.items() if len(counts) > 1}
    if not mixed:
        names = sorted({name for counts in formats.values() for name in counts})
        return Told("pass", f"every file has one format ({', '.join(names)})", 0, len(formats))
    source, counts = next(iter(mixed.items()))
    listed = ", ".join(f"{name} {number:,}" for name, number in sorted(counts.items(), key=lambda c: -c[1]))
    message = f"{len(mixed)} of {len(formats)} files mix formats; {source}: {listed}"
    return Told("note", message, len(mixed), len(formats))


def _unread(evidence: Evidence) -> Told:
    """Columns with text that no format read."""
    corpus, limit = evidence.corpus, evidence.limits["MG309"]
    if not corpus.unread:
        return Told("pass", "no column holds text that was not read", 0, corpus.looked, None, limit)
    silent = [each for each in corpus.unread if each.unanswered]
    told = silent or corpus.unread
    count = _records(told)
    severity: Severity = "warn" if silent or any(is_answer(each.column) for each in told) else "note"
    if sum(each.unanswered for each in _widest(silent)) > limit * corpus.looked:
        severity = "incomplete"
    names = list(dict.fromkeys(each.column for each in told))
    listed = " and ".join(f"`{name}`" for name in names[:REASONS_SHOWN])
    more = f" (and {len(names) - REASONS_SHOWN:,} more)" if len(names) > REASONS_SHOWN else ""
    where = f" of {told[0].source}" if len(corpus.sources) > 1 else ""
    looked = "records" if corpus.looked == corpus.samples else "records looked at"
    hold, were, them = ("hold", "were", "them") if len(names) > 1 else ("holds", "was", "it")
    what = f"{hold} text in {count:,} of {corpus.looked:,} {looked} and {were} not read"
    own = [each.column for each in told if each.source == told[0].source]
    do = (
        f"map {them}: {suggested(own, told[0].asked)}"
        if silent
        else f"a trainer that uses {them} trains on what was not judged"
    )
    return Told(severity, f"{listed}{more}{where} {what}; {do}", count, corpus.looked, None, limit)


def _records(columns: Sequence[UnreadColumn]) -> int:
    """Records with unread text: at least those of the most common column of each source."""
    return sum(each.records for each in _widest(columns))


def _widest(columns: Sequence[UnreadColumn]) -> Iterable[UnreadColumn]:
    """The most common unread column of each source; the columns come most common first."""
    return {each.source: each for each in reversed(columns)}.values()


def _allow_file(evidence: Evidence) -> Told:
    """Entries of the allow file and the set-aside file that have expired or match nothing."""
    every: dict[str, Sequence[Allowed | AsideUse]] = {
        "allow-file": evidence.allowed,
        "set-aside": evidence.set_aside,
    }
    files = {name: uses for name, uses in every.items() if uses}
    total = sum(map(len, files.values()))
    idle = {name: [use for use in uses if use.state != "used"] for name, uses in files.items()}
    count = sum(map(len, idle.values()))
    if not count:
        message = f"all {total} {' and '.join(files)} entries are in use" if files else "no allow file"
        return Told("pass", message, 0, total)
    message = "; ".join(f"{name} entries: {_idle(uses)}" for name, uses in idle.items() if uses)
    expired = any(use.state == "expired" for uses in idle.values() for use in uses)
    return Told("warn" if expired else "note", message, count, total)


def _idle(uses: Sequence[Allowed | AsideUse]) -> str:
    by_state = {state: [use.entry for use in uses if use.state == state] for state in ("expired", "unused")}
    return "; ".join(
        f"{len(entries)} {state}: {', '.join(map(_entry, entries[:3]))}"
        for state, entries in by_state.items()
        if entries
    )


def _entry(entry: Allowance | SetAside) -> str:
    subject = entry.subject if isinstance(entry, Allowance) else None
    named = " ".join(filter(None, (entry.check, subject, entry.sample)))
    return f"{named} (until {entry.expires}, {entry.author})"


def _stages(evidence: Evidence) -> Told:
    """Whether a stage that would have judged better is missing."""
    detectors = evidence.detectors
    careful, fast, endpoint = detectors.without, detectors.hazard_error, detectors.endpoint
    asked = "".join(f"; {used.told}" for used in (detectors.screen, endpoint) if used is not None)
    if careful is None:
        names = " and ".join(stage.name for stage in detectors.stages)
        return Told("pass", f"judged by the stage{'s' * (' ' in names)} {names}{asked}", 0, 0)
    message = (
        "judged by the fast stage alone, which finds"
        f" {fast.sensitivity:.0%} of left-out hazardous requests; with the careful stage it is {careful.sensitivity:.0%}"
    )
    return Told("note", f"{message}{asked}", 0, 0)


_UNJUDGED = ("hazard_unjudged", "stance_unjudged")

READING_CHECKS = (
    Check(
        id="MG303",
        name="quarantined-records",
        kind="reading",
        severities=("warn", "incomplete"),
        find=_quarantined,
        limit=Limit(
            0.01,
            "Share of unreadable records, or of their bytes, above which the verdict is `incomplete`; it is in any case if a"
            " file breaks off.",
        ),
        why="What cannot be read cannot be judged, but a trainer may still read it.",
        source="design of this tool",
        remedy="See quarantine.jsonl in the run folder; it lists file, line, size and reason.",
    ),
    Check(
        id="MG305",
        name="unjudged-exchanges",
        kind="reading",
        severities=("note", "incomplete"),
        cases=(
            Case(
                among=pl.col("kind") == "exchange",
                flags=pl.any_horizontal(pl.col(_UNJUDGED).is_not_null()),
                judge=_unjudged,
                by=pl.coalesce(_UNJUDGED),
            ),
        ),
        limit=Limit(0.2, "Share of unjudged exchanges above which the verdict is `incomplete`."),
        why="An exchange that was not judged is not known to be safe.",
        source="design of this tool",
        remedy="Check the reasons; most often it is the language or an empty response.",
    ),
    Check(
        id="MG306",
        name="mixed-formats",
        kind="reading",
        severities=("note",),
        find=_formats,
        why="Most trainers detect the format from the first rows and read the rest the same way.",
        source="TRL looks only at the first element (trl/data_utils.py)",
        remedy="Split the file by format, or pass --format.",
    ),
    Check(
        id="MG308",
        name="stages",
        kind="reading",
        severities=("note",),
        find=_stages,
        why="A larger encoder decides what the fast one doubts: it finds more and raises fewer false alarms.",
        source="docs/quality.md",
        remedy="pip install 'mixguard[careful]', or set encode.careful to a folder or hub name of all-mpnet-base-v2.",
    ),
    Check(
        id="MG309",
        name="unread-columns",
        kind="reading",
        severities=("note", "warn", "incomplete"),
        find=_unread,
        limit=Limit(
            0.01,
            "Share of records that hold unread text and were read without an answer, above which the verdict is `incomplete`.",
        ),
        why="A trainer can be told to train on any column; what is in one that no format reads was not judged.",
        source="data sets keep answers under hundreds of names, e.g. response_0 and response_1 (PKU-Alignment/PKU-SafeRLHF)",
        remedy="Say what the columns hold: --columns prompt=...,response=... (`mixguard formats FILE` shows how each is read), or remove them.",
    ),
    Check(
        id=ALLOW_FILE,
        name="allow-file",
        kind="quality",
        severities=("note", "warn"),
        find=_allow_file,
        why="A decision is temporary, and an unused entry can hide what comes next.",
        source="design of this tool",
        remedy="Review what the entries allow or set aside; give them a new date or remove them.",
    ),
)
