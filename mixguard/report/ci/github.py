"""What GitHub Actions shows of a run: the job summary and annotations on rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from mixguard.escape import plain
from mixguard.report.ci.markdown import MOST, cut, render
from mixguard.report.suppressed import counting
from mixguard.run.document import Audit
from mixguard.run.findings import Finding, SampleRef

PER_KIND = 10
"""Annotations per kind that a step shows."""
KINDS = {"fail": "error", "incomplete": "error", "warn": "warning", "note": "notice"}


def summarise(audit: Audit, environment: Mapping[str, str]) -> None:
    """Append the Markdown summary to the file that the environment names, up to its size limit."""
    target = environment.get("GITHUB_STEP_SUMMARY")
    if not target:
        return
    path = Path(target)
    path.parent.mkdir(parents=True, exist_ok=True)
    taken = path.stat().st_size if path.is_file() else 0
    content = render(audit)
    if taken + len(content) <= MOST:
        with path.open("ab") as stream:
            stream.write(content)
    elif taken < MOST:
        with path.open("ab") as stream:
            stream.write(cut(content.decode())[: MOST - taken].rpartition(b"\n")[0] + b"\n")


def marked_rows(audit: Audit, environment: Mapping[str, str]) -> Iterator[str]:
    """Workflow commands that annotate rows, if running in a workflow."""
    if environment.get("GITHUB_ACTIONS") != "true":
        return
    shown: Counter[str] = Counter()
    for finding, sample in _by_turns(counting(audit)):
        kind = KINDS[finding.severity]
        if shown[kind] < PER_KIND:
            shown[kind] += 1
            title = f"{finding.id} {finding.name} ({finding.kind})"
            where = "" if sample is None else f"file={_property(sample.source)},line={sample.line},"
            yield f"::{kind} {where}title={_property(title)}::{_escaped(finding.message)}"


def _by_turns(findings: Sequence[Finding]) -> Iterator[tuple[Finding, SampleRef | None]]:
    """The first row of each finding, so that none goes without, then the others."""
    for finding in findings:
        yield finding, next(iter(finding.samples), None)
    for finding in findings:
        for sample in finding.samples[1:PER_KIND]:
            yield finding, sample


def _escaped(text: str) -> str:
    return plain(text).replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _escaped(text).replace(":", "%3A").replace(",", "%2C")
