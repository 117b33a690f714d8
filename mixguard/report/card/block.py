"""Our part of a card: what the audit found, what was changed, how it was judged, and what is still open."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from mixguard.catalogue import LIMITS
from mixguard.config import changed as changed_options
from mixguard.library.profile import Dose
from mixguard.mix.manifest import Manifest
from mixguard.report.card import basis, found
from mixguard.report.card.changed import changed
from mixguard.report.card.gaps import OpenQuestion
from mixguard.report.card.standards import checked_against
from mixguard.report.card.table import cell, counted, interval, table
from mixguard.report.card.training import training
from mixguard.report.figures import formats, languages, touched
from mixguard.run.document import Audit
from mixguard.run.words import decided

LANGUAGES_SHOWN = 8
REASONS_SHOWN = 3
NO_LIMITS = {"checks.samples", "checks.allow", "checks.baseline"}
"""Options of checks that are not limits."""
TARGETS = {f"rebalance.{name}" for name in ("profile", "budget", *Dose._fields)}
"""Options that set the refusals each hazard should have."""


def render(audit: Audit, manifest: Manifest | None, open_: Sequence[OpenQuestion], folder: Path) -> str:
    """The text between the markers.

    Args:
        audit: of the data.
        manifest: of the mix, if it is one.
        open_: questions the card has no place for.
        folder: of the card; files are named relative to it.
    """
    parts = (
        _head(audit),
        found.ranked(audit),
        found.findings(audit, folder),
        found.accepted(audit, folder),
        _coverage(audit),
        training(audit),
        changed(audit, manifest),
        basis.files(audit, manifest, folder),
        basis.judged(audit),
        basis.known_limits(audit),
        _open(open_),
        checked_against(audit),
        basis.crosswalk(audit),
        basis.foot(audit),
    )
    return "\n\n".join("\n".join(lines) for part in parts if (lines := list(part)))


def _head(audit: Audit) -> Iterator[str]:
    corpus, provenance = audit.corpus, audit.provenance
    version = cell(provenance.versions.get("mixguard", "of unknown version"))
    yield "## Audit before training"
    yield ""
    yield f"**Verdict: {audit.verdict}**, {cell(decided(audit.verdict, audit.findings))}."
    yield ""
    yield (
        f"mixguard {version} audited this data on {provenance.started:%Y-%m-%d}: which hazards the prompts touch, and"
        " whether each answer refuses, partially refuses or complies. It sees data, not a model."
    )
    if any(not finding.counts for finding in audit.findings) or any(each.exchanges for each in audit.allowed):
        yield ""
        yield "**Some findings or samples are suppressed and do not affect the verdict**: see below."
    limits = _moved_limits(audit)
    if limits:
        yield ""
        yield f"**Non-default limits:** {'; '.join(limits)}."
    yield ""
    reasons = sorted(corpus.quarantined.items(), key=lambda entry: (-entry[1], entry[0]))
    why = f" ({counted((cell(name), count) for name, count in reasons[:REASONS_SHOWN])})" if reasons else ""
    yield from table(
        ("what was read", ""),
        "ll",
        [
            ("records", f"{corpus.records:,}"),
            ("quarantined (unreadable)", f"{corpus.rejected:,}{why}"),
            ("samples", f"{corpus.samples:,}"),
            ("exchanges (a prompt with its answer, the unit judged)", f"{corpus.exchanges:,}"),
            ("formats, by records", counted((cell(name), count) for name, count in formats(audit).items())),
            ("prompt languages, by exchanges", _languages(audit)),
        ],
    )


def _languages(audit: Audit) -> str:
    found = list(languages(audit).items())
    named_ = [
        ("too short to tell" if code == "und" else cell(code), count)
        for code, count in found[:LANGUAGES_SHOWN]
    ]
    left = sum(count for _, count in found[LANGUAGES_SHOWN:])
    return counted([*named_, ("others", left)] if left else named_)


def _moved_limits(audit: Audit) -> list[str]:
    """Limits set by hand, without which a verdict cannot be read."""
    return [
        f"{cell(name)} is {cell(str(value))} ({'calibrated or derived' if default is None else cell(str(default))} by default)"
        for name, value, default in changed_options(
            audit.config, {name: limit.default for name, limit in LIMITS.items()}
        )
        if (name.startswith("checks.") and name not in NO_LIMITS) or name in TARGETS
    ]


def _coverage(audit: Audit) -> Iterator[str]:
    level = f"{audit.config.checks.confidence:.0%}"
    yield "### Refusal coverage"
    yield ""
    counts = touched(audit)
    yield (
        f"What the answers do when a prompt touches a hazard: {counts.touched:,} of the {counts.trained:,} exchanges trained on."
        " *Covered* counts a partial refusal as half, against the target for data of this size. The last column is the share of"
        " answers that refuse fully or partially; it accounts for detector errors, and is wide when prompts are few."
    )
    yield ""
    head = (
        "hazard",
        "prompts",
        "refused",
        "partially refused",
        "answered",
        "not judged",
        "covered",
        f"share refused, {level} interval",
    )
    rows = [
        (
            f"{cell(row.name)} ({cell(row.hazard)})",
            f"{row.exchanges:,}",
            f"{row.full_refusal:,}",
            f"{row.partial_refusal:,}",
            f"{row.full_compliance:,}",
            f"{row.unjudged:,}",
            row.covered,
            interval(row.refused) if row.exchanges > row.unjudged else "",
        )
        for row in audit.coverage
    ]
    yield from table(head, "lrrrrrrl", rows)


def _open(questions: Iterable[OpenQuestion]) -> Iterator[str]:
    listed = [
        f"- **{question.what.capitalize()}**{' (required)' if question.required else ''}: {question.how}."
        for question in questions
    ]
    if listed:
        yield "### Open questions"
        yield ""
        yield (
            "No audit can answer these, and this card has no place for them yet. Answer them outside this block, each under"
            " its own heading."
        )
        yield ""
        yield from listed
