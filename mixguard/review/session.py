"""One review: the rows to read, what was decided of them, and the files that follow."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from threading import RLock
from typing import Any, NamedTuple

import polars as pl
from pydantic import Field

from mixguard.errors import TaxonomyError, UsageError
from mixguard.escape import one_line
from mixguard.library.taxonomy import Taxonomy
from mixguard.model import Model
from mixguard.review.agreement import Disagreement
from mixguard.review.decision import Decision, Ruling, Stance
from mixguard.review.journal import Journal
from mixguard.review.outcome import Written, write
from mixguard.review.queue import Filter, chosen
from mixguard.review.reading import Reading
from mixguard.review.steps import Step, counts, reached
from mixguard.review.view import RULINGS, place, texts, view
from mixguard.review.words import Words
from mixguard.run.document import Audit

REASON = 300
"""Characters of a reason."""
REASONS = 8
"""Reasons that are offered again."""


class Places(NamedTuple):
    """Where what was decided goes."""

    allow: Path
    aside: Path
    expires: date
    teach: Path | None = None
    """Folder of the user's own taxonomy; None if it learns nothing."""


class Known(NamedTuple):
    """What was decided elsewhere."""

    decisions: Mapping[str, Decision] = {}
    """Those that hold."""
    disagreements: tuple[Disagreement, ...] = ()
    authors: tuple[str, ...] = ()
    """Whose decisions these are."""


class Asked(Model):
    """Where a reader wants to go."""

    at: str | None = None
    """Text id of the row that is shown; None at the beginning."""
    step: Step = "open"
    kept: Filter = Filter()


class Wanted(Model):
    """Text id of the row whose words are measured."""

    id: str


class Ruled(Model):
    """What a reader decides of a row."""

    id: str
    ruling: Ruling
    hazard: str | None = None
    stance: Stance | None = None
    reason: str = Field(default="", max_length=REASON)


class Session:
    """What the routes of the page call; one call at a time."""

    def __init__(
        self, audit: Audit, rows: pl.DataFrame, journal: Journal, author: str, places: Places, known: Known
    ) -> None:
        """Keep what a review is made of.

        Args:
            audit: the run.
            rows: as `queue.queue` gives them.
            journal: where decisions are kept.
            author: whose decisions they are.
            places: where they go.
            known: what was decided elsewhere; a decision of this journal overrules it.
        """
        self.audit, self.rows, self.journal, self.author, self.places = audit, rows, journal, author, places
        self._known = known
        self._lock = RLock()
        self._undone: set[str] = set()
        taxonomy = _taxonomy(audit)
        self._hazards = {hazard.code: hazard for hazard in taxonomy.hazards} if taxonomy else {}
        self._reading = Reading(audit, taxonomy)
        self._words = Words(audit.config)
        self._differ = {each.text_id: each for each in known.disagreements}

    @property
    def decisions(self) -> dict[str, Decision]:
        """The decisions that hold, by text id, in the order they were taken; none on which people still differ."""
        return {**self._known.decisions, **self.journal.decisions}

    def begun(self) -> dict[str, Any]:
        """What the page shows around the rows."""
        checks = Counter(check for found in self.rows["checks"] for check in found)
        hazards = Counter(self.rows["touched"].drop_nulls())
        names = {finding.id: finding.name for finding in self.audit.findings}
        return {
            "checks": [
                {"id": check, "name": names[check], "rows": checks[check]} for check in sorted(checks)
            ],
            "hazards": [
                {
                    "code": each.code,
                    "name": one_line(each.name),
                    "definition": one_line(each.definition),
                    "rows": hazards[each.code],
                }
                for each in self._hazards.values()
            ],
            "notes": int((~self.rows["grave"]).sum()),
        }

    def row(self, asked: Asked) -> dict[str, Any]:
        """The row that a step leads to, if any, and how far the review is."""
        with self._lock:
            self.journal.refresh()
            rows = chosen(self.rows, asked.kept)
            at = reached(rows["text_id"].to_list(), asked.at, asked.step, self.decisions)
            shown = None if at is None else self._shown(rows, at)
            progress = counts(rows["text_id"], self.decisions)
            return {"row": shown, "progress": progress, "reasons": self._reasons()}

    def words(self, wanted: Wanted) -> dict[str, Any]:
        """The prompt of a row, marked with the words that decided its hazard.

        Raises:
            UsageError: there is no such prompt, or the encoder cannot be loaded.
        """
        queued = self.rows.filter(pl.col("text_id") == wanted.id)
        with self._lock:  # not for longer: whoever waits for words reads on
            row = self._reading.row(queued, 0) if queued.height else None
        if row is None or not (row["hazardous"] and row["read"] and row["prompt"]):
            raise UsageError("the row has no hazardous prompt that can be read; reload the page")
        found = self._words.of(wanted.id, row["prompt"])
        return {"prompt": texts(row, queued["checks"][0].to_list(), found)["prompt"]}

    def decide(self, ruled: Ruled) -> dict[str, Any]:
        """Keep a decision.

        Raises:
            UsageError: it cannot be, or the files that follow cannot be written.
        """
        with self._lock:
            row = self.find(ruled.id)
            if row is None:
                raise UsageError("this row is not part of the review; reload the page")
            if ruled.hazard is not None and ruled.hazard not in self._hazards:
                raise UsageError(f"{ruled.hazard!r} is not a hazard; hazards: {', '.join(self._hazards)}")
            if ruled.ruling == "wrong-stance" and ruled.stance is None:
                raise UsageError("say what the response does: refuses, partially refuses or answers")
            taken = Decision(
                text_id=ruled.id,
                ruling=ruled.ruling,
                checks=tuple(row["checks"]),
                judged_hazard=row["hazard"],
                judged_stance=row["stance"],
                hazard=ruled.hazard if ruled.ruling == "wrong-hazard" else None,
                stance=ruled.stance if ruled.ruling == "wrong-stance" else None,
                reason=one_line(ruled.reason),
                author=self.author,
                at=datetime.now(UTC),
            )
            self.journal.decide(taken)
            self._follow()
            return {"said": f"{place(row)}: {RULINGS[taken.ruling]}"}

    def undo(self) -> dict[str, Any]:
        """Take the last decision of this journal back; `id` is its row, null if there is none."""
        with self._lock:
            taken = self.journal.undo()
            if taken is None:
                return {"id": None, "said": "nothing to undo"}
            self._follow()
            self._undone.add(taken.text_id)
            row = self.find(taken.text_id)
            if row is None:
                return {"id": None, "said": f"undone: {RULINGS[taken.ruling]}, for a row that is not shown"}
            return {"id": taken.text_id, "said": f"{place(row)}: open again"}

    def write(self) -> Written:
        """Bring the allow file and the set-aside file up to date.

        Raises:
            UsageError: one cannot be used.
        """
        with self._lock:
            self.journal.refresh()
            authors = (self.author, *self._known.authors)
            return write(
                self.decisions,
                allow=self.places.allow,
                aside=self.places.aside,
                expires=self.places.expires,
                authors=authors,
            )

    def _follow(self) -> None:
        """Write the files after the journal, which holds the decision whatever becomes of them."""
        try:
            self.write()
        except UsageError as error:
            raise UsageError(f"your decision is kept, but the files that follow are not: {error}") from None

    def decided(self) -> pl.DataFrame:
        """The rows that were decided, those undone again in this session too."""
        with self._lock:
            return self.rows.filter(pl.col("text_id").is_in([*self.decisions, *self._undone]))

    def counts(self, kept: Filter) -> dict[str, int]:
        """How far the rows are that a filter keeps; see `steps.counts`."""
        return counts(chosen(self.rows, kept)["text_id"], self.decisions)

    def _shown(self, rows: pl.DataFrame, at: int) -> dict[str, Any]:
        queued = rows.row(at, named=True)
        findings = [self.audit.findings[number] for number in queued["findings"]]
        row, taken = self._reading.row(rows, at), list(self._taken(queued["text_id"]))
        shown = view(row, findings, self._hazards, taken, self._words.known.get(queued["text_id"]))
        return {**shown, "number": at + 1, "places": queued["places"]}

    def _taken(self, text_id: str) -> Iterator[Decision]:
        own, known = self.journal.decisions.get(text_id), self._known.decisions.get(text_id)
        yield from (each for each in (own, known) if each is not None)
        if text_id in self._differ:
            yield from self._differ[text_id].decisions.values()

    def find(self, text_id: str) -> dict[str, Any] | None:
        """A row of the queue; None if it is not there."""
        found = self.rows.filter(pl.col("text_id") == text_id)
        return found.row(0, named=True) if found.height else None

    def _reasons(self) -> list[str]:
        """Those of the last decisions, the latest first."""
        given = (taken.reason for taken in reversed(self.journal.decisions.values()) if taken.reason)
        return list(dict.fromkeys(given))[:REASONS]


def _taxonomy(audit: Audit) -> Taxonomy | None:
    try:
        return Taxonomy.load(audit.config.judge.taxonomy)
    except TaxonomyError:
        return None  # it lay elsewhere: rows are read without their neighbours
