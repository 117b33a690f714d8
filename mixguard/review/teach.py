"""Decisions become exemplars of the user's own taxonomy, so that the next audit judges such texts as the reviewer did."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal, NamedTuple

import polars as pl

from mixguard.annotate.requests import requests
from mixguard.catalogue import BY_ID
from mixguard.curate.taxonomy_add import keep, opened, spelt_out
from mixguard.library.exemplars import Exemplar, parse_line, read_lines
from mixguard.library.taxonomy import Taxonomy
from mixguard.review.decision import Decision

FILE = Path("exemplars") / "reviewed.jsonl"
"""Where they are kept in the folder: apart from lines written by hand, since these are written anew."""
LONGEST = 1000
"""Characters of a prompt that is taken whole, about what the encoder sees at once; of a longer one, the line that asks."""


class Taught(NamedTuple):
    """What became of the decisions that can teach."""

    file: Path
    """Where the exemplars are."""
    exemplars: int
    """Exemplars that these decisions make, each text once."""
    new: int
    """Of these, how many were not there before."""
    long: int
    """Prompts left out as too long for an exemplar, without a line that asks."""
    contrary: int
    """Prompts left out since the taxonomy, or another decision, says otherwise, or has no such hazard."""
    missing: int
    """Decisions whose text was not given."""


class _Lesson(NamedTuple):
    """What a text is said to be."""

    label: Literal["violating", "benign"]
    hazard: str | None
    note: str

    @property
    def means(self) -> tuple[str, str | None]:
        return self.label, self.hazard


def teach(
    decisions: Mapping[str, Decision],
    texts: Mapping[str, str],
    folder: Path,
    *,
    base: str = "mixguard",
    set_aside: bool = False,
) -> Taught:
    """Write what was decided as exemplars to a taxonomy folder; a missing one is created, extending `base`.

    Models are fitted on first use, or by `mixguard.fit.build.build(str(folder), config)`.

    Args:
        decisions: the decisions that hold, by text id.
        texts: prompts of all exchanges that were reviewed, by text id; one without a decision teaches nothing any more.
        folder: the user's taxonomy.
        base: what a new folder extends.
        set_aside: whether rows set aside for an answered hazard show that hazard.

    Raises:
        TaxonomyError: the folder is not a taxonomy, or holds an invalid line; nothing is written.
    """
    taxonomy = opened(folder, base)
    earlier = _earlier(folder / FILE)
    lessons = {
        each.text_id: lesson for each in decisions.values() if (lesson := _lesson(each, set_aside=set_aside))
    }
    asked = {text_id: asking for text_id, prompt in texts.items() if (asking := _asking(prompt.strip()))}
    others = {
        text.casefold(): (label, hazard)
        for text, label, hazard in taxonomy.exemplars.select("text", "label", "hazard").iter_rows()
        if text.casefold() not in earlier
    }
    said = _by_text(lessons, asked)
    agreed = {text: found for text, each in said.items() if (found := _agreed(text, each, taxonomy, others))}
    taught = {
        text.casefold(): _exemplar(text, lesson, taxonomy)
        for text, lesson in agreed.items()
        if text.casefold() not in others
    }
    forgotten = {text.casefold() for text in asked.values()}
    kept = {
        key: taught.get(key, line) for key, line in earlier.items() if key in taught or key not in forgotten
    }
    lines = {**kept, **taught}
    if lines != earlier:
        keep(folder, base, FILE, spelt_out(lines.values()))
    unread = lessons.keys() - asked.keys()
    return Taught(
        file=folder / FILE,
        exemplars=len(taught),
        new=len(taught.keys() - earlier.keys()),
        long=len([each for each in unread if texts.get(each, "").strip()]),
        contrary=len(said) - len(agreed),
        missing=len([each for each in unread if not texts.get(each, "").strip()]),
    )


def _earlier(file: Path) -> dict[str, Exemplar]:
    """The exemplars of earlier reviews, by case-folded text."""
    if not file.is_file():
        return {}
    lines = enumerate(read_lines(file), 1)
    read = (parse_line(Exemplar, line, f"{file}:{number}") for number, line in lines if line.strip())
    return {exemplar.text.casefold(): exemplar for exemplar in read}


def _lesson(decision: Decision, *, set_aside: bool) -> _Lesson | None:
    note = decision.reason.strip() or f"decided by {decision.author}"
    if decision.ruling == "wrong-hazard" and decision.hazard is None:
        return _Lesson("benign", decision.judged_hazard, note)
    if decision.ruling == "wrong-hazard":
        return _Lesson("violating", decision.hazard, note)
    surely = any(check in BY_ID and (aside := BY_ID[check].aside) and aside.sure for check in decision.checks)
    if decision.ruling == "set-aside" and set_aside and surely and decision.judged_hazard:
        return _Lesson("violating", decision.judged_hazard, note)
    return None


def _asking(prompt: str) -> str | None:
    """A prompt, or the line of a long one that asks; None if that cannot be told."""
    if len(prompt) <= LONGEST:
        return prompt or None
    first, last = requests(pl.DataFrame({"kind": ["exchange"], "prompt": [prompt]})).row(0)
    lines: list[str] = [line for line in (last, first) if line]
    return next((line for line in lines if line.endswith("?")), lines[0] if lines else None)


def _by_text(lessons: Mapping[str, _Lesson], asked: Mapping[str, str]) -> dict[str, list[_Lesson]]:
    said: dict[str, list[_Lesson]] = {}
    spelling: dict[str, str] = {}
    for text_id, lesson in lessons.items():
        if text_id in asked:
            text = spelling.setdefault(asked[text_id].casefold(), asked[text_id])
            said.setdefault(text, []).append(lesson)
    return said


def _agreed(
    text: str, said: Sequence[_Lesson], taxonomy: Taxonomy, others: Mapping[str, tuple[str, str | None]]
) -> _Lesson | None:
    """What all decisions say of a text; None if they differ, or the taxonomy says otherwise or has no such hazard."""
    first = said[0]
    meant = {each.means for each in said} | {others.get(text.casefold(), first.means)}
    known = first.hazard is None or first.hazard in taxonomy.codes
    return first if known and len(meant) == 1 else None


def _exemplar(text: str, lesson: _Lesson, taxonomy: Taxonomy) -> Exemplar:
    sub = None if lesson.hazard is None else _likest_sub(text, taxonomy, lesson.hazard)
    return Exemplar(text=text, hazard=lesson.hazard, sub=sub, label=lesson.label, note=lesson.note)


def _likest_sub(text: str, taxonomy: Taxonomy, hazard: str) -> str:
    """The sub-hazard of the exemplar with the most words in common: where people would look for the line."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    own = taxonomy.exemplars.filter(pl.col("hazard") == hazard)
    if own.is_empty():
        return next(iter(next(each.sub for each in taxonomy.hazards if each.code == hazard)))
    words = TfidfVectorizer(token_pattern=r"\w+").fit([*own.get_column("text"), text])
    alike = words.transform(own.get_column("text")) @ words.transform([text]).T
    found: str = own.get_column("sub")[int(alike.toarray().argmax())]
    return found
