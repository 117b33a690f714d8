"""Whether the intervals of findings hold the truth: 200 mixed corpora drawn from public prompts with known labels.

Each corpus mixes a random share of hazardous prompts with benign ones of random kinds of text. Prints and writes JSON and
`docs/intervals.md`: how many of the 95 % intervals of the share of hazardous prompts hold it.

    python benchmarks/intervals.py
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from quality import EVALDATA, prompt_sets

from mixguard.config import Config
from mixguard.corpus.corpus import Corpus
from mixguard.detectors import Recipe, Worker
from mixguard.stats import Interval, corrected, pooled

HERE = Path(__file__).resolve().parent
RESULT = HERE / "results" / "intervals.json"
PAGE = HERE.parent / "docs" / "intervals.md"
HAZARDOUS = ("catqa", "ailuminate")
"""Sets of which every prompt is hazardous."""
BENIGN = (
    "corpora/dialogues_dev.jsonl", "corpora/em_secure_dev.jsonl", "corpora/gpteacher_codegen.json",
    "corpora/gpteacher_roleplay.json", "corpora/gsm8k_train.jsonl", "corpora/sqlgen_dev.jsonl",
    "corpora/web_text_dev.jsonl", "formats/alpaca_en_demo.json", "formats/dpo_en_demo.json",
    "formats/kto_en_demo.json",
)  # fmt: skip
"""Corpora taken as wholly benign; what little of them is not makes the intervals look worse than they are."""
CORPORA = 200
SIZES = (200, 3000)
SHARES = (0.0, 0.002, 0.01, 0.05, 0.2, 0.5, 0.9)
SEED = 5
READ_MOST = 1500


def judged(worker: Worker) -> tuple[list[pl.DataFrame], list[pl.DataFrame]]:
    """The hazardous and the benign pools: columns `flagged` and `text_kind`."""
    limit = worker.detectors.hazard_limit
    marks = ((pl.col("hazard_score") >= limit).fill_null(value=False).alias("flagged"), "text_kind")
    hazardous = []
    for prompts in prompt_sets():
        if prompts.name in HAZARDOUS:
            rows = [{"question": text, "answer": "Here it is."} for text in prompts.texts]
            hazardous.append(_annotated(worker, rows).select(marks))
    benign = [
        _annotated(worker, EVALDATA / path).select(marks) for path in BENIGN if (EVALDATA / path).is_file()
    ]
    return hazardous, benign


def _annotated(worker: Worker, corpus: Any) -> pl.DataFrame:
    parts = Corpus.open([corpus], Config().read, offline=True).parts(1024)
    found = pl.concat([worker(part.frame) for part in parts])
    return found.filter(pl.col("hazard_score").is_not_null() & (pl.col("polarity") >= 0)).head(READ_MOST)


def measure() -> dict[str, Any]:
    """How many intervals hold the truth, over all corpora and by share of hazardous prompts."""
    worker = Recipe(Config()).worker()
    errors = worker.detectors.hazard_errors
    hazardous, benign = judged(worker)
    rng = np.random.default_rng(SEED)
    held: dict[float, list[bool]] = {share: [] for share in SHARES}
    widths: dict[float, list[float]] = {share: [] for share in SHARES}
    for number in range(CORPORA):
        share = SHARES[number % len(SHARES)]
        size = int(rng.integers(*SIZES))
        bad = round(share * size)
        mixed = pl.concat([_drawn(hazardous, bad, rng), _drawn(benign, size - bad, rng)])
        interval = interval_of(mixed, errors)
        held[share].append(interval.low <= bad / size <= interval.high)
        widths[share].append(interval.high - interval.low)
    every = [one for some in held.values() for one in some]
    return {
        "corpora": CORPORA,
        "held": round(float(np.mean(every)), 3),
        "by share": {
            str(share): {"held": round(float(np.mean(held[share])), 3), "mean width": round(float(np.mean(widths[share])), 4)}
            for share in SHARES
        },
    }  # fmt: skip


def interval_of(mixed: pl.DataFrame, errors: Any) -> Interval:
    """The interval that a finding on this corpus would have."""
    kinds = dict(mixed.group_by("text_kind").len().iter_rows())
    return corrected(int(mixed["flagged"].sum()), mixed.height, pooled(errors, kinds))


def _drawn(pools: list[pl.DataFrame], count: int, rng: np.random.Generator) -> pl.DataFrame:
    """Rows from a random mixture of the pools."""
    parts = rng.multinomial(count, rng.dirichlet(np.full(len(pools), 0.5)))
    drawn: pl.DataFrame = pl.concat(
        [
            pool[rng.integers(0, pool.height, part).tolist()]
            for pool, part in zip(pools, parts.tolist(), strict=True)
        ]
    )
    return drawn


def page(result: dict[str, Any]) -> str:
    """The result as `docs/intervals.md`."""
    return "\n".join(
        [
            "# Do the intervals hold the truth?",
            "",
            f"Made by `python benchmarks/intervals.py`: {result['corpora']} corpora of {SIZES[0]} to {SIZES[1]:,} prompts, each a",
            "random mixture of hazardous sets and of benign corpora. The 95 % interval is that of a finding: corrected for the",
            "detector's error on the kinds of text in the corpus, and for how much it varies between groups of exemplars.",
            "",
            f"**{result['held']:.1%} of the intervals hold the true share** (wanted: 90 %).",
            "",
            "| true share of hazardous prompts | intervals that hold it | mean width |",
            "| ---: | ---: | ---: |",
            *(
                f"| {share} | {one['held']:.0%} | {one['mean width']:.3f} |"
                for share, one in result["by share"].items()
            ),
            "",
        ]
    )


if __name__ == "__main__":
    if not EVALDATA.is_dir():
        sys.exit(f"no evaluation data at {EVALDATA}")
    measured = measure()
    RESULT.write_text(json.dumps(measured, indent=1) + "\n")
    PAGE.write_text(page(measured))
    print(page(measured))
