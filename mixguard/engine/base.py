"""The engine protocol: annotates the parts of a corpus into a journal, in any order and in any place."""

from __future__ import annotations

from typing import Protocol

from mixguard.corpus.corpus import Corpus
from mixguard.detectors import Recipe, Worker
from mixguard.progress import Progress
from mixguard.run.journal import Journal


class Engine(Protocol):
    """Where the map runs. Every engine gives the same parts, and so the same findings."""

    def __call__(
        self,
        corpus: Corpus,
        recipe: Recipe,
        worker: Worker,
        journal: Journal,
        *,
        rows: int,
        progress: Progress,
    ) -> int:
        """Annotate every part that the journal has not, about `rows` exchanges each; the number of texts embedded.

        Args:
            corpus: read in parts by `corpus.parts(rows)`, whose numbers are their places in it.
            recipe: what workers elsewhere are built from.
            worker: the worker of this process, ready to use.
            journal: keeps what is done.
            rows: exchanges of a part.
            progress: called with the bytes that are done.
        """
        ...
