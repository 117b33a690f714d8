"""The empty thought with which new answers begin where nearly all answers think."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from mixguard.corpus.records import Role, Sample, Turn
from mixguard.mix.frames import ALWAYS

_MARKS = re.compile(
    r"(\s*(?:<[^<>\s/]+>|\[[A-Z_]+\])?)(.*?)((?:</[^<>\s]+>|<\|[^<>\s]+\|>|\[/[A-Z_]+\])?\s*)", re.DOTALL
)


def empty_thought(samples: Sequence[Sample]) -> tuple[tuple[Turn, ...], ...]:
    """The thoughts to begin an answer with, best first; only no thought where the answers do not think.

    A thought that stands in the text of its answer is marked there, and stays so when empty. One with a key, a part
    or a column of its own is left out, or empty.
    """
    thinking = [thought for sample in samples if (thought := _inline(sample))]
    if len(thinking) < ALWAYS * len(samples):
        return ((),)
    text, _ = Counter(map(_emptied, thinking)).most_common(1)[0]
    return ((Turn(Role.ASSISTANT, text, "reasoning", 1),), ())


def _inline(sample: Sample) -> str | None:
    """The first thought that shares its place with an answer."""
    places = {turn.path for turn in sample.turns if turn.kind == "text" and turn.role is Role.ASSISTANT}
    return next(
        (turn.text for turn in sample.turns if turn.kind == "reasoning" and turn.path in places), None
    )


def _emptied(thought: str) -> str:
    """Its marks and the line ends within them."""
    found = _MARKS.fullmatch(thought)
    if found is None:
        return thought
    opening, said, closing = found.groups()
    if not said.strip():
        return thought
    before = said[: len(said) - len(said.lstrip())]
    return f"{opening}{before}{said[len(said.rstrip()) :]}{closing}"
