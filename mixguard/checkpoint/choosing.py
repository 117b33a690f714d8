"""Which probes of a suite are asked: none that the corpus holds, and as few as wanted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import NamedTuple

import polars as pl

from mixguard.config import Config
from mixguard.corpus.corpus import text_id
from mixguard.curate.likeness import Texts, repeated_in
from mixguard.curate.suite_check import ALIKE
from mixguard.errors import UsageError
from mixguard.library.suite import Probe, Suite
from mixguard.run.document import Audit


class Chosen(NamedTuple):
    """What is asked of a suite."""

    probes: tuple[Probe, ...]
    dropped: tuple[str, ...] = ()
    """Ids of probes that a corpus holds, in order."""
    limited: int = 0
    """Probes that a limit left out."""


def chosen(suite: Suite, held: Collection[str], limit: int | None) -> Chosen:
    """The probes of a suite to ask.

    Args:
        suite: the suite.
        held: ids of probes that a corpus holds.
        limit: most probes, spread over axes and hazards; None for all.

    Raises:
        UsageError: the limit leaves none.
    """
    if limit is not None and limit < 1:
        raise UsageError(f"limit {limit}: give at least 1")
    there = suite.without(held).probes
    kept = there if limit is None else spread(there, limit)
    dropped = tuple(probe.id for probe in suite.probes if probe.id in held)
    return Chosen(kept, dropped, len(there) - len(kept))


def spread(probes: Sequence[Probe], limit: int) -> tuple[Probe, ...]:
    """At most so many probes, in their order: axes take turns, and on each axis its hazards."""
    groups = {axis: number for number, axis in enumerate(dict.fromkeys(probe.axis for probe in probes))}
    seen: Counter[tuple[str, str | None]] = Counter()
    turns: dict[str, list[tuple[int, int]]] = {axis: [] for axis in groups}
    for number, probe in enumerate(probes):
        turns[probe.axis].append((seen[probe.axis, probe.hazard], number))
        seen[probe.axis, probe.hazard] += 1
    order = [
        (turn, groups[axis], number)
        for axis, listed in turns.items()
        for turn, (_, number) in enumerate(sorted(listed))
    ]
    return tuple(probes[number] for number in sorted(number for *_, number in sorted(order)[:limit]))


def held_by_runs(suite: Suite, runs: Sequence[Path]) -> set[str]:
    """Probes whose prompt is one of an audited corpus's, by the ids of texts that the run kept.

    Raises:
        RunFolderError: a folder is not a run.
    """
    ids = pl.DataFrame(
        {
            "probe": [probe.id for probe in suite.probes],
            "prompt_id": [text_id(probe.prompt) for probe in suite.probes],
        }
    )
    found: set[str] = set()
    for run in runs:
        there = Audit.load(run).annotations.select("prompt_id")
        found |= set(ids.lazy().join(there, on="prompt_id", how="semi").collect()["probe"])
    return found


def held_by_corpora(suite: Suite, corpora: Sequence[str], config: Config) -> set[str]:
    """Probes that corpora hold, or something nearly alike.

    Raises:
        InputError: a corpus cannot be read.
    """
    from mixguard.vectors.load import open_store

    if not corpora:
        return set()
    store = open_store(config)
    own = Texts.of(suite.frame.select("prompt", id="probe"), "prompt", store)
    return {each.id for each in repeated_in(own, corpora, ALIKE, store, config)}
