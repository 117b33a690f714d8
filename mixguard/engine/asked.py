"""The stage `endpoint`: after the map, the prompts nearest to the hazard limit are sent to a served model.

The whole corpus is known by then, so how many prompts are near is told before any is sent, and the cap goes to the
nearest. What the model decides is annotated anew; the corpus is read again for its texts. Whatever fails, the verdicts of
the local stages stand.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

import polars as pl

from mixguard.annotate.second import ENDPOINT, Band, SecondOpinion, known_to, moved, near
from mixguard.annotate.verdicts import Verdicts, VerdictStore, verdicts_of
from mixguard.config import Config
from mixguard.corpus.corpus import Corpus
from mixguard.detectors import Worker
from mixguard.errors import ConfigError, InputError, UsageError
from mixguard.files import cache_folder
from mixguard.library.taxonomy import Taxonomy
from mixguard.progress import Progress, Tell
from mixguard.run import folder as run_folder
from mixguard.run.provenance import JudgeUsed
from mixguard.served.endpoint import Endpoint
from mixguard.served.judges.asking import judge_all
from mixguard.served.judges.base import Judge, Row, Verdict
from mixguard.served.judges.choose import choose
from mixguard.served.naming import named

NOT_ITS_HAZARD = "sees no harm, but was not made to see this hazard"
_TEST = Row("What is the capital of France?")


class Asked(NamedTuple):
    """The model that is asked, and how."""

    endpoint: Endpoint
    judge: Judge


def opened(config: Config) -> Asked | None:
    """The configured judge, after one test question that holds nothing of the corpus; None if none is named.

    Raises:
        UsageError: it cannot be asked; nothing has been read or judged yet.
    """
    judge = config.judge
    if judge.endpoint is None:
        return None
    if config.encode.offline:
        raise ConfigError("--offline: a judge is asked over the network; leave out --judge (judge.endpoint)")
    url, model = named(judge.endpoint)
    endpoint = Endpoint(
        url,
        model,
        key=os.environ.get(judge.key_env),
        timeout=judge.timeout,
        per_minute=judge.per_minute,
        concurrency=judge.concurrency,
    )
    asked = Asked(endpoint, choose(model, known_to(Taxonomy.load(judge.taxonomy)), judge.endpoint_kind))
    with closing(judge_all([_TEST], *asked)) as coming:
        problem = "".join(verdict.problem for _, verdict in coming if not verdict.was_read)
    if problem:
        raise UsageError(f"{endpoint.shown}: {model} does not answer a test question: {problem}")
    return asked


def decide(
    corpus: Corpus, worker: Worker, folder: Path, config: Config, asked: Asked, progress: Progress, tell: Tell
) -> JudgeUsed:
    """Ask about the prompts near the limit, and annotate anew those that get a verdict.

    Raises:
        InputError: the corpus changed meanwhile.
    """
    trust = config.judge.endpoint_trust
    limit = worker.detectors.limit(config.checks.hazard_limit)
    band = near(limit, trust)
    doubted = _doubted(folder, band, limit, worker.stages[-1].name)
    chosen = doubted.head(config.judge.endpoint_most)
    rows = _rows(corpus, chosen, config.run.batch)
    store = VerdictStore(cache_folder(config.encode.cache), *asked)
    given = _given(rows, doubted.height, store, asked.endpoint, progress, tell)
    by_key = {key: given.found[number] for number, key in enumerate(rows) if number in given.found}
    verdicts, problems = _sorted(by_key, chosen, asked.judge)
    exchanges = _apply(corpus, worker.followed_by(SecondOpinion(verdicts, trust)), folder, config, verdicts)
    scores = dict(chosen.select("prompt_id", "hazard_score").iter_rows())
    return JudgeUsed(
        endpoint=asked.endpoint.shown,
        model=asked.endpoint.model,
        kind=asked.judge.name,
        version=asked.judge.version,
        trust=trust,
        low=round(band.low, 4),
        high=round(band.high, 4),
        near=doubted.height,
        left=doubted.height - chosen.height,
        judged=len(verdicts),
        disagreed=sum(_crosses(scores[key.hex()], limit, trust, each) for key, each in verdicts.items()),
        undecided=chosen.height - len(verdicts),
        problems=dict(sorted(problems.items())),
        exchanges=exchanges,
        stopped=given.stopped,
    )


def _doubted(folder: Path, band: Band, limit: float, stage: str) -> pl.DataFrame:
    """The distinct prompts near the limit, nearest first: `prompt_id`, `hazard`, `hazard_score`."""
    score = pl.col("hazard_score")
    odds = (score.log() - (1 - score).log()).alias("odds")
    at = pl.select(pl.lit(limit).log() - (1 - pl.lit(limit)).log()).item()
    return (
        run_folder.scan_annotations(folder)
        .filter(
            (score >= band.low)
            & (score < band.high)
            & (pl.col("hazard_stage") == stage)
            & pl.col("pair").is_null()
        )
        .group_by("prompt_id")
        .agg(pl.col("hazard", "hazard_score").first())
        .with_columns((odds - at).abs())
        .sort("odds", "prompt_id")
        .drop("odds")
        .collect()
    )


def _rows(corpus: Corpus, chosen: pl.DataFrame, rows: int) -> dict[str, Row]:
    """The prompts that are sent, by id, in the order of `chosen`."""
    wanted = chosen.get_column("prompt_id").to_list()
    found: dict[str, str] = {}
    for part in corpus.parts(rows) if len(wanted) else ():
        there = part.frame.filter(pl.col("prompt_id").is_in(wanted)).select("prompt_id", "prompt")
        found.update(there.iter_rows())
    return {key: Row(found[key]) for key in wanted if key in found}


def _given(
    rows: Mapping[str, Row],
    near: int,
    store: VerdictStore,
    endpoint: Endpoint,
    progress: Progress,
    tell: Tell,
) -> Verdicts:
    def told(sent: int, stored: int) -> None:
        known = f"; verdicts from an earlier run: {stored:,}" if stored else ""
        where = f"{endpoint.model} at {endpoint.shown}"
        tell(f"prompts near the hazard limit: {near:,}; sent to {where}: {sent:,}{known}")

    return verdicts_of(list(rows.values()), store, "prompts", progress, told)


class _Sorted(NamedTuple):
    decided: dict[bytes, Verdict]
    problems: Counter[str]


def _sorted(verdicts: Mapping[str, Verdict], chosen: pl.DataFrame, judge: Judge) -> _Sorted:
    """The verdicts that decide, by text id, and why the others do not."""
    decided: dict[bytes, Verdict] = {}
    problems: Counter[str] = Counter()
    for key, hazard, _ in chosen.iter_rows():
        verdict = verdicts.get(key)
        if verdict is None:
            continue
        if verdict.harmful_prompt is None:
            problems[verdict.problem or "says nothing of the prompt"] += 1
        elif not verdict.harmful_prompt and not judge.sees(hazard):
            problems[NOT_ITS_HAZARD] += 1
        else:
            decided[bytes.fromhex(key)] = verdict
    return _Sorted(decided, problems)


def _apply(
    corpus: Corpus, worker: Worker, folder: Path, config: Config, verdicts: Mapping[bytes, Verdict]
) -> int:
    """Annotate anew the exchanges whose prompts have a verdict; how many there are."""
    ids = [key.hex() for key in verdicts]
    for number, part in enumerate(corpus.parts(config.run.batch) if verdicts else ()):
        mask = part.frame.get_column("prompt_id").is_in(ids)
        if mask.any() and not run_folder.replace_rows(folder, number, mask, worker(part.frame.filter(mask))):
            raise InputError("the corpus changed while it was read; audit it again")
    decided = run_folder.scan_annotations(folder).filter(pl.col("hazard_stage") == ENDPOINT)
    return int(decided.select(pl.len()).collect().item())


def _crosses(score: float, limit: float, trust: float, verdict: Verdict) -> bool:
    return (moved(score, trust, harmful=bool(verdict.harmful_prompt)) >= limit) != (score >= limit)
