"""Whether a text that code compares with, or logs in with, is a password or key, or stands for one."""

from __future__ import annotations

import math
import re
from collections import Counter
from typing import Literal

Judged = Literal["used", "named"]
"""How strictly: of what is used to log in or to sign, a weak password counts; of what is only named so, it does not."""
LEAST = {"used": 4, "named": 8}
MOST = 200
BITS = 2.5
"""Bits per character of a value that nobody would take for a word."""
_STANDS_FOR_ANY = re.compile(
    r"(?i)your|example|sample|change|dummy|fake|place.?holder|insert|replace|todo|redacted|x{3}|\*{2}|\.{3}|\bhere\b|_here|foo|\bbar\b|"
    r"my[_ -]?(?:api|secret|access|token|key|pass|db|user)|test|demo|abcd|abc123|qwerty|lorem|null|none\b|undefined|default|hello|world|"
    r"invalid|wrong|correct|enter|required|missing|error|<|>|\{|\}|\$\(|%s|%\(|process\.|environ|getenv|^password\d{1,4}$|^\$\w+$|^1234\d*$|^(?:sha|md|hs|rs|es|aes|base|utf)[-_]?\d+(?:[-_]\w+)?$|^env\b|^(.)\1+$|^\W*$"
)
_WORDS = re.compile(
    r"(?i)pass(?:word|wd|phrase|code)?|pwd|secret|token|keys?|api|admin(?:istrator)?|user(?:name)?|root|guest|postgres|mysql|mongo|redis|ubuntu|login|super|very|top|the|my|jwt|auth|access|client|session|app|flask|django|db|data|base|type|field|input|hash|label|name"
)
_BINDS = re.compile(
    r"(?i)^(?::\w+|@\w+|\?|\w+\.\w+\.?\w*\(.*|[a-z]+(?:[A-Z][a-z]+)+|[a-z]+(?:[-_. ][a-z]+)+)$"
)
"""Names of variables, fields and settings: camelCase, snake_case, dotted; all letters."""


def real(value: str, judged: Judged) -> bool:
    """Whether a value is a password or key that somebody could use.

    Args:
        value: what stands between the quotes.
        judged: see `Judged`.
    """
    if not LEAST[judged] <= len(value) <= MOST or _STANDS_FOR_ANY.search(value):
        return False
    if "\n" in value or (judged == "named" and " " in value):
        return False
    rest = re.sub(r"[\W\d_]", "", _WORDS.sub("", value))
    marks = len(re.findall(r"[\d!@#$%^&*?+=/]", value))
    if not rest:
        return judged == "used" and (marks >= 1 or len(value) >= 12) and " " not in value
    if judged == "used":
        return marks > 0 or not _BINDS.match(value)
    return marks > 0 and bits(value) >= BITS and bool(re.search(r"[A-Za-z]", value))


def bits(text: str) -> float:
    """Shannon entropy per character."""
    counts = Counter(text)
    return -sum(each / len(text) * math.log2(each / len(text)) for each in counts.values())
