"""The report a newcomer reads in ten seconds: verdict, coverage, findings, what to do next."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from mixguard.console.screen import GAP, NAME_SHOWN, STYLES
from mixguard.console.training import training_advice
from mixguard.escape import plain, printed, shorten
from mixguard.remote import named
from mixguard.report.suppressed import counting, set_apart
from mixguard.run.document import Audit
from mixguard.run.findings import Coverage, Finding, SampleRef
from mixguard.run.risks import risks

PLACES_SHOWN = 3
RISKS_SHOWN = 6
APART_SHOWN = 10
"""Suppressed findings."""
FOUND_SHOWN = 80
"""Characters of a suppressed finding's message."""


def render(audit: Audit) -> RenderableType:
    """The whole report."""
    return Group(*_parts(audit))


def _parts(audit: Audit) -> Iterator[RenderableType]:
    yield _verdict(audit)
    yield from _risks(audit)
    yield Text()
    yield Text("Refusal coverage per hazard", style="bold")
    yield _coverage_table(audit)
    shown = counting(audit)
    if shown:
        yield Text("\nFindings", style="bold")
    for finding in shown:
        yield Padding(_finding(finding), (1, 0, 0, 2))
    yield from training_advice(audit)
    yield from _set_apart(audit)
    yield Text()
    yield _passed(audit)
    yield _next(audit)


def _verdict(audit: Audit) -> Text:
    style = STYLES[audit.verdict]
    corpus = audit.corpus
    line = Text.assemble(
        (f" {audit.verdict.upper()} ", f"{style} reverse"), " ", (printed(audit.meaning), style), "\n"
    )
    names = list(corpus.sources)
    named = names[0] if len(names) == 1 else f"{len(names)} files"
    rejected = f", {corpus.rejected:,} in quarantine" if corpus.rejected else ""
    seconds = audit.provenance.seconds
    line.append(
        " "
        + printed(
            f"{named}: {corpus.samples:,} samples, {corpus.exchanges:,} exchanges{rejected}, {_formats(audit)},"
            f" {seconds:.1f} s"
        ),
        style="dim",
    )
    screen, endpoint = audit.detectors.screen, audit.detectors.endpoint
    if screen is not None:
        line.append(f"\n {screen.told}", style="yellow" if screen.exact else "dim")
    if endpoint is not None:
        line.append(f"\n {printed(endpoint.told)}", style="yellow" if endpoint.stopped else "dim")
    return line


def _risks(audit: Audit) -> Iterator[RenderableType]:
    """The mechanisms present, gravest first; those that are only noted in one line."""
    found = risks(audit.findings)
    grave = [risk for risk in found if risk.severity != "note"]
    if grave:
        yield Text("\nRisks, gravest first", style="bold")
    for risk in grave[:RISKS_SHOWN]:
        lines = Table.grid(padding=(0, 1))
        told = ", ".join(filter(None, (risk.strong, risk.sure)))
        name = Text.assemble((risk.name, "bold"), (f"  {told}", "dim"))
        lines.add_row(Text(f"  {risk.severity:<4}", STYLES[risk.severity]), name)
        lines.add_row("", Text(f"first: {risk.first}"))
        yield lines
    noted = [risk.name for risk in (*grave[RISKS_SHOWN:], *found) if risk not in grave[:RISKS_SHOWN]]
    if noted:
        yield Text(f"Also seen: {', '.join(dict.fromkeys(noted))}", style="dim")


def _formats(audit: Audit) -> str:
    names = sorted({name for counts in audit.corpus.formats.values() for name in counts})
    return ", ".join(names)


def _coverage_table(audit: Audit) -> Table:
    table = Table(box=None, pad_edge=False, padding=GAP)
    table.add_column("hazard", style="bold", no_wrap=True)
    table.add_column("name", overflow="ellipsis", no_wrap=True, max_width=NAME_SHOWN)
    scheme, theirs = next(iter(audit.detectors.crosswalk.items()), ("", {}))
    if scheme:
        table.add_column(_initials(scheme), style="dim", no_wrap=True)
    for name in ("prompts", "refused", "partial", "answered", "covered"):
        table.add_column(name, justify="right", no_wrap=True)
    for row in audit.coverage:
        other = [theirs.get(row.hazard, "-").split(",")[0]] if scheme else []
        table.add_row(row.hazard, row.name, *other, *_coverage_row(row))
    return table


def _initials(scheme: str) -> str:
    """`llama-guard-3` as LG3, to keep the column narrow."""
    return "".join(word[0] for word in scheme.split("-")).upper()


def _coverage_row(row: Coverage) -> tuple[RenderableType, ...]:
    counts = [
        Text(f"{count:,}", style="" if count else "dim")
        for count in (row.exchanges, row.full_refusal, row.partial_refusal)
    ]
    answered = Text(f"{row.full_compliance:,}", style="red" if row.full_compliance else "dim")
    covered = Text(row.covered, style="yellow" if row.is_short else "green")
    return (*counts, answered, covered)


def _finding(finding: Finding) -> Group:
    subject = f" ({finding.subject})" if finding.subject else ""
    head = Text.assemble(
        (f"{finding.severity:<5}", STYLES[finding.severity]),
        f" {finding.id} ",
        (f"{finding.name}{subject}", "bold"),
        (f"  {finding.kind}", "dim"),
    )
    lines = Table.grid(padding=(0, 2))
    lines.add_row("", "", Text(printed(f"{finding.message}{_share(finding)}")))
    if finding.samples:
        lines.add_row("", "at", Text(_places(finding), style="cyan"))
    lines.add_row("", Text("why", style="dim"), Text(finding.why, style="dim"))
    lines.add_row("", "fix", Text(finding.remedy))
    return Group(head, lines)


def _set_apart(audit: Audit) -> Iterator[RenderableType]:
    rows = list(set_apart(audit))
    if rows:
        yield Text("\nSuppressed", style="dim bold")
    for what, found, why in rows[:APART_SHOWN]:
        line = printed(f"{what}: {shorten(found, FOUND_SHOWN)}; {why}")
        yield Padding(Text(line, style="dim"), (0, 0, 0, 2))
    if len(rows) > APART_SHOWN:
        yield Text(f"  and {len(rows) - APART_SHOWN:,} more, in audit.json", style="dim")


def _share(finding: Finding) -> str:
    if finding.interval is None or not finding.total:
        return ""
    return f" [{finding.interval.low:.2%} to {finding.interval.high:.2%}]"


def _places(finding: Finding) -> str:
    places = list(dict.fromkeys(_place(sample) for sample in finding.samples))[:PLACES_SHOWN]
    more = finding.count - len(places)
    return ", ".join(places) + (f" and {more:,} more" if more > 0 else "")


def _place(sample: SampleRef) -> str:
    score = "" if sample.score is None else f" ({sample.score:.2f})"
    return printed(f"{sample.source}:{sample.line}{score}")


def _passed(audit: Audit) -> Text:
    passed = [f"{finding.id} {finding.name}" for finding in audit.findings if finding.severity == "pass"]
    return Text("Passed: " + (", ".join(passed) or "none"), style="dim")


def _next(audit: Audit) -> Text:
    folder = plain(named(audit.folder))
    sample = next((sample for finding in audit.findings for sample in finding.samples), None)
    lines = [f"Next:   full results are in {folder}"]
    if sample is not None:
        lines.append(
            f"        mixguard explain {folder} {printed(f'{sample.source}:{sample.line}')}   why a row was flagged"
        )
    lines.append(f"        mixguard report {folder} -o report.html   as a page, with rows")
    return Text("\n".join(lines))
