"""The YAML at the top of a card: read through `huggingface_hub`, amended in place.

`DatasetCard` would rewrite all of it and lose comments, quotes and `language: no`; so only keys that change
are touched, and the result is read back to verify that nothing else did.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import yaml
from huggingface_hub import DatasetCard, DatasetCardData
from huggingface_hub.repocard import REGEX_YAML_BLOCK

from mixguard.errors import UsageError
from mixguard.report.card.outline import line_break, line_starts

_EMPTY = re.compile(r"(\s*---(?:\r\n|\r|\n))()(---[ \t]*(?:\r\n|\n|$))")
"""Two lines of dashes with nothing between them, which the Hub's own pattern does not match."""
_BREAK = re.compile(r"\r\n?|\n")
_REST_OF_LINE = re.compile(r"[^\r\n]*")


class FrontMatter(NamedTuple):
    """A card's YAML, as text and as values; all empty if there is none."""

    opening: str
    inner: str
    closing: str
    keys: dict[str, Any]

    @property
    def text(self) -> str:
        """The lines as written, dashes included."""
        return f"{self.opening}{self.inner}{self.closing}"


class Change(NamedTuple):
    """The change to one key."""

    value: Any
    """The whole new value; None removes the key."""
    added: tuple[str, ...] = ()
    """The last items of `value`, if the existing list is only appended to."""


def split(text: str, path: Path) -> tuple[FrontMatter, str]:
    """A card's YAML and its body.

    Raises:
        UsageError: the YAML cannot be read.
    """
    found = _EMPTY.match(text) or REGEX_YAML_BLOCK.match(text)
    if not found:
        return FrontMatter("", "", "", {}), text
    inner, closing = found[2], found[3]
    if not inner.strip() and (blank := _BREAK.match(closing)):  # blank lines between the dashes are theirs
        inner, closing = inner + blank[0], closing[blank.end() :]
    front = FrontMatter(found[1], inner, closing, {})
    return front._replace(keys=_read(front, path)), text[found.end() :]


def amended(front: FrontMatter, changes: Mapping[str, Change], end: str, path: Path) -> FrontMatter:
    """The YAML with some keys changed and nothing else.

    Args:
        front: the current YAML.
        changes: by key.
        end: the card's line break.
        path: of the card, for messages.

    Raises:
        UsageError: its layout cannot be amended.
    """
    if not changes:
        return front
    # The Hub's pattern omits the last line break, which belongs to a trailing block of text.
    there = _read(front._replace(inner=front.inner + end), path) if front.inner else {}
    wanted = {**there, **{key: change.value for key, change in changes.items()}}
    wanted = {key: value for key, value in wanted.items() if value is not None}
    try:
        inner = _edited(front.inner, changes, end)
        result = FrontMatter(front.opening or f"---{end}", inner, _closing(front, end), wanted)
        same = _read(result, path) == wanted
    except (_CannotAmendError, UsageError):
        same = False
    if not same:
        raise UsageError(
            f"{path}: its YAML cannot be amended in place; put each key on its own line, as in `key: value`"
            f" (to be amended: {', '.join(changes)})"
        )
    return result


class _CannotAmendError(Exception):
    """The YAML is not laid out as expected."""


def _closing(front: FrontMatter, end: str) -> str:
    if front.closing[:1] in ("\r", "\n"):
        return front.closing
    return f"{end}{front.closing or f'---{end}'}"


def _read(front: FrontMatter, path: Path) -> dict[str, Any]:
    if not front.inner.strip():
        return {}
    before = len(line_starts(front.opening))
    try:
        return dict(DatasetCard(front.text).data.to_dict())  # type: ignore[no-untyped-call]
    except yaml.MarkedYAMLError as error:
        line = before + (error.problem_mark.line if error.problem_mark else 0)
        raise UsageError(
            f"{path}:{line}: broken YAML ({error.problem}); fix it there, or remove everything between the two --- lines"
        ) from None
    except (yaml.YAMLError, ValueError, TypeError, RecursionError):
        raise UsageError(
            f"{path}:{before}: the text between the first two --- lines is not a YAML mapping; fix it, or put some text"
            " above the first --- if it is a horizontal rule"
        ) from None


def _edited(text: str, changes: Mapping[str, Change], end: str) -> str:
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    if root is None or (isinstance(root, yaml.MappingNode) and not root.value):
        start, stop = (root.start_mark.index, root.end_mark.index) if root else (len(text), len(text))
        before = text[:start]
        apart = "" if not before or before.endswith(("\r", "\n")) else end
        return f"{before}{apart}{_dumped(changes, end)}{text[stop:]}"
    if not isinstance(root, yaml.MappingNode) or root.flow_style:
        raise _CannotAmendError
    end = end + " " * root.value[0][0].start_mark.column
    there = {str(key.value): (key, value) for key, value in root.value}
    edits = [_edit(text, *there[key], change, end) for key, change in changes.items() if key in there]
    for start, stop, new in sorted(edits, reverse=True):
        text = text[:start] + new + text[stop:]
    fresh = {key: change for key, change in changes.items() if key not in there}
    apart = end.removeprefix(line_break(end)) if text.endswith(("\r", "\n")) else end
    return f"{text}{apart}{_dumped(fresh, end)}" if fresh else text


def _edit(text: str, key: yaml.Node, value: yaml.Node, change: Change, end: str) -> tuple[int, int, str]:
    """The span to replace, and its replacement."""
    if change.added:
        return _added(text, value, change.added, line_break(end))
    start, stop = key.start_mark.index, _last(value)
    if change.value is not None:
        return start, stop, _dumped({str(key.value): change}, end)
    stop = _line_end(text, stop)
    return start - key.start_mark.column, stop + len(line_break(end)), ""


def _added(text: str, value: yaml.Node, added: Sequence[str], end: str) -> tuple[int, int, str]:
    if not isinstance(value, yaml.SequenceNode):
        raise _CannotAmendError
    written = [_scalar(each) for each in added]
    if value.flow_style:
        place = _last(value.value[-1]) if value.value else value.start_mark.index + 1
        return place, place, (", " if value.value else "") + ", ".join(written)
    item = value.value[-1]
    prefix = text[item.start_mark.index - item.start_mark.column : item.start_mark.index]
    if not re.fullmatch(r" *- +", prefix):
        raise _CannotAmendError
    place = _line_end(text, _last(item))
    return place, place, "".join(f"{end}{prefix}{each}" for each in written)


def _line_end(text: str, place: int) -> int:
    found = _REST_OF_LINE.match(text, place)
    return found.end() if found else place


def _scalar(value: str) -> str:
    return yaml.safe_dump([value], default_flow_style=True, allow_unicode=True, width=10**6).strip()[1:-1]


def _last(node: yaml.Node) -> int:
    """Where a value ends; a block's own end mark comes after the comments below it."""
    if isinstance(node, yaml.CollectionNode) and not node.flow_style and node.value:
        last = node.value[-1]
        return _last(last[1] if isinstance(last, tuple) else last)
    return int(node.end_mark.index)


def _dumped(changes: Mapping[str, Change], end: str) -> str:
    """The keys as YAML; `end` is a line break with the indent that follows it."""
    values = {key: change.value for key, change in changes.items()}
    dumped = DatasetCardData(**values).to_yaml(original_order=list(values))
    return dumped.replace("\n", end)
