"""Near-duplicates: samples, answers and prompt templates that repeat with a few words changed."""

from __future__ import annotations

import numpy as np
import polars as pl

from mixguard.annotate.base import Batch
from mixguard.annotate.phrases import READ
from mixguard.annotate.shingles import Shingles, listed, runs, words
from mixguard.checks.base import Case, Check, Evidence, Judged, Limit, Rate
from mixguard.checks.narrow import EXCHANGE, SAMPLE, commonest, in_order, key, spread
from mixguard.checks.terms import TRAINED
from mixguard.signals.base import Examples, Page, Row, Signal

RUN = 3
"""Words of a shingle: one changed word changes three of them."""
WORDS = 12
"""Words from which two texts can be near-duplicates; shorter ones are alike by chance."""
BANDS, PER_BAND = 4, 10
"""Bands of MinHash values, and values of each. Two texts that share a share s of their shingles have a band in
common with probability 1 - (1 - s^10)^4: half are found at s = .83, 82 % at .9, 97 % at .95, 0.4 % at .5.
Keys of 32 bits agree by chance too: in a million rows that marks 0.05 % of them."""
PER_ANSWER = 6
"""Values of the one band over answers alone: half are found at s = .89, 1.6 % at .5."""
SEED = 1
NOTED = 0.05
"""Share of near-duplicates that is worth a note. Judgement."""
CLUSTER = 10
"""Answers that must say nearly the same to be worth a note. Judgement."""
CLUSTER_NOTED = 0.02
"""Their share. Judgement."""
ALIKE = 5
"""Prompts that differ in numbers and quoted strings alone from which they are a template."""
LEAST = 20
"""Samples below which nothing is said."""
KEYS = tuple(f"repetition_{band}" for band in range(1, BANDS + 1))
ANSWER = "repetition_answer"
TEMPLATE = "repetition_template"
_VARIABLE = r"\d+(?:[.,]\d+)*|\"[^\"\n]*\"|“[^”\n]*”|`[^`\n]*`|'[^'\n]{2,}'"
"""What varies in a template: numbers and quoted strings."""


class RepetitionAnnotator:
    """Keys that near-identical texts share: bands of MinHash values over shingles of three words."""

    reads = ("prompt", "response")
    writes = pl.Schema(
        {
            **dict.fromkeys((*KEYS, ANSWER), pl.UInt32()),  # null for short texts
            TEMPLATE: pl.UInt64(),  # of the prompt without numbers and quoted strings, null for a short one
        }
    )

    def __call__(self, batch: Batch) -> pl.DataFrame:
        """Columns `repetition_*`."""
        prompts, answers = (words(listed(batch.frame.get_column(name))) for name in ("prompt", "response"))
        keys = [*_bands(_joined(prompts, answers), BANDS, PER_BAND), *_bands(answers, 1, PER_ANSWER)]
        prompt = pl.col("prompt").str.slice(0, READ).str.to_lowercase()
        masked = pl.when(pl.Series(prompts.counts >= RUN)).then(prompt.str.replace_all(_VARIABLE, "0").hash())
        return batch.frame.select(
            *(key.alias(name) for key, name in zip(keys, (*KEYS, ANSWER), strict=True)),
            masked.alias(TEMPLATE),
        )


def _joined(first: Shingles, second: Shingles) -> Shingles:
    """The words of two columns, row by row."""
    order = np.argsort(np.concatenate([first.owner, second.owner]), kind="stable")
    return Shingles(np.concatenate([first.hashes, second.hashes])[order], first.counts + second.counts)


def _bands(given: Shingles, bands: int, rows: int) -> list[pl.Series]:
    """One key per band and text, null below `WORDS` words."""
    from rensa import RMinHash

    found = runs(given, RUN)
    ends = np.concatenate([[0], np.cumsum(found.counts)]).astype(np.uint64)
    digests = RMinHash.digest_matrix_from_flat_token_hashes(found.hashes, ends, bands * rows, SEED).to_rows()
    values = np.array(digests, dtype=np.uint64).reshape(len(given.counts), bands, rows)
    keys = np.zeros(values.shape[:2], dtype=np.uint64)
    with np.errstate(over="ignore"):
        for place in range(rows):
            keys = (keys ^ values[:, :, place]) * np.uint64(0x9E3779B97F4A7C15)
            keys ^= keys >> np.uint64(32)
    short = pl.Series(given.counts < WORDS)
    columns = (pl.Series(keys[:, band].astype(np.uint32)) for band in range(bands))
    return [column.set(short, None) for column in columns]


def _near(frame: pl.LazyFrame, _: Evidence) -> pl.LazyFrame:
    """One row per distinct trained pair of texts, and whether an earlier one is nearly the same."""
    texts = key("prompt_id").hash(1) ^ key("response_id").hash(2)
    trained = in_order(frame, texts.alias("texts"), pl.col(KEYS))
    distinct = trained.filter(pl.col("texts").is_first_distinct())
    repeats = (pl.col(name).is_not_null() & ~pl.col(name).is_first_distinct() for name in KEYS)
    return spread(frame, distinct.select(SAMPLE, EXCHANGE, near=pl.any_horizontal(*repeats)), "near")


def _same_answers(frame: pl.LazyFrame, _: Evidence) -> pl.LazyFrame:
    """Whether a row has the commonest answer, if that is common enough to speak of."""
    answer = pl.col(ANSWER)
    common = commonest(frame, ANSWER, TRAINED & answer.is_not_null())
    same = (TRAINED & (answer == pl.lit(common, pl.UInt32))).fill_null(value=False)
    enough = frame.select(same.sum() >= CLUSTER).collect(engine="streaming").item()
    return frame.with_columns(uniform=same & enough)


def _templates(frame: pl.LazyFrame, _: Evidence) -> pl.LazyFrame:
    """One row per distinct trained prompt, and whether others differ from it in numbers and quotes alone."""
    trained = in_order(frame, key("prompt_id").alias("prompt"), pl.col(TEMPLATE))
    distinct = trained.filter(pl.col("prompt").is_first_distinct())
    common = distinct.get_column(TEMPLATE).drop_nulls().sort().rle().struct.unnest()
    alike = pl.col(TEMPLATE).is_in(common.filter(pl.col("len") >= ALIKE).get_column("value").implode())
    return spread(frame, distinct.select(SAMPLE, EXCHANGE, filled=alike.fill_null(value=False)), "filled")


def _judge_near(rate: Rate, _: Evidence) -> Judged:
    verb = "is" if rate.count == 1 else "are"
    message = f"{rate.count:,} of {rate.total:,} distinct samples {verb} nearly the same as an earlier one"
    low = rate.interval.low if rate.total >= LEAST else 0.0
    return Judged("warn" if low > rate.limit else "note" if low > NOTED else "pass", message)


def _judge_answers(rate: Rate, _: Evidence) -> Judged:
    message = f"the commonest answer is given {rate.count:,} times among {rate.total:,}, nearly word for word"
    low = rate.interval.low if rate.total >= LEAST else 0.0
    return Judged("warn" if low > rate.limit else "note" if low > CLUSTER_NOTED else "pass", message)


def _judge_templates(rate: Rate, _: Evidence) -> Judged:
    message = f"{rate.count:,} of {rate.total:,} distinct prompts are templates filled with other numbers or quoted words"
    low = rate.interval.low if rate.total >= LEAST else 0.0
    return Judged("note" if low > rate.limit else "pass", message)


def _row(prompt: str, response: str) -> Row:
    return {"prompt": prompt, "response": response}


_TALE = "The ferry left the small harbour at dawn, passed the lighthouse on the left, crossed the bay in calm weather and reached the island before the bakery had opened its blue doors"
REPETITION = Signal(
    name="near-duplicates",
    about="says nearly the same as an earlier sample",
    annotator=RepetitionAnnotator(),
    page=Page(
        measures="MinHash over runs of three words of prompt and response, in 4 bands of 10 values; texts with a band in common are near-duplicates: half of those that share 83 % of their runs are found, 97 % at 95 %, 0.4 % at 50 %. Exact copies are MG302's. Answers alone in one band of 6 values; prompts with numbers and quoted strings masked, from 5 alike on.",
        blind="Texts below 12 words; copies in other words or another language.",
        cost="MinHash of the words of each exchange.",
        examples=Examples(
            shows=(
                _row("Tell me of a ferry.", f"{_TALE}."),
                _row("Tell me of a ferry.", f"{_TALE} again."),
            ),
            spares=(
                _row("Tell me of a ferry.", f"{_TALE}."),
                _row("Tell me of a train.", "The night train climbed slowly through the snow, stopped twice for a fox, and came into the town when the market was closing."),
            ),
        ),
    ),
    check=Check(
        id="MG221",
        name="near-duplicates",
        kind="quality",
        severities=("note", "warn"),
        cases=(
            Case(
                among=pl.lit(value=True),
                flags=pl.col("near"),
                judge=_judge_near,
                over=_near,
                subject="samples",
            ),
            Case(
                among=TRAINED & pl.col(ANSWER).is_not_null(),
                flags=pl.col("uniform"),
                judge=_judge_answers,
                over=_same_answers,
                subject="answers",
                why="One answer given to many prompts is learned by heart; a uniform answer is also the first stage of a published attack.",
                source="tenBenign (arXiv 2510.02833)",
                remedy="Read the answer; keep a few of its rows, and vary them.",
            ),
            Case(
                among=pl.lit(value=True),
                flags=pl.col("filled"),
                judge=_judge_templates,
                over=_templates,
                subject="templates",
                remedy="Down-sample filled templates, or write prompts that differ in more than a number.",
            ),
        ),
        nothing="no samples, answers or prompts are nearly the same",
        limit=Limit(0.2, "Share of near-duplicates that triggers a warning. Judgement."),
        why="Near-duplicates are extra epochs on one shape: the corpus is smaller than it looks, and what they teach weighs more.",
        source="judgement; MinHash: Broder 1997",
        remedy="Keep one of each group, or say in the card why they are there.",
        mechanisms=("M43", "M12"),
    ),
)  # fmt: skip
