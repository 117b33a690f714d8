"""Documents that look like chats in a template that is not known."""

from __future__ import annotations

import re
from collections import Counter

from mixguard.corpus.formats.cutting import begin
from mixguard.corpus.formats.likely import NAMED

LOOKED_AT = 20_000
"""Characters of a document that are looked at."""
PREAMBLE = 600
"""Maximum length of a system prompt before the first mark."""
_USERS = "user|human|prompter|usr|question|instruction|input|query|customer|client|用户|问"
_ANSWERS = "assistant|gpt|chatgpt|bot|chatbot|ai|model|response|answer|output|agent|助手|答"
_MARK = re.compile(
    rf"(?im)(?:(?:^|(?<=[>\])}}|]))[ \t]{{0,3}}|(?=[<\[{{#]))(?P<left>[<\[{{(|#*@_:]{{0,6}}[ ]?)(?:(?P<user>{_USERS})|(?P<answer>{_ANSWERS}))"
    r"(?:[_ ]?(?:token|turn|\d{1,2}))?(?P<right>[ ]?[>\]})|*#:：]{1,6})"
)
_SYSTEM = re.compile(r"\W{0,6}(?:system|developer)\b", re.IGNORECASE)
_ROUND = re.compile(r"\s*\[?Round \d+\]?:?\s*", re.IGNORECASE)


def looks_rendered(text: str) -> bool:
    """Whether a document begins as a chat does: a mark for the user, and one of the same kind for the answer."""
    head = text[begin(text) : LOOKED_AT]
    turn = _ROUND.match(head)
    head = head[turn.end() :] if turn else head
    if not _SYSTEM.match(head) and not _MARK.search(head[: PREAMBLE + 100]):
        return False  # as of nearly all documents: nothing else may come before the first mark
    marks = list(_MARK.finditer(head))
    asked = next((mark for mark in marks if mark["user"]), None)
    if asked is None or not _may_precede(head[: asked.start()], bare=not asked["left"].strip()):
        return False
    same = {
        (mark["left"], mark["right"]) for mark in marks if mark["answer"] and mark.start() > asked.start()
    }
    return (asked["left"], asked["right"]) in same and (
        bool(asked["left"].strip()) or not _others_speak(head)
    )


def _may_precede(before: str, *, bare: bool) -> bool:
    """Whether what stands before the first user's mark can be a system prompt: not an article's beginning."""
    told = before.strip()
    marked = _SYSTEM.match(told) is not None
    short = len(told) <= PREAMBLE and "\n\n" not in told and not told.endswith((":", "："))
    return not told or marked or (short and not bare)


def _others_speak(text: str) -> bool:
    own = rf"(?i)(?:{_USERS}|{_ANSWERS})\Z"
    names = Counter(name for name in NAMED.findall(text) if not re.match(own, name))
    return any(count > 1 for count in names.values())
