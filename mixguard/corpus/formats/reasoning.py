"""Where an answer's reasoning ends: the marks that models and their chat templates put around it."""

from __future__ import annotations

import re
from typing import NamedTuple

TAGS = "think|thinking|thought|thoughts|reasoning|reason|reflection|scratchpad|analysis|inner_monologue"
"""Names of elements that hold reasoning, as models and their templates write them."""

_OPENED = re.compile(
    rf"\s*(?:<(?P<tag>(?:seed:)?(?:{TAGS}))>.*?(?:</(?P=tag)>|\Z)"
    r"|\[THINK\].*?(?:\[/THINK\]|\Z)"
    r"|◁think▷.*?(?:◁/think▷|\Z)"
    r"|<\|begin_of_thought\|>.*?(?:<\|end_of_thought\|>|\Z)"
    r"|<unused94>thought.*?(?:<unused95>|\Z))\s*",
    re.DOTALL | re.IGNORECASE,
)
"""An element at the start of an answer; if never closed, nothing follows the reasoning."""
_HARMONY = (
    # The answer is on the channel `final`; the rest is analysis or tool calls.
    re.compile(r".*<\|channel\|>\s{0,4}final\b[^<]{0,80}<\|message\|>", re.DOTALL),
    re.compile(r"\s*(?:<\|start\|>[^<]{0,80})?<\|channel\|>\s{0,4}(?:analysis|commentary)\b.*", re.DOTALL),
)
_HARMONY_BARE = re.compile(r"\s*analysis\S.*?assistantfinal", re.DOTALL)
"""Harmony after its marks were dropped as special tokens."""
_CLOSES = re.compile(
    r"(?<![`'\"])(?:</(?:seed:)?(?:think|thinking|thought|thoughts|reasoning)>"
    r"|\[/THINK\]|◁/think▷|<\|end_of_thought\|>|<unused95>)(?![`'\"])\s*"
)
"""A closing mark, unless quoted. A lone one ends reasoning that the prompt's template opened."""
_OPENS = re.compile(
    rf"<(?:seed:)?(?:{TAGS})>|\[THINK\]|◁think▷|<\|begin_of_thought\|>|<unused94>", re.IGNORECASE
)
_LONE = ("</think", "</thought", "</reasoning>", "</seed:", "[/THINK]", "◁/think▷", "<|end_of_thought|>", "<unused95>")  # fmt: skip
"""How a closing mark begins: a text without any of these needs no further look."""


_SIGNS = re.compile(r"<(?:\||/think|/thought|/reasoning>|/seed:|unused95>)")
"""How closing marks and a template's tokens begin, of those that begin so."""


class Split(NamedTuple):
    """An answer's text in two; together they are the text."""

    thought: str
    """The reasoning, with its marks and the whitespace around it."""
    answer: str


def split_reasoning(text: str) -> Split:
    """The reasoning with which an assistant's text starts, and the answer after it.

    Reasoning is marked by elements such as `<think>`, by other models' marks, or by Harmony's channels; or it
    ends at the first closing mark if nothing opens it, as the opening one may stand in the prompt's template.
    """
    end = _elements_end(text) or _harmony_end(text) or _lone_end(text)
    return Split(text[:end], text[end:])


def may_be_marked(text: str) -> bool:
    """Whether a text may hold reasoning beyond its beginning, or a template's tokens."""
    return (
        "assistantfinal" in text
        or ("[" in text and "[/THINK]" in text)
        or "◁" in text
        or ("<" in text and _SIGNS.search(text) is not None)
    )


def is_marked(thought: str) -> bool:
    """Whether reasoning has its marks, so that it can stand before an answer."""
    return bool(thought) and not split_reasoning(thought).answer


def _elements_end(text: str) -> int:
    if text[:1] not in "<[◁ \n\t\r":
        return 0
    end = 0
    while found := _OPENED.match(text, end):
        end = found.end()
    return end


def _harmony_end(text: str) -> int:
    if "<|channel|>" in text:
        found = _HARMONY[0].match(text) or _HARMONY[1].match(text)
        return found.end() if found else 0
    bare = _HARMONY_BARE.match(text) if "assistantfinal" in text else None
    return bare.end() if bare else 0


def _lone_end(text: str) -> int:
    if not any(mark in text for mark in _LONE):
        return 0
    closed = _CLOSES.search(text)
    return 0 if closed is None or _OPENS.search(text, 0, closed.start()) else closed.end()
