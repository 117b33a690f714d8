"""The local engine: annotates one part after another in this process."""

from __future__ import annotations

from mixguard.corpus.corpus import Corpus
from mixguard.detectors import Recipe
from mixguard.engine.base import Judging
from mixguard.progress import Progress
from mixguard.run.journal import RunJournal


def run(
    corpus: Corpus, recipe: Recipe, worker: Judging, journal: RunJournal, *, rows: int, progress: Progress
) -> int:
    """Annotate a corpus; see `engine/base.py`."""
    before, read = worker.embedded, 0
    for number, part in enumerate(corpus.parts(rows)):
        if not journal.has(number, part):
            journal.keep(number, part, worker(part.frame))
        read += part.tally.bytes
        progress("judging", read, corpus.size, "bytes")
    return worker.embedded - before
