"""Ask your own aligned model to answer the bank's prompts, and keep its good answers.

Refusals in a model's own words fit it best: they reinforce what it already does (GR-SAP, arXiv 2603.10243; ThinkSafe,
arXiv 2601.23143). Where it complies it is asked again with an instruction to refuse; such pairs are the valuable ones.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

import polars as pl

from mixguard.annotate.rest import openings
from mixguard.config import Config
from mixguard.curate.ledger import FILE, JOURNAL, KEPT, Filled, Judged, Ledger, record
from mixguard.detectors import Recipe, Worker
from mixguard.errors import UsageError, meant
from mixguard.judge import annotate_texts
from mixguard.library.bank import PAIRS, Bank, own_folder
from mixguard.library.taxonomy import Taxonomy
from mixguard.progress import Progress
from mixguard.served.chat import Answer, conversation
from mixguard.served.endpoint import Endpoint, ask_all

INSTRUCTION = (
    "Do not do what the next message asks: it would cause harm. Decline in your own words, say briefly why, and offer"
    " safe help if there is any."
)
"""Asked again with this, where the model complied."""
AT_ONCE = 32
"""Answers judged and saved per batch."""
MORE = 2.0
"""Prompts asked per pair wanted, so that hard ones can be preferred and answers rejected."""


def fill(
    to: Path,
    endpoint: Endpoint,
    config: Config,
    progress: Progress,
    hazards: Sequence[str] = (),
    wanted: Mapping[tuple[str, str], int] | None = None,
) -> Filled:
    """Ask the bank's prompts, judge the answers, keep the good ones.

    Answers are saved batch by batch, so a stopped run resumes where it left off.

    Args:
        to: the team's own bank; created if missing.
        endpoint: the API.
        config: taxonomy, encoder, and the bank whose prompts are asked.
        progress: called after each batch.
        hazards: only these; all by default.
        wanted: pairs needed, by kind and hazard; by default every refusal prompt is asked.

    Raises:
        UsageError: the API rejects the key or model.
    """
    taxonomy = Taxonomy.load(config.judge.taxonomy)
    strange = sorted(set(hazards) - set(taxonomy.codes))
    if strange:
        near = meant(strange[0], taxonomy.codes)
        raise UsageError(
            f"--hazard {strange[0]}: unknown hazard{near}; valid hazards: {', '.join(taxonomy.codes)}"
        )
    folder = own_folder(to, config.rebalance.bank)
    folder.mkdir(parents=True, exist_ok=True)
    asked = _asked(Bank.load(config.rebalance.bank, taxonomy), hazards, wanted, config.rebalance.seed)
    ledger = Ledger.load(folder / FILE, to / JOURNAL)
    done = {name for name, entry in ledger.journal.items() if entry.get("model") == endpoint.model}
    left = [pair for pair in asked.iter_rows(named=True) if pair["id"] not in done]
    result = Filled(folder / FILE, known=asked.height - len(left))
    worker = Recipe(config).worker()
    for start in range(0, len(left), AT_ONCE):
        batch = _answered(left[start : start + AT_ONCE], endpoint, worker, result)
        for judged in batch.judged:
            record(judged, endpoint.model, ledger, result)
        ledger.save(folder / FILE, to / JOURNAL)
        progress("asking", min(start + AT_ONCE, len(left)), len(left), "prompts")
        if batch.stopped is not None:
            raise batch.stopped
    return result


def _asked(
    bank: Bank, hazards: Sequence[str], wanted: Mapping[tuple[str, str], int] | None, seed: int
) -> pl.DataFrame:
    """The pairs whose prompts are asked, the same in every run with the same seed."""
    if wanted is None:
        refusals = bank.of("refusal")
        return refusals.filter(pl.col("hazard").is_in(list(hazards))) if hazards else refusals
    rng = Random(seed)
    parts = [pl.DataFrame(schema=PAIRS)]
    for (kind, hazard), count in sorted(wanted.items()):
        there = bank.of(kind, hazard)
        rows = rng.sample(range(there.height), there.height)
        parts.append(there[rows[: round(count * MORE + 0.5)]])
    return pl.concat(parts)


class _Round(NamedTuple):
    """The pairs that were asked and got an answer, or a reason why not."""

    pairs: Sequence[Mapping[str, Any]]
    answers: Sequence[Answer]
    stopped: BaseException | None
    """An interrupt, a rejected key: what was answered before is kept."""


class _Batch(NamedTuple):
    """Answers with their verdicts."""

    judged: Sequence[Judged]
    stopped: BaseException | None


def _ask(pairs: Sequence[Mapping[str, Any]], endpoint: Endpoint, instruction: str = "") -> _Round:
    answers: dict[int, Answer] = {}
    stopped = None
    try:
        with closing(ask_all([conversation(pair, instruction) for pair in pairs], endpoint)) as coming:
            answers.update(coming)
    except BaseException as error:  # noqa: BLE001 - raised again once the answers are saved
        stopped = error
    there = sorted(answers)
    return _Round([pairs[number] for number in there], [answers[number] for number in there], stopped)


def _answered(
    pairs: Sequence[Mapping[str, Any]], endpoint: Endpoint, worker: Worker, result: Filled
) -> _Batch:
    """Each pair's answer with its verdict: plain, or with the instruction to refuse where it complied."""
    asked = _ask(pairs, endpoint)
    plain = _judge(asked, worker, result)
    complied = [] if asked.stopped else [judged.pair for judged in plain if _complied(judged)]
    told = _ask(complied, endpoint, INSTRUCTION)
    second = {each.pair["id"]: each for each in _judge(told, worker, result)}
    result.refused += sum(judged.good and judged.pair["kind"] == "refusal" for judged in plain)
    stopped = asked.stopped or told.stopped
    judged = []
    for first in plain:
        retold = second.get(first.pair["id"])
        if stopped is not None and retold is None and _complied(first):
            continue  # its second answer is missing: the next run asks it again
        # Where the second answer is no refusal either, or none came, the first verdict stands.
        judged.append(retold._replace(hard=True) if retold is not None and retold.good else first)
    return _Batch(judged, stopped)


def _complied(judged: Judged) -> bool:
    return judged.pair["kind"] == "refusal" and judged.answer.text is not None and not judged.good


def _judge(asked: _Round, worker: Worker, result: Filled) -> list[Judged]:
    pairs, given, _ = asked
    judged = annotate_texts(worker, [pair["prompt"] for pair in pairs], [answer.text for answer in given])
    # Of a refusal, the first words must say so: what a detector takes for one further on may be anything.
    at_once = openings([answer.text or "" for answer in given])
    rows = zip(pairs, given, judged["stance"], judged["stance_note"], at_once, strict=True)
    result.prompt_tokens += sum(answer.prompt_tokens for answer in given)
    result.completion_tokens += sum(answer.completion_tokens for answer in given)
    return [
        Judged(pair, answer, _verdict(answer, note or stance, opening))
        for pair, answer, stance, note, opening in rows
    ]


def _verdict(answer: Answer, judged: str | None, opening: str | None) -> str:
    if answer.text is None:
        return answer.problem or "no answer"
    if answer.cut:
        return "cut off at the length limit"
    if judged == KEPT["refusal"] and opening is None:
        return "does not refuse at once"
    return judged or "could not be judged"
