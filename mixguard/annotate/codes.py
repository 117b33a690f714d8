"""Text written in another alphabet, which decodes to words: base64, hex, binary, numbers, Morse.

What does not decode to words is no text: hashes, keys, ids, checksums, pictures.
"""

from __future__ import annotations

import base64
import re
from binascii import Error
from collections.abc import Callable, Iterator
from typing import NamedTuple

from mixguard.annotate.english import readable

RUNS = 50
"""Runs of a text that are decoded."""
LONGEST = 4000
"""Characters of a run that are decoded."""
_WORDS = re.compile(r"\w+")
_DASHES = "\u2013\u2014\u2212"
_SIGN = f"[.\u00b7\u2022\u2219_{_DASHES}-]"
_MORSE = dict(
    zip(
        [
            ".-",
            "-...",
            "-.-.",
            "-..",
            ".",
            "..-.",
            "--.",
            "....",
            "..",
            ".---",
            "-.-",
            ".-..",
            "--",
            "-.",
            "---",
            ".--.",
            "--.-",
            ".-.",
            "...",
            "-",
            "..-",
            "...-",
            ".--",
            "-..-",
            "-.--",
            "--..",
        ],
        "abcdefghijklmnopqrstuvwxyz",
        strict=True,
    )
)


class Place(NamedTuple):
    """Where a text is encoded, in characters."""

    start: int
    end: int


class Code(NamedTuple):
    """A way to write letters."""

    gate: str
    """In Rust's syntax; a text without a match is not looked at."""
    pattern: str
    decode: Callable[[str], str | None]


def found(code: Code, text: str) -> Iterator[Place]:
    """Where a text holds words in this code."""
    for number, match in enumerate(re.finditer(code.pattern, text)):
        if number == RUNS:
            return
        if not _is_part(text, match) and says_something(code.decode(match[0][:LONGEST])):
            yield Place(*match.span())


def says_something(text: str | None) -> bool:
    """Whether text is printable and made of words, or at least of letters with spaces."""
    if not text or len(text) < 8:
        return False
    plain = sum(letter.isprintable() or letter in "\n\r\t" for letter in text)
    letters = sum(letter.isalpha() for letter in text)
    words = _WORDS.findall(text)
    if plain < 0.95 * len(text) or letters < 0.6 * len(text) or len(words) < 2:
        return False
    return readable(text) >= 0.4 or (len(words) >= 4 and letters / len(words) <= 12 and not text.isascii())


def _is_part(text: str, match: re.Match[str]) -> bool:
    """Whether the run belongs to a picture, a token or an address."""
    before = text[max(0, match.start() - 8) : match.start()]
    token = match[0].startswith("eyJ") and text[match.end() : match.end() + 1] == "."
    return token or before.endswith(("base64,", ".", "://", "=sha"))


def _base64(run: str) -> str | None:
    packed = "".join(run.split()).rstrip("=").replace("-", "+").replace("_", "/")
    try:
        return base64.b64decode(packed + "=" * (-len(packed) % 4), validate=True).decode("utf-8")
    except (Error, ValueError):
        return _cut_short(packed)


def _cut_short(packed: str) -> str | None:
    """Of a run that ends within a group of four or within a character, what comes before."""
    try:
        return base64.b64decode(packed[: len(packed) // 12 * 12], validate=True).decode("utf-8")
    except (Error, ValueError):
        return None


def _base32(run: str) -> str | None:
    packed = "".join(run.split()).rstrip("=")
    try:
        return base64.b32decode(packed[: len(packed) // 8 * 8]).decode("utf-8")
    except (Error, ValueError):
        return None


def _hex(run: str) -> str | None:
    digits = re.sub(r"0x|\\x|[^0-9A-Fa-f]", "", run)
    try:
        return bytes.fromhex(digits[: len(digits) // 2 * 2]).decode("utf-8")
    except ValueError:
        return None


def _binary(run: str) -> str | None:
    groups = run.split()
    digits = re.sub(r"[^01]", "", run)
    width = 7 if len(groups) > 1 and all(len(group.strip(",")) == 7 for group in groups) else 8
    return "".join(chr(int(digits[at : at + width], 2)) for at in range(0, len(digits) - width + 1, width))


def _places(run: str) -> str | None:
    """Numbers as places in the alphabet; within a word they are joined by a hyphen, a dot or one space."""
    marked = re.search(r"[/|]|\d {2,}\d", run)
    apart = r"[^\d-]+" if "-" in run else r"\s*[/|,]\s*|\s{2,}|\n" if marked else r"[\s,]+"
    numbers = [re.findall(r"\d+", word) for word in re.split(apart, run)]
    if any(not 1 <= int(number) <= 26 for word in numbers for number in word):
        return None
    return " ".join("".join(chr(96 + int(number)) for number in word) for word in numbers)


def _decimal(run: str) -> str | None:
    numbers = [int(number) for number in re.findall(r"\d+", run)]
    return "".join(map(chr, numbers)) if all(number < 127 for number in numbers) else None


def _morse(run: str) -> str | None:
    plain = run.translate(str.maketrans(f"\u00b7\u2022\u2219{_DASHES}_", "...----"))
    words = [word.split() for word in re.split(r"\s*[/|]\s*|\s{2,}|\n", plain)]
    if sum(map(len, words)) < 8:
        return None
    return " ".join("".join(_MORSE.get(sign, "\0") for sign in word) for word in words)


CODES = {
    "base64": Code(
        r"[A-Za-z0-9+/_-]{24}",
        r"[A-Za-z0-9+/_-]{24,}={0,2}(?:\s?\n[A-Za-z0-9+/_-]{24,}={0,2})*",
        _base64,
    ),
    "base32": Code(r"[A-Z2-7]{24}", r"(?<![A-Z0-9])[A-Z2-7]{24,}={0,6}", _base32),
    "hex": Code(
        r"(?:[0-9A-Fa-f]{2}[\s:,;-]?){4}(?:[0-9A-Fa-f]{2}[\s:,;-]?){4}|(?:0x|\\x|%)[0-9A-Fa-f]{2}[\s,;]{0,2}(?:0x|\\x|%)[0-9A-Fa-f]{2}",
        r"(?<![0-9A-Za-z])(?:(?:0x|\\x|%)?[0-9A-Fa-f]{2}[\s:,;-]{0,2}){12,}(?![0-9A-Za-z])",
        _hex,
    ),
    "binary": Code(r"[01]{7,8}[\s,]*[01]{7,8}", r"(?<!\d)(?:[01]{7,8}[\s,]{0,2}){8,}(?!\d)", _binary),
    "numbers": Code(
        r"\d[ ,./|-]{1,3}\d{1,2}[ ,./|-]{1,3}\d{1,2}[ ,./|-]{1,3}\d{1,2}[ ,./|-]{1,3}\d",
        r"(?<![\d.])\d{1,2}(?:[ ,./|-]{1,3}\d{1,2}){14,}(?!\d)",
        _places,
    ),
    "character codes": Code(
        r"\d{2}[ ,;]{1,2}\d{2,3}[ ,;]{1,2}\d{2,3}[ ,;]{1,2}\d{2,3}",
        r"(?<![\d.])\d{2,3}(?:[ ,;]{1,2}\d{2,3}){11,}(?!\d)",
        _decimal,
    ),
    "Morse": Code(
        f"{_SIGN}{{1,5}}[ /|]{{1,3}}{_SIGN}{{1,5}}[ /|]{{1,3}}{_SIGN}{{1,5}}[ /|]",
        f"(?:{_SIGN}{{1,5}}[ /|\n]{{1,4}}){{8,}}{_SIGN}{{0,5}}",
        _morse,
    ),
}  # fmt: skip
