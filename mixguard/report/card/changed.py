"""What rebalancing did to the data a card is about."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from mixguard.catalogue import ASIDES
from mixguard.mix.manifest import Manifest
from mixguard.mix.plan import Removal
from mixguard.report.card.table import cell, digest, table
from mixguard.run.document import Audit


def changed(audit: Audit, manifest: Manifest | None) -> Iterator[str]:
    """What went in and out, and what that did to the verdict and to each hazard's refusals."""
    yield "### What was changed"
    yield ""
    if manifest is None:
        yield "Nothing, by mixguard: this is the data as it was given, or its manifest is not at hand."
        return
    plan = manifest.plan
    kinds = Counter(each.kind for each in manifest.added)
    yield f"`mixguard rebalance` made this data. Its verdict went from **{manifest.verdict}** to **{audit.verdict}**."
    yield ""
    yield (
        f"- **Added**: {kinds['refusal']:,} refusal pairs (a hazardous prompt, a good refusal) and {kinds['contrast']:,}"
        " contrast pairs (a harmless look-alike, a helpful answer), as the risk profile"
        f" *{cell(plan.profile)}* asks. They come from the refusal bank *{cell(plan.bank)}*"
        f" ({cell(manifest.bank_licence)}, digest {digest(plan.bank_digest)}), not from the source data; count them as"
        " machine-written."
    )
    yield f"- **Set aside**, whole, in a file beside the data: {_removed(manifest.set_aside)}."
    if manifest.weight_zero:
        yield f"- **Kept with weight zero**, so that they are not trained on: {_removed(manifest.weight_zero)}."
    yield "- All other records are as they were, byte for byte. The manifest names every record that came or went."
    yield ""
    yield from _by_hazard(audit, manifest)


def _removed(removals: Sequence[Removal]) -> str:
    if not removals:
        return "no rows"
    rules = Counter(removal.rule for removal in removals)
    said = ", ".join(
        f"{ASIDES[rule][1].words if rule in ASIDES else cell(rule)} ({count:,})"
        for rule, count in rules.most_common()
    )
    return f"{len(removals):,} {'row' if len(removals) == 1 else 'rows'}, because {said}"


def _by_hazard(audit: Audit, manifest: Manifest) -> Iterator[str]:
    before = {row.hazard: row for row in manifest.coverage}
    added = Counter((each.hazard, each.kind) for each in manifest.added)
    rows = [
        (
            f"{cell(row.name)} ({cell(row.hazard)})",
            f"{before[row.hazard].refusals:g}" if row.hazard in before else "",
            f"{added[row.hazard, 'refusal']:,}",
            f"{added[row.hazard, 'contrast']:,}",
            f"{row.refusals:g}",
            f"{before[row.hazard].full_compliance:,}" if row.hazard in before else "",
            f"{row.full_compliance:,}",
        )
        for row in audit.coverage
    ]
    head = (
        "hazard",
        "refusals before",
        "refusal pairs added",
        "contrast pairs added",
        "refusals now",
        "answered before",
        "answered now",
    )
    yield from table(head, "lrrrrrr", rows)
