"""The page in sentences: the three questions, and other signals."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import polars as pl

from mixguard.catalogue import LIMITS, is_own_limit
from mixguard.checks.terms import TRAINED
from mixguard.config import Config, changed
from mixguard.mix.manifest import Manifest
from mixguard.report.figures import formats, languages, touched
from mixguard.report.html.advice import command
from mixguard.report.suppressed import counting
from mixguard.run.document import Audit
from mixguard.run.findings import Finding
from mixguard.run.risks import risks
from mixguard.signals import SIGNALS

MISSING = "MG102"
SIGNS_SHOWN = 5
"""Risks that the second question names."""


class Question(NamedTuple):
    """One of the three questions, and its answer."""

    asked: str
    answer: str
    """The answer in a few words."""
    details: tuple[str, ...]
    command: str | None = None
    """The command to run."""


def questions(audit: Audit, manifest: Manifest | None) -> tuple[Question, ...]:
    """What is in it, what it will erode, and what to train on instead."""
    return _what_is_in_it(audit), _what_it_erodes(audit), _what_instead(audit, manifest)


def _what_is_in_it(audit: Audit) -> Question:
    corpus, found = audit.corpus, touched(audit)
    spoken = [name for name in languages(audit) if name != "und"][:3]
    kinds = [", ".join(names) for names in (list(formats(audit))[:3], spoken) if names]
    unjudged = f", {found.unjudged:,} not judged" if found.unjudged else ""
    return Question(
        "What is in it?",
        f"{found.touched:,} of {_counted(found.trained, 'exchange')} trained on"
        f" {'touches' if found.touched == 1 else 'touch'} a hazard",
        (
            f"{found.refused:,} refused, {found.half:,} partially refused, {found.answered:,} answered{unjudged}",
            f"{_counted(corpus.records, 'record')} in {_counted(len(corpus.sources), 'file')},"
            f" {corpus.rejected:,} could not be read",
            *(["; ".join(kinds)] if kinds else []),
        ),
    )


def _counted(count: int, what: str) -> str:
    return f"{count:,} {what}" if count == 1 else f"{count:,} {what}s"


def _what_it_erodes(audit: Audit) -> Question:
    short = sum(row.is_short for row in audit.coverage)
    answer = "Every hazard has enough refusals"
    if short:
        answer = (
            f"{short} of {len(audit.coverage)} hazards {'has' if short == 1 else 'have'} too few refusals"
        )
    elif any(finding.id == MISSING for finding in counting(audit)):
        answer = "It has too few refusals"
    return Question("What will it erode?", answer, tuple(_signs(audit)))


def _signs(audit: Audit) -> Iterator[str]:
    told = [risk.message for risk in risks(audit.findings)][:SIGNS_SHOWN]
    apart = sum(not finding.counts for finding in audit.findings)
    yield from told
    if apart:
        yield f"{_counted(apart, 'finding')} suppressed, see Findings"
    elif not told:
        yield "no other sign of erosion"


def _what_instead(audit: Audit, manifest: Manifest | None) -> Question:
    asked = "What to train on instead?"
    if manifest is not None:
        kinds = [added.kind for added in manifest.added]
        return Question(
            asked,
            "This corpus: it is a rebalanced mix",
            (
                f"{kinds.count('refusal'):,} refusal and {kinds.count('contrast'):,} contrast pairs added",
                f"{_counted(len(manifest.set_aside), 'row')} set aside; verdict {manifest.verdict} before,"
                f" {audit.verdict} after",
            ),
        )
    missing = sum(max(row.wanted - row.refusals, 0) for row in audit.coverage)
    if not missing:
        return Question(
            asked,
            "This corpus, once the findings are resolved" if audit.verdict != "pass" else "This corpus",
            (),
        )
    return Question(
        asked,
        f"The same corpus with at least {missing:g} more {'refusal' if missing == 1 else 'refusals'}",
        ("plus harmless look-alikes, so that it does not learn to over-refuse",),
        command(audit),
    )


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
