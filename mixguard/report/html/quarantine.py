"""The records that could not be read, as listed in the run folder."""

from __future__ import annotations

from itertools import islice
from typing import NamedTuple

from pydantic import BaseModel, ConfigDict

from mixguard.report.html.embedded import short_name
from mixguard.run import folder as run_folder
from mixguard.run.document import Audit

SHOWN = 100


class Unread(NamedTuple):
    """A record in quarantine."""

    place: str
    reason: str
    size: int


class _Line(BaseModel):
    model_config = ConfigDict(strict=True)

    source: str
    line: int
    reason: str
    bytes: int


def quarantined(audit: Audit) -> list[Unread] | None:
    """The first records that could not be read; None if the list is missing or broken."""
    wanted = min(audit.corpus.rejected, SHOWN)
    if not wanted:
        return []
    try:
        with (audit.folder / run_folder.QUARANTINE).open("rb") as stream:
            lines = [_Line.model_validate_json(line) for line in islice(stream, wanted)]
    except (OSError, ValueError):  # the audit has their number; only the list is lost
        return None
    if len(lines) < wanted:
        return None
    return [Unread(f"{short_name(line.source)}:{line.line}", line.reason, line.bytes) for line in lines]
