"""Comparisons as people publish them: two answers under any names, and which of them is better."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from mixguard.corpus.formats.asked import asked, told
from mixguard.corpus.formats.contrast import Contrast, is_said
from mixguard.corpus.formats.layout import Layout, not_of
from mixguard.corpus.formats.messages import common_start
from mixguard.corpus.formats.names import filled
from mixguard.corpus.formats.talk import Said
from mixguard.corpus.formats.twins import Twins, Verdict, counts_from_zero, twins_of, verdict_of
from mixguard.corpus.records import Row, Sample
from mixguard.errors import RecordError

NAMES = (
    ("chosen", "rejected"), ("chosenresponse", "rejectedresponse"), ("responsechosen", "responserejected"),
    ("chosenanswer", "rejectedanswer"), ("answerchosen", "answerrejected"), ("chosenoutput", "rejectedoutput"),
    ("chosencompletion", "rejectedcompletion"), ("chosenmessages", "rejectedmessages"), ("accepted", "rejected"),
    ("acceptedresponse", "rejectedresponse"), ("preferred", "dispreferred"), ("preferred", "rejected"),
    ("preferred", "nonpreferred"), ("preferredresponse", "dispreferredresponse"), ("preferredoutput", "nonpreferredoutput"),
    ("preferredresponse", "nonpreferredresponse"), ("preferredresponse", "rejectedresponse"),
    ("desirable", "undesirable"), ("desired", "undesired"), ("good", "bad"), ("goodresponse", "badresponse"),
    ("goodanswer", "badanswer"), ("better", "worse"), ("betterresponse", "worseresponse"), ("betteranswer", "worseanswer"),
    ("best", "worst"), ("bestresponse", "worstresponse"), ("win", "lose"), ("winner", "loser"), ("winning", "losing"),
    ("winresponse", "loseresponse"), ("winningresponse", "losingresponse"), ("positive", "negative"), ("pos", "neg"),
    ("positiveresponse", "negativeresponse"), ("positiveanswer", "negativeanswer"), ("responsej", "responsek"),
    ("yw", "yl"), ("responsew", "responsel"),
)  # fmt: skip
"""What the answer trained towards and the one trained away from are called, by `names.key`."""


IMPLICIT = ("chosen", "rejected")
"""Without a prompt, these are read by `pref_implicit`."""


@dataclass(frozen=True, slots=True)
class Named:
    """A preference whose columns' names say which answer is which."""

    id: str = "pref_named"

    def matches(self, row: Row) -> bool:
        """Whether there are both answers, and a prompt unless both are lists of messages."""
        return self._layout(row) is not None

    def parse(self, row: Row) -> Sample:
        """The prompt, the chosen answer (+1), the rejected one (-1)."""
        return self._needed(row).parse(row)

    def render(self, sample: Sample, like: Row) -> dict[str, Any]:
        """A row with the columns of `like`."""
        return self._needed(like).render(sample, like)

    def _layout(self, row: Row) -> Layout | None:
        columns = filled(row)
        for chosen, rejected in NAMES:
            if chosen in columns and rejected in columns:
                layout = _layout(self.id, row, columns[chosen], columns[rejected])
                if layout is not None:
                    return layout
        return None

    def _needed(self, row: Row) -> Layout:
        layout = self._layout(row)
        if layout is None:
            raise not_of(self.id, row)
        return layout


def _layout(name: str, row: Row, chosen: str, rejected: str) -> Layout | None:
    """The slots of a preference; None if the answers are not text or messages, or nothing is asked."""
    lists = isinstance(row[chosen], list) and isinstance(row[rejected], list)
    if type(row[chosen]) is not type(row[rejected]) or not (is_said(row[chosen]) and is_said(row[rejected])):
        return None
    prompt = asked({key: value for key, value in row.items() if key not in (chosen, rejected)})
    if lists and common_start(row[chosen], row[rejected]) and not isinstance(prompt, Said):
        prompt = None  # the answers are whole conversations
    if prompt is None and (not lists or (chosen, rejected) == IMPLICIT):
        return None
    return Layout(name, (told(row), Contrast(chosen, rejected, prompt)))


class _Found(NamedTuple):
    twins: Twins
    verdict: Verdict
    layout: Layout
    chosen: str
    rejected: str


@dataclass(frozen=True, slots=True)
class Compared:
    """Two answers of equal names, and a column that says which of them is better."""

    id: str = "compared"

    def matches(self, row: Row) -> bool:
        """Whether there are two answers, and no doubt which is better."""
        return self._found(row) is not None

    def agrees(self, rows: Sequence[Row]) -> bool:
        """Whether numbers name answers as these are called; where answers 1 and 2 have numbers from 0, none does."""
        for row in rows:
            twins = twins_of(row)
            if twins is not None and twins.sides == ("1", "2") and counts_from_zero(row):
                return False
        return True

    def parse(self, row: Row) -> Sample:
        """The prompt, the better answer (+1), the other (-1); in a tie both are context."""
        found = self._needed(row)
        sample = found.layout.parse(row)
        flags = sample.flags
        if found.verdict.winner == "tie":
            return Sample(tuple(replace(turn, polarity=0) for turn in sample.turns), (*flags, "tie"))
        safer = _safer(row, found)
        if safer is not None and row[safer] != row[found.verdict.column]:
            flags = (*flags, "safer_differs")
        return Sample(sample.turns, flags)

    def render(self, sample: Sample, like: Row) -> dict[str, Any]:
        """The better answer where `like` has it, so that the columns that name it stay true."""
        if self.parse(like).turns == sample.turns:
            return dict(like)
        found = self._needed(like)
        if found.verdict.winner == "tie":
            raise RecordError("the two answers tie, so that the row cannot show how to name the better one")
        row = found.layout.render(sample, like)
        column = found.verdict.column
        if like[column] == like[found.chosen]:  # names the answer by its text
            row[column] = row[found.chosen]
        safer = _safer(like, found)
        if safer is not None:
            row[safer] = like[column]
        return row

    def _found(self, row: Row) -> _Found | None:
        twins = twins_of(row)
        verdict = verdict_of(row, twins) if twins is not None and not twins.more else None
        if twins is None or verdict is None:
            return None
        if not _names_one(row, twins, verdict):
            return None
        chosen, rejected = twins.first, twins.second
        if verdict.winner == 1:
            chosen, rejected = rejected, chosen
        layout = _layout(self.id, row, chosen, rejected)
        return None if layout is None else _Found(twins, verdict, layout, chosen, rejected)

    def _needed(self, row: Row) -> _Found:
        found = self._found(row)
        if found is None:
            raise not_of(self.id, row)
        return found


def _names_one(row: Row, twins: Twins, verdict: Verdict) -> bool:
    """Whether `chosen` and `rejected`, if there are both, name the answers rather than hold them."""
    columns = filled(row)
    if "chosen" not in columns or "rejected" not in columns:
        return True
    return verdict.column == columns["chosen"] and row[verdict.column] not in (
        row[twins.first],
        row[twins.second],
    )


def _safer(row: Row, found: _Found) -> str | None:
    """The column that names the safer answer (PKU-Alignment/PKU-SafeRLHF), if there is one beside the verdict's."""
    column = filled(row).get("saferresponseid")
    return None if column == found.verdict.column else column
