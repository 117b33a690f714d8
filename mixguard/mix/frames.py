"""What a corpus's prompts and answers have in common at their ends: `Translate:`, `[INST]`, a stop word."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

FRAME_SHARE = 0.2
"""Minimum share of distinct prompts with a common beginning or end for new prompts to have it."""
FRAME_CHARS = 600
"""Maximum length of a beginning or an end."""
HEAD_LEAST, TAIL_LEAST = 12, 4
"""Minimum length of a beginning (a tag may be shorter: `[INST]`) and of an end."""
ALWAYS = 0.9
"""Minimum share of distinct answers with a common beginning or end for new answers to have it."""
ANSWER_CHARS = 40
"""Maximum length of what begins or ends every answer."""
_HEAD_END = re.compile(r":\s+|\n+|\]\s+|>\s+")
# Blanks are looked at from the first of them only: from each, a long run would take the square of its length.
_TAIL_START = re.compile(r"(?<![^\S\n])(?:\s*\n+|\s*\[/?[A-Z]{2,}\]|\s+#{2,}|\s*<[/|]?[a-z_]+[|]?>)")
_SEPARATOR = re.compile(r"\s*(?:[A-Z][\w ]{0,20}:\s+)?")
_STOP = re.compile(r"(?:\s*(?:<[/|]?[a-z_|]+>|\[/?[A-Z]+\]|#{2,}[A-Z]*)|\s+[A-Z]{3,})?\s*\Z")


class Frame(NamedTuple):
    """A beginning and an end that many texts share."""

    head: str = ""
    tail: str = ""
    share: float = 0.0
    """Share of the texts that have both."""

    def holds(self, text: str) -> bool:
        """Whether a text has both, with something between them."""
        longer = len(text) > len(self.head) + len(self.tail)
        return longer and text.startswith(self.head) and text.endswith(self.tail)

    def inner(self, text: str) -> str:
        """What stands between the two."""
        return text[len(self.head) : len(text) - len(self.tail)]

    def around(self, text: str) -> str:
        """A text put into the frame."""
        return f"{self.head}{text}{self.tail}"


def prompt_frame(prompts: Iterable[str]) -> Frame:
    """The beginning and end that at least a fifth of the distinct prompts share; of several, those with most text.

    A beginning ends with a colon, a line end or a tag; an end starts with a line end or a tag.
    """
    distinct = list(dict.fromkeys(prompts))
    wanted = max(FRAME_SHARE * len(distinct), 2)
    head = _longest(distinct, _heads, wanted)
    headed = [text[len(head) :] for text in distinct if text.startswith(head)]
    frame = Frame(head, _longest(headed, _tails, wanted))
    share = sum(map(frame.holds, distinct)) / max(len(distinct), 1)
    return frame._replace(share=share) if head or frame.tail else frame


def answer_frame(answers: Iterable[str]) -> Frame:
    """The separator and the stop word with which nearly every distinct answer begins and ends."""
    distinct = list(dict.fromkeys(answers))
    wanted = max(ALWAYS * len(distinct), 2)
    head = _longest(distinct, _separators, wanted)
    frame = Frame(head, _longest(distinct, _stops, wanted))
    share = sum(map(frame.holds, distinct)) / max(len(distinct), 1)
    return frame._replace(share=share) if head or frame.tail else frame


def _longest(texts: Sequence[str], parts: Callable[[str], Iterator[str]], wanted: float) -> str:
    """The part that covers the most text among those that enough texts have; empty if there is none."""
    counts = Counter(part for text in texts for part in set(parts(text)))
    shared = [(count * len(part), part) for part, count in counts.items() if count >= wanted]
    return max(shared, default=(0, ""))[1]


def _heads(text: str) -> Iterator[str]:
    parts = (text[: match.end()] for match in _HEAD_END.finditer(text[:FRAME_CHARS]))
    return (part for part in parts if len(part) >= HEAD_LEAST or part[0] in "[<")


def _tails(text: str) -> Iterator[str]:
    end = text[-FRAME_CHARS:]
    parts = (end[match.start() :] for match in _TAIL_START.finditer(end))
    return (part for part in parts if TAIL_LEAST <= len(part) < len(text))


def _separators(text: str) -> Iterator[str]:
    found = _SEPARATOR.match(text[:ANSWER_CHARS])
    return iter(filter(None, [found.group() if found else ""]))


def _stops(text: str) -> Iterator[str]:
    found = _STOP.search(text[-ANSWER_CHARS:])
    return iter(filter(None, [found.group() if found else ""]))
