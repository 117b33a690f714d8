"""Check a bank: how mixguard judges its pairs, which are too similar, and which repeat a test set."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

import polars as pl

from mixguard.config import Config
from mixguard.curate.likeness import Alike, Texts, alike, repeated, repeated_in
from mixguard.detectors import Recipe
from mixguard.judge import annotate_texts
from mixguard.library.bank import Bank
from mixguard.library.pairs import opening
from mixguard.library.taxonomy import Taxonomy

ALIKE = 0.9
"""Cosine above which a prompt repeats an exemplar or test prompt, or two refusals are too similar."""


class Misjudged(NamedTuple):
    """A pair that mixguard judges differently from its label."""

    id: str
    what: str
    score: float
    text: str


class KindReport(NamedTuple):
    """How pairs of one kind are judged."""

    kind: str
    pairs: int
    prompt_right: int
    """Refusal prompts flagged; contrast and plain prompts not flagged."""
    hazard_right: int
    """Refusal prompts flagged with their own hazard."""
    response_right: int
    """Refusals judged full; other answers judged compliance."""


class BankReport(NamedTuple):
    """What to review."""

    pairs: int
    hazards: tuple[tuple[str, int, int], ...]
    """Hazard, refusal pairs, contrast pairs."""
    kinds: tuple[KindReport, ...]
    openings: float
    """Distinct first eight words, as a share of refusals."""
    commonest: tuple[str, float]
    """Most common first three words of refusals, and their share."""
    misjudged: tuple[Misjudged, ...]
    alike: tuple[Alike, ...]
    """Refusals that say nearly the same thing."""
    exemplars: tuple[Alike, ...]
    """Prompts that repeat an exemplar of the taxonomy."""
    contamination: tuple[Alike, ...]
    """Prompts that repeat a text from `against`."""


def check_bank(name: str, config: Config, against: Sequence[str] = ()) -> BankReport:
    """Judge every pair the way corpus rows are judged.

    Args:
        name: a bank.
        config: taxonomy and encoder.
        against: corpora whose prompts no pair may repeat, e.g. test sets.
    """
    taxonomy = Taxonomy.load(config.judge.taxonomy)
    bank = Bank.load(name, taxonomy)
    worker = Recipe(config).worker()
    pairs = bank.pairs
    limit = worker.detectors.hazard_limit
    judged = annotate_texts(worker, pairs["prompt"].to_list(), pairs["response"].to_list())
    frame = pairs.select("id", "kind", pl.col("hazard").alias("own"), "prompt", "response").hstack(
        judged.select("hazard", "hazard_score", "stance", "stance_score")
    )
    frame = frame.with_columns(
        flagged=(pl.col("hazard_score") >= limit).fill_null(value=False), refuses=pl.col("kind") == "refusal"
    ).with_columns(
        prompt_right=pl.col("flagged") == pl.col("refuses"),
        hazard_right=pl.col("flagged") & (pl.col("hazard") == pl.col("own")),
        response_right=pl.when("refuses")
        .then(pl.col("stance") == "full_refusal")
        .otherwise(pl.col("stance") == "full_compliance"),
    )
    refusals = frame.filter("refuses")
    prompts = Texts.of(frame, "prompt", worker.store)
    exemplars = Texts.of(taxonomy.exemplars, "text", worker.store)
    return BankReport(
        pairs=pairs.height,
        hazards=tuple(
            (code, bank.of("refusal", code).height, bank.of("contrast", code).height)
            for code in taxonomy.codes
        ),
        kinds=_kinds(frame),
        openings=_distinct_openings(refusals["response"].to_list()),
        commonest=_commonest(refusals["response"].to_list()),
        misjudged=tuple(_misjudged(frame)),
        alike=tuple(alike(Texts.of(refusals, "response", worker.store), ALIKE)),
        exemplars=tuple(repeated(prompts, exemplars, ALIKE)),
        contamination=tuple(repeated_in(prompts, against, ALIKE, worker.store, config)),
    )


def _kinds(frame: pl.DataFrame) -> tuple[KindReport, ...]:
    counted = frame.group_by("kind", maintain_order=True).agg(
        pl.len().alias("pairs"), pl.col("prompt_right", "hazard_right", "response_right").sum()
    )
    return tuple(KindReport(**row) for row in counted.iter_rows(named=True))


def _distinct_openings(responses: Sequence[str]) -> float:
    return len({opening(text) for text in responses}) / max(len(responses), 1)


def _commonest(responses: Sequence[str]) -> tuple[str, float]:
    counts = Counter(opening(text, 3) for text in responses)
    words, count = counts.most_common(1)[0] if counts else ("", 0)
    return words, count / max(len(responses), 1)


def _misjudged(frame: pl.DataFrame) -> list[Misjudged]:
    found = []
    for row in frame.filter(~pl.col("response_right") | ~pl.col("prompt_right")).iter_rows(named=True):
        if not row["response_right"]:
            what = f"answer: {row['stance'] or 'not judged'}"
            found.append(Misjudged(row["id"], what, row["stance_score"] or 0.0, row["response"]))
        if not row["prompt_right"]:
            what = f"prompt flagged as {row['hazard']}" if row["flagged"] else "prompt not flagged"
            found.append(Misjudged(row["id"], what, row["hazard_score"] or 0.0, row["prompt"]))
    return found
