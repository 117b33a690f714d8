"""What a newcomer reads in ten seconds: verdict, what was found, the hazards touched, and what to do next."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from mixguard.console.onward import steps
from mixguard.console.screen import GAP, NAME_SHOWN, style_of
from mixguard.console.training import training_advice
from mixguard.escape import printed, shorten
from mixguard.report.suppressed import counting, set_apart
from mixguard.run.document import Audit
from mixguard.run.findings import Coverage, Finding, SampleRef
from mixguard.run.words import kinds_told, untouched
from mixguard.stats import span

FINDINGS_SHOWN = 8
PLACES_SHOWN = 3
ROWS_SHOWN = 3
"""Rows whose texts are shown."""
TEXT_SHOWN = 180
"""Characters of a text."""
Texts = Mapping[tuple[str, int], tuple[str, str | None]]
"""Prompt and response by sample and exchange."""


def render(audit: Audit, texts: Texts | None = None, seconds: float | None = None) -> RenderableType:
    """The short report.

    Args:
        audit: the run.
        texts: those of the gravest rows, to be shown.
        seconds: how long it took.
    """
    return Group(*_parts(audit, texts, seconds))


def _parts(audit: Audit, texts: Texts | None, seconds: float | None) -> Iterator[RenderableType]:
    yield verdict(audit, seconds)
    yield Text()
    yield from _findings(audit)
    if texts is not None:
        yield from rows(audit, texts)
    yield from training_advice(audit, whys=False)
    yield Text()
    yield from _hazards(audit)
    yield Text()
    yield from steps(audit)


def verdict(audit: Audit, seconds: float | None = None) -> Text:
    """The verdict with its kinds, and what was read and how."""
    style = style_of(audit.verdict, *audit.kinds)
    corpus = audit.corpus
    apart = sum(not finding.counts for finding in audit.findings)
    suppressed = f"; {apart:,} {'finding' if apart == 1 else 'findings'} suppressed" if apart else ""
    told = f"{kinds_told(audit.verdict, audit.kinds)}{suppressed}"
    line = Text.assemble((f" {audit.verdict.upper()} ", f"{style} reverse"), f" {told}\n")
    names = list(corpus.sources)
    named = names[0] if len(names) == 1 else f"{len(names)} files"
    rejected = f", {corpus.rejected:,} in quarantine" if corpus.rejected else ""
    took = f", {seconds:.1f} s" if seconds is not None else ""
    formats = ", ".join(sorted({name for counts in corpus.formats.values() for name in counts}))
    read = f"{corpus.samples:,} samples, {corpus.exchanges:,} exchanges{rejected}, {formats}{took}"
    line.append(" " + printed(f"{named}: {read}"), style="dim")
    screen, endpoint = audit.detectors.screen, audit.detectors.endpoint
    if screen is not None:
        line.append(f"\n {screen.told}", style="yellow" if screen.exact else "dim")
    if endpoint is not None:
        line.append(f"\n {printed(endpoint.told)}", style="yellow" if endpoint.stopped else "dim")
    return line


def line(audit: Audit) -> str:
    """The verdict on one line."""
    names = list(audit.corpus.sources)
    named = names[0] if len(names) == 1 else f"{len(names)} files"
    return printed(f"{audit.verdict.upper()} {named}: {audit.meaning}")


def _findings(audit: Audit) -> Iterator[RenderableType]:
    """One entry for each finding that decides, and one for all notes."""
    found = counting(audit)
    grave = [finding for finding in found if finding.severity != "note"]
    notes = [finding for finding in found if finding.severity == "note"]
    table = Table.grid(padding=(0, 1))
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column()
    for finding in grave[:FINDINGS_SHOWN]:
        head = Text(finding.severity, style_of(finding.severity, finding.kind))
        table.add_row(head, Text(finding.id, "bold"), Text(printed(finding.message)))
        if finding.samples:
            table.add_row("", "", Text.assemble((places(finding), "cyan"), (share(finding), "dim")))
    if len(grave) > FINDINGS_SHOWN:
        table.add_row("", "", Text(f"and {len(grave) - FINDINGS_SHOWN:,} more (-v)", style="dim"))
    if notes:
        table.add_row(Text("note", "cyan"), "", Text(", ".join(map(_noted, notes)), style="dim"))
    apart = len(list(set_apart(audit)))
    if apart:
        table.add_row(Text("also", "dim"), "", Text(f"{apart:,} suppressed (-v)", style="dim"))
    if not found:
        table.add_row("", "", Text("no check found anything"))
    yield table


def _noted(finding: Finding) -> str:
    """A note in a few words, whose spaces do not break."""
    subject = f" ({finding.subject})" if finding.subject else ""
    count = f": {finding.count:,}" if finding.count else ""
    return printed(f"{finding.id} {finding.name}{subject}{count}").replace(" ", "\xa0")


def share(finding: Finding) -> str:
    """What share of rows it may truly be, the detector's error counted in; empty if that was not measured."""
    if finding.interval is None or not finding.total:
        return ""
    return f"; likely share {span(finding.interval, finding.total)} of {finding.total:,}"


def places(finding: Finding) -> str:
    """Where its first rows are."""
    return spots([(sample.source, sample.line) for sample in finding.samples], finding.count)


def spots(rows_: Sequence[tuple[str, int]], count: int) -> str:
    """The first of so many rows: lines of one file after its name."""
    first = list(dict.fromkeys(rows_))[:PLACES_SHOWN]
    told: list[str] = []
    for number, (source, at) in enumerate(first):
        again = number and first[number - 1][0] == source
        told.append(f"{at}" if again else printed(f"{source}:{at}"))
    more = count - len(first)
    return ", ".join(told) + (f" and {more:,} more" if more > 0 else "")


def gravest(audit: Audit) -> list[tuple[Finding, SampleRef]]:
    """The rows to read first: of the gravest findings that point to rows, those about harm and attacks before others."""
    ranked = sorted(counting(audit), key=lambda finding: finding.kind not in ("harm", "attack"))
    found: dict[tuple[str, int], tuple[Finding, SampleRef]] = {}
    for finding in ranked:
        for sample in finding.samples[:ROWS_SHOWN]:
            found.setdefault((sample.sample_id, sample.exchange), (finding, sample))
    return list(found.values())[:ROWS_SHOWN]


def rows(audit: Audit, texts: Texts) -> Iterator[RenderableType]:
    """The rows to read first, with their texts."""
    for finding, sample in gravest(audit):
        score = "" if sample.score is None else f", score {sample.score:.2f}"
        hazard = f" {sample.hazard}" if sample.hazard else ""
        head = Text.assemble(
            "\n", (printed(f"{sample.source}:{sample.line}"), "cyan"), f"  {finding.id}{hazard}{score}"
        )
        table = Table.grid(padding=(0, 1))
        table.add_column(no_wrap=True, style="dim")
        prompt, response = texts.get((sample.sample_id, sample.exchange), (None, None))
        for name, text in (("  prompt", prompt), ("  answer", response)):
            if text is not None:
                table.add_row(name, Text(printed(shorten(text, TEXT_SHOWN))))
        if prompt is None:
            table.add_row("", "text not available: the file is gone or has changed")
        yield from (head, table)


def _hazards(audit: Audit) -> Iterator[RenderableType]:
    """The hazards that the corpus touches; the others in one line."""
    touched = [row for row in audit.coverage if row.exchanges]
    if touched:
        table = Table(box=None, pad_edge=False, padding=GAP)
        table.add_column("hazard", style="bold", no_wrap=True)
        table.add_column("name", overflow="ellipsis", no_wrap=True, max_width=NAME_SHOWN)
        for name in ("prompts", "refused", "partial", "answered", "refusals"):
            table.add_column(name, justify="right", no_wrap=True)
        for row in touched:
            table.add_row(row.hazard, row.name, *counts(row))
        yield table
    unseen = [row for row in audit.coverage if not row.exchanges]
    wanted = sum(row.wanted for row in unseen)
    asked = f"; {wanted:,} {'refusal' if wanted == 1 else 'refusals'} wanted" if wanted else ""
    rest = untouched(len(unseen), len(audit.coverage), audit.findings)
    if rest:
        yield Text(f"{rest}{asked}", "dim")


def counts(row: Coverage) -> tuple[Text, ...]:
    """Prompts, refused, partly refused, answered, and how many refusals there are of those wanted."""
    plain = (row.exchanges, row.full_refusal, row.partial_refusal)
    return (
        *(Text(f"{count:,}", style="" if count else "dim") for count in plain),
        Text(f"{row.full_compliance:,}", style="red" if row.full_compliance else "dim"),
        Text(row.covered, style="yellow" if row.is_short else "green"),
    )
