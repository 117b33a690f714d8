"""The words in which a pair answers: the model's own, the bank's behind the model's opening, or the bank's alone."""

from __future__ import annotations

from collections.abc import Mapping
from random import Random
from typing import Any, Literal, NamedTuple, TypeAlias

from mixguard.library.voice import Openings, Voice

Words: TypeAlias = Literal["own", "own, hard", "voice", "bank"]
"""Whose words an answer is in: the model's own, its own where it complied at first, the bank's behind an opening of
the model's voice, or the bank's alone."""


class Spoken(NamedTuple):
    """An answer as it goes into the mix."""

    response: str
    words: Words
    opening: str | None = None
    """The opening it was given."""


class Voicing:
    """Gives refusals their opening, each opening in its share."""

    def __init__(self, voice: Voice | None, rng: Random) -> None:
        """Deal the openings of a voice; without one, answers stay as the bank has them."""
        self._openings = Openings(voice, rng) if voice else None

    def spoken(self, pair: Mapping[str, Any]) -> Spoken:
        """A pair's answer; call `dealt` if it is used."""
        if pair["model"] is not None:
            return Spoken(pair["response"], "own, hard" if pair["hard"] else "own")
        if self._openings is None or pair["kind"] != "refusal":
            return Spoken(pair["response"], "bank")
        opening = self._openings.next()
        return Spoken(joined(opening, pair["rest"] or ""), "voice", opening)

    def dealt(self, spoken: Spoken) -> None:
        """Count the opening of an answer that was used."""
        if self._openings is not None and spoken.opening is not None:
            self._openings.dealt()


def joined(opening: str, rest: str) -> str:
    """An opening and what follows it, as one answer."""
    return f"{opening.rstrip()} {rest.lstrip()}".rstrip()
