"""The parts of a run that are done: annotations in order of number, whatever order they were finished in."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import polars as pl

from mixguard.corpus.parts import Part, Tally
from mixguard.corpus.records import Rejected
from mixguard.run import folder as run_folder


class Journal:
    """The parts of one run; a part counts from the moment that `keep` returns."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._tallies: dict[int, Tally] = {}
        self._rejected: dict[int, tuple[Rejected, ...]] = {}

    def has(self, number: int, part: Part) -> bool:
        """Whether this part was done before, from the same exchanges."""
        return number in self._tallies

    def keep(self, number: int, part: Part, annotations: pl.DataFrame) -> None:
        """Write the annotations of a part, and what was read of it."""
        if part.frame.height or not number:  # at least one, for the columns
            run_folder.write_part(self.folder, number, annotations)
        self._tallies[number], self._rejected[number] = part.tally, part.rejected

    def tally(self) -> Tally:
        """The tallies of all parts, added in order."""
        return sum((self._tallies[number] for number in sorted(self._tallies)), start=Tally())

    def close(self) -> None:
        """Write `quarantine.jsonl`, in the order of the corpus."""
        with run_folder.quarantine(self.folder) as reject:
            for rejected in self._in_order():
                reject(rejected)

    def _in_order(self) -> Iterable[Rejected]:
        return (each for number in sorted(self._rejected) for each in self._rejected[number])
