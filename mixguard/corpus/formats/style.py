"""The style of a list of messages: how each speaker's messages are written, learned from the list to imitate."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from mixguard.corpus.formats.base import Speaker
from mixguard.corpus.formats.content import PartStyle
from mixguard.corpus.formats.masks import MASK_KEYS, mask_like
from mixguard.corpus.formats.messages import USUAL, Usage, content_key, usage_of
from mixguard.corpus.formats.speakers import find_role_key, role_key, role_name, speaker_of
from mixguard.corpus.records import Role

_SPEAKERS = (
    Speaker(Role.SYSTEM),
    Speaker(Role.USER),
    Speaker(Role.ASSISTANT),
    Speaker(Role.TOOL, "tool_result"),
    Speaker(Role.ASSISTANT, "tool_call"),
)
_USUAL: Mapping[str, str] = {
    "content": "system user assistant tool assistant",
    "value": "system human gpt observation function_call",
    "parts": "system user model function model",
}
_FAMILIES = {key: dict(zip(_SPEAKERS, names.split(), strict=True)) for key, names in _USUAL.items()}
"""Usual role names for each content key, for roles missing from the list itself."""
THOUGHT = Speaker(Role.ASSISTANT, "reasoning")
_SIDES = {"input_text": Role.USER, "output_text": Role.ASSISTANT}
"""Types of text that say who speaks (OpenAI Responses API)."""


class Style(NamedTuple):
    """The style of a list of messages."""

    messages: Sequence[Any]
    path: str
    by_speaker: Mapping[Speaker, Mapping[str, Any]]
    """The first message of each speaker that says something, else its first."""
    role: str
    """Key of the role."""
    content: str
    """Key of the content."""
    usage: Usage = USUAL
    silent: frozenset[int] = frozenset()
    """Numbers of the messages that the row excludes from the loss."""
    thinks: bool = False
    """Whether reasoning has messages of its own."""

    @classmethod
    def of(
        cls, messages: Any, path: str, *, hushed: str | None = None, silent: frozenset[int] = frozenset()
    ) -> Style:
        """The style of a list; if empty, that of the most common chat corpora."""
        known = [message for message in messages or () if isinstance(message, dict)]
        usage = usage_of(known, hushed)
        first: dict[Speaker, Mapping[str, Any]] = {}
        spoken: dict[Speaker, Mapping[str, Any]] = {}
        thinks = False
        for message in known:
            who = speaker_of(message, path, system_answers=usage.system_answers)
            thinks = thinks or who == THOUGHT
            if find_role_key(message) is not None:
                first.setdefault(who, message)
                if message.get(content_key(message)):
                    spoken.setdefault(who, message)
        shown = next(iter(first.values()), None)
        role = "role" if shown is None else role_key(shown, path)
        content = "content" if shown is None else content_key(shown)
        return cls(list(messages or ()), path, first | spoken, role, content, usage, silent, thinks)

    def name(self, who: Speaker) -> str:
        """The role name of a speaker, as the list spells it, or as lists of this kind do."""
        shown = self.by_speaker.get(who)
        if shown is not None:
            return str(role_name(shown, role_key(shown, self.path)))
        usual = _FAMILIES.get(self.content, _FAMILIES["content"])[who]
        other = next(iter(self.by_speaker.values()), None)
        like = "" if other is None else str(role_name(other, role_key(other, self.path)))
        return usual.upper() if like.isupper() else (usual.capitalize() if like.istitle() else usual)

    def parts(self, who: Speaker) -> PartStyle:
        """What new parts of a speaker look like: those of its own messages first."""
        known = [message for message in self.messages if isinstance(message, dict)]
        known.sort(key=lambda message: self._speaker(message).role is not who.role)
        found = PartStyle.of(message.get(content_key(message)) for message in known)
        word = found.text.get("type") if isinstance(found.text, dict) else None
        if word in _SIDES and _SIDES[word] is not who.role:
            right = "output_text" if who.role is Role.ASSISTANT else "input_text"
            return found._replace(text={"type": right, "text": ""})
        return found

    def _speaker(self, message: Mapping[str, Any]) -> Speaker:
        return speaker_of(message, self.path, system_answers=self.usage.system_answers)

    def masks(self, *, trained: bool) -> dict[str, Any]:
        """The mask of a message that has none, as other messages of the list spell it."""
        for message in self.messages:
            for key in MASK_KEYS:
                if isinstance(message, dict) and message.get(key) is not None:
                    value = mask_like(key, message[key], trained=trained, mask_hides=self.usage.mask_hides)
                    return {key: value}
        return {"weight": int(trained)}
