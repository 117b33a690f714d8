"""All that an audit found: risks, every hazard, every finding with its reason, source and remedy, and what passed."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from mixguard.console.audit import Texts, counts, places, rows, share, verdict
from mixguard.console.onward import steps
from mixguard.console.screen import GAP, NAME_SHOWN, STYLES, style_of
from mixguard.console.training import training_advice
from mixguard.escape import printed, shorten
from mixguard.report.suppressed import counting, set_apart
from mixguard.run.document import Audit
from mixguard.run.findings import Finding
from mixguard.run.risks import risks

RISKS_SHOWN = 6
APART_SHOWN = 10
"""Suppressed findings."""
FOUND_SHOWN = 80
"""Characters of a suppressed finding's message."""


def render(audit: Audit, texts: Texts | None = None, seconds: float | None = None) -> RenderableType:
    """The whole report; arguments as of the short one."""
    return Group(*_parts(audit, texts, seconds))


def _parts(audit: Audit, texts: Texts | None, seconds: float | None) -> Iterator[RenderableType]:
    yield verdict(audit, seconds)
    yield from _risks(audit)
    yield Text()
    yield Text("Refusal coverage per hazard", style="bold")
    yield _coverage_table(audit)
    shown = counting(audit)
    if shown:
        yield Text("\nFindings", style="bold")
    for finding in shown:
        yield Padding(_finding(finding), (1, 0, 0, 2))
    if texts is not None:
        yield from rows(audit, texts)
    yield from training_advice(audit, whys=True)
    yield from _set_apart(audit)
    yield Text()
    yield _passed(audit)
    yield Text()
    yield from steps(audit)


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


def _coverage_table(audit: Audit) -> Table:
    table = Table(box=None, pad_edge=False, padding=GAP)
    table.add_column("hazard", style="bold", no_wrap=True)
    table.add_column("name", overflow="ellipsis", no_wrap=True, max_width=NAME_SHOWN)
    scheme, theirs = next(iter(audit.detectors.crosswalk.items()), ("", {}))
    if scheme:
        table.add_column(_initials(scheme), style="dim", no_wrap=True)
    for name in ("prompts", "refused", "partial", "answered", "refusals"):
        table.add_column(name, justify="right", no_wrap=True)
    for row in audit.coverage:
        other = [theirs.get(row.hazard, "-").split(",")[0]] if scheme else []
        table.add_row(row.hazard, row.name, *other, *counts(row))
    return table


def _initials(scheme: str) -> str:
    """`llama-guard-3` as LG3, to keep the column narrow."""
    return "".join(word[0] for word in scheme.split("-")).upper()


def _finding(finding: Finding) -> Group:
    subject = f" ({finding.subject})" if finding.subject else ""
    head = Text.assemble(
        (f"{finding.severity:<5}", style_of(finding.severity, finding.kind)),
        f" {finding.id} ",
        (f"{finding.name}{subject}", "bold"),
        (f"  {finding.kind}", "dim"),
    )
    lines = Table.grid(padding=(0, 2))
    lines.add_row("", "", Text(printed(f"{finding.message}{share(finding)}")))
    if finding.samples:
        lines.add_row("", "at", Text(places(finding), style="cyan"))
    lines.add_row("", Text("why", style="dim"), Text(finding.why, style="dim"))
    lines.add_row("", Text("source", style="dim"), Text(printed(finding.source), style="dim"))
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


def _passed(audit: Audit) -> Text:
    passed = [f"{finding.id} {finding.name}" for finding in audit.findings if finding.severity == "pass"]
    return Text("Passed: " + (", ".join(passed) or "none"), style="dim")
