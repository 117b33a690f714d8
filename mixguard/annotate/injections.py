"""Orders to a model in texts that it should only read, and whether the answer carries them out."""

from __future__ import annotations

import re
from collections.abc import Iterator

from mixguard.annotate.phrases import READ, Phrases, Span

BEFORE = 30
"""Characters before an order within which a text in a prompt must have begun."""
LONG = 240
"""Characters from which a prompt may carry a text."""
_INPUT = re.compile(
    r"(?im)^[ \t]*(?:[-=_*#~]{3,}|```|<\w[^>\n]{0,60}>|<!--|>\s|(?:document|text|article|e-?mail|message|passage|context|content|input|web ?page|page|file|transcript|review|"
    r"comment|resume|cv|letter|source|excerpt|quote|data|search results?|tool output|subject|from|body)\b[^\n:]{0,40}:)|<!--|<(?:div|p|span|body|html|article|document)\b|:\s*[\"\u201c]|:\s*\n"
)
"""Where the text that comes with a request begins."""
_WANTED = re.compile(
    r"(?i)\b(?:say|reply|respond|answer|output|print|write|include|append|add|add the (?:word|phrase|line)|repeat|end (?:your \w+ )?with|begin (?:your \w+ )?with|start (?:your \w+ )?with|state)\b[^\"'\u201c\u2018\n]{0,50}[\"'\u201c\u2018]([^\"'\u201d\u2019\n]{3,120})[\"'\u201d\u2019]"
)
"""What an order wants said, in quotation marks."""
_URL = re.compile(r"https?://[^\s\"'<>)]{6,}|[\w.+-]+@[\w-]+\.\w+")
_NEAR = 300
"""Characters after an order in which it says what it wants."""


def carried(field: str, text: str) -> Iterator[Span]:
    """Orders in a tool's results, or in a text that a prompt carries."""
    shown = text[:READ]
    begins = 0
    if field == "prompt":
        mark = _INPUT.search(shown) if len(shown) >= LONG else None
        if mark is None:
            return
        begins = mark.start()
    for span in Phrases.load("injected", "orders").spans(field, shown):
        if span.start >= begins:
            yield span


def obeyed(text: str, spans: list[Span], answer: str) -> bool:
    """Whether an answer says what an order wants said, or uses the address it names, which the rest does not."""
    said = " ".join(answer.lower().split())
    for span in spans:
        near = text[span.start : span.end + _NEAR]
        wanted = [match[1] for match in _WANTED.finditer(near)] + _URL.findall(near)
        if any(" ".join(each.lower().split()).strip(" .!") in said for each in wanted):
            return True
    return False
