"""What engines with several workers share: a part that was judged elsewhere, and how it is kept here."""

from __future__ import annotations

import pickle
from collections.abc import Iterable
from typing import NamedTuple

import polars as pl

from mixguard.corpus.parts import Part
from mixguard.detectors import Recipe, Worker
from mixguard.errors import UsageError
from mixguard.progress import Progress
from mixguard.run.journal import RunJournal


class JudgedRows(NamedTuple):
    """What a worker made of a part."""

    annotations: pl.DataFrame
    embedded: int
    """Texts that it embedded."""


class Finished(NamedTuple):
    """A part that needs no more work."""

    number: int
    part: Part
    judged: JudgedRows | None
    """None if the journal had it."""


def judge(worker: Worker, frame: pl.DataFrame) -> JudgedRows:
    """Annotate a frame, and count what was embedded for it."""
    before = worker.embedded
    annotations = worker(frame)
    return JudgedRows(annotations, worker.embedded - before)


def keep(finished: Iterable[Finished], journal: RunJournal, size: int | None, progress: Progress) -> int:
    """Keep parts as they come, in any order; the number of texts embedded for them.

    Args:
        finished: each part of a corpus once.
        journal: gets those that it has not.
        size: bytes of the corpus, if known.
        progress: called with the bytes that are done.
    """
    embedded = read = 0
    for number, part, judged in finished:
        if judged is not None:
            journal.keep(number, part, judged.annotations)
            embedded += judged.embedded
        read += part.tally.bytes
        progress("judging", read, size, "bytes")
    return embedded


def pickled(recipe: Recipe) -> bytes:
    """A recipe as it is sent to where the work is done.

    Raises:
        UsageError: its encoder cannot be sent.
    """
    try:
        return pickle.dumps(recipe)
    except Exception as error:  # noqa: BLE001 - an encoder may be any object
        raise UsageError(f"{NOT_SENT} ({error})") from None


def unpickled(recipe: bytes) -> Recipe:
    """The recipe, where the work is done.

    Raises:
        UsageError: its encoder is not known here.
    """
    try:
        made: Recipe = pickle.loads(recipe)
    except Exception as error:  # noqa: BLE001 - an encoder may be any object
        raise UsageError(f"{NOT_SENT} ({error})") from None
    return made


NOT_SENT = "run.engine: the given encoder cannot be used in another process; define it in a module that can be imported there, or use the engine local"
