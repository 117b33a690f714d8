"""The page in sentences: the verdict, the figures beside it, and other signals."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import polars as pl

from mixguard.catalogue import LIMITS, is_own_limit
from mixguard.checks.terms import TRAINED
from mixguard.config import Config, changed
from mixguard.mix.manifest import Manifest
from mixguard.report.figures import formats, languages, touched
from mixguard.report.html.found import tone
from mixguard.run.document import Audit
from mixguard.run.findings import Finding, kinds
from mixguard.run.words import KINDS, MEANINGS
from mixguard.signals import SIGNALS


class Fact(NamedTuple):
    """A figure beside the verdict."""

    name: str
    figure: str
    detail: str


def headline(audit: Audit) -> str:
    """The verdict in a few words; the findings below it say why."""
    apart = sum(not finding.counts for finding in audit.findings)
    suppressed = f"; {_counted(apart, 'finding')} suppressed" if apart else ""
    found = [KINDS[kind] for kind in kinds(audit.findings, audit.verdict)]
    if audit.verdict != "fail" or not found:
        return audit.meaning
    *rest, last = found
    told = f"{', '.join(rest)} and {last}" if rest else last
    return f"{MEANINGS[audit.verdict]}: it {told}{suppressed}"


def verdict_tone(audit: Audit) -> str:
    """The class that colours the verdict: red only if harm decided it."""
    tones = [
        tone(finding) for finding in audit.findings if finding.counts and finding.severity == audit.verdict
    ]
    return "harm" if "harm" in tones else next(iter(tones), audit.verdict)


def facts(audit: Audit, manifest: Manifest | None) -> Iterator[Fact]:
    """What is in the corpus, what it lacks, and what a mix added."""
    corpus, found = audit.corpus, touched(audit)
    languages_seen = [name for name in languages(audit) if name != "und"][:3]
    kinds_read = [", ".join(names) for names in (list(formats(audit))[:3], languages_seen) if names]
    unread = f"{corpus.rejected:,} could not be read; " if corpus.rejected else ""
    yield Fact(
        "What is in it",
        _counted(corpus.records, "record"),
        f"{unread}{_counted(found.trained, 'exchange')} trained on; {'; '.join(kinds_read)}",
    )
    unjudged = f", {found.unjudged:,} not judged" if found.unjudged else ""
    half = f"{found.half:,} partly refused, " if found.half else ""
    yield Fact(
        "Prompts that touch a hazard",
        f"{found.touched:,} of {found.trained:,}",
        f"{found.refused:,} refused, {half}{found.answered:,} answered{unjudged}",
    )
    wanted = sum(row.wanted for row in audit.coverage)
    # More than a hazard wants makes up for none of another.
    refusals = sum(min(row.refusals, row.wanted) if wanted else row.refusals for row in audit.coverage)
    short = sum(row.is_short for row in audit.coverage)
    yield Fact(
        "Refusals counted",
        f"{refusals:g} of {wanted:,} wanted" if wanted else f"{refusals:g}, none wanted",
        f"{short} of {len(audit.coverage)} hazards {'has' if short == 1 else 'have'} too few"
        if short
        else "every hazard has enough refusals",
    )
    if manifest is not None:
        added = [pair.kind for pair in manifest.added]
        yield Fact(
            "This is a rebalanced mix",
            f"{manifest.verdict} → {audit.verdict}",
            f"{added.count('refusal'):,} refusals and {added.count('contrast'):,} look-alikes added,"
            f" {_counted(len(manifest.set_aside), 'row')} set aside",
        )


def _counted(count: int, what: str) -> str:
    return f"{count:,} {what}" if count == 1 else f"{count:,} {what}s"


def limit_from(config: Config, finding: Finding) -> str:
    """How the limit that decided relates to the option shown with it."""
    return "set by" if is_own_limit(config.checks, finding) else "derived from"


class Signal(NamedTuple):
    """A signal seen in exchanges or records."""

    name: str
    meaning: str
    seen: int
    total: int


INABILITY = "says it cannot, rather than will not"
FLAGS_SHOWN = 30


def signals(audit: Audit) -> list[Signal]:
    """What was measured besides hazard and stance; only signals that were seen."""
    return [signal for signal in _signals(audit) if signal.seen]


def _signals(audit: Audit) -> Iterator[Signal]:
    for signal in SIGNALS:
        for finding in audit.findings:
            if finding.id == signal.check.id:
                name = f"{signal.name}: {finding.subject}" if finding.subject else signal.name
                yield Signal(name, signal.about, finding.count, finding.total)
    trained = audit.annotations.filter(TRAINED)
    unable, total = (
        trained.select((pl.col("stance_note") == "inability").sum(), pl.len().alias("n")).collect().row(0)
    )
    yield Signal("inability", INABILITY, unable, total)
    flags = sorted(audit.corpus.flags.items(), key=lambda entry: (-entry[1], entry[0]))
    for flag, count in flags[:FLAGS_SHOWN]:
        yield Signal(flag, "noticed while reading records", count, audit.corpus.samples)


def languages_shown(audit: Audit) -> list[tuple[str, int]]:
    """The most common languages, and the rest as one."""
    found = list(languages(audit).items())
    rest = sum(count for _, count in found[8:])
    return [*found[:8], ("others", rest)] if rest else found[:8]


def changed_options(config: Config) -> list[tuple[str, str]]:
    """Options not at their default, by dotted name; folders left out."""
    folders = ("run.folder", "encode.cache")
    defaults = {name: limit.default for name, limit in LIMITS.items()}
    return [(name, str(value)) for name, value, _ in changed(config, defaults) if name not in folders]
