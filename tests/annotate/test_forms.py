from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mixguard.annotate.forms import FORMS, forms, word_count

FENCED = "Like this:\n```python\nprint(1)\n```"
BARE = "import os\n\ndef names(path):\n    return os.listdir(path)"
SCRIPT = "#!/bin/sh\nls -l"
SOLVED = "Three boxes hold 3 * 4 = 12 pens.\n#### 12"
BOXED = r"So $x + 1 = 3$, and \boxed{2}."
BULLETS = "Take:\n- a blanket\n- some bread"
NUMBERED = "1) a blanket\n2) some bread"
LETTERED = "a. a blanket\nb. some bread"
INLINE = "Two things: 1. Take a blanket. 2. Take some bread."
TALK = "- Who is there?\n- Only me.\n- Come in!"
ASKED = "- Who is there?\n- Is it late?"
YAML = "server:\n  name: web\n  ports:\n    - 80\n    - 443\n  debug: false"
HEADINGS = "## Before\nPack the bag well in time.\n## After\nDry the tent."
EXPECTED = {
    "": "empty",
    " \n ": "empty",
    "Positive": "short",
    '{"label": "good"}': "json",
    "[Your name] wrote to say that the ferry is late today]": "prose",
    "SELECT name FROM boats WHERE age > 3": "sql",
    "Select a boat from the list and write down its name, please.": "prose",
    FENCED: "code",
    BARE: "code",
    SCRIPT: "code",
    SOLVED: "maths",
    BOXED: "maths",
    BULLETS: "list",
    NUMBERED: "list",
    LETTERED: "list",
    INLINE: "list",
    ASKED: "list",
    TALK: "prose",
    YAML: "prose",
    HEADINGS: "headings",
    "The ferry cost 1.5 pounds. It took 2.5 hours to come back again.": "prose",
}


def told(*texts: str | None) -> list[str | None]:
    found: list[str | None] = forms(pl.Series(texts, dtype=pl.String)).to_list()
    return found


@pytest.mark.parametrize(("text", "form"), EXPECTED.items())
def test_a_text_has_its_form(text: str, form: str) -> None:
    assert told(text) == [form]


def test_no_text_has_no_form() -> None:
    assert told(None, "Positive") == [None, "short"]


def test_the_beginning_of_a_long_text_decides() -> None:
    assert told("The sea is wide. " * 400 + BULLETS) == ["prose"]


def test_words_are_counted_in_scripts_without_spaces() -> None:
    counted = pl.DataFrame({"text": ["one two three", "小包が壊れて届いた", None]}).select(word_count("text"))
    assert counted.to_series().to_list() == [3, 5, None]


@settings(deadline=None)
@given(st.lists(st.text(alphabet=st.characters(codec="utf-8")), max_size=4))
def test_any_text_has_a_form_that_does_not_depend_on_others(texts: list[str]) -> None:
    found = told(*texts)
    assert found == [told(text)[0] for text in texts]
    assert {*found} <= {*FORMS}
