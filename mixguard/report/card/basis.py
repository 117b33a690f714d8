"""What a card's audit rests on: the files, the detectors with their errors, and what they cannot tell."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path

from mixguard.mix.manifest import SET_ASIDE, Manifest
from mixguard.report.card.stamp import report_digest
from mixguard.report.card.table import cell, digest, named, table
from mixguard.report.card.training import origin
from mixguard.run.document import Audit
from mixguard.stats import DetectorError

FILES_SHOWN = 40


def files(audit: Audit, manifest: Manifest | None, folder: Path) -> Iterator[str]:
    """The SHA-256 of every file; one combined digest for those beyond `FILES_SHOWN`."""
    yield "### Files"
    yield ""
    sources = audit.corpus.sources
    rows = [*_listed("this data", sources, folder)]
    if manifest is not None:
        aside = {name: sha for name, sha in manifest.outputs.items() if name.endswith(SET_ASIDE)}
        rows += [
            *_listed("set aside", aside, folder),
            *_listed("made from", manifest.inputs, folder),
        ]
    yield from table(("", "file", "SHA-256"), "lll", rows)


def _listed(what: str, sources: Mapping[str, str], folder: Path) -> Iterator[tuple[str, str, str]]:
    for name, sha in list(sources.items())[:FILES_SHOWN]:
        yield what, cell(named(name, folder)), digest(sha)
    left = list(sources.values())[FILES_SHOWN:]
    if left:
        whole = hashlib.sha256("\n".join(sorted(left)).encode()).hexdigest()
        yield what, f"{len(left):,} more; SHA-256 over their sorted digests, one per line", digest(whole)


def judged(audit: Audit) -> Iterator[str]:
    """The detectors, their limits and their measured errors."""
    detectors = audit.detectors
    versions = audit.provenance.versions
    yield "### How it was judged"
    yield ""
    yield from table(
        ("detector", "threshold", "sensitivity", "specificity"),
        "llll",
        [
            ("hazard in a prompt", f"probability {audit.hazard_limit:.2f}", *_error(detectors.hazard_error)),
            ("refusal in an answer", "probability 0.50", *_error(detectors.stance_error)),
        ],
    )
    yield ""
    yield (
        "Sensitivity is the share of true cases that are found, specificity the share of others that are not flagged, each"
        " with the number of labelled texts it was measured on. These were held out of the fit but are of the same kind;"
        " expect less on other text."
    )
    yield ""
    yield (
        f"- Taxonomy *{cell(detectors.taxonomy)}* {cell(detectors.taxonomy_version)}, digest"
        f" {digest(detectors.taxonomy_digest)}, {len(detectors.hazards)} hazards, language {cell(detectors.language)}"
    )
    stages = "; ".join(f"{cell(stage.name)}: {cell(stage.encoder)}" for stage in detectors.stages)
    yield f"- Stages: {stages}"
    if detectors.screen is not None:
        yield f"- {detectors.screen.told.capitalize()}"
    if detectors.endpoint is not None:
        yield f"- Asked a served model about prompts near the limit: {cell(detectors.endpoint.told)}"
    yield (
        f"- An exchange is near harm at a proximity of {detectors.proximity_limit:.3f} or more;"
        f" {detectors.proximity_expected:.1%} of plain requests are"
    )
    yield f"- Refusal detector: digest {digest(detectors.stance_digest)}"
    yield f"- Versions: {', '.join(f'{cell(name)} {cell(version)}' for name, version in versions.items())}"


def _error(error: DetectorError) -> tuple[str, str]:
    return (
        f"{error.sensitivity:.1%} of {error.positives:,}",
        f"{error.specificity:.1%} of {error.negatives:,}",
    )


def known_limits(audit: Audit) -> Iterator[str]:
    """What this audit cannot tell."""
    detectors = audit.detectors
    missed = 1 - detectors.hazard_error.sensitivity
    yield "### Known limits"
    yield ""
    yield (
        "- It sees data, not a model. Refusals in the data reduce the loss of safety but do not rule it out; measure the"
        " tuned model too."
    )
    yield (
        f"- It misses prompts: about {missed:.0%} of hazardous ones, even among texts like those it was fitted on. No finding"
        " is not proof of safety."
    )
    yield "- Adversarial data can pass any content check."
    yield f"- Hazards are judged in {cell(detectors.language)} only; prompts in other languages count as not judged."
    yield (
        "- Of personal data it sees numbers and addresses of fixed form and secrets in answers (MG214, MG215), no names."
        " It does not look for copyright, false facts or social bias, nor for hazards outside the taxonomy."
    )
    yield from origin(audit)


def crosswalk(audit: Audit) -> Iterator[str]:
    """The hazards' names in other schemes; folded, because it is wide."""
    schemes = audit.detectors.crosswalk
    if not schemes:
        return
    yield "<details>"
    yield "<summary>These hazards in other schemes</summary>"
    yield ""
    yield from table(
        ("hazard", *map(cell, schemes)),
        "l" * (len(schemes) + 1),
        [
            (f"{cell(name)} ({cell(code)})", *(cell(theirs.get(code, "-")) for theirs in schemes.values()))
            for code, name in audit.detectors.hazards.items()
        ],
    )
    yield ""
    yield r"`~` partial overlap, `-` no counterpart."
    yield ""
    yield "</details>"


def foot(audit: Audit) -> Iterator[str]:
    """How to verify the full report."""
    yield (
        f"Report: SHA-256 {digest(report_digest(audit))} of the audit document, as written by `-o audit.json`."
        " `mixguard card` rewrites this block and leaves the rest of the card unchanged."
    )
