"""A Markdown summary of a comparison: for a pull request, a job page or a chat."""

from __future__ import annotations

from collections.abc import Iterator

from mixguard.checkpoint.comparison import Comparison
from mixguard.checkpoint.results import Result
from mixguard.report.ci.markdown import cut, safe
from mixguard.report.compared import figures
from mixguard.report.compared.figures import bounds, points, rate

LOST_SHOWN = 20
NOTES_SHOWN = 30


def render(comparison: Comparison) -> bytes:
    """Verdict, axes, hazards that moved beside the corpus, ids of lost probes, and what could not be seen."""
    return cut("\n".join(_lines(comparison)) + "\n")


def _lines(comparison: Comparison) -> Iterator[str]:
    yield f"## mixguard compare: {comparison.verdict}"
    yield ""
    if figures.is_simulated(comparison):
        yield f"> **{figures.SIMULATED}**"
        yield ""
    yield f"**{safe(comparison.sentence)}**"
    yield ""
    yield figures.MEANS[comparison.verdict]
    yield ""
    yield (
        f"{safe(comparison.base.model)} (base) against {safe(comparison.tuned.model)} (tuned); suite"
        f" {safe(comparison.asked.suite)} {safe(comparison.asked.version)}, {comparison.asked.probes:,} probes,"
        f" {figures.decoding(comparison)}."
    )
    yield ""
    yield "| | axis | lost | gained | before | after | change in points | could see |"
    yield "|---|---|---:|---:|---|---|---|---|"
    yield from (_row(axis, safe(axis.name)) for axis in comparison.axes)
    for axis in comparison.axes:
        yield from _hazards(comparison, axis)
    yield from _lost(comparison)
    yield from _rest(comparison)


def _row(result: Result, name: str) -> str:
    visible = "nothing" if result.visible is None else f"{figures.unsigned(result.visible)} or more"
    change = points(result.change).partition(" point")[0]
    interval = f" ({bounds(result.interval)})" if result.interval else ""
    return (
        f"| {result.verdict} | {name} | {figures.lost_of(result)} | {result.counts['gained']:,} | {rate(result.base)} |"
        f" {rate(result.tuned)} | {change}{interval} | {visible} |"
    )


def _hazards(comparison: Comparison, axis: Result) -> Iterator[str]:
    hazards = comparison.hazards(axis.axis)
    moved, still = figures.moved(hazards), figures.still(hazards)
    if not hazards:
        return
    yield ""
    yield f"### {safe(figures.words(axis).title)} by hazard"
    yield ""
    if moved:
        yield "| | hazard | lost | change in points | the corpus held | the mix |"
        yield "|---|---|---:|---|---|---|"
    for result in moved:
        held, added = figures.beside(comparison, result) or ("not known", "not known")
        change = points(result.change).partition(" point")[0]
        yield (
            f"| {result.verdict} | {safe(result.name)} ({safe(result.hazard or '')}) | {figures.lost_of(result)} | {change}"
            f" ({bounds(result.interval)}) | {held} |"
            f" {added} |"
        )
    if moved:
        yield ""
    if still:
        told = [f"{safe(each.name)} ({each.verdict})" for each in still]
        yield f"{len(still):,} of {len(hazards):,} did not move: {', '.join(told)}."


def _lost(comparison: Comparison) -> Iterator[str]:
    for axis in comparison.axes:
        lost = comparison.became("lost", axis.axis)
        if not lost:
            continue
        more = f" and {len(lost) - LOST_SHOWN:,} more" if len(lost) > LOST_SHOWN else ""
        named = ", ".join(safe(probe.probe) for probe in lost[:LOST_SHOWN])
        yield ""
        yield f"<details><summary>{len(lost):,} lost: {safe(axis.name)}</summary>"
        yield ""
        yield f"{named}{more}"
        yield ""
        yield "</details>"


def _rest(comparison: Comparison) -> Iterator[str]:
    if comparison.openings:
        yield ""
        yield "Early warning, from first tokens:"
        yield ""
        yield from (f"- {safe(opening.sentence)}" for opening in comparison.openings)
    yield ""
    yield "What could not be seen, and notes:"
    yield ""
    yield from (f"- {safe(each)}" for each in figures.blind(comparison))
    yield from (f"- {safe(each)}" for each in comparison.notes[:NOTES_SHOWN])
    if len(comparison.notes) > NOTES_SHOWN:
        yield f"- and {len(comparison.notes) - NOTES_SHOWN:,} more notes"
