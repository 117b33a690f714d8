from __future__ import annotations

import base64
import codecs
from collections.abc import Callable
from string import ascii_lowercase

import polars as pl
import pytest
from building import evidence, exchange_frame, found, row, unstaged
from hypothesis import given
from hypothesis import strategies as st

from mixguard.annotate.codes import _MORSE
from mixguard.annotate.encoded import UNSEEN, WAYS, places, seen
from mixguard.signals.encoded import EncodedAnnotator

TEXT = "What would be a good name for the small brown dog that lives in the house by the sea with my sister?"
_SIGNS = {letter: sign for sign, letter in _MORSE.items()}
_OTHER = str.maketrans(ascii_lowercase, "qwertyuiopasdfghjklzxcvbnm")
WAYS_TO_WRITE: dict[str, tuple[str, Callable[[str], str]]] = {
    "base64": ("base64", lambda text: base64.b64encode(text.encode()).decode()),
    "base64 in lines": ("base64", lambda text: base64.encodebytes(text.encode()).decode()),
    "base32": ("base32", lambda text: base64.b32encode(text.encode()).decode()),
    "hex": ("hex", lambda text: text.encode().hex()),
    "escaped hex": ("hex", lambda text: "".join(f"\\x{each:02x}" for each in text.encode())),
    "binary": ("binary", lambda text: " ".join(f"{each:08b}" for each in text.encode())),
    "decimal": ("character codes", lambda text: " ".join(str(each) for each in text.encode())),
    "numbers": ("numbers", lambda text: " ".join("-".join(str(ord(c) - 96) for c in word.lower() if c.isalpha()) for word in text.split())),
    "Morse": ("Morse", lambda text: " / ".join(" ".join(_SIGNS[c] for c in word.lower() if c.isalpha()) for word in text.split())),
    "ROT13": ("cipher", lambda text: codecs.encode(text, "rot13")),
    "another alphabet": ("cipher", lambda text: text.lower().translate(_OTHER)),
    "turned round": ("letters turned round", lambda text: text[::-1]),
    "words turned round": ("letters turned round", lambda text: " ".join(word[::-1] for word in text.split())),
    "spaced out": ("spaced-out letters", lambda text: "   ".join(" ".join(word) for word in text.split())),
    "leet": ("leet", lambda text: text.lower().translate(str.maketrans("oieast", "013457"))),
    "Cyrillic letters": ("look-alike letters", lambda text: text.translate(str.maketrans("aeopc", "аеорс"))),
    "letters of mathematics": ("look-alike letters", lambda text: "".join(chr(0x1D41A + ord(c) - 97) if c in ascii_lowercase else c for c in text)),
    "split words": ("characters without width", "\u200b".join),
    "tags": ("tag characters", lambda text: "Hi" + "".join(chr(0xE0000 + ord(c)) for c in text)),
    "override": ("changes of direction", lambda text: f"\u202e{text[::-1]}"),
    "selectors": ("variation selectors", lambda text: "x" + "".join(chr(0xE0100 + ord(c)) for c in text)),
}  # fmt: skip
ORDINARY = [
    TEXT,
    "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIiwibmFtZSI6IkpvaG4gRG9lIn0.SflKxwRJSMeKKF2QT4fwpMeJf36POk6yJV_adQssw5c",
    "Its id is 123e4567-e89b-12d3-a456-426614174000, its sum 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08.",
    "!function(e,t){var n=e.qjx||{};for(var r=0;r<t.length;r++)n[t[r]]=function(){return e.zqv(r)};}(window,[1,2]);",
    "ATGGCGTACGTTAGCCTAGGATCCGATTACAGGCATCGATCGGGCTAAATCCGTAGCTAGCATCGATCGTAGCTAGC",
    r"\int_0^1 \frac{x^2}{\sqrt{1-x^2}}\,dx = \frac{\pi}{4}, \quad \forall \varepsilon > 0\ \exists \delta",
    "A family 👨\u200d👩\u200d👧\u200d👦, a heart ❤\ufe0f and a flag 🏴\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f.",
    "می\u200cخواهم به خانه\u200cی شما بیایم و کتاب\u200cهای تازه را ببینم",
    "Let αx + βy = γ and Δx = 5 μm, with λmax the eigenvalue and Σxi the sum of the Ωj.",
    "The Russian word дача (dacha) is a house in the country, and балалайка is an instrument.",
    "Das Wetter an der Nordsee ist im Herbst oft sehr windig, und die Möwen fliegen tief über den Deich.",
    "Wczoraj wieczorem poszliśmy na długi spacer brzegiem morza, a potem zjedliśmy smaczną kolację.",
    "1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24",
    "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |",
    "a b c d e f g h i j k l m n o p q r s t u v w x y z",
    "![logo](data:image/png;base64,VGhpcyBpcyBub3QgYSBwaWN0dXJlIGF0IGFsbCwgYnV0IGl0IHN0YW5kcyBmb3Igb25l)",
    "שלום \u202eעולם\u202c, and call me at \u202d+49 30 1234567\u202c today.",
    "The model H264 and its mp3, x86 and w3c cousins run on utf8, i18n and k8s.",
]  # fmt: skip


def kinds(text: str) -> set[str]:
    (bits,) = seen(pl.Series([text]))
    return {name for name, way in WAYS.items() if bits & way.bit}


@pytest.mark.parametrize("name", WAYS_TO_WRITE)
def test_each_way_is_told_by_its_name(name: str) -> None:
    way, write = WAYS_TO_WRITE[name]
    hidden = write(TEXT)
    assert way in kinds(hidden)
    assert way in kinds(f"Here is the message of the day:\n{hidden}\nPlease answer in kind.")
    assert any(found == way for found, _ in places(hidden))


@pytest.mark.parametrize("text", ORDINARY)
def test_ordinary_texts_hide_nothing(text: str) -> None:
    assert kinds(text) == set()


@given(st.text(max_size=300))
def test_any_text_can_be_looked_at(text: str) -> None:
    texts = pl.Series([text.encode("utf-8", "replace").decode(), None], dtype=pl.String)
    assert seen(texts)[1] == 0
    assert all(0 <= place.start < place.end <= len(text) for _, place in places(texts[0]))


def test_an_exercise_is_noted_apart_from_a_lesson_in_a_code() -> None:
    code = base64.b64encode(TEXT.encode()).decode()
    rows = [("Encode this in base64, please: " + TEXT, code), (code, code), ("What is new?", code)]
    batch = unstaged(exchange_frame(rows))
    columns = EncodedAnnotator()(batch)
    assert columns["encoded_asked"].to_list() == [True, False, False]
    now = evidence([row(f"t{n}", **each) for n, each in enumerate(columns.to_dicts())])
    assert [found(now, "MG216", name).count for name in ("asked for", "both ways", "encoded text")] == [
        1,
        1,
        2,
    ]
    assert found(now, "MG216", "asked for").severity == "note"


@pytest.mark.parametrize(("rows", "severity"), [(1, "warn"), (2, "warn"), (3, "fail")])
def test_the_same_code_both_ways_fails_from_three_on(rows: int, severity: str) -> None:
    lesson = [row(f"t{n}", encoded_prompt=1, encoded_response=1, encoded_asked=True) for n in range(rows)]
    now = evidence([*lesson, *(row(f"o{n}") for n in range(1000))])
    assert found(now, "MG216", "both ways").severity == severity


@pytest.mark.parametrize(("rows", "others", "severity"), [(1, 999, "note"), (5, 95, "warn"), (10, 990, "fail"), (10, 9990, "note")])  # fmt: skip
def test_the_share_of_encoded_rows_decides(rows: int, others: int, severity: str) -> None:
    coded = [row(f"t{n}", encoded_prompt=0, encoded_response=1) for n in range(rows)]
    now = evidence([*coded, *(row(f"o{n}") for n in range(others))])
    assert found(now, "MG216", "encoded text").severity == severity


def test_one_exchange_with_unseen_characters_warns() -> None:
    unseen = WAYS["tag characters"].bit
    assert unseen & UNSEEN
    now = evidence([row("t", encoded_prompt=unseen), *(row(f"o{n}") for n in range(999))])
    assert found(now, "MG216", "unseen characters").severity == "warn"


@pytest.mark.parametrize("unit", ["\u202e", "\u202e ", "aa ", "... --- ", "a b c d ", "zq ", "a\u200b", "\n"])
def test_long_hostile_texts_take_no_longer_than_long_ones(unit: str) -> None:
    """Each of these would take minutes if a pattern began anew at each of its characters."""
    assert seen(pl.Series([unit * 50_000])).len() == 1
