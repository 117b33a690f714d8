"""The findings in a card: those that count, and those that somebody accepted."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from mixguard._audit import Audit
from mixguard.checks.base import Finding
from mixguard.report.card.table import cell, interval, named, table


def findings(audit: Audit, folder: Path) -> Iterator[str]:
    """What bears on the verdict, and why it matters."""
    found = [finding for finding in audit.findings if finding.severity != "pass" and finding.counts]
    level = f"{audit.config.checks.confidence:.0%}"
    yield "### Findings"
    yield ""
    if found:
        rows = [
            (
                finding.severity,
                _name(finding),
                _message(finding, audit, folder),
                interval(finding.interval),
                _limit(finding),
            )
            for finding in found
        ]
        yield from table(("", "check", "what was found", f"share, {level} interval", "limit"), "lllll", rows)
        yield ""
    passed = [_name(finding) for finding in audit.findings if finding.severity == "pass"]
    yield f"Passed: {', '.join(passed) or 'none'}."
    why = {finding.id: finding for finding in found if finding.severity in ("warn", "fail", "incomplete")}
    if why:
        yield ""
        yield "What that means:"
        yield ""
    for finding in why.values():
        yield f"- **{finding.id}**: {cell(finding.why)} ({cell(finding.source)})"


def _name(finding: Finding) -> str:
    subject = f" ({cell(finding.subject)})" if finding.subject else ""
    return f"{finding.id} {cell(finding.name)}{subject}"


def _message(finding: Finding, audit: Audit, folder: Path) -> str:
    """What was found, with files as they are named from the card."""
    text = finding.message
    for source in audit.corpus.sources:
        text = text.replace(source, named(source, folder))
    return cell(text)


def _limit(finding: Finding) -> str:
    option = f" ({cell(finding.limit_option)})" if finding.limit_option else ""
    return "" if finding.limit is None else f"{finding.limit:g}{option}"


def accepted(audit: Audit, folder: Path) -> Iterator[str]:
    """What was found and does not count, and who answers for that."""
    suppressed = [finding for finding in audit.findings if finding.suppressed and finding.severity != "pass"]
    if not suppressed and not audit.allowed:
        return
    yield "### Accepted, and not counted in the verdict"
    if suppressed:
        yield ""
        yield from table(
            ("", "check", "what was found", "why it does not count", "accepted by", "until"),
            "llllll",
            [
                (finding.severity, _name(finding), _message(finding, audit, folder), *_why_not(finding))
                for finding in suppressed
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


def _why_not(finding: Finding) -> tuple[str, str, str]:
    mark = finding.suppressed
    if mark is None:
        return "", "", ""
    return f"{mark.kind}: {cell(mark.reason)}", cell(mark.author or ""), f"{mark.expires or ''}"
