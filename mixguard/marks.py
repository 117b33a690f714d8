"""The words of an exchange that decided how it was judged, as places in its texts; no encoder is needed."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from heapq import heappop, heappush
from itertools import groupby, islice, pairwise
from operator import itemgetter
from typing import Any, Literal, NamedTuple, TypeAlias

import polars as pl

from mixguard.annotate.requests import line_span
from mixguard.library.taxonomy import Taxonomy
from mixguard.signals import SIGNALS

Kind: TypeAlias = Literal["signal", "stance", "request", "shared", "measured"]
"""`signal`: shows a signal whose check flags the exchange. `stance`: words by which the response refuses, or takes that
back. `request`: the line of a long prompt that was judged apart from its input. `shared`: a word that the prompt has in
common with the nearest violating exemplars. `measured`: words without which a hazard is much less likely."""
FIELDS = ("system", "prompt", "response", "tools")
"""Texts that can hold marks, in the order in which an exchange is read."""
MOST = 200
"""Marks of one text; what comes after them has none."""
NEAREST = 3
"""Violating exemplars whose words are compared."""
SHARED = "shared with the nearest violating exemplars"
STANCES = {
    "full_refusal": "full refusal",
    "partial_refusal": "partial refusal",
    "full_compliance": "refusal taken back",
}
"""What the words that decided a stance are; those of an answer that complies are where it turns."""
WORD = re.compile(r"[^\W_]+(?:['\u2019][^\W_]+)?")
STOP = frozenset(
    ["a", "about", "after", "all", "also", "am", "an", "and", "any", "are", "aren't", "as", "at", "be", "because", "been", "before", "being", "but", "by", "can", "can't", "could", "did", "do", "does", "doesn't", "doing", "don't", "down", "during", "each", "every", "few", "for", "from", "get", "gets", "getting", "give", "given", "go", "had", "has", "have", "having", "he", "her", "here", "him", "himself", "his", "how", "i", "i'm", "i've", "if", "in", "into", "is", "isn't", "it", "it's", "its", "itself", "just", "know", "let", "like", "made", "make", "makes", "making", "many", "me", "more", "most", "much", "must", "my", "myself", "need", "no", "nor", "not", "now", "of", "off", "on", "one", "only", "or", "other", "our", "out", "over", "own", "please", "same", "she", "should", "so", "some", "someone", "somebody", "something", "such", "tell", "than", "that", "the", "their", "them", "themselves", "then", "there", "these", "they", "thing", "things", "this", "those", "through", "to", "too", "two", "under", "until", "up", "us", "use", "used", "using", "very", "want", "was", "way", "ways", "we", "well", "were", "what", "when", "where", "which", "while", "who", "whom", "whose", "why", "will", "with", "without", "won't", "would", "write", "you", "your", "yourself", "explain", "describe", "provide", "step", "steps", "guide", "best", "help", "find", "show", "create"]
)  # fmt: skip
"""Words of any request, which say nothing of what it is about."""
_ENDING = re.compile(r"(?<=\w{3})(?:['\u2019]s|ings?|ers?|ed|es|s|e)$")
_DOUBLED = re.compile(r"([bdgmnprt])\1$")


class Mark(NamedTuple):
    """Words of an exchange that decided how it was judged."""

    field: str
    """`prompt`, `response`, `system` or `tools`: a column of the exchange's texts."""
    start: int
    end: int
    """In characters; the end is the first one after."""
    words: str
    """What they are, for a reader, e.g. `pledge of obedience`."""
    kind: Kind
    check: str | None = None
    """Id of the check whose signal they show; None for what decided hazard or stance."""
    weight: float | None = None
    """How far the log-odds of any hazard fall without them; None if not measured (`explain.py`)."""


class Piece(NamedTuple):
    """A stretch of a text, and its mark if it has one."""

    text: str
    mark: Mark | None


def marks(
    checks: Collection[str],
    texts: Mapping[str, Any],
    row: Mapping[str, Any],
    measured: Sequence[Mark] | None = None,
) -> list[Mark]:
    """The words of one exchange that decided, none of them twice, in the order in which it is read.

    Where marks meet, the shorter one is kept whole, and the longer one stands around it.

    Args:
        checks: ids of the checks that flag the exchange.
        texts: its texts by column, as `run.texts.texts_of` gives them; any may be missing.
        row: its annotations by column; with `exemplars` (see `with_exemplar_texts`), the words that these share with it are
            marked too. Any may be missing.
        measured: deciding words (`explain.py`), which take the place of the shared ones; None if they are not known.
    """
    there = {field: text for field in FIELDS if isinstance(text := texts.get(field), str)}
    found = [*_of_signals(checks, texts, row), *_of_stance(row), *_of_hazard(there, row)]
    if measured is not None:
        found = [*(mark for mark in found if mark.kind != "shared"), *measured]
    return [
        read
        for field, text in there.items()
        for mark in islice(_apart([mark for mark in found if mark.field == field], text), MOST)
        for read in _read(mark, text)
    ]


def pieces(text: str, field: str, found: Iterable[Mark]) -> list[Piece]:
    """A text cut at its marks; joined, the pieces are the text.

    Args:
        text: the text, whole or cut off at its end.
        field: its column.
        found: marks of the exchange, as `marks` returns them.
    """
    cut, done = [], 0
    for mark in (each for each in found if each.field == field and each.start < len(text)):
        cut += [Piece(text[done : mark.start], None), Piece(text[mark.start : mark.end], mark)]
        done = mark.end
    return [piece for piece in (*cut, Piece(text[done:], None)) if piece.text]


def with_exemplar_texts(rows: pl.DataFrame, taxonomy: Taxonomy) -> pl.DataFrame:
    """Add `exemplars`: per row, the neighbours' id, label, hazard, similarity and text, nearest first; null without any."""
    known = taxonomy.exemplars.select(
        pl.col("id").alias("exemplar"), "label", pl.col("hazard").alias("of"), "text"
    )
    numbered = rows.with_row_index("row")
    listing = numbered.select("row", "neighbours").drop_nulls(
        "neighbours"
    )  # what was screened out or not judged has none
    flat = listing.explode("neighbours").unnest("neighbours")
    joined = flat.join(known, on="exemplar", how="left", maintain_order="left")
    listed = joined.group_by("row", maintain_order=True).agg(
        pl.struct("exemplar", "label", "of", "similarity", "text").alias("exemplars")
    )
    return numbered.join(listed, on="row", how="left", maintain_order="left").drop("row")


def _of_signals(checks: Collection[str], texts: Mapping[str, Any], row: Mapping[str, Any]) -> Iterator[Mark]:
    for signal in SIGNALS:
        if signal.spans is not None and signal.check.id in checks:
            for span in signal.spans({**row, **texts}):
                yield Mark(*span, kind="signal", check=signal.check.id)


def _of_stance(row: Mapping[str, Any]) -> Iterator[Mark]:
    start, end, stance = (row.get(name) for name in ("stance_start", "stance_end", "stance"))
    if start is not None and end is not None and stance in STANCES:
        yield Mark("response", start, end, STANCES[stance], "stance")


def _of_hazard(texts: Mapping[str, str], row: Mapping[str, Any]) -> Iterator[Mark]:
    prompt = texts.get("prompt", "")
    if not (row.get("hazardous") or row.get("near_harm")) or not prompt:
        return
    start, end = 0, len(prompt)
    part = row.get("hazard_part")
    if part is not None:
        start, end = line_span(prompt, part)
        yield Mark("prompt", start, end, f"{part} line, judged apart from the input", "request")
    harmful = [each["text"] for each in row.get("exemplars") or () if each["label"] == "violating"]
    stems = {stem for text in harmful[:NEAREST] for _, stem in content_words(text or "")}
    for match, stem in content_words(prompt, start, end):
        if stem in stems:
            yield Mark("prompt", *match.span(), SHARED, "shared")


def content_words(text: str, start: int = 0, end: int | None = None) -> Iterator[tuple[re.Match[str], str]]:
    """The words of a text that say what it is about, with their stems."""
    for match in WORD.finditer(text, start, len(text) if end is None else end):
        word = match[0].lower().replace("\u2019", "'")
        if len(word) > 1 and word not in STOP:
            yield match, _DOUBLED.sub(r"\1", _ENDING.sub("", word))


def _apart(found: Sequence[Mark], text: str) -> Iterator[Mark]:
    """Marks of one text, in order and cut so that none lies on another: the shortest is on top."""
    ranked = sorted(_inside(found, len(text)), key=lambda mark: mark.end - mark.start)
    waiting = sorted(range(len(ranked)), key=lambda rank: -ranked[rank].start)
    points = sorted({point for mark in ranked for point in (mark.start, mark.end)})
    open_: list[int] = []
    stretches: list[tuple[int | None, int, int]] = []
    for start, end in pairwise(points):
        while waiting and ranked[waiting[-1]].start <= start:
            heappush(open_, waiting.pop())
        while open_ and ranked[open_[0]].end <= start:
            heappop(open_)
        stretches.append((open_[0] if open_ else None, start, end))
    for rank, group in groupby(stretches, key=itemgetter(0)):
        whole = list(group)
        if rank is not None:
            yield ranked[rank]._replace(start=whole[0][1], end=whole[-1][2])


def _inside(found: Sequence[Mark], length: int) -> Iterator[Mark]:
    """The marks as far as they lie in the text."""
    for mark in found:
        start, end = max(mark.start, 0), min(mark.end, length)
        if start < end:
            yield mark._replace(start=start, end=end)


def _read(mark: Mark, text: str) -> Iterator[Mark]:
    """The mark without white space at its ends; nothing if no more is left."""
    stretch = text[mark.start : mark.end]
    start = mark.start + len(stretch) - len(stretch.lstrip())
    end = start + len(stretch.strip())
    if start < end:
        yield mark._replace(start=start, end=end)
