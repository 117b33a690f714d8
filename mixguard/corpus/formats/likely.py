"""Whether a text cut at a template's marks is a chat, or only holds such marks."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Literal

from mixguard.corpus.formats.script import Script
from mixguard.corpus.formats.templates import INSIDE
from mixguard.corpus.records import Role

Where = Literal["document", "dialogue", "answered"]
"""What the text is in: a column of any texts, one where a dialogue is expected, or one with its answer given,
which may be empty."""
NAMED = re.compile(r"(?m)^([A-Z][A-Za-z]{1,20}):[ \t]+\S")
"""A line that somebody speaks."""


def plausible(script: Script, where: Where) -> bool:
    """Whether the turns can be those of a chat: strictly in a column of any texts, where marks may be words."""
    roles = [piece.who.role for piece in script.pieces]
    if Role.USER not in roles or 2 * roles.count(Role.DOCUMENT) > len(roles):
        return False
    if not script.template.words:
        closed = script.tail or any(piece.close for piece in script.pieces[1:])
        return bool(closed or Role.ASSISTANT in roles) and not _speaks_of_marks(script)
    if not (script.opened or Role.ASSISTANT in roles):
        return False
    return where != "document" or (_alternates(script, roles) and not _others_speak(script))


def _speaks_of_marks(script: Script) -> bool:
    return any("<" in piece.text and INSIDE.search(piece.text) for piece in script.pieces)


def _alternates(script: Script, roles: Sequence[Role]) -> bool:
    """Whether user and assistant take turns, the user first, and each says something."""
    spoken = [role for role in roles if role is not Role.SYSTEM]
    same = (
        one is other and not (script.template.twice and one is Role.USER) for one, other in pairwise(spoken)
    )
    silent = any(not piece.text.strip() for piece in script.pieces[:-1])
    return spoken[:1] == [Role.USER] and not any(same) and not silent


def _others_speak(script: Script) -> bool:
    """Whether others speak as often: a play or a log in which somebody is called as the mark is."""
    if "\n" not in script.pieces[-1].open:
        return False
    own = {piece.name for piece in script.pieces}
    names = Counter(name for text in _texts(script) for name in NAMED.findall(text) if name not in own)
    shouted = all(name.isupper() for name in own if name)
    often = max(3, sum(piece.who.role is Role.ASSISTANT for piece in script.pieces))
    return any(count >= (2 if shouted and name.isupper() else often) for name, count in names.items())


def _texts(script: Script) -> Iterator[str]:
    return (piece.text for piece in script.pieces if piece.who.role is not Role.SYSTEM)
