from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mixguard.annotate import hashed_sentences as module
from mixguard.annotate.hashed_sentences import LONGEST, READ, sentences, slabs, slot


def read(*texts: str) -> list[tuple[int, str]]:
    found = sentences(texts)
    return [(int(text), found.read(number)) for number, text in enumerate(found.text)]


def test_a_sentence_ends_at_a_stop_before_white_space_and_at_a_line_break() -> None:
    assert read('It rains. "Really?" he said!\n- tea at 3.50', "", "Yes") == [
        (0, "It rains"), (0, "Really"), (0, "he said"), (0, "tea at 3.50"), (2, "Yes"),
    ]  # fmt: skip


def test_a_long_sentence_is_cut() -> None:
    assert [len(text.split()) for _, text in read("so " * (LONGEST + 5))] == [LONGEST, 5]


def test_words_have_slots_whatever_their_case_and_the_text_around_them() -> None:
    found = sentences(["Tea. The tea, TEA!"])
    assert [int(word) == slot("tea") for word in found.words] == [True, False, True, True]
    assert slot("tea") != slot("ate") != slot("eat")


def test_pairs_depend_on_both_words() -> None:
    found = sentences(["red fox. red dog. red fox"])
    assert found.pairs[1] == found.pairs[5] != found.pairs[3]


@pytest.mark.parametrize("texts", [[], [""], ["..."], ["\n\n", " "]])
def test_texts_without_words_have_no_sentences(texts: list[str]) -> None:
    assert read(*texts) == []


@given(st.lists(st.text(max_size=60), max_size=5))
def test_any_text_has_sentences_in_order(texts: list[str]) -> None:
    found = sentences(texts)
    assert (found.length >= 1).all()
    assert found.length.sum() == len(found.words) == len(found.pairs)
    assert (found.text[1:] >= found.text[:-1]).all()
    assert all(found.read(number) for number in range(len(found.text)))


def test_long_corpora_are_read_in_groups(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SLAB", 10)
    assert list(slabs(["a" * 12, "b", "c" * 9, "d"])) == [(0, ["a" * 12]), (1, ["b", "c" * 9]), (3, ["d"])]
    assert [len(text) for _, group in slabs(["a" * (READ + 1)]) for text in group] == [READ]
