"""Parts of long texts."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from mixguard.marks import Mark
from mixguard.report.html.excerpt import BEFORE, LEAD, clamped, excerpt


def mark(start: int, end: int) -> Mark:
    return Mark("prompt", start, end, "a pledge", "signal")


def test_texts_are_cut_between_words() -> None:
    assert clamped("one two three four", 12) == "one two …"
    assert clamped("one two", 12) == "one two"
    assert clamped("x" * 50, 12) == "x" * 12 + " …"


def test_a_text_is_cut_at_its_marks_and_between_words() -> None:
    pieces = excerpt("one two three four", [mark(4, 7)], 15)
    assert [(piece.text, piece.words) for piece in pieces] == [
        ("one ", None),
        ("two", "a pledge"),
        (" three", None),
        (" …", None),
    ]
    assert [piece.text for piece in excerpt("one two", [], 15)] == ["one two"]


def test_a_mark_that_comes_late_is_shown_with_what_stands_before_it() -> None:
    text = "word " * 200 + "pledge" + " more" * 200
    pieces = excerpt(text, [mark(1000, 1006)], 300)
    assert pieces[0].text == "… "
    assert pieces[1].text.startswith("word ")
    assert BEFORE - 10 < len(pieces[1].text) <= BEFORE
    assert (pieces[2].text, pieces[2].kind) == ("pledge", "signal")


@given(st.text(min_size=1), st.data(), st.integers(1, 400))
def test_pieces_are_the_text_or_a_part_of_it(text: str, drawn: st.DataObject, length: int) -> None:
    ends = sorted(drawn.draw(st.lists(st.integers(0, len(text)), max_size=4, unique=True)))
    marks = [mark(start, end) for start, end in zip(ends[::2], ends[1::2], strict=False)]
    pieces = excerpt(text, marks, length)
    shown = "".join(piece.text for piece in pieces)
    assert len(shown) <= length + len("… " + " …")
    if len(text) <= min(length, LEAD):
        assert sum(piece.words is not None for piece in pieces) == len(marks)
        assert len(shown) == len(text)
