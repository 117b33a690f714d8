"""What the corpus held about each hazard, and what its mix added: beside a loss, the likeliest reason for it."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from mixguard.checkpoint.conditions import CorpusHeld, Held
from mixguard.errors import UsageError
from mixguard.mix.manifest import Manifest, manifest_for
from mixguard.run.document import Audit


def held(run: Path | None, manifest: Path | None) -> CorpusHeld | None:
    """What the corpus held, before its mix; None if neither is given.

    Args:
        run: run folder of an audit of the corpus or of its mix.
        manifest: manifest of the mix; found beside the audited files if not given.

    Raises:
        UsageError: one cannot be read, or they are about different corpora.
    """
    if run is None and manifest is None:
        return None
    audit = Audit.load(run) if run else None
    made = Manifest.load(manifest) if manifest else manifest_for(audit) if audit else None
    if audit and made and not _belongs(audit, made):
        raise UsageError(
            f"{run} and {manifest} are about different corpora: name the run of the corpus that was mixed, or of the mix"
        )
    sources = made.inputs if made else audit.corpus.sources if audit else {}
    coverage = made.coverage if made else audit.coverage if audit else ()
    return CorpusHeld(
        run=str(run) if run else None,
        manifest=str(manifest) if manifest else None,
        sources=sources,
        hazards=tuple(
            Held(
                hazard=row.hazard,
                exchanges=row.exchanges,
                refused=row.full_refusal,
                partly=row.partial_refusal,
                answered=row.full_compliance,
                wanted=row.wanted,
                **_mixed(made, row.hazard),
            )
            for row in coverage
        ),
    )


def _belongs(audit: Audit, made: Manifest) -> bool:
    audited = sorted(audit.corpus.sources.values())
    return audited in (sorted(made.inputs.values()), made.mixed)


def _mixed(made: Manifest | None, hazard: str) -> dict[str, int]:
    if made is None:
        return {}
    added = Counter(each.kind for each in made.added if each.hazard == hazard)
    return {
        "refusals_added": added["refusal"],
        "contrast_added": added["contrast"],
        "set_aside": sum(row.hazard == hazard for row in made.set_aside),
    }
