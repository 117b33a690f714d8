"""Cards: what was measured of data or of a model, what that cannot know, and what a person wrote before."""

from __future__ import annotations

from pathlib import Path

from mixguard.checkpoint.comparison import Comparison
from mixguard.mix.manifest import Manifest
from mixguard.report.card import block, metadata, model
from mixguard.report.card.gaps import CARD, Gap, gaps, homeless
from mixguard.report.card.merging import CardPart, merged, read
from mixguard.report.card.model import model_outdated
from mixguard.report.card.outline import AUDIT, MODEL
from mixguard.report.card.stamp import of_audit, outdated
from mixguard.run.document import Audit

__all__ = ["CARD", "Gap", "gaps", "merge", "merge_model", "model_outdated", "outdated", "read"]

_HERE = Path(__file__).parent


def merge(existing: str | None, audit: Audit, manifest: Manifest | None, *, path: Path = CARD) -> str:
    """A dataset card: a new one, or an existing one with our YAML keys and our block inserted.

    What a person wrote stays byte for byte; a second run replaces the block and changes nothing else.

    Args:
        existing: the card so far.
        audit: of the data.
        manifest: of the mix, if it is one.
        path: of the card, for messages and for naming the data files.

    Raises:
        UsageError: its YAML, or the markers of our block, are broken.
    """

    def text(card: str) -> str:
        return block.render(audit, manifest, homeless(card, path=path), path.parent)

    keys = metadata.known(audit, manifest, path.parent)
    return merged(existing, CardPart(AUDIT, _HERE / "template.md", keys, text, of_audit(audit)), path)


def merge_model(existing: str | None, comparison: Comparison, *, path: Path = CARD) -> str:
    """A model card: a new one, or an existing one with our tag and our section inserted; merged like a dataset card.

    Args:
        existing: the card so far; it may hold an audit too, which stays.
        comparison: of the model with its base.
        path: of the card, for messages.

    Raises:
        UsageError: its YAML, or the markers of our section, are broken.
    """

    def text(_card: str) -> str:
        return model.render(comparison)

    template = _HERE / "model_template.md"
    return merged(existing, CardPart(MODEL, template, model.KEYS, text, model.source(comparison)), path)
