"""A refusal bank at the terminal: its contents, its check, what was added."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import polars as pl
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from mixguard.console.taxonomy import section
from mixguard.curate.bank_check import ALIKE, BankReport
from mixguard.curate.bank_import import Imported
from mixguard.curate.ledger import Filled
from mixguard.curate.likeness import Alike
from mixguard.escape import plain, shorten
from mixguard.library.bank import Bank
from mixguard.library.taxonomy import Taxonomy

TEXT_SHOWN = 80


def render_list(bank: Bank, taxonomy: Taxonomy) -> RenderableType:
    """Hazards with their pairs."""
    table = Table(
        "hazard", "name", "refusal", "contrast", "multi-turn", "own model", box=None, pad_edge=False
    )
    for hazard in taxonomy.hazards:
        mine = bank.pairs.filter(pl.col("hazard") == hazard.code)
        kinds = mine["kind"].value_counts()
        counts = dict(zip(kinds["kind"], kinds["count"], strict=True))
        turns = mine.filter(pl.col("history").list.len() > 0).height
        own = mine.filter(pl.col("model").is_not_null()).height
        table.add_row(
            hazard.code,
            hazard.name,
            str(counts.get("refusal", 0)),
            str(counts.get("contrast", 0)),
            str(turns),
            str(own),
        )
    table.add_row("-", "ordinary prompts", "0", "0", "", "")
    head = Text(
        f"{bank.id} {bank.version}, {bank.licence}: {bank.pairs.height:,} pairs, {bank.of('plain').height} ordinary\n"
    )
    return Group(head, table)


def render_pairs(pairs: Sequence[Mapping[str, Any]]) -> RenderableType:
    """Pairs in full."""
    return Group(*(line for pair in pairs for line in _pair(pair)))


def _pair(pair: Mapping[str, Any]) -> Iterator[Text]:
    about = " ".join(str(pair[name]) for name in ("kind", "hazard", "sub", "severity", "form") if pair[name])
    yield Text.assemble((pair["id"], "bold"), f"  {about}")
    if pair["system"]:
        yield Text(f"  system     {plain(pair['system'])}", style="dim")
    for number, text in enumerate(pair["history"] or ()):
        yield Text(f"  {'assistant' if number % 2 else 'user':<9}  {plain(text)}", style="dim")
    yield Text(f"  user       {plain(pair['prompt'])}")
    yield Text(f"  assistant  {plain(pair['response'])}")
    if pair["rest"]:
        yield Text(f"  in a voice ... {plain(pair['rest'])}", style="dim")
    yield Text()


def render_check(report: BankReport) -> RenderableType:
    """Problems to look at."""
    return Group(*_check(report))


def _check(report: BankReport) -> Iterator[RenderableType]:
    yield Text(f"{report.pairs:,} pairs, every line valid\n")
    table = Table("pairs", "", "prompt correct", "hazard correct", "answer correct", box=None, pad_edge=False)
    for kind in report.kinds:
        own = f"{kind.hazard_right / kind.pairs:.1%}" if kind.kind == "refusal" else ""
        table.add_row(
            kind.kind,
            str(kind.pairs),
            f"{kind.prompt_right / kind.pairs:.1%}",
            own,
            f"{kind.response_right / kind.pairs:.1%}",
        )
    yield table
    words, share = report.commonest
    yield Text(
        f"\n{report.openings:.1%} distinct eight-word openings among refusals;"
        f" the most common three words, {plain(words)!r}, open {share:.1%}"
    )
    rows = [(bad.id, bad.what, f"{bad.score:.2f}", shorten(bad.text, TEXT_SHOWN)) for bad in report.misjudged]
    yield from section("misjudged by mixguard (the pairs stay)", rows)
    yield from section(f"near-duplicate refusals (cosine above {ALIKE})", _repeated(report.alike))
    yield from section("prompts that repeat a taxonomy exemplar", _repeated(report.exemplars))
    yield from section("prompts that repeat a text from --against", _repeated(report.contamination))


def _repeated(found: Sequence[Alike]) -> list[tuple[str, ...]]:
    return [
        (pair.id, plain(pair.other), f"{pair.similarity:.3f}", shorten(pair.text, TEXT_SHOWN))
        for pair in found
    ]


def render_imported(result: Imported) -> RenderableType:
    """What was imported, and why the rest was rejected."""
    lines = [
        Text(
            f"{result.refusals:,} refusal and {result.contrast:,} contrast pairs added to {plain(str(result.file))}"
        ),
        Text(f"{result.known:,} prompts already in the bank"),
    ]
    for reason, count in sorted(result.rejected.items(), key=lambda item: -item[1]):
        lines.append(Text(f"{count:,} rejected: {reason} (first at {plain(result.places[reason])})"))
    return Group(*lines)


def render_filled(result: Filled) -> RenderableType:
    """What was kept of a model's answers."""
    hard = f", {result.hard:,} of them after it had complied at first" if result.hard else ""
    lines = [Text(f"{result.kept:,} answers kept in {plain(str(result.file))}{hard}")]
    if result.known:
        lines.append(Text(f"{result.known:,} prompts already answered by an earlier run"))
    lines += [
        Text(f"{count:,} answers rejected: {called}") for called, count in sorted(result.rejected.items())
    ]
    lines += [
        Text(f"{count:,} prompts without an answer: {problem}; run again to retry", style="yellow")
        for problem, count in sorted(result.failed.items())
    ]
    lines.append(Text(f"{result.prompt_tokens:,} prompt and {result.completion_tokens:,} answer tokens"))
    return Group(*lines)
