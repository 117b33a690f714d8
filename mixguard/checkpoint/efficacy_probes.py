"""The prompts that a study asks: those of the bank that no model was trained on."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

import orjson
import polars as pl

from mixguard.checkpoint.safety_tokens import choose_prompts
from mixguard.config import Config
from mixguard.corpus.corpus import text_id
from mixguard.errors import UsageError
from mixguard.files import write_atomically
from mixguard.library.bank import Bank
from mixguard.library.taxonomy import Taxonomy
from mixguard.run.document import Audit

HAZARDOUS, LOOK_ALIKES = 200, 250
"""How many at most: 200 prompts know a rate of 10 % to 4 points."""


def write_probes(file: Path, before: Audit, mixed: Collection[str], config: Config) -> tuple[int, int]:
    """Write prompts that are in neither corpus nor mixes, spread over hazards; return how many of each kind.

    Args:
        file: JSON Lines.
        before: the audit of the corpus.
        mixed: ids of the pairs in the mixes.
        config: bank, taxonomy and seed.

    Raises:
        UsageError: there are none.
    """
    bank = Bank.load(config.rebalance.bank, Taxonomy.load(config.judge.taxonomy))
    asked = bank.pairs.select("id", prompt_id=pl.col("prompt").map_elements(text_id, pl.String)).lazy()
    trained = asked.join(before.annotations.select("prompt_id"), on="prompt_id", how="semi").collect()["id"]
    left = bank.without({*trained, *mixed})
    try:
        prompts = choose_prompts(left, seed=config.rebalance.seed, count=max(HAZARDOUS, LOOK_ALIKES))
    except UsageError:
        raise UsageError(
            f"{bank.folder}: the doses use every prompt of the bank, so none is left to ask; give smaller --doses or a"
            " larger --bank"
        ) from None
    alone = pl.col("system").is_null() & (pl.col("history").list.len() == 0) & pl.col("task").is_null()
    known = {(row["kind"], row["prompt"]): row for row in left.pairs.filter(alone).iter_rows(named=True)}
    kinds = (
        ("hazardous", "refusal", prompts.harmful[:HAZARDOUS]),
        ("look-alike", "contrast", prompts.look_alike[:LOOK_ALIKES]),
    )
    lines = [
        {"id": row["id"], "kind": name, "hazard": row["hazard"], "prompt": prompt}
        for name, kind, chosen in kinds
        for prompt in chosen
        for row in (known[kind, prompt],)
    ]
    write_atomically(file, b"".join(orjson.dumps(line) + b"\n" for line in lines))
    return len(kinds[0][2]), len(kinds[1][2])
