"""What a signal is: one risk mechanism that data can show."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from mixguard.annotate.base import Annotator
from mixguard.annotate.phrases import Span
from mixguard.annotate.sentence_screen import SentenceScreen
from mixguard.checks.base import Check
from mixguard.config import Config
from mixguard.vectors.store import VectorStore

Row = Mapping[str, Any]
"""An exchange by column name: texts (`prompt`, `response`, `system`, ...) and, where they matter, annotations."""


class Setting(NamedTuple):
    """What an annotator can be opened with."""

    config: Config
    store: VectorStore
    """Of the first stage."""
    sentences: SentenceScreen | None = None
    """Picks the sentences that are worth judging on their own."""


class Examples(NamedTuple):
    """Harmless rows that show a signal, and rows that look alike and do not; the tests run them."""

    shows: tuple[Row, ...]
    spares: tuple[Row, ...]


@dataclass(frozen=True)
class Page:
    """What the page of a signal says besides its check's own words."""

    measures: str
    """How it is measured, exactly."""
    blind: str
    """What it does not see."""
    cost: str
    """What it adds to an audit."""
    examples: Examples


@dataclass(frozen=True)
class Signal:
    """A risk mechanism: what it measures in each exchange, and the check that judges it."""

    name: str
    """A word or two, as reports show it."""
    about: str
    """What such an exchange does; completes `An exchange that shows it ...`."""
    check: Check
    page: Page
    annotator: Annotator | None = None
    """Adds its columns; None if it only reads columns of others."""
    open: Callable[[Setting], Annotator] | None = None
    """Makes the annotator again with options or vectors, if it needs them; it reads and writes the same columns."""
    spans: Callable[[Row], Sequence[Span]] | None = None
    """The places in the texts of a flagged exchange that show it, for `mixguard explain`."""
