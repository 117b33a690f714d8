"""New rows are written as the file writes its own."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import pytest

from mixguard.corpus.files import open_sources
from mixguard.corpus.files.delimited import Header
from mixguard.corpus.records import Place, Record
from mixguard.errors import RecordError
from mixguard.mix.style import CellStyle, style_of


def styled(raws: list[bytes], delimiter: str = "\t", encoding: str = "utf-8") -> CellStyle:
    """The style of rows with these bytes, of a file with two columns."""
    records = [Record(Place("f", n, n), raw, {}) for n, raw in enumerate(raws)]
    return CellStyle.of(Header(delimiter, ["q", "a"]), records, encoding)


BARE = [b'How wide is 5"?\tThe "best" is 5', b"Where?\tThere"]


def test_a_file_that_never_quotes_gets_rows_of_one_line_as_they_are() -> None:
    style = styled(BARE)
    assert style({"q": 'a "b"', "a": "c, d"}) == b'a "b"\tc, d'
    assert style({"q": "a", "a": None}) == b"a\t"
    for cell in ("two\nlines", "a\ttab", '"all" quoted', "carriage\rreturn"):
        with pytest.raises(RecordError, match="would need quotes"):
            style({"q": cell, "a": "b"})


def test_line_ends_are_written_as_the_file_writes_them() -> None:
    style = styled([*BARE, rb"What?\tOne\nTwo"])
    assert style({"q": "a", "a": "1\n\n2\r\n3"}) == rb"a" + b"\t" + rb"1\n\n2\n3"


def test_a_tab_separated_file_without_any_quote_is_read_line_by_line() -> None:
    assert styled([b"a\tb", b"c\td"]).bare
    assert not styled([b"a\tb", b'"c"\td']).bare
    assert not styled([b"a\tb", b'c\t"d\ne"']).bare


@pytest.mark.parametrize("delimiter", [",", ";", "|"])
def test_other_files_are_bare_only_with_quotes_that_quote_nothing(delimiter: str) -> None:
    mark = delimiter.encode()
    assert not styled([mark.join((b"a", b"b"))], delimiter).bare
    assert styled([mark.join((b'5" wide', b"b"))], delimiter).bare
    assert styled([mark.join((b'"Best" is', b"b"))], delimiter).bare
    assert not styled([mark.join((b"a", b'"b%s c"' % mark))], delimiter).bare
    quoting = styled([mark.join((b'"a ""x"" y"', b"b"))], delimiter)
    written = quoting({"q": f"a{delimiter} b", "a": 'say "x"\nnow'}).decode()
    assert next(csv.reader(io.StringIO(written, newline=""), delimiter=delimiter)) == [
        f"a{delimiter} b",
        'say "x"\nnow',
    ]


def test_line_ends_in_cells_follow_the_file() -> None:
    assert styled([b'"a\r\nb","c"'], ",")({"q": "x\ny", "a": "z"}) == b'"x\r\ny","z"'
    assert styled([b'"a\nb","c"'], ",")({"q": "x\ny", "a": "z"}) == b'"x\ny","z"'


@pytest.mark.parametrize(("text", "encoding"), [("q,a\nüber,ja\n", "latin-1"), ("q,a\nüber,ja\n", "utf-8")])
def test_the_character_set_is_that_of_the_file(text: str, encoding: str) -> None:
    style = styled([b"x,y"], ",", "cp1252" if encoding == "latin-1" else encoding)
    assert style({"q": "für", "a": "“ja”"}) == "für,“ja”".encode(
        "cp1252" if encoding == "latin-1" else encoding
    )
    if encoding == "latin-1":
        with pytest.raises(RecordError, match="not in cp1252"):
            style({"q": "日本", "a": "x"})


def test_the_character_set_is_found_anywhere_in_the_file(tmp_path: Path) -> None:
    path = tmp_path / "data.csv"
    found: dict[bytes, Any] = {}
    for last in ("ü".encode(), b"\xfc", b"u"):
        path.write_bytes(b"q,a\n" + b"x,y\n" * 300_000 + b"z," + last + b"\n")
        (source,) = open_sources([path], offline=True)
        found[last] = style_of(source, [Record(Place("f", 1, 0), b"x,y", {})])
    assert [style.encoding for style in found.values()] == ["utf-8", "cp1252", "utf-8"]
