"""Labels that say whether an answer is wanted: their columns, their words, and how to write them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from mixguard.corpus.formats.names import filled
from mixguard.corpus.records import Row

_PAIRS = (
    ("desirable", "undesirable"), ("desired", "undesired"), ("wanted", "unwanted"), ("chosen", "rejected"),
    ("accepted", "rejected"), ("accept", "reject"), ("approved", "rejected"), ("approved", "disapproved"),
    ("preferred", "dispreferred"), ("preferred", "rejected"), ("good", "bad"), ("thumbs up", "thumbs down"),
    ("thumbsup", "thumbsdown"), ("thumb up", "thumb down"), ("upvote", "downvote"), ("upvoted", "downvoted"),
    ("up", "down"), ("like", "dislike"), ("liked", "disliked"), ("👍", "👎"), ("positive", "negative"), ("pos", "neg"),
    ("yes", "no"), ("true", "false"), ("1", "0"), ("1.0", "0.0"), ("1", "-1"), ("1.0", "-1.0"),
)  # fmt: skip
"""Words for a wanted and an unwanted answer."""
_TRUTH: Mapping[str, bool] = {
    word: wanted for pair in _PAIRS for word, wanted in zip(pair, (True, False), strict=True)
}
_TWO_VALUED = {"true", "false", "1", "0", "1.0", "0.0"}
_LOOSE = _TWO_VALUED - {"true", "false"} | {
    "positive",
    "negative",
    "pos",
    "neg",
    "yes",
    "no",
    "up",
    "down",
    "-1",
    "-1.0",
}
"""Words that are as often the names of two classes."""
_CLEAR = {"thumbs up", "thumbs down", "thumbsup", "thumbsdown", "thumb up", "thumb down", "👍", "👎", "upvote", "downvote", "upvoted",
          "downvoted", "like", "dislike", "liked", "disliked"}  # fmt: skip
"""Words that are grades of nothing else."""

_WANTED = (
    "desirable", "isdesirable", "desired", "isgood", "good", "isgoodanswer", "isgoodresponse", "ischosen", "chosen",
    "ispreferred", "preferred", "accepted", "isaccepted", "approved", "isapproved", "thumbsup", "liked", "isliked", "upvoted", "ktolabel",
)  # fmt: skip
_UNWANTED = (
    "undesirable", "isundesirable", "undesired", "isbad", "bad", "isrejected", "rejected", "thumbsdown", "disliked", "isdisliked", "downvoted",
)  # fmt: skip
_OPINIONS = (
    "feedback", "userfeedback", "humanfeedback", "rating", "userrating", "thumbs", "thumb", "reaction", "vote", "uservote", "desirability",
)  # fmt: skip
"""Columns of opinions: read if they hold a word for one, while numbers are grades."""
COLUMNS = frozenset(("ktotag", "label", *_WANTED, *_UNWANTED, *_OPINIONS))
"""Columns that may hold a label, by `names.key`."""


class Label(NamedTuple):
    """Whether a row calls its answer wanted."""

    column: str
    wanted: bool | None
    """None if the label says neither."""
    loose: bool = False
    """Whether the label may as well be a class: `0`, `yes`."""
    inverted: bool = False
    """Whether true means unwanted."""


def truth(label: Any) -> bool | None:
    """The truth value of a label: a bool, 0/1 or a string of either; None if it is neither."""
    if isinstance(label, bool):
        return label
    word = _word(label)
    return _TRUTH[word] if word in _TWO_VALUED else None


def opinion(label: Any) -> bool | None:
    """Whether a label calls an answer wanted, in any of the words for it; None if it says neither."""
    return label if isinstance(label, bool) else _TRUTH.get(_word(label))


def label_of(row: Row) -> Label | None:
    """The label of a row's answer; None if no column can be one."""
    columns = filled(row)
    if COLUMNS.isdisjoint(columns):
        return None
    if "ktotag" in columns:
        return Label(columns["ktotag"], opinion(row[columns["ktotag"]]))
    for name in (*_WANTED, *_UNWANTED):
        said = opinion(row[columns[name]]) if name in columns else None
        if said is not None:
            inverted = name in _UNWANTED and _word(row[columns[name]]) not in (
                "undesirable",
                "rejected",
                "bad",
            )
            return Label(columns[name], said is not inverted, inverted=inverted)
    if "label" in columns and opinion(row[columns["label"]]) is not None:
        value = row[columns["label"]]
        return Label(
            columns["label"], opinion(value), loose=not isinstance(value, bool) and _word(value) in _LOOSE
        )
    for name in _OPINIONS:
        value = row[columns[name]] if name in columns else None
        if isinstance(value, str | bool) and opinion(value) is not None and not _is_number(value):
            return Label(columns[name], opinion(value), loose=_word(value) not in _CLEAR)
    return None


def spelt_like(answer: bool, like: Any) -> Any:  # noqa: FBT001 - the value written, not a switch
    """A label in the type and spelling of another one."""
    if isinstance(like, bool) or not isinstance(like, int | float | str):
        return answer
    if opinion(like) is answer:
        return like
    if not isinstance(like, str):
        return type(like)(1 if answer else (0 if like == 1 else like))
    pair = next((pair for pair in _PAIRS if _word(like) in pair), ("true", "false"))
    return _styled(pair[0] if answer else pair[1], like)


def _styled(word: str, like: str) -> str:
    """A word with the separators and the letter case of another."""
    mark = re.search(r"(?<=\w)[\s_-]+(?=\w)", like.replace("_", " _ ").replace(" _ ", "_"))
    between = re.search(r"[\s_-]", like.strip())
    word = word.replace(" ", between.group() if between and mark is not None else "_")
    if like.isupper():
        return word.upper()
    return word.capitalize() if like.strip()[:1].isupper() else word


def _word(value: Any) -> str:
    if not isinstance(value, int | float | str):
        return ""
    try:
        return re.sub(r"[\s_-]+(?=\D)", " ", str(value).strip().casefold())
    except ValueError:  # Python refuses to print integers with thousands of digits
        return ""


def _is_number(value: Any) -> bool:
    return isinstance(value, str) and _word(value).lstrip("-")[:1].isdecimal()
