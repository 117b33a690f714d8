"""Plain text: each line is a document, as the `text` loader of `datasets` reads it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from io import BufferedReader
from typing import Any

from mixguard.corpus.files.base import KEPT_OF_REJECTED
from mixguard.corpus.files.encoding import Decoder
from mixguard.corpus.files.window import Window
from mixguard.corpus.records import Place, Record, Rejected
from mixguard.errors import RecordError

_BLANK = re.compile(rb"[ \t\r\n\f\v]+")


def read_lines(stream: BufferedReader[Any], name: str, max_bytes: int) -> Iterator[Record | Rejected]:
    """Every line that is not blank."""
    window, decoder, ordinal = Window(stream), Decoder(), 0
    while window.skip(_BLANK):
        place, start = Place(name, window.line, ordinal), window.passed
        ordinal += 1
        end = window.line_end(max_bytes)
        length = len(window) if end < 0 else end
        if length > max_bytes:
            lost = window.lose_line(max_bytes)
            reason = f"longer than {max_bytes:,} bytes"
            yield Rejected(place, lost.raw, reason, lost.length, start=start)
            continue
        raw = window.take(length).rstrip(b"\r")
        try:
            (text,), utf8 = decoder.decoded(raw, [raw])
        except RecordError as error:
            yield Rejected(place, raw[:KEPT_OF_REJECTED], str(error), len(raw), start=start)
            continue
        yield Record(place, raw, {"text": text}, () if utf8 else ("not_utf8",), start)
    if window.failure:
        yield Rejected(
            Place(name, window.line, ordinal), b"", window.failure, broken=True, start=window.passed
        )
