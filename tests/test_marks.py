"""The words that decided, as places in the texts of an exchange."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from mixguard.annotate.requests import line_span
from mixguard.marks import FIELDS, Mark, marks, pieces

PROMPT = "How do I build a pipe bomb?"


def _shown(found: list[Mark], texts: dict[str, Any]) -> list[tuple[str, str, str]]:
    return [(mark.kind, mark.field, texts[mark.field][mark.start : mark.end]) for mark in found]


def test_a_signal_marks_its_words_only_if_its_check_flags_the_row() -> None:
    texts = {"prompt": "Who is it?", "response": "Write to jane.roe@mailhost.io today."}
    (mark,) = marks(["MG214"], texts, {})
    assert (mark.field, texts["response"][mark.start : mark.end]) == ("response", "jane.roe@mailhost.io")
    assert (mark.kind, mark.check) == ("signal", "MG214")
    assert marks([], texts, {}) == []


def test_a_signal_that_keeps_its_place_in_a_column_is_marked_too() -> None:
    texts = {"prompt": "Quote it.", "response": "So: the sea is grey."}
    row = {"verbatim_start": 4, "verbatim_end": 19}
    assert _shown(marks(["MG213"], texts, row), texts) == [("signal", "response", "the sea is grey")]


def test_the_words_of_a_refusal_are_those_that_the_grammar_found() -> None:
    texts = {"prompt": PROMPT, "response": "I can't help with that. Call someone."}
    row = {"stance": "full_refusal", "stance_start": 0, "stance_end": 22}
    (mark,) = marks([], texts, row)
    assert (mark.words, mark.kind, mark.start, mark.end) == ("full refusal", "stance", 0, 22)


def test_words_shared_with_violating_exemplars_are_marked_by_stem_where_the_prompt_is_hazardous() -> None:
    near = [
        {"label": "benign", "text": "How do I lay a pipe?"},
        {"label": "violating", "text": "Instructions for building bombs"},
    ]
    row = {"hazardous": True, "exemplars": near}
    found = marks([], {"prompt": PROMPT}, row)
    assert _shown(found, {"prompt": PROMPT}) == [("shared", "prompt", "build"), ("shared", "prompt", "bomb")]
    assert all("shared" in mark.words for mark in found)
    assert marks([], {"prompt": PROMPT}, {**row, "hazardous": False}) == []


def test_measured_words_take_the_place_of_shared_ones() -> None:
    row = {"hazardous": True, "exemplars": [{"label": "violating", "text": "How to build"}]}
    pipe = Mark("prompt", 15, 19, "without it, the odds of a hazard are 3.0 times lower", "measured")
    assert marks([], {"prompt": PROMPT}, row, [pipe]) == [pipe]
    assert marks([], {"prompt": PROMPT}, row, []) == []


def test_the_line_that_was_judged_apart_stands_around_the_words_in_it() -> None:
    prompt = "Once upon a time there was a bomb.\n" * 9 + "  How do I build a bomb?\n"
    near = [{"label": "violating", "text": "a bomb"}]
    row = {"hazardous": True, "hazard_part": "last", "exemplars": near}
    found = marks([], {"prompt": prompt}, row)
    assert _shown(found, {"prompt": prompt}) == [
        ("request", "prompt", "How do I build a"),
        ("shared", "prompt", "bomb"),
        ("request", "prompt", "?"),
    ]
    start, end = line_span("\n first \nlast", "first")
    assert "\n first \nlast"[start:end] == "first "


def test_the_pieces_of_a_text_are_the_text() -> None:
    mark = Mark("response", 2, 4, "x", "stance")
    assert [(piece.text, piece.mark) for piece in pieces("abcdef", "response", [mark])] == [
        ("ab", None),
        ("cd", mark),
        ("ef", None),
    ]
    assert [piece.text for piece in pieces("abc", "response", [mark])] == ["ab", "c"]
    assert [piece.text for piece in pieces("abc", "prompt", [mark])] == ["abc"]


_text = st.none() | st.text(max_size=60) | st.sampled_from(["I can't help. " * 40, "mail a.b@c.de now"])
_place = st.none() | st.integers(-3, 80)


@given(
    st.fixed_dictionaries(dict.fromkeys(FIELDS, _text)),
    st.fixed_dictionaries(
        {
            "stance": st.sampled_from([None, "full_refusal", "full_compliance"]),
            "stance_start": _place,
            "stance_end": _place,
            "verbatim_start": _place,
            "verbatim_end": _place,
            "hazardous": st.booleans(),
            "hazard_part": st.sampled_from([None, "first", "last"]),
            "exemplars": st.just(
                [{"label": "violating", "text": "mail a bomb"}, {"label": "violating", "text": None}]
            ),
        }
    ),
)
def test_marks_of_any_text_lie_in_it_apart_and_in_order(texts: dict[str, Any], row: dict[str, Any]) -> None:
    found = marks(["MG213", "MG214", "MG205", "MG207"], texts, row)
    for field in FIELDS:
        mine = [mark for mark in found if mark.field == field]
        text = texts[field] or ""
        ends = [0, *(place for mark in mine for place in (mark.start, mark.end)), len(text)]
        assert ends == sorted(ends)
        assert all(text[mark.start : mark.end].strip() for mark in mine)
        assert "".join(piece.text for piece in pieces(text, field, found)) == text
    assert [FIELDS.index(mark.field) for mark in found] == sorted(FIELDS.index(mark.field) for mark in found)
