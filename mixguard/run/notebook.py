"""Results in a notebook: fragments of HTML that can be read on a light and on a dark ground.

Styles are inline and inherit the notebook's own colours: notebooks drop style sheets that they do not trust, and may be dark.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Sequence
from html import escape
from pathlib import Path

from mixguard.escape import plain
from mixguard.remote import named
from mixguard.run.findings import CorpusSummary, Coverage, Finding
from mixguard.run.show import corpus_line, counting
from mixguard.run.words import untouched

COLOURS = {
    "pass": "#1a7f37",
    "note": "#0969da",
    "warn": "#9a6700",
    "fail": "#cf222e",
    "incomplete": "#8250df",
}
"""White text can be read on each of them."""
_CELL = "text-align:{};vertical-align:top;padding:.3em 1em .3em 0;white-space:normal;background:none;border:0"
_ROW = "background:none;border-top:1px solid rgba(128,128,128,.35)"
_QUIET = "opacity:.75"
_HAZARDS = ("hazard", "prompts", "refused", "partial", "answered", "refusals")


def audit_page(
    verdict: str,
    meaning: str,
    corpus: CorpusSummary,
    coverage: Sequence[Coverage],
    findings: Sequence[Finding],
    folder: Path,
) -> str:
    """Verdict, findings, the hazards that the corpus touches, and where to look next; every value escaped."""
    shown = counting(findings)
    touched = [row for row in coverage if row.exchanges]
    rest = untouched(len(coverage) - len(touched), len(coverage), findings)
    return framed(
        f"<div>{badge(verdict, verdict.upper())} {told(meaning)}</div>",
        quiet(safe(corpus_line(corpus))),
        table([(badge(each.severity), _found(each)) for each in shown]),
        table([_counts(row) for row in touched], head=_HAZARDS),
        quiet(rest) if rest else "",
        _next(shown, folder),
    )


def framed(*parts: str) -> str:
    """The parts one below the other, not too wide to be read."""
    return f"<div style='max-width:60em;line-height:1.45'>{''.join(parts)}</div>"


def badge(severity: str, text: str | None = None) -> str:
    """A word in the colour of a severity."""
    style = f"background:{COLOURS[severity]};color:#fff;font-weight:600;padding:.1em .5em;border-radius:.3em"
    return f"<span style='{style}'>{safe(text or severity)}</span>"


def quiet(html: str) -> str:
    """A line of less weight."""
    return f"<div style='{_QUIET}'>{html}</div>"


def table(rows: Iterable[Sequence[str]], head: Sequence[str] = ()) -> str:
    """Rows of HTML; below a head all cells but the first are numbers. Nothing if there are no rows."""
    body = "".join(_row(row, "td", numbers=bool(head)) for row in rows)
    top = f"<thead style='border:0'>{_row(head, 'th', numbers=True)}</thead>" if head else ""
    return (
        f"<table style='border-collapse:collapse;border:0;margin:.6em 0;color:inherit;font-size:inherit'>{top}<tbody>{body}</tbody></table>"
        if body
        else ""
    )


def safe(text: str) -> str:
    """Text without markup or characters that reorder it."""
    return escape(plain(text))


def told(sentence: str) -> str:
    """A sentence, the commands in it as code."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", safe(sentence))


def _row(cells: Sequence[str], tag: str, *, numbers: bool) -> str:
    sides = ["right" if numbers and place else "left" for place in range(len(cells))]
    inner = "".join(
        f"<{tag} style='{_CELL.format(side)}'>{cell}</{tag}>" for cell, side in zip(cells, sides, strict=True)
    )
    return f"<tr style='{_ROW}'>{inner}</tr>"


def _found(finding: Finding) -> str:
    about = f"{finding.id} {finding.name}"
    return (
        f"<b>{safe(about)}</b> <span style='{_QUIET}'>{safe(finding.kind)}</span><br>{told(finding.message)}"
    )


def _counts(row: Coverage) -> tuple[str, ...]:
    counts = (row.exchanges, row.full_refusal, row.partial_refusal, row.full_compliance)
    return (safe(row.name), *(f"{count:,}" for count in counts), row.covered)


def _next(shown: Sequence[Finding], folder: Path) -> str:
    """Where the rows of the gravest finding that has any are, and how to make the whole report."""
    first = next((each.id for each in shown if each.samples), None)
    rows = [f"rows of {first}: <code>.rows('{first}')</code>"] if first else []
    page = f"mixguard report {shlex.quote(str(named(folder)))} -o report.html"
    return quiet("<br>".join([*rows, f"the whole report: <code>{safe(page)}</code>"]))
