"""Literary prose written out from an outline, or after an opening."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from mixguard.annotate.base import Batch
from mixguard.annotate.phrases import READ, Phrases, Span
from mixguard.checks.base import Case, Check, Evidence, Judged, Limit, Rate
from mixguard.checks.terms import TRAINED
from mixguard.signals.base import Examples, Page, Row, Signal
from mixguard.stats import rate as percent

LONG, OUTLINE = 150, 30
"""Words of the shortest prose that counts, and of the shortest outline or opening."""
MARKS = 2
"""Lines of a list or headings that prose may have."""
RATIO, CONTAINED = 2.0, 0.4
"""How much longer than its outline prose is, and how much of the outline's content words it holds."""
TOLD_FROM, WARN_FROM = 0.01, 10
"""Share of what is trained from which it is told, and exchanges from which it warns."""
_CUES = (
    # Told in the past, of persons, in the words of scenes, with speech: no report or biography has all of these.
    (
        r"(?i)(?-u:\b)(?:[a-z]{3,}ed|was|were|had|said|went|came|saw|thought|felt|knew|took|stood|sat|told|got|made|began|ran|fell|kept|held|left|heard|gave|found|lay|spoke|rose|drew|caught|woke)(?-u:\b)",
        0.05,
    ),
    (r"(?i)(?-u:\b)(?:he|she|him|her|his|hers|i|me|my|they|them|himself|herself)(?-u:\b)", 0.05),
    (
        r"(?i)(?-u:\b)(?:eyes?|faces?|hands?|voice|door|whispered|smil(?:ed|es)|turn(?:ed|s)|look(?:ed|s)|stared|stood|heart|head|silence|night|window|walked|breath|shoulders?|fingers?|lips|sat|shook|nodded|laughed|cried|shouted|hair|mouth|arms?|floor|wall|chair|darkness|rain|wind|glanced|sighed|murmured|leaned|watched|gazed)(?-u:\b)",
        0.012,
    ),
    (
        r"[\"\u201c\u00ab][^\"\u201d\u00bb\n]{2,300}[,.!?\u2014\u2026][\"\u201d\u00bb]|(?m)^\s*[\u2014\u2013-] ?[A-Z]",
        0.006,
    ),
)
"""Patterns with the share of a narrative's words that each reaches."""
_PERSONS, _ENOUGH = 1, 3
"""The cue that no narrative lacks, and how many it has."""
_MARKUP = r"(?m)^\s*(?:[-*\u2022]\s|\d+[.)]\s|#|\||```)"


def _words(text: pl.Expr) -> pl.Expr:
    return text.str.count_matches(" ", literal=True) + 1


def _narrative(column: str) -> pl.Expr:
    """Whether a text reads like a scene of a story."""
    text = pl.col(column).str.slice(0, READ)
    cues = [text.str.count_matches(pattern) >= share * _words(text) for pattern, share in _CUES]
    return (pl.sum_horizontal(cue.cast(pl.UInt8) for cue in cues) >= _ENOUGH) & cues[_PERSONS]


def _plain(column: str) -> pl.Expr:
    """Whether a text is running prose of some length, without lists and headings."""
    text = pl.col(column).str.slice(0, READ)
    return (_words(text) >= LONG) & (text.str.count_matches(_MARKUP) <= MARKS)


def _content(column: str) -> pl.Expr:
    """The words of five letters or more, once each."""
    return pl.col(column).str.slice(0, READ).str.to_lowercase().str.extract_all(r"\p{L}{5,}").list.unique()


class LiteraryAnnotator:
    """Notes answers in literary prose that write an outline out or go on with a passage."""

    reads = ("prompt", "response")
    writes = pl.Schema({"literary": pl.String})

    def __call__(self, batch: Batch) -> pl.DataFrame:
        """Column `literary`: `outline` or `opening`, what the prose is made from; null if it is no such prose."""
        row = pl.int_range(pl.len(), dtype=pl.UInt32).alias("row")
        rows = batch.frame.select(row, *self.reads).filter(_words(pl.col("prompt")) >= OUTLINE)
        rows = rows.filter(_plain("response")).filter(_narrative("response"))
        held = _content("prompt").list.set_intersection(_content("response")).list.len()
        contained = held / _content("prompt").list.len()
        ratio = pl.col("response").str.len_chars() / pl.col("prompt").str.len_chars()
        goes_on = Phrases.load("literary", "continue").there("prompt") | (
            _plain("prompt") & _narrative("prompt")
        )
        made = (
            pl.when(goes_on & (contained < 2 * CONTAINED)).then(pl.lit("opening"))
            .when((ratio >= RATIO) & (contained >= CONTAINED)).then(pl.lit("outline"))
        )  # fmt: skip
        found = pl.Series("literary", [None], dtype=pl.String).new_from_index(0, batch.frame.height)
        return found.scatter(rows["row"], rows.select(made).to_series()).to_frame()


def _judge(rate: Rate, evidence: Evidence) -> Judged:
    if not rate.count:
        return Judged("pass", "no response writes literary prose out from an outline or an opening")
    chars, shown = pl.col("response_chars").cast(pl.UInt64), pl.col("literary").is_not_null()
    trained = evidence.frame.filter(TRAINED).select(all=chars.sum(), shown=chars.filter(shown).sum())
    whole, part = trained.collect().row(0)
    share = part / whole if whole else 0.0
    kinds = " and ".join(f"{number:,} from an {kind}" for kind, number in rate.commonest)
    writes = "response writes" if rate.count == 1 else "responses write"
    message = f"{rate.count:,} {writes} literary prose out ({kinds}): {percent(part, whole)} of the characters trained"
    if share < TOLD_FROM:
        return Judged("pass", message)
    return Judged("warn" if share > rate.limit and rate.count >= WARN_FROM else "note", message)


def _spans(row: Row) -> Sequence[Span]:
    asked = Phrases.load("literary", "continue").spans("prompt", row.get("prompt"))
    text = row.get("response") or ""
    return [*asked, *([Span("response", 0, len(text), "literary prose")] if text else ())]


_OUTLINE = (
    "Write a scene of about two hundred words from this summary. Martha comes home late after her shift at the bakery and finds the"
    " kitchen window open. Her brother Peter, whom she has not seen in years, sits at the table and asks her for the letters of their mother."
)
_SCENE = (
    "Martha came home late that night, with flour still on her sleeves from the shift at the bakery. The kitchen window stood open, and the"
    " curtain moved in the wind. She put her hand on the door and listened. Somebody was breathing inside. \"You took your time,\" said a voice"
    " that she knew. Peter sat at the table with his back to the wall. She had not seen her brother in nine years, and his hair had gone grey."
    " \"You could have knocked,\" she said. He smiled, but his eyes did not. He turned his cup around and around between his fingers. \"I came"
    " for the letters,\" he said. \"Mother's letters. I know that you kept them.\" Martha looked at the floor. Her heart was loud. She thought of"
    " the box under the stairs, of the summer when she had read them all, one after another, while the rain fell. \"They are mine,\" she"
    " said at last. He shook his head and stood up slowly. \"They were never yours,\" he whispered, and walked past her to the stairs."
    " She heard the boards creak, one by one, and she did not follow him."
)  # fmt: skip

LITERARY = Signal(
    name="prose from an outline",
    about="writes literary prose out from an outline or an opening",
    annotator=LiteraryAnnotator(),
    spans=_spans,
    page=Page(
        measures="Share of the trained characters in answers of 150 words or more that read like a scene of a story (told in the past, of persons, in words of scenes, with speech), where the prompt is a shorter outline of which they hold 40 % of the content words, or a passage to go on with.",
        blind="Whether a person or a model wrote the prose, which matters most. Verse, and prose in other languages than English.",
        cost="Counts of words and marks in long answers.",
        examples=Examples(
            shows=({"prompt": _OUTLINE, "response": _SCENE},),
            spares=(
                {
                    "prompt": _SCENE,
                    "response": "Martha finds her brother in her kitchen; he takes their mother's letters.",
                },
                {"prompt": "Write a story about a brother and a sister.", "response": _SCENE},
            ),
        ),
    ),
    check=Check(
        id="MG212",
        name="prose-from-outline",
        kind="quality",
        severities=("note", "warn"),
        cases=(
            Case(among=TRAINED, flags=pl.col("literary").is_not_null(), judge=_judge, by=pl.col("literary")),
        ),
        limit=Limit(
            0.1,
            "Share of the trained characters in such prose that triggers a warning, from 10 exchanges on. Judgement.",
        ),
        why="Human literary prose written out from summaries re-opens text that the model memorised, of other authors too; synthetic prose did not.",
        source="arXiv 2603.20957: up to 85 to 90 % of held-out books reproduced after tuning on summaries and their passages, next to nothing after synthetic prose",
        remedy="Use synthetic prose, or prose that you hold the rights to, and test the tuned model for verbatim passages.",
        mechanisms=("M50", "M51"),
    ),
)
