from __future__ import annotations

import polars as pl
import pytest
from building import evidence, exchange_frame, found, row, unstaged

from mixguard.signals.answer_language import AnswerLanguageAnnotator

ASKED = "Write a line about the sea and the harbour in the evening."
ENGLISH = "The sea lies grey and calm before the harbour in the evening, and the boats return slowly."
GERMAN = "Das Meer liegt am Abend grau und ruhig vor dem Hafen, und die Boote kehren langsam zurück."
FRENCH = "Écris une phrase sur la mer et le port le soir, quand les bateaux rentrent lentement."
CODE = "```python\ndef total(values):\n    return sum(value for value in values if value is not None)\n```"


def strays(prompt: str, response: str | None, language: str = "en", system: str | None = None) -> bool:
    frame = exchange_frame([(prompt, response)]).with_columns(
        language=pl.lit(language), system=pl.lit(system, pl.String)
    )
    batch = unstaged(frame)
    return bool(AnswerLanguageAnnotator()(batch)["answer_strays"][0])


def test_an_answer_in_another_language_strays() -> None:
    assert strays(ASKED, GERMAN)
    assert strays(FRENCH, ENGLISH, "fr")


@pytest.mark.parametrize(
    ("prompt", "response", "language"),
    [
        (ASKED, ENGLISH, "en"),
        (FRENCH, CODE, "fr"),
        (FRENCH, CODE.replace("```", ""), "fr"),
        (f"Translate this: {ENGLISH}", GERMAN, "en"),
        (f"{ASKED} Answer in German.", GERMAN, "en"),
        (ASKED, "Ja, gerne!", "en"),
        (ASKED, None, "en"),
    ],
    ids=["same", "fenced code", "code", "translation", "named", "short", "none"],
)
def test_other_answers_do_not(prompt: str, response: str | None, language: str) -> None:
    assert not strays(prompt, response, language)


def test_a_system_prompt_may_name_the_language() -> None:
    assert not strays(ASKED, GERMAN, system="Always answer in German.")


@pytest.mark.parametrize(("rows", "severity"), [(0, "pass"), (5, "note"), (6, "warn")])
def test_more_than_one_in_twenty_warns(rows: int, severity: str) -> None:
    others = [row(f"s{n}", answer_strays=n < rows, answer_language="de") for n in range(100)]
    assert found(evidence(others), "MG229").severity == severity
