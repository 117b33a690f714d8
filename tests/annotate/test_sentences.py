from __future__ import annotations

import polars as pl

from mixguard.annotate.sentences import FOUND, LONG, Edge, edges, sentences
from mixguard.columns import EXCHANGE, TEXT


def frame(*rows: dict[str, object]) -> pl.DataFrame:
    return pl.DataFrame([{"prompt": "", **each} for each in rows], schema={**EXCHANGE, **TEXT})


def test_sentences_with_a_word_are_found() -> None:
    texts = frame(
        {"prompt": "One here. Nothing. A PEAR! Two pears"}, {"system": "A pear."}, {"prompt": "None"}
    )
    found = sentences(texts, ("system", "prompt"), ["pear"])
    assert found.schema == FOUND
    assert found.rows() == [
        (1, "system", "A pear"),
        (0, "prompt", " A PEAR"),
        (0, "prompt", " Two pears"),
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


def test_the_edges_of_a_text_are_its_first_and_last_sentences() -> None:
    long = "One. Two. " + "Filling in. " * 100 + "Last but one. Last."
    found = edges(frame({"prompt": "A"}, {"prompt": "One. Two"}, {"prompt": long}), {"prompt": Edge(2, 1)})
    assert found.schema == FOUND
    assert found.rows() == [
        (1, "prompt", "One"),
        (1, "prompt", " Two"),
        (2, "prompt", "One"),
        (2, "prompt", " Two"),
        (2, "prompt", " Last"),
    ]


def test_edges_that_meet_give_each_sentence_once() -> None:
    found = edges(frame({"prompt": "One. Two. Three"}), {"prompt": Edge(2, 2)})
    assert found["sentence"].to_list() == ["One", " Two", " Three"]
