"""SARIF 2.1.0: results by rule and file, within the limits of code scanning services."""

from __future__ import annotations

import hashlib
import posixpath
import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import PurePath, PurePosixPath, PureWindowsPath
from typing import Any
from urllib.parse import quote

import orjson

from mixguard import __version__
from mixguard.catalogue import BY_ID
from mixguard.checks.base import Check
from mixguard.escape import plain
from mixguard.report.suppressed import left_out, why
from mixguard.run.document import Audit
from mixguard.run.findings import Finding, SampleRef

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
LOCATIONS = 100
"""Locations GitHub shows per result; it accepts 1,000."""
RESULTS = 5000
"""Results GitHub keeps per run."""
_SEPARATOR = re.compile(r"[/\\]+")
LEVELS = {"fail": "error", "incomplete": "error", "warn": "warning", "note": "note"}


def render(audit: Audit) -> bytes:
    """The findings as one SARIF run; passed checks are rules without results."""
    rules = {finding.id: BY_ID.get(finding.id, finding) for finding in reversed(audit.findings)}
    findings = [finding for finding in audit.findings if finding.severity != "pass"]
    findings += left_out(audit, LOCATIONS)
    names = _names({*audit.corpus.sources, *(s.source for f in findings for s in f.samples)})
    whole = SampleRef(sample_id="", exchange=0, source=next(iter(audit.corpus.sources), "-"), line=1)
    compared = audit.config.checks.baseline is not None
    results = [
        {**result, **_standing(finding, compared=compared)}
        for finding in findings
        for result in _results(finding, rules[finding.id].remedy, names, whole)
    ]
    return document(
        [_rule(rules[name]) for name in sorted(rules)],
        results,
        started=audit.provenance.started,
        succeeded=audit.verdict != "incomplete",
        properties={"verdict": audit.verdict, "kinds": audit.kinds},
    )


def document(
    rules: Sequence[Mapping[str, Any]],
    results: Sequence[Mapping[str, Any]],
    *,
    started: datetime,
    succeeded: bool,
    properties: Mapping[str, Any],
) -> bytes:
    """One run as a file, with as many results as services keep."""
    run = {
        "tool": {"driver": {"name": "mixguard", "version": __version__, "rules": rules}},
        "invocations": [
            {
                "executionSuccessful": succeeded,
                "startTimeUtc": started.isoformat(timespec="seconds").replace("+00:00", "Z"),
            }
        ],
        "results": results[:RESULTS],
        "properties": {**properties, "resultsLeftOut": max(0, len(results) - RESULTS)},
    }
    content = {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}
    return orjson.dumps(content, option=orjson.OPT_INDENT_2) + b"\n"


def _rule(check: Check | Finding) -> dict[str, Any]:
    return {
        "id": check.id,
        "name": "".join(word.capitalize() for word in check.name.split("-")),
        "shortDescription": {"text": check.name.replace("-", " ")},
        "fullDescription": {"text": plain(check.why)},
        "help": {"text": f"{plain(check.remedy)}\nSource: {plain(check.source)}"},
        "properties": {"tags": [check.kind]},
    }


def _results(
    finding: Finding, remedy: str, names: Mapping[str, str], whole: SampleRef
) -> Iterator[dict[str, Any]]:
    """One result per file with samples; without samples, one for the whole corpus.

    Args:
        finding: to report.
        remedy: of its rule; a subject's own remedy goes into the message.
        names: of sources, as used in fingerprints.
        whole: location of a result without samples; code scanning rejects a file with a result that has none.
    """
    own = "" if finding.remedy == remedy else f". {finding.remedy}"
    by_source: dict[str, list[SampleRef]] = {}
    for sample in finding.samples:
        by_source.setdefault(sample.source, []).append(sample)
    for source, samples in by_source.items() or [("", [])]:
        key = f"{finding.id}\0{finding.subject}\0{names.get(source, '')}"
        result: dict[str, Any] = {
            "ruleId": finding.id,
            "level": LEVELS[finding.severity],
            "message": {"text": plain(f"{finding.message}{own}")},
            "partialFingerprints": {"mixguardFinding/v1": fingerprint(key)},
            "locations": [location(sample.source, sample.line) for sample in samples[:LOCATIONS] or [whole]],
        }
        yield result


def fingerprint(key: str) -> str:
    """32 hex digits that stay the same from run to run."""
    return hashlib.sha256(key.encode(errors="backslashreplace")).hexdigest()[:32]


def _standing(finding: Finding, *, compared: bool) -> dict[str, Any]:
    """Whether it was accepted, and its state against the baseline, if there is one."""
    standing: dict[str, Any] = {}
    leave = finding.suppressed
    if leave is not None and leave.kind == "allowed":
        standing["suppressions"] = [{"kind": "external", "status": "accepted", "justification": why(leave)}]
    if compared:
        known = leave is not None and leave.kind == "known"
        standing["baselineState"] = "unchanged" if known else "new"
    return standing


def _names(sources: Collection[str]) -> dict[str, str]:
    """Each source to a name that depends neither on the machine nor, as a rule, on the other sources.

    A relative path is its own name. An absolute one, whose folders belong to one machine, is cut to the shortest
    end that no other source has: the file name, unless several files share it.
    """
    tidy = {
        source: source if "://" in source else _tidy(source) for source in sources if not _is_absolute(source)
    }
    same = Counter(tidy.values())
    names = {source: name if same[name] == 1 else source for source, name in tidy.items()}
    ends = {source: list(_ends(source)) for source in sources if source not in tidy}
    held = Counter(names.values()) + Counter(end for found in ends.values() for end in found)
    return names | {
        source: next((end for end in found if held[end] == 1), source) for source, found in ends.items()
    }


def _is_absolute(source: str) -> bool:
    return PurePosixPath(source).is_absolute() or PureWindowsPath(source).is_absolute()


def _tidy(source: str) -> str:
    """A relative path, normalised."""
    return posixpath.normpath(source.replace("\\", "/"))


def _ends(source: str) -> Iterator[str]:
    """Its name, its name with the parent folder, and so on."""
    for separator in reversed(list(_SEPARATOR.finditer(source.rstrip("/\\")))):
        yield source[separator.end() :]
    yield source


def location(source: str, line: int) -> dict[str, Any]:
    """A line of a file."""
    name = "stdin" if source == "-" else source if "://" in source else PurePath(source).as_posix()
    place = {
        "artifactLocation": {"uri": quote(name, safe=":/" if "://" in name else "/", errors="replace")},
        "region": {"startLine": max(line, 1)},
    }
    return {"physicalLocation": place}
