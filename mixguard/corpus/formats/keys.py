"""The keys of each format, as its slots name them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from typing import Any

from mixguard.corpus.formats import FORMATS
from mixguard.corpus.formats.layout import Either
from mixguard.corpus.formats.pair_names import PAIRS
from mixguard.corpus.formats.talk import Preamble

_COLUMNS = ("main", "column", "columns", "chosen", "rejected")
"""Fields of slots that hold names of columns."""
_OWN = {
    "prm": ("completions", "labels"),
    "nectar": ("answers",),
    "kto": ("label or kto_tag",),
    "pretokenized": ("input_ids",),
}
"""Keys that a format without a slot for them reads."""
_ELSEWHERE = "see docs/formats.md"


def keys_of_formats() -> dict[str, str]:
    """The keys of each format by its name; an alternative layout follows after a semicolon."""
    return {form.id: "; ".join(dict.fromkeys(_described(form))) for form in FORMATS}


def _described(form: Any) -> Iterator[str]:
    pairs = [pair for pair in PAIRS if pair.id == form.id]
    if pairs:
        yield from (", ".join((*pair.before, pair.prompt, *pair.after, pair.answer)) for pair in pairs)
        return
    own = _OWN.get(form.id, ())
    plain = getattr(form, "plain", form)
    layouts = plain.layouts if isinstance(plain, Either) else (plain,)
    seen = set()
    for layout in layouts:
        keys = tuple(dict.fromkeys([*_keys(layout), *own]))
        if tuple(key.casefold() for key in keys) not in seen:  # other letter cases are the same layout
            seen.add(tuple(key.casefold() for key in keys))
            yield ", ".join(keys) or _ELSEWHERE


def _keys(part: Any) -> Iterator[str]:
    """The columns that a format or one of its slots names."""
    if isinstance(part, tuple):
        for each in part:
            yield from _keys(each)
        return
    if isinstance(part, Preamble):
        yield part.columns[0]
        return
    if not is_dataclass(part):
        return
    for each in fields(part):
        value = getattr(part, each.name)
        if each.name == "keys":
            yield ".".join(value)
        elif each.name in _COLUMNS and value:
            yield from (value,) if isinstance(value, str) else value
        elif each.name not in ("id", "cells", "plain"):
            yield from _keys(value)
