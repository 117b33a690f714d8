"""Columns that name a row's language."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

_COLUMN = re.compile(r"(?:.*_)?(?:lang|language|locale)(?:_?(?:code|name|id|iso))?")
_WORDS: Mapping[str, str] = {
    "en": "en eng english", "de": "de deu ger german deutsch", "fr": "fr fra fre french français",
    "es": "es spa spanish español", "it": "it ita italian italiano", "pt": "pt por portuguese português",
    "nl": "nl nld dut dutch nederlands", "pl": "pl pol polish polski", "ru": "ru rus russian русский",
    "uk": "uk ukr ukrainian українська", "tr": "tr tur turkish türkçe", "ar": "ar ara arabic العربية",
    "fa": "fa fas per persian farsi", "hi": "hi hin hindi हिन्दी", "bn": "bn ben bengali", "id": "id ind indonesian",
    "vi": "vi vie vietnamese", "th": "th tha thai", "ko": "ko kor korean 한국어", "ja": "ja jpn japanese 日本語",
    "zh": "zh zho chi cmn chinese mandarin 中文", "sv": "sv swe swedish svenska", "cs": "cs ces cze czech",
    "el": "el ell gre greek", "he": "he heb hebrew", "ro": "ro ron rum romanian", "hu": "hu hun hungarian",
    "fi": "fi fin finnish", "da": "da dan danish", "no": "no nor nob norwegian",
}  # fmt: skip
"""ISO 639-1, ISO 639-2 and the language's names, by ISO 639-1."""
_BY_WORD = {word: code for code, words in _WORDS.items() for word in words.split()}


def is_language(name: str, values: Sequence[Any]) -> bool:
    """Whether a column names languages that people speak."""
    if _COLUMN.fullmatch(name.casefold()) is None:
        return False
    return bool(values) and all(
        isinstance(value, str) and _code(value) is not None for value in set(values[:100])
    )


def spelling(language: str, spelt: Mapping[str, int]) -> str | None:
    """How a corpus writes a language; None if it does not have it.

    Args:
        language: ISO 639-1.
        spelt: how often it writes what.
    """
    alike = {word: count for word, count in spelt.items() if _code(word) == language}
    return max(alike, key=lambda word: alike[word], default=None)


def _code(value: str) -> str | None:
    return _BY_WORD.get(re.split(r"[-_ (]", value.strip().casefold())[0])
