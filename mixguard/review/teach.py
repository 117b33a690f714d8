"""Decisions become exemplars of the user's own taxonomy, so that the next audit judges such texts as the reviewer did."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from mixguard.review.decision import Decision


class Taught(NamedTuple):
    """What became of the decisions that can teach."""

    file: Path
    """Where the exemplars are."""
    exemplars: int
    """Exemplars that these decisions make, each text once."""
    new: int
    """Of these, how many were not there before."""
    long: int
    """Prompts left out as too long for an exemplar, without a line that asks."""
    contrary: int
    """Prompts left out since an exemplar of the taxonomy, or another decision, says otherwise."""
    missing: int
    """Decisions whose text was not given."""


def teach(
    decisions: Mapping[str, Decision],
    texts: Mapping[str, str],
    folder: Path,
    *,
    base: str = "mixguard",
    set_aside: bool = False,
) -> Taught:
    """Write what was decided as exemplars to a taxonomy folder; a missing one is created, extending `base`.

    Models are fitted on first use, or by `mixguard.fit.build.build(str(folder), config)`.

    Args:
        decisions: the decisions that hold, by text id.
        texts: prompts of all exchanges that were reviewed, by text id; one without a decision teaches nothing any more.
        folder: the user's taxonomy.
        base: what a new folder extends.
        set_aside: whether rows set aside teach their judged hazard too.

    Raises:
        TaxonomyError: the folder is not a taxonomy, or holds an invalid line; nothing is written.
    """
    raise NotImplementedError
