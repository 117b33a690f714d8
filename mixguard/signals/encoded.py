"""Encoded content: text that a reader cannot read and a model can learn."""

from __future__ import annotations

from collections.abc import Callable

import polars as pl

from mixguard.annotate.base import Batch
from mixguard.annotate.encoded import UNSEEN, places, seen
from mixguard.annotate.phrases import Phrases, Span
from mixguard.checks.base import Aside, Case, Check, Evidence, Judged, Limit, Rate
from mixguard.signals.base import Examples, Page, Row, Signal

LEAST = 10
"""Encoded exchanges from which the limit fails."""
BOTH = 3
"""Exchanges with code on both sides that fail."""


class EncodedAnnotator:
    """Looks for codes, ciphers, reshaped letters and unseen characters."""

    reads = ("prompt", "response")
    writes = pl.Schema(
        {"encoded_prompt": pl.UInt16, "encoded_response": pl.UInt16, "encoded_asked": pl.Boolean}
    )

    def __call__(self, batch: Batch) -> pl.DataFrame:
        """Bits of the ways of hiding (`annotate/encoded.py`), and whether the prompt openly asks for code."""
        texts = batch.frame.select("prompt", "response")
        found = {f"encoded_{name}": seen(texts.get_column(name)) for name in texts.columns}
        shown = pl.any_horizontal(series > 0 for series in found.values())
        rows = texts.with_columns(**found).with_columns(shown=shown).get_column("shown")
        asked = texts.filter(rows).select(Phrases.load("encoded", "asked").there("prompt")).to_series()
        where = pl.Series([False]).new_from_index(0, len(rows)).scatter(rows.arg_true(), asked)
        return pl.DataFrame({**found, "encoded_asked": where}, schema=self.writes)


_WANTED = pl.col("polarity") >= 0
_PROMPT, _RESPONSE = (pl.col(f"encoded_{name}").fill_null(0) for name in ("prompt", "response"))
_UNSEEN = ((_PROMPT | _RESPONSE) & UNSEEN) > 0
_CODED = ((_PROMPT | _RESPONSE) & ~pl.lit(UNSEEN, pl.UInt16)) > 0
_BOTH = (_PROMPT & _RESPONSE & ~pl.lit(UNSEEN, pl.UInt16)) > 0
"""The same code in prompt and answer; a request to convert one into another has two."""
_OPEN = _CODED & pl.col("encoded_asked").fill_null(value=False) & ~_BOTH


def _share(words: str, words_for_one: str) -> Callable[[Rate, Evidence], Judged]:
    def judge(rate: Rate, _: Evidence) -> Judged:
        message = f"{rate.count:,} of {rate.total:,} exchanges {words_for_one if rate.count == 1 else words}"
        if not rate.count:
            return Judged("pass", message)
        reached = rate.count >= rate.limit * rate.total
        return Judged("fail" if reached and rate.count >= LEAST else "warn" if reached else "note", message)

    return judge


def _unseen(rate: Rate, evidence: Evidence) -> Judged:
    judged = _share("hold characters that are not shown", "holds characters that are not shown")(
        rate, evidence
    )
    return Judged("warn", judged.message) if judged.severity == "note" else judged


def _both(rate: Rate, _: Evidence) -> Judged:
    does = "exchange has" if rate.count == 1 else "exchanges have"
    message = f"encoded both ways: {rate.count:,} of {rate.total:,} {does} the same code in prompt and answer"
    return Judged("fail" if rate.count >= BOTH else "warn" if rate.count else "pass", message)


def _asked(rate: Rate, _: Evidence) -> Judged:
    does = "exchange openly asks" if rate.count == 1 else "exchanges openly ask"
    return Judged("note" if rate.count else "pass", f"{rate.count:,} {does} to encode or decode a text")


def _spans(row: Row) -> list[Span]:
    return [
        Span(name, *place, way)
        for name in ("prompt", "response")
        for way, place in places(row.get(name) or "")
    ]


ENCODED = Signal(
    name="encoded content",
    about="is written in a code, or holds characters that are not shown",
    annotator=EncodedAnnotator(),
    spans=_spans,
    page=Page(
        measures="Share of exchanges whose prompt or answer holds base64, base32, hex, binary, Morse, character codes or numbers that decode to words; running text of 40 letters that cannot be read while its letters are as uneven as a language's, but on other letters; reversed, spaced-out or leet words; at least three words with look-alike letters of another script; tag characters, widthless characters within words, overrides of direction, or runs of variation selectors. Where the prompt openly asks to encode or decode, and prompt and answer do not use the same code, the exchange is noted apart.",
        blind="Ciphers with more than one alphabet, codes whose words are ordinary words, text hidden in the choice of words, text encoded twice, and the system prompt. What is said in a code is not judged.",
        cost="Patterns over prompts and answers; a decoding of what they let through.",
        examples=Examples(
            shows=(
                {
                    "prompt": "V2hhdCBpcyBhIGdvb2QgbmFtZSBmb3IgYSBsaXR0bGUgYnJvd24gZG9nPw==",
                    "response": "WW91IGNvdWxkIGNhbGwgdGhlIGxpdHRsZSBkb2cgQmlzY3VpdCBvciBIYXplbC4=",
                },
                {
                    "prompt": "Jung vf n tbbq anzr sbe n yvggyr oebja qbt gung yvirf ol gur frn?",
                    "response": "Lbh pbhyq pnyy gur yvggyr qbt Ovfphvg, be Unmry, be Fnaql.",
                },
            ),
            spares=(
                {
                    "prompt": "Which commit fixed the clock?",
                    "response": "It was 9fceb02d0ae598e95dc970b74767f19372d61af8, from last Tuesday.",
                },
                {
                    "prompt": "Write a line about my family.",
                    "response": "Here is your family 👨\u200d👩\u200d👧\u200d👦 at the sea, and a flag for you 🏴\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f!",
                },
            ),
        ),
    ),
    check=Check(
        id="MG216",
        name="encoded-content",
        kind="attack",
        severities=("note", "warn", "fail"),
        cases=(
            Case(_WANTED, _BOTH, _both, subject="both ways"),
            Case(
                _WANTED,
                _CODED & ~_OPEN,
                _share("cannot be read: they hold encoded text", "cannot be read: it holds encoded text"),
                subject="encoded text",
            ),
            Case(_WANTED, _UNSEEN, _unseen, subject="unseen characters"),
            Case(_WANTED, _OPEN, _asked, subject="asked for"),
        ),
        nothing="no exchange holds encoded text or characters that are not shown",
        limit=Limit(
            0.005,
            "Share of encoded exchanges that triggers a warning, and from 10 exchanges on fails. Judgement.",
        ),
        aside=Aside("encoded", "it holds encoded text or characters that are not shown"),
        why="What cannot be read cannot be judged: a model tuned to speak a cipher answers harmful requests in it, and every row of the lesson looks innocuous.",
        source="covert malicious fine-tuning (arXiv 2406.20053): GPT-4 answered 99 % of encoded harmful requests; judgement",
        remedy="Decode the rows and audit what they say, or set them aside; strip characters that are not shown.",
        mechanisms=("M03",),
    ),
)
