from __future__ import annotations

import polars as pl

from mixguard.annotate.requests import requests

PASSAGE = "The harbour was quiet that morning and the ferries lay idle. " * 6


def asked(prompt: str, kind: str = "exchange") -> tuple[str | None, str | None]:
    found = requests(pl.DataFrame({"prompt": [prompt], "kind": [kind]}))
    return found.row(0)


def test_the_line_before_or_after_a_long_text_is_what_is_asked() -> None:
    assert asked(f"Summarise this article.\n\n{PASSAGE}") == ("Summarise this article.", None)
    assert asked(f"{PASSAGE}\nWhat lay idle that morning?") == (None, "What lay idle that morning?")
    assert asked(f"Read on.\n{PASSAGE}\nWhat lay idle?")[1] == "What lay idle?"


def test_a_short_prompt_a_single_line_and_a_document_have_nothing_apart() -> None:
    assert asked("Summarise this.\nIt is short.") == (None, None)
    assert asked(PASSAGE) == (None, None)
    assert asked(f"Harbour news\n{PASSAGE}", kind="document") == (None, None)


def test_the_lines_of_a_dialogue_ask_the_other_speaker() -> None:
    assert asked(f"Anna: are you coming tonight or not?\n{PASSAGE}\nBen: no, not tonight") == (None, None)


def test_long_lines_and_those_that_are_most_of_the_prompt_are_the_prompt() -> None:
    assert asked(f"{'word ' * 80}\n{PASSAGE}") == (None, None)
    assert asked(f"{'word ' * 55}\nshort end of it") == (None, "short end of it")
