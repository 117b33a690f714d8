"""English as letters and words: which words are known, and which letters stand side by side.

Words are those of the bundled encoder's vocabulary, which lists them commonest first.
"""

from __future__ import annotations

import re
from functools import lru_cache

from mixguard.vectors.bundled import bundled_vocabulary

FREQUENT = 12_000
"""Line of the vocabulary up to which a word is common. Judgement."""
NEVER = (
    "b[fgkpqxz]|c[fjvwx]|d[kxz]|f[dhjknpqvwxz]|g[cfjkpqvxz]|h[ghjkvx]|iy|j[bcdfghjklmnpqstvwxyz]|k[cjkqvxz]|l[jqxz]"
    "|m[dghjkqvxz]|oq|p[fjknqvwxz]|q[abcdefghjklmnopqrstvwxyz]|r[jx]|s[jxz]|t[jkqx]|u[jquw]|v[bcfghjkmnpqrtvwxz]"
    "|w[gjpqvxz]|x[bdgjklmnqrsvwxz]|y[hjkqvxy]|z[bcdfgjkmnpqrstvwx]"
)
"""Pairs of letters that make up under 1 in 100,000 of those in the vocabulary's words, weighted by their place; in a
text whose letters are exchanged they are one in ten."""
_PERCENT = (
    "12.7 9.1 8.2 7.5 7.0 6.7 6.3 6.1 6.0 4.3 4.0 2.8 2.8 2.4 2.4 2.2 2.0 2.0 1.9 1.5 1.0 0.8 0.5 0.5 0.5 0.5"
)
SHARES = dict(zip("etaoinshrdlcumwfgypbvkjxqz", map(float, _PERCENT.split(" ")), strict=True))
"""Percent of English letters; the rarest are raised to .5, so that another language's commonest do not decide."""
_SUFFIXES = (
    "ability", "ically", "ously", "ingly", "fully", "ness", "less", "ment", "able", "ible", "ings", "ally", "tion",
    "like", "ship", "ized", "ised", "izes", "ises", "izing", "ising", "ing", "est", "ers", "ful", "ous", "ism", "ist",
    "ish", "ily", "ies", "ied", "ier", "ity", "ive", "ize", "ise", "ly", "ed", "er", "es", "al", "or", "s", "d", "y",
)  # fmt: skip
_PREFIXES = (
    "under", "counter", "inter", "super", "hyper", "multi", "micro", "trans", "over", "fore", "anti", "semi", "self",
    "non", "out", "mis", "dis", "pre", "sub", "un", "re", "in", "im", "de", "co", "up",
)  # fmt: skip
_STEM = 3
"""Letters a stem needs."""
_WORD = re.compile(r"[A-Za-z]+(?:['\u2019][a-z]+)?")


@lru_cache(1)
def vocabulary() -> dict[str, int]:
    """Words and word pieces in lower case, with their place from 0 on; pieces that continue a word begin with `##`."""
    lines = bundled_vocabulary().read_text(encoding="utf-8").splitlines()
    return {line: number for number, line in enumerate(lines)}


def is_common(word: str) -> bool:
    """Whether a word in lower case is a common one."""
    return vocabulary().get(word, FREQUENT) < FREQUENT


def readable(text: str, least: int = 3) -> float:
    """Share of the words with at least `least` letters that are common; 0 if there are none."""
    words = [word.lower().partition("'")[0] for word in _WORD.findall(text.replace("\u2019", "'"))]
    long = [word for word in words if len(word) >= least]
    return sum(map(is_common, long)) / len(long) if long else 0.0


@lru_cache(65_536)
def is_word(word: str) -> bool:
    """Whether a word in lower case is known, made of a known word and an affix, or of two known words."""
    known = vocabulary()
    if word in known or len(word) <= _STEM:
        return True
    stems = {word, *_cut(word)}
    stems |= {stem[len(prefix) :] for stem in stems for prefix in _PREFIXES if stem.startswith(prefix)}
    if any(len(stem) >= _STEM and (stem in known or f"{stem}e" in known) for stem in stems):
        return True
    return any(_joined(stem) for stem in stems)


def _cut(word: str) -> set[str]:
    """The word without one ending; a doubled letter or a y before it is undone."""
    stems = {word.removesuffix(suffix) for suffix in _SUFFIXES if word.endswith(suffix)}
    stems |= {f"{stem}y" for stem in stems} | {stem[:-1] for stem in stems if stem[-1:] == stem[-2:-1]}
    return {stem for stem in stems if len(stem) >= _STEM}


def _joined(word: str) -> bool:
    known = vocabulary()
    return any(
        word[:at] in known and word[at:] in known and min(at, len(word) - at) > _STEM
        for at in range(_STEM + 1, len(word) - _STEM)
    )
