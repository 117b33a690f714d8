"""A Markdown summary: for a pull request, a job page or a chat."""

from __future__ import annotations

import re
from collections.abc import Iterator

from mixguard.escape import one_line
from mixguard.report.suppressed import counting, set_apart
from mixguard.run.document import Audit
from mixguard.run.findings import Finding
from mixguard.stats import span

MOST = 900 * 1024
"""Bytes; GitHub drops a step summary above 1024 KiB."""
PLACES = 5
_SPECIAL = re.compile(r"([\\`*_{}\[\]()#+!|<>~&-])")
_LIVE = re.compile(r"@|:(?=//)|www(?=\.)|#(?=\d)", re.IGNORECASE)
"""What services turn into a mention, address or reference, escaped or not."""


def render(audit: Audit) -> bytes:
    """Verdict, findings and coverage; truncated, with a note, if too long."""
    return cut("\n".join(_lines(audit)) + "\n")


def cut(text: str) -> bytes:
    """The text as bytes; whole lines at the end are left out if it is too long."""
    content = text.encode()
    if len(content) <= MOST:
        return content
    kept = content[:MOST].rpartition(b"\n")[0]
    left = content[len(kept) :].count(b"\n")
    return kept + f"\n\n*{left:,} lines left out; audit.json has everything.*\n".encode()


def safe(text: str) -> str:
    """Text without live markup, mentions, links or references; a zero-width space breaks the latter three."""
    return _LIVE.sub(r"\g<0>&#8203;", _SPECIAL.sub(r"\\\1", one_line(text)))


def _lines(audit: Audit) -> Iterator[str]:
    corpus = audit.corpus
    yield f"## mixguard: {audit.verdict}, {safe(audit.meaning)}"
    yield ""
    sources = ", ".join(safe(name) for name in list(corpus.sources)[:PLACES])
    more = f" and {len(corpus.sources) - PLACES} more" if len(corpus.sources) > PLACES else ""
    yield f"{sources}{more}: {corpus.records:,} records, {corpus.exchanges:,} exchanges, {corpus.rejected:,} quarantined."
    yield ""
    yield "| | kind | finding | what was found | rows |"
    yield "|---|---|---|---|---|"
    for finding in counting(audit):
        head = f"{finding.severity} | {finding.kind} | {finding.id} {finding.name}"
        yield f"| {head} | {safe(finding.message)} | {_places(finding)} |"
    yield from _set_apart(audit)
    passed = [finding.id for finding in audit.findings if finding.severity == "pass"]
    yield ""
    yield f"Passed: {', '.join(passed) or 'none'}."
    yield ""
    yield "| hazard | name | prompts | refused | partial | answered | refused, interval |"
    yield "|---|---|---:|---:|---:|---:|---|"
    for row in audit.coverage:
        judged = row.exchanges - row.unjudged
        share = span(row.refused, judged) if judged else ""
        yield (
            f"| {row.hazard} | {safe(row.name)} | {row.exchanges:,} | {row.full_refusal:,} | {row.partial_refusal:,}"
            f" | {row.full_compliance:,} | {share} |"
        )
    remedies = dict.fromkeys(finding.remedy for finding in counting(audit) if finding.severity != "note")
    if remedies:
        yield ""
        yield from (f"- {safe(remedy)}" for remedy in remedies)


def _set_apart(audit: Audit) -> Iterator[str]:
    rows = list(set_apart(audit))
    if rows:
        yield ""
        yield "| suppressed | what was found | why |"
        yield "|---|---|---|"
    for what, found, why in rows:
        yield f"| {safe(what)} | {safe(found)} | {safe(why)} |"


def _places(finding: Finding) -> str:
    places = list(dict.fromkeys(f"{sample.source}:{sample.line}" for sample in finding.samples))[:PLACES]
    more = finding.count - len(places)
    shown = ", ".join(map(safe, places))
    return f"{shown} and {more:,} more" if places and more > 0 else shown
