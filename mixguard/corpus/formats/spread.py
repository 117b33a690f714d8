"""The texts of a list that has no messages: texts by turns, pairs, objects with a key for each speaker."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

from mixguard.corpus.formats.base import ROLES, UNKNOWN, Speaker, pointer, speaker
from mixguard.corpus.formats.masks import masked
from mixguard.corpus.formats.speakers import find_role_key
from mixguard.corpus.records import Role

_USER, _MODEL = Speaker(Role.USER), Speaker(Role.ASSISTANT)
_WORDS: Mapping[Speaker, str] = {
    Speaker(Role.SYSTEM): "system",
    _USER: "prompt question query instruction input ask request user_message user_input",
    Speaker(Role.ASSISTANT, "reasoning"): "thought thoughts reasoning thinking",
    _MODEL: "response answer output completion reply action generation assistant_message bot_response",
    Speaker(Role.TOOL, "tool_result"): "observation tool_output execution_result",
}
_KEYS: Mapping[str, Speaker] = {
    **{name: who for name, who in ROLES.items() if who.kind == "text"},
    **{word: who for who, words in _WORDS.items() for word in words.split()},
}
_ORDER = (Role.SYSTEM, Role.USER, Role.ASSISTANT, Role.TOOL)


class Said(NamedTuple):
    """One text of a list, its speaker, and where it stands."""

    who: Speaker
    text: Any
    place: str
    trained: bool = True


Spread: TypeAlias = "list[Said] | None"
"""The texts of a list; None if it is not of this kind."""


def texts_by_turns(value: Sequence[Any]) -> Spread:
    """`["Hi", "Hello", ...]`: the user first."""
    if len(value) < 2 or not all(isinstance(text, str) for text in value):
        return None
    return [Said((_USER, _MODEL)[n % 2], text, f"/{n}") for n, text in enumerate(value)]


def paired(value: Sequence[Any]) -> Spread:
    """`[["Hi", "Hello"], ...]`, or `[["user", "Hi"], ["assistant", "Hello"], ...]` if all begin with a role."""
    if not all(
        isinstance(p, list | tuple) and len(p) == 2 and all(isinstance(t, str) for t in p) for p in value
    ):
        return None
    if named_pairs(value):
        return [Said(speaker(name), text, f"/{n}/1") for n, (name, text) in enumerate(value)]
    return [
        Said(who, text, f"/{n}/{side}")
        for n, pair in enumerate(value)
        for side, (who, text) in enumerate(zip((_USER, _MODEL), pair, strict=True))
    ]


def named_pairs(value: Sequence[Any]) -> bool:
    """Whether each pair is a role and a text."""
    pairs = (pair for pair in value if isinstance(pair, list | tuple) and len(pair) == 2)
    names = [name for name, _ in pairs if isinstance(name, str) and speaker(name) is not UNKNOWN]
    return len(names) == len(value) > 1


def keyed(value: Sequence[Any]) -> Spread:
    """`[{"user": "Hi", "assistant": "Hello"}, ...]`, in one object or in several, and an agent's steps."""
    if not all(isinstance(element, dict) and find_role_key(element) is None for element in value):
        return None
    said = [text for n, element in enumerate(value) for text in _texts(element, f"/{n}")]
    return said if any(text.who.role is Role.ASSISTANT for text in said) else None


def _texts(element: Mapping[str, Any], path: str) -> list[Said]:
    """An object's texts in speaking order; one that another text of the model repeats is left out."""
    trained = not masked(element)
    found = [
        Said(who, value, path + pointer(key), trained)
        for key, value in element.items()
        if (who := _KEYS.get(str(key).strip().casefold())) and isinstance(value, str | int | float)
    ]
    wholes = [text.text for text in found if text.who.role is Role.ASSISTANT and isinstance(text.text, str)]
    found = [text for text in found if not _repeated(text, wholes)]
    return sorted(found, key=lambda text: (_ORDER.index(text.who.role), text.who.kind != "reasoning"))


def _repeated(text: Said, wholes: Sequence[str]) -> bool:
    part = text.text.strip() if isinstance(text.text, str) else ""
    return text.who.role is Role.ASSISTANT and any(part in other and text.text != other for other in wholes)


def spread(value: Any) -> Spread:
    """The texts of a list of any of these kinds, which a question starts or an agent's step."""
    if not isinstance(value, list) or not value:
        return None
    return texts_by_turns(value) or paired(value) or keyed(value)
