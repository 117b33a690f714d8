"""A comparison at the terminal: what a release manager must know first, in 80 columns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from mixguard.checkpoint.comparison import Comparison
from mixguard.checkpoint.comparison_shown import SEVERITY
from mixguard.checkpoint.results import OUTCOMES, Outcome, ProbeOutcome, Result, ResultVerdict
from mixguard.checkpoint.ruling import level_of
from mixguard.checkpoint.said import Texts
from mixguard.checkpoint.states import marks
from mixguard.checkpoint.wording import percent, points
from mixguard.console.screen import GAP, STYLES
from mixguard.escape import printed, shorten
from mixguard.library.suite import HAZARDOUS, LOOK_ALIKE
from mixguard.report.compared.figures import beside

LOST_SHOWN, TEXT_SHOWN = 20, 400
"""Lost probes whose texts are shown, and characters of each text."""
NAME_SHOWN = 25
"""Characters of the name of an axis or hazard."""
GOOD = {HAZARDOUS: "refusals", LOOK_ALIKE: "answers to look-alikes"}
"""Good answers on the axes that are judged."""
TOLD: dict[Outcome, str] = {"apart": "never good before"}
"""Outcomes whose own names say too little."""
LEGEND = "before, after: share of good answers. lost: of the probes good in every sample before, those now bad in most."
FELL: tuple[ResultVerdict, ...] = ("regression", "watch")


def render(comparison: Comparison, texts: Texts | None = None) -> RenderableType:
    """The whole comparison; with `texts`, also what was answered to the lost probes."""
    return Group(*_parts(comparison, texts))


def line(comparison: Comparison) -> str:
    """The verdict on one line."""
    models = f"{comparison.base.model} before, {comparison.tuned.model} after"
    return printed(f"{comparison.verdict.upper()} {models}: {comparison.sentence}")


def _parts(comparison: Comparison, texts: Texts | None) -> Iterator[RenderableType]:
    yield _verdict(comparison)
    yield Text()
    yield _table(comparison.axes, "what a good model does")
    yield Text(LEGEND, style="dim")
    for axis in comparison.axes:
        yield from _hazards(comparison, axis)
    yield from _openings(comparison)
    yield Text()
    yield from _limits(comparison)
    if texts is not None:
        yield from _lost(comparison, texts)
    elif comparison.became("lost"):
        yield _line(
            "Next", "add --show-text to read the lost probes with both answers, -o report.html for the page"
        )


def _verdict(comparison: Comparison) -> Text:
    style = STYLES[SEVERITY[comparison.verdict]]
    asked, decoding = comparison.asked, comparison.asked.decoding
    samples = "1 sample each" if decoding.samples == 1 else f"{decoding.samples} samples each"
    line = Text.assemble(
        (f" {comparison.verdict.upper()} ", f"{style} reverse"),
        " ",
        (printed(comparison.sentence), style),
        "\n",
    )
    told = (
        f"{comparison.base.model} before, {comparison.tuned.model} after: {asked.suite} {asked.version},"
        f" {asked.probes:,} probes, {samples} at temperature {decoding.temperature:g},"
        f" {comparison.tuned.server or comparison.tuned.kind}"
    )
    return line.append(printed(told), style="dim")


def _table(results: Sequence[Result], head: str | None) -> Table:
    """Results under one another; every such table has the same columns, and none is wider than 80 characters."""
    table = Table(box=None, pad_edge=False, padding=GAP, show_header=head is not None)
    table.add_column("", width=12, no_wrap=True)
    table.add_column(head or "", width=NAME_SHOWN, no_wrap=True, overflow="ellipsis")
    for name, width in (("before", 6), ("after", 6), ("points", 15), ("lost", 11)):
        table.add_column(name, justify="right", width=width, no_wrap=True)
    for result in results:
        table.add_row(_stamp(result.verdict), printed(result.name), *_figures(result))
    return table


def _stamp(verdict: ResultVerdict) -> Text:
    style = STYLES["warn"] if verdict == "watch" else STYLES[SEVERITY[verdict]]
    return Text(verdict, style=style)


def _figures(result: Result) -> tuple[str, ...]:
    lost = f"{result.counts['lost']} of {result.at_risk}"
    if result.base is None or result.tuned is None:
        return ("", "", "", lost)
    change = _whole(result.change or 0.0)
    if result.interval is not None:
        change += f" [{_whole(result.interval.low)}, {_whole(result.interval.high)}]"
    return (percent(result.base.share), percent(result.tuned.share), change, lost)


def _whole(share: float) -> str:
    """A change in whole points."""
    value = round(100 * share)
    return f"{value:+d}" if value else "0"


def _hazards(comparison: Comparison, axis: Result) -> Iterator[RenderableType]:
    """The hazards that fell, worst first, each with what the corpus held; the others in one line."""
    hazards = comparison.hazards(axis.axis)
    fell = sorted(
        (each for each in hazards if each.verdict in FELL),
        key=lambda each: (FELL.index(each.verdict), -each.loss),
    )
    for result in fell:
        if result is fell[0]:
            yield Text(f"\n{printed(axis.name)}: hazards that fell", style="bold")
        yield _table([result], "hazard" if result is fell[0] else None)
        yield from (
            Padding(Text(printed(line), style="dim"), (0, 0, 0, 13)) for line in _beside(comparison, result)
        )
    if hazards and not fell:
        yield Text(f"\n{printed(axis.name)}: no regression in any hazard", style="bold")
    yield from (Text(line, style="dim") for line in _others(hazards, fell))


def _beside(comparison: Comparison, result: Result) -> Iterator[str]:
    """What the corpus held about a hazard that fell, and why it is watched only."""
    if result.verdict == "watch" and result.at_risk < comparison.rule.least:
        yield f"{result.at_risk} probes at risk are too few to fail it"
    elif result.verdict == "watch":
        count, level = (
            len(comparison.hazards(result.axis)),
            level_of(result.axis, result.hazard, comparison.rule),
        )
        yield f"not significant among {count} hazards (p {result.adjusted or 0.0:.2g}; needs {level:.3g})"
    known = beside(comparison, result)
    if known is not None:
        yield f"the corpus: {known[0]}"
        if comparison.corpus and comparison.corpus.manifest:
            yield f"the mix: {known[1]}"


def _others(hazards: Sequence[Result], fell: Sequence[Result]) -> Iterator[str]:
    rest = [each for each in hazards if each not in fell]
    kept = [each for each in rest if each.verdict == "none found"]
    for verdict in ("unmeasurable", "unresolved", "unstable"):
        names = ", ".join(printed(each.name) for each in rest if each.verdict == verdict)
        if names:
            yield f"{verdict}: {names}"
    if kept:
        noun = "hazard" if len(kept) == 1 else "hazards"
        seen = [each.visible for each in kept if each.visible is not None]
        told = (
            f"; a loss of {points(max(seen))} in one of them would have been seen"
            if seen
            else "; too few probes of each to fail it"
        )
        yield f"{len(kept)} {'other ' if fell else ''}{noun}: no regression found{told}"


def _openings(comparison: Comparison) -> Iterator[RenderableType]:
    if comparison.openings:
        yield Text("\nFirst token", style="bold")
    for opening in comparison.openings:
        yield Text(printed(opening.sentence))


def _limits(comparison: Comparison) -> Iterator[RenderableType]:
    """What was seen of the probes, what could be seen, and what else must be known."""
    counts = [(outcome, len(comparison.became(outcome))) for outcome in reversed(OUTCOMES)]
    yield _line(
        "Probes", ", ".join(f"{count:,} {TOLD.get(outcome, outcome)}" for outcome, count in counts if count)
    )
    seen = [(axis.name, axis.visible) for axis in comparison.axes[:2]]
    told = "; ".join(f"{name} {points(least)}" for name, least in seen if least is not None)
    yield _line("Sees", f"a true loss of this size four times in five: {told or 'none'}")
    judged = [each for each in comparison.detectors if each.error is not None]
    if judged:
        misread = " and ".join(
            f"{percent(each.misread)} of {GOOD.get(each.axis, each.axis)}" for each in judged
        )
        yield _line(
            "Judge", f"misreads {misread} (measured on {judged[0].source}); the intervals allow for that"
        )
    for note in comparison.notes:
        yield _line("Note", note)


def _line(head: str, told: str) -> Table:
    grid = Table.grid(padding=(0, 1))
    grid.add_column(width=6, style="bold")
    grid.add_row(head, printed(told))
    return grid


def _lost(comparison: Comparison, texts: Texts) -> Iterator[RenderableType]:
    lost = comparison.became("lost")
    if lost:
        yield Text("\nLost probes", style="bold")
    for probe in lost[:LOST_SHOWN]:
        yield from _answers(probe, texts)
    if len(lost) > LOST_SHOWN:
        yield Text(f"and {len(lost) - LOST_SHOWN:,} more; -o report.html --show-text has them all")


def _answers(probe: ProbeOutcome, texts: Texts) -> Iterator[RenderableType]:
    said = texts.get(probe.probe)
    if said is None:
        return
    bad = next((at for at, state in enumerate(probe.tuned) if state == marks(probe.axis).bad), 0)
    yield Text(f"\n{printed(probe.probe)}  {printed(probe.hazard or probe.axis)}", style="bold")
    grid = Table.grid(padding=(0, 1))
    grid.add_column(width=6, style="dim")
    for head, text in (
        ("prompt", said.prompt),
        ("before", _at(said.base, 0)),
        ("after", _at(said.tuned, bad)),
    ):
        grid.add_row(head, printed(shorten(text, TEXT_SHOWN)))
    yield grid


def _at(answers: Sequence[str | None], at: int) -> str:
    return (answers[at] if at < len(answers) else None) or ""
