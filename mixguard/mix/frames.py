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
"""Minimum length of a beginning and of an end; a shorter one must be of nearly all prompts, or a tag: `[INST]`."""
ALWAYS = 0.9
"""Minimum share of distinct answers with a common beginning or end for new answers to have it."""
ANSWER_CHARS = 40
"""Maximum length of what begins or ends every answer."""
SENTENCE_LEAST = 8
"""Minimum distinct prompts that share a whole sentence for it to be a template and not a part of somebody's question."""
_HEAD_END = re.compile(r":\s+|\n+|\]\s*|>\s*")
_SENTENCE = re.compile(r"\w[.?!][\"')]?(?:\s|\Z)")
_SENTENCE_END = re.compile(rf"{_SENTENCE.pattern}*\Z")
_QUESTION = re.compile(r"\w+\W+\w+\W+\w+[\"')]?\?")
_LABELLED = re.compile(r"\n[A-Z][\w ]{0,20}: *\S")
_TAG = r"(?:</?[^<>\s]{1,40}>|\[/?[A-Z_]{2,20}\])"
# Blanks are looked at from the first of them only: from each, a long run would take the square of its length.
_TAIL_START = re.compile(
    r"(?<![^\S\n])(?:"
    rf"\s*\n+|\s*(?={_TAG})|\s+(?=#{{2,}})|\s+(?=[^\w\s\"'(\[{{$€£@&+\-.…¡¿“„«]\S*\s*\Z)|\s+(?=-+>)|(?<=[.!?:])\s+(?=[A-Z(])"
    r")"
)
_SEPARATOR = re.compile(r"\s*(?:(?:#{1,6} )?(?:\*\*)?[A-Z][\w ]{0,30}:(?:\*\*)?\s+|<\|?[\w-]+\|?>\s*)?")
_THOUGHT = re.compile(
    r"(\s*(?:<(?P<tag>[\w-]+)>|<\|begin_of_(?P<begun>\w+)\|>|\[(?P<square>[A-Z_]+)\])\s*)\S.*?"
    r"(?<!\s)(\s*(?:</(?P=tag)>|<\|end_of_(?P=begun)\|>|\[/(?P=square)\])\s*(?:<\|?[\w-]+\|?>\s*)?)(?=[^\s<\[])",
    re.DOTALL,
)
"""A thought in marks other than those that every reader knows, up to the answer."""
_STOP = re.compile(
    rf"(?:\s*(?:{_TAG}|[#$%~@*=]{{2,}}+[A-Z]*+|\n+[A-Z]\w{{1,20}}:)+|\s+\[?[A-Z]{{3,}}\]?)?\s*\Z"
)


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


def prompt_frame(prompts: Iterable[str], *, questions: bool = True) -> Frame:
    """The beginning and end that at least a fifth of the distinct prompts share; of several, those with most text.

    A beginning ends with a colon, a line end or a tag; an end starts with a line end, a tag, a sign or a sentence.

    Args:
        prompts: as often as they come; several answers to one prompt count once.
        questions: whether a question may be part of it, as it is where other text stands beside a task's question.
    """
    distinct = list(dict.fromkeys(prompts))
    wanted = FRAME_SHARE * len(distinct)
    head = _longest(distinct, _heads, wanted, questions=questions)
    headed = [text[len(head) :] for text in distinct if text.startswith(head)]
    frame = Frame(head, _longest(headed, _tails, wanted, questions=questions))
    share = sum(map(frame.holds, distinct)) / max(len(distinct), 1)
    return frame._replace(share=share) if head or frame.tail else frame


def answer_frame(answers: Iterable[str]) -> Frame:
    """The separator, the empty thought and the stop word with which nearly every distinct answer begins and ends."""
    distinct = list(dict.fromkeys(answers))
    wanted = ALWAYS * len(distinct)
    head = _longest(distinct, _thoughts, wanted) or _longest(distinct, _separators, wanted)
    frame = Frame(head, _longest(distinct, _stops, wanted))
    return frame._replace(share=1.0) if head or frame.tail else frame


def _longest(
    texts: Sequence[str], parts: Callable[[str], Iterator[str]], wanted: float, *, questions: bool = True
) -> str:
    """The part that covers the most text among those that enough texts have; empty if there is none."""
    counts = Counter(part for text in texts for part in set(parts(text)))
    shared = [
        (count * len(part), part)
        for part, count in counts.items()
        if count >= max(wanted, _least(part, len(texts))) and (questions or not _QUESTION.search(part))
    ]
    return max(shared, default=(0, ""))[1]


def _least(part: str, texts: int) -> float:
    """How many texts must share a part: more if it is short, or holds a sentence, which may be of one question."""
    short = len(part) < TAIL_LEAST or (part.strip().endswith(":") and len(part) < HEAD_LEAST)
    if short and part.strip()[:1] not in ("[", "<"):
        return max(SENTENCE_LEAST, ALWAYS * texts)
    if _SENTENCE_END.search(part):
        return SENTENCE_LEAST
    return min(SENTENCE_LEAST, max(2, ALWAYS * texts)) if _SENTENCE.search(part) else 2


def _heads(text: str) -> Iterator[str]:
    parts = (text[: match.end()] for match in _HEAD_END.finditer(text[:FRAME_CHARS]))
    labelled = (
        _LABELLED.search(text) is not None
    )  # by several labels, of which the first alone is no template
    return (part for part in parts if len(part) >= HEAD_LEAST or part[0] in "[<" or not labelled)


def _tails(text: str) -> Iterator[str]:
    end = text[-FRAME_CHARS:]
    parts = (end[match.start() :] for match in _TAIL_START.finditer(end))
    return (part for part in parts if 0 < len(part) < len(text))


def _separators(text: str) -> Iterator[str]:
    found = _SEPARATOR.match(text[:ANSWER_CHARS])
    return iter(filter(None, [found.group() if found else ""]))


def _thoughts(text: str) -> Iterator[str]:
    found = _THOUGHT.match(text)
    return iter([found[1] + found[found.lastindex or 1]] if found else [])


def _stops(text: str) -> Iterator[str]:
    found = _STOP.search(text[-ANSWER_CHARS:])
    return iter(filter(None, [found.group() if found else ""]))
