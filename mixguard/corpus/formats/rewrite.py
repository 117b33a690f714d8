"""Write a chat in the template of another rendered chat, with its spaces and tokens."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from itertools import pairwise
from typing import NamedTuple, TypeAlias

from mixguard.corpus.formats.base import Speaker, tagged
from mixguard.corpus.formats.cutting import cut
from mixguard.corpus.formats.likely import Where
from mixguard.corpus.formats.reasoning import is_marked
from mixguard.corpus.formats.script import Script
from mixguard.corpus.formats.templates import ENDS, Template
from mixguard.corpus.records import Role, Turn
from mixguard.errors import RecordError

_USER, _ASSISTANT = Speaker(Role.USER), Speaker(Role.ASSISTANT)
_Step: TypeAlias = "tuple[Speaker | None, Speaker | None]"
"""Who spoke before and who speaks next; None at either end."""
_ORDER = {"reasoning": 0, "text": 1, "tool_call": 2}
"""The order of turns after one mark."""


class _Gap(NamedTuple):
    """What stands between two turns: the end of the one, and the mark of the other."""

    close: str
    open: str


class _Said(NamedTuple):
    who: Speaker
    text: str


def rewritten(like: Script, turns: Sequence[Turn], where: Where = "dialogue") -> str:
    """The turns as a text in the template of `like`.

    Args:
        like: the chat whose template, spaces and tokens the text has.
        turns: in order.
        where: what the text will be read as.

    Raises:
        RecordError: the template cannot hold one of the turns, or the text would not be read back as they are.
    """
    said = list(_said(turns, like))
    speakers: list[Speaker | None] = [None, *(who for who, _ in said), None]
    steps = list(pairwise(speakers))
    gaps = ["".join(_gap(like, step)) for step in steps]
    if like.template.twice and (_USER, _USER) not in steps:
        gaps[0] = gaps[0].replace(like.template.twice, "")
    text = "".join(gap + turn.text for gap, turn in zip(gaps, said, strict=False)) + gaps[-1]
    again = cut(text, like.template, where) if said else None
    if again is None or [_Said(piece.who, piece.text) for piece in again.pieces] != said:
        raise RecordError(f"a chat in the template {like.template.id} cannot hold these turns")
    return text


def _said(turns: Sequence[Turn], like: Script) -> Iterator[_Said]:
    """Turns grouped by the mark they stand after."""
    channels = "(?P<analysis>" in like.template.mark
    group: list[Turn] = []
    for turn in turns:
        if group and (channels or _starts(turn, group[-1])):
            yield _joined(group, like, channels=channels)
            group = []
        group.append(turn)
    if group:
        yield _joined(group, like, channels=channels)


def _starts(turn: Turn, last: Turn) -> bool:
    """Whether a turn has a mark of its own."""
    if turn.role is not Role.ASSISTANT or last.role is not Role.ASSISTANT:
        return True
    order, before = _ORDER.get(turn.kind, 1), _ORDER.get(last.kind, 1)
    return order < before or order == before == 1


def _joined(group: Sequence[Turn], like: Script, *, channels: bool) -> _Said:
    first = group[0]
    if first.role is Role.DOCUMENT or any(turn.kind not in (*_ORDER, "tool_result") for turn in group):
        raise RecordError(f"a rendered chat cannot hold this {first.role.value} turn")
    if channels and first.kind == "reasoning" and is_marked(first.text):
        raise RecordError("reasoning on a channel has no marks of its own")
    if channels:
        kind = first.kind if first.role is Role.ASSISTANT else "text"
        return _Said(Speaker(first.role, "tool_result" if first.role is Role.TOOL else kind), first.text)
    text = "".join(tagged(turn.text) if turn.kind == "reasoning" else turn.text for turn in group)
    if first.role is not Role.TOOL:
        return _Said(Speaker(first.role), text)
    by_user = text.lstrip().startswith("<tool_response>") and not _shows(like, Role.TOOL)
    return _Said(_USER if by_user else Speaker(Role.TOOL, "tool_result"), text)


def _shows(like: Script, role: Role) -> bool:
    return any(piece.who.role is role for piece in like.pieces)


def _gap(like: Script, step: _Step) -> _Gap:
    """What stands between two speakers: as in `like`, or in what is like it, or put together."""
    shown = _gaps(like)
    if step in shown:
        return shown[step]
    if step == (_USER, None) and (_USER, _ASSISTANT) in shown:
        return shown[_USER, _ASSISTANT]  # the answer is still to be given
    for example in _examples(like.template):
        known = _gaps(example)
        if step in known and all(known[each] == gap for each, gap in shown.items() if each in known):
            return known[step]
    return _Gap(_close(like, step, shown), _open(like, step, shown))


def _gaps(script: Script) -> Mapping[_Step, _Gap]:
    """The first gap of each kind."""
    found: dict[_Step, _Gap] = {}
    before: Speaker | None = None
    for piece in script.pieces:
        found.setdefault((before, piece.who), _Gap(piece.close, piece.open))
        before = piece.who
    return {**found, (before, None): _Gap(script.tail, "")}


@cache
def _examples(template: Template) -> tuple[Script, ...]:
    read = (cut(text, template, "dialogue") for text in template.examples)
    return tuple(script for script in read if script is not None)


def _close(like: Script, step: _Step, shown: Mapping[_Step, _Gap]) -> str:
    """How the turn before ends."""
    before, after = step
    if before is None:
        return like.pieces[0].close
    last = like.pieces[-1].who
    ending = "" if like.opened else like.tail
    if after is None and not like.opened:
        return ending
    inner = {one: gap.close for (one, other), gap in shown.items() if None not in (one, other)}
    if before in inner:
        return inner[before]
    first = ENDS.search(ending)
    own = first["token"] if first and last == before else ""
    return own or next(filter(None, inner.values()), "")


def _open(like: Script, step: _Step, shown: Mapping[_Step, _Gap]) -> str:
    """The mark of the turn after."""
    before, after = step
    if after is None:
        return ""
    told = before is not None and before.role is Role.SYSTEM
    twice = like.template.twice and before == after == _USER
    inner = {
        other: gap.open
        for (one, other), gap in shown.items()
        if one and other and (one.role is Role.SYSTEM) == told and not (like.template.twice and one == other)
    }
    opened = "" if twice else inner.get(after) or _renamed(like, after, inner)
    opened = opened or _usual(like, step)
    return opened.lstrip() if before is None else opened


def _renamed(like: Script, who: Speaker, inner: Mapping[Speaker, str]) -> str:
    """Another speaker's mark with this one's name."""
    names = {piece.who: piece.name for piece in reversed(like.pieces) if piece.name}
    usual = {piece.who: piece.name for each in _examples(like.template) for piece in each.pieces}
    name = names.get(who) or usual.get(who, "")
    for other, opened in inner.items():
        if name and names.get(other):
            shouted = all(each.isupper() for each in names.values())
            return opened.replace(names[other], name.upper() if shouted else name)
    return ""


def _usual(like: Script, step: _Step) -> str:
    """The mark in the examples: best after the same speaker."""
    gaps = [(known, gap.open) for each in _examples(like.template) for known, gap in _gaps(each).items()]
    same = [opened for known, opened in gaps if known == step]
    alike = [opened for known, opened in gaps if known[1] == step[1]]
    opened = next(iter([*same, *alike]), "")
    return opened if "<s>" in like.pieces[0].close else opened.removeprefix("<s>")
