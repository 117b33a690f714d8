"""The language of a text."""

from __future__ import annotations

import polars as pl

from mixguard.annotate.spoken import languages


def test_capitals_are_read_as_small_letters() -> None:
    said = "Where is the nearest station, and when does the train leave?"
    german = "Wo ist der nächste Bahnhof, und wann fährt der Zug nach Hause?"
    texts = pl.Series([said, said.upper(), german, german.upper(), "7 + 7", None])
    assert languages(texts).to_list() == ["en", "en", "de", "de", None, None]
