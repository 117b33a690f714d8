"""SARIF 2.1.0: results by rule and file, within what code scanning services take."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from pathlib import PurePath
from typing import Any
from urllib.parse import quote

import orjson

from mixguard import __version__
from mixguard._audit import Audit
from mixguard.checks.base import Finding, SampleRef
from mixguard.report.escape import plain
from mixguard.report.suppressed import why

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
LOCATIONS = 100
"""Locations GitHub shows of a result; it takes 1,000."""
RESULTS = 5000
"""Results GitHub keeps of a run."""
_SEPARATOR = re.compile(r"[/\\]+")
LEVELS = {"fail": "error", "incomplete": "error", "warn": "warning", "note": "note"}


def render(audit: Audit) -> bytes:
    """The findings as one SARIF run; passed checks are rules without results."""
    rules = {finding.id: finding for finding in reversed(audit.findings)}
    names = _names({*audit.corpus.sources, *(s.source for f in audit.findings for s in f.samples)})
    compared = audit.config.checks.baseline is not None
    results = [
        {**result, **_standing(finding, compared=compared)}
        for finding in audit.findings
        if finding.severity != "pass"
        for result in _results(finding, names)
    ]
    driver = {
        "name": "mixguard",
        "version": __version__,
        "rules": [_rule(rules[name]) for name in sorted(rules)],
    }
    run = {
        "tool": {"driver": driver},
        "invocations": [
            {
                "executionSuccessful": audit.verdict != "incomplete",
                "startTimeUtc": audit.provenance.started.isoformat(timespec="seconds").replace("+00:00", "Z"),
            }
        ],
        "results": results[:RESULTS],
        "properties": {"verdict": audit.verdict, "resultsLeftOut": max(0, len(results) - RESULTS)},
    }
    return (
        orjson.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, option=orjson.OPT_INDENT_2)
        + b"\n"
    )


def _rule(finding: Finding) -> dict[str, Any]:
    return {
        "id": finding.id,
        "name": "".join(word.capitalize() for word in finding.name.split("-")),
        "shortDescription": {"text": finding.name.replace("-", " ")},
        "fullDescription": {"text": plain(finding.why)},
        "help": {"text": f"{plain(finding.remedy)}\nSource: {plain(finding.source)}"},
    }


def _results(finding: Finding, names: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    """One result for each file the samples lie in; one without a place where there are none."""
    by_source: dict[str, list[SampleRef]] = {}
    for sample in finding.samples:
        by_source.setdefault(sample.source, []).append(sample)
    for source, samples in by_source.items() or [("", [])]:
        key = f"{finding.id}\0{finding.subject}\0{names.get(source, '')}"
        result: dict[str, Any] = {
            "ruleId": finding.id,
            "level": LEVELS[finding.severity],
            "message": {"text": plain(finding.message)},
            "partialFingerprints": {"mixguardFinding/v1": hashlib.sha256(key.encode()).hexdigest()[:32]},
        }
        if samples:
            result["locations"] = [_location(sample) for sample in samples[:LOCATIONS]]
        yield result


def _standing(finding: Finding, *, compared: bool) -> dict[str, Any]:
    """Whether it was accepted, and how it stands to the baseline where there is one."""
    standing: dict[str, Any] = {}
    leave = finding.suppressed
    if leave is not None and leave.kind == "allowed":
        standing["suppressions"] = [{"kind": "external", "status": "accepted", "justification": why(leave)}]
    if compared:
        known = leave is not None and leave.kind == "known"
        standing["baselineState"] = "unchanged" if known else "new"
    return standing


def _names(sources: Collection[str]) -> dict[str, str]:
    """Each source to the shortest end of its path that no other has, so that folders of one machine do not tell."""
    ends = {source: list(_ends(source)) for source in sources}
    held = Counter(end for found in ends.values() for end in found)
    return {source: next((end for end in found if held[end] == 1), source) for source, found in ends.items()}


def _ends(source: str) -> Iterator[str]:
    """Its name, that with the folder it lies in, and so on."""
    for separator in reversed(list(_SEPARATOR.finditer(source.rstrip("/\\")))):
        yield source[separator.end() :]
    yield source


def _location(sample: SampleRef) -> dict[str, Any]:
    place = {
        "artifactLocation": {"uri": quote(PurePath(sample.source).as_posix())},
        "region": {"startLine": max(sample.line, 1)},
    }
    return {"physicalLocation": place}
