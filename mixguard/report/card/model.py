"""Our section of a model card: what the tuned model lost, how that was measured, and what could not be seen."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from mixguard.checkpoint.comparison import Comparison
from mixguard.checkpoint.conditions import Arm
from mixguard.checkpoint.results import Result
from mixguard.report.card.gaps import CARD, Gap
from mixguard.report.card.outline import MODEL
from mixguard.report.card.stamp import Source, Spoken, stale
from mixguard.report.card.table import cell, digest, named, table
from mixguard.report.compared import figures

TAG = "mixguard-probed"
KEYS: Final[dict[str, Any]] = {"tags": [TAG]}
"""YAML keys that are known. Not `model-index`: it asks for a data set of the Hub, and the suite is none."""
NOTES_SHOWN = 30
HAZARDS_SHOWN = 200


def render(comparison: Comparison) -> str:
    """The text between the markers; contains no prompt and no answer."""
    parts = (
        _head(comparison),
        _axes(comparison),
        *(_hazards(comparison, axis) for axis in comparison.axes),
        _corpus(comparison),
        _warning(comparison),
        _measured(comparison),
        _limits(comparison),
        _foot(comparison),
    )
    return "\n\n".join("\n".join(lines) for part in parts if (lines := list(part)))


def source(comparison: Comparison) -> Source:
    """What the section is made from: the answers of both models, and the document."""
    files = sorted(arm.sha256 or arm.model for arm in (comparison.base, comparison.tuned))
    data = hashlib.sha256("\n".join([comparison.asked.asked, *files]).encode(errors="replace")).hexdigest()
    return Source(data, _report(comparison), comparison.verdict.replace(" ", "-"))


def model_outdated(card_text: str, comparison: Comparison, *, path: Path = CARD) -> tuple[Gap, ...]:
    """Why our section does not show this comparison; empty if it does.

    Raises:
        UsageError: the card's YAML or the section's markers are broken.
    """
    spoken = Spoken("comparison", "answers", "comparison of the same answers")
    return stale(card_text, source(comparison), spoken, MODEL, path)


def _report(comparison: Comparison) -> str:
    return hashlib.sha256(comparison.to_json()).hexdigest()


def _head(comparison: Comparison) -> Iterator[str]:
    version = cell(comparison.versions.get("mixguard", "of unknown version"))
    yield "## Refusals after tuning"
    yield ""
    if figures.is_simulated(comparison):
        yield f"**{figures.SIMULATED}**"
        yield ""
    yield f"**Verdict: {comparison.verdict}**, {cell(comparison.sentence)}."
    yield ""
    yield figures.MEANS[comparison.verdict]
    yield ""
    yield (
        f"mixguard {version} asked this model and its base the same probes on {cell(comparison.tuned.started[:10])}, and held"
        " every answer against what a good model does. Refusals, over-refusals and each further axis are told apart and"
        " never added up."
    )


def _axes(comparison: Comparison) -> Iterator[str]:
    yield "### Results"
    yield ""
    yield (
        "*Lost*: good in all samples of the base, bad in most of this model's. Shares are of samples, with 95 % intervals,"
        " corrected for the judge's error where a judge decides."
    )
    yield ""
    head = (
        "axis",
        "verdict",
        "lost",
        "gained",
        "before",
        "after",
        "change in points",
        "smallest loss visible",
    )
    yield from table(head, "llrrllll", (_row(axis) for axis in comparison.axes))


def _row(result: Result) -> tuple[str, ...]:
    name = f"{result.name} ({result.hazard})" if result.hazard else result.name
    change = figures.points(result.change).partition(" point")[0]
    return (
        cell(name),
        result.verdict,
        figures.lost_of(result),
        f"{result.counts['gained']:,}",
        figures.rate(result.base),
        figures.rate(result.tuned),
        f"{change} ({figures.bounds(result.interval)})" if result.interval else change,
        "none" if result.visible is None else figures.unsigned(result.visible),
    )


def _hazards(comparison: Comparison, axis: Result) -> Iterator[str]:
    hazards = comparison.hazards(axis.axis)
    if not hazards:
        return
    yield f"### {cell(figures.words(axis).title)} by hazard"
    yield ""
    head = (
        "hazard",
        "verdict",
        "lost",
        "gained",
        f"{figures.words(axis).good} before",
        "after",
        "change in points",
        "smallest loss visible",
    )
    yield from table(head, "llrrllll", map(_row, hazards[:HAZARDS_SHOWN]))


def _corpus(comparison: Comparison) -> Iterator[str]:
    yield "### What the corpus held"
    yield ""
    corpus = comparison.corpus
    if corpus is None:
        yield "Not stated: the comparison was made without the audit of the corpus."
        return
    names = {result.hazard: result.name for result in comparison.results if result.hazard}
    lost = {result.hazard for result in comparison.results if result.hazard and figures.lost_some(result)}
    yield "What the data that this model was tuned on held of each hazard, and what was added to it before."
    yield ""
    yield from table(
        ("hazard", "lost here", "prompts", "refused", "partly", "answered", "asked for", "added by the mix"),
        "llrrrrrl",
        (
            (
                cell(f"{names.get(held.hazard, held.hazard)} ({held.hazard})"),
                "yes" if held.hazard in lost else "",
                f"{held.exchanges:,}",
                f"{held.refused:,}",
                f"{held.partly:,}",
                f"{held.answered:,}",
                f"{held.wanted:,}",
                figures.added(held, corpus),
            )
            for held in corpus.hazards[:HAZARDS_SHOWN]
        ),
    )


def _warning(comparison: Comparison) -> Iterator[str]:
    if comparison.openings:
        yield "### Early warning"
        yield ""
        yield "How likely the first token opens a refusal; this moves before answers do, and is no verdict."
        yield ""
        yield from (
            f"- {cell(opening.axis.replace('_', '-'))}: log-probability {opening.change:+.2f}"
            f" ({opening.interval.low:+.2f} to {opening.interval.high:+.2f}) on {opening.probes:,} probes:"
            f" {cell(opening.sentence)}"
            for opening in comparison.openings
        )


def _measured(comparison: Comparison) -> Iterator[str]:
    asked, names = comparison.asked, {axis.axis: axis.name for axis in comparison.axes}
    yield "### How it was measured"
    yield ""
    yield (
        f"- Suite *{cell(asked.suite)}* {cell(asked.version)}, digest {digest(asked.digest)}, as asked"
        f" {digest(asked.asked)}: {asked.probes:,} probes, {asked.dropped:,} dropped because the corpus holds them"
    )
    yield f"- Decoding: {figures.decoding(comparison)}{_system(comparison)}"
    yield from (f"- {what}: {_arm(arm)}" for what, arm in _arms(comparison))
    if comparison.allowed:
        yield f"- Allowed to differ between the two: {cell(', '.join(comparison.allowed))}"
    yield from (
        f"- Judge of {cell(names.get(judge.axis, judge.axis))}: {cell(figures.judged_by(judge))};"
        f" {figures.percent(judge.misread)} of good answers may be misread as bad"
        for judge in comparison.detectors
    )
    rule = comparison.rule
    yield (
        f"- Rule: a loss of up to {figures.unsigned(rule.margin)} is tolerated; chance of error {rule.alpha:g}, shared out by"
        f" Holm; hazards with fewer than {rule.least} probes at risk are watched, never failed"
    )
    told = ", ".join(f"{cell(name)} {cell(version)}" for name, version in comparison.versions.items())
    yield f"- Versions: {told or 'not stated'}"


def _system(comparison: Comparison) -> str:
    system = comparison.asked.decoding.system
    return f", with a system prompt of {len(system):,} characters" if system else ""


def _arms(comparison: Comparison) -> Iterator[tuple[str, Arm]]:
    yield from (("Base", comparison.base), ("This model", comparison.tuned))
    yield from (("Base, asked again", arm) for arm in comparison.repeats)


def _arm(arm: Arm) -> str:
    shown = f"*{cell(arm.model)}* ({figures.MODELS.get(arm.kind, cell(arm.kind))})"
    served = f", server {cell(arm.server)}" if arm.server else ""
    template = f", chat template {digest(arm.template)}" if arm.template else ""
    file = f", probe file {cell(named(arm.file, Path()))}" if arm.file else ""
    sha = f", SHA-256 {digest(arm.sha256)}" if arm.sha256 else ""
    return f"{shown}{served}{template}; {arm.answers:,} answers, {arm.missing:,} missing, {arm.cut:,} cut off{file}{sha}"


def _limits(comparison: Comparison) -> Iterator[str]:
    yield "### What could not be seen"
    yield ""
    for each in (*figures.resolution(comparison), *figures.blind(comparison)):
        yield f"- {cell(each)}"
    yield from (f"- {cell(note)}" for note in comparison.notes[:NOTES_SHOWN])
    if len(comparison.notes) > NOTES_SHOWN:
        yield f"- and {len(comparison.notes) - NOTES_SHOWN:,} more notes in the document"
    yield "- A comparison tells change, not safety: what the base already did is not counted as lost."


def _foot(comparison: Comparison) -> Iterator[str]:
    yield (
        f"Comparison: SHA-256 {digest(_report(comparison))} of the document, as written by `-o comparison.json`. `mixguard card"
        " --compare` rewrites this section and leaves the rest of the card unchanged."
    )
