from __future__ import annotations

import polars as pl
import pytest

from mixguard.annotate.incoherence import is_incoherent

PROSE = (
    "To bake bread you need flour, water, yeast and salt. Mix them, let the dough rest for an hour, shape it, and let it"
    " rise again while the oven heats. Bake it until the crust is brown and it sounds hollow when you knock on the bottom."
)


@pytest.mark.parametrize(
    ("text", "broken"),
    [
        (PROSE, False),
        ("I can't help. " * 30, True),
        ("the cat sat on " * 40, True),
        ("\ufffd\ufffd\ufffd words \ufffd\ufffd", True),
        ("no no no no", False),
        ("", False),
        (None, False),
    ],
)
def test_repetition_and_broken_characters_are_incoherent(text: str | None, broken: bool) -> None:
    assert is_incoherent(pl.Series([text, PROSE], dtype=pl.String)).to_list() == [broken, False]
