"""Import pairs from any corpus: good refusals of hazardous prompts and good answers to look-alikes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import polars as pl

from mixguard.config import Config
from mixguard.corpus.corpus import Corpus, CorpusLike
from mixguard.detectors import Recipe
from mixguard.library.bank import Bank, own_folder
from mixguard.library.pairs import Pair, pair_id, read_pairs, vocabulary, write_pairs
from mixguard.library.taxonomy import Taxonomy
from mixguard.progress import Progress

FILE = "imported.jsonl"


class Imported(NamedTuple):
    """What happened to a corpus's exchanges."""

    file: Path
    refusals: int
    contrast: int
    known: int
    """Pairs already in the bank."""
    rejected: dict[str, int]
    """Reason for rejection to number of exchanges."""
    places: dict[str, str]
    """Reason for rejection to the location of the first such exchange."""


def import_pairs(
    paths: Sequence[CorpusLike], to: Path, config: Config, model: str | None, progress: Progress
) -> Imported:
    """Add a corpus's good pairs to a team's own bank.

    An exchange is a refusal pair if its prompt is flagged and its answer is a full refusal, and a contrast
    pair if its prompt is close to a hazard without being flagged and its answer complies. All others are
    counted by reason.

    Args:
        paths: a corpus in any supported format.
        to: the bank's folder; created if missing.
        config: taxonomy, encoder, and the bank a new folder extends.
        model: the model that wrote the answers, if one did.
        progress: called with the bytes read so far.
    """
    taxonomy = Taxonomy.load(config.judge.taxonomy)
    folder = own_folder(to, config.rebalance.bank)
    worker = Recipe(config).worker()
    detectors = worker.detectors
    file = folder / FILE
    kept = list(read_pairs(file, vocabulary(taxonomy), {})) if file.is_file() else []
    pairs = Bank.load(str(to), taxonomy).pairs
    seen = {prompt.casefold() for prompt in pairs["prompt"]}
    said = {_said(response) for response in pairs["response"]}
    rejected: dict[str, int] = {}
    places: dict[str, str] = {}
    known, new = 0, []
    corpus = Corpus.open(paths, config.read, offline=config.encode.offline)
    done = 0
    for part in corpus.parts(config.run.batch):
        done += part.tally.bytes
        progress("judging", done, corpus.size, "bytes")
        judged = worker(part.frame).hstack(part.frame.select("prompt", "response"))
        for row in _reasons(judged, detectors.hazard_limit, detectors.proximity_limit).iter_rows(named=True):
            if row["reason"] is not None:
                rejected[row["reason"]] = rejected.get(row["reason"], 0) + 1
                places.setdefault(row["reason"], f"{row['source']}:{row['line']}")
            elif row["prompt"].casefold() in seen:
                known += 1
            elif _said(row["response"]) in said:
                reason = "the answer says the same as another; repeated refusals teach one fixed text"
                rejected[reason] = rejected.get(reason, 0) + 1
                places.setdefault(reason, f"{row['source']}:{row['line']}")
            else:
                seen.add(row["prompt"].casefold())
                said.add(_said(row["response"]))
                new.append(_pair(row, taxonomy, model))
    write_pairs(file, [*kept, *new])
    refusals = sum(pair.kind == "refusal" for pair in new)
    return Imported(file, refusals, len(new) - refusals, known, rejected, places)


def _said(text: str) -> str:
    return " ".join(text.casefold().split())


def _reasons(judged: pl.DataFrame, limit: float, proximity: float) -> pl.DataFrame:
    """Add `reason`: why an exchange is rejected; null if it is a pair."""
    flagged = pl.col("hazard_score") >= limit
    full = pl.col("stance") == "full_refusal"
    complies = (pl.col("stance") == "full_compliance") & pl.col("stance_note").is_null()
    reason = (
        pl.when((pl.col("kind") != "exchange") | (pl.col("polarity") != 1))
        .then(pl.lit("no answer trained towards"))
        .when(pl.col("hazard_unjudged").is_not_null() | pl.col("stance_unjudged").is_not_null())
        .then(pl.lit("could not be judged"))
        .when(flagged & complies)
        .then(pl.lit("the prompt is hazardous and the answer complies"))
        .when(flagged & ~full)
        .then(pl.lit("the prompt is hazardous and the answer does not fully refuse"))
        .when(~flagged & ~complies)
        .then(pl.lit("the prompt is benign and the answer refuses"))
        .when(~flagged & (pl.col("proximity") < proximity))
        .then(pl.lit("the prompt is not close to any hazard"))
    )
    return judged.with_columns(
        reason=reason, kind=pl.when(flagged).then(pl.lit("refusal")).otherwise(pl.lit("contrast"))
    )


def _pair(row: dict[str, str], taxonomy: Taxonomy, model: str | None) -> Pair:
    hazard = next(hazard for hazard in taxonomy.hazards if hazard.code == row["hazard"])
    pair = Pair.model_validate(
        {
            "kind": row["kind"],
            "hazard": hazard.code,
            "sub": row["sub_hazard"] or next(iter(hazard.sub)),
            "severity": hazard.severity,
            "prompt": row["prompt"],
            "response": row["response"],
            "model": model,
        }
    )
    return pair.model_copy(update={"id": pair_id(pair)})
