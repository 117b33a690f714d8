"""What is kept of a model's answers between runs: the good ones, and the verdict on each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import orjson

from mixguard.files import write_atomically
from mixguard.library.exemplars import read_lines
from mixguard.served.chat import Answer

FILE, JOURNAL = "filled.jsonl", "fill-journal.jsonl"
KEPT = {"refusal": "full_refusal", "contrast": "full_compliance"}
"""The stance of a good answer, by kind of pair."""


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


class JudgedAnswer(NamedTuple):
    """An answer with its verdict."""

    pair: Mapping[str, Any]
    answer: Answer
    verdict: str
    """The stance, or why the answer is not kept."""
    hard: bool = False

    @property
    def good(self) -> bool:
        """Whether the answer is kept."""
        return self.verdict == KEPT[self.pair["kind"]]


class Ledger(NamedTuple):
    """What is kept between runs, by pair."""

    kept: dict[str, dict[str, Any]]
    """Good answers."""
    journal: dict[str, dict[str, Any]]
    """The verdict on every answer."""
    said: set[str]
    """Texts of the good answers."""

    @classmethod
    def load(cls, file: Path, journal: Path) -> Ledger:
        """Read both files, as far as they are there."""
        # The last answer per id counts; a line truncated by a crash is asked again.
        kept = {name: entry for name, entry in _lines(file).items() if isinstance(entry.get("response"), str)}
        return cls(kept, _lines(journal), {_said(entry["response"]) for entry in kept.values()})

    def save(self, file: Path, journal: Path) -> None:
        """Write both files."""
        _write_lines(file, self.kept)
        _write_lines(journal, self.journal)


def record(judged: JudgedAnswer, model: str, ledger: Ledger, result: Filled) -> None:
    """Keep an answer if it is good, and note its verdict."""
    name, text, verdict = str(judged.pair["id"]), judged.answer.text, judged.verdict
    if text is None:
        _count(result.failed, verdict)
        return
    if judged.good and _said(text) in ledger.said:
        verdict = "says the same as another"  # repeated texts teach one fixed text
    elif judged.good:
        ledger.said.add(_said(text))
        ledger.kept[name] = _kept(judged, model)
        result.kept, result.hard = result.kept + 1, result.hard + judged.hard
    if name not in ledger.kept or ledger.kept[name]["response"] != text:
        _count(result.rejected, verdict)
    ledger.journal[name] = {"id": name, "model": model, "verdict": verdict, "hard": judged.hard}


def _kept(judged: JudgedAnswer, model: str) -> dict[str, Any]:
    """The bank's own pair with the model's answer, under the same id so that it replaces the original."""
    pair = {key: value for key, value in judged.pair.items() if value not in (None, [], "", False)}
    pair.pop("rest", None)
    return {**pair, "response": judged.answer.text, "model": model, **({"hard": True} if judged.hard else {})}


def _said(text: str) -> str:
    return " ".join(text.casefold().split())


def _count(counts: dict[str, int], name: str) -> None:
    counts[name] = counts.get(name, 0) + 1


def _lines(path: Path) -> dict[str, dict[str, Any]]:
    """Id to entry of a JSON Lines file; unreadable lines are skipped."""
    found: dict[str, dict[str, Any]] = {}
    for line in read_lines(path) if path.exists() else ():
        try:
            entry = orjson.loads(line)
        except orjson.JSONDecodeError:
            continue
        if isinstance(entry, dict) and isinstance(entry.get("id"), str):
            found[entry["id"]] = entry
    return found


def _write_lines(path: Path, entries: Mapping[str, Mapping[str, Any]]) -> None:
    write_atomically(path, b"".join(orjson.dumps(entry) + b"\n" for entry in entries.values()))
