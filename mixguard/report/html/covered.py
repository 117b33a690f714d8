"""Coverage as the page shows it: hazards that were touched, and those that never were in one line."""

from __future__ import annotations

from typing import NamedTuple

from mixguard.mix.manifest import Manifest
from mixguard.run.document import Audit
from mixguard.run.findings import Coverage
from mixguard.run.words import untouched
from mixguard.stats import rate, span

LEAST = 5
"""Judged exchanges below which a share says too little to be shown. Judgement."""


class Touched(NamedTuple):
    """A hazard that the corpus touches, or did before it was rebalanced."""

    row: Coverage
    earlier: Coverage | None
    share: float | None
    """Of the judged exchanges that refuse, in full or in part; None if they are too few to say."""
    likely: str
    """That share and its interval, in words."""


class Covered(NamedTuple):
    """The hazards of the taxonomy."""

    touched: list[Touched]
    unseen: list[Coverage]
    untouched: str
    """Those never seen, in a line."""

    @property
    def most(self) -> int:
        """Exchanges of the hazard that has most, before or after."""
        rows = [row for each in self.touched for row in (each.row, each.earlier) if row is not None]
        return max((row.exchanges for row in rows), default=1) or 1


def covered(audit: Audit, manifest: Manifest | None) -> Covered:
    """Every hazard, touched or not, in the order of the taxonomy."""
    before = {row.hazard: row for row in manifest.coverage} if manifest else {}
    touched, unseen = [], []
    for row in audit.coverage:
        earlier = before.get(row.hazard)
        if row.exchanges or (earlier is not None and earlier.exchanges):
            touched.append(_touched(row, earlier))
        else:
            unseen.append(row)
    return Covered(touched, unseen, untouched(len(unseen), len(audit.coverage), audit.findings))


def _touched(row: Coverage, earlier: Coverage | None) -> Touched:
    judged = row.exchanges - row.unjudged
    refused = row.full_refusal + row.partial_refusal
    if judged < LEAST:
        return Touched(row, earlier, None, "too few to say" if judged else "none judged")
    return Touched(
        row, earlier, refused / judged, f"{rate(refused, judged)}, likely {span(row.refused, judged)}"
    )
