"""Why one exchange was judged as it was: its scores, and the exemplars and words that decided."""

from __future__ import annotations

from collections.abc import Mapping
from math import exp, log
from pathlib import Path
from typing import Any

import polars as pl

from mixguard.config import Config
from mixguard.detectors import Recipe, Worker
from mixguard.errors import UsageError
from mixguard.judge import SHOWN, annotate_texts
from mixguard.library.taxonomy import Taxonomy
from mixguard.marks import Mark, content_words, with_exemplar_texts
from mixguard.mix.manifest import manifest_for
from mixguard.run.document import Audit

AT_ONCE = 64
"""Times a prompt is judged again, at most; a longer one loses several words at a time."""
LEAST = 0.5
"""Fall of the log-odds from which words count as deciding. Judgement."""
MEASURED = 3
"""Exchanges of one sample whose words are measured."""
READ = 20_000
"""Characters of a prompt whose words are tried."""
_SURE = 1e-6
"""The least probability told apart from none."""


def explain(run: Path, sample: str) -> pl.DataFrame:
    """The annotated exchanges of one sample.

    Args:
        run: a run folder.
        sample: a sample id, or its location as `file:line`; the last part of the file's path is enough.

    Returns:
        The annotations, with `checks` (ids of the checks that flag the exchange), `exemplars`, and for a record that
        `rebalance` added `words`, `opening_given` and `task` (null for others; `mix/manifest.py` says what they are).
        `hazard_limit` is the probability from which the prompt counts as hazardous.

    Raises:
        UsageError: the run has no such sample, or several.
    """
    earlier = Audit.load(run)
    place = pl.format("{}:{}", "source", "line")
    exact = (pl.col("sample_id") == sample) | (place == sample)
    flagged = earlier.flagged.group_by("sample_id", "exchange").agg(
        pl.col("check").unique().sort().alias("checks")
    )
    all_rows = earlier.annotations.join(flagged, on=["sample_id", "exchange"], how="left").sort("exchange")
    found = all_rows.filter(exact).collect()
    if found.is_empty():
        found = all_rows.filter(place.str.ends_with(f"/{sample}")).collect()
    if found.is_empty():
        raise UsageError(f"{run}: no sample {sample!r}; use an id or file:line as findings show them")
    if found["sample_id"].n_unique() > 1:
        where = ", ".join(found["source"].unique().sort().head(3))
        raise UsageError(f"{run}: several files end in {sample!r}: {where}; name more of the path")
    told = found.join(_added(earlier), on="pair", how="left", maintain_order="left").with_columns(
        hazard_limit=pl.lit(earlier.hazard_limit)
    )
    return with_exemplar_texts(told, Taxonomy.load(earlier.config.judge.taxonomy))


def _added(audit: Audit) -> pl.DataFrame:
    """What the manifest says of each added pair."""
    manifest = manifest_for(audit)
    rows = [(each.pair, each.words, each.opening, each.task) for each in manifest.added] if manifest else []
    names = ("pair", "words", "opening_given", "task")
    return pl.DataFrame(rows, schema=dict.fromkeys(names, pl.String), orient="row")


def explain_text(worker: Worker, text: str, config: Config) -> pl.DataFrame:
    """One text judged as a prompt, with the text of each neighbour exemplar; columns as of `explain`."""
    limit = worker.detectors.limit(config.checks.hazard_limit)
    rows = annotate_texts(worker, [text], [None]).select(pl.exclude("^stance.*$"))
    hazardous = (pl.col("hazard_score") >= limit).fill_null(value=False)
    limited = rows.with_columns(hazardous.alias("hazardous"), hazard_limit=pl.lit(limit))
    return with_exemplar_texts(limited, worker.taxonomy)


def measured(run: Path, rows: pl.DataFrame, texts: Mapping[int, Mapping[str, Any]]) -> dict[int, list[Mark]]:
    """The deciding words of the hazardous exchanges of one sample, by number; the run's own encoder judges them anew.

    Args:
        run: the run folder.
        rows: what `explain` returns.
        texts: of each exchange, as far as they can be read.

    Raises:
        UsageError: the encoder cannot be loaded.
    """
    hazardous = rows.filter("hazardous").get_column("exchange").head(MEASURED).to_list()
    prompts = {number: texts[number]["prompt"] for number in hazardous if number in texts}
    if not prompts:
        return {}
    worker = judge_again(Audit.load(run).config)
    return {number: deciding_words(worker, prompt) for number, prompt in prompts.items()}


def judge_again(config: Config) -> Worker:
    """What judged a run, by the run's configuration.

    Raises:
        UsageError: the encoder cannot be loaded; a run may be from elsewhere, so nothing is fetched that it names.
    """
    return Recipe(config.replace({"encode.offline": True})).worker()


def deciding_words(worker: Worker, text: str, *, most: int = 8) -> list[Mark]:
    """The words of a prompt without which a hazard is much less likely, in the order of the text.

    Words of any request (`marks.STOP`) are not tried: without `write`, a text asks for nothing. What two words say only
    together is in neither of them alone, so a hazardous prompt may have no deciding word.

    Args:
        worker: judges the text and what is left without each word, in one batch.
        text: the prompt.
        most: words, or stretches of a long prompt, that are returned at most: those whose fall is greatest.

    Returns:
        Marks of the field `prompt`, whose `weight` is how far the log-odds of any hazard fall; none if the text was not
        judged, or no hazard is named in it.
    """
    stretches = _stretches(text)
    without = [text[:start] + text[end:] for start, end in stretches]
    scores = annotate_texts(worker, [text, *without], [None] * (len(stretches) + 1)).get_column(
        "hazard_score"
    )
    if (scores[0] or 0) < SHOWN:
        return []
    # What is no longer judged, such as a text taken for another language, cannot be compared.
    falls = [_log_odds(scores[0]) - _log_odds(scores[0] if score is None else score) for score in scores[1:]]
    gravest = sorted(zip(falls, stretches, strict=True), reverse=True)[:most]
    return [
        Mark("prompt", start, end, _told(fall), "measured", weight=round(fall, 4))
        for fall, (start, end) in sorted(gravest, key=lambda each: each[1])
        if fall >= LEAST
    ]


def _stretches(text: str) -> list[tuple[int, int]]:
    """The words of a text, or neighbouring ones together if there are many, as character spans."""
    words = [match.span() for match, _ in content_words(text, 0, READ)]
    size = -(-len(words) // (AT_ONCE - 1)) or 1
    groups = [words[start : start + size] for start in range(0, len(words), size)]
    return [(group[0][0], group[-1][1]) for group in groups]


def _log_odds(probability: float) -> float:
    clipped = min(max(probability, _SURE), 1 - _SURE)
    return log(clipped / (1 - clipped))


def _told(fall: float) -> str:
    return f"without it, the odds of a hazard are {exp(fall):,.1f} times lower"
