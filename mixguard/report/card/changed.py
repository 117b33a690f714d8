"""What rebalancing did to the data."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from mixguard.catalogue import aside_because
from mixguard.mix.manifest import Manifest
from mixguard.mix.plan import Removal
from mixguard.report.card.table import cell, digest, table
from mixguard.run.document import Audit


def changed(audit: Audit, manifest: Manifest | None) -> Iterator[str]:
    """What was added and set aside, and how the verdict and each hazard's refusals changed."""
    yield "### What was changed"
    yield ""
    if manifest is None:
        yield "Nothing, by mixguard: this is the original data, or its manifest was not found."
        return
    plan = manifest.plan
    kinds = Counter(each.kind for each in manifest.added)
    yield f"`mixguard rebalance` made this data. Its verdict went from **{manifest.verdict}** to **{audit.verdict}**."
    yield ""
    yield (
        f"- **Added**: {kinds['refusal']:,} refusal pairs (a hazardous prompt with a good refusal) and {kinds['contrast']:,}"
        " contrast pairs (a harmless look-alike with a helpful answer), following the risk profile"
        f" *{cell(plan.profile)}*. They come from the refusal bank *{cell(plan.bank)}*"
        f" ({cell(manifest.bank_licence)}, digest {digest(plan.bank_digest)}), not from the source data; treat them as"
        " machine-written."
    )
    if manifest.voice is not None:
        words = Counter(each.words for each in manifest.added if each.kind == "refusal")
        own = words["own"] + words["own, hard"]
        yield (
            f"- **Voice**: {cell(manifest.voice.name)} ({cell(manifest.voice.source)}). Of the refusals added,"
            f" {own:,} are in the model's own words, {words['voice']:,} open as it does and go on in the bank's words."
        )
    yield f"- **Set aside**, whole, in a file next to the data: {_removed(manifest.set_aside)}."
    if manifest.weight_zero:
        yield f"- **Kept with weight zero**, so they are not trained on: {_removed(manifest.weight_zero)}."
    yield "- All other records are unchanged, byte for byte. The manifest lists every record added or set aside."
    yield ""
    yield from _by_hazard(audit, manifest)


def _removed(removals: Sequence[Removal]) -> str:
    if not removals:
        return "no rows"
    rules = Counter(removal.rule for removal in removals)
    said = ", ".join(
        f"{aside_because(rule) or cell(rule)} ({count:,})" for rule, count in rules.most_common()
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
