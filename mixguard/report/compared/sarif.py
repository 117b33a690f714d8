"""A comparison as SARIF 2.1.0: a rule for each axis, a result for each loss and for what could not be judged."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from mixguard.checkpoint.comparison import Comparison
from mixguard.checkpoint.results import Result
from mixguard.escape import plain
from mixguard.report.ci.sarif import document, fingerprint, location
from mixguard.report.compared import figures

LEVELS = {"fail": "error", "warn": "warning", "incomplete": "warning"}
LOST_SHOWN = 20
PLACE = "tuned.probe"
"""Location of results where the tuned model's answers were not read from a file; code scanning rejects a result without one."""


def render(comparison: Comparison) -> bytes:
    """The results as one SARIF run; what was not lost is a rule without results."""
    results = [
        _result(comparison, result)
        for result in comparison.results
        if figures.severity(result.verdict) in LEVELS
    ]
    return document(
        [_rule(axis) for axis in comparison.axes],
        results,
        started=_started(comparison.made),
        succeeded=comparison.exit_code != 4,
        properties={
            "verdict": comparison.verdict,
            "sentence": plain(comparison.sentence),
            "simulated": figures.is_simulated(comparison),
        },
    )


def _started(made: str) -> datetime:
    """When it was made; a time that cannot be read is the epoch, which nobody takes for real."""
    try:
        return datetime.fromisoformat(made).astimezone(UTC)
    except (ValueError, OverflowError):
        return datetime.fromtimestamp(0, UTC)


def _name(axis: str) -> str:
    return f"compare/{axis}"


def _rule(axis: Result) -> dict[str, Any]:
    words = figures.words(axis)
    return {
        "id": _name(axis.axis),
        "name": "".join(word.capitalize() for word in axis.axis.split("_")),
        "shortDescription": {"text": plain(words.title)},
        "fullDescription": {"text": plain(f"{axis.name}: {words.lost}.")},
        "help": {"text": "The tuned model is held against the base, probe by probe. See docs/comparing.md."},
        "properties": {"tags": ["regression"]},
    }


def _result(comparison: Comparison, result: Result) -> dict[str, Any]:
    key = f"compare\0{result.axis}\0{result.hazard or ''}"
    return {
        "ruleId": _name(result.axis),
        "level": LEVELS[figures.severity(result.verdict)],
        "message": {"text": plain(". ".join(_told(comparison, result)))},
        "partialFingerprints": {"mixguardComparison/v1": fingerprint(key)},
        "locations": [location(comparison.tuned.file or PLACE, 1)],
    }


def _told(comparison: Comparison, result: Result) -> list[str]:
    told = [f"{result.name}: {result.verdict}: {result.sentence}"]
    if beside := figures.beside(comparison, result):
        told += [f"Corpus: {beside[0]}", f"Mix: {beside[1]}"]
    lost = comparison.became("lost", result.axis, result.hazard)
    if lost:
        named = ", ".join(probe.probe for probe in lost[:LOST_SHOWN])
        more = f" and {len(lost) - LOST_SHOWN:,} more" if len(lost) > LOST_SHOWN else ""
        told.append(f"Lost: {named}{more}")
    return told
