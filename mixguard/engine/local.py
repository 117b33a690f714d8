"""The local engine: annotates and writes one part after another."""

from __future__ import annotations

from pathlib import Path

from mixguard.corpus.corpus import Corpus, Tally
from mixguard.detectors import Worker
from mixguard.progress import Progress
from mixguard.run import folder as run_folder


def run(corpus: Corpus, worker: Worker, folder: Path, *, rows: int, progress: Progress) -> Tally:
    """Annotate a corpus into a run folder, about `rows` exchanges at a time; return the tally."""
    tally = Tally()
    with run_folder.quarantine(folder) as reject:
        for number, part in enumerate(corpus.parts(rows)):
            if part.frame.height or not number:  # at least one, for the columns
                run_folder.write_part(folder, number, worker(part.frame))
            for rejected in part.rejected:
                reject(rejected)
            tally += part.tally
            progress("judging", tally.bytes, corpus.size, "bytes")
    return tally
