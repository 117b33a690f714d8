"""Letters in another order or shape: ciphers, reversed, spaced-out and leet words."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import pairwise
from string import ascii_lowercase as letters
from typing import NamedTuple

import polars as pl

from mixguard.annotate.codes import Place
from mixguard.annotate.english import NEVER, SHARES, is_common, readable
from mixguard.annotate.spoken import language

LEAST = 40
"""Letters that a cipher needs to be told."""
UNREADABLE, READABLE = 0.3, 0.6
"""Share of common words below which text cannot be read, and from which it can."""
ODD = 0.045
"""Share of pairs that English never has, from which a line is looked at."""
_PAIRS = 3
"""Such pairs without which no line of a text is read."""
STRANGE = 1.2
"""Chi-square of the letters against English, per letter, from which they are exchanged; languages stay below 1."""
COINCIDENCE = (0.046, 0.1)
"""Probability that two letters are the same; random letters lie below, DNA and tables above."""
VOWELS, SPOKEN = (0.36, 0.55), 2.2
"""Share of vowels in languages, and the chi-square up to which text with so many may be another language, such as
Polish without its accents."""
FOREIGN = 0.5
"""Probability from which it is another language."""
WORD_LENGTH = (2.5, 8.0)
"""Mean letters of a word in running text."""
_NEVER = re.compile(f"(?i){NEVER}")
_CODE = re.compile(r"[=(){}\[\]<>;/_\\]")
_LATIN = re.compile(r"[A-Za-z]+")
_LINE = re.compile(r"[^\n]+(?:\n(?!\n)[^\n]+)*")
_LEET = str.maketrans("01345789@$!|+", "oieastbgasilt")
_LEET_WORD = re.compile(r"[A-Za-z0-9@$!|+]+")


class Shape(NamedTuple):
    """A way to hide letters."""

    gate: str
    """In Rust's syntax; a text with fewer than `matches` is not looked at."""
    matches: int
    find: Callable[[str], Iterator[Place]]
    narrow: Callable[[pl.Expr], pl.Expr] | None = None
    """A dearer gate, for the texts that pass the first."""


def _has_odd_line(text: pl.Expr) -> pl.Expr:
    line = pl.element().str
    odd = line.count_matches(f"(?i){NEVER}") >= (0.8 * ODD * line.len_chars()).clip(_PAIRS)
    return text.str.split("\n").list.eval(odd).list.any()


def ciphers(text: str) -> Iterator[Place]:
    """Paragraphs and lines whose letters are exchanged one for another."""
    for part in _LINE.finditer(text):
        lines = list(re.finditer(r"[^\n]+", part[0]))
        odd = [line for line in lines if _is_odd(line[0])]
        said = "\n".join(line[0] for line in odd)
        if odd and _is_cipher(said):
            yield Place(part.start() + odd[0].start(), part.start() + odd[-1].end())


def _is_odd(line: str) -> bool:
    words = _LATIN.findall(line)
    count = sum(map(len, words))
    return count >= LEAST // 4 and len(_NEVER.findall(line)) >= ODD * count


def _is_cipher(text: str) -> bool:
    """Whether running text cannot be read, but another alphabet or the letters' shares make it text."""
    words = [word.lower() for word in _LATIN.findall(text)]
    joined = "".join(words)
    spoken = len(joined) + text.count(" ")
    if len(joined) < LEAST or spoken < 0.85 * len(text) or len(_CODE.findall(text)) > 0.03 * len(text):
        return False
    accented = sum(letter.isalpha() and not letter.isascii() for letter in text)
    if accented > 0.01 * len(joined) or len(joined) > WORD_LENGTH[1] * len(text.split()):
        return False  # another language; names and tokens without spaces
    if readable(text) >= UNREADABLE:
        return False
    if not WORD_LENGTH[0] <= len(joined) / len(words) <= WORD_LENGTH[1]:
        return False
    return _is_shifted(words) or _is_exchanged(joined, words)


def _is_shifted(words: list[str]) -> bool:
    said = " ".join(words)
    turned = (letters[by:] + letters[:by] for by in range(1, 26))
    return any(
        readable(said.translate(str.maketrans(letters, other))) >= READABLE
        for other in (letters[::-1], *turned)
    )


def _is_exchanged(joined: str, words: list[str]) -> bool:
    total = len(joined)
    if len(set(words)) < 6:
        return False
    counts = Counter(joined)
    same = sum(count * (count - 1) for count in counts.values()) / (total * (total - 1))
    strange = sum((100 * counts[each] / total - share) ** 2 / share for each, share in SHARES.items()) / 100
    vowels = sum(counts[vowel] for vowel in "aeiouy") / total
    if VOWELS[0] <= vowels <= VOWELS[1] and strange < SPOKEN:
        return False
    if not COINCIDENCE[0] <= same <= COINCIDENCE[1] or strange < STRANGE:
        return False
    return language(" ".join(words), FOREIGN) is None


def backwards(text: str) -> Iterator[Place]:
    """Lines that can be read from right to left only."""
    for line in re.finditer(r"[^\n]+", text):
        turned = line[0][::-1]
        if (
            len(_LATIN.findall(turned)) >= 5
            and readable(line[0], 4) < UNREADABLE
            and readable(turned, 3) >= READABLE
        ):
            yield Place(*line.span())


def spaced(text: str) -> Iterator[Place]:
    """Runs of single letters that make words."""
    for run in re.finditer(r"(?<!\w)(?:[A-Za-z][ .*_|-]{1,3}){11,}[A-Za-z](?!\w)", text):
        gaps = re.split(r"[ ]{2,}|[ ]?[|/_][ ]?", run[0])
        words = ["".join(_LATIN.findall(word)).lower() for word in gaps]
        joined = "".join(words)
        odd = len(_NEVER.findall(joined)) >= ODD * len(joined)
        in_order = sum(ord(b) - ord(a) == 1 for a, b in pairwise(joined))
        if len(set(joined)) < 7 or odd or in_order > len(joined) / 3 or len(joined) < 12:
            continue
        if len(words) == 1 or readable(" ".join(words)) >= READABLE:
            yield Place(*run.span())


def leet(text: str) -> Iterator[Place]:
    """Lines in which digits and signs stand for letters in at least four words."""
    for line in re.finditer(r"[^\n]+", text):
        tokens = _LEET_WORD.findall(line[0])
        hidden = {token.lower() for token in tokens if _is_leet(token)}
        if len(hidden) >= 4 and len(hidden) >= 0.25 * len(tokens):
            yield Place(*line.span())


def _is_leet(token: str) -> bool:
    if token.isalpha() or not any(map(str.isalpha, token)):
        return False
    bare = token.strip("!|+")
    said = bare.lower().translate(_LEET)
    return bare.isalpha() is False and len(said) >= 3 and said.isalpha() and is_common(said)


SHAPES = {
    "cipher": Shape(f"(?i){NEVER}", 4, ciphers, _has_odd_line),
    "letters turned round": Shape(r"(?i)(?-u:\b)(?:eht|dna|taht|htiw|siht|rof|uoy|evah|morf|woh|fo|ot)(?-u:\b)", 2, backwards),
    "spaced-out letters": Shape(r"(?-u:\b)[A-Za-z][ .*_|-]{1,3}[A-Za-z][ .*_|-]{1,3}[A-Za-z][ .*_|-]{1,3}[A-Za-z](?-u:\b)", 1, spaced),
    "leet": Shape(r"[A-Za-z][013457@$]+[A-Za-z]|(?-u:\b)[013457@$][A-Za-z]{2}", 3, leet),
}  # fmt: skip
