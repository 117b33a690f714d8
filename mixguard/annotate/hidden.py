"""Characters that a reader does not see or takes for others, while a tokenizer reads them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache

from mixguard.annotate.ciphers import Shape
from mixguard.annotate.codes import Place
from mixguard.annotate.english import is_common, is_word, readable

WIDTHLESS = r"[\u200b-\u200d\u2060-\u2064\ufeff]"
"""Characters without width. A soft hyphen is ordinary."""
SPLIT = 3
"""Latin words with a widthless character inside from which it is no accident of copying. Judgement."""
MIXED = 3
"""Words of mixed letters from which it is no slip of the keyboard. Judgement."""
STYLED = 20
"""Letters of mathematical alphabets that make words. Judgement."""
_MIXED = re.compile(r"[^\W\d_]{4,}")
_STYLED = re.compile(r"[\U0001d400-\U0001d7ff](?:[\U0001d400-\U0001d7ff ]*[\U0001d400-\U0001d7ff])?")
_FLAG = r"\U0001f3f4[\U000e0020-\U000e007f]{2,7}"


def widthless(text: str) -> Iterator[Place]:
    """Runs of widthless characters, and Latin words that they split; not within emoji, Persian or Thai words."""
    runs = list(re.finditer(f"{WIDTHLESS}{{6,}}", text))
    split = list(re.finditer(f"(?<=[A-Za-z]){WIDTHLESS}+(?=[A-Za-z])", text))
    for match in runs + (split if len(split) >= SPLIT else []):
        yield Place(*match.span())


def tags(text: str) -> Iterator[Place]:
    """Tag characters, which spell text that is not shown; flags of regions are made of them, too."""
    for match in re.finditer(f"{_FLAG}|[\U000e0000-\U000e007f]+", text):
        if match[0][0] != "\U0001f3f4":
            yield Place(*match.span())


def overrides(text: str) -> Iterator[Place]:
    """Letters shown in the opposite order of their script."""
    for match in re.finditer("\u202e[^\\w\u202a-\u202e]{0,64}\\w|\u202d[^\\w\u202a-\u202e]{0,64}\\w", text):
        way = (
            "R"
            if unicodedata.bidirectional(match[0][-1]) in ("R", "AL")
            else unicodedata.bidirectional(match[0][-1])
        )
        if way == ("L" if match[0][0] == "\u202e" else "R"):
            yield Place(*match.span())


def selectors(text: str) -> Iterator[Place]:
    """Runs of variation selectors, each of which can carry a byte; one after a sign is ordinary."""
    for match in re.finditer("[\ufe00-\ufe0f\U000e0100-\U000e01ef]{3,}", text):
        yield Place(*match.span())


def look_alikes(text: str) -> Iterator[Place]:
    """English words some of whose letters are of another script, and words in the letters of mathematics."""
    found = [match for match in _MIXED.finditer(text) if not match[0].isascii() and _is_mixed(match[0])]
    if len(found) >= MIXED:
        yield from (Place(*match.span()) for match in found)
    styled = list(_STYLED.finditer(text))
    said = unicodedata.normalize("NFKC", " ".join(match[0] for match in styled))
    if sum(map(str.isalpha, said)) >= STYLED and readable(said) >= 0.5:
        yield from (Place(*match.span()) for match in styled)


def _is_mixed(word: str) -> bool:
    """Whether a word has Latin letters and letters that look like Latin ones, and is English once these are exchanged."""
    latin = "".join(letter if letter.isascii() else _latin(letter) for letter in word)
    if not any(map(str.isascii, word)) or not latin.isascii():
        return False
    return is_common(latin.lower()) or (len(latin) >= 6 and is_word(latin.lower()))


@lru_cache(4096)
def _latin(letter: str) -> str:
    """The ASCII letter that a letter of another script looks like, else itself."""
    from confusable_homoglyphs.confusables import is_confusable

    if unicodedata.name(letter, "").startswith("LATIN"):
        return letter  # with an accent, as in French or Turkish
    found = is_confusable(letter, greedy=False, preferred_aliases=["latin"]) or [{"homoglyphs": []}]
    there = [each["c"] for each in found[0]["homoglyphs"] if each["c"].isascii() and each["c"].isalpha()]
    return there[0] if there else letter


HIDDEN = {
    "characters without width": Shape(f"{WIDTHLESS}{{6}}|[A-Za-z]{WIDTHLESS}+[A-Za-z]", 1, widthless),
    "tag characters": Shape("[\U000e0000-\U000e007f]", 1, tags),
    "changes of direction": Shape("[\u202d\u202e]", 1, overrides),
    "variation selectors": Shape("[\ufe00-\ufe0f\U000e0100-\U000e01ef]{3}", 1, selectors),
}
LOOK_ALIKES = {
    "look-alike letters": Shape(
        r"[A-Za-z][\p{Cyrillic}\p{Greek}\p{Armenian}\p{Cherokee}]|[\p{Cyrillic}\p{Greek}\p{Armenian}\p{Cherokee}][A-Za-z]"
        "|[\U0001d400-\U0001d7ff]{3}",
        1,
        look_alikes,
    )
}
