"""Prompts and answers of lost probes, side by side: only for a page whose reader asked for texts."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from markupsafe import escape

from mixguard.checkpoint.results import ProbeOutcome
from mixguard.checkpoint.said import Said, Texts
from mixguard.report.compared.figures import mood
from mixguard.report.html.excerpt import clamped

PROMPT_SHOWN = 1200
"""Characters of a prompt, and of each earlier turn."""
ANSWER_SHOWN = 900
"""Characters of an answer."""
BYTES = 1_200_000
"""Bytes of text in total, as escaped in the page."""
OWN_BYTES = 1500
"""Bytes of the page around a pair."""
TURNS_SHOWN = 6


class Answer(NamedTuple):
    """One sample of a model's answers."""

    text: str | None
    state: str
    sample: int
    """1-based."""
    samples: int


class Pair(NamedTuple):
    """What a probe was asked, and an answer of each model."""

    system: str | None
    turns: tuple[tuple[str, str], ...]
    """Who speaks, and what they say; the last is the prompt."""
    base: Answer
    tuned: Answer


def side_by_side(probes: Iterable[ProbeOutcome], texts: Texts) -> dict[str, Pair]:
    """Prompt and deciding answers by id of the probe, as far as there is room.

    The deciding answer of the tuned model is its first bad one, that of the base its first one: all of its are good.
    """
    found: dict[str, Pair] = {}
    left = BYTES
    for probe in probes:
        said = texts.get(probe.probe)
        if said is None:
            continue
        pair = _pair(probe, said)
        left -= _weight(pair)
        if left < 0:
            break
        found[probe.probe] = pair
    return found


def _pair(probe: ProbeOutcome, said: Said) -> Pair:
    speakers = ("user", "assistant")
    turns = [(speakers[number % 2], turn) for number, turn in enumerate(said.history)]
    turns = [*turns[-TURNS_SHOWN:], ("user", said.prompt)]
    bad = next((number for number, state in enumerate(probe.tuned) if mood(probe.axis, state) == "bad"), 0)
    return Pair(
        None if said.system is None else clamped(said.system, PROMPT_SHOWN),
        tuple((speaker, clamped(turn, PROMPT_SHOWN)) for speaker, turn in turns),
        _answer(said.base, probe.base, 0),
        _answer(said.tuned, probe.tuned, bad),
    )


def _answer(texts: tuple[str | None, ...], states: tuple[str, ...], number: int) -> Answer:
    text = texts[number] if number < len(texts) else None
    state = states[number] if number < len(states) else "error"
    return Answer(None if text is None else clamped(text, ANSWER_SHOWN), state, number + 1, len(texts))


def _weight(pair: Pair) -> int:
    """Bytes that a pair takes in the page."""
    parts = [pair.system, pair.base.text, pair.tuned.text, *(text for _, text in pair.turns)]
    return sum(len(escape(part).encode("utf-8", "replace")) for part in parts if part) + OWN_BYTES
