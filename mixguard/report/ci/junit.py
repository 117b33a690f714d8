"""JUnit XML: one test case per finding, so that any CI server shows what failed and why."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Mapping

from mixguard.escape import one_line
from mixguard.report.suppressed import counting, left_out, why
from mixguard.run.document import Audit
from mixguard.run.findings import Finding

LOCATIONS = 10


def render(audit: Audit) -> bytes:
    """The findings as one test suite.

    A failing finding is a failure; a corpus that could not be judged is an error; warnings and notes are output
    of a passed case. Suppressed findings and allowed samples are skipped cases, with the reason.
    """
    cases = [*audit.findings, *left_out(audit, LOCATIONS)]
    severities = [finding.severity for finding in counting(audit)]
    suite = ET.Element(
        "testsuite",
        name="mixguard",
        tests=str(len(cases)),
        failures=str(severities.count("fail")),
        errors=str(severities.count("incomplete")),
        skipped=str(sum(not finding.counts for finding in cases)),
        timestamp=audit.provenance.started.isoformat(timespec="seconds"),
        time=str(audit.provenance.seconds),
    )
    set_properties(suite, {"verdict": audit.verdict, "kinds": ",".join(audit.kinds)})
    for finding in cases:
        _case(suite, finding)
    return document(suite)


def set_properties(suite: ET.Element, properties: Mapping[str, str]) -> None:
    """Properties of a test suite."""
    listed = ET.SubElement(suite, "properties")
    for name, value in properties.items():
        ET.SubElement(listed, "property", name=name, value=value)


def document(suite: ET.Element) -> bytes:
    """One test suite as a file."""
    root = ET.Element("testsuites", name="mixguard")
    root.append(suite)
    ET.indent(root)
    text: str = ET.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{text}\n'.encode()


def _case(suite: ET.Element, finding: Finding) -> None:
    subject = f" {one_line(finding.subject)}" if finding.subject else ""
    name = f"{finding.id} {finding.name}{subject}"
    case = ET.SubElement(suite, "testcase", classname=f"mixguard.{finding.kind}", name=name)
    if finding.severity == "pass":
        return
    message = one_line(finding.message)
    kind, attributes = _kind(finding, message)
    lines = [
        f"{finding.severity}: {message}",
        f"why: {one_line(finding.why)}",
        f"fix: {one_line(finding.remedy)}",
    ]
    lines += [f"at {one_line(sample.source)}:{sample.line}" for sample in finding.samples[:LOCATIONS]]
    ET.SubElement(case, kind, attributes).text = "\n".join(lines)


def _kind(finding: Finding, message: str) -> tuple[str, dict[str, str]]:
    """The element for a finding, and its attributes."""
    if finding.suppressed is not None:
        return "skipped", {"message": why(finding.suppressed)}
    kinds = {"fail": "failure", "incomplete": "error"}
    if finding.severity in kinds:
        return kinds[finding.severity], {"message": message, "type": finding.id}
    return "system-out", {}
