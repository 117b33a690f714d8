"""Parallel text: a sentence in two languages, `{"translation": {"en": ..., "de": ...}}` or a column for each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from mixguard.corpus.formats.base import pointer
from mixguard.corpus.formats.layout import Layout, not_of
from mixguard.corpus.formats.talk import look_up
from mixguard.corpus.records import Polarity, Role, Row, Sample, Turn
from mixguard.errors import RecordError

_CODES = frozenset(
    {
        *(
            "af",
            "am",
            "ar",
            "az",
            "be",
            "bg",
            "bn",
            "bs",
            "ca",
            "cs",
            "cy",
            "da",
            "de",
            "el",
            "en",
            "es",
            "et",
            "eu",
        ),
        *(
            "fa",
            "fi",
            "fr",
            "ga",
            "gl",
            "gu",
            "he",
            "hi",
            "hr",
            "hu",
            "hy",
            "ja",
            "ka",
            "kk",
            "km",
            "kn",
            "ko",
            "ky",
        ),
        *(
            "lo",
            "lt",
            "lv",
            "mk",
            "ml",
            "mn",
            "mr",
            "ms",
            "my",
            "nb",
            "ne",
            "nl",
            "nn",
            "pa",
            "pl",
            "ps",
            "pt",
            "ro",
        ),
        *(
            "ru",
            "si",
            "sk",
            "sl",
            "sq",
            "sr",
            "sv",
            "sw",
            "ta",
            "te",
            "th",
            "tl",
            "tr",
            "uk",
            "ur",
            "uz",
            "vi",
            "xh",
        ),
        *("yo", "zh", "zu"),
    }
)
"""Languages that a column may stand for; none whose code is a common word (`id`, `is`, `it`, `no`, `so`)."""
_INSIDE = frozenset({"id", "is", "it", "no", "so"})
"""More of them, inside an object that says that it is a translation."""


@dataclass(frozen=True, slots=True)
class Nested:
    """A text at some depth of a row."""

    keys: tuple[str, ...]
    role: Role
    polarity: Polarity

    def fits(self, row: Row) -> bool:
        """Whether the text is there."""
        return isinstance(look_up(row, self.keys), str)

    def read(self, row: Row) -> list[Turn]:
        """One turn."""
        return [Turn(self.role, look_up(row, self.keys), "text", self.polarity, pointer(*self.keys))]

    def write(self, turns: Sequence[Turn], row: dict[str, Any], like: Row) -> Sequence[Turn]:
        """Write the first turn."""
        turn = turns[0] if turns else None
        if turn is None or (turn.role, turn.polarity, turn.kind) != (self.role, self.polarity, "text"):
            raise RecordError(f"{'.'.join(self.keys)} needs a {self.role.value} turn")
        if len(self.keys) == 1:
            row[self.keys[0]] = turn.text
        else:
            row[self.keys[0]] = {**row[self.keys[0]], self.keys[1]: turn.text}
        return turns[1:]


@dataclass(frozen=True, slots=True)
class Translation:
    """Two languages: the first is the prompt, the second the answer."""

    id: str = "translation"

    def matches(self, row: Row) -> bool:
        """Whether the row has text in exactly two languages."""
        return self._layout(row) is not None

    def parse(self, row: Row) -> Sample:
        """The text in the first language, and in the second (+1)."""
        return self._needed(row).parse(row)

    def render(self, sample: Sample, like: Row) -> dict[str, Any]:
        """A row with the languages of `like`."""
        return self._needed(like).render(sample, like)

    def _layout(self, row: Row) -> Layout | None:
        inner = row.get("translation")
        paths: list[tuple[str, ...]]
        if isinstance(inner, dict):
            paths = [
                ("translation", code)
                for code, text in inner.items()
                if _is_language(code) and text is not None
            ]
        else:
            paths = [(code,) for code, text in row.items() if code in _CODES and isinstance(text, str)]
        if len(paths) != 2:
            return None
        slots = (Nested(paths[0], Role.USER, 0), Nested(paths[1], Role.ASSISTANT, 1))
        layout = Layout(self.id, slots)
        return layout if layout.matches(row) else None

    def _needed(self, row: Row) -> Layout:
        layout = self._layout(row)
        if layout is None:
            raise not_of(self.id, row)
        return layout


def _is_language(code: Any) -> bool:
    """Whether a key is a language code, with or without script and country: `en`, `zh_CN`, `eng_Latn`."""
    if not isinstance(code, str):
        return False
    head = code.replace("-", "_").partition("_")
    return head[0].casefold() in _CODES | _INSIDE or (len(head[0]) == 3 and head[2].istitle())
