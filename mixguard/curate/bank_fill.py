"""Ask your own aligned model to answer the bank's hazardous prompts, and keep its good refusals.

Refusals in a model's own words fit it best: they reinforce what it already does (GR-SAP, arXiv 2603.10243).
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import Any, NamedTuple

import orjson

from mixguard.config import Config
from mixguard.detectors import Recipe, Worker
from mixguard.errors import UsageError
from mixguard.files import write_atomically
from mixguard.judge import annotate_texts
from mixguard.library.bank import Bank, opening, own_folder
from mixguard.library.taxonomy import Taxonomy
from mixguard.progress import Progress

FILE, JOURNAL = "filled.jsonl", "fill-journal.jsonl"
KEPT = "full_refusal"
TRIES = 6
FIRST_WAIT, LONGEST_WAIT = 1.0, 60.0
"""Seconds before the first retry and the longest wait; doubled in between."""
AT_ONCE = 32
"""Answers judged and saved per batch."""
RETRIED = (408, 409, 425, 429, 500, 502, 503, 504)


@dataclass(frozen=True)
class Endpoint:
    """An OpenAI-compatible chat API."""

    url: str
    """Base URL, e.g. `http://localhost:8000/v1`."""
    model: str
    key: str | None = None
    """Sent as a bearer token; never written anywhere."""
    timeout: float = 60.0
    """Seconds per answer."""
    per_minute: float = 0.0
    """Maximum requests per minute; 0 for no limit."""
    concurrency: int = 4
    max_tokens: int = 300
    temperature: float = 0.7
    first_wait: float = FIRST_WAIT

    def __post_init__(self) -> None:
        if not self.url.startswith(("http://", "https://")):
            raise UsageError(f"--endpoint {self.url}: give the API's base URL, e.g. http://localhost:8000/v1")


@dataclass
class Filled:
    """What happened to the prompts."""

    file: Path
    kept: int = 0
    known: int = 0
    """Prompts answered by an earlier run."""
    rejected: dict[str, int] = field(default_factory=dict)
    """Why answers were not good refusals, with counts."""
    failed: dict[str, int] = field(default_factory=dict)
    """Why prompts got no answer, with counts; the next run asks them again."""
    prompt_tokens: int = 0
    completion_tokens: int = 0


@dataclass(frozen=True)
class _Answer:
    pair: Mapping[str, Any]
    text: str | None
    usage: Mapping[str, Any]
    problem: str | None = None
    cut: bool = False
    """Whether it was cut off at the length limit."""


def fill(
    to: Path, endpoint: Endpoint, config: Config, progress: Progress, hazards: Sequence[str] = ()
) -> Filled:
    """Ask every refusal prompt of the bank, judge the answers, keep the good refusals.

    Answers are saved batch by batch, so a stopped run resumes where it left off.

    Args:
        to: the team's own bank; created if missing.
        endpoint: the API.
        config: taxonomy, encoder, and the bank whose prompts are asked.
        progress: called after each batch.
        hazards: only these; all by default.

    Raises:
        UsageError: the API rejects the key or model.
    """
    taxonomy = Taxonomy.load(config.judge.taxonomy)
    strange = sorted(set(hazards) - set(taxonomy.codes))
    if strange:
        raise UsageError(f"--hazard {strange[0]}: unknown hazard; valid hazards: {', '.join(taxonomy.codes)}")
    folder = own_folder(to, config.rebalance.bank)
    folder.mkdir(parents=True, exist_ok=True)
    asked = Bank.load(config.rebalance.bank, taxonomy).of("refusal")
    # The last answer per id counts; a line truncated by a crash is asked again.
    kept, journal = _lines(folder / FILE), _lines(to / JOURNAL)
    done = {name for name, entry in journal.items() if entry.get("model") == endpoint.model}
    left = [
        pair
        for pair in asked.iter_rows(named=True)
        if pair["id"] not in done and (not hazards or pair["hazard"] in hazards)
    ]
    result = Filled(folder / FILE, known=len(done))
    openings = {opening(str(pair["response"])) for pair in kept.values()}
    worker = Recipe(config).worker()
    answers = _ask_all(left, endpoint)
    for start in range(0, len(left), AT_ONCE):
        chunk = [next(answers) for _ in left[start : start + AT_ONCE]]
        for answer, verdict in _judge(chunk, worker, openings, result):
            name = str(answer.pair["id"])
            if verdict == KEPT:
                kept[name] = _kept(answer, endpoint.model)
            if answer.text is not None:
                journal[name] = {"id": name, "model": endpoint.model, "verdict": verdict}
        _write_lines(folder / FILE, kept)
        _write_lines(to / JOURNAL, journal)
        progress("asking", min(start + AT_ONCE, len(left)), len(left), "prompts")
    return result


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


def _judge(
    answers: Sequence[_Answer], worker: Worker, openings: set[str], result: Filled
) -> Iterator[tuple[_Answer, str]]:
    """Each answer with its verdict, counted; `KEPT` for a full refusal with a new opening."""
    texts = [answer.text for answer in answers]
    stances = annotate_texts(worker, [answer.pair["prompt"] for answer in answers], texts)["stance"]
    for answer, stance in zip(answers, stances, strict=True):
        result.prompt_tokens += int(answer.usage.get("prompt_tokens") or 0)
        result.completion_tokens += int(answer.usage.get("completion_tokens") or 0)
        if answer.text is None:
            problem = answer.problem or "no answer"
            result.failed[problem] = result.failed.get(problem, 0) + 1
            yield answer, problem
            continue
        verdict = stance or "could not be judged"
        if answer.cut:
            verdict = "cut off at the length limit"
        elif verdict == KEPT and opening(answer.text) in openings:
            verdict = "begins like another refusal"
        if verdict == KEPT:
            openings.add(opening(answer.text))
            result.kept += 1
        else:
            result.rejected[verdict] = result.rejected.get(verdict, 0) + 1
        yield answer, verdict


def _kept(answer: _Answer, model: str) -> dict[str, Any]:
    """The bank's own pair with the model's answer, under the same id so that it replaces the original."""
    pair = {key: value for key, value in answer.pair.items() if value not in (None, [], "")}
    return {**pair, "response": answer.text, "model": model}


def _ask_all(pairs: Sequence[Mapping[str, Any]], endpoint: Endpoint) -> Iterator[_Answer]:
    """The answer to every pair, in order; a few are asked concurrently."""
    import requests

    session = requests.Session()
    gate = _Gate(endpoint.per_minute)
    with session, ThreadPoolExecutor(endpoint.concurrency) as pool:
        try:
            yield from pool.map(lambda pair: _ask(pair, endpoint, session, gate), pairs)
        finally:
            pool.shutdown(cancel_futures=True)


class _Gate:
    """Limits requests per minute."""

    def __init__(self, per_minute: float) -> None:
        self._gap = 60 / per_minute if per_minute else 0.0
        self._next = time.monotonic()
        self._lock = Lock()

    def wait(self) -> None:
        with self._lock:
            now = time.monotonic()
            pause = self._next - now
            self._next = max(now, self._next) + self._gap
        if pause > 0:
            time.sleep(pause)


def _ask(pair: Mapping[str, Any], endpoint: Endpoint, session: Any, gate: _Gate) -> _Answer:
    """One answer; transient faults are retried with increasing waits."""
    problem, wait = "", endpoint.first_wait
    for attempt in range(TRIES):
        if attempt:
            time.sleep(min(wait, LONGEST_WAIT) * random.uniform(0.8, 1.2))
            wait *= 2
        gate.wait()
        outcome = _once(pair, endpoint, session)
        if isinstance(outcome, _Answer):
            return outcome
        problem, wait = outcome.problem, max(wait, outcome.wait)
        if not outcome.passing:
            break
    return _Answer(pair, None, {}, problem)


class _Fault(NamedTuple):
    """Why a request got no answer."""

    problem: str
    passing: bool = True
    """Whether a retry may succeed."""
    wait: float = 0.0
    """Seconds the server asks to wait."""


def _once(pair: Mapping[str, Any], endpoint: Endpoint, session: Any) -> _Answer | _Fault:
    """One request.

    Raises:
        UsageError: the API rejects the key, address or model.
    """
    import requests

    try:
        reply = session.post(
            f"{endpoint.url.rstrip('/')}/chat/completions",
            json=_request(pair, endpoint),
            headers={"Authorization": f"Bearer {endpoint.key}"} if endpoint.key else {},
            timeout=endpoint.timeout,
        )
    except requests.RequestException as error:
        return _Fault(_spelt(error))
    status = reply.status_code
    if status in (401, 403, 404):
        raise UsageError(f"{endpoint.url}: {status} {reply.reason}; check the URL, --model and the key")
    if status != 200:
        return _Fault(f"status {status}", status in RETRIED, _retry_after(reply.headers.get("Retry-After")))
    text, usage, cut = _content(reply.content)
    if text is None:
        return _Fault("reply is not a chat completion")
    return _Answer(pair, text, usage, cut=cut)


def _request(pair: Mapping[str, Any], endpoint: Endpoint) -> dict[str, Any]:
    messages = [{"role": "system", "content": pair["system"]}] if pair["system"] else []
    for number, text in enumerate(pair["history"] or ()):
        messages.append({"role": "assistant" if number % 2 else "user", "content": text})
    messages.append({"role": "user", "content": pair["prompt"]})
    return {
        "model": endpoint.model,
        "messages": messages,
        "max_tokens": endpoint.max_tokens,
        "temperature": endpoint.temperature,
    }


def _content(body: bytes) -> tuple[str | None, Mapping[str, Any], bool]:
    """The answer's text, its token usage, and whether it was cut off; None if the body is something else."""
    try:
        tree = orjson.loads(body)
        choice = tree["choices"][0]
        text = choice["message"]["content"]
        usage = tree.get("usage") or {}
        cut = choice.get("finish_reason") == "length"
    except (orjson.JSONDecodeError, KeyError, IndexError, TypeError, AttributeError):
        return None, {}, False
    return (text, usage, cut) if isinstance(text, str) and isinstance(usage, dict) else (None, {}, False)


def _retry_after(value: str | None) -> float:
    return float(value) if value and value.replace(".", "", 1).isdigit() else 0.0


def _spelt(error: Exception) -> str:
    names = {
        "ReadTimeout": "timed out",
        "ConnectTimeout": "timed out",
        "ChunkedEncodingError": "reply cut short",
    }
    return names.get(type(error).__name__, "no connection")
