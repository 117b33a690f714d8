"""Reports of a comparison as files; the end of the name selects the kind."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from mixguard.checkpoint.comparison import Comparison
from mixguard.checkpoint.said import Texts
from mixguard.report.compared import every_eval, junit, markdown, sarif
from mixguard.report.kinds import Kinds, put, renderer


class Asked(NamedTuple):
    """One report to write."""

    comparison: Comparison
    path: Path
    texts: Texts | None


def _html(asked: Asked) -> bytes:
    from mixguard.report.html import comparison

    return comparison.render(asked.comparison, asked.texts)


def _card(asked: Asked) -> bytes:
    from mixguard.report import card

    return card.merge_model(card.read(asked.path), asked.comparison, path=asked.path).encode()


KINDS: Kinds[Asked] = (
    ("README.md", "model card", _card),
    (".eee.json", "Every Eval Ever", lambda asked: every_eval.render(asked.comparison)),
    (".html", "page", _html),
    (".json", "comparison", lambda asked: asked.comparison.to_json()),
    (".md", "summary", lambda asked: markdown.render(asked.comparison)),
    (".sarif", "SARIF", lambda asked: sarif.render(asked.comparison)),
    (".xml", "JUnit", lambda asked: junit.render(asked.comparison)),
)
"""End of the file name, what is written, and its renderer; the first match wins."""


def check_name(path: Path) -> None:
    """Reject a report name that selects no format, before any work is done.

    Raises:
        UsageError: it selects none.
    """
    renderer(KINDS, path)


def write(comparison: Comparison, path: Path, *, texts: Texts | None = None) -> None:
    """Write one report atomically.

    Args:
        comparison: to report.
        path: of the file; its name selects the format.
        texts: what was asked and answered, for the page alone; no other report ever holds an answer.

    Raises:
        UsageError: the name selects no format, or the file cannot be written.
    """
    render = renderer(KINDS, path)
    put(path, render(Asked(comparison, path, texts)))
