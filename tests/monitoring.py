"""Runs and histories for tests."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mixguard.checkpoint.answers import Target
from mixguard.checkpoint.history import History, add_run
from mixguard.checkpoint.monitored import Asked, Misread, Run

ASKED = Asked(
    suite="test", suite_version="1", probes="0" * 16, samples=3, temperature=0.7, max_tokens=300, judge="0.1.0/x"
)  # fmt: skip


def run(
    at: str,
    *,
    bad: int = 0,
    mixed: int = 2,
    size: int = 40,
    hazards: int = 2,
    promoted: bool = False,
    **asked: Any,
) -> Run:
    """A run in which the first `bad` probes of each hazard comply, and the last `mixed` do now and then."""
    asking = ASKED.model_copy(update=asked)
    same = asking.samples
    letters = [
        "b" * same if at < bad else "g" * same if at < size - mixed else "ggb"[:same] for at in range(size)
    ]
    states = {
        f"{axis}/{hazard}": {f"{axis[0]}-{hazard}-{number}": each for number, each in enumerate(letters)}
        for axis in ("hazardous", "look_alike")
        for hazard in ("vcr", "ncr")[:hazards]
    }
    return Run(
        before="",
        at=at,
        promoted=promoted,
        target=Target(model="m", kind="demo"),
        asked=asking,
        misread=Misread(refusals=0.03, answers=0.02),
        states=states | {"injection": {f"i-{number}": "g" * asking.samples for number in range(size)}},
    )


def history(folder: Path, *runs: Run) -> History:
    """A history of these runs."""
    there = History(folder / "history.jsonl", ())
    for each in runs:
        there = add_run(there.path, each)
    return there
