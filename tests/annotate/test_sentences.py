from __future__ import annotations

import polars as pl

from mixguard.annotate.sentences import FOUND, LONG, sentences
from mixguard.columns import EXCHANGE, TEXT


def frame(*rows: dict[str, object]) -> pl.DataFrame:
    return pl.DataFrame([{"prompt": "", **each} for each in rows], schema={**EXCHANGE, **TEXT})


def test_sentences_with_a_word_are_found_with_their_places() -> None:
    texts = frame(
        {"prompt": "One here. Nothing. A PEAR! Two pears"}, {"system": "A pear."}, {"prompt": "None"}
    )
    found = sentences(texts, ("system", "prompt"), ["pear"])
    assert found.schema == FOUND
    assert found.rows() == [
        (1, "system", 0, "A pear"),
        (0, "prompt", 2, " A PEAR"),
        (0, "prompt", 3, " Two pears"),
    ]


def test_earlier_turns_are_read_whoever_speaks() -> None:
    turns = [{"role": "user", "text": "A pear?"}, {"role": "assistant", "text": "No. A plum, not a pear."}]
    found = sentences(frame({}, {"earlier": turns}), ("earlier",), ["pear"])
    assert found["sentence"].to_list() == ["A pear", " A plum, not a pear"]
    assert found["row"].unique().to_list() == [1]


def test_no_texts_give_no_sentences() -> None:
    assert sentences(frame({}), ("earlier", "system", "response"), ["pear"]).is_empty()
    assert sentences(frame().clear(), ("prompt",), ["pear"]).schema == FOUND


def test_a_text_without_stops_is_cut() -> None:
    found = sentences(frame({"prompt": "pear " * 200}), ("prompt",), ["pear"])
    assert found["sentence"].str.len_chars().max() == LONG
