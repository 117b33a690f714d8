"""Two answers side by side, and which of them a row calls the better one."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Literal, NamedTuple, TypeAlias

from mixguard.corpus.formats.names import filled, key
from mixguard.corpus.records import Row

Winner: TypeAlias = "Literal[0, 1, 'tie']"
"""Which of the two answers is better; None, where it is one, stands for: the row does not say."""

STEMS = (
    "response", "answer", "completion", "output", "generation", "reply", "conversation", "humanref", "summary",
    "candidate", "assistant", "solution", "story", "continuation",
)  # fmt: skip
_SIDES = (
    ("0", "1", "2"),
    ("1", "2", "3"),
    ("a", "b", "c"),
    ("left", "right", ""),
    ("first", "second", "third"),
)
"""What two answers are told apart by, and what a third one would be called."""
_FORMS = ("{0}{1}", "{1}{0}", "model{1}{0}", "{0}model{1}", "model{1}s{0}")

_NAMING = (
    "betterresponseid", "betterresponse", "betteranswer", "betterid", "better", "preferredresponseid", "preferredresponse",
    "preferredanswer", "preferredid", "preferredoutput", "preferred", "winner", "winnerid", "winnerresponse", "winningresponse",
    "chosenid", "chosenresponse", "chosen", "bestresponse", "bestanswer", "best", "choice", "selected", "selectedresponse",
    "preference", "humanpreference", "preferencelabel", "humanlabel", "verdict", "judgment", "judgement", "decision",
    "labels", "label",
)  # fmt: skip
_SIGNED = ("overallpreference", "preferencestrength")
"""Below zero for the first answer, above for the second (nvidia/HelpSteer2 and 3)."""
_GRADES = ("score", "rating", "reward", "grade", "votes", "upvotes")
_TIES = frozenset(
    (
        "tie",
        "tied",
        "ties",
        "tiebothbad",
        "bothbad",
        "bothgood",
        "both",
        "neither",
        "equal",
        "same",
        "draw",
        "none",
    )
)
_OWNERS = re.compile(rf"^(?:the|model|option|chatbot|bot|{'|'.join(STEMS)})+")


class Twins(NamedTuple):
    """The columns of two answers."""

    first: str
    second: str
    stem: str
    sides: tuple[str, str]
    more: bool
    """Whether there is a third."""


def twins_of(row: Row) -> Twins | None:
    """Two answers to one prompt, by their columns' names."""
    return _twins(tuple(filled(row).items()))


@lru_cache(maxsize=512)
def _twins(columns: tuple[tuple[str, str], ...]) -> Twins | None:
    names = dict(columns)
    for stem in STEMS:
        for form in _FORMS:
            for one, two, three in _SIDES:
                first, second = names.get(form.format(stem, one)), names.get(form.format(stem, two))
                if first is not None and second is not None:
                    more = bool(three) and form.format(stem, three) in names
                    return Twins(first, second, stem, (one, two), more)
    return None


class Verdict(NamedTuple):
    """Which answer is better, and where the row says so."""

    winner: Winner
    column: str


def verdict_of(row: Row, twins: Twins) -> Verdict | None:
    """Which answer is better; None if no column says so in a way that leaves no doubt."""
    columns = filled(row)
    for name in _NAMING:
        column = columns.get(name)
        winner = None if column is None else _named(row[column], name, row, twins)
        if column is not None and winner is not None:
            return Verdict(winner, column)
    for name in _SIGNED:
        number = _number(row[columns[name]]) if name in columns else None
        if number is not None:
            return Verdict("tie" if number == 0 else int(number > 0), columns[name])  # type: ignore[arg-type]
    return _one_hot(row, twins, columns) or _graded(row, twins, columns)


def _named(value: Any, name: str, row: Row, twins: Twins) -> Winner | None:
    """The answer that a value names: by number, by letter, by its model, or by its text."""
    if twins.stem == "humanref" and name in ("label", "labels"):  # stanfordnlp/SHP: 1 is the first
        return {1.0: 0, 0.0: 1}.get(_number(value))  # type: ignore[return-value, arg-type]
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    number = _number(value)
    if number is not None:
        side = str(int(number)) if number.is_integer() else ""
        return _index(side, twins)
    said = key(str(value))
    if said in _TIES:
        return "tie"
    texts = (row[twins.first], row[twins.second])
    models = tuple(row.get(filled(row).get(f"model{side}", "")) for side in twins.sides)
    for pair in (texts, models):
        if value in pair and pair[0] != pair[1]:
            return 0 if value == pair[0] else 1
    return _index(_OWNERS.sub("", said) if len(said) < 40 else "", twins)


def counts_from_zero(row: Row) -> bool:
    """Whether a column that names the better answer holds the number 0."""
    columns = filled(row)
    named = next((row[columns[name]] for name in _NAMING if name in columns), None)
    return named is not None and not isinstance(named, bool) and _number(named) == 0


def _index(side: str, twins: Twins) -> Winner | None:
    if side not in twins.sides:
        return None
    return 0 if side == twins.sides[0] else 1


def _one_hot(row: Row, twins: Twins, columns: Mapping[str, str]) -> Verdict | None:
    """A column per outcome, as in the arena's `winner_model_a`, `winner_model_b`, `winner_tie`."""
    outcomes: tuple[Winner, ...] = (0, 1, "tie")
    for form in ("winnermodel{}", "winner{}", "{}wins", "is{}better", "ischosen{}"):
        names = [columns.get(form.format(side)) for side in twins.sides]
        names.append(columns.get("winnertie") or columns.get("tie"))
        won = [n for n, name in enumerate(names) if name is not None and _number(row[name]) == 1]
        if None not in names[:2] and len(won) == 1:
            return Verdict(outcomes[won[0]], str(names[won[0]]))
    return None


def _graded(row: Row, twins: Twins, columns: Mapping[str, str]) -> Verdict | None:
    """A grade per answer: `score_0` and `score_1`."""
    for grade in _GRADES:
        for form in ("{0}{1}", "{1}{0}", f"{twins.stem}{{1}}{{0}}", f"{{0}}{twins.stem}{{1}}"):
            names = [columns.get(form.format(grade, side)) for side in twins.sides]
            grades = [None if name is None else _number(row[name]) for name in names]
            if grades[0] is not None and grades[1] is not None:
                winner: Winner = "tie" if grades[0] == grades[1] else (0 if grades[0] > grades[1] else 1)
                return Verdict(winner, str(names[0]))
    return None


def _number(value: Any) -> float | None:
    """A number, a truth value as 0 or 1, or the text of either."""
    if isinstance(value, str) and value.strip().casefold() in ("true", "false"):
        return float(value.strip().casefold() == "true")
    try:
        return float(value) if isinstance(value, bool | int | float | str) else None
    except (ValueError, OverflowError):
        return None
