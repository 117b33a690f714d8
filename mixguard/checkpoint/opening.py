"""How probable it is that an answer opens with a refusal, from the candidates for its first token."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from math import exp, log

from mixguard.checkpoint.answers import LEAST_OPENING
from mixguard.library.voice import Voice, bundled_voices


def opening(first: Sequence[tuple[str, float]], openings: Sequence[str] = ()) -> float | None:
    """Log-probability that the first token begins a refusal; None where there are no candidates.

    It is the logarithm of the candidates' summed probability, of those with which one of the openings begins: `I` counts, since
    `I'm sorry` begins with it, and so does `I can` of an answer that goes on otherwise. So its level says little and its change much:
    it moves long before a count of refusals does. Where no candidate counts, the true value is below that of the least probable
    candidate listed, which is returned as an upper bound. A model that thinks before it answers begins with the mark of a thought,
    and nothing can be read from that.

    Args:
        first: candidates with their log-probabilities, as the server gives them.
        openings: how refusals open; those of all bundled voices by default.
    """
    if not first:
        return None
    known = tuple(openings) or refusal_openings()
    counting = [value for token, value in first if _begins(token.strip(), known)]
    value = log(max(sum(map(exp, counting)), 1e-300)) if counting else min(value for _, value in first)
    return min(max(round(value, 4), LEAST_OPENING), 0.0)


@cache
def refusal_openings() -> tuple[str, ...]:
    """The openings of all bundled voices."""
    texts = (each.text for name in bundled_voices() for each in Voice.load(name).opening)
    return tuple(dict.fromkeys(texts))


def _begins(token: str, openings: Sequence[str]) -> bool:
    return bool(token) and any(text.startswith(token) for text in openings)
