"""The findings in a card: those that count, and the suppressed ones."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from mixguard.catalogue import is_own_limit
from mixguard.report.card.table import cell, interval, named, table
from mixguard.report.suppressed import counting, why
from mixguard.run.document import Audit
from mixguard.run.findings import Finding
from mixguard.run.risks import risks


def findings(audit: Audit, folder: Path) -> Iterator[str]:
    """What decides the verdict, and why it matters."""
    found = counting(audit)
    level = f"{audit.config.checks.confidence:.0%}"
    yield "### Findings"
    yield ""
    if found:
        rows = [
            (
                finding.severity,
                finding.kind,
                _name(finding),
                _message(finding, audit, folder),
                interval(finding.interval),
                _limit(finding, audit),
            )
            for finding in found
        ]
        yield from table(
            ("", "kind", "check", "what was found", f"share, {level} interval", "limit"), "llllll", rows
        )
        yield ""
    passed = [_name(finding) for finding in audit.findings if finding.severity == "pass"]
    yield f"Passed: {', '.join(passed) or 'none'}."
    grave = {finding.id: finding for finding in found if finding.severity in ("warn", "fail", "incomplete")}
    if grave:
        yield ""
        yield "Why this matters:"
        yield ""
    for finding in grave.values():
        yield f"- **{finding.id}**: {cell(finding.why)} ({cell(finding.source)})"


def ranked(audit: Audit) -> Iterator[str]:
    """The risks that the findings show, gravest first."""
    found = risks(audit.findings)
    if not found:
        return
    yield "### Risks, gravest first"
    yield ""
    rows = [
        (risk.severity, cell(risk.name), risk.strong, cell(risk.sure), cell(risk.effect), cell(risk.first))
        for risk in found
    ]
    yield from table(("", "risk", "how much", "how sure", "what is known", "first"), "llllll", rows)


def _name(finding: Finding) -> str:
    subject = f" ({cell(finding.subject)})" if finding.subject else ""
    return f"{finding.id} {cell(finding.name)}{subject}"


def _message(finding: Finding, audit: Audit, folder: Path) -> str:
    """What was found, with files named relative to the card."""
    # Only a name followed by its counts: a name can also be a plain word, part of another name, or `-`.
    names = sorted(audit.corpus.sources, key=len, reverse=True)
    known = "|".join(map(re.escape, names)) or "$."
    pattern = rf"(?<![^\s(])(?:{known})(?=: |$)"
    return cell(re.sub(pattern, lambda found: named(found[0], folder), finding.message))


def _limit(finding: Finding, audit: Audit) -> str:
    """The limit, with the option that sets it unless the limit is derived from others."""
    if finding.limit is None:
        return ""
    option = finding.limit_option if is_own_limit(audit.config.checks, finding) else None
    return f"{finding.limit:g}" + (f" ({cell(option)})" if option else "")


def accepted(audit: Audit, folder: Path) -> Iterator[str]:
    """What is suppressed, and who answers for it."""
    suppressed = [
        (finding, finding.suppressed)
        for finding in audit.findings
        if finding.suppressed and finding.severity != "pass"
    ]
    if not suppressed and not audit.allowed:
        return
    yield "### Suppressed"
    if suppressed:
        yield ""
        yield from table(
            ("", "check", "what was found", "why suppressed"),
            "llll",
            [
                (finding.severity, _name(finding), _message(finding, audit, folder), cell(why(mark)))
                for finding, mark in suppressed
            ],
        )
    if audit.allowed:
        yield ""
        yield from table(
            ("allow file", "state", "exchanges left out", "reason", "by", "until"),
            "llrlll",
            [
                (
                    cell(" ".join(filter(None, (each.entry.check, each.entry.subject, each.entry.sample)))),
                    each.state,
                    f"{each.exchanges:,}" if each.entry.sample else "",
                    cell(each.entry.reason),
                    cell(each.entry.author),
                    f"{each.entry.expires}",
                )
                for each in audit.allowed
            ],
        )
