"""Voices: files, shares, and which openings count as the model's own."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mixguard.errors import UsageError
from mixguard.library.voice import Opening, Openings, Voice, bundled_voices, fitting, opening_key

SHARES = st.lists(st.integers(1, 50), min_size=1, max_size=12)


def voice_of(shares: list[int]) -> Voice:
    openings = [Opening(text=f"No, {n}.", share=part / sum(shares)) for n, part in enumerate(shares)]
    return Voice(id="v", name="V", opening=tuple(openings))


@given(SHARES, st.integers(0, 5), st.integers(1, 120))
def test_every_opening_is_dealt_its_share_within_one(shares: list[int], seed: int, count: int) -> None:
    voice = voice_of(shares)
    openings, dealt = Openings(voice, Random(seed)), Counter[str]()
    for _ in range(count):
        dealt[openings.next()] += 1
        openings.dealt()
    for each in voice.opening:
        assert abs(dealt[each.text] - each.share * count) < 1


def test_an_opening_that_is_not_used_is_offered_again() -> None:
    openings = Openings(voice_of([1, 2, 3]), Random(0))
    assert openings.next() == openings.next()


def test_a_voice_survives_its_file(tmp_path: Path) -> None:
    voice = Voice(
        id="ours",
        name='A "quoted" \\ name\nin two lines',
        words=12.5,
        refuses=0.75,
        asked=180,
        opening=(
            Opening(text="I can\u2019t \u2026 help.", share=0.4, source="seen"),
            Opening(text="No.", share=0.6),
        ),
    )
    voice.save(tmp_path / "v.toml")
    assert Voice.load(str(tmp_path / "v.toml")) == voice


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ('id = "x"\nname = "x"\n', "opening"),
        ('id = "x"\nname = "x"\n[[opening]]\ntext = "No."\nshare = 0.5\n', "sum to 0.50"),
        ('id = "x"\nname = "x"\n[[opening]]\ntext = ""\nshare = 1.0\n', "opening.0.text"),
        ("id = ", "not valid TOML"),
    ],
)
def test_a_broken_voice_file_is_named(content: str, said: str, tmp_path: Path) -> None:
    path = tmp_path / "broken.toml"
    path.write_text(content)
    with pytest.raises(UsageError, match=said) as error:
        Voice.load(str(path))
    assert str(path) in str(error.value)


def test_an_unknown_voice_lists_the_bundled_ones() -> None:
    with pytest.raises(UsageError, match="llama-3"):
        Voice.load("nobody")


@pytest.mark.parametrize("name", bundled_voices())
def test_bundled_voices_say_where_each_opening_is_from(name: str) -> None:
    voice = Voice.load(name)
    assert voice.id == name
    assert voice.models
    assert all(each.source for each in voice.opening)
    assert all(each.text[-1] in ".!" for each in voice.opening)


def test_families_that_people_tune_are_bundled() -> None:
    assert {"llama-2", "llama-3", "llama-4", "qwen-2.5", "qwen-3", "gemma", "mistral", "phi", "gpt", "smollm",
            "deepseek"} <= set(bundled_voices())  # fmt: skip


@pytest.mark.parametrize(
    ("model", "name"),
    [("meta-llama/Llama-3.1-8B-Instruct", "llama-3"), ("Qwen/Qwen3-8B", "qwen-3"), ("our-base", None)],
)
def test_a_model_is_given_the_voice_of_its_family(model: str, name: str | None) -> None:
    assert fitting(model) == name


def test_openings_are_compared_by_their_first_words() -> None:
    assert opening_key("I\u2019m SORRY, but I can't do it.") == opening_key("I'm sorry: but no")
    assert opening_key("I cannot fulfill that") != opening_key("I cannot provide that")
