"""A plan at the terminal, and a mix compared with its corpus."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from mixguard.catalogue import BY_ID
from mixguard.console.screen import GAP, NAME_SHOWN, STYLES
from mixguard.escape import printed
from mixguard.mix.made import Mix
from mixguard.mix.manifest import SET_ASIDE, Manifest, manifest_of
from mixguard.mix.plan import Plan, Removal, VoiceUsed
from mixguard.mix.voicing import Words
from mixguard.report.suppressed import counting
from mixguard.run.document import Audit
from mixguard.run.findings import Finding
from mixguard.urls import shown

REMOVALS_SHOWN = 10


def render_plan(plan: Plan) -> RenderableType:
    """What is added and set aside, per hazard, and why."""
    return Group(*_plan(plan))


def _plan(plan: Plan) -> Iterator[RenderableType]:
    yield Text.assemble(
        ("Plan  ", "bold"),
        f"profile {plan.profile}, {plan.exchanges:,} exchanges trained on, bank {plan.bank}",
    )
    yield Text(
        f"      {plan.refusals:,} refusal and {plan.contrast:,} contrast pairs to add,"
        f" {_rows(len(plan.remove))} to set aside"
    )
    if plan.voice is not None:
        yield Text(f"      {_voice(plan.voice)}")
    if plan.refusals or plan.contrast:
        yield Text()
        yield Padding(_lines(plan), (0, 0, 0, 2))
    if plan.remove:
        yield Text()
        yield Text("  Set aside", style="bold")
        yield Padding(_removals(plan.remove), (0, 0, 0, 2))
    if plan.notes:
        yield Text()
        notes = Table.grid(padding=(0, 1))
        for note in plan.notes:
            notes.add_row(" -", Text(printed(note)))
        yield notes


def _voice(voice: VoiceUsed) -> str:
    learned = " (learned from the corpus's own refusals)" if voice.lent else ""
    refuses = f"; it refused {voice.refuses:.0%} when learned" if voice.refuses is not None else ""
    return f"voice {printed(voice.name)}{learned}, {voice.openings} openings{refuses}"


def _rows(count: int) -> str:
    return "1 row" if count == 1 else f"{count:,} rows"


def _lines(plan: Plan) -> Table:
    table = Table(box=None, pad_edge=False, padding=GAP)
    table.add_column("hazard", no_wrap=True)
    table.add_column("name", no_wrap=True, max_width=NAME_SHOWN)
    for name in ("have", "wanted", "+refusal", "+contrast", "short", "after"):
        table.add_column(name, justify="right", no_wrap=True)
    for line in plan.hazards:
        after = f"{line.after.low:.0f} to {line.after.high:.0f}"
        table.add_row(
            line.hazard,
            Text(line.name),
            f"{line.there:g}",
            f"{line.wanted:,}",
            f"{line.refusals}" if line.refusals else "",
            f"{line.contrast}" if line.contrast else "",
            f"{line.short}" if line.short else "",
            f"{line.after.low:.0f}" if f"{line.after.low:.0f}" == f"{line.after.high:.0f}" else after,
        )
    return table


def _removals(removals: tuple[Removal, ...]) -> Table:
    table = Table.grid(padding=(0, 2))
    for removal in removals[:REMOVALS_SHOWN]:
        place = f"{printed(removal.source)}:{removal.line}"
        table.add_row(removal.rule, removal.hazard or "", f"{removal.score:.2f}", Text(place, style="cyan"))
    if len(removals) > REMOVALS_SHOWN:
        table.add_row(f"and {len(removals) - REMOVALS_SHOWN:,} more")
    return table


def render_mix(mix: Mix, out: Path) -> RenderableType:
    """The corpus and its mix side by side."""
    return Group(*_mix(mix, out))


def _mix(mix: Mix, out: Path) -> Iterator[RenderableType]:
    before, after, manifest = mix.before, mix.after, mix.manifest
    if after is None or manifest is None:
        return
    yield Text.assemble(
        ("Before and after  ", "bold"),
        (before.verdict, STYLES[before.verdict]),
        " -> ",
        (after.verdict, STYLES[after.verdict]),
    )
    yield Text()
    yield Padding(_side_by_side(before, manifest, after), (0, 0, 0, 2))
    yield Text()
    yield from _words(manifest, after)
    failing = [finding for finding in counting(after) if finding.severity != "note"]
    if failing:
        yield Text("\n  Findings that remain in the mix", style="bold")
        for finding in failing:
            head = Text.assemble(
                "  ", (f"{finding.severity:<5}", STYLES[finding.severity]), f" {finding.id} "
            )
            yield head.append(printed(finding.message))
            yield Text(f"        {printed(_way_on(finding, manifest))}", style="dim")
    given = len(manifest.added)
    wanted = manifest.plan.refusals + manifest.plan.contrast
    if given < wanted:
        yield Text(
            f"\n  {wanted - given:,} pairs left out: this format cannot hold them, or the corpus already has them."
        )
    yield Text(f"\nWrote   {printed(shown(out))}, with {given:,} new records")
    yield Text(f"        {printed(shown(manifest_of(out)))}: every addition, for `mixguard verify`")
    if manifest.weight_zero:
        yield Text(f"        {_rows(len(manifest.weight_zero))} kept with weight zero")
    if manifest.set_aside:
        aside = out.with_name(out.name + SET_ASIDE)
        yield Text(
            f"        {printed(shown(aside))}: {_rows(len(manifest.set_aside))} set aside whole, each with its reason"
        )


def _words(manifest: Manifest, after: Audit) -> Iterator[Text]:
    """In whose words the added refusals are, in which form, and how the mix's refusals open."""
    words = Counter(added.words for added in manifest.added if added.kind == "refusal")
    if not words:
        return
    called: dict[Words, str] = {
        "own": "in the model's own words",
        "own, hard": "in its own words after it had complied",
        "voice": "in its voice: its opening, the bank's reason and offer",
        "bank": "in the bank's words",
    }
    told = [f"{words[name]:,} {text}" for name, text in called.items() if words[name]]
    yield Text(f"  Refusals added: {'; '.join(told)}")
    tasks = Counter(added.task for added in manifest.added if added.task)
    if tasks:
        shares = ", ".join(f"{count:,} as {name}" for name, count in tasks.most_common())
        yield Text(f"  In the form of the corpus's task: {shares}, of {len(manifest.added):,} new records")
    yield from (
        Text(f"  {finding.message}") for finding in after.findings if finding.id == "MG107" and manifest.voice
    )


def _way_on(finding: Finding, manifest: Manifest) -> str:
    """What to do about a finding that a mix could not mend."""
    aside = BY_ID[finding.id].aside
    if aside is None:
        return finding.remedy
    sure = f" from {manifest.options.set_aside_from:g}" if aside.sure else ""
    lower = " --set rebalance.set_aside_from=0.5" if aside.sure else ""
    return (
        f"{finding.remedy} Rows that are sure{sure} were set aside; for more: --set-aside {aside.name}{lower}."
        " Accept those that are right in the allow file."
    )


def _side_by_side(before: Audit, manifest: Manifest, after: Audit) -> Table:
    table = Table(box=None, pad_edge=False)
    table.add_column("hazard", no_wrap=True)
    table.add_column("name", no_wrap=True, max_width=NAME_SHOWN)
    for name in ("refused", "added", "after", "answered", "after"):
        table.add_column(name, justify="right", no_wrap=True)
    added = Counter(record.hazard for record in manifest.added if record.kind == "refusal")
    for old, new in zip(before.coverage, after.coverage, strict=True):
        table.add_row(
            old.hazard,
            Text(old.name),
            f"{old.refusals:g}",
            f"+{added[old.hazard]}" if added[old.hazard] else "",
            f"{new.refusals:g}",
            f"{old.full_compliance}",
            f"{new.full_compliance}",
        )
    return table
