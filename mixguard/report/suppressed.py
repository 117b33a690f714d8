"""What was found and does not count, in words that several reports use."""

from __future__ import annotations

from collections.abc import Iterator

from mixguard._audit import Audit
from mixguard.checks.base import Finding, Suppression
from mixguard.report.escape import plain


def counting(audit: Audit) -> list[Finding]:
    """Findings that count and did not pass."""
    return [finding for finding in audit.findings if finding.counts and finding.severity != "pass"]


def set_apart(audit: Audit) -> Iterator[tuple[str, str, str]]:
    """What does not count, as what it is, what was found and why that does not count; samples left out come last.

    Each is one harmless line.
    """
    for finding in audit.findings:
        if finding.suppressed is not None:
            subject = f" ({finding.subject})" if finding.subject else ""
            yield f"{finding.id} {finding.name}{subject}", _line(finding.message), why(finding.suppressed)
    for allowed in audit.allowed:
        entry = allowed.entry
        if allowed.state == "used" and entry.sample is not None:
            noun = "exchange" if allowed.exchanges == 1 else "exchanges"
            left_out = f"{allowed.exchanges:,} {noun} left out"
            leave = Suppression(
                kind="allowed", reason=entry.reason, author=entry.author, expires=entry.expires
            )
            yield f"{entry.check or 'every check'}, sample {entry.sample}", left_out, why(leave)


def why(suppression: Suppression) -> str:
    """Who allowed it, until when and for what reason; or that the baseline has it."""
    if suppression.kind == "known":
        return "known from the baseline"
    return _line(f"allowed until {suppression.expires} by {suppression.author}: {suppression.reason}")


def _line(text: str) -> str:
    return " ".join(plain(text).split())
