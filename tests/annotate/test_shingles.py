from __future__ import annotations

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from mixguard.annotate.shingles import listed, runs, words

texts = st.lists(st.text(alphabet="abc \u2019'.小"), max_size=5)


def test_words_ignore_case_punctuation_and_spacing() -> None:
    assert listed(pl.Series(["The  sea, isn’t grey!", None])).to_list() == [
        ["the", "sea", "isn't", "grey"],
        [],
    ]


def test_scripts_without_spaces_have_a_word_a_character() -> None:
    assert listed(pl.Series(["小包が"])).list.len().to_list() == [3]


def test_runs_are_of_one_text_each() -> None:
    found = runs(words(listed(pl.Series(["a b c d", "b c", "x b c d"]))), 3)
    assert found.counts.tolist() == [2, 0, 2]
    assert found.owner.tolist() == [0, 0, 2, 2]
    abc, bcd, xbc, again = found.hashes.tolist()
    assert bcd == again
    assert len({abc, bcd, xbc}) == 3


def test_the_order_of_words_matters() -> None:
    one, other = (runs(words(listed(pl.Series([text]))), 3).hashes[0] for text in ("a b c", "c b a"))
    assert one != other


@given(texts, st.integers(1, 4))
def test_texts_together_have_the_runs_of_each(given_texts: list[str], length: int) -> None:
    together = runs(words(listed(pl.Series(given_texts, dtype=pl.String))), length)
    alone = [runs(words(listed(pl.Series([text]))), length) for text in given_texts]
    assert together.counts.tolist() == [int(each.counts[0]) for each in alone]
    assert together.hashes.tolist() == [run for each in alone for run in each.hashes.tolist()]
