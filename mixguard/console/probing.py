"""A probe at the terminal: what it will cost, and what came of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import polars as pl
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from mixguard.checkpoint.answers import Answers, Header
from mixguard.checkpoint.asking import Asked, Left
from mixguard.checkpoint.source import messages
from mixguard.checkpoint.tally import tally
from mixguard.console.screen import GAP, NAME_SHOWN
from mixguard.escape import printed, shorten
from mixguard.library.suite import HAZARDOUS, LOOK_ALIKE
from mixguard.stats import Interval, span, wilson

CHARS_PER_TOKEN = 4
"""Of English text, about."""
SIMULATED = "SIMULATED: this model does not exist, and its answers say nothing about any other"


def render_ahead(header: Header, left: Left, *, shown: str, measures: bool) -> RenderableType:
    """What will be asked, and about what it takes.

    Args:
        header: what is asked.
        left: what has no answer yet.
        shown: the target, without secrets.
        measures: whether the first token is asked for in a request of its own.
    """
    decoding, target = header.decoding, header.target
    served = f" ({printed(target.server)})" if target.server and target.kind == "endpoint" else ""
    lines = [
        f"asking {printed(target.model)}, {printed(shown)}{served}: {len(header.probes):,} probes of the suite {printed(header.suite)}"
        f" {printed(header.suite_version)}, {_samples(decoding.samples)} at temperature {decoding.temperature:g}"
    ]
    if header.dropped:
        lines.append(f"  {len(header.dropped):,} probes dropped: the corpus holds them")
    if header.limited:
        lines.append(f"  {header.limited:,} probes left out by --limit: the file cannot be a baseline")
    if left.known:
        lines.append(f"  {left.known:,} answers are in the file already")
    if target.kind == "endpoint":
        lines += _cost(header, left, measures=measures)
    return Text("\n".join(lines))


def _cost(header: Header, left: Left, *, measures: bool) -> Iterator[str]:
    first = sum(each.sample == 0 for each in left.wanted) if measures else 0
    sent = [*left.wanted, *(each for each in left.wanted if each.sample == 0 and measures)]
    system = header.decoding.system
    chars = sum(len(each["content"]) for one in sent for each in messages(one.probe, system))
    longest = len(left.wanted) * header.decoding.max_tokens + first
    extra = f" ({first:,} of them for the first token only)" if first else ""
    yield (
        f"  {len(sent):,} requests{extra}; about {_round(chars / CHARS_PER_TOKEN):,} tokens in (characters / {CHARS_PER_TOKEN}),"
        f" at most {_round(longest):,} out"
    )
    yield "  stop it at any time: the same command goes on where it was"


def render_asked(asked: Asked, judged: pl.DataFrame, names: Mapping[str, str], file: Path) -> RenderableType:
    """What the answers come to, by axis and hazard, and what to do next.

    Args:
        asked: the file, and what this run did.
        judged: its answers judged.
        names: names of the hazards, by code.
        file: where it is.
    """
    header = asked.answers.header
    parts: list[RenderableType] = [_head(header, file)]
    if header.target.kind == "demo":
        parts.append(Text(SIMULATED, style="bold yellow"))
    if asked.spent.requests and header.target.kind == "endpoint":
        parts.append(Text(f"  {_used(asked)}", style="dim"))
    parts += [Text(), _axes(tally(judged, "axis"))]
    by_hazard = tally(judged, "axis", "hazard").filter(pl.col("hazard").is_not_null())
    if by_hazard.height:
        parts += [Text(), _hazards(by_hazard, names)]
    return Group(*parts, Text(), *(Text(line) for line in _notes(asked, judged, file)))


def line(asked: Asked, file: Path) -> str:
    """How many answers there are, on one line."""
    answers = asked.answers
    told = f"{answers.header.wanted - answers.missing:,} of {answers.header.wanted:,} answers"
    return printed(f"{'PARTIAL' if answers.missing else 'WHOLE'} {file}: {told}")


def _head(header: Header, file: Path) -> Text:
    rest = f": {printed(header.target.model)}, suite {printed(header.suite)} {printed(header.suite_version)}"
    decoding = header.decoding
    how = f", {_samples(decoding.samples)} at temperature {decoding.temperature:g}"
    return Text.assemble((printed(str(file)), "bold"), rest, how)


def _used(asked: Asked) -> str:
    spent = asked.spent
    if not spent.prompt_tokens and not spent.completion_tokens:
        return f"{spent.requests:,} requests; the server does not count tokens"
    return f"{spent.requests:,} answers: {spent.prompt_tokens:,} tokens in, {spent.completion_tokens:,} out, as the server counts"


def _axes(rows: pl.DataFrame) -> Table:
    table = Table(box=None, pad_edge=False, padding=GAP)
    table.add_column("axis", no_wrap=True)
    for name in ("probes", "good", "95 %", "mixed", "bad", "incoherent", "no answer"):
        table.add_column(name, justify="right")
    for row in rows.iter_rows(named=True):
        counts = (str(row[name]) for name in ("mixed", "bad", "incoherent", "error"))
        table.add_row(_axis(row["axis"]), str(row["probes"]), str(row["good"]), _interval(row), *counts)
    return table


def _hazards(rows: pl.DataFrame, names: Mapping[str, str]) -> Table:
    """Both axes of each hazard side by side, never added up."""
    table = Table(box=None, pad_edge=False, padding=GAP)
    table.add_column("hazard", no_wrap=True, overflow="ellipsis")
    for name in ("refused", "95 %", "first token", "look-alikes", "95 %"):
        table.add_column(name, justify="right")
    cells = {(row["axis"], row["hazard"]): row for row in rows.iter_rows(named=True)}
    for code in dict.fromkeys(rows["hazard"]):
        hazardous, benign = (cells.get((axis, code)) for axis in (HAZARDOUS, LOOK_ALIKE))
        table.add_row(
            f"{code} {shorten(names.get(code, ''), NAME_SHOWN)}".rstrip(),
            *_good(hazardous),
            _first(hazardous),
            *_good(benign),
        )
    return table


def _good(row: Mapping[str, Any] | None) -> tuple[str, str]:
    return (f"{row['good']} of {row['probes'] - row['error']}", _interval(row)) if row else ("", "")


def _first(row: Mapping[str, Any] | None) -> str:
    return f"{100 * row['opening']:.0f} %" if row and row["opening"] is not None else "-"


def _interval(row: Mapping[str, Any]) -> str:
    asked = row["probes"] - row["error"]
    low, high = wilson(row["good"], asked)
    return span(Interval(low, high), asked) if asked else "-"


def _notes(asked: Asked, judged: pl.DataFrame, file: Path) -> Iterator[str]:
    answers, where = asked.answers, printed(str(file))
    yield "good: in every sample. bad: the opposite in most. look-alikes: harmless prompts that were answered."
    yield "95 %: interval for the choice of probes; it does not allow for the judge's own errors."
    if judged["opening"].null_count() < judged.height:
        yield "first token: median probability that the answer to a hazardous prompt opens with a refusal; compare it, its level says little."
    elif answers.header.target.kind == "endpoint":
        yield "first token: not measured: the server gives no log-probabilities."
    yield from _unfinished(asked, where)
    if answers.is_whole:
        yield "next: probe the other model with the same options, then compare the two files:"
        yield "  mixguard compare base.probe tuned.probe"


def _unfinished(asked: Asked, where: str) -> Iterator[str]:
    answers = asked.answers
    if asked.stopped:
        yield f"STOPPED: {printed(asked.stopped)}"
    if answers.missing:
        problem = _commonest(answers)
        again = "run the same command again: only these are asked"
        yield f"PARTIAL: {answers.missing:,} of {answers.header.wanted:,} answers are missing{problem}; {again}"
    if answers.header.limited:
        yield f"PARTIAL: {where} has only some probes of its suite (--limit); it cannot be a baseline"


def _commonest(answers: Answers) -> str:
    problems = answers.rows["problem"].drop_nulls().value_counts(sort=True)
    return f", most for: {printed(str(problems['problem'][0]))}" if problems.height else ""


def _axis(name: str) -> str:
    return name.replace("_", " ")


def _samples(count: int) -> str:
    return "1 sample each" if count == 1 else f"{count} samples each"


def _round(number: float) -> int:
    """Two digits are all that an estimate has."""
    value = round(number)
    return round(value, 2 - len(str(value))) if value >= 100 else value
