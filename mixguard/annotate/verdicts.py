"""Verdicts kept in the cache, so that no prompt is sent twice: sealed, by text, judge and version of its prompts."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

import orjson

from mixguard.errors import UsageError
from mixguard.progress import Progress
from mixguard.served.endpoint import Endpoint
from mixguard.served.judges.asking import judge_all
from mixguard.served.judges.base import Judge, Row, Verdict
from mixguard.vectors.shelf import Shelf
from mixguard.vectors.store import text_id

LONGEST = 24_000
"""Characters of the longest prompt, with its answer, that is sent: about what a window of 8,192 tokens holds."""
TOO_LONG = f"longer than {LONGEST:,} characters"
SILENT_MOST = 20
"""Rows in a row without any answer after which no more are sent."""


class VerdictStore:
    """The verdicts of one judge behind one endpoint, in a file that several runs may share."""

    def __init__(self, cache: Path, endpoint: Endpoint, judge: Judge) -> None:
        """Open the file in the cache folder; where it cannot be used, verdicts are kept for this run alone.

        Hazards are told in a taxonomy's codes, so the requests themselves, which list them, are part of the file's name.
        """
        told = orjson.dumps([
            endpoint.shown, endpoint.model, judge.name, judge.version,
            [[question.messages(_SAMPLE), dict(question.more)] for question in judge.questions],
        ])  # fmt: skip
        made_of = hashlib.blake2b(told, digest_size=16).hexdigest()
        self._shelf = Shelf(cache / "verdicts" / f"{made_of}.sqlite", made_of)
        self._endpoint, self._judge = endpoint, judge

    def stored(self, rows: Sequence[Row]) -> dict[int, Verdict]:
        """The verdicts that are there, by number of the row."""
        found = self._shelf.find({_key(row) for row in rows})
        verdicts = {key: verdict for key, block in found.items() if (verdict := _verdict(block)) is not None}
        return {number: verdicts[key] for number, row in enumerate(rows) if (key := _key(row)) in verdicts}

    def asked(self, rows: Sequence[Row]) -> Generator[tuple[int, Verdict], None, None]:
        """The number of each row with its verdict, as they come; each is stored before it is given.

        A request that got no answer is not stored, so the next run asks again.

        Raises:
            UsageError: the API rejects the key, address or model.
        """
        with closing(judge_all(rows, self._endpoint, self._judge)) as coming:
            for number, verdict in coming:
                if verdict.was_read:
                    self._shelf.keep({_key(rows[number]): orjson.dumps(verdict._asdict())})
                yield number, verdict


class Verdicts(NamedTuple):
    """What became of rows."""

    found: dict[int, Verdict]
    """By number of the row."""
    stopped: str = ""
    """Why no more were sent; empty if all were."""


def verdicts_of(
    rows: Sequence[Row], store: VerdictStore, unit: str, progress: Progress, tell: Callable[[int, int], None]
) -> Verdicts:
    """The verdicts on rows: those that are stored, then those of the endpoint, as long as it answers.

    Args:
        rows: what is judged; those longer than `LONGEST` are not sent.
        store: where verdicts are kept, and who gives them.
        unit: what rows are called.
        progress: called with the number of rows sent.
        tell: called, before anything is sent, with how many rows are, and of how many the verdict is stored.
    """
    stored = store.stored(rows)
    long = (number for number, row in enumerate(rows) if len(row.prompt) + len(row.response or "") > LONGEST)
    found = dict.fromkeys(long, Verdict(problem=TOO_LONG)) | stored
    left = [number for number in range(len(rows)) if number not in found]
    tell(len(left), len(stored))
    silent = 0
    try:
        with closing(store.asked([rows[number] for number in left])) as coming:
            for done, (place, verdict) in enumerate(coming, 1):
                found[left[place]] = verdict
                progress("asking the judge", done, len(left), unit)
                silent = 0 if verdict.was_read else silent + 1
                if silent == SILENT_MOST:
                    return Verdicts(found, f"{SILENT_MOST} {unit} in a row got no answer ({verdict.problem})")
    except UsageError as error:  # a key that ran out, say: what was answered counts
        return Verdicts(found, str(error))
    return Verdicts(found)


_SAMPLE = Row("?")


def _key(row: Row) -> bytes:
    return text_id(json.dumps([row.prompt, row.response, [dict(turn) for turn in row.before]]))


def _verdict(block: bytes) -> Verdict | None:
    """A stored verdict; None if it is of another version."""
    try:
        return Verdict(**orjson.loads(block))
    except (orjson.JSONDecodeError, TypeError):
        return None
