"""Text of a file that has no other sign of its encoding: UTF-8, or what Excel on Windows saves."""

from __future__ import annotations

import re
from typing import NamedTuple

from mixguard.errors import RecordError

_RUN = re.compile(rb"[\x80-\xff]{3}")
"""Western text has single letters beyond ASCII; other alphabets have whole words."""


class Decoded(NamedTuple):
    """Texts, and whether they were UTF-8."""

    texts: list[str]
    utf8: bool


class Decoder:
    """Decodes rows one by one; a row that cannot be decoded costs only itself.

    A row that is not UTF-8 is read as Windows-1252 if nothing speaks against it: no row before had letters in UTF-8, each
    byte stands for a character, and no three in a row are beyond ASCII.
    """

    def __init__(self) -> None:
        self._utf8 = False

    def decoded(self, raw: bytes, parts: list[bytes]) -> Decoded:
        """The parts of a row as text.

        Raises:
            RecordError: they are neither UTF-8 nor clearly Windows-1252.
        """
        if raw.isascii():
            return Decoded([part.decode() for part in parts], utf8=True)
        try:
            texts = [part.decode() for part in parts]
        except UnicodeDecodeError as error:
            if self._utf8 or _RUN.search(raw):
                raise _not_utf8(error) from None
            try:
                return Decoded([part.decode("cp1252") for part in parts], utf8=False)
            except UnicodeDecodeError:
                raise _not_utf8(error) from None
        self._utf8 = True
        return Decoded(texts, utf8=True)


def _not_utf8(error: UnicodeDecodeError) -> RecordError:
    byte = error.object[error.start]
    return RecordError(f"not valid UTF-8 (byte 0x{byte:02x}); save the file as UTF-8")
