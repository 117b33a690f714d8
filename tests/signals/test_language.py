from __future__ import annotations

from pathlib import Path

import pytest
from building import exchange_frame, hashed_batch

from mixguard.signals.language import LanguageAnnotator

NAMED = {
    "How do I return a parcel that arrived damaged yesterday?": "en",
    "Wie kann ich mein Paket zurückschicken, wenn der Karton kaputt ist?": "de",
    "Comment puis-je renvoyer un colis qui est arrivé abîmé hier ?": "fr",
    "小包が壊れて届いたのですが、どうすれば返品できますか？": "ja",
}
TOO_FEW = ["", "Thank you", "x = 12 * (3 + 4)", "12 345 678 901 234 567 890", "?!? ... --- ***"]
UNSURE = ["def reverse(items): return items[::-1]", "Smith, Garcia, Okafor, Tanaka, Kowalski, Rossi"]
ENGLISH, GERMAN = list(NAMED)[:2]


def languages(folder: Path, *prompts: str) -> list[str | None]:
    batch = hashed_batch(
        folder, exchange_frame([(prompt, None) for prompt in prompts]), violating=["x"], benign=["y"]
    )
    found: list[str | None] = LanguageAnnotator()(batch)["language"].to_list()
    return found


def test_prompts_get_the_language_they_are_in(tmp_path: Path) -> None:
    assert languages(tmp_path, *NAMED) == list(NAMED.values())


@pytest.mark.parametrize("prompts", [TOO_FEW, UNSURE], ids=["too few letters", "code and names"])
def test_no_language_is_named_where_it_cannot_be_told(tmp_path: Path, prompts: list[str]) -> None:
    assert languages(tmp_path, *prompts) == [None] * len(prompts)


def test_fewer_letters_do_where_they_are_not_latin(tmp_path: Path) -> None:
    assert languages(tmp_path, "いくらですか", "How much?") == ["ja", None]


@pytest.mark.parametrize("prompt", [ENGLISH, GERMAN])
def test_marks_do_not_mislead(tmp_path: Path, prompt: str) -> None:
    assert languages(tmp_path, f"#### 1. {prompt}" + " ¿¡" * 20) == [NAMED[prompt]]  # Spanish, by its marks


def test_the_beginning_of_a_long_prompt_decides(tmp_path: Path) -> None:
    assert languages(tmp_path, f"{ENGLISH} " * 40 + f"{GERMAN} " * 400) == ["en"]


def test_equal_prompts_keep_their_places(tmp_path: Path) -> None:
    assert languages(tmp_path, ENGLISH, "Lisbon", GERMAN, ENGLISH) == ["en", None, "de", "en"]
