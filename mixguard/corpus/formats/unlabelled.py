"""Several answers to one prompt, and nothing that says which is trained towards."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from mixguard.corpus.formats.layout import not_of
from mixguard.corpus.formats.listed import answers_of
from mixguard.corpus.formats.twins import twins_of
from mixguard.corpus.records import Row, Sample
from mixguard.errors import RecordError


@dataclass(frozen=True, slots=True)
class Unlabelled:
    """A row that is put in quarantine with a sentence, lest its prompt be taken for all there is."""

    id: str = "unlabelled_answers"

    def matches(self, row: Row) -> bool:
        """Whether there are several answers; this format is tried after all that know how to read them."""
        listed = answers_of(row)
        return twins_of(row) is not None or (listed is not None and len(row[listed.column]) > 1)

    def parse(self, row: Row) -> Sample:
        """Always raises: polarity is not guessed."""
        twins, listed = twins_of(row), answers_of(row)
        if twins is not None:
            first, second = twins.first, twins.second
            raise RecordError(
                f"two answers, {first} and {second}, and no label that says which is better; if one always is, map them"
                f" with --columns chosen={first},rejected={second}"
            )
        if listed is not None:
            raise RecordError(f"a list of answers, {listed.column}, and no grade that says which is best")
        raise not_of(self.id, row)

    def render(self, sample: Sample, like: Row) -> dict[str, Any]:
        """Always raises."""
        raise RecordError("nothing says which of several answers is better")
