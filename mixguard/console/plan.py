"""A plan at the terminal: what changes per hazard and why, and how to apply it."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from mixguard.catalogue import ASIDES
from mixguard.console.audit import spots
from mixguard.console.onward import Step, listed
from mixguard.console.screen import GAP, NAME_SHOWN
from mixguard.escape import printed
from mixguard.mix.plan import Plan, PlanLine, Removal, VoiceUsed

FOLDED = 3
"""Untouched hazards that get the same are one line from this many on."""
LEGEND = (
    "refusals, answered: responses to hazardous prompts; look-alikes: harmless prompts that resemble them, with helpful"
    " answers, to prevent over-refusal; weight: how much the profile stresses the hazard"
)


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
        yield Text("Nothing has been written; to write the mix, give -o FILE instead of --dry-run.")


def _plan(plan: Plan, *, verbose: bool) -> Iterator[RenderableType]:
    gone = Counter(each.hazard for each in plan.remove if each.rule == "answered")
    there = f"{plan.exchanges:,} exchanges kept; profile {plan.profile}, bank {plan.bank}"
    yield Text.assemble(
        (" PLAN ", "bold reverse"), f" {sums(plan.refusals, plan.contrast, len(plan.remove))}"
    )
    yield Text(f" {printed(there)}", style="dim")
    yield Text()
    yield from changes([_planned(line, gone[line.hazard]) for line in plan.hazards])
    yield from notes(plan, plan.remove, (), verbose=verbose)


def _planned(line: PlanLine, gone: int) -> Change:
    refusals = (line.there, line.there + line.refusals)
    return Change(line, refusals, (line.answered + gone, line.answered), line.contrast)


def sums(refusals: int, contrast: int, aside: int) -> str:
    """What is added and set aside, in words."""
    alike = "look-alike" if contrast == 1 else "look-alikes"
    refusing = "refusal" if refusals == 1 else "refusals"
    return f"add {refusals:,} {refusing} and {contrast:,} {alike}, set {rows(aside)} aside"


def rows(count: int) -> str:
    """A number of rows in words."""
    return "1 row" if count == 1 else f"{count:,} rows"


def changes(found: Sequence[Change]) -> Iterator[RenderableType]:
    """The hazards that change, each with why; the others in one line for each reason."""
    table = Table(box=None, pad_edge=False, padding=GAP)
    table.add_column("hazard", style="bold", no_wrap=True)
    table.add_column("name", no_wrap=True, max_width=NAME_SHOWN)
    for name in ("refusals", "answered", "look-alikes"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("why")
    folds: defaultdict[str, list[str]] = defaultdict(list)
    alike = Counter(_in_words(change) for change in found if not any(change.answered))
    for change in found:
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
    yield from (Text(printed(f"{', '.join(codes)}: {told}"), style="dim") for told, codes in folds.items())
    if any(change.is_any for change in found):
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
        return line.reason if not line.short else f"{line.short:,} not in the bank"
    parts = []
    if line.answered:
        parts.append(f"{line.answered:,} {'answer remains' if line.answered == 1 else 'answers remain'}")
    if line.near >= 1:
        parts.append(f"{line.near:.0f} near harm")
    if line.weight > 1:
        parts.append(f"weight {line.weight:g}")
    if line.there - line.covered >= 1:
        parts.append(f"{line.covered:.0f} of {line.there:g} certain")
    if line.short:
        parts.append(f"{line.short:,} not in the bank")
    return ", ".join(parts) or ("never refused" if not line.there else "too few refusals")


def notes(
    plan: Plan, aside: Sequence[Removal], done: Sequence[tuple[str, str]], *, verbose: bool
) -> Iterator[RenderableType]:
    """What is set aside and why, in whose voice refusals open, and what a plan cannot do."""
    table = Table.grid(padding=(0, 1))
    table.add_column(style="bold", no_wrap=True)
    by_rule: defaultdict[str, list[Removal]] = defaultdict(list)
    for each in aside:
        by_rule[each.rule].append(each)
    for rule, removed in by_rule.items():
        words = ASIDES[rule][1].words if rule in ASIDES else rule
        table.add_row(
            "Aside",
            Text.assemble(
                f"{rows(len(removed))}: {words}; ",
                (spots([(each.source, each.line) for each in removed], len(removed)), "cyan"),
            ),
        )
    if plan.voice is not None:
        table.add_row("Voice", Text(_voice(plan.voice)))
    for head, told in done:
        table.add_row(head, Text(printed(told)))
    for note in plan.notes:
        table.add_row("Note", Text(printed(note if verbose else note.partition(". ")[0].rstrip(".") + ".")))
    if table.row_count:
        yield Text()
        yield table


def _voice(voice: VoiceUsed) -> str:
    learned = " (learned from the corpus's own refusals)" if voice.lent else ""
    refuses = f"; it refused {voice.refuses:.0%} when learned" if voice.refuses is not None else ""
    return f"{printed(voice.name)}{learned}, {voice.openings} openings{refuses}"
