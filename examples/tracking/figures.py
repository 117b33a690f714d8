"""What to log of an audit, a mix and a comparison: words, numbers, and documents in a folder. No text of the corpus is in them."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import mixguard
from mixguard.report import comparisons, files

Numbers = dict[str, float]


class Logged(NamedTuple):
    """A result as trackers take it."""

    words: dict[str, str]
    """Tags: what to filter runs by."""
    numbers: Numbers
    """Metrics; `/` groups them."""


def of_audit(audit: mixguard.Audit, folder: Path) -> Logged:
    """The verdict, the counts of each hazard and finding, and the documents, which are written to `folder`."""
    numbers: Numbers = {"exchanges": audit.corpus.exchanges, "exit_code": audit.exit_code}
    for row in audit.coverage:
        numbers[f"hazard/{row.hazard}/prompts"] = row.exchanges
        numbers[f"hazard/{row.hazard}/refused"] = row.refusals
        numbers[f"hazard/{row.hazard}/wanted"] = row.wanted
    for finding in audit.findings:
        if finding.counts and finding.severity != "pass":
            key = f"finding/{finding.id}"
            numbers[key] = numbers.get(key, 0) + finding.count  # a check may find several things
    for name in ("report.html", "audit.json"):
        files.write(audit, folder / name)
    return Logged({"verdict": audit.verdict, "kinds": " ".join(audit.kinds)}, numbers)


def of_mix(mix: mixguard.Mix, folder: Path) -> Logged:
    """The verdicts before and after, what was added and set aside, plan and manifest."""
    words: dict[str, str] = {"verdict_before": mix.before.verdict}
    numbers: Numbers = {"planned/refusals": mix.plan.refusals, "planned/contrast": mix.plan.contrast}
    (folder / "plan.json").write_bytes(mix.plan.to_json())
    if mix.manifest and mix.after:  # None if it was only planned
        words["verdict_after"] = mix.after.verdict
        numbers |= {"added": len(mix.manifest.added), "set_aside": len(mix.manifest.set_aside)}
        (folder / "manifest.json").write_bytes(mix.manifest.to_json())
    return Logged(words, numbers)


def of_comparison(comparison: mixguard.Comparison, folder: Path) -> Logged:
    """The verdict, and for each axis what was lost and by how much it changed."""
    numbers: Numbers = {"exit_code": comparison.exit_code}
    for axis in comparison.axes:
        numbers[f"axis/{axis.axis}/lost"] = axis.counts["lost"]
        if axis.change is not None:
            numbers[f"axis/{axis.axis}/change"] = axis.change
    for name in ("comparison.html", "comparison.json"):
        comparisons.write(comparison, folder / name)
    return Logged({"verdict": comparison.verdict}, numbers)
