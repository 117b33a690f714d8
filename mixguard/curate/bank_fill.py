"""Ask your own aligned model to answer the bank's prompts, and keep its good answers.

Refusals in a model's own words fit it best: they reinforce what it already does (GR-SAP, arXiv 2603.10243; ThinkSafe,
arXiv 2601.23143). Where it complies it is asked again with an instruction to refuse; such pairs are the valuable ones.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

import orjson
import polars as pl

from mixguard.annotate.rest import openings
from mixguard.config import Config
from mixguard.curate.endpoint import Answer, Endpoint, ask_all, conversation
from mixguard.detectors import Recipe, Worker
from mixguard.errors import UsageError
from mixguard.files import write_atomically
from mixguard.judge import annotate_texts
from mixguard.library.bank import PAIRS, Bank, own_folder
from mixguard.library.taxonomy import Taxonomy
from mixguard.progress import Progress

FILE, JOURNAL = "filled.jsonl", "fill-journal.jsonl"
INSTRUCTION = (
    "Do not do what the next message asks: it would cause harm. Decline in your own words, say briefly why, and offer"
    " safe help if there is any."
)
"""Asked again with this, where the model complied."""
KEPT = {"refusal": "full_refusal", "contrast": "full_compliance"}
"""The stance of a good answer, by kind of pair."""
AT_ONCE = 32
"""Answers judged and saved per batch."""
MORE = 2.0
"""Prompts asked per pair wanted, so that hard ones can be preferred and answers rejected."""


@dataclass
class Filled:
    """What happened to the prompts."""

    file: Path
    kept: int = 0
    hard: int = 0
    """Those of `kept` that the model refused only when told to."""
    known: int = 0
    """Prompts answered by an earlier run."""
    refused: int = 0
    """Hazardous prompts that were refused when asked plainly."""
    rejected: dict[str, int] = field(default_factory=dict)
    """Why answers were not good ones, with counts."""
    failed: dict[str, int] = field(default_factory=dict)
    """Why prompts got no answer, with counts; the next run asks them again."""
    prompt_tokens: int = 0
    completion_tokens: int = 0


class _Judged(NamedTuple):
    pair: Mapping[str, Any]
    answer: Answer
    verdict: str
    """The stance, or why the answer is not kept."""
    hard: bool = False

    @property
    def good(self) -> bool:
        return self.verdict == KEPT[self.pair["kind"]]


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
        raise UsageError(f"--hazard {strange[0]}: unknown hazard; valid hazards: {', '.join(taxonomy.codes)}")
    folder = own_folder(to, config.rebalance.bank)
    folder.mkdir(parents=True, exist_ok=True)
    asked = _asked(Bank.load(config.rebalance.bank, taxonomy), hazards, wanted, config.rebalance.seed)
    # The last answer per id counts; a line truncated by a crash is asked again.
    kept, journal = _lines(folder / FILE), _lines(to / JOURNAL)
    done = {name for name, entry in journal.items() if entry.get("model") == endpoint.model}
    left = [pair for pair in asked.iter_rows(named=True) if pair["id"] not in done]
    result = Filled(folder / FILE, known=asked.height - len(left))
    said = {_said(entry["response"]) for entry in kept.values()}
    worker = Recipe(config).worker()
    for start in range(0, len(left), AT_ONCE):
        for judged in _answered(left[start : start + AT_ONCE], endpoint, worker, result):
            name, text = str(judged.pair["id"]), judged.answer.text
            if text is None:
                _count(result.failed, judged.verdict)
                continue
            verdict = judged.verdict
            if judged.good and _said(text) in said:
                verdict = "says the same as another"  # repeated texts teach one fixed text
            elif judged.good:
                said.add(_said(text))
                kept[name] = _kept(judged, endpoint.model)
                result.kept, result.hard = result.kept + 1, result.hard + judged.hard
            if name not in kept or kept[name]["response"] != text:
                _count(result.rejected, verdict)
            journal[name] = {"id": name, "model": endpoint.model, "verdict": verdict, "hard": judged.hard}
        _write_lines(folder / FILE, kept)
        _write_lines(to / JOURNAL, journal)
        progress("asking", min(start + AT_ONCE, len(left)), len(left), "prompts")
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


def _answered(
    pairs: Sequence[Mapping[str, Any]], endpoint: Endpoint, worker: Worker, result: Filled
) -> Iterator[_Judged]:
    """Each pair's answer with its verdict: plain, or with the instruction to refuse where it complied."""
    plain = _judge(pairs, ask_all([conversation(pair) for pair in pairs], endpoint), worker, result)
    again = [judged.pair for judged in plain if _complied(judged)]
    told = ask_all([conversation(pair, INSTRUCTION) for pair in again], endpoint)
    second = {each.pair["id"]: each for each in _judge(again, told, worker, result)}
    result.refused += sum(judged.good and judged.pair["kind"] == "refusal" for judged in plain)
    for judged in plain:
        retold = second.get(judged.pair["id"])
        # Where the second answer is no refusal either, or none came, the first verdict stands.
        yield retold._replace(hard=True) if retold is not None and retold.good else judged


def _complied(judged: _Judged) -> bool:
    return judged.pair["kind"] == "refusal" and judged.answer.text is not None and not judged.good


def _judge(
    pairs: Sequence[Mapping[str, Any]], answers: Iterator[Answer], worker: Worker, result: Filled
) -> list[_Judged]:
    given = list(answers)
    judged = annotate_texts(worker, [pair["prompt"] for pair in pairs], [answer.text for answer in given])
    # Of a refusal, the first words must say so: what a detector takes for one further on may be anything.
    at_once = openings([answer.text or "" for answer in given])
    rows = zip(pairs, given, judged["stance"], judged["stance_note"], at_once, strict=True)
    result.prompt_tokens += sum(answer.prompt_tokens for answer in given)
    result.completion_tokens += sum(answer.completion_tokens for answer in given)
    return [
        _Judged(pair, answer, _verdict(answer, note or stance, opening))
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


def _said(text: str) -> str:
    return " ".join(text.casefold().split())


def _count(counts: dict[str, int], name: str) -> None:
    counts[name] = counts.get(name, 0) + 1


def _kept(judged: _Judged, model: str) -> dict[str, Any]:
    """The bank's own pair with the model's answer, under the same id so that it replaces the original."""
    pair = {key: value for key, value in judged.pair.items() if value not in (None, [], "", False)}
    pair.pop("rest", None)
    return {**pair, "response": judged.answer.text, "model": model, **({"hard": True} if judged.hard else {})}


def _lines(path: Path) -> dict[str, dict[str, Any]]:
    """Id to entry of a JSON Lines file; unreadable lines are skipped."""
    found: dict[str, dict[str, Any]] = {}
    for line in path.read_bytes().splitlines() if path.is_file() else ():
        try:
            entry = orjson.loads(line)
        except orjson.JSONDecodeError:
            continue
        if isinstance(entry, dict) and isinstance(entry.get("id"), str):
            found[entry["id"]] = entry
    return found


def _write_lines(path: Path, entries: Mapping[str, Mapping[str, Any]]) -> None:
    write_atomically(path, b"".join(orjson.dumps(entry) + b"\n" for entry in entries.values()))
