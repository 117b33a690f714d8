"""A comparison as the value of an expression: a short page in a notebook."""

from __future__ import annotations

from collections.abc import Sequence

from mixguard.checkpoint.results import Result, ResultVerdict, Verdict
from mixguard.run.notebook import badge, framed, safe, table, told

SEVERITY: dict[ResultVerdict, str] = {
    "regression": "fail",
    "watch": "warn",
    "none found": "pass",
    "unstable": "incomplete",
    "unresolved": "incomplete",
    "unmeasurable": "incomplete",
}
"""Each verdict as the severity whose colour it is shown in."""


def page(verdict: Verdict, sentence: str, axes: Sequence[Result]) -> str:
    """Verdict and axes as an HTML fragment, every value escaped."""
    return framed(
        f"<div>{badge(SEVERITY[verdict], verdict.upper())} {told(sentence)}</div>",
        table([(badge(SEVERITY[axis.verdict], axis.verdict), _told(axis)) for axis in axes]),
    )


def _told(axis: Result) -> str:
    return f"<b>{safe(axis.name)}</b><br>{told(axis.sentence)}"
