"""Find what changed between two audits."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from mixguard.changes.document import (
    Changes,
    Difference,
    FindingChange,
    HazardChange,
    Responses,
    Side,
    Standing,
    gravity,
)
from mixguard.changes.rows import compare_rows
from mixguard.remote import named
from mixguard.run.document import Audit
from mixguard.run.findings import Coverage, Finding

_BESIDE = ("run", "encode.cache", "encode.device", "encode.batch", "encode.offline", "checks.limits")
"""Options that change no result, or are told one by one."""


def find_changes(before: Audit, after: Audit) -> Changes:
    """What changed from one audit to another, of the same corpus or not."""
    return Changes(
        before=_side(before),
        after=_side(after),
        differences=tuple(_differences(before, after)),
        findings=_findings(before, after),
        hazards=tuple(_hazards(before, after)),
        rows=compare_rows(before, after),
    )


def _side(audit: Audit) -> Side:
    corpus = audit.corpus
    return Side(
        folder=named(audit.folder),
        verdict=audit.verdict,
        meaning=audit.meaning,
        samples=corpus.samples,
        exchanges=corpus.exchanges,
    )


def _differences(before: Audit, after: Audit) -> Iterator[Difference]:
    """Files, detectors, options and packages that differ, in this order."""
    for tell in (_files, _detectors, _options, lambda audit: audit.provenance.versions):
        one, other = tell(before), tell(after)
        for what in dict.fromkeys((*one, *other)):
            if one.get(what) != other.get(what):
                yield Difference(what=what, before=one.get(what), after=other.get(what))


def _files(audit: Audit) -> Mapping[str, str]:
    return {f"file {name}": f"sha256 {digest[:16]}" for name, digest in audit.corpus.sources.items()}


def _detectors(audit: Audit) -> Mapping[str, str]:
    used = audit.detectors
    told = {
        "taxonomy": f"{used.taxonomy} {used.taxonomy_version} ({used.taxonomy_digest[:16]})",
        "refusal exemplars": used.stance_digest[:16],
        "hazard limit": f"{audit.hazard_limit:.4g}",
        "proximity limit": f"{used.proximity_limit:.4g}",
        "screen": "on" if used.screen else "off",
        "served judge": f"{used.endpoint.model} at {used.endpoint.endpoint}" if used.endpoint else "none",
    }
    return told | {f"encoder of the {stage.name} stage": stage.encoder for stage in used.stages}


def _options(audit: Audit) -> Mapping[str, str]:
    config = audit.config
    limits = {
        finding.limit_option: f"{finding.limit:g}" for finding in audit.findings if finding.limit is not None
    }
    named_limits = {name: limit for name, limit in limits.items() if name}
    options = _leaves(config.model_dump(mode="json"), "")
    return {name: "not set" if value is None else str(value) for name, value in options} | named_limits


def _leaves(tree: Mapping[str, Any], above: str) -> Iterator[tuple[str, Any]]:
    for key, value in tree.items():
        name = f"{above}{key}"
        if name in _BESIDE:
            continue
        if isinstance(value, Mapping):
            yield from _leaves(value, f"{name}.")
        else:
            yield name, value


def _findings(before: Audit, after: Audit) -> tuple[FindingChange, ...]:
    one, other = (_by_key(audit) for audit in (before, after))
    changes = [_finding(one.get(key), other.get(key)) for key in dict.fromkeys((*other, *one))]
    found = [change for change in changes if change is not None]
    return tuple(
        sorted(found, key=lambda each: (not each.is_new, -gravity(each.after), -gravity(each.before)))
    )


def _by_key(audit: Audit) -> dict[tuple[str, str | None], Finding]:
    return {(finding.id, finding.subject): finding for finding in audit.findings}


def _finding(before: Finding | None, after: Finding | None) -> FindingChange | None:
    """The change of one finding; None if there is none, or it stands in neither audit."""
    either = after or before
    standing, count = (
        (_standing(before), _standing(after)),
        [each.count if each else 0 for each in (before, after)],
    )
    stands = [gravity(each) for each in standing]
    if either is None or not any(stands) or (stands[0] == stands[1] and count[0] == count[1]):
        return None
    return FindingChange(
        id=either.id,
        name=either.name,
        subject=either.subject,
        kind=either.kind,
        before=standing[0],
        after=standing[1],
        count_before=count[0],
        count_after=count[1],
    )


def _standing(finding: Finding | None) -> Standing:
    if finding is None:
        return "absent"
    return finding.severity if finding.counts else "suppressed"


def _hazards(before: Audit, after: Audit) -> Iterator[HazardChange]:
    one, other = ({row.hazard: row for row in audit.coverage} for audit in (before, after))
    for hazard in dict.fromkeys((*other, *one)):
        was, now = _responses(one.get(hazard)), _responses(other.get(hazard))
        if was != now:
            name = (other.get(hazard) or one[hazard]).name
            yield HazardChange(hazard=hazard, name=name, before=was, after=now)


def _responses(row: Coverage | None) -> Responses:
    if row is None:
        return Responses()
    return Responses(
        prompts=row.exchanges,
        refused=row.full_refusal,
        partial=row.partial_refusal,
        answered=row.full_compliance,
    )
