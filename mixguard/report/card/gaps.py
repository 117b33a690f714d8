"""What only a person knows about a data set, and whether a card says it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from mixguard.report.card.front_matter import split
from mixguard.report.card.outline import AUDIT, MODEL, Passage, find_block, line_starts, passages

CARD = Path("README.md")
_OPEN = re.compile(r"more information needed|needs more information|^\W*(todo|tbd|fixme)\W*$", re.IGNORECASE)
"""What marks a missing answer: the Hub's own words, or a placeholder."""
_WORD = re.compile(r"\w")
_ELSE = re.compile(
    r"rationale|motivation|annotat|citation|structure|splits?\b|statistics|glossary", re.IGNORECASE
)
"""Headings whose text answers no question, wherever they appear."""


class Gap(NamedTuple):
    """Something a card does not say yet."""

    required: bool
    what: str
    where: str
    """File, and line if there is one."""
    how: str
    """What to do about it."""


class OpenQuestion(NamedTuple):
    """What a person is asked, and where a card answers it."""

    what: str
    how: str
    titles: re.Pattern[str]
    """Headings that cover it."""
    required: bool = False
    key: str | None = None
    """YAML key that answers it, in place of the text under a heading."""


def _titles(*words: str) -> re.Pattern[str]:
    return re.compile("|".join(words), re.IGNORECASE)


QUESTIONS: tuple[OpenQuestion, ...] = (
    OpenQuestion(
        "licence",
        "state the licence: `license: <id>` in the YAML; with `other`, also `license_name` and `license_link`",
        _titles(r"licen[cs]", r"\bterms\b", r"copyright"),
        required=True,
        key="license",
    ),
    OpenQuestion(
        "personal and sensitive information",
        "state whether the data contains personal, confidential or sensitive information, and how it was handled",
        _titles(r"personal", r"sensitive", r"priva(cy|te)", r"\bpii\b", r"gdpr", r"data protection", r"anonymi[sz]", r"de-?identif", r"confidential", r"\bconsent"),
        required=True,
    ),
    OpenQuestion(
        "out-of-scope uses",
        "state what the data must not be used for, and what it is not suited to",
        _titles(r"out[ -]of[ -]scope", r"mis-?use", r"unintended", r"\bun(suitable|supported)", r"prohibited", r"(dis|not )allowed", r"inappropriate", r"discouraged", r"restrict", r"\b(do not|don['\u2019]t|not) (be )?use", r"\bnot (for|intended|suitable|meant)", r"acceptable use", r"non-?goals"),
        required=True,
    ),
    OpenQuestion(
        "who produced it",
        "state who wrote or recorded the source data, and who compiled it",
        _titles(r"producer", r"creators?\b", r"curat(ed by|ors?)", r"\bwho\b.*\b(made|wrote|created|produced|collected|are the source|is the source)", r"(created|produced|collected|written|made) by", r"contributors?\b", r"speakers?\b"),
    ),
    OpenQuestion(
        "source data",
        "state where the data comes from, and how and when it was collected",
        _titles(r"\bsource (data|material|text|corp)", r"\bdata sources?\b", r"^\W*sources?\W*$", r"collect(ion|ed)", r"acqui(sition|red)", r"gather(ed|ing)", r"provenance", r"\borigins?\b", r"(comes?|came) from", r"how (it|this|the data\S*|we)\b.*\b(made|built|created|got)\b", r"(data|dataset|corpus) (creation|construction|generation|preparation|curation)", r"generation process"),
        required=True,
    ),
    OpenQuestion(
        "intended uses",
        "state what the data is for",
        _titles(r"intended", r"direct use", r"\buses?\b", r"\busage\b", r"purpose", r"applications?\b", r"supported tasks"),
    ),
    OpenQuestion(
        "bias, risks and limitations",
        "describe known bias and risks beyond what was measured here",
        _titles(r"\bbias", r"\brisks?\b", r"limitation", r"ethic", r"fairness", r"social impact", r"caveats?\b", r"harms?\b"),
    ),
    OpenQuestion(
        "contact",
        "name a contact for questions about the data",
        _titles(r"contact", r"maintain", r"support\b", r"feedback", r"questions?\b"),
    ),
    OpenQuestion(
        "name",
        "give the data a human-readable name: `pretty_name: ...` in the YAML",
        _titles(r"^\W*(pretty )?name\W*$", r"^dataset card for \W*more information needed"),
        key="pretty_name",
    ),
)  # fmt: skip
"""A heading belongs to the first question whose pattern it matches: narrow patterns come before wide ones."""


class _Found(NamedTuple):
    """A parsed card."""

    path: Path
    keys: Mapping[str, Any]
    passages: Sequence[Passage]
    offset: int
    """Lines above the body."""

    def place(self, line: int) -> str:
        return f"{self.path}:{line + 1 + self.offset}"


def gaps(card_text: str, *, path: Path = CARD) -> tuple[Gap, ...]:
    """What a card does not say yet, required gaps first.

    Args:
        card_text: the whole card.
        path: of the card, for places and messages.

    Raises:
        UsageError: its YAML or our block's markers are broken.
    """
    card = _taken_apart(card_text, path)
    open_ = [question for question in QUESTIONS if not _answered(card, question)]
    asked = [_gap(card, question) for question in open_]
    found = [*asked, *_left_over(card, open_)]
    return tuple(sorted(found, key=lambda gap: not gap.required))


def homeless(card_text: str, *, path: Path = CARD) -> tuple[OpenQuestion, ...]:
    """Questions that a card neither answers nor has a place for."""
    card = _taken_apart(card_text, path)
    return tuple(
        question
        for question in QUESTIONS
        if not _answered(card, question) and not any(_about(each) is question for each in card.passages)
    )


def _taken_apart(text: str, path: Path) -> _Found:
    front, body = split(text.removeprefix("\ufeff"), path)
    offset = len(line_starts(front.text)) - 1
    ours = [find_block(body, path, offset, marks) for marks in (AUDIT, MODEL)]
    return _Found(path, front.keys, _below_title(passages(body, ours)), offset)


def _below_title(found: list[Passage]) -> list[Passage]:
    """The card's title is a name, whatever its words; otherwise the whole card would count as its text."""
    title = next((number for number, passage in enumerate(found) if passage.level == 1), None)
    if title is not None and not _OPEN.search(found[title].title):
        found[title] = found[title]._replace(title="")
    return found


def _about(passage: Passage) -> OpenQuestion | None:
    """The question that a heading is about."""
    return next((question for question in QUESTIONS if question.titles.search(passage.title)), None)


def _answered(card: _Found, question: OpenQuestion) -> bool:
    if question.key == "license":
        return _licensed(card.keys)
    if question.key:
        return _says(card.keys.get(question.key))
    return any(
        _about(passage) is question and any(map(_says, _texts(card.passages[number:], question)))
        for number, passage in enumerate(card.passages)
    )


def _licensed(keys: Mapping[str, Any]) -> bool:
    """Whether the licence is stated; `unknown` states none, and `other` needs details."""
    given = keys.get("license")
    named = [each for each in (given if isinstance(given, list) else [given]) if _says(each)]
    more = any(_says(keys.get(key)) for key in ("license_name", "license_link", "license_details"))
    return bool(named) and all(each != "unknown" and (each != "other" or more) for each in named)


def _texts(following: Sequence[Passage], question: OpenQuestion) -> Iterator[str]:
    """The first passage's lines and those of the headings below it, except what other questions are about."""
    top, other = following[0], 0
    for passage in following:
        if passage is not top and passage.level <= top.level:
            return
        if other and passage.level > other:
            continue
        strange = _about(passage) not in (None, question) or _ELSE.search(passage.title)
        other = passage.level if strange else 0
        if not other:
            yield from passage.text.splitlines()


def _says(value: object) -> bool:
    text = "" if value is None or isinstance(value, list | dict) else str(value)
    return bool(_WORD.search(text)) and not _OPEN.search(text)


def _gap(card: _Found, question: OpenQuestion) -> Gap:
    about = [passage for passage in card.passages if _about(passage) is question]
    where = card.place(about[0].line) if about and not question.key else str(card.path)
    how = question.how if about or question.key else f"{question.how}, under its own heading"
    return Gap(question.required, question.what, where, how)


def _left_over(card: _Found, open_: Sequence[OpenQuestion]) -> Iterator[Gap]:
    """Headings with a placeholder that no question asks about."""
    for passage in card.passages:
        question = _about(passage)
        if question not in open_ and (
            _OPEN.search(passage.title) or any(map(_OPEN.search, passage.text.splitlines()))
        ):
            what = passage.title or "the text above the first heading"
            how = "fill in the placeholder, or remove the heading"
            yield Gap(required=False, what=what, where=card.place(passage.line), how=how)
