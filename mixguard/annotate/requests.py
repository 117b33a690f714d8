"""What a prompt asks, apart from the long input it comes with.

A short request beside a long passage is diluted in one vector of both. `docs/corpora.md` has how many hazardous
questions are found beside a web page.
"""

from __future__ import annotations

import polars as pl

FIRST, LAST = "first", "last"
"""The lines of a prompt that may be judged apart."""
LONG = 240
"""Characters from which a prompt may have a request and an input. Judgement, like those below."""
SHORTEST, LONGEST = 12, 300
"""Characters of a line that can be the request."""
MOST = 0.7
"""Share of the prompt above which a line is no longer a part of it."""
SPOKEN = r"^[\p{L}\p{N}_.' -]{1,24}:\s"
"""The line of a dialogue, which asks the other speaker."""


def requests(frame: pl.DataFrame) -> pl.DataFrame:
    """The first and the last line of each long prompt, where they may be what it asks.

    Args:
        frame: columns `kind` and `prompt`; a document asks nothing.

    Returns:
        Columns `first` and `last`, null where there is nothing to judge apart.
    """
    text = pl.col("prompt").str.strip_chars()
    lines = {FIRST: text.str.extract(r"\A([^\n]+)\n"), LAST: text.str.extract(r"\n([^\n]+)\z")}
    long = (text.str.len_chars() >= LONG) & pl.col("kind").ne_missing("document")
    return frame.select(
        pl.when(long & _may_ask(line.str.strip_chars(), text)).then(line.str.strip_chars()).alias(name)
        for name, line in lines.items()
    )


def line_span(prompt: str, which: str) -> tuple[int, int]:
    """Where the first or the last line of a prompt is, in characters."""
    begin, text = len(prompt) - len(prompt.lstrip()), prompt.strip()
    start = text.rfind("\n") + 1 if which == LAST else 0
    end = len(text) if which == LAST or "\n" not in text else text.index("\n")
    return begin + start, begin + end


def _may_ask(line: pl.Expr, text: pl.Expr) -> pl.Expr:
    length = line.str.len_chars()
    return (
        length.is_between(SHORTEST, LONGEST)
        & (length < MOST * text.str.len_chars())
        & ~line.str.contains(SPOKEN)
    )
