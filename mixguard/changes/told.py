"""The difference between two audits as lines of text, which the terminal and Markdown show."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from mixguard.changes.document import Changes, FindingChange, HazardChange, Judged, Responses, RowChange

SHOWN = 10
"""Lines of one kind."""
STANCES = {
    "full_refusal": "refused",
    "partial_refusal": "refused in part",
    "full_compliance": "answered",
    None: "not judged",
}
Texts = Mapping[tuple[str, int], tuple[str, str | None]]
"""Prompt and response by sample id and number of the exchange."""


class Section(NamedTuple):
    """A heading, lines, and how many lines are left out."""

    title: str
    lines: Sequence[str]
    left_out: int = 0


def verdict_line(changes: Changes) -> str:
    """What became of the verdict, in one line."""
    before, after = changes.before.verdict, changes.after.verdict
    if changes.is_none:
        return f"No difference: {after} in both, with the same findings on the same rows."
    return f"{before} in both" if before == after else f"{before} -> {after}"


def sections(changes: Changes, texts: Texts) -> Iterator[Section]:
    """What differs beside the rows, then what changed by finding, hazard and row; only what there is.

    Args:
        changes: what changed.
        texts: of the rows listed, if they are to be shown.
    """
    differences = [
        f"{each.what}: {each.before or 'not there'} -> {each.after or 'not there'}"
        for each in changes.differences
    ]
    findings = [_finding(each) for each in changes.findings]
    hazards = [_hazard(each) for each in changes.hazards]
    yield from _section("Other differences, which may explain the rest", differences)
    yield from _section("Findings", findings)
    yield from _section("Hazards", hazards)
    rows = changes.rows
    head = (
        f"Rows: {rows.new:,} new, {rows.gone:,} gone, {rows.flagged:,} newly flagged, {rows.unflagged:,} no longer flagged,"
        f" {rows.judged:,} judged differently"
    )
    if any((rows.new, rows.gone, rows.flagged, rows.unflagged, rows.judged)):
        lines = [_row(each, texts) for each in rows.listed[:SHOWN]]
        yield Section(head, lines, len(rows.listed) + rows.left_out - len(lines))


def _section(title: str, lines: Sequence[str]) -> Iterator[Section]:
    if lines:
        yield Section(title, lines[:SHOWN], max(len(lines) - SHOWN, 0))


def _finding(each: FindingChange) -> str:
    subject = f" ({each.subject})" if each.subject else ""
    severity = each.after if each.before == each.after else f"{each.before} -> {each.after}"
    return f"{each.change}: {each.id} {each.name}{subject}, {severity}, count {_step(each.count_before, each.count_after)}"


def _hazard(each: HazardChange) -> str:
    fields = Responses.model_fields
    steps = {name: (getattr(each.before, name), getattr(each.after, name)) for name in fields}
    return f"{each.hazard} {each.name}: " + ", ".join(
        f"{name} {_step(*step)}" for name, step in steps.items() if any(step)
    )


def _step(before: int, after: int) -> str:
    return f"{after:,}" if before == after else f"{before:,} -> {after:,}"


def _row(each: RowChange, texts: Texts) -> str:
    parts = [f"newly flagged by {', '.join(each.gained)}"] if each.gained else []
    parts += [f"no longer flagged by {', '.join(each.lost)}"] if each.lost else []
    if each.before is None or each.after is None:
        parts.append("row added" if each.before is None else "row gone")
    elif (each.before.hazard, each.before.stance) != (each.after.hazard, each.after.stance):
        parts.append(f"{_judged(each.before)} -> {_judged(each.after)}")
    told = f"{each.source}:{each.line}: {'; '.join(parts)}"
    prompt, response = texts.get((each.sample_id, each.exchange), (None, None))
    return told if prompt is None else f"{told}. Prompt: {prompt} Response: {response or 'none'}"


def _judged(of: Judged) -> str:
    return f"{of.hazard or 'no hazard'}, {STANCES.get(of.stance, of.stance)}"
