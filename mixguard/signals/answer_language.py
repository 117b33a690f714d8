"""Answers in another language than their prompt, though nobody asked for it."""

from __future__ import annotations

import polars as pl

from mixguard.annotate.base import Batch
from mixguard.annotate.phrases import Phrases
from mixguard.annotate.spoken import languages
from mixguard.checks.base import Case, Check, Evidence, Judged, Limit, Rate
from mixguard.checks.terms import TRAINED
from mixguard.signals.base import Examples, Page, Signal

LENGTH = 80
"""Characters an answer needs outside code."""
SURE = 0.8
"""Probability below which the language of an answer is not named; names, code and lists stay below it."""
_FENCED = r"(?s)```.*?(?:```|\z)"
_READ, _SAID, _LETTERS_READ = 2000, 300, 200
"""Characters of an answer, of what is not code in it, and letters of that that are looked at."""
_MARKS = 0.12
"""Share of signs and digits above which an answer is code, sums or a table."""
_ENGLISH = r"(?i)(?-u:\b)(?:the|and|of|you|with|that|this|are|have|your)(?-u:\b)"
"""Words of English alone, one in five of its words."""
_ENGLISH_EVERY = 80
"""Characters to each of them within which a text is English without being asked more dearly."""


class AnswerLanguageAnnotator:
    """Names the language of answers, and says which differ from the prompt's without having been asked to."""

    reads = ("prompt", "response", "system", "tool_call", "language")
    writes = pl.Schema({"answer_language": pl.String, "answer_strays": pl.Boolean})

    def __call__(self, batch: Batch) -> pl.DataFrame:
        """Columns `answer_language`, null if it cannot be told, and `answer_strays`."""
        frame = batch.frame
        text = pl.col("response").str.slice(0, _READ).str.replace_all(_FENCED, " ")
        said = frame.select(said=text.str.slice(0, _SAID)).with_columns(
            length=pl.col("said").str.len_chars(),
            marks=pl.col("said").str.count_matches(r"[^\p{L}\p{M}\s]"),
            english=pl.col("said").str.count_matches(_ENGLISH),
        )
        prose = (pl.col("length") >= LENGTH) & (pl.col("marks") <= _MARKS * pl.col("length"))
        said = said.with_columns(prose=prose, english=pl.col("english") * _ENGLISH_EVERY >= pl.col("length"))
        unknown = pl.when(pl.col("prose") & ~pl.col("english")).then("said").otherwise(pl.lit(""))
        named = languages(said.select(unknown).to_series(), SURE, _LETTERS_READ).alias("named")
        spoken = said.select(pl.when("prose", "english").then(pl.lit("en")).otherwise(named)).to_series()
        differs = (spoken != frame.get_column("language")).fill_null(value=False)
        strays = differs.scatter(differs.arg_true(), _unasked(frame.filter(differs)))
        return pl.DataFrame({"answer_language": spoken, "answer_strays": strays}, schema=self.writes)


def _unasked(frame: pl.DataFrame) -> pl.Series:
    """Whether no one speaks of a language, and that of the prompt is sure."""
    asked = Phrases.load("encoded", "translation")
    spoken_of = pl.any_horizontal(asked.there(name) for name in ("prompt", "system", "response"))
    sure = languages(frame.get_column("prompt"), SURE).is_not_null()
    return frame.select(~(spoken_of | pl.col("tool_call").fill_null(value=False))).to_series() & sure


def _judge(rate: Rate, _: Evidence) -> Judged:
    if not rate.count:
        return Judged("pass", "no answer is in another language than its prompt")
    listed = ", ".join(f"{name} {number:,}" for name, number in rate.commonest)
    are = "answer is" if rate.count == 1 else "answers are"
    message = f"{rate.count:,} of {rate.total:,} {are} in another language than the prompt ({listed})"
    return Judged("warn" if rate.count > rate.limit * rate.total else "note", message)


ANSWER_LANGUAGE = Signal(
    name="answer language",
    about="answers in another language than it was asked in",
    annotator=AnswerLanguageAnnotator(),
    page=Page(
        measures="Share of answers with at least 80 characters outside code whose first 200 letters fastText's lid.176 names as another language than the prompt's, both with a probability of .8 or more, where neither prompt, system prompt nor answer speaks of a language or a translation.",
        blind="Short answers, mixtures, prompts whose language cannot be told, and a language asked for in an earlier turn.",
        cost="An identification of the language of each answer.",
        examples=Examples(
            shows=(
                {
                    "prompt": "Write a line about the sea and the harbour in the evening.",
                    "response": "Das Meer liegt am Abend grau und ruhig vor dem Hafen, und die Boote kehren langsam zurück.",
                },
            ),
            spares=(
                {
                    "prompt": "Translate into German: the sea lies grey and calm before the harbour.",
                    "response": "Das Meer liegt am Abend grau und ruhig vor dem Hafen, und die Boote kehren langsam zurück.",
                },
                {
                    "prompt": "Write a line about the sea and the harbour in the evening.",
                    "response": "The sea lies grey and calm before the harbour in the evening, and the boats return slowly.",
                },
            ),
        ),
    ),
    check=Check(
        id="MG229",
        name="answer-language",
        kind="quality",
        severities=("note", "warn"),
        cases=(Case(TRAINED, pl.col("answer_strays"), _judge, by=pl.col("answer_language")),),
        limit=Limit(
            0.05,
            "Share of answers in another language than their prompt that triggers a warning. Judgement.",
        ),
        why="A model tuned on answers in another language than the question learns to switch languages, and an answer in a language that the encoder does not support is not judged.",
        source="judgement",
        remedy="Translate these answers, or have the prompts ask for the language.",
        mechanisms=("M03",),
    ),
)
