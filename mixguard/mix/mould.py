"""Turn a bank pair into a row of the corpus: same format, keys, system prompts and other columns."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from random import Random
from typing import Any

from mixguard.config import ReadConfig
from mixguard.corpus.files import Source
from mixguard.corpus.formats import Format, by_id
from mixguard.corpus.formats.vote import vote
from mixguard.corpus.records import Polarity, Record, Role, Row, Sample, Turn
from mixguard.errors import RecordError, UsageError
from mixguard.library.bank import Bank

LIKES = 200
"""Maximum number of template rows kept per source."""
ECHO_CHARS = 8
"""Minimum length for a text repeated in another column to count as a copy, not a coincidence."""
FRAME_SHARE = 0.2
"""Minimum share of prompts with a common prefix (up to a colon or newline) for new prompts to use it."""
FRAME_CHARS = 12, 600
"""Minimum and maximum length of the prefix."""
IDS = (
    "id", "_id", "uuid", "idx", "index", "sample_id", "record_id", "conversation_id", "prompt_id", "question_id",
)  # fmt: skip
"""ID columns: a new row must not copy its template's ID."""


@dataclass(frozen=True)
class Mould:
    """What new rows of a source look like."""

    form: Format
    likes: tuple[Record, ...]
    """Template rows: rows of the source that contain an answer trained towards."""
    preference: bool
    """Whether each answer is paired with a rejected one."""
    rejected: Mapping[str, Sequence[str]]
    """Rejected answers to choose from, by kind of pair."""
    frame: str
    """Common prompt prefix; empty if none. Refusals that do not follow a task's format hardly protect it."""
    framed: float
    """Share of prompts with the prefix, in the source and among new rows."""

    @classmethod
    def of(cls, source: Source, read: ReadConfig, bank: Bank) -> Mould:
        """Learn from the head of a source.

        Raises:
            UsageError: its rows cannot hold an answer.
        """
        head = [record for record in islice(source.records(), read.sample) if isinstance(record, Record)]
        form = by_id(read.format) if read.format else vote([record.row for record in head])
        shown = [(record, _parsed(form, record.row)) for record in head] if form else []
        answered = [(record, sample) for record, sample in shown if sample and _answers(sample)]
        if form is None or not answered:
            kind = "rows in an unknown format" if form is None else f"{form.id} rows without a trained answer"
            raise UsageError(f"{source.name}: {kind}, so refusals cannot be added; nothing was written")
        frame, framed = common_frame([_prompt(sample) for _, sample in answered])
        plainest = [(record, sample) for record, sample in answered if _plain(sample)] or answered
        likes = tuple(record for record, _ in plainest)
        return cls(
            form,
            likes[:: max(1, len(likes) // LIKES)][:LIKES],
            preference=any(turn.polarity < 0 for _, sample in plainest for turn in sample.turns)
            and form.id != "kto",
            rejected={"refusal": bank.rejected, "contrast": bank.vague, "plain": bank.vague},
            frame=frame,
            framed=framed,
        )

    def cast(self, pair: Mapping[str, Any], number: int, rng: Random) -> dict[str, Any] | None:
        """A new row for a pair; None if the format cannot hold it.

        Args:
            pair: a row of `Bank.pairs`.
            number: the new row's number, for columns that number rows.
            rng: chooses the template row.
        """
        like = rng.choice(self.likes)
        frame = self.frame if rng.random() < self.framed and not pair["history"] else ""
        turns = [*_system(self.form.parse(like.row)), *_turns(pair, frame)]
        if self.preference:
            turns.append(_answer(rng.choice(self.rejected[pair["kind"]]), -1))
        try:
            row = self.form.render(Sample(tuple(turns)), like.row)
            read = self.form.parse(row).turns
            if _spoken(read) != _spoken(turns) or not _trained(read, pair["response"]):
                return None
        except RecordError:
            return None
        echoes = _echoes(self.form.parse(like.row).turns, read)
        return {
            key: self._named(
                key, _echoed(value, echoes) if value == like.row.get(key) else value, pair["id"], number
            )
            for key, value in row.items()
        }

    def _named(self, key: str, value: Any, name: str, number: int) -> Any:
        """A unique value for ID columns; numeric IDs continue above those seen."""
        if key.lower() not in IDS or isinstance(value, bool):
            return value
        if isinstance(value, str):
            return name
        seen = [like.row[key] for like in self.likes if isinstance(like.row.get(key), int)]
        return max(seen) + number + 1 if isinstance(value, int) and seen else value


def _parsed(form: Format, row: Row) -> Sample | None:
    try:
        return form.parse(row)
    except RecordError:
        return None


def _answers(sample: Sample) -> bool:
    return any(turn.polarity > 0 and turn.role is Role.ASSISTANT for turn in sample.turns) or (
        any(turn.polarity < 0 for turn in sample.turns)
        and any(turn.role is Role.USER for turn in sample.turns)
    )


def _plain(sample: Sample) -> bool:
    """Whether it is text only, so a new row loses nothing."""
    return all(turn.kind == "text" for turn in sample.turns)


def _system(sample: Sample) -> list[Turn]:
    """The template row's system prompt: new rows get the prompts the model is served with."""
    head = sample.turns[:1]
    return [Turn(Role.SYSTEM, turn.text) for turn in head if turn.role is Role.SYSTEM and turn.text]


def common_frame(prompts: Sequence[str]) -> tuple[str, float]:
    """The common prompt prefix, up to a colon or newline, and the share of prompts that have it.

    If there are several, the one that covers the most text; empty if none reaches `FRAME_SHARE`.
    """
    least, most = FRAME_CHARS
    counts: Counter[str] = Counter()
    for prompt in prompts:
        ends = (match.end() for match in re.finditer(r":\s+|\n+", prompt[:most]))
        counts.update({prompt[:end] for end in ends if end >= least})
    wanted = FRAME_SHARE * len(prompts)
    shared = [(count * len(frame), frame) for frame, count in counts.items() if count >= max(wanted, 2)]
    if not shared:
        return "", 0.0
    frame = max(shared)[1]
    return frame, counts[frame] / len(prompts)


def _prompt(sample: Sample) -> str:
    return next((turn.text for turn in sample.turns if turn.role is Role.USER), "")


def _turns(pair: Mapping[str, Any], frame: str) -> list[Turn]:
    turns: list[Turn] = []
    history = pair["history"] or ()
    for asked, answered in zip(history[::2], history[1::2], strict=True):
        turns += [Turn(Role.USER, asked), _answer(answered, 1)]
    return [*turns, Turn(Role.USER, frame + pair["prompt"]), _answer(pair["response"], 1)]


def _answer(text: str, polarity: Polarity) -> Turn:
    return Turn(Role.ASSISTANT, text, "text", polarity)


def _spoken(turns: Iterable[Turn]) -> list[tuple[Role, str]]:
    """Role and text of each turn, ignoring polarity: earlier answers in preference data are context."""
    return [(turn.role, turn.text) for turn in turns if turn.text]


def _trained(turns: Iterable[Turn], response: str) -> bool:
    return any(turn.polarity > 0 and turn.text == response for turn in turns)


def _echoes(old: Sequence[Turn], new: Sequence[Turn]) -> dict[str, str]:
    """Map the template's texts to their replacements: the prompt, and each kind of answer."""
    echoes = {}
    for role, polarity in ((Role.USER, 0), (Role.ASSISTANT, 1), (Role.ASSISTANT, -1)):
        was, now = (
            next(
                (turn.text for turn in reversed(turns) if (turn.role, turn.polarity) == (role, polarity)), ""
            )
            for turns in (old, new)
        )
        if len(was) >= ECHO_CHARS:
            echoes[was] = now
    return echoes


def _echoed(value: Any, echoes: Mapping[str, str]) -> Any:
    """Another column's value, with copies of the old conversation replaced by the new one."""
    if isinstance(value, str):
        for was, now in echoes.items():
            value = value.replace(was, now)
        return value
    if isinstance(value, list):
        return [_echoed(inner, echoes) for inner in value]
    if isinstance(value, dict):
        return {key: _echoed(inner, echoes) for key, inner in value.items()}
    return value
