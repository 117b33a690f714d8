"""Decisions become files: accepted rows go to the allow file, rows that must not be trained on to the set-aside file."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack
from datetime import date
from pathlib import Path
from typing import NamedTuple

import polars as pl

from mixguard import moving
from mixguard.catalogue import BY_ID, DECIDABLE
from mixguard.errors import UsageError
from mixguard.library import allow as allow_file
from mixguard.library import aside as aside_file
from mixguard.library.allow import Allowance
from mixguard.library.aside import SetAside
from mixguard.library.entries import Entry
from mixguard.review.block import Edited, Kind
from mixguard.review.decision import Decision

ALLOW, ASIDE = Path("mixguard.allow.toml"), Path("mixguard.aside.toml")
"""Where entries go if nothing else is named."""
_REASONS = {
    "accept": "right as it is",
    "set-aside": "must not be trained on",
    "wrong-hazard": "false alarm: the prompt was judged wrongly",
    "wrong-stance": "false alarm: the response does not do what it was judged to do",
}
"""What stands for a reason that the reviewer did not give."""


class Written(NamedTuple):
    """What the two files now hold of these decisions."""

    allowed: int
    """Entries of the allow file."""
    set_aside: int
    """Entries of the set-aside file."""
    skipped: int
    """Decisions that leave no entry: skipped, about nothing that a check flagged, or of one hazard taken for another."""


def write(
    decisions: Mapping[str, Decision],
    *,
    allow: Path,
    aside: Path,
    expires: date,
    authors: Collection[str] | None = None,
) -> Written:
    """Bring both files up to date; what stands outside the block that review writes is kept byte for byte.

    Args:
        decisions: the decisions that hold, by text id; one that was undone is missing, so its entry goes.
        allow: the user's own allow file, made if missing.
        aside: the set-aside file, made if missing.
        expires: last day of new entries; one that is there already keeps its own, unless it was decided again since.
        authors: whose entries are replaced; those of others in the block are kept. None for everybody's.

    Raises:
        UsageError: a file cannot be used, or its block was edited into something unreadable; neither file is changed.
    """
    if allow.resolve() == aside.resolve():
        raise UsageError(f"{allow}: cannot be both the allow file and the set-aside file; name two files")
    taken = {decision.text_id: decision for decision in decisions.values()}
    ours = None if authors is None else {*authors, *(decision.author for decision in taken.values())}
    allowed = [entry for each in taken.values() for entry in _allowances(each, expires)]
    gone = [entry for each in taken.values() for entry in _set_aside(each, expires)]
    with ExitStack() as stack:
        for folder in sorted({allow.absolute().parent, aside.absolute().parent}):
            stack.enter_context(moving.locked(folder))
        edited: list[tuple[Edited, Sequence[Entry]]] = [
            (Edited.read(allow, Kind(Allowance, allow_file.TABLE, DECIDABLE)), allowed),
            (Edited.read(aside, Kind(SetAside, aside_file.TABLE, DECIDABLE)), gone),
        ]
        contents = [each.replaced(_dated(new, each.entries, taken), ours) for each, new in edited]
        for (each, _), content in zip(edited, contents, strict=True):
            each.write(content)
    left = {entry.sample for entry in (*allowed, *gone)}
    return Written(len(allowed), len(gone), len(taken.keys() - left))


def expiry(day: date, months: int = 6) -> date:
    """The day this many months later, or the last of its month."""
    later: date = pl.Series([day]).dt.offset_by(f"{months}mo")[0]
    return later


def _allowances(decision: Decision, expires: date) -> Iterator[Allowance]:
    """An accepted row is left out of the checks that flagged it, one judged wrongly of those that rest on the judgement.

    Never of checks that did not flag it: a refused prompt that asks for no hazard is no harm, but an over-refusal.
    """
    for check in dict.fromkeys(decision.checks):
        if check in DECIDABLE and (decision.ruling == "accept" or _is_wrong(check, decision)):
            yield Allowance.model_validate({**_common(decision, expires), "check": check})


def _is_wrong(check: str, decision: Decision) -> bool:
    """Whether a check flagged an exchange because of the judgement that is wrong."""
    # What asks for another hazard than was judged is a hazard still; it is only not harmless.
    hazard = "hazard" if decision.hazard is None else "harmless"
    judged = {"wrong-hazard": hazard, "wrong-stance": "stance"}.get(decision.ruling)
    return any(judged in case.rests_on for case in BY_ID[check].cases)


def _set_aside(decision: Decision, expires: date) -> Iterator[SetAside]:
    if decision.ruling == "set-aside":
        yield SetAside.model_validate(_common(decision, expires))


def _common(decision: Decision, expires: date) -> dict[str, object]:
    return {
        "sample": decision.text_id,
        "reason": decision.reason.strip() or _REASONS[decision.ruling],
        "author": decision.author,
        "expires": expires,
    }


def _dated(new: Sequence[Entry], there: Sequence[Entry], taken: Mapping[str, Decision]) -> list[Entry]:
    """The entries; one that is there already ends when it did, so that writing again extends no permission."""
    ends = {_undated(entry): entry.expires for entry in there}
    dated = []
    for entry in new:
        end = ends.get(_undated(entry))
        again = end is None or taken[entry.sample or ""].at.date() > end
        dated.append(entry if again else entry.model_copy(update={"expires": end}))
    return dated


def _undated(entry: Entry) -> str:
    return entry.model_dump_json(exclude={"expires"})
