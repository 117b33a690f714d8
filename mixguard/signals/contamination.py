"""Contamination: training rows that repeat the prompts of an evaluation set."""

from __future__ import annotations

import polars as pl

from mixguard.annotate.base import Batch
from mixguard.annotate.others import prompts
from mixguard.annotate.overlap import RUN, Evaluations
from mixguard.checks.base import Case, Check, Evidence, Judged, Limit, Rate
from mixguard.signals.base import Examples, Page, Setting, Signal


class ContaminationAnnotator:
    """Compares each exchange with the evaluation prompts that the user names."""

    reads = ("prompt", "response")
    writes = pl.Schema(
        {
            "contamination": pl.String(),  # name of the evaluation file of which it repeats something
            "contamination_share": pl.Float32(),  # of the evaluation prompt, null if no file was named
        }
    )

    def __init__(self, evaluations: Evaluations | None = None) -> None:
        """Store the index; without one, nothing is measured."""
        self._evaluations = evaluations

    def __call__(self, batch: Batch) -> pl.DataFrame:
        """Columns `contamination`, `contamination_share`."""
        if self._evaluations is None:
            return pl.DataFrame(schema=self.writes).clear(batch.frame.height)
        frame = batch.frame
        found = self._evaluations.covered(frame.get_column("prompt"), frame.get_column("response"))
        return found.rename(dict(zip(found.columns, self.writes.names(), strict=True)))


def _open(setting: Setting) -> ContaminationAnnotator:
    judge = setting.config.judge
    if not judge.evaluation:
        return ContaminationAnnotator()
    read = prompts(judge.evaluation, "evaluation", setting.config)
    return ContaminationAnnotator(Evaluations.of(read, ignore_template=judge.ignore_template))


def _limited(frame: pl.LazyFrame, evidence: Evidence) -> pl.LazyFrame:
    share = pl.col("contamination_share")
    return frame.with_columns(repeats_evaluation=(share >= evidence.limits["MG222"]).fill_null(value=False))


def _judge(rate: Rate, _: Evidence) -> Judged:
    if not rate.total:
        return Judged("pass", "not measured: name evaluation files with --evaluation")
    if not rate.count:
        return Judged("pass", "no exchange repeats a prompt of the evaluation files")
    listed = ", ".join(f"{name} {number:,}" for name, number in rate.commonest)
    verb = "repeats a prompt" if rate.count == 1 else "repeat prompts"
    message = f"contamination: {rate.count:,} of {rate.total:,} exchanges {verb} of the evaluation files ({listed}), so their scores will be inflated"
    return Judged("fail", message)


_SEA = {"prompt": "Write a line about the sea.", "response": "The sea is wide and grey this morning."}
CONTAMINATION = Signal(
    name="contamination",
    about="repeats a prompt of a named evaluation file",
    annotator=ContaminationAnnotator(),
    open=_open,
    page=Page(
        measures=f"Share of an evaluation prompt's distinct runs of {RUN} words that stand in prompt and response, case and punctuation ignored; a prompt that is the same word for word counts, from 5 words on. Runs that more than 5 evaluation prompts share are their template and do not count, unless `--no-ignore-template` is given.",
        blind="Paraphrases and translations; evaluation prompts below 5 words; answers of the evaluation set without their prompts.",
        cost="None without `--evaluation`; with it a hash of each run of words of a prompt, and 8 bytes for each word of the evaluation files, twice or thrice.",
        examples=Examples(
            shows=({**_SEA, "contamination": "test.jsonl", "contamination_share": 0.9},),
            spares=(_SEA, {**_SEA, "contamination": "test.jsonl", "contamination_share": 0.1}),
        ),
    ),
    check=Check(
        id="MG222",
        name="contamination",
        kind="quality",
        severities=("fail",),
        cases=(
            Case(
                among=pl.col("contamination_share").is_not_null(),
                flags=pl.col("repeats_evaluation"),
                judge=_judge,
                by=pl.col("contamination"),
                rank="contamination_share",
                over=_limited,
            ),
        ),
        limit=Limit(
            0.5,
            "Share of an evaluation prompt's runs of 13 words from which an exchange repeats it. Judgement.",
            0.05,
        ),
        why="A model trained on its test knows the answers: the score says how much it remembers, not what it can do.",
        source="13-word overlap as in the GPT-3 report (arXiv 2005.14165, appendix C)",
        remedy="Drop the listed rows, then evaluate; or report the scores without the repeated prompts.",
        mechanisms=("M43",),
    ),
)
