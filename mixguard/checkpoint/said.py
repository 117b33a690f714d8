"""What was said to probes and by them: for reports that may show text, never part of a document."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple, TypeAlias

from mixguard.checkpoint.answers import Answers


class Said(NamedTuple):
    """What was said to a probe and by it."""

    system: str | None
    history: tuple[str, ...]
    prompt: str
    base: tuple[str | None, ...]
    """One answer a sample; None where there is none."""
    tuned: tuple[str | None, ...]


Texts: TypeAlias = Mapping[str, Said]
"""By id of the probe."""


def said(base: Answers, tuned: Answers) -> dict[str, Said]:
    """What both models were asked and answered, by id of the probe."""
    texts = [
        dict(each.rows.group_by("probe", maintain_order=True).agg("text").iter_rows())
        for each in (base, tuned)
    ]
    return {
        probe.id: Said(
            probe.system or base.header.decoding.system,
            probe.history,
            probe.prompt,
            *(tuple(found[probe.id]) for found in texts),
        )
        for probe in base.header.probes
        if probe.id in texts[1]
    }
