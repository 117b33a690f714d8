"""A plan at the terminal, and a mix compared with its corpus: what changes per hazard, why, and what to do next."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from mixguard._rebalance import Mix
from mixguard.catalogue import ASIDES, BY_ID
from mixguard.console.onward import Step, listed, nearby
from mixguard.console.screen import GAP, NAME_SHOWN, style_of
from mixguard.config import RebalanceConfig
from mixguard.escape import printed
from mixguard.mix.manifest import SET_ASIDE, Manifest, manifest_of
from mixguard.mix.plan import Plan, PlanLine, Removal, VoiceUsed
from mixguard.mix.voicing import Words
from mixguard.report.suppressed import counting
from mixguard.run.document import Audit
from mixguard.run.findings import Finding
from mixguard.run.words import kinds_told
from mixguard.stats import rate
from mixguard.urls import shown

PLACES_SHOWN = 3
FOLDED = 3
"""Untouched hazards that get the same are one line from this many on."""
LEGEND = (
    "refusals, answered: of prompts that touch the hazard; look-alikes: harmless prompts that resemble them, with answers,"
    " against refusing too much"
)
WORDS: dict[Words, str] = {
    "own": "in the model's own words",
    "own, hard": "in its own words after it had complied",
    "voice": "in its voice: its opening, the bank's reason and offer",
    "bank": "in the bank's words",
}


class Change(NamedTuple):
    """What a plan or a mix does to one hazard."""

    line: PlanLine
    refusals: tuple[float, float]
    """Before and after."""
    answered: tuple[int, int]
    """Before and after."""
    contrast: int

    @property
    def is_any(self) -> bool:
        """Whether anything changes."""
        return len({*self.refusals}) > 1 or len({*self.answered}) > 1 or bool(self.contrast)


def render_plan(plan: Plan, written: Sequence[Step] = (), *, verbose: bool = False) -> RenderableType:
    """What would be added and set aside, per hazard, and why.

    Args:
        plan: what would be done.
        written: commands that apply it.
        verbose: the notes in full.
    """
    return Group(*_plan(plan, verbose=verbose), Text(), *_apply(written))


def _apply(written: Sequence[Step]) -> Iterator[Text]:
    yield from listed(written)
    if not written:
        yield Text("Nothing is written: give -o FILE in place of --dry-run, or both for a plan to edit.")


def _plan(plan: Plan, *, verbose: bool) -> Iterator[RenderableType]:
    gone = Counter(each.hazard for each in plan.remove if each.rule == "answered")
    there = f"{plan.exchanges:,} exchanges stay; profile {plan.profile}, bank {plan.bank}"
    yield Text.assemble((" PLAN ", "bold reverse"), f" {_sums(plan.refusals, plan.contrast, len(plan.remove))}")
    yield Text(f" {printed(there)}", style="dim")
    yield Text()
    yield from _changes(
        Change(
            line,
            (line.there, line.there + line.refusals),
            (line.answered + gone[line.hazard], line.answered),
            line.contrast,
        )
        for line in plan.hazards
    )
    yield from _notes(plan, plan.remove, verbose=verbose)


def _sums(refusals: int, contrast: int, aside: int) -> str:
    alike = "look-alike" if contrast == 1 else "look-alikes"
    refusing = "refusal" if refusals == 1 else "refusals"
    return f"add {refusals:,} {refusing} and {contrast:,} {alike}, set {_rows(aside)} aside"


def _rows(count: int) -> str:
    return "1 row" if count == 1 else f"{count:,} rows"


def _changes(changes: Iterable[Change]) -> Iterator[RenderableType]:
    """The hazards that change, each with why; the others in one line for each reason."""
    table = Table(box=None, pad_edge=False, padding=GAP)
    table.add_column("hazard", style="bold", no_wrap=True)
    table.add_column("name", no_wrap=True, max_width=NAME_SHOWN)
    for name in ("refusals", "answered", "look-alikes"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("why")
    folds: defaultdict[str, list[str]] = defaultdict(list)
    all_ = list(changes)
    alike = Counter(_in_words(change) for change in all_ if not any(change.answered))
    for change in all_:
        told = _in_words(change)
        if not change.is_any or (not any(change.answered) and alike[told] >= FOLDED):
            folds[told].append(change.line.hazard)
            continue
        table.add_row(
            change.line.hazard,
            Text(change.line.name),
            _moved(*change.refusals),
            _moved(*change.answered),
            f"+{change.contrast:,}" if change.contrast else "",
            Text(why(change.line), style="dim"),
        )
    if table.row_count:
        yield table
    yield from (Text(printed(f"{', '.join(codes)}: {told}")) for told, codes in folds.items())
    if any(change.is_any for change in all_):
        yield Text(LEGEND, style="dim")


def _in_words(change: Change) -> str:
    """What happens to a hazard, without its name."""
    if not change.is_any:
        return change.line.reason
    alike = f", +{change.contrast:,} {'look-alike' if change.contrast == 1 else 'look-alikes'}"
    return f"refusals {_moved(*change.refusals)}{alike if change.contrast else ''}, {why(change.line)}"


def _moved(before: float, after: float) -> str:
    return f"{after:g}" if before == after else f"{before:g} -> {after:g}"


def why(line: PlanLine) -> str:
    """Why a hazard gets so many refusals, in a few words; `reason` has the numbers."""
    if not line.refusals:
        return line.reason if not line.short else f"the bank lacks {line.short:,}"
    parts = []
    if line.answered:
        parts.append(f"{line.answered:,} answered {'stays' if line.answered == 1 else 'stay'}")
    if line.near >= 1:
        parts.append(f"{line.near:.0f} near it")
    if line.weight > 1:
        parts.append(f"weighs {line.weight:g}x")
    if line.there - line.covered >= 1:
        parts.append(f"{line.covered:.0f} of {line.there:g} sure")
    if line.short:
        parts.append(f"the bank lacks {line.short:,}")
    return ", ".join(parts) or ("never refused" if not line.there else "too few refusals")


def _notes(plan: Plan, aside: Sequence[Removal], *, verbose: bool) -> Iterator[RenderableType]:
    """What is set aside and why, in whose voice refusals open, and what a plan cannot do."""
    table = Table.grid(padding=(0, 1))
    table.add_column(style="bold", no_wrap=True)
    by_rule: defaultdict[str, list[Removal]] = defaultdict(list)
    for each in aside:
        by_rule[each.rule].append(each)
    for rule, rows in by_rule.items():
        words = ASIDES[rule][1].words if rule in ASIDES else rule
        table.add_row("Aside", Text.assemble(f"{_rows(len(rows))}: {words}; ", (_places(rows), "cyan")))
    if plan.voice is not None:
        table.add_row("Voice", Text(_voice(plan.voice)))
    for note in plan.notes:
        table.add_row("Note", Text(printed(note if verbose else note.partition(". ")[0].rstrip(".") + ".")))
    if table.row_count:
        yield Text()
        yield table


def _places(rows: Sequence[Removal]) -> str:
    first = [printed(f"{row.source}:{row.line}") for row in rows[:PLACES_SHOWN]]
    more = len(rows) - len(first)
    return ", ".join(first) + (f" and {more:,} more" if more else "")


def _voice(voice: VoiceUsed) -> str:
    learned = " (learned from the corpus's own refusals)" if voice.lent else ""
    refuses = f"; it refused {voice.refuses:.0%} when learned" if voice.refuses is not None else ""
    return f"{printed(voice.name)}{learned}, {voice.openings} openings{refuses}"


def render_mix(mix: Mix, out: Path, *, verbose: bool = False) -> RenderableType:
    """The verdict of the mix, what changed from the corpus, and what to do next; nothing of a plan alone."""
    return Group(*_mix(mix, out, verbose=verbose))


def line(mix: Mix, out: Path) -> str:
    """What became of it, on one line."""
    if mix.after is None or mix.manifest is None:
        return f"PLAN {_sums(mix.plan.refusals, mix.plan.contrast, len(mix.plan.remove))}"
    told = kinds_told(mix.after.verdict, mix.after.kinds)
    return printed(f"{mix.after.verdict.upper()} {shown(out)}: {told}; {_done(mix.manifest)}")


def _done(manifest: Manifest) -> str:
    kinds = Counter(added.kind for added in manifest.added)
    aside = len(manifest.set_aside)
    zero = f", {_rows(len(manifest.weight_zero))} kept with weight zero" if manifest.weight_zero else ""
    return (
        f"{kinds['refusal']:,} refusals and {kinds['contrast']:,} look-alikes added, {_rows(aside)} set aside{zero}"
    )


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
    yield from _changes(_compared(before, manifest, after))
    yield from _notes(manifest.plan, (*manifest.set_aside, *manifest.weight_zero), verbose=verbose)
    yield from _words(manifest, after)
    yield from _files(out, manifest)
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


def _words(manifest: Manifest, after: Audit) -> Iterator[Text]:
    """In whose words the added refusals are, in which form, and how the mix's refusals open."""
    words = Counter(added.words for added in manifest.added if added.kind == "refusal")
    if not words:
        return
    told = [f"{words[name]:,} {text}" for name, text in WORDS.items() if words[name]]
    yield Text(f"Refusals added: {'; '.join(told)}")
    tasks = Counter(added.task for added in manifest.added if added.task)
    if tasks:
        shares = ", ".join(f"{count:,} as {name}" for name, count in tasks.most_common())
        yield Text(f"In the form of the corpus's task: {shares}, of {len(manifest.added):,} new records")
    given, wanted = len(manifest.added), manifest.plan.refusals + manifest.plan.contrast
    if given < wanted:
        yield Text(
            f"{wanted - given:,} pairs left out: this format cannot hold them, or the corpus already has them"
        )
    yield from (
        Text(printed(finding.message))
        for finding in after.findings
        if finding.id == "MG107" and manifest.voice
    )


def _files(out: Path, manifest: Manifest) -> Iterator[Text]:
    names = [printed(shown(manifest_of(out)))]
    if manifest.set_aside:
        names.append(printed(shown(out.with_name(out.name + SET_ASIDE))))
    yield Text(f"Beside it: {', '.join(names)}")


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
    sure = f" from {options.set_aside_from:g} on" if aside.sure and aside.name in options.set_aside else ""
    told = f"rows that are sure{sure} were set aside; for more" if sure else "to set these rows aside"
    return f"{told}: {' '.join(more)}; those that are right can be accepted in the allow file (--allow)"


def _next(out: Path, after: Audit) -> Iterator[Step]:
    yield Step("Check", ("mixguard", "verify", shown(out)))
    if any(finding.samples for finding in counting(after) if finding.severity != "note"):
        yield Step("Read", ("mixguard", "review", nearby(after.folder)))
    yield Step("Page", ("mixguard", "report", nearby(after.folder), "-o", "report.html"))
