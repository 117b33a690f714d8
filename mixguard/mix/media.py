"""Pictures, sound and films: what stands for them in a text, and the columns that hold them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

_SIGHTS = r"(?:image|img|video|audio|picture|speech|sound|vision)"
PLACEHOLDER = re.compile(
    r"(?i:<img>.*?</img>|<audio>\s*\S+\s*</audio>"  # Qwen-VL's and Qwen-Audio's, around a path
    rf"|</?{_SIGHTS}(?:[_ -]?(?:\d+|placeholder|patch|pad|token|start|end|here|content))*>"
    rf"|<\|(?:begin_of_|end_of_|start_of_)?{_SIGHTS}(?:[_ -]?(?:\d+|pad|token|start|end|bos|eos|placeholder))*\|>"
    rf"|<(?:start|end)_of_{_SIGHTS}>|\[(?:img|image|video|audio)(?:_\w+)?\]"
    r"|<\|object_ref_start\|>|<\|object_ref_end\|>|<\|box_start\|>|<\|box_end\|>|<bbox>)[ \t]*\n?",
    re.DOTALL,
)
"""What trainers replace by a picture, a film or sound: one for each that the row brings."""
_COLUMN = re.compile(
    r"(?:input_|prompt_|query_|question_)?"
    r"(?:images?|imgs?|videos?|audios?|pictures?|photos?|frames|media|medias|speech|waveform|pixel_values)"
    r"(?:_?(?:paths?|urls?|files?|filenames?|names?|list|bytes|ids?|base64|b64|grid_thw))?",
    re.IGNORECASE,
)
_FILE = re.compile(
    r"\S+\.(?:jpe?g|png|webp|gif|bmp|tiff?|mp4|webm|avi|mov|mkv|wav|mp3|flac|ogg|m4a)", re.IGNORECASE
)


def bare(text: str) -> str:
    """A text without placeholders for media."""
    return PLACEHOLDER.sub("", text)


def is_media(name: str, values: Sequence[Any]) -> bool:
    """Whether a column holds media, by its name, or by nearly all its values: paths or bytes."""
    held = [each for value in values if value for each in _each(value)]
    if _COLUMN.fullmatch(name):
        return not held or not all(isinstance(each, bool | int | float) for each in held)
    return bool(held) and sum(map(_is_medium, held)) >= 0.9 * len(held)


def _each(value: Any) -> Iterator[Any]:
    if isinstance(value, list):
        yield from (each for inner in value for each in _each(inner))
    elif value is not None:
        yield value


def _is_medium(value: Any) -> bool:
    if isinstance(value, Mapping):  # as `datasets` stores them
        return set(value) in ({"bytes", "path"}, {"array", "path", "sampling_rate"})
    return isinstance(value, str) and (
        _FILE.fullmatch(value) is not None or value.startswith(("data:image/", "data:audio/", "data:video/"))
    )
