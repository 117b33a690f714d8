"""A mix at the terminal: its verdict, what changed from the corpus and why, what is left, and what to do next."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from mixguard.catalogue import BY_ID
from mixguard.config import RebalanceConfig
from mixguard.console.onward import Step, listed, nearby
from mixguard.console.plan import Change, changes, notes, rows, sums
from mixguard.console.screen import style_of
from mixguard.escape import printed
from mixguard.mix.made import Mix
from mixguard.mix.manifest import SET_ASIDE, Manifest, manifest_of
from mixguard.mix.voicing import Words
from mixguard.report.suppressed import counting
from mixguard.run.document import Audit
from mixguard.run.findings import Finding
from mixguard.run.words import kinds_told
from mixguard.urls import shown

WORDS: dict[Words, str] = {
    "own": "in the model's own words",
    "own, hard": "in its own words, after it first complied",
    "voice": "in the model's voice: its opening, then the bank's reason and offer",
    "bank": "in the bank's words",
}


def render_mix(mix: Mix, out: Path, *, verbose: bool = False) -> RenderableType:
    """The verdict of the mix, what changed from the corpus, and what to do next; nothing of a plan alone."""
    return Group(*_mix(mix, out, verbose=verbose))


def line(mix: Mix, out: Path) -> str:
    """What became of it, on one line."""
    if mix.after is None or mix.manifest is None:
        return f"PLAN {sums(mix.plan.refusals, mix.plan.contrast, len(mix.plan.remove))}"
    told = kinds_told(mix.after.verdict, mix.after.kinds)
    return printed(f"{mix.after.verdict.upper()} {shown(out)}: {told}; {_done(mix.manifest)}")


def _done(manifest: Manifest) -> str:
    kinds = Counter(added.kind for added in manifest.added)
    aside = len(manifest.set_aside)
    zero = f", {rows(len(manifest.weight_zero))} kept with weight zero" if manifest.weight_zero else ""
    return f"{kinds['refusal']:,} refusals and {kinds['contrast']:,} look-alikes added, {rows(aside)} set aside{zero}"


def _mix(mix: Mix, out: Path, *, verbose: bool) -> Iterator[RenderableType]:
    before, after, manifest = mix.before, mix.after, mix.manifest
    if after is None or manifest is None:
        return
    style = style_of(after.verdict, *after.kinds)
    was = f"before: {before.verdict.upper()}, {kinds_told(before.verdict, before.kinds)}"
    yield Text.assemble(
        (f" {after.verdict.upper()} ", f"{style} reverse"), f" {kinds_told(after.verdict, after.kinds)}"
    )
    yield Text(f" {printed(f'{shown(out)}: {_done(manifest)}')}\n {was}", style="dim")
    yield Text()
    yield from changes(list(_compared(before, manifest, after)))
    aside = (*manifest.set_aside, *manifest.weight_zero)
    yield from notes(manifest.plan, aside, list(_done_in_detail(out, manifest, after)), verbose=verbose)
    yield from _left(manifest, after)
    yield Text()
    yield from listed(_next(out, after))


def _compared(before: Audit, manifest: Manifest, after: Audit) -> Iterator[Change]:
    alike = Counter(record.hazard for record in manifest.added if record.kind == "contrast")
    lines = {line.hazard: line for line in manifest.plan.hazards}
    for old, new in zip(before.coverage, after.coverage, strict=True):
        yield Change(
            lines[old.hazard],
            (old.refusals, new.refusals),
            (old.full_compliance, new.full_compliance),
            alike[old.hazard],
        )


def _done_in_detail(out: Path, manifest: Manifest, after: Audit) -> Iterator[tuple[str, str]]:
    """In whose words the added refusals are, in which form, how the mix's refusals open, and what lies beside it."""
    words = Counter(added.words for added in manifest.added if added.kind == "refusal")
    if words:
        told = [f"{words[name]:,} {text}" for name, text in WORDS.items() if words[name]]
        yield "Words", f"{'; '.join(told)}"
    tasks = Counter(added.task for added in manifest.added if added.task)
    if tasks:
        shares = ", ".join(f"{count:,} as {name}" for name, count in tasks.most_common())
        yield "Form", f"the corpus's own task: {shares}, out of {len(manifest.added):,} new records"
    given, wanted = len(manifest.added), manifest.plan.refusals + manifest.plan.contrast
    if given < wanted:
        what = "this format cannot hold them, or the corpus already has them"
        yield "Fewer", f"{wanted - given:,} pairs left out: {what}"
    if manifest.voice:
        yield from (("Voice", found.message) for found in after.findings if found.id == "MG107")
    files = [manifest_of(out), *([out.with_name(out.name + SET_ASIDE)] if manifest.set_aside else [])]
    yield "Files", f"{', '.join(map(shown, files))} beside it"


def _left(manifest: Manifest, after: Audit) -> Iterator[RenderableType]:
    """What the mix could not mend, each with a way on."""
    failing = [finding for finding in counting(after) if finding.severity != "note"]
    if not failing:
        return
    yield Text("\nLeft in the mix", style="bold")
    table = Table.grid(padding=(0, 1))
    for finding in failing:
        head = Text(finding.severity, style_of(finding.severity, finding.kind))
        table.add_row(head, Text(finding.id, "bold"), Text(printed(finding.message)))
        table.add_row("", "", Text(printed(_way_on(finding, manifest.options)), style="dim"))
    yield table


def _way_on(finding: Finding, options: RebalanceConfig) -> str:
    """What to do about a finding that a mix could not mend."""
    aside = BY_ID[finding.id].aside
    if aside is None:
        return finding.remedy
    rules = dict.fromkeys((*options.set_aside, aside.name))
    more = [f"--set-aside {rule}" for rule in rules] if aside.name not in options.set_aside else []
    if aside.sure:
        more.append("--set rebalance.set_aside_from=0.5")
    sure = f" of {options.set_aside_from:g} or more" if aside.sure and aside.name in options.set_aside else ""
    told = f"rows with a score{sure} were set aside; for more" if sure else "to set these rows aside"
    return f"{told}: {' '.join(more)}; to accept false alarms: the allow file (--allow)"


def _next(out: Path, after: Audit) -> Iterator[Step]:
    yield Step("Check", ("mixguard", "verify", shown(out)))
    if any(finding.samples for finding in counting(after) if finding.severity != "note"):
        yield Step("Read", ("mixguard", "review", nearby(after.folder)))
    yield Step("Page", ("mixguard", "report", nearby(after.folder), "-o", "report.html"))
