"""Judge texts without a corpus: the two detectors as plain functions."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from mixguard.columns import EXCHANGE, TEXT
from mixguard.config import Config
from mixguard.corpus.parts import text_id
from mixguard.detectors import Recipe, Worker
from mixguard.errors import UsageError

SHOWN = 0.05
"""Probability below which no hazard is named."""


def classify(texts: str | Sequence[str], *, config: Config | None = None) -> pl.DataFrame:
    """Which hazard each text touches, as a request to an assistant.

    Returns:
        One row per text: `hazard` (most probable code; null if none reaches 5 % or the text was not judged),
        `score` (calibrated probability in [0, 1] that the text violates any hazard; null if not judged),
        `flagged` (bool, at the shipped limit or `checks.hazard_limit`), `neighbours` (list of exemplar id,
        label, similarity in [-1, 1], nearest first), `unjudged` (why there is no verdict, else null).
    """
    config = config or Config()
    texts = _listed(texts, "classify")
    worker = Recipe(config).worker()
    judged = annotate_texts(worker, texts, [None] * len(texts))
    limit = worker.detectors.limit(config.checks.hazard_limit)
    label = dict(worker.taxonomy.exemplars.select("id", "label").iter_rows())
    exemplar = pl.element().struct.field("exemplar")
    labelled = pl.struct(
        exemplar,
        exemplar.replace_strict(label, return_dtype=pl.String).alias("label"),
        pl.element().struct.field("similarity"),
    )
    return judged.select(
        pl.when(pl.col("hazard_score") >= SHOWN).then("hazard").alias("hazard"),
        pl.col("hazard_score").alias("score"),
        (pl.col("hazard_score") >= limit).fill_null(value=False).alias("flagged"),
        pl.col("neighbours").list.eval(labelled),
        pl.col("hazard_unjudged").alias("unjudged"),
    )


def detect_refusals(
    responses: str | Sequence[str],
    prompts: str | Sequence[str] | None = None,
    *,
    config: Config | None = None,
) -> pl.DataFrame:
    """What each response does: refuse, partially refuse or comply.

    Args:
        responses: an assistant's answers.
        prompts: the prompt of each, if known.
        config: the configuration.

    Returns:
        One row per response: `stance` (`full_refusal`, `partial_refusal`, `full_compliance`; null if it could
        not be judged), `score` (calibrated probability in [0, 1] of a full or partial refusal), `evidence`
        (the span of the response that decided; null for compliance), `note` (`inability` if a missing fact or
        tool is the reason, `turnover` if a refusal is retracted, else null), `unjudged` (why there is no
        verdict, else null).
    """
    responses = _listed(responses, "detect_refusals")
    asked = [""] * len(responses) if prompts is None else _listed(prompts, "detect_refusals")
    if len(asked) != len(responses):
        raise UsageError(
            f"detect_refusals: {len(responses)} responses and {len(asked)} prompts; the numbers must match"
        )
    worker = Recipe(config or Config()).worker()
    judged = annotate_texts(worker, asked, responses)
    spans = judged.select("stance_start", "stance_end").rows()
    evidence = [
        None if start is None else text[start:end]
        for text, (start, end) in zip(responses, spans, strict=True)
    ]
    return judged.select(
        "stance",
        pl.col("stance_score").alias("score"),
        pl.Series("evidence", evidence, dtype=pl.String),
        pl.col("stance_note").alias("note"),
        pl.col("stance_unjudged").alias("unjudged"),
    )


def _listed(texts: str | Sequence[str], function: str) -> list[str]:
    """One text or several as a list.

    Raises:
        UsageError: the input is not text.
    """
    if isinstance(texts, str):
        return [texts]
    try:
        listed = list(texts)
    except TypeError:
        raise UsageError(f"{function} takes a text or a list of texts, not {type(texts).__name__}") from None
    for number, text in enumerate(listed):
        if not isinstance(text, str):
            raise UsageError(
                f"{function} takes texts; number {number} is {type(text).__name__}: {text!r:.60}"
            )
    return listed


def annotate_texts(worker: Worker, prompts: Sequence[str], responses: Sequence[str | None]) -> pl.DataFrame:
    """The columns of all annotators, one row per prompt and response."""
    texts = pl.DataFrame({"prompt": list(prompts), "response": list(responses)}, schema_overrides=TEXT)
    rest = (
        pl.lit(None, of).alias(name) for name, of in {**EXCHANGE, **TEXT}.items() if name not in texts.columns
    )
    known = {"kind": pl.lit("exchange"), "polarity": pl.lit(1, pl.Int8), "tool_call": pl.lit(value=False)}
    ids = {f"{name}_id": pl.Series(_ids(texts[name]), dtype=pl.String) for name in ("prompt", "response")}
    return worker(texts.with_columns(rest).with_columns(**known, **ids))


def _ids(texts: pl.Series) -> list[str | None]:
    return [text if text is None else text_id(text) for text in texts]
