"""Answers that were made elsewhere: the probes as a file to answer, and the file of answers."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import orjson
import polars as pl

from mixguard.checkpoint.answers import LONGEST, SAMPLES_MOST, Decoding, Target
from mixguard.checkpoint.source import Coming, Wanted, messages
from mixguard.config import Config
from mixguard.corpus.corpus import Corpus
from mixguard.errors import InputError, UsageError
from mixguard.files import read_bounded, write_atomically
from mixguard.library.suite import Probe
from mixguard.served.chat import Answer

READ_AT_ONCE = 2048


class Matched(NamedTuple):
    """Answers of a file, by probe."""

    texts: Mapping[str, Mapping[int, str]]
    """Text by probe and sample."""
    unmatched: int = 0
    """Answers that belong to no probe."""

    @property
    def samples(self) -> int:
        """Most answers that any probe has."""
        return max((max(each) + 1 for each in self.texts.values()), default=0)


@dataclass(frozen=True)
class Given:
    """A file of answers."""

    matched: Matched
    target: Target
    is_kept: bool = field(default=True, init=False)

    def __call__(self, wanted: Sequence[Wanted], decoding: Decoding) -> Coming:
        """The answers that the file has; the others are problems."""
        for each in wanted:
            text = self.matched.texts.get(each.probe.id, {}).get(each.sample)
            yield each, Answer(text, "" if text is not None else "no answer in the file")


def write_prompts(path: Path, probes: Sequence[Probe], system: str | None) -> None:
    """Write probes as JSON Lines, each with its id and the messages of a chat request."""
    lines = ({"id": probe.id, "messages": list(messages(probe, system))} for probe in probes)
    write_atomically(path, b"".join(orjson.dumps(line) + b"\n" for line in lines))


def read_given(path: str, probes: Sequence[Probe], config: Config) -> Matched:
    """Answers from a file: lines with the id of a probe, or any corpus whose prompts are the probes'.

    A line with an id has `probe` or `id`, and `response`, `text` or `messages` that end with an answer; `sample` if there are
    several, else they are counted as they come.

    Raises:
        UsageError: none of its answers is to a probe, or it cannot be read.
    """
    found = _by_id(Path(path), probes) or _by_prompt(path, probes, config)
    if not found.texts:
        raise UsageError(
            f"{path}: none of its {found.unmatched:,} answers is to a probe of this suite; write the prompts with --write-prompts,"
            ' answer them, and give lines like {"id": ..., "response": ...}'
        )
    return found


class _Shelf:
    """Texts by probe and sample."""

    def __init__(self) -> None:
        self.texts: dict[str, dict[int, str]] = defaultdict(dict)
        self.unmatched = 0

    def add(self, probe: str, text: str, sample: int | None = None) -> None:
        there = self.texts[probe]
        number = len(there) if sample is None else sample
        if number < SAMPLES_MOST:
            there[number] = text
        else:
            self.unmatched += 1

    def matched(self) -> Matched:
        return Matched({probe: texts for probe, texts in self.texts.items() if texts}, self.unmatched)


def _by_id(path: Path, probes: Sequence[Probe]) -> Matched | None:
    """Answers with ids of probes; None if the file is something else."""
    known = {probe.id for probe in probes}
    if path.suffix != ".jsonl" or not path.is_file():
        return None
    shelf, keyed = _Shelf(), 0
    for number, line in enumerate(read_bounded(path, InputError, LONGEST).splitlines(), 1):
        if not line.strip():
            continue
        tree = _object(line)
        name, text = tree.get("probe", tree.get("id")), _text(tree)
        if not isinstance(name, str) or name not in known:
            shelf.unmatched += 1
            continue
        keyed += 1
        if text is not None:
            shelf.add(name, text, _sample(tree.get("sample"), f"{path}:{number}"))
    return shelf.matched() if keyed else None


def _object(line: bytes) -> dict[str, Any]:
    try:
        tree = orjson.loads(line)
    except orjson.JSONDecodeError:
        return {}
    return tree if isinstance(tree, dict) else {}


def _text(tree: Mapping[str, Any]) -> str | None:
    """The answer of a line; None if it has none."""
    for name in ("response", "text", "answer"):
        if isinstance(tree.get(name), str):
            return str(tree[name])
    said = tree.get("messages")
    last = said[-1] if isinstance(said, list) and said else None
    if isinstance(last, dict) and last.get("role") == "assistant" and isinstance(last.get("content"), str):
        return str(last["content"])
    return None


def _sample(value: object, place: str) -> int | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < SAMPLES_MOST:
        raise UsageError(f"{place}: sample: from 0 to {SAMPLES_MOST - 1}, not {value!r:.40}")
    return value


def _by_prompt(path: str, probes: Sequence[Probe], config: Config) -> Matched:
    """Answers of a corpus to prompts that are a probe's, letter by letter but for blanks at the ends."""
    named: dict[str, list[Probe]] = defaultdict(list)
    for probe in probes:
        named[probe.prompt.strip()].append(probe)
    shelf = _Shelf()
    for prompt, system, response in _last_exchanges(path, config):
        there = named.get(prompt.strip(), [])
        fitting = [each for each in there if (each.system or None) == (system or None)] or there
        if len(fitting) == 1:
            shelf.add(fitting[0].id, response)
        else:
            shelf.unmatched += 1
    return shelf.matched()


def _last_exchanges(path: str, config: Config) -> Iterator[tuple[str, str | None, str]]:
    """Prompt, system prompt and answer of the last exchange of each row."""
    frames = Corpus.open([path], config.read, offline=config.encode.offline).parts(READ_AT_ONCE)
    for part in frames:
        answered = part.frame.filter(pl.col("response").is_not_null())
        last = answered.unique("sample_id", keep="last", maintain_order=True)
        yield from last.select("prompt", "system", "response").iter_rows()
