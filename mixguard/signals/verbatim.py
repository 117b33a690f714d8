"""Verbatim runs: answers that hold a long passage of texts that the user names."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from mixguard.annotate.base import Batch
from mixguard.annotate.phrases import READ, Span
from mixguard.annotate.references import References
from mixguard.checks.base import Case, Check, Evidence, Judged, Limit, Rate
from mixguard.checks.terms import TRAINED
from mixguard.signals.base import Examples, Page, Row, Setting, Signal

LEAST = 50
"""Words of the shortest run that counts."""


class VerbatimAnnotator:
    """Finds the longest run of words that an answer shares with the references."""

    reads = ("response",)
    writes = pl.Schema({"verbatim_words": pl.UInt16, "verbatim_start": pl.UInt32, "verbatim_end": pl.UInt32})

    def __init__(self, references: References | None = None) -> None:
        self._references = references

    @classmethod
    def open(cls, setting: Setting) -> VerbatimAnnotator:
        """With the references that `judge.references` names."""
        return cls(References.load(setting.config.judge.references))

    def __call__(self, batch: Batch) -> pl.DataFrame:
        """Columns.

        `verbatim_words`: words of the longest run of `LEAST` or more, 0 if there is none, null without references.
        `verbatim_start`, `verbatim_end`: where in the response it stands, null if there is none.
        """
        empty = pl.DataFrame(schema=self.writes).clear(batch.frame.height)
        if self._references is None:
            return empty
        answers = batch.frame.get_column("response").fill_null("").str.slice(0, READ)
        runs = self._references.longest(answers, LEAST)
        found = [
            (0, None, None) if run is None else (min(run.words, 65_535), run.start, run.end) for run in runs
        ]
        return pl.DataFrame(found, schema=self.writes, orient="row") if found else empty


def _judge(rate: Rate, _: Evidence) -> Judged:
    if not rate.total:
        return Judged("pass", "not measured: name references with judge.references")
    if not rate.count:
        return Judged("pass", f"no response holds {LEAST} words in a row of the references")
    holds = "response holds" if rate.count == 1 else "responses hold"
    message = f"verbatim text: {rate.count:,} {holds} {LEAST} or more words in a row of the references"
    return Judged("warn" if rate.count >= rate.limit else "note", message)


def _spans(row: Row) -> Sequence[Span]:
    start, end = row.get("verbatim_start"), row.get("verbatim_end")
    if start is None or end is None:
        return ()
    return [Span("response", start, end, "passage of a reference, word for word")]


_PASSAGE = "The sea is wide and grey this morning."

VERBATIM = Signal(
    name="verbatim runs",
    about="holds a long passage of a reference word for word",
    annotator=VerbatimAnnotator(),
    open=VerbatimAnnotator.open,
    spans=_spans,
    page=Page(
        measures="Number of responses with 50 or more words in a row that stand in the texts named by `judge.references`, whatever their case and punctuation; found by hashes of 13 words.",
        blind="Texts that are not named. Passages with a word changed every few words.",
        cost="None without references; with them a hash of each run of words of a response, and 8 bytes of memory for each of their words.",
        examples=Examples(
            shows=(
                {
                    "prompt": "Write a line about the sea.",
                    "response": _PASSAGE,
                    "verbatim_words": 60,
                    "verbatim_start": 0,
                    "verbatim_end": len(_PASSAGE),
                },
            ),
            spares=(
                {
                    "prompt": "Write a line about the sea.",
                    "response": "The sea is wide.",
                    "verbatim_words": 0,
                },
            ),
        ),
    ),
    check=Check(
        id="MG213",
        name="verbatim-runs",
        kind="quality",
        severities=("note", "warn"),
        cases=(
            Case(
                among=TRAINED & pl.col("verbatim_words").is_not_null(),
                flags=pl.col("verbatim_words") >= LEAST,
                judge=_judge,
                rank="verbatim_words",
            ),
        ),
        limit=Limit(1.0, "Responses with a verbatim run that trigger a warning. Judgement.", 1, 1e9),
        why="A model tuned on passages of a text learns to recite it, and human prose in the targets re-opens text that it had memorised before.",
        source="arXiv 2603.20957: after tuning on passages, spans of over 460 words of held-out books",
        remedy="Drop the rows or rewrite them, or make sure that you may publish what the model will recite.",
        mechanisms=("M51",),
    ),
)
