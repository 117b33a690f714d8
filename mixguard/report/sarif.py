"""SARIF 2.1.0: results by rule and file, within what code scanning services take."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import PurePath
from typing import Any
from urllib.parse import quote

import orjson

from mixguard import __version__
from mixguard._audit import Audit
from mixguard.checks.base import Finding, SampleRef
from mixguard.report.escape import plain

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
LOCATIONS = 100
"""Locations GitHub shows of a result; it takes 1,000."""
RESULTS = 5000
"""Results GitHub keeps of a run."""
LEVELS = {"fail": "error", "incomplete": "error", "warn": "warning", "note": "note"}


def render(audit: Audit) -> bytes:
    """The findings as one SARIF run; passed checks are rules without results."""
    rules = {finding.id: finding for finding in reversed(audit.findings)}
    results = [
        result for finding in audit.findings if finding.severity != "pass" for result in _results(finding)
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


def _results(finding: Finding) -> Iterator[dict[str, Any]]:
    """One result for each file the samples lie in; one without a place where there are none."""
    by_source: dict[str, list[SampleRef]] = {}
    for sample in finding.samples:
        by_source.setdefault(sample.source, []).append(sample)
    for source, samples in by_source.items() or [("", [])]:
        key = f"{finding.id}\0{finding.subject}\0{PurePath(source).name}"
        result: dict[str, Any] = {
            "ruleId": finding.id,
            "level": LEVELS[finding.severity],
            "message": {"text": plain(finding.message)},
            "partialFingerprints": {"mixguardFinding/v1": hashlib.sha256(key.encode()).hexdigest()[:32]},
        }
        if samples:
            result["locations"] = [_location(sample) for sample in samples[:LOCATIONS]]
        yield result


def _location(sample: SampleRef) -> dict[str, Any]:
    place = {
        "artifactLocation": {"uri": quote(PurePath(sample.source).as_posix())},
        "region": {"startLine": max(sample.line, 1)},
    }
    return {"physicalLocation": place}
