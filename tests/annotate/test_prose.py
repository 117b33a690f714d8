"""The running words of a text."""

from __future__ import annotations

import polars as pl
import pytest

from mixguard.annotate.prose import prose, without_names

LEFT = {
    "Explain it: SELECT kurs, datum FROM tabell;\nThen sort it.": "Explain it: Then sort it.",
    "Why is `antal_varor` null in\n```sql\nselect namn from kunder\n```": "Why is null in",
    'Read {"ort": "Lund", "kund": \'Erik\'} as a table': "Read as a table",
    "kunde_id belongs to lager.antal": "belongs to",
    "| förare | varv |\n| Åke Holm | 71 |\nWho drove more laps?": "Who drove more laps?",
    "¿¡ ¿¡ ¿¡ ¿¡ Read this": "Read this",
    "Compare NATO and/or others": "Compare and/or others",
    '"I came to the harbour, and I saw."': '"I came to the harbour, and I saw."',
    "rad 1 = 12 * (3 + 4)": "rad",
    "WER LIEST DAS?": "wer liest das?",
}


@pytest.mark.parametrize(("text", "left"), LEFT.items())
def test_code_tables_and_values_are_no_prose(text: str, left: str) -> None:
    assert prose(pl.Series([text])).to_list() == [left]


def test_names_begin_with_a_capital() -> None:
    assert without_names(pl.Series(["who beat Björn Borg?", "Malmö FF", ""])).to_list() == [
        "who beat",
        "",
        "",
    ]
