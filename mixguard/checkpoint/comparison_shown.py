"""A comparison as the value of an expression: a short page in a notebook."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from mixguard.checkpoint.results import Result, Verdict
from mixguard.escape import plain
from mixguard.run.show import COLOURS

SEVERITY: dict[Verdict, str] = {
    "regression": "fail",
    "none found": "pass",
    "unstable": "incomplete",
    "unresolved": "incomplete",
    "unmeasurable": "incomplete",
}
"""Each verdict as the severity whose colour it is shown in."""


def page(verdict: Verdict, sentence: str, axes: Sequence[Result]) -> str:
    """Verdict and axes as an HTML fragment, every value escaped."""
    stamp = f"<b style='color:{COLOURS[SEVERITY[verdict]]}'>{_safe(verdict.upper())}</b>"
    rows = "".join(
        f"<tr><td>{_safe(axis.name)}</td><td>{_safe(axis.verdict)}</td><td style='text-align:left'>{_safe(axis.sentence)}</td></tr>"
        for axis in axes
    )
    return f"<p>{stamp} {_safe(sentence)}</p><table><tbody>{rows}</tbody></table>"


def _safe(text: str) -> str:
    return escape(plain(text))
